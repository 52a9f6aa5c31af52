//! How a router was left: by a rollout that is under way, or by the last one.

use crate::engine::Shared;
use crate::store::StoreError;
use crate::store::applications::ApplicationRow;
use rollout::Rollout;
use rollout::event::RolloutId;
use rollout::plan::Step;
use rollout::slot::{Slot, Split};

/// What a look is held against. Two that are equal are of the same time: no shift lies between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) split: Split,
    /// The rollout that has not ended.
    pub(crate) rollout: Option<RolloutId>,
    /// Traffic is on its way right now: whatever the router says is no drift.
    pub(crate) shifting: bool,
    /// Shifts begun in that rollout.
    shifts: u32,
}

impl Left {
    /// Before the first release all traffic goes where nothing is: that one goes to blue.
    fn between_rollouts(row: &ApplicationRow) -> Left {
        Left { split: Split::all(row.live.unwrap_or(Slot::Green)), rollout: None, shifting: false, shifts: 0 }
    }

    fn by(id: RolloutId, rollout: &Rollout) -> Left {
        // A first release that is stopped takes its traffic with it.
        let last_goes = rollout.old_slot().is_none()
            && matches!(rollout.running(), Some((_, Step::StopNewSlot)))
            && rollout.prepared();
        let shifts = rollout.steps.iter().filter(|record| matches!(record.step, Step::Shift { .. } | Step::ShiftBack));
        Left {
            split: rollout.split(),
            rollout: Some(id),
            shifting: rollout.is_shifting() || last_goes,
            shifts: shifts.map(|record| record.attempts).sum(),
        }
    }
}

impl Shared {
    /// How the application's router was left, and the rollout that is under way.
    pub(crate) async fn left(&self, row: &ApplicationRow) -> Result<(Left, Option<Rollout>), StoreError> {
        let active = match self.store.standing(row).await?.active {
            Some(id) => self.store.rollout(id).await?.map(|rollout| (id, rollout)),
            None => None,
        };
        Ok(match active {
            Some((id, rollout)) if rollout.ended.is_none() => (Left::by(id, &rollout), Some(rollout)),
            _ => (Left::between_rollouts(row), None),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollout::release::Version;

    #[test]
    fn between_rollouts_the_live_slot_has_all_of_it() {
        let version = Some(Version::parse("1.0.0").unwrap());
        let row = |live| ApplicationRow {
            id: 1,
            name: "shop".into(),
            file: "shop.toml".into(),
            admin_port: 1,
            live,
            blue: version.clone(),
            green: None,
        };
        for (live, split) in [
            (Some(Slot::Blue), Split::all(Slot::Blue)),
            (Some(Slot::Green), Split::all(Slot::Green)),
            // Nothing is live, and blue must not be reached before it is checked.
            (None, Split::all(Slot::Green)),
        ] {
            let left = Left::between_rollouts(&row(live));
            assert_eq!((left.split, left.rollout, left.shifting), (split, None, false));
        }
    }
}
