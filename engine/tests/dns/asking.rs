//! What the owners of a name say, whatever the caches hold.

use crate::support::name_servers::NameServers;
use crate::{ask, only, patiently, said, seen, why_not_the_owner};
use engine::dns::{Asked, judge};
use rollout::check::Level;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nsd and unbound"]
async fn the_ttl_is_as_it_was_set_and_judged() {
    let servers = NameServers::start();
    for (host, seconds, level) in [
        ("minute.shop.com", 60, Level::Ok),
        ("five.shop.com", 300, Level::Ok),
        ("hour.shop.com", 3600, Level::Warning),
        // Clients with IPv6 keep it for an hour.
        ("both.shop.com", 3600, Level::Warning),
        ("six.shop.com", 120, Level::Ok),
        ("*.shop.com", 90, Level::Ok),
        ("near.shop.com", 300, Level::Ok),
        ("api.eu.shop.com", 45, Level::Ok),
    ] {
        let found = ask(&servers, host).await;
        let (judged, sentence) = judge(host, &found, 300);
        assert_eq!((seen(found).seconds, judged), (seconds, level), "{sentence}");
        assert!(sentence.contains("shop.com (authoritative)"), "{sentence}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nsd and unbound"]
async fn aliases_lead_through_the_zones_of_others() {
    let servers = NameServers::start();
    let ttl = seen(ask(&servers, "www.shop.com").await);
    assert_eq!(ttl.seconds, 30, "the shortest stands in the middle");
    assert_eq!(
        said(&ttl),
        ["CNAME shop.lb.net (3600 s)", "CNAME edge.cdn.net (30 s)", "A 192.0.2.7 (600 s)", "AAAA 2001:db8::7 (600 s)"]
    );
    let Asked::Authoritative(owners) = &ttl.asked else { panic!("{:?}", ttl.asked) };
    let zones: Vec<&str> = owners.iter().map(|owner| owner.split_once('.').unwrap().1).collect();
    // Both name servers of a zone are asked, and either may be the first to answer.
    assert!(zones.starts_with(&["shop.com"]) && zones.contains(&"lb.net") && zones.contains(&"cdn.net"), "{zones:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nsd and unbound"]
async fn a_cache_that_counts_down_is_not_believed() {
    let servers = NameServers::start();
    let cached = only(servers.recursive(), 1);
    patiently(&cached, "five.shop.com").await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let counted_down = seen(patiently(&cached, "five.shop.com").await);
    assert!((200..300).contains(&counted_down.seconds), "{}", counted_down.seconds);
    assert!(why_not_the_owner(&counted_down).contains("does not answer"), "{:?}", counted_down.asked);
    assert_eq!(seen(ask(&servers, "five.shop.com").await).seconds, 300);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nsd and unbound"]
async fn an_answer_too_long_for_udp_comes_over_tcp() {
    let servers = NameServers::start();
    let ttl = seen(ask(&servers, "many.shop.com").await);
    assert_eq!((ttl.seconds, ttl.records.len()), (300, 60));
    assert!(matches!(ttl.asked, Asked::Authoritative(_)), "{:?}", ttl.asked);
}
