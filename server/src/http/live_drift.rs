//! The websocket of pages without a rollout: which routers are not as they were left, whenever that changes.

use super::live::{PATIENCE, State, same_origin};
use app::components::drift::drift_html;
use app::live::{BEAT_SECONDS, Message};
use axum::Extension;
use axum::extract::Query;
use axum::extract::ws::{Message as Frame, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::accounts::User;
use std::time::Duration;
use tower_sessions::Session;

/// One application, or all of them.
#[derive(Clone, serde::Deserialize)]
pub struct Which {
    application: Option<String>,
}

pub async fn drift(
    axum::extract::State(state): axum::extract::State<State>,
    Extension(user): Extension<User>,
    Extension(session): Extension<Session>,
    Query(which): Query<Which>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !same_origin(&headers) {
        return (StatusCode::FORBIDDEN, "Only Crossfade's own pages may listen.").into_response();
    }
    let Some(session) = session.id().map(|id| id.to_string()) else { return StatusCode::UNAUTHORIZED.into_response() };
    upgrade.max_message_size(1024).on_upgrade(move |socket| follow(socket, state, user, session, which.application))
}

async fn follow(mut socket: WebSocket, state: State, mut user: User, session: String, application: Option<String>) {
    let Ok(mut drift) = state.engine.watch_drift(&user.actor()) else { return };
    let from = application.as_ref().map_or_else(|| "/".to_owned(), |name| format!("/applications/{name}"));
    let mut beat = tokio::time::interval(Duration::from_secs(u64::from(BEAT_SECONDS)));
    let mut sent = None;
    loop {
        tokio::select! {
            _ = drift.changed() => {}
            _ = beat.tick() => {}
            frame = socket.recv() => match frame {
                Some(Ok(Frame::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => continue,
            },
            () = state.stop.cancelled() => return,
        }
        let store = state.engine.store();
        let message = match (store.session(&session).await, store.signed_in(user.id).await) {
            (Ok(Some(_)), Ok(Some(still))) => {
                user = still;
                let Ok(html) = drift_html(&state.engine, &user.actor(), application.as_deref(), &from).await else {
                    return;
                };
                Message::Drift(html)
            }
            (Ok(None), _) | (_, Ok(None)) => Message::SignedOut,
            (Err(_), _) | (_, Err(_)) => return,
        };
        // What the browser has is not sent again, but for a sign of life now and then: a proxy in between cuts what is silent.
        if sent.as_ref() == Some(&message) {
            match tokio::time::timeout(PATIENCE, socket.send(Frame::Ping(vec![].into()))).await {
                Ok(Ok(())) => continue,
                _ => return,
            }
        }
        let Ok(text) = serde_json::to_string(&message) else { return };
        match tokio::time::timeout(PATIENCE, socket.send(Frame::Text(text.into()))).await {
            Ok(Ok(())) if message != Message::SignedOut => sent = Some(message),
            _ => return,
        }
    }
}
