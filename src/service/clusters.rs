//! Clusters: a request only records what is wanted; the reconciler makes it so.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{Journal, KubeconfigCipher, ServiceError, Watch};
use crate::{
    domain::{
        AddonName, Cluster, ClusterEvent, ClusterId, ClusterName, ClusterStatus, Invalid,
        Kubeconfig, KubernetesVersion, NodeCount, NodeSize, ProviderName, TtlLimits, User, UserId,
    },
    provision::{Addons, Catalog, Inspector, Offer},
    store::{NewCluster, Requested},
};

/// How many events a cluster is shown with.
const LATEST: i64 = 500;
/// The longest `Idempotency-Key`.
const MAX_KEY: usize = 255;

/// What an installation allows its users.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Live clusters of one user.
    pub clusters_per_user: u32,
    /// A cluster's life.
    pub ttl: TtlLimits,
}

/// A cluster as somebody asks for it, not yet checked.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Its name.
    pub name: String,
    /// Its life in hours; one when not given.
    pub ttl_hours: Option<i64>,
    /// The engine; the default one when not given.
    pub provider: Option<String>,
    /// The version; the provider's newest when not given.
    pub kubernetes_version: Option<String>,
    /// How many nodes; one when not given.
    pub nodes: Option<i64>,
    /// How large each is; medium when not given.
    pub node_size: Option<String>,
    /// What is installed into it when it is up.
    pub addons: Vec<String>,
    /// Makes the request repeatable.
    pub idempotency_key: Option<String>,
}

/// A cluster with its place in the queue, while it waits there.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The cluster.
    pub cluster: Cluster,
    /// 1 for the next one.
    pub queue_position: Option<u32>,
    /// How many seconds its like usually take to be made, while it is being made and that is known.
    pub usual_seconds: Option<i64>,
}

/// What is known of those that are not made yet.
#[derive(Default)]
struct Making {
    /// Those that wait, with their hosts, the next one first.
    waiting: Vec<(ClusterId, Option<String>)>,
    /// How long each provider usually takes, in milliseconds.
    usual: Vec<(String, i64)>,
}

/// Use cases of clusters.
#[derive(Clone)]
pub struct Clusters {
    journal: Journal,
    catalog: Arc<Catalog>,
    addons: Arc<Addons>,
    cipher: KubeconfigCipher,
    limits: Limits,
    host: Arc<str>,
    public_host: Option<Arc<str>>,
}

impl Clusters {
    /// Wires the use cases; new clusters that live on a host live on `host`, which people reach as `public_host`.
    pub fn new(
        journal: Journal,
        (catalog, addons): (Arc<Catalog>, Arc<Addons>),
        cipher: KubeconfigCipher,
        limits: Limits,
        host: &str,
        public_host: Option<&str>,
    ) -> Self {
        Self {
            journal,
            catalog,
            addons,
            cipher,
            limits,
            host: host.into(),
            public_host: public_host.map(Into::into),
        }
    }

    /// What can be installed into new clusters.
    pub fn addons(&self) -> &Addons {
        &self.addons
    }

    /// What the installation allows.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The engines, and which of them work here.
    pub fn offers(&self) -> Vec<Offer> {
        self.catalog.offers()
    }

    /// Records that a cluster is wanted.
    ///
    /// # Errors
    /// Values that are not acceptable, a name in use, a quota that is used up, a key that was used otherwise.
    pub async fn request(&self, user: &User, wish: Wish) -> Result<Listed, ServiceError> {
        let new = self.check(user, wish)?;
        let quota = new.quota;
        match self
            .journal
            .record(|store| async move { store.request_cluster(new).await })
            .await?
        {
            Requested::Accepted(cluster, _) | Requested::Repeated(cluster) => {
                self.listed(cluster).await
            }
            Requested::KeyReused => Err(ServiceError::KeyReused),
            Requested::NameTaken => Err(ServiceError::NameTaken),
            Requested::OverQuota => Err(ServiceError::OverQuota(quota)),
        }
    }

    /// A user's clusters, the newest first.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`].
    pub async fn list(
        &self,
        user: UserId,
        status: Option<ClusterStatus>,
    ) -> Result<Vec<Listed>, ServiceError> {
        let clusters = self.journal.store().clusters_of(user, status).await?;
        let making = self.making_if_any(&clusters).await?;
        Ok(clusters
            .into_iter()
            .map(|cluster| place(cluster, &making))
            .collect())
    }

    /// One of a user's clusters.
    ///
    /// # Errors
    /// [`ServiceError::NoSuchCluster`].
    pub async fn get(&self, user: UserId, id: ClusterId) -> Result<Listed, ServiceError> {
        let cluster = self.own(user, id).await?;
        self.listed(cluster).await
    }

    /// What happened to a cluster, the oldest first.
    ///
    /// # Errors
    /// [`ServiceError::NoSuchCluster`].
    pub async fn events(
        &self,
        user: UserId,
        id: ClusterId,
    ) -> Result<Vec<ClusterEvent>, ServiceError> {
        self.own(user, id).await?;
        Ok(self.journal.store().latest_events(id, LATEST).await?)
    }

    /// Watches all of a user's clusters, or one, from the event after `after`, or from now on.
    ///
    /// # Errors
    /// [`ServiceError::NoSuchCluster`] for a cluster that is not theirs.
    pub async fn watch(
        &self,
        user: UserId,
        cluster: Option<ClusterId>,
        after: Option<i64>,
    ) -> Result<Watch, ServiceError> {
        if let Some(id) = cluster {
            self.own(user, id).await?;
        }
        Watch::begin(&self.journal, user, cluster, after).await
    }

    /// Asks for a cluster's removal; asking again changes nothing.
    ///
    /// # Errors
    /// [`ServiceError::NoSuchCluster`].
    pub async fn release(&self, user: UserId, id: ClusterId) -> Result<Listed, ServiceError> {
        let mut cluster = self.own(user, id).await?;
        self.journal
            .record(
                move |store| async move { store.release_cluster(id, "Deletion requested").await },
            )
            .await?;
        match self.get(user, id).await {
            // So quick: it was there, and was to go.
            Err(ServiceError::NoSuchCluster) => {
                cluster.status = ClusterStatus::Deleting;
                Ok(Listed {
                    cluster,
                    queue_position: None,
                    usual_seconds: None,
                })
            }
            answer => answer,
        }
    }

    /// Prolongs a cluster's life by `hours`.
    ///
    /// # Errors
    /// [`ServiceError::NoSuchCluster`], more than the limit allows, or a cluster that is going.
    pub async fn extend(
        &self,
        user: UserId,
        id: ClusterId,
        hours: i64,
    ) -> Result<Listed, ServiceError> {
        loop {
            let cluster = self.own(user, id).await?;
            if cluster.status == ClusterStatus::Deleting {
                return Err(ServiceError::WrongState(
                    "the cluster is being deleted: it can't be extended".into(),
                ));
            }
            let longer = self.limits.ttl.extend(cluster.ttl, hours)?;
            let from = cluster.ttl;
            let extended = self
                .journal
                .record(
                    move |store| async move { store.extend_cluster(&cluster, from, longer).await },
                )
                .await?;
            if extended.is_some() {
                return self.get(user, id).await;
            }
        }
    }

    /// Has a cluster in `ERROR` tried again.
    ///
    /// # Errors
    /// [`ServiceError::NoSuchCluster`], or a cluster that is not in `ERROR`.
    pub async fn retry(&self, user: UserId, id: ClusterId) -> Result<Listed, ServiceError> {
        let cluster = self.own(user, id).await?;
        match self
            .journal
            .record(move |store| async move { store.retry_cluster(id).await })
            .await?
        {
            Some(_) => self.get(user, id).await,
            None => Err(ServiceError::WrongState(format!(
                "only a cluster in ERROR can be retried: this one is {}",
                cluster.status
            ))),
        }
    }

    /// The kubeconfig of a RUNNING cluster, as it is handed out, with the cluster's name.
    ///
    /// # Errors
    /// [`ServiceError::NoSuchCluster`], or a cluster that is not RUNNING.
    pub async fn kubeconfig(
        &self,
        user: UserId,
        id: ClusterId,
    ) -> Result<(ClusterName, String), ServiceError> {
        let (cluster, kubeconfig) = self.opened(user, id).await?;
        // Its API server listens on the host's every address then.
        let host = self
            .public_host
            .as_deref()
            .filter(|_| cluster.provider.makes_containers());
        let rendered = kubeconfig
            .render(&cluster.name, host)
            .map_err(ServiceError::internal)?;
        Ok((cluster.name, rendered))
    }

    /// Encrypts anew what is under the previous key, so that it can be forgotten.
    ///
    /// # Errors
    /// A kubeconfig that neither key opens: nothing is changed then.
    pub async fn renew_encryption(&self) -> Result<(), ServiceError> {
        let store = self.journal.store();
        for (id, sealed) in store.sealed_kubeconfigs().await? {
            if self.cipher.is_current(&sealed) {
                continue;
            }
            let text = self
                .cipher
                .open(id, &sealed)
                .map_err(|why| ServiceError::internal(format!("the kubeconfig of {id}: {why}")))?;
            let again = self
                .cipher
                .seal(id, &text)
                .map_err(ServiceError::internal)?;
            store.replace_sealed(id, sealed, again).await?;
            tracing::info!(cluster = %id, "encrypted a kubeconfig under the new key");
        }
        Ok(())
    }

    /// Looks into a cluster that is RUNNING.
    ///
    /// # Errors
    /// [`ServiceError::NoSuchCluster`], [`ServiceError::WrongState`].
    pub async fn inspector(&self, user: UserId, id: ClusterId) -> Result<Inspector, ServiceError> {
        let (_, kubeconfig) = self.opened(user, id).await?;
        Inspector::new(&kubeconfig)
            .await
            .map_err(ServiceError::internal)
    }

    /// A cluster that is RUNNING, and its kubeconfig as the provider made it.
    async fn opened(
        &self,
        user: UserId,
        id: ClusterId,
    ) -> Result<(Cluster, Kubeconfig), ServiceError> {
        let cluster = self.own(user, id).await?;
        if cluster.status != ClusterStatus::Running {
            return Err(ServiceError::WrongState(format!(
                "the kubeconfig is there when the cluster is RUNNING: it is {}",
                cluster.status
            )));
        }
        let sealed = self
            .journal
            .store()
            .sealed_kubeconfig(id)
            .await?
            .ok_or(ServiceError::NoSuchCluster)?;
        let text = self
            .cipher
            .open(id, &sealed)
            .map_err(ServiceError::internal)?;
        let kubeconfig = Kubeconfig::parse(text).map_err(ServiceError::internal)?;
        Ok((cluster, kubeconfig))
    }

    async fn own(&self, user: UserId, id: ClusterId) -> Result<Cluster, ServiceError> {
        self.journal
            .store()
            .cluster_of(user, id)
            .await?
            .ok_or(ServiceError::NoSuchCluster)
    }

    async fn listed(&self, cluster: Cluster) -> Result<Listed, ServiceError> {
        let making = self.making_if_any(std::slice::from_ref(&cluster)).await?;
        Ok(place(cluster, &making))
    }

    /// The queue and the usual times, asked for only when one of `clusters` is not made yet.
    async fn making_if_any(&self, clusters: &[Cluster]) -> Result<Making, ServiceError> {
        if clusters
            .iter()
            .any(|cluster| cluster.status == ClusterStatus::Provisioning)
        {
            let store = self.journal.store();
            Ok(Making {
                waiting: store.waiting().await?,
                usual: store.usual_times().await?,
            })
        } else {
            Ok(Making::default())
        }
    }

    fn check(&self, user: &User, wish: Wish) -> Result<NewCluster, ServiceError> {
        let mut invalid = Vec::new();
        let digest = digest(&wish);
        let name = keep(wish.name.parse::<ClusterName>(), &mut invalid);
        let ttl = keep(
            self.limits.ttl.ttl(wish.ttl_hours.unwrap_or(1)),
            &mut invalid,
        );
        let nodes = keep(NodeCount::new(wish.nodes.unwrap_or(1)), &mut invalid);
        let version = wish
            .kubernetes_version
            .as_deref()
            .map(str::parse::<KubernetesVersion>)
            .transpose();
        let version = keep(version, &mut invalid);
        let idempotency = keep(idempotency(wish.idempotency_key, digest), &mut invalid);
        let offer = keep(self.offer(wish.provider.as_deref()), &mut invalid);
        let version = match (&offer, version) {
            (Some(offer), Some(version)) => keep(choose_version(offer, version), &mut invalid),
            _ => None,
        };
        let node_size = wish
            .node_size
            .as_deref()
            .map_or(Ok(NodeSize::default()), str::parse);
        let node_size = keep(node_size, &mut invalid);
        if let (Some(offer), Some(size)) = (&offer, node_size)
            && size != NodeSize::default()
            && !offer.name.sizes_nodes()
        {
            let message = format!(
                "can't be chosen for {}: its nodes are as large as their host",
                offer.name
            );
            invalid.push(Invalid::new("node_size", message));
        }
        let addons = keep(
            self.chosen_addons(&wish.addons, offer.as_ref()),
            &mut invalid,
        );
        let place = node_size.zip(addons);
        match (name, ttl, nodes, place, offer, version, idempotency) {
            (
                Some(name),
                Some(ttl),
                Some(nodes),
                Some((node_size, addons)),
                Some(offer),
                Some(kubernetes_version),
                Some(idempotency),
            ) if invalid.is_empty() => Ok(NewCluster {
                owner: user.id,
                name,
                provider: offer.name,
                host: (offer.name != ProviderName::Vcluster).then(|| self.host.to_string()),
                kubernetes_version,
                nodes,
                node_size,
                addons,
                ttl,
                idempotency,
                quota: self.limits.clusters_per_user,
            }),
            _ => Err(ServiceError::Invalid(invalid)),
        }
    }

    fn chosen_addons(
        &self,
        wished: &[String],
        offer: Option<&Offer>,
    ) -> Result<Vec<AddonName>, Invalid> {
        let mut addons = wished
            .iter()
            .map(|name| self.addons.check(name, offer.map(|offer| offer.name)))
            .collect::<Result<Vec<_>, _>>()?;
        addons.sort();
        addons.dedup();
        Ok(addons)
    }

    fn offer(&self, wished: Option<&str>) -> Result<Offer, Invalid> {
        let name = match wished {
            Some(name) => name.parse::<ProviderName>()?,
            None => self.catalog.default().ok_or_else(|| {
                Invalid::new(
                    "provider",
                    "no provider works here: `pyk8s-lab doctor` says why, and how to mend it",
                )
            })?,
        };
        self.catalog
            .offers()
            .into_iter()
            .find(|offer| offer.name == name)
            .ok_or_else(|| Invalid::new("provider", "is not one of this lab's"))
    }
}

fn keep<T>(checked: Result<T, Invalid>, invalid: &mut Vec<Invalid>) -> Option<T> {
    checked.map_err(|refused| invalid.push(refused)).ok()
}

fn choose_version(
    offer: &Offer,
    wished: Option<KubernetesVersion>,
) -> Result<KubernetesVersion, Invalid> {
    if let Some(obstacle) = offer.obstacle() {
        return Err(Invalid::new(
            "provider",
            format!("{} does not work here: {obstacle}", offer.name),
        ));
    }
    let versions = offer.versions();
    let chosen = match &wished {
        None => versions.first(),
        Some(wished) => versions.iter().find(|version| *version == wished),
    };
    chosen.cloned().ok_or_else(|| {
        let offered: Vec<String> = versions.iter().map(ToString::to_string).collect();
        Invalid::new(
            "kubernetes_version",
            format!("{} offers {}", offer.name, offered.join(", ")),
        )
    })
}

fn idempotency(key: Option<String>, digest: String) -> Result<Option<(String, String)>, Invalid> {
    match key {
        None => Ok(None),
        Some(key)
            if (1..=MAX_KEY).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()) =>
        {
            Ok(Some((key, digest)))
        }
        Some(_) => Err(Invalid::new(
            "Idempotency-Key",
            format!("must be 1 to {MAX_KEY} printable ASCII characters without spaces"),
        )),
    }
}

/// What was asked for, so that the same key with another request is noticed.
fn digest(wish: &Wish) -> String {
    let asked = format!(
        "{:?}",
        (
            &wish.name,
            wish.ttl_hours,
            &wish.provider,
            &wish.kubernetes_version,
            wish.nodes,
            &wish.node_size,
            &wish.addons,
        )
    );
    Sha256::digest(asked)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Finds a cluster's place among those that wait on the same host.
fn place(cluster: Cluster, making: &Making) -> Listed {
    let queue_position = making
        .waiting
        .iter()
        .filter(|(_, host)| *host == cluster.host)
        .position(|(id, _)| *id == cluster.id)
        .and_then(|place| u32::try_from(place + 1).ok());
    let usual_seconds = making
        .usual
        .iter()
        .find(|(provider, _)| {
            cluster.status == ClusterStatus::Provisioning && provider == cluster.provider.as_str()
        })
        .map(|(_, millis)| millis / 1000 + 1);
    Listed {
        cluster,
        queue_position,
        usual_seconds,
    }
}
