//! Calls: made, counted against a quota, and over after a while.

use super::Api;
use super::accounts::object;
use crate::release::variable;
use crate::serve::{Refusal, refuse};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::sleep;

/// How many calls are remembered, the latest.
const REMEMBERED: usize = 100;
/// A minute of a call, here: nobody wants to wait.
const MINUTE: Duration = Duration::from_secs(1);
const LONGEST_CALL: i64 = 240;

/// The calls of this process.
pub struct Calls {
    latest: Mutex<VecDeque<Value>>,
    /// Minutes that may be in progress at once. Large enough that a test under load never meets it by accident.
    quota: i64,
    minutes: AtomicI64,
    /// Tells the identifiers of one process from another's.
    process: u128,
    next: AtomicU64,
}

impl Calls {
    /// `QUOTA_MINUTES` sets the quota.
    pub fn new() -> Result<Calls, String> {
        let quota = match variable("QUOTA_MINUTES")? {
            None => 10_000_000,
            Some(text) => text.parse().map_err(|_| format!("QUOTA_MINUTES is {text:?}: expected a number"))?,
        };
        let process = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        Ok(Calls { latest: Mutex::default(), quota, minutes: AtomicI64::new(0), process, next: AtomicU64::new(1) })
    }

    pub fn new_id(&self) -> String {
        format!("{:x}{:06x}", self.process, self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Takes minutes from the quota, if there are enough left.
    fn take(&self, minutes: i64) -> bool {
        let take = |used: i64| (used + minutes <= self.quota).then_some(used + minutes);
        self.minutes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    fn give_back(&self, minutes: i64) {
        self.minutes.fetch_sub(minutes, Ordering::Relaxed);
    }

    fn remember(&self, call: Value) {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.truncate(REMEMBERED - 1);
        latest.push_front(call);
    }
}

/// `GET /api/v1/calls`
pub async fn list(State(api): State<Arc<Api>>) -> Json<Value> {
    let latest: Vec<Value> = api.calls.latest.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
    Json(json!({ "calls": latest, "active": api.service.metrics.calls.value() }))
}

/// `POST /api/v1/calls`
pub async fn create(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    api.authorise(&headers)?;
    let body = object(&body)?;
    let Some(number) = body["toNumber"].as_str().filter(|number| is_phone_number(number)) else {
        let error = "toNumber must be a phone number such as +15551234567";
        return Err(refuse(StatusCode::UNPROCESSABLE_ENTITY, error));
    };
    let Some(minutes) = body["estimatedMinutes"].as_i64().filter(|minutes| (1..=LONGEST_CALL).contains(minutes)) else {
        return Err(refuse(StatusCode::UNPROCESSABLE_ENTITY, "estimatedMinutes must be from 1 to 240"));
    };
    if !api.calls.take(minutes) {
        return Err(refuse(StatusCode::TOO_MANY_REQUESTS, "the quota is used up: wait until calls have ended"));
    }
    let id = format!("call_{}", api.calls.new_id());
    let call = json!({ "id": id, "toNumber": number, "estimatedMinutes": minutes, "status": "queued" });
    api.calls.remember(call.clone());
    api.jobs.add();
    tokio::spawn(async move {
        let _active = api.service.metrics.calls.count();
        sleep(MINUTE * minutes as u32).await;
        api.calls.give_back(minutes);
    });
    Ok((StatusCode::CREATED, Json(call)))
}

/// E.164: a plus, and up to 15 digits.
fn is_phone_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or("");
    (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quota_and_numbers() {
        let calls = Calls { quota: 10, ..Calls::new().unwrap() };
        assert!(calls.take(8) && !calls.take(3) && calls.take(2) && !calls.take(1));
        calls.give_back(8);
        assert!(calls.take(8));
        assert!(is_phone_number("+15551234567"));
        assert!(!is_phone_number("15551234567") && !is_phone_number("+1555x234567") && !is_phone_number("+1"));
    }
}
