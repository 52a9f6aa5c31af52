//! Looks at a rollout's numbers while its traffic moves: judges them, keeps them, shows them, and reports to the rollout,
//! which decides what follows. A look changes nothing by itself.

use super::board::{Board, Share, Wanted};
use super::charts::Charts;
use super::collect::{Both, Collector};
use super::router_log;
use crate::clock;
use crate::engine::Shared;
use crate::error::EngineError;
use crate::store::samples::Sample;
use rollout::Rollout;
use rollout::clock::{Millis, Timestamp};
use rollout::command::Report;
use rollout::epoch::Epoch;
use rollout::event::RolloutId;
use rollout::metric::{Evidence, Metric, Watch};
use rollout::plan::Step;
use rollout::slot::Slot;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Between two looks when no metric wants them more often: the measured share follows along.
const CALM: Millis = Millis::seconds(5);
/// The measured share is of the requests of so long.
const SHARE_WINDOW: Millis = Millis::seconds(60);
/// Without a request for this long, none come.
const DRY: Millis = Millis::seconds(30);
/// After the store failed: before it is asked again.
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// Watches until the rollout has ended. Ends by itself; may be dropped at any moment.
pub(crate) async fn watch(shared: Arc<Shared>, id: RolloutId) {
    loop {
        match follow(&shared, id).await {
            Ok(()) => break,
            Err(error) => {
                tracing::error!(rollout.id = id.0, %error, "rollout {id} cannot be watched; it is tried again");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
    shared.boards.take_down(id);
}

async fn follow(shared: &Arc<Shared>, id: RolloutId) -> Result<(), EngineError> {
    let rollout = shared.state(id).await?;
    if rollout.ended.is_some() {
        return Ok(());
    }
    let definition = shared.store.definition(id).await?;
    let Some(row) = shared.store.application(&definition.application.name).await? else { return Ok(()) };
    let addresses = shared.store.addresses(row.id).await?;
    let port = crate::router::log_port(&definition.application, row.admin_port);
    let measures = definition.application.traffic.router.capabilities().measures;
    let router = match measures {
        true => shared.router_logs.listen(port),
        false => Err("this router does not count requests".to_owned()),
    };
    let metrics = definition.application.metrics().to_vec();
    let samples = shared.store.samples(id).await?;
    let ports = |slot: Slot| addresses.iter().filter(|a| a.slot == slot).map(|a| a.port).collect();
    let mut watcher = Watcher {
        id,
        charts: Charts::new(&metrics, rollout.start.slot, &samples),
        watches: vec![Watch::default(); metrics.len()],
        evidence: vec![None; metrics.len()],
        looked: vec![None; metrics.len()],
        ports: (ports(rollout.start.slot), ports(rollout.start.slot.other())),
        collector: Collector::new(
            shared.runtimes.of(&definition.application),
            shared.http.clone(),
            definition,
            addresses,
            router,
        ),
        metrics,
        epoch: Epoch::default(),
        counted: None,
        measures,
        port,
        began: Instant::now(),
    };
    let pace = watcher.metrics.iter().map(|metric| metric.interval).min().unwrap_or(CALM);
    let mut tick = tokio::time::interval(Duration::from_millis(pace.0.max(500)));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let rollout = shared.state(id).await?;
        if rollout.ended.is_some() {
            return Ok(());
        }
        if rollout.moved {
            watcher.look(shared, &rollout).await?;
        }
    }
}

struct Watcher {
    id: RolloutId,
    metrics: Vec<Metric>,
    watches: Vec<Watch>,
    evidence: Vec<Option<Evidence>>,
    /// When each metric was looked at last.
    looked: Vec<Option<Timestamp>>,
    collector: Collector,
    charts: Charts,
    /// The routed addresses of the new and of the old slot.
    ports: (Vec<u16>, Vec<u16>),
    epoch: Epoch,
    /// Of which shift requests are counted, and what the log had counted before it.
    counted: Option<(Option<Timestamp>, u64)>,
    /// Whether the router tells of its requests at all.
    measures: bool,
    /// Where the router's log arrives.
    port: u16,
    began: Instant,
}

impl Watcher {
    async fn look(&mut self, shared: &Arc<Shared>, rollout: &Rollout) -> Result<(), EngineError> {
        let now = clock::now();
        let at = rollout.epoch();
        if self.epoch != at {
            self.watches.fill(Watch::default());
            self.evidence.fill(None);
            self.looked.fill(None);
            self.epoch = at;
        }
        if self.measures && self.collector.router.is_err() {
            self.collector.router = shared.router_logs.listen(self.port);
        }
        // Nothing from before the last shift: a verdict is about this weight, and before the first the slot may have held another
        // release.
        let since_shift = since_last_shift(rollout, now);
        let slots: Vec<Slot> = std::iter::once(rollout.start.slot).chain(rollout.old_slot()).collect();
        self.collector.scrape(&slots, now).await;
        let mut samples = vec![];
        for index in 0..self.metrics.len() {
            let metric = &self.metrics[index];
            // Half a beat early is on time: ticks are not exact.
            // After the clock was set back, it is.
            let due = self.looked[index].is_none_or(|last| last > now || (now - last).0 + 250 >= metric.interval.0);
            if !due || !self.collector.applies(metric, rollout) {
                continue;
            }
            let both = self.collector.look(index, rollout, since_shift, now).await;
            let mut seen = self.watches[index].look(metric, &both.new, both.old.as_ref(), since_shift, now);
            // Commands, and whoever is asked, say what they like.
            seen.why = self.collector.mask.mask(&seen.why);
            seen.query = self.collector.mask.mask(&seen.query);
            samples.extend(self.samples_of(rollout, &both, &seen));
            self.looked[index] = Some(now);
            self.evidence[index] = Some(seen);
        }
        let (open, lost) = self.ask_the_kernel().await;
        let share = self.share(rollout, since_shift, open);
        samples.extend(share.iter().map(|share| Sample {
            metric: String::new(),
            slot: rollout.start.slot,
            at: now,
            value: share.measured,
            threshold: None,
        }));
        samples.iter().for_each(|sample| self.charts.add(sample));
        let requests = self.requests_at_weight(rollout.start.slot, at.shifted, since_shift);
        // Whoever has just begun to listen has heard nothing yet.
        let listened = since_shift.min(Millis(u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)));
        let flowing = self.requests(rollout.start.slot, DRY.min(since_shift)) > 0 || listened < DRY;
        let board = Board {
            // On the way back, what is stopped has nothing to tell: what led there is what is worth reading.
            evidence: match rollout.back {
                None => self.evidence.iter().flatten().cloned().collect(),
                Some(_) => vec![],
            },
            wanted: self.wanted(rollout, requests, since_shift, now),
            share,
            charts: self.charts.drawn(),
            lost,
        };
        // Not before every metric was looked at since we watch: none may pass unseen.
        let unseen = self
            .metrics
            .iter()
            .zip(&self.evidence)
            .any(|(metric, seen)| seen.is_none() && self.collector.applies(metric, rollout));
        if rollout.wants_watching() && !unseen {
            let report = Report::Watched { epoch: at, evidence: board.evidence.clone(), requests, flowing };
            let after = shared.report(self.id, report).await?;
            if let Some(breach) = after.breach.as_ref().filter(|_| after.breach != rollout.breach) {
                let (id, metric) = (self.id, &breach.metric);
                tracing::warn!(rollout.id = id.0, metric, "rollout {id}: {} [{}]", breach.sentence(), breach.query);
            }
        }
        shared.boards.put(self.id, board);
        // A chart with a gap is no reason to lose count of what was seen.
        if let Err(error) = shared.store.add_samples(self.id, &samples).await {
            tracing::warn!(rollout.id = self.id.0, %error, "what was measured of rollout {} is not kept", self.id);
        }
        shared.feed.tell(self.id);
        Ok(())
    }

    fn samples_of(&self, rollout: &Rollout, both: &Both, seen: &Evidence) -> Vec<Sample> {
        let threshold = seen.threshold.map(rollout::metric::Amount::value);
        let sample = |slot, value| Sample { metric: seen.metric.clone(), slot, at: seen.at, value, threshold };
        let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
        let mut samples = vec![sample(rollout.start.slot, finite(both.new.value()))];
        if let (Some(old), Some(slot)) = (&both.old, rollout.old_slot()) {
            samples.push(sample(slot, finite(old.value())));
        }
        samples
    }

    /// Since the weight is what it is, however long that was ago; after a restart, of what was heard since.
    fn requests_at_weight(&mut self, slot: Slot, shifted: Option<Timestamp>, since_shift: Millis) -> u64 {
        let Ok(log) = &self.collector.router else { return 0 };
        let total = log.total(slot);
        let before = match self.counted {
            Some((of, before)) if of == shifted => before,
            _ => total.saturating_sub(log.requests(slot, since_shift)),
        };
        self.counted = Some((shifted, before));
        total.saturating_sub(before)
    }

    fn requests(&self, slot: Slot, window: Millis) -> u64 {
        self.collector.router.as_ref().map_or(0, |log| log.requests(slot, window))
    }

    /// Open connections to the new and to the old slot, and lost lines of the log. It reads long files: away from the
    /// threads that serve requests.
    async fn ask_the_kernel(&self) -> (Option<(u64, u64)>, u64) {
        let (new, old) = self.ports.clone();
        let log = self.collector.router.as_ref().ok().cloned();
        let work = move || {
            let open = router_log::open_connections(&new).zip(router_log::open_connections(&old));
            (open, log.map_or(0, |log| log.lost()))
        };
        tokio::task::spawn_blocking(work).await.unwrap_or((None, 0))
    }

    /// What the router really gave the new slot, since the weight is what it is.
    fn share(&self, rollout: &Rollout, since_shift: Millis, open: Option<(u64, u64)>) -> Option<Share> {
        self.collector.router.as_ref().ok()?;
        let window = SHARE_WINDOW.min(since_shift);
        let (new, old) = (self.requests(rollout.start.slot, window), self.requests(rollout.start.slot.other(), window));
        let all = new + old;
        Some(Share {
            weight: rollout.weight,
            measured: (all > 0).then(|| new as f64 / all as f64),
            requests: all,
            rate: all as f64 / (window.0.max(1_000) as f64 / 1e3),
            window,
            open,
        })
    }

    /// How many requests the bake still wants, and until when at today's rate.
    fn wanted(&self, rollout: &Rollout, have: u64, since_shift: Millis, now: Timestamp) -> Option<Wanted> {
        let (_, step) = rollout.running()?;
        let Step::Bake { stage } = step else { return None };
        let want = rollout.stage(stage)?.min_requests;
        if want == 0 {
            return None;
        }
        let window = SHARE_WINDOW.min(since_shift);
        let recent = self.requests(rollout.start.slot, window);
        let left = want.saturating_sub(have);
        let until = (recent > 0).then(|| now + Millis(left * window.0.max(1_000) / recent));
        Some(Wanted { have, want, until })
    }
}

/// How long the weight has been as it is.
fn since_last_shift(rollout: &Rollout, now: Timestamp) -> Millis {
    rollout.epoch().shifted.map_or(Millis::ZERO, |at| now - at)
}
