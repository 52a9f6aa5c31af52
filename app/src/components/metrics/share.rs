//! The measured share beside the wanted weight, and what a bake still waits for.

use super::verdict::{Role, count, counts};
use engine::telemetry::board::{Board, Share, Wanted};
use leptos::prelude::*;
use rollout::clock::{Millis, Timestamp};
use rollout::metric::{Amount, Unit};

/// What the router's log says of the split, and how far it is to be believed.
pub(super) fn share(board: &Board, [new, old]: [Role; 2]) -> Option<impl IntoView + use<>> {
    let lost = lost(board.lost);
    if board.share.is_none() && lost.is_none() {
        return None;
    }
    let shares = board.share.map(|share| {
        let open = share.open.map(|(at_new, at_old)| {
            format!("Open connections: {} {}, {} {}.", new.slot, count(at_new), old.slot, count(at_old))
        });
        view! {
            <p class="share">
                <span class=format!("chip chip-{}", new.slot)></span>
                {format!("{}: ", new.slot)}
                <strong>{share.weight.to_string()}</strong>
                " wanted · "
                {measured(&share)}
            </p>
            {open.map(|open| view! { <p class="quiet small">{open}</p> })}
        }
    });
    Some(view! {
        <div class="shares">
            {shares}
            {lost.map(|lost| view! { <p class="notice small">{lost}</p> })}
        </div>
    })
}

fn measured(share: &Share) -> impl IntoView + use<> {
    let measured = share.measured.and_then(Amount::of).filter(|_| share.requests > 0);
    let measured = measured.map(|part| part.with(Unit::Ratio).to_string());
    let time = last(share.window);
    let rest = match (&measured, share.requests) {
        (Some(_), requests) => {
            format!("measured of {} in the last {time}{}", counts(requests, "request"), rate(share.rate))
        }
        (None, 0) => format!("not measured: no requests to either slot in the last {time}"),
        (None, requests) => format!("not measured, of {} in the last {time}", counts(requests, "request")),
    };
    view! { {measured.map(|measured| view! { <strong>{measured}</strong> " " })} {rest} }
}

fn rate(rate: f64) -> String {
    let amount = Amount::of(rate).filter(|amount| amount.0 > 0);
    amount.map_or_else(String::new, |amount| format!(", {}", amount.with(Unit::PerSecond)))
}

/// As one says it: `minute`, not `1 min`.
fn last(window: Millis) -> String {
    match window {
        Millis(60_000) => "minute".to_owned(),
        Millis(3_600_000) => "hour".to_owned(),
        window => window.to_string(),
    }
}

fn lost(lines: u64) -> Option<String> {
    match lines {
        0 => None,
        1 => Some("1 line of the router's log was lost since the server started: figures are a little low.".to_owned()),
        more => Some(format!(
            "{} lines of the router's log were lost since the server started: figures are a little low.",
            count(more)
        )),
    }
}

/// Requests that the bake waits for.
pub(super) fn wanted(wanted: Wanted, now: Timestamp) -> impl IntoView + use<> {
    let Wanted { have, want, until } = wanted;
    let (class, words) = match until {
        _ if have >= want => ("quiet", "that is enough.".to_owned()),
        None => ("stuck", "no requests come: it cannot end by itself.".to_owned()),
        Some(until) if until > now => ("quiet", format!("at today's rate until {} UTC.", until.utc_time())),
        Some(_) => ("quiet", "the rest is due any moment.".to_owned()),
    };
    let label = format!("{} of {} requests at this weight", count(have), count(want));
    // The bar's scale has no room for nothing.
    let (value, max) = (have.min(want.max(1)).to_string(), want.max(1).to_string());
    view! {
        <div class="wanted">
            <p><strong>{label.clone()}</strong> "; " <span class=class>{words}</span></p>
            <progress value=value max=max aria-label=label></progress>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bake_says_what_it_still_wants() {
        let now = Timestamp(1_795_378_443_000);
        for (have, want, until, words) in [
            (212, 300, Some(now + Millis::seconds(80)), "at today's rate until 20:15:23 UTC."),
            (212, 300, Some(now), "the rest is due any moment."),
            (0, 300, None, "no requests come: it cannot end by itself."),
            (300, 300, None, "that is enough."),
            (0, 0, None, "that is enough."),
        ] {
            let html = super::wanted(Wanted { have, want, until }, now).to_html();
            assert!(html.contains(words), "{html}");
            assert!(html.contains(&format!("{have} of {want} requests at this weight")), "{html}");
        }
    }

    #[test]
    fn lost_lines_are_said_when_there_are_some() {
        assert_eq!(lost(0), None);
        assert!(lost(1).is_some_and(|words| words.starts_with("1 line of")));
        assert!(lost(12_000).is_some_and(|words| words.starts_with("12,000 lines of")));
    }
}
