//! Sessions in the same SQLite file.

use engine::store::Store;
use rollout::clock::Timestamp;
use std::fmt;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};

/// Keeps the user's id beside the record, so that all sessions of a user can be ended at once.
#[derive(Clone)]
pub struct SessionStore {
    store: Store,
}

impl SessionStore {
    pub fn new(store: Store) -> SessionStore {
        SessionStore { store }
    }
}

impl fmt::Debug for SessionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionStore")
    }
}

#[async_trait::async_trait]
impl tower_sessions::SessionStore for SessionStore {
    async fn create(&self, record: &mut Record) -> Result<()> {
        loop {
            let data = encode(record)?;
            if self.store.add_session(&record.id.to_string(), &data, expires(record)).await.map_err(backend)? {
                return Ok(());
            }
            record.id = Id::default();
        }
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let user = record.data.get("user").and_then(serde_json::Value::as_i64);
        let data = encode(record)?;
        self.store.save_session(&record.id.to_string(), user, &data, expires(record)).await.map_err(backend)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let data = self.store.session(&id.to_string()).await.map_err(backend)?;
        data.map(|data| serde_json::from_str(&data).map_err(|error| Error::Decode(error.to_string()))).transpose()
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.store.remove_session(&id.to_string()).await.map_err(backend)
    }
}

fn encode(record: &Record) -> Result<String> {
    serde_json::to_string(record).map_err(|error| Error::Encode(error.to_string()))
}

fn expires(record: &Record) -> Timestamp {
    Timestamp(record.expiry_date.unix_timestamp().saturating_mul(1_000))
}

#[allow(clippy::needless_pass_by_value, reason = "reads well in map_err")]
fn backend(error: engine::store::StoreError) -> Error {
    Error::Backend(error.to_string())
}
