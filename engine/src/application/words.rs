//! What names, hosts, paths and the like look like. Each check says what is wrong, in half a sentence.

pub(crate) type Check = Result<(), String>;

pub(super) fn must(holds: bool, sentence: impl FnOnce() -> String) -> Check {
    if holds { Ok(()) } else { Err(sentence()) }
}

pub(super) fn not_empty(text: &str) -> Check {
    must(!text.trim().is_empty(), || "must not be empty".to_owned())?;
    must(!text.contains(char::is_control), || "must not hold line ends or other control characters".to_owned())
}

/// Part of container names, folder names and addresses.
pub(crate) fn application_name(text: &str) -> Check {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    must(!text.is_empty() && text.len() <= 40 && text.chars().all(good) && !text.starts_with('-'), || {
        format!("\"{text}\" must be 1 to 40 lower-case letters, digits and `-`, and not begin with `-`")
    })
}

/// The name of an environment variable.
pub(crate) fn variable(text: &str) -> Check {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    must(!text.is_empty() && text.chars().all(good) && !text.starts_with(|c: char| c.is_ascii_digit()), || {
        format!("\"{text}\" must be the name of a variable: letters, digits and `_`, and no digit first, like VERSION")
    })
}

/// What compose takes as the name of a service.
pub(super) fn service_name(text: &str) -> Check {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    must(!text.is_empty() && text.chars().all(good), || {
        "is not the name of a compose service: letters, digits, `.`, `_` and `-`".to_owned()
    })
}

/// A host name as it stands in a request, with `*` for its first label if need be.
pub(crate) fn host(text: &str) -> Check {
    let example = "like api.example.com or *.example.com";
    must(!text.contains("://"), || format!("\"{text}\" must be a host name alone, without `http://`, {example}"))?;
    must(!text.contains(['/', ':']), || {
        format!("\"{text}\" must be a host name alone, without port or path, {example}")
    })?;
    must(text.is_ascii(), || format!("\"{text}\" must be written in ASCII: non-ASCII names have an `xn--` form"))?;
    must(!text.contains(|c: char| c.is_ascii_uppercase()), || {
        format!("\"{text}\" must be in lower case: \"{}\"", text.to_ascii_lowercase())
    })?;
    let label = |label: &str| {
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        (1..=63).contains(&label.len()) && label.chars().all(good) && !label.starts_with('-') && !label.ends_with('-')
    };
    let name = text.strip_prefix("*.").unwrap_or(text);
    must(text.len() <= 253 && name.split('.').all(label), || format!("\"{text}\" is not a host name, {example}"))
}

/// `https://{host}`: how browsers reach any of the hosts.
pub(super) fn url_of_hosts(text: &str) -> Check {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let port = rest.and_then(|rest| rest.strip_prefix("{host}"));
    let is_port = |port: &str| {
        let digits = port.strip_prefix(':').unwrap_or_default();
        digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u16>().is_ok_and(|port| port > 0)
    };
    must(port.is_some_and(|port| port.is_empty() || is_port(port)), || {
        format!("\"{text}\" must say how browsers reach a host, like https://{{host}} or http://{{host}}:8080")
    })
}

/// `ghcr.io`, `registry.example.com:5000`: what stands before the first `/` of an image name.
pub(crate) fn registry_server(text: &str) -> Check {
    let wrong =
        || format!("\"{text}\" must be a host with or without a port, like ghcr.io or registry.example.com:5000");
    let (name, port) = text.rsplit_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
    must(!name.starts_with('*') && host(name).is_ok() && port.is_none_or(is_port), wrong)
}

/// The path of a request.
pub(crate) fn request_path(text: &str) -> Check {
    must(text.starts_with('/') && !text.starts_with("//"), || {
        format!("\"{text}\" must begin with one `/`, like /health: host and port come from the service")
    })?;
    must(!text.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '#' | '\\')), || {
        format!("\"{text}\" must not hold spaces, `#` or `\\`: write them as %20, %23 and %5C")
    })
}

/// A path on this machine that also stands in nginx's configuration. A relative one starts at the application file.
pub(super) fn router_path(text: &str) -> Check {
    not_empty(text)?;
    let special = |c: char| c.is_whitespace() || ";{}\"'\\$#".contains(c);
    must(!text.contains(special), || {
        format!("\"{text}\" must not hold spaces, quotes or any of ; {{ }} \\ $ #: nginx reads them as its own")
    })
}

/// A method of a request, in capitals as they are sent.
pub(super) fn method(text: &str) -> Check {
    must(is_token(text), || format!("\"{text}\" must be a method, like GET or POST"))?;
    must(!text.contains(|c: char| c.is_ascii_lowercase()), || {
        format!("\"{text}\" must be in capitals: \"{}\"", text.to_ascii_uppercase())
    })
}

/// The name of a header.
pub(super) fn header_name(text: &str) -> Check {
    must(is_token(text), || "is not the name of a header: letters, digits and `-`, like X-Request-Id".to_owned())
}

/// The name of a header that nginx can see: it drops those with other characters.
pub(super) fn sticky_header(text: &str) -> Check {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-';
    must(!text.is_empty() && text.chars().all(good), || {
        format!("\"{text}\" is not the name of a header: letters, digits and `-`, like header:X-Account-Id")
    })
}

/// The value of a header.
pub(super) fn header_value(text: &str) -> Check {
    must(text.chars().all(|c| matches!(c, ' '..='~' | '\t')), || {
        "the value of a header must be ASCII, without line ends or control characters".to_owned()
    })
}

/// What nginx listens on.
pub(super) fn listen(text: &str) -> Check {
    let (address, port) = text.rsplit_once(':').map_or((None, text), |(address, port)| (Some(address), port));
    let good = |address: &str| match address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
        None => address == "*" || (!address.starts_with('*') && host(address).is_ok()),
    };
    must(is_port(port) && address.is_none_or(good), || {
        format!("\"{text}\" must be a port, or an address and a port, like \"80\", \"127.0.0.1:8080\" or \"[::]:80\"")
    })
}

/// What Docker takes as the name of a container.
pub(super) fn container(text: &str) -> Check {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    must(text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(good), || {
        format!("\"{text}\" is not the name of a container: letters, digits, `.`, `_` and `-`, like nginx")
    })
}

/// Where an API of a router answers, without encryption.
pub(super) fn api_address(text: &str) -> Check {
    let good = text.rsplit_once(':').is_some_and(|(address, port)| {
        let v6 = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let named = !address.starts_with('*') && host(address).is_ok();
        is_port(port) && v6.map_or(named, |v6| v6.parse::<std::net::Ipv6Addr>().is_ok())
    });
    must(good, || format!("\"{text}\" must be a host and a port, like \"localhost:2019\""))
}

/// The name of an entry point of Traefik.
pub(super) fn entry_point(text: &str) -> Check {
    let good = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    must(!text.is_empty() && text.chars().all(good), || {
        format!("\"{text}\" must be the name of an entry point: letters, digits, `.`, `_` and `-`, like web")
    })
}

/// The name of a metric, as people read it.
pub(super) fn metric_name(text: &str) -> Check {
    not_empty(text)?;
    must(text.chars().count() <= 60, || "is a short name: at most 60 characters".to_owned())
}

/// Where a name server is.
pub(super) fn name_server(text: &str) -> Check {
    let with_port = text.parse::<std::net::SocketAddr>().is_ok_and(|address| address.port() > 0);
    must(with_port || text.parse::<std::net::IpAddr>().is_ok(), || {
        format!("\"{text}\" must be an address, with or without a port, like \"127.0.0.1:5353\" or \"192.0.2.53\"")
    })
}

/// The name of a rule that looks through SQL.
pub(super) fn rule(text: &str) -> Check {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    must(!text.is_empty() && text.chars().all(good), || {
        format!("\"{text}\" must be the name of a rule: lower-case letters, digits and `-`, like adding-required-field")
    })
}

/// `env:NAME`, `file:PATH` or plain text.
pub(super) fn secret(text: &str) -> Check {
    must(!text.is_empty(), || "must not be empty".to_owned())?;
    if let Some(name) = text.strip_prefix("env:") {
        return variable(name).map_err(|sentence| format!("after `env:`, {sentence}"));
    }
    if let Some(path) = text.strip_prefix("file:") {
        must(!path.trim().is_empty() && !path.contains(char::is_control), || {
            "after `file:` comes the path of a file, like file:/run/secrets/token".to_owned()
        })?;
    }
    Ok(())
}

pub(super) fn is_port(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// A `token` of RFC 9110, section 5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(check: fn(&str) -> Check, good: &[&str], bad: &[&str]) {
        good.iter().for_each(|text| assert_eq!(check(text), Ok(()), "{text:?}"));
        bad.iter().for_each(|text| assert!(check(text).is_err(), "{text:?}"));
    }

    #[test]
    fn names() {
        let (forty, more) = ("a".repeat(40), "a".repeat(41));
        table(application_name, &["a", "0-9", "hop-whistle", &forty], &["", "-a", "A", "a_b", "a.b", "é", &more]);
        table(variable, &["VERSION", "_x1"], &["", "1A", "A-B", "A B", "É"]);
        table(service_name, &["api", "Web_1.x-y"], &["", "a b", "a/b", "é"]);
        table(container, &["nginx", "Edge_1.x-y"], &["", "-x", ".x", "a b", "a/b", "é"]);
        table(method, &["GET", "M-SEARCH"], &["", "get", "GET /", "GÉT"]);
        table(header_name, &["x-a", "X_y"], &["", "a b", "a:", "é"]);
        table(sticky_header, &["X-Account-Id"], &["", "x_y", "x.y", "a b"]);
        table(header_value, &["", "a b\tc"], &["a\nb", "é", "\u{7f}"]);
    }

    #[test]
    fn hosts_and_addresses() {
        let long = format!("{}.com", "a".repeat(64));
        table(
            host,
            &["localhost", "api.example.com", "*.example.com", "127.0.0.1", "xn--bcher-kva.example"],
            &[
                "",
                "*",
                "*.",
                "a.*.com",
                "*a.com",
                "-a.com",
                "a-.com",
                "a..com",
                "a.com.",
                "A.com",
                "a_b.com",
                "bücher.de",
                "http://a.com",
                "a.com:80",
                "a.com/x",
                "a b",
                &long,
            ],
        );
        table(
            registry_server,
            &["ghcr.io", "localhost:5000"],
            &["", "https://ghcr.io", "ghcr.io/me", "a:0", "a:b", "*.a.io"],
        );
        table(
            listen,
            &["80", "127.0.0.1:8080", "[::]:80", "*:80", "localhost:81"],
            &["", "0", "65536", "+80", "a", "80 ssl", "[::]", "[x]:80", ":80", "80;", "::1:80"],
        );
        table(
            api_address,
            &["localhost:2019", "10.0.0.1:80", "[::1]:8080"],
            &["", "2019", ":2019", "*:1", "*.a.com:1", "a:0", "http://a:1", "a:1/x", "::1:1", "unix:/x"],
        );
        table(entry_point, &["web", "web-secure_1.x"], &["", "a b", "a@b", "é", "a,b"]);
    }

    #[test]
    fn metrics() {
        let (sixty, more) = ("é".repeat(60), "é".repeat(61));
        table(metric_name, &["a", "error rate, 5xx", &sixty], &["", " ", "a\nb", &more]);
        table(rule, &["adding-required-field", "1"], &["", "A", "a b", "a_b"]);
        table(
            name_server,
            &["127.0.0.1:53", "[::1]:5353", "127.0.0.1", "::1"],
            &["", "127.0.0.1:0", "localhost:53", "localhost", "1.2.3.4:70000", "1.2.3", "127.0.0.1:"],
        );
    }

    #[test]
    fn paths() {
        table(request_path, &["/", "/a?b={c}&d=%20"], &["", "a", "//evil.com", "/a b", "/a#b", "/a\nb", "/\\evil.com"]);
        table(router_path, &["/etc/nginx/conf.d", "../nginx/run"], &["", " ", "/a b", "/a;b", "/a\"b", "/$x", "/a\n"]);
        table(secret, &["plain", "env:A_B", "file:/run/x"], &["", "env:", "env:A B", "file:", "file: "]);
    }
}
