//! One rollout, its journal, a clock and a crowd: driven as the engine drives it.

use crate::chance::Chance;
use crate::plans::{self, CROWD};
use crate::story::Story;
use rollout::Rollout;
use rollout::actor::{Actor, Role};
use rollout::check::Check;
use rollout::clock::{Millis, Timestamp};
use rollout::command::{Ask, AskKind, Command, Refusal, Report};
use rollout::epoch::Epoch;
use rollout::event::{Entry, Event, RolloutId, Start, StepIndex};
use rollout::metric::{Act, Amount, Evidence, Figure, Unit, Verdict};
use rollout::open::Open;
use rollout::plan::Step;
use rollout::policy::{Permission, authorize};
use rollout::slot::{Split, Weight};
use rollout::state::StepStatus;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;

pub struct World {
    pub rollout: Rollout,
    pub journal: Vec<Entry>,
    pub now: Timestamp,
    /// How many turns in sixteen are not what a rollout needs.
    mischief: u64,
    /// Entries and states take the way through JSON. The slow part of a story, so that not each does it.
    pub as_json: bool,
}

/// Told of every entry, with the state after it.
pub type Watch<'a> = dyn FnMut(&Rollout, &Entry) + 'a;

impl World {
    pub fn new(story: &Story) -> World {
        let mut chance = Chance(story.plan[0] >> 32);
        let mischief = *chance.pick(&[4, 1, 8, 12]);
        let by = plans::starter(&mut chance);
        let world = World::begin(plans::start(&story.plan), by, Timestamp(1_700_000_000_000), mischief);
        World { as_json: chance.once_in(8), ..world }
    }

    pub fn begin(start: Start, by: Actor, now: Timestamp, mischief: u64) -> World {
        let entry = Entry { seq: 1, at: now, by, event: Event::Started(Box::new(start)) };
        World { rollout: Rollout::begin(&entry).unwrap(), journal: vec![entry], now, mischief, as_json: false }
    }

    /// What the number says: time passes, and somebody asks or something happens.
    pub fn turn(&mut self, number: u64, watch: &mut Watch) {
        let mut chance = Chance(number);
        self.pass_time(&mut chance);
        let (actor, command) = match 15 - chance.below(16) < self.mischief {
            false => self.helpful(&mut chance),
            true => self.anything(&mut chance),
        };
        let _ = self.perform(&actor, &command, watch);
        // Mostly the engine goes on at once; sometimes a person is faster.
        if !chance.once_in(4) {
            self.advance(watch);
        }
    }

    /// What the engine does after everything: as long as there is something to do, it does it.
    pub fn advance(&mut self, watch: &mut Watch) -> bool {
        for round in 0..8 {
            let events = self.perform(&Actor::Engine, &Command::Engine(Report::Advance), watch).unwrap();
            if events == 0 {
                return round > 0;
            }
        }
        panic!("it goes on and on: {:?}", self.rollout);
    }

    /// As `Engine` does: permission, decision, journal, state.
    pub fn perform(&mut self, actor: &Actor, command: &Command, watch: &mut Watch) -> Result<usize, Refusal> {
        if let Command::Person(ask) = command {
            authorize(actor, Permission::Ask(ask.kind()))?;
        }
        let events = self.rollout.decide(actor, command, self.now)?;
        let count = events.len();
        self.must_be_judged(actor, command, &events);
        let works = self.rollout.running().is_some_and(|(_, step)| !step.is_clock());
        if *command == Command::Engine(Report::Interrupted) && works {
            assert!(count > 0, "nobody carries out the running step any more, and nobody will");
        }
        for event in events {
            let entry = Entry { seq: self.rollout.seq + 1, at: self.now, by: actor.clone(), event };
            let entry = if self.as_json { through_json(&entry) } else { entry };
            self.rollout.apply(&entry).unwrap_or_else(|e| panic!("decided, but not possible: {e}"));
            watch(&self.rollout, &entry);
            self.journal.push(entry);
        }
        Ok(count)
    }

    /// A bake that is watched ends by what was seen and by nothing else; and nothing goes back by itself where that is
    /// unsafe.
    fn must_be_judged(&self, actor: &Actor, command: &Command, events: &[Event]) {
        let plan = &self.rollout.start.plan;
        let migrated = self.journal.iter().any(|entry| match entry.event {
            Event::StepStarted { step, .. } => self.rollout.steps[step].step == Step::Migrate,
            _ => false,
        });
        if let Command::Engine(Report::Watched { epoch, .. }) = command {
            assert!(*epoch == self.rollout.epoch() || events.is_empty(), "a look of another time led to {events:?}");
        }
        if *actor == Actor::Engine && self.rollout.frozen.is_some() && self.rollout.back.is_none() {
            let back = events.iter().any(|event| matches!(event, Event::TurnedBack { .. }));
            assert!(!back, "frozen, and yet it goes back by itself after {command:?}");
        }
        for event in events {
            match event {
                Event::StepSucceeded { step, .. } if plan.watched => {
                    let stage = match self.rollout.steps[*step].step {
                        Step::Bake { stage } => Some(&plan.stages[stage]),
                        Step::Monitor => None,
                        _ => continue,
                    };
                    let Command::Engine(Report::Watched { evidence, requests, .. }) = command else {
                        panic!("{command:?} ended a bake that is watched")
                    };
                    assert!(evidence.iter().all(|seen| seen.act == Act::Pass), "{evidence:?} ended a bake");
                    assert!(stage.is_none_or(|stage| *requests >= stage.min_requests), "only {requests} requests");
                }
                Event::TurnedBack { .. } if self.rollout.moved && plan.contract && migrated => {
                    let on_purpose = *actor != Actor::Engine && actor.has(Role::ReleaseManager);
                    assert!(on_purpose || self.rollout.start.from.is_none(), "{actor} went back where that is unsafe");
                }
                Event::StepSkipped { step, .. } => {
                    let step = self.rollout.steps[*step].step;
                    assert!(
                        matches!(step, Step::Bake { .. } | Step::Monitor | Step::MigrateDown),
                        "{step} was skipped"
                    );
                }
                Event::Breached { evidence } => {
                    assert!(matches!(evidence.act, Act::Hold | Act::RollBack));
                    assert!(self.rollout.moved && self.rollout.back.is_none() && self.rollout.frozen.is_none());
                    let last = events.last().unwrap();
                    assert!(
                        matches!(last, Event::TurnedBack { .. } | Event::Held { .. }),
                        "a breach, and then {last:?}"
                    );
                }
                _ => {}
            }
        }
    }

    /// Mostly forward; now and then far, or back.
    fn pass_time(&mut self, chance: &mut Chance) {
        let ms = match chance.below(32) {
            0..=7 => 0,
            8..=23 => chance.below(5_000) as i64,
            24..=27 => chance.below(20_000_000) as i64,
            28..=30 => 0,
            _ => -(chance.below(7_200_000) as i64),
        };
        self.now = Timestamp(self.now.0 + ms);
    }

    /// What the rollout needs in order to go on.
    pub fn helpful(&mut self, chance: &mut Chance) -> (Actor, Command) {
        let person = |ask| (CROWD[0].clone(), Command::Person(ask));
        let engine = |report| (Actor::Engine, Command::Engine(report));
        if let Some((step, kind)) = self.rollout.running()
            && !kind.is_clock()
        {
            if matches!(kind, Step::Drain { .. }) {
                return engine(self.drained(step, chance));
            }
            return engine(succeeded(step));
        }
        if self.rollout.drift.is_some() {
            return match chance.below(3) {
                0 => person(Ask::PutRight { reason: "it was a mistake".to_owned() }),
                1 if self.rollout.back.is_none() && self.rollout.held.is_none() => {
                    person(Ask::Hold { reason: "the router is odd".to_owned() })
                }
                _ => engine(Report::DriftEnded { how: "put right".to_owned() }),
            };
        }
        if let Some((_, record)) = self.rollout.current()
            && matches!(record.status, StepStatus::Failed { .. } | StepStatus::Inconclusive { .. })
        {
            // What fails again and again is given up, where it can be.
            let ask = match chance.below(5) {
                4 => Ask::Skip { reason: "never mind".to_owned() },
                0..=1 => Ask::Retry,
                2 => Ask::PromoteFull { reason: "the old slot is gone".to_owned() },
                _ => Ask::Abort { reason: "enough".to_owned() },
            };
            return person(ask);
        }
        if self.rollout.frozen.is_some() {
            return person(Ask::Thaw);
        }
        if self.rollout.held.is_some() {
            return person(Ask::Resume);
        }
        if let Some(gate) = &self.rollout.gate {
            let approve = Ask::Approve { stage: gate.stage, comment: String::new() };
            return (chance.pick(&CROWD).clone(), Command::Person(approve));
        }
        // An old slot that is kept warm waits for a day; most of what can happen then happens before.
        if let Some(deadline) = self.rollout.deadline()
            && (self.rollout.ended.is_none() || chance.once_in(4))
        {
            self.now = self.now.max(deadline);
        }
        match self.rollout.running() {
            Some((_, step)) if self.rollout.is_watched(step) => engine(watched(self.rollout.epoch(), Act::Pass, 1_000)),
            _ => engine(Report::Advance),
        }
    }

    /// Mostly all has ended; now and then something stays open until the time is up.
    fn drained(&mut self, step: StepIndex, chance: &mut Chance) -> Report {
        let open = match chance.below(4) {
            0 => Open::Each { requests: 1, websockets: 2 },
            1 => Open::Unknown,
            _ => Open::Connections(0),
        };
        if !open.is_none()
            && chance.once_in(2)
            && let Some(draining) = self.rollout.draining()
        {
            self.now = self.now.max(draining.until);
        }
        Report::Drained { step, open }
    }

    /// Anybody asks anything; anything is reported.
    fn anything(&self, chance: &mut Chance) -> (Actor, Command) {
        if chance.below(5) < 3 {
            let kind = *chance.pick(&AskKind::ALL);
            // What ends a story comes less often.
            let ends = matches!(kind, AskKind::Abort | AskKind::RollBack | AskKind::Reject | AskKind::PromoteFull);
            let kind = if ends && !chance.once_in(3) { AskKind::Hold } else { kind };
            (chance.pick(&CROWD).clone(), Command::Person(self.ask(kind, chance)))
        } else {
            (Actor::Engine, Command::Engine(self.report(chance)))
        }
    }

    fn ask(&self, kind: AskKind, chance: &mut Chance) -> Ask {
        // Mostly the stage that is asked about; sometimes one that a person saw on an old page.
        let stage = match (&self.rollout.gate, chance.once_in(4)) {
            (Some(gate), false) => gate.stage,
            _ => *chance.pick(&[0, 1, 2, 3, 4, usize::MAX]),
        };
        let words = match chance.below(16) {
            0..=12 => "because".to_owned(),
            13 => String::new(),
            14 => " \n".to_owned(),
            _ => "é".repeat(2_001),
        };
        match kind {
            AskKind::Approve => Ask::Approve { stage, comment: words },
            AskKind::Reject => Ask::Reject { stage, comment: words },
            AskKind::Hold => Ask::Hold { reason: words },
            AskKind::Resume => Ask::Resume,
            AskKind::Retry => Ask::Retry,
            AskKind::Abort => Ask::Abort { reason: words },
            AskKind::RollBack => Ask::RollBack { reason: words, migrate_down: chance.once_in(3) },
            AskKind::Skip => Ask::Skip { reason: words },
            AskKind::PromoteFull => Ask::PromoteFull { reason: words },
            AskKind::ExtendKeepWarm => Ask::ExtendKeepWarm {
                by: *chance.pick(&[Millis::hours(24), Millis::ZERO, Millis(u64::MAX), Millis(1)]),
            },
            AskKind::CleanUpNow => Ask::CleanUpNow,
            AskKind::ExtendDrain => Ask::ExtendDrain {
                by: *chance.pick(&[Millis::seconds(60), Millis::ZERO, Millis(u64::MAX), Millis(1_000)]),
            },
            AskKind::DrainNow => Ask::DrainNow { cut: chance.once_in(2).then_some(Open::Connections(2)) },
            AskKind::AddNote => Ask::AddNote { text: words },
            AskKind::Freeze => Ask::Freeze { reason: words },
            AskKind::Thaw => Ask::Thaw,
            AskKind::PutRight => Ask::PutRight { reason: words },
            AskKind::Adopt => {
                let real = self.rollout.drift.as_ref().and_then(|drift| drift.seen);
                let real = real.map_or(Weight::NONE, |seen| seen.share(self.rollout.start.slot));
                let weight = if chance.once_in(4) { Weight::new(7).unwrap() } else { real };
                Ask::Adopt { weight, reason: words }
            }
        }
    }

    fn report(&self, chance: &mut Chance) -> Report {
        // Mostly of the step that runs; sometimes of one that was stopped meanwhile, or never was.
        let step = match (self.rollout.running(), chance.once_in(4)) {
            (Some((step, _)), false) => step,
            _ => *chance.pick(&[0, 1, 2, 3, 5, 8, 12, usize::MAX]),
        };
        match chance.below(19) {
            0..=1 => Report::Advance,
            2..=4 => Report::Interrupted,
            5..=6 => Report::Failed { step, error: "no answer\nat all".to_owned() },
            7..=8 => Report::Inconclusive { step, reason: "too few requests".to_owned() },
            9..=10 => succeeded(step),
            11 => {
                let act = [Act::Pass, Act::Wait, Act::Ask, Act::Hold, Act::RollBack];
                // Now and then the look was of another time: nothing may follow from it.
                let now = self.rollout.epoch();
                let other = Epoch { shifted: Some(Timestamp(1)), held: now.held };
                let epoch = *chance.pick(&[now, now, now, other, Epoch { held: !now.held, ..now }]);
                watched(epoch, *chance.pick(&act), *chance.pick(&[0, 99, 1_000]))
            }
            14..=15 => {
                // By hand, to anything; or it does not say. Now and then it was looked at before it was shifted.
                let slot = *chance.pick(&[self.rollout.start.slot, self.rollout.start.slot.other()]);
                let weight = Weight::new(chance.below(101) as u8).unwrap();
                let seen = (!chance.once_in(4)).then_some(Split { to: slot, weight });
                let left = self.rollout.split();
                let expected = *chance.pick(&[left, left, left, Split { weight: Weight::new(33).unwrap(), ..left }]);
                Report::Drifted { expected, what: "It was set by hand.".to_owned(), seen }
            }
            16 => Report::DriftEnded { how: "somebody set it back".to_owned() },
            17 => Report::NotPutRight { why: "nginx does not run".to_owned() },
            12 => Report::Checked {
                step,
                checks: vec![Check::warning("DNS", "a TTL of 3600 s")],
                end: Box::new(succeeded(step)),
            },
            18 => Report::Drained {
                step,
                open: *chance.pick(&[Open::Connections(0), Open::Connections(3), Open::Unknown]),
            },
            _ => Report::Superseded { by: RolloutId(9) },
        }
    }
}

/// A look at one metric.
pub fn watched(epoch: Epoch, act: Act, requests: u64) -> Report {
    let verdict = match act {
        Act::Pass => Verdict::Successful,
        Act::Wait | Act::Ask => Verdict::Inconclusive,
        Act::Hold | Act::RollBack => Verdict::Failed,
    };
    let seen = Evidence {
        metric: "error rate".to_owned(),
        at: Timestamp(0),
        verdict,
        why: "over the limit".to_owned(),
        new: Figure { value: Some(Amount(48_000)), samples: requests },
        old: None,
        threshold: Some(Amount(1_000)),
        unit: Unit::Ratio,
        window: Millis::seconds(60),
        in_a_row: 2,
        query: "errors".to_owned(),
        dry_run: false,
        act,
    };
    Report::Watched { epoch, evidence: vec![seen], requests, flowing: requests > 0 }
}

pub fn succeeded(step: StepIndex) -> Report {
    let images = match step {
        0 => [("api".to_owned(), "sha256:0123".to_owned())].into(),
        _ => Default::default(),
    };
    Report::Succeeded { step, summary: "done".to_owned(), images }
}

/// As it is read from the database, or by a browser.
pub fn through_json<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> T {
    let body = serde_json::to_string(value).unwrap();
    let read: T = serde_json::from_str(&body).unwrap();
    assert_eq!(read, *value, "{body}");
    read
}
