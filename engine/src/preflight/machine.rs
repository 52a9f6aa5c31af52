//! Docker Engine and the disk under it.

use crate::runtime::docker::Docker;
use rollout::check::Check;

/// Least free space where the engine keeps images.
const LEAST_FREE: u64 = 500_000_000;

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
    let Some(root) = root else {
        return Check::ok(name, "the engine's folder is not on this machine; not looked at");
    };
    let seen = match rustix::fs::statvfs(&*root) {
        Ok(seen) => seen,
        Err(error) => return Check::warning(name, format!("{root} cannot be looked at: {error}")),
    };
    let free = seen.f_bavail.saturating_mul(seen.f_frsize);
    let megabytes = free / 1_000_000;
    if free < LEAST_FREE {
        let wanted = LEAST_FREE / 1_000_000;
        return Check::failure(
            name,
            format!("{megabytes} MB are free in {root}, and {wanted} MB are wanted: remove old images"),
        );
    }
    Check::ok(name, format!("{megabytes} MB are free in {root}"))
}
