//! Asks a Prometheus server. Source of the notation: <https://prometheus.io/docs/prometheus/latest/querying/api/>.

use super::scrape::cause;
use prometheus_http_query::error::Error;
use prometheus_http_query::response::{Data, InstantVector};
use prometheus_http_query::{Client, InstantQueryBuilder};
use reqwest::Url;
use rollout::slot::Slot;
use std::time::Duration;

/// For all of it, from the connection to the last byte.
const LONGEST: Duration = Duration::from_secs(5);
/// So many series are shown to a person.
const SHOWN: usize = 3;

/// The query with `{slot}`, `{version}` and `{application}` filled in, as they stand in a string of PromQL. All other
/// braces are PromQL's own.
pub fn fill(query: &str, slot: Slot, version: &str, application: &str) -> String {
    let values = [("{slot}", slot.as_str()), ("{version}", version), ("{application}", application)];
    let (mut filled, mut rest) = (String::with_capacity(query.len()), query);
    while let Some(brace) = rest.find('{') {
        filled.push_str(&rest[..brace]);
        rest = &rest[brace..];
        match values.iter().find(|(name, _)| rest.starts_with(name)) {
            Some((name, value)) => {
                value.chars().for_each(|c| push_escaped(&mut filled, c));
                rest = &rest[name.len()..];
            }
            None => {
                filled.push('{');
                rest = &rest[1..];
            }
        }
    }
    filled + rest
}

/// By their numbers, quotes stand in strings of either quotes.
fn push_escaped(text: &mut String, c: char) {
    match c {
        '\\' => text.push_str(r"\\"),
        '"' | '\'' | '`' => text.push_str(&format!(r"\x{:02x}", u32::from(c))),
        c if c.is_control() => text.push_str(&format!(r"\u{:04x}", u32::from(c))),
        c => text.push(c),
    }
}

/// The one number that the query gives right now. `None` when it gives nothing, or what is not a number: no data.
/// `server` is an address, perhaps with a path, and with a user and a password before the name.
///
/// # Errors
/// Why there is no number, in a sentence without the password.
pub async fn ask(http: &reqwest::Client, server: &str, query: &str) -> Result<Option<f64>, String> {
    let client = Client::from(http.clone(), server.trim_end_matches('/'));
    let client =
        client.map_err(|error| format!("the address of the Prometheus server cannot be read: {}", cause(&error)))?;
    let shown = without_password(client.base_url());
    let request: InstantQueryBuilder = client.query(query).timeout(LONGEST.as_millis() as i64);
    match tokio::time::timeout(LONGEST, request.get()).await {
        Ok(Ok(answer)) => number(answer.data()),
        Ok(Err(error)) => Err(format!("Prometheus at {shown} {}", why(&error))),
        Err(_) => Err(format!("Prometheus at {shown} has not answered within {} s", LONGEST.as_secs())),
    }
}

fn without_password(url: &Url) -> String {
    let mut url = url.clone();
    // An address that cannot have a user has none.
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url.as_str().trim_end_matches('/').to_owned()
}

fn number(data: &Data) -> Result<Option<f64>, String> {
    let value = match data {
        Data::Scalar(sample) => sample.value(),
        Data::Vector(series) => match series.as_slice() {
            [] => return Ok(None),
            [one] => one.sample().value(),
            several => return Err(too_many(several)),
        },
        Data::Matrix(_) => {
            return Err(
                "the query gives a range of numbers, where one was expected: put rate() or max_over_time() around \
                        what has a range in brackets"
                    .to_owned(),
            );
        }
    };
    match value {
        value if value.is_nan() => Ok(None),
        value if value.is_infinite() => Err(format!("the query gives {value}: something is divided by nothing")),
        value => Ok(Some(value)),
    }
}

fn too_many(series: &[InstantVector]) -> String {
    let mut shown: Vec<String> = series.iter().map(labels).collect();
    shown.sort();
    let more = if shown.len() > SHOWN { ", .." } else { "" };
    shown.truncate(SHOWN);
    format!(
        "the query gives {} numbers, where one was expected: {}{more}. Put sum() or max() around it",
        series.len(),
        shown.join(", ")
    )
}

fn labels(series: &InstantVector) -> String {
    let mut labels: Vec<_> = series.metric().iter().filter(|(name, _)| *name != "__name__").collect();
    labels.sort();
    let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    let name = series.metric().get("__name__").map(String::as_str).unwrap_or_default();
    format!("{name}{{{}}}", labels.join(","))
}

/// How the server failed.
fn why(error: &Error) -> String {
    match error {
        Error::Prometheus(said) => format!("refuses the query: {said}"),
        Error::Client(error) => match error.inner() {
            None => "answers what is no JSON: is it a Prometheus server?".to_owned(),
            Some(inner) => match inner.status() {
                Some(status) => format!("answers {status}"),
                None if inner.is_decode() => format!("answers what cannot be understood: {}", cause(inner)),
                None => format!("does not answer: {}", cause(inner)),
            },
        },
        other => format!("cannot be asked: {}", cause(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::scrape::tests::{answer, http, server};
    use super::*;

    #[test]
    fn values_are_filled_in() {
        for (query, filled) in [
            ("up{slot=\"{slot}\"}", "up{slot=\"green\"}"),
            ("{slot}{version}{application}", "green1.0-rc_1shop"),
            ("up{slot=~\"{slot}|{{slot}}\",x=\"{other}{Slot}{\"}", "up{slot=~\"green|{green}\",x=\"{other}{Slot}{\"}"),
            ("", ""),
            ("{", "{"),
            ("sum by (le) (x)", "sum by (le) (x)"),
        ] {
            assert_eq!(fill(query, Slot::Green, "1.0-rc_1", "shop"), filled, "{query}");
        }
        // Nothing that is filled in ends the string, or is filled in again.
        let filled = fill("a{v=\"{version}\",w='{version}'}", Slot::Blue, "{slot}\"} or up{x='\\\n`", "shop");
        let value = r"{slot}\x22} or up{x=\x27\\\u000a\x60";
        assert_eq!(filled, format!("a{{v=\"{value}\",w='{value}'}}"));
    }

    async fn asked(status: &str, content_type: &str, body: &str) -> Result<Option<f64>, String> {
        let (address, _asked) = server(answer(status, content_type, body.as_bytes())).await;
        ask(&http(), &format!("http://me:geheim@{address}"), "up").await
    }

    #[tokio::test]
    async fn answers_are_read() {
        let one = |value: &str| format!(r#"{{"metric":{{"__name__":"up","a":"{value}"}},"value":[1.5,"{value}"]}}"#);
        let vector = |values: &[&str]| {
            let series: Vec<String> = values.iter().map(|value| one(value)).collect();
            format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{}]}}}}"#, series.join(","))
        };
        let scalar = |value: &str| {
            format!(r#"{{"status":"success","data":{{"resultType":"scalar","result":[1435781451.781,"{value}"]}}}}"#)
        };
        for (body, wanted) in [
            (vector(&["0.01"]), Ok(Some(0.01))),
            (vector(&["1e-3"]), Ok(Some(0.001))),
            (vector(&[]), Ok(None)),
            (vector(&["NaN"]), Ok(None)),
            (scalar("7"), Ok(Some(7.0))),
            (scalar("NaN"), Ok(None)),
            (vector(&["+Inf"]), Err("the query gives inf")),
            (scalar("-Inf"), Err("the query gives -inf")),
            (
                vector(&["4", "2", "3", "1"]),
                Err("4 numbers, where one was expected: up{a=\"1\"}, up{a=\"2\"}, up{a=\"3\"}, ... Put sum() or max()"),
            ),
            (vector(&["2", "1"]), Err("gives 2 numbers, where one was expected: up{a=\"1\"}, up{a=\"2\"}. Put")),
            (
                r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"1"]]}]}}"#
                    .to_owned(),
                Err("the query gives a range of numbers"),
            ),
            (r#"{"status":"success"}"#.to_owned(), Err("answers what cannot be understood: ")),
            ("{".to_owned(), Err("answers what cannot be understood: ")),
        ] {
            match (asked("200 OK", "application/json", &body).await, wanted) {
                (Ok(value), Ok(wanted)) => assert_eq!(value, wanted, "{body}"),
                (Err(why), Err(wanted)) => assert!(why.contains(wanted) && !why.contains("geheim"), "{body}: {why}"),
                (found, _) => panic!("{body}: {found:?}"),
            }
        }
    }

    #[tokio::test]
    async fn servers_that_fail_are_said() {
        let error = r#"{"status":"error","errorType":"bad_data","error":"1:4: parse error"}"#;
        for (status, kind, body, said) in [
            ("400 Bad Request", "application/json", error, "refuses the query: bad_data: 1:4: parse error"),
            ("401 Unauthorized", "text/html", "<html>", "answers 401 Unauthorized"),
            ("502 Bad Gateway", "text/html", "<html>", "answers 502 Bad Gateway"),
            ("302 Found\r\nLocation: /login", "text/html", "", "answers what is no JSON: is it a Prometheus server?"),
            ("200 OK", "text/html", "<html>", "answers what is no JSON: is it a Prometheus server?"),
        ] {
            let why = asked(status, kind, body).await.expect_err(status);
            assert!(why.starts_with("Prometheus at http://127.0.0.1:") && why.ends_with(said), "{status}: {why}");
            assert!(!why.contains("geheim") && !why.contains("me:"), "{why}");
        }
        let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let why = ask(&http(), &format!("http://me:geheim@{free}/p/"), "up").await.unwrap_err();
        assert_eq!(why, format!("Prometheus at http://{free}/p does not answer: Connection refused"));
        let why = ask(&http(), "http://me:geheim@:1/", "up").await.unwrap_err();
        assert!(
            why.starts_with("the address of the Prometheus server cannot be read: ") && !why.contains("geheim"),
            "{why}"
        );
        let (address, _asked) = server(vec![]).await;
        let why = ask(&http(), &format!("http://me:geheim@{address}"), "up").await.unwrap_err();
        assert_eq!(why, format!("Prometheus at http://{address} has not answered within 5 s"));
    }

    #[tokio::test]
    async fn a_user_and_a_path_are_part_of_the_address() {
        let (address, mut asked) = server(answer("500 x", "text/plain", b"")).await;
        for (path, wanted) in
            [("", "/api/v1/query"), ("/", "/api/v1/query"), ("/a/b", "/a/b/api/v1/query"), ("/a/", "/a/api/v1/query")]
        {
            let _ = ask(&http(), &format!("http://me:ge%3Aheim@{address}{path}"), "up{a=\"b\"}\n+ 1").await;
            let head = asked.recv().await.unwrap();
            assert!(
                head.starts_with(&format!("GET {wanted}?query=up%7Ba%3D%22b%22%7D%0A%2B+1&timeout=5000ms HTTP")),
                "{head}"
            );
            // me:ge:heim
            assert!(head.contains(": Basic bWU6Z2U6aGVpbQ==\r\n"), "{head}");
        }
    }
}
