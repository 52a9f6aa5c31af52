//! The way back: the migration is undone in the new slot, which knows how. Somebody asked for it; the traffic is back already.

use super::{Context, Done, Outcome, handover, migrate};
use std::time::Duration;

pub(super) async fn run(cx: &Context) -> Outcome {
    let migrate = cx.definition.application.migrate.as_ref();
    let Some((migrate, down)) = migrate.and_then(|migrate| Some((migrate, migrate.down.as_ref()?))) else {
        return Err("the application file names no `down` in [migrate]".to_owned());
    };
    // What works on the database in the new slot only must not see it change under itself.
    handover::stop_live_slot_only(cx, cx.new_slot()).await?;
    let limit = Duration::from_millis(migrate.timeout.0);
    match tokio::time::timeout(limit, migrate::command(cx, &migrate.service, "way down", down)).await {
        Ok(done) => done?,
        Err(_) => return Err(migrate::too_long(cx, migrate)),
    }
    Ok(Done::new("the migration is undone"))
}
