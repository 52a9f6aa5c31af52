//! Links through the testers' door. They carry their own signature: whoever has one may be somebody without an account.

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::engine::Ticket;
use engine::{Engine, EngineError};
use rollout::clock::Timestamp;
use rollout::event::RolloutId;

/// What stands in the link.
#[derive(serde::Deserialize)]
pub struct Said {
    host: String,
    until: i64,
    signature: String,
}

pub async fn enter(State(engine): State<Engine>, Path(id): Path<i64>, Query(said): Query<Said>) -> Response {
    let ticket = Ticket { host: said.host, until: Timestamp(said.until), signature: said.signature };
    match engine.enter(RolloutId(id), &ticket).await {
        // The address holds the key: it is for this browser and nobody after it.
        Ok(address) => {
            let headers = [(header::LOCATION, address), (header::REFERRER_POLICY, "no-referrer".to_owned())];
            (StatusCode::SEE_OTHER, headers).into_response()
        }
        Err(EngineError::Refused(refusal)) => (StatusCode::FORBIDDEN, refusal.to_string()).into_response(),
        Err(EngineError::Store(error)) => {
            tracing::error!(%error, "a link through the door cannot be followed");
            (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong on the server. It is in its log.").into_response()
        }
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}
