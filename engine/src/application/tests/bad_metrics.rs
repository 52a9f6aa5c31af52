//! Bad metrics, and what is said about them.

use super::problems;

/// What every case stands after, on lines 1 to 6; the case begins on line 7.
const HEAD: &str = "\
name = \"shop\"
[services]
web.routed = { port = 3000, hosts = [\"shop.com\"] }
worker.background = { live_slot_only = true }
redis.shared = true
[[monitor.metric]]
";

const TEXT: &str = "name = \"a\"\nsource = \"prometheus text\"\nservice = \"web\"\n";
const PROMQL: &str = "name = \"a\"\nsource = \"promql\"\nserver = \"http://p\"\n";
const COMMAND: &str = "name = \"a\"\nsource = \"command\"\nservice = \"web\"\n";

/// What stands before the case, the case, and the beginning of the one problem it has.
const BAD: &[(&str, &str, &str)] = &[
    // What it is
    ("", "", "6:1: [[monitor.metric]] needs `name`: what it is called on the screen"),
    ("", "name = \"\"", "7:8: `name`: must not be empty"),
    (
        "",
        "name = \"1234567890123456789012345678901234567890123456789012345678901\"",
        "7:8: `name`: is a short name: at most 60 characters",
    ),
    (
        "",
        "name = \"a\"\nmxa = 1",
        "8:1: unknown key `mxa` in [[monitor.metric]]: did you mean `max`? Known there: builtin",
    ),
    (
        "",
        "name = \"a\"\n[[monitor.metric]]\nname = \"a\"",
        "9:8: `name`: \"a\" is already the metric on line 7: each has",
    ),
    (
        "",
        "name = \"error rate\"\n[[monitor.metric]]\nbuiltin = \"error-ratio\"",
        "9:11: `builtin`: \"error rate\" is already the metric on line 7: each has its own `name`",
    ),
    (
        "",
        "builtin = \"error_ratio\"",
        "7:11: `builtin`: must be \"error-ratio\" or \"p95\" or \"database-pool\" or \"redis-memory\" or \
         \"queue-depth\" or \"active-calls\", not \"error_ratio\"",
    ),
    ("", "builtin = \"p59\"\non_breach = \"hold\"\nservice = \"x\"", "7:11: `builtin`: must be \"error-ratio\" or"),
    ("", "builtin = \"p95\"\nmeasure = \"p99\"", "6:1: [[monitor.metric]] needs `name`: what it is called"),
    // Where its numbers come from
    (
        "",
        "name = \"a\"\nsource = \"prometheus\"",
        "8:10: `source`: must be \"router\" or \"prometheus text\" or \"promql\" or \"command\", not \"prometheus\"",
    ),
    ("", "name = \"a\"\nmeasure = \"p999\"", "8:11: `measure`: must be \"errors\" or \"p50\" or \"p90\" or \"p95\" or"),
    (
        "",
        "name = \"a\"\nservice = \"wep\"",
        "8:11: `service`: there is no [services.wep]: did you mean `web`? Routed: web",
    ),
    (
        "",
        "name = \"a\"\nservice = \"redis\"",
        "8:11: `service`: \"redis\" gets no requests: a metric of the router needs a routed service. Routed: web",
    ),
    (
        "",
        "name = \"a\"\nquery = \"up\"",
        "8:1: `query`: belongs to source = \"promql\"; the source of this metric is \"router\", for none is written",
    ),
    (
        "",
        "builtin = \"queue-depth\"\nservice = \"web\"\nmeasure = \"p95\"",
        "9:1: `measure`: belongs to source = \"router\"; the source of this metric is \"prometheus text\", for none is",
    ),
    (
        PROMQL,
        "query = 'x{s=\"{slot}\"}'\nservice = \"web\"",
        "11:1: `service`: belongs to source = \"router\" or source = \"prometheus text\" or source = \"command\"; the \
         source of this metric is \"promql\"",
    ),
    (COMMAND, "command = [\"x\"]\nport = 1", "11:1: `port`: belongs to source = \"prometheus text\"; the source of"),
    // Prometheus text
    (
        "",
        "name = \"a\"\nsource = \"prometheus text\"\ngauge = 'x'",
        "6:1: [[monitor.metric]] needs `service`: whose containers are asked",
    ),
    (TEXT, "", "6:1: [[monitor.metric]] needs one of `rate = ..`, `share = "),
    (TEXT, "gauge = 'x'\nservices = 1", "11:1: unknown key `services` in [[monitor.metric]]: did you mean `service`?"),
    (TEXT, "rate = 'x'\ngauge = 'x'", "11:1: `gauge`: this metric is a `rate` already: it is exactly one of `rate"),
    (TEXT, "rate = 'x'\ntake = \"max\"", "11:1: `take`: belongs to `gauge`, and this metric is a `rate` already"),
    (
        TEXT,
        "quantile = 0.5\nhistogram = 'x'\nof = 'x'",
        "12:1: `of`: belongs to `gauge`, and this metric is a `quantile`",
    ),
    (TEXT, "quantile = 0.5", "6:1: [[monitor.metric]] needs `histogram`: of what `quantile` is"),
    (TEXT, "histogram = 'x'", "6:1: [[monitor.metric]] needs `quantile`: which quantile of `histogram`"),
    (TEXT, "quantile = 95\nhistogram = 'x'", "10:12: `quantile`: must be above 0 and below 1, like 0.95, not 95"),
    (
        TEXT,
        "quantile = \"p95\"\nhistogram = 'x'",
        "10:12: `quantile` must be a number without quotes, like 0.001 or 300",
    ),
    (
        TEXT,
        "quantile = 0.95\nhistogram = 'x_bucket'",
        "11:13: `histogram`: \"x_bucket\" must be the name of the histogram, without `_bucket`: \"x\"",
    ),
    (TEXT, "of = 'x'", "6:1: [[monitor.metric]] needs `gauge`: what is read"),
    (TEXT, "gauge = 'x'\ntake = \"median\"", "11:8: `take`: must be \"mean\" or \"min\" or \"max\", not \"median\""),
    (
        TEXT,
        "gauge = 'rate(x[1m])'",
        "10:9: `gauge`: \"rate(x[1m])\" selects no series: column 5: expected `{` and labels",
    ),
    (TEXT, "share = 'x'", "10:9: `share` must be a table, like { part = "),
    (TEXT, "share = { part = 'x' }", "10:9: `share` needs `of`: the counter of all"),
    (TEXT, "share = { part = 'x', off = 'x', of = 'x' }", "10:23: unknown key `off` in `share`: did you mean `of`?"),
    (TEXT, "gauge = 'x'\npath = \"metrics\"", "11:8: `path`: \"metrics\" must begin with one `/`"),
    (TEXT, "gauge = 'x'\nport = 0", "11:8: `port`: must be a whole number from 1 to 65535, not 0"),
    (
        "",
        "builtin = \"queue-depth\"\nservice = \"worker\"",
        "6:1: [[monitor.metric]] needs `port`: the port of its container, for only routed services have one",
    ),
    ("", "builtin = \"queue-depth\"\nservice = \"mailer\"", "6:1: [[monitor.metric]] needs `port`: the port of its"),
    // A query
    (
        "",
        "name = \"a\"\nsource = \"promql\"\nquery = '{slot}'",
        "6:1: [[monitor.metric]] needs `server`: where Prometheus is",
    ),
    (PROMQL, "", "6:1: [[monitor.metric]] needs `query`: a query that gives one number"),
    (
        PROMQL,
        "query = 'up'",
        "10:9: `query`: must hold {slot} or {version}, like up{slot=\"{slot}\"}: both slots would",
    ),
    (PROMQL, "query = 'up{app=\"{application}\"}'", "10:9: `query`: must hold {slot} or {version}"),
    (
        PROMQL,
        "query = 'up{slot=\"{slto}\"}'",
        "10:9: `query`: {slto} is not known: did you mean `slot`? Known: {slot}, {version}, {application}",
    ),
    (
        PROMQL,
        "query = 'up{slot=\"{slot}\", job=\"{job}\"}'",
        "10:9: `query`: {job} is not known. Known: {slot}, {version}",
    ),
    (PROMQL, "query = ''", "10:9: `query`: must not be empty"),
    (
        "",
        "name = \"a\"\nsource = \"promql\"\nserver = \"localhost:9090\"\nquery = '{slot}'",
        "9:10: `server`: \"localhost:9090\" must begin with http:// or https://",
    ),
    // A command
    (
        "",
        "name = \"a\"\nsource = \"command\"\ncommand = [\"x\"]",
        "6:1: [[monitor.metric]] needs `service`: in whose container",
    ),
    (COMMAND, "", "6:1: [[monitor.metric]] needs `command`: prints the number"),
    (COMMAND, "command = \"x\"", "10:11: `command` must be a list of the program and its arguments"),
    // What it must be
    ("", "name = \"a\"\nmax = \"0.1 %\"", "8:7: `max` must be a number without quotes, like 0.001 or 300, not text"),
    ("", "name = \"a\"\nmax = nan", "8:7: `max`: must be a number without quotes, like 0.001 or 300, not nan"),
    ("", "name = \"a\"\nmax = -inf", "8:7: `max`: must be a number without quotes, like 0.001 or 300, not -inf"),
    ("", "name = \"a\"\nmax = 1e999", "8:7: `max`: must be a number"),
    ("", "name = \"a\"\nmax = 99999999999999999999", "8:7: `max`: must be a number"),
    ("", "name = \"a\"\nmax = 5", "8:7: `max`: a ratio is from 0 to 1: 0.1 % is 0.001, and 5 % is 0.05, not 5"),
    ("", "name = \"a\"\nmin = -0.1", "8:7: `min`: a ratio is from 0 to 1"),
    ("", "name = \"a\"\nmax_more = 1.5", "8:12: `max_more`: a ratio is from 0 to 1"),
    (
        "",
        "name = \"a\"\nmeasure = \"p95\"\nmax = -1",
        "9:7: `max`: must not be below 0: the unit is \"seconds\", not -1",
    ),
    (COMMAND, "command = [\"x\"]\nmax = 1e13", "11:7: `max`: is too large: numbers up to 9000000000000 are kept"),
    (COMMAND, "command = [\"x\"]\nmax = 1e-7", "11:7: `max`: is too small: numbers are kept to the millionth"),
    (COMMAND, "command = [\"x\"]\nmax_more = -1", "11:12: `max_more`: must be 0 or more"),
    ("", "name = \"a\"\nmax_times = 0.5", "8:13: `max_times`: must be 1 or more, like 1.5: at 0.5, a slot as good"),
    (
        "",
        "name = \"a\"\nmin = 0.5\nmax = 0.6",
        "9:1: `max`: there is `min` already: a metric is bad on one side. Keep one",
    ),
    (
        "",
        "name = \"a\"\nmax_times = 2\nmax_more = 0.1",
        "9:1: `max_more`: there is `max_times` already: one of them says how far",
    ),
    (
        "",
        "builtin = \"p95\"\nname = \"a\"\nmeasure = \"errors\"",
        "6:1: the limit of \"p95\", 0.5, is for the unit \"seconds\", and this metric's unit is \"ratio\": give it",
    ),
    (
        "",
        "builtin = \"redis-memory\"",
        "6:1: \"redis-memory\" has no limit that fits everybody: give it `max`, in bytes",
    ),
    (
        "",
        "builtin = \"redis-memory\"\nmax_times = 2",
        "8:1: `max_times`: \"redis\" is shared by both slots, so the old slot has no number of its own to compare with",
    ),
    (
        "",
        "builtin = \"queue-depth\"\nservice = \"worker\"\nport = 1\nmax_more = 5",
        "10:1: `max_more`: \"worker\" runs in the live slot only, so the old slot has no number of its own",
    ),
    (
        "",
        "name = \"a\"\nunit = \"percent\"",
        "8:8: `unit`: must be \"ratio\" or \"seconds\" or \"bytes\" or \"per second\" or \"number\", not \"percent\"",
    ),
    (
        "",
        "name = \"a\"\nunit = \"seconds\"",
        "8:8: `unit`: what this metric measures has the unit \"ratio\": leave `unit` out",
    ),
    (
        TEXT,
        "share = { part = 'x', of = 'y' }\nunit = \"number\"",
        "11:8: `unit`: what this metric measures has the unit",
    ),
    // When
    ("", "name = \"a\"\nwindow = \"5s\"", "8:10: `window`: must be from 10 s to 1 h, not 5 s"),
    ("", "name = \"a\"\nwindow = \"2h\"", "8:10: `window`: must be from 10 s to 1 h, not 2 h"),
    ("", "name = \"a\"\nwindow = 60", "8:10: `window` must be a duration in quotes"),
    ("", "name = \"a\"\ninterval = \"500ms\"", "8:12: `interval`: must be from 1 s to 1 h, not 500 ms"),
    (
        "",
        "name = \"a\"\ninterval = \"90s\"",
        "8:12: `interval`: must not be longer than the `window`, 1 min: what happens",
    ),
    ("", "name = \"a\"\nmin_samples = 0", "8:15: `min_samples`: must be a whole number from 1 to 1000000000, not 0"),
    (
        TEXT,
        "gauge = 'x'\nmin_samples = 13",
        "11:15: `min_samples`: this metric has one sample each 5 s, so a window of 1 min has at most 12: 13 are",
    ),
    (
        "",
        "name = \"a\"\nmeasure = \"rate\"\nmin_samples = 100",
        "9:15: `min_samples`: this metric has one sample each 1 s, so a window of 1 min has at most 60: 100 are",
    ),
    ("", "name = \"a\"\nfailures = 0", "8:12: `failures`: must be a whole number from 1 to 100, not 0"),
    ("", "name = \"a\"\nerrors = 101", "8:10: `errors`: must be a whole number from 1 to 100, not 101"),
    ("", "name = \"a\"\ndelay = \"soon\"", "8:9: `delay`: `soon` is not a duration"),
    ("", "name = \"a\"\nmax = 0.1\non_breach = \"abort\"", "9:13: `on_breach`: must be \"hold\" or \"roll back\", not"),
    (
        "",
        "name = \"a\"\non_breach = \"hold\"",
        "8:1: `on_breach`: there is no limit that a breach could be of: give one of max, min, max_times, max_more",
    ),
    ("", "name = \"a\"\ndry_run = 1", "8:11: `dry_run` must be true or false, without quotes"),
];

#[test]
fn every_mistake_is_told_at_its_place_and_alone() {
    for (before, text, expected) in BAD {
        let found = problems(&format!("{HEAD}{before}{text}"));
        assert!(found.len() == 1 && found[0].starts_with(expected), "\n{before}{text}\nis  {found:#?}\nnot {expected}");
    }
}

#[test]
fn metrics_are_a_list() {
    let text = HEAD.replace("[[monitor.metric]]", "[monitor]\nmetric = { name = \"a\" }");
    let found = problems(&text);
    assert!(
        found[0].starts_with("7:10: `metric` must be written as [[monitor.metric]], with two brackets"),
        "{found:?}"
    );
}

#[test]
fn a_service_that_could_not_be_read_is_not_told_again() {
    let text = HEAD.replace("port = 3000", "port = 0");
    let found = problems(&format!("{text}{TEXT}gauge = 'x'"));
    assert!(found.len() == 1 && found[0].starts_with("3:23: `port`"), "{found:#?}");
}
