//! `[traffic.traefik]`: where Traefik is.

use super::item::Item;
use super::section::{Keys, Section};
use super::words;
use rollout::application::StickyBy;
use rollout::router::Traefik;

pub(super) const TRAEFIK: Keys = Keys::new(&["directory", "api", "entry_points"]);

pub(super) fn read(item: Option<Item>) -> Traefik {
    let section = item.and_then(|item| item.section("[traffic.traefik]", &TRAEFIK, "a section: [traffic.traefik]"));
    let get = |key| section.as_ref().and_then(|section: &Section| section.get(key));
    let text = |key, default: &str, check: fn(&str) -> words::Check| {
        get(key).and_then(|item| item.text_that(check)).unwrap_or_else(|| default.to_owned())
    };
    let entry_points = get("entry_points").map(|item| {
        let names = item.texts("a list of names: [\"web\"]", words::entry_point);
        if names.is_empty() {
            item.wrong("needs one entry point at least, like [\"web\"]");
        }
        names
    });
    Traefik {
        directory: text("directory", "/etc/traefik/dynamic", words::router_path),
        api: text("api", "localhost:8080", words::api_address),
        entry_points: entry_points.unwrap_or_else(|| vec!["web".to_owned()]),
    }
}

/// Traefik has no hash of a header.
pub(super) fn sticks_by(sticky_by: &StickyBy) -> words::Check {
    words::must(!matches!(sticky_by, StickyBy::Header(_)), || {
        "Traefik does not stick by a header: write \"cookie\", \"address\" or \"none\"".to_owned()
    })
}
