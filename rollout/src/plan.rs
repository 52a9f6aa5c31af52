//! The ordered steps of one rollout, frozen when it starts.

use crate::application::{Application, MigrationKind, Service, Stage};
use crate::clock::Millis;
use crate::slot::{Slot, Weight};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One unit of work. A step reads the world, changes the difference, and checks that it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Is everything there that the rollout needs?
    Preflight,
    /// The release runs in the standby slot.
    Prepare,
    Migrate,
    HealthCheck,
    SmokeTest,
    /// Moves traffic to the weight of this stage.
    Shift {
        stage: usize,
    },
    /// Stays at the weight of this stage, for a time.
    Bake {
        stage: usize,
    },
    /// Waits after all traffic has moved, for a time.
    Monitor,
    /// All traffic has moved: background services that run in the live slot only follow it.
    Handover,
    /// The standby slot becomes the live one.
    Promote,
    /// The old slot stays up, ready for a roll back.
    KeepWarm,
    /// A slot has lost its traffic, and is about to be stopped or taken: what is open there may go on for a while.
    Drain {
        slot: Slot,
    },
    /// The old slot is stopped.
    CleanUp,
    /// The way back: is the old slot fit to take the traffic?
    CheckOldSlot,
    /// The way back: all traffic to the old slot.
    ShiftBack,
    /// The way back: the migration is undone, because somebody asked for it.
    MigrateDown,
    /// The way back: the new slot's logs are kept, and it is stopped.
    StopNewSlot,
}

impl Step {
    /// Lasts for a time instead of doing something.
    pub fn is_clock(self) -> bool {
        matches!(self, Step::Bake { .. } | Step::Monitor | Step::KeepWarm)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Step::Preflight => "preflight",
            Step::Prepare => "prepare",
            Step::Migrate => "migrate",
            Step::HealthCheck => "health check",
            Step::SmokeTest => "smoke test",
            Step::Shift { .. } => "shift",
            Step::Bake { .. } => "bake",
            Step::Monitor => "monitor",
            Step::Handover => "hand over",
            Step::Promote => "promote",
            Step::KeepWarm => "keep warm",
            Step::Drain { .. } => "drain",
            Step::CleanUp => "clean up",
            Step::CheckOldSlot => "check the old slot",
            Step::ShiftBack => "shift back",
            Step::MigrateDown => "migrate down",
            Step::StopNewSlot => "stop the new slot",
        })
    }
}

/// What a rollout will do, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub stages: Vec<Stage>,
    pub steps: Vec<Step>,
    pub monitor: Millis,
    pub keep_warm: Millis,
    /// The migration may be run again after it was interrupted.
    pub migrate_again: bool,
    /// A bake and the monitor end when their time is up and what is watched is well; not by the clock alone.
    #[serde(default)]
    pub watched: bool,
    /// The migration takes something away: the old release may not work with what it leaves.
    #[serde(default)]
    pub contract: bool,
    /// The migration can be undone.
    #[serde(default)]
    pub can_migrate_down: bool,
    /// How long the router takes until a changed weight holds for every client.
    #[serde(default)]
    pub takes: Millis,
    /// How long what is open on a slot may go on before it is stopped. Zero: it is not waited for, and the way back has no
    /// step for it.
    #[serde(default)]
    pub drain: Millis,
}

impl Plan {
    /// The first release of an application: there is nothing to shift from, so it gets all traffic at once.
    pub fn first(application: &Application) -> Plan {
        let stages = vec![Stage { weight: Weight::ALL, approve: None, bake: Millis::ZERO, min_requests: 0 }];
        let mut steps = Plan::checked(application);
        steps.push(Step::Shift { stage: 0 });
        steps.extend(Plan::handover(application));
        steps.push(Step::Promote);
        Plan {
            stages,
            steps,
            migrate_again: again(application),
            takes: application.traffic.router.capabilities().takes,
            ..Plan::back(false)
        }
    }

    /// Every later release, stage by stage, from the slot that is live.
    pub fn forward(application: &Application, live: Slot) -> Plan {
        let stages = application.traffic.stages.clone();
        let drain = application.traffic.drain;
        let drains = |slot| (!drain.is_zero()).then_some(Step::Drain { slot });
        let mut steps = Plan::checked(application);
        // The rollout before this one may have left connections there.
        let prepare = steps.iter().position(|step| *step == Step::Prepare).unwrap_or(0);
        drains(live.other()).into_iter().for_each(|step| steps.insert(prepare, step));
        for (index, stage) in stages.iter().enumerate() {
            steps.push(Step::Shift { stage: index });
            if index + 1 == stages.len() {
                steps.extend(Plan::handover(application));
            }
            if !stage.bake.is_zero() || stage.min_requests > 0 {
                steps.push(Step::Bake { stage: index });
            }
        }
        let monitor = application.monitor.as_ref().map_or(Millis::ZERO, |monitor| monitor.duration);
        if !monitor.is_zero() {
            steps.push(Step::Monitor);
        }
        steps.extend([Step::Promote, Step::KeepWarm]);
        steps.extend(drains(live));
        steps.push(Step::CleanUp);
        let migrate = application.migrate.as_ref();
        Plan {
            monitor,
            keep_warm: application.keep_warm,
            migrate_again: again(application),
            watched: !application.metrics().is_empty() || stages.iter().any(|stage| stage.min_requests > 0),
            contract: migrate.is_some_and(|migrate| migrate.kind == MigrationKind::Contract),
            can_migrate_down: migrate.is_some_and(|migrate| migrate.down.is_some()),
            takes: application.traffic.router.capabilities().takes,
            drain,
            stages,
            steps,
        }
    }

    /// A roll back of a finished rollout: the way back is all there is.
    pub fn back(can_migrate_down: bool) -> Plan {
        Plan {
            stages: vec![],
            steps: vec![],
            monitor: Millis::ZERO,
            keep_warm: Millis::ZERO,
            migrate_again: false,
            watched: false,
            contract: false,
            can_migrate_down,
            takes: Millis::ZERO,
            drain: Millis::ZERO,
        }
    }

    fn handover(application: &Application) -> Option<Step> {
        let moves = |service: &Service| matches!(service, Service::Background { live_slot_only: true });
        application.services.values().any(moves).then_some(Step::Handover)
    }

    /// The steps that a slot must pass before it gets any traffic.
    fn checked(application: &Application) -> Vec<Step> {
        let mut steps = vec![Step::Preflight, Step::Prepare];
        if application.migrate.is_some() {
            steps.push(Step::Migrate);
        }
        steps.push(Step::HealthCheck);
        if !application.smoke.is_empty() {
            steps.push(Step::SmokeTest);
        }
        steps
    }

    /// The last stage's index; `None` in a plan without stages.
    pub fn last_stage(&self) -> Option<usize> {
        self.stages.len().checked_sub(1)
    }
}

fn again(application: &Application) -> bool {
    application.migrate.as_ref().is_some_and(|migrate| migrate.rerun)
}
