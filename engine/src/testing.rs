//! An application behind a proxy in this process, with a rollout that goes as far as a test wants. No Docker.

use crate::Definition;
use crate::engine::{Engine, Shared};
use crate::router::{EmbeddedRouter, Route, Router};
use crate::store::applications::Address;
use proxy::{Limits, Settings};
use rollout::Rollout;
use rollout::actor::{Actor, Role};
use rollout::application::StickyBy;
use rollout::command::{Ask, Command, Refusal, Report};
use rollout::event::{Entry, RolloutId};
use rollout::open::Open;
use rollout::plan::Step;
use rollout::router::Embedded;
use rollout::slot::{Slot, Split, Weight};
use rollout::start;
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::task::JoinHandle;

const APPLICATION: &str = r#"
name = "shop"
[services.web]
routed = { port = 3000, hosts = ["shop.test"] }
[traffic]
router = "embedded"
stages = [{ weight = 10, bake = "1h" }, { weight = 50, bake = "1h" }, { weight = 100 }]
[traffic.embedded]
control = "control"
"#;
const COMPOSE: &str = "services: { web: { image: \"registry.invalid/web:${VERSION}\" } }";

/// Blue is live with 1.0.0.
pub(crate) struct Shop {
    pub(crate) engine: Engine,
    folder: TempDir,
    proxy: Option<JoinHandle<()>>,
    listen: SocketAddr,
}

pub(crate) fn green(percent: u8) -> Split {
    Split { to: Slot::Green, weight: Weight::new(percent).unwrap() }
}

pub(crate) fn manager() -> Actor {
    Actor::user("ben", Role::ReleaseManager)
}

impl Shop {
    pub(crate) async fn open() -> Shop {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("crossfade.toml"), APPLICATION).unwrap();
        std::fs::write(folder.path().join("docker-compose.yml"), COMPOSE).unwrap();
        // Nothing is carried out or watched by itself: the tests do.
        let engine = Engine::beside(&folder.path().join("crossfade.db")).await.unwrap();
        let listen = free();
        let mut shop = Shop { engine, folder, proxy: None, listen };
        shop.start_proxy().await;
        let address = |slot| Address { service: "web".into(), slot, port: free().port() };
        let addresses = Slot::BOTH.map(address);
        let store = shop.engine.store();
        let row = store.save_application("shop", &shop.file().display().to_string(), 9, &addresses).await.unwrap();
        shop.by_hand().adopt(&shop.routes().await, Split::all(Slot::Blue)).await.unwrap();
        store.adopted(row.id).await.unwrap();
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(store.path());
        let database = sqlx::SqlitePool::connect_with(options).await.unwrap();
        sqlx::query("update applications set live_slot = 'blue', blue = '1.0.0'").execute(&database).await.unwrap();
        shop
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        self.engine.shared()
    }

    pub(crate) async fn start_proxy(&mut self) {
        let settings = Settings {
            listen: vec![self.listen],
            listen_tls: vec![],
            certificates: vec![],
            control: self.folder.path().join("control"),
            state: self.folder.path().join("state"),
            limits: Limits::default(),
        };
        self.proxy = Some(tokio::spawn(async move { proxy::run(settings).await.unwrap() }));
        let router = self.by_hand();
        let begun = Instant::now();
        // Served or not: it answers.
        while router.current().await.is_err_and(|error| error.to_string().contains("no proxy answers")) {
            assert!(begun.elapsed() < Duration::from_secs(10), "the proxy does not start");
        }
    }

    /// As by kill -9: its socket is gone.
    pub(crate) async fn kill_proxy(&mut self) {
        let proxy = self.proxy.take().unwrap();
        proxy.abort();
        let _ = proxy.await;
        let _ = std::fs::remove_file(self.folder.path().join("control"));
    }

    /// The router as somebody else than the engine may speak to it.
    pub(crate) fn by_hand(&self) -> EmbeddedRouter {
        let embedded = Embedded { control: self.folder.path().join("control").display().to_string() };
        EmbeddedRouter::new("shop", &embedded, &StickyBy::Cookie, 9)
    }

    pub(crate) async fn set(&self, percent: u8) {
        Router::set(&self.by_hand(), green(percent)).await.unwrap();
    }

    pub(crate) async fn routes(&self) -> Vec<Route> {
        let store = self.engine.store();
        let row = store.application("shop").await.unwrap().unwrap();
        crate::steps::context::routes(&self.definition(), &store.addresses(row.id).await.unwrap())
    }

    /// A rollout of 2.0.0 that has run up to this step, which has begun.
    pub(crate) async fn rollout_at(&self, wanted: Step) -> RolloutId {
        let (definition, store) = (self.definition(), self.engine.store());
        let actor = Actor::user("ada", Role::Deployer);
        let begun = store
            .begin("shop", &actor, &definition, |standing| start::forward(&definition.application, standing, "2.0.0"));
        let id = begun.await.unwrap().unwrap();
        loop {
            let rollout = self.report(id, Report::Advance).await;
            let (step, running) = rollout.running().unwrap();
            if running == wanted {
                return id;
            }
            if let Step::Shift { stage } = running {
                self.set(rollout.stage(stage).unwrap().weight.percent()).await;
            }
            let done = match running {
                Step::Drain { .. } => Report::Drained { step, open: Open::Connections(0) },
                _ => Report::Succeeded { step, summary: "done".into(), images: BTreeMap::new() },
            };
            self.report(id, done).await;
        }
    }

    pub(crate) async fn report(&self, id: RolloutId, report: Report) -> Rollout {
        self.shared().report(id, report).await.unwrap()
    }

    pub(crate) async fn ask(&self, id: RolloutId, ask: Ask) -> Result<Rollout, Refusal> {
        let decided = self.engine.store().decide(id, &manager(), &Command::Person(ask)).await.unwrap();
        decided.map(|decided| decided.rollout)
    }

    pub(crate) async fn state(&self, id: RolloutId) -> Rollout {
        self.shared().state(id).await.unwrap()
    }

    /// The names of the last events.
    pub(crate) async fn last(&self, id: RolloutId, count: usize) -> Vec<&'static str> {
        let entries: Vec<Entry> = self.engine.store().entries_after(id, 0).await.unwrap();
        entries[entries.len() - count..].iter().map(|entry| entry.event.name()).collect()
    }

    fn definition(&self) -> Definition {
        Definition::load(&self.file()).unwrap()
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("crossfade.toml")
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        if let Some(proxy) = &self.proxy {
            proxy.abort();
        }
    }
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
