//! Numbers from the application against a real Prometheus on loopback: what it answers, how it fails, and whether it
//! reads the same text as we do.

#[path = "prometheus/agreeing.rs"]
mod agreeing;
#[path = "prometheus/asking.rs"]
mod asking;
#[path = "prometheus/failing.rs"]
mod failing;

mod support {
    #[path = "../support/nginx.rs"]
    #[allow(dead_code)]
    pub mod nginx;
    #[path = "../support/prometheus.rs"]
    pub mod prometheus;
}

use engine::telemetry::promql;
use std::time::{Duration, Instant};
use support::prometheus::PrivatePrometheus;

const PAGE: &str = include_str!("prometheus/page.txt");

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

async fn ask(prometheus: &PrivatePrometheus, query: &str) -> Result<Option<f64>, String> {
    promql::ask(&http(), &prometheus.url(), query).await
}

/// It has scraped the page.
async fn started() -> PrivatePrometheus {
    let prometheus = PrivatePrometheus::start(PAGE);
    let start = Instant::now();
    loop {
        let up = ask(&prometheus, "up").await;
        if up == Ok(Some(1.0)) {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "nothing was scraped: {up:?}\n{}", prometheus.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    prometheus
}
