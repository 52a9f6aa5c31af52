//! How traffic is split, as a bar of two colours and in words.

use leptos::prelude::*;
use rollout::slot::{Slot, Split};

/// The marks are weights (percent of `split.to`) where the bar will stop.
#[component]
pub fn TrafficBar(
    split: Split,
    /// What each slot holds, blue first.
    releases: [Option<String>; 2],
    #[prop(default = vec![])] marks: Vec<u8>,
) -> impl IntoView {
    let blue = split.share(Slot::Blue).percent();
    let label = format!("Traffic: blue {blue} %, green {} %", 100 - blue);
    // A bar that grows from its own side: blue from the left, green from the right.
    let mark = move |weight: u8| if split.to == Slot::Blue { weight } else { 100 - weight };
    let marks = marks.into_iter().filter(|weight| *weight < 100).map(|weight| {
        let x = mark(weight).to_string();
        view! { <line class="traffic-mark" x1=x.clone() x2=x y1="0" y2="10"/> }
    });
    let [blue_release, green_release] = releases.map(|release| release.unwrap_or_else(|| "empty".to_owned()));
    view! {
        <figure class="traffic">
            <svg class="traffic-bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label=label>
                <rect class="traffic-green" width="100" height="10"/>
                <rect class="traffic-blue" width=blue.to_string() height="10"/>
                {marks.collect_view()}
            </svg>
            <figcaption>
                <span class="slot-label slot-blue">
                    <strong>{format!("{blue} %")}</strong>
                    " blue "
                    <span class="release">{blue_release}</span>
                </span>
                <span class="slot-label slot-green">
                    <span class="release">{green_release}</span>
                    " green "
                    <strong>{format!("{} %", 100 - blue)}</strong>
                </span>
            </figcaption>
        </figure>
    }
}
