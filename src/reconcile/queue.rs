//! What is waiting to be made or removed, taken up in its order.

use std::{sync::Arc, time::Instant};

use tokio_util::sync::CancellationToken;

use super::{LEASE, Reconciler, TICK};
use crate::store::{StoreError, Work};

/// How many clusters are removed at once.
const REMOVALS: u32 = 4;

impl Reconciler {
    pub(super) async fn work_off_the_queue(self: &Arc<Self>, stop: &CancellationToken) {
        let mut complained: Option<Instant> = None;
        while !stop.is_cancelled() {
            match self.take_up(stop).await {
                Ok(()) => complained = None,
                // Once a minute is enough while the database is away.
                Err(error) if complained.is_none_or(|at| at.elapsed().as_secs() >= 60) => {
                    tracing::warn!(%error, "the queue can't be worked off");
                    complained = Some(Instant::now());
                }
                Err(_) => {}
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.wake.notified() => {}
                () = tokio::time::sleep(TICK) => {}
            }
        }
    }

    async fn take_up(self: &Arc<Self>, stop: &CancellationToken) -> Result<(), StoreError> {
        self.journal
            .record(|store| async move { store.release_expired().await })
            .await?;
        for (work, limit) in [
            (Work::Destroy, REMOVALS),
            (Work::Provision, self.concurrency),
        ] {
            while !stop.is_cancelled() {
                let store = self.journal.store();
                let Some(claim) = store
                    .claim_next(work, &self.host, &self.owner, LEASE, limit)
                    .await?
                else {
                    break;
                };
                self.begin(claim, stop);
            }
        }
        let host = self.host.clone();
        self.journal
            .record(move |store| async move { store.announce_queue(&host).await })
            .await?;
        Ok(())
    }
}
