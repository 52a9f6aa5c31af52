//! `hopwhistle stat NAME`: one number about the service in this container, for whoever asks by a command.

use crate::http::{Connection, Url, database};
use crate::log;
use crate::release::variable;
use serde_json::{Map, Value};

/// Prints the number, and nothing else. `migrations` asks the database how many are applied. Any other name is that of
/// a metric without labels, and the service itself is asked: at `url`, or its `/metrics` on `$PORT`, or the API's port.
pub async fn run(name: &str, url: Option<&str>) -> Result<(), String> {
    let number = match name {
        "migrations" => {
            let server = database()?.map_or_else(|| "127.0.0.1:5432".to_owned(), |url| url.server);
            let body = get(&Url { server, path: "/tables/migrations".to_owned() }).await?;
            let rows: Map<String, Value> = serde_json::from_str(&body)
                .map_err(|problem| format!("the database's answer makes no sense: {problem}"))?;
            rows.len().to_string()
        }
        metric => {
            let url = match url {
                Some(url) => Url::parse(url)?,
                None => own_metrics()?,
            };
            find(&get(&url).await?, metric)?
        }
    };
    log::line(&number);
    Ok(())
}

fn own_metrics() -> Result<Url, String> {
    let port = variable("PORT")?.unwrap_or_else(|| "3001".to_owned());
    Ok(Url { server: format!("127.0.0.1:{port}"), path: "/metrics".to_owned() })
}

async fn get(url: &Url) -> Result<String, String> {
    let answer = async { Connection::open(&url.server).await?.send("GET", &url.path, "").await }.await;
    match answer {
        Ok(answer) if answer.status == 200 => Ok(answer.body),
        Ok(answer) => Err(format!("{} at {} answers {}: {}", url.path, url.server, answer.status, answer.body)),
        Err(problem) => Err(format!("{} does not answer: {problem}", url.server)),
    }
}

/// `queue-depth` is `queue_depth`: words of a command are not written with underscores.
fn find(text: &str, name: &str) -> Result<String, String> {
    let wanted = name.replace('-', "_");
    let mut there = vec!["migrations"];
    for (metric, number) in text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' ')) {
        if metric == wanted {
            return Ok(number.to_owned());
        }
        if !metric.contains('{') {
            there.push(metric);
        }
    }
    Err(format!("there is no number {wanted}: expected one of {}", there.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;

    #[test]
    fn numbers_are_found_by_their_name() {
        let metrics = Metrics::new();
        metrics.request("GET", "/", 200, std::time::Duration::from_millis(3));
        metrics.queue.add(42);
        let text = metrics.render();
        for (name, expected) in [("queue-depth", "42"), ("queue_depth", "42"), ("calls-active", "0")] {
            assert_eq!(find(&text, name).unwrap(), expected, "{name}");
        }
        let memory: u64 = find(&text, "process-resident-memory-bytes").unwrap().parse().unwrap();
        assert!(memory > 100_000, "{memory}");
        for name in ["queue", "#", "http_requests_total", ""] {
            let error = find(&text, name).unwrap_err();
            assert!(error.contains("expected one of migrations, db_connections_active, "), "{name:?}: {error}");
        }
    }
}
