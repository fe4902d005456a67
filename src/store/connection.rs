//! One connection over both databases, and the little that differs between them.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use diesel::{
    Connection as _, MultiConnection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    migration::MigrationSource,
    r2d2::{ConnectionManager, CustomizeConnection, Error as R2d2Error, ManageConnection, Pool},
    sql_query,
    sql_types::BigInt,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::StoreError;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// A connection to whichever database the installation uses.
#[derive(MultiConnection)]
pub enum AnyConnection {
    /// The embedded default.
    Sqlite(SqliteConnection),
    /// For several replicas.
    Postgres(PgConnection),
}

/// Runs an expression on the connection of either dialect, for what [`MultiConnection`] can't say:
/// `RETURNING` and `ON CONFLICT`.
macro_rules! on_either {
    ($connection:expr, $inner:ident => $body:expr) => {
        match $connection {
            crate::store::connection::AnyConnection::Sqlite($inner) => $body,
            crate::store::connection::AnyConnection::Postgres($inner) => $body,
        }
    };
}
pub(super) use on_either;

/// Where the data is.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file's path.
    Sqlite(String),
    /// `postgres://…`.
    Postgres(String),
}

/// Without the password.
impl std::fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{path}"),
            Self::Postgres(url) => match url.rsplit_once('@') {
                Some((_, place)) => write!(f, "postgres://{place}"),
                None => f.write_str("postgres"),
            },
        }
    }
}

/// Without the password, too.
impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl DatabaseUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// [`StoreError::Address`] with advice, before any file is made.
    pub fn parse(url: &str) -> Result<Self, StoreError> {
        let path = url
            .strip_prefix("sqlite://")
            .or_else(|| url.strip_prefix("sqlite:"));
        match path {
            Some("") => Err(StoreError::Address(
                "DATABASE_URL names no file: sqlite:///var/lib/pyk8s-lab/lab.db".into(),
            )),
            Some(path) => Ok(Self::Sqlite(path.to_owned())),
            None if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Ok(Self::Postgres(url.to_owned()))
            }
            None => Err(StoreError::Address(
                "DATABASE_URL must begin with sqlite:// or postgres://".into(),
            )),
        }
    }

    /// The address of a SQLite file.
    pub fn file(path: &Path) -> Self {
        Self::Sqlite(path.display().to_string())
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Sqlite(address) | Self::Postgres(address) => address,
        }
    }
}

/// Where the data is, and how long is waited for it.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// Where the data is.
    pub url: DatabaseUrl,
    /// Connections to it, at most.
    pub pool_size: u32,
    /// How long a request waits for a connection.
    pub acquire_timeout: Duration,
    /// How long one statement may take, waiting for locks included.
    pub statement_timeout: Duration,
}

#[derive(Debug)]
struct Prepare {
    statement_timeout: Duration,
}

impl CustomizeConnection<Pooled, R2d2Error> for Prepare {
    fn on_acquire(&self, pooled: &mut Pooled) -> Result<(), R2d2Error> {
        let timeout = self.statement_timeout.as_millis();
        let connection = &mut pooled.connection;
        let settings = match connection {
            // The busy timeout first: switching to WAL takes a lock.
            AnyConnection::Sqlite(_) => format!(
                "PRAGMA busy_timeout = {timeout}; PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;"
            ),
            AnyConnection::Postgres(_) => format!("SET statement_timeout = {timeout};"),
        };
        connection
            .batch_execute(&settings)
            .map_err(R2d2Error::QueryError)
    }
}

/// A connection in the pool.
pub(super) struct Pooled {
    pub connection: AnyConnection,
    /// When it answered last.
    pub answered: Instant,
    /// The database was away when it was used last: it goes.
    pub failed: bool,
}

/// How long a connection that answered is taken to be there: asking costs as much as a query.
const TRUST: Duration = Duration::from_millis(500);

/// Diesel's own, which does not ask a connection anew that has just answered.
pub(super) struct Connections(ConnectionManager<AnyConnection>);

impl ManageConnection for Connections {
    type Connection = Pooled;
    type Error = R2d2Error;

    fn connect(&self) -> Result<Pooled, R2d2Error> {
        Ok(Pooled {
            connection: self.0.connect()?,
            answered: Instant::now(),
            failed: false,
        })
    }

    fn is_valid(&self, pooled: &mut Pooled) -> Result<(), R2d2Error> {
        if pooled.answered.elapsed() < TRUST {
            return Ok(());
        }
        self.0.is_valid(&mut pooled.connection)
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        pooled.failed || self.0.has_broken(&mut pooled.connection)
    }
}

pub(super) type ConnectionPool = Pool<Connections>;

pub(super) fn pool(settings: &StoreSettings) -> Result<ConnectionPool, StoreError> {
    Ok(Pool::builder()
        .max_size(settings.pool_size)
        .min_idle(Some(1))
        .connection_timeout(settings.acquire_timeout)
        .connection_customizer(Box::new(Prepare {
            statement_timeout: settings.statement_timeout,
        }))
        .build(Connections(ConnectionManager::new(settings.url.as_str())))?)
}

fn establish(url: &DatabaseUrl) -> Result<AnyConnection, StoreError> {
    match url {
        DatabaseUrl::Sqlite(path) => SqliteConnection::establish(path).map(AnyConnection::Sqlite),
        DatabaseUrl::Postgres(url) => PgConnection::establish(url).map(AnyConnection::Postgres),
    }
    .map_err(|error| StoreError::Unavailable(error.to_string()))
}

/// What replicas take turns in, each a lock of PostgreSQL by this number. SQLite has but one writer anyway.
#[derive(Debug, Clone, Copy)]
pub(super) enum Turn {
    /// Bringing the schema up to date.
    Migrations = 1,
    /// Numbering events: whoever reads a number has all smaller ones to read, too.
    Events,
    /// Counting what is being worked on, and taking one more.
    Claims,
    /// Finding out who is the first.
    Accounts,
}

impl Turn {
    /// The lock's number, in a range that nobody else in the database is likely to use ("pyk8").
    fn lock(self) -> i64 {
        0x7079_6b38_0000 + self as i64
    }
}

/// Waits for a turn that ends with the transaction.
pub(super) fn take_turn(connection: &mut AnyConnection, turn: Turn) -> Result<(), StoreError> {
    if let AnyConnection::Postgres(inner) = connection {
        sql_query("SELECT pg_advisory_xact_lock($1)")
            .bind::<BigInt, _>(turn.lock())
            .execute(inner)?;
    }
    Ok(())
}

/// Brings the schema up to date, on a connection of its own; several servers that start at once take turns.
pub(super) fn migrate(url: &DatabaseUrl) -> Result<Vec<String>, StoreError> {
    match &mut establish(url)? {
        AnyConnection::Sqlite(inner) => run(inner),
        AnyConnection::Postgres(inner) => {
            let lock = Turn::Migrations.lock();
            // Let go of when the connection ends, however it does.
            inner.batch_execute(&format!("SELECT pg_advisory_lock({lock});"))?;
            run(inner)
        }
    }
}

/// Each dialect has its own migrations, under the same names.
trait Migrations {
    const MIGRATIONS: EmbeddedMigrations;
}

impl Migrations for SqliteConnection {
    const MIGRATIONS: EmbeddedMigrations = SQLITE;
}

impl Migrations for PgConnection {
    const MIGRATIONS: EmbeddedMigrations = POSTGRES;
}

fn run<C, DB>(connection: &mut C) -> Result<Vec<String>, StoreError>
where
    C: MigrationHarness<DB> + Migrations,
    DB: diesel::backend::Backend,
{
    let failed =
        |error: Box<dyn std::error::Error + Send + Sync>| StoreError::Migration(error.to_string());
    let known = MigrationSource::<DB>::migrations(&C::MIGRATIONS).map_err(failed)?;
    let newer = connection
        .applied_migrations()
        .map_err(failed)?
        .into_iter()
        .find(|applied| {
            let applied = applied.to_string();
            known
                .iter()
                .all(|migration| migration.name().version().to_string() != applied)
        });
    if let Some(newer) = newer {
        return Err(StoreError::Newer(newer.to_string()));
    }
    let done = connection
        .run_pending_migrations(C::MIGRATIONS)
        .map_err(failed)?;
    Ok(done.iter().map(ToString::to_string).collect())
}

#[derive(QueryableByName)]
struct Clock {
    #[diesel(sql_type = BigInt)]
    now: i64,
}

/// The database's clock, in milliseconds since the epoch: with several replicas it is the one that decides.
pub(super) fn now(connection: &mut AnyConnection) -> Result<i64, StoreError> {
    let clock: Clock = match connection {
        AnyConnection::Sqlite(inner) => {
            sql_query("SELECT CAST(unixepoch('now', 'subsec') * 1000 AS BIGINT) AS now")
                .get_result(inner)
        }
        AnyConnection::Postgres(inner) => {
            sql_query("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS now")
                .get_result(inner)
        }
    }?;
    Ok(clock.now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_database_is_refused_with_advice() {
        for bad in ["", "lab.db", "mysql://x", "sqlite://", "sqlite:"] {
            assert!(
                matches!(DatabaseUrl::parse(bad), Err(StoreError::Address(_))),
                "{bad:?}"
            );
        }
        assert_eq!(
            DatabaseUrl::parse("sqlite:///a/b.db").unwrap(),
            DatabaseUrl::Sqlite("/a/b.db".into())
        );
    }
}
