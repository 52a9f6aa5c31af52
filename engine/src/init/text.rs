//! The file: what was decided, explained, with the options that are wanted soonest in comments.

use super::answers::{Answers, Migration, Part};

/// The application file that says this.
pub fn text(answers: &Answers) -> String {
    let parts = [
        head(answers),
        services(answers),
        registry(answers),
        migrate(answers),
        health(answers),
        smoke(answers),
        traffic(answers),
        router(answers),
        monitor(),
        keep_warm(),
        requires(),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

fn head(answers: &Answers) -> String {
    let variable = answers.version_variable.as_deref().unwrap_or("VERSION");
    let named = if variable == "VERSION" { "# " } else { "" };
    format!(
        "# How Crossfade rolls out {name}. `crossfade init` wrote it: change it as you like, and have it looked at by\n\
         # `crossfade check`. Every key is explained in docs/application-file.md.\n\n\
         name    = {quoted}\n\
         compose = {compose}\n\
         # A release is a value of this variable: `image: registry.example.com/{name}/web:${{{variable}}}` in {file}.\n\
         {named}version_variable = {variable_quoted}\n",
        name = answers.name,
        quoted = quote(&answers.name),
        compose = quote(&answers.compose),
        file = answers.compose,
        variable_quoted = quote(variable),
    )
}

fn services(answers: &Answers) -> String {
    let mut text = String::from(
        "# --- services ---------------------------------------------------------------------------------------------\n\
         # routed      gets requests for its hosts, on the port on which its container listens\n\
         # background  gets none. live_slot_only = true: it never runs in both slots at once, as a worker on a queue\n\
         #             mostly must not; false: each slot has its own from the start\n\
         # shared      outlives releases and serves both slots: a database, a cache\n",
    );
    for (name, part) in &answers.services {
        let said = match part {
            Part::Routed { port, hosts } => format!("routed = {{ port = {port}, hosts = {} }}", list(hosts)),
            Part::Background { live_slot_only } => format!("background = {{ live_slot_only = {live_slot_only} }}"),
            Part::Shared => "shared = true".to_owned(),
        };
        text += &format!("[services.{}]\n{said}\n", key(name));
    }
    text
}

fn registry(answers: &Answers) -> String {
    let server = answers.registry.as_deref().unwrap_or("registry.example.com");
    format!(
        "# Needed where images are private. The values are looked up when they are used, and never stored.\n\
         # [registry]\n\
         # server   = {}\n\
         # username = \"env:REGISTRY_USER\"\n\
         # password = \"env:REGISTRY_PASSWORD\"\n",
        quote(server)
    )
}

fn migrate(answers: &Answers) -> String {
    let more = |comment: &str| {
        format!(
            "{comment}verify  = [\"npm\", \"run\", \"migrate:status\"]   # did it take?\n\
             {comment}backup  = [\"sh\", \"-c\", \"pg_dump -Fc > /backups/{{version}}.dump\"]\n\
             {comment}down    = [\"npm\", \"run\", \"migrate:down\"]     # on a roll back, when somebody asks for it\n\
             {comment}kind    = \"expand\"    # \"contract\": it takes something away, and rolling back is unsafe afterwards\n\
             {comment}rerun   = true        # it may run again after it was interrupted\n"
        )
    };
    let section = |comment: &str, migration: &Migration| {
        format!(
            "{comment}[migrate]\n{comment}service = {}\n{comment}up      = {}\n",
            quote(&migration.service),
            list(&migration.up)
        )
    };
    let head = "# The migration runs in a container of the new release before it gets requests, while the old release goes\n\
                # on working on the same database: docs/migrations.md.\n";
    match (&answers.migration, &answers.migration_beside) {
        (Some(migration), _) => format!("{head}{}{}", section("", migration), more("# ")),
        (None, Some(beside)) => format!(
            "{head}# Now a service of the compose file runs it. To have a step of its own, take that service out and write:\n\
             {}{}",
            section("# ", beside),
            more("# ")
        ),
        (None, None) => {
            let service = answers.services.iter().find(|(_, part)| matches!(part, Part::Routed { .. }));
            let example = Migration {
                service: service.map_or("web", |(name, _)| name).to_owned(),
                up: ["npm", "run", "migrate"].map(str::to_owned).to_vec(),
            };
            format!("{head}{}{}", section("# ", &example), more("# "))
        }
    }
}

fn health(answers: &Answers) -> String {
    let mut text = String::from(
        "# --- checks before any traffic ---------------------------------------------------------------------------\n\
         # A new release gets no requests before each of these has answered with a status from 200 to 299, three\n\
         # times in a row.\n",
    );
    if answers.health.is_empty() {
        text += "# Without one, nobody sees whether the service answers at all:\n# [[health]]\n# service = \"web\"\n# path    = \"/health\"\n";
    }
    for (at, (service, path)) in answers.health.iter().enumerate() {
        text += &format!("[[health]]\nservice = {}\npath    = {}\n", quote(service), quote(path));
        if at == 0 {
            text += "# status   = 200            # exactly this one\n\
                     # tries    = 30             # then it is given up\n\
                     # interval = \"10s\"\n";
        }
    }
    text
}

fn smoke(answers: &Answers) -> String {
    let service = answers.services.iter().find(|(_, part)| matches!(part, Part::Routed { .. }));
    format!(
        "# A smoke test does what a user does. Later ones may use what earlier ones captured.\n\
         # [[smoke]]\n\
         # name    = \"the front page\"\n\
         # request = {{ service = {}, path = \"/\" }}\n\
         # expect  = {{ status = 200, body = \"Welcome\" }}\n",
        quote(service.map_or("web", |(name, _)| name))
    )
}

fn traffic(answers: &Answers) -> String {
    let mut text = format!(
        "# --- how traffic moves ------------------------------------------------------------------------------------\n\
         # Before each stage somebody with this role says yes; at it, the traffic stays for `bake` at least.\n\
         [traffic]\n\
         router    = {}\n\
         sticky_by = \"cookie\"      # or \"header:NAME\", \"address\", \"none\": what keeps a user on one release\n\
         stages = [\n",
        quote(&answers.router)
    );
    for (at, weight) in answers.stages.iter().enumerate() {
        let bake = if *weight == 100 { "" } else { ", bake = \"1m\"" };
        let more = if at == 0 { "  # count = 2, four_eyes = true, timeout = \"4h\"" } else { "" };
        text += &format!(
            "  {{ weight = {:<4} approve = {{ role = \"release-manager\" }}{bake} }},{more}\n",
            format!("{weight},")
        );
    }
    text + "]\n"
}

/// Where the router is: for one that is where it usually is, nothing need be said.
fn router(answers: &Answers) -> String {
    match answers.router.as_str() {
        "nginx" => String::from(
            "# Where nginx is, when not where Debian has it. docs/routers/nginx.md tells of TLS and of containers.\n\
             # [traffic.nginx]\n\
             # config = \"/etc/nginx/nginx.conf\"\n\
             # conf_d = \"/etc/nginx/conf.d\"\n\
             # pid    = \"/run/nginx.pid\"\n\
             # listen = \"80\"               # or \"127.0.0.1:8080\", behind what ends TLS\n\
             # dial   = \"/var/lib/crossfade/dial\"\n",
        ),
        "embedded" => String::from(
            "# Where `crossfade proxy` has its control socket.\n\
             # [traffic.embedded]\n\
             # control = \"/run/crossfade/proxy.sock\"\n",
        ),
        other => format!("# What can be said of it: docs/routers/{other}.md.\n# [traffic.{other}]\n"),
    }
}

fn monitor() -> String {
    String::from(
        "# --- after the last stage ---------------------------------------------------------------------------------\n\
         # The old release is watched over and kept for a roll back by one click.\n\
         [monitor]\n\
         duration = \"5m\"\n\
         # Numbers that are watched from the first shift on. They hold or roll back by themselves, and never pass while\n\
         # there is too little traffic to tell: docs/metrics-and-verdicts.md.\n\
         # [[monitor.metric]]\n\
         # builtin   = \"error-ratio\"    # at most 0.1 % of the requests\n\
         # on_breach = \"roll back\"      # or \"hold\"\n\
         # [[monitor.metric]]\n\
         # builtin   = \"p95\"            # under 500 ms\n",
    )
}

fn keep_warm() -> String {
    String::from("[keep_warm]\nfor = \"24h\"\n")
}

fn requires() -> String {
    String::from(
        "# What both slots lean on, looked at before each rollout.\n\
         # [requires]\n\
         # database = \"shared\"         # or \"replicated\", \"separate\", \"none\"\n\
         # cache    = \"shared\"\n\
         # dns_ttl  = \"5m\"             # of the hosts' records, at most\n",
    )
}

/// A basic string of TOML.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted += "\\\"",
            '\\' => quoted += "\\\\",
            c if c.is_control() => quoted += &format!("\\u{:04X}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| quote(text)).collect::<Vec<_>>().join(", "))
}

/// A key, in quotes where it must be.
fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { quote(name) }
}
