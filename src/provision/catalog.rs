//! Which providers there are, and which of them work here.

use std::{
    collections::BTreeMap,
    sync::{Arc, RwLock},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::{Availability, Obstacle, Provider};
use crate::domain::{KubernetesVersion, ProviderName};

/// How old an answer about availability may be.
const REFRESH: Duration = Duration::from_secs(10);

/// A provider as people are offered it.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Which one.
    pub name: ProviderName,
    /// Whether it works here.
    pub availability: Availability,
    /// Whether it is taken when none is named.
    pub is_default: bool,
}

impl Offer {
    /// The versions it makes, the newest first; none when it does not work here.
    pub fn versions(&self) -> &[KubernetesVersion] {
        match &self.availability {
            Availability::Available(versions) => versions,
            Availability::Unavailable(_) => &[],
        }
    }

    /// Why it does not work here.
    pub fn obstacle(&self) -> Option<&Obstacle> {
        match &self.availability {
            Availability::Available(_) => None,
            Availability::Unavailable(obstacle) => Some(obstacle),
        }
    }
}

/// The providers of this server.
pub struct Catalog {
    providers: BTreeMap<ProviderName, Arc<dyn Provider>>,
    preferred: Option<ProviderName>,
    known: RwLock<BTreeMap<ProviderName, Availability>>,
}

impl Catalog {
    /// The providers, with the one that the settings prefer; asks each of them whether it works.
    pub async fn new(providers: Vec<Arc<dyn Provider>>, preferred: Option<ProviderName>) -> Self {
        let providers = providers
            .into_iter()
            .map(|provider| (provider.name(), provider))
            .collect();
        let catalog = Self {
            providers,
            preferred,
            known: RwLock::default(),
        };
        catalog.refresh().await;
        catalog
    }

    /// The provider of a cluster, when this server has it.
    pub fn provider(&self, name: ProviderName) -> Option<&Arc<dyn Provider>> {
        self.providers.get(&name)
    }

    /// All providers that this server has.
    pub fn providers(&self) -> impl Iterator<Item = &Arc<dyn Provider>> {
        self.providers.values()
    }

    /// Every engine the lab knows, with what is known of it here.
    pub fn offers(&self) -> Vec<Offer> {
        let default = self.default();
        ProviderName::ALL
            .into_iter()
            .map(|name| Offer {
                name,
                availability: self.availability(name),
                is_default: default == Some(name),
            })
            .collect()
    }

    /// The first that works of: the preferred one, then in the order of [`ProviderName::ALL`].
    pub fn default(&self) -> Option<ProviderName> {
        self.preferred
            .into_iter()
            .chain(ProviderName::ALL)
            .find(|name| matches!(self.availability(*name), Availability::Available(_)))
    }

    /// What is known of a provider.
    pub fn availability(&self, name: ProviderName) -> Availability {
        let known = self
            .known
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        known.get(&name).cloned().unwrap_or_else(|| {
            Availability::Unavailable(Obstacle::new(
                format!("this lab was built without {name}"),
                "",
            ))
        })
    }

    /// Asks the providers again and again, until cancelled.
    pub async fn keep_fresh(&self, stop: CancellationToken) {
        while stop
            .run_until_cancelled(tokio::time::sleep(REFRESH))
            .await
            .is_some()
        {
            self.refresh().await;
        }
    }

    async fn refresh(&self) {
        let asked = self
            .providers
            .iter()
            .map(|(name, provider)| async { (*name, provider.availability().await) });
        let answers = futures_util::future::join_all(asked).await;
        let mut known = self
            .known
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        known.extend(answers);
    }
}
