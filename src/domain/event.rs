//! What is told about a cluster: every change is an event, numbered, kept, and sent to whoever watches.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};

use super::{ClusterId, Invalid, UserId};

/// The kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// The status, or the step within it, is another.
    StatusChanged,
    /// A line of the provider's output.
    Log,
    /// Its life was extended.
    TtlExtended,
    /// It is gone.
    Deleted,
}

impl EventKind {
    const ALL: [Self; 4] = [
        Self::StatusChanged,
        Self::Log,
        Self::TtlExtended,
        Self::Deleted,
    ];

    /// The event's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StatusChanged => "cluster.status.changed",
            Self::Log => "cluster.log",
            Self::TtlExtended => "cluster.ttl.extended",
            Self::Deleted => "cluster.deleted",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EventKind {
    type Err = Invalid;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == s)
            .ok_or_else(|| Invalid::new("event", format!("unknown event {s:?}")))
    }
}

/// One event, as it was kept.
#[derive(Debug, Clone)]
pub struct ClusterEvent {
    /// Its number: larger is later.
    pub seq: i64,
    /// What kind of event it is.
    pub kind: EventKind,
    /// When it happened.
    pub timestamp: DateTime<Utc>,
    /// Whose cluster it is about.
    pub user_id: UserId,
    /// Which cluster it is about.
    pub cluster_id: ClusterId,
    /// That cluster's name.
    pub name: String,
    /// The status right after it, a word of [`super::ClusterStatus`] or `DELETED`.
    pub status: String,
    /// The step, the reason, or the line of output.
    pub message: String,
    /// When the cluster ends, as of this event.
    pub expires_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_reads_back_as_it_is_written() {
        for kind in EventKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
    }
}
