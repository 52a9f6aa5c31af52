//! What can go wrong with a load balancer of DigitalOcean, in sentences.

use super::pools::ids;
use crate::digitalocean::ApiError;
use rollout::router::{MOST_DROPLETS, Possible};
use rollout::slot::{Slot, Split};
use std::io;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum BalancerError {
    #[error("{0}")]
    Api(#[from] ApiError),

    #[error(
        "the load balancer {id} is not in Crossfade's care: {} is not there. Run `crossfade application add`",
        .path.display()
    )]
    NotAdopted { id: String, path: PathBuf },

    #[error(
        "the load balancer {id} takes its droplets by the tag {tag}, so none can be added or removed by id. Set it to \
         take droplets by id in DigitalOcean's control panel, with those that serve now, and try again"
    )]
    ByTag { id: String, tag: String },

    #[error(
        "DigitalOcean says that the load balancer {id} is errored. Look at it in the control panel, or ask their support; \
         nothing is changed until it is active"
    )]
    Errored { id: String },

    #[error(
        "the load balancer {id} is still at work on an earlier change after {seconds} s. Try again when it is active"
    )]
    AtWork { id: String, seconds: u64 },

    #[error("the load balancer {id} has no forwarding rule, so it forwards nothing. Give it one, and try again")]
    NoRules { id: String },

    #[error("the load balancer {id} has no droplet, so it answers nobody")]
    Empty { id: String },

    #[error(
        "the load balancer {id} has {} too, which {} of neither slot: how the traffic is split cannot be said. Take {} out of \
         it, or into a slot in the application file", ids(.droplets), if .droplets.len() == 1 { "is" } else { "are" },
        if .droplets.len() == 1 { "it" } else { "them" }
    )]
    Foreign { id: String, droplets: Vec<u64> },

    #[error("the load balancer {id} has {blue} droplets of blue and {green} of green, which is no whole percent")]
    Between { id: String, blue: u32, green: u32 },

    #[error("no droplet has the tag {tag} of {slot}. Give it to the droplets that serve {slot}, and try again")]
    NoneTagged { slot: Slot, tag: String },

    #[error("the droplet {droplet} is of both slots. Take it out of one of them, and try again")]
    OfBoth { droplet: u64 },

    #[error(
        "blue and green have {count} droplets together: a load balancer takes at most {most} by id, and while \
         traffic moves those of both slots are in it. Take the tag from some, and try again", most = MOST_DROPLETS
    )]
    TooMany { count: usize },

    #[error(
        "with {blue} droplets of blue and {green} of green, {} of the traffic can go to a slot, and not {wanted}",
        .possible
    )]
    Impossible { blue: u32, green: u32, wanted: Split, possible: Possible },

    #[error("the droplet {droplet} of {slot} is {status}. Start it, and try again")]
    NotActive { slot: Slot, droplet: u64, status: String },

    #[error(
        "the droplet {droplet} of {slot} has no {reach} address at which it could be asked whether it is well. Write reach = \
         \"{other}\" in [traffic.digitalocean], and try again"
    )]
    NoAddress { slot: Slot, droplet: u64, reach: &'static str, other: &'static str },

    #[error(
        "the droplet {droplet} of {slot} is not well: {asked} {why}. It is what the load balancer asks, too, before it sends \
         traffic there"
    )]
    Unwell { slot: Slot, droplet: u64, asked: String, why: String },

    #[error("the load balancer {id} was told, but has {} now, and {} was expected", ids(.has), ids(.wanted))]
    Otherwise { id: String, has: Vec<u64>, wanted: Vec<u64> },

    #[error("could not {doing} {}: {source}", .path.display())]
    State { doing: &'static str, path: PathBuf, source: io::Error },
}
