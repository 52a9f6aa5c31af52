//! When all goes well.

use super::*;

#[test]
fn counters_are_not_read_as_rates() {
    // The guide's script asks whether `http_requests_total{status="5.."}` is more than 10. This process is up for 30
    // days, and in the window 4 of 6,000 requests failed: nothing is wrong with it.
    let (before, after) = (requests(2_000_000, 4_000), requests(2_005_996, 4_004));
    let shown = show(&errors(), &[(0, "a", &before), (60, "a", &after)]);
    assert_eq!(shown, Window::Share { part: 4.0, of: 6_000.0 });
    assert!((shown.value().unwrap() - 0.000_67).abs() < 1e-5);
    // The other way round: of all requests since the start 0.03 % failed, of those in the window 10 %.
    let shown = show(&errors(), &[(0, "a", &requests(2_000_000, 0)), (60, "a", &requests(2_005_400, 600))]);
    near(&shown, 0.1);
    // And a p95 over everything since the start hides 600 requests that took more than a second: 600 of 600.
    let shown = show(
        &p95(),
        &[
            (0, "a", &seconds([150_000, 200_000, 200_000, 200_000])),
            (60, "a", &seconds([150_000, 200_000, 200_600, 200_600])),
        ],
    );
    assert!(shown.value().unwrap() > 2.3, "{shown:?}");
    assert_eq!(shown.samples(), 600);
}

#[test]
fn a_first_answer_is_a_beginning_and_a_series_that_comes_later_counts_from_zero() {
    for series in [rate("http_requests_total"), errors()] {
        assert_eq!(show(&series, &[(0, "a", &requests(1_000, 10))]), Window::Silent);
    }
    assert_eq!(show(&p95(), &[(0, "a", &seconds([1, 2, 3, 4]))]), Window::Silent);
    let only_good = "http_requests_total{status=\"200\"} 100";
    let shown = show(&errors(), &[(0, "a", only_good), (5, "a", only_good), (10, "a", &requests(190, 10))]);
    assert_eq!(shown, Window::Share { part: 10.0, of: 100.0 });
    // Another instance that joins begins by itself.
    let shown = show(&errors(), &[(0, "a", &requests(0, 0)), (5, "a", &requests(9, 1)), (5, "b", &requests(500, 500))]);
    assert_eq!(shown, Window::Share { part: 1.0, of: 10.0 });
    // Nothing happened: no data, and no zero.
    let idle = show(&errors(), &[(0, "a", &requests(5, 5)), (5, "a", &requests(5, 5))]);
    assert_eq!((idle.clone(), idle.value()), (Window::Share { part: 0.0, of: 0.0 }, None));
}

#[test]
fn a_process_that_begins_anew_counts_from_zero() {
    let with_start = |start: f64, count: u64| format!("process_start_time_seconds {start}\nc_total {count}\n");
    let began = START as f64;
    for (before, after, grown) in [
        // Fewer than before.
        ("c_total 100".to_owned(), "c_total 30".to_owned(), 30.0),
        ("c_total 100".to_owned(), "c_total 0".to_owned(), 0.0),
        // More than before already, and a process that began between the two.
        (with_start(began - 900.0, 20), with_start(began + 2.0, 30), 30.0),
        (with_start(began - 900.0, 20), with_start(began - 900.0, 30), 10.0),
        // The start of a process is reckoned from a clock: it moves a little, or with the clock.
        (with_start(began - 900.0, 4_000), with_start(began - 899.0, 4_010), 10.0),
        (with_start(began - 5.0, 20), with_start(began - 4.2, 30), 10.0),
        (with_start(began - 900_000.0, 4_000), with_start(began - 800_000.0, 4_010), 10.0),
        (with_start(began - 900.0, 20), "c_total 30".to_owned(), 10.0),
        // Several processes behind one address: one of them says nothing of the others.
        (
            "process_start_time_seconds{p=\"1\"} 1\nprocess_start_time_seconds{p=\"2\"} 1\nc_total 20".to_owned(),
            format!(
                "process_start_time_seconds{{p=\"1\"}} {began}\nprocess_start_time_seconds{{p=\"2\"}} 1\nc_total 30"
            ),
            10.0,
        ),
    ] {
        near(&show(&rate("c_total"), &[(0, "a", &before), (5, "a", &after)]), grown / 5.0);
    }
    // Down in between, and back with more than before.
    let mut scrapes = Scrapes::new([rate("c_total")]);
    scrapes.add("a", at(0), &with_start(began - 900.0, 20)).unwrap();
    scrapes.failed("a", at(5), "refused".to_owned());
    scrapes.add("a", at(10), &with_start(began + 7.0, 30)).unwrap();
    assert_eq!(scrapes.window(&rate("c_total"), MINUTE, at(10)), Window::Points(vec![3.0]));
    // Back with a page that is of no use, first.
    let began_anew = format!("process_start_time_seconds {}\nc_total NaN", began + 12.0);
    scrapes.add("a", at(15), &began_anew).unwrap();
    scrapes.add("a", at(20), &with_start(began + 12.0, 40)).unwrap();
    assert_eq!(scrapes.window(&rate("c_total"), MINUTE, at(20)), Window::Points(vec![3.0, 4.0]));
}

#[test]
fn rates_are_added_up_over_instances_look_by_look() {
    let c = |count: u64| format!("c_total{{x=\"1\"}} {count}\nc_total{{x=\"2\"}} 7\nd_total 1000000\n");
    let series = rate("c_total");
    let mut scrapes = Scrapes::new([series.clone()]);
    let mut look = |seconds: i64, a: Option<u64>, b: Option<u64>| {
        for (name, count) in [("a", a), ("b", b)] {
            match count {
                Some(count) => scrapes.add(name, at(seconds), &c(count)).unwrap(),
                None => scrapes.failed(name, at(seconds), "refused".to_owned()),
            }
        }
        scrapes.window(&series, MINUTE, at(seconds))
    };
    assert_eq!(look(0, Some(1_000), Some(0)), Window::Silent);
    assert_eq!(look(5, Some(1_010), Some(50)), Window::Points(vec![12.0]));
    // b did not answer: a alone is not the slot.
    assert_eq!(look(10, Some(1_020), None), Window::Points(vec![12.0]));
    // Its next answer tells of both intervals.
    assert_eq!(look(15, Some(1_020), Some(150)), Window::Points(vec![12.0, 12.0, 10.0]));
    // What lies before the window is no part of it.
    assert_eq!(look(65, Some(1_520), Some(150)), Window::Points(vec![12.0, 10.0, 10.0]));
    assert_eq!(look(200, Some(1_520), Some(150)), Window::Silent);
    // One that was asked in vain and then begins: what it did until then is not known.
    let mut scrapes = Scrapes::new([series.clone()]);
    for seconds in [0, 5, 10, 15] {
        scrapes.add("a", at(seconds), &c(seconds as u64)).unwrap();
        match seconds {
            0 | 5 => scrapes.failed("b", at(seconds), "refused".to_owned()),
            _ => scrapes.add("b", at(seconds), &c(seconds as u64 * 4)).unwrap(),
        }
    }
    assert_eq!(scrapes.window(&series, MINUTE, at(15)), Window::Points(vec![5.0]));
}

#[test]
fn buckets_are_added_up_before_the_quantile() {
    let idle = seconds([0, 0, 0, 0]);
    let shown = show(
        &p95(),
        &[
            (0, "fast", &idle),
            (0, "slow", &idle),
            (5, "fast", &seconds([950, 950, 950, 950])),
            (5, "slow", &seconds([0, 0, 50, 50])),
        ],
    );
    // The mean of both would be more than a second.
    near(&shown, 0.1);
    assert_eq!(shown.samples(), 1_000);
    // Several series of one instance, of which the selector takes some.
    let text = |count: u64| {
        format!(
            "seconds_bucket{{path=\"/a\",le=\"1\"}} {count}\nseconds_bucket{{path=\"/a\",le=\"+Inf\"}} {count}\n\
             seconds_bucket{{le=\"1\",path=\"/b\"}} 0\nseconds_bucket{{le=\"+Inf\",path=\"/b\"}} {count}\n\
             seconds_sum{{path=\"/a\"}} 1\nseconds_count{{path=\"/a\"}} {count}\n"
        )
    };
    for (selector, samples, value) in [("seconds", 200, 1.0), ("seconds{path=\"/a\"}", 100, 0.95)] {
        let series = Series::Quantile { quantile: 0.95, histogram: selector.to_owned() };
        let shown = show(&series, &[(0, "a", &text(0)), (5, "a", &text(100))]);
        near(&shown, value);
        assert_eq!(shown.samples(), samples);
    }
}

#[test]
fn gauges_are_taken_over_instances_and_then_over_the_window() {
    let text = |depth: &str, most: &str| format!("depth{{queue=\"x\"}} {depth}\ndepth{{queue=\"y\"}} 1\nmost {most}\n");
    let answers: Vec<(i64, &str, String)> = vec![
        (0, "a", text("3", "10")),
        (0, "b", text("7", "10")),
        (5, "a", text("1", "10")),
        (5, "b", text("NaN", "0")),
        (10, "a", text("+Inf", "NaN")),
        (10, "b", text("19", "10")),
    ];
    let answers: Vec<_> = answers.iter().map(|(seconds, instance, text)| (*seconds, *instance, &**text)).collect();
    for (take, of, points) in
        [(Aggregate::Mean, None, vec![6.0, 2.0, 20.0]), (Aggregate::Mean, Some("most"), vec![0.6, 0.2, 2.0])]
    {
        let Window::Points(shown) = show(&gauge("depth", of, take), &answers) else { panic!("{take:?} {of:?}") };
        assert_eq!(shown.len(), points.len(), "{take:?} {of:?}: {shown:?}");
        assert!(shown.iter().zip(&points).all(|(a, b)| (a - b).abs() < 1e-9), "{take:?} {of:?}: {shown:?}");
    }
    for (take, of, value) in
        [(Aggregate::Min, None, 2.0), (Aggregate::Max, None, 20.0), (Aggregate::Max, Some("most"), 2.0)]
    {
        let shown = show(&gauge("depth", of, take), &answers);
        assert_eq!(shown, Window::Extreme { value, of: 3 }, "{take:?} {of:?}");
    }
    let lonely =
        show(&gauge("depth", Some("most"), Aggregate::Max), &[(0, "a", "depth 1\nmost 0"), (5, "a", "depth 1")]);
    assert_eq!(
        why(lonely),
        "a: no series matches: there is none of the name `most`; 1 answers before it were of no use either"
    );
}
