//! Makes what is wanted so: observe, decide, act. Only this room has the providers do anything.
//!
//! Nothing is remembered between two rounds but in the database: a server that is killed at any
//! instant goes on where it was.

mod health;
mod instance;
mod orphans;
mod queue;
mod recorder;
mod work;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{Notify, broadcast::error::RecvError};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use instance::Instance;
pub use orphans::{OrphanError, orphans, remove};

use crate::{
    domain::{ClusterId, ClusterStatus, EventKind},
    metrics::Metrics,
    provision::{Addons, Catalog},
    service::{Journal, KubeconfigCipher},
    store::Work,
};

/// How long a lease lasts when nobody renews it.
const LEASE: Duration = Duration::from_secs(20);
/// How often it is renewed.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How often what is wanted is looked at when nobody says that it changed.
const TICK: Duration = Duration::from_secs(1);
/// How long a stopping server waits for its workers.
const GRACE: Duration = Duration::from_secs(20);

/// Brings clusters to where they are wanted.
pub struct Reconciler {
    journal: Journal,
    catalog: Arc<Catalog>,
    addons: Arc<Addons>,
    cipher: KubeconfigCipher,
    metrics: Metrics,
    host: Arc<str>,
    instance: Instance,
    owner: Arc<str>,
    concurrency: u32,
    active: Mutex<HashMap<ClusterId, (Work, CancellationToken)>>,
    workers: TaskTracker,
    wake: Notify,
}

impl Reconciler {
    /// Wires the reconciler of this host; `concurrency` is the most clusters made at once.
    pub fn new(
        journal: Journal,
        (catalog, addons): (Arc<Catalog>, Arc<Addons>),
        cipher: KubeconfigCipher,
        metrics: Metrics,
        host: &str,
        instance: Instance,
        concurrency: u32,
    ) -> Arc<Self> {
        Arc::new(Self {
            journal,
            catalog,
            addons,
            cipher,
            metrics,
            host: host.into(),
            owner: instance.owner().into(),
            instance,
            concurrency,
            active: Mutex::default(),
            workers: TaskTracker::new(),
            wake: Notify::new(),
        })
    }

    /// Works until `stop` is cancelled; then ends what can be ended, gives its leases back, and returns.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        self.bury_the_dead().await;
        tokio::join!(
            self.listen(&stop),
            self.work_off_the_queue(&stop),
            self.look_after_the_running(&stop),
            self.remove_orphans(&stop),
            self.catalog.keep_fresh(stop.clone()),
        );
        self.workers.close();
        if tokio::time::timeout(GRACE, self.workers.wait())
            .await
            .is_err()
        {
            tracing::warn!("work was left unfinished: the next start goes on with it");
        }
    }

    /// Reacts to what others ask for at once; without the bus's word the next tick does.
    async fn listen(&self, stop: &CancellationToken) {
        let mut events = self.journal.bus().subscribe();
        while let Some(heard) = stop.run_until_cancelled(events.recv()).await {
            match heard {
                Ok(event) if event.kind == EventKind::StatusChanged => {
                    if event.status == ClusterStatus::Deleting.as_str() {
                        self.cancel_making(event.cluster_id);
                    }
                    self.wake.notify_one();
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => self.wake.notify_one(),
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Ends the making or repairing of a cluster that nobody wants any more.
    fn cancel_making(&self, id: ClusterId) {
        if let Some((work, cancel)) = self.active().get(&id)
            && *work != Work::Destroy
        {
            cancel.cancel();
        }
    }

    fn active(&self) -> MutexGuard<'_, HashMap<ClusterId, (Work, CancellationToken)>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn bury_the_dead(&self) {
        if let Err(error) = self.instance.bury_the_dead(self.journal.store()).await {
            tracing::warn!(%error, "the leases of ended servers were not looked at");
        }
    }
}
