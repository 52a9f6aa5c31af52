//! Names that are not there, and name servers that do not say.

use crate::support::name_servers::NameServers;
use crate::{ask, only, patiently, seen, why_not_the_owner};
use engine::dns::{Found, LIMIT, judge, ttl};
use rollout::check::Level;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nsd and unbound"]
async fn what_is_not_there_is_said_by_its_owner() {
    let servers = NameServers::start();
    for (host, expected) in [
        ("no-such-shop.com", "there is no such name, says ns"),
        ("gone.lb.net", "there is no such name, says ns"),
        ("text.shop.com", "it has neither an A nor an AAAA record, says ns"),
        ("astray.shop.com", "it is an alias of gone.lb.net, which has no address, says ns"),
    ] {
        let found = ask(&servers, host).await;
        let Found::Nothing(why) = &found else { panic!("{host}: {found:?}") };
        assert!(why.starts_with(expected) && why.ends_with("(authoritative)"), "{host}: {why}");
        assert_eq!(judge(host, &found, 300).0, Level::Warning);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nsd and unbound"]
async fn an_owner_that_refuses_or_is_silent_leaves_the_cache() {
    let servers = NameServers::start();
    let _silent = UdpSocket::bind(("127.0.0.2", servers.owners_port)).unwrap();
    for (host, seconds, expected) in [
        ("www.refused.org", 60, "ns1.refused.org (127.0.0.1) answers REFUSED"),
        ("www.silent.org", 400, "ns1.silent.org (127.0.0.2) does not answer within 1.5 s"),
    ] {
        let found = patiently(&servers.resolver(), host).await;
        let (level, sentence) = judge(host, &found, 300);
        assert_eq!(level, Level::Warning, "{sentence}");
        let ttl = seen(found);
        assert_eq!((ttl.seconds, why_not_the_owner(&ttl)), (seconds, expected));
        assert!(sentence.contains(&servers.recursive()), "{sentence}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nsd and unbound"]
async fn who_cannot_be_asked_is_named() {
    let servers = NameServers::start();
    let (nsd, port) = (format!("127.0.0.1:{}", servers.owners_port), servers.owners_port);
    // Its zone could not be loaded; and a zone that it does not have.
    for (resolver, host, expected) in [
        (servers.resolver(), "www.broken.com", format!("{} answers SERVFAIL", servers.recursive())),
        (only(nsd.clone(), port), "www.broken.com", format!("{nsd} answers SERVFAIL")),
        (only(nsd.clone(), port), "www.shop.org", format!("{nsd} answers REFUSED")),
    ] {
        let Found::Unknown(why) = patiently(&resolver, host).await else { panic!("{host}") };
        assert_eq!(why, expected, "{host}");
    }
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().unwrap().to_string();
    let began = Instant::now();
    let Found::Unknown(why) = ttl(&only(silent.clone(), port), "shop.com").await else { panic!() };
    assert_eq!(why, format!("{silent} does not answer within 1.5 s"));
    assert!(began.elapsed() < LIMIT + Duration::from_secs(1), "{:?}", began.elapsed());
}
