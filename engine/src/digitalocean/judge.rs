//! What an answer means, and whether asking again may help.

use super::Said;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Done,
    /// The load balancer is at work on an earlier change: nothing was done.
    Processing,
    /// Too many requests: nothing was done. How long to wait, where it says so.
    RateLimited(Option<Duration>),
    /// 5xx: whether something was done is not known.
    Failing,
    Unauthorized,
    Forbidden,
    NotFound,
    Invalid,
    Unexpected,
}

/// The 403 that passes by itself is told from a missing scope by its words alone. Source: digitalocean/openapi#1173.
const AT_WORK: &str = "processes previous actions";

pub(super) fn meaning(status: StatusCode, headers: &HeaderMap, said: &Said, now: SystemTime) -> Meaning {
    match status.as_u16() {
        200..=299 => Meaning::Done,
        401 => Meaning::Unauthorized,
        403 if said.message.contains(AT_WORK) => Meaning::Processing,
        403 => Meaning::Forbidden,
        404 => Meaning::NotFound,
        400 | 409 | 422 => Meaning::Invalid,
        429 => Meaning::RateLimited(wait(headers, now)),
        500..=599 => Meaning::Failing,
        _ => Meaning::Unexpected,
    }
}

/// `retry-after` in seconds, which the limit of a minute sends; else the time of day (unix seconds) of `ratelimit-reset`,
/// when the hour's limit has room again.
fn wait(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let number = |name| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    if let Some(seconds) = number("retry-after") {
        return Some(Duration::from_secs(seconds));
    }
    // With requests left, the reset says nothing of when the next one is let through.
    if number("ratelimit-remaining").is_some_and(|left| left > 0) {
        return None;
    }
    let now = now.duration_since(UNIX_EPOCH).ok()?;
    Some(Duration::from_secs(number("ratelimit-reset")?).saturating_sub(now))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    message: String,
    request_id: Option<String>,
}

/// Longest message that is shown.
const MESSAGE: usize = 300;

/// What an error's body says; a page of a proxy in between is not the API's word, and left out.
pub(super) fn said(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Said {
    let body: ErrorBody = serde_json::from_slice(body).unwrap_or_default();
    let header = headers.get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    Said {
        status: status.as_u16(),
        message: body.message.chars().take(MESSAGE).filter(|c| !c.is_control()).collect(),
        request_id: body.request_id.or(header),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderName, HeaderValue};

    fn headers(given: &[(&'static str, &str)]) -> HeaderMap {
        given.iter().map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_str(v).unwrap())).collect()
    }

    fn of(status: u16, given: &[(&'static str, &str)], body: &str) -> Meaning {
        let (status, headers) = (StatusCode::from_u16(status).unwrap(), headers(given));
        let now = UNIX_EPOCH + Duration::from_secs(1_000);
        meaning(status, &headers, &said(status, &headers, body.as_bytes()), now)
    }

    #[test]
    fn what_an_answer_means() {
        let at_work =
            r#"{"id":"forbidden","message":"Load Balancer can't be updated while it processes previous actions"}"#;
        let scope = r#"{"id":"forbidden","message":"You are not authorized to perform this operation"}"#;
        for (status, given, body, meaning) in [
            (200, &[][..], "", Meaning::Done),
            (204, &[], "", Meaning::Done),
            (403, &[], at_work, Meaning::Processing),
            (403, &[], scope, Meaning::Forbidden),
            (403, &[], "", Meaning::Forbidden),
            (401, &[], "", Meaning::Unauthorized),
            (404, &[], "", Meaning::NotFound),
            (422, &[], "", Meaning::Invalid),
            (500, &[], "<html>", Meaning::Failing),
            (503, &[("retry-after", "3")], "", Meaning::Failing),
            (302, &[], "", Meaning::Unexpected),
            (429, &[("retry-after", "7")], "", Meaning::RateLimited(Some(Duration::from_secs(7)))),
            (429, &[("ratelimit-reset", "1090")], "", Meaning::RateLimited(Some(Duration::from_secs(90)))),
            (
                429,
                &[("ratelimit-reset", "900"), ("ratelimit-remaining", "0")],
                "",
                Meaning::RateLimited(Some(Duration::ZERO)),
            ),
            (429, &[("ratelimit-reset", "4000"), ("ratelimit-remaining", "4800")], "", Meaning::RateLimited(None)),
            (429, &[("retry-after", "soon")], "", Meaning::RateLimited(None)),
        ] {
            assert_eq!(of(status, given, body), meaning, "{status} {given:?} {body}");
        }
    }

    #[test]
    fn what_is_said_is_the_apis_word() {
        let status = StatusCode::NOT_FOUND;
        let body = br#"{"id":"not_found","message":"The resource you were accessing could not be found.","request_id":"4d9d"}"#;
        assert_eq!(
            said(status, &HeaderMap::new(), body).to_string(),
            "404 \"The resource you were accessing could not be found.\" (request 4d9d)"
        );
        let page = said(StatusCode::BAD_GATEWAY, &headers(&[("x-request-id", "abc")]), b"<html>502</html>");
        assert_eq!(page.to_string(), "502 (request abc)");
    }
}
