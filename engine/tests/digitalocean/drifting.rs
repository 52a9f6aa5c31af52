//! Whatever somebody does to the balancer is noticed and said.

use super::support::digitalocean::{Fault, Wrong};
use super::support::fleet::{BALANCER, Fleet};
use super::{routes, split};
use engine::router::{DigitalOceanRouter, Router};
use rollout::slot::{Slot, Split};
use serde_json::{Value, json};

async fn quarter() -> (Fleet, DigitalOceanRouter, Split) {
    let fleet = Fleet::new(3, 3, &[1, 2, 3]).await;
    let router = fleet.router();
    router.adopt(&routes(), Split::all(Slot::Blue)).await.unwrap();
    let quarter = split(Slot::Green, 25);
    router.set(quarter).await.unwrap();
    (fleet, router, quarter)
}

async fn said(router: &DigitalOceanRouter, expected: Split) -> String {
    let drift = router.drift(&routes(), expected).await.unwrap();
    drift.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn droplets_that_came_and_went() {
    let (fleet, router, quarter) = quarter().await;
    assert_eq!(said(&router, quarter).await, "");
    fleet.api.add_droplet(99, &[], std::net::IpAddr::from([127, 0, 0, 1]));
    for (droplets, sentence) in [
        (
            vec![1, 2, 11, 12],
            "Traffic was left at green 25 %, blue 75 %, but somebody added the droplet 12, and removed the droplet 3. \
             `crossfade application put-right` mends it.",
        ),
        (
            vec![1, 2, 3, 11, 99],
            "Somebody added the droplet 99 to the load balancer, of neither slot. Take it out of it, or into a slot in the \
             application file.",
        ),
    ] {
        fleet.api.edit_balancer(BALANCER, |balancer| balancer["droplet_ids"] = json!(droplets));
        assert_eq!(said(&router, quarter).await, sentence);
    }
    fleet.api.edit_balancer(BALANCER, |balancer| balancer["droplet_ids"] = json!([2, 3, 12]));
    // As adding the application again does it.
    router.set(quarter).await.unwrap();
    router.adopt(&routes(), quarter).await.unwrap();
    assert_eq!((said(&router, quarter).await.as_str(), fleet.droplets()), ("", vec![1, 2, 3, 11]));
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_were_changed() {
    let (fleet, router, quarter) = quarter().await;
    type Edit = dyn Fn(&mut Value);
    let edits: [(&str, &Edit); 4] = [
        ("forwarding rules", &|balancer| balancer["forwarding_rules"][0]["entry_port"] = json!(8080)),
        ("health check", &|balancer| balancer["health_check"]["path"] = json!("/")),
        ("sticky sessions", &|balancer| balancer["sticky_sessions"] = json!({"type": "cookies", "cookie_name": "LB"})),
        ("redirect http to https", &|balancer| balancer["redirect_http_to_https"] = json!(true)),
    ];
    for (name, edit) in edits {
        fleet.api.edit_balancer(BALANCER, |balancer| edit(balancer));
        let drift = said(&router, quarter).await;
        assert!(
            drift.starts_with(&format!("Somebody changed the load balancer's {name}. If that is meant")),
            "{drift}"
        );
        // Another process knows of it, too; and whoever adds the application again takes it as it is.
        assert_eq!(said(&fleet.router(), quarter).await, drift);
        router.adopt(&routes(), quarter).await.unwrap();
        assert_eq!(said(&router, quarter).await, "");
    }
    // What traffic does not hang on may change.
    fleet.api.edit_balancer(BALANCER, |balancer| balancer["size_unit"] = json!(3));
    assert_eq!(said(&router, quarter).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balancer_that_is_gone_errored_silent_or_by_tag() {
    let (fleet, router, quarter) = quarter().await;
    fleet.api.edit_balancer(BALANCER, |balancer| balancer["status"] = json!("errored"));
    assert!(said(&router, quarter).await.contains("is errored"));
    fleet.api.edit_balancer(BALANCER, |balancer| balancer["status"] = json!("active"));
    fleet.api.edit_balancer(BALANCER, |balancer| balancer["tag"] = json!("web"));
    assert!(said(&router, quarter).await.contains("by the tag web now"));
    fleet.api.edit_balancer(BALANCER, |balancer| balancer["tag"] = json!(""));
    fleet.api.inject(Fault::new("GET", Wrong::Status(401, "Unable to authenticate you")));
    let drift = said(&router, quarter).await;
    assert!(drift.starts_with("What the load balancer does is not known: DigitalOcean was asked to"), "{drift}");
    fleet.api.heal();
    assert_eq!(said(&router, quarter).await, "");
    fleet.api.remove_balancer(BALANCER);
    assert!(said(&router, quarter).await.starts_with("There is no load balancer"));
    // Nothing is known of it any more.
    router.forget().await.unwrap();
    assert!(said(&router, quarter).await.contains("Run `crossfade application add` again"));
    assert!(router.current().await.unwrap_err().to_string().contains("is not in Crossfade's care"));
}
