//! The whole way, against a name server of our own on loopback. Against real ones: `engine/tests/dns.rs`.

use super::testing::{FakeServer, Manner, Part, knows, part, records};
use super::{Asked, Found, LIMIT, Resolver, Ttl, ttl};
use hickory_net::proto::op::ResponseCode;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// What the recursive one knows of the way to the owner.
const WAY: &str = "shop.com 100 NS ns1.shop.com, ns1.shop.com 100 A 127.0.0.1";

fn resolver(server: SocketAddr) -> Resolver {
    Resolver::new(&[server.to_string()]).unwrap().with_authoritative_port(server.port())
}

/// The recursive one has these records beside the way to the owner.
async fn ask(recursive: &str, owner: Part, host: &str) -> Found {
    let server = FakeServer::start(knows(&format!("{WAY}, {recursive}")), owner).await;
    ttl(&resolver(server), host).await
}

fn seen(found: Found) -> Ttl {
    match found {
        Found::Records(ttl) => ttl,
        other => panic!("{other:?}"),
    }
}

fn said(ttl: &Ttl) -> Vec<String> {
    ttl.records.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn the_owner_is_believed_and_not_the_cache() {
    let a = "shop.com 12 A 192.0.2.1";
    let ttl = seen(ask(a, knows("shop.com 300 A 192.0.2.1, shop.com 60 AAAA 2001:db8::1"), "shop.com").await);
    assert_eq!(ttl.seconds, 300);
    assert_eq!(ttl.asked, Asked::Authoritative(vec!["ns1.shop.com".to_owned()]));
    assert_eq!(said(&ttl), ["A 192.0.2.1 (300 s)", "AAAA 2001:db8::1 (60 s)"]);
}

#[tokio::test]
async fn an_alias_is_followed_into_the_zone_of_its_target() {
    let recursive =
        "www.shop.com 9 CNAME lb.net, lb.net 8 A 192.0.2.1, lb.net 99 NS ns.lb.net, ns.lb.net 99 A 127.0.0.1";
    // The owner of shop.com also says something of lb.net: there it is believed as the owner of lb.net only.
    let owner = "www.shop.com 3600 CNAME lb.net, lb.net 60 A 192.0.2.1";
    let ttl = seen(ask(recursive, knows(owner), "www.shop.com").await);
    assert_eq!(ttl.seconds, 60);
    assert_eq!(ttl.asked.to_string(), "ns1.shop.com and ns.lb.net (authoritative)");
    assert_eq!(said(&ttl), ["CNAME lb.net (3600 s)", "A 192.0.2.1 (60 s)"]);
}

#[tokio::test]
async fn an_answer_too_long_for_udp_comes_over_tcp() {
    let owner = Part { manner: Manner::Truncates, records: records("shop.com 300 A 192.0.2.1") };
    let recursive = format!("{WAY}, shop.com 12 A 192.0.2.1");
    let server = FakeServer::start(Part { manner: Manner::Truncates, records: records(&recursive) }, owner).await;
    let ttl = seen(ttl(&resolver(server), "shop.com").await);
    assert_eq!((ttl.seconds, ttl.asked), (300, Asked::Authoritative(vec!["ns1.shop.com".to_owned()])));
}

#[tokio::test]
async fn without_the_owner_the_cache_has_to_do() {
    let a = "shop.com 12 A 192.0.2.1";
    for (owner, expected) in [
        (part(Manner::Says(ResponseCode::Refused)), "ns1.shop.com (127.0.0.1) answers REFUSED"),
        (part(Manner::Says(ResponseCode::ServFail)), "ns1.shop.com (127.0.0.1) answers SERVFAIL"),
        (part(Manner::Silent), "ns1.shop.com (127.0.0.1) does not answer within 1.5 s"),
    ] {
        let ttl = seen(ask(a, owner, "shop.com").await);
        assert_eq!(ttl.seconds, 12);
        assert!(ttl.asked.to_string().ends_with(" (recursive; it may have counted down)"), "{}", ttl.asked);
        let Asked::Recursive { why, .. } = ttl.asked else { panic!("{:?}", ttl.asked) };
        assert_eq!(why, expected);
    }
    // Somebody answers in the owner's place, from a cache.
    let recursive = knows(&format!("{WAY}, {a}"));
    let server = FakeServer::start_without_authority(recursive, knows("shop.com 11 A 192.0.2.1")).await;
    let ttl = seen(ttl(&resolver(server), "shop.com").await);
    let Asked::Recursive { why, .. } = ttl.asked else { panic!("{:?}", ttl.asked) };
    assert_eq!((ttl.seconds, &*why), (12, "ns1.shop.com (127.0.0.1) does not own shop.com"));
}

#[tokio::test]
async fn an_owner_that_cannot_be_found_is_named() {
    for (recursive, expected) in [
        ("shop.com 12 A 192.0.2.1", "nobody owns shop.com"),
        ("shop.com 12 A 192.0.2.1, com 99 NS ns.gone", "the name servers of com have no address: ns.gone"),
    ] {
        let server = FakeServer::start(knows(recursive), part(Manner::Silent)).await;
        let ttl = seen(ttl(&resolver(server), "shop.com").await);
        let Asked::Recursive { why, .. } = ttl.asked else { panic!("{:?}", ttl.asked) };
        assert_eq!((ttl.seconds, &*why), (12, expected));
    }
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    for (owner, host, expected) in [
        ("", "gone.shop.com", "there is no such name, says ns1.shop.com (authoritative)"),
        ("shop.com 9 NS ns1.shop.com", "shop.com", "it has neither an A nor an AAAA record, says ns1.shop.com"),
        ("www.shop.com 9 CNAME gone.shop.com", "www.shop.com", "it is an alias of gone.shop.com, which has no address"),
        ("shop.com 9 A 192.0.2.1", "*.shop.com", "there is no such name"),
    ] {
        match ask("", knows(owner), host).await {
            Found::Nothing(why) => assert!(why.starts_with(expected), "{host}: {why}"),
            other => panic!("{host}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn aliases_in_a_circle_are_given_up() {
    let circle = "a.shop.com 60 CNAME b.shop.com, b.shop.com 60 CNAME a.shop.com";
    for circle in [circle, "a.shop.com 60 CNAME a.shop.com"] {
        match ask(circle, knows(circle), "a.shop.com").await {
            Found::Unknown(why) => assert!(why.starts_with("a.shop.com is an alias of an alias, and so on"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn the_next_name_server_is_asked_when_one_fails() {
    let refusing = FakeServer::start(part(Manner::Says(ResponseCode::Refused)), part(Manner::Silent)).await;
    let good = FakeServer::start(knows(&format!("{WAY}, shop.com 12 A 192.0.2.1")), knows("shop.com 300 A 192.0.2.1"));
    let good = good.await;
    let both = Resolver::new(&[refusing.to_string(), good.to_string()]).unwrap().with_authoritative_port(good.port());
    assert_eq!(seen(ttl(&both, "shop.com").await).seconds, 300);
    let Found::Unknown(why) = ttl(&resolver(refusing), "shop.com").await else { panic!() };
    assert_eq!(why, format!("{refusing} answers REFUSED"));
}

#[tokio::test]
async fn silence_takes_no_longer_than_the_limit() {
    let silent = FakeServer::start(part(Manner::Silent), part(Manner::Silent)).await;
    for (servers, expected) in [
        (vec![silent.to_string()], format!("{silent} does not answer within 1.5 s")),
        (vec![silent.to_string(); 3], format!("no answer within 3 s from {silent}, {silent}, {silent}")),
    ] {
        let began = Instant::now();
        let Found::Unknown(why) = ttl(&Resolver::new(&servers).unwrap(), "shop.com").await else { panic!() };
        assert_eq!(why, expected);
        assert!(began.elapsed() < LIMIT + Duration::from_secs(1), "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn names_outside_dns_are_not_asked_for() {
    let silent = FakeServer::start(part(Manner::Silent), part(Manner::Silent)).await;
    let Found::NotInDns(why) = ttl(&resolver(silent), "shop.test").await else { panic!() };
    assert!(why.contains(".test"), "{why}");
}
