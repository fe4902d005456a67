//! `pyk8s cluster delete`.

use super::lookup;
use crate::arguments::{Delete, Format};
use crate::client::model::Cluster;
use crate::error::{Error, Result};
use crate::session::Session;
use crate::waiting::Waiting;
use crate::{interrupt, kubeconfig, prompt};

pub fn run(options: &Delete, session: &Session) -> Result {
    let output = session.output;
    let clusters = match options.all {
        true => session.client.clusters()?,
        false => lookup::all(session, &options.names)?,
    };
    if clusters.is_empty() {
        output.note("you have no clusters");
    } else if !options.yes {
        agree(&clusters)?;
    }
    let (mut deleted, mut failures) = (Vec::new(), Vec::new());
    for cluster in clusters {
        match delete(&cluster, options, session) {
            Ok(()) => deleted.push(cluster),
            Err(error @ (Error::NotLoggedIn(_) | Error::ClosedPipe)) => return Err(error),
            // The others are deleted all the same.
            Err(error) => failures.push(error),
        }
    }
    // To people each one was told of when it was done.
    if output.format != Format::Table {
        output.list(&deleted)?;
    }
    hint(&deleted, session);
    match failures.len() {
        0 => Ok(()),
        1 => Err(failures.remove(0)),
        _ => Err(Error::Several(failures)),
    }
}

fn agree(clusters: &[Cluster]) -> Result {
    let names = clusters
        .iter()
        .map(|cluster| cluster.name.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    if !prompt::possible() {
        return Err(Error::Usage(format!(
            "there is no terminal to ask at whether to delete {names}: say so with --yes"
        )));
    }
    match prompt::confirm(&format!("Delete {names} with all that is in it?"))? {
        true => Ok(()),
        false => Err(Error::Failed("nothing was deleted".to_owned())),
    }
}

fn delete(cluster: &Cluster, options: &Delete, session: &Session) -> Result {
    let (client, name) = (&session.client, &cluster.name);
    if !options.wait.wait {
        client.delete(&cluster.id)?;
        return session.output.say(&format!("{name} is being deleted"));
    }
    // What happened before is no news to who waits for the deletion.
    let after = match client.cluster(&cluster.id) {
        Ok(cluster) => cluster.last_seq(),
        Err(Error::NotFound(_)) => None,
        Err(error) => return Err(error),
    };
    match client.delete(&cluster.id) {
        // Gone between the look and the deletion, by its own time or another hand.
        Ok(()) | Err(Error::NotFound(_)) => {}
        Err(error) => return Err(error),
    }
    let _guard = interrupt::saying(format!("interrupted, but {name} is still being deleted"));
    let waiting = Waiting {
        client,
        output: session.output,
        id: &cluster.id,
        name,
        after,
        timeout: options.wait.timeout,
    };
    waiting.until_deleted()?;
    session.output.say(&format!("{name} is deleted"))
}

/// A deleted cluster's context is of no use any more, but it is the user's file.
fn hint(deleted: &[Cluster], session: &Session) {
    let Ok(contexts) = kubeconfig::ours() else {
        return;
    };
    for cluster in deleted
        .iter()
        .filter(|cluster| contexts.iter().any(|found| found.mark.id == cluster.id))
    {
        session.output.note(&format!(
            "it is still in your kubeconfig: pyk8s cluster unuse {}",
            cluster.name
        ));
    }
}
