//! What both slots lean on: database, cache, object storage.

use super::Surroundings;
use crate::runtime::Project;
use rollout::application::{Service, Sharing};
use rollout::check::Check;
use std::collections::BTreeMap;

pub(super) async fn look(around: &Surroundings<'_>) -> Vec<Check> {
    let requires = &around.definition.application.requires;
    let mut checks = vec![database(requires.database, &shared(around)), cache(requires.cache, &shared(around))];
    if !requires.object_storage.is_empty() {
        checks.push(object_storage(around).await);
    }
    checks
}

/// Services that outlive rollouts and serve both slots.
fn shared<'a>(around: &'a Surroundings) -> Vec<&'a str> {
    let services = around.recipe.services().into_iter();
    services.filter(|name| matches!(around.definition.service(name), Service::Shared)).collect()
}

fn database(declared: Option<Sharing>, shared: &[&str]) -> Check {
    let name = "database";
    match declared {
        Some(Sharing::Shared) => Check::ok(name, "shared by both slots: migrations must suit both releases"),
        Some(Sharing::Replicated) => Check::warning(
            name,
            "replicated: what one slot writes arrives later in the other, and a migration must get through replication, too",
        ),
        Some(Sharing::Separate) => Check::failure(
            name,
            "separate: what users write in one slot is missing in the other, and lost on a roll back. Share it, or replicate it",
        ),
        Some(Sharing::None) => Check::ok(name, "the application has none"),
        None if !shared.is_empty() => {
            Check::ok(name, format!("{} serves both slots (not declared: `database` in [requires])", shared.join(", ")))
        }
        None => Check::warning(
            name,
            "not declared: say in [requires] whether it is shared, replicated, separate or none. Both slots must see the same data",
        ),
    }
}

fn cache(declared: Option<Sharing>, shared: &[&str]) -> Check {
    let name = "cache";
    match declared {
        Some(Sharing::Shared) => Check::ok(name, "shared by both slots: sessions live on when they move between slots"),
        Some(Sharing::Replicated) => {
            Check::warning(name, "replicated: a session that moves between slots may miss what it wrote last")
        }
        Some(Sharing::Separate) => Check::warning(
            name,
            "separate: sessions that are kept in it are lost when they move: people are signed out at every stage, and on a \
             roll back",
        ),
        Some(Sharing::None) => Check::ok(name, "the application has none"),
        None if !shared.is_empty() => Check::ok(name, "not declared (`cache` in [requires])"),
        None => Check::warning(
            name,
            "not declared: say in [requires] whether it is shared, replicated, separate or none. Sessions in a separate one are \
             lost when they move",
        ),
    }
}

/// The variables that say where files are kept, as the new release gets them and as the running containers have them.
async fn object_storage(around: &Surroundings<'_>) -> Check {
    let name = "object storage";
    let wanted = &around.definition.application.requires.object_storage;
    let mut runs: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    if let Some(place) = around.place.as_ref().filter(|place| !place.is_first) {
        let project = Project::slot(&around.definition.application.name, place.live);
        match around.runtime.environments(&project).await {
            Ok(environments) => runs = environments,
            Err(error) => return Check::failure(name, error.to_string()),
        }
    }
    let services = around.recipe.services();
    let new: BTreeMap<&str, Environment> =
        services.iter().filter_map(|service| Some((*service, around.recipe.environment(service)?))).collect();
    compare(name, wanted, |service| (new.get(service), runs.get(service)), services, around.recipe.source())
}

type Environment = BTreeMap<String, String>;

fn compare<'a>(
    name: &str,
    wanted: &[String],
    of: impl Fn(&str) -> (Option<&'a Environment>, Option<&'a Environment>),
    services: Vec<&str>,
    source: &str,
) -> Check {
    for variable in wanted {
        let mut found = false;
        for service in &services {
            let (new, runs) = of(service);
            let new = new.and_then(|new| new.get(variable));
            found |= new.is_some();
            // Values may be secrets: only that they differ is said.
            if let Some(runs) = runs
                && runs.get(variable) != new
            {
                return Check::failure(
                    name,
                    format!(
                        "{variable} of {service} is not what it is in the live slot: files that one slot writes would be missing \
                         in the other"
                    ),
                );
            }
        }
        if !found {
            let said = format!("no service of {source} has the variable {variable}, which [requires] names");
            return Check::failure(name, said);
        }
    }
    Check::ok(name, format!("{} is the same in both slots", wanted.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollout::check::Level;

    #[test]
    fn object_storage_is_the_same_in_both_slots_or_not() {
        let environment = |bucket: &str| Environment::from([("S3_BUCKET".to_owned(), bucket.to_owned())]);
        let (files, others, none) = (environment("files"), environment("others"), Environment::new());
        let level = |new: &Environment, runs: Option<&Environment>| {
            compare("object storage", &["S3_BUCKET".to_owned()], |_| (Some(new), runs), vec!["api"], "the compose file")
                .level
        };
        assert_eq!(level(&files, Some(&files)), Level::Ok);
        assert_eq!(level(&files, None), Level::Ok);
        assert_eq!(level(&files, Some(&others)), Level::Failure);
        assert_eq!(level(&files, Some(&none)), Level::Failure);
        assert_eq!(level(&none, None), Level::Failure);
    }

    #[test]
    fn what_follows_from_how_things_are_shared() {
        for (declared, shared, of_database, of_cache) in [
            (Some(Sharing::Shared), &[][..], Level::Ok, Level::Ok),
            (Some(Sharing::Replicated), &[], Level::Warning, Level::Warning),
            (Some(Sharing::Separate), &[], Level::Failure, Level::Warning),
            (Some(Sharing::None), &[], Level::Ok, Level::Ok),
            (None, &["database"], Level::Ok, Level::Ok),
            (None, &[], Level::Warning, Level::Warning),
        ] {
            assert_eq!((database(declared, shared).level, cache(declared, shared).level), (of_database, of_cache));
        }
    }
}
