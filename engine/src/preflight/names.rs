//! How long the world keeps the addresses of the hosts.

use crate::definition::Definition;
use crate::dns::{self, Resolver};
use rollout::check::{Check, Level};
use std::collections::BTreeSet;

pub(super) async fn look(definition: &Definition) -> Vec<Check> {
    let name = "DNS TTL";
    let requires = &definition.application.requires;
    let resolver = match requires.name_servers.is_empty() {
        true => Resolver::system(),
        false => Resolver::new(&requires.name_servers),
    };
    let resolver = match resolver {
        Ok(resolver) => resolver,
        Err(why) => return vec![Check::warning(name, why)],
    };
    let limit = u32::try_from(requires.dns_ttl.0 / 1_000).unwrap_or(u32::MAX);
    let hosts: BTreeSet<&str> = definition.routed().flat_map(|(.., hosts)| hosts).map(String::as_str).collect();
    let asked = hosts.into_iter().map(|host| {
        let resolver = &resolver;
        async move { dns::judge(host, &dns::ttl(resolver, host).await, limit) }
    });
    let answers = futures::future::join_all(asked).await;
    // One line for all that is well; those that are not, one by one.
    let (well, others): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(level, _)| *level == Level::Ok);
    let well = well.into_iter().map(|(_, said)| said).collect::<Vec<_>>().join("; ");
    let well = (!well.is_empty()).then(|| Check::ok(name, well));
    well.into_iter()
        .chain(others.into_iter().map(|(level, said)| Check { name: name.to_owned(), level, said }))
        .collect()
}
