//! From a name through its aliases to its addresses, with the TTL of every record on the way.

use super::exchange::{self, Answer, Recursion};
use super::found::Record;
use super::name::plain;
use super::owners::Owners;
use super::resolver::shown;
use hickory_net::proto::rr::{self, Name, RData, RecordType};
use std::net::SocketAddr;

/// More aliases than these, one after the other, are taken for a loop. Name servers stop at about as many: Unbound
/// at 11 (`max-query-restarts`).
const MOST_ALIASES: usize = 10;

/// Who is asked.
pub(super) enum Source {
    /// One recursive name server, for everything.
    Recursive(SocketAddr),
    /// The name servers of the zone of each name.
    Owners(Owners),
}

/// What one of them said, and for which names it may speak.
pub(super) struct Said {
    pub answer: Answer,
    pub by: String,
    /// It speaks for names in this zone.
    pub zone: Name,
}

/// What stands at the end of a walk.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Addresses; all records to there.
    Addresses(Vec<Record>),
    /// There is no such name.
    NoName(Name),
    /// The name is there, and has no address of this kind.
    NoAddress(Name),
}

impl Source {
    /// Walks from a name to its addresses of this kind. `heard` gains whoever was asked.
    ///
    /// # Errors
    /// When nobody who may answer does, or the aliases do not end.
    pub async fn walk(&mut self, name: &Name, kind: RecordType, heard: &mut Vec<String>) -> Result<End, String> {
        let (mut at, mut way) = (name.clone(), Vec::new());
        while way.len() <= MOST_ALIASES {
            let Said { answer, by, zone } = self.ask(&at, kind).await?;
            if !heard.contains(&by) {
                heard.push(by);
            }
            let before = way.len();
            match follow(&at, kind, &answer.records, &zone, &mut way) {
                None => return Ok(End::Addresses(way)),
                Some(next) if way.len() > before => at = next,
                Some(_) if answer.name_exists => return Ok(End::NoAddress(at)),
                Some(_) => return Ok(End::NoName(at)),
            }
        }
        Err(format!("{} is an alias of an alias, and so on, more than {MOST_ALIASES} times", plain(name)))
    }

    async fn ask(&mut self, name: &Name, kind: RecordType) -> Result<Said, String> {
        match self {
            Source::Owners(owners) => owners.ask(name, kind).await,
            Source::Recursive(server) => match exchange::ask(*server, name, kind, Recursion::Wanted).await {
                Ok(answer) => Ok(Said { answer, by: shown(*server), zone: Name::root() }),
                Err(why) => Err(format!("{} {why}", shown(*server))),
            },
        }
    }
}

/// Adds to `way` what the answer holds of it. Gives back the name at which it has no more to say, or `None` when it
/// came to addresses.
fn follow(from: &Name, kind: RecordType, records: &[rr::Record], zone: &Name, way: &mut Vec<Record>) -> Option<Name> {
    let mut at = from.clone();
    // Each alias is used once at most: a loop within one answer ends.
    for _ in 0..=records.len() {
        // A server may know other zones by hearsay; of those it is not asked.
        if !zone.zone_of(&at) {
            return Some(at);
        }
        let here = || records.iter().filter(|record| record.name == at);
        let addresses: Vec<Record> = here().filter(|record| record.record_type() == kind).map(ours).collect();
        if !addresses.is_empty() {
            way.extend(addresses);
            return None;
        }
        let alias = here().find_map(|record| match &record.data {
            RData::CNAME(target) => Some((record, target.0.clone())),
            _ => None,
        });
        let Some((record, target)) = alias else { return Some(at) };
        way.push(ours(record));
        at = target;
    }
    Some(at)
}

fn ours(record: &rr::Record) -> Record {
    let data = match &record.data {
        RData::CNAME(target) => plain(&target.0),
        other => other.to_string(),
    };
    Record { name: plain(&record.name), data: format!("{} {data}", record.record_type()), seconds: record.ttl }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{name, records};
    use super::*;

    fn table(answer: &str, zone: &str) -> (Option<String>, Vec<String>) {
        let mut way = vec![];
        let next = follow(&name("www.shop.com"), RecordType::A, &records(answer), &name(zone), &mut way);
        (next.map(|next| plain(&next)), way.iter().map(|record| format!("{}: {record}", record.name)).collect())
    }

    #[test]
    fn an_answer_is_followed_as_far_as_it_goes() {
        let www = "www.shop.com";
        for (answer, zone, next, way) in [
            ("", ".", Some(www), vec![]),
            ("www.shop.com 60 A 192.0.2.1", ".", None, vec!["www.shop.com: A 192.0.2.1 (60 s)"]),
            ("WWW.Shop.com 60 A 192.0.2.1", ".", None, vec!["www.shop.com: A 192.0.2.1 (60 s)"]),
            // Of another name, and of another kind.
            ("shop.com 60 A 192.0.2.1, www.shop.com 60 AAAA 2001:db8::1", ".", Some(www), vec![]),
            // In any order.
            (
                "lb.net 5 A 192.0.2.1, lb.net 7 A 192.0.2.2, www.shop.com 60 CNAME lb.net",
                ".",
                None,
                vec!["www.shop.com: CNAME lb.net (60 s)", "lb.net: A 192.0.2.1 (5 s)", "lb.net: A 192.0.2.2 (7 s)"],
            ),
            // What the server of shop.com says of lb.net is hearsay.
            (
                "www.shop.com 60 CNAME lb.net, lb.net 5 A 192.0.2.1",
                "shop.com",
                Some("lb.net"),
                vec!["www.shop.com: CNAME lb.net (60 s)"],
            ),
            ("www.shop.com 60 CNAME lb.net", ".", Some("lb.net"), vec!["www.shop.com: CNAME lb.net (60 s)"]),
        ] {
            let expected = (next.map(str::to_owned), way.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(table(answer, zone), expected, "{answer} in {zone}");
        }
    }

    #[test]
    fn a_loop_in_an_answer_ends() {
        let (next, way) = table("www.shop.com 60 CNAME b.com, b.com 60 CNAME www.shop.com", ".");
        assert!(next.is_some());
        assert_eq!(way.len(), 3);
    }
}
