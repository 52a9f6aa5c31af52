//! How traffic is split, as a bar and in words. Blue is on the left and plain, green on the right and striped.

use leptos::prelude::*;
use rollout::slot::{Slot, Split};

/// What a slot is and holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// "live", "standby", "old", "new"; or nothing.
    pub role: &'static str,
    pub release: Option<String>,
}

/// The marks are weights (percent of `split.to`) where the bar will stop.
#[component]
pub fn TrafficBar(
    split: Split,
    /// Blue first.
    places: [Place; 2],
    #[prop(default = vec![])] marks: Vec<u8>,
) -> impl IntoView {
    let blue = split.share(Slot::Blue).percent();
    let label = format!("Traffic: blue {blue} %, green {} %", 100 - blue);
    // A bar that grows from its own side: blue from the left, green from the right.
    let mark = move |weight: u8| if split.to == Slot::Blue { weight } else { 100 - weight };
    let marks = marks.into_iter().filter(|weight| *weight < 100).map(|weight| {
        let x = format!("{}%", mark(weight));
        view! { <line class="traffic-mark" x1=x.clone() x2=x y1="0" y2="100%"/> }
    });
    let edge = (blue > 0 && blue < 100).then(|| {
        let x = format!("{blue}%");
        view! { <line class="traffic-edge" x1=x.clone() x2=x y1="0" y2="100%"/> }
    });
    let [at_blue, at_green] = places;
    view! {
        <figure class="traffic">
            <figcaption>
                {slot_label(Slot::Blue, blue, at_blue)}
                {slot_label(Slot::Green, 100 - blue, at_green)}
            </figcaption>
            // Its background is green.
            <svg class="traffic-bar" role="img" aria-label=label>
                <rect class="traffic-blue" width=format!("{blue}%") height="100%"/>
                {marks.collect_view()}
                {edge}
            </svg>
        </figure>
    }
}

fn slot_label(slot: Slot, percent: u8, place: Place) -> impl IntoView {
    let Place { role, release } = place;
    let role = (!role.is_empty()).then(|| format!(" · {role}"));
    view! {
        <span class=format!("slot-label slot-{slot}")>
            <strong>{format!("{percent} %")}</strong>
            " "
            <span class="slot-name"><span class=format!("chip chip-{slot}")></span> {slot.as_str()} {role}</span>
            " "
            <span class="release">{release.unwrap_or_else(|| "empty".to_owned())}</span>
        </span>
    }
}
