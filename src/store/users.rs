//! Accounts.

use diesel::prelude::*;

use super::{Store, StoreError, connection, rows::UserRow, schema::users};
use crate::domain::{Email, User, UserId};

impl Store {
    /// Keeps a new account.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the address is taken.
    pub async fn add_user(&self, email: &Email, password_hash: String) -> Result<User, StoreError> {
        let (id, email) = (UserId::random().to_string(), email.to_string());
        self.run(move |conn| {
            let row = UserRow {
                id,
                email,
                password_hash,
                generation: 1,
                created_at: connection::now(conn)?,
            };
            diesel::insert_into(users::table)
                .values(&row)
                .execute(conn)?;
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
}
