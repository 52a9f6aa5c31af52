//! The secrets that an application file names.

use super::{Mask, resolve};
use rollout::application::{Application, Body, Secret};
use rollout::router::{Provider, RouterKind};
use rollout::runtime::RuntimeKind;

impl Mask {
    /// Every secret that the application file names and that is there; one that is not is spoken of where it is used.
    pub(crate) fn of(application: &Application) -> Mask {
        let mut mask = Mask::new();
        let mut add = |secret: &Secret| {
            if !matches!(secret, Secret::Plain(_))
                && let Ok(value) = resolve(secret)
            {
                mask.add(&value);
            }
        };
        if let Some(registry) = &application.registry {
            add(&registry.password);
        }
        match &application.traffic.router {
            RouterKind::DigitalOcean(balancer) => add(&balancer.token),
            RouterKind::Dns(dns) => match &dns.provider {
                Provider::Update(update) => add(&update.secret),
            },
            RouterKind::Nginx(_)
            | RouterKind::Haproxy(_)
            | RouterKind::Embedded(_)
            | RouterKind::Caddy(_)
            | RouterKind::Traefik(_) => {}
        }
        if let RuntimeKind::Process(programs) = &application.runtime {
            programs.values().flat_map(|program| program.environment.values()).for_each(&mut add);
        }
        for test in &application.smoke {
            test.headers.values().for_each(|value| add(&Secret::parse(value)));
            if let Body::Json(text) = &test.body
                && let Ok(json) = serde_json::from_str(text)
            {
                strings(&json, &mut |text| add(&Secret::parse(text)));
            }
        }
        mask
    }
}

fn strings(json: &serde_json::Value, each: &mut impl FnMut(&str)) {
    match json {
        serde_json::Value::String(text) => each(text),
        serde_json::Value::Array(items) => items.iter().for_each(|item| strings(item, each)),
        serde_json::Value::Object(fields) => fields.values().for_each(|field| strings(field, each)),
        _ => {}
    }
}
