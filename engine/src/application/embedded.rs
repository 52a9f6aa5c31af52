//! `[traffic.embedded]`: where the embedded proxy is.

use super::item::Item;
use super::section::{Keys, Section};
use super::words;
use rollout::router::Embedded;

pub(super) const EMBEDDED: Keys = Keys::new(&["control"]);

/// Where `crossfade proxy` has its control socket when it is not told otherwise.
pub(super) const CONTROL: &str = "/run/crossfade/proxy.sock";

pub(super) fn read(item: Option<Item>) -> Embedded {
    let section = item.and_then(|item| item.section("[traffic.embedded]", &EMBEDDED, "a section: [traffic.embedded]"));
    let control = section.as_ref().and_then(|section: &Section| section.get("control"));
    let control = control.and_then(|item| item.text_that(words::not_empty));
    Embedded { control: control.unwrap_or_else(|| CONTROL.to_owned()) }
}
