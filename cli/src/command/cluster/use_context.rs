//! `pyk8s cluster use`.

use super::{get_kubeconfig, lookup};
use crate::arguments::UseContext;
use crate::client::model::Cluster;
use crate::error::Result;
use crate::kubeconfig::{self, Mark};
use crate::session::Session;

pub fn run(options: &UseContext, session: &Session) -> Result {
    let cluster = lookup::one(session, &options.name)?;
    let context = put(&cluster, options.context_name.as_deref(), session)?;
    match session.output.is_for_people() {
        true => Ok(()),
        false => session.output.outcome(&cluster, &context),
    }
}

/// Puts the cluster into the kubeconfig, says how to use it, and gives the context's name.
pub fn put(cluster: &Cluster, name: Option<&str>, session: &Session) -> Result<String> {
    let kubeconfig = get_kubeconfig::fetch(cluster, session)?;
    let context = name.map_or_else(|| format!("pyk8s-{}", cluster.name), str::to_owned);
    let mark = Mark {
        lab: session.client.url().to_owned(),
        cluster: cluster.name.clone(),
        id: cluster.id.clone(),
        previous_context: None,
    };
    let path = kubeconfig::add(&context, &kubeconfig, &mark)?;
    let output = session.output;
    output.say(&format!(
        "{context} is now the current context of kubectl ({})",
        path.display()
    ))?;
    output.note(&format!(
        "try it: kubectl get nodes; undo it: pyk8s cluster unuse {}",
        cluster.name
    ));
    Ok(context)
}
