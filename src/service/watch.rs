//! Watching clusters: what was missed, then what happens, without a gap and in order.

use std::{collections::VecDeque, sync::Arc};

use tokio::sync::broadcast::{self, error::RecvError};

use super::{Journal, ServiceError};
use crate::domain::{ClusterEvent, ClusterId, UserId};

/// How many kept events are read at once.
const PAGE: i64 = 500;

/// The watcher was too slow: it is to come again and begin where it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the watcher was too slow")]
pub struct Overflow;

/// A user's view of what happens to their clusters, or to one of them.
pub struct Watch {
    user: UserId,
    cluster: Option<ClusterId>,
    missed: VecDeque<ClusterEvent>,
    live: broadcast::Receiver<Arc<ClusterEvent>>,
    last: i64,
}

impl Watch {
    /// Watches from now on.
    ///
    /// # Errors
    /// [`ServiceError`] when the database can't say where now is.
    pub async fn from_now(journal: &Journal, user: UserId, cluster: Option<ClusterId>) -> Result<Self, ServiceError> {
        // Listening begins first: what happens between the two is heard twice rather than never.
        let live = journal.bus().subscribe();
        let last = journal.store().last_seq(user).await?;
        Ok(Self { user, cluster, missed: VecDeque::new(), live, last })
    }

    /// Watches from the event after number `after` on.
    ///
    /// # Errors
    /// [`ServiceError`] when the database can't say what was missed.
    pub async fn after(
        journal: &Journal,
        user: UserId,
        cluster: Option<ClusterId>,
        after: i64,
    ) -> Result<Self, ServiceError> {
        let live = journal.bus().subscribe();
        let (mut missed, mut last) = (VecDeque::new(), after);
        loop {
            let page = journal.store().events_after(user, cluster, last, PAGE).await?;
            let Some(newest) = page.last() else { break };
            last = newest.seq;
            missed.extend(page);
        }
        Ok(Self { user, cluster, missed, live, last })
    }

    /// The next event; `None` when the bus has ended.
    ///
    /// # Errors
    /// [`Overflow`] when this watcher was too slow to get them all.
    pub async fn next(&mut self) -> Result<Option<Arc<ClusterEvent>>, Overflow> {
        if let Some(event) = self.missed.pop_front() {
            return Ok(Some(Arc::new(event)));
        }
        loop {
            match self.live.recv().await {
                Ok(event) if event.seq > self.last && self.concerns(&event) => return Ok(Some(event)),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return Err(Overflow),
                Err(RecvError::Closed) => return Ok(None),
            }
        }
    }

    fn concerns(&self, event: &ClusterEvent) -> bool {
        event.user_id == self.user && self.cluster.is_none_or(|cluster| cluster == event.cluster_id)
    }
}
