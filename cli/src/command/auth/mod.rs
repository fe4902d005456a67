//! `pyk8s auth …`.

mod list;
mod login;
mod logout;
mod status;
mod switch;

use serde::Serialize;

use crate::arguments::{Auth, Global};
use crate::config::{Config, Context};
use crate::error::Result;
use crate::output::{Output, Record, Tone, remaining};

pub fn run(command: Auth, global: &Global, output: &Output) -> Result {
    match command {
        Auth::Login(credentials) => {
            login::run(&credentials, login::Account::Existing, global, output)
        }
        Auth::Register(credentials) => {
            login::run(&credentials, login::Account::New, global, output)
        }
        Auth::Logout { all } => logout::run(all, global, output),
        Auth::Status => status::run(global, output),
        Auth::List => list::run(output),
        Auth::Switch { name } => switch::run(&name, output),
    }
}

/// A saved login as it is shown: never with its token.
#[derive(Debug, Serialize)]
struct SavedLogin {
    name: String,
    url: String,
    email: Option<String>,
    logged_in: bool,
    expires_at: Option<String>,
    current: bool,
}

impl SavedLogin {
    fn new(name: &str, context: &Context, config: &Config) -> Self {
        Self {
            name: name.to_owned(),
            url: context.url.clone(),
            email: context.email.clone(),
            logged_in: context.token.is_some(),
            expires_at: context.expires_at.clone(),
            current: config.current_context.as_deref() == Some(name),
        }
    }
}

impl Record for SavedLogin {
    const COLUMNS: &'static [&'static str] = &["CURRENT", "NAME", "URL", "EMAIL", "TIME LEFT"];

    fn name(&self) -> &str {
        &self.name
    }

    fn row(&self, output: &Output) -> Vec<String> {
        let left = match self.logged_in {
            true => remaining(self.expires_at.as_deref()),
            false => output.paint(Tone::Faint, "logged out"),
        };
        let current = if self.current { "*" } else { "" };
        vec![
            current.to_owned(),
            self.name.clone(),
            self.url.clone(),
            self.email.clone().unwrap_or_else(|| "-".to_owned()),
            left,
        ]
    }
}
