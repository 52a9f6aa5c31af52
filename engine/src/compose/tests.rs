//! Whole files, as people have them.

use super::testing::{compose, env_files, file_problems};
use super::*;
use rollout::clock::Millis;
use std::net::{IpAddr, Ipv4Addr};

fn map(pairs: &[(&str, &str)]) -> std::collections::BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

/// The file of the deployment guide, as its script writes it.
pub(super) const GUIDE: &str = r#"version: '3.8'
services:
  api:
    image: ghcr.io/hopwhistle/hopwhistle/api:${VERSION}
    environment:
      - NODE_ENV=production
      - DATABASE_URL=${DATABASE_URL}
      - REDIS_URL=${REDIS_URL}
    networks:
      - green-network
    healthcheck:
      test: ["CMD", "curl", "-f", "http://localhost:3001/health"]
      interval: 10s
      timeout: 5s
      retries: 3

  web:
    image: ghcr.io/hopwhistle/hopwhistle/web:${VERSION}
    environment:
      - NODE_ENV=production
      - NEXT_PUBLIC_API_URL=${API_URL}
    networks:
      - green-network
    healthcheck:
      test: ["CMD", "curl", "-f", "http://localhost:3000/api/health"]
      interval: 10s
      timeout: 5s
      retries: 3

  worker:
    image: ghcr.io/hopwhistle/hopwhistle/worker:${VERSION}
    environment:
      - NODE_ENV=production
      - DATABASE_URL=${DATABASE_URL}
      - REDIS_URL=${REDIS_URL}
    networks:
      - green-network
"#;

fn guide_variables() -> Variables {
    let dotenv = "DATABASE_URL=postgres://db/hop\nREDIS_URL='redis://cache'\nVERSION=0\n";
    let environment = [("API_URL", "https://api.hopwhistle.com")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    Variables::new([("VERSION".to_owned(), "1.4.2".to_owned())], environment).with_dotenv(".env", dotenv).unwrap()
}

#[test]
fn the_guides_file_is_read() {
    let text = format!("{GUIDE}\nnetworks:\n  green-network:\n    external: true\n");
    let compose = read("docker-compose.yml", &text, &guide_variables(), &env_files).unwrap();
    let api = &compose.services["api"];
    assert_eq!(api.image, "ghcr.io/hopwhistle/hopwhistle/api:1.4.2");
    let expected = [("DATABASE_URL", "postgres://db/hop"), ("NODE_ENV", "production"), ("REDIS_URL", "redis://cache")];
    assert_eq!(api.environment, map(&expected));
    assert_eq!(api.networks.keys().collect::<Vec<_>>(), ["green-network"]);
    assert!(matches!(
        api.healthcheck.as_ref().unwrap(),
        HealthCheck::Check { test, interval: Some(Millis(10_000)), timeout: Some(Millis(5_000)), retries: Some(3), .. }
            if test == &["CMD", "curl", "-f", "http://localhost:3001/health"]
    ));
    assert_eq!(compose.services["worker"].healthcheck, None);
    assert_eq!(compose.services["worker"].line, 30);
    assert_eq!(compose.networks.keys().collect::<Vec<_>>(), ["green-network"]);
    assert_eq!(start_order(&compose).unwrap(), ["api", "web", "worker"]);
}

#[test]
fn the_guides_file_as_it_is_names_what_it_lacks() {
    let undeclared = "the network `green-network` is not declared: add it to `networks` at the top of the file";
    let problems = read("docker-compose.yml", GUIDE, &guide_variables(), &env_files).unwrap_err();
    let problems: Vec<_> = problems.iter().map(Problem::to_string).collect();
    assert_eq!(problems, [10, 23, 37].map(|line| format!("docker-compose.yml:{line}:9: {undeclared}")));

    let problems = read("docker-compose.yml", GUIDE, &Variables::default(), &env_files).unwrap_err();
    assert_eq!(problems.len(), 3 + 8);
    assert_eq!((problems[0].line, problems[0].column), (4, 46));
    assert_eq!((problems[1].line, problems[1].column), (7, 22));
}

/// Anchors and merges, databases beside applications, short and long forms side by side.
pub(super) const SHOP: &str = r#"name: shop
x-logging: &logging
  driver: json-file
  options: {max-size: "10m", max-file: "3"}

x-app: &app
  restart: unless-stopped
  logging: *logging
  environment: &app-environment
    NODE_ENV: production
    LOG_LEVEL: ${LOG_LEVEL:-info}
  depends_on:
    db: {condition: service_healthy}
    migrate:
      condition: service_completed_successfully

x-limits: &limits
  deploy:
    resources:
      limits: {cpus: "0.50", memory: 512M}

services:
  api:
    <<: [*app, *limits]
    image: localhost:5000/shop:1
    build: {context: ., dockerfile: Dockerfile}
    command: ["node", "server.js", "--port", "3000"]
    environment:
      <<: *app-environment
      LOG_LEVEL: debug
      PORT: 3000
      FEATURE: true
    ports:
      - "127.0.0.1:3000:3000"
      - target: 9229
        published: 9229
        host_ip: 127.0.0.1
        protocol: tcp
      - 9000-9001:9000-9001/udp
    volumes:
      - ./uploads:/app/uploads
      - type: bind
        source: ./config.json
        target: /app/config.json
        read_only: true
    stop_grace_period: 1m30s
  worker:
    <<: *app
    image: localhost:5000/shop:1
    entrypoint: node worker.js --name 'the worker'
    scale: 2
  migrate:
    image: localhost:5000/shop:1
    command: pnpm db:migrate
    depends_on: [db]
  db:
    image: postgres:16-alpine
    environment: [POSTGRES_DB=shop, 'POSTGRES_PASSWORD=${DB_PASSWORD-p$$w}']
    volumes:
      - data:/var/lib/postgresql/data
    healthcheck:
      test: pg_isready -U postgres || exit 1
      interval: 5s
      start_period: 1m
    networks:
      default:
      back: {aliases: [database]}
    shm_size: 256mb
    ulimits: {nofile: {soft: 1024, hard: 2048}, nproc: 65535}
  mail: # only for developers
    image: mailhog/mailhog
    profiles: [dev]
    network_mode: host

networks:
  back: {internal: true}
volumes:
  data:
"#;

#[test]
fn anchors_merges_and_both_forms_are_read() {
    let compose = compose(SHOP);
    assert_eq!(compose.name.as_deref(), Some("shop"));
    assert_eq!(compose.services.keys().collect::<Vec<_>>(), ["api", "db", "migrate", "worker"]);
    let api = &compose.services["api"];
    assert_eq!(api.image, "localhost:5000/shop:1");
    let expected = [("FEATURE", "true"), ("LOG_LEVEL", "debug"), ("NODE_ENV", "production"), ("PORT", "3000")];
    assert_eq!(api.environment, map(&expected));
    assert_eq!(api.restart, Some(Restart::UnlessStopped));
    assert_eq!(api.logging.as_ref().unwrap().options, map(&[("max-file", "3"), ("max-size", "10m")]));
    assert_eq!((api.nano_cpus, api.memory_limit), (Some(500_000_000), Some(512 << 20)));
    let local = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let port = |host_ip, port, protocol| Port { host_ip, published: Some(port), target: port, protocol };
    let ports = [
        port(local, 3000, Protocol::Tcp),
        port(local, 9229, Protocol::Tcp),
        port(None, 9000, Protocol::Udp),
        port(None, 9001, Protocol::Udp),
    ];
    assert_eq!(api.ports, ports);
    assert!(api.volumes.iter().all(|mount| mount.source.is_relative()));
    assert_eq!(api.stop_grace_period, Some(Millis::seconds(90)));
    let waits = [("db", Condition::Healthy), ("migrate", Condition::CompletedSuccessfully)];
    assert_eq!(api.depends_on, waits.map(|(name, condition)| (name.to_owned(), condition)).into());
    let worker = &compose.services["worker"];
    assert_eq!(worker.entrypoint.as_ref().unwrap(), &["node", "worker.js", "--name", "the worker"]);
    assert_eq!((worker.replicas, worker.memory_limit), (2, None));
    assert_eq!(worker.environment, map(&[("LOG_LEVEL", "info"), ("NODE_ENV", "production")]));
    assert_eq!(compose.services["db"].environment, map(&[("POSTGRES_DB", "shop"), ("POSTGRES_PASSWORD", "p$w")]));
    assert_eq!(compose.services["db"].networks["back"].aliases, ["database"]);
    assert_eq!(compose.networks.keys().collect::<Vec<_>>(), ["back", "default"]);
    assert_eq!(start_order(&compose).unwrap(), ["db", "migrate", "api", "worker"]);
}

#[test]
fn a_comment_changes_nothing() {
    let hash = |text: &str| serde_json::to_string(&compose(text)).unwrap();
    assert_eq!(hash(SHOP), hash(&SHOP.replace("services:\n", "services:\n  # a comment\n\n")));
    assert_eq!(hash(SHOP), hash(&SHOP.replace('\n', "\r\n")));
    assert_ne!(hash(SHOP), hash(&SHOP.replace("shop:1", "shop:2")));
}

#[test]
fn every_problem_is_told_at_once_in_the_order_of_the_file() {
    let text = "\
version: '3'
services:
  api:
    image: api:$TAG
    enviroment: {A: 1}
    ports: ['80:80', '0:1']
    links: [db]
    healthcheck: {tests: x}
    depends_on: [db, cache]
    image: twice
  db:
    build: .
    env_file: broken.env
secrets: {}
extra: 1
volumes:
  é: {}
";
    let starts = [
        "4:16: TAG is not set",
        "5:5: `enviroment` is not a key",
        "6:22: `ports`: expected a port from 1 to 65535, not `0`",
        "7:5: `links` is not supported",
        "8:19: `tests` is not a key",
        "9:22: there is no service `cache`",
        "10:5: `image` is here twice: it is on line 4 already",
        "12:5: Crossfade runs images",
        "14:1: `secrets` is not supported",
        "15:1: `extra` is not a key that Crossfade supports in a compose file",
        "17:3: `é` cannot name a volume",
        "broken.env:2:5: expected a `=`",
    ];
    for text in [text.to_owned(), text.replace('\n', "\r\n"), format!("\u{feff}{text}")] {
        let found = file_problems(&text);
        assert_eq!(found.len(), starts.len(), "{found:#?}");
        for (found, start) in found.iter().zip(starts) {
            assert!(found.starts_with(start), "{found}, not {start}");
        }
    }
}

#[test]
fn what_is_no_compose_file_is_told() {
    for (text, expected) in [
        ("", "1:1: the file is empty"),
        ("# nothing\n\n", "1:1: the file is empty"),
        ("---\n", "1:1: the file is empty"),
        ("null\n", "1:1: the file is empty"),
        ("- a\n", "1:1: a compose file is a mapping"),
        ("\n\nhello\n", "3:1: a compose file is a mapping"),
        ("name: x\n", "1:1: there are no `services`"),
        ("name: x\nservices:\n", "2:9: `services` is empty"),
        ("services: {}\n", "1:11: `services` is empty"),
        ("services: [a]\n", "1:11: `services` must be a mapping, not a list"),
        ("services: {a: {image: b}}\nname: No\n", "2:7: `name`: expected lower-case letters"),
        ("services: {a: {image: b}}\n---\nservices: {}\n", "2:1: a second document begins here"),
        ("services:\n\ta: {image: b}\n", "2:1: a tab indents this line"),
        ("services: {a: {image: b}\n", "2:1: this is not YAML"),
        ("services: {'a b': {image: b}}", "1:12: `a b` cannot name a service"),
        ("services: {a: {image: b, depends_on: [a]}}", "1:39: services wait for each other: a depends on a"),
        (
            "services:\n  a: {image: i, depends_on: [b]}\n  b: {image: i, depends_on: [c]}\n  \
             c: {image: i, depends_on: [b]}\n",
            "3:30: services wait for each other: b depends on c depends on b",
        ),
        (
            "services:\n  a: {image: i, depends_on: {b: {condition: service_healthy}}}\n  \
             b: {image: i, healthcheck: {disable: true}}\n",
            "2:30: `b` can never become healthy",
        ),
        ("services: {a: {image: b, profiles: dev}}", "1:36: `profiles` must be a list"),
    ] {
        let found = file_problems(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].starts_with(expected), "{text}: {}", found[0]);
    }
}

#[test]
fn a_mistake_in_an_anchor_is_told_once() {
    let text = "x-a: &a {image: i, linkss: [x]}\nservices:\n  a: *a\n  b: {<<: *a}\n";
    assert_eq!(file_problems(text).len(), 1);
    assert!(file_problems(text)[0].starts_with("1:20: `linkss` is not a key"));
}

#[test]
fn extensions_are_for_others() {
    let text = "x-a: [1]\nservices:\n  a: {image: i, x-b: {c: $NOPE}, healthcheck: {x-c: 1, test: t}}\n\
    networks: {n: {x-d: 1}}\n";
    assert_eq!(compose(text).services.len(), 1);
}
