//! The file that makes nginx split one application's traffic. Written once; the weights are in the dial.

use super::super::{Route, RouterError};
use super::settings::{Settings, check_routes};
use rollout::application::StickyBy;
use rollout::router::{DOOR_ENTER, DOOR_HEADER, DOOR_LEAVE, DOOR_MAX_AGE, DoorKey, Servers, door_cookie};
use rollout::slot::Slot;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

/// The first words of every file that Crossfade wrote.
pub(in crate::router) const MARKER: &str = "# Crossfade wrote this file";
/// Stands before the generation in its own line.
pub(in crate::router) const GENERATION: &str = "# generation: ";
/// Stands in the generation's place while the generation is worked out. No name or path may hold an `@`.
pub(in crate::router) const BLANK: &str = "@@@@@@@@@@@@";

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
    /// What the user's own servers include, when ours are not whole.
    pub snippets: Vec<Snippet>,
}

/// The inside of a server for one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snippet {
    pub path: PathBuf,
    /// The hosts whose requests are for this service.
    pub hosts: Vec<String>,
    pub text: String,
}

/// What a rendering depends on beside the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// nginx has `keepalive_min_timeout`.
    pub min_timeout: bool,
    /// By snippet, the files whose servers include it. They stand in our file, so that a change of them is another
    /// generation, and nginx says itself that it runs it.
    pub included: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
}

/// Since this version nginx can let a connection live on for a while when its worker goes: without it, a reload closes
/// idle ones at once, and a request that is just on its way is lost.
/// <https://nginx.org/en/docs/http/ngx_http_core_module.html#keepalive_min_timeout>
pub(super) const HAS_MIN_TIMEOUT: (u32, u32, u32) = (1, 27, 4);
const MIN_TIMEOUT: &str = "        keepalive_min_timeout 5s;\n";

impl Found {
    /// As the file on the disk was rendered: neither a newer nginx nor another place for the same include is a reason to
    /// write it anew.
    pub fn of_file(text: &str) -> Found {
        let mut found = Found { min_timeout: text.contains(HAS_LINE), ..Found::default() };
        for line in text.lines() {
            let Some((snippet, by)) = line.split_once(IS_INCLUDED) else { continue };
            let path = snippet.trim_start_matches("# ").rsplit_once(" (").map(|(path, _)| PathBuf::from(path));
            let by = by.strip_suffix('.').filter(|by| *by != NOWHERE);
            if let (Some(path), Some(by)) = (path, by) {
                found.included.insert(path, by.split(", ").map(PathBuf::from).collect());
            }
        }
        found
    }
}

const IS_INCLUDED: &str = ") is included by ";
const NOWHERE: &str = "no server yet";

/// Says in our file that the servers have the directive; they may stand in other files.
const HAS_LINE: &str = "# nginx has keepalive_min_timeout.\n";

/// Whose a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::router) enum Author {
    /// Crossfade wrote it, and nobody has changed it since.
    Crossfade {
        generation: String,
    },
    /// Crossfade wrote it, and somebody changed it.
    Edited,
    Somebody,
}

pub(in crate::router) fn author(text: &str) -> Author {
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
pub(in crate::router) fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(6).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

pub(super) fn render(settings: &Settings, routes: &[Route], found: &Found) -> Result<Rendered, RouterError> {
    check_routes(routes)?;
    let mut hosts = BTreeSet::new();
    let mut snippets = Vec::new();
    let mut text = head(settings);
    if found.min_timeout {
        text += HAS_LINE;
    }
    text += &log(settings);
    text += &session(settings);
    text += &keys(settings);
    for route in routes {
        text += &upstreams(settings, route);
        // A host that several services name belongs to the first of them.
        let own: Vec<String> = route.hosts.iter().map(|host| host.to_lowercase()).collect();
        let own: Vec<String> = own.into_iter().filter(|host| hosts.insert(host.clone())).collect();
        if own.is_empty() {
            continue;
        }
        let inside = public(settings, &route.service, found.min_timeout);
        match settings.servers {
            Servers::Whole => text += &public_server(settings, &own, &inside),
            Servers::Include => {
                let snippet = snippet(settings, &route.service, own, &inside);
                text += &mention(&snippet, found);
                snippets.push(snippet);
            }
        }
    }
    // The user's own servers have the names then, and nginx's warnings about them are not for us.
    if settings.servers == Servers::Include {
        hosts.clear();
    }
    text += &admin_server(settings);
    let generation = hash(&text);
    Ok(Rendered { text: text.replace(BLANK, &generation), generation, hosts, snippets })
}

impl Rendered {
    /// Every file, with its text; ours first.
    pub fn files(&self, settings: &Settings) -> Vec<(PathBuf, &str)> {
        let snippets = self.snippets.iter().map(|snippet| (snippet.path.clone(), snippet.text.as_str()));
        std::iter::once((settings.file(), self.text.as_str())).chain(snippets).collect()
    }

    /// As one text in which every snippet stands in a server, as it will.
    pub fn as_whole(&self) -> String {
        let servers = self.snippets.iter().map(|snippet| {
            format!("server {{\n    listen 80;\n    server_name {};\n{}}}\n", snippet.hosts.join(" "), snippet.text)
        });
        std::iter::once(self.text.clone()).chain(servers).collect()
    }
}

/// What the user includes. It has a generation of its own, by which an edit is told.
fn snippet(settings: &Settings, service: &str, hosts: Vec<String>, inside: &str) -> Snippet {
    let path = settings.snippet(service);
    let text = format!(
        "{MARKER} for the service {service} of the application {}, and looks after it.\n\
         # Do not edit it. Include it in your own `server {{ }}` of {}, in place of `location /`:\n\
         #     include {};\n\
         {GENERATION}{BLANK}\n\n{inside}",
        settings.application,
        hosts.join(", "),
        path.display(),
    );
    let generation = hash(&text);
    Snippet { path, hosts, text: text.replace(BLANK, &generation) }
}

fn mention(snippet: &Snippet, found: &Found) -> String {
    let generation = snippet.text.lines().find_map(|line| line.strip_prefix(GENERATION)).unwrap_or_default();
    let by = found.included.get(&snippet.path).into_iter().flatten().map(|path| path.display().to_string());
    let by: Vec<String> = by.collect();
    let by = if by.is_empty() { NOWHERE.to_owned() } else { by.join(", ") };
    format!("# {} ({generation}{IS_INCLUDED}{by}.\n\n", snippet.path.display())
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
    let [logged, method, door] = ["logged", "method", "door"].map(|what| settings.variable(what));
    let methods: String = METHODS.iter().map(|method| format!("    {method} {method};\n")).collect();
    format!(
        "# nginx tells Crossfade of each request to a slot: which one, what became of it, how long it took.\n\
         log_format {prefix}_log escape=json '{{\"upstream\":\"$proxy_host\",\"status\":\"$status\",\
         \"upstream_status\":\"$upstream_status\",\"upstream_time\":\"$upstream_response_time\",\
         \"time\":\"$request_time\",\"bytes\":\"$bytes_sent\",\"method\":\"${method}\",\"door\":\"${door}\"}}';\n\
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

/// From the request to the key of the testers' door that it shows, if it looks like one. Nothing else ever gets into the
/// name of a file.
fn keys(settings: &Settings) -> String {
    let [shown, key, asked] = ["shown", "key", "entrance"].map(|what| settings.variable(what));
    let header = DOOR_HEADER.replace('-', "_");
    let looks_like_one = |from: &str, key: &str| {
        format!(
            "map ${from} ${key} {{\n    default none;\n    \"~^[0-9a-f]{{{length}}}$\" ${from};\n}}\n",
            length = DoorKey::LENGTH
        )
    };
    format!(
        "# Whoever shows the key of the testers' door, in a header or a cookie, goes where the door leads.\n\
         map $http_{header} ${shown} {{\n    default $http_{header};\n    \"\" $cookie_{cookie};\n}}\n{}{}\n",
        looks_like_one(&shown, &key),
        looks_like_one("arg_key", &asked),
        cookie = door_cookie(&settings.application),
    )
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

/// The question to the testers' door, after the one to the dial: it has the last word.
fn door(settings: &Settings) -> String {
    let [slot, door, key] = ["slot", "door", "key"].map(|what| settings.variable(what));
    let mut text = format!("    set ${door} -;\n");
    for to in Slot::BOTH {
        text += &format!(
            "    if (-f {}/door/{to}/${key}) {{\n        set ${slot} {to};\n        set ${door} {to};\n    }}\n",
            settings.dial.display()
        );
    }
    text
}

/// Where a browser comes in by the key in its link, and where it leaves. The key is not written into anybody's log.
fn entrance(settings: &Settings) -> String {
    let [given, key] = ["given", "entrance"].map(|what| settings.variable(what));
    let (cookie, folder) = (door_cookie(&settings.application), settings.dial.display());
    let attributes = "Path=/; HttpOnly; SameSite=Lax";
    let given_to: String = Slot::BOTH
        .map(|slot| {
            format!(
                "        if (-f {folder}/door/{slot}/${key}) {{\n            \
                 set ${given} \"{cookie}=${key}; Max-Age={DOOR_MAX_AGE}; {attributes}\";\n        }}\n"
            )
        })
        .concat();
    let home = "        add_header Cache-Control no-store always;\n        \
                add_header Referrer-Policy no-referrer always;\n        absolute_redirect off;\n        return 303 /;\n";
    format!(
        "    location = {DOOR_ENTER} {{\n        access_log off;\n        set ${given} \"\";\n{given_to}        \
         add_header Set-Cookie ${given} always;\n{home}    }}\n    \
         location = {DOOR_LEAVE} {{\n        \
         add_header Set-Cookie \"{cookie}=; Max-Age=0; {attributes}\" always;\n{home}    }}\n"
    )
}

fn public_server(settings: &Settings, hosts: &[String], inside: &str) -> String {
    format!("server {{\n    listen {};\n    server_name {};\n{inside}}}\n\n", settings.listen, hosts.join(" "))
}

/// The inside of a server that users reach.
fn public(settings: &Settings, service: &str, min_timeout: bool) -> String {
    let [slot, new, number, upgrade] = ["slot", "new", "number", "upgrade"].map(|what| settings.variable(what));
    let cookie = match settings.sticky_by {
        // Beside the cookies that the service sets. nginx sends no header for an empty value.
        StickyBy::Cookie => format!("        add_header Set-Cookie ${new} always;\n"),
        _ => String::new(),
    };
    format!(
        "{dial}{door}{entrance}    location / {{\n        \
         proxy_pass http://{upstream}.${slot};\n        \
         proxy_http_version 1.1;\n        \
         proxy_next_upstream error timeout;\n        \
         proxy_set_header Host $host;\n        \
         proxy_set_header X-Real-IP $remote_addr;\n        \
         proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n        \
         proxy_set_header X-Forwarded-Proto $scheme;\n        \
         proxy_set_header Upgrade $http_upgrade;\n        \
         proxy_set_header Connection ${upgrade};\n        \
         proxy_set_header {DOOR_HEADER} \"\";\n        \
         add_header X-Crossfade-Slot ${slot} always;\n{cookie}{min_timeout}    }}\n",
        dial = dial(settings, &number),
        door = door(settings),
        entrance = entrance(settings),
        upstream = upstream(settings, service),
        min_timeout = if min_timeout { MIN_TIMEOUT } else { "" },
    )
}

/// Where nginx tells Crossfade what it does. On loopback only, and it answers about session numbers alone.
fn admin_server(settings: &Settings) -> String {
    let [slot, door_slot, asked, readable] = ["slot", "door", "asked", "readable"].map(|what| settings.variable(what));
    format!(
        "# Anything but a session number is asked as `none`: nobody can look for other files with this.\n\
         map $arg_b ${asked} {{\n    \"~^[0-9][0-9]?$\" $arg_b;\n    default none;\n}}\n\
         server {{\n    listen 127.0.0.1:{port};\n    server_name {ADMIN_NAME};\n    access_log off;\n    \
         default_type text/plain;\n    add_header X-Crossfade-Application {application} always;\n\
         {dial}{door}    set ${readable} no;\n    if (-f {folder}/readable) {{\n        set ${readable} yes;\n    }}\n    \
         location = /crossfade/slot {{\n        return 200 ${slot};\n    }}\n    \
         location = /crossfade/generation {{\n        return 200 {BLANK};\n    }}\n    \
         location = /crossfade/door {{\n        return 200 ${door_slot};\n    }}\n    \
         location = /crossfade/readable {{\n        return 200 ${readable};\n    }}\n    \
         location / {{\n        return 404;\n    }}\n}}\n",
        port = settings.admin_port,
        application = settings.application,
        dial = dial(settings, &asked),
        door = door(settings),
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
                let rendered = render(&settings(name, sticky_by.clone()), &routes(), &Found::default()).unwrap();
                assert_eq!(lint(&rendered.text), Ok(()), "{name} {sticky_by:?}");
            }
        }
    }

    #[test]
    fn requests_to_slots_are_told_and_nothing_personal() {
        let text = render(&settings("my-shop", StickyBy::Cookie), &routes(), &Found::default()).unwrap().text;
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
                "crossfade_my_shop_method",
                "crossfade_my_shop_door"
            ]
        );
    }

    #[test]
    fn the_generation_is_the_texts_own() {
        let rendered = render(&settings("shop", StickyBy::Cookie), &routes(), &Found::default()).unwrap();
        assert_eq!(rendered.generation.len(), 12);
        assert_eq!(rendered.text.matches(&rendered.generation).count(), 2);
        assert_eq!(render(&settings("shop", StickyBy::Cookie), &routes(), &Found::default()).unwrap(), rendered);
        let other = render(&settings("shop", StickyBy::Address), &routes(), &Found::default()).unwrap();
        assert_ne!(other.generation, rendered.generation);
    }

    #[test]
    fn what_users_include_stands_beside_and_is_told_in_ours() {
        let mut settings = settings("shop", StickyBy::Cookie);
        settings.servers = Servers::Include;
        let nowhere = render(&settings, &routes(), &Found::default()).unwrap();
        assert!(nowhere.hosts.is_empty() && !nowhere.text.contains("listen 80;"), "{}", nowhere.text);
        assert_eq!(lint(&nowhere.as_whole()), Ok(()));
        let [api, web] = &nowhere.snippets[..] else { panic!("{nowhere:?}") };
        assert_eq!(api.path, PathBuf::from("/etc/nginx/conf.d/crossfade-shop.api.server"));
        assert_eq!(web.hosts, ["example.com"]);
        assert!(matches!(author(&api.text), Author::Crossfade { .. }));
        assert!(!api.text.contains("server_name") && api.text.contains("proxy_pass http://crossfade_shop.api.$"));
        assert_eq!(Found::of_file(&nowhere.text), Found::default());

        let by = ["/a b.conf", "/c"].map(PathBuf::from).into();
        let found = Found { min_timeout: true, included: [(api.path.clone(), by)].into() };
        let included = render(&settings, &routes(), &found).unwrap();
        assert_ne!(included.generation, nowhere.generation);
        assert_eq!(Found::of_file(&included.text), found);
        assert!(included.snippets[0].text.contains("        keepalive_min_timeout 5s;\n    }\n"));
        let whole =
            render(&super::super::settings::tests::settings("shop", StickyBy::Cookie), &routes(), &found).unwrap();
        assert_eq!(whole.text.matches("keepalive_min_timeout 5s;").count(), 2);
    }

    #[test]
    fn an_author_is_known() {
        let Rendered { text, generation, .. } =
            render(&settings("shop", StickyBy::Cookie), &routes(), &Found::default()).unwrap();
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
        let rendered = render(&settings("shop", StickyBy::Cookie), &routes(), &Found::default()).unwrap();
        assert_eq!(rendered.text.matches("api.example.com").count(), 1);
        assert!(rendered.text.contains("server_name example.com;"), "{}", rendered.text);
        assert_eq!(rendered.hosts.iter().map(String::as_str).collect::<Vec<_>>(), ["api.example.com", "example.com"]);
    }

    #[test]
    fn every_request_is_kept_from_unchecked_slots() {
        let text = render(&settings("shop", StickyBy::Cookie), &routes(), &Found::default()).unwrap().text;
        assert!(!text.contains("backup"));
        assert_eq!(text.matches("max_fails=0").count(), 4);
        assert_eq!(text.matches("open_file_cache off;").count(), 3);
        assert!(text.contains("upstream crossfade_shop.api.blue {\n    server 127.0.0.1:3000 max_fails=0;"));
        assert!(text.contains("upstream crossfade_shop.api.green {\n    server 127.0.0.1:3001 max_fails=0;"));
    }
}
