//! What administrators change while the lab runs.

use diesel::prelude::*;

use super::{Store, StoreError, connection::on_either, schema::settings};

impl Store {
    /// A setting's value, if it was ever changed.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn setting(&self, name: &'static str) -> Result<Option<String>, StoreError> {
        self.run(move |conn| {
            Ok(settings::table
                .find(name)
                .select(settings::value)
                .first(conn)
                .optional()?)
        })
        .await
    }

    /// Changes a setting.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn set_setting(
        &self,
        name: &'static str,
        value: &'static str,
    ) -> Result<(), StoreError> {
        self.run(move |conn| {
            on_either!(conn, inner => diesel::insert_into(settings::table)
                .values((settings::name.eq(name), settings::value.eq(value)))
                .on_conflict(settings::name)
                .do_update()
                .set(settings::value.eq(value))
                .execute(inner))?;
            Ok(())
        })
        .await
    }
}
