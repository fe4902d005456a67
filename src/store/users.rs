//! Accounts.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::{
    Store, StoreError,
    clusters::release,
    connection::{self, Turn},
    rows::{UserRow, time},
    schema::{clusters, personal_tokens, sessions, users},
};
use crate::domain::{ClusterEvent, Email, Role, User, UserId};

/// A user, as an administrator sees them.
#[derive(Debug, Clone)]
pub struct UserSummary {
    /// The user.
    pub user: User,
    /// How many live clusters they have.
    pub clusters: i64,
    /// When a session of theirs was used last.
    pub seen_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Keeps a new account; the first one is the administrator's.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the address is taken.
    pub async fn add_user(&self, email: &Email, password_hash: String) -> Result<User, StoreError> {
        let (id, email) = (UserId::random().to_string(), email.to_string());
        self.transaction(move |conn| {
            connection::take_turn(conn, Turn::Accounts)?;
            let mut row = UserRow {
                id,
                email,
                password_hash,
                generation: 1,
                created_at: connection::now(conn)?,
                role: Role::Member.as_str().to_owned(),
                disabled_at: None,
            };
            diesel::insert_into(users::table)
                .values(&row)
                .execute(conn)?;
            let all: i64 = users::table
                .filter(users::deleted_at.is_null())
                .count()
                .get_result(conn)?;
            if all == 1 {
                row.role = Role::Administrator.as_str().to_owned();
                diesel::update(users::table.find(&row.id))
                    .set(users::role.eq(&row.role))
                    .execute(conn)?;
            }
            row.try_into()
        })
        .await
    }

    /// The account with this address.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn user_by_email(&self, email: &Email) -> Result<Option<User>, StoreError> {
        let email = email.to_string();
        self.run(move |conn| {
            let row = users::table
                .filter(users::email.eq(email))
                .select(UserRow::as_select())
                .first::<UserRow>(conn)
                .optional()?;
            row.map(TryInto::try_into).transpose()
        })
        .await
    }

    /// The account with this identity.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let id = id.to_string();
        self.run(move |conn| {
            let row = users::table
                .find(id)
                .filter(users::deleted_at.is_null())
                .select(UserRow::as_select())
                .first::<UserRow>(conn)
                .optional()?;
            row.map(TryInto::try_into).transpose()
        })
        .await
    }

    /// Puts another password in the place of the one that `generation` had; all older tokens and
    /// sessions are void with it. `false` when somebody else changed it meanwhile.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn replace_password(
        &self,
        id: UserId,
        generation: i32,
        password_hash: String,
    ) -> Result<bool, StoreError> {
        let id = id.to_string();
        self.run(move |conn| {
            let changed = diesel::update(
                users::table
                    .find(id)
                    .filter(users::generation.eq(generation)),
            )
            .set((
                users::password_hash.eq(password_hash),
                users::generation.eq(generation.wrapping_add(1)),
            ))
            .execute(conn)?;
            Ok(changed == 1)
        })
        .await
    }

    /// Closes an account, or opens it again; its sessions end.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn set_disabled(&self, id: UserId, disabled: bool) -> Result<(), StoreError> {
        let id = id.to_string();
        self.transaction(move |conn| {
            let since = if disabled {
                Some(connection::now(conn)?)
            } else {
                None
            };
            diesel::update(users::table.find(&id))
                .set(users::disabled_at.eq(since))
                .execute(conn)?;
            if disabled {
                diesel::delete(sessions::table.filter(sessions::user_id.eq(&id))).execute(conn)?;
            }
            Ok(())
        })
        .await
    }

    /// Deletes an account: its clusters go, its sessions and tokens end, its address is free again.
    /// The row stays, without a name, for the history of its clusters.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn delete_user(&self, id: UserId) -> Result<Vec<ClusterEvent>, StoreError> {
        let id = id.to_string();
        self.transaction(move |conn| {
            let now = connection::now(conn)?;
            diesel::update(users::table.find(&id))
                .set((
                    users::email.eq(format!("deleted-{id}@invalid.example")),
                    users::password_hash.eq("!"),
                    users::generation.eq(users::generation + 1),
                    users::role.eq(Role::Member.as_str()),
                    users::deleted_at.eq(Some(now)),
                ))
                .execute(conn)?;
            diesel::delete(sessions::table.filter(sessions::user_id.eq(&id))).execute(conn)?;
            diesel::delete(personal_tokens::table.filter(personal_tokens::user_id.eq(&id)))
                .execute(conn)?;
            let live: Vec<String> = clusters::table
                .filter(clusters::user_id.eq(&id))
                .filter(clusters::deleted_at.is_null())
                .select(clusters::id)
                .load(conn)?;
            let mut events = Vec::new();
            for cluster in live {
                events.extend(release(
                    conn,
                    &cluster,
                    "Its owner's account is deleted",
                    now,
                )?);
            }
            Ok(events)
        })
        .await
    }

    /// All users, the first one first.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn users(&self) -> Result<Vec<UserSummary>, StoreError> {
        self.run(|conn| {
            let rows: Vec<UserRow> = users::table
                .filter(users::deleted_at.is_null())
                .order((users::created_at.asc(), users::id.asc()))
                .select(UserRow::as_select())
                .load(conn)?;
            let clusters: Vec<(String, i64)> = clusters::table
                .filter(clusters::deleted_at.is_null())
                .group_by(clusters::user_id)
                .select((clusters::user_id, diesel::dsl::count_star()))
                .load(conn)?;
            let seen: Vec<(String, Option<i64>)> = sessions::table
                .group_by(sessions::user_id)
                .select((sessions::user_id, diesel::dsl::max(sessions::seen_at)))
                .load(conn)?;
            rows.into_iter()
                .map(|row| {
                    let of = |id: &String| *id == row.id;
                    Ok(UserSummary {
                        clusters: clusters
                            .iter()
                            .find(|(id, _)| of(id))
                            .map_or(0, |(_, count)| *count),
                        seen_at: seen
                            .iter()
                            .find(|(id, _)| of(id))
                            .and_then(|(_, at)| at.map(time)),
                        user: row.try_into()?,
                    })
                })
                .collect()
        })
        .await
    }

    /// How many accounts there are.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn count_users(&self) -> Result<i64, StoreError> {
        self.run(|conn| {
            Ok(users::table
                .filter(users::deleted_at.is_null())
                .count()
                .get_result(conn)?)
        })
        .await
    }

    /// How many administrators there are who may log in.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn count_administrators(&self) -> Result<i64, StoreError> {
        self.run(|conn| {
            Ok(users::table
                .filter(users::deleted_at.is_null())
                .filter(users::disabled_at.is_null())
                .filter(users::role.eq(Role::Administrator.as_str()))
                .count()
                .get_result(conn)?)
        })
        .await
    }
}
