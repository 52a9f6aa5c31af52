//! What is there: compose files in the folder, routers on the machine.

use std::path::{Path, PathBuf};

/// The names that compose itself looks for, in its order.
pub const COMPOSE_FILES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/// The compose files of a folder, by name: compose's own first, then such as `docker-compose.prod.yml`. Those that only
/// change another one, by their name, are left out: Crossfade reads one file.
pub fn compose_files(folder: &Path) -> Result<Vec<String>, String> {
    let entries =
        std::fs::read_dir(folder).map_err(|error| format!("cannot look into {}: {error}", folder.display()))?;
    let names = entries.flatten().filter(|entry| entry.path().is_file());
    Ok(sorted(names.filter_map(|entry| entry.file_name().into_string().ok()).collect()))
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.retain(|name| {
        let is_yaml = [".yml", ".yaml"].iter().any(|end| name.ends_with(end));
        is_yaml && name.contains("compose") && !name.contains("override") && !name.starts_with('.')
    });
    let rank = |name: &String| COMPOSE_FILES.iter().position(|own| own == name).unwrap_or(COMPOSE_FILES.len());
    names.sort_by(|a, b| rank(a).cmp(&rank(b)).then(a.cmp(b)));
    names
}

/// The router that is most likely meant: one that runs, one that is installed, or Crossfade's own.
pub fn router() -> &'static str {
    choose(&engine::init::routers(), &installed, &runs)
}

fn choose<'n>(known: &[&'n str], installed: &dyn Fn(&str) -> bool, runs: &dyn Fn(&str) -> bool) -> &'n str {
    let there: Vec<&str> = known.iter().copied().filter(|name| installed(name)).collect();
    let running = there.iter().find(|name| runs(name));
    running.or(there.first()).or(known.last()).copied().unwrap_or("embedded")
}

fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Not on everybody's path, and yet where they are.
    let usual = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(usual).any(|folder| folder.join(program).is_file())
}

/// Whether a process of this name is there.
fn runs(program: &str) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else { return false };
    processes.flatten().any(|process| {
        std::fs::read_to_string(process.path().join("comm")).is_ok_and(|name| name.trim_end() == program)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn composes_own_names_come_first() {
        let found = |names: &[&str]| sorted(names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(
            found(&[
                "docker-compose.yml",
                "docker-compose.override.yml",
                "docker-compose.prod.yml",
                "compose.yaml",
                "values.yaml",
                "compose.md",
                ".compose.yml"
            ]),
            ["compose.yaml", "docker-compose.yml", "docker-compose.prod.yml"]
        );
        assert!(found(&["a.yml"]).is_empty());
    }

    #[test]
    fn a_router_that_runs_goes_before_one_that_is_installed() {
        let all = ["nginx", "haproxy", "embedded"];
        for (known, installed, running, expected) in [
            (&all[..], &["nginx", "haproxy"][..], &["haproxy"][..], "haproxy"),
            (&all[..], &["nginx", "haproxy"][..], &[][..], "nginx"),
            (&all[..], &["haproxy"][..], &["nginx"][..], "haproxy"),
            (&all[..], &[][..], &["nginx"][..], "embedded"),
            (&["nginx", "embedded"][..], &["haproxy"][..], &["haproxy"][..], "embedded"),
        ] {
            let is_in = |names: &'static [&str]| move |name: &str| names.contains(&name);
            assert_eq!(choose(known, &is_in(installed), &is_in(running)), expected);
        }
    }
}
