//! `hopwhistle probe URL`: what `curl -f` does in the health checks of images that have one.

use crate::http::{Connection, Url};
use crate::log;

/// Succeeds when the answer is a 2xx. The body is printed, and Docker keeps it with the state of the check.
pub async fn run(url: &str) -> Result<(), String> {
    let url = Url::parse(url)?;
    let answer = async { Connection::open(&url.server).await?.send("GET", &url.path, "").await }.await;
    match answer {
        Err(problem) => Err(format!("{} does not answer: {problem}", url.server)),
        Ok(answer) if (200..300).contains(&answer.status) => {
            log::line(&answer.body);
            Ok(())
        }
        Ok(answer) => Err(format!("{} answers {}: {}", url.path, answer.status, answer.body)),
    }
}
