//! What a person is offered is what can be done; and something can always be done.

use crate::chance::Chance;
use crate::plans::{self, CROWD};
use crate::world::World;
use rollout::Rollout;
use rollout::actor::Actor;
use rollout::clock::Millis;
use rollout::command::{Ask, AskKind, Command, Refusal, Report};
use rollout::event::RolloutId;
use rollout::plan::Step;
use rollout::policy::{Permission, authorize};
use rollout::slot::Weight;
use rollout::start::{self, Standing, Undo};
use rollout::state::{Doing, Phase};
use rollout::words::Offer;

/// For somebody out of the crowd, every button tells the truth.
pub fn agree(world: &World, number: u64) {
    let rollout = &world.rollout;
    let actor = Chance(number).pick(&CROWD).clone();
    let offers = rollout.offers(&actor, world.now);
    assert!(offers.iter().map(|offer| offer.kind).eq(AskKind::ALL));
    for offer in offers {
        let answer = asked(world, &actor, offer.kind);
        assert_eq!(offer.refused.is_some(), answer.is_err(), "{actor}: {offer:?} {answer:?}");
        assert!(!offer.label.is_empty());
        match &offer.refused {
            Some(refusal) => assert!(refusal.message().ends_with('.'), "{refusal:?}"),
            None => must_be_a_sentence(&offer),
        }
    }
    assert!(!rollout.headline().is_empty());
    let waits = rollout.waits_for(world.now);
    let between = matches!(rollout.doing(), Doing::Ready | Doing::Nothing);
    assert!(between || !waits.is_empty(), "{:?} waits for nothing", rollout.doing());
}

fn must_be_a_sentence(offer: &Offer) {
    let words = &offer.consequence;
    assert!(words.ends_with('.'), "{offer:?}");
    assert!(!words.starts_with("nothing") && !words.contains("to nothing"), "{offer:?}");
}

/// What the engine answers when this person asks it, in good words.
fn asked(world: &World, actor: &Actor, kind: AskKind) -> Result<(), Refusal> {
    let rollout = &world.rollout;
    authorize(actor, Permission::Ask(kind))?;
    if kind == AskKind::RollBack && rollout.ended.is_some() {
        let live = rollout.ended.as_ref().and_then(|ended| rollout.live_after(ended.outcome));
        let standing = Standing { live, ..Standing::default() };
        let (application, undo) =
            (plans::application(&[0; 6]), Undo { reason: "words".to_owned(), migrate_down: false });
        return start::roll_back(&application, &standing, RolloutId(1), rollout, actor, &undo).map(drop);
    }
    let stage = rollout.gate.as_ref().map_or(0, |gate| gate.stage);
    let why = || "It is time.".to_owned();
    let ask = match kind {
        AskKind::Approve => Ask::Approve { stage, comment: why() },
        AskKind::Reject => Ask::Reject { stage, comment: why() },
        AskKind::Hold => Ask::Hold { reason: why() },
        AskKind::Resume => Ask::Resume,
        AskKind::Retry => Ask::Retry,
        AskKind::Abort => Ask::Abort { reason: why() },
        AskKind::RollBack => Ask::RollBack { reason: why(), migrate_down: false },
        AskKind::Skip => Ask::Skip { reason: why() },
        AskKind::PromoteFull => Ask::PromoteFull { reason: why() },
        AskKind::ExtendKeepWarm => Ask::ExtendKeepWarm { by: Millis::hours(24) },
        AskKind::CleanUpNow => Ask::CleanUpNow,
        AskKind::ExtendDrain => Ask::ExtendDrain { by: Millis::hours(1) },
        AskKind::DrainNow => Ask::DrainNow { cut: None },
        AskKind::AddNote => Ask::AddNote { text: why() },
        AskKind::Freeze => Ask::Freeze { reason: why() },
        AskKind::Thaw => Ask::Thaw,
        AskKind::PutRight => Ask::PutRight { reason: why() },
        AskKind::Adopt => {
            let seen = rollout.drift.as_ref().and_then(|drift| drift.seen);
            let weight = seen.map_or(Weight::NONE, |seen| seen.share(rollout.start.slot));
            Ask::Adopt { weight, reason: why() }
        }
    };
    rollout.decide(actor, &Command::Person(ask), world.now).map(drop)
}

/// Unless all is done, the engine does something by itself, now or later; or somebody may do something about it.
pub fn someone_can_go_on(world: &World) {
    let rollout = &world.rollout;
    let waits_for_a_person = rollout.phase() == Phase::Paused || !(rollout.is_settled() || goes_on_by_itself(world));
    if waits_for_a_person {
        let found = CROWD.iter().any(|actor| helps(rollout, actor, world));
        assert!(found, "nobody can do anything: {} {}", rollout.headline(), rollout.waits_for(world.now));
    }
    if cannot_be_mended(rollout) {
        let found = CROWD.iter().any(|actor| way_out(rollout, actor, world).is_some());
        assert!(found, "only to be tried again: {} {}", rollout.headline(), rollout.waits_for(world.now));
    }
}

/// A step failed before the end, and may fail for ever: whatever kind of rollout it is, nobody has to go on trying.
fn cannot_be_mended(rollout: &Rollout) -> bool {
    let Doing::StepFailed(index) = rollout.doing() else { return false };
    rollout.ended.is_none() && rollout.steps[index].step != Step::StopNewSlot
}

/// What this person can do about it other than to try again.
fn way_out(rollout: &Rollout, actor: &Actor, world: &World) -> Option<AskKind> {
    let ways = [AskKind::Abort, AskKind::RollBack, AskKind::Skip, AskKind::PromoteFull, AskKind::DrainNow];
    ways.into_iter().find(|kind| rollout.offer(actor, *kind, world.now).refused.is_none())
}

fn goes_on_by_itself(world: &World) -> bool {
    let rollout = &world.rollout;
    let advances = |now| {
        let events = rollout.decide(&Actor::Engine, &Command::Engine(Report::Advance), now);
        !events.unwrap().is_empty()
    };
    let runs = rollout.running().is_some_and(|(_, step)| !step.is_clock());
    runs || advances(world.now) || rollout.deadline().is_some_and(advances)
}

/// Notes and more holds help nobody.
fn helps(rollout: &Rollout, actor: &Actor, world: &World) -> bool {
    use AskKind::*;
    let ways = [Approve, Reject, Resume, Thaw, Retry, Abort, RollBack, Skip, PromoteFull, DrainNow];
    ways.iter().any(|kind| rollout.offer(actor, *kind, world.now).refused.is_none())
}

/// From here on the old slot is gone, and a first release gets no traffic: without one retry, it must come to its end.
pub fn settles_without(world: &mut World) {
    for turn in 0..400 {
        if world.rollout.is_settled() {
            return;
        }
        let lost = |step: Step| match step {
            Step::CheckOldSlot | Step::ShiftBack => true,
            Step::Shift { .. } | Step::Promote => world.rollout.start.from.is_none(),
            _ => false,
        };
        let running = world.rollout.running().filter(|(_, step)| lost(*step));
        let (actor, command) = match (running, cannot_be_mended(&world.rollout)) {
            (Some((step, _)), _) => {
                (Actor::Engine, Command::Engine(Report::Failed { step, error: "gone for good".to_owned() }))
            }
            (None, true) => {
                let kind = way_out(&world.rollout, &CROWD[0], world).expect("a way out");
                let why = "It is gone.".to_owned();
                let ask = match kind {
                    AskKind::PromoteFull => Ask::PromoteFull { reason: why },
                    AskKind::Skip => Ask::Skip { reason: why },
                    AskKind::RollBack => Ask::RollBack { reason: why, migrate_down: false },
                    AskKind::DrainNow => Ask::DrainNow { cut: None },
                    _ => Ask::Abort { reason: why },
                };
                (CROWD[0].clone(), Command::Person(ask))
            }
            (None, false) => world.helpful(&mut Chance(turn)),
        };
        let _ = world.perform(&actor, &command, &mut |_, _| ());
    }
    panic!("it does not end: {}", world.rollout.headline());
}

/// From here on steps succeed, gates are approved and holds lifted: it must come to its end.
pub fn settles(world: &mut World) {
    for turn in 0..400 {
        if world.rollout.is_settled() {
            return;
        }
        let (actor, command) = world.helpful(&mut Chance(turn));
        let _ = world.perform(&actor, &command, &mut |_, _| ());
    }
    panic!("it does not end: {}", world.rollout.headline());
}
