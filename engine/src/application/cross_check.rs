//! The application file against the compose file beside it.

use super::problems::Problems;
use super::suggest::did_you_mean;
use crate::compose::{Compose, Problem};
use rollout::application::{Application, Service};
use rollout::metric::{Scrape, Source};
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::DeTable;

/// What the two files do not agree on, at its place in the application file.
///
/// `app_file` and `app_text` are what the application was read from.
pub fn cross_check(application: &Application, app_file: &str, app_text: &str, compose: &Compose) -> Vec<Problem> {
    let composed = compose.services.iter().map(|(name, service)| {
        let depends_on = service.depends_on.keys().map(AsRef::as_ref).collect();
        (name.as_ref(), Composed { replicas: service.replicas, depends_on })
    });
    check(application, app_file, app_text, &composed.collect())
}

/// What matters here of a service in the compose file.
struct Composed<'a> {
    replicas: u32,
    depends_on: Vec<&'a str>,
}

fn check(
    application: &Application,
    app_file: &str,
    app_text: &str,
    composed: &BTreeMap<&str, Composed>,
) -> Vec<Problem> {
    let (root, _) = DeTable::parse_recoverable(app_text);
    let check =
        CrossCheck { application, composed, places: Places(&root), problems: Problems::new(app_file, app_text) };
    check.services();
    check.users_of_services();
    check.metrics();
    check.problems.into_vec()
}

struct CrossCheck<'a> {
    application: &'a Application,
    composed: &'a BTreeMap<&'a str, Composed<'a>>,
    places: Places<'a>,
    problems: Problems<'a>,
}

impl CrossCheck<'_> {
    /// Each `[services.NAME]`.
    fn services(&self) {
        for (name, service) in &self.application.services {
            let at = self.places.service(name);
            let Some(composed) = self.composed.get(name.as_str()) else {
                self.missing(at, name);
                continue;
            };
            match service {
                Service::Routed { .. } if composed.replicas > 1 => self.problems.add(
                    at,
                    format!(
                        "`{name}` has {} replicas in {}, which is not supported yet for a routed service: \
                     each slot has one address. Set replicas to 1 there",
                        composed.replicas, self.application.compose,
                    ),
                ),
                Service::Shared => {
                    for other in composed.depends_on.iter().filter(|other| self.is_slotted(other)) {
                        self.problems.add(
                            at.clone(),
                            format!(
                                "`{name}` is shared, but depends on `{other}` in {}, which each slot has for itself: \
                             make `{other}` shared too, or take it out of depends_on",
                                self.application.compose,
                            ),
                        );
                    }
                }
                Service::Routed { .. } | Service::Background { .. } => {}
            }
        }
    }

    /// What names a service elsewhere.
    fn users_of_services(&self) {
        let application = self.application;
        let missing = |name: &str| self.is_missing(name);
        if let Some(migrate) = application.migrate.as_ref().filter(|migrate| missing(&migrate.service)) {
            self.missing(self.places.migrate_service(), &migrate.service);
        }
        for (index, check) in application.health.iter().enumerate().filter(|(_, check)| missing(&check.service)) {
            self.missing(self.places.health_service(index), &check.service);
        }
        for (index, test) in application.smoke.iter().enumerate().filter(|(_, test)| missing(&test.service)) {
            self.missing(self.places.smoke_service(index), &test.service);
        }
    }

    /// Each `[[monitor.metric]]` that asks containers. What the router measures is of a service of the file.
    fn metrics(&self) {
        for (index, metric) in self.application.metrics().iter().enumerate() {
            let service = match &metric.source {
                Source::Scrape(Scrape { service, .. }) | Source::Command { service, .. } => service,
                Source::Router { .. } | Source::Promql { .. } => continue,
            };
            if self.is_missing(service) {
                self.missing(self.places.metric_service(index), service);
            }
        }
    }

    /// Whether neither file has it. A service of the application file is dealt with where it stands.
    fn is_missing(&self, name: &str) -> bool {
        !self.application.services.contains_key(name) && !self.composed.contains_key(name)
    }

    /// Whether each slot has its own: every service of the compose file that is not shared.
    fn is_slotted(&self, name: &str) -> bool {
        self.application.services.get(name) != Some(&Service::Shared) && self.composed.contains_key(name)
    }

    fn missing(&self, at: Range<usize>, name: &str) {
        let there: Vec<&str> = self.composed.keys().copied().collect();
        let guess = did_you_mean(name, there.iter().copied());
        let stop = if guess.is_empty() { "." } else { "" };
        let list = match there.len() {
            0 => "It has none".to_owned(),
            _ => format!("It has {}", there.join(", ")),
        };
        let file = &self.application.compose;
        self.problems.add(at, format!("{file} has no service `{name}`{guess}{stop} {list}"));
    }
}

/// Where things stand in the application file; its beginning when they are not there.
struct Places<'a>(&'a Spanned<DeTable<'a>>);

impl Places<'_> {
    fn service(&self, name: &str) -> Range<usize> {
        let services = self.0.get_ref().get("services").and_then(|services| services.get_ref().as_table());
        services.and_then(|services| services.get_key_value(name)).map(|(key, _)| key.span()).unwrap_or_default()
    }

    fn migrate_service(&self) -> Range<usize> {
        let service = self.0.get_ref().get("migrate").and_then(|migrate| migrate.get_ref().get("service"));
        service.map(Spanned::span).unwrap_or_default()
    }

    fn health_service(&self, index: usize) -> Range<usize> {
        let health = self.0.get_ref().get("health").and_then(|health| health.get_ref().get(index));
        health.and_then(|check| check.get_ref().get("service")).map(Spanned::span).unwrap_or_default()
    }

    fn smoke_service(&self, index: usize) -> Range<usize> {
        let smoke = self.0.get_ref().get("smoke").and_then(|smoke| smoke.get_ref().get(index));
        let request = smoke.and_then(|test| test.get_ref().get("request"));
        request.and_then(|request| request.get_ref().get("service")).map(Spanned::span).unwrap_or_default()
    }

    /// The service of a metric; a built-in may name it without writing it.
    fn metric_service(&self, index: usize) -> Range<usize> {
        let monitor = self.0.get_ref().get("monitor").and_then(|monitor| monitor.get_ref().get("metric"));
        let metric = monitor.and_then(|metrics| metrics.get_ref().get(index)).map(Spanned::get_ref);
        let place = metric.and_then(|metric| metric.get("service").or_else(|| metric.get("builtin")));
        place.map(Spanned::span).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
name = \"shop\"
[services.api]
routed = { port = 3001, hosts = [\"api.shop.com\"] }
[services.worker]
background = { live_slot_only = true }
[services.postgres]
shared = true
[migrate]
service = \"migrator\"
up = [\"migrate\"]
[[health]]
service = \"api\"
[[smoke]]
name = \"a\"
request = { service = \"api\", path = \"/\" }
[[monitor.metric]]
builtin = \"error-ratio\"
[[monitor.metric]]
builtin = \"queue-depth\"
service = \"mailer\"
port = 9100
[[monitor.metric]]
builtin = \"redis-memory\"
max = 1000000
";

    fn checked(composed: &[(&str, u32, &[&str])]) -> Vec<String> {
        let application = super::super::read("shop.toml", TEXT).unwrap();
        let composed = composed.iter().map(|(name, replicas, depends_on)| {
            (*name, Composed { replicas: *replicas, depends_on: depends_on.to_vec() })
        });
        check(&application, "shop.toml", TEXT, &composed.collect()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn files_that_agree_have_no_problem() {
        let api: &[&str] = &["postgres"];
        let found = checked(&[
            ("api", 1, api),
            ("worker", 3, api),
            ("postgres", 1, &[]),
            ("migrator", 1, &[]),
            ("mailer", 1, &[]),
            ("redis", 1, &[]),
        ]);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn every_disagreement_is_told_at_its_place() {
        let found = checked(&[("api", 2, &[]), ("workers", 1, &[]), ("postgres", 1, &["workers", "api", "gone"])]);
        assert_eq!(
            found,
            [
                "shop.toml:2:11: `api` has 2 replicas in docker-compose.yml, which is not supported yet for a routed \
                 service: each slot has one address. Set replicas to 1 there",
                "shop.toml:4:11: docker-compose.yml has no service `worker`: \
                 did you mean `workers`? It has api, postgres, workers",
                "shop.toml:6:11: `postgres` is shared, but depends on `api` in docker-compose.yml, which each slot has \
                 for itself: make `api` shared too, or take it out of depends_on",
                "shop.toml:6:11: `postgres` is shared, but depends on `workers` in docker-compose.yml, which each slot has \
                 for itself: make `workers` shared too, or take it out of depends_on",
                "shop.toml:9:11: docker-compose.yml has no service `migrator`. It has api, postgres, workers",
                "shop.toml:20:11: docker-compose.yml has no service `mailer`. It has api, postgres, workers",
                "shop.toml:23:11: docker-compose.yml has no service `redis`. It has api, postgres, workers",
            ]
        );
        assert_eq!(checked(&[]).len(), 6);
        assert!(checked(&[])[0].ends_with("has no service `api`. It has none"));
    }

    #[test]
    fn places_are_found_for_what_the_application_does_not_name_itself() {
        let mut application = super::super::read("shop.toml", TEXT).unwrap();
        application.services.clear();
        let found = check(&application, "shop.toml", TEXT, &BTreeMap::new());
        let places: Vec<_> = found.iter().map(|problem| (problem.line, problem.column)).collect();
        assert_eq!(places, [(9, 11), (12, 11), (15, 23), (20, 11), (23, 11)]);
        // A text that has changed since gives the same problems, at its beginning.
        let found = check(&application, "shop.toml", "= =", &BTreeMap::new());
        assert!(!found.is_empty() && found.iter().all(|problem| (problem.line, problem.column) == (1, 1)));
    }
}
