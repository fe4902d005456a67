//! The way to the host Kubernetes.

use std::path::Path;

use kube::{
    Client,
    config::{KubeConfigOptions, Kubeconfig as Document},
};

use crate::{domain::KubernetesVersion, provision::Obstacle};

/// Whether the server runs in a pod.
pub(super) fn is_in_cluster() -> bool {
    std::env::var_os("KUBERNETES_SERVICE_HOST").is_some()
}

pub(super) fn unreachable(why: impl std::fmt::Display) -> Obstacle {
    Obstacle::new(
        format!("the host Kubernetes can't be reached: {why}"),
        "look at VCLUSTER_KUBECONFIG, and whether kubectl gets through with it",
    )
}

/// A client of the host, by its kubeconfig or as the pod's account.
pub(super) async fn connect(kubeconfig: Option<&Path>) -> Result<Client, Obstacle> {
    let config = match kubeconfig {
        Some(file) => {
            let document = Document::read_from(file).map_err(unreachable)?;
            kube::Config::from_custom_kubeconfig(document, &KubeConfigOptions::default())
                .await
                .map_err(unreachable)?
        }
        None if is_in_cluster() => kube::Config::incluster().map_err(unreachable)?,
        None => {
            return Err(Obstacle::new(
                "there is no host Kubernetes",
                "set VCLUSTER_KUBECONFIG, or run the lab inside a cluster (chart/)",
            ));
        }
    };
    Client::try_from(config).map_err(unreachable)
}

/// The host's own version.
pub(super) async fn version(client: &Client) -> Result<KubernetesVersion, Obstacle> {
    let info = client.apiserver_version().await.map_err(unreachable)?;
    let release = info
        .git_version
        .split(['+', '-'])
        .next()
        .unwrap_or_default();
    release
        .parse()
        .map_err(|_| unreachable(format!("its version is {:?}", info.git_version)))
}
