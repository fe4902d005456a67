//! Clusters, as their owners ask for them and see them.

use std::{collections::BTreeMap, time::Duration};

use diesel::prelude::*;

use super::{
    Store, StoreError,
    connection::{self, AnyConnection},
    events, ports,
    rows::ClusterRow,
    schema::{clusters, idempotency_keys, users},
};
use crate::domain::{
    AddonName, Cluster, ClusterEvent, ClusterId, ClusterName, ClusterStatus, EventKind,
    KubernetesVersion, Move, NodeCount, NodeSize, ProviderName, ProviderRef, Ttl, UserId,
};

/// How many clusters say what is usual.
const LATEST: i64 = 50;

/// A cluster to be.
#[derive(Debug, Clone)]
pub struct NewCluster {
    /// Who asks.
    pub owner: UserId,
    /// What they call it.
    pub name: ClusterName,
    /// The engine.
    pub provider: ProviderName,
    /// The host it will live on, where it lives on one.
    pub host: Option<String>,
    /// The version.
    pub kubernetes_version: KubernetesVersion,
    /// How many nodes.
    pub nodes: NodeCount,
    /// How large each is.
    pub node_size: NodeSize,
    /// What is installed into it when it is up.
    pub addons: Vec<AddonName>,
    /// Its life.
    pub ttl: Ttl,
    /// A key that makes the request repeatable, and a digest of what was asked under it.
    pub idempotency: Option<(String, String)>,
    /// How many live clusters its owner may have, this one included.
    pub quota: u32,
}

/// What became of a request.
#[derive(Debug)]
pub enum Requested {
    /// It is recorded.
    Accepted(Cluster, ClusterEvent),
    /// It was recorded before, by the same key.
    Repeated(Cluster),
    /// The key was used for another request.
    KeyReused,
    /// Its owner has a live cluster of this name.
    NameTaken,
    /// Its owner has as many clusters as they may.
    OverQuota,
}

pub(super) fn load(conn: &mut AnyConnection, id: &str) -> Result<Cluster, StoreError> {
    let row = clusters::table
        .find(id)
        .select(ClusterRow::as_select())
        .first::<ClusterRow>(conn)?;
    let ports = ports::of(conn, id)?;
    row.into_cluster(ports)
}

/// The statuses from which `by` is allowed, as the column holds them.
pub(super) fn allowing(by: Move) -> Vec<&'static str> {
    ClusterStatus::allowing(by)
        .map(ClusterStatus::as_str)
        .collect()
}

impl Store {
    /// Records that a cluster is wanted.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn request_cluster(&self, new: NewCluster) -> Result<Requested, StoreError> {
        self.transaction(move |conn| request(conn, new)).await
    }

    /// A user's live clusters, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn clusters_of(
        &self,
        owner: UserId,
        status: Option<ClusterStatus>,
    ) -> Result<Vec<Cluster>, StoreError> {
        self.run(move |conn| {
            let mut query = clusters::table
                .filter(clusters::user_id.eq(owner.to_string()))
                .filter(clusters::deleted_at.is_null())
                .into_boxed();
            if let Some(status) = status {
                query = query.filter(clusters::status.eq(status.as_str()));
            }
            let rows: Vec<ClusterRow> = query
                .order((clusters::created_at.desc(), clusters::id.desc()))
                .select(ClusterRow::as_select())
                .load(conn)?;
            // Its ports are nothing that its owner sees.
            rows.into_iter()
                .map(|row| row.into_cluster(Vec::new()))
                .collect()
        })
        .await
    }

    /// A user's cluster; `None` for one that is unknown, another's, or gone.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn cluster_of(
        &self,
        owner: UserId,
        id: ClusterId,
    ) -> Result<Option<Cluster>, StoreError> {
        self.run(move |conn| {
            let row = clusters::table
                .find(id.to_string())
                .filter(clusters::user_id.eq(owner.to_string()))
                .filter(clusters::deleted_at.is_null())
                .select(ClusterRow::as_select())
                .first::<ClusterRow>(conn)
                .optional()?;
            row.map(|row| row.into_cluster(Vec::new())).transpose()
        })
        .await
    }

    /// All live clusters with their owners' addresses, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn all_clusters(&self) -> Result<Vec<(Cluster, String)>, StoreError> {
        self.run(|conn| {
            let rows: Vec<(ClusterRow, String)> = clusters::table
                .inner_join(users::table)
                .filter(clusters::deleted_at.is_null())
                .order((clusters::created_at.desc(), clusters::id.desc()))
                .select((ClusterRow::as_select(), users::email))
                .load(conn)?;
            rows.into_iter()
                .map(|(row, owner)| Ok((row.into_cluster(Vec::new())?, owner)))
                .collect()
        })
        .await
    }

    /// The clusters that wait for their turn on each host, the first in line first.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn waiting(&self) -> Result<Vec<(ClusterId, Option<String>)>, StoreError> {
        self.run(move |conn| {
            let now = connection::now(conn)?;
            waiting(conn, now)?
                .into_iter()
                .map(|(id, host, _)| {
                    let id = id.parse().map_err(|_| StoreError::Unreadable {
                        what: "cluster id",
                        value: id,
                    })?;
                    Ok((id, host))
                })
                .collect()
        })
        .await
    }

    /// The encrypted kubeconfig of a cluster.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn sealed_kubeconfig(&self, id: ClusterId) -> Result<Option<Vec<u8>>, StoreError> {
        self.run(move |conn| {
            Ok(clusters::table
                .find(id.to_string())
                .select(clusters::kubeconfig)
                .first::<Option<Vec<u8>>>(conn)
                .optional()?
                .flatten())
        })
        .await
    }

    /// All encrypted kubeconfigs.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn sealed_kubeconfigs(&self) -> Result<Vec<(ClusterId, Vec<u8>)>, StoreError> {
        self.run(|conn| {
            let rows: Vec<(String, Option<Vec<u8>>)> = clusters::table
                .filter(clusters::kubeconfig.is_not_null())
                .select((clusters::id, clusters::kubeconfig))
                .load(conn)?;
            rows.into_iter()
                .map(|(id, sealed)| {
                    let id = id.parse().map_err(|_| StoreError::Unreadable {
                        what: "cluster id",
                        value: id,
                    })?;
                    Ok((id, sealed.unwrap_or_default()))
                })
                .collect()
        })
        .await
    }

    /// Puts a newly encrypted kubeconfig in the place of `old`, unless it is another by now.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn replace_sealed(
        &self,
        id: ClusterId,
        old: Vec<u8>,
        new: Vec<u8>,
    ) -> Result<(), StoreError> {
        self.run(move |conn| {
            diesel::update(
                clusters::table
                    .find(id.to_string())
                    .filter(clusters::kubeconfig.eq(Some(old))),
            )
            .set(clusters::kubeconfig.eq(Some(new)))
            .execute(conn)?;
            Ok(())
        })
        .await
    }

    /// Records that a cluster is to go, if it is not going already: then there is no event.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn release_cluster(
        &self,
        id: ClusterId,
        reason: &'static str,
    ) -> Result<Option<ClusterEvent>, StoreError> {
        self.transaction(move |conn| {
            let now = connection::now(conn)?;
            release(conn, &id.to_string(), reason, now)
        })
        .await
    }

    /// Records that a cluster in `ERROR` is to be tried again. `None` when it is not in `ERROR`.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn retry_cluster(&self, id: ClusterId) -> Result<Option<ClusterEvent>, StoreError> {
        self.transaction(move |conn| {
            let (id, now) = (id.to_string(), connection::now(conn)?);
            let changed = diesel::update(
                clusters::table
                    .find(&id)
                    .filter(clusters::deleted_at.is_null())
                    .filter(clusters::status.eq_any(allowing(Move::Retry))),
            )
            .set((
                clusters::status.eq(ClusterStatus::Provisioning.as_str()),
                clusters::error_message.eq(None::<String>),
                clusters::step.eq(Some("Waiting for its turn")),
                clusters::attempts.eq(0),
                clusters::next_attempt_at.eq(now),
            ))
            .execute(conn)?;
            if changed == 0 {
                return Ok(None);
            }
            events::append_one(conn, &id, EventKind::StatusChanged, "Trying again").map(Some)
        })
        .await
    }

    /// Puts a longer life in the place of `from`. `None` when it changed meanwhile, or the cluster is going.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn extend_cluster(
        &self,
        cluster: &Cluster,
        from: Ttl,
        to: Ttl,
    ) -> Result<Option<ClusterEvent>, StoreError> {
        let (id, expires_at) = (cluster.id.to_string(), to.expiry(cluster.created_at));
        let added = to.hours() - from.hours();
        self.transaction(move |conn| {
            let changed = diesel::update(
                clusters::table
                    .find(&id)
                    .filter(clusters::deleted_at.is_null())
                    .filter(clusters::status.ne(ClusterStatus::Deleting.as_str()))
                    .filter(clusters::ttl_hours.eq(i32::from(from.hours()))),
            )
            .set((
                clusters::ttl_hours.eq(i32::from(to.hours())),
                clusters::expires_at.eq(expires_at.timestamp_millis()),
            ))
            .execute(conn)?;
            if changed == 0 {
                return Ok(None);
            }
            let message = format!("Extended by {added} h");
            events::append_one(conn, &id, EventKind::TtlExtended, message).map(Some)
        })
        .await
    }

    /// How long the latest clusters of each provider took from the request to RUNNING, in milliseconds, the
    /// middle one of them.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn usual_times(&self) -> Result<Vec<(String, i64)>, StoreError> {
        self.run(|conn| {
            let latest: Vec<(String, i64, Option<i64>)> = clusters::table
                .filter(clusters::ready_at.is_not_null())
                .order(clusters::created_at.desc())
                .limit(LATEST)
                .select((clusters::provider, clusters::created_at, clusters::ready_at))
                .load(conn)?;
            let mut took: BTreeMap<String, Vec<i64>> = BTreeMap::new();
            for (provider, asked, ready) in latest {
                took.entry(provider)
                    .or_default()
                    .push(ready.unwrap_or(asked) - asked);
            }
            Ok(took
                .into_iter()
                .filter_map(|(provider, mut times)| {
                    times.sort_unstable();
                    Some((provider, *times.get(times.len() / 2)?))
                })
                .collect())
        })
        .await
    }

    /// How many clusters are still there `grace` after their time was over.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn count_overdue(&self, grace: Duration) -> Result<i64, StoreError> {
        self.run(move |conn| {
            let now = connection::now(conn)?;
            Ok(clusters::table
                .filter(clusters::deleted_at.is_null())
                .filter(clusters::expires_at.lt(now.saturating_sub(super::millis(grace))))
                .count()
                .get_result(conn)?)
        })
        .await
    }

    /// How many live clusters there are, by status and provider.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn count_clusters(&self) -> Result<Vec<(String, String, i64)>, StoreError> {
        self.run(|conn| {
            Ok(clusters::table
                .filter(clusters::deleted_at.is_null())
                .group_by((clusters::status, clusters::provider))
                .select((
                    clusters::status,
                    clusters::provider,
                    diesel::dsl::count_star(),
                ))
                .load(conn)?)
        })
        .await
    }
}

/// One that waits: its id, its host, and its step.
pub(super) type Waiting = (String, Option<String>, Option<String>);

/// Those that wait for their turn: wanted, never tried, nobody's lease.
pub(super) fn waiting(conn: &mut AnyConnection, now: i64) -> Result<Vec<Waiting>, StoreError> {
    Ok(clusters::table
        .filter(clusters::deleted_at.is_null())
        .filter(clusters::status.eq(ClusterStatus::Provisioning.as_str()))
        .filter(clusters::attempts.eq(0))
        .filter(
            clusters::lease_until
                .is_null()
                .or(clusters::lease_until.lt(now)),
        )
        .order((clusters::created_at.asc(), clusters::id.asc()))
        .select((clusters::id, clusters::host, clusters::step))
        .load(conn)?)
}

pub(super) fn release(
    conn: &mut AnyConnection,
    id: &str,
    reason: &str,
    now: i64,
) -> Result<Option<ClusterEvent>, StoreError> {
    let changed = diesel::update(
        clusters::table
            .find(id)
            .filter(clusters::deleted_at.is_null())
            .filter(clusters::status.eq_any(allowing(Move::Release))),
    )
    .set((
        clusters::status.eq(ClusterStatus::Deleting.as_str()),
        clusters::step.eq(Some(reason)),
        clusters::attempts.eq(0),
        clusters::next_attempt_at.eq(now),
    ))
    .execute(conn)?;
    if changed == 0 {
        return Ok(None);
    }
    events::append_one(conn, id, EventKind::StatusChanged, reason).map(Some)
}

fn request(conn: &mut AnyConnection, new: NewCluster) -> Result<Requested, StoreError> {
    let owner = new.owner.to_string();
    // A write that changes nothing: from here on this user's requests come one after the other,
    // so that neither quota nor key can be passed by two at once.
    diesel::update(users::table.find(&owner))
        .set(users::id.eq(&owner))
        .execute(conn)?;

    if let Some((key, hash)) = &new.idempotency {
        let known = idempotency_keys::table
            .find((&owner, key))
            .select((idempotency_keys::request_hash, idempotency_keys::cluster_id))
            .first::<(String, String)>(conn)
            .optional()?;
        match known {
            Some((known, cluster)) if known == *hash => {
                return Ok(Requested::Repeated(load(conn, &cluster)?));
            }
            Some(_) => return Ok(Requested::KeyReused),
            None => {}
        }
    }

    let names: Vec<String> = clusters::table
        .filter(clusters::user_id.eq(&owner))
        .filter(clusters::deleted_at.is_null())
        .select(clusters::name)
        .load(conn)?;
    if names.iter().any(|name| name == new.name.as_str()) {
        return Ok(Requested::NameTaken);
    }
    if names.len() >= usize::try_from(new.quota).unwrap_or(usize::MAX) {
        return Ok(Requested::OverQuota);
    }

    let now = connection::now(conn)?;
    let id = ClusterId::random();
    let row = ClusterRow {
        id: id.to_string(),
        user_id: owner.clone(),
        name: new.name.to_string(),
        provider: new.provider.to_string(),
        provider_ref: ProviderRef::of(id).to_string(),
        host: new.host,
        kubernetes_version: new.kubernetes_version.to_string(),
        nodes: new.nodes.get().into(),
        status: ClusterStatus::Provisioning.to_string(),
        step: Some("Waiting for its turn".to_owned()),
        ttl_hours: new.ttl.hours().into(),
        created_at: now,
        ready_at: None,
        expires_at: new.ttl.expiry(super::rows::time(now)).timestamp_millis(),
        deleted_at: None,
        error_message: None,
        attempts: 0,
        next_attempt_at: now,
        node_size: new.node_size.to_string(),
        addons: new
            .addons
            .iter()
            .map(AddonName::as_str)
            .collect::<Vec<_>>()
            .join(","),
    };
    diesel::insert_into(clusters::table)
        .values(&row)
        .execute(conn)?;
    if let Some((key, hash)) = new.idempotency {
        diesel::insert_into(idempotency_keys::table)
            .values((
                idempotency_keys::user_id.eq(&owner),
                idempotency_keys::key.eq(key),
                idempotency_keys::request_hash.eq(hash),
                idempotency_keys::cluster_id.eq(&row.id),
                idempotency_keys::created_at.eq(now),
            ))
            .execute(conn)?;
    }
    let event = events::append_one(
        conn,
        &row.id,
        EventKind::StatusChanged,
        "Waiting for its turn",
    )?;
    Ok(Requested::Accepted(row.into_cluster(Vec::new())?, event))
}
