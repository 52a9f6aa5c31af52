//! In which order services start.

use super::model::Compose;
use std::collections::{BTreeMap, BTreeSet};

/// Services that wait for each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("services wait for each other: {} depends on {}", .services.join(" depends on "), .services[0])]
pub struct Cycle {
    /// Each depends on the next, the last on the first. Never empty.
    services: Vec<String>,
}

impl Cycle {
    /// Each depends on the next, the last on the first.
    pub fn services(&self) -> &[String] {
        &self.services
    }
}

/// Every service after those it depends on; otherwise by name, so that it is always the same order.
///
/// # Errors
/// When there is no such order. A file that was read without problems has one.
pub fn start_order(compose: &Compose) -> Result<Vec<String>, Cycle> {
    order(compose.services.iter().map(|(name, service)| (name.as_str(), service.depends_on.keys().map(String::as_str))))
}

/// The same, of names and what each waits for. A name that is not there is not waited for.
pub(super) fn order<'a, W>(services: impl IntoIterator<Item = (&'a str, W)>) -> Result<Vec<String>, Cycle>
where
    W: IntoIterator<Item = &'a str>,
{
    let mut waits: BTreeMap<&str, BTreeSet<&str>> =
        services.into_iter().map(|(name, waits)| (name, waits.into_iter().collect())).collect();
    let names: BTreeSet<&str> = waits.keys().copied().collect();
    let mut waited_for: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, needs) in &mut waits {
        needs.retain(|need| names.contains(need));
        for need in needs.iter() {
            waited_for.entry(need).or_default().push(name);
        }
    }
    let mut ready: BTreeSet<&str> = waits.iter().filter(|(_, needs)| needs.is_empty()).map(|(name, _)| *name).collect();
    let mut order = Vec::new();
    while let Some(name) = ready.pop_first() {
        order.push(name.to_owned());
        waits.remove(name);
        for waiting in waited_for.remove(name).unwrap_or_default() {
            if let Some(needs) = waits.get_mut(waiting)
                && needs.remove(name)
                && needs.is_empty()
            {
                ready.insert(waiting);
            }
        }
    }
    // Whatever is left waits for something that is left: following it comes round.
    match waits.keys().next() {
        None => Ok(order),
        Some(first) => Err(cycle(first, &waits)),
    }
}

fn cycle(first: &str, waits: &BTreeMap<&str, BTreeSet<&str>>) -> Cycle {
    let mut path = vec![first];
    let mut places = BTreeMap::from([(first, 0)]);
    while let Some(next) = path.last().and_then(|last| waits.get(last)).and_then(|needs| needs.first()) {
        if let Some(start) = places.get(next) {
            path.drain(..*start);
            break;
        }
        places.insert(next, path.len());
        path.push(next);
    }
    Cycle { services: path.into_iter().map(str::to_owned).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(services: &[(&'static str, &[&'static str])]) -> Result<String, String> {
        let services = services.iter().map(|(name, waits)| (*name, waits.iter().copied()));
        order(services).map(|order| order.join(" ")).map_err(|cycle| cycle.to_string())
    }

    #[test]
    fn services_come_after_what_they_need() {
        for (services, expected) in [
            (&[][..], ""),
            (&[("b", &[][..]), ("a", &[])], "a b"),
            (&[("api", &["db", "cache"]), ("web", &["api"]), ("db", &[]), ("cache", &["db"])], "db cache api web"),
            (&[("a", &["gone"])], "a"),
        ] {
            assert_eq!(of(services).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn cycles_are_named() {
        for (services, expected) in [
            (&[("a", &["a"][..])][..], "a depends on a"),
            (&[("a", &["b"]), ("b", &["c"]), ("c", &["b"]), ("d", &[])], "b depends on c depends on b"),
        ] {
            assert_eq!(of(services), Err(format!("services wait for each other: {expected}")));
        }
    }

    #[test]
    fn a_long_chain_is_no_trouble() {
        let names: Vec<String> = (0..20_000).map(|i| format!("s{i:05}")).collect();
        let services = names.windows(2).map(|pair| (pair[0].as_str(), vec![pair[1].as_str()]));
        assert_eq!(order(services).unwrap().len(), 19_999);
    }
}
