//! The router is not as it was left: what stops for that, and what people can do about it.

use super::person::required;
use crate::actor::Actor;
use crate::command::Refusal;
use crate::event::Event;
use crate::plan::Step;
use crate::slot::{Split, Weight};
use crate::state::{Rollout, StepStatus};

impl Rollout {
    pub(super) fn drifted(&self, expected: Split, what: &str, seen: Option<Split>) -> Vec<Event> {
        // It was looked at before the weight became what it is; or it is on its way to another one.
        if self.ended.is_some() || expected != self.split() || self.is_shifting() {
            return vec![];
        }
        // Told once, and again when it splits the traffic in yet another way.
        if self.drift.as_ref().is_some_and(|known| known.seen == seen) {
            return vec![];
        }
        let drift = Event::Drifted { what: what.to_owned(), seen };
        let held = self.hold_over_drift().filter(|_| self.would_go_on());
        std::iter::once(drift).chain(held).collect()
    }

    pub(super) fn drift_ended(&self, how: &str) -> Vec<Event> {
        match self.drift {
            Some(_) => vec![Event::DriftEnded { how: how.to_owned() }],
            None => vec![],
        }
    }

    pub(super) fn not_put_right(&self, why: &str) -> Vec<Event> {
        match self.drift {
            Some(_) => vec![Event::NotPutRight { why: why.to_owned() }],
            None => vec![],
        }
    }

    /// Nothing is baked and nothing is shifted over drift that is known.
    pub(super) fn held_by_drift(&self) -> Option<Event> {
        self.drift.as_ref()?;
        self.hold_over_drift().filter(|_| self.would_go_on())
    }

    fn hold_over_drift(&self) -> Option<Event> {
        let forward = self.back.is_none() && self.ended.is_none();
        (forward && self.held.is_none()).then(|| Event::Held { reason: "the router was not as it was left".to_owned() })
    }

    /// Time at this weight counts, or traffic and what follows it are next.
    fn would_go_on(&self) -> bool {
        self.current().is_some_and(|(_, record)| match (record.step, &record.status) {
            (Step::Bake { .. } | Step::Monitor, StepStatus::Running { .. }) => true,
            (Step::Handover | Step::Promote, StepStatus::Pending) => true,
            (Step::Shift { stage }, StepStatus::Pending) => self.gate.is_none() && self.gate_before(stage).is_none(),
            _ => false,
        })
    }

    pub(super) fn must_not_drift(&self, what: &str) -> Result<(), Refusal> {
        match self.drift {
            Some(_) => Err(Refusal::not_now(format!(
                "The router is not as it was left, and nothing is shifted over that: have it put right first, then {what}."
            ))),
            None => Ok(()),
        }
    }

    pub(super) fn put_right(&self, reason: &str) -> Result<Vec<Event>, Refusal> {
        self.must_not(self.ended.is_some(), "This rollout has ended: the router is the application's now.")?;
        self.must_not(self.drift.is_none(), "The router is as it was left: there is nothing to put right.")?;
        self.must_not(self.is_shifting(), "Traffic is being shifted right now: wait until that is done.")?;
        Ok(vec![Event::PutRight { reason: why_put_right(reason)? }])
    }

    /// Never a higher weight: nothing reaches a slot beyond what was approved. And held then, for whoever set it by hand had
    /// a reason, and the stages above begin anew.
    pub(super) fn adopt_weight(&self, actor: &Actor, weight: Weight, reason: &str) -> Result<Vec<Event>, Refusal> {
        self.must_go_forward()?;
        let real = self.adoptable()?;
        if weight != real {
            return Err(Refusal::not_now(format!("The router has moved on: it now says {real}. Look again.")));
        }
        let reason = required("reason", reason, "Say why the router's own weight is right.")?;
        let adopted = Event::Adopted { weight, reason };
        let held = Event::Held { reason: format!("{actor} adopted {weight}, which the router was set to by hand") };
        Ok(std::iter::once(adopted).chain(self.held.is_none().then_some(held)).collect())
    }

    /// The weight that the router really has, if it may become the rollout's.
    ///
    /// # Errors
    /// When there is no drift, or putting right is all that can be done about it.
    pub(crate) fn adoptable(&self) -> Result<Weight, Refusal> {
        let drift = self.drift.as_ref();
        let drift =
            drift.ok_or_else(|| Refusal::not_now("The router is as it was left: there is nothing to adopt."))?;
        let seen = drift.seen.ok_or_else(|| {
            Refusal::not_now("The router does not say how it splits the traffic: there is no weight to adopt.")
        })?;
        let slot = self.start.slot;
        let weight = seen.share(slot);
        if !seen.is_like(Split { to: slot, weight }) {
            return Err(Refusal::not_now(
                "The router gives the slots other sessions than Crossfade does: have it put right.",
            ));
        }
        if weight >= self.weight {
            return Err(Refusal::not_now(format!(
                "The router is at {weight}, and nothing reaches {slot} beyond the {} that it was left at: have it put right.",
                self.weight
            )));
        }
        let all = self.weight == Weight::ALL || self.promoted_full.is_some();
        self.must_not(all, "All traffic goes to the new slot, and no stage is left: have it put right, or go back.")?;
        let works = self.running().is_some_and(|(_, step)| !step.is_clock());
        self.must_not(works, "A step is at work right now: wait until it is done.")?;
        Ok(weight)
    }
}

/// The reason of whoever has a router put right, in or outside of a rollout.
///
/// # Errors
/// When there is none, or it is too long.
pub fn why_put_right(reason: &str) -> Result<String, Refusal> {
    required("reason", reason, "Say why: the next person will want to know what was done to the router.")
}
