//! Whole files: what they become. What is said about bad ones is in `bad.rs`.

mod bad;
mod bad_metrics;
mod digitalocean;
mod fuzz;
mod metrics;
mod page;
mod process;

use super::read;
use rollout::actor::Role;
use rollout::application::{
    Application, ApprovalRule, Body, HealthCheck, Lint, Migrate, MigrationKind, Monitor, OnTimeout, Registry, Requires,
    Secret, Service, Sharing, Stage, StickyBy,
};
use rollout::clock::Millis;
use rollout::router::{Embedded, RouterKind};
use rollout::slot::Weight;
use std::collections::BTreeMap;

/// Every key that is supported.
const SAMPLE: &str = include_str!("sample.toml");

/// What every file must have, on lines 1 to 3.
const LEAST: &str = "\
name = \"shop\"
[services]
web.routed = { port = 3000, hosts = [\"shop.com\"] }
";

fn good(text: &str) -> Application {
    read("shop.toml", text).unwrap_or_else(|problems| panic!("{text}\n{problems:#?}"))
}

fn problems(text: &str) -> Vec<String> {
    let found = read("shop.toml", text).err().unwrap_or_default();
    found.iter().map(|problem| format!("{}:{}: {}", problem.line, problem.column, problem.message)).collect()
}

fn strings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

fn stage(weight: u8, approve: Option<ApprovalRule>, bake: u64) -> Stage {
    Stage { weight: Weight::new(weight).unwrap(), approve, bake: Millis::seconds(bake), min_requests: 0 }
}

fn rule(count: u32, four_eyes: bool) -> ApprovalRule {
    ApprovalRule { role: Role::ReleaseManager, count, four_eyes, timeout: None, on_timeout: OnTimeout::Hold }
}

#[test]
fn the_sample_is_read_in_full() {
    let application = good(SAMPLE);
    assert_eq!(application.name, "hopwhistle");
    assert_eq!(application.compose, "deploy/compose.yml");
    assert_eq!(application.version_variable, "TAG");
    let routed = |port, hosts: &[&str]| Service::Routed {
        port: Some(port),
        hosts: hosts.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(
        application.services,
        BTreeMap::from([
            ("api".to_owned(), routed(3001, &["api.hopwhistle.com"])),
            ("web".to_owned(), routed(3000, &["hopwhistle.com", "*.hopwhistle.com"])),
            ("worker".to_owned(), Service::Background { live_slot_only: true }),
            ("postgres".to_owned(), Service::Shared),
        ])
    );
    assert_eq!(
        application.registry,
        Some(Registry {
            server: "ghcr.io".into(),
            username: Secret::Plain("hopwhistle-ci".into()),
            password: Secret::File("/run/secrets/ghcr".into()),
        })
    );
    let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        application.migrate,
        Some(Migrate {
            service: "api".into(),
            up: words(&["pnpm", "db:migrate:deploy"]),
            verify: Some(words(&["pnpm", "db:generate"])),
            kind: MigrationKind::Contract,
            backup: Some(words(&["pg_dump", "-Fc", "-f", "/backups/{version}.dump"])),
            down: Some(words(&["pnpm", "db:migrate:down"])),
            lint: Lint {
                files: words(&["migrations", "more/1.sql"]),
                command: Some(words(&["pnpm", "db:migrate:pending"])),
                allow: words(&["adding-required-field"]),
            },
            rerun: true,
            timeout: Millis::seconds(1_800),
        })
    );
    assert_eq!(
        application.health,
        [
            HealthCheck {
                service: "api".into(),
                path: "/health".into(),
                status: Some(204),
                tries: 10,
                interval: Millis::seconds(2),
                timeout: Millis(500),
                passes: 2,
            },
            HealthCheck {
                service: "web".into(),
                path: "/".into(),
                status: None,
                tries: 30,
                interval: Millis::seconds(10),
                timeout: Millis::seconds(5),
                passes: 3,
            },
        ]
    );
    assert_eq!(
        application.requires,
        Requires {
            database: Some(Sharing::Shared),
            cache: Some(Sharing::Replicated),
            object_storage: words(&["S3_ENDPOINT", "S3_BUCKET"]),
            dns_ttl: Millis::seconds(60),
            name_servers: words(&["127.0.0.1:5353"]),
        }
    );
    let monitor = application.monitor.unwrap();
    assert_eq!((monitor.duration, monitor.metrics.len()), (Millis::seconds(600), 6));
    assert_eq!(application.keep_warm, Millis::hours(2));
    assert_eq!(application.traffic.sticky_by, StickyBy::Header("X-Account".into()));
    let RouterKind::Nginx(nginx) = &application.traffic.router else { panic!() };
    assert_eq!(
        (nginx.listen.as_str(), nginx.admin_port, nginx.binary.as_str()),
        ("127.0.0.1:8080", Some(9090), "/opt/nginx")
    );
    assert_eq!((nginx.config.as_str(), nginx.conf_d.as_str()), ("/opt/nginx.conf", "/opt/conf.d"));
    assert_eq!((nginx.pid.as_str(), nginx.dial.as_str()), ("/opt/nginx.pid", "/opt/dial"));
    let last = ApprovalRule {
        timeout: Some(Millis::hours(4)),
        on_timeout: OnTimeout::Reject,
        role: Role::Admin,
        ..rule(1, false)
    };
    assert_eq!(
        application.traffic.stages,
        [
            stage(5, None, 0),
            Stage { min_requests: 300, ..stage(10, Some(rule(1, false)), 60) },
            stage(50, Some(rule(2, true)), 120),
            stage(100, Some(last), 0),
        ]
    );
}

#[test]
fn the_demos_files_differ_in_runtime_and_router_alone() {
    let docker = good(include_str!("../../../../demo/hopwhistle/crossfade.toml"));
    let process = good(include_str!("../../../../demo/hopwhistle/crossfade.process.toml"));
    assert!(process.runtime.is_process() && !docker.runtime.is_process());
    assert_eq!((&docker.health, &docker.smoke), (&process.health, &process.smoke));
    assert_eq!((&docker.monitor, docker.keep_warm), (&process.monitor, process.keep_warm));
    assert_eq!(docker.traffic.stages, process.traffic.stages);
    assert_eq!(docker.services.keys().collect::<Vec<_>>(), process.services.keys().collect::<Vec<_>>());
}

#[test]
fn the_file_of_the_design_is_read() {
    let application = good(include_str!("designed.toml"));
    assert_eq!(application.metrics().len(), 1);
    assert!(application.migrate.is_some_and(|migrate| migrate.down.is_some() && migrate.backup.is_some()));
}

#[test]
fn braces_in_a_backup_that_are_no_slip_are_left_alone() {
    let command = ["sh", "-c", "pg_dump | awk '{print}' > ${DUMP}-{version}"];
    let text = format!("{LEAST}[migrate]\nservice = \"web\"\nup = [\"x\"]\nbackup = {command:?}");
    assert_eq!(good(&text).migrate.unwrap().backup.unwrap(), command);
}

#[test]
fn the_embedded_proxy_is_read() {
    for (section, control) in [("", "/run/crossfade/proxy.sock"), ("embedded.control = \"proxy.sock\"", "proxy.sock")] {
        let application = good(&format!("{LEAST}[traffic]\nrouter = \"embedded\"\n{section}"));
        assert_eq!(application.traffic.router, RouterKind::Embedded(Embedded { control: control.into() }));
    }
}

#[test]
fn caddy_and_traefik_are_read() {
    use rollout::application::StickyBy;
    let read = |name: &str, rest: &str| good(&format!("{LEAST}[traffic]\nrouter = \"{name}\"\n{rest}")).traffic;
    let RouterKind::Caddy(caddy) = read("caddy", "").router else { panic!() };
    assert_eq!((&*caddy.admin, &*caddy.server, &*caddy.dial), ("localhost:2019", "srv0", "/var/lib/crossfade/dial"));
    let traffic = read("caddy", "sticky_by = \"none\"\ncaddy = { admin = \"[::1]:9\", server = \"x\", dial = \"d\" }");
    let RouterKind::Caddy(caddy) = traffic.router else { panic!() };
    assert_eq!((&*caddy.admin, &*caddy.server, &*caddy.dial, traffic.sticky_by), ("[::1]:9", "x", "d", StickyBy::None));

    let RouterKind::Traefik(traefik) = read("traefik", "").router else { panic!() };
    assert_eq!((&*traefik.directory, &*traefik.api), ("/etc/traefik/dynamic", "localhost:8080"));
    assert_eq!(traefik.entry_points, ["web"]);
    let traffic = read("traefik", "sticky_by = \"address\"\ntraefik.entry_points = [\"a\", \"b\"]");
    let RouterKind::Traefik(traefik) = traffic.router else { panic!() };
    assert_eq!((traefik.entry_points, traffic.sticky_by), (vec!["a".into(), "b".into()], StickyBy::Address));
}

#[test]
fn smoke_tests_are_read_in_full() {
    let smoke = good(SAMPLE).smoke;
    assert_eq!(smoke.len(), 3);
    assert_eq!((smoke[0].name.as_str(), smoke[0].method.as_str()), ("authentication", "POST"));
    assert_eq!((smoke[0].service.as_str(), smoke[0].path.as_str()), ("api", "/api/v1/auth/login"));
    assert_eq!(smoke[0].body, Body::Json(r#"{"email":"env:SMOKE_USER","password":"env:SMOKE_PASSWORD"}"#.into()));
    assert_eq!(smoke[0].expect.status, Some(200));
    assert_eq!(smoke[0].capture, strings(&[("token", "$.token")]));
    assert_eq!(smoke[0].timeout, Millis::seconds(10));
    assert_eq!(smoke[1].headers, strings(&[("Authorization", "Bearer {token}")]));
    assert_eq!(smoke[1].timeout, Millis::seconds(3));
    assert_eq!(smoke[1].body, Body::Json(r#"{"a":[1,-2.5,true,{"b":null_}],"c":"{token}"}"#.replace("null_", "[]")));
    assert_eq!(smoke[1].expect.headers, strings(&[("content-type", "application/json")]));
    assert_eq!(smoke[1].expect.body.as_deref(), Some("key"));
    assert_eq!(
        smoke[1].expect.json,
        strings(&[("$.keys[0]['a b']", "16"), ("$.ok", "true"), ("$.user", r#"{"id":"x"}"#)])
    );
    assert_eq!(smoke[2].body, Body::Text("{ me { id } } {token}".into()));
    assert_eq!((smoke[2].method.as_str(), smoke[2].expect.status), ("GET", None));
}

#[test]
fn defaults_fill_what_is_not_written() {
    let application = good(LEAST);
    assert_eq!(application.compose, "docker-compose.yml");
    assert_eq!(application.version_variable, "VERSION");
    assert_eq!((application.registry, application.migrate, application.monitor), (None, None, None));
    assert!(application.health.is_empty() && application.smoke.is_empty());
    assert_eq!(application.keep_warm, Millis::hours(24));
    assert_eq!(application.requires, Requires::default());
    assert_eq!(good(&format!("{LEAST}[requires]")).requires, Requires::default());
    assert_eq!(good(&format!("{LEAST}[monitor]\nduration = \"0s\"")).monitor, Some(Monitor::default()));
    let traffic = application.traffic;
    assert_eq!((traffic.sticky_by, traffic.drain, traffic.url), (StickyBy::Cookie, Millis::seconds(300), None));
    let one = || Some(rule(1, false));
    let stages = [(10, 60), (25, 60), (50, 60), (75, 60), (100, 0)].map(|(weight, bake)| stage(weight, one(), bake));
    assert_eq!(traffic.stages, stages);
    let RouterKind::Nginx(nginx) = traffic.router else { panic!() };
    assert_eq!((nginx.config.as_str(), nginx.conf_d.as_str()), ("/etc/nginx/nginx.conf", "/etc/nginx/conf.d"));
    assert_eq!((nginx.pid.as_str(), nginx.dial.as_str()), ("/run/nginx.pid", "/var/lib/crossfade/dial"));
    assert_eq!((nginx.binary.as_str(), nginx.listen.as_str(), nginx.admin_port), ("nginx", "80", None));

    let application =
        good(&format!("{LEAST}[monitor]\n[keep_warm]\n[migrate]\nservice = \"migrator\"\nup = [\"x\"]\n[traffic]\n"));
    assert_eq!(application.monitor, Some(Monitor { duration: Millis::seconds(300), metrics: vec![] }));
    assert_eq!(application.keep_warm, Millis::hours(24));
    let migrate = application.migrate.unwrap();
    assert_eq!((migrate.kind, migrate.backup, migrate.down), (MigrationKind::Expand, None, None));
    assert_eq!(migrate.lint, Lint::default());
    assert_eq!((migrate.rerun, migrate.timeout, migrate.verify), (false, Millis::seconds(600), None));
    assert_eq!(application.traffic.stages, stages_of_the_defaults());
}

fn stages_of_the_defaults() -> Vec<Stage> {
    good(LEAST).traffic.stages
}

/// The least of a section `[traffic.dns]`, and what a test adds.
fn dns(more: &str) -> String {
    format!(
        "{LEAST}[traffic]\nrouter = \"dns\"\n[traffic.dns]\nserver = \"192.0.2.53\"\nzone = \"example.com\"\nkey = \"k\"\n\
         secret = \"env:K\"\nnames = [\"www.example.com\"]\n{more}\n"
    )
}

#[test]
fn records_are_read() {
    let application = good(&dns("blue = [\"192.0.2.1\"]\ngreen = [\"192.0.2.2\"]"));
    let RouterKind::Dns(read) = &application.traffic.router else { panic!() };
    assert_eq!((read.ttl, read.state.as_str(), &read.fronts), (Millis::seconds(60), "/var/lib/crossfade/dns", &None));
    assert_eq!(read.names, ["www.example.com"]);
    // What is not written follows what the router can.
    assert_eq!(application.traffic.sticky_by, StickyBy::None);
    let weights: Vec<u8> = application.traffic.stages.iter().map(|stage| stage.weight.percent()).collect();
    assert_eq!(weights, [50, 100]);
}

#[test]
fn what_records_cannot_do_is_refused() {
    let both = "blue = [\"192.0.2.1\"]\ngreen = [\"192.0.2.2\"]\n";
    for (text, expected) in [
        (dns(both).replace("[traffic]\n", "[traffic]\nsticky_by = \"cookie\"\n"), "`sticky_by`: with dns, sessions"),
        (
            dns(both).replace("[traffic]\n", "[traffic]\nstages = [{ weight = 10 }, { weight = 100 }]\n"),
            "`weight`: dns, as it is set up here, can send 0, 50 or 100 % of the traffic to a slot, and not 10: the nearest is 50",
        ),
        (
            dns(both) + "[[monitor.metric]]\nbuiltin = \"p95\"",
            "`builtin`: \"p95\" is of the requests that the router counts",
        ),
        (dns("blue = [\"192.0.2.1\"]\ngreen = [\"192.0.2.1\"]"), "192.0.2.1 is blue's as well"),
        (dns("blue = [\"192.0.2.1\", \"2001:db8::1\"]\ngreen = [\"192.0.2.2\"]"), "green has no IPv6 address"),
        (dns("blue = []\ngreen = [\"192.0.2.2\"]"), "`blue`: must be a list of addresses"),
        (dns("blue = [\"blue\"]\ngreen = [\"192.0.2.2\"]"), "\"blue\" is not an address"),
        (dns("green = [\"192.0.2.2\"]"), "[traffic.dns] needs `blue`"),
        (dns(&format!("{both}ttl = \"301s\"")), "`ttl`: must be from 1 s to 5 min"),
        (dns(&format!("{both}ttl = \"1500ms\"")), "`ttl`: must be whole seconds"),
        (dns(&format!("{both}fronts = {{ blue = \"/a\", green = \"/a\" }}")), "each slot has a proxy of its own"),
        (dns(both).replace("env:K", "abc"), "a key does not stand in the file"),
        (dns(both).replace("www.example.com", "www.example.org"), "\"www.example.org\" is not in the zone example.com"),
        (dns(both).replace("names = [\"www.example.com\"]\n", ""), "changes the records of all routed hosts, and"),
    ] {
        let found = problems(&text);
        assert!(found.len() == 1 && found[0].contains(expected), "{text}\nis {found:#?}\nnot {expected}");
    }
    // With proxies of ours at the slots' addresses, requests are counted.
    let fronts = "fronts = { blue = \"/a\", green = \"/b\" }\n";
    good(&(dns(&format!("{both}{fronts}")) + "[[monitor.metric]]\nbuiltin = \"p95\""));
}
