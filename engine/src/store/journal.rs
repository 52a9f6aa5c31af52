//! The journal, and what is kept in step with it: rows, projections and pins go in one transaction with the event.

use super::applications::{ApplicationRow, application_in, standing_in};
use super::{Store, StoreError};
use crate::clock;
use crate::definition::Definition;
use rollout::Rollout;
use rollout::actor::Actor;
use rollout::command::{Command, Refusal, Report};
use rollout::event::{Entry, Event, Kind, Outcome, RolloutId, Start};
use rollout::plan::Step;
use rollout::slot::Slot;
use rollout::start::Standing;
use sqlx::{Sqlite, SqliteConnection, Transaction};
use std::sync::atomic::{AtomicI64, Ordering};

/// What a command led to.
pub struct Decided {
    pub rollout: Rollout,
    /// Nothing was written when there were no events.
    pub events: Vec<Event>,
}

impl Store {
    /// Decides a command on the state as it is now, and writes what follows, as one.
    ///
    /// # Errors
    /// The outer one when the database fails; the inner one when the command is refused.
    pub async fn decide(
        &self,
        id: RolloutId,
        actor: &Actor,
        command: &Command,
    ) -> Result<Result<Decided, Refusal>, StoreError> {
        let mut tx = self.write().await?;
        let mut rollout = fold_in(&mut tx, id).await?;
        let now = clock::now();
        let events = match rollout.decide(actor, command, now) {
            Ok(events) => events,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if events.is_empty() {
            return Ok(Ok(Decided { rollout, events }));
        }
        append(&mut tx, id, &mut rollout, actor, &events).await?;
        commit(tx).await?;
        Ok(Ok(Decided { rollout, events }))
    }

    /// Starts a rollout, if `start` finds it may: decided and written as one.
    ///
    /// # Errors
    /// As [`Store::decide`].
    pub async fn begin(
        &self,
        application: &str,
        actor: &Actor,
        definition: &Definition,
        start: impl FnOnce(&Standing) -> Result<Start, Refusal>,
    ) -> Result<Result<RolloutId, Refusal>, StoreError> {
        let mut tx = self.write().await?;
        let Some(row) = application_in(&mut tx, application).await? else {
            return Ok(Err(Refusal::not_now(format!("There is no application {application}."))));
        };
        let standing = standing_in(&mut tx, &row).await?;
        let start = match start(&standing) {
            Ok(start) => start,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let event = Event::Started(Box::new(start.clone()));
        let entry = Entry { seq: 1, at: clock::now(), by: actor.clone(), event };
        let rollout = Rollout::begin(&entry).map_err(|e| StoreError::Damaged { rollout: 0, why: e.to_string() })?;
        let id = insert_rollout(&mut tx, &row, &start, &rollout, definition).await?;
        insert_event(&mut tx, id, &entry).await?;
        // A roll back is about the slot that is kept warm. A new release takes it when it is prepared, and not before: until
        // then, aborting must leave it as it was.
        if matches!(start.kind, Kind::RollBack { .. }) {
            supersede(&mut tx, id).await?;
        }
        commit(tx).await?;
        Ok(Ok(id))
    }

    /// The state of a rollout; `None` when there is no such one.
    pub async fn rollout(&self, id: RolloutId) -> Result<Option<Rollout>, StoreError> {
        let mut connection = self.readers.acquire().await?;
        let entries = entries_in(&mut connection, id, 0).await?;
        if entries.is_empty() {
            return Ok(None);
        }
        Ok(Some(fold(id, &entries)?))
    }

    /// The journal from an entry onwards, not including it.
    pub async fn entries_after(&self, id: RolloutId, seq: u64) -> Result<Vec<Entry>, StoreError> {
        let mut connection = self.readers.acquire().await?;
        entries_in(&mut connection, id, seq).await
    }

    /// What the rollout was started with.
    pub async fn definition(&self, id: RolloutId) -> Result<Definition, StoreError> {
        let text =
            sqlx::query_scalar!("select definition from rollouts where id = ?", id.0).fetch_one(&self.readers).await?;
        serde_json::from_str(&text).map_err(|e| StoreError::Damaged { rollout: id.0, why: e.to_string() })
    }

    /// Rollouts that the engine still has something to do for.
    pub async fn unsettled(&self) -> Result<Vec<RolloutId>, StoreError> {
        let ids = sqlx::query_scalar!(r#"select id as "id!" from rollouts where settled = 0 order by id"#)
            .fetch_all(&self.readers)
            .await?;
        Ok(ids.into_iter().map(RolloutId).collect())
    }
}

pub(super) async fn fold_in(connection: &mut SqliteConnection, id: RolloutId) -> Result<Rollout, StoreError> {
    let entries = entries_in(connection, id, 0).await?;
    fold(id, &entries)
}

fn fold(id: RolloutId, entries: &[Entry]) -> Result<Rollout, StoreError> {
    Rollout::fold(entries).map_err(|e| StoreError::Damaged { rollout: id.0, why: e.to_string() })
}

async fn entries_in(connection: &mut SqliteConnection, id: RolloutId, after: u64) -> Result<Vec<Entry>, StoreError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let rows =
        sqlx::query_scalar!("select body from events where rollout_id = ? and seq > ? order by seq", id.0, after)
            .fetch_all(&mut *connection)
            .await?;
    rows.iter()
        .map(|body| serde_json::from_str(body).map_err(|e| StoreError::Damaged { rollout: id.0, why: e.to_string() }))
        .collect()
}

async fn append(
    tx: &mut Transaction<'static, Sqlite>,
    id: RolloutId,
    rollout: &mut Rollout,
    actor: &Actor,
    events: &[Event],
) -> Result<(), StoreError> {
    let at = clock::now();
    for event in events {
        let entry = Entry { seq: rollout.seq + 1, at, by: actor.clone(), event: event.clone() };
        rollout.apply(&entry).map_err(|e| StoreError::Damaged { rollout: id.0, why: e.to_string() })?;
        insert_event(tx, id, &entry).await?;
        project(tx, id, rollout, event).await?;
    }
    let (phase, headline) = (rollout.phase().as_str(), rollout.headline());
    let (weight, settled) = (i64::from(rollout.weight.percent()), rollout.is_settled());
    let ended_at = rollout.ended.as_ref().map(|ended| ended.at.0);
    sqlx::query!(
        "update rollouts set phase = ?, headline = ?, weight = ?, ended_at = ?, settled = ? where id = ?",
        phase,
        headline,
        weight,
        ended_at,
        settled,
        id.0
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What an event means for the application: which slot holds what, which is live, what a version means.
async fn project(
    tx: &mut Transaction<'static, Sqlite>,
    id: RolloutId,
    rollout: &Rollout,
    event: &Event,
) -> Result<(), StoreError> {
    let step = |index: &usize| rollout.steps.get(*index).map(|record| record.step);
    let slot = rollout.start.slot;
    match event {
        Event::StepStarted { step: index, .. } if step(index) == Some(Step::Prepare) => {
            supersede(tx, id).await?;
            set_held(tx, id, slot, Some(rollout.start.release.as_str())).await
        }
        Event::StepSucceeded { step: index, images, .. } => {
            if !images.is_empty() {
                pin(tx, id, rollout).await?;
            }
            match step(index) {
                Some(Step::StopNewSlot) if rollout.prepared() => set_held(tx, id, slot, None).await,
                Some(Step::CleanUp) => set_held(tx, id, slot.other(), None).await,
                _ => Ok(()),
            }
        }
        Event::Ended { outcome } => set_live(tx, id, rollout, *outcome).await,
        _ => Ok(()),
    }
}

async fn set_live(
    tx: &mut Transaction<'static, Sqlite>,
    id: RolloutId,
    rollout: &Rollout,
    outcome: Outcome,
) -> Result<(), StoreError> {
    let live = rollout.live_after(outcome).map(|(slot, _)| slot.as_str());
    sqlx::query!(
        "update applications set live_slot = ? where id = (select application_id from rollouts where id = ?)",
        live,
        id.0
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn set_held(
    tx: &mut Transaction<'static, Sqlite>,
    id: RolloutId,
    slot: Slot,
    version: Option<&str>,
) -> Result<(), StoreError> {
    match slot {
        Slot::Blue => {
            sqlx::query!(
                "update applications set blue = ? where id = (select application_id from rollouts where id = ?)",
                version,
                id.0
            )
            .execute(&mut **tx)
            .await?
        }
        Slot::Green => {
            sqlx::query!(
                "update applications set green = ? where id = (select application_id from rollouts where id = ?)",
                version,
                id.0
            )
            .execute(&mut **tx)
            .await?
        }
    };
    Ok(())
}

/// The first pin of a version stays.
async fn pin(tx: &mut Transaction<'static, Sqlite>, id: RolloutId, rollout: &Rollout) -> Result<(), StoreError> {
    let images = serde_json::to_string(&rollout.images)
        .map_err(|e| StoreError::Damaged { rollout: id.0, why: e.to_string() })?;
    let (version, now) = (rollout.start.release.as_str(), clock::now().0);
    sqlx::query!(
        "insert into releases (application_id, version, images, pinned_at)
         select application_id, ?, ?, ? from rollouts where id = ?
         on conflict (application_id, version) do nothing",
        version,
        images,
        now,
        id.0
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The old slot has a new owner: those who kept it warm let it go.
async fn supersede(tx: &mut Transaction<'static, Sqlite>, by: RolloutId) -> Result<(), StoreError> {
    let ids = sqlx::query_scalar!(
        r#"select id as "id!" from rollouts
           where application_id = (select application_id from rollouts where id = ?1) and settled = 0 and id <> ?1"#,
        by.0
    )
    .fetch_all(&mut **tx)
    .await?;
    for id in ids.into_iter().map(RolloutId) {
        let mut rollout = fold_in(tx, id).await?;
        let report = Command::Engine(Report::Superseded { by });
        if let Ok(events) = rollout.decide(&Actor::Engine, &report, clock::now())
            && !events.is_empty()
        {
            Box::pin(append(tx, id, &mut rollout, &Actor::Engine, &events)).await?;
        }
    }
    Ok(())
}

async fn insert_rollout(
    tx: &mut Transaction<'static, Sqlite>,
    row: &ApplicationRow,
    start: &Start,
    rollout: &Rollout,
    definition: &Definition,
) -> Result<RolloutId, StoreError> {
    let kind = match start.kind {
        Kind::First => "first",
        Kind::Forward => "forward",
        Kind::RollBack { .. } => "roll-back",
    };
    let (version, from) = (start.release.as_str(), start.from.as_ref().map(|version| version.as_str()));
    let (slot, phase, headline) = (start.slot.as_str(), rollout.phase().as_str(), rollout.headline());
    let (weight, by, at) = (i64::from(rollout.weight.percent()), rollout.started_by.name(), rollout.started_at.0);
    let definition =
        serde_json::to_string(definition).map_err(|e| StoreError::Damaged { rollout: 0, why: e.to_string() })?;
    let id = sqlx::query_scalar!(
        r#"insert into rollouts
             (application_id, kind, version, from_version, slot, phase, headline, weight, started_by, started_at, definition)
           values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) returning id as "id!""#,
        row.id,
        kind,
        version,
        from,
        slot,
        phase,
        headline,
        weight,
        by,
        at,
        definition
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(RolloutId(id))
}

async fn insert_event(tx: &mut Transaction<'static, Sqlite>, id: RolloutId, entry: &Entry) -> Result<(), StoreError> {
    let body = serde_json::to_string(entry).map_err(|e| StoreError::Damaged { rollout: id.0, why: e.to_string() })?;
    let (seq, at) = (i64::try_from(entry.seq).unwrap_or(i64::MAX), entry.at.0);
    let (actor, name) = (entry.by.name(), entry.event.name());
    sqlx::query!(
        "insert into events (rollout_id, seq, at, actor, name, body) values (?, ?, ?, ?, ?, ?)",
        id.0,
        seq,
        at,
        actor,
        name,
        body
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn commit(tx: Transaction<'static, Sqlite>) -> Result<(), StoreError> {
    tx.commit().await?;
    crash::after_a_write();
    Ok(())
}

/// For crash tests, and compiled into debug builds alone: dies, as by kill -9, right after the nth write to the journal.
mod crash {
    use super::{AtomicI64, Ordering};

    static LEFT: AtomicI64 = AtomicI64::new(i64::MIN);

    pub(super) fn after_a_write() {
        if !cfg!(debug_assertions) {
            return;
        }
        if LEFT.load(Ordering::Relaxed) == i64::MIN {
            let left = std::env::var("CROSSFADE_CRASH_AFTER_WRITES").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
            LEFT.store(left, Ordering::Relaxed);
        }
        if LEFT.fetch_sub(1, Ordering::Relaxed) == 1 {
            std::process::abort();
        }
    }
}
