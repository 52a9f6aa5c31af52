//! Taking an application on, leaving it alone, and letting it go.

use crate::rig::{HOST, Rig, Stage, route};
use crate::support::backend::backends;
use crate::support::client::Client;
use engine::router::{RouterError, same_split};
use rollout::application::StickyBy;
use rollout::slot::{Slot, Split};
use std::time::{Duration, Instant};

pub async fn adopting_twice_keeps_the_weight<R: Rig>() {
    let stage = Stage::<R>::new(StickyBy::Cookie).await;
    assert!(stage.router.current().await.is_err());
    assert_ne!(stage.drifts(Split::all(Slot::Blue)).await, "");
    stage.router.adopt(&stage.routes, Split::all(Slot::Blue)).await.unwrap();
    stage.is_at(Split::all(Slot::Blue)).await;
    assert_eq!(stage.drifts(Split::all(Slot::Blue)).await, "");

    stage.router.adopt(&stage.routes, Split::all(Slot::Green)).await.unwrap();
    stage.is_at(Split::all(Slot::Blue)).await;
    let kept = stage.green(30);
    stage.set(kept).await;
    stage.router.adopt(&stage.routes, Split::all(Slot::Green)).await.unwrap();
    stage.is_at(kept).await;
    assert_eq!(stage.drifts(kept).await, "");
}

pub async fn traffic_goes_where_it_should_from_the_first_moment<R: Rig>() {
    let stage = Stage::<R>::new(StickyBy::Cookie).await;
    stage.router.adopt(&stage.routes, Split::all(Slot::Green)).await.unwrap();
    stage.is_at(Split::all(Slot::Green)).await;
}

pub async fn other_routes_are_taken_on_and_the_weight_is_kept<R: Rig>() {
    let mut stage = Stage::<R>::adopted(StickyBy::None, Split::all(Slot::Green)).await;
    let Some(port) = stage.rig.port() else { return };
    let (blue, green) = backends().await;
    stage.routes.push(route("api", "api.test", blue, green));
    stage.routes[1].hosts.push("*.api.test".into());
    assert_ne!(stage.drifts(Split::all(Slot::Green)).await, "");
    stage.router.adopt(&stage.routes, Split::all(Slot::Blue)).await.unwrap();
    stage.is_at(Split::all(Slot::Green)).await;
    for host in [HOST, "api.test", "API.test", "v1.api.test"] {
        assert_eq!(Client::new(port, host).get("/", "").await.slot(), "green", "{host}");
    }
    assert_eq!(stage.drifts(Split::all(Slot::Green)).await, "");
}

pub async fn adopting_goes_on_when_nobody_waits_for_it<R: Rig>() {
    let stage = Stage::<R>::new(StickyBy::Cookie).await;
    let adopting = stage.router.adopt(&stage.routes, Split::all(Slot::Blue));
    // It may be done by then; most are not.
    let _ = tokio::time::timeout(Duration::from_millis(1), adopting).await;
    let start = Instant::now();
    while !stage.router.current().await.is_ok_and(|now| same_split(now, Split::all(Slot::Blue))) {
        assert!(start.elapsed() < Duration::from_secs(20), "it was not finished");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub async fn requests_arrive_with_the_headers_of_a_proxy<R: Rig>() {
    let stage = Stage::<R>::adopted(StickyBy::Cookie, Split::all(Slot::Blue)).await;
    let Some(mut client) = stage.client() else { return };
    let head = client.get("/headers", "X-Forwarded-For: 1.2.3.4").await.body.to_lowercase();
    let has = |line: &str| head.lines().any(|l| l == line);
    for line in ["get /headers http/1.1", "host: shop.test", "x-forwarded-proto: http"] {
        assert!(has(line), "{line}: {head}");
    }
    // The client is added to what was there, in the same line or in one of its own.
    let added = has("x-forwarded-for: 1.2.3.4, 127.0.0.1");
    // Or what was there is not believed.
    let alone = has("x-forwarded-for: 127.0.0.1");
    assert!(added || (alone && (has("x-forwarded-for: 1.2.3.4") || !head.contains("1.2.3.4"))), "{head}");
    assert!(!head.contains("\nconnection:") && !head.contains("\nupgrade:"), "{head}");
}

pub async fn forgetting_takes_away<R: Rig>() {
    let stage = Stage::<R>::new(StickyBy::Cookie).await;
    stage.router.forget().await.unwrap();
    stage.router.adopt(&stage.routes, Split::all(Slot::Blue)).await.unwrap();
    stage.set(stage.green(50)).await;
    stage.router.forget().await.unwrap();
    stage.router.forget().await.unwrap();
    assert!(stage.router.current().await.is_err());
    let error = stage.router.set(stage.green(10)).await.unwrap_err();
    assert!(matches!(error, RouterError::NotSet { .. }), "{error:?}");
    assert!(stage.router.current().await.is_err());
    if let Some(mut client) = stage.client() {
        let answer = client.try_get("/", "").await;
        assert!(answer.as_ref().is_err() || answer.as_ref().is_ok_and(|answer| answer.status != 200), "{answer:?}");
    }
    // An earlier life leaves no weight behind.
    stage.router.adopt(&stage.routes, Split::all(Slot::Green)).await.unwrap();
    stage.is_at(Split::all(Slot::Green)).await;
}

pub async fn what_cannot_be_routed_is_refused_before_anything_changes<R: Rig>() {
    let stage = Stage::<R>::new(StickyBy::Cookie).await;
    let split = Split::all(Slot::Blue);
    let refused = stage.router.adopt(&[], split).await;
    assert!(matches!(refused, Err(RouterError::NoRoutes)), "{refused:?}");
    assert!(stage.router.drift(&[], split).await.is_err());
    let mut bad = stage.routes.clone();
    bad[0].hosts = vec!["a b".into()];
    let said = stage.router.adopt(&bad, split).await.unwrap_err().to_string();
    assert_eq!(
        said,
        "the host name `a b` cannot be used: expected a name like api.example.com or *.example.com, without port or path"
    );
    let mut same = stage.routes.clone();
    same[0].green = same[0].blue;
    assert!(stage.router.adopt(&same, split).await.is_err(), "one address for both slots");
    assert!(stage.router.current().await.is_err());
    // What is served already goes on as it was.
    stage.router.adopt(&stage.routes, split).await.unwrap();
    assert!(stage.router.adopt(&bad, Split::all(Slot::Green)).await.is_err());
    stage.is_at(split).await;
}
