//! The SQLite file: one writer, several readers, every query checked against the schema when it is compiled.

pub mod accounts;
pub mod applications;
pub mod audit;
pub mod history;
pub mod journal;
mod lock;
pub mod logs;
pub mod samples;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, Transaction};
use std::path::{Path, PathBuf};
use std::time::Duration;

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// Why the store could not be opened or used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{} is in use by another Crossfade. Stop that one first, or give this one another file with --data.", .0.display())]
    InUse(PathBuf),
    #[error("cannot open {}: {source}. Crossfade must be able to write to that folder.", .path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("the database says: {0}")]
    Sql(#[from] sqlx::Error),
    #[error("the database cannot be brought up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// What was read is not what was written.
    #[error("the journal of rollout {rollout} is damaged: {why}")]
    Damaged { rollout: i64, why: String },
    #[error("{what} in the database cannot be read: {why}")]
    Unreadable { what: &'static str, why: String },
}

/// A handle on the file; cheap to clone.
#[derive(Clone)]
pub struct Store {
    writer: SqlitePool,
    readers: SqlitePool,
    path: PathBuf,
}

/// Keeps every other server off the file, for as long as it lives.
pub use lock::Lock;

impl Store {
    /// Opens the file, making it if there is none, and brings its schema up to date. Takes no lock: see [`Lock`].
    ///
    /// # Errors
    /// When the file cannot be made, opened or migrated.
    pub async fn open(path: &Path) -> Result<Store, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .pragma("trusted_schema", "OFF");
        // FULL: what was told to anyone is on the disk, even if the power fails. One writer, little volume: it costs nothing.
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.clone().synchronous(SqliteSynchronous::Full).optimize_on_close(true, None))
            .await?;
        MIGRATIONS.run(&writer).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.pragma("query_only", "ON"))
            .await?;
        Ok(Store { writer, readers, path: path.to_owned() })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A transaction that may write. Taken at once, so that it never has to be tried again half-way.
    async fn write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.writer.begin_with("begin immediate").await?)
    }

    /// Flushes and closes.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn unreadable(what: &'static str) -> impl Fn(String) -> StoreError {
    move |why| StoreError::Unreadable { what, why }
}
