//! Where forms go. Each of these reads the form, asks the engine, and sends the browser to where the answer is seen;
//! a refusal is said there, beside its field. They work the same with scripts on and off.

use crate::components::drift;
use crate::context::{actor, engine, leave_flash, redirect, session, words};
use crate::flash::Flash;
use engine::EngineError;
use leptos::prelude::*;
use leptos::server_fn::codec::PostUrl;
use rollout::clock::Millis;
use rollout::command::{Ask, AskKind, Refusal};
use rollout::event::RolloutId;
use rollout::slot::Weight;

/// Where the session keeps the user's id.
pub const USER: &str = "user";

#[server(prefix = "/api", endpoint = "sign-in", input = PostUrl)]
pub async fn sign_in(name: String, password: String, to: String) -> Result<(), ServerFnError> {
    let Some(session) = session() else { return Err(broken()) };
    match engine().store().sign_in(&name, &password).await {
        Ok(Ok(user)) => {
            // A new id for a new standing: one that was known before is worth nothing.
            session.cycle_id().await.map_err(|_| broken())?;
            session.insert(USER, user.id).await.map_err(|_| broken())?;
            tracing::info!(user.name = %user.name, "{} signed in", user.name);
            redirect(&to);
        }
        Ok(Err(refusal)) => {
            leave_flash(flash("sign-in", &EngineError::Refused(refusal), name)).await;
            redirect(&format!("/sign-in?to={}", encode(&to)));
        }
        Err(error) => {
            leave_flash(flash("sign-in", &error.into(), name)).await;
            redirect(&format!("/sign-in?to={}", encode(&to)));
        }
    }
    Ok(())
}

#[server(prefix = "/api", endpoint = "sign-out", input = PostUrl)]
pub async fn sign_out() -> Result<(), ServerFnError> {
    if let Some(session) = session() {
        session.flush().await.map_err(|_| broken())?;
    }
    redirect("/sign-in");
    Ok(())
}

#[server(prefix = "/api", endpoint = "start", input = PostUrl)]
pub async fn start(application: String, version: String) -> Result<(), ServerFnError> {
    match engine().start(&actor(), &application, &version).await {
        Ok(id) => redirect(&format!("/rollouts/{}", id.0)),
        Err(error) => {
            leave_flash(flash("start", &error, version)).await;
            redirect(&format!("/applications/{}", encode(&application)));
        }
    }
    Ok(())
}

/// Everything that can be asked of a rollout. `kind` is the ask's name, `text` what was written with it, `stage` the
/// stage that the person saw, `weight` the router's that they saw, `migrate_down` whether a roll back undoes the migration.
#[server(name = AskForm, prefix = "/api", endpoint = "ask", input = PostUrl)]
pub async fn ask(
    rollout: i64,
    kind: String,
    #[server(default)] stage: usize,
    #[server(default)] text: String,
    #[server(default)] migrate_down: bool,
    #[server(default)] weight: u8,
) -> Result<(), ServerFnError> {
    let asked = match understand(&kind, stage, text.clone(), migrate_down, weight) {
        Ok(ask) => engine().ask(&actor(), RolloutId(rollout), ask).await,
        Err(refusal) => Err(refusal.into()),
    };
    let next = match asked {
        Ok(next) => next,
        Err(error) => {
            leave_flash(flash(&kind, &error, text)).await;
            RolloutId(rollout)
        }
    };
    redirect(&format!("/rollouts/{}", next.0));
    Ok(())
}

/// Has the router of an application put right. `from` is the page the form stands on.
#[server(name = PutRightForm, prefix = "/api", endpoint = "put-right", input = PostUrl)]
pub async fn put_right(
    application: String,
    #[server(default)] text: String,
    #[server(default)] from: String,
) -> Result<(), ServerFnError> {
    let done = engine().put_right(&actor(), &application, &text).await;
    router_answer(done, &application, &from).await;
    Ok(())
}

/// Makes the router's own weight that of the rollout under way. `weight` is the one that the person saw.
#[server(name = AdoptForm, prefix = "/api", endpoint = "adopt", input = PostUrl)]
pub async fn adopt(
    application: String,
    weight: u8,
    #[server(default)] text: String,
    #[server(default)] from: String,
) -> Result<(), ServerFnError> {
    let done = match seen(weight) {
        Ok(weight) => engine().adopt_weight(&actor(), &application, weight, &text).await,
        Err(refusal) => Err(refusal.into()),
    };
    let done =
        done.map(|()| format!("{weight} % is right from now on. The rollout is held: resume it when it may go on."));
    router_answer(done, &application, &from).await;
    Ok(())
}

async fn router_answer(done: Result<String, EngineError>, application: &str, from: &str) {
    let flash = match done {
        Ok(message) => Flash { form: drift::DONE.to_owned(), message, ..Flash::default() },
        Err(error) => flash(drift::WRONG, &error, String::new()),
    };
    leave_flash(flash).await;
    match from {
        "" => redirect(&format!("/applications/{}", encode(application))),
        page => redirect(page),
    }
}

fn seen(weight: u8) -> Result<Weight, Refusal> {
    Weight::try_from(weight).map_err(|message| Refusal::invalid("weight", message))
}

fn understand(kind: &str, stage: usize, text: String, migrate_down: bool, weight: u8) -> Result<Ask, Refusal> {
    let kind =
        AskKind::parse(kind).ok_or_else(|| Refusal::not_now(format!("Crossfade does not know how to {kind}.")))?;
    Ok(match kind {
        AskKind::Approve => Ask::Approve { stage, comment: text },
        AskKind::Reject => Ask::Reject { stage, comment: text },
        AskKind::Hold => Ask::Hold { reason: text },
        AskKind::Resume => Ask::Resume,
        AskKind::Retry => Ask::Retry,
        AskKind::Abort => Ask::Abort { reason: text },
        AskKind::RollBack => Ask::RollBack { reason: text, migrate_down },
        AskKind::Skip => Ask::Skip { reason: text },
        AskKind::PromoteFull => Ask::PromoteFull { reason: text },
        AskKind::ExtendKeepWarm => {
            Ask::ExtendKeepWarm { by: Millis::parse(&text).map_err(|message| Refusal::invalid("by", message))? }
        }
        AskKind::CleanUpNow => Ask::CleanUpNow,
        AskKind::ExtendDrain => {
            Ask::ExtendDrain { by: Millis::parse(&text).map_err(|message| Refusal::invalid("by", message))? }
        }
        AskKind::DrainNow => Ask::DrainNow { cut: None },
        AskKind::AddNote => Ask::AddNote { text },
        AskKind::Freeze => Ask::Freeze { reason: text },
        AskKind::Thaw => Ask::Thaw,
        AskKind::PutRight => Ask::PutRight { reason: text },
        AskKind::Adopt => Ask::Adopt { weight: seen(weight)?, reason: text },
    })
}

fn flash(form: &str, error: &EngineError, value: String) -> Flash {
    let field = match error {
        EngineError::Refused(Refusal::Invalid { field, .. }) => Some(field.clone()),
        _ => None,
    };
    Flash { form: form.to_owned(), field, message: words(error), value }
}

/// Percent-encodes what may stand in a path segment or a query's value.
pub(crate) fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

fn broken() -> ServerFnError {
    ServerFnError::new("Something went wrong on the server. It is in its log.")
}
