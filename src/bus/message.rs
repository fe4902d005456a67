//! The message of an event, as it is on the wire everywhere.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::ClusterEvent;

/// An event.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventMessage<'a> {
    /// `cluster.status.changed`, `cluster.log`, `cluster.ttl.extended` or `cluster.deleted`.
    event: &'static str,
    /// Larger is later.
    seq: i64,
    timestamp: DateTime<Utc>,
    payload: Payload<'a>,
}

/// What an event is about.
#[derive(Serialize, ToSchema)]
#[schema(as = EventPayload)]
struct Payload<'a> {
    user_id: String,
    cluster_id: String,
    name: &'a str,
    /// The cluster's status right after it; `DELETED` when it is gone.
    status: &'a str,
    /// The step, the reason, or the line of output.
    message: &'a str,
    expires_at: DateTime<Utc>,
}

impl<'a> From<&'a ClusterEvent> for EventMessage<'a> {
    fn from(event: &'a ClusterEvent) -> Self {
        Self {
            event: event.kind.as_str(),
            seq: event.seq,
            timestamp: event.timestamp,
            payload: Payload {
                user_id: event.user_id.to_string(),
                cluster_id: event.cluster_id.to_string(),
                name: &event.name,
                status: &event.status,
                message: &event.message,
                expires_at: event.expires_at,
            },
        }
    }
}
