//! What should be known of a balancer before a rollout.

use super::Inner;
use super::reading::Reading;
use rollout::check::Check;
use rollout::router::Possible;
use rollout::slot::Weight;

impl Inner {
    /// Whether the stages are possible with the droplets that there are, and what would spoil their shares.
    pub(super) async fn fits(&self, stages: &[Weight]) -> Vec<Check> {
        match self.read().await {
            Ok(reading) => std::iter::once(shares(&reading, stages)).chain(sticky(&reading)).collect(),
            Err(error) => vec![Check::failure(SHARES, error.to_string())],
        }
    }
}

const SHARES: &str = "shares";

fn shares(reading: &Reading, stages: &[Weight]) -> Check {
    let members = reading.pools.members();
    let (blue, green) = (members.blue, members.green);
    let possible = members.possible();
    let missing: Vec<String> =
        stages.iter().filter(|weight| !possible.has(**weight)).map(|weight| weight.percent().to_string()).collect();
    if !missing.is_empty() {
        return Check::failure(
            SHARES,
            format!(
                "with {blue} droplets of blue and {green} of green, {possible} of the traffic can go to a slot, and not {} %: \
                 change the stages, or the droplets",
                missing.join(", ")
            ),
        );
    }
    let by_stage = stages.iter().filter_map(|weight| stage(reading, *weight)).collect::<Vec<_>>().join("; ");
    let possible = match possible {
        Possible::Every => String::new(),
        only => format!(" ({only} are possible)"),
    };
    Check::ok(SHARES, format!("{by_stage}{possible}"))
}

/// `25 %: 1 droplet beside 3`
fn stage(reading: &Reading, weight: Weight) -> Option<String> {
    let members = reading.pools.members();
    let split = rollout::slot::Split { to: rollout::slot::Slot::Green, weight };
    let set = members.for_split(split)?;
    let droplets = if set.green == 1 { "droplet" } else { "droplets" };
    Some(format!("{weight}: {} {droplets} beside {}", set.green, set.blue))
}

fn sticky(reading: &Reading) -> Option<Check> {
    let seconds = reading.balancer.pins_for()?;
    Some(Check::warning(
        "sticky sessions",
        format!(
            "the load balancer pins browsers to a droplet by a cookie, for {seconds} s: new shares hold for new browsers \
             only, until then, and those pinned to a droplet that is removed move at once. Turn it off for shares that hold"
        ),
    ))
}
