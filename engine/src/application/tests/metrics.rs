//! What metrics become. What is said about bad ones is in `bad_metrics.rs`.

use super::{LEAST, SAMPLE, good};
use rollout::clock::Millis;
use rollout::metric::{Aggregate, Compare, Limit, Metric, OnBreach, Scrape, Series, Signal, Source, Unit};

/// A metric after `LEAST`, a shared `redis` and a `worker` that both slots have.
fn metric(text: &str) -> Metric {
    let services = "[services]\nweb.routed = { port = 3000, hosts = [\"shop.com\"] }\nredis.shared = true\n";
    let mut application = good(&format!("name = \"shop\"\n{services}[[monitor.metric]]\n{text}"));
    let monitor = application.monitor.take().unwrap();
    assert_eq!((monitor.duration, monitor.metrics.len()), (Millis::seconds(300), 1));
    monitor.metrics.into_iter().next().unwrap()
}

fn router(signal: Signal) -> Source {
    Source::Router { signal, service: None }
}

fn scrape(service: &str, port: Option<u16>, series: Series) -> Source {
    Source::Scrape(Scrape { service: service.into(), port, path: "/metrics".into(), series })
}

fn gauge(gauge: &str, of: Option<&str>, take: Aggregate) -> Series {
    Series::Gauge { gauge: gauge.into(), of: of.map(Into::into), take }
}

/// What a metric is when nothing but its source is said.
fn plain(name: &str, source: Source, unit: Unit) -> Metric {
    Metric {
        name: name.into(),
        source,
        unit,
        limit: None,
        compare: None,
        window: Millis::seconds(60),
        interval: Millis::seconds(5),
        min_samples: 1,
        failures: 2,
        errors: 6,
        delay: Millis::ZERO,
        on_breach: OnBreach::Hold,
        dry_run: false,
    }
}

#[test]
fn the_sample_has_every_source() {
    let metrics = good(SAMPLE).monitor.unwrap().metrics;
    let api = |signal| Source::Router { signal, service: Some("api".into()) };
    let share = Series::Share { part: "http_requests_total{status=~\"5..\"}".into(), of: "http_requests_total".into() };
    let queue = scrape("worker", Some(9100), gauge("queue_depth", Some("queue_max"), Aggregate::Max));
    let Source::Scrape(queue) = queue else { unreachable!() };
    let query = "avg(up{slot=\"{slot}\", version=\"{version}\", app=\"{application}\"})";
    let ready = Source::Promql { server: "http://127.0.0.1:9090".into(), query: query.into() };
    let lag = Source::Command { service: "postgres".into(), command: vec!["lag".into()] };
    assert_eq!(
        metrics,
        [
            Metric {
                limit: Some(Limit::Most(0.001)),
                min_samples: 100,
                on_breach: OnBreach::RollBack,
                ..plain("error rate", router(Signal::Errors), Unit::Ratio)
            },
            Metric {
                name: "slow answers".into(),
                source: api(Signal::Time(0.99)),
                unit: Unit::Seconds,
                limit: Some(Limit::Most(2.0)),
                compare: Some(Compare::Times(1.5)),
                window: Millis::seconds(120),
                interval: Millis::seconds(10),
                min_samples: 500,
                failures: 3,
                errors: 4,
                delay: Millis::seconds(30),
                on_breach: OnBreach::RollBack,
                dry_run: true,
            },
            Metric {
                compare: Some(Compare::Plus(0.01)),
                min_samples: 100,
                ..plain("5xx as the API counts them", scrape("api", None, share), Unit::Ratio)
            },
            Metric {
                limit: Some(Limit::Most(0.5)),
                ..plain("queue", Source::Scrape(Scrape { path: "/numbers".into(), ..queue }), Unit::Ratio)
            },
            Metric {
                limit: Some(Limit::Least(0.95)),
                compare: Some(Compare::Plus(0.01)),
                ..plain("ready", ready, Unit::Ratio)
            },
            Metric { limit: Some(Limit::Most(1e9)), ..plain("lag", lag, Unit::Bytes) },
        ]
    );
}

#[test]
fn built_in_metrics_need_little_more_than_their_name() {
    let pool = gauge("db_connections_active", Some("db_connections_max"), Aggregate::Max);
    let redis = metric("builtin = \"redis-memory\"\nmax = 400_000_000");
    let Source::Command { service, command } = &redis.source else { panic!("{redis:?}") };
    assert_eq!((service.as_str(), &command[..2]), ("redis", &["sh".to_owned(), "-c".to_owned()][..]));
    for (text, expected) in [
        (
            "builtin = \"p95\"",
            Metric {
                limit: Some(Limit::Most(0.5)),
                min_samples: 100,
                on_breach: OnBreach::RollBack,
                ..plain("p95", router(Signal::Time(0.95)), Unit::Seconds)
            },
        ),
        (
            "builtin = \"database-pool\"\nservice = \"web\"",
            Metric { limit: Some(Limit::Most(0.9)), ..plain("database pool", scrape("web", None, pool), Unit::Ratio) },
        ),
        (
            "builtin = \"redis-memory\"\nmax = 400_000_000",
            Metric { limit: Some(Limit::Most(4e8)), ..plain("Redis memory", redis.source.clone(), Unit::Bytes) },
        ),
        (
            "builtin = \"queue-depth\"\nservice = \"worker\"\nport = 9100",
            Metric {
                limit: Some(Limit::Most(100.0)),
                ..plain(
                    "queue depth",
                    scrape("worker", Some(9100), gauge("queue_depth", None, Aggregate::Max)),
                    Unit::Number,
                )
            },
        ),
        (
            "builtin = \"active-calls\"\nservice = \"web\"",
            plain("active calls", scrape("web", None, gauge("calls_active", None, Aggregate::Mean)), Unit::Number),
        ),
    ] {
        assert_eq!(metric(text), expected, "{text}");
    }
}

#[test]
fn what_is_written_goes_before_what_is_built_in() {
    let own = metric("builtin = \"error-ratio\"\nname = \"5xx\"\nmax = 0.05\non_breach = \"hold\"\nservice = \"web\"");
    assert_eq!((own.name.as_str(), own.limit, own.on_breach), ("5xx", Some(Limit::Most(0.05)), OnBreach::Hold));
    assert_eq!(own.source, Source::Router { signal: Signal::Errors, service: Some("web".into()) });

    let least =
        metric("builtin = \"active-calls\"\nservice = \"web\"\nmin = 1\ngauge = 'calls{kind=\"in\"}'\ntake = \"min\"");
    assert_eq!(least.limit, Some(Limit::Least(1.0)));
    assert_eq!(least.source, scrape("web", None, gauge("calls{kind=\"in\"}", None, Aggregate::Min)));

    // The built-in's limit stays beside a comparison, and with another source of the same unit.
    let both = metric("builtin = \"p95\"\nmax_times = 2");
    assert_eq!((both.limit, both.compare), (Some(Limit::Most(0.5)), Some(Compare::Times(2.0))));
    let depth = metric(
        "builtin = \"queue-depth\"\nsource = \"command\"\nservice = \"web\"\ncommand = [\"stat\", \"queue\"]\nmax = 7",
    );
    assert_eq!((depth.unit, depth.limit, depth.min_samples), (Unit::Number, Some(Limit::Most(7.0)), 1));
    assert_eq!(depth.source, Source::Command { service: "web".into(), command: vec!["stat".into(), "queue".into()] });

    // Another unit, with a limit of its own.
    let rate = metric("builtin = \"p95\"\nname = \"requests\"\nmeasure = \"rate\"\nmin = 5");
    assert_eq!((rate.unit, rate.limit, rate.min_samples), (Unit::PerSecond, Some(Limit::Least(5.0)), 1));
    // A limit of its own may be none but the old slot's number.
    let redis = metric("builtin = \"redis-memory\"\nservice = \"cache\"\nmax_times = 1.5");
    assert_eq!((redis.limit, redis.compare), (None, Some(Compare::Times(1.5))));
}

#[test]
fn units_and_samples_fit_the_source() {
    let text = |rest: &str| format!("name = \"a\"\nsource = \"prometheus text\"\nservice = \"web\"\n{rest}");
    let promql = "source = \"promql\"\nserver = \"http://p\"\nquery = 'x{s=\"{slot}\"}'";
    for (text, unit, samples) in [
        ("name = \"a\"".to_owned(), Unit::Ratio, 100),
        ("name = \"a\"\nmeasure = \"p50\"".to_owned(), Unit::Seconds, 100),
        // One number for each look: a hundred are not in a minute.
        ("name = \"a\"\nmeasure = \"rate\"".to_owned(), Unit::PerSecond, 1),
        (text("rate = 'a'"), Unit::PerSecond, 1),
        (text("rate = 'a'\nunit = \"bytes\""), Unit::Bytes, 1),
        (text("share = { part = 'a', of = 'b' }"), Unit::Ratio, 100),
        (text("quantile = 0.5\nhistogram = 'a'"), Unit::Seconds, 100),
        (text("quantile = 0.5\nhistogram = 'a'\nunit = \"bytes\""), Unit::Bytes, 100),
        (text("gauge = 'a'"), Unit::Number, 1),
        (text("gauge = 'a'\nmin_samples = 12"), Unit::Number, 12),
        (text("gauge = 'a'\nof = 'b'"), Unit::Ratio, 1),
        (text("gauge = 'a'\nof = 'b'\nunit = \"number\"\nmax = 3"), Unit::Number, 1),
        (format!("name = \"a\"\n{promql}"), Unit::Number, 1),
        (format!("name = \"a\"\n{promql}\nunit = \"per second\""), Unit::PerSecond, 1),
        ("name = \"a\"\nsource = \"command\"\nservice = \"web\"\ncommand = [\"x\"]".to_owned(), Unit::Number, 1),
    ] {
        let metric = metric(&text);
        assert_eq!((metric.unit, metric.min_samples), (unit, samples), "{text}");
    }
}

#[test]
fn numbers_are_written_in_many_ways() {
    for (text, number) in
        [("0", 0.0), ("1", 1.0), ("0.5", 0.5), ("5e-3", 0.005), ("0x1", 1.0), ("+1.0", 1.0), ("0.000_1", 0.000_1)]
    {
        assert_eq!(metric(&format!("name = \"a\"\nmax = {text}")).limit, Some(Limit::Most(number)), "{text}");
    }
    let number = metric("name = \"a\"\nsource = \"command\"\nservice = \"web\"\ncommand = [\"x\"]\nmin = -1_000.5");
    assert_eq!(number.limit, Some(Limit::Least(-1000.5)));
}

#[test]
fn a_query_keeps_its_own_braces_and_lines() {
    let query = "sum(rate(a_total{slot=\"{slot}\", path=~\"/x{2}/{id}.*\"}[1m]))\n  / scalar(b{})";
    let query = query.replace("{id}", "{Id}");
    let text = format!("name = \"a\"\nsource = \"promql\"\nserver = \"http://p\"\nquery = '''\n{query}'''");
    assert_eq!(metric(&text).source, Source::Promql { server: "http://p".into(), query });
    assert!(good(LEAST).metrics().is_empty());
}
