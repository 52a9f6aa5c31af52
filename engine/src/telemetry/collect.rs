//! Asks every source of a rollout's metrics, in both slots at once.

use super::commands::Commands;
use super::readings::{Answer, Readings};
use super::router_log::RouterLog;
use super::{promql, scrape};
use crate::definition::Definition;
use crate::runtime::process::SHARED_ADDRESS;
use crate::runtime::{Instance, Project, Runtime};
use crate::secrets::Mask;
use crate::store::applications::Address;
use crate::telemetry::prometheus::series::Scrapes;
use rollout::Rollout;
use rollout::application::Service;
use rollout::clock::{Millis, Timestamp};
use rollout::metric::{Metric, Scrape, Series, Source, Window};
use rollout::plan::Step;
use rollout::slot::Slot;
use rollout::state::StepStatus;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for the runtime to say what runs.
const RUNTIME: Duration = Duration::from_secs(3);

pub(crate) struct Collector {
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) http: reqwest::Client,
    pub(crate) definition: Definition,
    pub(crate) addresses: Vec<Address>,
    /// Or why it cannot be heard.
    pub(crate) router: Result<Arc<RouterLog>, String>,
    readings: Readings,
    commands: Commands,
    /// The secrets that the application file names.
    pub(crate) mask: Mask,
    /// What the instances told.
    scrapes: HashMap<Place, Scrapes>,
}

/// Where text is scraped: a path of a service's containers in a slot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Place {
    service: String,
    port: Option<u16>,
    path: String,
    slot: Slot,
}

impl Place {
    fn new(scrape: &Scrape, slot: Slot) -> Place {
        Place { service: scrape.service.clone(), port: scrape.port, path: scrape.path.clone(), slot }
    }
}

/// What a metric shows in both slots over the same time.
pub(crate) struct Both {
    pub(crate) new: Window,
    /// `None` when there is nothing to compare with.
    pub(crate) old: Option<Window>,
}

impl Collector {
    pub(crate) fn new(
        runtime: Arc<dyn Runtime>,
        http: reqwest::Client,
        definition: Definition,
        addresses: Vec<Address>,
        router: Result<Arc<RouterLog>, String>,
    ) -> Collector {
        let mask = Mask::of(&definition.application);
        Collector {
            runtime,
            http,
            definition,
            addresses,
            router,
            readings: Readings::default(),
            commands: Commands::default(),
            mask,
            scrapes: HashMap::new(),
        }
    }

    /// Asks all instances that some metric scrapes; `due` are those metrics. Once for a look, however many metrics there are.
    pub(crate) async fn scrape(&mut self, slots: &[Slot], now: Timestamp) {
        let mut places: Vec<Place> = vec![];
        for metric in self.definition.application.metrics() {
            let Source::Scrape(scrape) = &metric.source else { continue };
            let new = slots.iter().map(|slot| Place::new(scrape, *slot)).filter(|place| !places.contains(place));
            places.extend(new.collect::<Vec<_>>());
        }
        let answers = futures::future::join_all(places.iter().map(|place| self.instances(place))).await;
        for (place, instances) in places.into_iter().zip(answers) {
            let series = self.series(&place);
            let longest = self.definition.application.metrics().iter().map(|metric| metric.window).max();
            let longest = longest.unwrap_or_default();
            let kept = self.scrapes.entry(place).or_insert_with(|| Scrapes::new(series).keeping(longest));
            for (instance, answer) in instances {
                match answer {
                    Ok(text) => {
                        if let Err(error) = kept.add(&instance, now, &text) {
                            kept.failed(&instance, now, error.to_string());
                        }
                    }
                    Err(why) => kept.failed(&instance, now, why),
                }
            }
        }
    }

    /// Every series that some metric takes from there.
    fn series(&self, place: &Place) -> Vec<Series> {
        let metrics = self.definition.application.metrics().iter();
        let from_there = metrics.filter_map(|metric| match &metric.source {
            Source::Scrape(scrape) if Place::new(scrape, place.slot) == *place => Some(scrape.series.clone()),
            _ => None,
        });
        from_there.collect()
    }

    /// What each container of the service in the slot answers.
    async fn instances(&self, place: &Place) -> Vec<(String, Result<String, String>)> {
        let containers = match self.running(&place.service, place.slot).await {
            Ok(containers) => containers,
            Err(why) => return vec![(place.service.clone(), Err(why))],
        };
        let host = match self.definition.service(&place.service) {
            Service::Routed { hosts, .. } => hosts.into_iter().find(|host| !host.contains('*')),
            _ => None,
        };
        let asked = containers.iter().map(|container| {
            let host = host.as_deref();
            async move {
                let answer = match self.url(place, container) {
                    Ok(url) => scrape::fetch(&self.http, &url, host).await,
                    Err(why) => Err(why),
                };
                (container.name.clone(), answer)
            }
        });
        futures::future::join_all(asked).await
    }

    /// Where it tells its numbers: a routed service and a process at the slot's own address, others on Docker's network.
    fn url(&self, place: &Place, container: &Instance) -> Result<String, String> {
        let Place { service, port: wanted, path, slot } = place;
        let at_its_address = match self.definition.service(service) {
            Service::Routed { port, .. } => wanted.is_none() || *wanted == port,
            // A process has no other port.
            _ => self.definition.application.runtime.is_process(),
        };
        let slot = if self.is_shared_service(service) { SHARED_ADDRESS } else { *slot };
        if at_its_address && let Some(address) = self.addresses.iter().find(|a| a.service == *service && a.slot == slot)
        {
            return Ok(format!("http://127.0.0.1:{}{path}", address.port));
        }
        let port = wanted.ok_or_else(|| format!("{service} has no port to be asked at"))?;
        match &container.ip {
            Some(ip) => Ok(format!("http://{ip}:{port}{path}")),
            None => Err(format!("{} has no address on a network of Docker", container.name)),
        }
    }

    async fn running(&self, service: &str, slot: Slot) -> Result<Vec<Instance>, String> {
        let application = &self.definition.application.name;
        let project = if self.is_shared_service(service) {
            Project::shared(application)
        } else {
            Project::slot(application, slot)
        };
        // An engine that hangs must not keep the router's numbers from being judged.
        let seen = tokio::time::timeout(RUNTIME, self.runtime.instances(&project)).await;
        let seen = seen.map_err(|_| format!("{} does not answer", self.runtime.name()))?;
        let mut instances = seen.map_err(|error| error.to_string())?;
        instances.retain(|instance| instance.service == service && instance.running());
        match instances.is_empty() {
            true => {
                let what = if self.definition.application.runtime.is_process() { "process" } else { "container" };
                Err(format!("no {what} of {service} runs in {}", project.name()))
            }
            false => Ok(instances),
        }
    }

    /// What a metric shows, in the new slot and beside it in the old one.
    pub(crate) async fn look(&mut self, index: usize, rollout: &Rollout, since: Millis, now: Timestamp) -> Both {
        let Some(metric) = self.definition.application.metrics().get(index).cloned() else {
            return Both { new: Window::Silent, old: None };
        };
        let new = rollout.start.slot;
        // With all traffic on the new slot, the old one has nothing to show.
        let old = rollout.old_slot().filter(|_| rollout.weight.percent() < 100 && !self.is_shared(&metric));
        let window = metric.window.min(since);
        let (of_new, of_old) = match &metric.source {
            Source::Router { .. } | Source::Scrape(_) => {
                (self.kept(&metric, new, window, now), old.map(|old| self.kept(&metric, old, window, now)))
            }
            _ => {
                let (answer, beside) = futures::future::join(self.ask(&metric, new, rollout), async {
                    match old {
                        Some(old) => Some((old, self.ask(&metric, old, rollout).await)),
                        None => None,
                    }
                })
                .await;
                let of_new = self.readings.window(index, new, answer, window, now);
                (of_new, beside.map(|(old, answer)| self.readings.window(index, old, answer, window, now)))
            }
        };
        Both { new: of_new, old: of_old }
    }

    /// What the router's log and the scrapes have brought so far.
    fn kept(&self, metric: &Metric, slot: Slot, window: Millis, now: Timestamp) -> Window {
        match &metric.source {
            Source::Router { signal, service } => match &self.router {
                Ok(log) => log.window(slot, service.as_deref(), *signal, window),
                Err(why) => Window::Failed(why.clone()),
            },
            Source::Scrape(scrape) => match self.scrapes.get(&Place::new(scrape, slot)) {
                Some(scrapes) => scrapes.window(&scrape.series, window, now),
                None => Window::Silent,
            },
            Source::Promql { .. } | Source::Command { .. } => Window::Silent,
        }
    }

    /// A number of right now.
    async fn ask(&self, metric: &Metric, slot: Slot, rollout: &Rollout) -> Answer {
        match &metric.source {
            Source::Promql { server, query } => {
                let version = match (slot == rollout.start.slot, &rollout.start.from) {
                    (false, Some(from)) => from,
                    _ => &rollout.start.release,
                };
                let query = promql::fill(query, slot, version.as_str(), &self.definition.application.name);
                promql::ask(&self.http, server, &query).await
            }
            Source::Command { service, command } => self.run(service, command, slot).await.map(Some),
            Source::Router { .. } | Source::Scrape(_) => Ok(None),
        }
    }

    async fn run(&self, service: &str, command: &[String], slot: Slot) -> Result<f64, String> {
        let containers = self.running(service, slot).await?;
        let container = containers.first().ok_or_else(|| format!("{service} does not run"))?;
        self.commands.number(self.runtime.as_ref(), container, command, &self.mask).await
    }

    /// Whether there is anything to look at yet: what runs in the live slot only comes with the last of the traffic.
    pub(crate) fn applies(&self, metric: &Metric, rollout: &Rollout) -> bool {
        let handed_over = rollout
            .steps
            .iter()
            .any(|record| record.step == Step::Handover && matches!(record.status, StepStatus::Succeeded { .. }));
        handed_over || !matches!(self.service_of(metric), Some(Service::Background { live_slot_only: true }))
    }

    fn is_shared_service(&self, service: &str) -> bool {
        matches!(self.definition.service(service), Service::Shared)
    }

    /// Both slots share what is measured: there is nothing beside it.
    fn is_shared(&self, metric: &Metric) -> bool {
        matches!(self.service_of(metric), Some(Service::Shared))
    }

    fn service_of(&self, metric: &Metric) -> Option<Service> {
        match &metric.source {
            Source::Scrape(Scrape { service, .. }) | Source::Command { service, .. } => {
                Some(self.definition.service(service))
            }
            Source::Router { .. } | Source::Promql { .. } => None,
        }
    }
}
