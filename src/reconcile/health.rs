//! RUNNING is kept true: what is down is brought up again.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;

use super::{LEASE, Reconciler, work::spec};
use crate::{
    domain::Cluster,
    provision::Health,
    store::{StoreError, Work},
};

/// How often each cluster is asked.
const EVERY: Duration = Duration::from_secs(3);
/// How long to wait before one that did not answer is asked again.
const SECOND_LOOK: Duration = Duration::from_millis(500);
/// When one whose time is over should be gone.
const OVERDUE: Duration = Duration::from_secs(5);
/// How many are asked at once.
const AT_ONCE: usize = 8;

impl Reconciler {
    pub(super) async fn look_after_the_running(self: &Arc<Self>, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.look_at_all(stop).await {
                tracing::debug!(%error, "the running clusters can't be looked at");
            }
            self.count_clusters().await;
            stop.run_until_cancelled(tokio::time::sleep(EVERY)).await;
        }
    }

    async fn look_at_all(self: &Arc<Self>, stop: &CancellationToken) -> Result<(), StoreError> {
        let running = self.journal.store().running_on(&self.host).await?;
        futures_util::stream::iter(running)
            .for_each_concurrent(AT_ONCE, |cluster| async move {
                if let Err(error) = self.look_at(cluster, stop).await {
                    tracing::debug!(%error, "a running cluster can't be looked after");
                }
            })
            .await;
        Ok(())
    }

    async fn look_at(
        self: &Arc<Self>,
        cluster: Cluster,
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        let Some(provider) = self.catalog.provider(cluster.provider) else {
            return Ok(());
        };
        let (id, spec) = (cluster.id, spec(&cluster));
        let mut health = provider.health(&spec).await;
        if health != Health::Ready {
            tokio::time::sleep(SECOND_LOOK).await;
            health = provider.health(&spec).await;
        }
        match health {
            Health::Ready if cluster.step.is_some() => {
                self.journal
                    .record(move |store| async move { store.cluster_answers(id).await })
                    .await?;
            }
            Health::Ready => {}
            // The rest waits for the next round: after a reboot all of them are down.
            Health::Down(_) if self.repairs() >= self.concurrency as usize => {}
            Health::Down(why) => {
                if stop.is_cancelled() {
                    return Ok(());
                }
                if let Some(claim) = self
                    .journal
                    .store()
                    .claim(id, Work::Repair, &self.owner, LEASE)
                    .await?
                {
                    tracing::warn!(cluster = %id, why, "a running cluster is down");
                    self.begin(claim, stop);
                }
            }
        }
        Ok(())
    }

    fn repairs(&self) -> usize {
        self.active()
            .values()
            .filter(|(work, _)| *work == Work::Repair)
            .count()
    }

    async fn count_clusters(&self) {
        let store = self.journal.store();
        if let Ok(counts) = store.count_clusters().await {
            self.metrics.set_clusters(&counts);
        }
        if let Ok(count) = store.count_overdue(OVERDUE).await {
            self.metrics.set_overdue(count);
        }
        self.metrics.set_bus(self.journal.bus().is_connected());
    }
}
