//! Whole pages.

use askama::Template;
use chrono::{DateTime, SecondsFormat, Utc};

use super::{Form, filters};
use crate::store::{SessionRecord, TokenRecord};

/// What is around every page.
#[derive(Debug, Clone, Default)]
pub struct Chrome {
    /// The signed-in person's address.
    pub email: Option<String>,
    /// Whether they look after the lab.
    pub administrator: bool,
    /// The session's CSRF token.
    pub csrf: String,
    /// Something to tell once.
    pub notice: Option<String>,
    /// The lab's version.
    pub version: &'static str,
}

/// `/`
#[derive(Template)]
#[template(path = "page/landing.html")]
pub struct LandingPage {
    /// What is around it.
    pub chrome: Chrome,
    /// Whether anybody may register.
    pub registration_open: bool,
}

/// `/login` and `/register`
#[derive(Template)]
#[template(path = "page/sign_in.html")]
pub struct SignInPage {
    /// What is around it.
    pub chrome: Chrome,
    /// Whether it is `/register`.
    pub registering: bool,
    /// Whether anybody may register.
    pub registration_open: bool,
    /// Whether nobody has registered yet.
    pub first: bool,
    /// Where to go then.
    pub next: String,
    /// What was sent.
    pub form: Form,
}

impl SignInPage {
    fn title(&self) -> &'static str {
        if self.registering {
            "Register"
        } else {
            "Log in"
        }
    }
}

/// `/dashboard`
#[derive(Template)]
#[template(path = "page/dashboard.html")]
pub struct DashboardPage {
    /// What is around it.
    pub chrome: Chrome,
    /// The rendered quota.
    pub quota: String,
    /// The rendered list.
    pub list: String,
    /// The rendered form.
    pub form: String,
}

/// `/clusters/{id}`
#[derive(Template)]
#[template(path = "page/cluster.html")]
pub struct ClusterPage {
    /// What is around it.
    pub chrome: Chrome,
    /// The cluster's id.
    pub id: String,
    /// The cluster's name.
    pub name: String,
    /// The rendered details.
    pub details: String,
    /// What is inside it, rendered.
    pub inside: String,
    /// The rendered log.
    pub log: String,
}

/// `/clusters/{id}/delete`
#[derive(Template)]
#[template(path = "page/delete.html")]
pub struct DeletePage {
    /// What is around it.
    pub chrome: Chrome,
    /// The cluster's name.
    pub name: String,
    /// The rendered form.
    pub form: String,
}

/// `/account`
#[derive(Template)]
#[template(path = "page/account.html")]
pub struct AccountPage {
    /// What is around it.
    pub chrome: Chrome,
    /// The person's address.
    pub email: String,
    /// What they may do.
    pub role: &'static str,
    /// When they registered (RFC 3339).
    pub since: String,
    /// Their sessions.
    pub sessions: Vec<SessionView>,
    /// Their personal tokens.
    pub tokens: Vec<TokenView>,
    /// A token that was just made, to be shown this once.
    pub new_token: Option<String>,
    /// The longest life of a token, in days.
    pub max_days: i64,
    /// The form for a new token.
    pub token_form: Form,
    /// The password form.
    pub form: Form,
    /// The form that deletes the account.
    pub delete_form: Form,
}

/// A session in the list.
pub struct SessionView {
    id: String,
    agent: String,
    address: String,
    seen: String,
    current: bool,
}

impl SessionView {
    /// Puts a session into words.
    pub fn new((session, current): (SessionRecord, bool)) -> Self {
        Self {
            id: session.id,
            agent: session.agent,
            address: session.address,
            seen: at(session.seen_at),
            current,
        }
    }
}

/// A personal token in the table.
pub struct TokenView {
    id: String,
    name: String,
    made: String,
    ends: String,
    used: Option<String>,
}

impl From<TokenRecord> for TokenView {
    fn from(token: TokenRecord) -> Self {
        Self {
            id: token.id,
            name: token.name,
            made: at(token.created_at),
            ends: at(token.expires_at),
            used: token.used_at.map(at),
        }
    }
}

fn at(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Whatever went wrong.
#[derive(Template)]
#[template(path = "page/problem.html")]
pub struct ProblemPage {
    /// What is around it.
    pub chrome: Chrome,
    /// The status.
    pub status: u16,
    /// The status in words.
    pub title: String,
    /// What happened.
    pub detail: String,
    /// The request's id, to be told to whoever runs the lab.
    pub request_id: Option<String>,
}

impl ProblemPage {
    /// How to go on.
    fn advice(&self) -> Option<&'static str> {
        match self.status {
            404 => Some("It may be gone: a cluster goes when its time is over."),
            500 => Some("Try again; if it stays so, tell whoever runs this lab the number below."),
            503 => Some("Your clusters go on running. Reload this page in a moment."),
            _ => None,
        }
    }
}
