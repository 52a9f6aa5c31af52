//! Our file in the folder that Traefik watches. What follows its comments is JSON, which is YAML as well: so it can be
//! read back. A service of the application has these of Traefik's:
//!
//! | name | what |
//! |---|---|
//! | `crossfade_shop.web` | a hundred equal parts; the cookie (or the client's address) picks one for good |
//! | `crossfade_shop.web:17` | the sessions with this number: leads to the one slot or the other |
//! | `crossfade_shop.web:green` | the slot, at its address |

use super::super::nginx::render::{BLANK, GENERATION, MARKER, hash};
use super::super::nginx::settings::check_routes;
use super::super::{Route, RouterError};
use super::settings::{Settings, Stick};
use rollout::slot::{Slot, Split};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;

/// Stands before the routes in their own line.
pub(super) const ROUTES: &str = "# routes: ";

/// A rendered file, and what it says, as Traefik will say that it runs it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rendered {
    pub text: String,
    pub body: Value,
}

/// A [`Route`] as it stands in the file.
#[derive(Serialize, Deserialize)]
pub(super) struct Written {
    service: String,
    hosts: Vec<String>,
    blue: SocketAddr,
    green: SocketAddr,
}

impl From<&Route> for Written {
    fn from(route: &Route) -> Written {
        let Route { service, hosts, blue, green } = route.clone();
        Written { service, hosts, blue, green }
    }
}

impl From<Written> for Route {
    fn from(written: Written) -> Route {
        let Written { service, hosts, blue, green } = written;
        Route { service, hosts, blue, green }
    }
}

pub(super) fn render(settings: &Settings, routes: &[Route], split: Split) -> Result<Rendered, RouterError> {
    check_routes(routes)?;
    let (mut routers, mut services) = (Map::new(), Map::new());
    // A host that several services name belongs to the first of them.
    let mut hosts = BTreeSet::new();
    for route in routes {
        let name = format!("{}.{}", settings.prefix(), route.service);
        let own: Vec<String> = route.hosts.iter().map(|host| host.to_lowercase()).collect();
        let own: Vec<String> = own.into_iter().filter(|host| hosts.insert(host.clone())).collect();
        if own.is_empty() {
            continue;
        }
        let rule = own.iter().map(|host| matcher(host)).collect::<Vec<_>>().join(" || ");
        let entry_points = &settings.entry_points;
        routers.insert(name.clone(), json!({"rule": rule, "entryPoints": entry_points, "service": name}));
        services.insert(name.clone(), hundred(settings, &name));
        for session in 0..100 {
            let slot = format!("{name}:{}", split.slot_of(session));
            let leads = json!({"weighted": {"services": [{"name": slot, "weight": 1}]}});
            services.insert(format!("{name}:{session}"), leads);
        }
        for (slot, address) in [(Slot::Blue, route.blue), (Slot::Green, route.green)] {
            let servers = json!([{"url": format!("http://{address}")}]);
            let balancer = json!({"servers": servers, "serversTransport": format!("{}@file", settings.prefix())});
            services.insert(format!("{name}:{slot}"), json!({"loadBalancer": balancer}));
        }
    }
    // Node and uvicorn close idle connections after 5 s; letting go of them first keeps a request from meeting such a
    // close.
    let transport = json!({"forwardingTimeouts": {"idleConnTimeout": "4s"}});
    let transports = Map::from_iter([(settings.prefix(), transport)]);
    let parts = [("routers", routers), ("services", services), ("serversTransports", transports)];
    let written: Vec<Written> = routes.iter().map(Written::from).collect();
    let head = format!(
        "{MARKER} for the application {} and looks after it.\n\
         # Do not edit it: put changes into a file of your own. A hundred equal parts of the sessions lead to one slot or\n\
         # the other each; Crossfade changes that, and Traefik takes it in while it serves.\n\
         {GENERATION}{BLANK}\n{ROUTES}{}\n",
        settings.application,
        json!(written),
    );
    let text = head + &lines(&parts);
    let generation = hash(&text);
    let body = parts.into_iter().map(|(kind, entries)| (kind.to_owned(), Value::Object(entries)));
    Ok(Rendered { text: text.replace(BLANK, &generation), body: json!({"http": Map::from_iter(body)}) })
}

/// The parts that the cookie, or the client's address, chooses from. Without either, each request takes the next one.
fn hundred(settings: &Settings, name: &str) -> Value {
    // Not in their order: the first few sessions after a change are to be spread over both slots, too.
    let parts: Vec<Value> =
        (0..100).map(|n| json!({"name": format!("{name}:{}", n * 61 % 100), "weight": 1})).collect();
    match settings.stick {
        Stick::Address => json!({"highestRandomWeight": {"services": parts}}),
        Stick::Never => json!({"weighted": {"services": parts}}),
        Stick::Cookie => {
            let (name, week) = (settings.prefix(), 604_800);
            let cookie = json!({"name": name, "httpOnly": true, "sameSite": "lax", "maxAge": week});
            json!({"weighted": {"services": parts, "sticky": {"cookie": cookie}}})
        }
    }
}

fn matcher(host: &str) -> String {
    match host.strip_prefix("*.") {
        Some(rest) => format!("HostRegexp(`^.+\\.{}$`)", rest.replace('.', "\\.")),
        None => format!("Host(`{host}`)"),
    }
}

/// JSON with a line for each router and service.
fn lines(parts: &[(&str, Map<String, Value>)]) -> String {
    let parts = parts.iter().map(|(kind, entries)| {
        let entries: Vec<String> = entries.iter().map(|(name, value)| format!("  {}: {value}", json!(name))).collect();
        format!("{}: {{\n{}\n}}", json!(kind), entries.join(",\n"))
    });
    format!("{{\"http\": {{\n{}\n}}}}\n", parts.collect::<Vec<_>>().join(",\n"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::settings::tests::settings;
    use super::*;
    use rollout::application::StickyBy;
    use rollout::slot::Weight;

    pub fn routes() -> Vec<Route> {
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let route = |service: &str, hosts: &[&str], port| Route {
            service: service.into(),
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            blue: address(port),
            green: address(port + 1),
        };
        vec![route("api", &["API.example.com", "*.example.com"], 3000), route("web", &["api.example.com", "a.b"], 4000)]
    }

    pub fn green(percent: u8) -> Split {
        Split { to: Slot::Green, weight: Weight::new(percent).unwrap() }
    }

    #[test]
    fn the_text_says_what_the_body_says() {
        for sticky_by in [StickyBy::Cookie, StickyBy::Address, StickyBy::None] {
            let Rendered { text, body } = render(&settings(&sticky_by), &routes(), green(25)).unwrap();
            let json: String = text.lines().filter(|line| !line.starts_with('#')).collect();
            assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), body);
            assert!(!text.contains("{{"), "a template would begin");
            let services = body["http"]["services"].as_object().unwrap();
            assert_eq!(services.len(), 2 * 103);
            let leads = |n: u8| &services[&format!("crossfade_my_shop.api:{n}")]["weighted"]["services"][0]["name"];
            assert_eq!(
                (leads(24), leads(25)),
                (&json!("crossfade_my_shop.api:green"), &json!("crossfade_my_shop.api:blue"))
            );
        }
    }

    #[test]
    fn hosts_become_rules_and_belong_to_the_first_that_names_them() {
        let body = render(&settings(&StickyBy::Cookie), &routes(), green(0)).unwrap().body;
        let rule = |service: &str| body["http"]["routers"][format!("crossfade_my_shop.{service}")]["rule"].clone();
        assert_eq!(rule("api"), "Host(`api.example.com`) || HostRegexp(`^.+\\.example\\.com$`)");
        assert_eq!(rule("web"), "Host(`a.b`)");
    }

    #[test]
    fn every_number_is_among_the_hundred_once_and_near_ones_are_apart() {
        let parts = hundred(&settings(&StickyBy::Cookie), "x");
        let names: Vec<&str> = parts["weighted"]["services"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| part["name"].as_str().unwrap())
            .collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 100);
        assert_eq!(names[..4], ["x:0", "x:61", "x:22", "x:83"]);
    }
}
