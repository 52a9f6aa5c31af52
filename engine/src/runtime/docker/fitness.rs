//! Docker Engine and the disk under it.

use super::Docker;
use crate::runtime::disk;
use rollout::check::Check;

pub(super) async fn look(docker: &Docker) -> Vec<Check> {
    let engine = match docker.version().await {
        Ok(version) => Check::ok("Docker Engine", version),
        // Without it, nothing is known of its disk.
        Err(error) => return vec![Check::failure("Docker Engine", error.to_string())],
    };
    vec![engine, disk_space(docker).await]
}

async fn disk_space(docker: &Docker) -> Check {
    let name = "disk space";
    let root = match docker.root_dir().await {
        Ok(root) => root.filter(|root| std::path::Path::new(root).exists()),
        Err(error) => return Check::failure(name, error.to_string()),
    };
    match root {
        Some(root) => disk::space(&root, "remove old images"),
        None => Check::ok(name, "the engine's folder is not on this machine; not looked at"),
    }
}
