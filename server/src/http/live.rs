//! The websocket of a rollout: everything after what the browser has, then everything as it is written, and a beat.

use app::components::drift::drift_html;
use app::live::{BEAT_SECONDS, Door, Left, Line, Message, Numbers, Router};
use axum::Extension;
use axum::extract::ws::{Message as Frame, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::accounts::User;
use engine::{Engine, EngineError};
use rollout::event::RolloutId;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tower_sessions::Session;

#[derive(Clone)]
pub struct State {
    pub engine: Engine,
    pub stop: CancellationToken,
}

/// What the browser has.
#[derive(Clone, Copy, serde::Deserialize)]
pub struct Position {
    seq: u64,
    line: i64,
}

/// A browser that takes nothing for this long is gone.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

pub async fn rollout(
    axum::extract::State(state): axum::extract::State<State>,
    Extension(user): Extension<User>,
    Extension(session): Extension<Session>,
    Path(id): Path<i64>,
    Query(position): Query<Position>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    // Browsers do not keep other sites from opening websockets: we do.
    if !same_origin(&headers) {
        return (StatusCode::FORBIDDEN, "Only Crossfade's own pages may listen.").into_response();
    }
    if let Err(EngineError::NotFound(_)) = state.engine.rollout(&user.actor(), RolloutId(id)).await {
        return StatusCode::NOT_FOUND.into_response();
    }
    let Some(session) = session.id().map(|id| id.to_string()) else { return StatusCode::UNAUTHORIZED.into_response() };
    upgrade.max_message_size(1024).on_upgrade(move |socket| async move {
        let follower = Follower {
            state,
            user,
            session,
            id: RolloutId(id),
            position,
            numbers: None,
            drift: None,
            door: None,
            left: None,
        };
        follower.follow(socket).await;
    })
}

/// The page's host is the host that was asked.
pub(super) fn same_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    match (text(header::ORIGIN), text(header::HOST)) {
        (Some(origin), Some(host)) => {
            origin.split_once("://").is_some_and(|(_, origin)| origin.eq_ignore_ascii_case(host))
        }
        _ => false,
    }
}

struct Follower {
    state: State,
    user: User,
    /// The session's id: what is followed ends with it.
    session: String,
    id: RolloutId,
    position: Position,
    /// What the browser was shown of the numbers last.
    numbers: Option<Numbers>,
    /// And of a router that is adrift.
    drift: Option<String>,
    /// And of the door, when it was told at all.
    door: Option<Option<Door>>,
    /// And of what is open where traffic has left.
    left: Option<Option<Left>>,
}

impl Follower {
    async fn follow(mut self, mut socket: WebSocket) {
        let Ok(mut news) = self.state.engine.watch(&self.user.actor(), self.id) else { return };
        let Ok(mut drift) = self.state.engine.watch_drift(&self.user.actor()) else { return };
        let mut beat = tokio::time::interval(Duration::from_secs(u64::from(BEAT_SECONDS)));
        let stop = self.state.stop.clone();
        loop {
            let message = tokio::select! {
                _ = news.changed() => self.what_is_new().await,
                _ = drift.changed() => self.what_is_new().await,
                _ = beat.tick() => self.beat().await,
                frame = socket.recv() => match frame {
                    // Nothing is expected from the browser but that it goes away.
                    Some(Ok(Frame::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => continue,
                },
                () = stop.cancelled() => return,
            };
            let Some(messages) = message else { return };
            for message in messages {
                let Ok(text) = serde_json::to_string(&message) else { return };
                match tokio::time::timeout(PATIENCE, socket.send(Frame::Text(text.into()))).await {
                    Ok(Ok(())) => {}
                    _ => return,
                }
                if message == Message::SignedOut {
                    return;
                }
            }
        }
    }

    /// What was written; and, when something happened, what the router says now.
    async fn what_is_new(&mut self) -> Option<Vec<Message>> {
        let mut messages = self.news().await?;
        let happened =
            messages.iter().any(|message| matches!(message, Message::News { entries, .. } if !entries.is_empty()));
        if happened {
            messages.push(self.router().await);
        }
        messages.extend(self.drift().await.map(Message::Drift));
        messages.extend(self.numbers().await.map(Message::Numbers));
        messages.extend(self.left().await.map(Message::Left));
        messages.extend(self.door().await.map(Message::Door));
        Some(messages)
    }

    /// Everything after what the browser has; `None` when it cannot be read: the browser comes again.
    async fn news(&mut self) -> Option<Vec<Message>> {
        let mut messages = vec![];
        loop {
            let (entries, lines) = self
                .state
                .engine
                .news(&self.user.actor(), self.id, self.position.seq, self.position.line)
                .await
                .ok()?;
            if entries.is_empty() && lines.is_empty() {
                return Some(messages);
            }
            self.position.seq = entries.last().map_or(self.position.seq, |entry| entry.seq);
            self.position.line = lines.last().map_or(self.position.line, |line| line.id);
            let lines = lines
                .into_iter()
                .map(|line| Line { id: line.id, step: line.step, at: line.at, stream: line.stream, text: line.text })
                .collect();
            messages.push(Message::News { now: engine::clock::now(), entries, lines });
        }
    }

    /// The router's word; and whether this person may still look.
    async fn beat(&mut self) -> Option<Vec<Message>> {
        let store = self.state.engine.store();
        match (store.session(&self.session).await, store.signed_in(self.user.id).await) {
            (Ok(Some(_)), Ok(Some(user))) => self.user = user,
            (Ok(None), _) | (_, Ok(None)) => return Some(vec![Message::SignedOut]),
            (Err(_), _) | (_, Err(_)) => return None,
        }
        // What was written between the page and this connection, and, at worst, what was not told.
        let mut messages = self.news().await?;
        messages.push(self.router().await);
        messages.extend(self.drift().await.map(Message::Drift));
        messages.extend(self.numbers().await.map(Message::Numbers));
        messages.extend(self.left().await.map(Message::Left));
        messages.extend(self.door().await.map(Message::Door));
        Some(messages)
    }

    /// The box about a router that is adrift, when it is another one than the browser has.
    async fn drift(&mut self) -> Option<String> {
        let (engine, actor) = (&self.state.engine, self.user.actor());
        let rollout = engine.rollout(&actor, self.id).await.ok()?.rollout;
        let html = match rollout.ended {
            Some(_) => String::new(),
            None => {
                let from = format!("/rollouts/{}", self.id.0);
                drift_html(engine, &actor, Some(&rollout.start.application), &from).await.ok()?
            }
        };
        if self.drift.as_ref() == Some(&html) {
            return None;
        }
        self.drift = Some(html.clone());
        Some(html)
    }

    /// The numbers, when there are newer ones than the browser has.
    async fn numbers(&mut self) -> Option<Numbers> {
        let (engine, actor) = (&self.state.engine, self.user.actor());
        let board = engine.board(&actor, self.id).await.ok()?;
        let view = engine.rollout(&actor, self.id).await.ok()?;
        let drawn = app::components::metrics::numbers(&board, &view.rollout, &view.entries, engine::clock::now());
        if self.numbers.as_ref() == Some(&drawn) {
            return None;
        }
        self.numbers = Some(drawn.clone());
        Some(drawn)
    }

    async fn left(&mut self) -> Option<Option<Left>> {
        let left = app::context::left(&self.state.engine, &self.user.actor(), self.id).await;
        if self.left.as_ref() == Some(&left) {
            return None;
        }
        self.left = Some(left.clone());
        Some(left)
    }

    /// The door, when it is not as the browser was told.
    async fn door(&mut self) -> Option<Option<Door>> {
        let door = app::context::door(&self.state.engine, &self.user.actor(), self.id).await;
        if self.door.as_ref() == Some(&door) {
            return None;
        }
        self.door = Some(door.clone());
        Some(door)
    }

    async fn router(&self) -> Message {
        let router = match self.seen().await {
            Ok(router) => router,
            Err(error) => Router::Silent(error.to_string()),
        };
        Message::Beat { now: engine::clock::now(), router }
    }

    async fn seen(&self) -> Result<Router, EngineError> {
        let actor = self.user.actor();
        let application = self.state.engine.application_of(&actor, self.id).await?;
        let seen = self.state.engine.observe(&actor, &application).await?;
        Ok(match &seen.split {
            Ok(split) => Router::Says(*split),
            Err(why) => Router::Silent(why.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_may_listen() {
        let headers = |origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "deploy.example:8790".parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            headers
        };
        assert!(same_origin(&headers(Some("https://deploy.example:8790"))));
        for other in [None, Some("https://deploy.example"), Some("https://evil.example"), Some("null")] {
            assert!(!same_origin(&headers(other)), "{other:?}");
        }
    }
}
