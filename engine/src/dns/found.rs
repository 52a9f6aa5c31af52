//! What the name servers say of a host name.

use std::fmt;

/// One record on the way from a name to an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whose record it is, without the dot at the end.
    pub name: String,
    /// `A 203.0.113.7`, `AAAA 2001:db8::7`, `CNAME lb.example.net`.
    pub data: String,
    /// Its own TTL in seconds.
    pub seconds: u32,
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} s)", self.data, self.seconds)
    }
}

/// Who said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Name servers of the zones themselves, in the order of the aliases: the TTL is as it was set.
    Authoritative(Vec<String>),
    /// A name server of this machine, and why the zone's own could not be asked. The TTL is what was left of it.
    Recursive { server: String, why: String },
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Asked::Authoritative(servers) => write!(f, "{} (authoritative)", servers.join(" and ")),
            Asked::Recursive { server, .. } => write!(f, "{server} (recursive; it may have counted down)"),
        }
    }
}

/// What name servers say of a host name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ttl {
    /// How long clients keep an address of this name.
    ///
    /// Along a chain of aliases the record with the shortest TTL decides: when it expires, the chain is asked for
    /// again from there, so that it is the record to change. IPv4 and IPv6 are chains of their own, and clients use
    /// either: of the two, the one that is kept longer decides.
    pub seconds: u32,
    pub asked: Asked,
    /// Those of the chain to IPv4 addresses, then those that only the chain to IPv6 addresses has.
    pub records: Vec<Record>,
}

impl Ttl {
    /// `None` when neither chain holds a record. A chain without an address is given as an empty one.
    pub(super) fn new(ipv4: Vec<Record>, ipv6: Vec<Record>, asked: Asked) -> Option<Ttl> {
        let shortest = |chain: &[Record]| chain.iter().map(|record| record.seconds).min();
        let seconds = shortest(&ipv4).max(shortest(&ipv6))?;
        let mut records = ipv4;
        for record in ipv6 {
            // The aliases are those of the other chain; a cache may have counted down between the two questions.
            if !records.iter().any(|known| (&known.name, &known.data) == (&record.name, &record.data)) {
                records.push(record);
            }
        }
        Some(Ttl { seconds, asked, records })
    }
}

/// What came of asking for a host name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Records(Ttl),
    /// There is no such name, or it has no address; who says so.
    Nothing(String),
    /// It could not be asked: no name server, no answer in time, refused.
    Unknown(String),
    /// Not a name of public DNS; why.
    NotInDns(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(records: &[(&str, &str, u32)]) -> Vec<Record> {
        let record = |&(name, data, seconds): &(&str, &str, u32)| Record {
            name: name.to_owned(),
            data: data.to_owned(),
            seconds,
        };
        records.iter().map(record).collect()
    }

    #[test]
    fn the_shortest_of_a_chain_and_the_longest_of_both_decide() {
        for (ipv4, ipv6, seconds) in [
            (chain(&[("a", "A 1", 60)]), vec![], Some(60)),
            (vec![], chain(&[("a", "AAAA 1", 70)]), Some(70)),
            (chain(&[("a", "A 1", 60)]), chain(&[("a", "AAAA 1", 3600)]), Some(3600)),
            (chain(&[("a", "A 1", 3600)]), chain(&[("a", "AAAA 1", 60)]), Some(3600)),
            (chain(&[("a", "CNAME b", 300), ("b", "CNAME c", 30), ("c", "A 1", 3600)]), vec![], Some(30)),
            (
                chain(&[("a", "CNAME b", 120), ("b", "A 1", 3600)]),
                chain(&[("a", "CNAME b", 120), ("b", "AAAA 1", 60)]),
                Some(120),
            ),
            (chain(&[("a", "A 1", 0)]), vec![], Some(0)),
            (vec![], vec![], None),
        ] {
            let what = format!("{ipv4:?} {ipv6:?}");
            let ttl = Ttl::new(ipv4, ipv6, Asked::Authoritative(vec!["ns".to_owned()]));
            assert_eq!(ttl.map(|ttl| ttl.seconds), seconds, "{what}");
        }
    }

    #[test]
    fn aliases_of_both_chains_are_named_once() {
        let ipv4 = chain(&[("a", "CNAME b", 120), ("b", "A 1", 60)]);
        let ipv6 = chain(&[("a", "CNAME b", 119), ("b", "AAAA 1", 60)]);
        let ttl = Ttl::new(ipv4, ipv6, Asked::Authoritative(vec!["ns1.a".to_owned(), "ns.b".to_owned()])).unwrap();
        let said: Vec<String> = ttl.records.iter().map(ToString::to_string).collect();
        assert_eq!(said, ["CNAME b (120 s)", "A 1 (60 s)", "AAAA 1 (60 s)"]);
        assert_eq!(ttl.asked.to_string(), "ns1.a and ns.b (authoritative)");
    }
}
