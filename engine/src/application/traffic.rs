//! `[traffic]`: how traffic moves.

use super::item::Item;
use super::section::{Keys, Section};
use super::{nginx, stages, words};
use rollout::application::{RouterKind, StickyBy, Traffic};

pub(super) const TRAFFIC: Keys = Keys {
    known: &["router", "sticky_by", "stages", "nginx"],
    later: &[
        ("haproxy", "the router is nginx"),
        ("digitalocean", "the router is nginx"),
        ("dns", "the router is nginx"),
        ("embedded", "the router is nginx"),
    ],
};

pub(super) fn read(item: Option<Item>) -> Traffic {
    let section = item.and_then(|item| item.section("[traffic]", &TRAFFIC, "a section: [traffic]"));
    let get = |key| section.as_ref().and_then(|section: &Section| section.get(key));
    if let Some(item) = get("router") {
        router(item);
    }
    Traffic {
        router: RouterKind::Nginx(nginx::read(get("nginx"))),
        sticky_by: get("sticky_by").and_then(sticky_by).unwrap_or(StickyBy::Cookie),
        stages: get("stages").map_or_else(stages::default, stages::read),
    }
}

fn router(item: Item) {
    match item.text() {
        None | Some("nginx") => {}
        Some(later) if TRAFFIC.later.iter().any(|(name, _)| *name == later) => {
            item.wrong(format!("\"{later}\" is not supported yet: write \"nginx\""));
        }
        Some(other) => item.wrong(format!("\"{other}\" is not a router: write \"nginx\"")),
    }
}

fn sticky_by(item: Item) -> Option<StickyBy> {
    let text = item.text()?;
    match text {
        "cookie" => Some(StickyBy::Cookie),
        "address" => Some(StickyBy::Address),
        "none" => Some(StickyBy::None),
        _ => match text.strip_prefix("header:") {
            Some(name) => {
                words::sticky_header(name).map_err(|sentence| item.wrong(sentence)).ok()?;
                Some(StickyBy::Header(name.to_owned()))
            }
            None => {
                item.wrong(format!("must be \"cookie\", \"header:NAME\", \"address\" or \"none\", not \"{text}\""));
                None
            }
        },
    }
}
