//! The router answers, and is as it was left; every routed service has its address.

use super::Surroundings;
use rollout::check::Check;

pub(super) async fn look(around: &Surroundings<'_>) -> Vec<Check> {
    let Some(place) = &around.place else {
        let said =
            "not in Crossfade's care yet: `crossfade application add` gives addresses and writes the router's file";
        return vec![Check::warning("router", said)];
    };
    let missing = around.definition.routed().map(|(service, ..)| service).find(|service| {
        let has = |slot| place.addresses.iter().any(|address| address.service == *service && address.slot == slot);
        !has(place.live) || !has(place.live.other())
    });
    let addresses = match missing {
        None => Check::ok("addresses", "every routed service has one in each slot"),
        Some(service) => Check::failure(
            "addresses",
            format!(
                "{service} is new in the application file and has no address yet: run `crossfade application add` with it again"
            ),
        ),
    };
    let expected = place.expected;
    let router = match place.router.drift(place.routes, expected).await {
        Ok(drift) if drift.is_empty() && place.is_first => {
            Check::ok("router", "as it was left: nothing is reached yet")
        }
        Ok(drift) if drift.is_empty() => Check::ok("router", format!("as it was left: {expected}")),
        Ok(drift) => {
            let list = drift.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            Check::failure("router", format!("{list} `crossfade application put-right` brings it back."))
        }
        Err(error) => Check::failure("router", error.to_string()),
    };
    let concerns = place.router.concerns().await.into_iter().map(|concern| Check::warning("router", concern));
    let stages: Vec<_> = around.definition.application.traffic.stages.iter().map(|stage| stage.weight).collect();
    let fits = place.router.fits(&stages).await;
    [addresses, router].into_iter().chain(concerns).chain(fits).collect()
}
