//! Which host a request is for.

use hyper::header::{HOST, HeaderValue};
use hyper::{Request, Version};

/// What a request says about its host.
#[derive(Debug, PartialEq, Eq)]
pub struct Host {
    /// As it was said, with its port.
    pub said: HeaderValue,
    /// In lower case, without port and final dot. Empty when HTTP/1.0 named none.
    pub name: String,
}

/// The request names no host, several, or something that is none: `400 Bad Request`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoHost;

/// The host of the request's target counts when it names one, then the header.
/// Source: <https://www.rfc-editor.org/rfc/rfc9112#section-3.2>.
pub fn of<B>(request: &Request<B>) -> Result<Host, NoHost> {
    let mut lines = request.headers().get_all(HOST).iter();
    let header = lines.next();
    if lines.next().is_some() {
        return Err(NoHost);
    }
    let target = request.uri().authority().map(|authority| authority.as_str());
    let said = match (target, header) {
        // A request that would be for one host here and for another one behind us.
        (Some(target), Some(header))
            if request.version() == Version::HTTP_2 && header.as_bytes() != target.as_bytes() =>
        {
            return Err(NoHost);
        }
        (Some(_), None) if request.version() == Version::HTTP_11 => return Err(NoHost),
        (Some(target), _) => HeaderValue::from_str(target).map_err(|_| NoHost)?,
        (None, Some(header)) => header.clone(),
        (None, None) if request.version() < Version::HTTP_11 => HeaderValue::from_static(""),
        (None, None) => return Err(NoHost),
    };
    let name = name(said.to_str().map_err(|_| NoHost)?)?;
    Ok(Host { said, name })
}

fn name(said: &str) -> Result<String, NoHost> {
    let host = match said.strip_prefix('[') {
        // An IPv6 address: never routed, but a host.
        Some(rest) => {
            let (address, port) = rest.split_once(']').ok_or(NoHost)?;
            address.parse::<std::net::Ipv6Addr>().map_err(|_| NoHost)?;
            if !(port.is_empty() || port.strip_prefix(':').is_some_and(is_port)) {
                return Err(NoHost);
            }
            return Ok(format!("[{address}]"));
        }
        None => match said.split_once(':') {
            Some((host, port)) if is_port(port) => host,
            Some(_) => return Err(NoHost),
            None => said,
        },
    };
    let fits = host.len() <= 254 && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if !fits || (host.is_empty() && !said.is_empty()) {
        return Err(NoHost);
    }
    Ok(host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase())
}

fn is_port(port: &str) -> bool {
    port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(version: Version, target: &str, headers: &[&str]) -> Result<String, NoHost> {
        let mut request = Request::builder().version(version).uri(target);
        for header in headers {
            request = request.header(HOST, *header);
        }
        of(&request.body(()).unwrap()).map(|host| host.name)
    }

    #[test]
    fn hosts_are_read() {
        for (said, name) in [
            ("example.com", Ok("example.com")),
            ("EXAMPLE.com.:8080", Ok("example.com")),
            ("example.com:", Ok("example.com")),
            ("[::1]:80", Ok("[::1]")),
            ("my_host", Ok("my_host")),
            ("", Ok("")),
            (":80", Err(NoHost)),
            ("a b", Err(NoHost)),
            ("a@b", Err(NoHost)),
            ("a/b", Err(NoHost)),
            ("a:b", Err(NoHost)),
            ("a:1:2", Err(NoHost)),
            ("[::1", Err(NoHost)),
            ("[x]", Err(NoHost)),
            ("[::1]x", Err(NoHost)),
            ("a,b", Err(NoHost)),
            ("a%2fb", Err(NoHost)),
        ] {
            assert_eq!(host(Version::HTTP_11, "/", &[said]), name.map(str::to_owned), "{said}");
        }
    }

    #[test]
    fn one_host_and_no_other() {
        let (one, two, ten) = (Version::HTTP_11, Version::HTTP_2, Version::HTTP_10);
        for (version, target, headers, name) in [
            (one, "/", vec![], Err(NoHost)),
            (one, "/", vec!["a.com", "a.com"], Err(NoHost)),
            (one, "http://a.com/", vec!["a.com"], Ok("a.com")),
            // The target counts; RFC 9112 has it so.
            (one, "http://a.com/", vec!["b.com"], Ok("a.com")),
            (one, "http://a.com/", vec![], Err(NoHost)),
            (one, "http://u:p@a.com/", vec!["a.com"], Err(NoHost)),
            (two, "https://a.com/", vec![], Ok("a.com")),
            (two, "https://a.com/", vec!["a.com"], Ok("a.com")),
            (two, "https://a.com/", vec!["b.com"], Err(NoHost)),
            (ten, "/", vec![], Ok("")),
            (ten, "/", vec!["a.com"], Ok("a.com")),
        ] {
            let expected = name.map(str::to_owned);
            assert_eq!(host(version, target, &headers), expected, "{version:?} {target} {headers:?}");
        }
    }
}
