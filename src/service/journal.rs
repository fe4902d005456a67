//! Changes are kept first and told then, in the order of their numbers.

use std::{future::Future, sync::Arc};

use async_trait::async_trait;
use tokio::sync::Mutex;

use crate::{
    bus::{Bus, BusError, Kept},
    domain::ClusterEvent,
    store::{Requested, Store, StoreError},
};

/// The result of a change, with the events that tell of it.
pub trait Told {
    /// The events, in their order.
    fn events(&self) -> &[ClusterEvent];
}

impl Told for Option<ClusterEvent> {
    fn events(&self) -> &[ClusterEvent] {
        self.as_slice()
    }
}

impl Told for Vec<ClusterEvent> {
    fn events(&self) -> &[ClusterEvent] {
        self
    }
}

impl Told for Requested {
    fn events(&self) -> &[ClusterEvent] {
        match self {
            Self::Accepted(_, event) => std::slice::from_ref(event),
            _ => &[],
        }
    }
}

#[async_trait]
impl Kept for Store {
    async fn newest(&self) -> Result<i64, BusError> {
        self.newest_seq()
            .await
            .map_err(|error| BusError::Kept(error.into()))
    }

    async fn after(&self, after: i64, limit: i64) -> Result<Vec<ClusterEvent>, BusError> {
        self.all_events_after(after, limit)
            .await
            .map_err(|error| BusError::Kept(error.into()))
    }
}

/// The store and the bus as one: whoever changes a cluster goes through here.
#[derive(Clone)]
pub struct Journal {
    store: Store,
    bus: Arc<dyn Bus>,
    /// Held from the change to its telling, so that watchers get events in the order of their numbers.
    turn: Arc<Mutex<()>>,
}

impl Journal {
    /// Joins the two.
    pub fn new(store: Store, bus: Arc<dyn Bus>) -> Self {
        Self {
            store,
            bus,
            turn: Arc::default(),
        }
    }

    /// The store, for reading.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The bus, for listening.
    pub fn bus(&self) -> &dyn Bus {
        &*self.bus
    }

    /// Makes a change and tells it. Goes on to its end even when its caller goes away, as a request does
    /// whose client hangs up: what was kept is told.
    ///
    /// # Errors
    /// Those of the change.
    pub async fn record<T, F, Fut>(&self, change: F) -> Result<T, StoreError>
    where
        T: Told + Send + 'static,
        F: FnOnce(Store) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, StoreError>> + Send,
    {
        let journal = self.clone();
        tokio::spawn(async move {
            let _turn = journal.turn.lock().await;
            let done = change(journal.store.clone()).await?;
            for event in done.events() {
                journal.bus.publish(event.clone());
            }
            Ok(done)
        })
        .await
        .map_err(|error| StoreError::Unavailable(format!("the change was abandoned: {error}")))?
    }
}
