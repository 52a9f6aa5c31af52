//! One datagram: `<190>Nov 22 18:33:33 crossfade: {"upstream":"crossfade_shop.api.blue","status":"200",..}`.
//! What nginx writes into it: `router/nginx/render.rs`; HAProxy, with times in milliseconds: `router/haproxy/render.rs`. Source of the notation of several attempts: `$upstream_status`
//! in <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#var_upstream_addr>.

use rollout::slot::Slot;
use serde::Deserialize;

/// No service's name is longer.
const LONGEST_SERVICE: usize = 63;

/// What is kept of a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Line<'a> {
    pub service: &'a str,
    pub slot: Slot,
    pub outcome: Outcome,
    /// Seconds that the service took, all attempts together. `None` when nobody knows, and for an upgraded connection,
    /// whose time is its life.
    pub time: Option<f64>,
    /// Sent to the client, head and body.
    pub bytes: u64,
    /// A tester's, who came through the door: the weight has no part in it.
    pub door: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// By the service, with less than 500.
    Answered,
    /// A websocket, ended by now.
    Upgraded,
    /// The service answered an attempt with 5xx, or did not answer.
    Error,
    /// The client went away first (499), or nginx answered by itself (413, or from a cache): nobody knows what the
    /// service would have said.
    Unanswered,
}

/// As nginx sends it. Fields that are not read yet, and those of later files, are left out.
#[derive(Deserialize)]
struct Fields<'a> {
    upstream: &'a str,
    status: &'a str,
    upstream_status: &'a str,
    #[serde(default)]
    upstream_time: &'a str,
    /// HAProxy's: until the end of the request, and of its headers.
    #[serde(default)]
    total_ms: &'a str,
    #[serde(default)]
    head_ms: &'a str,
    bytes: &'a str,
    /// A slot, or `-`. An older file of ours does not tell.
    #[serde(default)]
    door: &'a str,
}

impl Line<'_> {
    /// `None` when it is not such a line.
    pub fn parse(datagram: &[u8]) -> Option<Line<'_>> {
        let json = datagram.iter().position(|byte| *byte == b'{')?;
        let fields: Fields = serde_json::from_slice(&datagram[json..]).ok()?;
        let (service, slot) = upstream(fields.upstream)?;
        let status: u16 = fields.status.parse().ok()?;
        let attempts = attempts(fields.upstream_status, |status| status.parse::<u16>().ok())?;
        let times = attempts_times(fields.upstream_time)?.or(between(fields.head_ms, fields.total_ms));
        let outcome = outcome(status, &attempts);
        Some(Line {
            service,
            slot,
            outcome,
            time: times.filter(|_| outcome != Outcome::Upgraded),
            bytes: fields.bytes.parse().ok()?,
            door: !matches!(fields.door, "" | "-"),
        })
    }
}

/// `crossfade_shop.api.v1.blue`: neither an application's name nor a slot's has a dot; a service's may.
fn upstream(name: &str) -> Option<(&str, Slot)> {
    let (name, slot) = name.rsplit_once('.')?;
    let (application, service) = name.split_once('.')?;
    let fits = application.starts_with("crossfade_") && (1..=LONGEST_SERVICE).contains(&service.len());
    Some((service, Slot::parse(slot)?)).filter(|_| fits)
}

fn outcome(status: u16, attempts: &[u16]) -> Outcome {
    let answered = !attempts.is_empty();
    if attempts.iter().any(|status| *status >= 500) || (!answered && matches!(status, 502 | 504)) {
        Outcome::Error
    } else if !answered {
        Outcome::Unanswered
    } else if status == 101 {
        Outcome::Upgraded
    } else {
        Outcome::Answered
    }
}

/// `502, 200`, or `200 : 500` after an internal redirect; `-` is an attempt that came to nothing.
fn attempts<T>(list: &str, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let known = list.split([',', ':']).map(str::trim).filter(|one| !matches!(*one, "" | "-"));
    known.map(read).collect()
}

/// The sum, in seconds. None inside when no attempt has a time.
fn attempts_times(list: &str) -> Option<Option<f64>> {
    let times = attempts(list, |time| {
        // `parse` would read `inf`, `nan` and `1e300`.
        let plain = time.len() <= 15 && time.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        time.parse::<f64>().ok().filter(|_| plain)
    })?;
    Some((!times.is_empty()).then(|| times.iter().sum()))
}

/// In seconds. `None` when one of them is unknown, which HAProxy writes as -1.
fn between(head_ms: &str, total_ms: &str) -> Option<f64> {
    let read = |ms: &str| ms.parse::<u32>().ok();
    Some(f64::from(read(total_ms)?.checked_sub(read(head_ms)?)?) / 1000.0)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub fn datagram(upstream: &str, status: &str, upstream_status: &str, time: &str) -> String {
        let (one, two) = (format!(r#""upstream":"{upstream}","status":"{status}""#), r#""bytes":"123","method":"GET""#);
        let times = format!(r#""upstream_time":"{time}","time":"0.002""#);
        format!(r#"<190>Nov 22 18:33:33 crossfade: {{{one},"upstream_status":"{upstream_status}",{times},{two}}}"#)
    }

    #[test]
    fn what_became_of_a_request() {
        use Outcome::{Answered, Error, Unanswered, Upgraded};
        for (status, upstream_status, time, outcome, seconds) in [
            ("200", "200", "0.041", Answered, Some(0.041)),
            ("404", "404", "0.000", Answered, Some(0.0)),
            ("500", "500", "0.003", Error, Some(0.003)),
            // A second attempt that went well hides nothing.
            ("200", "502, 200", "0.001, 0.002", Error, Some(0.003)),
            ("500", "200 : 500", "0.003 : 0.002", Error, Some(0.005)),
            ("502", "502", "0.000", Error, Some(0.0)),
            ("502", "", "", Error, None),
            ("504", "504", "60.001", Error, Some(60.001)),
            ("504", "-", "60.001", Error, Some(60.001)),
            // The client had enough: the service took at least that long.
            ("499", "-", "0.297", Unanswered, Some(0.297)),
            ("499", "", "", Unanswered, None),
            ("499", "502, -", "0.001, 0.100", Error, Some(0.101)),
            ("499", "200", "0.2", Answered, Some(0.2)),
            ("101", "101", "3600.123", Upgraded, None),
            // nginx's own trouble is not the slot's, nor is what it answers by itself.
            ("500", "-", "-", Unanswered, None),
            ("413", "", "", Unanswered, None),
            ("200", "", "", Unanswered, None),
        ] {
            let datagram = datagram("crossfade_shop.api.blue", status, upstream_status, time);
            let line = Line::parse(datagram.as_bytes()).unwrap_or_else(|| panic!("{datagram}"));
            assert_eq!((line.service, line.slot, line.bytes), ("api", Slot::Blue, 123));
            assert_eq!(line.outcome, outcome, "{datagram}");
            match (line.time, seconds) {
                (Some(time), Some(seconds)) => assert!((time - seconds).abs() < 1e-9, "{datagram}: {time}"),
                (time, seconds) => assert_eq!(time, seconds, "{datagram}"),
            }
        }
    }

    #[test]
    fn testers_are_told_apart() {
        let plain = datagram("crossfade_shop.api.green", "200", "200", "0.001");
        for (field, door) in [("", false), (r#","door":"-""#, false), (r#","door":"green""#, true)] {
            let line = plain.replacen('}', &format!("{field}}}"), 1);
            assert_eq!(Line::parse(line.as_bytes()).unwrap().door, door, "{line}");
        }
    }

    #[test]
    fn haproxys_lines_are_read_as_well() {
        use Outcome::{Answered, Error, Unanswered, Upgraded};
        for (status, upstream_status, head, total, outcome, seconds) in [
            ("200", "200", "1", "42", Answered, Some(0.041)),
            ("200", "502, 200", "0", "3", Error, Some(0.003)),
            ("503", "503", "0", "1003", Error, Some(1.003)),
            ("504", "504", "0", "60001", Error, Some(60.001)),
            // The client had enough.
            ("400", "-", "0", "201", Unanswered, Some(0.201)),
            ("400", "-", "-1", "201", Unanswered, None),
            ("101", "101", "0", "3600123", Upgraded, None),
        ] {
            let datagram = format!(
                r#"<130>Nov 29 01:56:59 localhost haproxy[23890]: {{"upstream":"crossfade_shop.web.blue","status":"{status}","upstream_status":"{upstream_status}","total_ms":"{total}","head_ms":"{head}","bytes":"118"}}"#
            );
            let line = Line::parse(datagram.as_bytes()).unwrap_or_else(|| panic!("{datagram}"));
            assert_eq!((line.service, line.slot, line.bytes), ("web", Slot::Blue, 118));
            assert_eq!((line.outcome, line.time), (outcome, seconds), "{datagram}");
        }
    }

    #[test]
    fn services_are_named_by_their_upstream() {
        for (name, known) in [
            ("crossfade_shop.api.blue", Some(("api", Slot::Blue))),
            ("crossfade_my_shop.API.v1.x.green", Some(("API.v1.x", Slot::Green))),
            ("crossfade_shop.blue.blue", Some(("blue", Slot::Blue))),
            ("crossfade_shop.api.red", None),
            ("crossfade_shop.blue", None),
            ("crossfade_shop..blue", None),
            ("shop.api.blue", None),
            ("blue", None),
            ("", None),
        ] {
            assert_eq!(upstream(name), known, "{name}");
        }
        assert_eq!(upstream(&format!("crossfade_shop.{}.blue", "x".repeat(64))), None);
    }

    #[test]
    fn what_is_no_such_line_is_none() {
        let good = datagram("crossfade_shop.api.blue", "200", "200", "0.001");
        assert!(Line::parse(good.as_bytes()).is_some());
        for (from, to) in [
            ("{", ""),
            ("}", ""),
            ("}", "} more"),
            (".blue", ".red"),
            (r#""status":"200""#, r#""status":"""#),
            (r#""status":"200""#, r#""status":"-1""#),
            (r#""status":"200""#, r#""status":200"#),
            (r#""upstream_status":"200""#, r#""upstream_status":"ok""#),
            ("0.001", "nan"),
            ("0.001", "inf"),
            ("0.001", "-1"),
            ("0.001", "1e300"),
            ("0.001", "0.001.2"),
            (r#""bytes":"123""#, r#""bytes":"99999999999999999999""#),
            (r#","bytes":"123""#, ""),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good, "{from}");
            assert_eq!(Line::parse(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(Line::parse(b""), None);
        assert_eq!(Line::parse(b"{\"upstream\":\"\xff\xfe\"}"), None);
        // What a later file may add does no harm.
        let more = good.replacen('{', r#"{"more":[1,{"x":null}],"#, 1);
        assert!(Line::parse(more.as_bytes()).is_some());
    }

    /// A good line with some of its bytes changed, left out or doubled, or cut off.
    fn damaged() -> impl Strategy<Value = Vec<u8>> {
        let status = prop_oneof![Just("200"), Just("502, 200"), Just("-"), Just(""), Just("101"), Just("499")];
        let change = (any::<prop::sample::Index>(), any::<u8>(), 0..3u8);
        (status, prop::collection::vec(change, 0..4), any::<prop::sample::Index>(), any::<bool>()).prop_map(
            |(status, changes, end, cut)| {
                let mut bytes = datagram("crossfade_shop.api.green", status, status, "0.001, 0.2").into_bytes();
                for (at, byte, how) in changes {
                    let at = at.index(bytes.len());
                    match how {
                        0 => bytes[at] = byte,
                        1 => drop(bytes.remove(at)),
                        _ => bytes.insert(at, byte),
                    }
                }
                if cut {
                    bytes.truncate(end.index(bytes.len()));
                }
                bytes
            },
        )
    }

    proptest! {
        #[test]
        fn nothing_that_arrives_makes_it_panic(
            bytes in prop_oneof![damaged(), prop::collection::vec(any::<u8>(), 0..300)]
        ) {
            if let Some(line) = Line::parse(&bytes) {
                prop_assert!(!line.service.is_empty() && line.service.len() <= LONGEST_SERVICE);
                prop_assert!(line.time.is_none_or(|time| time.is_finite() && time >= 0.0));
            }
        }
    }
}
