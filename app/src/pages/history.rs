//! Every rollout, newest first, with filters. A plain form and plain links: pages can be shared and gone back to.

use crate::api::encode;
use crate::components::{Frame, Moment, PhaseBadge, Problem, phase_word};
use crate::context::{actor, engine, query, shown};
use ::engine::engine::Page;
use ::engine::store::history::Filter;
use leptos::prelude::*;
use rollout::clock::Timestamp;
use rollout::event::RolloutId;
use rollout::state::Phase;
use time::macros::format_description;
use time::{Date, Time};

/// The form as it was sent.
#[derive(Clone, Default)]
struct Asked {
    application: String,
    outcome: String,
    who: String,
    version: String,
    since: String,
    until: String,
    below: String,
}

#[component]
pub fn HistoryPage() -> impl IntoView {
    let get = |name: &str| query(name).unwrap_or_default().trim().to_owned();
    let asked = Asked {
        application: get("application"),
        outcome: get("outcome"),
        who: get("who"),
        version: get("version"),
        since: get("since"),
        until: get("until"),
        below: get("below"),
    };
    view! {
        <Frame title="History">
            <h1>"History"</h1>
            {Suspend::new(async move {
                let filter = filter(&asked);
                let wrong = filter.as_ref().err().cloned();
                let list = match filter {
                    Ok((filter, below)) => match engine().history(&actor(), &filter, below).await {
                        Ok(page) => table(page, &asked).into_any(),
                        Err(error) => view! { <Problem message=shown(&error)/> }.into_any(),
                    },
                    // Those two have no field of their own to say it beside.
                    Err(("outcome" | "below", message)) => view! { <Problem message/> }.into_any(),
                    Err(_) => ().into_any(),
                };
                view! { {form(&asked, wrong)} {list} }
            })}
        </Frame>
    }
}

/// What was asked, understood; or the field that was not, and why.
fn filter(asked: &Asked) -> Result<(Filter, Option<RolloutId>), (&'static str, String)> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let phase = match asked.outcome.as_str() {
        "" => None,
        name => Some(Phase::parse(name).ok_or(("outcome", format!("There is no outcome {name}.")))?),
    };
    let below = match asked.below.as_str() {
        "" => None,
        number => Some(RolloutId(number.parse().map_err(|_| ("below", "That page does not exist.".to_owned()))?)),
    };
    let filter = Filter {
        application: some(&asked.application),
        phase,
        started_by: some(&asked.who),
        version: some(&asked.version),
        since: day("since", &asked.since)?,
        before: day("until", &asked.until)?.map(|at| Timestamp(at.0.saturating_add(86_400_000))),
    };
    Ok((filter, below))
}

/// The first moment of a day, in UTC.
fn day(field: &'static str, text: &str) -> Result<Option<Timestamp>, (&'static str, String)> {
    if text.is_empty() {
        return Ok(None);
    }
    let date = Date::parse(text, format_description!("[year]-[month]-[day]"))
        .map_err(|_| (field, format!("`{text}` is not a date: write it like 2026-11-22.")))?;
    Ok(Some(Timestamp(date.with_time(Time::MIDNIGHT).assume_utc().unix_timestamp() * 1_000)))
}

fn form(asked: &Asked, wrong: Option<(&'static str, String)>) -> impl IntoView + use<> {
    let phases = Phase::ALL.into_iter().map(|phase| {
        let selected = asked.outcome == phase.as_str();
        view! { <option value=phase.as_str() selected=selected>{phase_word(phase)}</option> }
    });
    let field = |name: &'static str, label: &'static str, kind: &'static str, value: &str| {
        let error = wrong.as_ref().filter(|(field, _)| *field == name).map(|(_, message)| message.clone());
        view! {
            <p>
                <label for=name>{label}</label>
                <input id=name name=name type=kind value=value.to_owned() aria-invalid=error.is_some().to_string()/>
                {error.map(|message| view! { <span class="field-error" role="alert">{message}</span> })}
            </p>
        }
    };
    view! {
        <form class="card filters" method="get" action="/history">
            {field("application", "Application", "text", &asked.application)}
            <p>
                <label for="outcome">"Outcome"</label>
                <select id="outcome" name="outcome"><option value="">"any"</option>{phases.collect_view()}</select>
            </p>
            {field("who", "Started by", "text", &asked.who)}
            {field("version", "Version", "text", &asked.version)}
            {field("since", "From (UTC)", "date", &asked.since)}
            {field("until", "To (UTC)", "date", &asked.until)}
            <p class="buttons">
                <button class="primary">"Show"</button>
                <a class="button quiet" href="/history">"Clear"</a>
            </p>
        </form>
    }
}

fn table(page: Page, asked: &Asked) -> impl IntoView + use<> {
    let empty = page.rows.is_empty();
    let older = page.next.map(|next| {
        let href = format!(
            "/history?application={}&outcome={}&who={}&version={}&since={}&until={}&below={}",
            encode(&asked.application),
            encode(&asked.outcome),
            encode(&asked.who),
            encode(&asked.version),
            encode(&asked.since),
            encode(&asked.until),
            next.0
        );
        view! { <p><a class="button" rel="next" href=href>"Older"</a></p> }
    });
    let rows = page.rows.into_iter().map(|row| {
        let lasted = row.ended_at.map_or_else(|| "…".to_owned(), |ended| (ended - row.started_at).to_string());
        let from = row.from.map(|from| format!("{from} → ")).unwrap_or_default();
        let what = match row.kind.as_str() {
            "roll-back" => format!("roll back of {}", row.version),
            _ => format!("{from}{}", row.version),
        };
        view! {
            <tr>
                <td><a href=format!("/rollouts/{}", row.id.0)>{row.id.to_string()}</a></td>
                <td><PhaseBadge phase=row.phase/></td>
                <td>{what}</td>
                <td><a href=format!("/applications/{}", row.application)>{row.application.clone()}</a></td>
                <td>{row.started_by}</td>
                <td><Moment at=row.started_at/></td>
                <td>{lasted}</td>
            </tr>
        }
    });
    if empty {
        return view! {
            <section class="card empty"><p>"No rollout fits. " <a href="/history">"Show all of them"</a></p></section>
        }
        .into_any();
    }
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Rollouts">
            <table>
                <thead>
                    <tr>
                        <th>"Rollout"</th><th>"Outcome"</th><th>"Release"</th><th>"Application"</th>
                        <th>"Started by"</th><th>"Started"</th><th>"Lasted"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
        {older}
    }
    .into_any()
}
