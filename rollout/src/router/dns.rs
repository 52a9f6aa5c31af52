use super::{Capabilities, Members, Possible};
use crate::application::Secret;
use crate::clock::Millis;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Which records lead to which slot, and who changes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dns {
    pub provider: Provider,
    /// The zone that holds the names: `example.com`.
    pub zone: String,
    /// The names whose records are changed.
    pub names: Vec<String>,
    /// How long others keep a record. Whole seconds.
    pub ttl: Millis,
    /// Where each slot is reached.
    pub blue: Vec<IpAddr>,
    pub green: Vec<IpAddr>,
    /// Addresses of all name servers of the zone. Empty: those of its NS records.
    pub name_servers: Vec<String>,
    /// Recursive name servers that are watched, to see the change arrive.
    pub resolvers: Vec<String>,
    /// The folder where it is kept since when the records are as they are.
    pub state: String,
    /// The proxies at the slots' addresses that Crossfade tells what to serve.
    pub fronts: Option<Fronts>,
}

/// Who is told of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    /// The zone's primary name server, by dynamic update. RFC 2136.
    Update(Update),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// The primary name server: address, with or without port.
    pub server: String,
    /// The name of the key, as the name server has it.
    pub key: String,
    /// The key, in base64.
    pub secret: Secret,
    pub algorithm: Algorithm,
}

/// RFC 8945.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    #[default]
    HmacSha256,
    HmacSha512,
}

/// The control sockets of two embedded proxies, one at the addresses of each slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fronts {
    pub blue: String,
    pub green: String,
}

impl Dns {
    /// Of this family, how many addresses each slot has.
    pub fn members(&self, is_of: fn(&IpAddr) -> bool) -> Members {
        let count = |addresses: &[IpAddr]| addresses.iter().filter(|ip| is_of(ip)).count() as u32;
        Members { blue: count(&self.blue), green: count(&self.green) }
    }

    pub(super) fn capabilities(&self) -> Capabilities {
        Capabilities {
            weights: self.possible(),
            sessions: false,
            // Nobody is cut off: both slots stay where they are.
            drains: true,
            measures: self.fronts.is_some(),
            door: false,
            takes: self.ttl,
        }
    }

    /// What both families can, for a client may use either.
    fn possible(&self) -> Possible {
        let families = [IpAddr::is_ipv4 as fn(&IpAddr) -> bool, IpAddr::is_ipv6];
        let each = families.map(|family| self.members(family)).into_iter();
        let mut each = each.filter(|members| *members != Members { blue: 0, green: 0 }).map(Members::possible);
        let Some(Possible::Only(first)) = each.next() else { return Possible::Only(vec![]) };
        match each.next() {
            Some(other) => Possible::Only(first.into_iter().filter(|weight| other.has(*weight)).collect()),
            None => Possible::Only(first),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dns(blue: &[&str], green: &[&str]) -> Dns {
        let addresses = |list: &[&str]| list.iter().map(|ip| ip.parse().unwrap()).collect();
        Dns {
            provider: Provider::Update(Update {
                server: "192.0.2.53".into(),
                key: "crossfade".into(),
                secret: Secret::Env("KEY".into()),
                algorithm: Algorithm::default(),
            }),
            zone: "shop.com".into(),
            names: vec!["www.shop.com".into()],
            ttl: Millis::seconds(60),
            blue: addresses(blue),
            green: addresses(green),
            name_servers: vec![],
            resolvers: vec![],
            state: "/var/lib/crossfade/dns".into(),
            fronts: None,
        }
    }

    #[test]
    fn the_weights_are_those_of_both_families() {
        for (blue, green, possible) in [
            (&["192.0.2.1"][..], &["192.0.2.2"][..], "0, 50 or 100 %"),
            (&["192.0.2.1", "192.0.2.3"], &["192.0.2.2", "192.0.2.4"], "0, 33, 50, 67 or 100 %"),
            (&["2001:db8::1"], &["2001:db8::2"], "0, 50 or 100 %"),
            // IPv4 could be set to 33 %.
            (&["192.0.2.1", "192.0.2.3", "2001:db8::1"], &["192.0.2.2", "192.0.2.4", "2001:db8::2"], "0, 50 or 100 %"),
        ] {
            let can = dns(blue, green).capabilities();
            assert_eq!(can.weights.to_string(), possible, "{blue:?} {green:?}");
            assert!(!can.sessions && !can.measures && can.takes == Millis::seconds(60));
        }
        // Four of each: a fifth is the least.
        let four = |n: u8| (0..4).map(|i| IpAddr::from([192, 0, n, i])).collect::<Vec<_>>();
        let can = Dns { blue: four(1), green: four(2), ..dns(&[], &[]) }.capabilities();
        assert_eq!(can.weights.to_string(), "0, 20, 25, 33, 40, 43, 50, 57, 60, 67, 75, 80 or 100 %");
    }
}
