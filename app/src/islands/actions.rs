//! What can be done now, each with its consequence beside it. Plain forms: they work before any script, and without.

use super::live_rollout::Live;
use crate::flash::Flash;
use leptos::either::Either;
use leptos::prelude::*;
use rollout::Rollout;
use rollout::command::{AskKind, Refusal};
use rollout::words::{Input, Offer};

/// In this order on the screen. The first that is offered is the big one.
const MAIN: [AskKind; 6] =
    [AskKind::Retry, AskKind::Skip, AskKind::Thaw, AskKind::Resume, AskKind::Approve, AskKind::Reject];
/// A metric has stopped it because the release is bad: to go back is the first thing, and to go on the second.
const AFTER_BREACH: [AskKind; 3] = [AskKind::RollBack, AskKind::Thaw, AskKind::Resume];
/// The ways out come first.
const MORE: [AskKind; 8] = [
    AskKind::RollBack,
    AskKind::Abort,
    AskKind::Hold,
    AskKind::PromoteFull,
    AskKind::ExtendKeepWarm,
    AskKind::CleanUpNow,
    AskKind::Freeze,
    AskKind::AddNote,
];

/// What is offered, and what a page has to say once about the form that was sent.
#[derive(Clone, Copy)]
pub(super) struct Asks {
    pub(super) live: Live,
    offers: Memo<Vec<Offer>>,
    stage: Memo<Option<usize>>,
    flash: StoredValue<Option<Flash>>,
    /// The entry at which the flash was true.
    seq: u64,
}

/// A form is the same form as long as this is the same: a log line, a second that passes, or another person's yes does
/// not wipe out what somebody is typing. Words about one stage are not taken over to the next.
pub(super) type Key = (AskKind, Option<usize>);

impl Asks {
    pub(super) fn new(live: Live, flash: Option<Flash>) -> Asks {
        Asks {
            live,
            offers: Memo::new(move |_| {
                let now = live.now.get_untracked();
                live.rollout.with(|rollout| rollout.offers(&live.actor.read_value(), now))
            }),
            stage: Memo::new(move |_| live.rollout.with(|rollout| rollout.gate.as_ref().map(|gate| gate.stage))),
            flash: StoredValue::new(flash),
            seq: live.rollout.with_untracked(|rollout| rollout.seq),
        }
    }

    pub(super) fn offered(self, kinds: impl Fn(&Rollout) -> Vec<AskKind> + Send + Sync + 'static) -> Memo<Vec<Key>> {
        Memo::new(move |_| {
            let (offers, stage) = (self.offers.read(), self.stage.get());
            let kinds = self.live.rollout.with(&kinds);
            let is_offered = |kind: &AskKind| offers.iter().any(|offer| offer.kind == *kind && offer.refused.is_none());
            let key = |kind: &AskKind| match kind {
                AskKind::Approve | AskKind::Reject => (*kind, stage),
                _ => (*kind, None),
            };
            kinds.iter().filter(|kind| is_offered(kind)).map(key).collect()
        })
    }

    fn offer(self, kind: AskKind) -> Memo<Option<Offer>> {
        Memo::new(move |_| self.offers.read().iter().find(|offer| offer.kind == kind).cloned())
    }

    /// What is to be said of this form. Once the rollout has moved on it is of no use.
    fn flash(self, kind: AskKind) -> Option<Flash> {
        let still = self.live.rollout.with_untracked(|rollout| rollout.seq) == self.seq;
        self.flash.get_value().filter(|flash| still && flash.form == kind.as_str())
    }
}

/// What the rollout waits for, if it is for this person to say.
#[component]
pub(super) fn Decide(asks: Asks) -> impl IntoView {
    let keys = asks.offered(|rollout| main(rollout).to_vec());
    // A refusal of something that is not offered is said all the same.
    let stale = Memo::new(move |_| {
        let offers = asks.offers.read();
        let flash = asks.flash.get_value()?;
        let still = asks.live.rollout.with(|rollout| rollout.seq) == asks.seq;
        let shown = offers.iter().any(|offer| offer.kind.as_str() == flash.form && offer.refused.is_none());
        (still && !shown).then_some(flash.message)
    });
    let not_for_you = Memo::new(move |_| asks.live.rollout.with(|rollout| not_for_you(rollout, &asks.offers.read())));
    let nothing = Memo::new(move |_| keys.read().is_empty());
    view! {
        {move || stale.get().map(|message| view! { <p class="problem" role="alert">{message}</p> })}
        {move || not_for_you.get().map(|message| view! { <p class="notice">{message}</p> })}
        <section class="decide" aria-label="To be decided" hidden=move || nothing.get()>
            <For each=move || keys.get() key=|key| *key children=move |key| view! { <Ask asks key main=true/> }/>
            // What the metrics say, where it is decided.
            <div class="evidence" inner_html=move || asks.live.numbers.read().evidence.clone()></div>
        </section>
    }
}

/// What can be done besides: the ways out, always at the same place and never by one tap.
#[component]
pub(super) fn More(asks: Asks) -> impl IntoView {
    let keys = asks.offered(|rollout| MORE.into_iter().filter(|kind| !main(rollout).contains(kind)).collect());
    let nothing = Memo::new(move |_| keys.read().is_empty());
    view! {
        <section class="more card" aria-label="Other things you can do" hidden=move || nothing.get()>
            <For each=move || keys.get() key=|key| *key children=move |key| view! { <Ask asks key main=false/> }/>
        </section>
    }
}

fn main(rollout: &Rollout) -> &'static [AskKind] {
    let go_back = rollout.held_by_breach().is_some() && !rollout.is_unsafe_to_return();
    if go_back { &AFTER_BREACH } else { &MAIN }
}

/// Somebody else must decide: say who, rather than show nothing.
fn not_for_you(rollout: &Rollout, offers: &[Offer]) -> Option<String> {
    // Without a gate there is nothing to decide for anybody.
    let stage = rollout.stage(rollout.gate.as_ref()?.stage)?;
    let decides = stage.approve.as_ref()?.role;
    let approve = offers.iter().find(|offer| offer.kind == AskKind::Approve)?;
    match approve.refused.as_ref()? {
        // The least role for any approval may not be enough for this one.
        Refusal::Forbidden { role, .. } if *role != decides => {
            Some(format!("This stage is decided by the role {decides}."))
        }
        Refusal::Forbidden { message, .. } => Some(message.clone()),
        _ => None,
    }
}

#[component]
pub(super) fn Ask(asks: Asks, key: Key, main: bool) -> impl IntoView {
    let (kind, stage) = key;
    let offer = asks.offer(kind);
    let label = move || {
        let label = offer.read().as_ref().map_or_else(String::new, |offer| offer.label.clone());
        // With what it does to how many, as of now.
        match asks.live.left.get().and_then(|left| left.open.ok()) {
            Some(open) if kind == AskKind::DrainNow && !open.is_none() => format!("{label}: cut {open}"),
            _ => label,
        }
    };
    let consequence = move || offer.read().as_ref().map_or_else(String::new, |offer| offer.consequence.clone());
    let flash = asks.flash(kind);
    let name = kind.as_str();
    // Whatever asks for a reason, or refuses, is folded: nothing of that weight by one tap.
    let is_main = main && !matches!(kind, AskKind::Skip | AskKind::Reject | AskKind::DrainNow);
    let is_open = is_main || flash.is_some();
    let weight = match kind {
        AskKind::Reject | AskKind::Abort | AskKind::RollBack | AskKind::DrainNow => "danger",
        _ if is_main => "primary",
        _ => "",
    };
    let down =
        kind == AskKind::RollBack && asks.live.rollout.with_untracked(|rollout| rollout.start.plan.can_migrate_down);
    let input = offer.read_untracked().as_ref().map_or(Input::Nothing, |offer| offer.input);
    let form = view! {
        <form class=format!("ask ask-{name}") method="post" action="/api/ask">
            <input type="hidden" name="rollout" value=asks.live.id.to_string()/>
            <input type="hidden" name="kind" value=name/>
            {stage.map(|stage| view! { <input type="hidden" name="stage" value=stage.to_string()/> })}
            <p class="consequence">{consequence}</p>
            {field(kind, input, flash)}
            {down.then(|| view! {
                <label class="check">
                    <input type="checkbox" name="migrate_down" value="true"/>
                    "Undo the migration, too"
                </label>
            })}
            <button class=weight>{label}</button>
        </form>
    };
    if is_main {
        return Either::Left(form);
    }
    Either::Right(view! {
        <details class=format!("ask-{name}") name="ask" open=is_open>
            <summary class=weight>{label} "…"</summary>
            {form}
        </details>
    })
}

/// What the person writes with it, and what was wrong with that.
fn field(kind: AskKind, input: Input, flash: Option<Flash>) -> impl IntoView {
    let (wrong, typed) = flash.map_or((None, String::new()), |flash| (Some(flash.message), flash.value));
    let name = kind.as_str();
    let (field_id, error_id) = (format!("{name}-text"), format!("{name}-error"));
    let hint = match kind {
        AskKind::ExtendKeepWarm => "For how much longer, like 24h",
        AskKind::ExtendDrain => "For how much longer, like 5m",
        AskKind::AddNote => "Note",
        AskKind::Approve => "Comment",
        _ => "Reason",
    };
    let required = input == Input::Required;
    let hint = if required { hint.to_owned() } else { format!("{hint} (optional)") };
    let described = wrong.is_some().then(|| error_id.clone());
    let invalid = wrong.is_some().to_string();
    view! {
        {(input != Input::Nothing).then(|| view! {
            <label for=field_id.clone()>{hint}</label>
            <input
                id=field_id name="text" value=typed required=required maxlength="2000" autocomplete="off"
                aria-invalid=invalid aria-describedby=described
            />
        })}
        {wrong.map(|message| view! { <p class="field-error" id=error_id role="alert">{message}</p> })}
    }
}
