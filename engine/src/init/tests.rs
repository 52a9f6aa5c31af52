//! Compose files as they are met: what is guessed of each, and that the reader takes what is written.

use super::*;
use crate::Definition;
use crate::compose::{Outline, Variables, outline};

fn look(text: &str) -> Outline {
    outline("docker-compose.yml", text, &Variables::default()).unwrap()
}

/// Every part on one line: `web:3000=shop.localhost worker+ mailer db*`, `+` in the live slot only, `*` shared.
fn shown(answers: &Answers) -> String {
    let part = |(name, part): &(String, Part)| match part {
        Part::Routed { port, hosts } => format!("{name}:{port}={}", hosts.join(",")),
        Part::Background { live_slot_only: true } => format!("{name}+"),
        Part::Background { live_slot_only: false } => name.clone(),
        Part::Shared => format!("{name}*"),
    };
    answers.services.iter().map(part).collect::<Vec<_>>().join(" ")
}

/// What the reader says of the file, written beside this compose file.
fn read_back(compose: &str, file: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("docker-compose.yml"), compose).unwrap();
    std::fs::write(folder.path().join("app.env"), "A=1\n").unwrap();
    std::fs::write(folder.path().join(".env"), "SECRET=x\nPASSWORD=x\n").unwrap();
    let target = folder.path().join("crossfade.toml");
    std::fs::write(&target, file).unwrap();
    let problems = Definition::load(&target).err().unwrap_or_default();
    let inside = format!("{}/", folder.path().display());
    problems.iter().map(|problem| problem.to_string().replace(&inside, "")).collect()
}

struct Case {
    compose: &'static str,
    parts: &'static str,
    version: Option<&'static str>,
    health: &'static str,
    migration: &'static str,
    /// The beginnings of what is advised.
    advice: &'static [&'static str],
}

const HOPWHISTLE: &str = include_str!("../../../demo/hopwhistle/docker-compose.yml");

const CASES: &[Case] = &[
    Case {
        compose: HOPWHISTLE,
        parts: "api:3001=api.shop.localhost web:3000=shop.localhost worker+ database*",
        version: Some("VERSION"),
        health: "api=/health web=/api/health",
        migration: "no",
        advice: &[],
    },
    // Django with Celery: one image, a tag of another name, a migration behind a profile.
    Case {
        compose: "\
x-app: &app
  image: ghcr.io/team/site:${TAG:-latest}
  env_file: app.env
  depends_on: [db, redis]
services:
  web:
    <<: *app
    command: gunicorn site.wsgi -b 0.0.0.0:8000
    ports: ['${WEB_PORT:-80}:8000']
    healthcheck: {test: ['CMD', 'curl', '-f', 'http://localhost:8000/healthz/']}
  celery:
    <<: *app
    command: celery -A site worker
  beat:
    <<: *app
    command: celery -A site beat
  migrate:
    <<: *app
    command: python manage.py migrate --noinput
    profiles: [tools]
  db:
    image: postgres:16-alpine
    environment: {POSTGRES_PASSWORD: '${PASSWORD}'}
    volumes: ['data:/var/lib/postgresql/data']
    ports: ['5432:5432']
  redis: {image: 'redis:7'}
volumes: {data: {}}
",
        parts: "web:8000=shop.localhost celery+ beat+ db* redis*",
        version: Some("TAG"),
        health: "/healthz/",
        migration: "web: python manage.py migrate --noinput",
        advice: &[],
    },
    // WordPress, as its own page has it: nothing varies with a release.
    Case {
        compose: "\
services:
  wordpress:
    image: wordpress:6
    ports: ['8080:80']
    environment: {WORDPRESS_DB_PASSWORD: '${PASSWORD}'}
    volumes: ['files:/var/www/html']
    depends_on: [db]
  db:
    image: mysql:8.0
    volumes: ['db:/var/lib/mysql']
volumes: {files: , db: }
",
        parts: "wordpress:80=shop.localhost db*",
        version: None,
        health: "/",
        migration: "no",
        advice: &[
            "docker-compose.yml:3: the image of `wordpress` is wordpress:6: it is the same for every release. Write wordpress:${VERSION}",
        ],
    },
    // Hosts in Traefik's words; Traefik itself sees both slots. A migration that runs as a service.
    Case {
        compose: "\
services:
  traefik:
    image: traefik:v3.1
    ports: ['80:80', '443:443']
    volumes: ['/var/run/docker.sock:/var/run/docker.sock:ro']
  migrate:
    image: registry.example.com:5000/app/api:${VERSION}
    command: ['npm', 'run', 'migrate']
    depends_on: [postgres]
  api:
    image: registry.example.com:5000/app/api:${VERSION}
    expose: ['4000', '9229']
    labels:
      - 'traefik.http.routers.api.rule=Host(`api.example.com`) || Host(`v1.api.example.com`)'
    depends_on:
      migrate: {condition: service_completed_successfully}
  frontend:
    image: registry.example.com:5000/app/frontend:${VERSION}
    expose: ['8080']
    labels: {traefik.http.routers.web.rule: 'Host(`example.com`, `www.example.com`)'}
  postgres:
    image: docker.io/postgis/postgis:16
",
        parts: "traefik migrate api:4000=api.example.com,v1.api.example.com \
                frontend:8080=example.com,www.example.com postgres*",
        version: Some("VERSION"),
        health: "/",
        migration: "no",
        advice: &[
            "docker-compose.yml:3: `traefik` finds services by Docker's labels",
            "docker-compose.yml:7: `migrate` runs in every slot",
        ],
    },
    // nginx in front of the services: it alone is published, and each slot has its own.
    Case {
        compose: "\
services:
  nginx: {image: 'me/edge:${VERSION}', ports: ['80:80'], depends_on: [app, admin]}
  app: {image: 'me/app:${VERSION}', expose: [3000], depends_on: [queue]}
  admin: {image: 'me/admin:${ADMIN_VERSION:-1}', expose: [3001]}
  queue: {image: 'rabbitmq:3', volumes: ['q:/var/lib/rabbitmq']}
  metrics: {image: 'prom/prometheus:v2', depends_on: [app]}
volumes: {q: }
",
        parts: "nginx:80=shop.localhost app admin queue* metrics",
        version: Some("VERSION"),
        health: "/",
        migration: "no",
        advice: &[
            "docker-compose.yml:4: the image of `admin` is me/admin:${ADMIN_VERSION:-1}: its version is in ADMIN_VERSION, but one variable says which release it is. Write me/admin:${VERSION}",
            "docker-compose.yml:6: the image of `metrics`",
        ],
    },
    // One service that says nothing of itself, with a name that TOML wants in quotes.
    Case {
        compose: "services:\n  my.app:\n    image: me/it:${VERSION}\n",
        parts: "my.app:8080=shop.localhost",
        version: Some("VERSION"),
        health: "/",
        migration: "no",
        advice: &["the compose file does not say on which port `my.app` listens: 8080"],
    },
    // A port in the environment; hosts in nginx-proxy's words; a database of one's own.
    Case {
        compose: "\
services:
  bot: {image: 'me/bot:${VERSION}', environment: [PORT=5000, 'VIRTUAL_HOST=a.example.com, b.example.com']}
  store: {image: 'me/store:2', volumes: ['s:/data']}
volumes: {s: }
",
        parts: "bot:5000=a.example.com,b.example.com store*",
        version: Some("VERSION"),
        health: "/",
        migration: "no",
        advice: &[],
    },
];

#[test]
fn every_file_is_guessed_and_enter_all_the_way_is_read() {
    for case in CASES {
        let outline = look(case.compose);
        let guess = Guess::new(&outline);
        for router in routers() {
            let answers = guess.answers("Shop", "docker-compose.yml", router);
            assert_eq!(shown(&answers), case.parts, "{}", case.compose);
            assert_eq!(answers.version_variable.as_deref(), case.version, "{}", case.compose);
            assert_eq!(Answers::show_health(&answers.health), case.health, "{}", case.compose);
            assert_eq!(Answers::show_migration(answers.migration.as_ref()), case.migration, "{}", case.compose);
            let advice = advice(&guess, &answers);
            assert_eq!(advice.len(), case.advice.len(), "{advice:#?}");
            for (advice, expected) in advice.iter().zip(case.advice) {
                assert!(advice.starts_with(expected), "{advice}");
            }
            let file = text(&answers);
            assert_eq!(read_back(case.compose, &file), [""; 0], "{router}\n{file}");
        }
    }
}

/// Whoever takes the signs of comment away must not find mistakes there.
#[test]
fn what_stands_in_comments_is_read_too() {
    for case in CASES {
        let outline = look(case.compose);
        let file = text(&Guess::new(&outline).answers("shop", "docker-compose.yml", "nginx"));
        let is_toml = |line: &str| {
            let line = line.split_once("  # ").map_or(line, |(line, _)| line);
            line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| !key.trim_end().contains(' '))
        };
        let bare: String = file
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(inside) if is_toml(inside) => format!("{inside}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        assert!(bare.contains("\n[traffic.nginx]\n") && bare.contains("\nbackup  = ["), "{bare}");
        assert_eq!(read_back(case.compose, &bare), [""; 0], "{bare}");
    }
}

#[test]
fn other_answers_than_the_usual_ones_are_written() {
    let outline = look(HOPWHISTLE);
    let guess = Guess::new(&outline);
    let mut answers = guess.answers("shop", "docker-compose.yml", "embedded");
    let routed = Answers::read_routed("web:8081=Shop.example.com, www.example.com api", &guess, "shop");
    assert!(routed.unwrap_err().contains("must be in lower case"));
    let routed = Answers::read_routed("web:8081=shop.example.com, www.example.com api", &guess, "shop").unwrap();
    let shared = Answers::read_shared("none", &guess, &routed).unwrap();
    answers.services = guess.parts(&routed, &shared);
    answers.migration = Answers::read_migration("api: sh -c 'a && \"b\"'", &guess, &answers.services).unwrap();
    answers.health = Answers::read_health("web=/up", &guess.health(&routed)).unwrap();
    answers.stages = Answers::read_stages("5%, 100%").unwrap();
    assert_eq!(
        shown(&answers),
        "api:3001=api.shop.localhost web:8081=shop.example.com,www.example.com worker+ database"
    );
    let file = text(&answers);
    assert!(file.contains("up      = [\"sh\", \"-c\", \"a && \\\"b\\\"\"]\n"), "{file}");
    assert!(file.contains("[[health]]\nservice = \"web\"\npath    = \"/up\"\n"), "{file}");
    assert_eq!(read_back(HOPWHISTLE, &file), [""; 0], "{file}");
}

#[test]
fn what_is_usual_is_read_back_as_it_is_shown() {
    for case in CASES {
        let outline = look(case.compose);
        let guess = Guess::new(&outline);
        let routed = guess.routed("shop");
        assert_eq!(Answers::read_routed(&Answers::show_routed(&routed), &guess, "shop"), Ok(routed.clone()));
        let shared = guess.shared(&routed);
        assert_eq!(Answers::read_shared(&shared.join(" "), &guess, &routed), Ok(shared.clone()));
        let parts = guess.parts(&routed, &shared);
        let migration = guess.migration(&routed);
        let typed = Answers::show_migration(migration.as_ref());
        assert_eq!(Answers::read_migration(&typed, &guess, &parts), Ok(migration));
        let health = guess.health(&routed);
        assert_eq!(Answers::read_health(&Answers::show_health(&health), &health), Ok(health.clone()));
    }
}

#[test]
fn wrong_answers_are_told() {
    let outline = look(HOPWHISTLE);
    let guess = Guess::new(&outline);
    for (text, why) in [
        ("wbe", "has no service `wbe`: it has api, web, worker, database"),
        ("web web", "named twice"),
        ("web:0", "`0` is not a port"),
        ("web:x=a.b", "`x` is not a port"),
        ("web=", "needs a host"),
        ("web=http://a.b", "must be a host name alone"),
        ("web=a.b api=a.b", "a.b is given twice"),
        (" , ", "at least one"),
    ] {
        let said = Answers::read_routed(text, &guess, "shop").unwrap_err();
        assert!(said.contains(why), "{text}: {said}");
    }
    let routed = guess.routed("shop");
    for (text, why) in [
        ("redis", "no service `redis`"),
        ("web", "gets requests"),
        ("worker", "depends on `database`, which each slot has for itself"),
    ] {
        let said = Answers::read_shared(text, &guess, &routed).unwrap_err();
        assert!(said.contains(why), "{text}: {said}");
    }
    let parts = guess.parts(&routed, &["database".to_owned()]);
    for (text, why) in [
        ("database: a", "no container in the standby slot"),
        ("worker: a", "no container in the standby slot"),
        ("api:", "there is no command"),
        ("api: a | b", "only a shell understands"),
    ] {
        let said = Answers::read_migration(text, &guess, &parts).unwrap_err();
        assert!(said.contains(why), "{text}: {said}");
    }
    assert_eq!(Answers::read_migration("pnpm db:migrate", &guess, &parts).unwrap().unwrap().service, "api");
    assert!(Answers::read_health("health", &guess.health(&routed)).unwrap_err().contains("must begin with one `/`"));
    assert!(
        Answers::read_health("worker=/x", &guess.health(&routed)).unwrap_err().contains("gets no requests: api, web")
    );
    for (text, why) in [
        ("", "the last stage is 100"),
        ("50", "the last"),
        ("50 10 100", "stages rise"),
        ("0 100", "`0`"),
        ("x", "`x`"),
    ] {
        let said = Answers::read_stages(text).unwrap_err();
        assert!(said.contains(why), "{text}: {said}");
    }
    assert!(Answers::read_router("dns").unwrap_err().contains("write nginx or"));
}

#[test]
fn names_are_made_of_what_is_there() {
    for (compose, folder, expected) in [
        ("name: shop\nservices: {a: {image: b}}", "x", "shop"),
        ("services: {a: {image: b}}", "My Shop_2", "my-shop-2"),
        ("services: {a: {image: b}}", "___", "application"),
        ("services: {a: {image: b}}", "Läden", "l-den"),
        ("services: {a: {image: b}}", &"x".repeat(60), &"x".repeat(40)),
    ] {
        assert_eq!(Guess::new(&look(compose)).name(folder), expected, "{folder}");
    }
}
