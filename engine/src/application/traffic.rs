//! `[traffic]`: how traffic moves.

use super::item::Item;
use super::problems::Problems;
use super::section::{Keys, Section};
use super::services::Services;
use super::{caddy, digitalocean, dns, embedded, haproxy, nginx, stages, traefik, words};
use rollout::application::{StickyBy, Traffic};
use rollout::clock::Millis;
use rollout::router::{Capabilities, RouterKind};

pub(super) const TRAFFIC: Keys = Keys::new(&[
    "router",
    "sticky_by",
    "drain",
    "url",
    "stages",
    "nginx",
    "haproxy",
    "embedded",
    "digitalocean",
    "dns",
    "caddy",
    "traefik",
]);

/// Long enough for what people wait for, short enough for who waits for the end of a roll back.
const DRAIN: Millis = Millis::seconds(300);

/// Routers whose section may stand in the file.
#[derive(Clone, Copy, PartialEq)]
enum Named {
    Nginx,
    Haproxy,
    Embedded,
    DigitalOcean,
    Dns,
    Caddy,
    Traefik,
}

const NAMED: [(&str, Named); 7] = [
    ("nginx", Named::Nginx),
    ("haproxy", Named::Haproxy),
    ("embedded", Named::Embedded),
    ("digitalocean", Named::DigitalOcean),
    ("dns", Named::Dns),
    ("caddy", Named::Caddy),
    ("traefik", Named::Traefik),
];

/// What `router` may say.
pub fn routers() -> impl Iterator<Item = &'static str> {
    NAMED.iter().map(|(name, _)| *name)
}

/// With what the router can do, unless its own settings have a problem: then nothing is known of it.
pub(super) fn read(problems: &Problems, item: Option<Item>, services: &Services) -> (Traffic, Option<Capabilities>) {
    let section = item.and_then(|item| item.section("[traffic]", &TRAFFIC, "a section: [traffic]"));
    let get = |key| section.as_ref().and_then(|section: &Section| section.get(key));
    let before = problems.count();
    let named = get("router").map_or(Named::Nginx, router);
    for (name, other) in NAMED {
        if let Some(item) = get(name).filter(|_| other != named) {
            item.wrong(format!("belongs to router = \"{name}\": write that, or take this section out"));
        }
    }
    let router = match named {
        Named::Nginx => RouterKind::Nginx(nginx::read(get("nginx"))),
        Named::Haproxy => RouterKind::Haproxy(haproxy::read(get("haproxy"))),
        Named::Embedded => RouterKind::Embedded(embedded::read(get("embedded"))),
        Named::DigitalOcean => RouterKind::DigitalOcean(digitalocean::read(get("digitalocean"), get("router"))),
        Named::Dns => RouterKind::Dns(dns::read(section.as_ref(), get("dns"), services)),
        Named::Caddy => RouterKind::Caddy(caddy::read(get("caddy"))),
        Named::Traefik => RouterKind::Traefik(traefik::read(get("traefik"))),
    };
    let can = router.capabilities();
    let is_known = problems.count() == before;
    let usual = if can.sessions { StickyBy::Cookie } else { StickyBy::None };
    let traffic = Traffic {
        router,
        sticky_by: get("sticky_by").and_then(|item| sticky_by(item, named)).unwrap_or(usual),
        drain: get("drain")
            .map_or(Some(DRAIN), |item| item.duration_within(Millis::ZERO..=Millis::hours(24)))
            .unwrap_or(DRAIN),
        url: get("url").and_then(|item| item.text_that(words::url_of_hosts)),
        stages: get("stages").map_or_else(|| stages::default(&can.weights), stages::read),
    };
    (traffic, is_known.then_some(can))
}

fn router(item: Item) -> Named {
    let Some(name) = item.text() else { return Named::Nginx };
    if let Some((_, named)) = NAMED.iter().find(|(known, _)| *known == name) {
        return *named;
    }
    let known: Vec<String> = routers().map(|name| format!("\"{name}\"")).collect();
    item.wrong(format!("\"{name}\" is not a router: write one of {}", known.join(", ")));
    Named::Nginx
}

fn sticky_by(item: Item, router: Named) -> Option<StickyBy> {
    let sticky_by = kind_of_session(item)?;
    let possible = match router {
        Named::Nginx | Named::Haproxy | Named::Embedded | Named::DigitalOcean | Named::Dns => Ok(()),
        Named::Caddy => caddy::sticks_by(&sticky_by),
        Named::Traefik => traefik::sticks_by(&sticky_by),
    };
    possible.map_err(|sentence| item.wrong(sentence)).ok()?;
    Some(sticky_by)
}

fn kind_of_session(item: Item) -> Option<StickyBy> {
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
