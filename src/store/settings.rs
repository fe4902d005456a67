//! What administrators change while the lab runs.

use diesel::prelude::*;

use super::{Store, StoreError, connection::on_either, schema::settings};

/// The setting that names the installation.
const INSTALLATION: &str = "installation";

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

    /// What tells this installation's objects from others' in a place that several share: made once, the same
    /// for all replicas.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn installation(&self) -> Result<String, StoreError> {
        let made = uuid::Uuid::new_v4().simple().to_string();
        self.run(move |conn| {
            on_either!(conn, inner => diesel::insert_into(settings::table)
                .values((settings::name.eq(INSTALLATION), settings::value.eq(made)))
                .on_conflict_do_nothing()
                .execute(inner))?;
            Ok(settings::table
                .find(INSTALLATION)
                .select(settings::value)
                .first(conn)?)
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
