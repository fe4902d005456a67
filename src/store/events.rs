//! What happened to clusters: append-only, numbered.

use diesel::prelude::*;

use super::{
    Store, StoreError,
    connection::{self, AnyConnection, Turn, on_either},
    rows::EventRow,
    schema::{cluster_events, clusters},
};
use crate::domain::{ClusterEvent, ClusterId, EventKind, UserId};

/// The word for a cluster that is gone, where events tell a status.
const DELETED: &str = "DELETED";

#[derive(Insertable)]
#[diesel(table_name = cluster_events)]
struct NewEvent {
    cluster_id: String,
    user_id: String,
    kind: &'static str,
    name: String,
    status: String,
    message: String,
    expires_at: i64,
    created_at: i64,
}

/// Appends an event about a cluster as its row stands now: to be called after the row was changed,
/// in the same transaction.
pub(super) fn append(
    conn: &mut AnyConnection,
    cluster_id: &str,
    kind: EventKind,
    messages: impl IntoIterator<Item = String>,
) -> Result<Vec<ClusterEvent>, StoreError> {
    connection::take_turn(conn, Turn::Events)?;
    let created_at = connection::now(conn)?;
    let (user_id, name, status, expires_at, deleted_at) = clusters::table
        .find(cluster_id)
        .select((
            clusters::user_id,
            clusters::name,
            clusters::status,
            clusters::expires_at,
            clusters::deleted_at,
        ))
        .first::<(String, String, String, i64, Option<i64>)>(conn)?;
    let status = if deleted_at.is_some() {
        DELETED.to_owned()
    } else {
        status
    };
    messages
        .into_iter()
        .map(|message| {
            let event = NewEvent {
                cluster_id: cluster_id.to_owned(),
                user_id: user_id.clone(),
                kind: kind.as_str(),
                name: name.clone(),
                status: status.clone(),
                message,
                expires_at,
                created_at,
            };
            on_either!(conn, inner => diesel::insert_into(cluster_events::table)
                .values(&event)
                .returning(EventRow::as_returning())
                .get_result::<EventRow>(inner))?
            .try_into()
        })
        .collect()
}

/// [`append`] of one event.
pub(super) fn append_one(
    conn: &mut AnyConnection,
    cluster_id: &str,
    kind: EventKind,
    message: impl Into<String>,
) -> Result<ClusterEvent, StoreError> {
    let mut events = append(conn, cluster_id, kind, [message.into()])?;
    events
        .pop()
        .ok_or_else(|| StoreError::Refused(diesel::result::Error::NotFound))
}

impl Store {
    /// The events of `user` after number `after`, the oldest first, at most `limit`; of one cluster only
    /// when `cluster` is given.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn events_after(
        &self,
        user: UserId,
        cluster: Option<ClusterId>,
        after: i64,
        limit: i64,
    ) -> Result<Vec<ClusterEvent>, StoreError> {
        self.run(move |conn| {
            let mut query = cluster_events::table
                .filter(cluster_events::user_id.eq(user.to_string()))
                .filter(cluster_events::seq.gt(after))
                .into_boxed();
            if let Some(cluster) = cluster {
                query = query.filter(cluster_events::cluster_id.eq(cluster.to_string()));
            }
            let rows: Vec<EventRow> = query
                .order(cluster_events::seq.asc())
                .limit(limit)
                .select(EventRow::as_select())
                .load(conn)?;
            rows.into_iter().map(TryInto::try_into).collect()
        })
        .await
    }

    /// The events of all users after number `after`, the oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn all_events_after(
        &self,
        after: i64,
        limit: i64,
    ) -> Result<Vec<ClusterEvent>, StoreError> {
        self.run(move |conn| {
            let rows: Vec<EventRow> = cluster_events::table
                .filter(cluster_events::seq.gt(after))
                .order(cluster_events::seq.asc())
                .limit(limit)
                .select(EventRow::as_select())
                .load(conn)?;
            rows.into_iter().map(TryInto::try_into).collect()
        })
        .await
    }

    /// The number of the newest event of all; 0 when there is none.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn newest_seq(&self) -> Result<i64, StoreError> {
        self.run(|conn| {
            let newest: Option<i64> = cluster_events::table
                .select(diesel::dsl::max(cluster_events::seq))
                .first(conn)?;
            Ok(newest.unwrap_or(0))
        })
        .await
    }

    /// The newest events of a cluster, at most `limit`, the oldest of them first.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn latest_events(
        &self,
        cluster: ClusterId,
        limit: i64,
    ) -> Result<Vec<ClusterEvent>, StoreError> {
        self.run(move |conn| {
            let mut rows: Vec<EventRow> = cluster_events::table
                .filter(cluster_events::cluster_id.eq(cluster.to_string()))
                .order(cluster_events::seq.desc())
                .limit(limit)
                .select(EventRow::as_select())
                .load(conn)?;
            rows.reverse();
            rows.into_iter().map(TryInto::try_into).collect()
        })
        .await
    }

    /// The number of the newest event of `user`; 0 when there is none.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn last_seq(&self, user: UserId) -> Result<i64, StoreError> {
        self.run(move |conn| {
            let last: Option<i64> = cluster_events::table
                .filter(cluster_events::user_id.eq(user.to_string()))
                .select(diesel::dsl::max(cluster_events::seq))
                .first(conn)?;
            Ok(last.unwrap_or(0))
        })
        .await
    }

    /// Keeps lines of a provider's output.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn log(
        &self,
        cluster: ClusterId,
        lines: Vec<String>,
    ) -> Result<Vec<ClusterEvent>, StoreError> {
        self.transaction(move |conn| append(conn, &cluster.to_string(), EventKind::Log, lines))
            .await
    }
}
