//! Prometheus and we read the same text, select the same samples, and find the same quantile.

use super::{PAGE, ask, http, started};
use engine::telemetry::prometheus::{Scrapes, selector, text};
use engine::telemetry::scrape;
use rollout::clock::{Millis, Timestamp};
use rollout::metric::Series;

#[tokio::test]
#[ignore = "needs prometheus"]
async fn the_same_samples_are_selected() {
    let prometheus = started().await;
    let page = scrape::fetch(&http(), &format!("http://{}/metrics", prometheus.exporter), None).await.unwrap();
    assert_eq!(page, PAGE);
    let samples = text::parse(&page).unwrap();
    for (written, number) in [
        ("depth", 2),
        ("depth{slot=\"green\"}", 1),
        ("depth{slot!=\"green\"}", 1),
        ("depth{slot!=\"green\",version=~\"1.*\"}", 1),
        ("bare", 1),
        ("bare_too{}", 1),
        ("blanks{x=\"1\"}", 1),
        (" blanks { x = '1' , } ", 1),
        ("odd", 4),
        ("odd{path=\"/a}b\"}", 1),
        ("odd{of=\"x=y,z\"}", 1),
        ("odd{empty=\"\"}", 4),
        ("odd{of=\"\"}", 1),
        ("odd{of!=\"\"}", 3),
        (r#"odd{path="C:\\Users"}"#, 1),
        (r#"odd{of="\"\\\n"}"#, 1),
        (r#"odd{of='"\\\n'}"#, 1),
        (r#"odd{of=~"(?s)..."}"#, 1),
        (r#"odd{of=~".*z|\u00e9"}"#, 2),
        (r#"odd{of="\xc3\xa9"}"#, 1),
        ("odd{path=~`.*\\}b`}", 1),
        (r#"odd{path=~"/health"}"#, 0),
        (r#"odd{path=~"/health.*"}"#, 1),
        (r#"odd{path!~"/health.*"}"#, 3),
        (r#"odd{path=~"(?i)c:\\\\users"}"#, 1),
        (r#"odd{path=~"\\W\\w\\Wb"}"#, 1),
        ("odd{path=\" # {not=\\\"this\\\"} 5\"}", 1),
        ("seconds_bucket{le=\"+Inf\"}", 2),
        ("nowhere", 0),
    ] {
        let theirs = ask(&prometheus, &format!("count({written}) or vector(0)")).await;
        assert_eq!(theirs, Ok(Some(number as f64)), "Prometheus: {written}");
        let selector = match selector::parse(written) {
            Ok(selector) => selector,
            // The one thing that we refuse and Prometheus does not: bytes that only together are a character.
            Err(why) => {
                assert!(written.contains(r"\xc3") && why.contains("beyond 127"), "{written}: {why}");
                continue;
            }
        };
        assert_eq!(samples.iter().filter(|sample| selector.matches(sample)).count(), number, "{written}");
    }
    for written in
        ["up{", "up{a=\"\\d\"}", "up{a=~\"(\"}", "up{a=~\"a)(b\"}", "up{a=1}", "1a", "up{a<\"1\"}", "up{a=\"1\",,}"]
    {
        assert!(ask(&prometheus, written).await.unwrap_err().contains("refuses the query: bad_data"), "{written}");
        assert!(selector::parse(written).is_err(), "{written}");
    }
}

#[tokio::test]
#[ignore = "needs prometheus"]
async fn the_same_numbers_are_found() {
    let prometheus = started().await;
    // What came about since a beginning without any is what Prometheus finds in the counters themselves.
    let nothing: String = PAGE
        .lines()
        .filter(|line| line.starts_with("seconds_"))
        .fold(String::new(), |all, line| all + line.rsplit_once(' ').unwrap().0 + " 0\n");
    let shown = |series: &Series| {
        let mut scrapes = Scrapes::new([series.clone()]);
        scrapes.add("a", Timestamp(0), &nothing).unwrap();
        scrapes.add("a", Timestamp(10_000), PAGE).unwrap();
        scrapes.window(series, Millis::seconds(60), Timestamp(10_000)).value()
    };
    for quantile in [0.1, 0.5, 0.9, 0.93, 0.95, 0.98, 0.999] {
        for (histogram, labels) in [("seconds", ""), ("seconds{route=\"/b\"}", "{route=\"/b\"}")] {
            let query = format!("histogram_quantile({quantile}, sum by (le) (seconds_bucket{labels}))");
            let theirs = ask(&prometheus, &query).await.unwrap().unwrap();
            let ours = shown(&Series::Quantile { quantile, histogram: histogram.to_owned() }).unwrap();
            assert!((ours - theirs).abs() < 1e-9, "{query}: {ours}, Prometheus: {theirs}");
        }
    }
    let share = Series::Share { part: "seconds_count{route=~\"/b\"}".into(), of: "seconds_count".into() };
    let theirs = ask(&prometheus, "sum(seconds_count{route=~\"/b\"}) / sum(seconds_count)").await.unwrap().unwrap();
    assert!((shown(&share).unwrap() - theirs).abs() < 1e-12);
}
