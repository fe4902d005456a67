//! `pyk8s auth list`.

use super::SavedLogin;
use crate::config::Config;
use crate::error::Result;
use crate::output::Output;

pub fn run(output: &Output) -> Result {
    let config = Config::load()?;
    let logins: Vec<_> = config
        .contexts
        .iter()
        .map(|(name, context)| SavedLogin::new(name, context, &config))
        .collect();
    if logins.is_empty() {
        output.note("there is no saved login: run `pyk8s auth login`");
    }
    output.list(&logins)
}
