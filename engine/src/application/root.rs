//! The file as a whole.

use super::problems::Problems;
use super::section::{Keys, Section};
use super::services::Services;
use super::{health, migrate, monitor, possible, registry, requires, smoke, traffic, words};
use rollout::application::Application;
use rollout::clock::Millis;
use rollout::runtime::RuntimeKind;
use toml::Spanned;
use toml::de::DeTable;

pub(super) const KEYS: Keys = Keys::new(&[
    "name",
    "runtime",
    "compose",
    "version_variable",
    "services",
    "registry",
    "migrate",
    "health",
    "smoke",
    "traffic",
    "monitor",
    "keep_warm",
    "requires",
]);

pub(super) const KEEP_WARM: Keys = Keys::new(&["for"]);

pub(super) fn read<'a>(problems: &'a Problems<'a>, root: &'a Spanned<DeTable<'a>>) -> Application {
    let file = Section::open(problems, "the application file", root.span(), root.get_ref(), &KEYS);
    let name = file.need("name", "what the application is called, like name = \"hopwhistle\"");
    let is_process = file.get("runtime").and_then(|item| item.choice(RUNTIMES)).unwrap_or(false);
    if is_process {
        of_docker_alone(&file);
    }
    let services = Services::read(&file, is_process);
    let (traffic, can) = traffic::read(problems, file.get("traffic"), &services);
    if let Some(can) = can {
        possible::check(problems, root.get_ref(), traffic.router.name(), &can);
    }
    Application {
        name: name.and_then(|item| item.text_that(words::application_name)).unwrap_or_default(),
        compose: file
            .get("compose")
            .and_then(|item| item.text_that(words::not_empty))
            .unwrap_or_else(|| "docker-compose.yml".to_owned()),
        version_variable: file
            .get("version_variable")
            .and_then(|item| item.text_that(words::variable))
            .unwrap_or_else(|| "VERSION".to_owned()),
        registry: file.get("registry").and_then(registry::read),
        migrate: file.get("migrate").and_then(|item| migrate::read(item, &services)),
        health: file.get("health").map(|item| health::read(item, &services)).unwrap_or_default(),
        smoke: file.get("smoke").map(|item| smoke::read(item, &services)).unwrap_or_default(),
        traffic,
        monitor: file.get("monitor").and_then(|item| monitor::read(item, &services)),
        keep_warm: keep_warm(&file).unwrap_or(Millis::hours(24)),
        requires: file.get("requires").map(requires::read).unwrap_or_default(),
        runtime: if is_process { RuntimeKind::Process(services.programs()) } else { RuntimeKind::Docker },
        services: services.into_map(),
    }
}

/// Whether processes run the services.
const RUNTIMES: &[(&str, bool)] = &[("docker", false), ("process", true)];

fn of_docker_alone(file: &Section) {
    for (key, why) in [
        ("compose", "processes are described in [services.NAME], with `command`"),
        ("version_variable", "write {version} where a process needs the release"),
        ("registry", "processes have no images"),
    ] {
        if let Some(item) = file.get(key) {
            item.wrong_key(format!("belongs to runtime = \"docker\"; this file says \"process\": {why}"));
        }
    }
}

fn keep_warm(file: &Section) -> Option<Millis> {
    let keep_warm = file.get("keep_warm")?.section("[keep_warm]", &KEEP_WARM, "a section: [keep_warm]")?;
    keep_warm.get("for")?.duration()
}
