//! Bodies, in pieces as they come: none is held back, none is waited for longer than it may take.

use crate::log::Record;
use crate::pulse::Beat;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// The other side let the next piece of a body wait.
#[derive(Debug, thiserror::Error)]
#[error("the body stopped half-way")]
pub struct Stalled;

/// A body whose next piece must come in time.
#[derive(Debug)]
struct Watched {
    body: Incoming,
    limit: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
    waiting: bool,
}

impl Watched {
    fn new(body: Incoming, limit: Duration) -> Watched {
        Watched { body, limit, sleep: None, waiting: false }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.waiting = false;
            return Poll::Ready(frame.map(|frame| frame.map_err(BodyError::from)));
        }
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep(self.limit)));
        if !self.waiting {
            self.waiting = true;
            sleep.as_mut().reset(Instant::now() + self.limit);
        }
        ready!(sleep.as_mut().poll(cx));
        Poll::Ready(Some(Err(Box::new(Stalled))))
    }
}

/// When the last piece of a request's body went on its way, and whether the client failed to send the next.
#[derive(Debug)]
pub struct Progress(Mutex<(Instant, Option<ClientFault>)>);

/// Why a client's body did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientFault {
    Stalled,
    /// Cut off, or not a body at all.
    Broken,
}

impl Progress {
    fn new() -> Arc<Progress> {
        Arc::new(Progress(Mutex::new((Instant::now(), None))))
    }

    fn with<T>(&self, look: impl FnOnce(&mut (Instant, Option<ClientFault>)) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn last(&self) -> Instant {
        self.with(|(last, _)| *last)
    }

    pub fn fault(&self) -> Option<ClientFault> {
        self.with(|(_, fault)| *fault)
    }
}

/// A request's body, to a service.
#[derive(Debug, Default)]
pub struct ToService(Option<(Watched, Arc<Progress>)>);

impl ToService {
    pub fn new(body: Incoming, limit: Duration) -> ToService {
        ToService((!body.is_end_stream()).then(|| (Watched::new(body, limit), Progress::new())))
    }

    pub fn progress(&self) -> Option<Arc<Progress>> {
        self.0.as_ref().map(|(_, progress)| progress.clone())
    }
}

impl Body for ToService {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some((watched, progress)) = &mut self.0 else { return Poll::Ready(None) };
        let frame = ready!(watched.poll(cx));
        progress.with(|(last, fault)| {
            *last = Instant::now();
            if let Some(Err(error)) = &frame {
                *fault = Some(if error.is::<Stalled>() { ClientFault::Stalled } else { ClientFault::Broken });
            }
        });
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(|(watched, _)| watched.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or(SizeHint::with_exact(0), |(watched, _)| watched.body.size_hint())
    }
}

/// An answer's body, to a client. The request is at work until it is dropped.
#[derive(Debug)]
pub enum ToClient {
    Page(Full<Bytes>),
    Service(Box<FromService>),
}

#[derive(Debug)]
pub struct FromService {
    watched: Watched,
    record: Record,
    _beat: Beat,
}

impl ToClient {
    pub fn service(body: Incoming, limit: Duration, mut record: Record, beat: Beat) -> ToClient {
        if body.is_end_stream() {
            record.complete();
        }
        ToClient::Service(Box::new(FromService { watched: Watched::new(body, limit), record, _beat: beat }))
    }
}

impl Body for ToClient {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let from = match &mut *self {
            ToClient::Page(page) => return Pin::new(page).poll_frame(cx).map_err(|never| match never {}),
            ToClient::Service(from) => from,
        };
        let frame = ready!(from.watched.poll(cx));
        match &frame {
            Some(Ok(piece)) => from.record.sent(piece.data_ref().map_or(0, Bytes::len)),
            Some(Err(_)) => from.record.cut(),
            None => from.record.complete(),
        }
        // Nobody asks again after the last piece of a body whose length is known.
        if from.watched.body.is_end_stream() {
            from.record.complete();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match self {
            ToClient::Page(page) => page.is_end_stream(),
            ToClient::Service(from) => from.watched.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            ToClient::Page(page) => page.size_hint(),
            ToClient::Service(from) => from.watched.body.size_hint(),
        }
    }
}
