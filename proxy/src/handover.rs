//! Listening sockets, passed from one process to the next over the control socket.
//!
//! Both processes then accept from the same queue of the kernel, and nothing in it is lost when the first one stops.
//! Two sockets on one port (`SO_REUSEPORT`) have a queue each, and the one that is closed resets what waits in its own.

use crate::wire::LONGEST_LINE;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::UnixStream;

/// Sockets in one go; Linux takes up to 253.
pub const MOST: usize = 64;

/// Sends a line, and the sockets with its first byte.
pub async fn send(stream: &mut UnixStream, line: &[u8], sockets: &[BorrowedFd<'_>]) -> io::Result<()> {
    if sockets.len() > MOST {
        return Err(io::Error::other(format!("more than {MOST} listening sockets")));
    }
    let (first, rest) = line.split_at(1);
    let sent = stream.async_io(Interest::WRITABLE, || {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
        let mut beside = SendAncillaryBuffer::new(&mut space);
        if !sockets.is_empty() && !beside.push(SendAncillaryMessage::ScmRights(sockets)) {
            return Err(io::Error::other("too many listening sockets"));
        }
        Ok(sendmsg(&*stream, &[IoSlice::new(first)], &mut beside, SendFlags::NOSIGNAL)?)
    });
    sent.await?;
    stream.write_all(rest).await
}

/// Reads up to the end of a line, and the sockets that come with it.
pub async fn receive(stream: &UnixStream) -> io::Result<(Vec<u8>, Vec<OwnedFd>)> {
    let (mut line, mut sockets) = (vec![], vec![]);
    while line.last() != Some(&b'\n') {
        let mut piece = [0; 4096];
        let read = stream.async_io(Interest::READABLE, || {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
            let mut beside = RecvAncillaryBuffer::new(&mut space);
            let read = recvmsg(stream, &mut [IoSliceMut::new(&mut piece)], &mut beside, RecvFlags::CMSG_CLOEXEC)?;
            for message in beside.drain() {
                if let RecvAncillaryMessage::ScmRights(passed) = message {
                    sockets.extend(passed);
                }
            }
            if read.flags.contains(ReturnFlags::CTRUNC) {
                return Err(io::Error::other("more listening sockets came than there is room for"));
            }
            Ok(read.bytes)
        });
        match read.await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            bytes => line.extend_from_slice(&piece[..bytes]),
        }
        if line.len() > LONGEST_LINE {
            return Err(io::Error::other("a line too long"));
        }
    }
    Ok((line, sockets))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsFd;

    #[tokio::test]
    async fn a_socket_passed_on_keeps_its_queue() {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.write_all(b"hello").unwrap();
        let line = [vec![b'x'; 100_000], b"\n".to_vec()].concat();
        let fds = [listener.as_fd(), other.as_fd()];
        let (sent, received) = tokio::join!(send(&mut ours, &line, &fds), receive(&theirs));
        sent.unwrap();
        let (heard, mut sockets) = received.unwrap();
        assert_eq!((heard, sockets.len()), (line, 2));
        let passed = TcpListener::from(sockets.remove(0));
        assert_eq!(passed.local_addr().unwrap(), listener.local_addr().unwrap());
        drop(listener);
        let (mut accepted, _) = passed.accept().unwrap();
        let mut hello = [0; 5];
        accepted.read_exact(&mut hello).unwrap();
        assert_eq!(&hello, b"hello");
    }

    #[tokio::test]
    async fn the_end_of_the_other_side_is_an_error() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        drop(ours);
        assert!(receive(&theirs).await.is_err());
    }
}
