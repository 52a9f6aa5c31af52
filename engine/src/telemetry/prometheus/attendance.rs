//! Who was asked, who answered, and when: whether there is enough to speak of.

use super::page::Page;
use super::track::Within;
use rollout::clock::{Millis, Timestamp};
use std::collections::{BTreeMap, VecDeque};

/// An answer is stale after so many looks, and not before `FRESH`.
const LOOKS: u64 = 3;
const FRESH: Millis = Millis::seconds(15);
/// Between the moments at which instances are asked in one look.
const TOGETHER: Millis = Millis::seconds(1);
/// The usual time between two looks is that of the last so many.
const RECENT: usize = 15;
/// A process that began so much before it was last heard, by a clock that may be another, is still the same one.
const SLACK: f64 = 10.0;

#[derive(Default)]
pub(super) struct Attendance {
    instances: BTreeMap<String, Record>,
}

#[derive(Default)]
struct Record {
    /// Oldest first, and whether it answered.
    asked: VecDeque<(Timestamp, bool)>,
    answered: Option<Timestamp>,
    /// Why it did not, since it last did.
    why: String,
    /// When its process began, in seconds since 1970.
    started: Option<f64>,
}

impl Record {
    fn last_asked(&self) -> Option<Timestamp> {
        self.asked.back().map(|(at, _)| *at)
    }

    fn ask(&mut self, at: Timestamp, answered: bool) {
        match self.asked.back_mut() {
            Some((last, before)) if *last == at => *before = answered,
            _ => self.asked.push_back((at, answered)),
        }
    }

    fn answered_at(&self, at: Timestamp) -> Option<bool> {
        let asked = self.asked.binary_search_by_key(&at, |(at, _)| *at).ok()?;
        self.asked.get(asked).map(|(_, answered)| *answered)
    }
}

impl Attendance {
    /// Gives whether the process began anew since its last answer. Its counters tell, too, but not when they are
    /// beyond the old ones already. A start that only moved a little, or by a clock that was set, is none: a process
    /// that begins anew begins after its predecessor's last answer.
    pub fn answered(&mut self, instance: &str, page: &Page) -> bool {
        let record = self.record(instance);
        let started = page.started();
        let restarted = match (record.started, started, record.answered) {
            (Some(before), Some(now), Some(heard)) => now > before + 1.0 && now > heard.0 as f64 / 1e3 - SLACK,
            _ => false,
        };
        record.started = started.or(record.started);
        record.answered = Some(page.at);
        record.why.clear();
        record.ask(page.at, true);
        restarted
    }

    pub fn failed(&mut self, instance: &str, at: Timestamp, why: String) {
        let record = self.record(instance);
        record.why = why;
        record.ask(at, false);
    }

    fn record(&mut self, instance: &str) -> &mut Record {
        self.instances.entry(instance.to_owned()).or_default()
    }

    /// Whether it answered when it was asked at this very moment. `None`: it was not asked.
    pub fn answered_at(&self, instance: &str, at: Timestamp) -> Option<bool> {
        self.instances.get(instance)?.answered_at(at)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.instances.keys().map(String::as_str)
    }

    /// The usual time between two looks; zero before the second one.
    pub fn interval(&self) -> Millis {
        let recent = |record: &Record| record.asked.iter().rev().take(RECENT).map(|(at, _)| *at).collect::<Vec<_>>();
        let mut gaps: Vec<Millis> = self
            .instances
            .values()
            .flat_map(|r| recent(r).windows(2).map(|two| two[0] - two[1]).collect::<Vec<_>>())
            .collect();
        gaps.sort_unstable();
        gaps.get(gaps.len().saturating_sub(1) / 2).copied().unwrap_or(Millis::ZERO)
    }

    /// What is older than this is stale.
    pub fn fresh(&self) -> Millis {
        Millis(self.interval().0.saturating_mul(LOOKS)).max(FRESH)
    }

    /// Why what is there is not enough to speak for the slot: nobody answers any more, or one of several does not.
    pub fn problem(&self, within: Within) -> Option<String> {
        let now = within.end;
        let limit = self.fresh();
        let last_look = self.instances.values().filter_map(Record::last_asked).max()?;
        // One that is asked no more counts for as long as it is part of the window. One that never answered, and is
        // asked no more, is none.
        let counts = |record: &Record| {
            let is_asked = record.last_asked().is_some_and(|at| last_look - at <= TOGETHER);
            is_asked || record.answered.is_some_and(|at| at >= within.start)
        };
        let all: Vec<(&String, &Record)> = self.instances.iter().filter(|(_, record)| counts(record)).collect();
        let is_fresh = |record: &Record| record.answered.is_some_and(|at| at >= within.start && now - at <= limit);
        let missing: Vec<_> = all.iter().filter(|(_, record)| !is_fresh(record)).collect();
        let (name, record) = missing.first()?;
        let why = match (record.answered, record.why.as_str()) {
            (Some(_), "") => format!("{name} is asked no more"),
            (_, why) => format!("{name}: {why}"),
        };
        let newest = missing.iter().filter_map(|(_, record)| record.answered).max();
        Some(match (missing.len() == all.len(), newest) {
            (true, None) => why,
            (true, Some(newest)) => format!("stale: last answer {} ago ({why})", now - newest),
            (false, _) => {
                let since = record.answered.map(|at| format!(", last answer {} ago", now - at)).unwrap_or_default();
                format!("the samples of {} of {} instances are missing ({why}{since})", missing.len(), all.len())
            }
        })
    }

    /// Whose records the clock, which now shows this, has not reached any more; `asked` is who is being asked.
    pub fn is_ahead(&self, instance: &str, asked: &str, at: Timestamp) -> bool {
        let Some(record) = self.instances.get(instance) else { return false };
        let allowed = if instance == asked { Millis::ZERO } else { TOGETHER };
        record.last_asked().is_some_and(|last| last - at > allowed)
    }

    /// Whether it answered at this moment or later.
    pub fn has_answered_since(&self, instance: &str, at: Timestamp) -> bool {
        self.instances.get(instance).and_then(|record| record.answered).is_some_and(|answered| answered >= at)
    }

    pub fn forget_after(&mut self, instance: &str, at: Timestamp) {
        if let Some(record) = self.instances.get_mut(instance) {
            record.asked.retain(|(asked, _)| *asked <= at);
            record.answered = record.answered.map(|answered| answered.min(at));
        }
    }

    pub fn has(&self, instance: &str) -> bool {
        self.instances.contains_key(instance)
    }

    /// And those altogether who were not asked since.
    pub fn forget_before(&mut self, at: Timestamp) {
        for record in self.instances.values_mut() {
            while record.asked.len() > 1 && record.asked.front().is_some_and(|(asked, _)| *asked < at) {
                record.asked.pop_front();
            }
        }
        self.instances.retain(|_, record| record.last_asked().is_some_and(|last| last >= at));
    }
}
