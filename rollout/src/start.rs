//! May a rollout start, and with what?

use crate::actor::Actor;
use crate::application::Application;
use crate::command::Refusal;
use crate::decide::on_purpose;
use crate::event::{Kind, Outcome, RolloutId, Start};
use crate::plan::Plan;
use crate::release::Version;
use crate::slot::Slot;
use crate::state::Rollout;
use serde::{Deserialize, Serialize};

/// Where an application stands between rollouts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// What carries the traffic; nothing before the first release.
    pub live: Option<(Slot, Version)>,
    /// What the standby slot still holds.
    pub standby: Option<Version>,
    /// The rollout that has not ended.
    pub active: Option<RolloutId>,
    /// The ended rollout that is stopping the old slot's services right now.
    pub cleaning: Option<RolloutId>,
}

/// A rollout of `release`.
///
/// # Errors
/// When another rollout is active.
pub fn forward(application: &Application, standing: &Standing, release: &str) -> Result<Start, Refusal> {
    let release = Version::parse(release).map_err(|message| Refusal::invalid("version", message))?;
    one_at_a_time(application, standing)?;
    if let Some((slot, version)) = &standing.live
        && *version == release
    {
        return Err(Refusal::invalid("version", format!("Release {release} is live on {slot} already.")));
    }
    let name = application.name.clone();
    Ok(match &standing.live {
        None => Start {
            application: name,
            kind: Kind::First,
            release,
            from: None,
            slot: Slot::Blue,
            plan: Plan::first(application),
        },
        Some((live, from)) => Start {
            application: name,
            kind: Kind::Forward,
            release,
            from: Some(from.clone()),
            slot: live.other(),
            plan: Plan::forward(application, *live),
        },
    })
}

/// How a finished rollout is to be undone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undo {
    pub reason: String,
    /// The migration is undone, too.
    pub migrate_down: bool,
}

/// A rollout that undoes a finished one whose old slot is still warm.
///
/// # Errors
/// When it is not the one that made the live release live, or its old slot is gone.
pub fn roll_back(
    application: &Application,
    standing: &Standing,
    id: RolloutId,
    done: &Rollout,
    actor: &Actor,
    ask: &Undo,
) -> Result<Start, Refusal> {
    one_at_a_time(application, standing)?;
    let succeeded = done.ended.as_ref().is_some_and(|ended| ended.outcome == Outcome::Succeeded);
    if !succeeded {
        return Err(Refusal::not_now("Only a rollout that succeeded can be rolled back."));
    }
    let live = (done.start.slot, done.start.release.clone());
    if standing.live.as_ref() != Some(&live) {
        return Err(Refusal::not_now(
            "Another release is live by now. To return to an earlier release, start a rollout of it.",
        ));
    }
    let (Some(_), Some(from)) = (done.warm_until(), &done.start.from) else {
        return Err(Refusal::not_now(
            "The old slot is not kept warm any more. To return to an earlier release, start a rollout of it.",
        ));
    };
    if done.is_unsafe_to_return() {
        on_purpose(actor, ask.reason.trim())?;
    }
    if ask.migrate_down && !done.start.plan.can_migrate_down {
        return Err(Refusal::not_now("Its migration has no way down."));
    }
    Ok(Start {
        application: application.name.clone(),
        kind: Kind::RollBack { of: id },
        release: done.start.release.clone(),
        from: Some(from.clone()),
        slot: done.start.slot,
        plan: Plan { takes: done.start.plan.takes, drain: done.start.plan.drain, ..Plan::back(ask.migrate_down) },
    })
}

fn one_at_a_time(application: &Application, standing: &Standing) -> Result<(), Refusal> {
    if let Some(id) = standing.cleaning {
        return Err(Refusal::not_now(format!(
            "Rollout {id} is stopping the old slot just now. Try again in a moment."
        )));
    }
    match standing.active {
        None => Ok(()),
        Some(id) => Err(Refusal::not_now(format!(
            "Rollout {id} of {} has not ended. One rollout at a time: let it end, or abort it.",
            application.name
        ))),
    }
}
