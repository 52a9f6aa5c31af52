//! The file that makes HAProxy split one application's traffic. Written once; the weight is in the map.
//!
//! The choice is made in the frontend: a service has a backend for each slot, and one of both. The latter is used while both
//! have a share of the traffic, and then the one answers for the other when it cannot be reached.

use super::super::nginx::check_routes;
use super::super::{Route, RouterError};
use super::map::KEY;
use super::seal::{BLANK, MARKER, Sealed, line, seal};
use super::settings::Settings;
use rollout::application::StickyBy;
use rollout::slot::Slot;
use std::collections::BTreeSet;
use std::fmt::Write;

pub(super) fn render(settings: &Settings, routes: &[Route]) -> Result<Sealed, RouterError> {
    check_routes(routes)?;
    let text = [head(settings), defaults(settings), frontend(settings, routes), admin(settings)].concat();
    Ok(seal(&routes.iter().fold(text, |text, route| text + &backends(settings, route))))
}

fn head(settings: &Settings) -> String {
    format!(
        "{MARKER} for the application {} and looks after it.\n\
         # Do not edit it: put changes into a file of your own. The weights are not in here, but in the map\n\
         # {}, which also changes in HAProxy's memory.\n{}\n",
        settings.application,
        settings.map().display(),
        line(),
    )
}

/// Named, so that nothing of the user's defaults gets in here. Node and uvicorn close idle connections after 5 s, and a
/// request may meet such a close: one that has no effects is sent once more.
fn defaults(settings: &Settings) -> String {
    format!(
        "defaults {prefix}\n    \
         mode http\n    \
         timeout connect 3s\n    \
         timeout client 60s\n    \
         timeout server 60s\n    \
         timeout http-request 10s\n    \
         timeout http-keep-alive 60s\n    \
         timeout tunnel 1h\n    \
         retries 1\n    \
         retry-on conn-failure empty-response\n    \
         option redispatch 1\n    \
         option abortonclose\n    \
         # A reload lets clients send one more request: none is lost.\n    \
         option idle-close-on-response\n\n",
        prefix = settings.prefix()
    )
}

fn frontend(settings: &Settings, routes: &[Route]) -> String {
    let prefix = settings.prefix();
    let accept_proxy = if settings.accept_proxy { " accept-proxy" } else { "" };
    let mut text = format!("frontend {prefix} from {prefix}\n    bind {}{accept_proxy}\n", settings.bind);
    text += &log(settings);
    text += &services(routes);
    text += &forwarded(settings);
    text += &number(settings);
    text += &slot(settings);
    let _ = write!(
        text,
        "    http-request set-var-fmt(txn.crossfade_upstream) \
         \"{prefix}.%[var(txn.crossfade_service)].%[var(txn.crossfade_slot)]\"\n    \
         http-request disable-l7-retry unless {{ method GET HEAD OPTIONS }}\n    \
         # Only what goes to a slot is told to Crossfade.\n    \
         http-request set-log-level crit\n    \
         # Nobody answered: HAProxy's own 502, 503 or 504 is the slot's.\n    \
         http-after-response set-var-fmt(txn.crossfade_status) \"%[status]\" \
         if {{ status ge 502 }} !{{ var(txn.crossfade_status) -m found }}\n    \
         http-after-response set-header X-Crossfade-Slot %[var(txn.crossfade_slot)] if {{ var(txn.crossfade_slot) -m found }}\n"
    );
    if settings.sticky_by == StickyBy::Cookie {
        let _ = writeln!(
            text,
            "    http-after-response add-header Set-Cookie \
             \"{prefix}=%[var(txn.crossfade_new)]; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax\" \
             if {{ var(txn.crossfade_new) -m found }}"
        );
    }
    let _ = write!(
        text,
        "    # A slot without a share of the traffic may not have passed its checks: it answers for nobody.\n    \
         use_backend {prefix}.%[var(txn.crossfade_service)].%[var(txn.crossfade_slot)] \
         if {{ var(txn.crossfade_weight) -m int le 0 }} || {{ var(txn.crossfade_weight) -m int ge 100 }}\n    \
         use_backend {prefix}.%[var(txn.crossfade_service)].both\n\n"
    );
    text
}

/// A line to Crossfade for each request that went to a slot; `telemetry/router_log` reads it. No addresses, paths or
/// cookies. A request that went to none has an ordinary level, and `crit` leaves that out.
fn log(settings: &Settings) -> String {
    format!(
        "    log 127.0.0.1:{} len 2048 format rfc3164 local0 crit\n    \
         log-format '{{\"upstream\":\"%[var(txn.crossfade_upstream)]\",\"status\":\"%ST\",\
         \"upstream_status\":\"%[var(txn.crossfade_status)]\",\"total_ms\":\"%Ta\",\"head_ms\":\"%TR\",\
         \"bytes\":\"%B\"}}'\n",
        settings.admin_port
    )
}

/// From the host to the service. A host that several services name belongs to the first of them; a whole name goes before
/// one with a star, and a long one of these before a short one.
fn services(routes: &[Route]) -> String {
    let mut seen = BTreeSet::new();
    let mut rules: Vec<(String, &str)> = Vec::new();
    for route in routes {
        for host in route.hosts.iter().map(|host| host.to_lowercase()) {
            if seen.insert(host.clone()) {
                rules.push((host, &route.service));
            }
        }
    }
    rules.sort_by_key(|(host, _)| match host.strip_prefix('*') {
        None => (false, 0),
        Some(end) => (true, usize::MAX - end.len()),
    });
    let mut text = String::from("    http-request set-var(txn.crossfade_host) req.hdr(host),host_only,lower\n");
    for (host, service) in rules {
        let test = match host.strip_prefix('*') {
            None => format!("str {host}"),
            Some(end) => format!("end {end}"),
        };
        let _ = writeln!(
            text,
            "    http-request set-var(txn.crossfade_service) str({service}) \
             if !{{ var(txn.crossfade_service) -m found }} {{ var(txn.crossfade_host) -m {test} }}"
        );
    }
    text + "    http-request return status 421 content-type text/plain string \"No such host here.\" \
            unless { var(txn.crossfade_service) -m found }\n"
}

/// What a proxy tells of the client. Behind a frontend of the user's, that one has said how the client came.
fn forwarded(settings: &Settings) -> String {
    let unless_said = if settings.accept_proxy { " !{ req.hdr(X-Forwarded-Proto) -m found }" } else { "" };
    format!(
        "    option forwardfor\n    \
         http-request set-header X-Real-IP %[src]\n    \
         http-request set-header X-Forwarded-Proto https if {{ ssl_fc }}{unless_said}\n    \
         http-request set-header X-Forwarded-Proto http if !{{ ssl_fc }}{unless_said}\n"
    )
}

/// From the request to its session, and from the session to its number: the same as the embedded proxy gives it.
fn number(settings: &Settings) -> String {
    let cookie = settings.prefix();
    let key = match &settings.sticky_by {
        StickyBy::Cookie => format!(
            "    # A session is a cookie, which says its number. A request without one starts a session.\n    \
             http-request set-var(txn.crossfade_key) req.cook({cookie})\n    \
             http-request set-var(txn.crossfade_number) var(txn.crossfade_key),field(1,-),add(0) \
             if {{ var(txn.crossfade_key) -m reg ^[0-9][0-9]- }}\n"
        ),
        StickyBy::Header(name) => format!(
            "    # A session is the header {name}. A request without it is a session of its own.\n    \
             http-request set-var(txn.crossfade_key) req.fhdr({name})\n"
        ),
        StickyBy::Address => String::from(
            "    # A session is a client's address.\n    http-request set-var-fmt(txn.crossfade_key) \"%[src]\"\n",
        ),
        StickyBy::None => String::from("    # Every request is a session of its own.\n"),
    };
    let new = match &settings.sticky_by {
        StickyBy::Cookie => {
            let given = |digits: &str, test: &str| {
                format!(
                    "    http-request set-var-fmt(txn.crossfade_new) \"{digits}%[var(txn.crossfade_number)]-%[uuid]\" \
                     if !{{ var(txn.crossfade_key) -m len gt 0 }} {{ var(txn.crossfade_number) -m int {test} }}\n"
                )
            };
            given("0", "lt 10") + &given("", "ge 10")
        }
        _ => String::new(),
    };
    format!(
        "{key}    http-request set-var(txn.crossfade_number) \
         var(txn.crossfade_key),sha2(256),bytes(0,7),hex,hex2i,mul(100),div(72057594037927936) \
         if {{ var(txn.crossfade_key) -m len gt 0 }} !{{ var(txn.crossfade_number) -m found }}\n    \
         http-request set-var(txn.crossfade_number) rand(100) unless {{ var(txn.crossfade_number) -m found }}\n{new}"
    )
}

/// From the number to the slot: `green-25` sends the sessions 0 to 24 to green, `blue-25` sends them to blue. Without a word
/// in the map, or with one that is none, all goes to blue.
fn slot(settings: &Settings) -> String {
    let mut text = format!(
        "    http-request set-var(txn.crossfade_split) str({KEY}),map_str({},blue-100)\n    \
         http-request set-var(txn.crossfade_split) str(blue-100) \
         unless {{ var(txn.crossfade_split) -m reg ^(blue|green)-[0-9]+$ }}\n    \
         http-request set-var(txn.crossfade_weight) var(txn.crossfade_split),field(2,-),add(0)\n    \
         http-request set-var(txn.crossfade_slot) var(txn.crossfade_split),field(1,-)\n    \
         http-request set-var(txn.crossfade_over) var(txn.crossfade_number),sub(txn.crossfade_weight)\n",
        settings.map().display()
    );
    for slot in Slot::BOTH {
        let _ = writeln!(
            text,
            "    http-request set-var(txn.crossfade_slot) str({}) \
             if {{ var(txn.crossfade_over) -m int ge 0 }} {{ var(txn.crossfade_split) -m beg {slot}- }}",
            slot.other()
        );
    }
    text
}

fn backends(settings: &Settings, route: &Route) -> String {
    let prefix = settings.prefix();
    let name = format!("{prefix}.{}", route.service);
    let server = |slot: Slot| {
        let address = if slot == Slot::Blue { route.blue } else { route.green };
        format!("    server {name}.{slot} {address}\n")
    };
    let answered = "    http-response set-var-fmt(txn.crossfade_status) \"%[status]\"\n";
    let mut text = String::new();
    for slot in Slot::BOTH {
        let _ = write!(text, "backend {name}.{slot} from {prefix}\n{answered}{}\n", server(slot));
    }
    let _ = writeln!(text, "backend {name}.both from {prefix}");
    for slot in Slot::BOTH {
        let _ = writeln!(text, "    use-server {name}.{slot} if {{ var(txn.crossfade_slot) -m str {slot} }}");
    }
    // When the other slot answered, the log tells of both attempts, and the client is told who it was.
    text + answered
        + "    http-response set-var-fmt(txn.crossfade_status) \"502, %[status]\" \
           unless { srv_name,strcmp(txn.crossfade_upstream) eq 0 }\n    \
           http-response set-var(txn.crossfade_slot) srv_name,field(-1,.)\n"
        + &server(Slot::Blue)
        + &server(Slot::Green)
        + "\n"
}

/// Where HAProxy tells Crossfade what it does. On loopback only, and it answers about session numbers alone.
fn admin(settings: &Settings) -> String {
    let prefix = settings.prefix();
    let answer = |path: &str, kind: &str, what: &str| {
        format!(
            "    http-request return status 200 content-type text/plain hdr X-Crossfade-Application {} {kind} \"{what}\" \
             if {{ path /crossfade/{path} }}",
            settings.application
        )
    };
    format!(
        "frontend {prefix}.admin from {prefix}\n    bind 127.0.0.1:{port}\n{generation}\n    \
         http-request deny deny_status 404 unless {{ url_param(b) -m reg ^[0-9][0-9]?$ }}\n    \
         http-request set-var(txn.crossfade_number) url_param(b),add(0)\n{slot}{asked}\n    \
         http-request deny deny_status 404\n\n",
        port = settings.admin_port,
        generation = answer("generation", "string", BLANK),
        slot = slot(settings),
        asked = answer("slot", "lf-string", "%[var(txn.crossfade_slot)]"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::seal::{Author, author};
    use super::super::settings::tests::{haproxy, settings};
    use super::*;
    use std::net::SocketAddr;

    fn route(service: &str, hosts: &[&str], port: u16) -> Route {
        Route {
            service: service.into(),
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            blue: SocketAddr::from(([127, 0, 0, 1], port)),
            green: SocketAddr::from(([127, 0, 0, 1], port + 1)),
        }
    }

    fn routes() -> Vec<Route> {
        vec![
            route("api", &["API.example.com", "*.example.com"], 3000),
            route("web", &["*.www.example.com", "example.com", "api.example.com"], 4000),
        ]
    }

    #[test]
    fn the_text_says_its_own_generation() {
        let rendered = render(&settings("my-shop", StickyBy::Cookie), &routes()).unwrap();
        assert_eq!(author(&rendered.text), Author::Crossfade { seal: rendered.seal.clone() });
        assert_eq!(rendered.text.matches(&rendered.seal).count(), 2);
        let other = render(&settings("my-shop", StickyBy::Address), &routes()).unwrap();
        assert_ne!(other.seal, rendered.seal);
    }

    #[test]
    fn a_host_goes_to_the_first_that_names_it_and_a_whole_name_first() {
        let text = services(&routes());
        let rules: Vec<String> = text
            .lines()
            .filter_map(|line| {
                let service = line.split_once("str(")?.1.split_once(')')?.0;
                let host = line.split_once("crossfade_host) -m ")?.1.trim_end_matches(" }");
                Some(format!("{service} {host}"))
            })
            .collect();
        assert_eq!(
            rules,
            ["api str api.example.com", "web str example.com", "web end .www.example.com", "api end .example.com"]
        );
    }

    #[test]
    fn a_slot_without_a_share_is_no_refuge() {
        let text = render(&settings("shop", StickyBy::Cookie), &routes()).unwrap().text;
        for (backend, servers) in [("api.blue", 1), ("api.green", 1), ("api.both", 2), ("web.both", 2)] {
            let section = text.split(&format!("backend crossfade_shop.{backend} ")).nth(1).unwrap();
            let section = section.split("\n\n").next().unwrap();
            assert_eq!(section.matches("    server crossfade_shop.").count(), servers, "{section}");
        }
        assert!(!text.contains("backup"));
    }

    #[test]
    fn who_the_client_is_comes_from_the_users_frontend_when_there_is_one() {
        let text = render(&settings("shop", StickyBy::Cookie), &routes()).unwrap().text;
        assert!(text.contains("    bind :80\n") && !text.contains("req.hdr(X-Forwarded-Proto)"));
        let mut haproxy = haproxy();
        (haproxy.accept_proxy, haproxy.listen) = (true, "127.0.0.1:8001".into());
        let settings = Settings::new("shop", &haproxy, &StickyBy::Cookie, 21011).unwrap();
        let text = render(&settings, &routes()).unwrap().text;
        assert!(text.contains("    bind 127.0.0.1:8001 accept-proxy\n"), "{text}");
        assert_eq!(text.matches("!{ req.hdr(X-Forwarded-Proto) -m found }").count(), 2);
    }

    #[test]
    fn nothing_personal_is_logged() {
        let text = render(&settings("shop", StickyBy::Cookie), &routes()).unwrap().text;
        let format = text.lines().find(|line| line.trim_start().starts_with("log-format")).unwrap();
        let logged: Vec<&str> = format.split('%').skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(logged, ["[var(txn.crossfade_upstream)]", "ST", "[var(txn.crossfade_status)]", "Ta", "TR", "B"]);
    }
}
