//! `pyk8s cluster …`.

mod create;
mod delete;
mod exec;
mod extend;
mod get;
mod get_kubeconfig;
mod list;
mod logs;
mod lookup;
mod retry;
mod unuse;
mod use_context;
mod wait;

use crate::arguments::{Cluster, Global};
use crate::error::Result;
use crate::output::Output;
use crate::session::Session;

pub fn run(command: Cluster, global: &Global, output: &Output) -> Result {
    let session = || Session::open(global, output);
    match command {
        Cluster::List { status } => list::run(status, &session()?),
        Cluster::Create(wanted) => create::run(&wanted, &session()?),
        Cluster::Get { name } => get::run(&name, &session()?),
        Cluster::Delete(options) => delete::run(&options, &session()?),
        Cluster::Extend { name, hours } => extend::run(&name, hours, &session()?),
        Cluster::Retry { name, wait } => retry::run(&name, &wait, &session()?),
        Cluster::Wait {
            name,
            target,
            timeout,
        } => wait::run(&name, target, timeout, &session()?),
        Cluster::Logs { name, follow } => logs::run(&name, follow, &session()?),
        Cluster::GetKubeconfig { name } => get_kubeconfig::run(&name, &session()?),
        Cluster::Use(options) => use_context::run(&options, &session()?),
        Cluster::Unuse { name } => unuse::run(&name, global, output),
        Cluster::Exec { name, arguments } => exec::run(&name, arguments, &session()?),
    }
}
