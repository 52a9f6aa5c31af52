//! An application of its own with its first release live, behind an nginx of its own; and a person at the dashboard.

use crate::process::{PATIENCE, Place, Process};
use crate::support::docker::{Sweep, demo_env, docker};
use crate::support::nginx::{PrivateNginx, free_port};
use engine::store::Store;
use engine::store::applications::Address;
use engine::store::history::Filter;
use rollout::Rollout;
use rollout::event::{Event, RolloutId};
use rollout::plan::Step;
use rollout::slot::Slot;
use rollout::state::Phase;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const HOST: &str = "api.crash.test";
pub const OLD: &str = "1.0.0";
pub const NEW: &str = "1.1.0";

/// What differs between the application files.
pub struct Times {
    pub bake: &'static str,
    pub monitor: &'static str,
    pub keep_warm: &'static str,
    /// How long the smoke test takes, in milliseconds.
    pub smoke: u32,
    /// Passes in a row, 200 ms apart, that are wanted of the health check.
    pub passes: u32,
    pub migrate_again: bool,
}

impl Default for Times {
    fn default() -> Times {
        Times { bake: "1s", monitor: "1s", keep_warm: "1s", smoke: 100, passes: 1, migrate_again: true }
    }
}

pub struct Stage {
    name: &'static str,
    place: Place,
    nginx: PrivateNginx,
    browser: reqwest::Client,
    // Last: dropped when nothing runs any more that could make a container.
    _sweep: Sweep,
    _folder: tempfile::TempDir,
}

impl Stage {
    /// With [`OLD`] live on blue.
    pub async fn set(name: &'static str, times: &Times) -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(folder.path(), free_port());
        let browser = reqwest::Client::builder()
            .no_proxy()
            .cookie_store(true)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let sweep = Sweep::new(name);
        let stage = Stage { name, place, nginx: PrivateNginx::start(), browser, _sweep: sweep, _folder: folder };
        stage.describe(times);
        stage.give_addresses().await;
        let file = stage.file("crossfade.toml");
        let added = stage.place.command(&["application", "add", &file, "--release", OLD]).status().unwrap();
        assert!(added.success(), "{}", std::fs::read_to_string(&stage.place.log).unwrap());
        let mut calm = stage.serve(None).await;
        stage.sign_in().await;
        assert!(!calm.is_dead());
        stage
    }

    /// Writes application file and compose file anew; the next rollout is by these.
    pub fn describe(&self, times: &Times) {
        let Times { bake, monitor, keep_warm, smoke, passes, migrate_again } = times;
        let (name, nginx) = (self.name, self.nginx.settings());
        let (config, conf_d, pid, dial, listen) = (nginx.config, nginx.conf_d, nginx.pid, nginx.dial, nginx.listen);
        let registry = &demo_env()["REGISTRY"];
        let application = format!(
            r#"
name = "{name}"
[services.api]
routed = {{ port = 3001, hosts = ["{HOST}"] }}
[services.worker]
background = {{ live_slot_only = true }}
[services.database]
shared = true
[registry]
server   = "{registry}"
username = "env:REGISTRY_USER"
password = "env:REGISTRY_PASSWORD"
[migrate]
service = "api"
up      = ["pnpm", "db:migrate:deploy"]
verify  = ["pnpm", "db:generate"]
rerun   = {migrate_again}
[[health]]
service  = "api"
path     = "/health"
tries    = 50
interval = "200ms"
passes   = {passes}
[[smoke]]
name    = "a slow answer"
request = {{ service = "api", path = "/api/v1/slow?ms={smoke}" }}
[traffic]
drain = "1s"
stages = [{{ weight = 50, bake = "{bake}" }}, {{ weight = 100 }}]
[traffic.nginx]
config = "{config}"
conf_d = "{conf_d}"
pid    = "{pid}"
dial   = "{dial}"
listen = "{listen}"
[monitor]
duration = "{monitor}"
[keep_warm]
for = "{keep_warm}"
"#
        );
        let service = |service: &str, version: &str, port: u16| {
            format!(
                r#"
  {service}:
    image: {registry}/hopwhistle/{service}:{version}
    environment: {{ DATABASE_URL: "http://database:5432" }}
    healthcheck:
      test: ["CMD", "/bin/hopwhistle", "probe", "http://127.0.0.1:{port}/health"]
      interval: 300ms
"#
            )
        };
        let (api, worker) = (service("api", "${VERSION}", 3001), service("worker", "${VERSION}", 3002));
        let waits = "    depends_on: { database: { condition: service_healthy } }\n";
        let database = service("database", OLD, 5432);
        let compose =
            format!("services:{api}{waits}{worker}{waits}{database}    volumes: [\"data:/data\"]\nvolumes:\n  data:\n");
        std::fs::write(self.file("crossfade.toml"), application).unwrap();
        std::fs::write(self.file("docker-compose.yml"), compose).unwrap();
    }

    fn file(&self, name: &str) -> String {
        self.place.data.with_file_name(name).display().to_string()
    }

    /// Ports of our own, beside those that another Crossfade on this machine may have given away and not in use now.
    async fn give_addresses(&self) {
        let addresses = Slot::BOTH.map(|slot| Address { service: "api".to_owned(), slot, port: free_port() });
        let store = self.store().await;
        store.save_application(self.name, "", free_port(), &addresses).await.unwrap();
        store.add_user("ada", rollout::actor::Role::Admin, "correct horse").await.unwrap().unwrap();
        store.close().await;
    }

    pub async fn serve(&self, crash_after: Option<u32>) -> Process {
        self.place.serve(crash_after).await
    }

    /// Opened for one look, and closed: the next server must find the file as the last one left it.
    async fn store(&self) -> Store {
        Store::open(&self.place.data).await.unwrap()
    }

    async fn sign_in(&self) {
        let answer = self.post("sign-in", "name=ada&password=correct+horse&to=%2F").await.unwrap();
        assert_eq!(answer.headers()["location"], "/");
    }

    /// Sends a form of the dashboard. The server may die over it.
    async fn post(&self, form: &str, body: &str) -> reqwest::Result<reqwest::Response> {
        self.browser
            .post(format!("http://127.0.0.1:{}/api/{form}", self.place.port))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "text/html")
            .timeout(PATIENCE)
            .body(body.to_owned())
            .send()
            .await
    }

    /// Starts a rollout, whether or not the server lives to tell; its number is in the file.
    pub async fn start(&self, version: &str) -> RolloutId {
        let before = self.latest().await;
        let _ = self.post("start", &format!("application={}&version={version}", self.name)).await;
        let id = self.latest().await;
        assert_ne!(id, before, "no rollout was started");
        id
    }

    /// Clicks; `true` when the server lived to answer.
    pub async fn ask(&self, id: RolloutId, kind: &str) -> bool {
        self.post("ask", &format!("rollout={}&kind={kind}&stage=0&text=", id.0)).await.is_ok()
    }

    pub async fn latest(&self) -> RolloutId {
        let store = self.store().await;
        let rows = store.history(&Filter::default(), None, 1).await.unwrap();
        store.close().await;
        rows[0].id
    }

    /// Waits until the rollout is as wanted.
    pub async fn until(&self, id: RolloutId, what: &str, wanted: impl Fn(&Rollout) -> bool) {
        assert!(self.until_or_dead(None, id, what, wanted).await);
    }

    /// The same; false when the server dies before.
    pub async fn until_or_dead(
        &self,
        mut process: Option<&mut Process>,
        id: RolloutId,
        what: &str,
        wanted: impl Fn(&Rollout) -> bool,
    ) -> bool {
        let begun = Instant::now();
        let store = self.store().await;
        loop {
            let rollout = store.rollout(id).await.unwrap().unwrap();
            let dead = process.as_mut().is_some_and(|process| process.is_dead());
            if dead || wanted(&rollout) {
                store.close().await;
                return !dead;
            }
            assert!(begun.elapsed() < PATIENCE, "rollout {id} did not get to {what}: {}", rollout.headline());
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }

    pub async fn until_running(&self, id: RolloutId, step: Step) {
        self.until(id, &step.to_string(), |rollout| rollout.running().is_some_and(|(_, running)| running == step))
            .await;
    }

    pub async fn until_settled(&self, id: RolloutId) {
        self.until(id, "its end", Rollout::is_settled).await;
    }

    pub async fn rollout(&self, id: RolloutId) -> Rollout {
        let store = self.store().await;
        let rollout = store.rollout(id).await.unwrap().unwrap();
        store.close().await;
        rollout
    }

    /// The rollout ended so, and journal, projections, containers and router all agree about it.
    pub async fn check(&self, id: RolloutId, phase: Phase, version: &str) {
        let store = self.store().await;
        let entries = store.entries_after(id, 0).await.unwrap();
        let row = store.application(self.name).await.unwrap().unwrap();
        store.close().await;

        let numbers: Vec<u64> = entries.iter().map(|entry| entry.seq).collect();
        assert_eq!(numbers, (1..=entries.len() as u64).collect::<Vec<_>>(), "the journal has gaps");
        let mut succeeded = BTreeSet::new();
        for entry in &entries {
            if let Event::StepSucceeded { step, .. } = entry.event {
                assert!(succeeded.insert(step), "step {step} succeeded twice: {entries:#?}");
            }
        }
        let rollout = Rollout::fold(&entries).unwrap();
        assert_eq!(rollout.phase(), phase, "{}", rollout.headline());

        let (live, held) = rollout.live_after(rollout.ended.as_ref().unwrap().outcome).unwrap();
        assert_eq!((row.live, held.as_str()), (Some(live), version));
        assert_eq!(row.holds(live).map(|version| version.as_str()), Some(version));
        assert_eq!(row.holds(live.other()), None);
        self.check_containers(live, version);
        self.check_traffic(live, version).await;
    }

    /// One of each service, in the live slot alone.
    fn check_containers(&self, live: Slot, version: &str) {
        let list = |project: &str| {
            let filter = format!("label=com.docker.compose.project={}-{project}", self.name);
            let format = r#"{{.Label "com.docker.compose.service"}} {{.Label "crossfade.release"}} {{.State}}"#;
            let mut lines: Vec<String> =
                docker(&["ps", "--all", "--filter", &filter, "--format", format]).lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(list(live.as_str()), ["api", "worker"].map(|service| format!("{service} {version} running")));
        assert_eq!(list(live.other().as_str()), [""; 0]);
        assert_eq!(list("shared"), [format!("database {OLD} running")]);
    }

    /// As a client sees it, many times.
    pub async fn check_traffic(&self, live: Slot, version: &str) {
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
        for _ in 0..20 {
            let url = format!("http://127.0.0.1:{}/health", self.nginx.port);
            let answer = client.get(url).header("host", HOST).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            assert_eq!(answer.headers()["x-crossfade-slot"], live.as_str());
            assert_eq!(answer.headers()["x-hopwhistle-version"], version);
        }
    }
}
