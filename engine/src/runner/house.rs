//! What is done now and then, whatever the rollouts do.

use crate::engine::Shared;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

pub(super) async fn keep(shared: Arc<Shared>, stop: CancellationToken) {
    let mut listen = tokio::time::interval(MINUTE);
    let mut thin = tokio::time::interval(HOUR);
    let mut heard = HashMap::new();
    loop {
        tokio::select! {
            _ = listen.tick() => shared.listen_to_routers(&mut heard).await,
            _ = thin.tick() => {
                // It may be long, and nobody who stops the server waits for it: what is left is thinned another time.
                let thinned = stop.run_until_cancelled(shared.store.thin_samples(crate::clock::now()));
                if let Some(Err(error)) = thinned.await {
                    tracing::warn!(%error, "old samples cannot be thinned");
                }
            }
            () = stop.cancelled() => return,
        }
    }
}
