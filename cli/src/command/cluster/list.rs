//! `pyk8s cluster list`.

use clap::ValueEnum;

use crate::arguments::Status;
use crate::error::Result;
use crate::session::Session;

pub fn run(status: Option<Status>, session: &Session) -> Result {
    let status = status
        .and_then(|status| status.to_possible_value())
        .map(|value| value.get_name().to_uppercase());
    let clusters = match &status {
        Some(status) => session.client.clusters_with(status)?,
        None => session.client.clusters()?,
    };
    if clusters.is_empty() && session.output.is_for_people() {
        session.output.note(match &status {
            Some(_) => "you have no such cluster",
            None => "you have no clusters; make one: pyk8s cluster create --name demo --wait",
        });
    }
    session.output.list(&clusters)
}
