//! What can go wrong with records, in sentences.

use rollout::router::Possible;
use rollout::slot::{Split, Weight};
use std::net::IpAddr;
use std::path::PathBuf;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnsError {
    #[error("`{name}` is not a name that DNS can hold: {why}")]
    Name { name: String, why: String },

    #[error("the key for dynamic update cannot be used: {0}")]
    Key(String),

    #[error("the name server {server} {why}")]
    Server { server: String, why: String },

    #[error(
        "the name server {server} is not one of the zone's: it does not answer with authority for {name}. Look at `server`, \
         `zone` and `name_servers` in [traffic.dns]"
    )]
    NotTheOwner { server: String, name: String },

    #[error("the name servers of {zone} cannot be found: {why}. List them in [traffic.dns] as `name_servers`")]
    NoServers { zone: String, why: String },

    #[error(
        "{name} is an alias (CNAME) of {target}, so it holds no addresses to change. Name {target} in [traffic.dns] \
         `names`, if it is in your zone, or take the alias out"
    )]
    Alias { name: String, target: String },

    #[error("{name} has no address: run `crossfade application add` again")]
    Missing { name: String },

    #[error(
        "{name} leads to {address}, which is neither blue's nor green's, so it was left alone. Add it to one of them in \
         [traffic.dns], or take the record out; then try again"
    )]
    Foreign { name: String, address: IpAddr },

    #[error("{name} holds a number of addresses that Crossfade never leaves: run `crossfade application add` again")]
    Between { name: String },

    #[error("{first} is at {at}, and {second} at {other}: run `crossfade application add` again")]
    NamesDiffer { first: String, at: Split, second: String, other: Split },

    #[error("the name servers do not agree: {first} answers {held}, and {second} answers {other}")]
    ServersDiffer { first: String, held: String, second: String, other: String },

    #[error(
        "{} % of the traffic cannot be sent to a slot by these numbers of addresses; {possible} can",
        .weight.percent()
    )]
    Impossible { weight: Weight, possible: Possible },

    #[error(
        "{name} leads to {slot} already, and Crossfade did not put it there: whoever is served there would be cut off. If \
         nobody is, point it elsewhere or take the record out; otherwise take Crossfade on under another name first, and \
         make this one an alias (CNAME) of it once a release is live"
    )]
    InUse { name: String, slot: rollout::slot::Slot },

    #[error("the name server {server} refused the change: {why}")]
    Refused { server: String, why: String },

    #[error(
        "somebody else changed the records while they were read, so nothing was written over. Look at them, then try again"
    )]
    ChangedMeanwhile,

    #[error(
        "the name server {server} said that it made the change, but answers {held}; {wanted} was expected. Look at its \
         log, and whether it reads its zone from elsewhere"
    )]
    NotDone { server: String, held: String, wanted: String },

    #[error("it is not known whether the name server {server} made the change: it {why}, and answers {held}")]
    Unclear { server: String, why: String, held: String },

    #[error("after {seconds} s the name server {server} still answers {held}; {wanted} was expected. {then}")]
    Stale { server: String, seconds: u64, held: String, wanted: String, then: String },

    #[error("after {seconds} s it is not known what the name server {server} answers: it {why}. {then}")]
    Silent { server: String, seconds: u64, why: String, then: String },

    #[error("another change was asked for before every name server had this one")]
    Overtaken,

    #[error("{} cannot be written: {why}", .path.display())]
    State { path: PathBuf, why: String },
}
