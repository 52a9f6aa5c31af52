//! A client that tells a request that was lost from a connection that was closed while it lay idle.

use crate::HOST;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection, kept open as long as the other side does.
pub struct Client {
    address: SocketAddr,
    stream: Option<TcpStream>,
    /// Read, and not yet looked at.
    rest: Vec<u8>,
    /// Sent with every request: `cookie: a=b`.
    pub headers: Vec<String>,
    /// Closes it after each answer.
    pub once: bool,
    /// Connections that the other side closed while no request was under way.
    pub idle_closes: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub trailers: String,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// `name=value` of the cookie that the proxy sets.
    pub fn cookie(&self) -> Option<String> {
        Some(self.header("set-cookie")?.split(';').next()?.to_owned())
    }
}

impl Client {
    pub fn new(address: SocketAddr) -> Client {
        Client { address, stream: None, rest: vec![], headers: vec![], once: false, idle_closes: 0 }
    }

    pub async fn get(&mut self, path: &str) -> io::Result<Response> {
        self.send("GET", path, b"").await
    }

    /// An error is a request that was sent and not answered.
    pub async fn send(&mut self, method: &str, path: &str, body: &[u8]) -> io::Result<Response> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {HOST}\r\n");
        for line in &self.headers {
            head += &format!("{line}\r\n");
        }
        if !body.is_empty() {
            head += &format!("content-length: {}\r\n", body.len());
        }
        if self.once {
            head += "connection: close\r\n";
        }
        let request = [head.as_bytes(), b"\r\n", body].concat();
        self.write(&request).await?;
        self.read(method == "HEAD").await
    }

    /// Writes bytes as they are, on a connection that is not closed.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(stream) = &self.stream {
            let mut byte = [0];
            match stream.try_read(&mut byte) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // Seen before anything was sent: nothing is lost.
                Ok(0) | Err(_) => {
                    self.stream = None;
                    self.idle_closes += 1;
                }
                Ok(_) => return Err(io::Error::other("an answer that nobody asked for")),
            }
        }
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            self.stream = Some(stream);
            self.rest.clear();
        }
        self.stream.as_mut().unwrap().write_all(bytes).await
    }

    /// Reads a whole answer.
    pub async fn read(&mut self, without_body: bool) -> io::Result<Response> {
        let mut response = loop {
            let head = self.until(b"\r\n\r\n").await?;
            let response = parse(&head)?;
            if response.status != 100 {
                break response;
            }
        };
        if !(without_body || matches!(response.status, 101 | 204 | 304)) {
            if response.header("transfer-encoding") == Some("chunked") {
                self.chunks(&mut response).await?;
            } else if let Some(length) = response.header("content-length") {
                let length: usize = length.parse().map_err(io::Error::other)?;
                response.body = self.bytes(length).await?;
            } else {
                while self.more().await.is_ok() {}
                response.body = std::mem::take(&mut self.rest);
            }
        }
        if response.header("connection") == Some("close") {
            self.stream = None;
        }
        Ok(response)
    }

    async fn chunks(&mut self, response: &mut Response) -> io::Result<()> {
        loop {
            let piece = self.chunk().await?;
            if piece.is_empty() {
                loop {
                    let line = self.until(b"\r\n").await?;
                    if line == b"\r\n" {
                        return Ok(());
                    }
                    response.trailers += &String::from_utf8_lossy(&line);
                }
            }
            response.body.extend(piece);
        }
    }

    /// The next piece of a body; empty at its end.
    pub async fn chunk(&mut self) -> io::Result<Vec<u8>> {
        let size = self.until(b"\r\n").await?;
        let size = std::str::from_utf8(&size).map_err(io::Error::other)?.trim();
        let size = usize::from_str_radix(size, 16).map_err(io::Error::other)?;
        if size == 0 {
            return Ok(vec![]);
        }
        let mut piece = self.bytes(size + 2).await?;
        piece.truncate(size);
        Ok(piece)
    }

    /// Up to these bytes and with them.
    pub async fn until(&mut self, end: &[u8]) -> io::Result<Vec<u8>> {
        loop {
            if let Some(at) = self.rest.windows(end.len()).position(|window| window == end) {
                return Ok(self.rest.drain(..at + end.len()).collect());
            }
            self.more().await?;
        }
    }

    async fn bytes(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.rest.len() < count {
            self.more().await?;
        }
        Ok(self.rest.drain(..count).collect())
    }

    async fn more(&mut self) -> io::Result<()> {
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let mut piece = [0; 16 * 1024];
        match stream.read(&mut piece).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            bytes => {
                self.rest.extend_from_slice(&piece[..bytes]);
                Ok(())
            }
        }
    }

    /// The connection, for what follows by hand.
    pub fn into_stream(self) -> TcpStream {
        self.stream.unwrap()
    }
}

fn parse(head: &[u8]) -> io::Result<Response> {
    let head = std::str::from_utf8(head).map_err(io::Error::other)?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| io::Error::other(format!("no answer: {head}")))?;
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    Ok(Response { status, headers, ..Response::default() })
}
