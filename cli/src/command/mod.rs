//! What each command does, a file each.

mod auth;
mod cluster;
mod completion;
mod man;
mod provider;
mod version;

use crate::arguments::{Command, Docs, Global};
use crate::error::Result;
use crate::output::Output;

/// Runs a command.
pub fn run(command: Command, global: &Global, output: &Output) -> Result {
    match command {
        Command::Auth(command) => auth::run(command, global, output),
        Command::Cluster(command) => cluster::run(command, global, output),
        Command::Provider(command) => provider::run(&command, global, output),
        Command::Completion { shell } => completion::run(shell, output),
        Command::Version { client } => version::run(client, global, output),
        Command::Docs(Docs::Man { dir }) => man::run(dir.as_deref(), output),
    }
}
