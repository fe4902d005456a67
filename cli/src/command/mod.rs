//! What each command does, a file each.

mod auth;
mod cluster;
mod completion;
mod man;
mod provider_list;
mod version;

use crate::arguments::{Command, Docs, Global, Provider};
use crate::error::Result;
use crate::output::Output;

/// Runs a command.
pub fn run(command: Command, global: &Global, output: &Output) -> Result {
    match command {
        Command::Auth(command) => auth::run(command, global, output),
        Command::Cluster(command) => cluster::run(command, global, output),
        Command::Provider(Provider::List) => provider_list::run(global, output),
        Command::Completion { shell } => completion::run(shell, output),
        Command::Version { client } => version::run(client, global, output),
        Command::Docs(Docs::Man { dir }) => man::run(dir.as_deref(), output),
    }
}
