//! After a reload, a worker before serves its last connections, by the weights that it had: until a client sends its next
//! request, which is answered with a close. It is told of a change as well, over the master's socket.

use super::map::{KEY, text};
use super::master;
use super::socket::Socket;
use rollout::slot::Split;
use std::path::Path;
use tokio::fs;

/// Tells every former worker. What fails is logged and no more: such a worker is on its way out.
pub(super) async fn tell(socket: &Socket, map: &Path, split: Split) {
    let Ok(worker) = socket.worker().await else { return };
    let Ok(master) = master::of(&worker).await else { return };
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", master.pid)).await.unwrap_or_default();
    let former = children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()).filter(|pid| *pid != worker.pid);
    for pid in former {
        let Some(path) = master.socket() else {
            tracing::warn!(
                "HAProxy's former worker {pid} cannot be told of the weight: start HAProxy with `-S` and a path, for a \
                 socket of its master"
            );
            continue;
        };
        let command = format!("@!{pid} set map {} {KEY} {}", map.display(), text(split));
        if let Err(error) = Socket::new(&path).tell(&command).await {
            tracing::debug!(%error, "HAProxy's former worker {pid} was not told of the weight");
        }
    }
}
