//! What names hold, and what they hold for a split.

use super::error::DnsError;
use crate::dns::name::plain;
use hickory_net::proto::rr::{Name, RecordType};
use rollout::router::{Dns, Members};
use rollout::slot::{Slot, Split};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    pub const BOTH: [Family; 2] = [Family::V4, Family::V6];

    pub fn kind(self) -> RecordType {
        match self {
            Family::V4 => RecordType::A,
            Family::V6 => RecordType::AAAA,
        }
    }

    fn has(self, ip: &IpAddr) -> bool {
        ip.is_ipv4() == (self == Family::V4)
    }
}

/// The address records of one name and family. Without addresses there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Set {
    pub addresses: BTreeSet<IpAddr>,
    /// Seconds. Zero without addresses.
    pub ttl: u32,
}

/// All address records of the names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Held(pub BTreeMap<(Name, Family), Set>);

impl Held {
    /// The longest TTL among the sets that differ in another. Zero when none does.
    pub fn longest_ttl_of_changed(&self, other: &Held) -> u32 {
        let changed =
            self.0.iter().filter(|(key, set)| other.0.get(key).map(|set| &set.addresses) != Some(&set.addresses));
        changed.map(|(_, set)| set.ttl).max().unwrap_or(0)
    }

    pub fn longest_ttl(&self) -> u32 {
        self.0.values().map(|set| set.ttl).max().unwrap_or(0)
    }

    pub fn is_empty(&self) -> bool {
        self.0.values().all(|set| set.addresses.is_empty())
    }
}

/// `www.shop.com A 192.0.2.1, 192.0.2.2 (60 s)`
impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        for ((name, family), set) in self.0.iter().filter(|(_, set)| !set.addresses.is_empty()) {
            let addresses = set.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            write!(f, "{between}{} {} {addresses} ({} s)", plain(name), family.kind(), set.ttl)?;
            between = "; ";
        }
        if between.is_empty() { f.write_str("no address") } else { Ok(()) }
    }
}

/// Which names lead to which slot, and how.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub names: Vec<Name>,
    pub zone: Name,
    pub ttl: u32,
    blue: Vec<IpAddr>,
    green: Vec<IpAddr>,
}

impl Layout {
    pub fn new(dns: &Dns) -> Result<Layout, DnsError> {
        let name = |text: &String| {
            Name::from_ascii(format!("{text}."))
                .map(|name| name.to_lowercase())
                .map_err(|error| DnsError::Name { name: text.clone(), why: error.to_string() })
        };
        Ok(Layout {
            names: dns.names.iter().map(name).collect::<Result<_, _>>()?,
            zone: name(&dns.zone)?,
            ttl: u32::try_from(dns.ttl.0 / 1_000).unwrap_or(u32::MAX).max(1),
            blue: dns.blue.clone(),
            green: dns.green.clone(),
        })
    }

    /// Every name, for both families.
    pub fn keys(&self) -> impl Iterator<Item = (Name, Family)> {
        self.names.iter().flat_map(|name| Family::BOTH.map(|family| (name.clone(), family)))
    }

    /// `shop.com, www.shop.com`
    pub fn all_names(&self) -> String {
        self.names.iter().map(plain).collect::<Vec<_>>().join(", ")
    }

    fn of(&self, slot: Slot, family: Family) -> impl Iterator<Item = &IpAddr> {
        let all = if slot == Slot::Blue { &self.blue } else { &self.green };
        all.iter().filter(move |ip| family.has(ip))
    }

    fn members(&self, family: Family) -> Members {
        let count = |slot| self.of(slot, family).count() as u32;
        Members { blue: count(Slot::Blue), green: count(Slot::Green) }
    }

    /// What the names hold at this split: of each slot the first addresses of its list. `None` when the numbers of
    /// addresses do not allow it.
    pub fn wanted(&self, split: Split) -> Option<Held> {
        let mut held = Held::default();
        for (name, family) in self.keys() {
            let all = self.members(family);
            let set = match all {
                Members { blue: 0, green: 0 } => Set::default(),
                _ => {
                    let some = all.for_split(split)?;
                    let first = |slot| self.of(slot, family).take(some.of(slot) as usize);
                    Set { addresses: Slot::BOTH.into_iter().flat_map(first).copied().collect(), ttl: self.ttl }
                }
            };
            held.0.insert((name, family), set);
        }
        Some(held)
    }

    /// How these records split the traffic.
    ///
    /// # Errors
    /// When there are none, one leads to neither slot, or the names do not agree.
    pub fn split(&self, held: &Held) -> Result<Split, DnsError> {
        let mut found: Option<(String, Split)> = None;
        for ((name, family), set) in &held.0 {
            let name = format!("{} ({})", plain(name), family.kind());
            let ours = |slot, ip: IpAddr| self.of(slot, *family).any(|known| *known == ip);
            if let Some(ip) = set.addresses.iter().find(|ip| !Slot::BOTH.iter().any(|slot| ours(*slot, **ip))) {
                return Err(DnsError::Foreign { name, address: *ip });
            }
            if self.members(*family) == (Members { blue: 0, green: 0 }) {
                continue;
            }
            if set.addresses.is_empty() {
                return Err(DnsError::Missing { name });
            }
            let count = |slot| set.addresses.iter().filter(|ip| ours(slot, **ip)).count() as u32;
            let members = Members { blue: count(Slot::Blue), green: count(Slot::Green) };
            let Some(split) = members.split() else { return Err(DnsError::Between { name }) };
            match &found {
                Some((first, other)) if *other != split => {
                    return Err(DnsError::NamesDiffer { first: first.clone(), at: *other, second: name, other: split });
                }
                Some(_) => {}
                None => found = Some((name, split)),
            }
        }
        found.map(|(_, split)| split).ok_or(DnsError::Missing { name: self.all_names() })
    }

    /// Nothing but addresses of the slots, however many: what may be changed. None at all is fine.
    pub fn is_ours(&self, held: &Held) -> Result<(), DnsError> {
        match self.split(held) {
            Err(error @ DnsError::Foreign { .. }) => Err(error),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollout::slot::Weight;

    fn layout(blue: &[&str], green: &[&str]) -> Layout {
        let addresses = |list: &[&str]| list.iter().map(|ip| ip.parse().unwrap()).collect();
        let name = |text: &str| Name::from_ascii(text).unwrap();
        Layout {
            names: vec![name("shop.com."), name("www.shop.com.")],
            zone: name("shop.com."),
            ttl: 60,
            blue: addresses(blue),
            green: addresses(green),
        }
    }

    fn green(percent: u8) -> Split {
        Split { to: Slot::Green, weight: Weight::new(percent).unwrap() }
    }

    #[test]
    fn every_name_and_family_is_split_alike() {
        let layout = layout(&["192.0.2.1", "192.0.2.3", "2001:db8::1"], &["192.0.2.2", "192.0.2.4", "2001:db8::2"]);
        for (percent, expected) in [
            (0, "shop.com A 192.0.2.1, 192.0.2.3 (60 s); shop.com AAAA 2001:db8::1 (60 s)"),
            (
                50,
                "shop.com A 192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4 (60 s); shop.com AAAA 2001:db8::1, 2001:db8::2 (60 s)",
            ),
            (100, "shop.com A 192.0.2.2, 192.0.2.4 (60 s); shop.com AAAA 2001:db8::2 (60 s)"),
        ] {
            let held = layout.wanted(green(percent)).unwrap();
            let www = expected.replace("shop.com", "www.shop.com");
            assert_eq!(held.to_string(), format!("{expected}; {www}"));
            assert_eq!(layout.split(&held).unwrap(), green(percent));
            assert_eq!(layout.wanted(Split { to: Slot::Blue, weight: green(percent).weight.rest() }), Some(held));
        }
        assert_eq!(layout.wanted(green(33)), None, "IPv6 cannot");
    }

    #[test]
    fn what_is_not_ours_is_told() {
        let layout = layout(&["192.0.2.1"], &["192.0.2.2"]);
        let www = || (layout.names[1].clone(), Family::V4);
        let with = |change: &dyn Fn(&mut Held)| {
            let mut held = layout.wanted(green(100)).unwrap();
            change(&mut held);
            (layout.split(&held).unwrap_err().to_string(), layout.is_ours(&held).is_ok())
        };
        let set = |ips: &[&str]| Set { addresses: ips.iter().map(|ip| ip.parse().unwrap()).collect(), ttl: 60 };
        for (ips, family, expected, ours) in [
            (&["192.0.2.9"][..], Family::V4, "www.shop.com (A) leads to 192.0.2.9, which is neither blue's", false),
            (&["2001:db8::9"], Family::V6, "www.shop.com (AAAA) leads to 2001:db8::9, which is neither", false),
            (&[], Family::V4, "www.shop.com (A) has no address", true),
            (&["192.0.2.1"], Family::V4, "shop.com (A) is at green 100 %, blue 0 %, and www.shop.com (A) at", true),
        ] {
            let (said, is_ours) = with(&|held| drop(held.0.insert((www().0, family), set(ips))));
            assert!(said.starts_with(expected), "{said}");
            assert_eq!(is_ours, ours, "{said}");
        }
        assert!(layout.split(&Held::default()).is_err());
    }

    #[test]
    fn the_wait_is_for_what_changed() {
        let layout = layout(&["192.0.2.1"], &["192.0.2.2"]);
        let (before, after) = (layout.wanted(green(0)).unwrap(), layout.wanted(green(50)).unwrap());
        assert_eq!(before.longest_ttl_of_changed(&after), 60);
        assert_eq!(before.longest_ttl_of_changed(&before), 0);
        assert_eq!(Held::default().longest_ttl_of_changed(&after), 0);
    }
}
