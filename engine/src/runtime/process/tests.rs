//! Real processes: shells that wait, fall over, refuse to end.

use super::record::Record;
use super::{Processes, SHARED_ADDRESS};
use crate::definition::Definition;
use crate::runtime::{Health, Instance, Pipe, Project, Runtime, RuntimeError, State, Wanted};
use crate::store::applications::Address;
use rollout::release::{PinnedImages, Version};
use rollout::slot::Slot;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Longest wait for anything, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

const SERVICES: [&str; 3] = ["data", "web", "worker"];

/// An application in a folder of its own, and whoever runs it.
struct Bench {
    folder: tempfile::TempDir,
    processes: Processes,
    ports: BTreeMap<&'static str, u16>,
}

impl Bench {
    /// `web` runs a script; the others wait.
    fn new(script: &str) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let ports = SERVICES.map(|service| (service, free())).into();
        let bench = Bench { processes: open(folder.path().join("processes")), folder, ports };
        bench.release("1.0.0", script);
        bench
    }

    fn release(&self, version: &str, script: &str) {
        let file = self.folder.path().join(version).join("web");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(file, PermissionsExt::from_mode(0o755)).unwrap();
    }

    /// Another Crossfade on the same folder.
    fn again(&mut self) {
        self.processes.leave();
        self.processes = open(self.folder.path().join("processes"));
    }

    fn definition(&self, more: &str) -> Definition {
        let text = format!(
            "name = \"shop\"\nruntime = \"process\"\n\
             [services.web]\nrouted = {{ hosts = [\"shop.test\"] }}\nfolder = \"{{version}}\"\ncommand = [\"./web\", \"{{slot}}\", \"{{port}}\"]\n\
             environment = {{ DATA = \"http://127.0.0.1:{{port.data}}/\", PASSWORD = \"file:{}\" }}\nstop_grace = \"1s\"\n{more}\n\
             [services.worker]\nbackground = {{ live_slot_only = true }}\ncommand = [\"sleep\", \"600\"]\n\
             [services.data]\nshared = true\ncommand = [\"sleep\", \"600\"]\n",
            self.password().display()
        );
        let file = self.folder.path().join("crossfade.toml");
        std::fs::write(&file, text).unwrap();
        Definition::load(&file).unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    fn password(&self) -> PathBuf {
        let file = self.folder.path().join("password");
        std::fs::write(&file, "hush-hush\n").unwrap();
        file
    }

    fn addresses(&self) -> Vec<Address> {
        let address = |service: &&str| Address {
            service: (*service).to_owned(),
            slot: if *service == "data" { SHARED_ADDRESS } else { Slot::Green },
            port: self.ports[*service],
        };
        SERVICES.iter().map(address).collect()
    }

    async fn up(&self, services: &[&str], version: &str, more: &str) -> Result<Vec<String>, RuntimeError> {
        self.up_in(&Project::slot("shop", Slot::Green), services, version, more, false).await
    }

    async fn up_in(
        &self,
        project: &Project,
        services: &[&str],
        version: &str,
        more: &str,
        keep_running: bool,
    ) -> Result<Vec<String>, RuntimeError> {
        let (definition, release) = (self.definition(more), Version::parse(version).unwrap());
        let recipe = definition.recipe(&release).unwrap();
        let images = match self.folder.path().join(format!("{version}.pinned")) {
            file if file.exists() => serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap(),
            file => {
                let (images, check) = self.processes.pin(&definition, &recipe, None, &mut |_| {}).await;
                assert_eq!(check.level, rollout::check::Level::Ok, "{}", check.said);
                std::fs::write(file, serde_json::to_vec(&images).unwrap()).unwrap();
                images
            }
        };
        let images: PinnedImages = images;
        let wanted = Wanted {
            project,
            definition: &definition,
            recipe: &recipe,
            release: &release,
            images: &images,
            services: services.iter().copied().collect::<BTreeSet<_>>(),
            addresses: &self.addresses(),
            keep_running,
        };
        let mut told = vec![];
        self.processes.up(&wanted, &mut |line| told.push(line)).await?;
        Ok(told)
    }

    async fn web(&self) -> Instance {
        let instances = self.processes.instances(&Project::slot("shop", Slot::Green)).await.unwrap();
        instances.into_iter().find(|instance| instance.service == "web").expect("web is there")
    }

    fn record(&self) -> Record {
        self.processes.record("shop-green-web-1").expect("web is there")
    }

    fn pid(&self) -> i32 {
        self.record().identity().expect("web was started").pid
    }

    async fn until(&self, what: &str, wanted: impl Fn(&Instance) -> bool) -> Instance {
        let begun = Instant::now();
        loop {
            let web = self.web().await;
            if wanted(&web) {
                return web;
            }
            assert!(begun.elapsed() < PATIENCE, "not {what}: {web:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn until_printed(&self, line: &str) {
        let begun = Instant::now();
        loop {
            let lines = self.processes.last_lines(&self.web().await, 50).await.unwrap();
            if lines.iter().any(|printed| printed == line) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "not printed: {line}; {lines:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.processes.leave();
        for record in self.processes.all() {
            if let Some(identity) = record.identity() {
                identity.signal(rustix::process::Signal::KILL);
            }
        }
    }
}

fn open(folder: PathBuf) -> Processes {
    Processes::open(&folder, true, reqwest::Client::new()).unwrap()
}

const WAITS: &str = "echo \"$1 on $2 of $CROSSFADE_SLOT $CROSSFADE_RELEASE $PORT: $DATA $PASSWORD\"\nexec sleep 600";

#[tokio::test]
async fn it_outlives_crossfade_and_is_found_again() {
    let mut bench = Bench::new(WAITS);
    assert_eq!(bench.up(&["web", "worker"], "1.0.0", "").await.unwrap(), ["web started", "worker started"]);
    let (pid, port, data) = (bench.pid(), bench.ports["web"], bench.ports["data"]);
    bench.until_printed(&format!("green on {port} of green 1.0.0 {port}: http://127.0.0.1:{data}/ hush-hush")).await;
    bench.again();
    assert_eq!((bench.web().await.state, bench.pid()), (State::Running, pid));
    let told = bench.up(&["web", "worker"], "1.0.0", "").await.unwrap();
    assert_eq!(told, ["web runs as wanted", "worker runs as wanted"]);
    assert_eq!(bench.pid(), pid);
    // The secret is in the process, and nowhere on disk.
    let environments = bench.processes.environments(&Project::slot("shop", Slot::Green)).await.unwrap();
    assert_eq!(environments["web"]["PASSWORD"], "hush-hush");
    let record = std::fs::read_to_string(bench.folder.path().join("processes/shop-green-web-1/record.json")).unwrap();
    assert!(!record.contains("hush-hush"), "{record}");
    assert!(bench.processes.holds("shop") && !bench.processes.holds("sho"));

    assert_eq!(bench.processes.down(&Project::slot("shop", Slot::Green)).await.unwrap(), 2);
    assert!(bench.processes.instances(&Project::slot("shop", Slot::Green)).await.unwrap().is_empty());
    assert_eq!(std::fs::read_dir(bench.folder.path().join("processes")).unwrap().count(), 0);
}

#[tokio::test]
async fn one_that_was_not_written_down_is_found_by_its_mark() {
    let mut bench = Bench::new(WAITS);
    bench.up(&["web"], "1.0.0", "").await.unwrap();
    let pid = bench.pid();
    // As if Crossfade had died between the start and the record of it.
    bench.processes.change("shop-green-web-1", |record| record.begun.as_mut().unwrap().identity = None).unwrap();
    bench.again();
    assert_eq!((bench.web().await.state, bench.pid()), (State::Running, pid));
}

#[tokio::test]
async fn a_number_that_was_given_anew_is_never_signalled() {
    let mut bench = Bench::new(WAITS);
    bench.up(&["web"], "1.0.0", "").await.unwrap();
    let web = bench.record().identity().unwrap().clone();
    let mut stranger = tokio::process::Command::new("sleep").arg("600").process_group(0).spawn().unwrap();
    let number = i32::try_from(stranger.id().unwrap()).unwrap();
    bench
        .processes
        .change("shop-green-web-1", |record| {
            let identity = record.begun.as_mut().unwrap().identity.as_mut().unwrap();
            // A clock tick is 10 ms: the stranger may have begun in the same.
            (identity.pid, identity.start) = (number, identity.start - 1);
        })
        .unwrap();
    web.signal(rustix::process::Signal::KILL);
    bench.again();
    assert_ne!(bench.web().await.state, State::Running, "another process has its number");
    bench.processes.stop(&bench.web().await).await.unwrap();
    bench.processes.remove(&bench.web().await).await.unwrap();
    assert_eq!(stranger.try_wait().unwrap(), None);
    stranger.kill().await.unwrap();
}

#[tokio::test]
async fn one_that_falls_is_started_again_and_that_is_told() {
    let bench = Bench::new("echo falling\nexit 3");
    bench.up(&["web"], "1.0.0", "").await.unwrap();
    let fallen = bench.until("fallen twice", |web| web.crashes.as_ref().is_some_and(|c| c.count >= 2)).await;
    let crashes = fallen.crashes.unwrap();
    assert_eq!(crashes.exit_code, Some(3));
    assert_eq!(crashes.to_string(), format!("it crashed {} times, last with exit code 3", crashes.count));
    bench.until_printed("── crossfade: it ended by itself: exit code 3. Started again in 2 s ──").await;
    // Mended, by somebody who starts it anew: nothing is held against it.
    bench.processes.stop(&bench.web().await).await.unwrap();
    assert_eq!(bench.web().await.state, State::Ended(3));
    std::fs::remove_file(bench.folder.path().join("1.0.0.pinned")).unwrap();
    bench.release("1.0.0", WAITS);
    bench.up(&["web"], "1.0.0", "").await.unwrap();
    let web = bench.until("running", |web| web.state == State::Running).await;
    assert_eq!(web.crashes, None);
}

#[tokio::test]
async fn one_that_was_killed_is_started_again_with_what_it_had() {
    let bench = Bench::new(WAITS);
    bench.up(&["web"], "1.0.0", "").await.unwrap();
    let first = bench.pid();
    // All of it: what a machine does that is out of memory.
    bench.record().identity().unwrap().signal(rustix::process::Signal::KILL);
    bench.until("fallen", |web| web.state == State::Restarting).await;
    let web = bench.until("up again", |web| web.state == State::Running).await;
    assert_ne!(bench.pid(), first);
    assert_eq!(web.crashes.unwrap().to_string(), "it crashed once, and nobody saw how");
}

#[tokio::test]
async fn a_stop_is_gentle_first_and_takes_everything_with_it() {
    let bench = Bench::new("trap 'echo bye; exit 0' TERM\necho up\nwhile :; do sleep 0.05; done");
    bench.up(&["web"], "1.0.0", "").await.unwrap();
    bench.until_printed("up").await;
    bench.processes.stop(&bench.web().await).await.unwrap();
    assert_eq!(bench.web().await.state, State::Ended(0));
    bench.until_printed("bye").await;

    // One that does not hear, and a child that does not either.
    bench.release("1.1.0", "trap '' TERM\nsleep 600 &\necho up\nwait");
    bench.up(&["web"], "1.1.0", "").await.unwrap();
    bench.until_printed("up").await;
    let identity = bench.record().identity().unwrap().clone();
    let begun = Instant::now();
    bench.processes.stop(&bench.web().await).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1), "it has its grace");
    assert!(!identity.group_is_alive());
    assert!(!bench.web().await.running());
    // It stays down.
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(!bench.web().await.running());
    bench.processes.start(&bench.web().await).await.unwrap();
    assert_eq!(bench.web().await.state, State::Running);
}

#[tokio::test]
async fn what_differs_is_made_anew_and_what_outlives_rollouts_is_not() {
    let bench = Bench::new(WAITS);
    bench.up(&["web"], "1.0.0", "").await.unwrap();
    let first = bench.pid();
    bench.release("1.1.0", WAITS);
    assert_eq!(
        bench.up(&["web"], "1.1.0", "").await.unwrap(),
        ["web had another configuration: made anew", "web started"]
    );
    assert_ne!(bench.pid(), first);
    assert_eq!(bench.web().await.release.as_deref(), Some("1.1.0"));

    let shared = Project::shared("shop");
    assert_eq!(bench.up_in(&shared, &["data"], "1.0.0", "", true).await.unwrap(), ["data started"]);
    let told = bench.up_in(&shared, &["data"], "1.1.0", "", true).await.unwrap();
    assert_eq!(told, ["data runs with an older configuration and is left alone: it outlives rollouts"]);
    assert_eq!(bench.processes.record("shop-shared-data-1").unwrap().spec.port, Some(bench.ports["data"]));
}

#[tokio::test]
async fn a_release_that_has_changed_since_is_not_started() {
    let bench = Bench::new(WAITS);
    bench.up(&["web"], "1.0.0", "").await.unwrap();
    bench.processes.stop(&bench.web().await).await.unwrap();
    bench.release("1.0.0", "echo something else");
    let error = bench.up(&["web"], "1.0.0", "").await.unwrap_err().to_string();
    assert!(
        error.starts_with("web is not what release 1.0.0 was when it was first seen: it is ./web@sha256:"),
        "{error}"
    );
    assert!(!bench.web().await.running());
}

#[tokio::test]
async fn what_keeps_it_from_starting_is_told() {
    let bench = Bench::new(WAITS);
    let taken = std::net::TcpListener::bind(("127.0.0.1", bench.ports["web"])).unwrap();
    let error = bench.up(&["web"], "1.0.0", "").await.unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("web cannot be started: its port {} cannot be had: ", bench.ports["web"])),
        "{error}"
    );
    assert_eq!(bench.web().await.state, State::Other("stopped".to_owned()), "nobody tries again and again");
    drop(taken);
    std::fs::remove_dir_all(bench.folder.path().join("1.0.0")).unwrap();
    let error = bench.up(&["web"], "1.0.0", "").await.unwrap_err().to_string();
    assert!(error.contains("there is no folder ") && error.contains("has release 1.0.0 been put there?"), "{error}");
}

#[tokio::test]
async fn its_own_check_says_how_it_is() {
    let bench = Bench::new("trap 'exit 0' TERM\nwhile :; do sleep 0.05; done");
    let health = "health = { command = [\"sh\", \"-c\", \"cat well\"], interval = \"100ms\", retries = 2 }";
    bench.up(&["web"], "1.0.0", health).await.unwrap();
    let ill = bench.until("ill", |web| matches!(web.health, Health::Unhealthy(_))).await;
    assert!(matches!(&ill.health, Health::Unhealthy(why) if why.starts_with("exit code 1: ")), "{ill:?}");
    std::fs::write(bench.folder.path().join("1.0.0/well"), "").unwrap();
    bench.until("well", |web| web.health == Health::Healthy).await;
}

#[tokio::test]
async fn all_of_them_rest_and_are_started_again_by_the_next() {
    let mut bench = Bench::new(WAITS);
    bench.up(&["web", "worker"], "1.0.0", "").await.unwrap();
    bench.processes.leave();
    let identity = bench.record().identity().unwrap().clone();
    assert_eq!(bench.processes.rest().await.unwrap(), ["shop-green-web-1", "shop-green-worker-1"]);
    assert!(!identity.group_is_alive());
    bench.again();
    let web = bench.until("up again", |web| web.state == State::Running).await;
    assert_eq!(web.crashes, None, "nothing fell");
    assert_ne!(bench.pid(), identity.pid);
}

#[tokio::test]
async fn commands_run_beside_it() {
    let bench = Bench::new(WAITS);
    bench.up(&["web"], "1.0.0", "").await.unwrap();
    let command = |script: &str| ["sh", "-c", script].map(str::to_owned);
    let mut printed = vec![];
    let script = command("echo $CROSSFADE_RELEASE at $PORT; pwd >&2; exit 4");
    let exec = bench.processes.command("shop-green-web-1", &script).await.unwrap();
    let code = bench.processes.run(&exec, &mut |pipe, line| printed.push((pipe, line.to_owned()))).await.unwrap();
    assert_eq!(code, 4);
    let folder = bench.folder.path().canonicalize().unwrap().join("1.0.0").display().to_string();
    printed.sort_by_key(|(pipe, _)| *pipe == Pipe::Err);
    assert_eq!(printed, [(Pipe::Out, format!("1.0.0 at {}", bench.ports["web"])), (Pipe::Err, folder)]);

    // One that nobody waits for any more is asked to end.
    let exec = bench.processes.command("shop-green-web-1", &command("echo begun; sleep 600")).await.unwrap();
    let (sender, mut begun) = tokio::sync::mpsc::unbounded_channel();
    let mut line = |_: Pipe, _: &str| sender.send(()).unwrap();
    tokio::select! {
        _ = bench.processes.run(&exec, &mut line) => panic!("it ends by itself"),
        said = begun.recv() => assert!(said.is_some()),
    }
    let dropped = Instant::now();
    while bench.processes.runs(&exec).await.unwrap() {
        assert!(dropped.elapsed() < PATIENCE, "it goes on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let error = bench.processes.command("shop-blue-web-1", &script).await.unwrap_err().to_string();
    assert!(error.ends_with("beside shop-blue-web-1 cannot be run: there is no such process"), "{error}");
    let none = ["./none".to_owned()];
    let exec = bench.processes.command("shop-green-web-1", &none).await.unwrap();
    let error = bench.processes.run(&exec, &mut |_, _| {}).await.unwrap_err().to_string();
    assert!(error.starts_with("`./none` cannot be run in "), "{error}");
}
