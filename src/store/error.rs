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
    /// A newer version of the lab has been here.
    #[error(
        "the database's schema is of a newer version of the lab (migration {0}): \
         run that version, or restore the backup that was made before it"
    )]
    Newer(String),
    /// The schema could not be brought up to date.
    #[error("the database's schema can't be brought up to date: {0}")]
    Migration(String),
}

/// What the databases say when it is not the statement's fault: they are stopping, starting, gone, full or busy.
const PASSING: &[&str] = &[
    // PostgreSQL, and its client library
    "terminating connection",
    "the database system is",
    "server closed the connection",
    "could not receive data",
    "could not send data",
    "no connection to the server",
    "connection to server",
    "canceling statement due to",
    "too many clients",
    // SQLite
    "database is locked",
    "database or disk is full",
    "disk I/O error",
    "readonly database",
];

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        use DatabaseErrorKind::{
            ClosedConnection, SerializationFailure, UnableToSendCommand, UniqueViolation,
        };
        match error {
            DieselError::DatabaseError(UniqueViolation, info) => {
                Self::Conflict(info.message().to_owned())
            }
            DieselError::DatabaseError(
                ClosedConnection | SerializationFailure | UnableToSendCommand,
                info,
            ) => Self::Unavailable(info.message().to_owned()),
            DieselError::DatabaseError(_, ref info)
                if PASSING.iter().any(|words| info.message().contains(words)) =>
            {
                Self::Unavailable(info.message().to_owned())
            }
            // The connection broke within a transaction.
            DieselError::BrokenTransactionManager | DieselError::RollbackErrorOnCommit { .. } => {
                Self::Unavailable(error.to_string())
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
