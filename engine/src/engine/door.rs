//! Links through the testers' door.
//!
//! A link leads to Crossfade, which looks at its signature and its time, and sends the browser on to the application with
//! the door's key; there the router gives it the cookie. The signature is made with the key itself: when the door closes,
//! or is opened anew for another rollout, every link to it is worth nothing, and nothing has to be kept.

use super::Engine;
use crate::clock;
use crate::definition::Definition;
use crate::error::EngineError;
use crate::router::Router;
use hmac::{Hmac, Mac};
use rollout::Rollout;
use rollout::actor::Actor;
use rollout::application::Application;
use rollout::clock::{Millis, Timestamp};
use rollout::command::Refusal;
use rollout::event::RolloutId;
use rollout::policy::{Permission, authorize};
use rollout::router::{DOOR_ENTER, DOOR_LEAVE, Door, DoorKey};
use rollout::slot::Slot;
use sha2::Sha256;
use std::sync::Arc;

/// How long a link is good.
const GOOD_FOR: Millis = Millis::hours(1);
/// Links end on whole minutes, so that a page that looks again does not show another one every second.
const MINUTE: i64 = 60_000;

/// The door of a rollout, as it is shown to those who may open it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoorView {
    pub slot: Slot,
    /// A link for each host; or why nobody can come in.
    pub links: Result<Vec<DoorLink>, String>,
    /// Until when the links are good.
    pub until: Timestamp,
}

/// Into one host. A browser keeps its cookie for that host alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoorLink {
    pub host: String,
    /// A path of Crossfade's own, signed.
    pub path: String,
    /// Where the cookie is given back.
    pub leave: String,
}

/// What a link says.
#[derive(Clone, Debug)]
pub struct Ticket {
    pub host: String,
    pub until: Timestamp,
    pub signature: String,
}

impl Engine {
    /// Links through the door of a rollout; `None` while there is no door: before the checks have passed, after the end,
    /// and at routers that have none.
    ///
    /// # Errors
    /// When the actor may not give out links, or there is no such rollout.
    pub async fn door(&self, actor: &Actor, id: RolloutId) -> Result<Option<DoorView>, EngineError> {
        authorize(actor, Permission::OpenDoor)?;
        let rollout = self.shared.state(id).await?;
        if !rollout.wants_door() {
            return Ok(None);
        }
        let (definition, router) = self.router_of(id).await?;
        if !router.capabilities().door {
            return Ok(None);
        }
        let until = Timestamp((clock::now().0 / MINUTE + 1) * MINUTE) + GOOD_FOR;
        let links = match router.door().await {
            Ok(Some(door)) if door.slot == rollout.start.slot => {
                links(&definition, &*router, id, &door, until).await.map_err(|error| error.to_string())
            }
            Ok(_) => Err("it is not open yet; Crossfade's log says why when it stays so".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        Ok(Some(DoorView { slot: rollout.start.slot, links, until }))
    }

    /// Where a link leads: to the router, with the key in hand. Whoever has a link that is good may come; it was given
    /// out by somebody who may.
    ///
    /// # Errors
    /// When the link is not good, or not any more: the same for every reason.
    pub async fn enter(&self, id: RolloutId, ticket: &Ticket) -> Result<String, EngineError> {
        let not_good = || {
            EngineError::from(Refusal::not_now(
                "This link is not good any more. It lasts an hour, and not longer than its rollout: ask for a new one on \
                 the rollout's page.",
            ))
        };
        let rollout = self.shared.store.rollout(id).await?.filter(Rollout::wants_door).ok_or_else(not_good)?;
        let (definition, router) = self.router_of(id).await?;
        let door = router.door().await?.filter(|door| door.slot == rollout.start.slot).ok_or_else(not_good)?;
        let known = hosts(&definition).any(|host| host == ticket.host);
        if !known || ticket.until <= clock::now() || !is_signed(&definition.application.name, id, &door, ticket) {
            return Err(not_good());
        }
        let origin = origin(&definition.application, &*router, &ticket.host).await?;
        Ok(format!("{origin}{DOOR_ENTER}?key={}", door.key.as_str()))
    }

    async fn router_of(&self, id: RolloutId) -> Result<(Definition, Arc<dyn Router>), EngineError> {
        let definition = self.shared.store.definition(id).await?;
        let row = self.shared.store.application(&definition.application.name).await?;
        let row = row.ok_or_else(|| EngineError::NotFound(format!("application {}", definition.application.name)))?;
        let router = self.shared.router(&definition.application, row.admin_port)?;
        Ok((definition, router))
    }
}

async fn links(
    definition: &Definition,
    router: &dyn Router,
    id: RolloutId,
    door: &Door,
    until: Timestamp,
) -> Result<Vec<DoorLink>, EngineError> {
    let mut links = vec![];
    for host in hosts(definition) {
        let signature = sign(&definition.application.name, id, door, host, until);
        let signature = DoorKey::of(signature.finalize().into_bytes().into());
        let path = format!("/door/{}?host={host}&until={}&signature={}", id.0, until.0, signature.as_str());
        let leave = format!("{}{DOOR_LEAVE}", origin(&definition.application, router, host).await?);
        links.push(DoorLink { host: host.to_owned(), path, leave });
    }
    Ok(links)
}

/// Hosts that a browser can go to, each once.
fn hosts(definition: &Definition) -> impl Iterator<Item = &str> {
    let mut seen = std::collections::BTreeSet::new();
    let all = definition.routed().flat_map(|(_, _, hosts)| hosts.iter().map(String::as_str));
    all.filter(move |host| !host.contains('*') && seen.insert(*host))
}

async fn origin(application: &Application, router: &dyn Router, host: &str) -> Result<String, EngineError> {
    match &application.traffic.url {
        Some(url) => Ok(url.replace("{host}", host)),
        None => Ok(router.origin(host).await?),
    }
}

/// Of application, rollout, slot, host and time. None of them can hold a line end.
fn sign(application: &str, id: RolloutId, door: &Door, host: &str, until: Timestamp) -> Hmac<Sha256> {
    // A key of any length will do.
    let mut mac = Hmac::<Sha256>::new_from_slice(door.key.as_str().as_bytes()).unwrap_or_else(|_| unreachable!());
    mac.update(format!("{application}\n{}\n{}\n{host}\n{}", id.0, door.slot, until.0).as_bytes());
    mac
}

fn is_signed(application: &str, id: RolloutId, door: &Door, ticket: &Ticket) -> bool {
    let made = sign(application, id, door, &ticket.host, ticket.until).finalize().into_bytes();
    DoorKey::of(made.into()).is(ticket.signature.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_of_one_link_and_one_key() {
        let door = Door { slot: Slot::Green, key: DoorKey::of([1; 32]) };
        let (id, until) = (RolloutId(7), Timestamp(1_000));
        let made = sign("shop", id, &door, "shop.test", until).finalize().into_bytes();
        let signature = DoorKey::of(made.into()).as_str().to_owned();
        let good = Ticket { host: "shop.test".into(), until, signature };
        assert!(is_signed("shop", id, &door, &good));
        assert!(!is_signed("shop2", id, &door, &good));
        assert!(!is_signed("shop", RolloutId(8), &door, &good));
        assert!(!is_signed("shop", id, &Door { slot: Slot::Blue, ..door.clone() }, &good));
        assert!(!is_signed("shop", id, &Door { key: DoorKey::of([2; 32]), ..door.clone() }, &good));
        for bad in [
            Ticket { host: "api.shop.test".into(), ..good.clone() },
            Ticket { until: Timestamp(1_001), ..good.clone() },
            Ticket { signature: String::new(), ..good.clone() },
            Ticket { signature: door.key.as_str().to_owned(), ..good.clone() },
        ] {
            assert!(!is_signed("shop", id, &door, &bad), "{bad:?}");
        }
    }
}
