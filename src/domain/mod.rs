//! What the lab speaks of: clusters, users, events, and the rules that they carry.
//!
//! No I/O happens here and nothing of the project is imported: every other room knows
//! this one, and this one knows nobody.

mod cluster;
mod event;
mod kubeconfig;
mod provider;
mod status;
mod ttl;
mod user;

pub use cluster::{
    AddonName, Cluster, ClusterId, ClusterName, KubernetesVersion, NodeCount, NodeSize,
};
pub use event::{ClusterEvent, EventKind};
pub use kubeconfig::{Kubeconfig, KubeconfigError};
pub use provider::{ProviderName, ProviderRef};
pub use status::{ClusterStatus, IllegalMove, Move};
pub use ttl::{Ttl, TtlLimits};
pub use user::{Email, Password, Role, TokenName, User, UserId};

/// A value that a person gave and that the domain refuses, in words that this person can act on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Invalid {
    /// The field as the API names it.
    pub field: &'static str,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl Invalid {
    /// A refusal of `field`.
    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self {
            field,
            message: message.into(),
        }
    }
}
