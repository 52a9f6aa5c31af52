//! Answers that go wrong: what is asked again, what is not, and what is said.

use super::support::digitalocean::{Fault, Wrong};
use super::{Client, Pace, Secret, StandIn, client, hasty};
use engine::digitalocean::{ApiError, NewRecord};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

async fn api() -> StandIn {
    let api = StandIn::start().await;
    for id in 1..=4 {
        api.add_droplet(id, &[], IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    api.add_balancer("lb", &[1, 2], 8080, Duration::from_millis(50)).await;
    api.add_domain("shop.test");
    api
}

/// Asks for the balancer while something goes wrong; gives what came of it, and how often it was asked.
async fn get(wrong: Wrong, times: u32) -> (Result<(), ApiError>, usize) {
    let api = api().await;
    api.inject(Fault::new("GET", wrong).times(times));
    let came = client(&api).load_balancer("lb").await.map(drop);
    (came, api.asked().len())
}

#[tokio::test]
async fn what_passes_by_itself_is_asked_again() {
    for wrong in [Wrong::Status(500, "Server Error"), Wrong::Page(502), Wrong::Burst(0), Wrong::Cut] {
        let (came, asked) = get(wrong.clone(), 2).await;
        assert!(came.is_ok() && asked == 3, "{wrong:?}: {came:?} after {asked}");
        let (came, asked) = get(wrong.clone(), 99).await;
        assert!(came.is_err() && asked == 5, "{wrong:?}: {came:?} after {asked}");
    }
}

#[tokio::test]
async fn what_does_not_is_said_at_once() {
    for (status, sentence) in [
        (
            401,
            "DigitalOcean was asked to show the load balancer lb, and answered 401 \"no\" (request \
             4d9d8375-3c56-4925-a3e7-eb137fed17e9): the token in use is not valid. Make a new one, put it there, and try \
             again",
        ),
        (403, "the token in use may not do that. Give it the scope load_balancer:read, and try again"),
        (404, "there is no such thing, or the token's team does not own it. Look at the id in the application file"),
        (422, "and refused it as invalid: 422 \"no\" (request 4d9d8375-3c56-4925-a3e7-eb137fed17e9)"),
        (418, "which is not expected there"),
    ] {
        let (came, asked) = get(Wrong::Status(status, "no"), 99).await;
        let error = came.unwrap_err().to_string();
        assert!(error.ends_with(sentence) && asked == 1, "{error} after {asked}");
    }
    let (came, asked) = get(Wrong::Garbled, 99).await;
    let error = came.unwrap_err();
    assert!(matches!(error, ApiError::Garbled { .. }) && asked == 1, "{error}");
}

#[tokio::test]
async fn a_balancer_at_work_is_waited_for_and_a_missing_scope_is_not() {
    let api = api().await;
    api.set_busy(Duration::from_millis(300));
    let client = client(&api);
    client.add_droplets("lb", &[3]).await.unwrap();
    client.remove_droplets("lb", &[1]).await.unwrap();
    assert_eq!(api.droplets_of("lb"), [2, 3]);
    assert!(api.asked().iter().filter(|asked| asked.starts_with("DELETE")).count() > 1, "{:?}", api.asked());

    // It stays at work.
    api.set_busy(Duration::from_secs(3_600));
    client.add_droplets("lb", &[4]).await.unwrap();
    let short = client.clone().with_pace(Pace { processing: Duration::from_millis(50), ..hasty() });
    let error = short.remove_droplets("lb", &[4]).await.unwrap_err();
    assert!(matches!(error, ApiError::Processing { .. }), "{error}");
    let sentence = "it is at work on an earlier change. Try again when the load balancer is active";
    assert!(error.to_string().ends_with(sentence), "{error}");
    assert!(!error.may_have_taken());

    api.set_scopes(&["load_balancer:read"]);
    let error = client.remove_droplets("lb", &[4]).await.unwrap_err();
    assert!(error.to_string().ends_with("Give it the scope load_balancer:update, and try again"), "{error}");
}

#[tokio::test]
async fn a_change_is_sent_again_only_when_it_surely_was_not_made() {
    let record = NewRecord { r#type: "A".into(), name: "www".into(), data: "192.0.2.2".into(), ttl: 30 };
    for (wrong, times, records, asked) in
        [(Wrong::Burst(0), 2, 1, 3), (Wrong::Status(500, "Server Error"), 1, 0, 1), (Wrong::Cut, 1, 0, 1)]
    {
        let api = api().await;
        api.inject(Fault::new("POST", wrong.clone()).times(times));
        let came = client(&api).create_record("shop.test", &record).await;
        assert_eq!(came.is_ok(), records == 1, "{wrong:?}: {came:?}");
        assert!(came.is_ok() || came.unwrap_err().may_have_taken(), "{wrong:?}");
        assert_eq!((api.records("shop.test").len(), api.asked().len()), (records, asked), "{wrong:?}");
    }
    // Done, but not heard of.
    let api = api().await;
    api.inject(Fault::new("POST", Wrong::Cut).but_done().times(1));
    assert!(client(&api).create_record("shop.test", &record).await.unwrap_err().may_have_taken());
    // What was deleted without an answer is gone, and that is what was asked for.
    let id = api.records("shop.test")[0].id;
    api.inject(Fault::new("DELETE", Wrong::Status(503, "Service Unavailable")).but_done().times(1));
    client(&api).delete_record("shop.test", id).await.unwrap();
    assert_eq!(api.records("shop.test"), []);
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_as_long_as_it_says_and_no_longer_than_makes_sense() {
    let api = api().await;
    api.inject(Fault::new("GET", Wrong::Burst(1)).times(1));
    let begun = std::time::Instant::now();
    client(&api).load_balancer("lb").await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1));

    api.inject(Fault::new("GET", Wrong::Burst(600)).times(1));
    let error = client(&api).load_balancer("lb").await.unwrap_err();
    assert!(error.to_string().contains("the token's rate limit is used up for 10 minutes. Try again then"), "{error}");

    // The hour's limit: the headers say when it has room again.
    api.set_requests_left(1);
    client(&api).load_balancer("lb").await.unwrap();
    let error = client(&api).load_balancer("lb").await.unwrap_err();
    assert!(error.to_string().contains("rate limit is used up for 50 minutes"), "{error}");
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for_for_ever() {
    let api = api().await;
    let quick = client(&api).with_pace(Pace { request: Duration::from_millis(300), tries: 2, ..hasty() });
    api.inject(Fault::new("GET", Wrong::Hangs));
    let error = quick.load_balancer("lb").await.unwrap_err().to_string();
    assert!(error.ends_with("but the answer did not come: none within 0.3 s. Try again"), "{error}");
    api.inject(Fault::new("POST", Wrong::Hangs).but_done());
    let error = quick.add_droplets("lb", &[3]).await.unwrap_err();
    assert!(error.may_have_taken() && error.to_string().ends_with("look, and try again"), "{error}");
    assert_eq!(api.droplets_of("lb"), [1, 2, 3]);
}

#[tokio::test]
async fn nobody_there_and_no_token() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let base = format!("http://127.0.0.1:{port}");
    let nobody = Client::new(&base, Secret::Plain("x".into())).unwrap().with_pace(hasty());
    let error = nobody.load_balancer("lb").await.unwrap_err().to_string();
    assert!(error.contains("could not be reached: Connection refused") && error.contains(&base), "{error}");

    let api = api().await;
    let unset = Client::new(&api.url(), Secret::Env("CROSSFADE_NO_SUCH_TOKEN".into())).unwrap();
    let error = unset.load_balancer("lb").await.unwrap_err().to_string();
    assert!(error.starts_with("the token for DigitalOcean: env:CROSSFADE_NO_SUCH_TOKEN is not set"), "{error}");
    let wrong = Client::new(&api.url(), Secret::Plain("dop_v1_wrong".into())).unwrap();
    let error = wrong.load_balancer("lb").await.unwrap_err().to_string();
    assert!(error.contains("401 \"Unable to authenticate you\""), "{error}");
    assert!(!error.contains("dop_v1") && !format!("{error:?}").contains("dop_v1"), "{error}");
}
