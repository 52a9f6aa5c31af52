//! A change as it should be: all or nothing, everywhere, and waited for.

use crate::support::named::{NameServer, Program, Resolver};
use crate::{Stage, drifts, green, routes, set};
use engine::router::{Router, same_shares};
use rollout::check::Level;
use rollout::router::Algorithm;
use rollout::slot::{Slot, Split};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// On either primary, with a secondary: every possible weight, up and down.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs bind9 and knot"]
async fn every_possible_weight_is_set_everywhere() {
    for program in [Program::Bind, Program::Knot] {
        let port = crate::support::free_port();
        let primary = NameServer::primary(program, "", &[port]);
        let secondary = NameServer::secondary_at(port, primary.port);
        let stage = Stage::new(&primary, &[&secondary]);
        let router = stage.router();
        assert_ne!(drifts(&router, green(0)).await, "");
        router.adopt(&routes(), green(0)).await.unwrap();
        assert_eq!(drifts(&router, green(0)).await, "");
        for percent in [33, 50, 67, 100, 33, 0] {
            set(&router, green(percent)).await;
            assert_eq!(router.current().await.unwrap(), green(percent));
            assert_eq!(drifts(&router, green(percent)).await, "");
        }
        // Told the other way round.
        set(&router, Split { to: Slot::Blue, weight: green(33).weight }).await;
        assert!(same_shares(router.current().await.unwrap(), green(67)));
        let impossible = router.set(green(10)).await.unwrap_err().to_string();
        assert!(impossible.contains("10 % of the traffic cannot be sent to a slot"), "{impossible}");
        assert_eq!(router.current().await.unwrap(), green(67));
        let checks = router.fits(&[]).await;
        assert!(checks.iter().all(|check| check.level == Level::Ok), "{checks:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs bind9"]
async fn a_key_of_sha512_works_as_well() {
    let primary = NameServer::primary(Program::Bind, "", &[]);
    let mut stage = Stage::new(&primary, &[]);
    (stage.update().key, stage.update().algorithm) = ("longer".into(), Algorithm::HmacSha512);
    let router = stage.router();
    router.adopt(&routes(), green(0)).await.unwrap();
    set(&router, green(50)).await;
    assert_eq!(router.current().await.unwrap(), green(50));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs bind9 and unbound"]
async fn caches_are_waited_for_and_seen_to_follow() {
    let primary = NameServer::primary(Program::Bind, "", &[]);
    let resolver = Resolver::start(primary.port);
    let mut stage = Stage::new(&primary, &[]);
    stage.dns.ttl = rollout::clock::Millis::seconds(15);
    stage.dns.resolvers = vec![format!("127.0.0.1:{}", resolver.port)];
    let router = stage.router();
    router.adopt(&routes(), green(0)).await.unwrap();
    // It keeps what it heard.
    let checks = router.fits(&[]).await;
    let heard = checks.iter().find(|check| check.name == "resolver").unwrap();
    assert!(heard.level == Level::Ok && heard.said.contains("192.0.2.1, 192.0.2.3"), "{checks:#?}");
    let begun = Instant::now();
    let told = set(&router, green(100)).await;
    assert!(begun.elapsed() >= Duration::from_secs(15), "{told:#?}");
    let place = |words: &str| told.iter().position(|line| line.contains(words)).unwrap_or_else(|| panic!("{told:#?}"));
    assert!(place("telling the name server") < place("every name server of shop.test answers"));
    assert!(place("others may keep the former records for another") < place("answers the new records"));
    // Nothing changes: nothing is waited for.
    assert!(!set(&router, green(100)).await.iter().any(|line| line.contains("another")));
}

/// Whoever stops waiting does not stop the change; whoever takes it up waits for what is left.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs bind9"]
async fn a_wait_goes_on_where_it_was() {
    let primary = NameServer::primary(Program::Bind, "", &[]);
    let mut stage = Stage::new(&primary, &[]);
    stage.dns.ttl = rollout::clock::Millis::seconds(20);
    let router = stage.router();
    router.adopt(&routes(), green(0)).await.unwrap();
    let told = Mutex::new(vec![]);
    let waits = |line: &String| line.contains("others may keep");
    let tell = |line: String| told.lock().unwrap().push(line);
    {
        let setting = router.set_telling(green(50), &tell);
        let seen = async {
            while !told.lock().unwrap().iter().any(waits) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            tokio::time::sleep(Duration::from_millis(2_100)).await;
        };
        tokio::select! { set = setting => panic!("{set:?}"), () = seen => {} }
    }
    // As after a crash.
    let again = stage.router();
    assert_eq!(again.current().await.unwrap(), green(50));
    told.lock().unwrap().clear();
    let started = Instant::now();
    again.set_telling(green(50), &tell).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(20), "it waited anew");
    let first = told.lock().unwrap().iter().find(|line| waits(line)).cloned().unwrap();
    let left: u64 = first.split("another ").nth(1).unwrap().trim_end_matches(" s").parse().unwrap();
    assert!(left < 20, "{first}");
}

/// Changes take turns, and the last one holds, whoever waits.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs bind9"]
async fn the_way_back_does_not_wait_for_the_way_there() {
    let primary = NameServer::primary(Program::Bind, "", &[]);
    let mut stage = Stage::new(&primary, &[]);
    stage.dns.ttl = rollout::clock::Millis::seconds(60);
    let router = stage.router();
    router.adopt(&routes(), green(0)).await.unwrap();
    let there = router.clone();
    let setting = tokio::spawn(async move { there.set(green(50)).await });
    let begun = Instant::now();
    while router.current().await.ok() != Some(green(50)) {
        assert!(begun.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    setting.abort();
    let back = router.clone();
    let back = tokio::spawn(async move { back.set(green(0)).await });
    while router.current().await.ok() != Some(green(0)) {
        assert!(begun.elapsed() < Duration::from_secs(40), "the way back waited");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    back.abort();
}

/// What leads to a slot already may serve somebody.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs bind9"]
async fn names_in_use_are_not_taken_over() {
    let primary = NameServer::primary(Program::Bind, "@ A 192.0.2.1\nwww A 192.0.2.1\n", &[]);
    let mut stage = Stage::new(&primary, &[]);
    stage.dns.blue = vec!["192.0.2.1".parse().unwrap()];
    stage.dns.green = vec!["192.0.2.2".parse().unwrap()];
    let router = stage.router();
    let said = router.adopt(&routes(), green(100)).await.unwrap_err().to_string();
    assert!(said.starts_with("shop.test leads to blue already, and Crossfade did not put it there"), "{said}");
    assert_eq!(router.current().await.unwrap(), green(0));
    // Where it already is, it is taken on; with a TTL of its own, which others may not know yet.
    router.adopt(&routes(), green(0)).await.unwrap();
    assert_eq!(drifts(&router, green(0)).await, "");
    let checks = router.fits(&[]).await;
    let ttl = checks.iter().find(|check| check.name == "record TTL").unwrap();
    assert_eq!(ttl.level, Level::Failure);
    assert!(ttl.said.starts_with("2 s, but it was longer until a short while ago"), "{}", ttl.said);
    let told = Mutex::new(vec![]);
    let tell = |line: String| told.lock().unwrap().push(line);
    let waits = || told.lock().unwrap().iter().any(|line: &String| line.contains("another"));
    let seen = async {
        while !waits() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! { set = router.set_telling(green(50), &tell) => panic!("{set:?}"), () = seen => {} }
    let told = told.into_inner().unwrap();
    let wait = told.iter().find(|line| line.contains("another")).unwrap();
    assert!(!wait.ends_with(" 2 s"), "{wait}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs bind9"]
async fn forgetting_takes_the_addresses_and_nothing_else() {
    let primary = NameServer::primary(Program::Bind, "www TXT \"kept\"\nother A 192.0.2.1\n", &[]);
    let stage = Stage::new(&primary, &[]);
    let router = stage.router();
    router.adopt(&routes(), green(0)).await.unwrap();
    router.forget().await.unwrap();
    router.forget().await.unwrap();
    assert!(router.current().await.unwrap_err().to_string().contains("has no address"));
    let said = router.set(green(50)).await.unwrap_err().to_string();
    assert!(said.contains("has no address: run `crossfade application add` again"), "{said}");
    let dig = |kind: &str, name: &str| {
        let port = primary.port.to_string();
        let done =
            std::process::Command::new("dig").args(["+short", "@127.0.0.1", "-p", &port, kind, name]).output().unwrap();
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(dig("TXT", "www.shop.test"), "\"kept\"");
    assert_eq!(dig("A", "other.shop.test"), "192.0.2.1");
    assert_eq!(dig("A", "www.shop.test"), "");
}
