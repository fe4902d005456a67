//! Who works on which cluster: a lease is one conditional UPDATE, the same on both databases.
//!
//! Every change that a worker makes asks for its lease in the same statement: a worker that lost it
//! (it was away for too long, another took over) changes nothing.

use std::time::Duration;

use diesel::prelude::*;

use super::{
    Store, StoreError, clusters as requests,
    connection::{self, AnyConnection, Turn},
    events, millis, ports,
    rows::ClusterRow,
    schema::clusters,
};
use crate::domain::{
    Cluster, ClusterEvent, ClusterId, ClusterStatus, EventKind, Move, ProviderName, ProviderRef,
};

/// What there is to do to a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Make it.
    Provision,
    /// Bring it up again.
    Repair,
    /// Remove it.
    Destroy,
}

impl Work {
    fn status(self) -> ClusterStatus {
        match self {
            Self::Provision => ClusterStatus::Provisioning,
            Self::Repair => ClusterStatus::Running,
            Self::Destroy => ClusterStatus::Deleting,
        }
    }
}

/// A cluster that this worker, and nobody else, works on.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The cluster.
    pub cluster: Cluster,
    /// How many tries have failed already.
    pub attempts: u32,
    /// What is to be done.
    pub work: Work,
}

/// What follows a failed try.
#[derive(Debug, Clone)]
pub enum Failure {
    /// Another try, after this time.
    TryAgain(Duration),
    /// None: the cluster is in `ERROR`.
    GiveUp,
}

/// A query on the one live row that `owner` holds.
macro_rules! held {
    ($id:expr, $owner:expr) => {
        clusters::table
            .find($id)
            .filter(clusters::deleted_at.is_null())
            .filter(clusters::lease_owner.eq($owner))
    };
}

impl Store {
    /// Takes the lease of the cluster that has waited longest for `work` on `host`, when fewer than `limit`
    /// are being worked on there in this way.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn claim_next(
        &self,
        work: Work,
        host: &str,
        owner: &str,
        lease: Duration,
        limit: u32,
    ) -> Result<Option<Claim>, StoreError> {
        let (host, owner) = (host.to_owned(), owner.to_owned());
        self.run(move |conn| {
            let pick = |conn: &mut AnyConnection| pick(conn, work, &host, &owner, lease, limit);
            match conn {
                // A transaction that reads first could not write any more.
                AnyConnection::Sqlite(_) => pick(conn),
                AnyConnection::Postgres(_) => conn.transaction(|conn| {
                    connection::take_turn(conn, Turn::Claims)?;
                    pick(conn)
                }),
            }
        })
        .await
    }

    /// Takes the lease of one cluster; `None` when somebody has it or there is no such work.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn claim(
        &self,
        id: ClusterId,
        work: Work,
        owner: &str,
        lease: Duration,
    ) -> Result<Option<Claim>, StoreError> {
        let owner = owner.to_owned();
        self.run(move |conn| claim(conn, &id.to_string(), work, &owner, lease))
            .await
    }

    /// Prolongs a lease, and tells the cluster's status; `None` when the lease is lost.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn renew_lease(
        &self,
        id: ClusterId,
        owner: &str,
        lease: Duration,
    ) -> Result<Option<ClusterStatus>, StoreError> {
        let owner = owner.to_owned();
        self.run(move |conn| {
            let (id, now) = (id.to_string(), connection::now(conn)?);
            let held = diesel::update(held!(&id, &owner))
                .set(clusters::lease_until.eq(now.saturating_add(millis(lease))))
                .execute(conn)?;
            if held == 0 {
                return Ok(None);
            }
            Ok(Some(requests::load(conn, &id)?.status))
        })
        .await
    }

    /// Gives a lease back: the cluster is free for whoever is next.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn release_lease(&self, id: ClusterId, owner: &str) -> Result<(), StoreError> {
        let owner = owner.to_owned();
        self.run(move |conn| {
            diesel::update(held!(id.to_string(), owner))
                .set((
                    clusters::lease_owner.eq(None::<String>),
                    clusters::lease_until.eq(None::<i64>),
                ))
                .execute(conn)?;
            Ok(())
        })
        .await
    }

    /// Records what is being done to a cluster; `None` clears it. No event when the lease is lost.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn record_step(
        &self,
        id: ClusterId,
        owner: &str,
        step: String,
    ) -> Result<Option<ClusterEvent>, StoreError> {
        let owner = owner.to_owned();
        self.transaction(move |conn| {
            let id = id.to_string();
            let held = diesel::update(held!(&id, owner))
                .set(clusters::step.eq(Some(&step)))
                .execute(conn)?;
            if held == 0 {
                return Ok(None);
            }
            events::append_one(conn, &id, EventKind::StatusChanged, step).map(Some)
        })
        .await
    }

    /// The cluster is RUNNING, with this encrypted kubeconfig and these words; the lease ends. `None` when nobody wants it
    /// any more, or the lease is lost.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn cluster_ready(
        &self,
        id: ClusterId,
        owner: &str,
        sealed_kubeconfig: Vec<u8>,
        message: String,
    ) -> Result<Option<ClusterEvent>, StoreError> {
        let owner = owner.to_owned();
        self.transaction(move |conn| {
            let (id, now) = (id.to_string(), connection::now(conn)?);
            let changed = diesel::update(
                held!(&id, owner).filter(clusters::status.eq_any(requests::allowing(Move::Ready))),
            )
            .set((
                clusters::status.eq(ClusterStatus::Running.as_str()),
                clusters::kubeconfig.eq(Some(sealed_kubeconfig)),
                clusters::ready_at.eq(Some(now)),
                clusters::step.eq(None::<String>),
                clusters::error_message.eq(None::<String>),
                clusters::attempts.eq(0),
                clusters::lease_owner.eq(None::<String>),
                clusters::lease_until.eq(None::<i64>),
            ))
            .execute(conn)?;
            if changed == 0 {
                return Ok(None);
            }
            events::append_one(conn, &id, EventKind::StatusChanged, message).map(Some)
        })
        .await
    }

    /// A repaired cluster needs no more work; the lease ends.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn cluster_repaired(
        &self,
        id: ClusterId,
        owner: &str,
    ) -> Result<Option<ClusterEvent>, StoreError> {
        let owner = owner.to_owned();
        self.transaction(move |conn| {
            let id = id.to_string();
            let changed = diesel::update(
                held!(&id, owner).filter(clusters::status.eq(ClusterStatus::Running.as_str())),
            )
            .set((
                clusters::step.eq(None::<String>),
                clusters::error_message.eq(None::<String>),
                clusters::attempts.eq(0),
                clusters::lease_owner.eq(None::<String>),
                clusters::lease_until.eq(None::<i64>),
            ))
            .execute(conn)?;
            if changed == 0 {
                return Ok(None);
            }
            events::append_one(conn, &id, EventKind::StatusChanged, "Ready again").map(Some)
        })
        .await
    }

    /// A cluster that answers needs no step that says it is down: left by a server that ended in a repair.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn cluster_answers(&self, id: ClusterId) -> Result<Option<ClusterEvent>, StoreError> {
        self.transaction(move |conn| {
            let (id, now) = (id.to_string(), connection::now(conn)?);
            let changed = diesel::update(
                clusters::table
                    .find(&id)
                    .filter(clusters::deleted_at.is_null())
                    .filter(clusters::status.eq(ClusterStatus::Running.as_str()))
                    .filter(clusters::step.is_not_null())
                    .filter(
                        clusters::lease_until
                            .is_null()
                            .or(clusters::lease_until.lt(now)),
                    ),
            )
            .set((
                clusters::step.eq(None::<String>),
                clusters::error_message.eq(None::<String>),
                clusters::attempts.eq(0),
            ))
            .execute(conn)?;
            if changed == 0 {
                return Ok(None);
            }
            events::append_one(conn, &id, EventKind::StatusChanged, "Ready again").map(Some)
        })
        .await
    }

    /// Records that a try failed, before its remains are cleaned away: a server that is killed while it
    /// cleans goes on with the next try, not with this one again.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn record_failed_attempt(
        &self,
        id: ClusterId,
        owner: &str,
        message: String,
        step: String,
    ) -> Result<Option<ClusterEvent>, StoreError> {
        let owner = owner.to_owned();
        self.transaction(move |conn| {
            let id = id.to_string();
            let held = diesel::update(held!(&id, owner))
                .set((
                    clusters::attempts.eq(clusters::attempts + 1),
                    clusters::error_message.eq(Some(message)),
                    clusters::step.eq(Some(&step)),
                ))
                .execute(conn)?;
            if held == 0 {
                return Ok(None);
            }
            events::append_one(conn, &id, EventKind::StatusChanged, step).map(Some)
        })
        .await
    }

    /// Ends the lease after a failed try, and says what follows.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn after_failure(
        &self,
        claim: &Claim,
        owner: &str,
        failure: Failure,
    ) -> Result<Option<ClusterEvent>, StoreError> {
        let (id, status, owner) = (
            claim.cluster.id.to_string(),
            claim.work.status(),
            owner.to_owned(),
        );
        self.transaction(move |conn| {
            let now = connection::now(conn)?;
            let row = held!(&id, owner).filter(clusters::status.eq(status.as_str()));
            let free = (
                clusters::lease_owner.eq(None::<String>),
                clusters::lease_until.eq(None::<i64>),
            );
            match failure {
                Failure::TryAgain(after) => {
                    diesel::update(row)
                        .set((
                            free,
                            clusters::next_attempt_at.eq(now.saturating_add(millis(after))),
                        ))
                        .execute(conn)?;
                    Ok(None)
                }
                Failure::GiveUp => {
                    let changed = diesel::update(row)
                        .set((
                            free,
                            clusters::status.eq(ClusterStatus::Error.as_str()),
                            clusters::step.eq(None::<String>),
                            clusters::attempts.eq(0),
                            clusters::next_attempt_at.eq(now.saturating_add(millis(RELEASE_PAUSE))),
                        ))
                        .execute(conn)?;
                    if changed == 0 {
                        return Ok(None);
                    }
                    let message = requests::load(conn, &id)?.error_message.unwrap_or_default();
                    events::append_one(conn, &id, EventKind::StatusChanged, message).map(Some)
                }
            }
        })
        .await
    }

    /// The cluster is gone: its row stays as history, without its kubeconfig and its ports.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn cluster_gone(
        &self,
        id: ClusterId,
        owner: &str,
    ) -> Result<Option<ClusterEvent>, StoreError> {
        let owner = owner.to_owned();
        self.transaction(move |conn| {
            let (id, now) = (id.to_string(), connection::now(conn)?);
            let changed = diesel::update(
                held!(&id, owner).filter(clusters::status.eq_any(requests::allowing(Move::Gone))),
            )
            .set((
                clusters::deleted_at.eq(Some(now)),
                clusters::kubeconfig.eq(None::<Vec<u8>>),
                clusters::step.eq(None::<String>),
                clusters::lease_owner.eq(None::<String>),
                clusters::lease_until.eq(None::<i64>),
            ))
            .execute(conn)?;
            if changed == 0 {
                return Ok(None);
            }
            ports::free(conn, &id)?;
            events::append_one(conn, &id, EventKind::Deleted, "Gone").map(Some)
        })
        .await
    }

    /// Asks for the deletion of all clusters whose time is over.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn release_expired(&self) -> Result<Vec<ClusterEvent>, StoreError> {
        let expired: Vec<String> = self
            .run(|conn| {
                let now = connection::now(conn)?;
                Ok(clusters::table
                    .filter(clusters::deleted_at.is_null())
                    .filter(clusters::status.eq_any(requests::allowing(Move::Release)))
                    .filter(clusters::expires_at.le(now))
                    // One whose deletion failed has a pause before the next.
                    .filter(
                        clusters::status
                            .ne(ClusterStatus::Error.as_str())
                            .or(clusters::next_attempt_at.le(now)),
                    )
                    .select(clusters::id)
                    .load(conn)?)
            })
            .await?;
        let mut events = Vec::new();
        for id in expired {
            let event = self
                .transaction(move |conn| {
                    let now = connection::now(conn)?;
                    // It may have been extended since.
                    let held = diesel::update(
                        clusters::table
                            .find(&id)
                            .filter(clusters::expires_at.le(now)),
                    )
                    .set(clusters::expires_at.eq(clusters::expires_at))
                    .execute(conn)?;
                    if held == 0 {
                        Ok(None)
                    } else {
                        requests::release(conn, &id, "Its time is over", now)
                    }
                })
                .await?;
            events.extend(event);
        }
        Ok(events)
    }

    /// Tells those that wait their place in the queue, where it is another than before.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn announce_queue(&self, host: &str) -> Result<Vec<ClusterEvent>, StoreError> {
        let host = host.to_owned();
        self.run(move |conn| {
            let now = connection::now(conn)?;
            let here = requests::waiting(conn, now)?
                .into_iter()
                .filter(|(_, of, _)| of.as_deref().is_none_or(|of| of == host));
            let mut announced = Vec::new();
            for (place, (id, _, step)) in here.enumerate() {
                let words = format!("Waiting for its turn, place {} in the queue", place + 1);
                if step.as_ref() == Some(&words) {
                    continue;
                }
                let event = conn.transaction(|conn| {
                    let changed = diesel::update(
                        clusters::table
                            .find(&id)
                            .filter(clusters::status.eq(ClusterStatus::Provisioning.as_str()))
                            .filter(
                                clusters::lease_until
                                    .is_null()
                                    .or(clusters::lease_until.lt(now)),
                            ),
                    )
                    .set(clusters::step.eq(Some(&words)))
                    .execute(conn)?;
                    if changed == 0 {
                        return Ok::<_, StoreError>(None);
                    }
                    events::append_one(conn, &id, EventKind::StatusChanged, words).map(Some)
                })?;
                announced.extend(event);
            }
            Ok(announced)
        })
        .await
    }

    /// The clusters that are to be RUNNING on `host` and that nobody works on, with the tries
    /// of a repair that failed so far.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn running_on(&self, host: &str) -> Result<Vec<Cluster>, StoreError> {
        let host = host.to_owned();
        self.run(move |conn| {
            let now = connection::now(conn)?;
            let rows: Vec<ClusterRow> = clusters::table
                .filter(clusters::deleted_at.is_null())
                .filter(clusters::status.eq(ClusterStatus::Running.as_str()))
                .filter(clusters::host.eq(&host).or(clusters::host.is_null()))
                .filter(clusters::next_attempt_at.le(now))
                .filter(
                    clusters::lease_until
                        .is_null()
                        .or(clusters::lease_until.lt(now)),
                )
                .select(ClusterRow::as_select())
                .load(conn)?;
            rows.into_iter()
                .map(|row| {
                    let ports = ports::of(conn, &row.id)?;
                    row.into_cluster(ports)
                })
                .collect()
        })
        .await
    }

    /// The provider's names of all clusters that may exist on `host`: whatever else a provider lists is an orphan.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn live_refs(
        &self,
        provider: ProviderName,
        host: &str,
    ) -> Result<Vec<ProviderRef>, StoreError> {
        let host = host.to_owned();
        self.run(move |conn| {
            let refs: Vec<String> = clusters::table
                .filter(clusters::deleted_at.is_null())
                .filter(clusters::provider.eq(provider.as_str()))
                .filter(clusters::host.eq(&host).or(clusters::host.is_null()))
                .select(clusters::provider_ref)
                .load(conn)?;
            Ok(refs
                .iter()
                .filter_map(|name| ProviderRef::recognise(name))
                .collect())
        })
        .await
    }

    /// Who holds leases now.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn lease_owners(&self) -> Result<Vec<String>, StoreError> {
        self.run(|conn| {
            let owners: Vec<Option<String>> = clusters::table
                .filter(clusters::lease_owner.is_not_null())
                .select(clusters::lease_owner)
                .distinct()
                .load(conn)?;
            Ok(owners.into_iter().flatten().collect())
        })
        .await
    }

    /// Ends all leases of an owner that is known to be dead.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn release_leases_of(&self, owner: &str) -> Result<usize, StoreError> {
        let owner = owner.to_owned();
        self.run(move |conn| {
            Ok(
                diesel::update(clusters::table.filter(clusters::lease_owner.eq(owner)))
                    .set((
                        clusters::lease_owner.eq(None::<String>),
                        clusters::lease_until.eq(None::<i64>),
                    ))
                    .execute(conn)?,
            )
        })
        .await
    }
}

/// How long the reaper leaves a cluster in peace whose deletion failed.
const RELEASE_PAUSE: Duration = Duration::from_secs(60);

fn pick(
    conn: &mut AnyConnection,
    work: Work,
    host: &str,
    owner: &str,
    lease: Duration,
    limit: u32,
) -> Result<Option<Claim>, StoreError> {
    let now = connection::now(conn)?;
    let here = clusters::host.eq(host).or(clusters::host.is_null());
    let busy: i64 = clusters::table
        .filter(clusters::deleted_at.is_null())
        .filter(clusters::status.eq(work.status().as_str()))
        .filter(here)
        .filter(clusters::lease_until.ge(now))
        .count()
        .get_result(conn)?;
    if busy >= i64::from(limit) {
        return Ok(None);
    }
    let candidates: Vec<String> = clusters::table
        .filter(clusters::deleted_at.is_null())
        .filter(clusters::status.eq(work.status().as_str()))
        .filter(here)
        .filter(clusters::next_attempt_at.le(now))
        .filter(
            clusters::lease_until
                .is_null()
                .or(clusters::lease_until.lt(now)),
        )
        .order((clusters::created_at.asc(), clusters::id.asc()))
        .limit(8)
        .select(clusters::id)
        .load(conn)?;
    for id in candidates {
        if let Some(claim) = claim(conn, &id, work, owner, lease)? {
            return Ok(Some(claim));
        }
    }
    Ok(None)
}

fn claim(
    conn: &mut AnyConnection,
    id: &str,
    work: Work,
    owner: &str,
    lease: Duration,
) -> Result<Option<Claim>, StoreError> {
    conn.transaction(|conn| {
        let now = connection::now(conn)?;
        let taken = diesel::update(
            clusters::table
                .find(id)
                .filter(clusters::deleted_at.is_null())
                .filter(clusters::status.eq(work.status().as_str()))
                .filter(
                    clusters::lease_until
                        .is_null()
                        .or(clusters::lease_until.lt(now)),
                ),
        )
        .set((
            clusters::lease_owner.eq(Some(owner)),
            clusters::lease_until.eq(Some(now.saturating_add(millis(lease)))),
        ))
        .execute(conn)?;
        if taken == 0 {
            return Ok(None);
        }
        let attempts: i32 = clusters::table
            .find(id)
            .select(clusters::attempts)
            .first(conn)?;
        Ok(Some(Claim {
            cluster: requests::load(conn, id)?,
            attempts: u32::try_from(attempts).unwrap_or(0),
            work,
        }))
    })
}
