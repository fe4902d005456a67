//! `pyk8s cluster unuse`: works without a login, and after the cluster is gone.

use crate::arguments::Global;
use crate::error::{Error, Result};
use crate::kubeconfig::{self, Found};
use crate::output::Output;
use crate::session;

pub fn run(name: &str, global: &Global, output: &Output) -> Result {
    let found = choose(name, global)?;
    let current = kubeconfig::remove(&found)?;
    output.say(&format!(
        "{} is no longer in {}",
        found.context,
        found.path.display()
    ))?;
    output.note(&match current {
        Some(current) => format!("the current context of kubectl is {current}"),
        None => "kubectl has no current context now".to_owned(),
    });
    Ok(())
}

fn choose(name: &str, global: &Global) -> Result<Found> {
    let mut found = kubeconfig::ours()?;
    found.retain(|found| {
        [&found.mark.cluster, &found.mark.id, &found.context]
            .iter()
            .any(|known| *known == name)
    });
    // Clusters of several labs may have the name: the lab in use is meant.
    if found.len() > 1
        && let Ok(url) = session::url_or_default(global)
        && found.iter().any(|found| found.mark.lab == url)
    {
        found.retain(|found| found.mark.lab == url);
    }
    match found.len() {
        0 => Err(Error::NotFound(format!(
            "the kubeconfig has no context of the cluster \"{name}\" by `pyk8s cluster use`"
        ))),
        1 => Ok(found.remove(0)),
        _ => {
            let contexts = found
                .iter()
                .map(|found| found.context.as_str())
                .collect::<Vec<_>>()
                .join(", ");
            Err(Error::Usage(format!(
                "several contexts are of \"{name}\": name one of {contexts}"
            )))
        }
    }
}
