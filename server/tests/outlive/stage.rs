//! An application of its own, its first release live, behind a proxy of its own; and a person at the dashboard.

use crate::process::{PATIENCE, Place, Process};
use crate::service::SERVES;
use crate::support::ports::free_port;
use engine::store::Store;
use engine::store::applications::Address;
use engine::store::history::Filter;
use rollout::Rollout;
use rollout::event::{Event, RolloutId};
use rollout::plan::Step;
use rollout::slot::Slot;
use rollout::state::Phase;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const NAME: &str = "shop";
const HOST: &str = "web.shop.test";
pub const OLD: &str = "1.0.0";
pub const NEW: &str = "1.1.0";

pub struct Stage {
    pub place: Place,
    proxy: Child,
    pub proxy_port: u16,
    browser: reqwest::Client,
    folder: tempfile::TempDir,
}

impl Stage {
    /// With [`OLD`] live on blue. `bake` and `keep_warm` as the application file writes them.
    pub async fn set(bake: &str, keep_warm: &str) -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(folder.path(), free_port());
        let browser = reqwest::Client::builder()
            .no_proxy()
            .cookie_store(true)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let (proxy_port, control) = (free_port(), folder.path().join("proxy.sock"));
        let mut command = place.command(&["proxy", "--listen", &format!("127.0.0.1:{proxy_port}")]);
        command.arg("--control").arg(&control).arg("--state").arg(folder.path().join("proxy"));
        let proxy = command.stdout(Stdio::null()).spawn().unwrap();
        let stage = Stage { place, proxy, proxy_port, browser, folder };
        let begun = Instant::now();
        while !control.exists() {
            assert!(begun.elapsed() < PATIENCE, "the proxy does not start: {}", stage.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        std::fs::write(stage.file(), stage.application(bake, keep_warm)).unwrap();
        stage.give_addresses().await;
        let file = stage.file().display().to_string();
        let added = stage.place.command(&["application", "add", &file, "--release", OLD]).status().unwrap();
        assert!(added.success(), "{}", stage.log());
        let calm = stage.serve(None).await;
        let answer = stage.post("sign-in", "name=ada&password=correct+horse&to=%2F").await.unwrap();
        assert_eq!(answer.headers()["location"], "/");
        drop(calm);
        stage
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("crossfade.toml")
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.place.log).unwrap_or_default()
    }

    /// A service runs this very program; the shell is what is pinned of it.
    fn application(&self, bake: &str, keep_warm: &str) -> String {
        let program = std::env::current_exe().unwrap();
        let program = program.display();
        let control = self.folder.path().join("proxy.sock");
        format!(
            r#"
name    = "{NAME}"
runtime = "process"
[services.web]
routed      = {{ hosts = ["{HOST}"] }}
command     = ["sh", "-c", 'exec "$0" service::serves --exact --nocapture', "{program}"]
environment = {{ {SERVES} = "yes" }}
health      = {{ path = "/", interval = "300ms" }}
[services.worker]
background = {{ live_slot_only = true }}
command    = ["sleep", "3600"]
[services.data]
shared  = true
command = ["sleep", "3600"]
[migrate]
service = "web"
up      = ["sh", "-c", "echo migrating; sleep 0.2"]
rerun   = true
[[health]]
service  = "web"
path     = "/"
tries    = 100
interval = "200ms"
passes   = 1
[traffic]
router = "embedded"
stages = [{{ weight = 50, bake = "{bake}" }}, {{ weight = 100 }}]
[traffic.embedded]
control = "{}"
[monitor]
duration = "200ms"
[keep_warm]
for = "{keep_warm}"
[requires]
database = "none"
cache    = "none"
"#,
            control.display()
        )
    }

    /// Ports of our own, beside those that another Crossfade on this machine may have given away and not in use now.
    async fn give_addresses(&self) {
        let address = |service: &str, slot| Address { service: service.to_owned(), slot, port: free_port() };
        let mut addresses = vec![address("data", Slot::Blue)];
        for slot in Slot::BOTH {
            addresses.extend([address("web", slot), address("worker", slot)]);
        }
        let store = self.store().await;
        store.save_application(NAME, "", free_port(), &addresses).await.unwrap();
        store.add_user("ada", rollout::actor::Role::Admin, "correct horse").await.unwrap().unwrap();
        store.close().await;
    }

    pub async fn serve(&self, crash_after: Option<u32>) -> Process {
        self.place.serve(crash_after).await
    }

    async fn store(&self) -> Store {
        Store::open(&self.place.data).await.unwrap()
    }

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

    /// A page of the dashboard, as text.
    pub async fn page(&self, path: &str) -> String {
        let url = format!("http://127.0.0.1:{}{path}", self.place.port);
        self.browser.get(url).send().await.unwrap().text().await.unwrap()
    }

    /// Starts a rollout, whether or not the server lives to tell; its number is in the file.
    pub async fn start(&self, version: &str) -> RolloutId {
        let before = self.latest().await;
        let _ = self.post("start", &format!("application={NAME}&version={version}")).await;
        let id = self.latest().await;
        assert_ne!(id, before, "no rollout was started: {}", self.log());
        id
    }

    pub async fn ask(&self, id: RolloutId, kind: &str) {
        let _ = self.post("ask", &format!("rollout={}&kind={kind}&stage=0&text=", id.0)).await;
    }

    pub async fn latest(&self) -> RolloutId {
        let store = self.store().await;
        let rows = store.history(&Filter::default(), None, 1).await.unwrap();
        store.close().await;
        rows[0].id
    }

    /// Waits until the rollout is as wanted, or the server has died.
    pub async fn until(
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
            let why = rollout.headline();
            assert!(begun.elapsed() < PATIENCE, "rollout {id} did not get to {what}: {why}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub async fn until_running(&self, id: RolloutId, step: Step) {
        let runs = |rollout: &Rollout| rollout.running().is_some_and(|(_, running)| running == step);
        assert!(self.until(None, id, &step.to_string(), runs).await);
    }

    pub async fn until_settled(&self, id: RolloutId) {
        assert!(self.until(None, id, "its end", Rollout::is_settled).await);
    }

    /// The rollout ended so, and journal, projections, processes and proxy all agree about it.
    pub async fn check(&self, id: RolloutId, phase: Phase, version: &str) {
        let store = self.store().await;
        let entries = store.entries_after(id, 0).await.unwrap();
        let row = store.application(NAME).await.unwrap().unwrap();
        store.close().await;
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
        let mut wanted =
            [format!("shop-{live}-web-1"), format!("shop-{live}-worker-1"), "shop-shared-data-1".to_owned()];
        wanted.sort();
        assert_eq!(self.processes(), wanted, "one of each, and nothing of the other slot");
        for _ in 0..10 {
            let (release, slot, _) = self.visit().await;
            assert_eq!((release.as_str(), slot.as_str()), (version, live.as_str()));
        }
    }

    /// The folder of Crossfade's processes.
    fn records(&self) -> PathBuf {
        self.place.data.with_extension("processes")
    }

    pub fn processes(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.records()).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// As a client sees it: release, slot, and the number of the process that answered.
    pub async fn visit(&self) -> (String, String, u32) {
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
        let url = format!("http://127.0.0.1:{}/", self.proxy_port);
        let answer = client.get(url).header("host", HOST).timeout(PATIENCE).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        (header("x-release"), header("x-crossfade-slot"), answer.text().await.unwrap().parse().unwrap())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.proxy.kill();
        let _ = self.proxy.wait();
        // Whoever is in the folder of this stage is ours; each leads a group of its own.
        for name in self.processes() {
            let record = std::fs::read_to_string(self.records().join(name).join("record.json")).unwrap_or_default();
            let record: serde_json::Value = serde_json::from_str(&record).unwrap_or_default();
            if let Some(pid) = record["begun"]["identity"]["pid"].as_i64() {
                let group = format!("-{pid}");
                let _ = std::process::Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
            }
        }
    }
}
