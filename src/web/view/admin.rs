//! What administrators see.

use std::collections::BTreeMap;

use askama::Template;
use chrono::{DateTime, SecondsFormat, Utc};

use super::{Chrome, ClusterView, OfferView, filters};
use crate::{
    domain::{Cluster, TtlLimits, User},
    service::Listed,
    store::UserSummary,
};

fn at(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// `/admin`
#[derive(Template)]
#[template(path = "page/admin.html")]
pub struct AdminPage {
    /// What is around it.
    pub chrome: Chrome,
    /// Whether anybody may register.
    pub registration_open: bool,
    /// All users.
    pub users: Vec<UserView>,
    /// All clusters.
    pub clusters: Vec<ClusterRow>,
    /// How many clusters each host has.
    pub hosts: Vec<(String, usize)>,
    /// The providers.
    pub offers: Vec<OfferView>,
}

/// A user in the table.
pub struct UserView {
    id: String,
    email: String,
    role: &'static str,
    disabled: bool,
    clusters: i64,
    since: String,
    seen: Option<String>,
    own: bool,
}

impl UserView {
    /// Puts a user into words, for the administrator `looking`.
    pub fn new(summary: &UserSummary, looking: &User) -> Self {
        let user = &summary.user;
        Self {
            id: user.id.to_string(),
            email: user.email.to_string(),
            role: user.role.as_str(),
            disabled: user.disabled,
            clusters: summary.clusters,
            since: at(user.created_at),
            seen: summary.seen_at.map(at),
            own: user.id == looking.id,
        }
    }
}

/// A cluster in the table.
pub struct ClusterRow {
    cluster: ClusterView,
    owner: String,
    host: String,
}

impl ClusterRow {
    /// Puts anybody's cluster into words.
    pub fn new(cluster: Cluster, owner: String, limits: TtlLimits) -> Self {
        let host = cluster.host.clone().unwrap_or_else(|| "any".to_owned());
        let listed = Listed {
            cluster,
            queue_position: None,
            usual_seconds: None,
        };
        Self {
            cluster: ClusterView::new(&listed, limits),
            owner,
            host,
        }
    }

    /// How many clusters each host has.
    pub fn by_host(rows: &[Self]) -> Vec<(String, usize)> {
        let mut hosts = BTreeMap::<&str, usize>::new();
        for row in rows {
            *hosts.entry(&row.host).or_default() += 1;
        }
        hosts
            .into_iter()
            .map(|(host, count)| (host.to_owned(), count))
            .collect()
    }
}
