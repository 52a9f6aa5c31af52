//! One application over many rollouts, with its two slots and the share of traffic that each may have.

use crate::chance::Chance;
use crate::plans::{self, CROWD};
use crate::story::Story;
use crate::world::World;
use rollout::Rollout;
use rollout::actor::Actor;
use rollout::application::Application;
use rollout::clock::Timestamp;
use rollout::command::{Command, Refusal, Report};
use rollout::event::{Entry, Event, Kind, RolloutId, Start};
use rollout::plan::Step;
use rollout::release::Version;
use rollout::slot::{Slot, Weight};
use rollout::start::{self, Standing, Undo};
use rollout::state::StepStatus;

pub struct City {
    application: Application,
    /// A rollout's number is its place, counted from 1.
    rollouts: Vec<World>,
    now: Timestamp,
    slots: Slots,
}

/// What the slots hold and get, as the router and the runtime would know it.
#[derive(Default)]
struct Slots {
    live: Option<(Slot, Version)>,
    /// The most percent that this slot may have.
    blue: u8,
    green: u8,
}

impl City {
    pub fn new(story: &Story) -> City {
        let application = plans::application(&story.plan);
        City { application, rollouts: vec![], now: Timestamp(1_700_000_000_000), slots: Slots::default() }
    }

    pub fn play(&mut self, turns: &[u64]) {
        for turn in turns {
            let mut chance = Chance(*turn);
            match chance.below(3) {
                0 => self.go_on(chance.0),
                1 => self.try_to_start(&mut chance),
                // A rollout runs to where it waits, so that a story sees more than one.
                _ => (0..12).for_each(|round| self.go_on(round << 16)),
            }
        }
    }

    /// One turn of a rollout that is not settled.
    fn go_on(&mut self, number: u64) {
        let cleaning = self.standing().cleaning;
        let City { rollouts, slots, now, .. } = self;
        if let Some(world) = rollouts.iter_mut().find(|world| !world.rollout.is_settled()) {
            world.now = *now;
            world.turn(number, &mut |rollout, entry| slots.see(rollout, entry, cleaning));
            *now = world.now;
        }
    }

    fn try_to_start(&mut self, chance: &mut Chance) {
        let standing = self.standing();
        let busy = standing.active.is_some() || standing.cleaning.is_some();
        match self.any_start(chance, &standing) {
            Err(refusal) => assert!(busy || self.nothing_to_undo(&refusal), "{refusal}"),
            Ok(start) => {
                assert!(!busy, "two rollouts at a time");
                self.must_fit(&start);
                self.begin(start, plans::starter(chance));
            }
        }
    }

    fn any_start(&self, chance: &mut Chance, standing: &Standing) -> Result<Start, Refusal> {
        if let Some(last) = self.rollouts.len().checked_sub(1)
            && chance.once_in(2)
        {
            // Mostly the last; sometimes one that is long over.
            let index = if chance.once_in(4) { chance.index(last + 1) } else { last };
            let id = RolloutId(index as i64 + 1);
            let undo = Undo { reason: "it is slow".to_owned(), migrate_down: chance.once_in(8) };
            let done = &self.rollouts[index].rollout;
            return start::roll_back(&self.application, standing, id, done, chance.pick(&CROWD), &undo);
        }
        start::forward(&self.application, standing, &format!("1.{}.0", self.rollouts.len()))
    }

    /// With nothing going on, only a roll back may be refused.
    fn nothing_to_undo(&self, refusal: &Refusal) -> bool {
        let reasons = [
            "succeeded can be rolled back",
            "not kept warm",
            "Another release is live",
            "no way down",
            "rolling back is unsafe",
        ];
        reasons.iter().any(|reason| refusal.message().contains(reason))
    }

    fn must_fit(&self, start: &Start) {
        let here = (start.slot, start.release.clone());
        match (start.kind, &self.slots.live) {
            (Kind::First, live) => assert_eq!(*live, None),
            (Kind::Forward, Some((slot, version))) => {
                assert_eq!((start.slot, start.from.as_ref()), (slot.other(), Some(version)));
            }
            (Kind::RollBack { .. }, Some(live)) => assert_eq!(*live, here),
            (kind, None) => panic!("{kind:?} with nothing live"),
        }
    }

    fn begin(&mut self, start: Start, by: Actor) {
        let by_id = RolloutId(self.rollouts.len() as i64 + 1);
        for world in &mut self.rollouts {
            let report = Command::Engine(Report::Superseded { by: by_id });
            world.now = self.now;
            world.perform(&Actor::Engine, &report, &mut |_, _| ()).unwrap();
            assert!(world.rollout.is_settled(), "it still has something to do with a slot that is another's");
            assert!(
                world.rollout.offers(&CROWD[0], self.now).iter().filter(|offer| offer.refused.is_none()).count() == 1
            );
        }
        self.rollouts.push(World::begin(start, by, self.now, 2));
    }

    /// As the store finds it.
    fn standing(&self) -> Standing {
        let place = |is: fn(&Rollout) -> bool| {
            let found = self.rollouts.iter().position(|world| is(&world.rollout));
            found.map(|index| RolloutId(index as i64 + 1))
        };
        Standing {
            live: self.slots.live.clone(),
            standby: None,
            active: place(|rollout| rollout.ended.is_none()),
            cleaning: place(|rollout| {
                let runs = |status: &StepStatus| matches!(status, StepStatus::Running { .. });
                rollout.steps.iter().any(|record| record.step == Step::CleanUp && runs(&record.status))
            }),
        }
    }
}

impl Slots {
    fn see(&mut self, rollout: &Rollout, entry: &Entry, cleaning: Option<RolloutId>) {
        let slot = rollout.start.slot;
        match &entry.event {
            Event::StepStarted { step, .. } => match rollout.steps[*step].step {
                Step::Prepare | Step::CheckOldSlot => {
                    assert_eq!(cleaning, None, "a slot is used while it is being stopped");
                    let prepares = rollout.steps[*step].step == Step::Prepare;
                    assert!(!prepares || *self.share(slot) == 0, "a slot with traffic is prepared");
                }
                Step::Shift { stage } => {
                    let wanted = rollout.stage(stage).map_or(0, |stage| stage.weight.percent());
                    let share = self.share(slot);
                    *share = wanted.max(*share);
                }
                // A first release is stopped with all the traffic there is: it has nowhere else to go.
                Step::StopNewSlot if rollout.start.from.is_none() => {}
                Step::StopNewSlot => assert_eq!(*self.share(slot), 0, "a slot with traffic is stopped"),
                Step::CleanUp => assert_eq!(*self.share(slot.other()), 0, "a slot with traffic is stopped"),
                _ => {}
            },
            Event::StepSucceeded { step, .. } => match rollout.steps[*step].step {
                Step::Shift { .. } => self.split(slot, rollout.weight),
                Step::ShiftBack => self.split(slot, Weight::NONE),
                Step::StopNewSlot => *self.share(slot) = 0,
                _ => {}
            },
            Event::Ended { outcome } => self.live = rollout.live_after(*outcome),
            _ => {}
        }
    }

    fn split(&mut self, slot: Slot, weight: Weight) {
        *self.share(slot) = weight.percent();
        *self.share(slot.other()) = weight.rest().percent();
    }

    fn share(&mut self, slot: Slot) -> &mut u8 {
        match slot {
            Slot::Blue => &mut self.blue,
            Slot::Green => &mut self.green,
        }
    }
}
