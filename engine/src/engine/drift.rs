//! Routers that are not as they were left: who may see it, have it put right, or adopt what is there.

use super::Engine;
use crate::drift::{Adrift, Left, Look, Place, look};
use crate::error::EngineError;
use crate::router::RouterError;
use crate::store::applications::ApplicationRow;
use crate::store::audit::Audited;
use rollout::actor::Actor;
use rollout::command::{Ask, AskKind, Command, Refusal, Report};
use rollout::policy::{Permission, authorize};
use rollout::slot::Weight;
use std::path::PathBuf;
use tokio::sync::watch;

impl Engine {
    /// The application's router, if it was found adrift. As the last looks said: see [`Engine::look_for_drift`].
    ///
    /// # Errors
    /// When the actor may not read.
    pub fn adrift(&self, actor: &Actor, application: &str) -> Result<Option<Adrift>, EngineError> {
        authorize(actor, Permission::Read)?;
        Ok(self.shared.drifts.get(application))
    }

    /// Every router that was found adrift, by application.
    ///
    /// # Errors
    /// When the actor may not read.
    pub fn all_adrift(&self, actor: &Actor) -> Result<Vec<Adrift>, EngineError> {
        authorize(actor, Permission::Read)?;
        Ok(self.shared.drifts.all())
    }

    /// Hears whenever a router goes adrift, or is as it was left again.
    ///
    /// # Errors
    /// When the actor may not read.
    pub fn watch_drift(&self, actor: &Actor) -> Result<watch::Receiver<u64>, EngineError> {
        authorize(actor, Permission::Read)?;
        Ok(self.shared.feed.watch_drift())
    }

    /// What people had done to the application outside of its rollouts, newest first.
    ///
    /// # Errors
    /// When the actor may not read.
    pub async fn audited(&self, actor: &Actor, application: &str) -> Result<Vec<Audited>, EngineError> {
        authorize(actor, Permission::Read)?;
        Ok(self.shared.store.audited(application).await?)
    }

    /// Looks at the router once, now.
    ///
    /// # Errors
    /// When the actor may not read, there is no such application, or its files are wrong.
    pub async fn look_for_drift(&self, actor: &Actor, application: &str) -> Result<Option<Adrift>, EngineError> {
        authorize(actor, Permission::Read)?;
        let row = self.row(application).await?;
        let (left, _) = self.shared.left(&row).await?;
        if left.shifting {
            return Err(Refusal::not_now("Traffic is being shifted right now: look again when that is done.").into());
        }
        let place = self.shared.place(&row, &left).await?;
        Ok(adrift(&row, &left, look(&place, &left).await))
    }

    /// Brings the router back to how it was left. In a rollout that is under way it is an event of that one; otherwise it is
    /// kept in the audit. Returns what was done, in a sentence.
    ///
    /// # Errors
    /// When it is refused, the files are wrong, or the router cannot be put right.
    pub async fn put_right(&self, actor: &Actor, application: &str, reason: &str) -> Result<String, EngineError> {
        authorize(actor, Permission::Ask(AskKind::PutRight))?;
        let row = self.row(application).await?;
        let (left, _) = self.shared.left(&row).await?;
        let place = self.shared.place(&row, &left).await?;
        // On what is there now, not on what the page said.
        self.take_notice(&row, &left, &place).await?;
        let ask = Ask::PutRight { reason: reason.to_owned() };
        match left.rollout {
            Some(id) => {
                self.shared.store.decide(id, actor, &Command::Person(ask)).await??;
                self.shared.feed.tell(id);
            }
            None => {
                if self.shared.drifts.get(application).is_none() {
                    let message = "The router is as it was left: there is nothing to put right.";
                    return Err(Refusal::not_now(message).into());
                }
                let reason = rollout::why_put_right(reason)?;
                self.shared.store.audit(row.id, actor, "put the router right", &reason).await?;
            }
        }
        let done = self.carry_out(&left, &place).await;
        self.shared.observations.forget(application);
        let (report, said) = match &done {
            Ok(kept) => {
                let said = format!("{actor} had the router put right{}", kept_words(kept));
                (Report::DriftEnded { how: said.clone() }, said)
            }
            Err(error) => (Report::NotPutRight { why: error.to_string() }, format!("it was not put right: {error}")),
        };
        match left.rollout {
            Some(id) => drop(self.shared.report(id, report).await?),
            None => self.shared.store.audit(row.id, actor, "router", &said).await?,
        }
        if done.is_ok() && self.shared.drifts.put(application, None) {
            self.shared.feed.tell_drift();
        }
        tracing::info!(application.name = application, "{application}: {said}");
        done.map(|_| format!("{said}."))
    }

    /// The router's own weight becomes that of the rollout that is under way.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn adopt_weight(
        &self,
        actor: &Actor,
        application: &str,
        weight: Weight,
        reason: &str,
    ) -> Result<(), EngineError> {
        authorize(actor, Permission::Ask(AskKind::Adopt))?;
        let row = self.row(application).await?;
        let (left, _) = self.shared.left(&row).await?;
        let Some(id) = left.rollout else {
            let message =
                "No rollout is under way: the live release is to have all the traffic. Have the router put right.";
            return Err(Refusal::not_now(message).into());
        };
        let place = self.shared.place(&row, &left).await?;
        self.take_notice(&row, &left, &place).await?;
        let ask = Ask::Adopt { weight, reason: reason.to_owned() };
        self.shared.store.decide(id, actor, &Command::Person(ask)).await??;
        self.shared.observations.forget(application);
        self.shared.drifts.put(application, None);
        self.shared.feed.tell_drift();
        self.shared.feed.tell(id);
        Ok(())
    }

    /// A look right now, told to whoever keeps it: what a person asks is decided on what is there.
    async fn take_notice(&self, row: &ApplicationRow, left: &Left, place: &Place) -> Result<(), EngineError> {
        if left.shifting {
            return Err(Refusal::not_now("Traffic is being shifted right now: wait until that is done.").into());
        }
        let found = adrift(row, left, look(place, left).await);
        let report = match &found {
            Some(Adrift { expected, seen, what, .. }) => {
                Report::Drifted { expected: *expected, what: what.join(" "), seen: *seen }
            }
            None => Report::DriftEnded { how: "the router is as it was left again".to_owned() },
        };
        if self.shared.drifts.put(&row.name, found) {
            self.shared.feed.tell_drift();
        }
        if let Some(id) = left.rollout {
            self.shared.report(id, report).await?;
        }
        Ok(())
    }

    /// In a task of its own: whoever closes the browser does not leave the router half put right.
    async fn carry_out(&self, left: &Left, place: &Place) -> Result<Vec<PathBuf>, EngineError> {
        let (place, split) = (place.clone(), left.split);
        let work = async move {
            let kept = place.router.put_right(&place.routes, split).await?;
            Ok((kept, place.router.drift(&place.routes, split).await?))
        };
        let (kept, still) = tokio::spawn(work).await.unwrap_or(Err(RouterError::Interrupted))?;
        if still.is_empty() {
            return Ok(kept);
        }
        let still = still.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        Err(Refusal::not_now(format!("It still is not as it was left. {still}")).into())
    }

    async fn row(&self, application: &str) -> Result<ApplicationRow, EngineError> {
        let row = self.shared.store.application(application).await?;
        row.ok_or_else(|| EngineError::NotFound(format!("application {application}")))
    }
}

fn adrift(row: &ApplicationRow, left: &Left, look: Look) -> Option<Adrift> {
    let Look::Adrift { what, seen } = look else { return None };
    let application = row.name.clone();
    Some(Adrift { application, since: crate::clock::now(), expected: left.split, seen, what, rollout: left.rollout })
}

fn kept_words(kept: &[PathBuf]) -> String {
    match kept {
        [] => String::new(),
        files => {
            let files = files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ");
            format!("; what was edited by hand is kept in {files}")
        }
    }
}
