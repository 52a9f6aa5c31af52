//! The TTL of one host name, within a limit of time.

use super::found::{Asked, Found, Ttl};
use super::name::{in_dns, plain};
use super::owners::Owners;
use super::resolver::{Resolver, shown};
use super::walk::{End, Source};
use hickory_net::proto::rr::{Name, RecordType};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long asking for one host takes at most.
pub const LIMIT: Duration = Duration::from_secs(3);

/// Asks how long clients keep the address of a host, at most for [`LIMIT`].
///
/// The machine's own name servers are asked first, in their order; they also say who owns the name. Its owners are
/// then asked themselves. When those cannot be, what the first one said has to do, and [`Asked`] says so.
/// A host like `*.example.com` is asked for as a made-up name below `example.com`.
pub async fn ttl(resolver: &Resolver, host: &str) -> Found {
    let name = match in_dns(host) {
        Ok(name) => name,
        Err(why) => return Found::NotInDns(why),
    };
    let end = Instant::now() + LIMIT;
    let (server, seen) = match timeout_at(end, recursive(resolver, &name)).await {
        Ok(Ok(seen)) => seen,
        Ok(Err(why)) => return Found::Unknown(why),
        Err(_) => {
            let asked: Vec<String> = resolver.servers.iter().copied().map(shown).collect();
            return Found::Unknown(format!("no answer within {} s from {}", LIMIT.as_secs(), asked.join(", ")));
        }
    };
    let mut owners = Source::Owners(Owners::new(server, resolver.owners_port));
    let why = match timeout_at(end, both(&mut owners, &name)).await {
        Ok(Ok(Both { ipv4, ipv6, heard })) => return found(&name, ipv4, ipv6, Asked::Authoritative(heard)),
        Ok(Err(why)) => why,
        Err(_) => format!("the name servers that own {} do not answer in time", plain(&name)),
    };
    found(&name, seen.ipv4, seen.ipv6, Asked::Recursive { server: shown(server), why })
}

/// What one source says of both kinds of addresses.
struct Both {
    ipv4: End,
    ipv6: End,
    /// Who said it.
    heard: Vec<String>,
}

async fn both(source: &mut Source, name: &Name) -> Result<Both, String> {
    let mut heard = Vec::new();
    let ipv4 = source.walk(name, RecordType::A, &mut heard).await?;
    let ipv6 = source.walk(name, RecordType::AAAA, &mut heard).await?;
    Ok(Both { ipv4, ipv6, heard })
}

/// The first name server of this machine that answers, and what it says.
async fn recursive(resolver: &Resolver, name: &Name) -> Result<(SocketAddr, Both), String> {
    let mut failures = Vec::new();
    for &server in &resolver.servers {
        match both(&mut Source::Recursive(server), name).await {
            Ok(seen) => return Ok((server, seen)),
            Err(why) => failures.push(why),
        }
    }
    Err(failures.join(", "))
}

fn found(name: &Name, ipv4: End, ipv6: End, asked: Asked) -> Found {
    let by = match &asked {
        Asked::Authoritative(_) => asked.to_string(),
        Asked::Recursive { server, .. } => format!("{server} (recursive)"),
    };
    let nothing = match &ipv4 {
        End::NoName(missing) | End::NoAddress(missing) if missing != name => {
            format!("it is an alias of {}, which has no address, says {by}", plain(missing))
        }
        End::NoName(_) => format!("there is no such name, says {by}"),
        _ => format!("it has neither an A nor an AAAA record, says {by}"),
    };
    let records = |end| match end {
        End::Addresses(records) => records,
        End::NoName(_) | End::NoAddress(_) => Vec::new(),
    };
    Ttl::new(records(ipv4), records(ipv6), asked).map_or(Found::Nothing(nothing), Found::Records)
}
