//! Space on a disk.

use rollout::check::Check;

/// Least free space where releases and logs go.
const LEAST_FREE: u64 = 500_000_000;

/// Whether there is enough at `folder`; `remedy` is what to do when there is not.
pub(super) fn space(folder: &str, remedy: &str) -> Check {
    let name = "disk space";
    let seen = match rustix::fs::statvfs(folder) {
        Ok(seen) => seen,
        Err(error) => return Check::warning(name, format!("{folder} cannot be looked at: {error}")),
    };
    let free = seen.f_bavail.saturating_mul(seen.f_frsize);
    let megabytes = free / 1_000_000;
    if free < LEAST_FREE {
        let wanted = LEAST_FREE / 1_000_000;
        return Check::failure(
            name,
            format!("{megabytes} MB are free in {folder}, and {wanted} MB are wanted: {remedy}"),
        );
    }
    Check::ok(name, format!("{megabytes} MB are free in {folder}"))
}
