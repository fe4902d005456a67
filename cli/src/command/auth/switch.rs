//! `pyk8s auth switch`.

use super::SavedLogin;
use crate::config::Config;
use crate::error::Result;
use crate::output::Output;

pub fn run(name: &str, output: &Output) -> Result {
    let mut config = Config::load()?;
    let context = config.context(name)?.clone();
    config.current_context = Some(name.to_owned());
    config.save()?;
    output.outcome(
        &SavedLogin::new(name, &context, &config),
        &format!("now using {} ({name})", context.url),
    )
}
