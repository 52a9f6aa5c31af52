//! Connections that are HTTP no more: websockets and the like, passed on byte by byte.

use crate::drain::Place;
use crate::log::Record;
use crate::pulse::Beat;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf, copy, split};
use tokio::time::timeout;

/// When one side has ended, how long the other one may take to do so.
const FAREWELL: Duration = Duration::from_secs(5);

/// A client's side.
pub struct Upgraded {
    pub client: OnUpgrade,
    /// As long as it is open, its connection is not idle.
    pub beat: Beat,
    pub place: Arc<Place>,
}

/// Joins both sides until one of them ends it, or nothing has passed for `limit`.
pub fn tunnel(from: Upgraded, service: OnUpgrade, limit: Duration, mut record: Record) {
    record.upgraded();
    tokio::spawn(async move {
        let Upgraded { client, beat: _beat, place: _place } = from;
        let (Ok(client), Ok(service)) = tokio::join!(client, service) else {
            return;
        };
        let passed = Arc::new(Passed::default());
        let client = Counted { stream: TokioIo::new(client), passed: passed.clone() };
        tokio::select! {
            () = join(client, TokioIo::new(service)) => {}
            () = passed.nothing_for(limit) => {}
        }
        record.sent(usize::try_from(passed.to_client.load(Ordering::Relaxed)).unwrap_or(usize::MAX));
        record.complete();
    });
}

async fn join(client: impl AsyncRead + AsyncWrite + Send, service: impl AsyncRead + AsyncWrite + Send) {
    let (mut from_client, mut to_client) = split(client);
    let (mut from_service, mut to_service) = split(service);
    let mut forth = pin!(async {
        let _ = copy(&mut from_client, &mut to_service).await;
        let _ = to_service.shutdown().await;
    });
    let mut back = pin!(async {
        let _ = copy(&mut from_service, &mut to_client).await;
        let _ = to_client.shutdown().await;
    });
    let other: Pin<&mut (dyn Future<Output = ()> + Send)> = tokio::select! {
        () = &mut forth => back,
        () = &mut back => forth,
    };
    let _ = timeout(FAREWELL, other).await;
}

/// Bytes, so far.
#[derive(Debug, Default)]
struct Passed {
    from_client: AtomicU64,
    to_client: AtomicU64,
}

impl Passed {
    fn sum(&self) -> u64 {
        self.from_client.load(Ordering::Relaxed).wrapping_add(self.to_client.load(Ordering::Relaxed))
    }

    /// Returns when that is so, up to a quarter later.
    async fn nothing_for(&self, limit: Duration) {
        let (mut sum, mut quiet) = (self.sum(), 0);
        while quiet < 4 {
            tokio::time::sleep(limit / 4).await;
            let now = self.sum();
            quiet = if now == sum { quiet + 1 } else { 0 };
            sum = now;
        }
    }
}

struct Counted<S> {
    stream: S,
    passed: Arc<Passed>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.passed.from_client.fetch_add((buf.filled().len() - before) as u64, Ordering::Relaxed);
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(cx, buf);
        if let Poll::Ready(Ok(bytes)) = wrote {
            self.passed.to_client.fetch_add(bytes as u64, Ordering::Relaxed);
        }
        wrote
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
