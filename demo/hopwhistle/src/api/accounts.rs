//! Logging in, and keys for the API. Tokens carry their own proof, so either slot accepts the other's.

use super::Api;
use crate::release::{Fault, variable};
use crate::serve::{Refusal, refuse};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The one user there is.
const USER: (&str, &str) = ("test@example.com", "test123");
const TOKEN_LIFE: u64 = 24 * 60 * 60;

/// `SESSION_SECRET`, or one that everybody can read here: the sample has nothing to protect.
pub fn secret() -> Result<String, String> {
    Ok(variable("SESSION_SECRET")?.unwrap_or_else(|| "hopwhistle".to_owned()))
}

/// `POST /api/v1/auth/login`
pub async fn log_in(State(api): State<Arc<Api>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    if api.service.release.fault == Some(Fault::Login) {
        let error = "relation \"login_attempts\" has no column \"address\"";
        return Err(refuse(StatusCode::INTERNAL_SERVER_ERROR, error));
    }
    let body = object(&body)?;
    if (body["email"].as_str(), body["password"].as_str()) != (Some(USER.0), Some(USER.1)) {
        return Err(refuse(StatusCode::UNAUTHORIZED, "email or password is wrong"));
    }
    api.jobs.add();
    Ok(Json(json!({ "token": api.token(now() + TOKEN_LIFE), "user": { "email": USER.0 } })))
}

/// `POST /admin/api/v1/api-keys`
pub async fn create_key(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    api.authorise(&headers)?;
    let body = object(&body)?;
    let name = body["name"].as_str().filter(|name| !name.is_empty());
    let (Some(name), Some(scopes)) = (name, body["scopes"].as_array()) else {
        return Err(refuse(StatusCode::UNPROCESSABLE_ENTITY, "name must be a text and scopes a list"));
    };
    api.jobs.add();
    let id = api.calls.new_id();
    let key = format!("hw_{}", &digest(&[&api.secret, "key", &id])[..32]);
    let created = json!({ "id": format!("key_{id}"), "name": name, "scopes": scopes, "key": key });
    Ok((StatusCode::CREATED, Json(created)))
}

impl Api {
    /// Whether the request carries a good `Authorization: Bearer`.
    pub fn authorise(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| value.strip_prefix("Bearer "));
        let Some(token) = token else {
            return Err(refuse(StatusCode::UNAUTHORIZED, "log in first: this wants an Authorization: Bearer header"));
        };
        let until = token.split('.').next().and_then(|until| until.parse().ok()).unwrap_or(0);
        if token == self.token(until) && until > now() {
            return Ok(());
        }
        Err(refuse(StatusCode::UNAUTHORIZED, "the token is not valid, or not any more"))
    }

    fn token(&self, until: u64) -> String {
        format!("{until}.{}", digest(&[&self.secret, "token", &until.to_string()]))
    }
}

/// The body as a JSON object.
pub fn object(body: &[u8]) -> Result<Value, Refusal> {
    match serde_json::from_slice::<Value>(body) {
        Ok(value) if value.is_object() => Ok(value),
        Ok(_) => Err(refuse(StatusCode::BAD_REQUEST, "the body must be a JSON object")),
        Err(problem) => Err(refuse(StatusCode::BAD_REQUEST, format!("the body is not JSON: {problem}"))),
    }
}

fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
