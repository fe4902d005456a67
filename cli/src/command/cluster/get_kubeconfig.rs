//! `pyk8s cluster get-kubeconfig`.

use super::lookup;
use crate::arguments::Format;
use crate::client::model::Cluster;
use crate::error::{Error, Result};
use crate::session::Session;

pub fn run(name: &str, session: &Session) -> Result {
    let cluster = lookup::one(session, name)?;
    let text = fetch(&cluster, session)?;
    if session.output.format == Format::Json {
        let value: serde_json::Value = serde_norway::from_str(&text).map_err(|error| {
            Error::Failed(format!(
                "the lab's kubeconfig is no YAML ({error}): report this"
            ))
        })?;
        return session.output.json(&value);
    }
    session.output.text(&text)
}

/// A cluster's kubeconfig; of one that has none yet, why not and what to do.
pub fn fetch(cluster: &Cluster, session: &Session) -> Result<String> {
    let name = &cluster.name;
    session
        .client
        .kubeconfig(&cluster.id)
        .map_err(|error| match (error, cluster.status.as_str()) {
            (Error::Failed(why), "PROVISIONING") => Error::Failed(format!(
                "{why}: wait for it with `pyk8s cluster wait {name}`"
            )),
            (Error::Failed(why), "ERROR") => Error::Failed(format!(
                "{why}: see `pyk8s cluster logs {name}`, then `retry` or `delete` it"
            )),
            (error, _) => error,
        })
}
