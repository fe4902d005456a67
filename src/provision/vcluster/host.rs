//! The host Kubernetes: namespaces of virtual clusters, and what is in them.

use std::time::Duration;

use k8s_openapi::{
    api::{
        apps::v1::StatefulSet,
        core::v1::{Event, LimitRange, Namespace, Node, ResourceQuota, Secret, Service},
        networking::v1::NetworkPolicy,
        rbac::v1::RoleBinding,
    },
    serde::{Serialize, de::DeserializeOwned},
};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams},
    runtime::{conditions::is_deleted, wait::await_condition},
};
use serde_json::{Value, json};

use super::{VclusterSettings, limits, rights};
use crate::{
    domain::ProviderRef,
    provision::{ClusterSpec, ProvisionError},
};

/// Who the server says it is when it applies objects.
const FIELD_MANAGER: &str = "pyk8s-lab";
/// Which installation a namespace belongs to.
const INSTALLATION: &str = "pyk8s-lab/installation";
/// When a cluster's time is over (RFC 3339), for whoever looks at the host.
const EXPIRES_AT: &str = "pyk8s-lab/expires-at";
/// How long a role that was given may take to count.
const RIGHTS_WITHIN: Duration = Duration::from_secs(10);
/// How long a namespace may take to go, with its pods.
const GONE_WITHIN: Duration = Duration::from_secs(90);
/// The host, as this installation uses it.
pub(super) struct Host<'a> {
    client: Client,
    settings: &'a VclusterSettings,
}

impl<'a> Host<'a> {
    pub(super) fn new(client: Client, settings: &'a VclusterSettings) -> Self {
        Self { client, settings }
    }

    fn inside<K>(&self, name: &ProviderRef) -> Api<K>
    where
        K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), name.as_str())
    }

    fn namespaces(&self) -> Api<Namespace> {
        Api::all(self.client.clone())
    }

    async fn namespace(&self, name: &ProviderRef) -> Result<Option<Namespace>, ProvisionError> {
        self.namespaces()
            .get_opt(name.as_str())
            .await
            .map_err(refused)
    }

    fn marked(&self, namespace: &Namespace) -> bool {
        namespace.labels().get(INSTALLATION) == Some(&self.settings.installation)
    }

    /// Whether the cluster's namespace is there and this installation's.
    pub(super) async fn is_ours(&self, name: &ProviderRef) -> Result<bool, ProvisionError> {
        let namespace = self.namespace(name).await?;
        Ok(namespace.is_some_and(|namespace| self.marked(&namespace)))
    }

    /// Makes the cluster's namespace with its limits, or brings them to what they should be.
    pub(super) async fn prepare(&self, spec: &ClusterSpec) -> Result<(), ProvisionError> {
        let name = &spec.provider_ref;
        match self.namespace(name).await? {
            Some(namespace) if !self.marked(&namespace) => {
                return Err(ProvisionError::Broken(format!(
                    "a namespace {name} exists already and is not this lab's: it was left alone"
                )));
            }
            Some(namespace) if namespace.metadata.deletion_timestamp.is_some() => {
                self.gone(name).await?;
            }
            _ => {}
        }
        let namespace = json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": name.as_str(),
                "labels": {
                    "app.kubernetes.io/managed-by": "pyk8s-lab",
                    INSTALLATION: self.settings.installation,
                    "pod-security.kubernetes.io/enforce": "baseline",
                    "pod-security.kubernetes.io/warn": "restricted",
                },
                "annotations": { EXPIRES_AT: spec.expires_at.to_rfc3339() },
            },
        });
        let apply = PatchParams::apply(FIELD_MANAGER).force();
        self.namespaces()
            .patch(name.as_str(), &apply, &Patch::Apply(&namespace))
            .await
            .map_err(refused)?;
        self.take_rights(name).await?;
        self.apply::<ResourceQuota>(name, limits::quota(spec))
            .await?;
        self.apply::<LimitRange>(name, limits::limit_range())
            .await?;
        self.apply::<NetworkPolicy>(name, limits::network_policy())
            .await
    }

    /// Gives the account its role in the cluster's namespace, and waits until it counts; nothing where it has its
    /// rights everywhere, or the namespace goes already.
    pub(super) async fn take_rights(&self, name: &ProviderRef) -> Result<(), ProvisionError> {
        let Some(role) = &self.settings.plan.cluster_role else {
            return Ok(());
        };
        let namespace = self.namespace(name).await?;
        if namespace.is_none_or(|namespace| namespace.metadata.deletion_timestamp.is_some()) {
            return Ok(());
        }
        let binding = rights::binding(&self.client, role).await.map_err(refused)?;
        self.apply::<RoleBinding>(name, binding).await?;
        let until = tokio::time::Instant::now() + RIGHTS_WITHIN;
        loop {
            let missing = rights::missing_inside(&self.client, name.as_str()).await;
            let missing = missing.map_err(refused)?;
            if missing.is_empty() {
                return Ok(());
            }
            if tokio::time::Instant::now() > until {
                return Err(ProvisionError::Broken(format!(
                    "with the role {role} the lab's account may not: {}",
                    missing.join(", ")
                )));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn apply<K>(&self, name: &ProviderRef, object: Value) -> Result<(), ProvisionError>
    where
        K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>
            + Clone
            + Serialize
            + DeserializeOwned
            + std::fmt::Debug,
    {
        let apply = PatchParams::apply(FIELD_MANAGER).force();
        self.inside::<K>(name)
            .patch("pyk8s-lab", &apply, &Patch::Apply(&object))
            .await
            .map(drop)
            .map_err(refused)
    }

    /// Writes the end of the cluster's time beside it, where it has changed.
    pub(super) async fn keep_expiry(&self, spec: &ClusterSpec) -> Result<(), ProvisionError> {
        let (name, wanted) = (&spec.provider_ref, spec.expires_at.to_rfc3339());
        let Some(namespace) = self.namespace(name).await? else {
            return Err(ProvisionError::Broken("its namespace is gone".into()));
        };
        if !self.marked(&namespace) || namespace.annotations().get(EXPIRES_AT) == Some(&wanted) {
            return Ok(());
        }
        let change = json!({ "metadata": { "annotations": { EXPIRES_AT: wanted } } });
        self.namespaces()
            .patch(
                name.as_str(),
                &PatchParams::default(),
                &Patch::Merge(&change),
            )
            .await
            .map(drop)
            .map_err(refused)
    }

    /// Helm refuses to go on with a release that another Helm seems to work on.
    pub(super) async fn forget_unfinished_releases(
        &self,
        name: &ProviderRef,
    ) -> Result<(), ProvisionError> {
        let unfinished = ListParams::default().labels(&format!(
            "owner=helm,name={name},status in (pending-install,pending-upgrade,pending-rollback,uninstalling)"
        ));
        let secrets = self.inside::<Secret>(name);
        for secret in secrets.list(&unfinished).await.map_err(refused)?.items {
            let deleted = secrets
                .delete(&secret.name_any(), &DeleteParams::default())
                .await;
            match deleted {
                Err(kube::Error::Api(status)) if status.is_not_found() => {}
                other => {
                    other.map_err(refused)?;
                }
            }
        }
        Ok(())
    }

    /// Waits, by a watch, until the control plane's pods are ready and its kubeconfig is there.
    pub(super) async fn wait_for_pods(&self, name: &ProviderRef) -> Result<(), ProvisionError> {
        let watched = |error: kube::runtime::wait::Error| ProvisionError::Broken(error.to_string());
        let ready = |set: Option<&StatefulSet>| set.is_some_and(|set| unready(set).is_none());
        await_condition(self.inside::<StatefulSet>(name), name.as_str(), ready)
            .await
            .map_err(watched)?;
        let written =
            |secret: Option<&Secret>| secret.is_some_and(|secret| config(secret).is_some());
        await_condition(self.inside::<Secret>(name), &secret_name(name), written)
            .await
            .map_err(watched)?;
        Ok(())
    }

    /// Why the control plane's pods are not ready, if they are not.
    pub(super) async fn not_ready(
        &self,
        name: &ProviderRef,
    ) -> Result<Option<String>, ProvisionError> {
        let sets = self.inside::<StatefulSet>(name);
        Ok(match sets.get_opt(name.as_str()).await.map_err(refused)? {
            None => Some("its control plane is gone".to_owned()),
            Some(set) => unready(&set),
        })
    }

    /// What the host says about a cluster that does not come up: its latest warnings.
    pub(super) async fn last_words(&self, name: &ProviderRef) -> String {
        let warnings = ListParams::default().fields("type=Warning").limit(50);
        let events = self.inside::<Event>(name).list(&warnings).await;
        let said: Vec<String> = events
            .into_iter()
            .flatten()
            .filter_map(|event| event.message)
            .collect();
        match said.last() {
            Some(last) => last.clone(),
            None => "the host says nothing about it".to_owned(),
        }
    }

    /// The kubeconfig that vcluster has written.
    pub(super) async fn kubeconfig(
        &self,
        name: &ProviderRef,
    ) -> Result<Option<String>, ProvisionError> {
        let secrets = self.inside::<Secret>(name);
        let secret = secrets.get_opt(&secret_name(name)).await.map_err(refused)?;
        Ok(secret.as_ref().and_then(config))
    }

    /// The address of the cluster's Service for those outside: its load balancer's, or a node's. `None` leaves
    /// the kubeconfig as it is.
    pub(super) async fn service_address(
        &self,
        name: &ProviderRef,
    ) -> Result<Option<String>, ProvisionError> {
        let services = self.inside::<Service>(name);
        let Some(service) = services.get_opt(name.as_str()).await.map_err(refused)? else {
            return Ok(None);
        };
        let balancer = service
            .status
            .as_ref()
            .and_then(|status| status.load_balancer.as_ref()?.ingress.as_ref()?.first());
        if let Some(ingress) = balancer {
            let at = ingress.hostname.as_ref().or(ingress.ip.as_ref());
            return Ok(at.map(|at| format!("https://{at}:443")));
        }
        let port = service
            .spec
            .as_ref()
            .and_then(|spec| spec.ports.as_ref()?.iter().find_map(|port| port.node_port));
        let Some(port) = port else {
            return Ok(None);
        };
        let nodes: Api<Node> = Api::all(self.client.clone());
        let nodes = nodes
            .list(&ListParams::default().limit(1))
            .await
            .map_err(refused)?;
        let addresses = nodes
            .items
            .first()
            .and_then(|node| node.status.as_ref()?.addresses.clone())
            .unwrap_or_default();
        let of = |kind: &str| addresses.iter().find(|address| address.type_ == kind);
        Ok(of("ExternalIP")
            .or_else(|| of("InternalIP"))
            .map(|address| format!("https://{}:{port}", address.address)))
    }

    /// Removes the cluster's namespace with all that is in it, and waits until it is gone.
    pub(super) async fn remove(&self, name: &ProviderRef) -> Result<(), ProvisionError> {
        let deleted = self
            .namespaces()
            .delete(name.as_str(), &DeleteParams::default())
            .await;
        match deleted {
            Err(kube::Error::Api(status)) if status.is_not_found() => return Ok(()),
            other => {
                other.map_err(refused)?;
            }
        }
        self.gone(name).await
    }

    async fn gone(&self, name: &ProviderRef) -> Result<(), ProvisionError> {
        let Some(namespace) = self.namespace(name).await? else {
            return Ok(());
        };
        let id = namespace.uid().unwrap_or_default();
        let gone = await_condition(self.namespaces(), name.as_str(), is_deleted(&id));
        match tokio::time::timeout(GONE_WITHIN, gone).await {
            Ok(done) => done
                .map(drop)
                .map_err(|error| ProvisionError::Broken(error.to_string())),
            Err(_) => Err(ProvisionError::Broken(format!(
                "the namespace {name} was still there after {} s",
                GONE_WITHIN.as_secs()
            ))),
        }
    }

    /// All namespaces of this installation.
    pub(super) async fn owned(&self) -> Result<Vec<ProviderRef>, ProvisionError> {
        let ours = format!("{INSTALLATION}={}", self.settings.installation);
        let namespaces = self
            .namespaces()
            .list(&ListParams::default().labels(&ours))
            .await
            .map_err(refused)?;
        Ok(namespaces
            .iter()
            .filter_map(|namespace| ProviderRef::recognise(&namespace.name_any()))
            .collect())
    }
}

fn refused(error: kube::Error) -> ProvisionError {
    ProvisionError::Broken(format!("the host Kubernetes: {error}"))
}

fn secret_name(name: &ProviderRef) -> String {
    format!("vc-{name}")
}

fn config(secret: &Secret) -> Option<String> {
    let bytes = &secret.data.as_ref()?.get("config")?.0;
    String::from_utf8(bytes.clone()).ok()
}

/// Why a control plane is not ready, if it is not.
fn unready(set: &StatefulSet) -> Option<String> {
    let wanted = set.spec.replicas.unwrap_or(1);
    let ready = set
        .status
        .as_ref()
        .and_then(|status| status.ready_replicas)
        .unwrap_or(0);
    (wanted == 0 || ready < wanted)
        .then(|| format!("{ready} of its control plane's {wanted} pods are ready"))
}
