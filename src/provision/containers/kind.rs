//! What is kind's own.

use std::path::Path;

use async_trait::async_trait;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::{ContainerSettings, Recipe, io_error};
use crate::{
    domain::{KubernetesVersion, ProviderName, ProviderRef},
    exec::Tool,
    provision::{
        ClusterSpec, Obstacle, Progress, ProvisionError, engine::Engine, files::write_whole,
        run::run,
    },
};

/// The recipe of kind.
pub(super) struct Kind;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Configuration {
    kind: &'static str,
    api_version: &'static str,
    networking: Networking,
    nodes: Vec<Node>,
    kubeadm_config_patches: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Networking {
    api_server_address: &'static str,
    api_server_port: u16,
}

#[derive(Serialize)]
struct Node {
    role: &'static str,
}

/// The configuration of a cluster: as many nodes as asked for, the first of which is the control plane.
fn configuration(
    settings: &ContainerSettings,
    engine: &Engine,
    spec: &ClusterSpec,
) -> Result<String, ProvisionError> {
    let &[port] = spec.ports.as_slice() else {
        return Err(ProvisionError::Broken("a kind cluster has one port".into()));
    };
    let mut patches = Vec::new();
    if let Some(host) = &settings.public_host {
        patches.push(format!(
            "kind: ClusterConfiguration\napiServer:\n  certSANs: [localhost, 127.0.0.1, 0.0.0.0, {host:?}]\n"
        ));
    }
    if engine.cgroup_v1 && spec.kubernetes_version.is_at_least(1, 35) {
        // From 1.35 on the kubelet refuses control groups of version 1 unless told otherwise.
        patches.push("kind: KubeletConfiguration\nfailCgroupV1: false\n".to_owned());
    }
    let role = |number| {
        if number == 0 {
            "control-plane"
        } else {
            "worker"
        }
    };
    let configuration = Configuration {
        kind: "Cluster",
        api_version: "kind.x-k8s.io/v1alpha4",
        networking: Networking {
            api_server_address: settings.listen_address(),
            api_server_port: port,
        },
        nodes: (0..spec.nodes.get())
            .map(|number| Node { role: role(number) })
            .collect(),
        kubeadm_config_patches: patches,
    };
    serde_saphyr::to_string(&configuration)
        .map_err(|error| ProvisionError::Broken(error.to_string()))
}

#[async_trait]
impl Recipe for Kind {
    const PROVIDER: ProviderName = ProviderName::Kind;
    const PODMAN: bool = true;
    const MEND: &str = "tools/kube/install --only kind";
    const OLDEST: &str = "v0.20.0";

    fn obstacle(engine: &Engine, version: &KubernetesVersion) -> Option<Obstacle> {
        (engine.cgroup_v1 && version.is_at_least(1, 38)).then(|| {
            Obstacle::new(
                format!("this host has cgroup v1, and Kubernetes {version} wants v2"),
                "boot with systemd.unified_cgroup_hierarchy=1, or offer an older version in KIND_NODE_IMAGES",
            )
        })
    }

    fn environment(engine: &Engine) -> Vec<(&'static str, &'static str)> {
        let provider = if engine.is_podman { "podman" } else { "docker" };
        vec![("KIND_EXPERIMENTAL_PROVIDER", provider)]
    }

    fn create(
        tool: Tool,
        settings: &ContainerSettings,
        engine: &Engine,
        spec: &ClusterSpec,
        folder: &Path,
    ) -> Result<Tool, ProvisionError> {
        let file = folder.join("configuration.yaml");
        write_whole(&file, &configuration(settings, engine, spec)?)
            .map_err(|source| io_error("writing the configuration", source))?;
        let image = settings.image(&spec.kubernetes_version)?;
        let wait = format!("{}s", settings.time_limit.as_secs());
        Ok(tool
            .args(["create", "cluster", "--name", spec.provider_ref.as_str()])
            .args(["--image", image, "--wait", &wait])
            .args([Path::new("--config"), &file])
            .args([Path::new("--kubeconfig"), &folder.join("kubeconfig.yaml")]))
    }

    fn kubeconfig(tool: Tool, name: &ProviderRef) -> Tool {
        tool.args(["get", "kubeconfig", "--name", name.as_str()])
    }

    fn delete(tool: Tool, name: &ProviderRef, folder: &Path) -> Tool {
        tool.args(["delete", "cluster", "--name", name.as_str()])
            .args([Path::new("--kubeconfig"), &folder.join("kubeconfig.yaml")])
    }

    /// kind has no command for it: its nodes come up by themselves when their containers are started.
    async fn start(
        _tool: Tool,
        engine: &Engine,
        name: &ProviderRef,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<(), ProvisionError> {
        let label = format!("label=io.x-k8s.kind.cluster={name}");
        let list = engine
            .tool()
            .args(["ps", "--all", "--quiet", "--filter", &label]);
        let nodes = run(list.capture(), progress, cancel).await?.stdout;
        let restart = engine
            .tool()
            .args(["restart"])
            .args(nodes.split_whitespace());
        run(restart, progress, cancel).await.map(drop)
    }

    fn list(tool: Tool) -> Tool {
        tool.args(["get", "clusters"])
    }

    fn listed(said: &str) -> Result<Vec<String>, ProvisionError> {
        Ok(said.lines().map(|line| line.trim().to_owned()).collect())
    }

    /// ` • Preparing nodes 📦  ...`
    fn step(line: &str) -> Option<String> {
        let step = line.trim().strip_prefix('•')?.trim_end_matches("...");
        let words = step.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != ')');
        // How long it took is no step.
        (!words.starts_with("Ready after")).then(|| words.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{ClusterId, NodeCount, NodeSize},
        provision::NodeImage,
    };

    fn made(public_host: Option<&str>, cgroup_v1: bool, nodes: i64) -> serde_json::Value {
        let settings = ContainerSettings {
            bin_dir: "/".into(),
            engine_dir: None,
            state_dir: "/".into(),
            images: vec!["kindest/node:v1.37.0".parse::<NodeImage>().unwrap()],
            public_host: public_host.map(str::to_owned),
            time_limit: std::time::Duration::from_secs(1),
        };
        let engine = Engine {
            program: "docker".into(),
            is_podman: false,
            cgroup_v1,
        };
        let spec = ClusterSpec {
            provider_ref: ProviderRef::of(ClusterId::random()),
            kubernetes_version: "v1.37.0".parse().unwrap(),
            nodes: NodeCount::new(nodes).unwrap(),
            node_size: NodeSize::default(),
            expires_at: chrono::Utc::now(),
            ports: vec![20_000],
            has_data: false,
        };
        let text = configuration(&settings, &engine, &spec).unwrap();
        serde_saphyr::from_str(&text).unwrap()
    }

    #[test]
    fn a_cluster_listens_on_its_own_port_of_this_host_alone() {
        let made = made(None, false, 3);
        assert_eq!(made["networking"]["apiServerAddress"], "127.0.0.1");
        assert_eq!(made["networking"]["apiServerPort"], 20_000);
        let roles: Vec<_> = made["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| &node["role"])
            .collect();
        assert_eq!(roles, ["control-plane", "worker", "worker"]);
        assert_eq!(made["kubeadmConfigPatches"], serde_json::json!([]));
    }

    #[test]
    fn with_a_public_name_it_is_reached_and_trusted_by_it() {
        let made = made(Some("lab.example.org"), true, 1);
        assert_eq!(made["networking"]["apiServerAddress"], "0.0.0.0");
        let patches = made["kubeadmConfigPatches"].to_string();
        assert!(patches.contains("lab.example.org") && patches.contains("failCgroupV1: false"));
    }

    #[test]
    fn kinds_own_steps_are_told() {
        for (line, step) in [
            (
                " • Ensuring node image (kindest/node:v1.37.0) 🖼  ...",
                Some("Ensuring node image (kindest/node:v1.37.0)"),
            ),
            (
                " • Starting control-plane 🕹️  ...",
                Some("Starting control-plane"),
            ),
            (" ✓ Starting control-plane 🕹️", None),
            (" • Ready after 7s 💚", None),
            ("Creating cluster \"lab-1\" ...", None),
        ] {
            assert_eq!(Kind::step(line).as_deref(), step);
        }
    }
}
