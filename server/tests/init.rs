//! `crossfade init`, run: answers from a pipe, answers of its own, and what it refuses.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const COMPOSE: &str = "\
services:
  web:
    image: registry.example.com/shop/web:${TAG}
    ports: ['80:3000']
    healthcheck: {test: [CMD, curl, -f, 'http://localhost:3000/health']}
  worker:
    image: registry.example.com/shop/web:${TAG}
  postgres:
    image: postgres:16
    environment: {POSTGRES_PASSWORD: '${PASSWORD:-x}'}
";

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("shop-").tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn crossfade(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_crossfade"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("TAG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that asks nothing may be gone before it has read anything.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn written(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("crossfade.toml")).unwrap()
}

#[test]
fn answers_come_line_by_line() {
    let folder = folder(&[("docker-compose.yml", COMPOSE)]);
    let answers =
        "bookshop\nweb:3000=books.example.com,www.books.example.com\n\nembedded\nweb: npm run migrate\n/up\n20 100\n";
    let done = crossfade(folder.path(), &["init"], answers);
    assert!(done.status.success(), "{}{}", out(&done), err(&done));
    let file = written(folder.path());
    for line in [
        "name    = \"bookshop\"",
        "version_variable = \"TAG\"",
        "routed = { port = 3000, hosts = [\"books.example.com\", \"www.books.example.com\"] }",
        "background = { live_slot_only = true }",
        "shared = true",
        "router    = \"embedded\"",
        "up      = [\"npm\", \"run\", \"migrate\"]",
        "path    = \"/up\"",
    ] {
        assert!(file.lines().any(|l| l == line), "{line} is not in\n{file}");
    }
    assert_eq!(file.lines().filter(|line| line.starts_with("  { weight = ")).count(), 2, "{file}");
    let said = out(&done);
    assert!(said.contains("  web       routed: books.example.com, www.books.example.com on port 3000\n"), "{said}");
    assert!(said.contains("\n  crossfade check crossfade.toml\n"), "{said}");
    assert!(said.contains("\n  crossfade application add crossfade.toml --release VERSION"), "{said}");
    // The command that it names says yes.
    let checked = crossfade(folder.path(), &["check", "crossfade.toml"], "");
    assert!(checked.status.success(), "{}", out(&checked));
}

#[test]
fn enter_all_the_way_and_yes_are_the_same() {
    let files = [("compose.yaml", COMPOSE), ("compose.test.yaml", "services: {a: {image: b}}")];
    let (piped, yes, nothing) = (folder(&files), folder(&files), folder(&files));
    // Everything but the name comes from the compose file.
    let done = crossfade(piped.path(), &["init"], "\nshop\n\n\n\n\n\n\n");
    assert!(done.status.success(), "{}", err(&done));
    assert!(out(&done).contains("Which compose file? (compose.yaml, compose.test.yaml)\n[compose.yaml] "));
    assert_eq!(out(&done).matches("\n[").count(), 8, "{}", out(&done));
    let done = crossfade(yes.path(), &["init", "--yes"], "");
    assert!(done.status.success(), "{}", err(&done));
    assert!(!out(&done).contains('?'), "{}", out(&done));
    let done = crossfade(nothing.path().parent().unwrap(), &["init", nothing.path().to_str().unwrap()], "");
    assert!(done.status.success(), "{}", err(&done));
    // But for the folder's name, and for the router: which one is guessed depends on what runs just now.
    let rest = |folder: &Path| {
        let name = folder.file_name().unwrap().to_str().unwrap().to_lowercase();
        let file = written(folder).replace(name.as_str(), "shop");
        let (before, from) = file.split_once("\nrouter ").unwrap();
        let stages = &from[from.find("stages").unwrap()..from.find("\n]\n").unwrap()];
        [before, stages, &from[from.find("# --- after the last").unwrap()..]].concat()
    };
    assert_eq!(rest(yes.path()), rest(piped.path()));
    assert_eq!(rest(nothing.path()), rest(piped.path()));
}

#[test]
fn a_file_that_is_there_is_left_alone() {
    let folder = folder(&[("docker-compose.yml", COMPOSE), ("crossfade.toml", "mine")]);
    let done = crossfade(folder.path(), &["init", "--yes"], "");
    assert!(!done.status.success());
    assert!(err(&done).contains("crossfade.toml is there already"), "{}", err(&done));
    assert_eq!(written(folder.path()), "mine");
    let done = crossfade(folder.path(), &["init", "--yes", "--force"], "");
    assert!(done.status.success(), "{}", err(&done));
    assert!(written(folder.path()).contains("[services.web]"));
}

#[test]
fn a_wrong_answer_from_a_pipe_writes_nothing() {
    let folder = folder(&[("docker-compose.yml", COMPOSE)]);
    let done = crossfade(folder.path(), &["init"], "shop\nwbe\n");
    assert!(!done.status.success());
    assert!(
        err(&done).contains("the compose file has no service `wbe`: it has web, worker, postgres"),
        "{}",
        err(&done)
    );
    let names: Vec<_> = folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["docker-compose.yml"]);
}

#[test]
fn what_compose_says_and_crossfade_does_not_honour_is_told_with_its_place() {
    let compose = "services:\n  web:\n    build: .\n    ports: ['80:80']\n    network_mode: host\n    environment: {A: '${NOT_SET_ANYWHERE}'}\n";
    let folder = folder(&[("docker-compose.yml", compose)]);
    let done = crossfade(folder.path(), &["init", "--yes"], "");
    assert!(!done.status.success());
    let said = out(&done);
    for place in [
        "docker-compose.yml:3:5: Crossfade runs images and does not build them",
        "docker-compose.yml:5:5: `network_mode` is not supported",
        "docker-compose.yml:6:23: NOT_SET_ANYWHERE is not set",
    ] {
        assert!(said.contains(place), "{place} is not in\n{said}");
    }
    assert!(err(&done).contains("crossfade.toml is written, with 3 problems to mend first"), "{}", err(&done));
    assert!(written(folder.path()).contains("[services.web]"));
}

#[test]
fn a_folder_without_a_compose_file_is_told() {
    let empty = folder(&[]);
    let done = crossfade(empty.path(), &["init"], "");
    assert!(!done.status.success());
    assert!(err(&done).contains("there is no compose file in .: expected compose.yaml"), "{}", err(&done));
    let broken = folder(&[("compose.yaml", "a: b: c")]);
    let done = crossfade(broken.path(), &["init", "--yes"], "");
    assert!(err(&done).contains("compose.yaml:1:5: this is not YAML"), "{}", err(&done));
    assert!(!broken.path().join("crossfade.toml").exists());
}
