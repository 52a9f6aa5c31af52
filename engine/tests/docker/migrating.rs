//! A migration with all that goes with it: its SQL looked through, a backup before, a check after, the way down; and what a
//! contract does to the way back.

use crate::bench::{APPLICATION, Bench, COMPOSE, ada, approve};
use engine::EngineError;
use engine::engine::RolloutView;
use rollout::actor::{Actor, Role};
use rollout::check::Level;
use rollout::command::{Ask, Refusal};
use rollout::event::Outcome;

/// Commands that are seen by what they are asked. The address does not matter to the one who answers.
const MIGRATE: &str = r#"
[migrate]
service = "web"
kind    = "{kind}"
backup  = ["/bin/hopwhistle", "probe", "http://127.0.0.1:3000/api/health?backup-{version}"]
up      = ["/bin/hopwhistle", "probe", "http://127.0.0.1:3000/api/health?up"]
verify  = ["/bin/hopwhistle", "probe", "http://127.0.0.1:3000/api/health?verify"]
down    = ["/bin/hopwhistle", "probe", "http://127.0.0.1:3000/api/health?down"]
[migrate.lint]
files   = ["migrations"]
"#;

/// 1.0.0 is live; the next release drops a column.
async fn bench(name: &'static str, kind: &str) -> Bench {
    let bench = Bench::new(name, COMPOSE).await;
    bench.first().await;
    std::fs::create_dir(bench.file().with_file_name("migrations")).unwrap();
    bench.write("migrations/0002.sql", "ALTER TABLE calls\n  DROP COLUMN note;\n");
    bench.write("crossfade.toml", &format!("{APPLICATION}{}", MIGRATE.replace("{kind}", kind)));
    bench
}

/// What was run, by what was asked.
fn commands(view: &RolloutView) -> Vec<&str> {
    let commands = view.lines.iter().filter(|line| line.text.starts_with("$ "));
    commands.filter_map(|line| line.text.rsplit_once('?')).map(|(_, asked)| asked).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Docker and the images of demo/images.sh"]
async fn a_column_is_not_dropped_by_a_migration_that_says_it_only_adds() {
    let bench = bench("docker-expand", "expand").await;
    let id = bench.start("1.1.0").await;
    let (error, _) = bench.until_failed(id).await;
    assert!(error.contains("migration SQL: 0002.sql:2:3: ") || error.contains("0002.sql:2:"), "{error}");
    assert!(error.contains("ban-drop-column") && error.contains("kind = \"contract\""), "{error}");
    assert_eq!(bench.ps("green", ""), [""; 0], "nothing was prepared");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Docker and the images of demo/images.sh"]
async fn after_a_contract_going_back_takes_a_release_manager_and_a_reason() {
    let bench = bench("docker-contract", "contract").await;
    let id = bench.start("1.1.0").await;
    bench.until_gate(id).await;
    bench.ask(id, approve()).await;
    bench.until_ended(id).await;
    let view = bench.engine.rollout(&ada(), id).await.unwrap();
    assert_eq!(commands(&view), ["backup-1.1.0", "up", "verify"]);
    assert!(
        view.rollout.checks.iter().any(|check| check.level == Level::Warning && check.said.contains("ban-drop-column"))
    );
    assert!(view.rollout.warning().is_some_and(|warning| warning.starts_with("Rolling back is unsafe: ")));

    let ask = |reason: &str| Ask::RollBack { reason: reason.to_owned(), migrate_down: true };
    let deployer = Actor::user("dan", Role::Deployer);
    let refused = bench.engine.ask(&deployer, id, ask("it is slow")).await.unwrap_err();
    assert!(
        matches!(refused, EngineError::Refused(Refusal::Forbidden { role: Role::ReleaseManager, .. })),
        "{refused}"
    );
    let refused = bench.engine.ask(&ada(), id, ask(" ")).await.unwrap_err();
    assert!(matches!(refused, EngineError::Refused(Refusal::Invalid { .. })), "{refused}");

    let back = bench.ask(id, ask("the column was in use")).await;
    bench.until_ended(back).await;
    let view = bench.engine.rollout(&ada(), back).await.unwrap();
    assert_eq!(view.rollout.ended.as_ref().map(|ended| ended.outcome), Some(Outcome::RolledBack));
    assert_eq!(commands(&view), ["down"]);
    assert_eq!(bench.ps("blue", "{{.State}}"), ["web running", "worker running"]);
}
