//! A cluster's life as one table of moves.

use std::{fmt, str::FromStr};

use super::Invalid;

/// Where a cluster is in its life. A cluster that is gone has no status: its row carries `deleted_at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClusterStatus {
    /// Asked for, waiting for its turn or being made.
    Provisioning,
    /// Up, and kept up.
    Running,
    /// To be removed, or being removed.
    Deleting,
    /// Given up after the last try; its owner may retry or delete it.
    Error,
}

/// What can happen to a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Move {
    /// The provider has made it.
    Ready,
    /// The last try failed: of making, repairing or removing it.
    Fail,
    /// Its owner, or its expiry, wants it gone.
    Release,
    /// Its owner wants another try at making it.
    Retry,
    /// The provider has removed it.
    Gone,
}

/// A move that the status does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cluster that is {from} cannot take the move {by:?}")]
pub struct IllegalMove {
    /// The status it has.
    pub from: ClusterStatus,
    /// The move that was tried.
    pub by: Move,
}

/// The whole state machine: from, by, to. `None` is gone.
const MOVES: &[(ClusterStatus, Move, Option<ClusterStatus>)] = {
    use ClusterStatus::{Deleting, Error, Provisioning, Running};
    &[
        (Provisioning, Move::Ready, Some(Running)),
        (Provisioning, Move::Fail, Some(Error)),
        (Provisioning, Move::Release, Some(Deleting)),
        (Running, Move::Fail, Some(Error)),
        (Running, Move::Release, Some(Deleting)),
        (Error, Move::Retry, Some(Provisioning)),
        (Error, Move::Release, Some(Deleting)),
        (Deleting, Move::Fail, Some(Error)),
        (Deleting, Move::Gone, None),
    ]
};

impl ClusterStatus {
    /// Every status, in the order of a cluster's life.
    pub const ALL: [Self; 4] = [
        Self::Provisioning,
        Self::Running,
        Self::Deleting,
        Self::Error,
    ];

    /// The status after `by`; `None` means that the cluster is gone.
    ///
    /// # Errors
    /// [`IllegalMove`] when the table has no such move.
    pub fn after(self, by: Move) -> Result<Option<Self>, IllegalMove> {
        MOVES
            .iter()
            .find(|(from, with, _)| *from == self && *with == by)
            .map(|(_, _, to)| *to)
            .ok_or(IllegalMove { from: self, by })
    }

    /// The statuses from which `by` is allowed: what a conditional UPDATE asks for.
    pub fn allowing(by: Move) -> impl Iterator<Item = Self> {
        MOVES
            .iter()
            .filter(move |(_, with, _)| *with == by)
            .map(|(from, _, _)| *from)
    }

    /// The word used in the database, the API and the pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Running => "RUNNING",
            Self::Deleting => "DELETING",
            Self::Error => "ERROR",
        }
    }
}

impl fmt::Display for ClusterStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ClusterStatus {
    type Err = Invalid;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str().eq_ignore_ascii_case(s))
            .ok_or_else(|| {
                Invalid::new(
                    "status",
                    "must be one of PROVISIONING, RUNNING, DELETING and ERROR",
                )
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_moves_is_the_one_of_the_design() {
        use ClusterStatus::{Deleting, Error, Provisioning, Running};
        let expected = |from, by| match (from, by) {
            (Provisioning, Move::Ready) => Some(Some(Running)),
            (Provisioning | Running | Deleting, Move::Fail) => Some(Some(Error)),
            (Provisioning | Running | Error, Move::Release) => Some(Some(Deleting)),
            (Error, Move::Retry) => Some(Some(Provisioning)),
            (Deleting, Move::Gone) => Some(None),
            _ => None,
        };
        for from in ClusterStatus::ALL {
            for by in [
                Move::Ready,
                Move::Fail,
                Move::Release,
                Move::Retry,
                Move::Gone,
            ] {
                assert_eq!(from.after(by).ok(), expected(from, by), "{from} by {by:?}");
            }
        }
    }

    #[test]
    fn a_status_reads_back_as_it_is_written() {
        for status in ClusterStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        assert!("GONE".parse::<ClusterStatus>().is_err());
    }
}
