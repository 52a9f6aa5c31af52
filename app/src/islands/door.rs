//! The testers' door: links for people who want to try the new release before others meet it. Plain links, good without
//! scripts.

use super::live_rollout::Live;
use crate::live::Door;
use leptos::either::Either;
use leptos::prelude::*;

#[component]
pub(super) fn DoorBox(live: Live) -> impl IntoView {
    let place = live.rollout.with_untracked(|rollout| format!("{} ({})", rollout.start.slot, rollout.start.release));
    move || {
        let place = place.clone();
        live.door.get().map(|Door { links, until, .. }| {
            let inside = match links {
                Err(why) => Either::Left(view! { <p class="problem">{format!("Nobody can come in: {why}.")}</p> }),
                Ok(links) => {
                    let items = links.into_iter().map(|link| view! {
                        <li>
                            <a class="door-link" href=link.path target="_blank" rel="noopener">{link.host}</a>
                            " "
                            <a class="quiet small" href=link.leave target="_blank" rel="noopener noreferrer">"leave"</a>
                        </li>
                    });
                    Either::Right(view! {
                        <ul>{items.collect_view()}</ul>
                        <p class="quiet small">
                            {format!(
                                "A link lets in whoever has it until {} UTC, and the browser stays in for 12 hours or until the \
                                 rollout ends. What testers do is in no metric and no share.",
                                &until.utc_time()[..5],
                            )}
                        </p>
                    })
                }
            };
            view! {
                <section class="door card" aria-label="Testers' door">
                    <h2>{format!("Try {place} through the router")}</h2>
                    {inside}
                </section>
            }
        })
    }
}
