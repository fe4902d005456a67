//! What can go wrong between the lab and its database.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// The store's errors.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database does not answer, or has no connection to spare: worth another try.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A row that must be unique is there already.
    #[error("already there: {0}")]
    Conflict(String),
    /// A row holds what no version of the lab writes.
    #[error("the database holds an unreadable {what}: {value:?}")]
    Unreadable {
        /// The kind of value.
        what: &'static str,
        /// What it holds.
        value: String,
    },
    /// The database refused a statement.
    #[error("the database refused a statement: {0}")]
    Refused(#[source] DieselError),
    /// The address names no database that the lab knows.
    #[error("{0}")]
    Address(String),
    /// The schema could not be brought up to date.
    #[error("the database's schema can't be brought up to date: {0}")]
    Migration(String),
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, info) => {
                Self::Conflict(info.message().to_owned())
            }
            DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, info) => {
                Self::Unavailable(info.message().to_owned())
            }
            // SQLite says so when another connection kept the write lock for the whole busy timeout.
            DieselError::DatabaseError(_, ref info)
                if info.message().contains("database is locked") =>
            {
                Self::Unavailable(info.message().to_owned())
            }
            other => Self::Refused(other),
        }
    }
}

impl From<diesel::r2d2::PoolError> for StoreError {
    fn from(error: diesel::r2d2::PoolError) -> Self {
        Self::Unavailable(error.to_string())
    }
}
