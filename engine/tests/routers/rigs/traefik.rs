//! Traefik, whose weight is in a file that it watches.

use crate::rig::{APPLICATION, Rig};
use crate::rigs::programs::{Program, listens};
use crate::support::nginx::free_port;
use engine::router::{Router, TraefikRouter};
use rollout::application::StickyBy;
use rollout::router::Traefik;
use rollout::slot::Split;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub struct PrivateTraefik {
    folder: TempDir,
    port: u16,
    api: u16,
    program: Option<Program>,
}

impl PrivateTraefik {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self) -> PathBuf {
        self.path("dynamic/crossfade-shop.yml")
    }

    fn edit(&self, change: impl FnOnce(String) -> String) {
        let text = fs::read_to_string(self.file()).unwrap();
        let edited = change(text.clone());
        assert_ne!(edited, text);
        fs::write(self.path("aside"), edited).unwrap();
        fs::rename(self.path("aside"), self.file()).unwrap();
    }

    /// What it says that it runs.
    async fn raw(&self) -> Option<String> {
        let url = format!("http://127.0.0.1:{}/api/rawdata", self.api);
        reqwest::get(url).await.ok()?.error_for_status().ok()?.text().await.ok()
    }

    async fn runs(&self, what: impl Fn(&str) -> bool) {
        let start = Instant::now();
        while !self.raw().await.is_some_and(|raw| what(&raw)) {
            assert!(start.elapsed() < Duration::from_secs(20), "Traefik does not take it in");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Rig for PrivateTraefik {
    const SAYS_DEAD: &'static str = "Traefik's API does not answer";
    const DAMAGES: &'static [&'static str] = &["file lost", "file edited", "no marks"];
    const SAYS_SLOT: bool = false;
    const TAKES_ANY_COOKIE: bool = false;

    async fn start() -> PrivateTraefik {
        let folder = tempfile::tempdir().unwrap();
        let mut traefik = PrivateTraefik { folder, port: free_port(), api: free_port(), program: None };
        fs::create_dir(traefik.path("dynamic")).unwrap();
        let config = format!(
            "global: {{ checkNewVersion: false, sendAnonymousUsage: false }}\n\
             entryPoints:\n  web: {{ address: \"127.0.0.1:{}\" }}\n  traefik: {{ address: \"127.0.0.1:{}\" }}\n\
             api: {{ insecure: true }}\nproviders:\n  providersThrottleDuration: 50ms\n  \
             file: {{ directory: \"{}\", watch: true }}\n",
            traefik.port,
            traefik.api,
            traefik.path("dynamic").display(),
        );
        fs::write(traefik.path("traefik.yml"), config).unwrap();
        traefik.run().await;
        traefik
    }

    fn router(&self, sticky_by: StickyBy) -> Box<dyn Router> {
        let traefik = Traefik {
            directory: self.path("dynamic").display().to_string(),
            api: format!("127.0.0.1:{}", self.api),
            entry_points: vec!["web".into()],
        };
        Box::new(TraefikRouter::new(APPLICATION, &traefik, &sticky_by).unwrap())
    }

    fn sticks_by(sticky_by: &StickyBy) -> bool {
        !matches!(sticky_by, StickyBy::Header(_))
    }

    fn port(&self) -> Option<u16> {
        Some(self.port)
    }

    fn log_port(&self) -> u16 {
        self.api
    }

    async fn kill(&mut self) {
        self.program = None;
    }

    async fn run(&mut self) {
        let config = format!("--configFile={}", self.path("traefik.yml").display());
        let program = Program::start("traefik", self.folder.path(), &[&config]);
        program.comes_up(|| listens(self.api) && listens(self.port)).await;
        self.program = Some(program);
        let known = self.file().exists();
        self.runs(|raw| raw.contains("api@internal") && (!known || raw.contains("crossfade_shop.web"))).await;
    }

    async fn set_by_hand(&mut self, split: Split) {
        self.edit(|text| {
            let lines = text.lines().map(|line| {
                let number =
                    line.trim_start().strip_prefix("\"crossfade_shop.web:").and_then(|rest| rest.split('"').next());
                let Some(session) = number.and_then(|number| number.parse().ok()) else { return format!("{line}\n") };
                let slot = split.slot_of(session);
                format!(
                    "{}\n",
                    line.replace(":blue\"", &format!(":{slot}\"")).replace(":green\"", &format!(":{slot}\""))
                )
            });
            lines.collect()
        });
        // In effect when the last session of either slot goes there.
        let at = |session: u8| {
            let slot = split.slot_of(session);
            format!(
                "\"crossfade_shop.web:{session}@file\":{{\"weighted\":{{\"services\":[{{\"name\":\"crossfade_shop.web:{slot}\""
            )
        };
        let sessions = [0, split.weight.percent().saturating_sub(1), split.weight.percent().min(99), 99];
        self.runs(|raw| sessions.iter().all(|session| raw.contains(&at(*session)))).await;
    }

    fn refuse(&mut self) {
        // One file with a mistake keeps out all of them.
        fs::write(self.path("dynamic/theirs.yml"), "http: [").unwrap();
    }

    fn relent(&mut self) {
        fs::remove_file(self.path("dynamic/theirs.yml")).unwrap();
    }

    async fn damage(&mut self, what: &str) {
        match what {
            "file lost" => {
                fs::remove_file(self.file()).unwrap();
                self.runs(|raw| !raw.contains("crossfade_shop")).await;
            }
            "file edited" => {
                self.edit(|text| text.replace("604800", "600"));
                self.runs(|raw| raw.contains("\"maxAge\":600")).await;
            }
            "no marks" => self.edit(|text| text.lines().skip(1).map(|line| format!("{line}\n")).collect()),
            other => panic!("{other}"),
        }
    }

    async fn clear_away(&mut self, what: &str) {
        if what == "no marks" {
            fs::remove_file(self.file()).unwrap();
            self.runs(|raw| !raw.contains("crossfade_shop")).await;
        }
    }
}
