//! What should be known before a rollout.

use super::support::digitalocean::{Fault, Wrong};
use super::support::fleet::{BALANCER, Fleet, pace};
use engine::router::{DigitalOceanRouter, Router};
use rollout::check::Level;
use rollout::router::{DigitalOcean, Pool};
use rollout::slot::Weight;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn shares_by_the_droplets_that_there_are() {
    let fleet = Fleet::new(3, 3, &[1, 2, 3]).await;
    let (blue, green) = (Pool::Tag("blue".into()), Pool::Tag("green".into()));
    let settings = DigitalOcean { blue, green, ..fleet.settings.clone() };
    let router = DigitalOceanRouter::with_pace("shop", &settings, pace()).unwrap();
    let stages = |percents: &[u8]| percents.iter().copied().filter_map(Weight::new).collect::<Vec<_>>();

    let checks = router.fits(&stages(&[25, 50, 100])).await;
    assert_eq!(checks.len(), 1, "{checks:?}");
    assert_eq!(
        (checks[0].level, checks[0].said.as_str()),
        (
            Level::Ok,
            "25 %: 1 droplet beside 3; 50 %: 3 droplets beside 3; 100 %: 3 droplets beside 0 (0, 25, 33, 40, 50, 60, 67, 75 \
             or 100 % are possible)"
        )
    );
    // More were possible by the file alone.
    assert!(router.capabilities().weights.has(Weight::new(20).unwrap()));
    let checks = router.fits(&stages(&[20, 100])).await;
    assert_eq!(checks[0].level, Level::Failure);
    assert!(checks[0].said.ends_with("and not 20 %: change the stages, or the droplets"), "{}", checks[0].said);

    fleet.api.edit_balancer(BALANCER, |balancer| {
        balancer["sticky_sessions"] = json!({ "type": "cookies", "cookie_name": "LB", "cookie_ttl_seconds": 300 });
    });
    let checks = router.fits(&stages(&[100])).await;
    assert_eq!((checks.len(), checks[1].level), (2, Level::Warning));
    assert!(checks[1].said.contains("by a cookie, for 300 s"), "{}", checks[1].said);

    fleet.api.inject(Fault::new("GET", Wrong::Status(401, "Unable to authenticate you")));
    let checks = router.fits(&stages(&[100])).await;
    assert!(checks.len() == 1 && checks[0].level == Level::Failure, "{checks:?}");
}
