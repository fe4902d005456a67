//! The file that tells kwokctl what flags can't: which ports, and that nothing listens but on 127.0.0.1.

use serde::Serialize;

use crate::provision::ClusterSpec;

/// How many ports a cluster has.
pub(super) const PORTS: usize = 6;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Configuration {
    kind: &'static str,
    api_version: &'static str,
    options: Options,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Options {
    runtime: &'static str,
    bind_address: &'static str,
    kube_version: String,
    etcd_port: u16,
    etcd_peer_port: u16,
    kube_apiserver_port: u16,
    kube_controller_manager_port: u16,
    kube_scheduler_port: u16,
    kwok_controller_port: u16,
}

/// The configuration of a cluster.
pub(super) fn text(spec: &ClusterSpec) -> Result<String, String> {
    let &[
        etcd,
        etcd_peer,
        apiserver,
        controller_manager,
        scheduler,
        kwok,
    ] = spec.ports.as_slice()
    else {
        return Err(format!(
            "a kwok cluster has {PORTS} ports, not {}",
            spec.ports.len()
        ));
    };
    let configuration = Configuration {
        kind: "KwokctlConfiguration",
        api_version: "config.kwok.x-k8s.io/v1alpha1",
        options: Options {
            runtime: "binary",
            bind_address: "127.0.0.1",
            kube_version: spec.kubernetes_version.to_string(),
            etcd_port: etcd,
            etcd_peer_port: etcd_peer,
            kube_apiserver_port: apiserver,
            kube_controller_manager_port: controller_manager,
            kube_scheduler_port: scheduler,
            kwok_controller_port: kwok,
        },
    };
    serde_saphyr::to_string(&configuration).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ClusterId, NodeCount, NodeSize, ProviderRef};

    #[test]
    fn every_port_is_given_and_nothing_listens_outside() {
        let mut spec = ClusterSpec {
            provider_ref: ProviderRef::of(ClusterId::random()),
            kubernetes_version: "v1.37.2".parse().unwrap(),
            nodes: NodeCount::new(1).unwrap(),
            node_size: NodeSize::default(),
            expires_at: chrono::Utc::now(),
            ports: (20_000..20_006).collect(),
            has_data: false,
        };
        let text = text(&spec).unwrap();
        let read: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        let options = &read["options"];
        assert_eq!(options["bindAddress"], "127.0.0.1");
        let ports = [
            "etcdPort",
            "etcdPeerPort",
            "kubeApiserverPort",
            "kwokControllerPort",
        ]
        .map(|name| &options[name]);
        assert_eq!(ports, [20_000, 20_001, 20_002, 20_005]);
        spec.ports.pop();
        assert!(super::text(&spec).is_err());
    }
}
