//! What each button would do, right now, for this person.

use crate::actor::Actor;
use crate::clock::{Millis, Timestamp};
use crate::command::{Ask, AskKind, Command, Refusal};
use crate::decide::on_purpose;
use crate::event::Outcome;
use crate::plan::Step;
use crate::policy::{Permission, authorize};
use crate::slot::Weight;
use crate::state::{Doing, Rollout};

/// A thing a person can ask, with its consequence, or why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub kind: AskKind,
    /// On the button.
    pub label: String,
    /// What happens then, in a sentence.
    pub consequence: String,
    /// What the person has to write.
    pub input: Input,
    /// Why it cannot be asked now, or not by this person.
    pub refused: Option<Refusal>,
}

/// What goes with an ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    Nothing,
    /// Text that may be left empty.
    Optional,
    Required,
}

impl Rollout {
    /// Everything that can be asked, in the order of [`AskKind::ALL`].
    pub fn offers(&self, actor: &Actor, now: Timestamp) -> Vec<Offer> {
        AskKind::ALL.into_iter().map(|kind| self.offer(actor, kind, now)).collect()
    }

    /// One of them.
    pub fn offer(&self, actor: &Actor, kind: AskKind, now: Timestamp) -> Offer {
        let refused = match kind {
            // A finished rollout is undone by one of its own.
            AskKind::RollBack if self.can_be_undone() => {
                authorize(actor, Permission::Ask(kind)).and_then(|()| self.may_undo(actor)).err()
            }
            _ => authorize(actor, Permission::Ask(kind))
                .and_then(|()| self.decide(actor, &Command::Person(self.example(kind)), now).map(drop))
                .err(),
        };
        let (label, input) = (self.label(kind), self.input(kind));
        let moves = match kind {
            AskKind::Approve | AskKind::PromoteFull => true,
            AskKind::Reject | AskKind::Abort | AskKind::RollBack => self.has_traffic_to_return(),
            _ => false,
        };
        let takes = if moves { self.until_it_holds() } else { String::new() };
        let consequence = format!("{} {takes}", self.consequence(kind)).trim().to_owned();
        Offer { kind, label, consequence, input, refused }
    }

    fn may_undo(&self, actor: &Actor) -> Result<(), Refusal> {
        if self.is_unsafe_to_return() { on_purpose(actor, "words") } else { Ok(()) }
    }

    /// It succeeded, and its old slot is still warm.
    pub fn can_be_undone(&self) -> bool {
        self.warm_until().is_some()
    }

    /// A well-formed ask of this kind: what is refused then is refused for the state, not for its words.
    fn example(&self, kind: AskKind) -> Ask {
        let stage = self.gate.as_ref().map_or(0, |gate| gate.stage);
        let words = || "words".to_owned();
        match kind {
            AskKind::Approve => Ask::Approve { stage, comment: words() },
            AskKind::Reject => Ask::Reject { stage, comment: words() },
            AskKind::Hold => Ask::Hold { reason: words() },
            AskKind::Resume => Ask::Resume,
            AskKind::Retry => Ask::Retry,
            AskKind::Abort => Ask::Abort { reason: words() },
            AskKind::RollBack => Ask::RollBack { reason: words(), migrate_down: false },
            AskKind::Skip => Ask::Skip { reason: words() },
            AskKind::PromoteFull => Ask::PromoteFull { reason: words() },
            AskKind::ExtendKeepWarm => Ask::ExtendKeepWarm { by: Millis::hours(1) },
            AskKind::CleanUpNow => Ask::CleanUpNow,
            AskKind::ExtendDrain => Ask::ExtendDrain { by: Millis::seconds(60) },
            AskKind::DrainNow => Ask::DrainNow { cut: None },
            AskKind::AddNote => Ask::AddNote { text: words() },
            AskKind::Freeze => Ask::Freeze { reason: words() },
            AskKind::Thaw => Ask::Thaw,
            AskKind::PutRight => Ask::PutRight { reason: words() },
            AskKind::Adopt => Ask::Adopt { weight: self.adoptable().unwrap_or_default(), reason: words() },
        }
    }

    fn label(&self, kind: AskKind) -> String {
        match kind {
            AskKind::Approve => match self.gate.as_ref().and_then(|gate| self.stage(gate.stage)) {
                Some(stage) => format!("Approve {}", stage.weight),
                None => "Approve".to_owned(),
            },
            AskKind::Reject => "Reject".to_owned(),
            AskKind::Hold => "Hold".to_owned(),
            AskKind::Resume => "Resume".to_owned(),
            AskKind::Retry => match self.doing() {
                Doing::StepFailed(index) | Doing::Inconclusive(index) => {
                    self.steps.get(index).map_or_else(|| "Retry".to_owned(), |record| format!("Retry {}", record.step))
                }
                _ => "Retry".to_owned(),
            },
            AskKind::Abort => "Abort".to_owned(),
            AskKind::RollBack => match &self.start.from {
                Some(version) => format!("Roll back to {version}"),
                None => "Roll back".to_owned(),
            },
            AskKind::Skip => "Go on all the same".to_owned(),
            AskKind::PromoteFull => "Promote full".to_owned(),
            AskKind::ExtendKeepWarm => "Extend keep warm".to_owned(),
            AskKind::CleanUpNow => "Clean up now".to_owned(),
            AskKind::ExtendDrain => "Extend".to_owned(),
            AskKind::DrainNow => "Drain now".to_owned(),
            AskKind::AddNote => "Add note".to_owned(),
            AskKind::Freeze => "Freeze".to_owned(),
            AskKind::Thaw => "Thaw".to_owned(),
            AskKind::PutRight => "Put right".to_owned(),
            AskKind::Adopt => match self.adoptable() {
                Ok(weight) => format!("Adopt {weight}"),
                Err(_) => "Adopt".to_owned(),
            },
        }
    }

    fn consequence(&self, kind: AskKind) -> String {
        let (new, old) = (self.new_place(), self.old_place());
        match kind {
            AskKind::Approve => self.consequence_of_approval(),
            AskKind::Reject | AskKind::Abort => self.consequence_of_stopping(kind),
            AskKind::Hold => format!("{} of the traffic stays on {new}. Clocks stop, no stage begins.", self.staying()),
            AskKind::Resume if self.frozen.is_some() => "It stays frozen until an admin thaws it.".to_owned(),
            AskKind::Resume => match self.held_by_breach() {
                Some(breach) => format!(
                    "Clocks and stages go on where they stopped. {} is looked at anew: if it is still bad, this stops again.",
                    breach.metric
                ),
                None => "Clocks and stages go on where they stopped.".to_owned(),
            },
            AskKind::Retry if self.baking_anew().is_some() => {
                let (length, soon) = (self.baking_anew().unwrap_or_default(), self.soon());
                format!(
                    "{} stays for another {length}, beginning {soon}. Requests at this weight still count.",
                    self.weight
                )
            }
            AskKind::Retry => match self.stopped {
                None => "The step is tried once more; nothing before it is done again.".to_owned(),
                Some(_) => format!("The step is tried once more, {}.", self.soon()),
            },
            AskKind::RollBack if self.is_unsafe_to_return() => format!(
                "UNSAFE: {}. All traffic goes back to it all the same; then {new} is stopped.",
                self.unsafe_words()
            ),
            AskKind::RollBack => {
                format!("All traffic goes back to {old}, once it is seen to be well; then {new} is stopped.")
            }
            AskKind::Skip => match self.back {
                Some(_) => format!("The database is left as it is, and {new} is stopped."),
                None => format!(
                    "The bake is taken as passed without a verdict; what comes next, comes. {} stays.",
                    self.weight
                ),
            },
            AskKind::PromoteFull if self.back.is_some() => {
                format!("The way back is given up: {new} gets 100 % at once, without the approvals and bakes left.")
            }
            AskKind::PromoteFull => {
                let when = match (self.moved, self.stopped) {
                    (false, None) => "as soon as its checks have passed",
                    _ => self.soon(),
                };
                format!("Every approval and bake that is left is skipped: {new} gets 100 % {when}.")
            }
            AskKind::ExtendKeepWarm => format!("{old} stays up longer, ready for a roll back."),
            AskKind::CleanUpNow => match self.start.plan.drain {
                Millis::ZERO => format!("{old} is stopped. Rolling back then takes a rollout of its own."),
                drain => format!(
                    "{old} is stopped as soon as nothing is open there, in {drain} at the latest. Rolling back then takes \
                     a rollout of its own."
                ),
            },
            AskKind::ExtendDrain => format!("What is open on {} gets more time to end.", self.drained_slot()),
            AskKind::DrainNow => match self.back {
                Some(_) => format!("What is still open on {new} is cut, and it is stopped."),
                None if self.ended.is_some() => format!("What is still open on {old} is cut, and it is stopped."),
                None => format!(
                    "What is still open on {} is cut, and {} is prepared there.",
                    self.drained_slot(),
                    self.start.release
                ),
            },
            AskKind::AddNote => "Kept in the history of this rollout.".to_owned(),
            AskKind::Freeze => format!("{} of the traffic stays on {new} until an admin thaws it.", self.staying()),
            AskKind::Thaw if self.held.is_some() => "It stays held until somebody resumes it.".to_owned(),
            AskKind::Thaw => "Clocks and stages go on where they stopped.".to_owned(),
            AskKind::PutRight => format!(
                "The router is brought back to how Crossfade left it: {} of the traffic to {new}. A file that was edited is kept \
                 beside it.",
                self.weight
            ),
            AskKind::Adopt => match self.adoptable() {
                Ok(weight) => format!(
                    "{weight} of the traffic to {new} is right from now on, and the rollout is held there. Stages above it begin anew, \
                     each after its approvals."
                ),
                Err(refusal) => refusal.to_string(),
            },
        }
    }

    fn consequence_of_approval(&self) -> String {
        let Some(gate) = &self.gate else { return String::new() };
        let Some(stage) = self.stage(gate.stage) else { return String::new() };
        let count = stage.approve.as_ref().map_or(1, |rule| rule.count) as usize;
        let (new, soon) = (self.new_place(), self.soon());
        match count.saturating_sub(gate.approved_by.len() + 1) {
            0 if stage.bake.is_zero() && stage.min_requests == 0 => {
                format!("{} of the traffic goes to {new} {soon}.", stage.weight)
            }
            0 => {
                let least = if self.start.plan.watched { "at least " } else { "" };
                let requests = match stage.min_requests {
                    0 => String::new(),
                    wanted => format!(" and {wanted} requests"),
                };
                let stays = format!("and stays there for {least}{}{requests}", stage.bake);
                format!("{} of the traffic goes to {new} {soon}, {stays}.", stage.weight)
            }
            1 => "Your yes is recorded; one more is needed.".to_owned(),
            more => format!("Your yes is recorded; {more} more are needed."),
        }
    }

    /// How long the bake or the monitor lasts that would be tried once more, because it could not tell.
    fn baking_anew(&self) -> Option<Millis> {
        let Doing::Inconclusive(index) = self.doing() else { return None };
        match self.steps.get(index)?.step {
            Step::Bake { stage } => self.stage(stage).map(|stage| stage.bake),
            Step::Monitor => Some(self.start.plan.monitor),
            _ => None,
        }
    }

    fn input(&self, kind: AskKind) -> Input {
        let returns_unsafely = self.is_unsafe_to_return() && (self.has_traffic_to_return() || self.can_be_undone());
        match kind {
            AskKind::Resume | AskKind::Retry | AskKind::CleanUpNow | AskKind::DrainNow | AskKind::Thaw => {
                Input::Nothing
            }
            AskKind::Abort | AskKind::RollBack if returns_unsafely => Input::Required,
            AskKind::Approve | AskKind::Hold | AskKind::Abort | AskKind::RollBack => Input::Optional,
            AskKind::Reject
            | AskKind::Skip
            | AskKind::PromoteFull
            | AskKind::ExtendKeepWarm
            | AskKind::ExtendDrain
            | AskKind::AddNote
            | AskKind::Freeze
            | AskKind::PutRight
            | AskKind::Adopt => Input::Required,
        }
    }

    fn drained_slot(&self) -> &'static str {
        self.draining().map_or(self.start.slot, |draining| draining.slot).as_str()
    }

    /// When what is asked for now will happen.
    fn soon(&self) -> &'static str {
        match (&self.held, &self.frozen) {
            (None, None) => "at once",
            (Some(_), None) => "once it is resumed",
            (None, Some(_)) => "once it is thawed",
            (Some(_), Some(_)) => "once it is resumed and thawed",
        }
    }

    /// The weight at which a hold leaves it: a shift that is under way is finished first.
    fn staying(&self) -> Weight {
        match self.running() {
            Some((_, Step::Shift { stage })) => self.stage(stage).map_or(self.weight, |stage| stage.weight),
            _ => self.weight,
        }
    }

    fn consequence_of_stopping(&self, kind: AskKind) -> String {
        let (new, old) = (self.new_place(), self.old_place());
        if self.is_roll_back() {
            return format!("The roll back is given up: {new} keeps the traffic. The rollout ends as aborted.");
        }
        let danger = match self.has_traffic_to_return() && self.is_unsafe_to_return() {
            true => format!("UNSAFE: {}. ", self.unsafe_words()),
            false => String::new(),
        };
        let ends = match (kind, self.outcome_of_stopping()) {
            (AskKind::Abort, Outcome::Failed) => "failed",
            (AskKind::Abort, _) | (_, Outcome::Aborted) => "aborted",
            _ => "rolled back",
        };
        let stopped = match self.prepared() {
            true => format!("{new} is stopped."),
            false => "Nothing was prepared yet.".to_owned(),
        };
        let happens = match (self.moved, self.old_slot()) {
            (false, Some(_)) => format!("{stopped} {old} keeps all the traffic."),
            (false, None) => stopped,
            (true, Some(_)) => format!("All traffic goes back to {old}; then {new} is stopped."),
            (true, None) => {
                format!("{stopped} It is the application's only release: nothing answers until another is started.")
            }
        };
        format!("{danger}{happens} The rollout ends as {ends}.")
    }
}
