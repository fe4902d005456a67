//! The bus of a single process.

use std::sync::Arc;

use tokio::sync::broadcast;

use super::{Bus, CAPACITY};
use crate::domain::ClusterEvent;

/// The bus of a single process.
pub struct MemoryBus(broadcast::Sender<Arc<ClusterEvent>>);

impl Default for MemoryBus {
    fn default() -> Self {
        Self(broadcast::Sender::new(CAPACITY))
    }
}

impl Bus for MemoryBus {
    fn publish(&self, event: ClusterEvent) {
        // Nobody watching is no failure.
        let _ = self.0.send(Arc::new(event));
    }

    fn subscribe(&self) -> broadcast::Receiver<Arc<ClusterEvent>> {
        self.0.subscribe()
    }
}
