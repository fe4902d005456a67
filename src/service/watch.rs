//! Watching clusters: what was missed, then what happens, without a gap and in order.

use std::{collections::VecDeque, sync::Arc};

use tokio::sync::broadcast::{self, error::RecvError};

use super::{Journal, ServiceError};
use crate::domain::{ClusterEvent, ClusterId, UserId};

/// How many kept events are read at once.
const PAGE: i64 = 500;

/// Why a watch ends.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The watcher was too slow: it is to come again and begin where it was.
    #[error("the watcher was too slow")]
    Overflow,
    /// What was missed can't be read.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// A user's view of what happens to their clusters, or to one of them.
pub struct Watch {
    journal: Journal,
    user: UserId,
    cluster: Option<ClusterId>,
    missed: VecDeque<ClusterEvent>,
    replaying: bool,
    live: broadcast::Receiver<Arc<ClusterEvent>>,
    last: i64,
}

impl Watch {
    /// Watches from the event after number `after` on; from now on when it is `None`.
    ///
    /// # Errors
    /// [`ServiceError`] when the database can't say where now is.
    pub async fn begin(
        journal: &Journal,
        user: UserId,
        cluster: Option<ClusterId>,
        after: Option<i64>,
    ) -> Result<Self, ServiceError> {
        // Listening begins first: what happens between the two is heard twice rather than never.
        let live = journal.bus().subscribe();
        let last = match after {
            Some(after) => after,
            None => journal.store().last_seq(user).await?,
        };
        let replaying = after.is_some();
        Ok(Self {
            journal: journal.clone(),
            user,
            cluster,
            missed: VecDeque::new(),
            replaying,
            live,
            last,
        })
    }

    /// The next event; `None` when the bus has ended. Dropping the future loses no event.
    ///
    /// # Errors
    /// [`WatchError`] when this watcher can't get them all.
    pub async fn next(&mut self) -> Result<Option<Arc<ClusterEvent>>, WatchError> {
        if self.missed.is_empty() && self.replaying {
            let store = self.journal.store();
            let page = store
                .events_after(self.user, self.cluster, self.last, PAGE)
                .await;
            let page = page.map_err(ServiceError::from)?;
            self.replaying = !page.is_empty();
            self.last = page.last().map_or(self.last, |newest| newest.seq);
            self.missed = page.into();
        }
        if let Some(event) = self.missed.pop_front() {
            return Ok(Some(Arc::new(event)));
        }
        loop {
            match self.live.recv().await {
                Ok(event) if event.seq > self.last && self.concerns(&event) => {
                    return Ok(Some(event));
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return Err(WatchError::Overflow),
                Err(RecvError::Closed) => return Ok(None),
            }
        }
    }

    fn concerns(&self, event: &ClusterEvent) -> bool {
        event.user_id == self.user
            && self
                .cluster
                .is_none_or(|cluster| cluster == event.cluster_id)
    }
}
