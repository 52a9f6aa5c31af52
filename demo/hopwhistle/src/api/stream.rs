//! Answers that take their time. They show whether a rollout cuts what is under way.

use super::Api;
use crate::serve::{Refusal, refuse};
use axum::body::{Body, Bytes};
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures::stream;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

const LONGEST: u64 = 10 * 60 * 1000;
/// A line for so many milliseconds.
const LINE: u64 = 100;

/// `GET /api/v1/slow?ms=N`: a line every 100 ms, and `done` after N milliseconds.
pub async fn slow(RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    let query = query.unwrap_or_default();
    let ms = query.split('&').find_map(|pair| pair.strip_prefix("ms=")).unwrap_or("1000");
    let Some(ms) = ms.parse::<u64>().ok().filter(|ms| *ms <= LONGEST) else {
        return Err(refuse(StatusCode::BAD_REQUEST, "ms must be a number of milliseconds, at most 600000"));
    };
    let lines = stream::unfold(Some(ms), |left| async move {
        let left = left?;
        let pause = left.min(LINE);
        sleep(Duration::from_millis(pause)).await;
        Some(match left - pause {
            0 => (Ok::<_, Infallible>(Bytes::from_static(b"done\n")), None),
            left => (Ok(Bytes::from(format!("{left} ms left\n"))), Some(left)),
        })
    });
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], Body::from_stream(lines)).into_response())
}

/// `GET /ws`: a websocket that says everything back.
pub async fn echo(State(api): State<Arc<Api>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async move |socket| say_back(&api, socket).await)
}

async fn say_back(api: &Api, mut socket: WebSocket) {
    let _open = api.service.sockets.count();
    loop {
        let message = tokio::select! {
            message = socket.recv() => message,
            () = api.service.stopped() => {
                let goodbye = CloseFrame { code: close_code::AWAY, reason: "the server stops".into() };
                let _ = socket.send(Message::Close(Some(goodbye))).await;
                return;
            }
        };
        match message {
            Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => {
                if socket.send(message).await.is_err() {
                    return;
                }
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return,
        }
    }
}
