//! Is a slot well? One look, as health checks, shifts and roll backs take it.

use super::Context;
use crate::runtime::{Health, State};
use rollout::application::HealthCheck;
use rollout::slot::Slot;
use std::time::Duration;

/// What one look at a container or process found.
pub(super) enum Seen {
    Well,
    /// May still become well.
    NotYet(String),
    /// Will not, by waiting.
    Down(String),
}

/// One HTTP check, once.
pub(super) async fn http(cx: &Context, check: &HealthCheck, slot: Slot) -> Result<(), String> {
    let url = format!("{}{}", cx.base_url(&check.service, slot)?, check.path);
    let mut request = cx.http.get(&url).timeout(Duration::from_millis(check.timeout.0));
    if let Some(host) = cx.host(&check.service) {
        request = request.header("host", host);
    }
    let answer = request.send().await.map_err(|error| match error.is_timeout() {
        true => format!("no answer within {}", check.timeout),
        false => format!("no answer: {}", deepest(&error)),
    })?;
    let status = answer.status();
    let well = check.status.map_or(status.is_success(), |wanted| wanted == status.as_u16());
    if well {
        return Ok(());
    }
    let body: String = answer.text().await.unwrap_or_default().chars().take(200).collect();
    let wanted = check.status.map_or("2xx".to_owned(), |status| status.to_string());
    Err(format!("status {}, expected {wanted}: {}", status.as_u16(), body.trim()))
}

/// The services' own checks of a slot, once. Those that ended well are well.
pub(super) async fn instances(cx: &Context, slot: Slot) -> Result<Vec<(String, Seen)>, String> {
    let instances = cx.runtime.instances(&cx.project(slot)).await.map_err(|error| error.to_string())?;
    if instances.is_empty() {
        return Err(format!("nothing runs in {slot}"));
    }
    let routed = |service: &str| cx.definition.routed().any(|(name, ..)| name == service);
    let gone: Vec<(String, Seen)> = cx
        .definition
        .routed()
        .filter(|(name, ..)| !instances.iter().any(|instance| instance.service == *name))
        .map(|(name, ..)| (name.to_owned(), Seen::Down(format!("its {} is gone", cx.one()))))
        .collect();
    Ok(instances
        .into_iter()
        .map(|instance| {
            let seen = match (&instance.health, instance.running()) {
                (Health::None | Health::Healthy, true) => Seen::Well,
                (Health::Starting, true) => Seen::NotYet("its own check has not passed yet".to_owned()),
                (Health::Unhealthy(why), true) => Seen::NotYet(format!("its own check fails: {why}")),
                // A job that ended well is well. What gets requests must be there to answer them.
                (_, false) if instance.ended_well() && !routed(&instance.service) => Seen::Well,
                (_, false) if instance.state == State::Restarting => {
                    let crashes = instance.crashes.map(|crashes| format!(": {crashes}")).unwrap_or_default();
                    Seen::NotYet(format!("it restarts again and again{crashes}"))
                }
                (_, false) => Seen::Down(format!("it is {}", instance.state)),
            };
            (instance.service, seen)
        })
        .chain(gone)
        .collect())
}

/// One look at everything: what a slot must pass right before traffic reaches it.
pub(super) async fn slot(cx: &Context, slot: Slot) -> Result<(), String> {
    for (service, seen) in instances(cx, slot).await? {
        match seen {
            Seen::Well => {}
            Seen::NotYet(why) | Seen::Down(why) => return Err(format!("{service} in {slot}: {why}")),
        }
    }
    let checks = cx.definition.application.health.iter().map(|check| async move {
        http(cx, check, slot).await.map_err(|why| format!("{} {} in {slot}: {why}", check.service, check.path))
    });
    futures::future::try_join(futures::future::try_join_all(checks), answers(cx, slot)).await.map(drop)
}

/// Every routed service that no health check asks gives some answer: any is a sign of life.
pub(super) async fn answers(cx: &Context, slot: Slot) -> Result<(), String> {
    let unchecked = cx
        .definition
        .routed()
        .map(|(name, ..)| name)
        .filter(|name| !cx.definition.application.health.iter().any(|check| check.service == *name));
    let asked = unchecked.map(|service| async move {
        let url = cx.base_url(service, slot)?;
        let mut request = cx.http.get(&url).timeout(Duration::from_secs(5));
        if let Some(host) = cx.host(service) {
            request = request.header("host", host);
        }
        request
            .send()
            .await
            .map(drop)
            .map_err(|error| format!("{service} in {slot} gives no answer: {}", deepest(&error)))
    });
    futures::future::try_join_all(asked).await.map(drop)
}

/// "connection refused" rather than "error sending request".
pub(crate) fn deepest(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}
