//! `crossfade application add FILE [--release VERSION]`, `drift NAME`, `put-right NAME --reason TEXT`

use clap::Subcommand;
use engine::engine::Added;
use engine::store::StoreError;
use engine::{Engine, EngineError};
use rollout::actor::{Actor, Role};
use rollout::event::RolloutId;
use rollout::state::StepStatus;
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub enum Command {
    /// Takes an application into care: gives addresses, writes the router's file. Done again it changes nothing.
    Add {
        /// The application file.
        file: PathBuf,
        /// Its first release, brought live before this returns. Nothing is done when something is live already.
        #[arg(long)]
        release: Option<String>,
    },
    /// Says how the router differs from how Crossfade left it. The exit code is 0 when it does not.
    Drift {
        /// The application's name.
        name: String,
    },
    /// Brings the router back to how Crossfade left it. What was edited by hand is kept beside it.
    PutRight {
        /// The application's name.
        name: String,
        /// Why: it is kept.
        #[arg(long)]
        reason: String,
    },
}

pub async fn run(data: &Path, command: Command) -> Result<(), String> {
    // Whoever may write the data may do everything.
    let actor = Actor::user(engine::accounts::COMMAND_LINE, Role::Admin);
    let (engine, done) = match command {
        Command::Add { file, release } => {
            let engine = match Engine::open(data).await {
                // The server that holds the data carries rollouts out; taking an application into care needs none.
                Err(EngineError::Store(StoreError::InUse(_))) if release.is_none() => Engine::beside(data).await,
                opened => opened,
            };
            let engine = engine.map_err(said)?;
            let done = add(&engine, &actor, &file, release).await;
            (engine, done)
        }
        // Rollouts are left to the server.
        Command::Drift { name } => {
            let engine = beside(data).await?;
            let done = drift(&engine, &actor, &name).await;
            (engine, done)
        }
        Command::PutRight { name, reason } => {
            let engine = beside(data).await?;
            let done = engine.put_right(&actor, &name, &reason).await;
            (engine, done.map(|done| println!("{done}")).map_err(said))
        }
    };
    engine.stop().await;
    done
}

async fn beside(data: &Path) -> Result<Engine, String> {
    if !data.exists() {
        return Err(format!(
            "there is no database {}: name the one that the server uses, with --data FILE, or in CROSSFADE_DATA",
            data.display()
        ));
    }
    Engine::beside(data).await.map_err(said)
}

async fn drift(engine: &Engine, actor: &Actor, name: &str) -> Result<(), String> {
    let Some(found) = engine.look_for_drift(actor, name).await.map_err(said)? else {
        println!("the router of {name} is as it was left");
        return Ok(());
    };
    found.what.iter().for_each(|sentence| println!("{sentence}"));
    let seen = found.seen.map_or_else(|| "does not say where it is".to_owned(), |seen| format!("says {seen}"));
    Err(format!(
        "the router of {name} was left at {}, and {seen}. To bring it back: crossfade application put-right {name} --reason TEXT",
        found.expected
    ))
}

async fn add(engine: &Engine, actor: &Actor, file: &Path, release: Option<String>) -> Result<(), String> {
    let Added { name, left_to } = engine.add_application(actor, file).await.map_err(said)?;
    match left_to {
        None => println!("{name} is in Crossfade's care"),
        Some(id) => {
            println!("{name} has rollout {id} moving its traffic: its addresses and its router are left as they are")
        }
    }
    let Some(release) = release else { return Ok(()) };
    let overview = engine.application(actor, &name).await.map_err(said)?;
    if let Some((slot, version)) = overview.standing.live {
        println!("{version} is live on {slot} already");
        return Ok(());
    }
    let id = match overview.standing.active {
        Some(active) => active,
        None => engine.start(actor, &name, &release).await.map_err(said)?,
    };
    follow(engine, actor, id).await
}

/// Prints a rollout's steps until it ends. One that waits for a person is left waiting.
async fn follow(engine: &Engine, actor: &Actor, id: RolloutId) -> Result<(), String> {
    let mut news = engine.watch(actor, id).map_err(said)?;
    let mut printed = 0;
    loop {
        news.mark_unchanged();
        let view = engine.rollout(actor, id).await.map_err(said)?;
        let done = view.rollout.steps.iter().take_while(|record| !record.status.is_open());
        for record in done.skip(printed) {
            printed += 1;
            if let StepStatus::Succeeded { summary, .. } = &record.status {
                println!("  {}: {summary}", record.step);
            }
        }
        if view.rollout.ended.is_some() {
            println!("{}", view.rollout.headline());
            return match view.rollout.phase() {
                rollout::state::Phase::Succeeded => Ok(()),
                _ => Err(format!("rollout {id} did not succeed")),
            };
        }
        if let Some((_, record)) = view.rollout.failed_step()
            && let StepStatus::Failed { error, .. } = &record.status
        {
            return Err(format!(
                "{} failed: {error}\nOpen rollout {id} in the dashboard to retry or abort it.",
                record.step
            ));
        }
        if news.changed().await.is_err() {
            return Err("the engine has stopped".to_owned());
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "reads well in map_err")]
fn said(error: EngineError) -> String {
    error.to_string()
}
