//! The last look at every metric. A row each; on a phone, a card each.

use super::verdict::{Role, VerdictBadge, consequence, counts};
use crate::components::TimeOfDay;
use leptos::prelude::*;
use rollout::clock::{Millis, Timestamp};
use rollout::metric::{Evidence, Figure};

/// A look older than this, and than its own window, is not how things are.
const STALE: Millis = Millis::seconds(60);

/// All metrics, in the order of the application file.
pub(super) fn verdicts(evidence: &[Evidence], roles: [Role; 2], now: Timestamp) -> impl IntoView + use<> {
    let rows = evidence.iter().enumerate().map(|(index, seen)| row(index, seen, roles)).collect_view();
    view! { {table("What the metrics say", rows, roles)} {freshness(evidence, now)} }
}

/// The one verdict that led to what happened.
pub(super) fn breach(breach: &Evidence, roles: [Role; 2]) -> impl IntoView + use<> {
    view! {
        <p class="quiet small">"The breach, at " <TimeOfDay at=breach.at/> " UTC:"</p>
        {table("The breach", row(0, breach, roles), roles)}
    }
}

/// When was that? A picture of the past must not look like the present. No "3 s ago": what is drawn stays for as long
/// as nothing changes, and would go on saying so.
pub(super) fn freshness(evidence: &[Evidence], now: Timestamp) -> Option<impl IntoView + use<>> {
    let newest = evidence.iter().map(|seen| seen.at).max()?;
    let stale: Vec<String> = evidence
        .iter()
        .filter(|seen| now - seen.at > STALE.max(seen.window))
        .map(|seen| format!("{} since {} UTC", seen.metric, seen.at.utc_time()))
        .collect();
    let stale = (!stale.is_empty()).then(|| {
        let words = format!("Not looked at, and perhaps not true any more: {}.", stale.join(", "));
        view! { <p class="problem small">{words}</p> }
    });
    Some(view! { <p class="quiet small">"Last look at " <TimeOfDay at=newest/> " UTC"</p> {stale} })
}

// Roles are said, because what is no table for the style sheet is none for a screen reader either.
fn table(caption: &'static str, rows: impl IntoView + 'static, [new, old]: [Role; 2]) -> impl IntoView {
    view! {
        <div class="scroll">
            <table class="verdicts" role="table">
                <caption class="visually-hidden">{caption}</caption>
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"Metric"</th>
                        <th role="columnheader" scope="col">"Verdict"</th>
                        <th role="columnheader" scope="col" class="figure">{slot_name(new)}</th>
                        <th role="columnheader" scope="col" class="figure">{slot_name(old)}</th>
                        <th role="columnheader" scope="col" class="figure">"Limit"</th>
                        <th role="columnheader" scope="col">"Why"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows}</tbody>
            </table>
        </div>
    }
}

fn row(index: usize, seen: &Evidence, [new, old]: [Role; 2]) -> impl IntoView + use<> {
    let dry = if seen.dry_run { " seen-dry" } else { "" };
    let threshold = match seen.threshold {
        Some(_) => seen.threshold_value(),
        None => "none".to_owned(),
    };
    let query_id = format!("query-{index}");
    view! {
        <tr role="row" class=format!("seen-{}{dry}", seen.verdict)>
            <th role="rowheader" scope="row">
                {seen.metric.clone()}
                <span class="under">{format!("last {}", seen.window)}</span>
            </th>
            <td role="cell" class="verdict"><VerdictBadge verdict=seen.verdict dry_run=seen.dry_run/></td>
            {figure(new, seen.new_value(), Some(seen.new))}
            {figure(old, seen.old_value(), seen.old)}
            <td role="cell" class="figure limit">
                <span class="cell-name" aria-hidden="true">"limit"</span>
                <span class="value">{threshold}</span>
            </td>
            <td role="cell" class="reason">
                <span>{seen.why.clone()}</span>
                {consequence(seen).map(|words| view! { <span class="follows">{words}</span> })}
                <details id=query_id class="query">
                    <summary>"What was asked"</summary>
                    <code>{seen.query.clone()}</code>
                </details>
            </td>
        </tr>
    }
}

/// A slot's number and what it rests on; nothing of a slot that was not looked at.
fn figure(role: Role, value: String, figure: Option<Figure>) -> impl IntoView + use<> {
    let samples = figure.map(|figure| view! { <span class="under">{counts(figure.samples, "sample")}</span> });
    view! {
        <td role="cell" class="figure">
            <span class="cell-name" aria-hidden="true">
                <span class=format!("chip chip-{}", role.slot)></span>
                {role.slot.as_str()}
            </span>
            <span class="value">{value}</span>
            {samples}
        </td>
    }
}

fn slot_name(role: Role) -> impl IntoView + use<> {
    let word = (!role.word.is_empty()).then(|| format!(" · {}", role.word));
    view! { <span class=format!("chip chip-{}", role.slot)></span> {role.slot.as_str()} {word} }
}
