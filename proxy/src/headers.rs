//! Headers on their way: what is for one connection alone stays behind, and a service learns who asks.

use crate::host::Host;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, Entry, HOST, HeaderName, HeaderValue, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE,
};
use hyper::{HeaderMap, Version};
use std::net::IpAddr;

/// Between two programs only, whatever `Connection` says.
/// Source: <https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1>; `HTTP2-Settings`: RFC 7540, 3.2.1.
const HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("http2-settings"),
];

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// What a request wants its connection to become (`websocket`), when that can be asked of a service. HTTP/2 inside
/// another request is never: it would pass requests that nobody looks at.
pub fn wanted_upgrade(version: Version, headers: &HeaderMap) -> Option<HeaderValue> {
    let asked = version == Version::HTTP_11 && tokens(headers, &CONNECTION).any(|token| token == "upgrade");
    let mut lines = headers.get_all(UPGRADE).iter();
    let wanted = lines.next().filter(|_| asked && lines.next().is_none())?;
    let http = wanted.to_str().ok()?.split(',').any(|protocol| {
        let protocol = protocol.trim().to_ascii_lowercase();
        protocol.starts_with("h2") || protocol.starts_with("http")
    });
    (!http).then(|| wanted.clone())
}

/// Makes a client's headers those of the request to a service.
pub fn to_service(headers: &mut HeaderMap, host: &Host, client: IpAddr, secure: bool, upgrade: Option<&HeaderValue>) {
    let trailers = tokens(headers, &TE).any(|token| token == "trailers");
    remove_hop_by_hop(headers);
    remove_look_alikes(headers);
    // Answered here, as soon as the service takes the body.
    headers.remove(EXPECT);
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    if let Some(protocol) = upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol.clone());
    }
    join_cookies(headers);
    headers.insert(HOST, host.said.clone());
    headers.insert(X_FORWARDED_HOST, host.said.clone());
    headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static(if secure { "https" } else { "http" }));
    let client = client.to_canonical().to_string();
    let before: Vec<&[u8]> = headers.get_all(X_FORWARDED_FOR).iter().map(HeaderValue::as_bytes).collect();
    let chain = [before, vec![client.as_bytes()]].concat().join(&b", "[..]);
    if let Ok(chain) = HeaderValue::from_bytes(&chain) {
        headers.insert(X_FORWARDED_FOR, chain);
    }
    if let Ok(client) = HeaderValue::from_str(&client) {
        headers.insert(X_REAL_IP, client);
    }
}

/// Makes a service's headers those of the answer to a client.
pub fn to_client(headers: &mut HeaderMap) {
    remove_hop_by_hop(headers);
}

/// HTTP/2 sends each cookie in a line of its own, HTTP/1.1 all in one.
/// Source: <https://www.rfc-editor.org/rfc/rfc9113#section-8.2.3>.
fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(COOKIE).iter().count() > 1 {
        let lines: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
        if let Ok(all) = HeaderValue::from_bytes(&lines.join(&b"; "[..])) {
            headers.insert(COOKIE, all);
        }
    }
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> =
        tokens(headers, &CONNECTION).filter_map(|token| HeaderName::from_bytes(token.as_bytes()).ok()).collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        // The length is the body's, whatever a `Connection` says.
        if *name != CONTENT_LENGTH
            && let Entry::Occupied(entry) = headers.entry(name)
        {
            entry.remove_entry_mult();
        }
    }
}

/// Programs that turn headers into variables (CGI, WSGI) take `_` for `-`: such a header would stand for the one that
/// is ours to set, or that the body's length depends on.
fn remove_look_alikes(headers: &mut HeaderMap) {
    let ours = [
        HOST,
        CONTENT_LENGTH,
        TRANSFER_ENCODING,
        CONNECTION,
        X_FORWARDED_FOR,
        X_FORWARDED_PROTO,
        X_FORWARDED_HOST,
        X_REAL_IP,
    ];
    let alike = |name: &&HeaderName| {
        name.as_str().contains('_') && ours.iter().any(|ours| ours.as_str() == name.as_str().replace('_', "-"))
    };
    let alike: Vec<HeaderName> = headers.keys().filter(alike).cloned().collect();
    for name in alike {
        headers.remove(name);
    }
}

/// The members of a list, in lower case.
fn tokens(headers: &HeaderMap, name: &HeaderName) -> impl Iterator<Item = String> {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|token| token.trim().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).fold(
            HeaderMap::new(),
            |mut headers, (name, value)| {
                headers.append(name, value);
                headers
            },
        )
    }

    fn sent(lines: &[(&'static str, &'static str)], upgrade: Option<&'static str>) -> HeaderMap {
        let mut headers = headers(lines);
        let host = Host { said: HeaderValue::from_static("Example.com:8080"), name: "example.com".into() };
        let upgrade = upgrade.map(HeaderValue::from_static);
        to_service(&mut headers, &host, "::ffff:10.1.2.3".parse().unwrap(), true, upgrade.as_ref());
        headers
    }

    #[test]
    fn what_is_for_one_connection_stays_behind() {
        let headers = sent(
            &[
                ("connection", "keep-alive, X-Private"),
                ("connection", "content-length, host, x-forwarded-for"),
                ("keep-alive", "timeout=5"),
                ("x-private", "1"),
                ("x-private", "2"),
                ("te", "gzip, trailers"),
                ("trailer", "x-sum"),
                ("transfer-encoding", "chunked"),
                ("content-length", "5"),
                ("proxy-authorization", "Basic eDp5"),
                ("http2-settings", "AAMAAABkAAQAoAAAAAIAAAAA"),
                ("upgrade", "h2c"),
                ("expect", "100-continue"),
                ("content_length", "6"),
                ("transfer_encoding", "chunked"),
                ("x_forwarded-for", "6.6.6.6"),
                ("x_kept", "1"),
                ("x-kept", "1"),
            ],
            None,
        );
        let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        let expected = [
            "content-length",
            "host",
            "te",
            "trailer",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-proto",
            "x-kept",
            "x-real-ip",
            "x_kept",
        ];
        assert_eq!(names, expected);
        assert_eq!(headers["te"], "trailers");
    }

    #[test]
    fn a_service_learns_who_asks() {
        let headers = sent(
            &[
                ("host", "other.com"),
                ("x-forwarded-for", "1.1.1.1"),
                ("x-forwarded-for", "2.2.2.2"),
                ("x-forwarded-proto", "ftp"),
                ("x-real-ip", "6.6.6.6"),
                ("cookie", "a=1"),
                ("cookie", "b=2"),
            ],
            Some("websocket"),
        );
        for (name, value) in [
            ("host", "Example.com:8080"),
            ("x-forwarded-host", "Example.com:8080"),
            ("x-forwarded-for", "1.1.1.1, 2.2.2.2, 10.1.2.3"),
            ("x-forwarded-proto", "https"),
            ("x-real-ip", "10.1.2.3"),
            ("cookie", "a=1; b=2"),
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
        ] {
            let values: Vec<_> = headers.get_all(name).iter().collect();
            assert_eq!(values, [value], "{name}");
        }
    }

    #[test]
    fn upgrades_that_are_asked_of_a_service() {
        let (eleven, ten) = (Version::HTTP_11, Version::HTTP_10);
        let websocket = Some("websocket");
        for (version, lines, wanted) in [
            (eleven, vec![("connection", "Upgrade"), ("upgrade", "websocket")], websocket),
            (eleven, vec![("connection", "keep-alive, upgrade"), ("upgrade", "websocket")], websocket),
            (eleven, vec![("upgrade", "websocket")], None),
            (eleven, vec![("connection", "upgrade")], None),
            (ten, vec![("connection", "upgrade"), ("upgrade", "websocket")], None),
            (eleven, vec![("connection", "upgrade"), ("upgrade", "h2c")], None),
            (eleven, vec![("connection", "upgrade"), ("upgrade", "websocket, H2C")], None),
            (eleven, vec![("connection", "upgrade"), ("upgrade", "HTTP/2.0")], None),
            (eleven, vec![("connection", "upgrade"), ("upgrade", "websocket"), ("upgrade", "h2c")], None),
        ] {
            let got = wanted_upgrade(version, &headers(&lines));
            assert_eq!(got.as_ref().map(|value| value.to_str().unwrap()), wanted, "{version:?} {lines:?}");
        }
    }
}
