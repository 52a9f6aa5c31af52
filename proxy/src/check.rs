//! What cannot be routed, in sentences.

use crate::wire::Application;
use hyper::header::HeaderName;
use rollout::application::StickyBy;
use std::collections::BTreeSet;
use std::net::SocketAddr;

/// Sees that an application can be served.
///
/// # Errors
/// What is wrong with it, and what was expected.
pub fn check(application: &Application) -> Result<(), String> {
    let name = &application.name;
    let fits = (1..=63).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !fits {
        return Err(wrong("the application's name", name, "1 to 63 lower-case letters, digits and `-`"));
    }
    if let StickyBy::Header(header) = &application.sticky_by
        && HeaderName::from_bytes(header.as_bytes()).is_err()
    {
        return Err(wrong("the header to be sticky by", header, "a header's name like X-User"));
    }
    if application.services.is_empty() {
        return Err(format!("there is nothing to route: the application {name} needs at least one routed service"));
    }
    let mut services = BTreeSet::new();
    for service in &application.services {
        let mut bytes = service.name.bytes();
        let fits = service.name.len() <= 63
            && bytes.next().is_some_and(|b| b.is_ascii_alphanumeric())
            && bytes.all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if !fits {
            return Err(wrong("the service", &service.name, "1 to 63 letters, digits, `.`, `_` and `-`"));
        }
        if !services.insert(service.name.to_lowercase()) {
            return Err(wrong("the service", &service.name, "each service once (case does not count)"));
        }
        if service.hosts.is_empty() {
            return Err(format!("the service {} has no host names: expected at least one", service.name));
        }
        service.hosts.iter().try_for_each(|host| check_host(host))?;
        [service.blue, service.green].into_iter().try_for_each(check_address)?;
        // One address for both would send the live slot's traffic to the standby unseen.
        if service.blue == service.green {
            return Err(wrong("the address", &service.blue.to_string(), "another address in each slot"));
        }
    }
    Ok(())
}

fn check_host(host: &str) -> Result<(), String> {
    let name = host.strip_prefix("*.").unwrap_or(host);
    let label_fits = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if host.len() > 253 || !name.split('.').all(label_fits) {
        let expected = "a name like api.example.com or *.example.com, without port or path";
        return Err(wrong("the host name", host, expected));
    }
    Ok(())
}

fn check_address(address: SocketAddr) -> Result<(), String> {
    if address.port() == 0 {
        return Err(wrong("the address", &address.to_string(), "a port from 1 to 65535"));
    }
    if address.ip().is_unspecified() {
        return Err(wrong("the address", &address.to_string(), "an address that can be connected to"));
    }
    Ok(())
}

fn wrong(what: &str, value: &str, expected: &str) -> String {
    format!("{what} `{}` cannot be used: expected {expected}", value.escape_debug())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::wire::Service;

    pub fn service(name: &str, hosts: &[&str], port: u16) -> Service {
        Service {
            name: name.into(),
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            blue: SocketAddr::from(([127, 0, 0, 1], port)),
            green: SocketAddr::from(([127, 0, 0, 1], port + 1)),
        }
    }

    pub fn application(name: &str, services: Vec<Service>) -> Application {
        Application { name: name.into(), sticky_by: StickyBy::Cookie, services, log: None }
    }

    #[test]
    fn what_cannot_be_routed_is_told() {
        let good = application("shop", vec![service("api", &["api.example.com", "*.example.com"], 3000)]);
        assert_eq!(check(&good), Ok(()));
        let with = |change: fn(&mut Application)| {
            let mut application = good.clone();
            change(&mut application);
            check(&application).unwrap_err()
        };
        for (sentence, said) in [
            ("the application's name `Shop`", with(|a| a.name = "Shop".into())),
            ("the application's name ``", with(|a| a.name = String::new())),
            ("the application's name `a\\r\\nb`", with(|a| a.name = "a\r\nb".into())),
            ("sticky by `X User`", with(|a| a.sticky_by = StickyBy::Header("X User".into()))),
            ("nothing to route", with(|a| a.services.clear())),
            ("the service `-api`", with(|a| a.services[0].name = "-api".into())),
            ("each service once", with(|a| a.services.push(service("API", &["x.example.com"], 4000)))),
            ("no host names", with(|a| a.services[0].hosts.clear())),
            ("the host name `example.com:80`", with(|a| a.services[0].hosts = vec!["example.com:80".into()])),
            ("the host name `a.*.com`", with(|a| a.services[0].hosts = vec!["a.*.com".into()])),
            ("a port from 1", with(|a| a.services[0].blue.set_port(0))),
            ("can be connected to", with(|a| a.services[0].blue.set_ip([0, 0, 0, 0].into()))),
            ("another address in each slot", with(|a| a.services[0].green = a.services[0].blue)),
        ] {
            assert!(said.contains(sentence), "{said} / {sentence}");
        }
    }
}
