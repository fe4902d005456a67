//! What happens, as fragments that htmx swaps into the pages.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use askama::Template;

use crate::{
    domain::{ClusterEvent, ClusterId, ClusterStatus, EventKind, UserId},
    service::{Clusters, Listed, ServiceError},
    web::view::{Announcement, Card, ClusterView, Details, Gone, Line, List, Log, NewLine, Quota},
};

/// Renders what one browser page shows: the dashboard, or a cluster's page.
pub struct Fragments {
    clusters: Clusters,
    user: UserId,
    cluster: Option<ClusterId>,
    csrf: String,
    /// What the page shows, to send no more than what is new.
    shown: Mutex<HashMap<ClusterId, ClusterStatus>>,
}

impl Fragments {
    /// For a page of `user`: the page of `cluster`, or the dashboard.
    pub fn new(clusters: Clusters, user: UserId, cluster: Option<ClusterId>, csrf: &str) -> Self {
        Self {
            clusters,
            user,
            cluster,
            csrf: csrf.to_owned(),
            shown: Mutex::default(),
        }
    }

    /// The quota and the list of the dashboard.
    ///
    /// # Errors
    /// [`ServiceError`] when the clusters can't be read.
    pub async fn dashboard(&self, oob: bool) -> Result<(String, String), ServiceError> {
        let listed = self.clusters.list(self.user, None).await?;
        *self.shown() = listed
            .iter()
            .map(|listed| (listed.cluster.id, listed.cluster.status))
            .collect();
        let cards = listed
            .iter()
            .map(|listed| self.card(listed, false))
            .collect::<Result<Vec<_>, _>>()?;
        let limit = self.clusters.limits().clusters_per_user;
        Ok((
            render(&Quota {
                used: listed.len(),
                limit,
                oob,
            })?,
            render(&List { cards, oob })?,
        ))
    }

    /// The details and the log of a cluster's page.
    ///
    /// # Errors
    /// [`ServiceError`] when the cluster can't be read.
    pub async fn cluster(
        &self,
        id: ClusterId,
        oob: bool,
    ) -> Result<(String, String), ServiceError> {
        let listed = self.clusters.get(self.user, id).await?;
        let events = self.clusters.events(self.user, id).await?;
        self.shown().insert(id, listed.cluster.status);
        let lines = events
            .iter()
            .map(|event| render(&Line::from(event)))
            .collect::<Result<Vec<_>, _>>()?;
        Ok((self.details(&listed, oob)?, render(&Log { lines, oob })?))
    }

    /// All of the page that changes, as it is now.
    ///
    /// # Errors
    /// [`ServiceError`] when it can't be read.
    pub async fn everything(&self) -> Result<String, ServiceError> {
        let parts = match self.cluster {
            Some(id) => self.cluster(id, true).await,
            None => self.dashboard(true).await,
        };
        parts.map(|(first, second)| first + &second)
    }

    /// What an event changes on the page.
    ///
    /// # Errors
    /// [`ServiceError`] when it can't be read.
    pub async fn of(&self, event: &ClusterEvent) -> Result<Option<String>, ServiceError> {
        match self.cluster {
            None if event.kind == EventKind::Log => Ok(None),
            None => self.on_dashboard(event).await.map(Some),
            Some(id) if id == event.cluster_id => self.on_page(event).await.map(Some),
            Some(_) => Ok(None),
        }
    }

    async fn on_dashboard(&self, event: &ClusterEvent) -> Result<String, ServiceError> {
        let known = self.shown().contains_key(&event.cluster_id);
        if known && event.kind != EventKind::Deleted {
            match self.clusters.get(self.user, event.cluster_id).await {
                Ok(listed) => return Ok(self.card(&listed, true)? + &self.announce(&listed)?),
                // It went meanwhile: the whole list, then.
                Err(ServiceError::NoSuchCluster) => {}
                Err(error) => return Err(error),
            }
        }
        let (quota, list) = self.dashboard(true).await?;
        let gone = match event.kind {
            EventKind::Deleted => render(&Announcement {
                text: format!("{} is gone", event.name),
            })?,
            _ => String::new(),
        };
        Ok(quota + &list + &gone)
    }

    async fn on_page(&self, event: &ClusterEvent) -> Result<String, ServiceError> {
        let line = render(&NewLine {
            line: render(&Line::from(event))?,
        })?;
        if event.kind == EventKind::Log {
            return Ok(line);
        }
        match self.clusters.get(self.user, event.cluster_id).await {
            Ok(listed) => Ok(line + &self.details(&listed, true)? + &self.announce(&listed)?),
            Err(ServiceError::NoSuchCluster) => {
                let gone = render(&Gone {
                    name: &event.name,
                    oob: true,
                })?;
                Ok(line
                    + &gone
                    + &render(&Announcement {
                        text: format!("{} is gone", event.name),
                    })?)
            }
            Err(error) => Err(error),
        }
    }

    fn card(&self, listed: &Listed, oob: bool) -> Result<String, ServiceError> {
        render(&Card {
            cluster: &self.view(listed),
            csrf: &self.csrf,
            oob,
        })
    }

    fn details(&self, listed: &Listed, oob: bool) -> Result<String, ServiceError> {
        render(&Details {
            cluster: &self.view(listed),
            csrf: &self.csrf,
            oob,
        })
    }

    fn view(&self, listed: &Listed) -> ClusterView {
        ClusterView::new(listed, self.clusters.limits().ttl)
    }

    /// Tells another status, and not every step.
    fn announce(&self, listed: &Listed) -> Result<String, ServiceError> {
        let cluster = &listed.cluster;
        if self.shown().insert(cluster.id, cluster.status) == Some(cluster.status) {
            return Ok(String::new());
        }
        render(&Announcement {
            text: format!("{} is {}", cluster.name, cluster.status),
        })
    }

    fn shown(&self) -> std::sync::MutexGuard<'_, HashMap<ClusterId, ClusterStatus>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn render(template: &impl Template) -> Result<String, ServiceError> {
    template.render().map_err(ServiceError::internal)
}
