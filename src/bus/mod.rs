//! How news of a cluster gets to whoever watches. Losable, never the truth: that is the rows.

mod memory;
mod message;
mod redis;

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::broadcast;

pub use memory::MemoryBus;
pub use message::EventMessage;
pub use redis::{BusError, RedisBus, RedisUrl};

use crate::domain::ClusterEvent;

/// How many events a subscriber may be behind.
const CAPACITY: usize = 4096;

/// Carries events from those who make them to those who watch, within a process or between replicas.
pub trait Bus: Send + Sync {
    /// Tells an event, after it was kept. Never fails and never waits.
    fn publish(&self, event: ClusterEvent);

    /// All events from now on, in the order of their numbers. A subscriber that is too slow is told so
    /// (`Lagged`) and reads the rest from the store.
    fn subscribe(&self) -> broadcast::Receiver<Arc<ClusterEvent>>;

    /// Whether events of other replicas are heard at once.
    fn is_connected(&self) -> bool {
        true
    }
}

/// Where events are kept: what a bus that only says "look" looks at.
#[async_trait]
pub trait Kept: Send + Sync {
    /// The number of the newest event; 0 when there is none.
    async fn newest(&self) -> Result<i64, BusError>;

    /// The events after number `after`, the oldest first, at most `limit`.
    async fn after(&self, after: i64, limit: i64) -> Result<Vec<ClusterEvent>, BusError>;
}
