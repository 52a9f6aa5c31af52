//! Whether the TTL of a host is good enough for a rollout.

use super::found::{Asked, Found, Ttl};
use rollout::check::Level;

/// What to think of it, in a sentence for the person who starts the rollout.
///
/// Never a failure: behind a router with a fixed address a rollout changes no DNS record. A TTL that was not shown to
/// be low is a warning all the same. `limit` is the longest that is good, in seconds.
pub fn judge(host: &str, found: &Found, limit: u32) -> (Level, String) {
    match found {
        Found::NotInDns(why) => (Level::Ok, format!("{host} is not in DNS, so nothing caches it: {why}")),
        Found::Records(ttl) if ttl.seconds > limit => (Level::Warning, too_long(host, ttl, limit)),
        Found::Records(ttl) => match &ttl.asked {
            Asked::Authoritative(_) => (Level::Ok, format!("{host}: {}{}", said(ttl), others_longer(ttl, limit))),
            Asked::Recursive { why, .. } => (
                Level::Warning,
                format!(
                    "{host}: {}. Its TTL may be longer than that, since its own name servers could not be asked: \
                     {why}. Let this machine ask them (port 53, UDP and TCP), or look with `dig`",
                    said(ttl)
                ),
            ),
        },
        Found::Nothing(why) => (
            Level::Warning,
            format!(
                "{host}: {why}. Clients cannot find it: see that its name is written as it should be, or add its \
                 record with a TTL of at most {limit} s"
            ),
        ),
        Found::Unknown(why) => (
            Level::Warning,
            format!(
                "the TTL of {host} could not be asked: {why}. See that this machine reaches a name server, and that \
                 {limit} s is the most that clients keep the address of {host}"
            ),
        ),
    }
}

fn said(ttl: &Ttl) -> String {
    let records: Vec<String> = ttl.records.iter().map(ToString::to_string).collect();
    format!("{} s, says {}: {}", ttl.seconds, ttl.asked, records.join(", "))
}

/// Of a chain of aliases one record may be changed quickly and another not.
fn others_longer(ttl: &Ttl, limit: u32) -> String {
    let longer = ttl.records.iter().find(|record| record.seconds > limit);
    let quick = ttl.records.iter().find(|record| record.seconds <= limit);
    match (longer, quick) {
        (Some(longer), Some(quick)) => format!(
            ". To move clients quickly, change the record of {}: that of {} is kept for {} s",
            quick.name, longer.name, longer.seconds
        ),
        _ => String::new(),
    }
}

fn too_long(host: &str, ttl: &Ttl, limit: u32) -> String {
    let (seconds, at_least) = match ttl.asked {
        Asked::Authoritative(_) => (ttl.seconds, ""),
        Asked::Recursive { .. } => (ttl.seconds, "at least "),
    };
    format!(
        "{host}: {}. More than {limit} s: this rollout changes no DNS record and is not slower for it, but if the \
         router's own address had to change, clients would go to the old one for {at_least}{seconds} s more. Lower \
         the TTL to {limit} s or less now; caches keep the old one for another {at_least}{seconds} s",
        said(ttl)
    )
}

#[cfg(test)]
mod tests {
    use super::super::found::Record;
    use super::*;

    fn records(asked: Asked, ipv4: &[(&str, u32)], ipv6: &[(&str, u32)]) -> Found {
        let chain = |records: &[(&str, u32)]| {
            let record = |(n, &(data, seconds)): (usize, &(&str, u32))| Record {
                name: format!("n{n}.com"),
                data: data.to_owned(),
                seconds,
            };
            records.iter().enumerate().map(record).collect::<Vec<_>>()
        };
        Found::Records(Ttl::new(chain(ipv4), chain(ipv6), asked).unwrap())
    }

    fn owner() -> Asked {
        Asked::Authoritative(vec!["ns1.com".to_owned()])
    }

    fn cache() -> Asked {
        Asked::Recursive { server: "192.0.2.1:53".to_owned(), why: "ns1.com does not answer".to_owned() }
    }

    #[test]
    fn each_finding_has_its_level_and_sentence() {
        for (found, level, words) in [
            (
                records(owner(), &[("A 192.0.2.7", 60)], &[]),
                Level::Ok,
                &["shop.com: 60 s, says ns1.com (authoritative): A 192.0.2.7 (60 s)"][..],
            ),
            (records(owner(), &[("A 192.0.2.7", 300)], &[]), Level::Ok, &["300 s"]),
            (
                records(owner(), &[("A 192.0.2.7", 301)], &[]),
                Level::Warning,
                &["301 s", "More than 300 s", "changes no DNS record", "another 301 s"],
            ),
            (records(owner(), &[("A 192.0.2.7", 60)], &[("AAAA 2001:db8::7", 3600)]), Level::Warning, &["3600 s"]),
            (
                records(owner(), &[("CNAME n1.com", 3600), ("A 192.0.2.7", 60)], &[]),
                Level::Ok,
                &[
                    "60 s, says",
                    "CNAME n1.com (3600 s)",
                    "change the record of n1.com: that of n0.com is kept for 3600 s",
                ],
            ),
            // A low number that has counted down proves nothing; a high one does.
            (
                records(cache(), &[("A 192.0.2.7", 60)], &[]),
                Level::Warning,
                &["60 s, says 192.0.2.1:53 (recursive", "may be longer", "ns1.com does not answer", "port 53"],
            ),
            (records(cache(), &[("A 192.0.2.7", 3600)], &[]), Level::Warning, &["for at least 3600 s more"]),
            (Found::Nothing("there is no such name".to_owned()), Level::Warning, &["no such name. Clients cannot"]),
            (Found::Unknown("no answer within 3 s".to_owned()), Level::Warning, &["could not be asked: no answer"]),
            (
                Found::NotInDns("names under .test are not in public DNS".to_owned()),
                Level::Ok,
                &["shop.com is not in DNS, so nothing caches it: names under .test"],
            ),
        ] {
            let (judged, sentence) = judge("shop.com", &found, 300);
            assert_eq!(judged, level, "{sentence}");
            for word in words {
                assert!(sentence.contains(word), "{word:?} in {sentence}");
            }
        }
    }

    #[test]
    fn levels_are_in_order() {
        assert!(Level::Ok < Level::Warning && Level::Warning < Level::Failure);
    }
}
