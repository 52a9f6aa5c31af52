//! How much passes through, by wrk, with the same service behind each.

use crate::Measured;
use crate::rig::{HOST, Stage};
use rollout::application::StickyBy;
use rollout::slot::{Slot, Split};
use std::net::SocketAddr;
use tokio::process::Command;

const SECONDS: u32 = 5;
const CONNECTIONS: u32 = 50;

pub fn head() {
    println!(
        "\nThroughput at 50 %: wrk, 1 thread, {CONNECTIONS} keep-alive connections, {SECONDS} s; all on these cores"
    );
    println!("{:<10} {:>12} {:>14} {:>12}", "router", "requests/s", "99th latency", "failed");
}

pub async fn measure<R: Measured>() {
    let stage = Stage::<R>::adopted(StickyBy::Cookie, Split::all(Slot::Blue)).await;
    stage.set(stage.green(50)).await;
    print(R::NAME, ([127, 0, 0, 1], stage.rig.port().expect("requests pass through it")).into()).await;
}

/// The service itself, with nothing before it.
pub async fn direct() {
    print("none", crate::rig::routes().await[0].blue).await;
}

async fn print(name: &str, address: SocketAddr) {
    let said = Command::new("wrk")
        .args([
            "-t1",
            &format!("-c{CONNECTIONS}"),
            &format!("-d{SECONDS}s"),
            "--latency",
            "-H",
            &format!("Host: {HOST}"),
        ])
        .arg(format!("http://{address}/"))
        .output()
        .await;
    let said = match said {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).into_owned(),
        Ok(output) => return println!("{name:<10} wrk failed: {}", String::from_utf8_lossy(&output.stderr).trim()),
        Err(error) => return println!("{name:<10} wrk is needed (Debian: apt-get install wrk): {error}"),
    };
    let after = |word: &str| said.lines().find_map(|line| line.trim().strip_prefix(word)).map_or("-", str::trim);
    // These two lines are there only when there was something to count.
    let failed = match (after("Non-2xx or 3xx responses:"), after("Socket errors:")) {
        ("-", "-") => "0".to_owned(),
        (not_2xx, errors) => format!("not 2xx {not_2xx}; {errors}"),
    };
    println!("{name:<10} {:>12} {:>14} {failed:>12}", after("Requests/sec:"), after("99%"));
}
