//! Bad files, and what is said about them.

use super::{LEAST, SAMPLE, good, problems};

/// Text after `LEAST` (so its first line is 4), and the beginning of the one problem it has.
const BAD: &[(&str, &str)] = &[
    // Keys
    (
        "[migrat]\n",
        "4:2: unknown key `migrat` in the application file: did you mean `migrate`? Known there: name, runtime, compose",
    ),
    (
        "[migrate]\nservice = \"web\"\nup = [\"x\"]\nups = 1",
        "7:1: unknown key `ups` in [migrate]: did you mean `up`? Known there: service, up,",
    ),
    ("[keep_warm]\nuntil = 1", "5:1: unknown key `until` in [keep_warm]. Known there: for"),
    (
        "[services.a]\nrouted = { prt = 1, port = 1, hosts = [\"a\"] }",
        "5:12: unknown key `prt` in `routed`: did you mean `port`?",
    ),
    (
        "[traffic]\nstages = [{ weight = 100, wait = \"1m\" }]",
        "5:27: unknown key `wait` in a stage. Known there: weight, approve, bake, min_requests",
    ),
    // Routers
    (
        "[traffic]\nrouter = \"digitalocean\"",
        "5:10: `router`: \"digitalocean\" needs a section [traffic.digitalocean] with",
    ),
    ("[traffic]\nrouter = \"dns\"", "4:1: router = \"dns\" needs [traffic.dns]"),
    ("[traffic]\nrouter = \"envoy\"", "5:10: `router`: \"envoy\" is not a router: write one of \"nginx\", \"haproxy\""),
    (
        "[traffic]\nrouter = \"caddy\"\nsticky_by = \"address\"",
        "6:13: `sticky_by`: Caddy sticks by a cookie or not at all: write \"cookie\" or \"none\"",
    ),
    (
        "[traffic]\nrouter = \"traefik\"\nsticky_by = \"header:X-User\"",
        "6:13: `sticky_by`: Traefik does not stick by a header: write \"cookie\", \"address\" or \"none\"",
    ),
    (
        "[traffic]\nrouter = \"traefik\"\ntraefik.entry_points = []",
        "6:24: `entry_points`: needs one entry point at least, like [\"web\"]",
    ),
    (
        "[traffic]\nrouter = \"caddy\"\ncaddy.admin = \"http://localhost:2019\"",
        "6:15: `admin`: \"http://localhost:2019\" must be a host and a port, like \"localhost:2019\"",
    ),
    (
        "[traffic]\nrouter = \"caddy\"\n[[monitor.metric]]\nbuiltin = \"error-ratio\"",
        "7:11: `builtin`: \"error-ratio\" is of the requests that the router counts, and caddy counts none",
    ),
    // Services
    ("[services.a]\n", "4:1: [services.a] needs one of `routed"),
    (
        "[services.a]\nshared = true\nbackground = { live_slot_only = true }",
        "6:1: `background`: [services.a] is already `shared`",
    ),
    ("[services.a]\nshared = false", "5:10: `shared`: can only be true"),
    ("[services.a]\nshared = \"yes\"", "5:10: `shared` must be true or false, without quotes, not text"),
    ("[services.a]\nbackground = {}", "5:14: `background` needs `live_slot_only`: true when"),
    (
        "[services.a]\nbackground = true",
        "5:14: `background` must be a table, like { live_slot_only = true }, not true or false",
    ),
    ("[services.a]\nrouted = { hosts = [\"a\"] }", "5:10: `routed` needs `port`: the port on which"),
    ("[services.a]\nrouted = { port = 1 }", "5:10: `routed` needs `hosts`: "),
    (
        "[services.a]\nrouted = { port = 0, hosts = [\"a\"] }",
        "5:19: `port`: must be a whole number from 1 to 65535, not 0",
    ),
    (
        "[services.a]\nrouted = { port = 65536, hosts = [\"a\"] }",
        "5:19: `port`: must be a whole number from 1 to 65535, not 65536",
    ),
    (
        "[services.a]\nrouted = { port = 99999999999999999999, hosts = [\"a\"] }",
        "5:19: `port`: must be a whole number from 1",
    ),
    (
        "[services.a]\nrouted = { port = \"80\", hosts = [\"a\"] }",
        "5:19: `port` must be a whole number from 1 to 65535, not text",
    ),
    ("[services.a]\nrouted = { port = 1, hosts = \"a\" }", "5:30: `hosts` must be a list of host names"),
    ("[services.a]\nrouted = { port = 1, hosts = [] }", "5:30: `hosts`: must name at least one host"),
    (
        "[services.a]\nrouted = { port = 1, hosts = [\"a\", 2] }",
        "5:36: each of `hosts` must be text in quotes, not a whole number",
    ),
    (
        "[services.a]\nrouted = { port = 1, hosts = [\"A.com\"] }",
        "5:31: `hosts`: \"A.com\" must be in lower case: \"a.com\"",
    ),
    (
        "[services.a]\nrouted = { port = 1, hosts = [\"http://a\"] }",
        "5:31: `hosts`: \"http://a\" must be a host name alone",
    ),
    (
        "[services.a]\nrouted = { port = 1, hosts = [\"shop.com\"] }",
        "5:31: `hosts`: \"shop.com\" is already a host of `web`, on line 3",
    ),
    (
        "[services.a]\nrouted = { port = 1, hosts = [\"a\", \"a\"] }",
        "5:36: `hosts`: \"a\" is already a host of `a`, on line 5",
    ),
    ("[services.\"a b\"]\nshared = true", "4:11: `a b`: is not the name of a compose service"),
    // Registry
    (
        "[registry]\nserver = \"ghcr.io\"\nusername = \"u\"\npassword = \"hunter2\"",
        "7:12: `password`: a password does not stand in the file: write env:NAME or file:PATH",
    ),
    ("[registry]\nserver = \"ghcr.io\"\nusername = \"u\"", "4:1: [registry] needs `password`: a reference"),
    (
        "[registry]\nserver = \"https://ghcr.io\"\nusername = \"u\"\npassword = \"env:P\"",
        "5:10: `server`: \"https://ghcr.io\" must be a host",
    ),
    (
        "[registry]\nserver = \"ghcr.io\"\nusername = \"env:\"\npassword = \"env:P\"",
        "6:12: `username`: after `env:`, \"\" must be the name",
    ),
    // Migrate
    ("[migrate]\nup = [\"x\"]", "4:1: [migrate] needs `service`: "),
    ("[migrate]\nservice = \"web\"", "4:1: [migrate] needs `up`: "),
    ("[migrate]\nservice = \"web\"\nup = []", "6:6: `up`: must not be empty"),
    ("[migrate]\nservice = \"web\"\nup = [\"\"]", "6:7: `up`: the program must not be empty"),
    (
        "[migrate]\nservice = \"web\"\nup = \"pnpm migrate\"",
        "6:6: `up` must be a list of the program and its arguments",
    ),
    ("[migrate]\nservice = \"web\"\nup = [\"x\"]\nverify = []", "7:10: `verify`: must not be empty"),
    ("[migrate]\nservice = \"web\"\nup = [\"x\"]\ntimeout = \"0s\"", "7:11: `timeout`: must be longer than zero"),
    ("[migrate]\nservice = \"web\"\nup = [\"x\"]\ntimeout = 10", "7:11: `timeout` must be a duration in quotes, like"),
    (
        "[services.db]\nshared = true\n[migrate]\nservice = \"db\"\nup = [\"x\"]",
        "7:11: `service`: \"db\" is shared, so it has no container",
    ),
    (
        "[services.w]\nbackground = { live_slot_only = true }\n[migrate]\nservice = \"w\"\nup = [\"x\"]",
        "7:11: `service`: \"w\" runs in the live slot only",
    ),
    (
        "[migrate]\nservice = \"web\"\nup = [\"x\"]\nkind = \"expends\"",
        "7:8: `kind`: must be \"expand\" or \"contract\", not \"expends\"",
    ),
    ("[migrate]\nservice = \"web\"\nup = [\"x\"]\nbackup = []", "7:10: `backup`: must not be empty"),
    ("[migrate]\nservice = \"web\"\nup = [\"x\"]\ndown = \"x\"", "7:8: `down` must be a list of the program and its"),
    (
        "[migrate]\nservice = \"web\"\nup = [\"x\"]\nbackup = [\"dump\", \"{verison}\"]",
        "7:19: `backup`: {verison} is not filled in: did you mean {version}, the release?",
    ),
    (
        "[migrate]\nservice = \"web\"\nup = [\"x\"]\n[migrate.lint]\nallow = [\"truncate\"]",
        "7:1: [migrate.lint] needs `files` or `command`: where the SQL can be read",
    ),
    (
        "[migrate]\nservice = \"web\"\nup = [\"x\"]\n[migrate.lint]\nfile = [\"a\"]\ncommand = [\"a\"]",
        "8:1: unknown key `file` in [migrate.lint]: did you mean `files`? Known there: files, command, allow",
    ),
    (
        "[migrate]\nservice = \"web\"\nup = [\"x\"]\nlint = \"migrations\"",
        "7:8: `lint` must be a section: [migrate.lint], not text",
    ),
    (
        "[migrate]\nservice = \"web\"\nup = [\"x\"]\n[migrate.lint]\nfiles = []",
        "8:9: `files`: must name at least one file or folder",
    ),
    (
        "[migrate]\nservice = \"web\"\nup = [\"x\"]\n[migrate.lint]\nfiles = [\"a\", \"\"]",
        "8:15: `files`: must not be empty",
    ),
    (
        "[migrate]\nservice = \"web\"\nup = [\"x\"]\n[migrate.lint]\nfiles = [\"a\", \"a\"]",
        "8:15: `files`: \"a\" is given twice",
    ),
    (
        "[migrate]\nservice = \"web\"\nup = [\"x\"]\n[migrate.lint]\nfiles = [\"a\"]\nallow = [\"Drop Table\"]",
        "9:10: `allow`: \"Drop Table\" must be the name of a rule",
    ),
    (
        "[migrate]\nservice = \"web\"\nup = [\"x\"]\n[migrate.lint]\nfiles = [\"a\"]\nallow = [\"truncate\", \"ban-drop-colum\"]",
        "9:22: `allow`: there is no rule `ban-drop-colum`: did you mean `ban-drop-column`?",
    ),
    (
        "[migrate]\nservice = \"web\"\nup = [\"x\"]\n[migrate.lint]\nfiles = [\"a\"]\nallow = [\"prefer-robust-stmts\", \"everything\"]",
        "9:33: `allow`: there is no rule `everything`. A finding has its rule's name at its end",
    ),
    // Requires
    (
        "[requires]\ndatabase = \"both\"",
        "5:12: `database`: must be \"shared\" or \"replicated\" or \"separate\" or \"none\", not \"both\"",
    ),
    ("[requires]\ncache = true", "5:9: `cache` must be \"shared\" or \"replicated\" or"),
    ("[requires]\ndatabas = \"none\"", "5:1: unknown key `databas` in [requires]: did you mean `database`?"),
    ("[requires]\nobject_storage = \"S3\"", "5:18: `object_storage` must be a list of variables, like"),
    (
        "[requires]\nobject_storage = [\"s3://bucket\"]",
        "5:19: `object_storage`: \"s3://bucket\" must be the name of a variable",
    ),
    ("[requires]\nobject_storage = [\"A\", \"A\"]", "5:24: `object_storage`: \"A\" is given twice"),
    ("[requires]\ndns_ttl = 300", "5:11: `dns_ttl` must be a duration in quotes"),
    ("[requires]\ndns_ttl = \"0s\"", "5:11: `dns_ttl`: must be longer than zero"),
    (
        "[requires]\nname_servers = [\"localhost:53\"]",
        "5:17: `name_servers`: \"localhost:53\" must be an address, with or",
    ),
    // Health
    ("[health]\nservice = \"web\"", "4:1: `health` must be written as [[health]], with two brackets"),
    ("[[health]]\npath = \"/\"", "4:1: [[health]] needs `service`: the routed service"),
    ("[[health]]\nservice = \"wep\"", "5:11: `service`: there is no [services.wep]: did you mean `web`? Routed: web"),
    (
        "[services.db]\nshared = true\n[[health]]\nservice = \"db\"",
        "7:11: `service`: \"db\" gets no requests: a health check needs a routed service. Routed: web",
    ),
    ("[[health]]\nservice = \"web\"\npath = \"health\"", "6:8: `path`: \"health\" must begin with one `/`"),
    ("[[health]]\nservice = \"web\"\npath = \"/a b\"", "6:8: `path`: \"/a b\" must not hold spaces"),
    ("[[health]]\nservice = \"web\"\nstatus = 99", "6:10: `status`: must be a whole number from 200 to 599, not 99"),
    ("[[health]]\nservice = \"web\"\ntries = 0", "6:9: `tries`: must be a whole number from 1 to"),
    ("[[health]]\nservice = \"web\"\npasses = 0", "6:10: `passes`: must be a whole number from 1 to"),
    ("[[health]]\nservice = \"web\"\ntries = 2", "6:9: `tries`: 3 passes in a row cannot come from 2 tries"),
    (
        "[[health]]\nservice = \"web\"\ntries = 2\npasses = 4",
        "7:10: `passes`: 4 passes in a row cannot come from 2 tries",
    ),
    ("[[health]]\nservice = \"web\"\ninterval = \"10\"", "6:12: `interval`: `10` is not a duration: write it like"),
    (
        "[[health]]\nservice = \"web\"\n[[health]]\nservice = \"web\"\ntimeout = \"0ms\"",
        "8:11: `timeout`: must be longer than zero",
    ),
    // Smoke
    ("[[smoke]]\nrequest = { service = \"web\", path = \"/\" }", "4:1: [[smoke]] needs `name`"),
    ("[[smoke]]\nname = \" \"\nrequest = { service = \"web\", path = \"/\" }", "5:8: `name`: must not be empty"),
    ("[[smoke]]\nname = \"a\"", "4:1: [[smoke]] needs `request`"),
    ("[[smoke]]\nname = \"a\"\nrequest = { path = \"/\" }", "6:11: `request` needs `service`"),
    ("[[smoke]]\nname = \"a\"\nrequest = { service = \"web\" }", "6:11: `request` needs `path`"),
    (
        "[[smoke]]\nname = \"a\"\nrequest = { service = \"web\", path = \"/\" }\n[[smoke]]\nname = \"a\"\nrequest = { service = \"web\", path = \"/\" }",
        "8:8: `name`: \"a\" is already the smoke test on line 5",
    ),
    (
        "[[smoke]]\nname = \"a\"\nrequest = { service = \"web\", path = \"/\", method = \"post\" }",
        "6:51: `method`: \"post\" must be in capitals: \"POST\"",
    ),
    (
        "[[smoke]]\nname = \"a\"\nrequest = { service = \"web\", path = \"/\", method = \"A B\" }",
        "6:51: `method`: \"A B\" must be a method",
    ),
    (
        "[[smoke]]\nname = \"a\"\nrequest = { service = \"x\", path = \"/\" }",
        "6:23: `service`: there is no [services.x]. Routed: web",
    ),
    (
        "[[smoke]]\nname = \"a\"\nrequest = { service = \"web\", path = \"/{id}\" }",
        "6:37: `path`: {id} is used before a test above captures it (none is captured so far)",
    ),
    (
        "[[smoke]]\nname = \"a\"\nrequest = { service = \"web\", path = \"/{id}\" }\ncapture = { id = \"$.id\" }",
        "6:37: `path`: {id} is used before a test above captures it",
    ),
    (
        "[[smoke]]\nname = \"a\"\n[smoke.request]\nservice = \"web\"\npath = \"/\"\nheaders = { a = \"{t}\" }",
        "9:17: `a`: {t} is used before",
    ),
    (
        "[[smoke]]\nname = \"a\"\n[smoke.request]\nservice = \"web\"\npath = \"/\"\nheaders = { \"a b\" = \"\" }",
        "9:13: `a b`: is not the name of a header",
    ),
    (
        "[[smoke]]\nname = \"a\"\n[smoke.request]\nservice = \"web\"\npath = \"/\"\nheaders = { a = \"\", A = \"\" }",
        "9:21: `A`: this header is given twice",
    ),
    (
        "[[smoke]]\nname = \"a\"\n[smoke.request]\nservice = \"web\"\npath = \"/\"\nheaders = { a = \"env:A B\" }",
        "9:17: `a`: after `env:`, \"A B\" must be the name of a variable",
    ),
    (
        "[[smoke]]\nname = \"a\"\n[smoke.request]\nservice = \"web\"\npath = \"/\"\nheaders = { a = \"\\n\" }",
        "9:17: `a`: the value of a header must be ASCII",
    ),
    (
        "[[smoke]]\nname = \"a\"\n[smoke.request]\nservice = \"web\"\npath = \"/\"\nbody = \"x\"\njson = {}",
        "10:1: `json`: a request has one body",
    ),
    (
        "[[smoke]]\nname = \"a\"\n[smoke.request]\nservice = \"web\"\npath = \"/\"\njson = { a = [1979-05-27] }",
        "9:15: `a`: JSON has no dates: write it in quotes",
    ),
    (
        "[[smoke]]\nname = \"a\"\n[smoke.request]\nservice = \"web\"\npath = \"/\"\njson = { a = nan }",
        "9:14: `a`: JSON has no such number",
    ),
    (
        "[[smoke]]\nname = \"a\"\n[smoke.request]\nservice = \"web\"\npath = \"/\"\njson = 99999999999999999999",
        "9:8: `json`: this number is too large for JSON",
    ),
    (
        "[[smoke]]\nname = \"a\"\n[smoke.request]\nservice = \"web\"\npath = \"/\"\njson = { a = { b = \"{t}\" } }",
        "9:20: `b`: {t} is used before",
    ),
    (
        "[[smoke]]\nname = \"a\"\n[smoke.request]\nservice = \"web\"\npath = \"/\"\njson = { a = [\"env:A B\"] }",
        "9:15: `a`: after `env:`, \"A B\" must be the name",
    ),
    (
        "[[smoke]]\nname = \"a\"\nrequest = { service = \"web\", path = \"/\" }\nexpect = { status = \"200\" }",
        "7:21: `status` must be a whole number from 200 to 599, not text",
    ),
    (
        "[[smoke]]\nname = \"a\"\nrequest = { service = \"web\", path = \"/\" }\nexpect = { json = { \"a.b\" = 1 } }",
        "7:21: \"a.b\" is not a JSON path, at character 1: it begins with `$`",
    ),
    (
        "[[smoke]]\nname = \"a\"\nrequest = { service = \"web\", path = \"/\" }\nexpect = { json = { \"$.a\" = 1979-05-27 } }",
        "7:29: `$.a`: JSON has no dates",
    ),
    (
        "[[smoke]]\nname = \"a\"\nrequest = { service = \"web\", path = \"/\" }\ncapture = { a = \"$.b[x]\" }",
        "7:17: `a`: \"$.b[x]\" is not a JSON path, at character 5",
    ),
    (
        "[[smoke]]\nname = \"a\"\nrequest = { service = \"web\", path = \"/\" }\ncapture = { \"a-b\" = \"$.b\" }",
        "7:13: `a-b`: is not the name of a variable",
    ),
    // Traffic
    (
        "[traffic]\nsticky_by = \"ip\"",
        "5:13: `sticky_by`: must be \"cookie\", \"header:NAME\", \"address\" or \"none\", not \"ip\"",
    ),
    ("[traffic]\ndrain = \"25h\"", "5:9: `drain`: must be from 0 ms to 24 h, not 25 h"),
    (
        "[traffic]\nurl = \"https://shop.example\"",
        "5:7: `url`: \"https://shop.example\" must say how browsers reach a host, like https://{host} or http://{host}:8080",
    ),
    (
        "[traffic]\nurl = \"https://{host}/shop\"",
        "5:7: `url`: \"https://{host}/shop\" must say how browsers reach a host, like https://{host} or http://{host}:8080",
    ),
    ("[traffic]\nsticky_by = \"header:\"", "5:13: `sticky_by`: \"\" is not the name of a header"),
    ("[traffic]\nsticky_by = \"header:X_Account\"", "5:13: `sticky_by`: \"X_Account\" is not the name of a header"),
    ("[traffic]\nstages = []", "5:10: `stages`: must have at least one stage"),
    ("[traffic]\nstages = [{ weight = 10 }, 100]", "5:28: each of `stages` must be a table, like { weight = 10,"),
    (
        "[traffic]\nstages = [{ weight = 0 }, { weight = 100 }]",
        "5:22: `weight`: must be a whole number from 1 to 100, not 0",
    ),
    ("[traffic]\nstages = [{ weight = 101 }]", "5:22: `weight`: must be a whole number from 1 to 100, not 101"),
    (
        "[traffic]\nstages = [{ weight = 50 }, { weight = 50 }, { weight = 100 }]",
        "5:39: `weight`: stages rise: 50 cannot come after 50",
    ),
    (
        "[traffic]\nstages = [{ weight = 10 }, { weight = 50 }]",
        "5:39: `weight`: the last stage must be 100, for all traffic; this one is 50",
    ),
    ("[traffic]\nstages = [{ bake = \"1m\" }, { weight = 100 }]", "5:11: a stage needs `weight`"),
    ("[traffic]\nstages = [{ weight = 100, bake = \"1 m\" }]", "5:34: `bake`: `1 m` is not a duration"),
    ("[traffic]\nstages = [{ weight = 100, approve = {} }]", "5:37: `approve` needs `role`"),
    (
        "[traffic]\nstages = [{ weight = 100, approve = { role = \"viewer\" } }]",
        "5:46: `role`: a viewer cannot approve: write one of deployer, release-manager, admin",
    ),
    (
        "[traffic]\nstages = [{ weight = 100, approve = { role = \"boss\" } }]",
        "5:46: `role`: \"boss\" is not a role: write one of deployer, release-manager, admin",
    ),
    (
        "[traffic]\nstages = [{ weight = 100, approve = { role = \"admin\", count = 0 } }]",
        "5:63: `count`: must be a whole number from 1 to 100, not 0",
    ),
    (
        "[traffic]\nstages = [{ weight = 100, approve = { role = \"admin\", on_timeout = \"hold\" } }]",
        "5:55: `on_timeout`: there is no `timeout`",
    ),
    (
        "[traffic]\nstages = [{ weight = 100, approve = { role = \"admin\", timeout = \"1h\", on_timeout = \"go\" } }]",
        "5:84: `on_timeout`: must be \"hold\" or \"reject\", not \"go\"",
    ),
    (
        "[traffic]\nstages = [{ weight = 100, min_requests = -1 }]",
        "5:42: `min_requests`: must be a whole number from 0 to 1000000000, not -1",
    ),
    // nginx, monitor, keep warm
    ("[traffic.nginx]\nconfig = \"\"", "5:10: `config`: must not be empty"),
    (
        "[traffic]\nrouter = \"embedded\"\n[traffic.embedded]\nsocket = \"/x\"",
        "7:1: unknown key `socket` in [traffic.embedded]. Known there: control",
    ),
    ("[traffic]\nrouter = \"embedded\"\n[traffic.embedded]\ncontrol = \"\"", "7:11: `control`: must not be empty"),
    ("[traffic.embedded]\ncontrol = \"/x\"", "4:1: `embedded`: belongs to router = \"embedded\": write that"),
    (
        "[traffic]\nrouter = \"embedded\"\nnginx.listen = \"80\"",
        "6:1: `nginx`: belongs to router = \"nginx\": write that",
    ),
    ("[traffic.nginx]\ndial = \"/var/my dial\"", "5:8: `dial`: \"/var/my dial\" must not hold spaces"),
    ("[traffic.nginx]\nlisten = 80", "5:10: `listen` must be text in quotes, not a whole number"),
    ("[traffic.nginx]\nlisten = \"80 ssl\"", "5:10: `listen`: \"80 ssl\" must be a port, or an address and a port"),
    ("[traffic.nginx]\nadmin_port = 70000", "5:14: `admin_port`: must be a whole number from 1 to 65535"),
    (
        "[traffic.nginx]\nlisten = \"127.0.0.1:8080\"\nadmin_port = 8080",
        "6:14: `admin_port`: must not be the port that `listen`",
    ),
    ("[traffic.nginx]\nbinary = \"\"", "5:10: `binary`: must not be empty"),
    ("[monitor]\nduration = \"5\"", "5:12: `duration`: `5` is not a duration"),
    ("[keep_warm]\nfor = \"11y\"", "5:7: `for`: `11y` is not a duration"),
    ("[keep_warm]\nfor = \"9999d\"", "5:7: `for`: `9999d` is longer than ten years"),
];

#[test]
fn every_mistake_is_told_at_its_place_and_alone() {
    for (text, expected) in BAD {
        let found = problems(&format!("{LEAST}{text}"));
        assert!(found.len() == 1 && found[0].starts_with(expected), "\n{text}\nis  {found:#?}\nnot {expected}");
    }
}

#[test]
fn the_least_file_has_a_name_and_a_routed_service() {
    for (text, expected) in [
        ("", &["1:1: the application file needs `name`: ", "1:1: the application file needs `services`: "][..]),
        (
            "name = \"Shop\"\n[services.a]\nshared = true",
            &[
                "1:8: `name`: \"Shop\" must be 1 to 40 lower-case letters",
                "2:2: `services`: none is routed, so there is no traffic to move",
            ],
        ),
        ("name = \"a\"\nservices = 1", &["2:12: `services` must be sections, one for each service"]),
        ("name = \"a\"\n[services]", &["2:2: `services`: none is routed"]),
        ("name = \"a\"\n[services]\n[[health]]\nservice = \"x\"", &["2:2: `services`: none is routed"]),
        (
            "name = 1\ncompose = \"\"\nversion_variable = \"A-B\"\nservices.w.routed = { port = 1, hosts = [\"w\"] }",
            &[
                "1:8: `name` must be text in quotes, not a whole number",
                "2:11: `compose`: must not be empty",
                "3:20: `version_variable`: \"A-B\" must be the name of a variable",
            ],
        ),
        // A service that cannot be read is not told again where it is used.
        (
            "name = \"a\"\n[services.w]\nrouted = { port = 0, hosts = [\"w\"] }\n[[health]]\nservice = \"w\"",
            &["3:19: `port`"],
        ),
    ] {
        let found = problems(text);
        assert_eq!(found.len(), expected.len(), "{text}\n{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{text}\nis  {found}\nnot {expected}");
        }
    }
}

#[test]
fn many_mistakes_are_told_at_once() {
    let each: String =
        BAD.iter().filter(|(text, _)| text.starts_with("[[")).map(|(text, _)| format!("{text}\n")).collect();
    let found = problems(&format!("{LEAST}{each}"));
    assert!(found.len() >= 40, "{}", found.len());
}

#[test]
fn line_ends_of_windows_and_a_byte_order_mark_are_fine() {
    let text = format!("\u{feff}{}", SAMPLE.replace('\n', "\r\n"));
    assert_eq!(good(&text), good(SAMPLE));
    assert_eq!(problems(&format!("\u{feff}nam = 1\r\n{}", LEAST.replace('\n', "\r\n"))).len(), 1);
    assert!(problems(&format!("\u{feff}nam = 1\r\n{LEAST}"))[0].starts_with("1:1: unknown key `nam`"));
}

#[test]
fn a_password_is_not_repeated() {
    let text = format!("{LEAST}[registry]\nserver = \"a\"\nusername = \"u\"\npassword = \"hunter2\"");
    assert!(problems(&text).iter().all(|problem| !problem.contains("hunter2")));
}
