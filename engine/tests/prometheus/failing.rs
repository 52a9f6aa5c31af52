//! Queries that give no number, and servers that fail.

use super::support::prometheus::PASSWORD;
use super::{ask, http, started};
use engine::telemetry::promql;
use std::time::Duration;

#[tokio::test]
#[ignore = "needs prometheus"]
async fn what_is_not_one_number_is_said() {
    let prometheus = started().await;
    for (query, said) in [
        ("depth", "the query gives 2 numbers, where one was expected: depth{instance="),
        ("odd", ", ... Put sum() or max() around it"),
        ("endless", "the query gives inf"),
        ("1 / 0", "the query gives inf"),
        ("-1 / 0", "the query gives -inf"),
        ("depth[1m]", "the query gives a range of numbers"),
        ("\"text\"", "answers what cannot be understood"),
        ("depth{", "refuses the query: bad_data: "),
        ("no_function(depth)", "refuses the query: bad_data: "),
        ("depth * on(job) depth", "refuses the query: execution: "),
    ] {
        let why = ask(&prometheus, query).await.expect_err(query);
        assert!(why.contains(said) && !why.contains(PASSWORD), "{query}: {why}");
    }
}

#[tokio::test]
#[ignore = "needs prometheus"]
async fn a_server_that_fails_is_said() {
    let mut prometheus = started().await;
    let shown = format!("Prometheus at http://127.0.0.1:{}", prometheus.port);
    for url in [
        format!("http://127.0.0.1:{}", prometheus.port),
        format!("http://crossfade:wrong@127.0.0.1:{}", prometheus.port),
    ] {
        let why = promql::ask(&http(), &url, "up").await.unwrap_err();
        assert_eq!(why, format!("{shown} answers 401 Unauthorized"));
    }
    let why = promql::ask(&http(), &format!("{}/elsewhere", prometheus.url()), "up").await.unwrap_err();
    assert_eq!(why, format!("{shown}/elsewhere answers 404 Not Found"));
    // It hangs.
    prometheus.freeze();
    assert_eq!(ask(&prometheus, "up").await, Err(format!("{shown} has not answered within 5 s")));
    // It dies while it is asked.
    let url = prometheus.url();
    let asked = tokio::spawn(async move { promql::ask(&http(), &url, "up").await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    prometheus.kill();
    let why = asked.await.unwrap().unwrap_err();
    assert!(why.starts_with(&format!("{shown} does not answer: ")) && !why.contains(PASSWORD), "{why}");
    // It is down.
    assert_eq!(ask(&prometheus, "up").await, Err(format!("{shown} does not answer: Connection refused")));
}
