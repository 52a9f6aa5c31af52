//! When it does not: what is no number, who does not answer, and clocks that jump.

use super::*;

#[test]
fn what_is_no_number_is_left_out_and_never_taken_for_nothing() {
    let good = |count: u64| requests(count, 0);
    let bad = |value: &str| {
        format!("http_requests_total{{status=\"200\"}} 20\nhttp_requests_total{{status=\"503\"}} {value}\n")
    };
    for value in ["NaN", "+Inf", "-Inf", "-1"] {
        // A page that is of no use is as if it had not been there.
        let shown = show(&errors(), &[(0, "a", &good(10)), (5, "a", &bad(value)), (10, "a", &requests(36, 4))]);
        assert_eq!(shown, Window::Share { part: 4.0, of: 30.0 }, "{value}");
        let shown = why(show(&errors(), &[(0, "a", &good(10)), (5, "a", &bad(value))]));
        assert!(shown.starts_with("a: `http_requests_total` on line 2 is "), "{shown}");
        // Of one of two instances: half of the truth.
        let shown =
            show(&errors(), &[(0, "a", &good(10)), (0, "b", &bad(value)), (5, "a", &good(20)), (5, "b", &bad(value))]);
        assert!(why(shown).starts_with("b: `http_requests_total` on line 2 is "));
    }
    // Numbers before that, and none of late.
    let mut scrapes = Scrapes::new([errors()]);
    for (seconds, text) in [(0, good(10)), (5, good(20)), (10, bad("NaN")), (15, bad("NaN")), (20, bad("NaN"))] {
        scrapes.add("a", at(seconds), &text).unwrap();
        assert!(matches!(scrapes.window(&errors(), MINUTE, at(seconds)), Window::Share { .. } | Window::Silent));
    }
    scrapes.add("a", at(25), &bad("NaN")).unwrap();
    let shown = why(scrapes.window(&errors(), MINUTE, at(25)));
    assert_eq!(shown, "a: `http_requests_total` on line 2 is NaN; 3 answers before it were of no use either");
    let nan = seconds([1, 2, 3, 4]).replace(" 3", " NaN");
    assert!(why(show(&p95(), &[(0, "a", &seconds([0, 0, 0, 0])), (5, "a", &nan)])).contains("on line 3 is NaN"));
    let old = format!("depth 1 {}", at(-90).0);
    assert_eq!(
        why(show(&gauge("depth", None, Aggregate::Max), &[(0, "a", &old)])),
        "a: `depth` on line 1 is 1 min 30 s old, by its own timestamp"
    );
}

#[test]
fn a_series_that_is_nowhere_is_said() {
    let text =
        "# TYPE later_total counter\n# TYPE took histogram\nx_total{method=\"GET\",status=\"200\"} 1\ny_total 1\n";
    for (series, message) in [
        (rate("z_total"), Some("no series matches: there is none of the name `z_total`")),
        (
            rate("x_total{code=\"500\"}"),
            Some("no series matches: `x_total` has no label `code`, it has method, status"),
        ),
        (rate("y_total{code=\"500\"}"), Some("no series matches: `y_total` has no label `code`, it has none")),
        (Series::Share { part: "z_total".to_owned(), of: "x_total".to_owned() }, Some("none of the name `z_total`")),
        (Series::Share { part: "x_total".to_owned(), of: "z_total".to_owned() }, Some("none of the name `z_total`")),
        (p95(), Some("none of the name `seconds_bucket`")),
        (gauge("z", None, Aggregate::Mean), Some("a: no series matches: there is none of the name `z`")),
        (gauge("y_total{a=\"b\"}", None, Aggregate::Mean), Some("`y_total` has no label `a`")),
        (gauge("x_total{status=\"1\"}", None, Aggregate::Mean), Some("none of the name `x_total` has such labels")),
        (rate("x_total{"), Some("the selector `x_total{`, column 9: expected the name of a label")),
        // There may be one, later.
        (rate("x_total{status=\"500\"}"), None),
        (rate("x_total{code!=\"500\"}"), None),
        (rate("later_total{code=\"500\"}"), None),
        (Series::Quantile { quantile: 0.5, histogram: "took".to_owned() }, None),
    ] {
        match (show(&series, &[(0, "a", text), (5, "a", text)]), message) {
            (Window::Failed(why), Some(message)) => assert!(why.contains(message), "{series:?}: {why}"),
            (Window::Points(points), None) => assert_eq!(points, [0.0], "{series:?}"),
            (Window::Quantile { seen, .. }, None) => assert_eq!(seen.count(), 0.0, "{series:?}"),
            (shown, _) => panic!("{series:?}: {shown:?}"),
        }
    }
    // One of two instances has not counted any yet.
    let shown = show(&rate("z_total"), &[(0, "a", text), (0, "b", "z_total 1"), (5, "a", text), (5, "b", "z_total 6")]);
    assert_eq!(shown, Window::Points(vec![1.0]));
    let unknown = Scrapes::new([]).window(&p95(), MINUTE, at(0));
    assert_eq!(why(unknown), "histogram_quantile(0.95, seconds) is not kept here");
}

#[test]
fn silence_is_never_a_number() {
    let series = rate("c_total");
    let mut scrapes = Scrapes::new([series.clone()]);
    assert_eq!(scrapes.window(&series, MINUTE, at(0)), Window::Silent);
    scrapes.failed("a", at(0), "refused".to_owned());
    assert_eq!(why(scrapes.window(&series, MINUTE, at(0))), "a: refused");
    assert!(scrapes.add("a", at(5), "c_total").is_err());
    assert!(why(scrapes.window(&series, MINUTE, at(5))).starts_with("a: line 1, column 8 of the metrics: expected"));
    for seconds in [10, 15, 20] {
        scrapes.add("a", at(seconds), &format!("c_total {seconds}")).unwrap();
    }
    assert_eq!(scrapes.window(&series, MINUTE, at(20)), Window::Points(vec![1.0, 1.0]));
    for seconds in [25, 30, 35] {
        scrapes.failed("a", at(seconds), "refused".to_owned());
        assert_eq!(scrapes.window(&series, MINUTE, at(seconds)), Window::Points(vec![1.0, 1.0]), "{seconds}");
    }
    // Fresh, and yet not of this window.
    let short = scrapes.window(&series, Millis::seconds(10), at(35));
    assert_eq!(why(short), "stale: last answer 15 s ago (a: refused)");
    scrapes.failed("a", at(40), "timed out".to_owned());
    assert_eq!(why(scrapes.window(&series, MINUTE, at(40))), "stale: last answer 20 s ago (a: timed out)");
    // Nobody asked: the same.
    assert_eq!(why(scrapes.window(&series, MINUTE, at(62))), "stale: last answer 42 s ago (a: timed out)");
    scrapes.add("a", at(45), "c_total 45").unwrap();
    assert_eq!(scrapes.window(&series, MINUTE, at(45)), Window::Points(vec![1.0, 1.0, 1.0]));
}

#[test]
fn one_instance_of_two_is_half_of_the_samples() {
    let series = rate("c_total");
    let mut scrapes = Scrapes::new([series.clone()]);
    for seconds in 0..=12 {
        scrapes.add("a", at(seconds * 5), &format!("c_total {seconds}")).unwrap();
        scrapes.failed("b", at(seconds * 5), "refused".to_owned());
    }
    let half = "the samples of 1 of 2 instances are missing (b: refused)";
    assert_eq!(why(scrapes.window(&series, MINUTE, at(60))), half);
    scrapes.add("a", at(65), "c_total 13").unwrap();
    scrapes.add("b", at(65), "c_total 1000").unwrap();
    // There it is, and nobody knows yet what it does in a second.
    assert_eq!(scrapes.window(&series, MINUTE, at(65)), Window::Silent);
    // Gone, and asked no more: said for as long as it is a part of the window.
    for (seconds, said) in [(70, false), (80, false), (85, true), (120, true), (126, false), (200, false)] {
        scrapes.add("a", at(seconds), "c_total 14").unwrap();
        let shown = scrapes.window(&series, MINUTE, at(seconds));
        let is_said = matches!(&shown, Window::Failed(why) if why.contains("b is asked no more"));
        let expected = if said { is_said } else { matches!(&shown, Window::Points(_)) };
        assert!(expected, "{seconds}: {shown:?}");
    }
    // What failed once under another name, and is asked no more, does not count: the list of containers, say.
    scrapes.failed("service", at(205), "Docker is busy".to_owned());
    assert_eq!(
        why(scrapes.window(&series, MINUTE, at(205))),
        "the samples of 1 of 2 instances are missing (service: Docker is busy)"
    );
    scrapes.add("a", at(210), "c_total 15").unwrap();
    assert!(matches!(scrapes.window(&series, MINUTE, at(210)), Window::Points(_)));
}

#[test]
fn a_gauge_waits_for_all_instances() {
    let series = gauge("g", None, Aggregate::Max);
    let mut scrapes = Scrapes::new([series.clone()]);
    scrapes.add("a", at(0), "g 1").unwrap();
    scrapes.add("b", at(0), "g 9").unwrap();
    scrapes.add("a", at(5), "g 50").unwrap();
    scrapes.failed("b", at(5), "refused".to_owned());
    assert_eq!(scrapes.window(&series, MINUTE, at(5)), Window::Extreme { value: 9.0, of: 1 });
}

#[test]
fn clocks_jump() {
    let series = rate("c_total");
    let new = || {
        let mut scrapes = Scrapes::new([series.clone()]);
        (0..=4).for_each(|n| scrapes.add("a", at(n * 5), &format!("c_total {}", n * 50)).unwrap());
        assert_eq!(scrapes.window(&series, MINUTE, at(20)), Window::Points(vec![10.0; 4]));
        scrapes
    };
    // Back by an hour: a new beginning.
    let mut scrapes = new();
    assert_eq!(scrapes.window(&series, MINUTE, at(-3_600)), Window::Silent);
    scrapes.add("a", at(-3_600), "c_total 250").unwrap();
    assert_eq!(scrapes.window(&series, MINUTE, at(-3_600)), Window::Silent);
    scrapes.add("a", at(-3_595), "c_total 300").unwrap();
    assert_eq!(scrapes.window(&series, MINUTE, at(-3_595)), Window::Points(vec![10.0]));
    // Back by an hour, and nobody answers: an answer of the time to come is not fresh for an hour.
    let mut scrapes = new();
    for n in 0..5 {
        scrapes.failed("a", at(-3_600 + n * 5), "refused".to_owned());
    }
    assert_eq!(why(scrapes.window(&series, MINUTE, at(-3_580))), "stale: last answer 20 s ago (a: refused)");
    // Forth by an hour: what came about in it is not of this minute.
    let mut scrapes = new();
    scrapes.add("a", at(3_625), "c_total 250").unwrap();
    assert_eq!(scrapes.window(&series, MINUTE, at(3_625)), Window::Silent);
    scrapes.add("a", at(3_630), "c_total 300").unwrap();
    assert_eq!(scrapes.window(&series, MINUTE, at(3_630)), Window::Points(vec![10.0]));
    // Back by almost a look: many requests in no time.
    let mut scrapes = new();
    scrapes.add("a", Timestamp(at(20).0 + 1), "c_total 250").unwrap();
    assert_eq!(scrapes.window(&series, MINUTE, at(21)), Window::Points(vec![10.0; 4]));
    // The same moment twice.
    let mut scrapes = new();
    scrapes.add("a", at(20), "c_total 9000").unwrap();
    assert_eq!(scrapes.window(&series, MINUTE, at(20)), Window::Points(vec![10.0; 4]));
    scrapes.add("a", at(25), "c_total 9050").unwrap();
    assert_eq!(scrapes.window(&series, MINUTE, at(25)), Window::Points(vec![10.0; 5]));
    // Another instance, that is asked no more, is not there again when its time has come.
    let mut scrapes = new();
    scrapes.add("b", at(-3_600), "c_total 0").unwrap();
    scrapes.add("b", at(15), "c_total 0").unwrap();
    scrapes.add("b", at(20), "c_total 0").unwrap();
    assert_eq!(scrapes.window(&series, MINUTE, at(20)), Window::Points(vec![0.0]));
}

#[test]
fn old_answers_are_forgotten() {
    let series = gauge("g", None, Aggregate::Mean);
    let mut scrapes = Scrapes::new([series.clone()]).keeping(MINUTE);
    for n in 0..1_000 {
        scrapes.add("a", at(n * 5), "g 1").unwrap();
    }
    // A minute, and two looks.
    assert_eq!(scrapes.window(&series, Millis::hours(2), at(4_995)).samples(), 15);
    for n in 1_000..2_000 {
        scrapes.add(&format!("b{n}"), at(n * 5), "g 1").unwrap();
    }
    assert!(scrapes.remembered() <= 2 * 15, "{}", scrapes.remembered());
}
