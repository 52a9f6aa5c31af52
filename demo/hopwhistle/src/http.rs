//! A client for our own small needs: the link to the database, `pnpm`, and the probe of the health checks.

use crate::release::variable;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// For connecting, and for one answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// No answer that is read here is larger.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// `http://host:port/path`, taken apart. Credentials and the scheme are ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// Host and port.
    pub server: String,
    pub path: String,
}

/// An open connection, for one request after the other.
pub struct Connection {
    stream: TcpStream,
    server: String,
}

pub struct Answer {
    pub status: u16,
    pub body: String,
    /// What the client is to send along from now on: `name=value`.
    pub cookie: Option<String>,
}

impl Url {
    pub fn parse(text: &str) -> Result<Url, String> {
        let expected = || format!("{text:?} is no URL that can be used: expected one such as http://database:5432");
        let (scheme, rest) = text.split_once("://").ok_or_else(expected)?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = authority.rsplit_once('@').map_or(authority, |(_credentials, host)| host);
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let server = match (has_port, scheme) {
            (true, _) => host.to_owned(),
            (false, "http") if !host.is_empty() && !host.contains(':') => format!("{host}:80"),
            _ => return Err(expected()),
        };
        Ok(Url { server, path: format!("/{path}") })
    }
}

/// Where `$DATABASE_URL` says the database is.
pub fn database() -> Result<Option<Url>, String> {
    variable("DATABASE_URL")?
        .map(|url| Url::parse(&url).map_err(|problem| format!("DATABASE_URL: {problem}")))
        .transpose()
}

impl Connection {
    pub async fn open(server: &str) -> io::Result<Connection> {
        let stream = timeout(PATIENCE, TcpStream::connect(server)).await??;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, server: server.to_owned() })
    }

    /// Sends one request, and reads the answer to its end.
    pub async fn send(&mut self, method: &str, path: &str, body: &str) -> io::Result<Answer> {
        let host = self.server.clone();
        self.send_to(&host, method, path, &[], body).await
    }

    /// The same, to one of several hosts of a server, and with more headers.
    pub async fn send_to(
        &mut self,
        host: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> io::Result<Answer> {
        let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n{more}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        timeout(PATIENCE, async {
            self.stream.write_all(request.as_bytes()).await?;
            self.answer().await
        })
        .await?
    }

    async fn answer(&mut self) -> io::Result<Answer> {
        let mut bytes = Vec::with_capacity(1024);
        let head_end = loop {
            if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break at;
            }
            self.read_more(&mut bytes).await?;
        };
        let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
        let cookie = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("set-cookie")
                .then(|| value.split(';').next().unwrap_or_default().trim().to_owned())
        });
        let head = head.to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|word| word.get(..3)).and_then(|word| word.parse().ok());
        let status = status.ok_or_else(|| io::Error::other("this is no HTTP answer"))?;
        // Chunked answers have no length; the callers that meet them want the status alone.
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        let body_start = head_end + 4;
        while bytes.len() < body_start + length.unwrap_or(0) {
            self.read_more(&mut bytes).await?;
        }
        Ok(Answer { status, body: String::from_utf8_lossy(&bytes[body_start..]).into_owned(), cookie })
    }

    async fn read_more(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        if bytes.len() > MAX_ANSWER {
            return Err(io::Error::other("the answer is too large"));
        }
        match self.stream.read_buf(bytes).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let cases = [
            ("http://database:5432", "database:5432", "/"),
            ("http://127.0.0.1:3001/health", "127.0.0.1:3001", "/health"),
            ("postgres://hopwhistle:secret@database:5432/hopwhistle", "database:5432", "/hopwhistle"),
            ("http://localhost/a?b=c", "localhost:80", "/a?b=c"),
            ("http://[::1]:80/", "[::1]:80", "/"),
        ];
        for (text, server, path) in cases {
            assert_eq!(Url::parse(text).unwrap(), Url { server: server.to_owned(), path: path.to_owned() }, "{text}");
        }
        for text in ["", "database:5432", "postgres://database", "http://", "http://host:port/"] {
            assert!(Url::parse(text).is_err(), "{text}");
        }
    }
}
