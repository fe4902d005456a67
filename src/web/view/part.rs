//! Parts of pages: in a page when it is made, and alone when it changes. With `oob` a part replaces
//! the one that the page has, wherever it is (htmx: out of band).

use askama::Template;
use chrono::SecondsFormat;

use super::{ClusterView, Form};
use crate::{
    domain::{ClusterEvent, EventKind, NodeSize},
    provision::{Addon, Inside, Offer, Part},
};

/// How many clusters a person has, of how many.
#[derive(Template)]
#[template(path = "part/quota.html")]
pub struct Quota {
    /// Those they have.
    pub used: usize,
    /// Those they may have.
    pub limit: u32,
    /// Whether it replaces the page's.
    pub oob: bool,
}

/// The cards of all clusters.
#[derive(Template)]
#[template(path = "part/list.html")]
pub struct List {
    /// The rendered cards.
    pub cards: Vec<String>,
    /// Whether it replaces the page's.
    pub oob: bool,
}

/// A cluster on the dashboard.
#[derive(Template)]
#[template(path = "part/card.html")]
pub struct Card<'a> {
    /// The cluster.
    pub cluster: &'a ClusterView,
    /// The session's CSRF token.
    pub csrf: &'a str,
    /// Whether it replaces the page's.
    pub oob: bool,
}

/// A provider in the form.
#[derive(Debug, Clone)]
pub struct OfferView {
    /// Its name.
    pub name: &'static str,
    /// Whether its nodes are simulated.
    pub simulated: bool,
    /// Why it does not work here.
    pub reason: Option<String>,
    /// Its Kubernetes versions, the newest first.
    pub versions: Vec<String>,
    /// Whether it makes nodes of a certain size.
    pub sizes_nodes: bool,
    /// Whether it is the chosen one.
    pub selected: bool,
}

impl OfferView {
    /// The providers, each with its reason where it does not work.
    pub fn each(offers: &[Offer]) -> Vec<Self> {
        offers
            .iter()
            .map(|offer| Self::new(offer, offer.is_default))
            .collect()
    }

    fn new(offer: &Offer, selected: bool) -> Self {
        Self {
            name: offer.name.as_str(),
            simulated: offer.name.is_simulated(),
            reason: offer.obstacle().map(ToString::to_string),
            versions: offer.versions().iter().map(ToString::to_string).collect(),
            sizes_nodes: offer.name.sizes_nodes(),
            selected,
        }
    }

    /// The providers, with the chosen one marked: the default one when none was chosen. None when none works.
    pub fn all(offers: &[Offer], chosen: &str) -> Vec<Self> {
        if offers.iter().all(|offer| offer.obstacle().is_some()) {
            return Vec::new();
        }
        let known = offers
            .iter()
            .any(|offer| offer.name.as_str() == chosen && offer.obstacle().is_none());
        offers
            .iter()
            .map(|offer| {
                let selected = if known {
                    offer.name.as_str() == chosen
                } else {
                    offer.is_default
                };
                Self::new(offer, selected)
            })
            .collect()
    }
}

/// A size of nodes in the form.
#[derive(Debug, Clone)]
pub struct SizeView {
    name: &'static str,
    cpus: u32,
    gibibytes: u32,
    selected: bool,
}

impl SizeView {
    /// All sizes, with the chosen one marked.
    pub fn all(chosen: &str) -> Vec<Self> {
        let chosen = chosen.parse().unwrap_or_default();
        NodeSize::ALL
            .into_iter()
            .map(|size| Self {
                name: size.as_str(),
                cpus: size.cpus(),
                gibibytes: size.gibibytes(),
                selected: size == chosen,
            })
            .collect()
    }
}

/// An add-on in the form.
#[derive(Debug, Clone)]
pub struct AddonView {
    name: String,
    description: String,
    needs_real_pods: bool,
    ticked: bool,
}

impl AddonView {
    /// All add-ons, with those ticked that were.
    pub fn all(offered: &[Addon], form: &Form) -> Vec<Self> {
        offered
            .iter()
            .map(|addon| Self {
                name: addon.name().to_owned(),
                description: addon.description().to_owned(),
                needs_real_pods: addon.needs_real_pods(),
                ticked: form.is_ticked("addons", addon.name()),
            })
            .collect()
    }
}

/// The form for a new cluster.
#[derive(Template)]
#[template(path = "part/create.html")]
pub struct CreateForm<'a> {
    /// What was sent.
    pub form: Form,
    /// The providers.
    pub offers: Vec<OfferView>,
    /// The sizes of nodes.
    pub sizes: Vec<SizeView>,
    /// What can be installed.
    pub addons: Vec<AddonView>,
    /// The longest life, in hours.
    pub max_ttl: u16,
    /// The session's CSRF token.
    pub csrf: &'a str,
}

/// A cluster on its own page.
#[derive(Template)]
#[template(path = "part/details.html")]
pub struct Details<'a> {
    /// The cluster.
    pub cluster: &'a ClusterView,
    /// The session's CSRF token.
    pub csrf: &'a str,
    /// Whether it replaces the page's.
    pub oob: bool,
}

/// How many objects of a cluster the page shows.
const SHOWN: usize = 40;

/// What is inside a cluster.
#[derive(Template)]
#[template(path = "part/inside.html")]
pub struct InsidePart {
    /// Whether the cluster runs.
    pub running: bool,
    /// What is in it, if it answered.
    pub inside: Option<Inside>,
    /// Whether it replaces the page's.
    pub oob: bool,
}

impl InsidePart {
    fn well(&self, parts: &[Part]) -> usize {
        parts.iter().filter(|part| part.well).count()
    }

    fn shown<'a>(&self, inside: &'a Inside) -> impl Iterator<Item = &'a Part> {
        let parts = inside.nodes.iter().chain(&inside.workloads);
        parts.chain(&inside.pods).take(SHOWN)
    }
}

/// What stands there when the cluster is gone.
#[derive(Template)]
#[template(path = "part/gone.html")]
pub struct Gone<'a> {
    /// The name it had.
    pub name: &'a str,
    /// Whether it replaces the page's.
    pub oob: bool,
}

/// What happened to a cluster.
#[derive(Template)]
#[template(path = "part/log.html")]
pub struct Log {
    /// The rendered lines.
    pub lines: Vec<String>,
    /// Whether it replaces the page's.
    pub oob: bool,
}

/// A line of what happened.
#[derive(Template)]
#[template(path = "part/line.html")]
pub struct Line<'a> {
    class: &'static str,
    at: String,
    clock: String,
    message: &'a str,
}

impl<'a> From<&'a ClusterEvent> for Line<'a> {
    fn from(event: &'a ClusterEvent) -> Self {
        Self {
            class: match event.kind {
                EventKind::Log => "output",
                _ if event.status == "ERROR" => "problem",
                _ => "step",
            },
            at: event.timestamp.to_rfc3339_opts(SecondsFormat::Secs, true),
            clock: event.timestamp.format("%H:%M:%S").to_string(),
            message: &event.message,
        }
    }
}

/// A line that is put at the end of the page's log.
#[derive(Template)]
#[template(
    source = r#"<ol hx-swap-oob="beforeend:#log">{{ line|safe }}</ol>"#,
    ext = "html"
)]
pub struct NewLine {
    /// The rendered line.
    pub line: String,
}

/// The form that asks whether a cluster is really to go.
#[derive(Template)]
#[template(path = "part/delete.html")]
pub struct DeleteForm<'a> {
    /// The cluster's id.
    pub id: &'a str,
    /// The cluster's name.
    pub name: &'a str,
    /// Whether it runs: then its name is to be typed.
    pub running: bool,
    /// Whether it stands in a dialog of another page.
    pub dialog: bool,
    /// What was sent.
    pub form: Form,
    /// The session's CSRF token.
    pub csrf: &'a str,
}

/// What screen readers are told.
#[derive(Template)]
#[template(
    source = r#"<div id="announce" hx-swap-oob="innerHTML">{{ text }}</div>"#,
    ext = "html"
)]
pub struct Announcement {
    /// The words.
    pub text: String,
}
