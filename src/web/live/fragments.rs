//! What happens, as fragments that htmx swaps into the pages.

use crate::{
    domain::{ClusterEvent, ClusterId, UserId},
    service::{Clusters, ServiceError},
};

/// Renders what one browser page shows.
pub struct Fragments {
    clusters: Clusters,
    user: UserId,
    /// The cluster whose page it is; `None` is the dashboard.
    cluster: Option<ClusterId>,
}

impl Fragments {
    /// For a page of `user`.
    pub fn new(clusters: Clusters, user: UserId, cluster: Option<ClusterId>) -> Self {
        Self { clusters, user, cluster }
    }

    /// All of the page that changes, as it is now.
    pub async fn everything(&self) -> Result<String, ServiceError> {
        let _ = (&self.clusters, self.user, self.cluster);
        Ok(String::new())
    }

    /// What an event changes on the page.
    pub async fn of(&self, _event: &ClusterEvent) -> Option<String> {
        None
    }
}
