//! Which requests go where.

use crate::support::backend::backend;
use crate::support::client::Client;
use crate::support::nginx::{free_port, route};
use crate::{HOST, green, stage};
use engine::router::{HaproxyRouter, Router};
use rollout::application::StickyBy;
use rollout::slot::{Slot, Split};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};

/// The numbers are those that the embedded proxy gives to the same cookies: a change of the router moves nobody.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs haproxy"]
async fn sessions_have_the_numbers_that_the_embedded_proxy_gives_them() {
    let (haproxy, routes) = stage().await;
    let router = haproxy.router(StickyBy::Cookie);
    router.adopt(&routes, Split::all(Slot::Blue)).await.unwrap();
    let mut client = Client::new(haproxy.port, HOST);
    for (cookie, number) in [("07-x", 7), ("42-0123", 42), ("99-", 99), ("abc", 72), ("x", 17), ("99", 54), ("-1-", 63)]
    {
        let header = format!("Cookie: crossfade_shop={cookie}");
        for (percent, slot) in [(number, "blue"), (number + 1, "green")] {
            router.set(green(percent)).await.unwrap();
            assert_eq!(client.get("/", &header).await.slot(), slot, "{cookie} at {percent} %");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs haproxy"]
async fn a_dead_slot_falls_back_to_the_other_while_both_have_a_share() {
    let (haproxy, _) = stage().await;
    let router = haproxy.router(StickyBy::Cookie);
    let dead = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let routes = [route("web", &[HOST], backend("blue").await, dead)];
    router.adopt(&routes, green(50)).await.unwrap();
    let mut client = Client::new(haproxy.port, HOST);
    for _ in 0..2 {
        for session in ["00-a", "49-b", "50-c"] {
            assert_eq!(client.get("/", &format!("Cookie: crossfade_shop={session}")).await.slot(), "blue", "{session}");
        }
    }
    router.set(green(100)).await.unwrap();
    let answer = client.get("/", "").await;
    assert_eq!((answer.status, answer.header("x-crossfade-slot")), (503, Some("green")));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs haproxy"]
async fn other_hosts_are_told_that_they_are_wrong_here() {
    let (haproxy, routes) = stage().await;
    haproxy.router(StickyBy::Cookie).adopt(&routes, green(0)).await.unwrap();
    let answer = Client::new(haproxy.port, "other.test").get("/", "").await;
    assert_eq!((answer.status, answer.header("x-crossfade-slot")), (421, None));
    assert_eq!(Client::new(haproxy.port, &format!("{HOST}:{}", haproxy.port)).get("/", "").await.slot(), "blue");
    let mut admin = Client::new(haproxy.admin_port, "127.0.0.1");
    for asked in ["/crossfade/slot?b=100", "/crossfade/slot?b=", "/crossfade/slot", "/"] {
        assert_eq!(Client::new(haproxy.admin_port, "127.0.0.1").get(asked, "").await.status, 404, "{asked}");
    }
    assert_eq!(admin.get("/crossfade/slot?b=0", "").await.body, "blue");
}

/// The user's own frontend before ours, as in docs/routers/haproxy.md.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs haproxy"]
async fn a_frontend_of_the_users_passes_on_who_the_client_is() {
    let (mut haproxy, routes) = stage().await;
    let public = free_port();
    let config = fs::read_to_string(haproxy.path("haproxy.cfg")).unwrap();
    let theirs = format!(
        "defaults\n    mode http\n    timeout connect 3s\n    timeout client 60s\n    timeout server 60s\n\
         frontend public\n    bind 127.0.0.1:{public}\n    http-request set-header X-Forwarded-Proto https\n    \
         use_backend shop if {{ req.hdr(host),host_only -i {HOST} }}\n\
         backend shop\n    server crossfade 127.0.0.1:{} send-proxy-v2\n",
        haproxy.port
    );
    fs::write(haproxy.path("haproxy.cfg"), config + &theirs).unwrap();
    haproxy.kill();
    haproxy.run();
    let mut settings = haproxy.settings();
    settings.accept_proxy = true;
    let router = HaproxyRouter::new("shop", &settings, &StickyBy::Cookie, haproxy.admin_port).unwrap();
    router.adopt(&routes, green(100)).await.unwrap();
    let head = Client::new(public, HOST).get("/headers", "").await.body.to_lowercase();
    for line in ["x-forwarded-proto: https", "x-real-ip: 127.0.0.1", "x-forwarded-for: 127.0.0.1"] {
        assert!(head.lines().any(|l| l == line), "{line}: {head}");
    }
    assert_eq!(Client::new(public, HOST).get("/", "").await.slot(), "green");
}
