//! Connections that are HTTP no more: websockets and the like, passed on byte by byte.

use crate::drain::Place;
use crate::log::Record;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};

/// Joins both sides until one of them ends it, or nothing has passed for `limit`. Keeps the connection's place.
pub fn tunnel(client: OnUpgrade, service: OnUpgrade, limit: Duration, mut record: Record, place: Arc<Place>) {
    record.upgraded();
    tokio::spawn(async move {
        let _place = place;
        let (Ok(client), Ok(service)) = tokio::join!(client, service) else {
            return;
        };
        let counted = Arc::new(Passed::default());
        let mut client = Counted { stream: TokioIo::new(client), passed: counted.clone() };
        let mut service = TokioIo::new(service);
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut service) => {}
            () = counted.nothing_for(limit) => {}
        }
        record.sent(usize::try_from(counted.to_client.load(Ordering::Relaxed)).unwrap_or(usize::MAX));
        record.complete();
    });
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
