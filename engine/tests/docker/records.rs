//! A whole rollout where records split the traffic: a real name server, and a proxy at each slot's address.

use crate::bench::{Bench, COMPOSE, ada};
use crate::support::free_port;
use crate::support::named::{NameServer, Program, SECRET, ZONE};
use proxy::{Limits, Settings};
use rollout::command::Ask;
use rollout::event::RolloutId;
use rollout::slot::Slot;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const BLUE: [u8; 4] = [127, 0, 0, 2];
const GREEN: [u8; 4] = [127, 0, 0, 3];

fn application(folder: &Path, name_server: &str) -> String {
    let folder = folder.display();
    format!(
        r#"
name = "{{name}}"
[services.web]
routed = {{ port = 3000, hosts = ["www.{ZONE}"] }}
[services.worker]
background = {{ live_slot_only = true }}
[services.database]
shared = true
[registry]
server   = "{{registry}}"
username = "{{user}}"
password = "file:{{folder}}/password"
[traffic]
router = "dns"
drain = "1s"
stages = [{{ weight = 50 }}, {{ weight = 100, approve = {{ role = "deployer" }} }}]
[traffic.dns]
server = "{name_server}"
name_servers = ["{name_server}"]
zone   = "{ZONE}"
key    = "crossfade"
secret = "file:{folder}/key"
ttl    = "2s"
blue   = ["127.0.0.2"]
green  = ["127.0.0.3"]
state  = "{folder}/state"
fronts = {{ blue = "{folder}/blue.sock", green = "{folder}/green.sock" }}
[monitor]
duration = "100ms"
[keep_warm]
for = "1h"
"#
    )
}

/// A proxy at a slot's address.
async fn front(folder: &Path, slot: Slot, listen: SocketAddr) {
    let settings = Settings {
        listen: vec![listen],
        listen_tls: vec![],
        certificates: vec![],
        control: folder.join(format!("{slot}.sock")),
        state: folder.join(format!("{slot}-state")),
        limits: Limits::default(),
    };
    tokio::spawn(async move { proxy::run(settings).await.unwrap() });
    let begun = Instant::now();
    while tokio::net::TcpStream::connect(listen).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the proxy of {slot} does not listen");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The addresses that a client finds, in order.
fn found(server: &NameServer) -> Vec<String> {
    let port = server.port.to_string();
    let done = Command::new("dig").args(["+short", "@127.0.0.1", "-p", &port, "A", &format!("www.{ZONE}")]).output();
    let mut lines: Vec<String> = String::from_utf8(done.unwrap().stdout).unwrap().lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// Status and slot, by whoever answers at this address for the name.
async fn asked(ip: &str, port: u16) -> (u16, String) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.get(format!("http://{ip}:{port}/")).header("host", format!("www.{ZONE}"));
    let answer = request.send().await.unwrap();
    let slot = answer.headers().get("x-crossfade-slot").map(|slot| slot.to_str().unwrap().to_owned());
    (answer.status().as_u16(), slot.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Docker, the images of demo/images.sh and bind9"]
async fn a_rollout_by_records() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key"), SECRET).unwrap();
    let server = NameServer::primary(Program::Bind, "", &[]);
    let port = free_port();
    for (slot, ip) in [(Slot::Blue, BLUE), (Slot::Green, GREEN)] {
        front(folder.path(), slot, SocketAddr::from((ip, port))).await;
    }
    let bench = Bench::of("docker-records", COMPOSE, &application(folder.path(), &server.at())).await;
    assert_eq!(found(&server), ["127.0.0.3"], "where nothing is");
    assert_ne!(asked("127.0.0.3", port).await.0, 200);

    let said = |id: RolloutId| {
        let engine = bench.engine.clone();
        async move {
            let view = engine.rollout(&ada(), id).await.unwrap();
            view.lines.iter().map(|line| line.text.clone()).collect::<Vec<_>>().join("\n")
        }
    };
    let first = bench.start("1.0.0").await;
    bench.until_ended(first).await;
    assert_eq!(found(&server), ["127.0.0.2"]);
    assert_eq!(asked("127.0.0.2", port).await, (200, "blue".to_owned()));
    assert!(said(first).await.contains("it takes this router 2 s until every client follows"), "{}", said(first).await);

    let id = bench.start("1.1.0").await;
    bench.until_gate(id).await;
    assert_eq!(found(&server), ["127.0.0.2", "127.0.0.3"]);
    for (ip, slot) in [("127.0.0.2", "blue"), ("127.0.0.3", "green")] {
        assert_eq!(asked(ip, port).await, (200, slot.to_owned()));
    }
    assert!(said(id).await.contains("others may keep the former records for another"), "{}", said(id).await);

    bench.ask(id, Ask::Approve { stage: 1, comment: String::new() }).await;
    bench.until_ended(id).await;
    assert_eq!(found(&server), ["127.0.0.3"]);
    // Whoever has not followed yet is still served, by the old release.
    assert_eq!(asked("127.0.0.2", port).await, (200, "blue".to_owned()));

    let back = bench.ask(id, Ask::RollBack { reason: String::new(), migrate_down: false }).await;
    bench.until_ended(back).await;
    assert_eq!(found(&server), ["127.0.0.2"]);
    assert_eq!(asked("127.0.0.2", port).await, (200, "blue".to_owned()));

    // Somebody meddles: the next one does not shift over it.
    server.by_hand(&format!("update add www.{ZONE} 2 A 192.0.2.9"));
    let id = bench.start("1.1.0").await;
    let (error, _) = bench.until_failed(id).await;
    assert!(error.contains("leads to 192.0.2.9, which is neither blue's nor green's"), "{error}");
    server.by_hand(&format!("update delete www.{ZONE} A 192.0.2.9"));
    bench.ask(id, Ask::Retry).await;
    bench.until_gate(id).await;
    assert_eq!(found(&server), ["127.0.0.2", "127.0.0.3"]);
    bench.ask(id, Ask::Abort { reason: "enough".to_owned() }).await;
    bench.until_ended(id).await;
    assert_eq!(found(&server), ["127.0.0.2"]);
}
