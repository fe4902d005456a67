//! What the handlers have at hand.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use url::Url;

use super::throttle::Throttle;
use crate::{
    bus::Bus,
    metrics::Metrics,
    service::{Accounts, Administration, Clusters},
    store::Store,
};

/// What the handlers have at hand.
#[derive(Clone)]
pub struct State {
    /// Who may use the lab.
    pub accounts: Accounts,
    /// What they have.
    pub clusters: Clusters,
    /// What administrators may do.
    pub administration: Administration,
    /// For the readiness check alone: everything else goes through the services.
    pub store: Store,
    /// For the readiness check alone, too.
    pub bus: Arc<dyn Bus>,
    /// What is counted.
    pub metrics: Metrics,
    /// Login and registration attempts.
    pub throttle: Throttle,
    /// Address that people use, when it is set.
    pub public_url: Option<Url>,
    /// Cancelled when the server stops: live connections end then.
    pub stop: CancellationToken,
}

impl State {
    /// Whether people come over TLS, as far as the settings say.
    pub fn behind_tls(&self) -> bool {
        self.public_url
            .as_ref()
            .is_some_and(|url| url.scheme() == "https")
    }
}
