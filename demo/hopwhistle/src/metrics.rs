//! Metrics as Prometheus text, with the names and in the shape of prom-client, the library of Node services.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// prom-client's own default buckets, in seconds.
const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What one process counts.
pub struct Metrics {
    started: SystemTime,
    requests: Mutex<BTreeMap<Labels, Requests>>,
    pub db_connections: Gauge,
    /// How many there may be at once; 0 in a service that has no database.
    pub db_connections_max: Gauge,
    pub calls: Gauge,
    /// Those the worker is at.
    pub jobs: Gauge,
    /// Jobs that wait.
    pub queue: Gauge,
}

/// A number that goes up and down.
#[derive(Default)]
pub struct Gauge(AtomicI64);

/// One more, until it is dropped.
pub struct Counted<'a>(&'a Gauge);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Labels {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Default)]
struct Requests {
    /// By the first bucket a request fits in; the last is for those that fit in none.
    in_bucket: [u64; BUCKETS.len() + 1],
    seconds: f64,
}

impl Metrics {
    pub fn new() -> Metrics {
        Metrics {
            started: SystemTime::now(),
            requests: Mutex::default(),
            db_connections: Gauge::default(),
            db_connections_max: Gauge::default(),
            calls: Gauge::default(),
            jobs: Gauge::default(),
            queue: Gauge::default(),
        }
    }

    /// Counts one request. `route` is the pattern, not the path: paths are without number.
    pub fn request(&self, method: &str, route: &str, status: u16, took: Duration) {
        let labels = Labels { method: method.to_owned(), route: route.to_owned(), status };
        let seconds = took.as_secs_f64();
        let bucket = BUCKETS.iter().position(|&bound| seconds <= bound).unwrap_or(BUCKETS.len());
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = requests.entry(labels).or_default();
        entry.in_bucket[bucket] += 1;
        entry.seconds += seconds;
    }

    /// Everything, as text.
    pub fn render(&self) -> String {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut text = String::new();

        head(&mut text, "http_requests_total", "Total number of HTTP requests", "counter");
        for (labels, requests) in &requests {
            line(&mut text, &format!("http_requests_total{{{labels}}}"), requests.count());
        }

        head(&mut text, "http_request_duration_seconds", "Duration of HTTP requests in seconds", "histogram");
        for (labels, requests) in &requests {
            let mut so_far = 0;
            for (bound, count) in BUCKETS.iter().zip(requests.in_bucket) {
                so_far += count;
                line(&mut text, &format!("http_request_duration_seconds_bucket{{le=\"{bound}\",{labels}}}"), so_far);
            }
            let count = requests.count();
            line(&mut text, &format!("http_request_duration_seconds_bucket{{le=\"+Inf\",{labels}}}"), count);
            line(&mut text, &format!("http_request_duration_seconds_sum{{{labels}}}"), requests.seconds);
            line(&mut text, &format!("http_request_duration_seconds_count{{{labels}}}"), count);
        }

        let started = self.started.duration_since(UNIX_EPOCH).unwrap_or_default();
        let start_help = "Start time of the process since unix epoch in seconds.";
        gauge(&mut text, "db_connections_active", "Open connections to the database", self.db_connections.value());
        let max_help = "Connections to the database there may be at once";
        gauge(&mut text, "db_connections_max", max_help, self.db_connections_max.value());
        gauge(&mut text, "calls_active", "Calls in progress", self.calls.value());
        gauge(&mut text, "queue_depth", "Jobs that wait to be worked on", self.queue.value());
        gauge(&mut text, "worker_jobs_active", "Jobs the worker is working on", self.jobs.value());
        gauge(&mut text, "process_start_time_seconds", start_help, format!("{:.3}", started.as_secs_f64()));
        if let Some(bytes) = resident_memory() {
            gauge(&mut text, "process_resident_memory_bytes", "Resident memory size in bytes.", bytes);
        }
        text
    }
}

impl Gauge {
    pub fn count(&self) -> Counted<'_> {
        self.add(1);
        Counted(self)
    }

    pub fn add(&self, difference: i64) {
        self.0.fetch_add(difference, Ordering::Relaxed);
    }

    pub fn value(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.add(-1);
    }
}

impl Requests {
    fn count(&self) -> u64 {
        self.in_bucket.iter().sum()
    }
}

impl std::fmt::Display for Labels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (method, route) = (escaped(&self.method), escaped(&self.route));
        write!(f, "method=\"{method}\",route=\"{route}\",status_code=\"{}\"", self.status)
    }
}

/// As a label's value is written.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn head(text: &mut String, name: &str, help: &str, kind: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(text: &mut String, name: &str, value: impl std::fmt::Display) {
    let _ = writeln!(text, "{name} {value}");
}

fn gauge(text: &mut String, name: &str, help: &str, value: impl std::fmt::Display) {
    head(text, name, help, "gauge");
    line(text, name, value);
}

/// Of this process, in bytes; only Linux tells.
fn resident_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix("kB")?;
    Some(kilobytes.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_as_prom_client_writes_it() {
        let metrics = Metrics::new();
        metrics.request("GET", "/health", 200, Duration::from_millis(3));
        metrics.request("GET", "/health", 200, Duration::from_millis(500));
        metrics.request("POST", "/a\"b", 500, Duration::from_secs(60));
        let _one = metrics.calls.count();
        metrics.db_connections_max.add(10);
        metrics.queue.add(3);
        let text = metrics.render();
        for line in [
            "# TYPE http_requests_total counter",
            "http_requests_total{method=\"GET\",route=\"/health\",status_code=\"200\"} 2",
            "http_requests_total{method=\"POST\",route=\"/a\\\"b\",status_code=\"500\"} 1",
            "# TYPE http_request_duration_seconds histogram",
            "http_request_duration_seconds_bucket{le=\"0.005\",method=\"GET\",route=\"/health\",status_code=\"200\"} 1",
            "http_request_duration_seconds_bucket{le=\"0.5\",method=\"GET\",route=\"/health\",status_code=\"200\"} 2",
            "http_request_duration_seconds_bucket{le=\"10\",method=\"POST\",route=\"/a\\\"b\",status_code=\"500\"} 0",
            "http_request_duration_seconds_bucket{le=\"+Inf\",method=\"POST\",route=\"/a\\\"b\",status_code=\"500\"} 1",
            "http_request_duration_seconds_sum{method=\"GET\",route=\"/health\",status_code=\"200\"} 0.503",
            "http_request_duration_seconds_count{method=\"GET\",route=\"/health\",status_code=\"200\"} 2",
            "calls_active 1",
            "db_connections_active 0",
            "db_connections_max 10",
            "# TYPE queue_depth gauge",
            "queue_depth 3",
            "worker_jobs_active 0",
        ] {
            assert!(text.lines().any(|l| l == line), "missing {line}\nin\n{text}");
        }
        assert!(text.contains("\nprocess_start_time_seconds 1"));
        assert!(text.contains("\nprocess_resident_memory_bytes ") || !cfg!(target_os = "linux"));
    }
}
