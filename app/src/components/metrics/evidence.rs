//! What numbers say, in short: beside the button of whoever decides, and with the decision afterwards.

use super::table::freshness;
use super::verdict::{VerdictBadge, consequence, counts, rank, summary};
use crate::components::TimeOfDay;
use leptos::prelude::*;
use rollout::clock::Timestamp;
use rollout::metric::{Evidence, Verdict};
use rollout::slot::Slot;

/// [`EvidenceList`] as HTML to put into an element.
pub fn evidence_html(caption: &str, evidence: &[Evidence], slot: Slot, now: Option<Timestamp>) -> String {
    view! { <EvidenceList caption=caption.to_owned() evidence=evidence.to_vec() new=slot now/> }.to_html()
}

/// The worst first. `new` is the slot that is judged. With `now` it says what is too old to be relied on; without, it
/// is a record, to be read later.
#[component]
pub fn EvidenceList(
    #[prop(into)] caption: String,
    evidence: Vec<Evidence>,
    new: Slot,
    now: Option<Timestamp>,
) -> impl IntoView {
    let words = summary(&evidence).unwrap_or_else(|| "nothing was measured".to_owned());
    let when = match now {
        Some(now) => freshness(&evidence, now).into_any(),
        None => {
            let last = evidence.iter().map(|seen| seen.at).max();
            last.map(|at| view! { <p class="quiet small">"As of " <TimeOfDay at/> " UTC"</p> }).into_any()
        }
    };
    let mut sorted = evidence;
    sorted.sort_by_key(rank);
    let items = sorted.iter().map(|seen| item(seen, new)).collect_view();
    view! {
        <section class="evidence">
            <h3>{caption} ": " <span class="quiet">{words}</span></h3>
            {(!sorted.is_empty()).then(|| view! { <ul>{items}</ul> })}
            {when}
        </section>
    }
}

fn item(seen: &Evidence, slot: Slot) -> impl IntoView + use<> {
    let dry = if seen.dry_run { " seen-dry" } else { "" };
    let figures = seen.new.value.is_some().then(|| {
        let mut parts = vec![format!("{slot} {}", seen.new_value())];
        if seen.old.is_some_and(|old| old.value.is_some()) {
            parts.push(format!("{} {}", slot.other(), seen.old_value()));
        }
        if seen.threshold.is_some() {
            parts.push(format!("limit {}", seen.threshold_value()));
        }
        parts.push(counts(seen.new.samples, "sample"));
        view! { <span class="figures">{parts.join(" · ")}</span> }
    });
    // What is well is said by its number.
    let why = (seen.verdict != Verdict::Successful).then(|| {
        let words = match consequence(seen) {
            Some(follows) => format!("{} ({follows})", seen.why),
            None => seen.why.clone(),
        };
        view! { <span class="reason">{words}</span> }
    });
    view! {
        <li class=format!("seen-{}{dry}", seen.verdict)>
            <span class="verdict"><VerdictBadge verdict=seen.verdict dry_run=seen.dry_run/></span>
            <strong>{seen.metric.clone()}</strong>
            {figures}
            {why}
        </li>
    }
}
