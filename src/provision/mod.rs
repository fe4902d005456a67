//! The contract between the lab and the engines that make clusters.
//!
//! Every operation is idempotent: whatever was killed between two of its lines goes on from either
//! when it is called again.

mod addons;
mod catalog;
mod containers;
mod engine;
mod files;
mod images;
mod inside;
mod kwok;
mod ports;
mod progress;
mod ready;
mod run;
mod tools;
mod vcluster;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

pub use addons::{Addon, AddonSettings, Addons};
pub use catalog::{Catalog, Offer};
pub use containers::{ContainerSettings, k3d, kind};
pub use images::NodeImage;
pub use inside::{Inside, Inspector, Part};
pub use kwok::{Kwok, KwokSettings};
pub use ports::free_ports;
pub use progress::{Progress, ProgressItem};
pub use vcluster::{Vcluster, VclusterPlan, VclusterSettings};

use std::fmt;

use chrono::{DateTime, Utc};

use crate::{
    domain::{Kubeconfig, KubernetesVersion, NodeCount, NodeSize, ProviderName, ProviderRef},
    exec::ExecError,
};

/// What a provider is asked to make.
#[derive(Debug, Clone)]
pub struct ClusterSpec {
    /// The provider's name for it.
    pub provider_ref: ProviderRef,
    /// One of the versions that the provider offers.
    pub kubernetes_version: KubernetesVersion,
    /// How many nodes.
    pub nodes: NodeCount,
    /// How large each is, where the provider can say.
    pub node_size: NodeSize,
    /// When its time is over.
    pub expires_at: DateTime<Utc>,
    /// As many ports on this host as [`Provider::ports_needed`] says, reserved for this cluster alone.
    pub ports: Vec<u16>,
    /// It was ready once: what its owner put into it is to be kept.
    pub has_data: bool,
}

/// Whether a provider works here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Availability {
    /// It does, with these versions, the newest first.
    Available(Vec<KubernetesVersion>),
    /// It does not.
    Unavailable(Obstacle),
}

/// Why a provider does not work here, in words that a user can act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// What is in the way.
    pub reason: String,
    /// What to do about it.
    pub mend: String,
}

impl Obstacle {
    /// Says both.
    pub fn new(reason: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            mend: mend.into(),
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        if !self.mend.is_empty() {
            write!(f, ": {}", self.mend)?;
        }
        Ok(())
    }
}

/// How a cluster's API server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// `/readyz` says ok.
    Ready,
    /// It does not, or nothing answers: why.
    Down(String),
}

/// Why a provider could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// The tool failed; its own last words are in it.
    #[error(transparent)]
    Tool(#[from] ExecError),
    /// A reserved port is in use by something else: other ports would do.
    #[error("port {0} is in use by another program")]
    PortTaken(u16),
    /// The tool said that it was done, and it was not so.
    #[error("{0}")]
    Broken(String),
    /// A file of the provider's state could not be written or read.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// Nobody wants the result any more.
    #[error("cancelled")]
    Cancelled,
}

/// An engine that makes clusters.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Which one it is.
    fn name(&self) -> ProviderName;

    /// How many ports on this host a cluster wants.
    fn ports_needed(&self) -> usize {
        0
    }

    /// Whether it works here; quick enough to be asked every few seconds.
    async fn availability(&self) -> Availability;

    /// Makes the cluster, or adopts what exists of it, and answers when its API server is ready.
    /// Each step is told through `progress`; a cancelled token ends it soon, with [`ProvisionError::Cancelled`].
    async fn ensure(
        &self,
        spec: &ClusterSpec,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<Kubeconfig, ProvisionError>;

    /// Asks the cluster's API server, within a few seconds. A provider that keeps the end of the cluster's
    /// time beside it brings that up to date.
    async fn health(&self, spec: &ClusterSpec) -> Health;

    /// Brings a cluster that was ready and is down up again, with its data.
    async fn repair(
        &self,
        spec: &ClusterSpec,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<(), ProvisionError>;

    /// Removes the cluster and everything of it; succeeds when nothing is there.
    async fn destroy(
        &self,
        provider_ref: &ProviderRef,
        progress: &Progress,
    ) -> Result<(), ProvisionError>;

    /// All clusters of this installation that exist in any part, however broken.
    async fn list_owned(&self) -> Result<Vec<ProviderRef>, ProvisionError>;
}
