//! What is k3d's own.

use std::path::Path;

use async_trait::async_trait;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::{ContainerSettings, Recipe};
use crate::{
    domain::{ProviderName, ProviderRef},
    exec::Tool,
    provision::{ClusterSpec, Progress, ProvisionError, engine::Engine, run::run},
};

/// The recipe of k3d.
pub(super) struct K3d;

/// A line of `k3d cluster list -o json`.
#[derive(Deserialize)]
struct Listed {
    name: String,
}

#[async_trait]
impl Recipe for K3d {
    const PROVIDER: ProviderName = ProviderName::K3d;
    const PODMAN: bool = false;
    const MEND: &str = "install k3d (https://k3d.io)";
    const OLDEST: &str = "v5.4.0";

    fn create(
        tool: Tool,
        settings: &ContainerSettings,
        _engine: &Engine,
        spec: &ClusterSpec,
        folder: &Path,
    ) -> Result<Tool, ProvisionError> {
        let &[port] = spec.ports.as_slice() else {
            return Err(ProvisionError::Broken("a k3d cluster has one port".into()));
        };
        let api = format!("{}:{port}", settings.listen_address());
        let agents = (spec.nodes.get() - 1).to_string();
        let memory = format!("{}g", spec.node_size.gibibytes());
        let timeout = format!("{}s", settings.time_limit.as_secs());
        let image = settings.image(&spec.kubernetes_version)?;
        let mut tool = tool
            .args(["cluster", "create", spec.provider_ref.as_str()])
            .args(["--image", image, "--servers", "1", "--agents", &agents])
            .args(["--api-port", &api, "--wait", "--timeout", &timeout])
            .args(["--servers-memory", &memory, "--agents-memory", &memory])
            // It would add the cluster to the server's owner's kubeconfig.
            .args([
                "--kubeconfig-update-default=false",
                "--kubeconfig-switch-context=false",
            ])
            .env("KUBECONFIG", folder.join("kubeconfig.yaml"));
        if let Some(host) = &settings.public_host {
            tool = tool.args(["--k3s-arg", &format!("--tls-san={host}@server:*")]);
        }
        Ok(tool)
    }

    fn kubeconfig(tool: Tool, name: &ProviderRef) -> Tool {
        tool.args(["kubeconfig", "get", name.as_str()])
    }

    fn delete(tool: Tool, name: &ProviderRef, folder: &Path) -> Tool {
        tool.args(["cluster", "delete", name.as_str()])
            .env("KUBECONFIG", folder.join("kubeconfig.yaml"))
    }

    async fn start(
        tool: Tool,
        _engine: &Engine,
        name: &ProviderRef,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<(), ProvisionError> {
        // `start` alone leaves what it takes to be running as it is.
        run(
            tool.clone().args(["cluster", "stop", name.as_str()]),
            progress,
            cancel,
        )
        .await?;
        let start = tool.args(["cluster", "start", name.as_str(), "--wait"]);
        run(start, progress, cancel).await.map(drop)
    }

    fn list(tool: Tool) -> Tool {
        tool.args(["cluster", "list", "-o", "json"])
    }

    fn listed(said: &str) -> Result<Vec<String>, ProvisionError> {
        let listed: Vec<Listed> = serde_json::from_str(said).map_err(|error| {
            ProvisionError::Broken(format!("k3d's list of clusters can't be read: {error}"))
        })?;
        Ok(listed.into_iter().map(|cluster| cluster.name).collect())
    }

    /// `INFO[0001] Creating node 'k3d-lab-0123456789ab-server-0'`
    fn step(line: &str) -> Option<String> {
        let (level, said) = line.split_once(']')?;
        let said = said.trim();
        (level.starts_with("INFO[")
            && [
                "Creating node",
                "Starting node",
                "Pulling image",
                "Preparing",
                "Starting servers",
            ]
            .iter()
            .any(|start| said.starts_with(start)))
        .then(|| without_cluster(said).unwrap_or_else(|| said.to_owned()))
    }
}

/// The words with a node's name alone, which k3d puts behind the cluster's.
fn without_cluster(said: &str) -> Option<String> {
    let (before, name) = said.split_once("'k3d-")?;
    let node = name.trim_end_matches('\'').splitn(3, '-').nth(2)?;
    Some(format!("{before}{node}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k3ds_own_steps_are_told() {
        assert_eq!(
            K3d::step("INFO[0001] Creating node 'k3d-lab-0123456789ab-server-0'").as_deref(),
            Some("Creating node server-0")
        );
        assert_eq!(
            K3d::step("INFO[0001] Starting servers...").as_deref(),
            Some("Starting servers...")
        );
        assert_eq!(K3d::step("INFO[0000] Prep: Network"), None);
        assert_eq!(K3d::step("WARN[0000] No node filter specified"), None);
    }

    #[test]
    fn its_list_is_read() {
        let said = r#"[{"name":"lab-0123456789ab","nodes":[],"serversRunning":1}]"#;
        assert_eq!(K3d::listed(said).unwrap(), ["lab-0123456789ab"]);
        assert_eq!(K3d::listed("[]").unwrap(), Vec::<String>::new());
        assert!(K3d::listed("ERRO what").is_err());
    }
}
