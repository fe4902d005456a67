//! `migrate`

use super::{CommandError, open_store};
use crate::config::Config;

pub(super) fn run(config: &Config) -> Result<(), CommandError> {
    open_store(config)?;
    println!("The schema of {} is up to date.", config.store.url);
    Ok(())
}
