//! One service.

use super::depends_on::{Waits, depends_on};
use super::deploy::Resources;
use super::environment::{self, Said};
use super::healthcheck::healthcheck;
use super::model::Service;
use super::mounts;
use super::names::Names;
use super::networks::{self, attachments};
use super::ports;
use super::reader::{Reader, is_null};
use super::settings;
use super::tree::{Key, Node, Value};
use super::{limits, unsupported};
use std::collections::BTreeMap;

/// Reads the service `name`. What it waits for comes beside it, with the places where the file says so.
pub(super) fn service(reader: &mut Reader, name: &Key, node: &Node, names: &Names) -> Option<(Service, Waits)> {
    if is_null(node) {
        reader.report(name.at, format!("the service `{}` says nothing: give it an `image`", name.name));
        return None;
    }
    let mut service = blank(name.at.line);
    let mut rest = Rest::default();
    for (key, value) in reader.fields(node, &name.name) {
        field(reader, &mut service, &mut rest, key, value, names);
    }
    match (rest.image, rest.build) {
        (Some((key, value)), _) if is_null(value) => reader.report(key.at, "`image` is empty: name an image"),
        (None, Some(key)) => {
            let advice = "Crossfade runs images and does not build them: remove `build` and name an `image`";
            reader.report(key.at, advice);
        }
        (None, None) if matches!(node.value, Value::Map(_)) => {
            reader.report(name.at, format!("the service `{}` has no `image`: name one", name.name));
        }
        _ => {}
    }
    if let (Some(key), 2..) = (rest.container_name, rest.resources.replicas.unwrap_or(1)) {
        let message = "`container_name` names one container, but there are more of this service: remove it";
        reader.report(key.at, message);
    }
    if service.networks.is_empty() {
        service.networks.insert(networks::DEFAULT.to_owned(), Default::default());
    }
    service.environment = rest.file_environment;
    for (name, value) in rest.environment {
        match value {
            Some(value) => drop(service.environment.insert(name, value)),
            None => drop(service.environment.remove(&name)),
        }
    }
    service.replicas = rest.resources.replicas.unwrap_or(1);
    service.memory_limit = rest.resources.memory_limit;
    service.memory_reservation = rest.resources.memory_reservation;
    service.nano_cpus = rest.resources.nano_cpus;
    service.pids_limit = rest.resources.pids_limit;
    service.depends_on = rest.waits.iter().map(|(name, (condition, _))| (name.clone(), *condition)).collect();
    Some((service, rest.waits))
}

/// What takes more than one key to tell.
#[derive(Default)]
struct Rest<'n> {
    image: Option<(&'n Key, &'n Node)>,
    build: Option<&'n Key>,
    container_name: Option<&'n Key>,
    environment: Said,
    file_environment: BTreeMap<String, String>,
    resources: Resources,
    waits: Waits,
}

fn field<'n>(
    reader: &mut Reader,
    service: &mut Service,
    rest: &mut Rest<'n>,
    key: &'n Key,
    value: &'n Node,
    names: &Names,
) {
    let what = key.name.as_str();
    match what {
        "image" => {
            rest.image = Some((key, value));
            service.image = settings::image(reader, value).unwrap_or_default();
        }
        // Beside an image, it is how others make that image.
        "build" => rest.build = Some(key),
        // Read beforehand: a service that names profiles does not come here.
        "profiles" => {}
        "command" => service.command = settings::command(reader, value, what),
        "entrypoint" => service.entrypoint = settings::command(reader, value, what),
        "environment" => rest.environment = environment::environment(reader, value),
        "env_file" => rest.file_environment = environment::env_files(reader, value),
        "ports" => service.ports = ports::ports(reader, value),
        "expose" => service.expose = ports::expose(reader, value),
        "volumes" => service.volumes = mounts::mounts(reader, value, names),
        "tmpfs" => service.tmpfs = mounts::tmpfs(reader, value),
        "networks" => service.networks = attachments(reader, value, names),
        "healthcheck" => service.healthcheck = healthcheck(reader, value),
        "depends_on" => rest.waits = depends_on(reader, value, names),
        "restart" => service.restart = settings::restart(reader, value),
        "labels" => service.labels = reader.labels(value),
        "user" => service.user = reader.name(value, what),
        "working_dir" => service.working_dir = reader.name(value, what),
        "hostname" => service.hostname = reader.name(value, what),
        "platform" => service.platform = reader.name(value, what),
        "stop_signal" => service.stop_signal = reader.name(value, what),
        "stop_grace_period" => service.stop_grace_period = reader.duration(value, what),
        "container_name" => {
            service.container_name = reader.name(value, what);
            rest.container_name = service.container_name.as_ref().map(|_| key);
        }
        "init" => service.init = reader.flag(value, what),
        "read_only" => service.read_only = reader.flag(value, what).unwrap_or(false),
        "tty" => service.tty = reader.flag(value, what).unwrap_or(false),
        "stdin_open" => service.stdin_open = reader.flag(value, what).unwrap_or(false),
        "cap_add" => service.cap_add = list(reader, value, what),
        "cap_drop" => service.cap_drop = list(reader, value, what),
        "security_opt" => service.security_opt = list(reader, value, what),
        "extra_hosts" => service.extra_hosts = settings::extra_hosts(reader, value),
        "logging" => service.logging = settings::logging(reader, value),
        "ulimits" => service.ulimits = limits::ulimits(reader, value),
        "shm_size" => service.shm_size = reader.parsed(value, what, limits::bytes),
        _ if rest.resources.read(reader, key, value) => {}
        _ => match unsupported::service(what) {
            Some(advice) => reader.unsupported(key, advice),
            None => reader.unknown(key, "a service"),
        },
    }
}

fn list(reader: &mut Reader, node: &Node, what: &str) -> Vec<String> {
    let items = reader.items(node, what);
    reader.texts(items, what)
}

/// A service of which nothing is known but where it is.
fn blank(line: usize) -> Service {
    Service {
        image: String::new(),
        command: None,
        entrypoint: None,
        environment: BTreeMap::new(),
        ports: vec![],
        expose: vec![],
        volumes: vec![],
        networks: BTreeMap::new(),
        healthcheck: None,
        depends_on: BTreeMap::new(),
        restart: None,
        labels: BTreeMap::new(),
        user: None,
        working_dir: None,
        hostname: None,
        stop_signal: None,
        stop_grace_period: None,
        init: None,
        read_only: false,
        tmpfs: BTreeMap::new(),
        cap_add: vec![],
        cap_drop: vec![],
        extra_hosts: vec![],
        logging: None,
        security_opt: vec![],
        ulimits: BTreeMap::new(),
        shm_size: None,
        memory_limit: None,
        memory_reservation: None,
        nano_cpus: None,
        pids_limit: None,
        replicas: 1,
        tty: false,
        stdin_open: false,
        platform: None,
        container_name: None,
        line,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{file_problems, problems, service};

    #[test]
    fn settings_are_read() {
        let service = service(
            "build: .\n    user: 1000\n    working_dir: /app\n    hostname: api\n    platform: linux/amd64\n    \
             stop_signal: SIGQUIT\n    \
             stop_grace_period: 1m\n    init: true\n    read_only: 'true'\n    tty: ${NOPE:-true}\n    \
             stdin_open: false\n    \
             cap_add: [NET_ADMIN]\n    cap_drop: [ALL]\n    security_opt: [no-new-privileges:true]\n    \
             shm_size: 64m\n    \
             container_name: api-$VERSION\n    labels: [a=b, c]\n    profiles: []\n    x-team: {a: b}",
        );
        assert_eq!(service.image, "localhost:5000/shop:1");
        assert_eq!(service.user.as_deref(), Some("1000"));
        assert_eq!(service.working_dir.as_deref(), Some("/app"));
        assert_eq!(service.hostname.as_deref(), Some("api"));
        assert_eq!(service.platform.as_deref(), Some("linux/amd64"));
        assert_eq!(service.stop_signal.as_deref(), Some("SIGQUIT"));
        assert_eq!(service.stop_grace_period, Some(rollout::clock::Millis::seconds(60)));
        assert_eq!((service.init, service.read_only, service.tty, service.stdin_open), (Some(true), true, true, false));
        assert_eq!((service.cap_add, service.cap_drop), (vec!["NET_ADMIN".to_owned()], vec!["ALL".to_owned()]));
        assert_eq!(service.security_opt, ["no-new-privileges:true"]);
        assert_eq!(service.shm_size, Some(64 << 20));
        assert_eq!(service.container_name.as_deref(), Some("api-7"));
        assert_eq!(service.labels, [("a", "b"), ("c", "")].map(|(k, v)| (k.to_owned(), v.to_owned())).into());
        assert_eq!(service.line, 2);
    }

    #[test]
    fn every_other_key_is_a_problem() {
        for key in [
            "links",
            "extends",
            "network_mode",
            "privileged",
            "devices",
            "secrets",
            "configs",
            "pull_policy",
            "dns",
            "sysctls",
            "cpu_shares",
            "develop",
            "volumes_from",
            "group_add",
        ] {
            let found = problems(&format!("{key}: x"));
            assert_eq!(found.len(), 1, "{key}: {found:?}");
            assert!(found[0].starts_with(&format!("4:5: `{key}` is not supported: ")), "{}", found[0]);
        }
        // Without a value it would still look as if it did something.
        assert!(problems("privileged:")[0].contains("not supported"));
        let unknown = "4:5: `enviroment` is not a key that Crossfade supports in a service: remove it, or correct it";
        assert_eq!(problems("enviroment: [A=b]"), [unknown]);
    }

    #[test]
    fn mistakes_are_told() {
        for (text, expected) in [
            ("services: {a: }", "1:12: the service `a` says nothing"),
            ("services: {a: x}", "1:15: `a` must be a mapping"),
            ("services: {a: {}}", "1:12: the service `a` has no `image`"),
            ("services: {a: {image: }}", "1:16: `image` is empty"),
            ("services: {a: {image: ''}}", "1:23: `image`: expected an image such as"),
            (
                "services: {a: {image: 'api:${NOPE:-}'}}",
                "1:23: `image`: expected an image such as ghcr.io/team/api:1.2.0, not `api:`",
            ),
            ("services: {a: {image: a b}}", "1:23: `image`: expected"),
            ("services: {a: {image: [b]}}", "1:23: `image` must be a single value"),
            ("services: {a: {image: $NOPE}}", "1:23: NOPE is not set"),
            ("services: {a: {build: .}}", "1:16: Crossfade runs images and does not build them"),
            ("services: {a: {image: b, container_name: c, scale: 2}}", "1:26: `container_name` names one container"),
            (
                "services: {a: {image: b, labels: {com.docker.compose.project: x}}}",
                "1:34: the label `com.docker.compose.project`",
            ),
            ("services: {a: {image: b, user: ''}}", "1:32: `user` is empty"),
            ("services: {a: {image: b, tty: 1}}", "1:31: `tty`: expected true or false, not `1`"),
            (
                "services: {a: {image: b, stop_grace_period: 1.5s}}",
                "1:45: `stop_grace_period`: `1.5s` is not a duration",
            ),
        ] {
            let found = file_problems(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].starts_with(expected), "{text}: {}", found[0]);
        }
    }
}
