//! The page about the file says what the reader does.

use super::{good, problems};

#[test]
fn the_page_names_every_key() {
    use crate::application::{
        caddy, digitalocean, dns, embedded, haproxy, health, lint, metric, migrate, monitor, nginx, program, registry,
        requires, root, series, services, smoke, stages, traefik, traffic,
    };
    let page = include_str!("../../../../docs/application-file.md");
    for keys in [
        root::KEYS,
        monitor::MONITOR,
        metric::METRIC,
        series::SHARE,
        requires::REQUIRES,
        root::KEEP_WARM,
        services::SERVICE,
        services::ROUTED,
        services::BACKGROUND,
        program::OWN_CHECK,
        registry::REGISTRY,
        migrate::MIGRATE,
        lint::LINT,
        health::HEALTH,
        smoke::SMOKE,
        smoke::REQUEST,
        smoke::EXPECT,
        traffic::TRAFFIC,
        nginx::NGINX,
        haproxy::HAPROXY,
        embedded::EMBEDDED,
        digitalocean::DIGITALOCEAN,
        digitalocean::POOL,
        dns::DNS,
        dns::FRONTS,
        caddy::CADDY,
        traefik::TRAEFIK,
        stages::STAGE,
        stages::APPROVE,
    ] {
        for key in keys.known {
            assert!(page.contains(&format!("`{key}`")), "the page does not explain `{key}`");
        }
    }
}

#[test]
fn the_page_names_every_built_in_metric_with_its_limit() {
    use crate::application::builtins::{BUILTINS, Usual};
    let page = include_str!("../../../../docs/application-file.md");
    for builtin in BUILTINS {
        let start = format!("| `\"{}\"` | {} |", builtin.word, builtin.name);
        let line = page.lines().find(|line| line.starts_with(&start));
        let line = line.unwrap_or_else(|| panic!("the page has no line {start}"));
        let limit = match builtin.usual {
            Usual::Max(max) => format!("`max = {max}`"),
            Usual::Asked => "yours".to_owned(),
            Usual::Shown => "none".to_owned(),
        };
        let on_breach = match builtin.on_breach {
            rollout::metric::OnBreach::Hold => "hold",
            rollout::metric::OnBreach::RollBack => "roll back",
        };
        assert!(line.contains(&limit), "{line}\nlacks {limit}");
        assert!(line.contains(&format!("| {on_breach} |")), "{line}\nlacks {on_breach}");
        assert!(line.contains(&format!("| {} |", builtin.unit.as_str())), "{line}\nlacks the unit");
    }
}

#[test]
fn the_examples_of_the_page_are_read() {
    let page = include_str!("../../../../docs/application-file.md");
    let examples: Vec<&str> = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() >= 8, "{}", examples.len());
    good(examples[0]);
    for example in &examples[1..] {
        // Each is a part of a file; what it refers to is put before it.
        let head = if example.starts_with("name") {
            ""
        } else if example.contains("[services") {
            NAME
        } else {
            LEAST
        };
        let found = problems(&format!("{head}{example}"));
        assert!(found.is_empty(), "{example}\n{found:#?}");
    }
}

const NAME: &str = "name = \"hopwhistle\"\n";

const LEAST: &str = "\
name = \"hopwhistle\"
services.api.routed = { port = 3001, hosts = [\"api.hopwhistle.com\"] }
services.web.routed = { port = 3000, hosts = [\"hopwhistle.com\"] }
";
