//! The only room that knows the database: SQLite or PostgreSQL, by the same queries.
//!
//! A transaction begins with its write: on SQLite a transaction that reads first may not become
//! a writing one while another connection writes. `BEGIN` itself takes no lock there.

mod clusters;
mod connection;
mod error;
mod events;
mod leases;
mod ports;
mod rows;
mod schema;
mod sessions;
mod settings;
mod users;

use std::time::{Duration, Instant};

pub use clusters::{NewCluster, Requested};
pub use connection::{DatabaseUrl, StoreSettings};
pub use error::StoreError;
pub use leases::{Claim, Failure, Work};
pub use sessions::{NewToken, SessionRecord, TokenRecord};
pub use users::UserSummary;

use connection::{AnyConnection, ConnectionPool};

/// The database.
#[derive(Clone)]
pub struct Store {
    pool: ConnectionPool,
}

impl Store {
    /// Connects, and brings the schema up to date. Blocks.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't be reached or its schema can't be brought up to date.
    pub fn open(settings: &StoreSettings) -> Result<Self, StoreError> {
        for migration in connection::migrate(&settings.url)? {
            tracing::info!(migration, "brought the database's schema up to date");
        }
        Ok(Self {
            pool: connection::pool(settings)?,
        })
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.run(|connection| connection::now(connection).map(|_| ()))
            .await
    }

    /// Runs `work` on a connection, off the threads that serve requests.
    async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut AnyConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let pool = self.pool.clone();
        tokio::task::spawn_blocking(move || {
            let mut pooled = pool.get()?;
            let outcome = work(&mut pooled.connection);
            pooled.answered = Instant::now();
            pooled.failed = matches!(outcome, Err(StoreError::Unavailable(_)));
            outcome
        })
        .await
        .map_err(|error| StoreError::Unavailable(format!("the query was abandoned: {error}")))?
    }

    /// Like [`Store::run`], in one transaction.
    async fn transaction<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut AnyConnection) -> Result<T, StoreError> + Send + 'static,
    {
        self.run(|connection| diesel::Connection::transaction(connection, work))
            .await
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
