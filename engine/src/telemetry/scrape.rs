//! Asks a process for its numbers.

use reqwest::header::{ACCEPT, HOST};
use reqwest::{Client, StatusCode};
use std::error::Error;
use std::time::Duration;

/// For all of it, from the connection to the last byte.
const LONGEST: Duration = Duration::from_secs(3);
/// No application tells this much of itself.
const LARGEST: usize = 8 << 20;
/// The format that is read here, before any other.
const FORMAT: &str = "text/plain;version=0.0.4;q=1,*/*;q=0.1";

/// The text at an address. `host` is the name that is asked for, when it is another than the address says.
///
/// # Errors
/// Why there is none, in a sentence.
pub async fn fetch(http: &Client, url: &str, host: Option<&str>) -> Result<String, String> {
    match tokio::time::timeout(LONGEST, read(http, url, host)).await {
        Ok(answer) => answer.map_err(|why| format!("{url} {why}")),
        Err(_) => Err(format!("{url} has not answered within {} s", LONGEST.as_secs())),
    }
}

async fn read(http: &Client, url: &str, host: Option<&str>) -> Result<String, String> {
    let mut request = http.get(url).header(ACCEPT, FORMAT);
    if let Some(host) = host {
        request = request.header(HOST, host);
    }
    let failed = |error: reqwest::Error| format!("does not answer: {}", cause(&error));
    let mut answer = request.send().await.map_err(failed)?;
    if answer.status() != StatusCode::OK {
        return Err(format!("answers {}, where 200 OK was expected", answer.status()));
    }
    let mut body = vec![];
    while let Some(chunk) = answer.chunk().await.map_err(|error| format!("broke off its answer: {}", cause(&error)))? {
        if body.len() + chunk.len() > LARGEST {
            return Err(format!("answers more than {} MB", LARGEST >> 20));
        }
        body.extend_from_slice(&chunk);
    }
    String::from_utf8(body).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..good].iter().filter(|byte| **byte == b'\n').count() + 1;
        format!("answers what is no text: line {line} is not UTF-8")
    })
}

/// The innermost reason, without its number: `Connection refused`, not `error sending request`. Never holds an address.
pub(super) fn cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let text = cause.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::net::SocketAddr;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// Answers every connection with these bytes, and sends back what it was asked through the receiver.
    pub async fn server(answer: Vec<u8>) -> (SocketAddr, tokio::sync::mpsc::UnboundedReceiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, asked) = tokio::sync::mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = vec![];
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => head.push(byte),
                        Err(_) => break,
                    }
                }
                let _ = sender.send(String::from_utf8_lossy(&head).into_owned());
                // An empty answer is none: the connection stays open.
                if answer.is_empty() {
                    std::future::pending::<()>().await;
                }
                let _ = stream.write_all(&answer).await;
            }
        });
        (address, asked)
    }

    pub fn answer(status: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    }

    pub fn http() -> Client {
        Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
    }

    async fn fetched(bytes: Vec<u8>) -> Result<String, String> {
        let (address, _asked) = server(bytes).await;
        let url = format!("http://{address}/metrics");
        fetch(&http(), &url, None).await.map_err(|why| {
            assert!(why.starts_with(&url), "{why}");
            why[url.len() + 1..].to_owned()
        })
    }

    #[tokio::test]
    async fn the_text_is_fetched() {
        let (address, mut asked) = server(answer("200 OK", "text/plain", "a 1\né 2\n".as_bytes())).await;
        let text = fetch(&http(), &format!("http://{address}/m?x=1"), Some("api.example.com")).await;
        assert_eq!(text.as_deref(), Ok("a 1\né 2\n"));
        let head = asked.recv().await.unwrap().to_lowercase();
        assert!(head.starts_with("get /m?x=1 http/1.1\r\n"), "{head}");
        assert!(head.contains("\r\nhost: api.example.com\r\n"), "{head}");
        assert!(head.contains("\r\naccept: text/plain;version=0.0.4"), "{head}");
        assert_eq!(head.matches("\r\nhost:").count(), 1);
        assert_eq!(fetched(answer("200 OK", "text/plain", b"")).await.as_deref(), Ok(""));
    }

    #[tokio::test]
    async fn what_goes_wrong_is_said() {
        let ok = |body: &[u8]| answer("200 OK", "text/plain", body);
        let mut large = vec![b' '; LARGEST + 1];
        let mut cut = ok(b"a 1\nb 2\n");
        cut.truncate(cut.len() - 4);
        for (bytes, said) in [
            (answer("404 Not Found", "text/plain", b"a 1"), "answers 404 Not Found, where 200 OK was expected"),
            (answer("204 No Content", "text/plain", b""), "answers 204 No Content, where 200 OK was expected"),
            (answer("301 Moved Permanently\r\nLocation: /", "text/plain", b""), "answers 301 Moved Permanently"),
            (answer("503 Service Unavailable", "text/plain", b""), "answers 503 Service Unavailable"),
            (ok(b"a 1\nb\xff 2"), "answers what is no text: line 2 is not UTF-8"),
            (ok(&large), "answers more than 8 MB"),
            (cut, "broke off its answer: "),
            (b"SSH-2.0-x\r\n\r\n".to_vec(), "does not answer: "),
            (vec![], "has not answered within 3 s"),
        ] {
            let why = fetched(bytes).await.expect_err(said);
            assert!(why.contains(said), "{why}, not {said}");
        }
        large.truncate(LARGEST);
        assert_eq!(fetched(ok(&large)).await.map(|text| text.len()), Ok(LARGEST));
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let why = fetch(&http(), &format!("http://{free}/"), None).await.unwrap_err();
        assert_eq!(why, format!("http://{free}/ does not answer: Connection refused"));
    }
}
