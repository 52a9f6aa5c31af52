//! The list of all rollouts: filters, pages, and fields that were filled in wrongly.

use super::dashboard::{Browser, Dashboard, unescaped};
use rollout::actor::Role;

const DAY: i64 = 86_400_000;
/// 2026-11-01, in UTC.
const FIRST_DAY: i64 = 1_793_491_200_000;

/// 120 rollouts, numbered from 1: of two applications in turns; every third by grace, the others by ada; every tenth
/// failed; ten a day from the first of November; the 77th alone is of 7.7.7.
async fn full() -> Dashboard {
    let dashboard = Dashboard::new().await;
    dashboard.engine.store().save_application("blog", "/nowhere.toml", 2, &[]).await.unwrap();
    let database = dashboard.database().await;
    for number in 1..=120_i64 {
        let at = FIRST_DAY + (number - 1) / 10 * DAY + (number - 1) % 10 * 3_600_000;
        sqlx::query(
            "insert into rollouts (id, application_id, kind, version, from_version, slot, phase, headline, weight,
                                   started_by, started_at, ended_at, settled, definition)
             values (?, (select id from applications where name = ?), 'forward', ?, '0.9.0', 'green', ?, 'done', 100, ?, ?, ?, 1, '{}')",
        )
        .bind(number)
        .bind(if number % 2 == 0 { "blog" } else { "shop" })
        .bind(if number == 77 { "7.7.7" } else { "1.0.0" })
        .bind(if number % 10 == 0 { "failed" } else { "succeeded" })
        .bind(if number % 3 == 0 { "grace" } else { "ada" })
        .bind(at)
        .bind(at + 60_000)
        .execute(&database)
        .await
        .unwrap();
    }
    dashboard
}

/// The numbers on a page, and the address of the next.
async fn page(browser: &mut Browser<'_>, path: &str) -> (Vec<i64>, Option<String>) {
    let answer = browser.get(path).await;
    let numbers = answer
        .body
        .split("href=\"/rollouts/")
        .skip(1)
        .map(|rest| rest.split_once('"').unwrap().0.parse().unwrap())
        .collect();
    let next = answer.body.split("<a ").find(|link| link.contains(r#"rel="next""#));
    let next = next.map(|link| unescaped(link.split_once("href=\"").unwrap().1.split_once('"').unwrap().0));
    (numbers, next)
}

async fn all(browser: &mut Browser<'_>, path: &str) -> Vec<i64> {
    let (mut numbers, mut next) = page(browser, path).await;
    while let Some(path) = next {
        let (more, after) = page(browser, &path).await;
        assert!(!more.is_empty(), "{path} is an empty page");
        numbers.extend(more);
        next = after;
    }
    numbers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pages_follow_one_another_without_gaps() {
    let dashboard = full().await;
    let mut viewer = dashboard.signed_in(Role::Viewer).await;
    let (first, next) = page(&mut viewer, "/history").await;
    assert_eq!(first, (71..=120).rev().collect::<Vec<_>>());
    // A rollout that starts meanwhile moves nothing.
    let database = dashboard.database().await;
    sqlx::query(
        "insert into rollouts (application_id, kind, version, slot, phase, headline, weight, started_by, started_at, ended_at, definition)
         values (1, 'first', '2.0.0', 'blue', 'failed', '', 0, 'ada', 1, 2, '{}')",
    )
    .execute(&database)
    .await
    .unwrap();
    let (second, next) = page(&mut viewer, &next.unwrap()).await;
    assert_eq!(second, (21..=70).rev().collect::<Vec<_>>());
    let (third, next) = page(&mut viewer, &next.unwrap()).await;
    assert_eq!((third, next), ((1..=20).rev().collect(), None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_filter_alone_and_together_over_all_pages() {
    let dashboard = full().await;
    let mut viewer = dashboard.signed_in(Role::Viewer).await;
    let day = |number: i64| (number - 1) / 10 + 1;
    let cases: [(&str, &dyn Fn(i64) -> bool); 14] = [
        ("", &|_| true),
        ("application=shop", &|n| n % 2 == 1),
        ("application=nothing", &|_| false),
        ("outcome=failed", &|n| n % 10 == 0),
        ("outcome=aborted", &|_| false),
        ("who=grace", &|n| n % 3 == 0),
        ("version=7.7.7", &|n| n == 77),
        ("since=2026-11-04", &|n| day(n) >= 4),
        // The day itself is part of it.
        ("until=2026-11-04", &|n| day(n) <= 4),
        ("since=2026-11-03&until=2026-11-03", &|n| day(n) == 3),
        ("application=blog&who=ada", &|n| n % 2 == 0 && n % 3 != 0),
        ("application=blog&outcome=failed&who=grace", &|n| n % 30 == 0),
        ("version=1.0.0&who=ada&application=shop", &|n| n % 2 == 1 && n % 3 != 0 && n != 77),
        ("application=&outcome=&who=&version=&since=&until=", &|_| true),
    ];
    for (query, wanted) in cases {
        let numbers: Vec<i64> = (1..=120).rev().filter(|number| wanted(*number)).collect();
        assert_eq!(all(&mut viewer, &format!("/history?{query}")).await, numbers, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_field_filled_in_wrongly_says_so_and_keeps_what_was_typed() {
    let dashboard = full().await;
    let mut viewer = dashboard.signed_in(Role::Viewer).await;
    for (field, typed) in [("since", "2026-02-30"), ("until", "yesterday"), ("since", "2026-11-1")] {
        let answer = viewer.get(&format!("/history?{field}={typed}&who=ada")).await;
        let id = format!(r#"id="{field}""#);
        assert_eq!(answer.attribute(&id, "value"), typed);
        assert_eq!(answer.attribute(&id, "aria-invalid"), "true");
        let (_, after) = answer.body.split_once(&id).unwrap();
        let said = format!("`{typed}` is not a date: write it like 2026-11-22.");
        assert!(after.split_once("</p>").unwrap().0.contains(&said), "{field}: beside its field");
        assert_eq!(answer.attribute(r#"id="who""#, "value"), "ada");
        assert!(!answer.body.contains("href=\"/rollouts/"), "and shows nothing that was not asked for");
    }
    for (query, says) in [("outcome=great", "There is no outcome great."), ("below=x", "That page does not exist.")] {
        let answer = viewer.get(&format!("/history?{query}")).await;
        assert!(unescaped(&answer.body).contains(says), "{query}: {}", answer.body);
    }
}
