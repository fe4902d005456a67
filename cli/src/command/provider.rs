//! `pyk8s provider list` and `addons`.

use crate::arguments::{Global, Provider};
use crate::error::Result;
use crate::output::Output;
use crate::session::Session;

pub fn run(command: &Provider, global: &Global, output: &Output) -> Result {
    let client = Session::open(global, output)?.client;
    match command {
        Provider::List => output.list(&client.providers()?),
        Provider::Addons => output.list(&client.addons()?),
    }
}
