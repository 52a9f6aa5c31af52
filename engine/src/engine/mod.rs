//! The one door: every command and query comes through here, with whoever asks, and is allowed here or nowhere.

mod applications;
mod door;
mod drift;
mod left;
mod observe;
mod rollouts;

pub use applications::{Added, Overview, SlotView};
pub use door::{DoorLink, DoorView, Ticket};
pub use left::Left;
pub use observe::{Observed, ServiceView};
pub(crate) use rollouts::load;
pub use rollouts::{Page, RolloutView};

use crate::drift::Board as DriftBoard;
use crate::error::EngineError;
use crate::feed::Feed;
use crate::router::{self, Router, RouterError};
use crate::runner::Runners;
use crate::runtime::process::Processes;
use crate::runtime::{RuntimeError, Runtimes};
use crate::store::{Lock, Store};
use crate::telemetry::{Boards, Listeners};
use rollout::Rollout;
use rollout::actor::Actor;
use rollout::application::{Application, Traffic};
use rollout::command::{Command, Report};
use rollout::event::{Event, RolloutId};
use rollout::plan::Step;
use rollout::policy::{Permission, authorize};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
    runners: Runners,
}

/// What every part of the engine uses.
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) feed: Feed,
    pub(crate) runtimes: Runtimes,
    pub(crate) http: reqwest::Client,
    routers: Mutex<HashMap<String, Chosen>>,
    observations: observe::Observations,
    pub(crate) drifts: DriftBoard,
    counts: left::Counts,
    pub(crate) boards: Boards,
    pub(crate) router_logs: Listeners,
    /// `None` beside a server that holds it.
    _lock: Option<Lock>,
}

/// A router, and the part of the application file that it was made by.
type Chosen = (Traffic, Arc<dyn Router>);

impl Shared {
    /// Reports to a rollout, and tells whoever watches if something came of it.
    pub(crate) async fn report(&self, id: RolloutId, report: Report) -> Result<Rollout, EngineError> {
        let decided = self.store.decide(id, &Actor::Engine, &Command::Engine(report)).await??;
        if !decided.events.is_empty() {
            self.observations.forget(&decided.rollout.start.application);
            self.feed.tell(id);
        }
        let takes_the_slot = decided.events.iter().any(|event| match event {
            Event::StepStarted { step, .. } => {
                decided.rollout.steps.get(*step).is_some_and(|r| r.step == Step::Prepare)
            }
            _ => false,
        });
        if takes_the_slot {
            self.tell_the_others().await?;
        }
        Ok(decided.rollout)
    }

    /// How a rollout stands.
    ///
    /// # Errors
    /// When there is no such rollout.
    pub(crate) async fn state(&self, id: RolloutId) -> Result<Rollout, EngineError> {
        self.store.rollout(id).await?.ok_or_else(|| EngineError::NotFound(format!("rollout {id}")))
    }

    /// Hears every application's router from the beginning, or since it was added: what a slot showed before a shift is
    /// there then, and a router that speaks to nobody fills its error log. `heard` is what became of each, and whoever
    /// is heard already is left alone.
    pub(crate) async fn listen_to_routers(&self, heard: &mut HashMap<i64, Result<(), String>>) {
        let rows = match self.store.applications().await {
            Ok(rows) => rows,
            Err(error) => return tracing::warn!(%error, "the routers' logs are not listened to"),
        };
        for row in rows {
            if heard.get(&row.id).is_some_and(Result::is_ok) {
                continue;
            }
            // A file that cannot be read is for whoever starts a rollout; what was allocated is most likely the port.
            let port = match rollouts::load(row.file).await {
                // It has nothing to say.
                Ok(definition) if !definition.application.traffic.router.capabilities().measures => continue,
                Ok(definition) => router::log_port(&definition.application, row.admin_port),
                Err(_) => row.admin_port,
            };
            let listens = self.router_logs.listen(port).map(drop);
            if let Err(why) = &listens
                && heard.get(&row.id) != Some(&listens)
            {
                tracing::warn!(application.name = %row.name, "{}: {why}", row.name);
            }
            heard.insert(row.id, listens);
        }
    }

    /// Whoever kept a slot warm may have lost it: their tasks look again.
    async fn tell_the_others(&self) -> Result<(), EngineError> {
        for id in self.store.unsettled().await? {
            self.feed.tell(id);
        }
        Ok(())
    }

    /// The router of an application: one for all who use it, because changes take their turns in it. A change whose step
    /// was dropped is finished before the next one begins.
    pub(crate) fn router(&self, application: &Application, admin_port: u16) -> Result<Arc<dyn Router>, RouterError> {
        let mut routers = self.routers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((traffic, router)) = routers.get(&application.name)
            && (&traffic.router, &traffic.sticky_by) == (&application.traffic.router, &application.traffic.sticky_by)
        {
            return Ok(router.clone());
        }
        let router = router::choose(application, admin_port)?;
        routers.insert(application.name.clone(), (application.traffic.clone(), router.clone()));
        Ok(router)
    }
}

/// Where the records of processes are.
fn processes_beside(database: &Path) -> PathBuf {
    database.with_extension("processes")
}

impl Engine {
    /// Opens the data, refuses to share it, and goes on with every rollout that is not settled.
    ///
    /// # Errors
    /// When another server holds the data, or it cannot be opened; when `DOCKER_HOST` is not an address.
    pub async fn open(database: &Path) -> Result<Engine, EngineError> {
        let engine = Engine::assemble(database, Some(Lock::take(database)?)).await?;
        engine.runners.keep_house(engine.shared.clone());
        engine.runners.watch_routers(engine.shared.clone());
        for id in engine.shared.store.unsettled().await? {
            tracing::info!(rollout.id = id.0, "rollout {id} goes on where its journal ends");
            engine.run(id);
        }
        Ok(engine)
    }

    /// Opens the data beside a server that works on it: nothing is carried out from here.
    ///
    /// # Errors
    /// As [`Engine::open`], but for the lock.
    pub async fn beside(database: &Path) -> Result<Engine, EngineError> {
        Engine::assemble(database, None).await
    }

    /// Ends every process that services run as, without a server: the next one starts them again. Says which they were.
    ///
    /// # Errors
    /// When a server holds the data, or a process does not end.
    pub async fn rest_processes(database: &Path) -> Result<Vec<String>, EngineError> {
        let _lock = Lock::take(database)?;
        let processes = Processes::open(&processes_beside(database), false, reqwest::Client::new())?;
        Ok(processes.rest().await?)
    }

    async fn assemble(database: &Path, lock: Option<Lock>) -> Result<Engine, EngineError> {
        let store = Store::open(database).await?;
        // The checks are of slots on this machine: no proxy, no redirect, and no connection kept to a container that
        // may be gone.
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .connect_timeout(Duration::from_secs(5))
            .build()
            .map_err(|error| EngineError::Runtime(RuntimeError::new(error.to_string())))?;
        let processes = Processes::open(&processes_beside(database), lock.is_some(), http.clone())?;
        let runtimes = Runtimes { docker: Arc::default(), processes };
        let shared = Shared {
            store,
            feed: Feed::default(),
            runtimes,
            http,
            routers: Mutex::default(),
            observations: observe::Observations::default(),
            drifts: DriftBoard::default(),
            counts: left::Counts::default(),
            boards: Boards::default(),
            router_logs: Listeners::default(),
            _lock: lock,
        };
        Ok(Engine { shared: Arc::new(shared), runners: Runners::default() })
    }

    /// Sessions and accounts live in the same file.
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// Ends all work between two steps if it can, and closes the file.
    pub async fn stop(&self) {
        self.runners.stop().await;
        self.shared.runtimes.processes.leave();
        self.shared.store.close().await;
    }

    /// Hears whenever something is written about a rollout.
    ///
    /// # Errors
    /// When the actor may not read.
    pub fn watch(&self, actor: &Actor, id: RolloutId) -> Result<watch::Receiver<u64>, EngineError> {
        authorize(actor, Permission::Read)?;
        Ok(self.shared.feed.watch(id))
    }

    #[cfg(test)]
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn run(&self, id: RolloutId) {
        self.runners.ensure(self.shared.clone(), id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    const COMPOSE: &str = "services: { web: { image: \"shop:${VERSION}\" } }";

    fn is_heard(port: u16) -> bool {
        UdpSocket::bind(("127.0.0.1", port)).is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse)
    }

    #[tokio::test]
    async fn routers_are_heard_where_their_files_say() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::open(&folder.path().join("crossfade.db")).await.unwrap();
        let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
        let named = taken.local_addr().unwrap().port();
        let allocated = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let text = format!(
            "name = \"shop\"\n[services.web]\nrouted = {{ port = 3000, hosts = [\"shop.test\"] }}\n\
             [traffic.nginx]\nadmin_port = {named}\n"
        );
        let file = folder.path().join("crossfade.toml");
        std::fs::write(folder.path().join("docker-compose.yml"), COMPOSE).unwrap();
        std::fs::write(&file, text).unwrap();
        engine.store().save_application("shop", &file.display().to_string(), allocated, &[]).await.unwrap();

        let mut heard = HashMap::new();
        engine.shared.listen_to_routers(&mut heard).await;
        let why = heard.values().next().unwrap().clone().unwrap_err();
        assert!(why.contains(&format!("UDP port {named} ")), "{why}");
        // Whoever had it is gone: it is heard by itself.
        drop(taken);
        engine.shared.listen_to_routers(&mut heard).await;
        assert!(heard.values().all(Result::is_ok) && is_heard(named) && !is_heard(allocated), "{heard:?}");

        // A file that is gone leaves the port that was allocated.
        std::fs::remove_file(&file).unwrap();
        engine.shared.listen_to_routers(&mut HashMap::new()).await;
        assert!(is_heard(allocated));
        engine.stop().await;
    }
}
