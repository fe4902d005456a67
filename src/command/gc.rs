//! `gc`

use super::{CommandError, installation, open_store, providers};
use crate::{config::Config, reconcile};

pub(super) async fn run(config: &Config, dry_run: bool) -> Result<(), CommandError> {
    let store = open_store(config)?;
    let mut found = 0;
    let installation = installation(&store).await?;
    for provider in providers(config, &installation) {
        let failed = |error: reconcile::OrphanError| {
            CommandError::Failed(format!("{}: {error}", provider.name()))
        };
        for orphan in reconcile::orphans(&*provider, &store, &config.host)
            .await
            .map_err(failed)?
        {
            found += 1;
            if !dry_run {
                reconcile::remove(&*provider, &orphan)
                    .await
                    .map_err(failed)?;
            }
            println!(
                "{} {} {orphan}",
                if dry_run { "would remove" } else { "removed" },
                provider.name()
            );
        }
    }
    if found == 0 {
        println!("Nothing to remove: every cluster is wanted.");
    }
    Ok(())
}
