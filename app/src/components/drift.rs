//! A router that is not as it was left: what differs, since when, what follows, and what can be done. Drawn by the server,
//! for the page and again for every change over the websocket.

use crate::components::{Moment, Problem};
use crate::flash::Flash;
use engine::drift::Adrift;
use engine::{Engine, EngineError};
use leptos::prelude::*;
use rollout::Rollout;
use rollout::actor::Actor;
use rollout::command::{AskKind, Refusal};
use rollout::policy::{Permission, authorize};

/// What was just done to a router went wrong, or went well.
pub const WRONG: &str = "router";
pub const DONE: &str = "router-done";

/// The boxes of one application, or of all, as HTML to put into an element. Empty when every router is as it was left.
/// `from` is the page they stand on: whoever sends a form comes back to it.
///
/// # Errors
/// When the actor may not read, or the rollout that is under way cannot be read.
pub async fn drift_html(
    engine: &Engine,
    actor: &Actor,
    application: Option<&str>,
    from: &str,
) -> Result<String, EngineError> {
    let adrift = match application {
        Some(name) => engine.adrift(actor, name)?.into_iter().collect(),
        None => engine.all_adrift(actor)?,
    };
    let mut html = String::new();
    for found in adrift {
        let rollout = match found.rollout {
            Some(id) => Some(engine.rollout(actor, id).await?.rollout),
            None => None,
        };
        html += &boxed(&found, rollout.as_ref(), actor, application.is_none(), from).to_html();
    }
    Ok(html)
}

/// What is to be said of a form of these, once.
pub fn said(flash: Option<Flash>) -> Option<AnyView> {
    let flash = flash?;
    match flash.form.as_str() {
        WRONG => Some(view! { <Problem message=flash.message/> }.into_any()),
        DONE => Some(view! { <p class="notice" role="status">{flash.message}</p> }.into_any()),
        _ => None,
    }
}

/// Is it about a form of these?
pub fn is_about(flash: &Flash) -> bool {
    [WRONG, DONE].contains(&flash.form.as_str())
}

fn boxed(found: &Adrift, rollout: Option<&Rollout>, actor: &Actor, named: bool, from: &str) -> impl IntoView + use<> {
    let name = found.application.clone();
    let title = match named {
        true => {
            let href = format!("/applications/{name}");
            view! { "The router of " <a href=href>{name.clone()}</a> " is not as it was left" }.into_any()
        }
        false => "The router is not as it was left".into_any(),
    };
    let what = found.what.iter().map(|sentence| view! { <li>{sentence.clone()}</li> }).collect_view();
    let now = match found.seen {
        Some(seen) if seen.is_like(found.expected) => {
            format!("The traffic goes where it should: {}.", found.expected)
        }
        Some(seen) => format!("Crossfade left it at {}; by its own word it is at {seen}.", found.expected),
        None => format!("Crossfade left it at {}; it does not say where it is now.", found.expected),
    };
    view! {
        <section class="drift card" aria-label="Drift">
            <h2>{title}</h2>
            <p>{now} " " <span class="quiet">"Noticed " <Moment at=found.since/> "."</span></p>
            <ul>{what}</ul>
            <p>{follows(found, rollout)}</p>
            {actions(found, rollout, actor, from)}
        </section>
    }
}

fn follows(found: &Adrift, rollout: Option<&Rollout>) -> String {
    match (found.rollout, rollout) {
        (Some(id), Some(rollout)) if rollout.back.is_some() => {
            format!("Rollout {id} goes back all the same: the old release is where traffic is safe.")
        }
        (Some(id), Some(rollout)) => format!(
            "Rollout {id} stays at {}: nothing is shifted over this, nothing goes back because of it, and no bake counts.",
            rollout.weight
        ),
        _ => "Until it is put right, no rollout gets past its preflight.".to_owned(),
    }
}

fn actions(found: &Adrift, rollout: Option<&Rollout>, actor: &Actor, from: &str) -> AnyView {
    if let Err(refusal) = authorize(actor, Permission::Ask(AskKind::PutRight)) {
        return view! { <p class="notice">{format!("To put it right: {}", lower(&refusal))}</p> }.into_any();
    }
    let right = format!(
        "The router is brought back to {}. What was edited by hand is kept beside it, and it is said where.",
        found.expected
    );
    let adopt = rollout.and_then(|rollout| {
        let offer = rollout.offer(actor, AskKind::Adopt, engine::clock::now());
        let weight = found.seen?.share(rollout.start.slot);
        offer.refused.is_none().then_some((offer, weight))
    });
    let adopt = adopt.map(|(offer, weight)| {
        let more = view! { <input type="hidden" name="weight" value=weight.percent().to_string()/> };
        form(found, "adopt", &offer.label, offer.consequence, from, more.into_any())
    });
    view! {
        <div class="drift-actions">
            {form(found, "put-right", "Put right", right, from, ().into_any())}
            {adopt}
        </div>
    }
    .into_any()
}

/// Folded: nothing is done to a router by one tap.
fn form(found: &Adrift, action: &str, label: &str, consequence: String, from: &str, more: AnyView) -> AnyView {
    let field = format!("{action}-{}", found.application);
    let weight = if action == "put-right" { "primary" } else { "" };
    view! {
        <details class=format!("ask-{action}") name=format!("drift-{}", found.application)>
            <summary>{label.to_owned()} "…"</summary>
            <form class="ask" method="post" action=format!("/api/{action}")>
                <input type="hidden" name="application" value=found.application.clone()/>
                <input type="hidden" name="from" value=from.to_owned()/>
                {more}
                <p class="consequence">{consequence}</p>
                <label for=field.clone()>"Reason"</label>
                <input id=field name="text" required maxlength="2000" autocomplete="off"/>
                <button class=weight>{label.to_owned()}</button>
            </form>
        </details>
    }
    .into_any()
}

fn lower(refusal: &Refusal) -> String {
    let mut letters = refusal.message().chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
