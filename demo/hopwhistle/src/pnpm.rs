//! Stands in for `pnpm` and the migration tool behind its scripts. Says what such a tool says, line by line and not
//! all at once, and may be run again: what is applied stays applied.

use crate::http::{Connection, Url, database};
use crate::log;
use crate::release::Release;
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::time::sleep;

/// The migrations of all releases, in their order: since which release, and the name.
const MIGRATIONS: [((u64, u64), &str); 6] = [
    ((1, 0), "20260814091500_init"),
    ((1, 0), "20260814093000_add_api_keys"),
    ((1, 0), "20260902101500_add_calls"),
    ((1, 1), "20261012140000_add_call_region"),
    ((1, 2), "20261029083000_add_call_recordings"),
    ((1, 3), "20261118120000_add_login_attempts"),
];

const PAUSE: Duration = Duration::from_millis(150);
/// How long the database may take to come up.
const PATIENCE: Duration = Duration::from_secs(5);

pub async fn run(release: &Release, script: &str) -> Result<(), String> {
    let tool = match script {
        "db:migrate:deploy" => "migrate deploy",
        "db:generate" => "migrate generate",
        "db:migrate:down" => "migrate down",
        _ => {
            let scripts = "db:migrate:deploy, db:generate and db:migrate:down";
            return Err(format!("ERR_PNPM_NO_SCRIPT  Missing script: {script} (there are {scripts})"));
        }
    };
    say("").await;
    say(&format!("> hopwhistle@{} {script} /app", release.version)).await;
    say(&format!("> {tool}")).await;
    say("").await;
    let url = database()?.ok_or("DATABASE_URL is not set: it says where the database is, as http://database:5432")?;
    let mut database = Database::open(&url).await?;
    say(&format!("Datasource \"db\": hopwhistle at {}", url.server)).await;
    match script {
        "db:migrate:deploy" => deploy(release, &mut database).await,
        "db:generate" => generate(release, &mut database).await,
        _ => down(release, &mut database).await,
    }
}

async fn deploy(release: &Release, database: &mut Database) -> Result<(), String> {
    let known = known(&release.version);
    let applied = database.applied().await?;
    say(&format!("{} migrations found in prisma/migrations", known.len())).await;
    let pending: Vec<_> = known.into_iter().filter(|name| !applied.contains_key(*name)).collect();
    if pending.is_empty() {
        say("No pending migrations to apply.").await;
        return Ok(());
    }
    for name in &pending {
        say(&format!("Applying migration `{name}`")).await;
        database.apply(name, release).await?;
    }
    say(&format!("{} applied.", counted(pending.len()))).await;
    Ok(())
}

/// Writes no client, but looks whether it would fit the database, which is why the guide runs it as a check.
async fn generate(release: &Release, database: &mut Database) -> Result<(), String> {
    let began = Instant::now();
    let applied = database.applied().await?;
    let missing: Vec<_> = known(&release.version).into_iter().filter(|name| !applied.contains_key(*name)).collect();
    if !missing.is_empty() {
        return Err(format!("the database lacks {}: run db:migrate:deploy first", missing.join(", ")));
    }
    say("Schema and database agree.").await;
    say(&format!("Generated client for {} in {} ms", release.version, began.elapsed().as_millis())).await;
    Ok(())
}

/// Reverts what came with this release, the last first.
async fn down(release: &Release, database: &mut Database) -> Result<(), String> {
    let applied = database.applied().await?;
    let own = number(&release.version);
    let mine = MIGRATIONS.iter().rev().filter(|(since, name)| *since == own && applied.contains_key(*name));
    let mut reverted = 0;
    for (_, name) in mine {
        say(&format!("Reverting migration `{name}`")).await;
        database.revert(name).await?;
        reverted += 1;
    }
    match reverted {
        0 => say("No migrations to revert.").await,
        _ => say(&format!("{} reverted.", counted(reverted))).await,
    }
    Ok(())
}

fn counted(migrations: usize) -> String {
    match migrations {
        1 => "1 migration has been".to_owned(),
        more => format!("{more} migrations have been"),
    }
}

/// Those a release brings with it. A version that is none of ours has all of them.
fn known(version: &str) -> Vec<&'static str> {
    MIGRATIONS.iter().filter(|(since, _)| *since <= number(version)).map(|(_, name)| *name).collect()
}

fn number(version: &str) -> (u64, u64) {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    match (parts.next().flatten(), parts.next().flatten()) {
        (Some(major), Some(minor)) if major > 0 => (major, minor),
        _ => (u64::MAX, 0),
    }
}

async fn say(text: &str) {
    log::line(text);
    if !text.is_empty() {
        sleep(PAUSE).await;
    }
}

struct Database {
    connection: Connection,
    server: String,
}

impl Database {
    async fn open(url: &Url) -> Result<Database, String> {
        let began = Instant::now();
        loop {
            match Connection::open(&url.server).await {
                Ok(connection) => return Ok(Database { connection, server: url.server.clone() }),
                Err(_) if began.elapsed() < PATIENCE => sleep(Duration::from_millis(250)).await,
                Err(problem) => return Err(format!("P1001: Can't reach the database at {}: {problem}", url.server)),
            }
        }
    }

    async fn applied(&mut self) -> Result<Map<String, Value>, String> {
        let body = self.send("GET", "", &Value::Null).await?;
        serde_json::from_str(&body).map_err(|problem| format!("the database's answer makes no sense: {problem}"))
    }

    async fn apply(&mut self, name: &str, release: &Release) -> Result<(), String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let row = json!({ "release": release.version, "applied_at": now });
        self.send("PUT", &format!("/{name}"), &row).await.map(|_| ())
    }

    async fn revert(&mut self, name: &str) -> Result<(), String> {
        self.send("DELETE", &format!("/{name}"), &Value::Null).await.map(|_| ())
    }

    async fn send(&mut self, method: &str, key: &str, row: &Value) -> Result<String, String> {
        let path = format!("/tables/migrations{key}");
        let answer = self.connection.send(method, &path, &row.to_string()).await;
        match answer {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(answer.body),
            Ok(answer) => Err(format!("the database at {} answers {}: {}", self.server, answer.status, answer.body)),
            Err(problem) => Err(format!("P1017: The database at {} went away: {problem}", self.server)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_releases_bring_more_migrations() {
        for (version, count) in [("1.0.0", 3), ("1.0.7", 3), ("1.1.0", 4), ("1.2.0", 5), ("1.3.0", 6), ("2.0.0", 6)] {
            assert_eq!(known(version).len(), count, "{version}");
        }
        assert_eq!(known("0.0.0-development").len(), 6);
        assert!(MIGRATIONS.is_sorted());
    }
}
