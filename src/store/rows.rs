//! Rows, and what they say in the domain's words.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::{
    StoreError,
    schema::{cluster_events, clusters, users},
};
use crate::domain::{
    Cluster, ClusterEvent, KubernetesVersion, NodeCount, ProviderName, ProviderRef, Ttl, User,
};

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = users)]
pub(super) struct UserRow {
    pub id: String,
    pub email: String,
    pub password_hash: String,
    pub generation: i32,
    pub created_at: i64,
    pub role: String,
    pub disabled_at: Option<i64>,
}

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = clusters)]
pub(super) struct ClusterRow {
    pub id: String,
    pub user_id: String,
    pub name: String,
    pub provider: String,
    pub provider_ref: String,
    pub host: Option<String>,
    pub kubernetes_version: String,
    pub nodes: i32,
    pub status: String,
    pub step: Option<String>,
    pub ttl_hours: i32,
    pub created_at: i64,
    pub ready_at: Option<i64>,
    pub expires_at: i64,
    pub deleted_at: Option<i64>,
    pub error_message: Option<String>,
    pub attempts: i32,
    pub next_attempt_at: i64,
    pub node_size: String,
    pub addons: String,
}

#[derive(Queryable, Selectable, Clone)]
#[diesel(table_name = cluster_events)]
pub(super) struct EventRow {
    pub seq: i64,
    pub cluster_id: String,
    pub user_id: String,
    pub kind: String,
    pub name: String,
    pub status: String,
    pub message: String,
    pub expires_at: i64,
    pub created_at: i64,
}

/// Milliseconds as a time; what is out of range is the end of time rather than an error.
pub(super) fn time(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

fn read<T: std::str::FromStr>(what: &'static str, value: &str) -> Result<T, StoreError> {
    value.parse().map_err(|_| StoreError::Unreadable {
        what,
        value: value.to_owned(),
    })
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: read("user id", &row.id)?,
            email: read("e-mail address", &row.email)?,
            password_hash: row.password_hash,
            generation: row.generation,
            created_at: time(row.created_at),
            role: read("role", &row.role)?,
            disabled: row.disabled_at.is_some(),
        })
    }
}

impl ClusterRow {
    pub(super) fn into_cluster(self, ports: Vec<u16>) -> Result<Cluster, StoreError> {
        Ok(Cluster {
            id: read("cluster id", &self.id)?,
            owner: read("user id", &self.user_id)?,
            name: read("cluster name", &self.name)?,
            provider: read::<ProviderName>("provider", &self.provider)?,
            provider_ref: ProviderRef::recognise(&self.provider_ref).ok_or(
                StoreError::Unreadable {
                    what: "provider reference",
                    value: self.provider_ref,
                },
            )?,
            host: self.host,
            kubernetes_version: read::<KubernetesVersion>("version", &self.kubernetes_version)?,
            nodes: NodeCount::from_stored(self.nodes),
            node_size: read("node size", &self.node_size)?,
            addons: self
                .addons
                .split(',')
                .filter(|name| !name.is_empty())
                .map(|name| read("add-on", name))
                .collect::<Result<_, _>>()?,
            status: read("status", &self.status)?,
            step: self.step,
            ttl: Ttl::from_stored(self.ttl_hours),
            created_at: time(self.created_at),
            ready_at: self.ready_at.map(time),
            expires_at: time(self.expires_at),
            deleted_at: self.deleted_at.map(time),
            error_message: self.error_message,
            ports,
        })
    }
}

impl TryFrom<EventRow> for ClusterEvent {
    type Error = StoreError;

    fn try_from(row: EventRow) -> Result<Self, StoreError> {
        Ok(Self {
            seq: row.seq,
            kind: read("event", &row.kind)?,
            timestamp: time(row.created_at),
            user_id: read("user id", &row.user_id)?,
            cluster_id: read("cluster id", &row.cluster_id)?,
            name: row.name,
            status: row.status,
            message: row.message,
            expires_at: time(row.expires_at),
        })
    }
}
