//! Stands in for the shared database: tables of keys and values over HTTP, kept in one file of a volume.
//!
//! A real application has PostgreSQL here. Its image cannot be pulled on every machine this sample must run on,
//! and all that a rollout needs of it is that migrations stay applied and that both slots see them.

use crate::http::{Connection, database};
use crate::log;
use crate::release::{Release, variable};
use crate::serve::{self, Service, refuse};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::sleep;

/// The connections a service may have open to the database at once: the usual size of a client's pool.
const POOL: i64 = 10;

type Tables = BTreeMap<String, Map<String, Value>>;

struct Store {
    file: PathBuf,
    tables: Mutex<Tables>,
}

pub async fn run(release: Release) -> Result<(), String> {
    let folder = PathBuf::from(variable("DATA_DIR")?.unwrap_or_else(|| "/data".to_owned()));
    let store = Arc::new(Store::open(folder)?);
    let service = Service::start(release)?;
    let routes = Router::new()
        .route("/health", get(async || Json(json!({ "status": "ok" }))))
        .route("/tables/{table}", get(list))
        .route("/tables/{table}/{key}", put(insert).delete(remove))
        .with_state(store);
    serve::run(service, "database", 5432, routes).await
}

async fn list(State(store): State<Arc<Store>>, Path(table): Path<String>) -> Response {
    Json(Value::Object(store.tables.lock().await.get(&table).cloned().unwrap_or_default())).into_response()
}

/// 201 when the key is new, 200 when it is there already: then its value stays.
async fn insert(
    State(store): State<Arc<Store>>,
    Path((table, key)): Path<(String, String)>,
    Json(value): Json<Value>,
) -> Response {
    let mut tables = store.tables.lock().await;
    if tables.get(&table).is_some_and(|rows| rows.contains_key(&key)) {
        return StatusCode::OK.into_response();
    }
    let mut changed = tables.clone();
    changed.entry(table).or_default().insert(key, value);
    store.keep(&mut tables, changed, StatusCode::CREATED)
}

/// 204 when the key was there, 200 when there was none.
async fn remove(State(store): State<Arc<Store>>, Path((table, key)): Path<(String, String)>) -> Response {
    let mut tables = store.tables.lock().await;
    let mut changed = tables.clone();
    if changed.get_mut(&table).and_then(|rows| rows.remove(&key)).is_none() {
        return StatusCode::OK.into_response();
    }
    store.keep(&mut tables, changed, StatusCode::NO_CONTENT)
}

impl Store {
    fn open(folder: PathBuf) -> Result<Store, String> {
        let file = folder.join("hopwhistle.json");
        let problem = |problem: &dyn std::fmt::Display| format!("{}: {problem}", file.display());
        fs::create_dir_all(&folder).map_err(|e| problem(&e))?;
        let tables = match fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|e| problem(&e))?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Tables::default(),
            Err(e) => return Err(problem(&e)),
        };
        Ok(Store { file, tables: Mutex::new(tables) })
    }

    /// First on the disk, then in memory: what was answered is never lost.
    fn keep(&self, tables: &mut Tables, changed: Tables, done: StatusCode) -> Response {
        match self.write(&changed) {
            Ok(()) => {
                *tables = changed;
                done.into_response()
            }
            Err(problem) => {
                log::error(&format!("{}: {problem}", self.file.display()));
                refuse(StatusCode::INSUFFICIENT_STORAGE, "the change cannot be written to the disk").into_response()
            }
        }
    }

    fn write(&self, tables: &Tables) -> std::io::Result<()> {
        let next = self.file.with_extension("next");
        let mut file = fs::File::create(&next)?;
        file.write_all(&serde_json::to_vec_pretty(tables)?)?;
        file.sync_all()?;
        fs::rename(&next, &self.file)
    }
}

/// Keeps one connection to the database open, for as long as the service runs. That the database is away is no
/// reason to be unhealthy: both slots share it, and another slot would not help.
pub fn link(service: Arc<Service>) -> Result<(), String> {
    let Some(url) = database()? else { return Ok(()) };
    service.metrics.db_connections_max.add(POOL);
    tokio::spawn(async move {
        let mut was_away = false;
        loop {
            if let Ok(mut connection) = Connection::open(&url.server).await {
                let _open = service.metrics.db_connections.count();
                if was_away {
                    log::line("the database is back");
                }
                while connection.send("GET", "/health", "").await.is_ok_and(|answer| answer.status == 200) {
                    was_away = false;
                    sleep(Duration::from_secs(2)).await;
                }
            }
            if !was_away && !service.is_stopping() {
                log::error(&format!("the database at {} is away; trying again every second", url.server));
                was_away = true;
            }
            sleep(Duration::from_secs(1)).await;
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_there_after_a_restart() {
        let folder = std::env::temp_dir().join(format!("hopwhistle-{}", std::process::id()));
        let store = Store::open(folder.clone()).unwrap();
        let rows = Map::from_iter([("1_init".to_owned(), json!({ "release": "1.0.0" }))]);
        let changed = Tables::from([("migrations".to_owned(), rows)]);
        let status = store.keep(&mut Tables::default(), changed.clone(), StatusCode::CREATED).status();
        assert_eq!(status, StatusCode::CREATED);
        assert_eq!(*Store::open(folder.clone()).unwrap().tables.blocking_lock(), changed);
        fs::remove_dir_all(folder).unwrap();
    }
}
