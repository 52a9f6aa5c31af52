//! Moving traffic: by the API's word, and by what the balancer's clients see.
//!
//! With DIGITALOCEAN_TEST_TOKEN in the environment the first test is of a real load balancer:
//! DIGITALOCEAN_TEST_LOAD_BALANCER is its id, DIGITALOCEAN_TEST_BLUE and DIGITALOCEAN_TEST_GREEN are ids of droplets,
//! `1,2,3`, of which those of blue are in it. It must serve nobody.

use super::support::client::{Answer, Client};
use super::support::fleet::{BALANCER, Fleet};
use super::{routes, split};
use engine::digitalocean::API;
use engine::router::{DigitalOceanRouter, Router, same_shares};
use rollout::application::Secret;
use rollout::router::{DigitalOcean, Pool, Possible, Reach};
use rollout::slot::{Slot, Split};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The settings of a real one, if the environment names it.
fn real(state: &std::path::Path) -> Option<DigitalOcean> {
    let variable = |name: &str| std::env::var(format!("DIGITALOCEAN_TEST_{name}")).ok();
    variable("TOKEN")?;
    let ids = |name: &str| variable(name).expect(name).split(',').map(|id| id.trim().parse().unwrap()).collect();
    Some(DigitalOcean {
        load_balancer: variable("LOAD_BALANCER").expect("DIGITALOCEAN_TEST_LOAD_BALANCER"),
        token: Secret::Env("DIGITALOCEAN_TEST_TOKEN".to_owned()),
        blue: Pool::Droplets(ids("BLUE")),
        green: Pool::Droplets(ids("GREEN")),
        reach: Reach::Public,
        api: API.to_owned(),
        state: state.display().to_string(),
    })
}

/// A balancer does not say which slot answered; the backend does.
fn slot(answer: &Answer) -> &str {
    assert_eq!(answer.status, 200, "{}", answer.body);
    &answer.body
}

/// What of many requests green gets, in percent.
async fn share(fleet: &Fleet) -> f64 {
    const REQUESTS: u32 = 300;
    fleet.serves().await;
    let mut client = Client::new(fleet.front.port(), "shop.test");
    let mut greens = 0;
    for _ in 0..REQUESTS {
        greens += u32::from(slot(&client.get("/", "").await) == "green");
    }
    100.0 * f64::from(greens) / f64::from(REQUESTS)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_possible_weight_is_set_and_read_back() {
    let fleet = Fleet::new(3, 3, &[1, 2, 3]).await;
    let (settings, router) = match real(fleet.state.path()) {
        Some(real) => (real.clone(), DigitalOceanRouter::new("shop", &real).unwrap()),
        None => (fleet.settings.clone(), fleet.router()),
    };
    let stands_in = settings == fleet.settings;
    router.adopt(&routes(), Split::all(Slot::Blue)).await.unwrap();
    let Possible::Only(weights) = router.capabilities().weights else { panic!("a balancer has no weights") };
    assert!(weights.len() >= 3);
    for weight in weights.into_iter().chain([split(Slot::Green, 0).weight]) {
        let wanted = Split { to: Slot::Green, weight };
        router.set(wanted).await.unwrap();
        let now = router.current().await.unwrap();
        assert!(same_shares(now, wanted), "{now}, expected {wanted}");
        assert_eq!(router.drift(&routes(), wanted).await.unwrap(), []);
        if stands_in {
            let (share, wanted) = (share(&fleet).await, f64::from(weight.percent()));
            println!("{weight}: {share:.2} % green");
            assert!((share - wanted).abs() < 1.0, "{wanted} %: {share} % went to green");
        }
    }
    router.forget().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_nothing_else_is_changed() {
    let fleet = Fleet::new(2, 2, &[1, 2]).await;
    let before = fleet.api.balancer(BALANCER);
    fleet.api.set_busy(std::time::Duration::from_millis(50));
    let router = fleet.router();
    router.adopt(&routes(), Split::all(Slot::Blue)).await.unwrap();
    let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (stop, served, port) = (stop.clone(), served.clone(), fleet.front.port());
            tokio::spawn(async move {
                let mut client = Client::new(port, "shop.test");
                while !stop.load(Ordering::Relaxed) {
                    // Anything but 200 of a slot ends the test.
                    slot(&client.get("/", "").await);
                    served.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for percent in [33, 67, 100, 50, 0] {
        router.set(split(Slot::Green, percent)).await.unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    println!("{} requests, none lost", served.load(Ordering::Relaxed));
    assert!(served.load(Ordering::Relaxed) > 100);
    // It may be at work on the last change.
    fleet.client().load_balancer(BALANCER).await.unwrap();
    let mut after = fleet.api.balancer(BALANCER);
    after["status"] = before["status"].clone();
    assert_eq!(after, before);
    assert!(fleet.api.asked().iter().all(|asked| !asked.starts_with("PUT")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_new_come_before_the_old_go_and_what_is_so_is_left_alone() {
    let fleet = Fleet::new(2, 2, &[1, 2]).await;
    let router = fleet.router();
    router.adopt(&routes(), Split::all(Slot::Blue)).await.unwrap();
    let changes = || -> Vec<String> {
        fleet.api.asked().iter().filter(|a| !a.starts_with("GET")).map(|a| a[..4].trim().to_owned()).collect()
    };
    assert_eq!(changes(), [""; 0]);
    let told = std::sync::Mutex::new(vec![]);
    router.set_telling(split(Slot::Green, 100), &|line| told.lock().unwrap().push(line)).await.unwrap();
    assert_eq!((changes(), fleet.droplets()), (vec!["POST".to_owned(), "DELE".to_owned()], vec![11, 12]));
    let told = told.into_inner().unwrap();
    assert!(told.len() == 4 && told[3] == "removing the droplets 1, 2", "{told:?}");
    router.set(split(Slot::Blue, 0)).await.unwrap();
    router.adopt(&routes(), Split::all(Slot::Blue)).await.unwrap();
    assert_eq!((changes().len(), fleet.droplets()), (2, vec![11, 12]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_release_goes_where_nothing_was() {
    // The balancer is new: no droplet, no release. Green is empty, and so is blue.
    let fleet = Fleet::new(1, 1, &[]).await;
    fleet.stop(1);
    fleet.stop(11);
    let router = fleet.router();
    router.adopt(&routes(), Split::all(Slot::Green)).await.unwrap();
    router.set(Split::all(Slot::Green)).await.unwrap();
    assert_eq!((router.current().await.unwrap(), fleet.droplets()), (split(Slot::Green, 100), vec![11]));
    // Blue is not up yet: nothing moves.
    router.set(Split::all(Slot::Blue)).await.unwrap_err();
    assert_eq!(fleet.droplets(), [11]);
    fleet.start(1).await;
    router.set(Split::all(Slot::Blue)).await.unwrap();
    assert_eq!(fleet.droplets(), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_serves_already_is_taken_on_as_the_live_one() {
    // Blue serves, and Crossfade's first release is to go to blue: it would have to go to where traffic is.
    let fleet = Fleet::new(1, 1, &[1]).await;
    fleet.stop(11);
    let error = fleet.router().adopt(&routes(), Split::all(Slot::Green)).await.unwrap_err().to_string();
    assert!(error.contains("the droplet 11 of green is not well") && error.contains("Nothing has changed"), "{error}");
    assert_eq!(fleet.droplets(), [1]);
    // With green and blue the other way round it is as it should be.
    let settings = DigitalOcean {
        blue: fleet.settings.green.clone(),
        green: fleet.settings.blue.clone(),
        ..fleet.settings.clone()
    };
    let router = DigitalOceanRouter::with_pace("shop", &settings, super::support::fleet::pace()).unwrap();
    router.adopt(&routes(), Split::all(Slot::Green)).await.unwrap();
    assert_eq!((router.current().await.unwrap(), fleet.droplets()), (split(Slot::Green, 100), vec![1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn pools_by_tag() {
    let fleet = Fleet::new(3, 3, &[1, 2, 3]).await;
    let settings =
        DigitalOcean { blue: Pool::Tag("blue".into()), green: Pool::Tag("green".into()), ..fleet.settings.clone() };
    let router = DigitalOceanRouter::with_pace("shop", &settings, super::support::fleet::pace()).unwrap();
    router.adopt(&routes(), Split::all(Slot::Blue)).await.unwrap();
    router.set(split(Slot::Green, 25)).await.unwrap();
    assert_eq!(fleet.droplets(), [1, 2, 3, 11]);
    // What is possible at all is not possible with these.
    let error = router.set(split(Slot::Green, 20)).await.unwrap_err().to_string();
    assert!(error.contains("with 3 droplets of blue and 3 of green, 0, 25, 33, 40, 50"), "{error}");
    assert_eq!(fleet.droplets(), [1, 2, 3, 11]);
}
