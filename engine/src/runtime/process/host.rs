//! What is asked of a runtime, asked of processes.

use super::{Processes, alive, launch, logs, pin};
use crate::definition::Definition;
use crate::runtime::{Done, Exec, Instance, Pipe, Project, Recipe, Runtime, RuntimeError, Tell, Wanted, disk};
use futures::FutureExt;
use futures::future::BoxFuture;
use rollout::check::Check;
use rollout::release::PinnedImages;
use std::collections::BTreeMap;
use std::path::Path;

impl Runtime for Processes {
    fn name(&self) -> &'static str {
        "the process runtime"
    }

    fn fitness(&self) -> BoxFuture<'_, Vec<Check>> {
        let folder = self.inner.folder.clone();
        async move {
            let looked = tokio::task::spawn_blocking(move || fitness(&folder)).await;
            looked.unwrap_or_else(|error| vec![Check::failure("local processes", error.to_string())])
        }
        .boxed()
    }

    fn pin<'a>(
        &'a self,
        definition: &'a Definition,
        recipe: &'a Recipe,
        known: Option<&'a PinnedImages>,
        tell: Tell<'a>,
    ) -> BoxFuture<'a, (PinnedImages, Check)> {
        async move {
            let Recipe::Processes(programs) = recipe.clone() else {
                return (
                    PinnedImages::new(),
                    Check::failure("programs", "the application file describes no processes"),
                );
            };
            let base = definition.folder.clone();
            match tokio::task::spawn_blocking(move || pin::pin_all(&base, &programs)).await {
                Ok(found) => judge(found, known, tell),
                Err(error) => (PinnedImages::new(), Check::failure("programs", error.to_string())),
            }
        }
        .boxed()
    }

    /// A release is brought by whoever builds it: it lies where the application file says, or preflight has said so.
    fn fetch<'a>(&'a self, _: &'a Definition, _: &'a Recipe, _: &'a PinnedImages, _: Tell<'a>) -> Done<'a, ()> {
        async { Ok(()) }.boxed()
    }

    /// Processes of one machine find each other by their ports.
    fn join_shared<'a>(&'a self, _: &'a Project, _: &'a Project, _: &'a Recipe) -> Done<'a, ()> {
        async { Ok(()) }.boxed()
    }

    fn up<'a>(&'a self, wanted: &'a Wanted<'a>, tell: Tell<'a>) -> Done<'a, ()> {
        self.make(wanted, tell).boxed()
    }

    fn down<'a>(&'a self, project: &'a Project) -> Done<'a, usize> {
        async move {
            let of_it = self.all().into_iter().filter(|record| record.project == project.name());
            let names: Vec<String> = of_it.map(|record| record.name).collect();
            futures::future::try_join_all(names.iter().map(|name| self.remove_named(name))).await?;
            Ok(names.len())
        }
        .boxed()
    }

    fn instances<'a>(&'a self, project: &'a Project) -> Done<'a, Vec<Instance>> {
        async move {
            let of_it = self.all().into_iter().filter(|record| record.project == project.name());
            let mut instances: Vec<Instance> = of_it.map(|record| self.seen(record)).collect();
            instances.sort_by(|a, b| a.service.cmp(&b.service));
            Ok(instances)
        }
        .boxed()
    }

    fn environments<'a>(&'a self, project: &'a Project) -> Done<'a, BTreeMap<String, BTreeMap<String, String>>> {
        async move {
            let of_it = self.all().into_iter().filter(|record| record.project == project.name() && record.is_alive());
            let environment = |pid| alive::environment(pid).collect();
            let by_service = of_it.filter_map(|record| {
                let pid = record.identity()?.pid;
                Some((record.service.clone(), environment(pid)))
            });
            Ok(by_service.collect())
        }
        .boxed()
    }

    fn start<'a>(&'a self, instance: &'a Instance) -> Done<'a, ()> {
        self.start_named(&instance.id).boxed()
    }

    fn stop<'a>(&'a self, instance: &'a Instance) -> Done<'a, ()> {
        self.stop_named(&instance.id).boxed()
    }

    fn remove<'a>(&'a self, instance: &'a Instance) -> Done<'a, ()> {
        self.remove_named(&instance.id).boxed()
    }

    fn last_lines<'a>(&'a self, instance: &'a Instance, count: usize) -> Done<'a, Vec<String>> {
        async move {
            let lines = logs::last_lines(&self.files(&instance.id), count);
            lines.map_err(|error| RuntimeError::new(format!("the log of {} cannot be read: {error}", instance.name)))
        }
        .boxed()
    }

    fn command<'a>(&'a self, instance: &'a str, command: &'a [String]) -> Done<'a, Exec> {
        async move { self.make_ready(instance, command) }.boxed()
    }

    fn run<'a>(&'a self, exec: &'a Exec, line: &'a mut (dyn FnMut(Pipe, &str) + Send)) -> Done<'a, i64> {
        self.carry_out(exec, line).boxed()
    }

    fn runs<'a>(&'a self, exec: &'a Exec) -> Done<'a, bool> {
        async move { Ok(self.is_at_work(exec)) }.boxed()
    }
}

fn fitness(folder: &Path) -> Vec<Check> {
    let name = "local processes";
    if !alive::is_there() {
        let said = "this machine has no /proc to tell which processes there are: `runtime = \"process\"` needs Linux";
        return vec![Check::failure(name, said)];
    }
    if !launch::has_shell() {
        return vec![Check::failure(name, "there is no /bin/sh, which writes down how a process ended")];
    }
    if let Err(error) = std::fs::create_dir_all(folder) {
        return vec![Check::failure(name, format!("{} cannot be made: {error}", folder.display()))];
    }
    let said = format!("watched from {}; they go on when Crossfade ends", folder.display());
    vec![Check::ok(name, said), disk::space(&folder.display().to_string(), "remove old releases and logs")]
}

fn judge(
    found: Vec<(String, Result<String, String>)>,
    known: Option<&PinnedImages>,
    tell: Tell,
) -> (PinnedImages, Check) {
    let (mut pinned, mut failures) = (PinnedImages::new(), vec![]);
    for (service, now) in found {
        let was = known.and_then(|known| known.get(&service));
        match (now, was) {
            (Err(why), _) => failures.push(format!("{service}: {why}")),
            (Ok(now), Some(was)) if now != *was && pin::is_by_content(was) => failures.push(format!(
                "{service}: it is {now}, and was {was} when this release was first seen. Put back what was there, or give it a \
                 version of its own"
            )),
            (Ok(now), _) => {
                tell(format!("{service}: {now}"));
                pinned.insert(service, now);
            }
        }
    }
    let by_content = pinned.values().filter(|pinned| pin::is_by_content(pinned)).count();
    let by_place = match pinned.len() - by_content {
        0 => String::new(),
        more => format!("; {more} known by the place of a program of the machine alone"),
    };
    let check = match failures.is_empty() {
        true => Check::ok("programs", format!("{by_content} pinned by digest{by_place}")),
        false => Check::failure("programs", failures.join("; ")),
    };
    (pinned, check)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollout::check::Level;

    #[test]
    fn a_version_means_what_it_meant() {
        let pinned = |service: &str, what: &str| PinnedImages::from([(service.to_owned(), what.to_owned())]);
        let judged = |now: Result<&str, &str>, known: Option<&str>| {
            let now = now.map(str::to_owned).map_err(str::to_owned);
            let known = known.map(|known| pinned("api", known));
            judge(vec![("api".to_owned(), now)], known.as_ref(), &mut |_| {})
        };
        let (images, check) = judged(Ok("./a@sha256:1"), None);
        assert_eq!((images, check.level), (pinned("api", "./a@sha256:1"), Level::Ok));
        assert_eq!(judged(Ok("./a@sha256:1"), Some("./a@sha256:1")).1.level, Level::Ok);
        let (images, check) = judged(Ok("./a@sha256:2"), Some("./a@sha256:1"));
        assert!(
            images.is_empty()
                && check.level == Level::Failure
                && check.said.contains("when this release was first seen")
        );
        // What belongs to the machine may change with it.
        let (images, check) = judged(Ok("/usr/bin/b"), Some("/bin/b"));
        assert_eq!(images, pinned("api", "/usr/bin/b"));
        assert!(check.said.starts_with("0 pinned by digest; 1 known by the place"), "{}", check.said);
        assert_eq!(judged(Err("gone"), Some("./a@sha256:1")).1.said, "api: gone");
    }
}
