//! From a request to the head of a service's answer, in one attempt or more.
//!
//! A second attempt is made in three cases, and in each of them a service cannot have acted on the first:
//! - No connection came about, and the request may be repeated: the other slot is asked, if it has a share of the
//!   traffic. A slot without one may not have passed its checks.
//! - A connection that lay idle was closed before the request went out: the same slot, on a new connection.
//! - It was closed instead of an answer, and the request may be repeated: the same.

use crate::body::{ClientFault, Progress, ToService};
use crate::log::Record;
use crate::page::Page;
use crate::pool::{Connection, NotConnected};
use crate::settings::Limits;
use crate::table::Target;
use hyper::body::{Body, Incoming};
use hyper::client::conn::TrySendError;
use hyper::{Method, Request, Response, StatusCode};
use rollout::slot::{Slot, Split};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The head of an answer, and who gave it.
pub struct Answered {
    pub response: Response<Incoming>,
    pub slot: Slot,
}

/// Sends the request to `slot`, and waits for the head of the answer.
pub async fn forward(
    limits: &Limits,
    target: &Target,
    split: Split,
    slot: Slot,
    mut request: Request<ToService>,
    record: &mut Record,
) -> Result<Answered, Page> {
    let repeatable = repeatable(&request);
    let (mut slot, mut moved, mut fresh) = (slot, false, false);
    loop {
        let pool = &target.service.upstream(slot).pool;
        record.attempt();
        let idle = if fresh { None } else { pool.take(limits.pool_idle) };
        let connected = match idle {
            Some(connection) => Ok(connection),
            None => pool.connect(limits).await,
        };
        let mut connection = match connected {
            Ok(connection) => connection,
            Err(not_connected) => {
                let page = not_connected.page();
                record.attempted(page.status().as_u16());
                tracing::debug!(upstream = target.service.upstream(slot).name, %not_connected, "not connected");
                if repeatable && !moved && split.share(slot.other()).percent() > 0 {
                    record.moved_away();
                    (slot, moved) = (slot.other(), true);
                    continue;
                }
                return Err(page);
            }
        };
        let spare = (repeatable && connection.used_before).then(|| copy(&request));
        let used_before = connection.used_before;
        match send(&mut connection, request, limits.response).await {
            Ok(response) => {
                record.attempted(response.status().as_u16());
                if response.status() != StatusCode::SWITCHING_PROTOCOLS {
                    pool.give_back(connection, limits.pool_size);
                }
                return Ok(Answered { response, slot });
            }
            // Never sent: any request may go again.
            Err(NoAnswer::Unsent(back)) if used_before => request = *back,
            Err(NoAnswer::Lost(error)) => match spare {
                Some(spare) => request = spare,
                None => {
                    record.attempted(502);
                    tracing::debug!(upstream = target.service.upstream(slot).name, %error, "no answer");
                    return Err(Page::BadGateway);
                }
            },
            Err(NoAnswer::Unsent(_)) => {
                record.attempted(502);
                return Err(Page::BadGateway);
            }
            Err(NoAnswer::TookTooLong) => {
                record.attempted(504);
                return Err(Page::GatewayTimeout);
            }
            Err(NoAnswer::Client(ClientFault::Stalled)) => return Err(Page::RequestTimeout),
            Err(NoAnswer::Client(ClientFault::Broken)) => return Err(Page::BadRequest),
        }
        record.never_mind();
        fresh = true;
    }
}

/// Why there is no answer.
enum NoAnswer {
    /// The request is back, untouched.
    Unsent(Box<Request<ToService>>),
    /// Some of it may have arrived.
    Lost(hyper::Error),
    TookTooLong,
    /// The client did not send its body.
    Client(ClientFault),
}

async fn send(
    connection: &mut Connection,
    request: Request<ToService>,
    limit: Duration,
) -> Result<Response<Incoming>, NoAnswer> {
    let progress = request.body().progress();
    let begun = Instant::now();
    // The service's time begins when it has the request.
    let deadline = || progress.as_ref().map_or(begun, |progress: &Arc<Progress>| progress.last()) + limit;
    let mut answered = pin!(connection.send(request));
    let answered = loop {
        let until = deadline();
        tokio::select! {
            biased;
            answered = &mut answered => break answered,
            () = sleep_until(until) => if deadline() <= until {
                return Err(NoAnswer::TookTooLong);
            },
        }
    };
    let failed =
        |mut error: TrySendError<Request<ToService>>| match (error.take_message(), progress.and_then(|p| p.fault())) {
            (Some(request), _) => NoAnswer::Unsent(Box::new(request)),
            (None, Some(fault)) => NoAnswer::Client(fault),
            (None, None) => NoAnswer::Lost(error.into_error()),
        };
    answered.map_err(failed)
}

/// May be sent twice: it has no body, and to do it twice is to do it once.
/// Source: <https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2>.
fn repeatable(request: &Request<ToService>) -> bool {
    let idempotent = [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE];
    request.body().is_end_stream() && idempotent.contains(request.method())
}

/// Of a request without a body.
fn copy(request: &Request<ToService>) -> Request<ToService> {
    let mut copy = Request::new(ToService::default());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}

impl NotConnected {
    fn page(&self) -> Page {
        match self {
            NotConnected::Refused(_) => Page::BadGateway,
            NotConnected::TookTooLong => Page::GatewayTimeout,
        }
    }
}
