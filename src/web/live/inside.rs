//! What is inside a cluster, as it changes: looked at by the server while a page of it is open.

use std::time::Duration;

use askama::Template;
use tokio::{sync::watch, time::sleep};

use crate::{
    domain::{ClusterId, ClusterStatus, UserId},
    provision::Inspector,
    service::{Clusters, ServiceError},
    web::view::InsidePart,
};

/// How often is looked.
const EVERY: Duration = Duration::from_secs(2);

/// Looks into a cluster of `user`, again and again until nobody wants to know; the part of the page.
pub fn follow(clusters: Clusters, user: UserId, id: ClusterId) -> watch::Receiver<String> {
    let (sender, receiver) = watch::channel(String::new());
    tokio::spawn(async move {
        let mut inspector = None;
        loop {
            let part = look(&clusters, user, id, &mut inspector, true).await;
            sender.send_if_modified(|last| {
                let changed = *last != part;
                *last = part;
                changed
            });
            tokio::select! {
                () = sender.closed() => return,
                () = sleep(EVERY) => {}
            }
        }
    });
    receiver
}

/// The part of the page as it is now.
pub async fn once(clusters: &Clusters, user: UserId, id: ClusterId) -> String {
    look(clusters, user, id, &mut None, false).await
}

async fn look(
    clusters: &Clusters,
    user: UserId,
    id: ClusterId,
    inspector: &mut Option<Inspector>,
    oob: bool,
) -> String {
    let part = match clusters.get(user, id).await {
        Ok(listed) if listed.cluster.status == ClusterStatus::Running => {
            let seen = see(clusters, user, id, inspector).await;
            if seen.is_err() {
                *inspector = None;
            }
            InsidePart {
                running: true,
                inside: seen.ok(),
                oob,
            }
        }
        _ => InsidePart {
            running: false,
            inside: None,
            oob,
        },
    };
    part.render().unwrap_or_default()
}

async fn see(
    clusters: &Clusters,
    user: UserId,
    id: ClusterId,
    inspector: &mut Option<Inspector>,
) -> Result<crate::provision::Inside, ServiceError> {
    if inspector.is_none() {
        *inspector = Some(clusters.inspector(user, id).await?);
    }
    match inspector {
        Some(inspector) => inspector.look().await.map_err(ServiceError::internal),
        None => Err(ServiceError::NoSuchCluster),
    }
}
