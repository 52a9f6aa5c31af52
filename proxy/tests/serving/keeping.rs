//! The control socket: who may say what.

use crate::support::process::Proxy;
use crate::{green, shop};
use proxy::wire::{Ask, VERSION};
use rollout::application::StickyBy;
use std::os::unix::fs::PermissionsExt;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

async fn say(proxy: &Proxy, line: &str) -> String {
    let stream = UnixStream::connect(proxy.told.folder.join("control")).await.unwrap();
    let mut stream = BufReader::new(stream);
    stream.get_mut().write_all(format!("{line}\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_line(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn questions_that_are_none_are_told_so() {
    let proxy = Proxy::start().await;
    let mode = std::fs::metadata(proxy.told.folder.join("control")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    for (line, said) in [
        ("", "this is not a question"),
        ("hello", "this is not a question"),
        (r#"{"version":1,"do":"dance"}"#, "this question is not known here"),
        (r#"{"version":2,"do":"state"}"#, "this proxy speaks version 1 of the protocol, not 2"),
        (r#"{"version":1,"do":"serving"}"#, "this is not the moment for that"),
        (
            r#"{"version":1,"do":"set","application":"shop","split":{"to":"green","weight":25}}"#,
            "no application `shop` is known here",
        ),
    ] {
        let answer = say(&proxy, line).await;
        assert!(answer.starts_with(&format!(r#"{{"version":{VERSION},"error":"{said}"#)), "{line}: {answer}");
    }
    let answer = say(&proxy, r#"{"version":1,"do":"state","application":null}"#).await;
    assert!(answer.contains(r#""applications":[]"#), "{answer}");
}

#[tokio::test]
async fn a_change_that_cannot_be_kept_is_not_made() {
    let (proxy, blue, other) = Proxy::serving(StickyBy::None).await;
    proxy.set(green(10)).await;
    // In the way of the new file.
    std::fs::create_dir(proxy.state_file(".weights.json.new")).unwrap();
    let set = Ask::Set { application: "shop".into(), split: green(50) };
    let refused = proxy.ask(set).await.unwrap_err().to_string();
    assert!(refused.contains("nothing was changed") && refused.contains("weights.json"), "{refused}");
    assert_eq!(proxy.shop().await.split, green(10));
    let mut another = shop(StickyBy::None, blue.address, other.address);
    another.name = "another".into();
    another.services[0].hosts = vec!["another.test".into()];
    assert!(proxy.ask(Ask::Adopt { application: another, split: green(0) }).await.is_err());
    assert_eq!(proxy.state().await.applications.len(), 1);
    std::fs::remove_dir(proxy.state_file(".weights.json.new")).unwrap();
    proxy.set(green(50)).await;
}

/// A process that asks to take over and then does not leaves things as they are.
#[tokio::test]
async fn a_take_over_that_is_broken_off_changes_nothing() {
    use std::io::{BufRead, Write};
    let (proxy, _blue, _green) = Proxy::serving(StickyBy::None).await;
    let mut stream = std::os::unix::net::UnixStream::connect(proxy.told.folder.join("control")).unwrap();
    stream.write_all(b"{\"version\":1,\"do\":\"take-over\",\"pid\":1}\n").unwrap();
    let mut answer = String::new();
    std::io::BufReader::new(&stream).read_line(&mut answer).unwrap();
    assert!(answer.contains("hand-over"), "{answer}");
    drop(stream);
    proxy.set(green(40)).await;
    let mut client = crate::support::client::Client::new(proxy.address());
    assert_eq!(client.get("/").await.unwrap().status, 200);
}
