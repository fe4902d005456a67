//! `pyk8s auth status`: not what is saved, but what the lab says of it.

use serde::Serialize;

use crate::arguments::Global;
use crate::client::model::User;
use crate::config::Config;
use crate::error::Result;
use crate::output::{Output, Record, pairs, remaining};
use crate::session::{self, Session};

/// A login that the lab has just accepted.
#[derive(Debug, Serialize)]
struct Status {
    url: String,
    context: Option<String>,
    user: User,
    expires_at: Option<String>,
}

impl Record for Status {
    const COLUMNS: &'static [&'static str] = &[];

    fn name(&self) -> &str {
        &self.user.email
    }

    fn row(&self, _: &Output) -> Vec<String> {
        Vec::new()
    }
}

pub fn run(global: &Global, output: &Output) -> Result {
    let client = Session::open(global, output)?.client;
    let user = client.me()?;
    let mut status = Status {
        url: client.url().to_owned(),
        context: None,
        user,
        expires_at: None,
    };
    if session::given(global.token.as_ref()).is_none() {
        let config = Config::load()?;
        let found = match session::given(global.context.as_ref()) {
            Some(name) => config
                .contexts
                .get_key_value(name)
                .map(|(name, context)| (name.as_str(), context)),
            None => config.for_url(&status.url),
        };
        if let Some((name, context)) = found {
            status.context = Some(name.to_owned());
            status.expires_at.clone_from(&context.expires_at);
        }
    }
    if !output.is_for_people() {
        return output.one(&status);
    }
    output.text(&pairs(vec![
        ("Lab", Some(status.url)),
        ("User", Some(status.user.email)),
        (
            "Context",
            status
                .context
                .or_else(|| Some("none: the token was given".to_owned())),
        ),
        (
            "Time left",
            status.expires_at.map(|time| remaining(Some(&time))),
        ),
    ]))
}
