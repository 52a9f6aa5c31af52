//! A session's number, 0 to 99: the same for all its requests, whatever the weight.

use hyper::HeaderMap;
use hyper::header::{COOKIE, HeaderName, HeaderValue};
use rollout::application::StickyBy;
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::sync::Mutex;

/// How long a client keeps its cookie, in seconds: a week.
const MAX_AGE: u32 = 604_800;

/// How an application's sessions are told apart.
#[derive(Debug)]
pub enum Sticky {
    /// A cookie of this name.
    Cookie(String),
    Header(HeaderName),
    Address,
    None,
}

/// A request's session.
#[derive(Debug)]
pub struct Session {
    /// 0 to 99.
    pub number: u8,
    /// For the answer, when the session begins with this request.
    pub cookie: Option<HeaderValue>,
}

impl Sticky {
    /// `None` for a header that cannot be one.
    pub fn new(by: &StickyBy, application: &str) -> Option<Sticky> {
        Some(match by {
            StickyBy::Cookie => Sticky::Cookie(format!("crossfade_{}", application.replace('-', "_"))),
            StickyBy::Header(name) => Sticky::Header(HeaderName::from_bytes(name.as_bytes()).ok()?),
            StickyBy::Address => Sticky::Address,
            StickyBy::None => Sticky::None,
        })
    }

    /// A request that is not of any session gets the next card of the deck.
    pub fn session(&self, headers: &HeaderMap, client: IpAddr, deck: &Deck) -> Session {
        let number = match self {
            Sticky::Cookie(name) => match cookie(headers, name) {
                Some(value) => number_of_cookie(value),
                None => return begin(name, deck.draw()),
            },
            Sticky::Header(name) => match headers.get(name).map(HeaderValue::as_bytes) {
                Some(value) if !value.is_empty() => hash(value),
                _ => deck.draw(),
            },
            Sticky::Address => hash(client.to_canonical().to_string().as_bytes()),
            Sticky::None => deck.draw(),
        };
        Session { number, cookie: None }
    }
}

/// A new session. Its cookie says its number: only so are the shares of the clients exact.
fn begin(name: &str, number: u8) -> Session {
    let value =
        format!("{name}={number:02}-{:032x}; Path=/; Max-Age={MAX_AGE}; HttpOnly; SameSite=Lax", fastrand::u128(..));
    Session { number, cookie: HeaderValue::try_from(value).ok() }
}

/// The number that our own cookie says. Any other value, as of a router before, has the number of its hash.
fn number_of_cookie(value: &[u8]) -> u8 {
    match value {
        [ten @ b'0'..=b'9', one @ b'0'..=b'9', b'-', ..] => (ten - b'0') * 10 + (one - b'0'),
        other => hash(other),
    }
}

/// The first value that is not empty of the cookies of this name.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a [u8]> {
    let pairs = headers.get_all(COOKIE).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs
        .filter_map(|pair| pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"="))
        .find(|value| !value.is_empty())
}

/// A hundredth of the range of SHA-256, by the first 8 bytes of it.
fn hash(key: &[u8]) -> u8 {
    let digest = Sha256::digest(key);
    let head = digest.iter().take(8).fold(0u64, |head, byte| head << 8 | u64::from(*byte));
    u8::try_from((u128::from(head) * 100) >> 64).unwrap_or(0)
}

/// The numbers 0 to 99 in random order, again and again: of 100 requests each gets another one, so that shares are
/// exact; and no pattern among the requests meets a pattern among the numbers.
#[derive(Debug)]
pub struct Deck(Mutex<Cards>);

#[derive(Debug)]
struct Cards {
    order: [u8; 100],
    drawn: usize,
}

impl Deck {
    pub fn new() -> Deck {
        let mut order = [0; 100];
        for (n, card) in (0..).zip(&mut order) {
            *card = n;
        }
        Deck(Mutex::new(Cards { order, drawn: 100 }))
    }

    pub fn draw(&self) -> u8 {
        let mut cards = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if cards.drawn == cards.order.len() {
            fastrand::shuffle(&mut cards.order);
            cards.drawn = 0;
        }
        let card = cards.order[cards.drawn];
        cards.drawn += 1;
        card
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn a_hundred_requests_get_a_hundred_numbers() {
        let deck = Deck::new();
        for _ in 0..20 {
            let mut seen = [false; 100];
            (0..100).for_each(|_| seen[usize::from(deck.draw())] = true);
            assert!(seen.iter().all(|seen| *seen));
        }
    }

    #[test]
    fn a_cookie_that_was_set_gives_the_number_it_was_set_for() {
        let (sticky, deck) = (Sticky::new(&StickyBy::Cookie, "my-shop").unwrap(), Deck::new());
        for _ in 0..100 {
            let begun = sticky.session(&HeaderMap::new(), HOME, &deck);
            let set = begun.cookie.unwrap().to_str().unwrap().to_owned();
            let (pair, attributes) = set.split_once("; ").unwrap();
            assert_eq!(attributes, "Path=/; Max-Age=604800; HttpOnly; SameSite=Lax");
            assert!(pair.starts_with("crossfade_my_shop="), "{pair}");
            let back = sticky.session(&headers(&[("cookie", &format!("a=b; {pair}; c=d"))]), HOME, &deck);
            assert_eq!(back.number, begun.number);
            assert!(back.cookie.is_none());
        }
    }

    #[test]
    fn what_makes_a_session() {
        let deck = Deck::new();
        let number = |sticky: &StickyBy, lines: &[(&'static str, &str)], client: &str| {
            let sticky = Sticky::new(sticky, "shop").unwrap();
            sticky.session(&headers(lines), client.parse().unwrap(), &deck).number
        };
        let cookie = |line: &str| number(&StickyBy::Cookie, &[("cookie", line)], "::1");
        assert_eq!(cookie("crossfade_shop=07-abc"), 7);
        assert_eq!(cookie("x=1;crossfade_shop=99-;y=2"), 99);
        // Empty, or the end of another name: not ours. The first of two counts.
        assert_eq!(cookie("crossfade_shop=; xcrossfade_shop=01-a; crossfade_shop=42-b; crossfade_shop=43-b"), 42);
        // A cookie that nginx gave.
        assert_eq!(
            cookie("crossfade_shop=0123456789abcdef0123456789abcdef"),
            hash(b"0123456789abcdef0123456789abcdef")
        );
        let header = StickyBy::Header("X-User".into());
        assert_eq!(number(&header, &[("x-user", "ada")], "::1"), number(&header, &[("x-user", "ada")], "10.0.0.1"));
        let address = |client| number(&StickyBy::Address, &[], client);
        assert_eq!(address("10.1.2.3"), address("::ffff:10.1.2.3"));
        assert!(Sticky::new(&StickyBy::Header("no header".into()), "shop").is_none());
    }

    #[test]
    fn hashes_are_even_and_stay_what_they_are() {
        // Were these to change, sessions would change slots with an upgrade.
        assert_eq!([hash(b""), hash(b"ada"), hash(b"10.1.2.3"), hash(&[0xff; 64])], HASHES);
        let mut counts = [0u32; 100];
        (0..100_000u32).for_each(|n| counts[usize::from(hash(n.to_string().as_bytes()))] += 1);
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
    }

    const HASHES: [u8; 4] = [88, 99, 55, 52];
}
