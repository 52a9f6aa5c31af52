//! The file that makes nginx split one application's traffic. Written once; the weights are in the dial.

use super::super::{Route, RouterError};
use super::settings::{Settings, check_routes};
use rollout::application::StickyBy;
use rollout::slot::Slot;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The first words of every file that Crossfade wrote.
const MARKER: &str = "# Crossfade wrote this file";
/// Stands before the generation in its own line.
const GENERATION: &str = "# generation: ";
/// Stands in the generation's place while the generation is worked out. No name or path may hold an `@`.
const BLANK: &str = "@@@@@@@@@@@@";

/// What every admin server is called, so that nginx itself notices two on one port.
pub(super) const ADMIN_NAME: &str = "crossfade-admin";

/// Methods that are told apart in the log.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// A rendered file, and the hash by which nginx says that it runs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rendered {
    pub text: String,
    pub generation: String,
    /// Every host name in it, as nginx will name it in its warnings.
    pub hosts: BTreeSet<String>,
}

/// Whose a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Author {
    /// Crossfade wrote it, and nobody has changed it since.
    Crossfade {
        generation: String,
    },
    /// Crossfade wrote it, and somebody changed it.
    Edited,
    Somebody,
}

pub(super) fn author(text: &str) -> Author {
    if !text.starts_with(MARKER) {
        return Author::Somebody;
    }
    let claimed = text.lines().find_map(|line| line.strip_prefix(GENERATION));
    match claimed {
        Some(claimed) if claimed.len() == BLANK.len() && hash(&text.replace(claimed, BLANK)) == claimed => {
            Author::Crossfade { generation: claimed.to_owned() }
        }
        _ => Author::Edited,
    }
}

/// The first 12 hexadecimal digits of the text's SHA-256.
fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(6).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

pub(super) fn render(settings: &Settings, routes: &[Route]) -> Result<Rendered, RouterError> {
    check_routes(routes)?;
    let mut hosts = BTreeSet::new();
    let mut text = head(settings);
    text += &log(settings);
    text += &session(settings);
    for route in routes {
        text += &upstreams(settings, route);
        // A host that several services name belongs to the first of them.
        let own: Vec<String> = route.hosts.iter().map(|host| host.to_lowercase()).collect();
        let own: Vec<String> = own.into_iter().filter(|host| hosts.insert(host.clone())).collect();
        if !own.is_empty() {
            text += &public_server(settings, &route.service, &own);
        }
    }
    text += &admin_server(settings);
    let generation = hash(&text);
    Ok(Rendered { text: text.replace(BLANK, &generation), generation, hosts })
}

fn head(settings: &Settings) -> String {
    format!(
        "{MARKER} for the application {} and looks after it.\n\
         # Do not edit it: put changes into a file of your own. The weights are not in here. nginx looks for every\n\
         # request into {}/current, which points at a folder with a file for each session that goes to green.\n\
         {GENERATION}{BLANK}\n\n",
        settings.application,
        settings.dial.display(),
    )
}

/// A line to Crossfade for each request that went to a slot; `telemetry/router_log` reads it.
///
/// It stands in `http` and not in our servers, where it would take the place of the log that the user's `http` block
/// has. Beside that one it is written as well, whichever stands first. What follows from it, all of it tried:
/// - a user whose `http` block names no log loses the one that nginx then writes (`--http-log-path` of `nginx -V`);
/// - `access_log off` in the `http` block silences this one too; `access_log /dev/null` does not;
/// - while nobody listens, nginx serves on, and writes `send() failed` into its error log for every second request.
///
/// `$proxy_host` is the upstream's name, with service and slot, and empty for all that nginx answers by itself: the
/// user's other sites are left out. No addresses, paths or cookies. The method comes from the client and is replaced
/// when it is not a usual one: nothing here can grow beyond what a datagram holds.
fn log(settings: &Settings) -> String {
    let prefix = settings.prefix();
    let [logged, method] = ["logged", "method"].map(|what| settings.variable(what));
    let methods: String = METHODS.iter().map(|method| format!("    {method} {method};\n")).collect();
    format!(
        "# nginx tells Crossfade of each request to a slot: which one, what became of it, how long it took.\n\
         log_format {prefix}_log escape=json '{{\"upstream\":\"$proxy_host\",\"status\":\"$status\",\
         \"upstream_status\":\"$upstream_status\",\"upstream_time\":\"$upstream_response_time\",\
         \"time\":\"$request_time\",\"bytes\":\"$bytes_sent\",\"method\":\"${method}\"}}';\n\
         map $request_method ${method} {{\n    default other;\n{methods}}}\n\
         map $proxy_host ${logged} {{\n    default 0;\n    \"~^{prefix}\\.\" 1;\n}}\n\
         access_log syslog:server=127.0.0.1:{port},nohostname,tag=crossfade {prefix}_log if=${logged};\n\n",
        port = settings.admin_port,
    )
}

/// From the request to its session, and from the session to its number.
fn session(settings: &Settings) -> String {
    let cookie = settings.prefix();
    let [id, new, number, upgrade] = ["id", "new", "number", "upgrade"].map(|what| settings.variable(what));
    let mut text = match &settings.sticky_by {
        StickyBy::Cookie => format!(
            "# A session is a cookie. A request without one starts a session and is given its cookie.\n\
             map $cookie_{cookie} ${id} {{\n    \"\" $request_id;\n    default $cookie_{cookie};\n}}\n\
             map $cookie_{cookie} ${new} {{\n    \
             \"\" \"{cookie}=$request_id; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax\";\n    default \"\";\n}}\n"
        ),
        StickyBy::Header(name) => {
            let header = name.to_ascii_lowercase().replace('-', "_");
            format!(
                "# A session is the header {name}. A request without it is a session of its own.\n\
                 map $http_{header} ${id} {{\n    \"\" $request_id;\n    default $http_{header};\n}}\n"
            )
        }
        StickyBy::Address => String::from("# A session is a client's address.\n"),
        StickyBy::None => String::from("# Every request is a session of its own.\n"),
    };
    let key = match &settings.sticky_by {
        StickyBy::Cookie | StickyBy::Header(_) => id.as_str(),
        StickyBy::Address => "remote_addr",
        StickyBy::None => "request_id",
    };
    text += &format!("split_clients ${key} ${number} {{\n");
    for n in 0..99 {
        text += &format!("    1% {n};\n");
    }
    text += "    * 99;\n}\n";
    // An empty `Connection` keeps connections to the services open; websockets need `upgrade`.
    text += &format!("map $http_upgrade ${upgrade} {{\n    default upgrade;\n    \"\" \"\";\n}}\n\n");
    text
}

/// The name of a service's upstream, up to the slot. An application's name has no dot, nor has a slot's: no two
/// applications' and services' names run together.
fn upstream(settings: &Settings, service: &str) -> String {
    format!("{}.{service}", settings.prefix())
}

fn upstreams(settings: &Settings, route: &Route) -> String {
    let name = upstream(settings, &route.service);
    let mut text = String::new();
    for slot in Slot::BOTH {
        let address = match slot {
            Slot::Blue => route.blue,
            Slot::Green => route.green,
        };
        // No `backup`: a request never reaches a slot that has not passed its checks. Node and uvicorn close idle
        // connections after 5 s; letting go of them first keeps a request from meeting such a close.
        text += &format!(
            "upstream {name}.{slot} {{\n    server {address} max_fails=0;\n    \
             keepalive 32;\n    keepalive_timeout 4s;\n}}\n"
        );
    }
    text
}

/// The question to the dial. `set` is all that happens inside `if`, and it is asked on the server's level, where
/// `if` has no pitfalls. nginx must look at the disk itself: a cache would delay weights, and the dial is a link.
fn dial(settings: &Settings, number: &str) -> String {
    let slot = settings.variable("slot");
    format!(
        "    open_file_cache off;\n    disable_symlinks off;\n    set ${slot} blue;\n    \
         if (-f {}/current/${number}) {{\n        set ${slot} green;\n    }}\n",
        settings.dial.display()
    )
}

fn public_server(settings: &Settings, service: &str, hosts: &[String]) -> String {
    let [slot, new, number, upgrade] = ["slot", "new", "number", "upgrade"].map(|what| settings.variable(what));
    let cookie = match settings.sticky_by {
        // Beside the cookies that the service sets. nginx sends no header for an empty value.
        StickyBy::Cookie => format!("        add_header Set-Cookie ${new} always;\n"),
        _ => String::new(),
    };
    format!(
        "server {{\n    listen {listen};\n    server_name {hosts};\n{dial}    location / {{\n        \
         proxy_pass http://{upstream}.${slot};\n        \
         proxy_http_version 1.1;\n        \
         proxy_next_upstream error timeout;\n        \
         proxy_set_header Host $host;\n        \
         proxy_set_header X-Real-IP $remote_addr;\n        \
         proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n        \
         proxy_set_header X-Forwarded-Proto $scheme;\n        \
         proxy_set_header Upgrade $http_upgrade;\n        \
         proxy_set_header Connection ${upgrade};\n        \
         add_header X-Crossfade-Slot ${slot} always;\n{cookie}    }}\n}}\n\n",
        listen = settings.listen,
        hosts = hosts.join(" "),
        dial = dial(settings, &number),
        upstream = upstream(settings, service),
    )
}

/// Where nginx tells Crossfade what it does. On loopback only, and it answers about session numbers alone.
fn admin_server(settings: &Settings) -> String {
    let [slot, asked, readable] = ["slot", "asked", "readable"].map(|what| settings.variable(what));
    format!(
        "# Anything but a session number is asked as `none`: nobody can look for other files with this.\n\
         map $arg_b ${asked} {{\n    \"~^[0-9][0-9]?$\" $arg_b;\n    default none;\n}}\n\
         server {{\n    listen 127.0.0.1:{port};\n    server_name {ADMIN_NAME};\n    access_log off;\n    \
         default_type text/plain;\n    add_header X-Crossfade-Application {application} always;\n\
         {dial}    set ${readable} no;\n    if (-f {folder}/readable) {{\n        set ${readable} yes;\n    }}\n    \
         location = /crossfade/slot {{\n        return 200 ${slot};\n    }}\n    \
         location = /crossfade/generation {{\n        return 200 {BLANK};\n    }}\n    \
         location = /crossfade/readable {{\n        return 200 ${readable};\n    }}\n    \
         location / {{\n        return 404;\n    }}\n}}\n",
        port = settings.admin_port,
        application = settings.application,
        dial = dial(settings, &asked),
        folder = settings.dial.display(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::lint::lint;
    use super::super::settings::tests::{route, settings};
    use super::*;

    fn routes() -> Vec<Route> {
        vec![route("api", &["api.example.com"], 3000), route("web", &["Example.com", "api.example.com"], 4000)]
    }

    #[test]
    fn what_is_rendered_passes_the_lint() {
        for sticky_by in [StickyBy::Cookie, StickyBy::Header("X-User".into()), StickyBy::Address, StickyBy::None] {
            for name in ["a", "my-shop", "------------", &"long-".repeat(12)] {
                let rendered = render(&settings(name, sticky_by.clone()), &routes()).unwrap();
                assert_eq!(lint(&rendered.text), Ok(()), "{name} {sticky_by:?}");
            }
        }
    }

    #[test]
    fn requests_to_slots_are_told_and_nothing_personal() {
        let text = render(&settings("my-shop", StickyBy::Cookie), &routes()).unwrap().text;
        let line = |start: &str| text.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{start}"));
        assert_eq!(
            line("access_log"),
            "access_log syslog:server=127.0.0.1:21011,nohostname,tag=crossfade crossfade_my_shop_log \
             if=$crossfade_my_shop_logged;"
        );
        assert!(text.contains("    default 0;\n    \"~^crossfade_my_shop\\.\" 1;\n"), "{text}");
        let format = line("log_format");
        let fields: Vec<&str> = format.split('$').skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(
            fields,
            [
                "proxy_host",
                "status",
                "upstream_status",
                "upstream_response_time",
                "request_time",
                "bytes_sent",
                "crossfade_my_shop_method"
            ]
        );
    }

    #[test]
    fn the_generation_is_the_texts_own() {
        let rendered = render(&settings("shop", StickyBy::Cookie), &routes()).unwrap();
        assert_eq!(rendered.generation.len(), 12);
        assert_eq!(rendered.text.matches(&rendered.generation).count(), 2);
        assert_eq!(render(&settings("shop", StickyBy::Cookie), &routes()).unwrap(), rendered);
        let other = render(&settings("shop", StickyBy::Address), &routes()).unwrap();
        assert_ne!(other.generation, rendered.generation);
    }

    #[test]
    fn an_author_is_known() {
        let Rendered { text, generation, .. } = render(&settings("shop", StickyBy::Cookie), &routes()).unwrap();
        assert_eq!(author(&text), Author::Crossfade { generation: generation.clone() });
        assert_eq!(author(&text.replace("keepalive 32", "keepalive 64")), Author::Edited);
        assert_eq!(author(&format!("{text}# more\n")), Author::Edited);
        assert_eq!(author(&text.replace(&generation, "000000000000")), Author::Edited);
        assert_eq!(author(&text.replace(GENERATION, "# ")), Author::Edited);
        assert_eq!(author(&text.replace(&generation, "")), Author::Edited);
        assert_eq!(author("server { }"), Author::Somebody);
        assert_eq!(author(""), Author::Somebody);
    }

    #[test]
    fn a_host_belongs_to_the_first_service_that_names_it() {
        let rendered = render(&settings("shop", StickyBy::Cookie), &routes()).unwrap();
        assert_eq!(rendered.text.matches("api.example.com").count(), 1);
        assert!(rendered.text.contains("server_name example.com;"), "{}", rendered.text);
        assert_eq!(rendered.hosts.iter().map(String::as_str).collect::<Vec<_>>(), ["api.example.com", "example.com"]);
    }

    #[test]
    fn every_request_is_kept_from_unchecked_slots() {
        let text = render(&settings("shop", StickyBy::Cookie), &routes()).unwrap().text;
        assert!(!text.contains("backup"));
        assert_eq!(text.matches("max_fails=0").count(), 4);
        assert_eq!(text.matches("open_file_cache off;").count(), 3);
        assert!(text.contains("upstream crossfade_shop.api.blue {\n    server 127.0.0.1:3000 max_fails=0;"));
        assert!(text.contains("upstream crossfade_shop.api.green {\n    server 127.0.0.1:3001 max_fails=0;"));
    }
}
