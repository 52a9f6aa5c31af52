//! `[traffic.caddy]`: where Caddy is.

use super::item::Item;
use super::section::{Keys, Section};
use super::words;
use rollout::application::StickyBy;
use rollout::router::Caddy;

pub(super) const CADDY: Keys = Keys::new(&["admin", "server", "dial"]);

pub(super) fn read(item: Option<Item>) -> Caddy {
    let section = item.and_then(|item| item.section("[traffic.caddy]", &CADDY, "a section: [traffic.caddy]"));
    let text = |key, default: &str, check: fn(&str) -> words::Check| {
        let item = section.as_ref().and_then(|section: &Section| section.get(key));
        item.and_then(|item| item.text_that(check)).unwrap_or_else(|| default.to_owned())
    };
    Caddy {
        admin: text("admin", "localhost:2019", words::api_address),
        server: text("server", "srv0", words::not_empty),
        dial: text("dial", "/var/lib/crossfade/dial", words::router_path),
    }
}

/// Caddy hashes a header or an address only to choose between addresses, not to a session's number.
pub(super) fn sticks_by(sticky_by: &StickyBy) -> words::Check {
    words::must(matches!(sticky_by, StickyBy::Cookie | StickyBy::None), || {
        "Caddy sticks by a cookie or not at all: write \"cookie\" or \"none\"".to_owned()
    })
}
