//! `pyk8s auth logout`.
//!
//! The token is forgotten here; the lab keeps no list of tokens, so a copy of it ends by itself within the hour.

use crate::arguments::Global;
use crate::config::{Config, Context};
use crate::error::Result;
use crate::output::Output;
use crate::session;

pub fn run(all: bool, global: &Global, output: &Output) -> Result {
    let mut config = Config::load()?;
    let names = match all {
        true => config.contexts.keys().cloned().collect(),
        false => chosen(&config, global)?.into_iter().collect::<Vec<_>>(),
    };
    let mut forgotten = Vec::new();
    for name in names {
        if let Some(context) = config.contexts.get_mut(&name)
            && forget(context)
        {
            forgotten.push(format!("logged out of {} ({name})", context.url));
        }
    }
    if forgotten.is_empty() {
        output.note("nobody was logged in");
        return Ok(());
    }
    config.save()?;
    output.say(&forgotten.join("\n"))
}

/// The address and the email stay, so that the next login need not be told them.
fn forget(context: &mut Context) -> bool {
    context.expires_at = None;
    context.token.take().is_some()
}

fn chosen(config: &Config, global: &Global) -> Result<Option<String>> {
    if let Some(name) = session::given(global.context.as_ref()) {
        config.context(name)?;
        return Ok(Some(name.to_owned()));
    }
    let found = match session::given_url(global)? {
        Some(url) => config.for_url(&url),
        None => config.current(),
    };
    Ok(found.map(|(name, _)| name.to_owned()))
}
