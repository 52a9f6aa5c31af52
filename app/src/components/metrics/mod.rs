//! How a rollout's numbers are shown. The server draws all of it, as HTML and SVG, for the page and, whole again, for
//! every change over the websocket: the browser only puts it in its place.
//!
//! | file | what |
//! |---|---|
//! | `share` | the measured share beside the weight, and what a bake still wants |
//! | `table` | the last look at every metric |
//! | `evidence` | the same in short, beside a decision |
//! | `verdict` | a verdict by word, sign and colour, and what follows from it |
//! | `chart` | one metric over time |
//! | `axis`, `line`, `marks` | where things are in a chart: values and times, points, what happened |

mod axis;
mod chart;
mod evidence;
mod line;
mod marks;
mod share;
mod table;
mod verdict;

pub use evidence::{EvidenceList, evidence_html};

use self::axis::Span;
use self::verdict::Role;
use crate::live::Numbers;
use engine::telemetry::board::Board;
use leptos::prelude::*;
use rollout::Rollout;
use rollout::clock::Timestamp;
use rollout::event::Entry;
use rollout::metric::Act;

/// What the page begins with, and what travels when it changes.
pub fn numbers(board: &Board, rollout: &Rollout, entries: &[Entry], now: Timestamp) -> Numbers {
    let board = &as_this_rollout_takes_it(board, rollout);
    let evidence = match board.evidence.is_empty() {
        true => String::new(),
        false => evidence_html("What the metrics say", &board.evidence, rollout.start.slot, Some(now)),
    };
    Numbers { board: metrics_html(board, rollout, entries, now), evidence }
}

/// What would roll back holds, where nothing goes back by itself.
fn as_this_rollout_takes_it(board: &Board, rollout: &Rollout) -> Board {
    let mut board = board.clone();
    let acts = board.evidence.iter_mut().map(|seen| &mut seen.act);
    acts.filter(|act| **act == Act::RollBack && !rollout.goes_back_by_itself()).for_each(|act| *act = Act::Hold);
    board
}

/// All numbers of a rollout, as HTML to put into an element. Empty when there is nothing to show. All that comes from
/// files and servers (names, queries, reasons) is escaped.
///
/// Every `<details>` in it has an `id` that stays the same: whoever replaces the whole can leave open what is open.
pub fn metrics_html(board: &Board, rollout: &Rollout, entries: &[Entry], now: Timestamp) -> String {
    metrics(board, rollout, entries, now).map_or_else(String::new, |view| view.to_html())
}

fn metrics(board: &Board, rollout: &Rollout, entries: &[Entry], now: Timestamp) -> Option<impl IntoView + use<>> {
    // Once the watch is over, what led here is still worth reading.
    let breach = rollout.breach.as_ref().filter(|_| board.evidence.is_empty());
    let nothing = board.evidence.is_empty() && board.share.is_none() && board.wanted.is_none() && breach.is_none();
    if nothing && board.charts.is_empty() {
        return None;
    }
    let roles = Role::both(rollout);
    let marks = marks::marks(rollout, entries);
    let span = Span::over(&board.charts, marks.iter().map(|mark| mark.at));
    let charts = board.charts.iter().map(|chart| chart::chart(chart, roles, span, &marks)).collect_view();
    let (summary, table) = match breach {
        Some(breach) => (None, table::breach(breach, roles).into_any()),
        None => (
            verdict::summary(&board.evidence),
            (!board.evidence.is_empty()).then(|| table::verdicts(&board.evidence, roles, now)).into_any(),
        ),
    };
    Some(view! {
        <section class="metrics">
            <h2>"Metrics" {summary.map(|summary| view! { " " <small>{summary}</small> })}</h2>
            {share::share(board, roles)}
            {board.wanted.map(|wanted| share::wanted(wanted, now))}
            {table}
            {(!board.charts.is_empty()).then(|| view! { <div class="charts">{charts}</div> })}
        </section>
    })
}

#[cfg(test)]
mod tests;
