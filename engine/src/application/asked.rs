//! What is asked of Prometheus, and of those who write its text: selectors, queries, servers. Each check says what is
//! wrong, in half a sentence.

use super::words::{Check, is_port, must};
use crate::telemetry::prometheus::selector;

/// `name` or `name{label="value"}`, as in PromQL.
pub(super) fn selector(text: &str) -> Check {
    match selector::parse(text) {
        Ok(_) => Ok(()),
        Err(why) => Err(format!("\"{text}\" selects no series: {why}")),
    }
}

/// A histogram: the selector without `_bucket`.
pub(super) fn histogram(text: &str) -> Check {
    selector(text)?;
    let name = text.split('{').next().unwrap_or_default();
    must(!name.ends_with("_bucket"), || {
        format!(
            "\"{text}\" must be the name of the histogram, without `_bucket`: \"{}\"",
            text.replacen("_bucket", "", 1)
        )
    })
}

/// The address of an HTTP server, perhaps with a path before its own.
pub(super) fn server(text: &str) -> Check {
    // First of all, so that no sentence below repeats it.
    let after_scheme = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = after_scheme.split('/').next().unwrap_or_default();
    must(!authority.contains('@'), || {
        "a password does not stand in the file: write the address without it".to_owned()
    })?;
    must(text.starts_with("http://") || text.starts_with("https://"), || {
        format!("\"{text}\" must begin with http:// or https://, like http://127.0.0.1:9090")
    })?;
    let (name, port) = match authority.rsplit_once(':') {
        // The colons in brackets are those of an address.
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (authority, None),
    };
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let is_name = match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !name.is_empty() && name.chars().all(good),
    };
    let special = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '?' | '#' | '\\');
    must(is_name && port.is_none_or(is_port) && !after_scheme.contains(special), || {
        format!(
            "\"{text}\" is not the address of a server, like http://127.0.0.1:9090 or https://example.com/prometheus"
        )
    })
}

/// A query, which may have several lines.
pub(super) fn query(text: &str) -> Check {
    must(!text.trim().is_empty(), || "must not be empty".to_owned())?;
    let strange = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    must(!text.contains(strange), || "must not hold control characters".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(check: fn(&str) -> Check, good: &[&str], bad: &[&str]) {
        good.iter().for_each(|text| assert_eq!(check(text), Ok(()), "{text:?}"));
        bad.iter().for_each(|text| assert!(check(text).is_err(), "{text:?}"));
    }

    #[test]
    fn selectors_and_histograms() {
        table(
            selector,
            &["up", "a:b_1", "up{}", "http_requests_total{status=~\"5..\",path=\"/{id}\"}"],
            &["", "{a=\"b\"}", "1a", "a b", "a-b", "rate(up[1m])", "up{a=\"b\"", "up[1m]", "é"],
        );
        table(histogram, &["seconds", "seconds{le=\"_bucket\"}"], &["seconds_bucket", "seconds_bucket{a=\"b\"}", ""]);
    }

    #[test]
    fn servers_and_queries() {
        table(
            server,
            &[
                "http://127.0.0.1:9090",
                "https://Prometheus.example.com/a/b",
                "http://my_prometheus",
                "http://[::1]",
                "http://[::1]:9090/",
            ],
            &[
                "",
                "127.0.0.1:9090",
                "ftp://a",
                "http://",
                "http:///a",
                "http://:9090",
                "http://me:secret@a",
                "http://a:0",
                "http://a:b",
                "http://a b",
                "http://a/b c",
                "http://a/?b",
                "http://a#b",
                "http://[x]",
                "http://::1:9090",
            ],
        );
        assert!(!server("me:secret@localhost").unwrap_err().contains("secret"));
        table(query, &["a\n\tb", "é"], &["", "\n", "a\0"]);
    }
}
