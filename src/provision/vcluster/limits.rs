//! What a cluster may take of its host, and reach.

use serde_json::{Value, json};

use crate::provision::ClusterSpec;

/// What the control plane of a virtual cluster may take beside its nodes: CPUs, GiB.
const CONTROL_PLANE: (u32, u32) = (2, 4);

/// What the cluster may take of the host: its nodes' size times their number, and its control plane.
pub(super) fn quota(spec: &ClusterSpec) -> Value {
    let nodes = u32::from(spec.nodes.get());
    let cpus = nodes * spec.node_size.cpus() + CONTROL_PLANE.0;
    let memory = format!("{}Gi", nodes * spec.node_size.gibibytes() + CONTROL_PLANE.1);
    json!({
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": { "name": "pyk8s-lab" },
        "spec": { "hard": {
            "requests.cpu": cpus.to_string(),
            "requests.memory": memory,
            "limits.memory": memory,
            "pods": (nodes * 110).to_string(),
            "services.loadbalancers": "2",
            "persistentvolumeclaims": "20",
        } },
    })
}

/// What a container has that does not say what it wants.
pub(super) fn limit_range() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": { "name": "pyk8s-lab" },
        "spec": { "limits": [{
            "type": "Container",
            "defaultRequest": { "cpu": "50m", "memory": "64Mi" },
            "default": { "memory": "512Mi" },
        }] },
    })
}

/// Pods of a cluster reach each other, names, and the world but for the host's metadata service;
/// from outside only the API server is reached.
pub(super) fn network_policy() -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": { "name": "pyk8s-lab" },
        "spec": {
            "podSelector": {},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                { "from": [{ "podSelector": {} }] },
                { "ports": [{ "protocol": "TCP", "port": 8443 }] },
            ],
            "egress": [
                { "to": [{ "podSelector": {} }] },
                { "ports": [{ "protocol": "UDP", "port": 53 }, { "protocol": "TCP", "port": 53 }] },
                { "to": [{ "ipBlock": { "cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"] } }] },
            ],
        },
    })
}
