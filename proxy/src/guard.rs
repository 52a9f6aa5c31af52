//! A client's connection that is not waited for longer than it may take: neither for the rest of a head that has
//! begun, nor for it to take what it is sent.

use crate::pulse::Pulse;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

pub struct Guard<S> {
    stream: S,
    pulse: Arc<Pulse>,
    head: Timer,
    head_limit: Duration,
    write: Timer,
    write_limit: Duration,
}

/// Made when it is first needed, and used again.
#[derive(Default)]
struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    deadline: Option<Instant>,
}

impl Timer {
    fn poll(&mut self, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if self.deadline != Some(deadline) {
            self.deadline = Some(deadline);
            sleep.as_mut().reset(deadline);
        }
        sleep.as_mut().poll(cx)
    }
}

impl<S> Guard<S> {
    pub fn new(stream: S, pulse: Arc<Pulse>, head_limit: Duration, write_limit: Duration) -> Guard<S> {
        Guard { stream, pulse, head: Timer::default(), head_limit, write: Timer::default(), write_limit }
    }

    /// `wrote` is what became of an attempt to write; from the first in vain the client has its time.
    fn patient<T>(&mut self, wrote: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if wrote.is_ready() {
            self.write.deadline = None;
            return wrote;
        }
        let deadline = self.write.deadline.unwrap_or_else(|| Instant::now() + self.write_limit);
        ready!(self.write.poll(deadline, cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not take what it is sent")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.pulse.heard();
        }
        if read.is_pending()
            && let Some(deadline) = self.pulse.head_deadline(self.head_limit)
        {
            ready!(self.head.poll(deadline, cx));
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the head of a request takes too long")));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.patient(wrote, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.patient(wrote, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wrote = Pin::new(&mut self.stream).poll_flush(cx);
        self.patient(wrote, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wrote = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.patient(wrote, cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    const HEAD: Duration = Duration::from_millis(300);
    const WRITE: Duration = Duration::from_millis(400);

    #[tokio::test]
    async fn a_head_that_trickles_in_ends_the_connection() {
        let (mut client, server) = duplex(64);
        let begun = Instant::now();
        let mut guard = Guard::new(server, Pulse::new(begun, true), HEAD, WRITE);
        let trickle = tokio::spawn(async move {
            while client.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let mut read = vec![];
        let ended = guard.read_to_end(&mut read).await.unwrap_err();
        assert_eq!(ended.kind(), io::ErrorKind::TimedOut);
        assert!((HEAD..HEAD * 5).contains(&begun.elapsed()), "{:?}", begun.elapsed());
        assert!(!read.is_empty());
        drop(guard);
        trickle.await.unwrap();
    }

    #[tokio::test]
    async fn a_client_that_takes_a_little_is_waited_for() {
        let (mut client, server) = duplex(10);
        let pulse = Pulse::new(Instant::now(), true);
        let _beat = pulse.begin();
        let mut guard = Guard::new(server, pulse, HEAD, WRITE);
        let write = tokio::spawn(async move { guard.write_all(&[7; 100]).await });
        for _ in 0..9 {
            tokio::time::sleep(WRITE / 4).await;
            client.read_exact(&mut [0; 10]).await.unwrap();
        }
        assert!(write.await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_not() {
        let (_client, server) = duplex(10);
        let begun = Instant::now();
        let mut guard = Guard::new(server, Pulse::new(begun, true), HEAD, WRITE);
        let ended = guard.write_all(&[7; 100]).await.unwrap_err();
        assert_eq!(ended.kind(), io::ErrorKind::TimedOut);
        assert!((WRITE..WRITE * 5).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    }
}
