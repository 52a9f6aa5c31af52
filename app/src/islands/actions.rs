//! What can be done now, each with its consequence beside it. Plain forms: they work before any script, and without.

use super::live_rollout::Live;
use crate::flash::Flash;
use leptos::prelude::*;
use rollout::command::{AskKind, Refusal};
use rollout::words::{Input, Offer};

/// In this order on the screen. The first that is offered and moves things on is the big one.
const MAIN: [AskKind; 5] = [AskKind::Approve, AskKind::Reject, AskKind::Retry, AskKind::Resume, AskKind::Thaw];
const WAY_OUT: [AskKind; 2] = [AskKind::RollBack, AskKind::Abort];
const MORE: [AskKind; 6] = [
    AskKind::Hold,
    AskKind::PromoteFull,
    AskKind::ExtendKeepWarm,
    AskKind::CleanUpNow,
    AskKind::Freeze,
    AskKind::AddNote,
];

#[component]
pub(super) fn Actions(live: Live, flash: Option<Flash>) -> impl IntoView {
    // Only what is offered makes these forms anew, so that a log line does not wipe out what somebody is typing.
    let offers = Memo::new(move |_| {
        let now = live.now.get_untracked();
        live.rollout.with(|rollout| rollout.offers(&live.actor.read_value(), now))
    });
    let stage = Memo::new(move |_| live.rollout.with(|rollout| rollout.gate.as_ref().map(|gate| gate.stage)));
    let flash = StoredValue::new(flash);
    move || {
        let offers = offers.get();
        let stage = stage.get();
        let flash = flash.get_value();
        let pick = |kinds: &[AskKind]| {
            kinds
                .iter()
                .filter_map(|kind| offers.iter().find(|offer| offer.kind == *kind && offer.refused.is_none()).cloned())
                .collect::<Vec<_>>()
        };
        let form = |offer: Offer, open: bool| {
            let said = flash.clone().filter(|flash| flash.form == name(offer.kind));
            view! { <Form id=live.id offer stage flash=said open/> }
        };
        let main = pick(&MAIN).into_iter().map(|offer| form(offer, true)).collect_view();
        let way_out = pick(&WAY_OUT).into_iter().map(|offer| form(offer, false)).collect_view();
        let more = pick(&MORE).into_iter().map(|offer| form(offer, false)).collect_view();
        // A refusal of something that is no longer offered is said all the same.
        let stale = flash
            .clone()
            .filter(|flash| !offers.iter().any(|offer| name(offer.kind) == flash.form && offer.refused.is_none()));
        view! {
            <section class="actions" aria-label="What can be done">
                {stale.map(|flash| view! { <p class="problem" role="alert">{flash.message}</p> })}
                {not_for_you(&offers)}
                <div class="main-actions">{main}</div>
                <div class="more-actions">{way_out} {more}</div>
            </section>
        }
    }
}

/// Somebody else must decide: say who, rather than show nothing.
fn not_for_you(offers: &[Offer]) -> Option<impl IntoView + use<>> {
    let approve = offers.iter().find(|offer| offer.kind == AskKind::Approve)?;
    let Some(Refusal::Forbidden { message, .. }) = &approve.refused else { return None };
    // Without a gate there is nothing to decide for anybody.
    (approve.label != "Approve").then(|| view! { <p class="notice">{message.clone()}</p> })
}

#[component]
fn Form(id: i64, offer: Offer, stage: Option<usize>, flash: Option<Flash>, open: bool) -> impl IntoView {
    let kind = name(offer.kind);
    let (wrong, typed) = match flash {
        Some(flash) => (Some(flash.message), flash.value),
        None => (None, String::new()),
    };
    let open = open || wrong.is_some();
    let weight = match offer.kind {
        AskKind::Approve | AskKind::Retry | AskKind::Resume | AskKind::Thaw => "primary",
        AskKind::Reject | AskKind::Abort | AskKind::RollBack => "danger",
        _ => "",
    };
    let (hint, field) = match offer.kind {
        AskKind::ExtendKeepWarm => ("For how much longer: 24h", "text"),
        AskKind::AddNote => ("Note", "text"),
        AskKind::Approve => ("Comment", "text"),
        _ => ("Reason", "text"),
    };
    let field_id = format!("{kind}-{field}");
    let error_id = format!("{kind}-error");
    let required = offer.input == Input::Required;
    let input = (offer.input != Input::Nothing).then(|| {
        let hint = if required { hint.to_owned() } else { format!("{hint} (may be left empty)") };
        view! {
            <label for=field_id.clone()>{hint}</label>
            <input
                id=field_id.clone() name="text" value=typed required=required maxlength="2000" autocomplete="off"
                aria-invalid=wrong.is_some().to_string() aria-describedby=wrong.is_some().then(|| error_id.clone())
            />
        }
    });
    let error = wrong.map(|message| view! { <p class="field-error" id=error_id.clone() role="alert">{message}</p> });
    let form = view! {
        <form class=format!("ask ask-{kind}") method="post" action="/api/ask">
            <input type="hidden" name="rollout" value=id.to_string()/>
            <input type="hidden" name="kind" value=kind/>
            {stage.map(|stage| view! { <input type="hidden" name="stage" value=stage.to_string()/> })}
            <p class="consequence">{offer.consequence}</p>
            {input}
            {error}
            <button class=weight>{offer.label.clone()}</button>
        </form>
    };
    if open {
        return form.into_any();
    }
    view! {
        <details class=format!("ask-{kind}")>
            <summary class=weight>{offer.label} "…"</summary>
            {form}
        </details>
    }
    .into_any()
}

/// As the form says it.
fn name(kind: AskKind) -> &'static str {
    match kind {
        AskKind::Approve => "approve",
        AskKind::Reject => "reject",
        AskKind::Hold => "hold",
        AskKind::Resume => "resume",
        AskKind::Retry => "retry",
        AskKind::Abort => "abort",
        AskKind::RollBack => "roll-back",
        AskKind::PromoteFull => "promote-full",
        AskKind::ExtendKeepWarm => "extend-keep-warm",
        AskKind::CleanUpNow => "clean-up-now",
        AskKind::AddNote => "add-note",
        AskKind::Freeze => "freeze",
        AskKind::Thaw => "thaw",
    }
}
