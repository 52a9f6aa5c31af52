//! Whatever fails: a clear error, the weight where it was, and another try that succeeds.

use super::support::digitalocean::{Fault, Wrong};
use super::support::fleet::{BALANCER, Fleet, pace};
use super::{routes, split};
use engine::digitalocean::Pace;
use engine::router::{DigitalOceanRouter, Router, RouterError, same_shares};
use rollout::slot::{Slot, Split};
use std::time::Duration;
use tokio::task::JoinSet;

/// Two droplets of each slot, and all traffic on blue.
async fn fleet() -> (Fleet, DigitalOceanRouter) {
    let fleet = Fleet::new(2, 2, &[1, 2]).await;
    let router = fleet.router();
    router.adopt(&routes(), Split::all(Slot::Blue)).await.unwrap();
    (fleet, router)
}

/// Tries to move traffic, and sees that it stayed where it was.
async fn fails(fleet: &Fleet, router: &DigitalOceanRouter, percent: u8) -> String {
    let before = fleet.droplets();
    let wanted = split(Slot::Green, percent);
    let error = router.set(wanted).await.unwrap_err();
    assert!(matches!(error, RouterError::NotSet { .. }), "{error:?}");
    let said = error.to_string();
    println!("{said}\n");
    assert!(said.starts_with(&format!("the split was not changed to {wanted}: ")), "{said}");
    assert!(!said.contains("dop_v1"), "{said}");
    assert_eq!(fleet.droplets(), before, "{said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_says_no() {
    let mut cases = JoinSet::new();
    for (wrong, sentence) in [
        (Wrong::Status(401, "Unable to authenticate you"), "401 \"Unable to authenticate you\""),
        (Wrong::Status(403, "You are not authorized"), "Give it the scope load_balancer:update"),
        (Wrong::Status(404, "not found"), "there is no such thing"),
        (Wrong::Status(422, "droplets are not valid"), "refused it as invalid: 422 \"droplets are not valid\""),
        (Wrong::Burst(600), "the token's rate limit is used up for 10 minutes"),
        (Wrong::Status(500, "Server Error"), "answered 500 \"Server Error\""),
        (Wrong::Cut, "the answer did not come"),
    ] {
        for on in ["POST", "GET", "DELETE"] {
            // A removal whose answer got lost is tried again: below.
            if on != "DELETE" || !matches!(wrong, Wrong::Status(500, _) | Wrong::Cut) {
                cases.spawn(says_no(on, wrong.clone(), sentence));
            }
        }
    }
    while let Some(case) = cases.join_next().await {
        case.unwrap();
    }
}

async fn says_no(on: &str, wrong: Wrong, sentence: &str) {
    let (fleet, router) = fleet().await;
    // To half of it, droplets are only added; and a change that could be taken back only by what fails is gone on with.
    let (percent, times) = if on == "DELETE" { (100, 1) } else { (50, u32::MAX) };
    fleet.api.inject(Fault::new(on, wrong.clone()).times(times));
    let said = fails(&fleet, &router, percent).await;
    let sentence = match on {
        "GET" => sentence.replace("load_balancer:update", "load_balancer:read"),
        _ => sentence.to_owned(),
    };
    assert!(said.contains(&sentence), "{on} {wrong:?}: {said}");
    fleet.api.heal();
    let now = router.current().await.unwrap();
    assert!(same_shares(now, Split::all(Slot::Blue)), "{now}");
    assert_eq!(router.drift(&routes(), Split::all(Slot::Blue)).await.unwrap(), []);
    router.set(split(Slot::Green, 50)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_got_lost_is_looked_for() {
    let mut cases = JoinSet::new();
    for wrong in [Wrong::Status(500, "Server Error"), Wrong::Cut, Wrong::Page(502)] {
        for done in [true, false] {
            for on in ["POST", "DELETE"] {
                let wrong = wrong.clone();
                cases.spawn(async move {
                    let (fleet, router) = fleet().await;
                    let fault = Fault::new(on, wrong.clone()).times(2);
                    fleet.api.inject(if done { fault.but_done() } else { fault });
                    router.set(split(Slot::Green, 100)).await.unwrap();
                    assert_eq!(fleet.droplets(), [11, 12], "{on} {wrong:?}, done: {done}");
                });
            }
        }
    }
    while let Some(case) = cases.join_next().await {
        case.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_added_is_taken_out_again_or_gone_on_with() {
    let (fleet, router) = fleet().await;
    // It may add, and then nothing more.
    fleet.api.inject(Fault::new("DELETE", Wrong::Status(401, "Unable to authenticate you")));
    let error = router.set(split(Slot::Green, 100)).await.unwrap_err().to_string();
    println!("{error}");
    let sentence = "What was done could not be taken back: the traffic is at green 50 %, blue 50 %, and another try goes on \
                    from there";
    assert!(error.ends_with(sentence), "{error}");
    assert_eq!(fleet.droplets(), [1, 2, 11, 12]);
    fleet.api.heal();
    // Another process, which knows nothing of it.
    let router = fleet.router();
    assert_eq!(router.current().await.unwrap(), split(Slot::Green, 50));
    assert!(router.midway(Split::all(Slot::Blue), Split::all(Slot::Green)).await.unwrap());
    assert!(!router.midway(Split::all(Slot::Blue), split(Slot::Green, 33)).await.unwrap());
    assert!(!router.drift(&routes(), Split::all(Slot::Blue)).await.unwrap().is_empty());
    router.set(Split::all(Slot::Green)).await.unwrap();
    assert_eq!(fleet.droplets(), [11, 12]);
    assert!(!router.midway(Split::all(Slot::Green), Split::all(Slot::Green)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_droplet_that_is_not_well_gets_no_traffic() {
    let (fleet, router) = fleet().await;
    fleet.stop(12);
    let said = fails(&fleet, &router, 50).await;
    assert!(said.contains("the droplet 12 of green is not well: http://127.0.0.22:"), "{said}");
    assert!(said.ends_with("Nothing has changed: the traffic is at green 0 %, blue 100 %"), "{said}");
    assert!(fleet.api.asked().iter().all(|asked| asked.starts_with("GET")));
    // One of green is enough for a third.
    router.set(split(Slot::Green, 33)).await.unwrap();
    assert_eq!(fleet.droplets(), [1, 2, 11]);
    // The way back needs nothing of green, and one of blue.
    fleet.stop(1);
    router.set(split(Slot::Green, 0)).await.unwrap();
    fleet.api.set_droplet_status(11, "off");
    let said = fails(&fleet, &router, 33).await;
    assert!(said.contains("the droplet 11 of green is off. Start it"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_of_which_nothing_is_well_is_not_left_alone_with_the_traffic() {
    let (fleet, router) = fleet().await;
    router.set(split(Slot::Green, 50)).await.unwrap();
    fleet.stop(11);
    fleet.stop(12);
    let said = fails(&fleet, &router, 100).await;
    assert!(said.contains("of green is not well"), "{said}");
    router.set(split(Slot::Green, 0)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_falls_ill_when_it_gets_traffic_is_taken_out_again() {
    let (fleet, router) = fleet().await;
    let told = |line: String| {
        if line.starts_with("active") {
            fleet.stop(11);
        }
    };
    let error = router.set_telling(split(Slot::Green, 50), &told).await.unwrap_err().to_string();
    assert!(error.contains("the droplet 11 of green is not well"), "{error}");
    assert!(error.ends_with("What was done was taken back: the traffic is at green 0 %, blue 100 %"), "{error}");
    assert_eq!(fleet.droplets(), [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balancer_that_cannot_be_worked_on() {
    let (fleet, router) = fleet().await;
    fleet.api.edit_balancer(BALANCER, |balancer| balancer["status"] = "errored".into());
    assert!(fails(&fleet, &router, 50).await.contains("is errored. Look at it in the control panel"));
    fleet.api.edit_balancer(BALANCER, |balancer| balancer["status"] = "new".into());
    let impatient = Pace { processing: Duration::from_millis(50), ..pace() };
    let hasty = DigitalOceanRouter::with_pace("shop", &fleet.settings, impatient).unwrap();
    assert!(fails(&fleet, &hasty, 50).await.contains("still at work on an earlier change"));
    fleet.api.edit_balancer(BALANCER, |balancer| balancer["status"] = "active".into());
    fleet.api.edit_balancer(BALANCER, |balancer| balancer["tag"] = "web".into());
    assert!(fails(&fleet, &router, 50).await.contains("takes its droplets by the tag web"));
    fleet.api.edit_balancer(BALANCER, |balancer| balancer["tag"] = "".into());
    let rules = fleet.api.balancer(BALANCER)["forwarding_rules"].clone();
    fleet.api.edit_balancer(BALANCER, |balancer| balancer["forwarding_rules"] = serde_json::json!([]));
    assert!(fails(&fleet, &router, 50).await.contains("has no forwarding rule"));
    fleet.api.edit_balancer(BALANCER, |balancer| balancer["forwarding_rules"] = rules);
    // Room for all of them, but not beside others.
    for id in 100..107 {
        fleet.api.add_droplet(id, &[], std::net::IpAddr::from([127, 0, 0, 1]));
    }
    fleet.api.edit_balancer(BALANCER, |balancer| balancer["droplet_ids"] = serde_json::json!([1, 2, 100]));
    assert!(fails(&fleet, &router, 50).await.contains("has the droplet 100 too, which is of neither slot"));
    fleet.api.edit_balancer(BALANCER, |balancer| balancer["droplet_ids"] = serde_json::json!([1, 2]));
    router.set(split(Slot::Green, 50)).await.unwrap();
    // The way back is gone even then, and says what is left.
    fleet.api.edit_balancer(BALANCER, |balancer| {
        balancer["droplet_ids"] = serde_json::json!([1, 2, 11, 12, 100]);
    });
    let error = router.set(split(Slot::Green, 0)).await.unwrap_err().to_string();
    assert!(error.contains("has the droplet 100 too"), "{error}");
    assert_eq!(fleet.droplets(), [1, 2, 100]);
    fleet.api.remove_balancer(BALANCER);
    let error = fleet.router().current().await.unwrap_err().to_string();
    assert!(error.contains("there is no such thing"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_and_it_is_finished_all_the_same() {
    let (fleet, router) = fleet().await;
    let setting = router.set(split(Slot::Green, 100));
    let _ = tokio::time::timeout(Duration::from_millis(1), setting).await;
    let begun = std::time::Instant::now();
    while fleet.droplets() != [11, 12] {
        assert!(begun.elapsed() < Duration::from_secs(30), "it was not finished");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
