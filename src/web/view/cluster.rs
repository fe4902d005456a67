//! A cluster, in the words of the pages.

use chrono::SecondsFormat;

use crate::{
    domain::{AddonName, ClusterStatus, TtlLimits},
    service::Listed,
};

/// A cluster, in the words of the pages.
#[derive(Debug, Clone)]
pub struct ClusterView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its status.
    pub status: &'static str,
    /// Its provider.
    pub provider: &'static str,
    /// Whether its nodes are simulated.
    pub simulated: bool,
    /// Its Kubernetes version.
    pub version: String,
    /// How many nodes it has.
    pub nodes: u16,
    /// How large each is, where the provider can say.
    pub node_size: Option<String>,
    /// What is installed into it, with commas between.
    pub addons: String,
    /// What is being done to it.
    pub step: Option<String>,
    /// Since when it is being made, while it is.
    pub working_since: Option<String>,
    /// How many seconds that usually takes here.
    pub usual_seconds: Option<i64>,
    /// Why it is in `ERROR`.
    pub error: Option<String>,
    /// When it was asked for (RFC 3339).
    pub created_at: String,
    /// When it ends (RFC 3339).
    pub expires_at: String,
    /// Whether it may live longer.
    pub extendable: bool,
    /// How many hours longer it may live.
    pub extendable_hours: u16,
}

impl ClusterView {
    /// Puts a cluster into words.
    pub fn new(listed: &Listed, limits: TtlLimits) -> Self {
        let cluster = &listed.cluster;
        let at =
            |time: chrono::DateTime<chrono::Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
        let extendable_hours = limits.max_hours.saturating_sub(cluster.ttl.hours());
        let making =
            cluster.status == ClusterStatus::Provisioning && listed.queue_position.is_none();
        Self {
            id: cluster.id.to_string(),
            name: cluster.name.to_string(),
            status: cluster.status.as_str(),
            provider: cluster.provider.as_str(),
            simulated: cluster.provider.is_simulated(),
            version: cluster.kubernetes_version.to_string(),
            nodes: cluster.nodes.get(),
            node_size: cluster.provider.sizes_nodes().then(|| {
                let size = cluster.node_size;
                format!("{} CPUs, {} GiB", size.cpus(), size.gibibytes())
            }),
            addons: cluster
                .addons
                .iter()
                .map(AddonName::as_str)
                .collect::<Vec<_>>()
                .join(", "),
            step: match listed.queue_position {
                Some(place) => Some(format!("Waiting for its turn, place {place} in the queue")),
                None => cluster.step.clone(),
            },
            usual_seconds: listed.usual_seconds,
            working_since: making.then(|| at(cluster.created_at)),
            error: cluster
                .error_message
                .clone()
                .filter(|_| cluster.status == ClusterStatus::Error),
            created_at: at(cluster.created_at),
            expires_at: at(cluster.expires_at),
            extendable: extendable_hours > 0,
            extendable_hours,
        }
    }
}
