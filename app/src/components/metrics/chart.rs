//! One metric over time: both slots together, what it is held against, and what happened meanwhile.
//!
//! The drawing is as wide as its place and always as high, so that its words keep their size on a phone: places across
//! are percentages, and the lines are stretched between them.

use super::axis::{Axis, HEIGHT, Span, Threshold, WIDTH};
use super::line::{Line, last, short};
use super::marks::{Kind, Mark, Placed, Side, place};
use super::verdict::Role;
use engine::telemetry::board::{Chart, Point};
use leptos::prelude::*;
use rollout::metric::{Amount, Unit};

/// Above the plot: the names of stages.
const TOP: f64 = 18.0;
/// Below it: what was decided; then the times.
const ROW: f64 = 15.0;

pub(super) fn chart(chart: &Chart, roles: [Role; 2], span: Option<Span>, marks: &[Mark]) -> impl IntoView + use<> {
    let [new, old] = roles;
    let keys =
        [(new, &chart.new), (old, &chart.old)].into_iter().filter(|(role, points)| role.is_new || !points.is_empty());
    let keys = keys.map(|(role, points)| key(role, points, chart.unit)).collect_view();
    let drawn = match (Axis::of(chart), span) {
        (Some(axis), Some(span)) => drawing(chart, roles, &axis, &span, marks).into_any(),
        _ => view! { <p class="no-numbers quiet">{nothing(chart)}</p> }.into_any(),
    };
    view! {
        <figure class="chart">
            <figcaption><strong>{chart.name.clone()}</strong> <span class="keys">{keys}</span></figcaption>
            {drawn}
        </figure>
    }
}

fn nothing(chart: &Chart) -> String {
    let limit = chart.threshold.filter(|threshold| Amount::of(*threshold).is_some());
    let limit = limit.map(|threshold| format!(" Limit {}.", written(threshold, chart.unit)));
    let none = match chart.new.is_empty() && chart.old.is_empty() {
        true => "No numbers yet.",
        false => "It was asked, and there was no number.",
    };
    format!("{none}{}", limit.unwrap_or_default())
}

/// A slot's line, and its last number.
fn key(role: Role, points: &[Point], unit: Unit) -> impl IntoView + use<> {
    let value = last(points).map_or_else(|| "–".to_owned(), |(value, _)| written(value, unit));
    view! {
        <span class=format!("key key-{}", role.slot)>
            <svg class="key-line" width="22" height="8" aria-hidden="true">
                <line class=trace(role) x1="1" x2="21" y1="4" y2="4"/>
            </svg>
            {role.slot.as_str()} " " <strong>{value}</strong>
        </span>
    }
}

fn trace(role: Role) -> String {
    format!("trace trace-{} trace-{}", role.slot, if role.is_new { "new" } else { "old" })
}

fn drawing(chart: &Chart, roles: [Role; 2], axis: &Axis, span: &Span, marks: &[Mark]) -> impl IntoView + use<> {
    let placed = place(marks, span);
    let decided = placed.iter().any(|placed| !placed.mark.is_stage());
    let floor = TOP + HEIGHT;
    let height = floor + if decided { 2.0 * ROW } else { ROW };
    let (from, to) = span.labels();
    let grid = axis.ticks.iter().map(|tick| tick_line(*tick, axis, chart.unit)).collect_view();
    let [new, old] = roles;
    // The new slot's line lies on the other.
    let lines =
        [(old, &chart.old), (new, &chart.new)].map(|(role, points)| (trace(role), Line::of(points, axis, span)));
    let lines = lines.into_iter().map(|(class, line)| {
        view! {
            {(!line.path.is_empty()).then(|| view! { <path class=class.clone() d=line.path/> })}
            {(!line.dots.is_empty()).then(|| view! { <path class=format!("{class} dots") d=line.dots/> })}
        }
    });
    view! {
        <svg class="plot" role="img" width="100%" height=short(height)>
            <title>{chart.name.clone()}</title>
            <desc>{described(chart, roles, axis, span, &placed)}</desc>
            {grid}
            {placed.iter().map(|placed| mark_line(placed, floor)).collect_view()}
            <svg
                y=short(TOP) width="100%" height=short(HEIGHT) overflow="visible"
                viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none"
            >
                {lines.collect_view()}
            </svg>
            {limit(axis, chart.unit)}
            <text class="tick" x="0" y=short(height - 2.0)>{from}</text>
            <text class="tick end" x="100%" y=short(height - 2.0)>{format!("{to} UTC")}</text>
        </svg>
    }
}

/// A line at a round number, with the number beside it.
fn tick_line(tick: f64, axis: &Axis, unit: Unit) -> impl IntoView + use<> {
    let y = TOP + axis.y(tick);
    view! {
        <line class=if tick == 0.0 { "grid zero" } else { "grid" } x1="0" x2="100%" y1=short(y) y2=short(y)/>
        <text class="tick end" x="-6" y=short(y + 4.0)>{written(tick, unit)}</text>
    }
}

fn limit(axis: &Axis, unit: Unit) -> impl IntoView + use<> {
    let (y, words, line) = match axis.threshold {
        Threshold::None => return None,
        Threshold::At(at) => {
            let y = TOP + axis.y(at);
            // On the line; below it where there is no room. On the left, where the numbers are old.
            let under = y < TOP + 14.0;
            (if under { y + 13.0 } else { y - 4.0 }, format!("limit {}", written(at, unit)), Some(y))
        }
        Threshold::Above(at) => (TOP + 12.0, format!("limit {} is above this chart", written(at, unit)), None),
        Threshold::Below(at) => (TOP + HEIGHT - 5.0, format!("limit {} is below this chart", written(at, unit)), None),
    };
    Some(view! {
        {line.map(|y| view! { <line class="limit-line" x1="0" x2="100%" y1=short(y) y2=short(y)/> })}
        <text class="limit-name" x="0" dx="4" y=short(y)>{words}</text>
    })
}

/// A stage is named above the plot, a decision below it. What went wrong goes right through it.
fn mark_line(placed: &Placed, floor: f64) -> impl IntoView + use<> {
    let Placed { mark, x, label } = placed;
    let x = format!("{}%", short(x * 100.0 / WIDTH));
    let (top, bottom, row) = match mark.kind {
        Kind::Stage => (TOP - 3.0, floor, TOP - 5.0),
        Kind::Bad => (TOP, floor + ROW - 4.0, floor + ROW - 3.0),
        Kind::Said | Kind::Stopped => (floor, floor + ROW - 4.0, floor + ROW - 3.0),
    };
    let label = label.map(|side| {
        let (class, dx) = match side {
            Side::Over => ("mark-name over", "0"),
            Side::Right => ("mark-name", "4"),
            Side::Left => ("mark-name end", "-4"),
        };
        view! { <text class=class x=x.clone() dx=dx y=short(row)>{mark.label.clone()}</text> }
    });
    view! {
        <g class=format!("mark mark-{}", mark.kind.as_str())>
            <title>{told(mark)}</title>
            <line x1=x.clone() x2=x.clone() y1=short(top) y2=short(bottom)/>
            {label}
        </g>
    }
}

fn told(mark: &Mark) -> String {
    format!("{} at {} UTC", mark.told, mark.at.utc_time())
}

/// For those who hear it: the last numbers first.
fn described(chart: &Chart, [new, old]: [Role; 2], axis: &Axis, span: &Span, placed: &[Placed]) -> String {
    let value = |role: Role, points: &[Point]| {
        last(points).map(|(value, at)| format!("{} {} at {} UTC", role.slot, written(value, chart.unit), at.utc_time()))
    };
    let values = [value(new, &chart.new), value(old, &chart.old)].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let limit = match axis.threshold {
        Threshold::None => String::new(),
        Threshold::At(at) | Threshold::Above(at) | Threshold::Below(at) => {
            format!(" Limit {}.", written(at, chart.unit))
        }
    };
    let (from, to) = span.labels();
    let marks: String = placed.iter().map(|placed| format!(" {}.", told(placed.mark))).collect();
    format!("Last values: {values}.{limit} From {from} to {to} UTC.{marks}")
}

fn written(value: f64, unit: Unit) -> String {
    // Ticks can be a little further out than the last amount.
    Amount::of(value).map_or_else(|| format!("{value:.0e}"), |amount| amount.with(unit).to_string())
}
