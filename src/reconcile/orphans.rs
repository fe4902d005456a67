//! What exists and no row wants is removed.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Reconciler;
use crate::{
    domain::ProviderRef,
    provision::{Progress, Provider, ProvisionError},
    store::{Store, StoreError},
};

/// How often is looked for orphans.
const EVERY: Duration = Duration::from_secs(60);

/// Why orphans could not be found or removed.
#[derive(Debug, thiserror::Error)]
pub enum OrphanError {
    /// The database can't say what is wanted.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The provider can't say what exists, or can't remove it.
    #[error(transparent)]
    Provider(#[from] ProvisionError),
}

/// A provider's clusters on `host` that no row wants.
///
/// # Errors
/// [`OrphanError`] when either side can't say.
pub async fn orphans(
    provider: &dyn Provider,
    store: &Store,
    host: &str,
) -> Result<Vec<ProviderRef>, OrphanError> {
    // What exists is asked for first: a row is there before its cluster, so whatever is made meanwhile has one.
    let owned = provider.list_owned().await?;
    let live = store.live_refs(provider.name(), host).await?;
    Ok(owned
        .into_iter()
        .filter(|reference| !live.contains(reference))
        .collect())
}

/// Removes a cluster that no row wants; its tool's output is nobody's.
///
/// # Errors
/// [`OrphanError::Provider`] when it can't be removed.
pub async fn remove(provider: &dyn Provider, orphan: &ProviderRef) -> Result<(), OrphanError> {
    let (progress, _) = Progress::channel(1);
    Ok(provider.destroy(orphan, &progress).await?)
}

impl Reconciler {
    pub(super) async fn remove_orphans(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            self.bury_the_dead().await;
            for provider in self.catalog.providers() {
                if let Err(error) = self.remove_orphans_of(&**provider).await {
                    tracing::warn!(provider = %provider.name(), %error, "orphans can't be removed");
                }
            }
            stop.run_until_cancelled(tokio::time::sleep(EVERY)).await;
        }
    }

    async fn remove_orphans_of(&self, provider: &dyn Provider) -> Result<(), OrphanError> {
        for orphan in orphans(provider, self.journal.store(), &self.host).await? {
            tracing::info!(provider = %provider.name(), %orphan, "removing a cluster that no row wants");
            remove(provider, &orphan).await?;
        }
        Ok(())
    }
}
