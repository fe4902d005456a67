//! What the API gives, as far as this program looks into it. What it does not know is passed on as it
//! is, so that a newer server's fields reach `-o json`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Cluster {
    pub id: String,
    pub name: String,
    pub status: String,
    pub provider: String,
    /// Whether its pods are simulated.
    #[serde(default)]
    pub simulated: bool,
    #[serde(default)]
    pub kubernetes_version: Option<String>,
    #[serde(default)]
    pub nodes: Option<u32>,
    #[serde(default)]
    pub ttl_hours: Option<u32>,
    /// What is being done with it right now.
    #[serde(default)]
    pub step: Option<String>,
    #[serde(default)]
    pub queue_position: Option<u32>,
    pub created_at: String,
    #[serde(default)]
    pub ready_at: Option<String>,
    #[serde(default)]
    pub expires_at: Option<String>,
    #[serde(default)]
    pub error_message: Option<String>,
    /// The latest events; only where one cluster was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<Event>>,
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl Cluster {
    /// Whether it can be used.
    pub fn is_running(&self) -> bool {
        self.status == RUNNING
    }

    /// Whether making or deleting it failed.
    pub fn is_failed(&self) -> bool {
        self.status == ERROR
    }

    /// The number of the last event known of it.
    pub fn last_seq(&self) -> Option<i64> {
        self.events.as_ref()?.iter().map(|event| event.seq).max()
    }
}

pub const RUNNING: &str = "RUNNING";
pub const ERROR: &str = "ERROR";

/// A change of a cluster, or a line of its provider's output.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    pub event: String,
    #[serde(default)]
    pub seq: i64,
    #[serde(default)]
    pub timestamp: String,
    #[serde(default)]
    pub payload: Payload,
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// What an event says.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Payload {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub status: Option<String>,
    #[serde(default)]
    pub message: Option<String>,
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl Event {
    /// A line of the provider's output.
    pub fn is_log(&self) -> bool {
        self.event == "cluster.log"
    }

    /// The last event that a cluster has.
    pub fn is_deletion(&self) -> bool {
        self.event == "cluster.deleted"
    }
}

/// A way to make clusters.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Provider {
    pub name: String,
    pub available: bool,
    #[serde(default)]
    pub reason: Option<String>,
    #[serde(default)]
    pub simulated: bool,
    #[serde(default)]
    pub default: bool,
    #[serde(default)]
    pub kubernetes_versions: Vec<String>,
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// Something that can be installed into new clusters.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Addon {
    pub name: String,
    #[serde(default)]
    pub description: String,
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// A login.
#[derive(Debug, Deserialize)]
pub struct Token {
    pub access_token: String,
    pub expires_in: i64,
    pub user: User,
}

/// An account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct User {
    pub email: String,
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// What runs on the server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServerVersion {
    pub version: String,
    #[serde(default)]
    pub commit: Option<String>,
}
