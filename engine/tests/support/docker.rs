//! What tests with containers share: the demo's variables, the `docker` command, and sweeping up.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The top of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// What `demo/env.sh` sets.
pub fn demo_env() -> &'static BTreeMap<String, String> {
    static ENV: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    ENV.get_or_init(|| {
        let told = Command::new("bash")
            .args(["-c", ". demo/env.sh && env -0"])
            .current_dir(repository())
            .output()
            .expect("bash is needed for this test");
        let told = String::from_utf8(told.stdout).unwrap();
        told.split('\0')
            .filter_map(|line| line.split_once('='))
            .filter(|(name, _)| ["REGISTRY", "SMOKE_", "DOCKER_"].iter().any(|start| name.starts_with(start)))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    })
}

/// What `docker …` prints, without the line end.
pub fn docker(arguments: &[&str]) -> String {
    let done =
        Command::new("docker").args(arguments).envs(demo_env()).output().expect("docker is needed for this test");
    assert!(done.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

/// Takes away all that Docker has of an application, when it is made (left by a run that was killed) and when it is
/// dropped.
pub struct Sweep {
    application: String,
}

impl Sweep {
    pub fn new(application: &str) -> Sweep {
        let sweep = Sweep { application: application.to_owned() };
        sweep.all();
        sweep
    }

    fn all(&self) {
        let kinds: [(&[&str], &[&str]); 3] = [
            (&["ps", "--all", "--quiet"], &["rm", "--force", "--volumes"]),
            (&["network", "ls", "--quiet"], &["network", "rm"]),
            (&["volume", "ls", "--quiet"], &["volume", "rm"]),
        ];
        let projects = ["blue", "green", "shared"].map(|slot| format!("{}-{slot}", self.application));
        // Kind by kind: a network goes only when no container of another project is in it.
        for (list, remove) in kinds {
            for project in &projects {
                let filter = format!("label=com.docker.compose.project={project}");
                let found = docker(&[list, &["--filter", &filter]].concat());
                let ids: Vec<&str> = found.split_whitespace().collect();
                if !ids.is_empty() {
                    docker(&[remove, &ids].concat());
                }
            }
        }
    }
}

impl Drop for Sweep {
    fn drop(&mut self) {
        self.all();
    }
}
