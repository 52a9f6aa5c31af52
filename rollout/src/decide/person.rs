//! What people ask, and when it is refused.

use crate::actor::{Actor, Role};
use crate::clock::Millis;
use crate::command::{Ask, Refusal};
use crate::event::{Event, Outcome, RolloutId, StepIndex};
use crate::metric::Evidence;
use crate::plan::Step;
use crate::state::{Doing, Rollout};

/// Longest comment, reason or note, in characters.
pub const LONGEST_TEXT: usize = 2_000;

impl Rollout {
    pub(super) fn decide_ask(&self, actor: &Actor, ask: &Ask, seen: &[Evidence]) -> Result<Vec<Event>, Refusal> {
        match ask {
            Ask::Approve { stage, comment } => {
                self.may_decide(actor, *stage)?;
                self.counts(actor, *stage)?;
                self.must_not_drift("approve")?;
                let comment = text("comment", comment)?;
                Ok(vec![Event::Approved { stage: *stage, comment, evidence: seen.to_vec() }])
            }
            Ask::Reject { stage, comment } => {
                self.may_decide(actor, *stage)?;
                let comment =
                    required("comment", comment, "Say why it is rejected: the next person will want to know.")?;
                self.must_be_safe_or_on_purpose(actor, &comment)?;
                let reason = format!("{actor} rejected it: {comment}");
                let back = turned_back(self.outcome_of_stopping(), reason);
                Ok(vec![Event::Rejected { stage: *stage, comment, evidence: seen.to_vec() }, back])
            }
            Ask::Hold { reason } => {
                self.must_go_forward()?;
                self.must_not(self.held.is_some(), "It is held already.")?;
                Ok(vec![Event::Held { reason: text("reason", reason)? }])
            }
            Ask::Resume => {
                self.must_go_forward()?;
                self.must_not(self.held.is_none(), "It is not held.")?;
                self.must_not_drift("resume")?;
                Ok(vec![Event::Resumed])
            }
            Ask::Freeze { reason } => {
                self.must_go_forward()?;
                self.must_not(self.frozen.is_some(), "It is frozen already.")?;
                Ok(vec![Event::Frozen { reason: required("reason", reason, "Say why it is frozen.")? }])
            }
            Ask::Thaw => {
                self.must_go_forward()?;
                self.must_not(self.frozen.is_none(), "It is not frozen.")?;
                Ok(vec![Event::Thawed])
            }
            Ask::Retry => match self.doing() {
                Doing::StepFailed(step) | Doing::Inconclusive(step) => {
                    if matches!(
                        self.steps.get(step).map(|record| record.step),
                        Some(Step::Shift { .. } | Step::Promote)
                    ) {
                        self.must_not_drift("retry")?;
                    }
                    Ok(vec![Event::Retried { step }])
                }
                _ => Err(Refusal::not_now("No step has failed: there is nothing to retry.")),
            },
            Ask::Abort { reason } => self.abort(actor, reason),
            Ask::RollBack { reason, migrate_down } => self.roll_back(actor, reason, *migrate_down),
            Ask::Skip { reason } => self.skip(reason),
            Ask::PromoteFull { reason } => self.promote_full(reason),
            Ask::ExtendKeepWarm { by } => self.extend_keep_warm(*by),
            Ask::CleanUpNow => {
                self.must_be_warm()?;
                Ok(vec![Event::KeepWarmEnded { reason: format!("ended by {actor}"), stop: true }])
            }
            Ask::PutRight { reason } => self.put_right(reason),
            Ask::Adopt { weight, reason } => self.adopt_weight(actor, *weight, reason),
            Ask::ExtendDrain { by } => self.extend_drain(*by),
            Ask::DrainNow { cut } => self.drain_now(*cut),
            Ask::AddNote { text } => {
                Ok(vec![Event::NoteAdded { text: required("text", text, "Write the note first.")? }])
            }
        }
    }

    fn abort(&self, actor: &Actor, reason: &str) -> Result<Vec<Event>, Refusal> {
        if self.is_roll_back() && self.cannot_return() {
            return give_up(&text("reason", reason)?);
        }
        self.must_be_open()?;
        let outcome = match self.outcome_of_stopping() {
            Outcome::Failed => Outcome::Failed,
            _ => Outcome::Aborted,
        };
        let reason = text("reason", reason)?;
        self.must_be_safe_or_on_purpose(actor, &reason)?;
        Ok(vec![turned_back(outcome, said(actor, "aborted it", &reason))])
    }

    /// Past what could not tell, and past what is not needed to get the traffic back.
    fn skip(&self, reason: &str) -> Result<Vec<Event>, Refusal> {
        let is = |index: StepIndex, wanted: fn(Step) -> bool| self.steps.get(index).is_some_and(|r| wanted(r.step));
        let step = match self.doing() {
            // Never a check of the slot.
            Doing::Inconclusive(step) if is(step, |step| matches!(step, Step::Bake { .. } | Step::Monitor)) => step,
            Doing::StepFailed(step) if is(step, |step| step == Step::MigrateDown) => step,
            _ => return Err(Refusal::not_now("No bake is inconclusive: there is nothing to go on without.")),
        };
        let reason = required("reason", reason, "Say why it shall go on all the same.")?;
        Ok(vec![Event::StepSkipped { step, reason }])
    }

    fn roll_back(&self, actor: &Actor, reason: &str, migrate_down: bool) -> Result<Vec<Event>, Refusal> {
        if self.ended.is_some() {
            // A finished rollout is undone by a rollout of its own: see `start::roll_back`.
            return Err(Refusal::not_now("This rollout has ended."));
        }
        self.must_be_open()?;
        self.must_not(!self.moved, "No traffic has moved yet: abort it instead.")?;
        self.must_not(
            !self.has_traffic_to_return(),
            "This is the application's first release, and it has the traffic: there is nothing to go back to.",
        )?;
        let reason = text("reason", reason)?;
        self.must_be_safe_or_on_purpose(actor, &reason)?;
        self.must_not(migrate_down && !self.start.plan.can_migrate_down, "Its migration has no way down.")?;
        let reason = match (self.held_by_breach(), &self.held) {
            (Some(_), Some(held)) => {
                format!("{}. It was held: {}", said(actor, "rolled it back", &reason), held.reason)
            }
            _ => said(actor, "rolled it back", &reason),
        };
        Ok(vec![Event::TurnedBack { outcome: Outcome::RolledBack, reason, migrate_down }])
    }

    /// After a migration that the old release may not live with, traffic returns to it only if a release manager says so, and
    /// why.
    pub(crate) fn must_be_safe_or_on_purpose(&self, actor: &Actor, reason: &str) -> Result<(), Refusal> {
        if !self.has_traffic_to_return() || !self.is_unsafe_to_return() {
            return Ok(());
        }
        on_purpose(actor, reason)
    }

    fn promote_full(&self, reason: &str) -> Result<Vec<Event>, Refusal> {
        if !self.may_leave_the_way_back() {
            self.must_skip_a_gate()?;
        }
        let reason = required("reason", reason, "Say why every gate that is left shall be skipped.")?;
        Ok(vec![Event::PromotedFull { reason }])
    }

    fn must_skip_a_gate(&self) -> Result<(), Refusal> {
        self.must_go_forward()?;
        self.must_not(self.promoted_full.is_some(), "It is promoted in full already.")?;
        self.must_not_drift("promote")?;
        let last = self.start.plan.last_stage();
        let gates_left = self.steps.iter().filter(|record| record.status.is_open()).any(|record| match record.step {
            Step::Shift { stage } => Some(stage) != last || self.gate_before(stage).is_some(),
            Step::Bake { .. } | Step::Monitor => true,
            _ => false,
        });
        self.must_not(!gates_left, "No gate is left to skip.")?;
        let failed = matches!(self.doing(), Doing::StepFailed(_));
        self.must_not(failed, "A step has failed, and promoting does not mend it: retry it, or abort.")
    }

    fn extend_keep_warm(&self, by: Millis) -> Result<Vec<Event>, Refusal> {
        self.must_be_warm()?;
        let until = self.warm_until().ok_or_else(not_warm)?;
        if by.is_zero() || by > Millis::hours(24 * 30) {
            return Err(Refusal::invalid("by", "Extend by a time between 1 s and 30 days: 24h."));
        }
        Ok(vec![Event::KeepWarmExtended { until: until + by }])
    }

    /// Is this stage's gate open, and is the actor one who may decide there?
    fn may_decide(&self, actor: &Actor, stage: usize) -> Result<(), Refusal> {
        let gate = self.gate.as_ref().ok_or_else(|| Refusal::not_now("Nothing waits for an approval right now."))?;
        if gate.stage != stage {
            let now = self.stage(gate.stage).map_or_else(String::new, |stage| stage.weight.to_string());
            return Err(Refusal::not_now(format!("The rollout has moved on: it now waits at {now}. Look again.")));
        }
        let rule = self.stage(stage).and_then(|stage| stage.approve.as_ref());
        match rule {
            Some(rule) if !actor.has(rule.role) => Err(Refusal::Forbidden {
                role: rule.role,
                message: format!("This stage is decided by the role {}.", rule.role),
            }),
            _ => Ok(()),
        }
    }

    /// Would this person's yes count?
    fn counts(&self, actor: &Actor, stage: usize) -> Result<(), Refusal> {
        let four_eyes = self.stage(stage).and_then(|stage| stage.approve.as_ref()).is_some_and(|rule| rule.four_eyes);
        if four_eyes && actor.name() == self.started_by.name() {
            return Err(Refusal::not_now(
                "You started this rollout, and this stage needs other eyes: ask someone else.",
            ));
        }
        let said_yes = self.gate.as_ref().is_some_and(|gate| gate.approved_by.contains(actor.name()));
        self.must_not(said_yes, "You approved this stage already; somebody else must, too.")
    }

    fn must_be_open(&self) -> Result<(), Refusal> {
        self.must_not(self.ended.is_some(), "This rollout has ended.")?;
        self.must_not(self.back.is_some(), "It is on the way back already.")
    }

    pub(super) fn must_go_forward(&self) -> Result<(), Refusal> {
        self.must_be_open()
    }

    fn must_be_warm(&self) -> Result<(), Refusal> {
        match self.warm_until() {
            Some(_) => Ok(()),
            None => Err(not_warm()),
        }
    }

    pub(super) fn must_not(&self, wrong: bool, message: &str) -> Result<(), Refusal> {
        if wrong { Err(Refusal::not_now(message)) } else { Ok(()) }
    }

    /// The number of the rollout that this one undoes.
    pub fn undoes(&self) -> Option<RolloutId> {
        match self.start.kind {
            crate::event::Kind::RollBack { of } => Some(of),
            _ => None,
        }
    }
}

/// What it takes to send traffic to a release that the database may not fit any more.
pub(crate) fn on_purpose(actor: &Actor, reason: &str) -> Result<(), Refusal> {
    if !actor.has(Role::ReleaseManager) {
        let message =
            "The migration took away what the old release may need: rolling back is unsafe, and needs the role \
                       release manager."
                .to_owned();
        return Err(Refusal::Forbidden { role: Role::ReleaseManager, message });
    }
    match reason.is_empty() {
        true => Err(Refusal::invalid(
            "reason",
            "The migration took away what the old release may need: say why it shall get the traffic all the same.",
        )),
        false => Ok(()),
    }
}

fn turned_back(outcome: Outcome, reason: String) -> Event {
    Event::TurnedBack { outcome, reason, migrate_down: false }
}

/// A roll back that cannot be done ends where it stands: the release keeps the traffic. Why is kept as a note.
fn give_up(reason: &str) -> Result<Vec<Event>, Refusal> {
    let note = (!reason.is_empty()).then(|| Event::NoteAdded { text: format!("The roll back is given up: {reason}") });
    Ok(note.into_iter().chain([Event::Ended { outcome: Outcome::Aborted }]).collect())
}

fn not_warm() -> Refusal {
    Refusal::not_now("No old slot is kept warm by this rollout.")
}

fn said(actor: &Actor, what: &str, why: &str) -> String {
    if why.is_empty() { format!("{actor} {what}") } else { format!("{actor} {what}: {why}") }
}

fn text(field: &str, value: &str) -> Result<String, Refusal> {
    let value = value.trim();
    match value.chars().count() {
        0..=LONGEST_TEXT => Ok(value.to_owned()),
        long => Err(Refusal::invalid(field, format!("That is {long} characters; {LONGEST_TEXT} are the most."))),
    }
}

pub(super) fn required(field: &str, value: &str, ask: &str) -> Result<String, Refusal> {
    match text(field, value)? {
        empty if empty.is_empty() => Err(Refusal::invalid(field, ask)),
        value => Ok(value),
    }
}
