//! Sessions and personal tokens: each is known by a digest of its secret.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::{
    Store, StoreError, connection,
    rows::{UserRow, time},
    schema::{personal_tokens, sessions, users},
};
use crate::domain::{TokenName, User, UserId};

/// How exact it is kept when something was used last, in milliseconds: not every look is a write.
const EXACT: i64 = 60_000;

/// A session.
#[derive(Debug, Clone)]
pub struct SessionRecord {
    /// The digest of its secret.
    pub id: String,
    /// The browser, in its own words.
    pub agent: String,
    /// Where it began.
    pub address: String,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was used last, to a minute.
    pub seen_at: DateTime<Utc>,
}

/// A personal access token.
#[derive(Debug, Clone)]
pub struct TokenRecord {
    /// Its id.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// When it was used last, to a minute.
    pub used_at: Option<DateTime<Utc>>,
}

/// A personal access token to be.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub owner: UserId,
    /// What its owner calls it.
    pub name: TokenName,
    /// The digest of its secret.
    pub digest: String,
    /// Its life, in days.
    pub days: i64,
}

impl Store {
    /// Keeps a session.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn begin_session(
        &self,
        user: UserId,
        id: String,
        agent: String,
        address: String,
        life: std::time::Duration,
    ) -> Result<(), StoreError> {
        self.transaction(move |conn| {
            let now = connection::now(conn)?;
            diesel::insert_into(sessions::table)
                .values((
                    sessions::id.eq(id),
                    sessions::user_id.eq(user.to_string()),
                    sessions::agent.eq(agent),
                    sessions::address.eq(address),
                    sessions::created_at.eq(now),
                    sessions::seen_at.eq(now),
                ))
                .execute(conn)?;
            // Those that nobody came back to.
            let over = now.saturating_sub(super::millis(life));
            diesel::delete(sessions::table.filter(sessions::seen_at.lt(over))).execute(conn)?;
            Ok(())
        })
        .await
    }

    /// Whose session it is; `None` when it has ended or was not used for `life`.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn user_of_session(
        &self,
        id: String,
        life: std::time::Duration,
    ) -> Result<Option<User>, StoreError> {
        self.run(move |conn| {
            let found: Option<(UserRow, i64)> = sessions::table
                .find(&id)
                .inner_join(users::table)
                .filter(users::deleted_at.is_null())
                .select((UserRow::as_select(), sessions::seen_at))
                .first(conn)
                .optional()?;
            let Some((user, seen_at)) = found else {
                return Ok(None);
            };
            let now = connection::now(conn)?;
            if seen_at < now.saturating_sub(super::millis(life)) {
                return Ok(None);
            }
            if seen_at < now - EXACT {
                diesel::update(sessions::table.find(&id))
                    .set(sessions::seen_at.eq(now))
                    .execute(conn)?;
            }
            user.try_into().map(Some)
        })
        .await
    }

    /// A user's sessions, the one that was used last first.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn sessions_of(&self, user: UserId) -> Result<Vec<SessionRecord>, StoreError> {
        self.run(move |conn| {
            let rows: Vec<(String, String, String, i64, i64)> = sessions::table
                .filter(sessions::user_id.eq(user.to_string()))
                .order((sessions::seen_at.desc(), sessions::created_at.desc()))
                .select((
                    sessions::id,
                    sessions::agent,
                    sessions::address,
                    sessions::created_at,
                    sessions::seen_at,
                ))
                .load(conn)?;
            Ok(rows
                .into_iter()
                .map(|(id, agent, address, created_at, seen_at)| SessionRecord {
                    id,
                    agent,
                    address,
                    created_at: time(created_at),
                    seen_at: time(seen_at),
                })
                .collect())
        })
        .await
    }

    /// Ends a session of a user.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn end_session(&self, user: UserId, id: String) -> Result<(), StoreError> {
        self.run(move |conn| {
            diesel::delete(
                sessions::table
                    .find(id)
                    .filter(sessions::user_id.eq(user.to_string())),
            )
            .execute(conn)?;
            Ok(())
        })
        .await
    }

    /// Ends all sessions of a user.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn end_sessions_of(&self, user: UserId) -> Result<(), StoreError> {
        self.run(move |conn| {
            diesel::delete(sessions::table.filter(sessions::user_id.eq(user.to_string())))
                .execute(conn)?;
            Ok(())
        })
        .await
    }

    /// Keeps a personal token.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn add_token(&self, new: NewToken) -> Result<(), StoreError> {
        self.run(move |conn| {
            let now = connection::now(conn)?;
            diesel::insert_into(personal_tokens::table)
                .values((
                    personal_tokens::id.eq(new.id),
                    personal_tokens::user_id.eq(new.owner.to_string()),
                    personal_tokens::name.eq(new.name.as_str()),
                    personal_tokens::digest.eq(new.digest),
                    personal_tokens::created_at.eq(now),
                    personal_tokens::expires_at.eq(now.saturating_add(new.days * 86_400_000)),
                ))
                .execute(conn)?;
            Ok(())
        })
        .await
    }

    /// Whose token it is, and when it ends; `None` when there is none with this digest, or its time is over.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn user_of_token(
        &self,
        digest: String,
    ) -> Result<Option<(User, DateTime<Utc>)>, StoreError> {
        self.run(move |conn| {
            let now = connection::now(conn)?;
            let found: Option<(UserRow, String, i64, Option<i64>)> = personal_tokens::table
                .inner_join(users::table)
                .filter(personal_tokens::digest.eq(digest))
                .filter(personal_tokens::expires_at.gt(now))
                .filter(users::deleted_at.is_null())
                .select((
                    UserRow::as_select(),
                    personal_tokens::id,
                    personal_tokens::expires_at,
                    personal_tokens::used_at,
                ))
                .first(conn)
                .optional()?;
            let Some((user, id, expires_at, used_at)) = found else {
                return Ok(None);
            };
            if used_at.is_none_or(|used_at| used_at < now - EXACT) {
                diesel::update(personal_tokens::table.find(id))
                    .set(personal_tokens::used_at.eq(Some(now)))
                    .execute(conn)?;
            }
            Ok(Some((user.try_into()?, time(expires_at))))
        })
        .await
    }

    /// A user's personal tokens, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn tokens_of(&self, user: UserId) -> Result<Vec<TokenRecord>, StoreError> {
        self.run(move |conn| {
            let rows: Vec<(String, String, i64, i64, Option<i64>)> = personal_tokens::table
                .filter(personal_tokens::user_id.eq(user.to_string()))
                .order((
                    personal_tokens::created_at.desc(),
                    personal_tokens::id.desc(),
                ))
                .select((
                    personal_tokens::id,
                    personal_tokens::name,
                    personal_tokens::created_at,
                    personal_tokens::expires_at,
                    personal_tokens::used_at,
                ))
                .load(conn)?;
            Ok(rows
                .into_iter()
                .map(|(id, name, created_at, expires_at, used_at)| TokenRecord {
                    id,
                    name,
                    created_at: time(created_at),
                    expires_at: time(expires_at),
                    used_at: used_at.map(time),
                })
                .collect())
        })
        .await
    }

    /// Ends a personal token of a user.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn revoke_token(&self, user: UserId, id: String) -> Result<(), StoreError> {
        self.run(move |conn| {
            diesel::delete(
                personal_tokens::table
                    .find(id)
                    .filter(personal_tokens::user_id.eq(user.to_string())),
            )
            .execute(conn)?;
            Ok(())
        })
        .await
    }

    /// Ends all personal tokens of a user.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn revoke_tokens_of(&self, user: UserId) -> Result<(), StoreError> {
        self.run(move |conn| {
            diesel::delete(
                personal_tokens::table.filter(personal_tokens::user_id.eq(user.to_string())),
            )
            .execute(conn)?;
            Ok(())
        })
        .await
    }
}
