//! An application of its own, an engine to roll it out, and a person who starts and approves.

use crate::support::docker::{Sweep, demo_env, docker};
use crate::support::nginx::{PrivateNginx, free_port};
use engine::Engine;
use engine::engine::RolloutView;
use engine::store::applications::Address;
use rollout::Rollout;
use rollout::actor::{Actor, Role};
use rollout::command::Ask;
use rollout::event::RolloutId;
use rollout::slot::Slot;
use rollout::state::{Doing, StepStatus};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A good compose file: what would collide between two slots is in it.
pub const COMPOSE: &str = r#"
services:
  web:
    image: {registry}/hopwhistle/web:${VERSION}
    container_name: {name}-the-web
    ports: ["{port}:3000"]
  worker:
    image: {registry}/hopwhistle/worker:${VERSION}
    container_name: {name}-the-worker
    environment: { DATABASE_URL: "http://database:5432" }
    networks: [back]
  database:
    image: {registry}/hopwhistle/database:1.0.0
    container_name: {name}-the-database
    ports: ["127.0.0.1:{shared_port}:5432"]
    networks: [back, default]
    volumes: ["data:/data"]
networks:
  back:
volumes:
  data:
"#;

pub const APPLICATION: &str = r#"
name = "{name}"
[services.web]
routed = { port = 3000, hosts = ["docker.test"] }
[services.worker]
background = { live_slot_only = true }
[services.database]
shared = true
[registry]
server   = "{registry}"
username = "{user}"
password = "file:{folder}/password"
[traffic]
stages = [{ weight = 100, approve = { role = "deployer" } }]
[traffic.nginx]
config = "{config}"
conf_d = "{conf_d}"
pid    = "{pid}"
dial   = "{dial}"
listen = "{listen}"
[monitor]
duration = "100ms"
[keep_warm]
for = "1h"
"#;

pub struct Bench {
    pub name: &'static str,
    pub engine: Engine,
    /// The host ports that the compose file publishes for `web` and `database`.
    pub port: u16,
    pub shared_port: u16,
    nginx: PrivateNginx,
    // Last: dropped when nothing runs any more that could make a container.
    _sweep: Sweep,
    folder: tempfile::TempDir,
}

impl Bench {
    /// In care, with nothing released.
    pub async fn new(name: &'static str, compose: &str) -> Bench {
        Bench::of(name, compose, APPLICATION).await
    }

    /// The same, by another application file.
    pub async fn of(name: &'static str, compose: &str, application: &str) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let sweep = Sweep::new(name);
        let engine = Engine::open(&folder.path().join("crossfade.db")).await.unwrap();
        let (port, shared_port) = (free_port(), free_port());
        let bench = Bench { name, engine, port, shared_port, nginx: PrivateNginx::start(), _sweep: sweep, folder };
        bench.write("docker-compose.yml", compose);
        bench.write("crossfade.toml", application);
        bench.write("password", &demo_env()["REGISTRY_PASSWORD"]);
        // Ports of our own, beside those that another Crossfade on this machine may have given away.
        let addresses = Slot::BOTH.map(|slot| Address { service: "web".to_owned(), slot, port: free_port() });
        bench.engine.store().save_application(name, "", free_port(), &addresses).await.unwrap();
        bench.engine.add_application(&ada(), &bench.file()).await.unwrap();
        bench
    }

    /// Writes a file beside the application file, its `{…}` filled in.
    pub fn write(&self, file: &str, text: &str) {
        let nginx = self.nginx.settings();
        let folder = self.folder.path().display().to_string();
        let fill = [
            ("{name}", self.name),
            ("{registry}", &demo_env()["REGISTRY"]),
            ("{user}", &demo_env()["REGISTRY_USER"]),
            ("{folder}", &folder),
            ("{port}", &self.port.to_string()),
            ("{shared_port}", &self.shared_port.to_string()),
            ("{config}", &nginx.config),
            ("{conf_d}", &nginx.conf_d),
            ("{pid}", &nginx.pid),
            ("{dial}", &nginx.dial),
            ("{listen}", &nginx.listen),
        ];
        let text = fill.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
        std::fs::write(self.folder.path().join(file), text).unwrap();
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("crossfade.toml")
    }

    pub async fn start(&self, version: &str) -> RolloutId {
        self.engine.start(&ada(), self.name, version).await.unwrap()
    }

    pub async fn ask(&self, id: RolloutId, ask: Ask) -> RolloutId {
        self.engine.ask(&ada(), id, ask).await.unwrap()
    }

    pub async fn until(&self, id: RolloutId, what: &str, wanted: impl Fn(&Rollout) -> bool) -> RolloutView {
        let begun = Instant::now();
        loop {
            let view = self.engine.rollout(&ada(), id).await.unwrap();
            if wanted(&view.rollout) {
                return view;
            }
            let log: Vec<&str> = view.lines.iter().map(|line| line.text.as_str()).collect();
            let stuck = view.rollout.failed_step().is_some() || begun.elapsed() > Duration::from_secs(60);
            assert!(!stuck, "rollout {id} did not get to {what}: {}\n{}", view.rollout.headline(), log.join("\n"));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub async fn until_gate(&self, id: RolloutId) {
        self.until(id, "its gate", |rollout| rollout.gate.is_some()).await;
    }

    pub async fn until_ended(&self, id: RolloutId) {
        self.until(id, "its end", |rollout| rollout.ended.is_some()).await;
    }

    /// The step's error, and everything that was logged.
    pub async fn until_failed(&self, id: RolloutId) -> (String, Vec<engine::store::logs::Line>) {
        let view = self.until(id, "a failure", |rollout| matches!(rollout.doing(), Doing::StepFailed(_))).await;
        match &view.rollout.failed_step().unwrap().1.status {
            StepStatus::Failed { error, .. } => (error.clone(), view.lines.clone()),
            other => panic!("{other:?}"),
        }
    }

    /// All the way: 1.0.0 is live on blue after this.
    pub async fn first(&self) {
        let id = self.start("1.0.0").await;
        self.until_ended(id).await;
    }

    /// What `docker ps` says of a project: one line a container, by service.
    pub fn ps(&self, project: &str, format: &str) -> Vec<String> {
        let filter = format!("label=com.docker.compose.project={}-{project}", self.name);
        let format = format!(r#"{{{{.Label "com.docker.compose.service"}}}} {format}"#);
        let mut lines: Vec<String> = docker(&["ps", "--all", "--no-trunc", "--filter", &filter, "--format", &format])
            .lines()
            .map(str::to_owned)
            .collect();
        lines.sort();
        lines
    }
}

pub fn ada() -> Actor {
    Actor::user("ada", Role::Admin)
}

pub fn approve() -> Ask {
    Ask::Approve { stage: 0, comment: String::new() }
}

/// A part of what `docker inspect` says.
pub fn inspect(container: &str, format: &str) -> String {
    docker(&["inspect", "--format", format, container])
}
