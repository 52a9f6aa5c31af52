//! Nothing is lost while weights move and processes take over from one another.

use crate::green;
use crate::support::client::Client;
use crate::support::process::{Proxy, free};
use proxy::wire::Ask;
use rollout::application::StickyBy;
use rollout::slot::Slot;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

#[derive(Default)]
struct Load {
    stop: AtomicBool,
    /// What all requests that begin now must be answered by, in the last two bits: 0 either, 1 blue, 2 green. Above
    /// them, how many times it has changed.
    certain: AtomicU64,
    requests: AtomicU64,
    lost: AtomicU64,
    wrong: AtomicU64,
    idle_closes: AtomicU64,
}

#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Busy,
    /// Waits a little before each request.
    Thinking,
    /// A connection for each request.
    Once,
}

impl Load {
    async fn run(self: Arc<Load>, address: SocketAddr, manner: Manner) {
        let mut client = Client::new(address);
        client.once = manner == Manner::Once;
        while !self.stop.load(Ordering::SeqCst) {
            if manner == Manner::Thinking {
                tokio::time::sleep(Duration::from_millis(fastrand::u64(0..30))).await;
            }
            let before = self.certain.load(Ordering::SeqCst);
            let answered = client.get("/").await;
            let after = self.certain.load(Ordering::SeqCst);
            self.requests.fetch_add(1, Ordering::Relaxed);
            match answered {
                Ok(response) if response.status == 200 => {
                    let by = if response.text() == "blue" { 1 } else { 2 };
                    // The split was the same all the time: every process must have kept to it.
                    if before & 3 != 0 && before == after && by != before & 3 {
                        self.wrong.fetch_add(1, Ordering::Relaxed);
                    }
                }
                other => {
                    eprintln!("lost: {other:?}");
                    self.lost.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        self.idle_closes.fetch_add(client.idle_closes.into(), Ordering::Relaxed);
    }
}

async fn under_load(proxy: &mut Proxy, restarts: u32, shifts: u32) -> (u64, u64) {
    let load = Arc::new(Load::default());
    let mut clients = vec![];
    for (manner, count) in [(Manner::Busy, 4), (Manner::Thinking, 12), (Manner::Once, 4)] {
        clients.extend((0..count).map(|_| tokio::spawn(load.clone().run(proxy.address(), manner))));
    }
    let mut changes = 0;
    for restart in 1..=restarts {
        for shift in 0..shifts {
            let to_green = shift % 2 == 0;
            changes += 4;
            load.certain.store(changes, Ordering::SeqCst);
            proxy.set(green(if to_green { 100 } else { 0 })).await;
            changes += 4;
            load.certain.store(changes + if to_green { 2 } else { 1 }, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        // The last word holds while the next process takes over.
        if restart < restarts {
            proxy.replace().await;
        }
    }
    load.stop.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.unwrap();
    }
    let count = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
    eprintln!("{} requests, {} connections closed while idle", count(&load.requests), count(&load.idle_closes));
    assert_eq!((count(&load.lost), count(&load.wrong)), (0, 0), "of {}", count(&load.requests));
    (count(&load.requests), count(&load.idle_closes))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_while_weights_move() {
    let (mut proxy, _blue, _green) = Proxy::serving(StickyBy::Cookie).await;
    let (requests, idle_closes) = under_load(&mut proxy, 1, 100).await;
    assert!(requests > 2_000, "{requests}");
    assert_eq!(idle_closes, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_while_processes_take_over() {
    let (mut proxy, _blue, _green) = Proxy::serving(StickyBy::None).await;
    let (requests, _) = under_load(&mut proxy, 8, 20).await;
    assert!(requests > 2_000, "{requests}");
    assert_eq!(proxy.state().await.applications[0].split, green(0));
}

/// A request at work when another process takes over is answered; so is a change that comes just then.
#[tokio::test]
async fn what_is_under_way_is_ended() {
    let (mut proxy, _blue, _green) = Proxy::serving(StickyBy::None).await;
    let address = proxy.address();
    let slow = tokio::spawn(async move { Client::new(address).get("/slow").await });
    proxy.until(|served| served.blue.open == 1).await;
    let mut kept = Client::new(address);
    assert_eq!(kept.get("/").await.unwrap().header("connection"), None);
    proxy.start_one();
    proxy.set(green(100)).await;
    assert_eq!(slow.await.unwrap().unwrap().text(), "blue");
    // The connection is the former process's, which answers as the new one would, and lets go of it.
    let answer = kept.get("/").await.unwrap();
    assert_eq!((answer.text(), answer.header("connection")), ("green", Some("close")));
    assert_eq!(kept.get("/").await.unwrap().header("connection"), None);
    assert_eq!(kept.idle_closes, 0);
    for _ in 0..500 {
        if proxy.first_ended() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the first process did not end");
}

#[tokio::test]
async fn an_address_that_is_not_wanted_any_more_is_let_go() {
    let (mut proxy, _blue, _green) = Proxy::serving(StickyBy::None).await;
    let former = proxy.address();
    proxy.told.listen = free();
    proxy.replace().await;
    assert_eq!(Client::new(proxy.address()).get("/").await.unwrap().text(), "blue");
    for _ in 0..500 {
        if proxy.first_ended() {
            assert!(Client::new(former).get("/").await.is_err());
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the first process did not end");
}

/// One that cannot start leaves things as they are.
#[tokio::test]
async fn a_process_that_fails_to_take_over_changes_nothing() {
    let (mut proxy, _blue, _green) = Proxy::serving(StickyBy::None).await;
    proxy.set(green(20)).await;
    let former = (proxy.told.listen, proxy.state().await.pid);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.told.listen = taken.local_addr().unwrap();
    let pid = proxy.start_one();
    while std::path::Path::new(&format!("/proc/{pid}/fd/0")).exists() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let state = proxy.state().await;
    assert_eq!((state.pid, state.applications[0].split), (former.1, green(20)));
    proxy.set(green(0)).await;
    assert_eq!(Client::new(former.0).get("/").await.unwrap().text(), "blue");
    assert!(
        !std::fs::read_dir(&proxy.told.folder)
            .unwrap()
            .any(|file| { file.unwrap().file_name().to_string_lossy().starts_with("control.") })
    );
}

#[tokio::test]
async fn sighup_starts_the_next_and_sigterm_ends_it() {
    let (mut proxy, _blue, _green) = Proxy::serving(StickyBy::None).await;
    proxy.set(green(30)).await;
    let first = proxy.state().await.pid;
    proxy.signal("HUP");
    let mut pid = first;
    while pid == first {
        tokio::time::sleep(Duration::from_millis(10)).await;
        pid = proxy.state().await.pid;
    }
    assert_eq!(proxy.shop().await.split, green(30));
    // It is no child of ours: the first one's.
    assert!(std::process::Command::new("kill").arg(pid.to_string()).status().unwrap().success());
    let caller = proxy.caller.clone().within(Duration::from_secs(5), Duration::ZERO);
    for _ in 0..500 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        if caller.state(&Ask::State { application: None }).await.is_err() && proxy.ended() {
            return;
        }
    }
    panic!("it did not end");
}

#[tokio::test]
async fn asked_to_stop_it_ends_what_it_has_begun() {
    let (mut proxy, _blue, _green) = Proxy::serving(StickyBy::None).await;
    let address = proxy.address();
    let slow = tokio::spawn(async move { Client::new(address).get("/slow").await });
    proxy.until(|served| served.blue.open == 1).await;
    proxy.signal("TERM");
    assert_eq!(slow.await.unwrap().unwrap().text(), "blue");
    assert!(Client::new(address).get("/").await.is_err());
    for _ in 0..500 {
        if proxy.ended() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not end");
}

#[tokio::test]
async fn after_a_kill_everything_is_as_it_was() {
    let (mut proxy, _blue, _green) = Proxy::serving(StickyBy::Cookie).await;
    for percent in [1, 50, 99, 100, 37] {
        proxy.set(green(percent)).await;
        let before = proxy.shop().await;
        proxy.kill();
        proxy.start_one();
        let after = proxy.shop().await;
        assert_eq!((after.application, after.split), (before.application, green(percent)));
        assert_eq!(Client::new(proxy.address()).get("/").await.unwrap().status, 200);
    }
    // Green was live, last: it had everything once.
    proxy.kill();
    std::fs::remove_file(proxy.state_file("weights.json")).unwrap();
    proxy.start_one();
    assert_eq!(proxy.shop().await.split.slot_of(99), Slot::Green);
    // All is lost: nothing is served, and that can be mended.
    proxy.kill();
    std::fs::remove_dir_all(proxy.state_file("")).unwrap();
    proxy.start_one();
    assert!(proxy.state().await.applications.is_empty());
    assert_eq!(Client::new(proxy.address()).get("/").await.unwrap().status, 503);
}
