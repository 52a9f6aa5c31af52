//! How long a page of history takes with 100,000 rollouts and 2,000,000 events: the budget is 50 ms at the 99th
//! percentile for the whole page. Prints a table; asserts nothing.

use engine::store::Store;
use engine::store::history::Filter;
use rollout::clock::Timestamp;
use rollout::event::RolloutId;
use rollout::state::Phase;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use std::time::{Duration, Instant};

const APPLICATIONS: u32 = 1_000;
const ROLLOUTS: u32 = 100_000;
const EVENTS: u32 = 20;
const RUNS: usize = 200;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder for the database");
    let file = folder.path().join("bench.db");
    let store = Store::open(&file).await.expect("a store");
    fill(&file).await;

    let named = |application: &str| Filter { application: Some(application.to_owned()), ..Filter::default() };
    let version = |version: &str| Filter { version: Some(version.to_owned()), ..Filter::default() };
    let cases = [
        ("newest", Filter::default(), None),
        ("oldest page", Filter::default(), Some(RolloutId(60))),
        ("one application", named("application-7"), None),
        ("a rare outcome", Filter { phase: Some(Phase::Failed), ..Filter::default() }, None),
        ("an outcome nobody had", Filter { phase: Some(Phase::Aborted), ..Filter::default() }, None),
        ("a person", Filter { started_by: Some("user-3".to_owned()), ..Filter::default() }, None),
        ("a version nobody had", version("9.9.9"), None),
        ("one day long ago", Filter { since: Some(day(100)), before: Some(day(101)), ..Filter::default() }, None),
        ("one application, an outcome", Filter { phase: Some(Phase::Failed), ..named("application-7") }, None),
    ];
    println!("{ROLLOUTS} rollouts of {APPLICATIONS} applications, {} events; {RUNS} runs each", ROLLOUTS * EVENTS);
    println!("{:<30} {:>6} {:>10} {:>10}", "history", "rows", "median", "99th");
    for (name, filter, below) in cases {
        let mut times = vec![];
        let mut rows = 0;
        for _ in 0..RUNS {
            let begun = Instant::now();
            rows = store.history(&filter, below, 51).await.expect("a page").len();
            times.push(begun.elapsed());
        }
        print(name, rows, &mut times);
    }
    let mut times = vec![];
    let mut rows = 0;
    for run in 0..RUNS {
        let begun = Instant::now();
        rows = store.entries_after(RolloutId(run as i64 * 400 + 1), 0).await.map_or(0, |entries| entries.len());
        times.push(begun.elapsed());
    }
    print("the journal of a rollout", rows, &mut times);
    store.close().await;
}

fn print(name: &str, rows: usize, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    println!("{name:<30} {rows:>6} {:>7.2} ms {:>7.2} ms", at(50), at(99));
}

/// The first moment of a day of the made-up history, which has 250 rollouts a day.
fn day(number: i64) -> Timestamp {
    Timestamp(1_700_000_000_000 + number * 86_400_000)
}

/// Rows as the engine writes them, by one statement a table.
async fn fill(file: &std::path::Path) {
    let mut connection =
        SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.expect("a connection");
    let note = r#"{"seq":'||n||',"at":1700000000000,"by":"engine","event":{"note-added":{"text":"made up for a measurement"}}}"#;
    let definition = "x".repeat(4_000);
    let series = |count: u32| {
        format!("with recursive series(n) as (select 1 union all select n + 1 from series where n < {count})")
    };
    let statements = [
        format!(
            "{} insert into applications (id, name, file, admin_port, live_slot, blue, added_at)
             select n, 'application-' || n, '/srv/' || n, 1, 'blue', '1.0.0', 0 from series",
            series(APPLICATIONS)
        ),
        format!(
            "{} insert into rollouts (id, application_id, kind, version, from_version, slot, phase, headline, weight,
                                      started_by, started_at, ended_at, settled, definition)
             select n, 1 + n % {APPLICATIONS}, 'forward', '1.' || (n / 100) || '.' || (n % 100), '1.0.0', 'green',
                    case when n % 997 = 0 then 'failed' else 'succeeded' end, 'made up', 100, 'user-' || (n % 50),
                    1700000000000 + n * 345600, 1700000000000 + n * 345600 + 60000, 1, '{definition}' from series",
            series(ROLLOUTS)
        ),
        format!(
            "{} insert into events (rollout_id, seq, at, actor, name, body)
             select r.id, n, 1700000000000, 'engine', 'note-added', '{note}' from rollouts r cross join series",
            series(EVENTS)
        ),
        "analyze".to_owned(),
    ];
    for statement in statements {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.expect("made-up history");
    }
    connection.close().await.expect("a closed connection");
}
