//! Which host names are in public DNS, and what to ask for them.

use hickory_net::proto::rr::Name;
use std::net::IpAddr;

/// Top-level names that public DNS does not hold: RFC 6761, 6762, 7686, 8375, 9476, and ICANN's decision of 2024 on
/// `internal`. `example.com` and its like are in DNS; only the top-level `example` is not.
const NOT_PUBLIC: [&str; 8] = ["localhost", "test", "invalid", "example", "internal", "local", "onion", "alt"];

/// Stands for every name that a wildcard matches.
const ANY_LABEL: &str = "crossfade-asks-for-any-name";

/// The name to ask for, or why DNS has nothing to say about this host.
pub(super) fn in_dns(host: &str) -> Result<Name, String> {
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return Err("an address, not a name".to_owned());
    }
    let lower = host.to_ascii_lowercase();
    let Some((rest, last)) = lower.rsplit_once('.') else {
        return Err("a name of one label, which is not in public DNS".to_owned());
    };
    if NOT_PUBLIC.contains(&last) {
        return Err(format!("names under .{last} are not in public DNS"));
    }
    if last == "arpa" && (rest == "home" || rest.ends_with(".home")) {
        return Err("names under .home.arpa are not in public DNS".to_owned());
    }
    let asked = match lower.strip_prefix("*.") {
        Some(rest) => format!("{ANY_LABEL}.{rest}."),
        None => format!("{lower}."),
    };
    // With the dot at the end nobody appends a search domain.
    Name::from_ascii(&asked).map_err(|error| format!("not a name that DNS can hold ({error})"))
}

/// As people write it: without the dot at the end.
pub(crate) fn plain(name: &Name) -> String {
    let text = name.to_lowercase().to_ascii();
    text.strip_suffix('.').map_or_else(|| text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_names_are_asked_for() {
        for (host, asked) in [
            ("shop.example.com", "shop.example.com."),
            ("Shop.Example.com.", "shop.example.com."),
            ("xn--bcher-kva.de", "xn--bcher-kva.de."),
            ("test.de", "test.de."),
            ("athome.arpa", "athome.arpa."),
            ("*.example.com", "crossfade-asks-for-any-name.example.com."),
        ] {
            assert_eq!(in_dns(host).unwrap().to_ascii(), asked, "{host}");
            assert_eq!(format!("{}.", plain(&in_dns(host).unwrap())), asked);
        }
    }

    #[test]
    fn others_are_not() {
        for (host, why) in [
            ("127.0.0.1", "an address"),
            ("[::1]", "an address"),
            ("2001:db8::1", "an address"),
            ("shop", "one label"),
            ("localhost", "one label"),
            ("shop.localhost", "under .localhost"),
            ("shop.test", "under .test"),
            ("*.shop.TEST.", "under .test"),
            ("a.b.invalid", "under .invalid"),
            ("xn--bcher-kva.example", "under .example"),
            ("db.internal", "under .internal"),
            ("printer.local", "under .local"),
            ("nas.home.arpa", "under .home.arpa"),
            ("a..com", "not a name that DNS can hold"),
            ("", "one label"),
        ] {
            let said = in_dns(host).expect_err(host);
            assert!(said.contains(why), "{host}: {said}");
        }
    }
}
