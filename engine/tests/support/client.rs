//! A keep-alive client that tells a connection closed while idle from a request that was lost.

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// The example of RFC 6455: HAProxy lets no websocket through without.
const KEY: &str = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";

pub struct Client {
    port: u16,
    host: String,
    connection: Option<BufReader<TcpStream>>,
    /// Connections that were closed while nothing was asked. Harmless.
    pub idle_closes: u64,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn headers(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The slot that answered. A router that names it must name it right.
    pub fn slot(&self) -> &str {
        assert_eq!(self.status, 200);
        assert_eq!(self.header("x-crossfade-slot").unwrap_or(&self.body), self.body);
        &self.body
    }
}

impl Client {
    pub fn new(port: u16, host: &str) -> Client {
        Client { port, host: host.to_owned(), connection: None, idle_closes: 0 }
    }

    pub async fn get(&mut self, path: &str, header: &str) -> Answer {
        self.try_get(path, header).await.expect("the request was lost")
    }

    /// `header` is none or one line.
    ///
    /// # Errors
    /// The request was sent, and its answer did not come or was cut off.
    pub async fn try_get(&mut self, path: &str, header: &str) -> std::io::Result<Answer> {
        let mut stream = self.connected().await?;
        let header = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{header}\r\n", self.host);
        stream.get_mut().write_all(request.as_bytes()).await?;
        let answer = read(&mut stream).await?;
        if answer.header("connection") != Some("close") {
            self.connection = Some(stream);
        }
        Ok(answer)
    }

    /// Sends an upgrade and gives the connection away with the head of its answer.
    pub async fn upgrade(mut self) -> (BufReader<TcpStream>, Answer) {
        let mut stream = self.connected().await.unwrap();
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{KEY}\r\n\r\n",
            self.host
        );
        stream.get_mut().write_all(request.as_bytes()).await.unwrap();
        let answer = read(&mut stream).await.unwrap();
        (stream, answer)
    }

    async fn connected(&mut self) -> std::io::Result<BufReader<TcpStream>> {
        if let Some(stream) = self.connection.take() {
            // Nothing to read yet: still open. An end: closed while idle, and nothing is lost.
            let state = stream.get_ref().try_read(&mut [0]);
            if state.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock) {
                return Ok(stream);
            }
            self.idle_closes += 1;
        }
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        stream.set_nodelay(true)?;
        Ok(BufReader::new(stream))
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> std::io::Result<Answer> {
    let cut_off = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(cut_off());
        }
        if line == "\r\n" {
            break;
        }
        lines.push(line.trim_end().to_owned());
    }
    let status = lines.first().and_then(|line| line.split(' ').nth(1)?.parse().ok()).ok_or_else(cut_off)?;
    let headers: Vec<(String, String)> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(key, value)| (key.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(key, _)| key == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Answer { status, headers, body: String::from_utf8(body).unwrap() })
}
