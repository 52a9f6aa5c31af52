//! What looks at the metrics lead to: on, a wait, a hold, or the way back.

use crate::clock::{Millis, Timestamp};
use crate::event::{Event, Outcome};
use crate::metric::{Act, Evidence};
use crate::plan::Step;
use crate::state::Rollout;

/// How long after its time a bake waits for a verdict.
const PATIENCE: Millis = Millis::seconds(600);

impl Rollout {
    /// Traffic has moved and may still go either way: metrics are looked at.
    pub fn wants_watching(&self) -> bool {
        self.moved && self.back.is_none() && self.ended.is_none() && !self.is_roll_back()
    }

    /// A clock that the metrics end, and not the time alone.
    pub fn is_watched(&self, step: Step) -> bool {
        self.start.plan.watched && matches!(step, Step::Bake { .. } | Step::Monitor)
    }

    pub(super) fn watched(&self, seen: &[Evidence], requests: u64, flowing: bool, now: Timestamp) -> Vec<Event> {
        if !self.wants_watching() {
            return vec![];
        }
        let bad = |act: Act| seen.iter().find(move |evidence| evidence.act == act);
        match (bad(Act::RollBack), bad(Act::Hold)) {
            (Some(breach), _) => self.breached(breach, true),
            (None, Some(breach)) => self.breached(breach, false),
            (None, None) => self.end_of_watch(seen, requests, flowing, now),
        }
    }

    fn breached(&self, breach: &Evidence, wants_back: bool) -> Vec<Event> {
        let told = Event::Breached { evidence: Box::new(breach.clone()) };
        let sentence = breach.sentence();
        if wants_back && self.goes_back_by_itself() {
            // An admin's freeze means that nothing moves by itself, back neither.
            if self.frozen.is_some() {
                return vec![];
            }
            return vec![
                told,
                Event::TurnedBack { outcome: Outcome::RolledBack, reason: sentence, migrate_down: false },
            ];
        }
        if self.stopped.is_some() {
            return vec![];
        }
        let reason = match wants_back && self.is_unsafe_to_return() {
            true => format!("{sentence}. It would be rolled back, but that is unsafe after its migration"),
            false => sentence,
        };
        vec![told, Event::Held { reason }]
    }

    /// A bake ends when its time is up, it has had its requests, and every metric is well.
    fn end_of_watch(&self, seen: &[Evidence], requests: u64, flowing: bool, now: Timestamp) -> Vec<Event> {
        let Some((index, step)) = self.running().filter(|(_, step)| self.is_watched(*step)) else { return vec![] };
        if self.deadline().is_none_or(|deadline| deadline > now) {
            return vec![];
        }
        let wanted = match step {
            Step::Bake { stage } => self.stage(stage).map_or(0, |stage| stage.min_requests),
            _ => 0,
        };
        if let Some(blind) = seen.iter().find(|evidence| evidence.act == Act::Ask) {
            let reason = format!("{}, {} times in a row", blind.sentence(), blind.in_a_row);
            return vec![Event::StepInconclusive { step: index, reason }];
        }
        if requests < wanted && !flowing {
            let place = self.start.slot;
            let reason = format!("{requests} of the {wanted} requests wanted reached {place}, and no more come");
            return vec![Event::StepInconclusive { step: index, reason }];
        }
        if let Some(waits) = seen.iter().find(|evidence| evidence.act == Act::Wait) {
            // Not for ever: what cannot be told by then is for a person.
            if self.deadline().is_none_or(|deadline| now - deadline < PATIENCE) {
                return vec![];
            }
            let reason = format!("{}, and its time has been up for {PATIENCE}", waits.sentence());
            return vec![Event::StepInconclusive { step: index, reason }];
        }
        if requests < wanted {
            return vec![];
        }
        let judged = seen.iter().filter(|evidence| !evidence.dry_run).count();
        let summary = match judged {
            0 => format!("time is up, after {requests} requests"),
            1 => format!("time is up, and the metric is well after {requests} requests"),
            more => format!("time is up, and {more} metrics are well after {requests} requests"),
        };
        let done = Event::StepSucceeded { step: index, summary, images: Default::default() };
        self.with_end(index, done, now)
    }
}
