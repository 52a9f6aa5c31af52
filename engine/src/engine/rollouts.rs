//! Rollouts: start, ask, look.

use super::Engine;
use crate::Definition;
use crate::accounts::COMMAND_LINE;
use crate::error::EngineError;
use crate::store::history::{Filter, RolloutRow};
use crate::store::logs::Line;
use crate::telemetry::{Board, Charts};
use rollout::Rollout;
use rollout::actor::Actor;
use rollout::check::Level;
use rollout::command::{Ask, Command, Refusal};
use rollout::event::{Entry, RolloutId};
use rollout::policy::{Permission, authorize};
use rollout::start::{self, Undo};
use rollout::state::Phase;
use std::path::PathBuf;
use std::sync::Arc;

/// All there is to show of one rollout.
#[derive(Clone, Debug)]
pub struct RolloutView {
    pub id: RolloutId,
    pub rollout: Rollout,
    pub entries: Vec<Entry>,
    /// The last ones, in order.
    pub lines: Vec<Line>,
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Page {
    pub rows: Vec<RolloutRow>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<RolloutId>,
}

/// Rows on a page of history.
const PAGE: u32 = 50;

impl Engine {
    /// Starts a rollout of this version.
    ///
    /// # Errors
    /// When it is refused, or the application's files are wrong.
    pub async fn start(&self, actor: &Actor, application: &str, version: &str) -> Result<RolloutId, EngineError> {
        authorize(actor, Permission::StartRollout)?;
        let row = self.shared.store.application(application).await?;
        let row = row.ok_or_else(|| EngineError::NotFound(format!("application {application}")))?;
        let definition = load(row.file).await?;
        if definition.application.name != application {
            let message =
                format!("The application file now names another application: {}.", definition.application.name);
            return Err(Refusal::not_now(message).into());
        }
        // What only the router itself can tell is asked before there is a plan.
        let stages: Vec<_> = definition.application.traffic.stages.iter().map(|stage| stage.weight).collect();
        let router = self.shared.router(&definition.application, row.admin_port)?;
        if let Some(unfit) = router.fits(&stages).await.into_iter().find(|check| check.level == Level::Failure) {
            return Err(Refusal::not_now(format!("The router cannot carry this out: {}.", unfit.said)).into());
        }
        if row.live.is_some() {
            self.must_keep_its_runtime(application, &definition).await?;
        }
        let begun = self
            .shared
            .store
            .begin(application, actor, &definition, |standing| {
                start::forward(&definition.application, standing, version)
            })
            .await??;
        Ok(self.begun(begun))
    }

    /// What one runtime has running, the other would neither see nor take away.
    async fn must_keep_its_runtime(&self, application: &str, definition: &Definition) -> Result<(), EngineError> {
        let filter = Filter { application: Some(application.to_owned()), ..Filter::default() };
        let Some(last) = self.shared.store.history(&filter, None, 1).await?.pop() else { return Ok(()) };
        let was = self.shared.store.definition(last.id).await?.application.runtime;
        let now = &definition.application.runtime;
        if was.is_process() == now.is_process() {
            return Ok(());
        }
        Err(Refusal::not_now(format!(
            "The application file says runtime = \"{}\", and what is live runs by \"{}\": it would be left behind. Give the \
             application another name, and add it beside this one.",
            now.as_str(),
            was.as_str()
        ))
        .into())
    }

    /// Does what a person asks of a rollout. Returns the rollout to look at next: another one when a finished one is
    /// rolled back.
    ///
    /// # Errors
    /// When it is refused, or there is no such rollout.
    pub async fn ask(&self, actor: &Actor, id: RolloutId, ask: Ask) -> Result<RolloutId, EngineError> {
        authorize(actor, Permission::Ask(ask.kind()))?;
        let rollout = self.shared.state(id).await?;
        if let Ask::RollBack { reason, migrate_down } = &ask
            && rollout.can_be_undone()
        {
            let undo = Undo { reason: reason.clone(), migrate_down: *migrate_down };
            return self.undo(actor, id, &rollout, &undo).await;
        }
        match &ask {
            Ask::PutRight { reason } if rollout.ended.is_none() => {
                return self.put_right(actor, &rollout.start.application, reason).await.map(|_| id);
            }
            Ask::Adopt { weight, reason } if rollout.ended.is_none() => {
                return self.adopt_weight(actor, &rollout.start.application, *weight, reason).await.map(|()| id);
            }
            _ => {}
        }
        let ask = match ask {
            // What is cut is counted by us, whatever a page showed.
            Ask::DrainNow { .. } => {
                let left = self.left(actor, id).await?;
                Ask::DrainNow { cut: left.and_then(|left| left.open.ok()) }
            }
            other => other,
        };
        let seen = self.shared.boards.evidence(id);
        self.shared.store.decide(id, actor, &Command::Seeing(ask, seen)).await??;
        self.shared.feed.tell(id);
        self.run(id);
        Ok(id)
    }

    /// A finished rollout is rolled back by one of its own, with the files as they were then.
    async fn undo(&self, actor: &Actor, id: RolloutId, done: &Rollout, undo: &Undo) -> Result<RolloutId, EngineError> {
        let definition = self.shared.store.definition(id).await?;
        let begun = self
            .shared
            .store
            .begin(&done.start.application, actor, &definition, |standing| {
                start::roll_back(&definition.application, standing, id, done, actor, undo)
            })
            .await??;
        self.shared.tell_the_others().await?;
        Ok(self.begun(begun))
    }

    fn begun(&self, id: RolloutId) -> RolloutId {
        self.run(id);
        id
    }

    /// # Errors
    /// When the actor may not read, or there is no such rollout.
    pub async fn rollout(&self, actor: &Actor, id: RolloutId) -> Result<RolloutView, EngineError> {
        authorize(actor, Permission::Read)?;
        // Lines first: an entry tells of all the lines before it.
        let lines = self.shared.store.last_lines(id).await?;
        let entries = self.shared.store.entries_after(id, 0).await?;
        if entries.is_empty() {
            return Err(EngineError::NotFound(format!("rollout {id}")));
        }
        let rollout = Rollout::fold(&entries)
            .map_err(|error| crate::store::StoreError::Damaged { rollout: id.0, why: error.to_string() })?;
        Ok(RolloutView { id, rollout, entries, lines })
    }

    /// What the rollout's numbers are, or were.
    ///
    /// # Errors
    /// When the actor may not read, or there is no such rollout.
    pub async fn board(&self, actor: &Actor, id: RolloutId) -> Result<Arc<Board>, EngineError> {
        authorize(actor, Permission::Read)?;
        let rollout = self.shared.state(id).await?;
        // Whoever watched it may not have had the time to take the board down.
        if let Some(board) = self.shared.boards.get(id).filter(|_| rollout.ended.is_none()) {
            return Ok(board);
        }
        let samples = self.shared.store.samples(id).await?;
        if samples.is_empty() {
            return Ok(Arc::default());
        }
        let definition = self.shared.store.definition(id).await?;
        let charts = Charts::new(definition.application.metrics(), rollout.start.slot, &samples).drawn();
        Ok(Arc::new(Board { charts, ..Board::default() }))
    }

    /// The application that a rollout is of.
    ///
    /// # Errors
    /// When the actor may not read, or there is no such rollout.
    pub async fn application_of(&self, actor: &Actor, id: RolloutId) -> Result<String, EngineError> {
        authorize(actor, Permission::Read)?;
        let name = self.shared.store.application_of(id).await?;
        name.ok_or_else(|| EngineError::NotFound(format!("rollout {id}")))
    }

    /// What was written after this entry and this line.
    ///
    /// # Errors
    /// When the actor may not read.
    pub async fn news(
        &self,
        actor: &Actor,
        id: RolloutId,
        seq: u64,
        line: i64,
    ) -> Result<(Vec<Entry>, Vec<Line>), EngineError> {
        authorize(actor, Permission::Read)?;
        let lines = self.shared.store.lines_after(id, line).await?;
        Ok((self.shared.store.entries_after(id, seq).await?, lines))
    }

    /// Whether a rollout that a person started has succeeded.
    ///
    /// # Errors
    /// When the actor may not read.
    pub async fn has_succeeded(&self, actor: &Actor) -> Result<bool, EngineError> {
        let filter = Filter { phase: Some(Phase::Succeeded), ..Filter::default() };
        let page = self.history(actor, &filter, None).await?;
        // A page of them is proof enough that nobody is new here.
        Ok(page.next.is_some() || page.rows.iter().any(|row| row.started_by != COMMAND_LINE))
    }

    /// History, newest first, from below a rollout.
    ///
    /// # Errors
    /// When the actor may not read.
    pub async fn history(&self, actor: &Actor, filter: &Filter, below: Option<RolloutId>) -> Result<Page, EngineError> {
        authorize(actor, Permission::Read)?;
        let mut rows = self.shared.store.history(filter, below, PAGE + 1).await?;
        let more = rows.len() > PAGE as usize;
        rows.truncate(PAGE as usize);
        let next = if more { rows.last().map(|row| row.id) } else { None };
        Ok(Page { rows, next })
    }
}

/// Reads the files where they may block.
pub(crate) async fn load(file: String) -> Result<Definition, EngineError> {
    let loaded = tokio::task::spawn_blocking(move || Definition::load(&PathBuf::from(file))).await;
    match loaded {
        Ok(definition) => definition.map_err(EngineError::Files),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}
