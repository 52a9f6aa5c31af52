//! Files with `runtime = "process"`.

use super::{good, problems};
use rollout::application::{Secret, Service};
use rollout::clock::Millis;
use rollout::runtime::{OwnCheck, Program, Question, RuntimeKind};
use std::collections::BTreeMap;

/// Lines 1 to 6.
const LEAST: &str = "\
name = \"shop\"
runtime = \"process\"
[services.web]
routed = { hosts = [\"shop.com\"] }
command = [\"./web\"]
[services.data]
shared = true
command = [\"data\"]
";

#[test]
fn processes_are_read() {
    let application = good(
        "name = \"shop\"\nruntime = \"process\"\n\
         [services.web]\nrouted = { hosts = [\"shop.com\"] }\nfolder = \"releases/{version}\"\n\
         command = [\"./web\", \"--port\", \"{port}\"]\nstop_grace = \"30s\"\n\
         environment = { DATA = \"http://127.0.0.1:{port.data}\", EMPTY = \"\", KEY = \"env:KEY\" }\n\
         health = { path = \"/health\", interval = \"1s\", retries = 5 }\n\
         [services.data]\nshared = true\ncommand = [\"data\"]\nhealth = { command = [\"true\"] }\n\
         [migrate]\nservice = \"web\"\nup = [\"./migrate\"]\n\
         [[monitor.metric]]\nbuiltin = \"queue-depth\"\nservice = \"web\"\n",
    );
    assert_eq!(application.services["web"], Service::Routed { port: None, hosts: vec!["shop.com".to_owned()] });
    let RuntimeKind::Process(programs) = application.runtime else { panic!("{:?}", application.runtime) };
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let plain = |text: &str| Secret::Plain(text.to_owned());
    assert_eq!(
        programs["web"],
        Program {
            command: words(&["./web", "--port", "{port}"]),
            environment: BTreeMap::from([
                ("DATA".to_owned(), plain("http://127.0.0.1:{port.data}")),
                ("EMPTY".to_owned(), plain("")),
                ("KEY".to_owned(), Secret::Env("KEY".to_owned())),
            ]),
            folder: Some("releases/{version}".to_owned()),
            health: Some(OwnCheck {
                ask: Question::Path("/health".to_owned()),
                interval: Millis::seconds(1),
                timeout: Millis::seconds(5),
                retries: 5,
            }),
            stop_grace: Millis::seconds(30),
        }
    );
    let data = &programs["data"];
    assert_eq!((data.folder.as_ref(), data.stop_grace), (None, Millis::seconds(10)));
    assert_eq!(data.health.as_ref().unwrap().ask, Question::Command(words(&["true"])));
    assert!(!good("name = \"a\"\n[services.b]\nrouted = { port = 1, hosts = [\"c\"] }").runtime.is_process());
}

#[test]
fn what_makes_no_sense_is_told_with_its_place() {
    for (text, begins) in [
        ("[services.a]\nshared = true\n", "9:1: [services.a] needs `command`: the program and its arguments"),
        ("[services.a]\nshared = true\ncommand = []", "11:11: `command`: must not be empty"),
        (
            "[services.a]\nrouted = { port = 1, hosts = [\"a\"] }\ncommand = [\"a\"]",
            "10:12: `port`: a process does not choose its port: Crossfade gives it one",
        ),
        ("environment = { PORT = \"1\" }", "9:17: `PORT`: is set by Crossfade"),
        ("environment = { CROSSFADE_SLOT = \"a\" }", "9:17: `CROSSFADE_SLOT`: is set by Crossfade"),
        ("environment = { \"A-B\" = \"a\" }", "9:17: `A-B`: \"A-B\" must be the name of a variable"),
        ("environment = { A = \"env:B C\" }", "9:21: `A`: after `env:`"),
        ("environment = { A = 1 }", "9:21: `A` must be text in quotes, not a whole number"),
        (
            "environment = { A = \"{verison}\" }",
            "9:21: `A`: {verison} is not filled in: did you mean `version`? Known: {version}",
        ),
        (
            "environment = { A = \"{port.wbe}\" }",
            "9:21: `A`: {port.wbe}: there is no [services.wbe]: did you mean `web`?",
        ),
        (
            "environment = { A = \"{port.web}\" }",
            "9:21: `A`: {port.web}: `data` is shared, and each slot has a `web` of its own",
        ),
        ("folder = \"{slot}\"", "9:10: `folder`: {slot} cannot be part of where a program is"),
        ("folder = \"\"", "9:10: `folder`: must not be empty"),
        ("health = {}", "9:10: `health` needs `path`, asked at the process' own port, or `command`"),
        (
            "health = { path = \"/\", command = [\"a\"] }",
            "9:24: `command`: a process is asked by `path` or by `command`",
        ),
        ("health = { path = \"a\" }", "9:19: `path`: \"a\" must begin with one `/`"),
        ("health = { path = \"/\", tries = 1 }", "9:24: unknown key `tries` in `health`. Known there: path, command"),
        ("stop_grace = \"2h\"", "9:14: `stop_grace`: must be from 0 ms to 1 h, not 2 h"),
        ("image = \"a\"", "9:1: unknown key `image` in [services.data]"),
        (
            "[migrate]\nservice = \"wbe\"\nup = [\"a\"]",
            "10:11: `service`: there is no [services.wbe]: did you mean `web`? There are data, web",
        ),
        ("[migrate]\nservice = \"data\"\nup = [\"a\"]", "10:11: `service`: \"data\" is shared"),
        (
            "[[monitor.metric]]\nbuiltin = \"queue-depth\"\nservice = \"web\"\nport = 1",
            "12:1: `port`: a process is asked at the port that Crossfade gave it",
        ),
        (
            "[[monitor.metric]]\nbuiltin = \"redis-memory\"\nmax = 1\nservice = \"redis\"",
            "12:11: `service`: there is no [services.redis]",
        ),
    ] {
        let found = problems(&format!("{LEAST}{text}"));
        assert!(found.len() == 1 && found[0].starts_with(begins), "{text}\n{found:#?}");
    }
}

#[test]
fn keys_of_the_other_runtime_are_told() {
    for (top, begins) in [
        ("compose = \"a.yml\"", "3:1: `compose`: belongs to runtime = \"docker\"; this file says \"process\""),
        ("version_variable = \"TAG\"", "3:1: `version_variable`: belongs to runtime = \"docker\""),
        (
            "registry = { server = \"a\", username = \"b\", password = \"env:C\" }",
            "3:1: `registry`: belongs to runtime = \"docker\"",
        ),
    ] {
        let (name, rest) = LEAST.split_once("[services").unwrap();
        let found = problems(&format!("{name}{top}\n[services{rest}"));
        assert!(found.len() == 1 && found[0].starts_with(begins), "{top}\n{found:#?}");
    }
    let docker = "name = \"shop\"\n[services.web]\nrouted = { port = 1, hosts = [\"a\"] }\n";
    for key in ["command = [\"a\"]", "environment = {}", "folder = \"a\"", "health = {}", "stop_grace = \"1s\""] {
        let found = problems(&format!("{docker}{key}"));
        let word = key.split_whitespace().next().unwrap();
        let begins = format!("4:1: `{word}`: belongs to runtime = \"process\", at the top");
        assert!(found.len() == 1 && found[0].starts_with(&begins), "{found:#?}");
    }
    assert_eq!(
        problems("name = \"shop\"\nruntime = \"podman\"\n[services.web]\nrouted = { port = 1, hosts = [\"a\"] }"),
        ["2:11: `runtime`: must be \"docker\" or \"process\", not \"podman\""]
    );
}
