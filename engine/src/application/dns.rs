//! `[traffic.dns]`: which records lead to which slot, and who is told to change them.

use super::item::Item;
use super::section::{Keys, Section};
use super::services::Services;
use super::words;
use rollout::application::Secret;
use rollout::clock::Millis;
use rollout::router::{Algorithm, Dns, Fronts, Provider, Update};
use std::net::IpAddr;

pub(super) const DNS: Keys = Keys::new(&[
    "server",
    "zone",
    "key",
    "secret",
    "algorithm",
    "names",
    "ttl",
    "blue",
    "green",
    "name_servers",
    "resolvers",
    "state",
    "fronts",
]);
pub(super) const FRONTS: Keys = Keys::new(&["blue", "green"]);

const FRONTS_LIKE: &str =
    "a table, like { blue = \"/run/crossfade/blue.sock\", green = \"/run/crossfade/green.sock\" }";
const ADDRESSES_LIKE: &str = "a list of addresses, like [\"192.0.2.1\", \"2001:db8::1\"]";

/// A set of more records does not fit into an answer over UDP (512 bytes, RFC 1035 section 4.2.1).
const MOST_OF_A_SLOT: usize = 8;

/// More than this, and no rollout gets anywhere; the guide wants it, too.
const LONGEST_TTL: Millis = Millis::seconds(300);

pub(super) fn read(traffic: Option<&Section>, item: Option<Item>, services: &Services) -> Dns {
    if let (Some(traffic), None) = (traffic, item) {
        traffic.wrong("router = \"dns\" needs [traffic.dns]: whose records are changed, and by whom");
    }
    let section = item.and_then(|item| item.section("[traffic.dns]", &DNS, "a section: [traffic.dns]"));
    let section = section.as_ref();
    let get = |key| section.and_then(|section| section.get(key));
    let need = |key, what| section.and_then(|section| section.need(key, what));
    let host = |item: Item| item.text_that(words::host);
    let server = need("server", "the zone's primary name server, like server = \"192.0.2.53\"");
    let key = need("key", "the name of the key that may change the records, like key = \"crossfade\"");
    let secret = need("secret", "the key in base64, as a reference, like secret = \"env:DNS_KEY\"");
    let zone = need("zone", "the zone that holds the names, like zone = \"example.com\"").and_then(host);
    let list = "a list of addresses, like [\"192.0.2.53\", \"127.0.0.1:5353\"]";
    let servers = |key| get(key).map(|item| item.texts(list, words::name_server)).unwrap_or_default();
    Dns {
        provider: Provider::Update(Update {
            server: server.and_then(|item| item.text_that(words::name_server)).unwrap_or_default(),
            key: key.and_then(host).unwrap_or_default(),
            secret: secret.and_then(reference).unwrap_or(Secret::Plain(String::new())),
            algorithm: get("algorithm")
                .and_then(|item| {
                    item.choice(&[("hmac-sha256", Algorithm::HmacSha256), ("hmac-sha512", Algorithm::HmacSha512)])
                })
                .unwrap_or_default(),
        }),
        names: names(section, zone.as_deref(), services),
        zone: zone.unwrap_or_default(),
        ttl: get("ttl").and_then(ttl).unwrap_or(Millis::seconds(60)),
        blue: addresses(need("blue", "where the blue slot is reached, like blue = [\"192.0.2.1\"]")),
        green: addresses(need("green", "where the green slot is reached, like green = [\"192.0.2.2\"]")),
        name_servers: servers("name_servers"),
        resolvers: servers("resolvers"),
        state: get("state")
            .and_then(|item| item.text_that(words::not_empty))
            .unwrap_or_else(|| "/var/lib/crossfade/dns".to_owned()),
        fronts: get("fronts").and_then(fronts),
    }
    .checked(section)
}

trait Checked {
    fn checked(self, section: Option<&Section>) -> Self;
}

impl Checked for Dns {
    /// A client of either family must find as much of each slot as of the other.
    fn checked(self, section: Option<&Section>) -> Dns {
        let Some(item) = section.and_then(|section| section.get("green")) else { return self };
        if let Some(both) = self.green.iter().find(|ip| self.blue.contains(ip)) {
            item.wrong(format!("{both} is blue's as well: an address leads to one slot"));
        }
        for (family, kind, is_of) in
            [("IPv4", "A", IpAddr::is_ipv4 as fn(&IpAddr) -> bool), ("IPv6", "AAAA", IpAddr::is_ipv6)]
        {
            let members = self.members(is_of);
            let lacks = match (members.blue, members.green, self.blue.is_empty() || self.green.is_empty()) {
                (0, 1.., false) => "blue",
                (1.., 0, false) => "green",
                _ => continue,
            };
            item.wrong(format!(
                "{lacks} has no {family} address and the other slot has: with an {kind} record for one slot alone, clients \
                 with {family} would all go there"
            ));
        }
        self
    }
}

fn names(section: Option<&Section>, zone: Option<&str>, services: &Services) -> Vec<String> {
    let given = section.and_then(|section| section.get("names"));
    let within = |name: &str| zone.is_none_or(|zone| name == zone || name.ends_with(&format!(".{zone}")));
    let outside = |name: &str| format!("\"{name}\" is not in the zone {}", zone.unwrap_or_default());
    match given {
        Some(item) => {
            let names = item.texts("a list of names, like [\"www.example.com\"]", |name| {
                words::host(name)?;
                words::must(within(name), || outside(name))
            });
            if item.value.get_ref().as_array().is_some_and(|list| list.is_empty()) {
                item.wrong("must hold at least one name");
            }
            names
        }
        None => {
            let hosts = services.hosts();
            if let (Some(section), Some(host)) = (section, hosts.iter().find(|host| !within(host))) {
                section.wrong(format!(
                    "[traffic.dns] changes the records of all routed hosts, and {}: give the `names` whose records are \
                     changed",
                    outside(host)
                ));
            }
            hosts.into_iter().map(str::to_owned).collect()
        }
    }
}

fn addresses(item: Option<Item>) -> Vec<IpAddr> {
    let Some(item) = item else { return vec![] };
    let check = |text: &str| match text.parse::<IpAddr>() {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("\"{text}\" is not an address, like \"192.0.2.1\" or \"2001:db8::1\"")),
    };
    let texts = item.texts(ADDRESSES_LIKE, check);
    let addresses: Vec<IpAddr> = texts.iter().filter_map(|text| text.parse().ok()).collect();
    let too_many = |family: fn(&IpAddr) -> bool| addresses.iter().filter(|ip| family(ip)).count() > MOST_OF_A_SLOT;
    if too_many(IpAddr::is_ipv4) || too_many(IpAddr::is_ipv6) {
        item.wrong(format!("a slot has at most {MOST_OF_A_SLOT} addresses of a family: answers must stay short"));
    }
    if item.value.get_ref().as_array().is_some_and(|list| list.is_empty()) {
        item.wrong(format!("must be {ADDRESSES_LIKE}, with at least one"));
    }
    addresses
}

fn ttl(item: Item) -> Option<Millis> {
    let ttl = item.duration_within(Millis::seconds(1)..=LONGEST_TTL)?;
    if !ttl.0.is_multiple_of(1_000) {
        item.wrong("must be whole seconds");
        return None;
    }
    Some(ttl)
}

fn reference(item: Item) -> Option<Secret> {
    match item.secret()? {
        Secret::Plain(_) => {
            item.wrong("a key does not stand in the file: write env:NAME or file:PATH");
            None
        }
        reference => Some(reference),
    }
}

fn fronts(item: Item) -> Option<Fronts> {
    let section = item.section("`fronts`", &FRONTS, FRONTS_LIKE)?;
    let what = "the control socket of the proxy at this slot's addresses";
    let [blue, green] = ["blue", "green"].map(|key| section.need(key, what));
    let path = |item: Item| item.text_that(words::not_empty);
    let (blue, green) = (blue.and_then(path)?, green.and_then(path)?);
    if blue == green {
        item.wrong("each slot has a proxy of its own: this is one for both");
        return None;
    }
    Some(Fronts { blue, green })
}
