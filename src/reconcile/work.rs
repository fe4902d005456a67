//! The work on one cluster, under its lease.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio_util::sync::{CancellationToken, DropGuard};

use super::{HEARTBEAT, LEASE, Reconciler, recorder};
use crate::{
    domain::{AddonName, Cluster, ClusterId, Kubeconfig},
    provision::{ClusterSpec, Progress, Provider, ProvisionError, free_ports},
    store::{Claim, Failure, StoreError, Work},
};

/// How often each piece of work is tried.
const TRIES: u32 = 3;
/// How long the first pause between two tries is; each further one is twice as long.
const BACKOFF: Duration = Duration::from_secs(2);
/// How often a lease is tried to be given back while the database is away.
const GIVE_BACK: Duration = Duration::from_millis(500);
/// How often ports are looked for while others take them.
const PORT_TRIES: u32 = 20;

/// What a provider is asked to make for a cluster.
pub(super) fn spec(cluster: &Cluster) -> ClusterSpec {
    ClusterSpec {
        provider_ref: cluster.provider_ref.clone(),
        kubernetes_version: cluster.kubernetes_version.clone(),
        nodes: cluster.nodes,
        node_size: cluster.node_size,
        expires_at: cluster.expires_at,
        ports: cluster.ports.clone(),
        has_data: cluster.ready_at.is_some(),
    }
}

/// Why a try ended without what was wanted.
#[derive(Debug, thiserror::Error)]
enum TryError {
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Other(String),
}

/// A cluster that is up.
struct Made {
    kubeconfig: Kubeconfig,
    /// The add-ons that could not be installed: the cluster is of use without them.
    missing: Vec<AddonName>,
}

impl Made {
    fn message(&self) -> String {
        if self.missing.is_empty() {
            return "Ready".to_owned();
        }
        let missing: Vec<&str> = self.missing.iter().map(AddonName::as_str).collect();
        format!(
            "Ready, but without {}: the log says why",
            missing.join(", ")
        )
    }
}

/// Takes a cluster out of the active ones, however its work ends.
struct Active(Arc<Reconciler>, ClusterId);

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active().remove(&self.1);
        self.0.wake.notify_one();
    }
}

impl Reconciler {
    /// Begins the work that was claimed.
    pub(super) fn begin(self: &Arc<Self>, claim: Claim, stop: &CancellationToken) {
        let (id, cancel) = (claim.cluster.id, stop.child_token());
        self.active().insert(id, (claim.work, cancel.clone()));
        let active = Active(self.clone(), id);
        self.workers.spawn(async move {
            let reconciler = active.0.clone();
            let _heartbeat = reconciler.heartbeat(&claim, &cancel);
            if let Err(error) = reconciler.work(&claim, &cancel).await {
                // The row says what is to be done: whoever is next does it.
                tracing::warn!(cluster = %id, work = ?claim.work, %error, "work was interrupted");
            }
            reconciler.give_back(id).await;
            drop(active);
        });
    }

    /// Gives a lease back, as soon as the database lets it be: whoever is next need not wait for its end.
    async fn give_back(&self, id: ClusterId) {
        let began = Instant::now();
        while let Err(error) = self.journal.store().release_lease(id, &self.owner).await {
            if began.elapsed() > LEASE {
                tracing::warn!(cluster = %id, %error, "a lease was not given back: it ends by itself");
                return;
            }
            tokio::time::sleep(GIVE_BACK).await;
        }
    }

    /// Renews the lease for as long as the guard lives; cancels the work when the lease is lost or
    /// the cluster is wanted otherwise.
    fn heartbeat(self: &Arc<Self>, claim: &Claim, cancel: &CancellationToken) -> DropGuard {
        let (reconciler, id, status) = (self.clone(), claim.cluster.id, claim.cluster.status);
        let (cancel, end) = (cancel.clone(), CancellationToken::new());
        let guard = end.clone().drop_guard();
        tokio::spawn(async move {
            let mut renewed = Instant::now();
            while end
                .run_until_cancelled(tokio::time::sleep(HEARTBEAT))
                .await
                .is_some()
            {
                match reconciler
                    .journal
                    .store()
                    .renew_lease(id, &reconciler.owner, LEASE)
                    .await
                {
                    Ok(Some(now)) if now == status => renewed = Instant::now(),
                    Ok(_) => return cancel.cancel(),
                    // Others may take the cluster over when the lease has ended: not both at once.
                    Err(_) if renewed.elapsed() + HEARTBEAT > LEASE => return cancel.cancel(),
                    Err(_) => {}
                }
            }
        });
        guard
    }

    async fn work(&self, claim: &Claim, cancel: &CancellationToken) -> Result<(), StoreError> {
        let (progress, recorded) =
            recorder::record(self.journal.clone(), claim.cluster.id, self.owner.clone());
        let outcome = match self.catalog.provider(claim.cluster.provider) {
            None => Err(TryError::Other(format!(
                "this server has no provider {}",
                claim.cluster.provider
            ))),
            // A server ended after the last try and before it said so.
            Some(_) if claim.attempts >= TRIES => Err(TryError::Other(
                claim
                    .cluster
                    .error_message
                    .clone()
                    .unwrap_or_else(|| "the last try failed".to_owned()),
            )),
            Some(provider) => {
                self.attempt(claim, &**provider, progress.clone(), cancel)
                    .await
            }
        };
        drop(progress);
        // What was told last is kept before what it led to.
        let _ = recorded.await;
        match outcome {
            Ok(done) => self.done(claim, done).await,
            Err(TryError::Store(error)) => Err(error),
            Err(_) if cancel.is_cancelled() => Ok(()),
            Err(error) => self.failed(claim, &error.to_string()).await,
        }
    }

    async fn attempt(
        &self,
        claim: &Claim,
        provider: &dyn Provider,
        progress: Progress,
        cancel: &CancellationToken,
    ) -> Result<Option<Made>, TryError> {
        match claim.work {
            Work::Provision => {
                let began = Instant::now();
                let spec = self.with_ports(&claim.cluster, provider, &progress).await?;
                let kubeconfig = provider.ensure(&spec, &progress, cancel).await?;
                self.metrics
                    .provisioned(provider.name().as_str(), began.elapsed());
                let cluster = (spec.provider_ref.as_str(), provider.name());
                let missing = self
                    .addons
                    .install(
                        &claim.cluster.addons,
                        cluster,
                        &kubeconfig,
                        &progress,
                        cancel,
                    )
                    .await?;
                Ok(Some(Made {
                    kubeconfig,
                    missing,
                }))
            }
            Work::Repair => {
                progress
                    .step("The API server does not answer: starting the cluster again")
                    .await;
                provider
                    .repair(&spec(&claim.cluster), &progress, cancel)
                    .await?;
                Ok(None)
            }
            Work::Destroy => {
                progress.step("Removing the cluster").await;
                provider
                    .destroy(&claim.cluster.provider_ref, &progress)
                    .await?;
                Ok(None)
            }
        }
    }

    async fn done(&self, claim: &Claim, made: Option<Made>) -> Result<(), StoreError> {
        let (id, owner) = (claim.cluster.id, self.owner.clone());
        match (claim.work, made) {
            (Work::Provision, Some(made)) => match self.cipher.seal(id, made.kubeconfig.expose()) {
                Ok(sealed) => {
                    let message = made.message();
                    self.journal
                        .record(move |store| async move {
                            store.cluster_ready(id, &owner, sealed, message).await
                        })
                        .await?;
                }
                Err(error) => return self.failed(claim, &error.to_string()).await,
            },
            (Work::Provision, None) => {
                return self.failed(claim, "the provider gave no kubeconfig").await;
            }
            (Work::Repair, _) => {
                self.journal
                    .record(move |store| async move { store.cluster_repaired(id, &owner).await })
                    .await?;
            }
            (Work::Destroy, _) => {
                self.journal
                    .record(move |store| async move { store.cluster_gone(id, &owner).await })
                    .await?;
            }
        }
        Ok(())
    }

    /// Counts a failed try, cleans its remains away, and says what follows.
    async fn failed(&self, claim: &Claim, why: &str) -> Result<(), StoreError> {
        let (id, owner, message) = (claim.cluster.id, self.owner.clone(), why.to_owned());
        let attempt = claim.attempts + 1;
        tracing::warn!(cluster = %id, work = ?claim.work, attempt, why, "a try failed");
        if attempt <= TRIES {
            let step = format!("Try {attempt} of {TRIES} failed");
            self.journal
                .record(move |store| async move {
                    store.record_failed_attempt(id, &owner, message, step).await
                })
                .await?;
        }
        // What its owner put into a cluster that was ready once goes only when they say so.
        if claim.work == Work::Provision && claim.cluster.ready_at.is_none() {
            self.clean(&claim.cluster).await?;
        }
        let failure = if attempt < TRIES {
            Failure::TryAgain(BACKOFF * 2_u32.pow(attempt - 1))
        } else {
            Failure::GiveUp
        };
        let (claim, owner) = (claim.clone(), self.owner.clone());
        self.journal
            .record(move |store| async move { store.after_failure(&claim, &owner, failure).await })
            .await?;
        Ok(())
    }

    /// Removes what a failed try has made, its ports included: the next one gets others.
    async fn clean(&self, cluster: &Cluster) -> Result<(), StoreError> {
        if let Some(provider) = self.catalog.provider(cluster.provider) {
            let (progress, recorded) =
                recorder::record(self.journal.clone(), cluster.id, self.owner.clone());
            if let Err(error) = provider.destroy(&cluster.provider_ref, &progress).await {
                tracing::warn!(cluster = %cluster.id, %error, "the remains of a failed try can't be removed");
                progress
                    .log(format!(
                        "The remains of this try could not be removed: {error}"
                    ))
                    .await;
            }
            drop(progress);
            let _ = recorded.await;
        }
        self.journal.store().free_ports(cluster.id).await
    }

    /// The cluster's ports: those it has, or new ones that are reserved for it.
    async fn with_ports(
        &self,
        cluster: &Cluster,
        provider: &dyn Provider,
        progress: &Progress,
    ) -> Result<ClusterSpec, TryError> {
        let mut spec = spec(cluster);
        let needed = provider.ports_needed();
        if spec.ports.len() == needed {
            return Ok(spec);
        }
        progress.step("Reserving ports").await;
        let store = self.journal.store();
        store.free_ports(cluster.id).await?;
        for _ in 0..PORT_TRIES {
            let reserved = store
                .reserved_ports(&self.host)
                .await?
                .into_iter()
                .collect();
            let mut ports = free_ports(needed, &reserved)
                .map_err(|error| TryError::Other(format!("no free ports were found: {error}")))?;
            // As the store gives them back: which port is whose must not change with a restart.
            ports.sort_unstable();
            match store
                .reserve_ports(cluster.id, &self.host, ports.clone())
                .await
            {
                Ok(()) => {
                    spec.ports = ports;
                    return Ok(spec);
                }
                Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(TryError::Other(
            "other clusters took every port that was found free".into(),
        ))
    }
}
