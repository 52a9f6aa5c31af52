//! Our part of Caddy's configuration: a route that splits the traffic, and a server on loopback that tells how. Put in
//! once; the weights are in the dial.

use super::super::nginx::render::{BLANK, hash};
use super::super::nginx::settings::check_routes;
use super::super::{Route, RouterError};
use super::settings::{Settings, Stick};
use rollout::slot::Slot;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;

/// The first two decimal digits of a session's identity, without a leading zero. A UUID's hexadecimal digits are
/// random, so those among them that are decimal are, too: every number is as likely as every other.
const NUMBER: &str = "^[^0-9]*(?:0|([1-9]))[^0-9]*([0-9])";

/// Our part, and the hash by which Caddy says that it serves it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rendered {
    /// Belongs first among the routes of the server that takes the requests.
    pub route: Value,
    /// A server of its own.
    pub probe: Value,
    pub generation: String,
}

pub(super) fn render(settings: &Settings, routes: &[Route]) -> Result<Rendered, RouterError> {
    check_routes(routes)?;
    let route = public_route(settings, routes);
    let generation = hash(&format!("{route}{}", probe(settings, BLANK)));
    Ok(Rendered { route, probe: probe(settings, &generation), generation })
}

/// Each of the inner routes adds what the next ones ask: the session, its number, its slot.
fn public_route(settings: &Settings, routes: &[Route]) -> Value {
    let id = settings.id();
    let cookie = format!("{{http.request.cookie.{id}}}");
    let mut inner = Vec::new();
    match settings.stick {
        Stick::Cookie => {
            inner.push(then(json!([vars("crossfade_id", &cookie)])));
            // A request without the cookie starts a session and is given its cookie, beside those that the service sets.
            inner.push(json!({
                "match": [{"vars": {cookie: [""]}}],
                "handle": [
                    vars("crossfade_id", "{http.request.uuid}"),
                    {"handler": "headers", "response": {"deferred": true, "add": {"Set-Cookie": [
                        format!("{id}={{http.request.uuid}}; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax")
                    ]}}},
                ],
            }));
        }
        Stick::Never => inner.push(then(json!([vars("crossfade_id", "{http.request.uuid}")]))),
    }
    // Somebody made up an identity without digits: the last session to go to green.
    inner.push(then(json!([vars("crossfade_number", "99"), vars("crossfade_slot", "blue")])));
    inner.push(json!({
        "match": [{"vars_regexp": {"crossfade_id": {"name": "crossfade", "pattern": NUMBER}}}],
        "handle": [vars("crossfade_number", "{http.regexp.crossfade.1}{http.regexp.crossfade.2}")],
    }));
    inner.push(json!({
        "match": [{"file": on_the_dial(settings, "/{http.vars.crossfade_number}")}],
        "handle": [vars("crossfade_slot", "green")],
    }));
    let slot = json!({"X-Crossfade-Slot": ["{http.vars.crossfade_slot}"]});
    inner.push(then(json!([{"handler": "headers", "response": {"deferred": true, "set": slot}}])));
    // A host that several services name belongs to the first of them.
    let mut hosts = BTreeSet::new();
    for route in routes {
        let own: Vec<String> = route.hosts.iter().map(|host| host.to_lowercase()).collect();
        let own: Vec<String> = own.into_iter().filter(|host| hosts.insert(host.clone())).collect();
        if own.is_empty() {
            continue;
        }
        for (slot, address) in [(Slot::Blue, route.blue), (Slot::Green, route.green)] {
            inner.push(json!({
                "match": [{"host": own, "vars": {"crossfade_slot": [slot.as_str()]}}],
                "handle": [pass_on(address)],
                "terminal": true,
            }));
        }
    }
    json!({
        "@id": id,
        "match": [{"host": hosts}],
        "handle": [{"handler": "subroute", "routes": inner}],
        "terminal": true,
    })
}

/// Caddy tells whether the dial says that sessions of some numbers go to green, whether it can see the dial at all, and
/// which generation this is.
fn probe(settings: &Settings, generation: &str) -> Value {
    let at = |what: &str| json!([format!("/crossfade/{what}")]);
    let seen = json!({"root": settings.dial, "try_files": ["/readable"]});
    let asked = on_the_dial(settings, "/{http.request.uri.query.b}");
    json!({
        "listen": [format!("127.0.0.1:{}", settings.probe_port)],
        "automatic_https": {"disable": true},
        "routes": [
            then(json!([{
                "handler": "headers",
                "response": {"set": {"X-Crossfade-Application": [settings.application]}},
            }])),
            {"match": [{"path": at("generation")}], "handle": [say(generation)], "terminal": true},
            {"match": [{"path": at("readable"), "file": seen}], "handle": [say("yes")], "terminal": true},
            {"match": [{"path": at("readable")}], "handle": [say("no")], "terminal": true},
            {"match": [{"path": at("slot"), "file": asked}], "handle": [say("green")], "terminal": true},
            {"match": [{"path": at("slot")}], "handle": [say("blue")], "terminal": true},
            then(json!([{"handler": "static_response", "status_code": 404}])),
        ],
    })
}

/// Caddy looks for the file on every request.
fn on_the_dial(settings: &Settings, file: &str) -> Value {
    json!({"root": settings.dial.join("current"), "try_files": [file]})
}

/// One address and no other: a request never reaches a slot that has not passed its checks. Node and uvicorn close idle
/// connections after 5 s; letting go of them first keeps a request from meeting such a close.
fn pass_on(address: SocketAddr) -> Value {
    json!({
        "handler": "reverse_proxy",
        "upstreams": [{"dial": address.to_string()}],
        "transport": {"protocol": "http", "keep_alive": {"idle_timeout": "4s"}},
    })
}

fn then(handle: Value) -> Value {
    json!({"handle": handle})
}

fn vars(name: &str, value: &str) -> Value {
    json!({"handler": "vars", name: value})
}

fn say(body: &str) -> Value {
    json!({"handler": "static_response", "body": body})
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::settings::tests::settings;
    use super::*;
    use rollout::application::StickyBy;

    pub fn route(service: &str, hosts: &[&str], port: u16) -> Route {
        let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        let [blue, green] = [port, port + 1].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        Route { service: service.into(), hosts, blue, green }
    }

    pub fn rendered(sticky_by: &StickyBy) -> Rendered {
        let routes = [route("api", &["API.example.com", "example.com"], 3000), route("web", &["example.com"], 4000)];
        render(&settings(sticky_by), &routes).unwrap()
    }

    #[test]
    fn a_host_belongs_to_the_first_service_that_names_it() {
        let Rendered { route, .. } = rendered(&StickyBy::Cookie);
        assert_eq!(route["match"], json!([{"host": ["api.example.com", "example.com"]}]));
        let text = route.to_string();
        assert_eq!(text.matches("\"dial\"").count(), 2, "{text}");
        assert!(!text.contains("4000"), "{text}");
    }

    #[test]
    fn the_cookie_is_there_when_sessions_stick_by_it() {
        let cookie = "crossfade_my_shop={http.request.uuid}; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax";
        assert!(rendered(&StickyBy::Cookie).route.to_string().contains(cookie));
        assert!(!rendered(&StickyBy::None).route.to_string().contains("ookie"));
    }

    #[test]
    fn the_generation_is_its_own() {
        let (cookie, none) = (rendered(&StickyBy::Cookie), rendered(&StickyBy::None));
        assert_eq!(cookie, rendered(&StickyBy::Cookie));
        assert_ne!(cookie.generation, none.generation);
        assert!(cookie.probe.to_string().contains(&cookie.generation));
        assert!(render(&settings(&StickyBy::None), &[]).is_err());
    }
}
