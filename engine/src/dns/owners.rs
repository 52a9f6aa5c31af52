//! The name servers that own a name: those of the closest zone around it, asked themselves.

use super::exchange::{self, Recursion};
use super::name::plain;
use super::resolver::shown;
use super::walk::Said;
use futures::StreamExt;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use hickory_net::proto::rr::{Name, RData, RecordType};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

/// Of one zone, how many name servers are asked; all at once, and the first good answer counts.
const MOST_SERVERS: usize = 3;

/// Finds them through a recursive name server, and remembers what it found.
pub(super) struct Owners {
    recursive: SocketAddr,
    /// Where name servers listen.
    port: u16,
    zones: HashMap<Name, Zone>,
}

#[derive(Clone)]
struct Zone {
    apex: Name,
    /// Name and address.
    servers: Vec<(String, SocketAddr)>,
}

impl Owners {
    pub fn new(recursive: SocketAddr, port: u16) -> Owners {
        Owners { recursive, port, zones: HashMap::new() }
    }

    /// Asks the owners of the name for its records.
    ///
    /// # Errors
    /// When they cannot be found, or none of them answers with authority.
    pub async fn ask(&mut self, name: &Name, kind: RecordType) -> Result<Said, String> {
        let zone = match self.zones.get(name) {
            Some(zone) => zone.clone(),
            None => {
                let zone = self.zone(name).await?;
                self.zones.insert(name.clone(), zone.clone());
                zone
            }
        };
        let mut answers: FuturesUnordered<_> = zone
            .servers
            .iter()
            .map(|(server, address)| async move {
                match exchange::ask(*address, name, kind, Recursion::NotWanted).await {
                    Ok(answer) if answer.authoritative => Ok((server.clone(), answer)),
                    Ok(_) => Err(format!("{server} ({}) does not own {}", address.ip(), plain(name))),
                    Err(why) => Err(format!("{server} ({}) {why}", address.ip())),
                }
            })
            .collect();
        let mut failures = Vec::new();
        while let Some(answer) = answers.next().await {
            match answer {
                Ok((by, answer)) => return Ok(Said { answer, by, zone: zone.apex.clone() }),
                Err(why) => failures.push(why),
            }
        }
        Err(failures.join(", "))
    }

    /// The closest zone around a name is the closest name above it, or itself, that has NS records.
    async fn zone(&self, name: &Name) -> Result<Zone, String> {
        let above = |name: &Name| Some(name.base_name());
        let around: Vec<Name> =
            std::iter::successors(Some(name.clone()), above).take_while(|name| !name.is_root()).collect();
        let answers = join_all(around.iter().map(|apex| self.recursive(apex, RecordType::NS))).await;
        let mut failures = Vec::new();
        for (apex, answer) in around.into_iter().zip(answers) {
            let names: Vec<Name> = match answer {
                // Of an alias it also says who owns the target: not what was asked.
                Ok(records) => {
                    records.into_iter().filter(|(owner, _)| *owner == apex).filter_map(server_name).collect()
                }
                Err(why) => {
                    failures.push(why);
                    continue;
                }
            };
            if !names.is_empty() {
                let servers = self.addresses(&names).await;
                let found = || names.iter().take(MOST_SERVERS).map(plain).collect::<Vec<_>>().join(", ");
                return match servers.is_empty() {
                    true => Err(format!("the name servers of {} have no address: {}", plain(&apex), found())),
                    false => Ok(Zone { apex, servers }),
                };
            }
        }
        failures.dedup();
        Err(match failures.is_empty() {
            true => format!("nobody owns {}", plain(name)),
            false => format!("cannot find who owns {}: {}", plain(name), failures.join(", ")),
        })
    }

    /// Of the first few, IPv4 before IPv6: many machines have no way to the latter.
    async fn addresses(&self, names: &[Name]) -> Vec<(String, SocketAddr)> {
        let names = &names[..names.len().min(MOST_SERVERS)];
        let questions = [RecordType::A, RecordType::AAAA].into_iter().flat_map(|kind| {
            names.iter().map(move |name| async move { (name, self.recursive(name, kind).await.unwrap_or_default()) })
        });
        let answers = join_all(questions).await;
        let address = |name: &Name, data| match data {
            RData::A(ip) => Some((plain(name), SocketAddr::new(IpAddr::V4(ip.0), self.port))),
            RData::AAAA(ip) => Some((plain(name), SocketAddr::new(IpAddr::V6(ip.0), self.port))),
            _ => None,
        };
        let found = answers.into_iter().flat_map(|(name, records)| {
            records.into_iter().filter_map(move |(_, data)| address(name, data)).collect::<Vec<_>>()
        });
        found.take(MOST_SERVERS).collect()
    }

    async fn recursive(&self, name: &Name, kind: RecordType) -> Result<Vec<(Name, RData)>, String> {
        let answer = exchange::ask(self.recursive, name, kind, Recursion::Wanted).await;
        let answer = answer.map_err(|why| format!("{} {why}", shown(self.recursive)))?;
        Ok(answer.records.into_iter().map(|record| (record.name, record.data)).collect())
    }
}

fn server_name((_, data): (Name, RData)) -> Option<Name> {
    match data {
        RData::NS(server) => Some(server.0),
        _ => None,
    }
}
