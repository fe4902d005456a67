//! `pyk8s cluster create`.

use super::use_context;
use crate::arguments::Create;
use crate::client::model::Cluster;
use crate::error::Result;
use crate::interrupt;
use crate::output::remaining;
use crate::session::Session;
use crate::waiting::Waiting;

pub fn run(wanted: &Create, session: &Session) -> Result {
    let name = &wanted.name;
    let output = session.output;
    let guard = interrupt::saying(format!(
        "interrupted: {name} may have been asked for already; look: pyk8s cluster list"
    ));
    let cluster = session.client.create(wanted)?;
    drop(guard);
    if !wanted.wait.wait && !wanted.use_it {
        output.outcome(
            &cluster,
            &format!("{name} is being made ({})", cluster.shown_provider()),
        )?;
        output.note(&format!("watch it: pyk8s cluster wait {name}"));
        return Ok(());
    }
    let cluster = wait(&cluster, wanted, session)?;
    let sentence = format!(
        "{name} is running ({}, {}), {} left",
        cluster.shown_provider(),
        cluster
            .kubernetes_version
            .as_deref()
            .unwrap_or("unknown version"),
        remaining(cluster.expires_at.as_deref())
    );
    output.outcome(&cluster, &sentence)?;
    if wanted.use_it {
        return use_context::put(&cluster, None, session).map(drop);
    }
    output.note(&format!("use it: pyk8s cluster use {name}"));
    Ok(())
}

fn wait(cluster: &Cluster, wanted: &Create, session: &Session) -> Result<Cluster> {
    let name = &wanted.name;
    let _guard = interrupt::saying(format!(
        "interrupted, but {name} is still being made: watch it with `pyk8s cluster wait {name}`, \
         delete it with `pyk8s cluster delete {name}`"
    ));
    let waiting = Waiting {
        client: &session.client,
        output: session.output,
        id: &cluster.id,
        name,
        after: None,
        timeout: wanted.wait.timeout,
    };
    waiting.until_running()
}
