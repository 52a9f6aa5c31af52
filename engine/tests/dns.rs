//! The TTL of host names, asked of real name servers on loopback: NSD owns the zones, Unbound is the recursive one
//! that caches.

#[path = "dns/asking.rs"]
mod asking;
#[path = "dns/failing.rs"]
mod failing;

mod support {
    #[path = "../support/name_servers.rs"]
    pub mod name_servers;
}

use engine::dns::{Asked, Found, Resolver, Ttl, ttl};
use support::name_servers::NameServers;

/// What is found by the way that is meant: Unbound says who owns the name, and NSD the TTL. A machine that is busy with other
/// tests may be too slow for limits that are meant for people: then it is asked again.
async fn ask(servers: &NameServers, host: &str) -> Found {
    let resolver = servers.resolver();
    for _ in 0..10 {
        match patiently(&resolver, host).await {
            Found::Records(Ttl { asked: Asked::Recursive { .. }, .. }) => {}
            found => return found,
        }
    }
    ttl(&resolver, host).await
}

async fn patiently(resolver: &Resolver, host: &str) -> Found {
    for _ in 0..10 {
        match ttl(resolver, host).await {
            Found::Unknown(why) if why.contains("does not answer") => {}
            found => return found,
        }
    }
    ttl(resolver, host).await
}

fn seen(found: Found) -> Ttl {
    match found {
        Found::Records(ttl) => ttl,
        other => panic!("{other:?}"),
    }
}

fn said(ttl: &Ttl) -> Vec<String> {
    ttl.records.iter().map(ToString::to_string).collect()
}

fn why_not_the_owner(ttl: &Ttl) -> &str {
    match &ttl.asked {
        Asked::Recursive { why, .. } => why,
        Asked::Authoritative(_) => panic!("{:?}", ttl.asked),
    }
}

fn only(server: String, owners_port: u16) -> Resolver {
    Resolver::new(&[server]).unwrap().with_authoritative_port(owners_port)
}
