//! What is open on a slot: it is counted, and stays when the traffic goes.

use crate::rig::{HOST, Rig, Stage};
use crate::support::client::Client;
use rollout::application::StickyBy;
use rollout::open::Open;
use rollout::slot::{Slot, Split};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Of whatever kind; `None` where it cannot be counted.
async fn open<R: Rig>(stage: &Stage<R>, slot: Slot) -> Option<u64> {
    match stage.router.open(&stage.routes, slot).await.unwrap() {
        Open::Each { requests, websockets } => Some(requests + websockets),
        Open::Connections(connections) => Some(connections),
        Open::Unknown => None,
    }
}

async fn until<R: Rig>(stage: &Stage<R>, wanted: u64) {
    let begun = Instant::now();
    loop {
        let now = open(stage, Slot::Green).await;
        if now == Some(wanted) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{now:?} are open, not {wanted}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub async fn what_is_open_is_counted_for_its_slot<R: Rig>() {
    let stage = Stage::<R>::adopted(StickyBy::None, Split::all(Slot::Green)).await;
    let Some(port) = stage.rig.port() else { return };
    if open(&stage, Slot::Green).await.is_none() {
        return;
    }
    until(&stage, 0).await;
    let (mut one, _) = Client::new(port, HOST).upgrade().await;
    let (two, _) = Client::new(port, HOST).upgrade().await;
    until(&stage, 2).await;
    let slow = tokio::spawn(async move { Client::new(port, HOST).get("/slow", "").await.body });
    until(&stage, 3).await;
    assert_eq!(open(&stage, Slot::Blue).await, Some(0));

    // The traffic goes; they do not.
    stage.set(Split::all(Slot::Blue)).await;
    one.get_mut().write_all(b"still").await.unwrap();
    let mut said = [0; 5];
    one.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"still");
    assert_eq!(slow.await.unwrap(), "gggggggggg");
    // What a router keeps open for its next request ends by itself.
    until(&stage, 2).await;
    drop(two);
    until(&stage, 1).await;
    drop(one);
    until(&stage, 0).await;
}
