//! How news of a cluster gets to whoever watches. Losable, never the truth: that is the rows.

mod memory;

use std::sync::Arc;

use tokio::sync::broadcast;

pub use memory::MemoryBus;

use crate::domain::ClusterEvent;

/// Carries events from those who make them to those who watch, within a process or between replicas.
pub trait Bus: Send + Sync {
    /// Tells an event, after it was kept. Never fails and never waits.
    fn publish(&self, event: ClusterEvent);

    /// All events from now on. A subscriber that is too slow is told so (`Lagged`) and reads the rest from the store.
    fn subscribe(&self) -> broadcast::Receiver<Arc<ClusterEvent>>;
}
