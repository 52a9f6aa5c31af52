//! Who asks, and the engine they ask. Provided to every page and server function by the server.

use crate::flash::Flash;
use crate::live::{self, Door};
use axum::extract::Query;
use axum::http::StatusCode;
use axum::http::request::Parts;
use engine::accounts::User;
use engine::engine::{DoorLink, DoorView};
use engine::{Engine, EngineError};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use rollout::actor::Actor;
use rollout::command::Refusal;
use rollout::event::RolloutId;
use tower_sessions::Session;

const FLASH: &str = "flash";

pub(crate) fn engine() -> Engine {
    expect_context()
}

/// Who is signed in. The server puts them into the request before any page sees it.
pub(crate) fn user() -> Option<User> {
    use_context::<Parts>()?.extensions.get().cloned()
}

/// Whoever asks; a stranger has no role, and is refused by the engine.
pub(crate) fn actor() -> Actor {
    user().map_or(Actor::Engine, |user| user.actor())
}

pub(crate) fn session() -> Option<Session> {
    use_context::<Parts>()?.extensions.get().cloned()
}

/// A value of the address's query, decoded once. The router's own map decodes twice: an address in an address comes out
/// of it as another one.
pub(crate) fn query(name: &str) -> Option<String> {
    let parts = use_context::<Parts>()?;
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).ok()?;
    pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// What is open on the slot that traffic has left, as it travels.
pub async fn left(engine: &Engine, actor: &Actor, id: RolloutId) -> Option<live::Left> {
    let engine::engine::Left { slot, open } = engine.left(actor, id).await.ok()??;
    Some(live::Left { slot, open })
}

/// The testers' door as it travels; `None` for those who may not give out links, too. A page is worth seeing without it.
pub async fn door(engine: &Engine, actor: &Actor, id: RolloutId) -> Option<Door> {
    let DoorView { slot, links, until } = engine.door(actor, id).await.ok()??;
    let link = |DoorLink { host, path, leave }| live::DoorLink { host, path, leave };
    Some(Door { slot, links: links.map(|links| links.into_iter().map(link).collect()), until })
}

/// Takes what was left to say; it is said once.
pub(crate) async fn take_flash() -> Option<Flash> {
    let session = session()?;
    // Looking is not changing: a session is written only when there was something to take.
    session.get_value(FLASH).await.ok().flatten()?;
    session.remove(FLASH).await.ok().flatten()
}

pub(crate) async fn leave_flash(flash: Flash) {
    if let Some(session) = session()
        && let Err(error) = session.insert(FLASH, flash).await
    {
        tracing::error!(%error, "cannot keep a message in the session");
    }
}

/// Sends the browser elsewhere on this site. Anything that could lead away from it leads home.
pub(crate) fn redirect(path: &str) {
    leptos_axum::redirect(if is_local(path) { path } else { "/" });
}

/// A path of this site: one leading slash, and nothing that a header could not carry.
pub(crate) fn is_local(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && path.bytes().all(|byte| byte.is_ascii_graphic())
}

/// An error in words for whoever looks, with the right status. What is ours to mend is logged and not shown.
pub(crate) fn shown(error: &EngineError) -> String {
    let status = match error {
        EngineError::Refused(Refusal::Forbidden { .. }) => StatusCode::FORBIDDEN,
        EngineError::Refused(_) => StatusCode::CONFLICT,
        EngineError::NotFound(_) => StatusCode::NOT_FOUND,
        EngineError::Files(_) => StatusCode::UNPROCESSABLE_ENTITY,
        EngineError::Router(_) | EngineError::Runtime(_) => StatusCode::BAD_GATEWAY,
        EngineError::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(status);
    }
    words(error)
}

/// The same without a status: for forms, which are answered by a redirect.
pub(crate) fn words(error: &EngineError) -> String {
    if let EngineError::Store(error) = error {
        tracing::error!(%error, "the store failed");
        return "Something went wrong on the server. It is in its log; nothing was changed by this click.".to_owned();
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn redirects_stay_on_this_site() {
        for good in ["/", "/rollouts/1", "/history?application=a%20b"] {
            assert!(is_local(good), "{good}");
        }
        for bad in
            ["", "https://evil.example", "//evil.example", "/\\evil.example", "/a b", "/a\r\nSet-Cookie: x", "/é"]
        {
            assert!(!is_local(bad), "{bad:?}");
        }
    }
}
