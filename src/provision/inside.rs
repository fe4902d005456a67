//! What is inside a cluster, read through its own API: the same for every provider.

use std::time::Duration;

use k8s_openapi::api::{
    apps::v1::{DaemonSet, Deployment, StatefulSet},
    core::v1::{Event, Namespace, Node, Pod},
};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::ListParams,
    config::{KubeConfigOptions, Kubeconfig as KubeconfigFile},
};
use serde::de::DeserializeOwned;

use super::ProvisionError;
use crate::domain::Kubeconfig;

/// How long a look may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many objects of a kind are looked at: a lab's cluster is small, and a page is no console.
const MOST: u32 = 200;
/// How many of the latest events are told.
const EVENTS: usize = 10;

/// What is inside a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inside {
    /// Its nodes.
    pub nodes: Vec<Part>,
    /// The names of its namespaces.
    pub namespaces: Vec<String>,
    /// Deployments, stateful sets and daemon sets.
    pub workloads: Vec<Part>,
    /// Its pods.
    pub pods: Vec<Part>,
    /// What happened in it, the newest first.
    pub events: Vec<String>,
}

/// An object, in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub kind: &'static str,
    /// The name, with its namespace where it has one.
    pub name: String,
    /// Its state in the words of `kubectl get`.
    pub state: String,
    /// Whether that is as it should be.
    pub well: bool,
}

/// Looks into one cluster.
#[derive(Clone)]
pub struct Inspector(Client);

impl Inspector {
    /// Takes the cluster's kubeconfig.
    ///
    /// # Errors
    /// [`ProvisionError::Broken`] when it names no cluster.
    pub async fn new(kubeconfig: &Kubeconfig) -> Result<Self, ProvisionError> {
        let broken = |error: String| ProvisionError::Broken(error);
        let file = KubeconfigFile::from_yaml(kubeconfig.expose())
            .map_err(|error| broken(error.to_string()))?;
        let config = kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
            .await
            .map_err(|error| broken(error.to_string()))?;
        Client::try_from(config)
            .map(Self)
            .map_err(|error| broken(error.to_string()))
    }

    /// Looks, for two seconds at most.
    ///
    /// # Errors
    /// [`ProvisionError::Broken`] when the cluster does not answer.
    pub async fn look(&self) -> Result<Inside, ProvisionError> {
        let looked = tokio::time::timeout(PATIENCE, self.read()).await;
        looked
            .map_err(|_| {
                ProvisionError::Broken("the API server did not answer in time".to_owned())
            })?
            .map_err(|error| ProvisionError::Broken(error.to_string()))
    }

    async fn read(&self) -> Result<Inside, kube::Error> {
        let (nodes, namespaces, deployments, stateful, daemons, pods, events) = tokio::try_join!(
            self.all::<Node>(),
            self.all::<Namespace>(),
            self.all::<Deployment>(),
            self.all::<StatefulSet>(),
            self.all::<DaemonSet>(),
            self.all::<Pod>(),
            self.all::<Event>(),
        )?;
        let workloads = deployments
            .iter()
            .map(deployment)
            .chain(stateful.iter().map(stateful_set))
            .chain(daemons.iter().map(daemon_set));
        Ok(Inside {
            nodes: nodes.iter().map(node).collect(),
            namespaces: namespaces.iter().map(ResourceExt::name_any).collect(),
            workloads: workloads.collect(),
            pods: pods.iter().map(pod).collect(),
            events: latest(events),
        })
    }

    async fn all<K>(&self) -> Result<Vec<K>, kube::Error>
    where
        K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
    {
        let api = Api::<K>::all(self.0.clone());
        Ok(api.list(&ListParams::default().limit(MOST)).await?.items)
    }
}

fn full_name(object: &impl ResourceExt) -> String {
    match object.namespace() {
        Some(namespace) => format!("{namespace}/{}", object.name_any()),
        None => object.name_any(),
    }
}

fn node(node: &Node) -> Part {
    let conditions = node
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_ref());
    let well = conditions.is_some_and(|conditions| {
        conditions
            .iter()
            .any(|condition| condition.type_ == "Ready" && condition.status == "True")
    });
    Part {
        kind: "Node",
        name: full_name(node),
        state: if well { "Ready" } else { "NotReady" }.to_owned(),
        well,
    }
}

fn replicas(kind: &'static str, object: &impl ResourceExt, ready: i32, wanted: i32) -> Part {
    Part {
        kind,
        name: full_name(object),
        state: format!("{ready}/{wanted} ready"),
        well: ready >= wanted,
    }
}

fn deployment(object: &Deployment) -> Part {
    let ready = object
        .status
        .as_ref()
        .and_then(|status| status.ready_replicas);
    let wanted = object.spec.replicas;
    replicas(
        "Deployment",
        object,
        ready.unwrap_or(0),
        wanted.unwrap_or(1),
    )
}

fn stateful_set(object: &StatefulSet) -> Part {
    let ready = object
        .status
        .as_ref()
        .and_then(|status| status.ready_replicas);
    let wanted = object.spec.replicas;
    replicas(
        "StatefulSet",
        object,
        ready.unwrap_or(0),
        wanted.unwrap_or(1),
    )
}

fn daemon_set(object: &DaemonSet) -> Part {
    let status = object.status.as_ref();
    replicas(
        "DaemonSet",
        object,
        status.map_or(0, |status| status.number_ready),
        status.map_or(0, |status| status.desired_number_scheduled),
    )
}

fn pod(pod: &Pod) -> Part {
    let phase = pod.status.as_ref().and_then(|status| status.phase.clone());
    let state = phase.unwrap_or_else(|| "Unknown".to_owned());
    Part {
        kind: "Pod",
        name: full_name(pod),
        well: matches!(state.as_str(), "Running" | "Succeeded"),
        state,
    }
}

fn latest(mut events: Vec<Event>) -> Vec<String> {
    let at = |event: &Event| {
        let last = event.last_timestamp.as_ref().map(|time| time.0);
        last.or(event.event_time.as_ref().map(|time| time.0))
    };
    events.sort_by_key(|event| std::cmp::Reverse(at(event)));
    events
        .iter()
        .take(EVENTS)
        .map(|event| {
            let about = &event.involved_object;
            format!(
                "{} {}: {}",
                about.kind.as_deref().unwrap_or("Object"),
                about.name.as_deref().unwrap_or_default(),
                event
                    .message
                    .as_deref()
                    .or(event.reason.as_deref())
                    .unwrap_or_default()
            )
        })
        .collect()
}
