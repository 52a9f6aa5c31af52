//! The name servers of the zone, and what each of them answers.

use super::error::DnsError;
use super::records::{Held, Layout, Set};
use crate::dns::exchange::{self, Recursion};
use crate::dns::name::plain;
use futures::future::{join_all, try_join_all};
use hickory_net::proto::rr::{Name, RData, RecordType};
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// Where DNS is when no port is written.
const PORT: u16 = 53;

/// One that answers for the zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    /// `None` when only its address is known.
    name: Option<String>,
    pub address: SocketAddr,
}

impl Server {
    /// `192.0.2.53`, `127.0.0.1:5353`.
    pub fn at(text: &str) -> Option<Server> {
        let alone = || text.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, PORT));
        Some(Server { name: None, address: text.parse().ok().or_else(alone)? })
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = match self.address.port() {
            PORT => self.address.ip().to_string(),
            _ => self.address.to_string(),
        };
        match &self.name {
            Some(name) => write!(f, "{name} ({address})"),
            None => f.write_str(&address),
        }
    }
}

/// What this one answers for all names.
///
/// # Errors
/// When it does not answer, not with authority, or a name is an alias.
pub(super) async fn held(server: &Server, layout: &Layout) -> Result<Held, DnsError> {
    let each = layout.keys().map(|(name, family)| async move {
        let set = set(server, &name, family.kind()).await?;
        Ok::<_, DnsError>(((name, family), set))
    });
    Ok(Held(try_join_all(each).await?.into_iter().collect()))
}

async fn set(server: &Server, name: &Name, kind: RecordType) -> Result<Set, DnsError> {
    let answer = exchange::ask(server.address, name, kind, Recursion::NotWanted).await;
    let answer = answer.map_err(|why| DnsError::Server { server: server.to_string(), why })?;
    if !answer.authoritative {
        return Err(DnsError::NotTheOwner { server: server.to_string(), name: plain(name) });
    }
    let mut set = Set::default();
    for record in answer.records.iter().filter(|record| record.name == *name) {
        match &record.data {
            RData::CNAME(target) => {
                return Err(DnsError::Alias { name: plain(name), target: plain(&target.0) });
            }
            RData::A(ip) if kind == RecordType::A => drop(set.addresses.insert(IpAddr::V4(ip.0))),
            RData::AAAA(ip) if kind == RecordType::AAAA => drop(set.addresses.insert(IpAddr::V6(ip.0))),
            _ => continue,
        }
        set.ttl = set.ttl.max(record.ttl);
    }
    Ok(set)
}

/// What a recursive one answers. Its TTLs count down.
pub(super) async fn heard(resolver: &Server, layout: &Layout) -> Result<Held, String> {
    let each = layout.keys().map(|(name, family)| async move {
        let kind = family.kind();
        let answer = exchange::ask(resolver.address, &name, kind, Recursion::Wanted).await?;
        let mut set = Set::default();
        for record in answer.records {
            match record.data {
                RData::A(ip) if kind == RecordType::A => drop(set.addresses.insert(IpAddr::V4(ip.0))),
                RData::AAAA(ip) if kind == RecordType::AAAA => drop(set.addresses.insert(IpAddr::V6(ip.0))),
                _ => continue,
            }
            set.ttl = set.ttl.max(record.ttl);
        }
        Ok::<_, String>(((name, family), set))
    });
    Ok(Held(try_join_all(each).await?.into_iter().collect()))
}

/// All name servers of the zone, as its NS records name them, by the primary's word.
///
/// # Errors
/// When there are none, or one has no address.
pub(super) async fn of_zone(primary: &Server, zone: &Name) -> Result<Vec<Server>, DnsError> {
    let no = |why: String| DnsError::NoServers { zone: plain(zone), why };
    let answer = exchange::ask(primary.address, zone, RecordType::NS, Recursion::NotWanted).await;
    let answer = answer.map_err(|why| DnsError::Server { server: primary.to_string(), why })?;
    let names: Vec<Name> = answer
        .records
        .into_iter()
        .filter_map(|record| match record.data {
            RData::NS(name) => Some(name.0),
            _ => None,
        })
        .collect();
    if names.is_empty() {
        return Err(no(format!("{primary} knows of no NS record of it")));
    }
    let mut servers = vec![];
    for (name, ip) in join_all(names.iter().map(|name| address(primary, name))).await.into_iter().zip(&names) {
        let ip_of = name.ok_or_else(|| no(format!("{} has no address", plain(ip))))?;
        servers.push(Server { name: Some(plain(ip)), address: SocketAddr::new(ip_of, PORT) });
    }
    Ok(servers)
}

/// By the primary's own word if it has one, for most are in their own zone; otherwise as this machine finds it.
async fn address(primary: &Server, name: &Name) -> Option<IpAddr> {
    for kind in [RecordType::A, RecordType::AAAA] {
        if let Ok(answer) = exchange::ask(primary.address, name, kind, Recursion::NotWanted).await
            && let Some(ip) = answer.records.iter().find_map(|record| match &record.data {
                RData::A(ip) => Some(IpAddr::V4(ip.0)),
                RData::AAAA(ip) => Some(IpAddr::V6(ip.0)),
                _ => None,
            })
        {
            return Some(ip);
        }
    }
    let found = tokio::net::lookup_host((plain(name), PORT)).await.ok()?;
    found.map(|address| address.ip()).next()
}
