//! Journals, written by hand.

use rollout::Rollout;
use rollout::actor::{Actor, Role};
use rollout::application::{ApprovalRule, OnTimeout, Stage};
use rollout::clock::{Millis, Timestamp};
use rollout::event::{Entry, Event, Kind, Outcome, Start};
use rollout::plan::{Plan, Step};
use rollout::release::Version;
use rollout::slot::{Slot, Weight};

pub const NOW: Timestamp = Timestamp(1_700_000_000_000);
pub const MINUTE: u64 = 60_000;

// The plan's steps. Those of a way back come behind them.
pub const PREPARE: usize = 1;
pub const HEALTH: usize = 2;
pub const SHIFT_25: usize = 3;
pub const BAKE_25: usize = 4;
pub const SHIFT_50: usize = 5;
pub const SHIFT_100: usize = 6;
pub const PROMOTE: usize = 7;
pub const KEEP_WARM: usize = 8;
pub const CLEAN_UP: usize = 9;
pub const BACK: usize = 10;

/// 25 % after nobody, 50 % after one yes within four hours, 100 % after two of four eyes.
pub fn start() -> Start {
    let rule = |role, count, four_eyes, timeout| {
        Some(ApprovalRule { role, count, four_eyes, timeout, on_timeout: OnTimeout::Reject })
    };
    let stage =
        |percent, approve, bake| Stage { weight: Weight::new(percent).unwrap(), approve, bake, min_requests: 0 };
    let stages = vec![
        stage(25, None, Millis(2 * MINUTE)),
        stage(50, rule(Role::ReleaseManager, 1, false, Some(Millis::hours(4))), Millis::ZERO),
        stage(100, rule(Role::Admin, 2, true, None), Millis::ZERO),
    ];
    let steps = vec![
        Step::Preflight,
        Step::Prepare,
        Step::HealthCheck,
        Step::Shift { stage: 0 },
        Step::Bake { stage: 0 },
        Step::Shift { stage: 1 },
        Step::Shift { stage: 2 },
        Step::Promote,
        Step::KeepWarm,
        Step::CleanUp,
    ];
    Start {
        application: "hopwhistle".to_owned(),
        kind: Kind::Forward,
        release: Version::parse("1.1.0").unwrap(),
        from: Some(Version::parse("1.0.0").unwrap()),
        slot: Slot::Green,
        plan: Plan { stages, steps, keep_warm: Millis::hours(24), ..Plan::back(false) },
    }
}

pub type Said = (Actor, Event);

pub fn by(name: &str, event: Event) -> Said {
    (Actor::user(name, Role::Admin), event)
}

pub fn engine(event: Event) -> Said {
    (Actor::Engine, event)
}

pub fn began(step: usize) -> Said {
    engine(Event::StepStarted { step, until: None })
}

pub fn began_clock(step: usize, until: Timestamp) -> Said {
    engine(Event::StepStarted { step, until: Some(until) })
}

pub fn done(step: usize) -> Said {
    engine(Event::StepSucceeded { step, summary: String::new(), images: Default::default() })
}

pub fn done_at_once(step: usize) -> Vec<Said> {
    vec![began(step), done(step)]
}

pub fn failed(step: usize) -> Said {
    engine(Event::StepFailed { step, error: "no answer".to_owned() })
}

pub fn unsure(step: usize) -> Said {
    engine(Event::StepInconclusive { step, reason: "3 requests".to_owned() })
}

pub fn asked(stage: usize) -> Said {
    let expires =
        start().plan.stages[stage].approve.as_ref().and_then(|rule| rule.timeout).map(|timeout| NOW + timeout);
    engine(Event::ApprovalRequested { stage, expires })
}

pub fn held() -> Said {
    by("cleo", Event::Held { reason: "lunch".to_owned() })
}

pub fn back() -> Said {
    by("cleo", Event::TurnedBack { outcome: Outcome::RolledBack, reason: "errors".to_owned(), migrate_down: false })
}

/// Out of the way back, forward.
pub fn out() -> Vec<Said> {
    vec![by("cleo", Event::PromotedFull { reason: "blue is gone".to_owned() })]
}

pub fn ended(outcome: Outcome) -> Vec<Said> {
    vec![engine(Event::Ended { outcome })]
}

/// From nothing.
pub fn fresh(said: &[Said]) -> Rollout {
    fold(start(), said)
}

/// After all checks.
pub fn after(said: &[Said]) -> Rollout {
    fresh(&[done_at_once(0), done_at_once(PREPARE), done_at_once(HEALTH), said.to_vec()].concat())
}

/// After the first stage.
pub fn at_25(said: &[Said]) -> Rollout {
    after(&[done_at_once(SHIFT_25), done_at_once(BAKE_25), said.to_vec()].concat())
}

/// After a good end.
pub fn live(said: &[Said]) -> Rollout {
    let end =
        [done_at_once(SHIFT_50), done_at_once(SHIFT_100), done_at_once(PROMOTE), ended(Outcome::Succeeded)].concat();
    at_25(&[end, said.to_vec()].concat())
}

/// Started by ada, who is an admin.
pub fn fold(start: Start, said: &[Said]) -> Rollout {
    let first = by("ada", Event::Started(Box::new(start)));
    let said = std::iter::once(first).chain(said.iter().cloned());
    let entries: Vec<Entry> = (1..).zip(said).map(|(seq, (by, event))| Entry { seq, at: NOW, by, event }).collect();
    Rollout::fold(&entries).unwrap()
}
