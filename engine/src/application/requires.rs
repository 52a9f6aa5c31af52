//! `[requires]`: what both slots lean on.

use super::item::Item;
use super::section::Keys;
use super::words;
use rollout::application::{Requires, Sharing};

pub(super) const REQUIRES: Keys = Keys::new(&["database", "cache", "object_storage", "dns_ttl", "name_servers"]);

pub(super) const SHARING: &[(&str, Sharing)] = &[
    ("shared", Sharing::Shared),
    ("replicated", Sharing::Replicated),
    ("separate", Sharing::Separate),
    ("none", Sharing::None),
];

pub(super) fn read(item: Item) -> Requires {
    let default = Requires::default();
    let Some(section) = item.section("[requires]", &REQUIRES, "a section: [requires]") else { return default };
    let sharing = |key| section.get(key).and_then(|item: Item| item.choice(SHARING));
    Requires {
        database: sharing("database"),
        cache: sharing("cache"),
        object_storage: section
            .get("object_storage")
            .map(|item| item.texts("a list of variables, like [\"S3_ENDPOINT\", \"S3_BUCKET\"]", words::variable))
            .unwrap_or_default(),
        dns_ttl: section.get("dns_ttl").and_then(|item| item.duration_above_zero()).unwrap_or(default.dns_ttl),
        name_servers: section
            .get("name_servers")
            .map(|item| item.texts("a list of addresses, like [\"127.0.0.1:53\"]", words::name_server))
            .unwrap_or_default(),
    }
}
