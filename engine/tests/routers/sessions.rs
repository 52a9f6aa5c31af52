//! What makes two requests one session, and where it goes.

use crate::rig::{Rig, Stage};
use crate::support::client::{Answer, Client};
use rollout::application::StickyBy;
use rollout::slot::{Slot, Split};
use std::collections::BTreeSet;

/// They stray from the weight by 2.2 points on average, and by 12 never.
const SESSIONS: usize = 500;

/// The session cookie of an answer, without its attributes.
fn cookie(answer: &Answer) -> Option<String> {
    let ours = answer.headers("set-cookie").into_iter().find(|cookie| cookie.starts_with("crossfade_shop="))?;
    Some(ours.split(';').next()?.to_owned())
}

/// Every session has a number, and goes to a slot when its number is below the slot's weight: forward only while the
/// weight rises, and back only while it falls.
pub async fn a_session_moves_one_way_only<R: Rig>() {
    let stage = Stage::<R>::adopted(StickyBy::Cookie, Split::all(Slot::Blue)).await;
    let Some(mut client) = stage.client().filter(|_| stage.can.sessions) else { return };
    let mut cookies = Vec::new();
    while cookies.len() < SESSIONS {
        cookies.extend(cookie(&client.get("/", "").await));
    }
    for to in Slot::BOTH {
        let mut before: Option<BTreeSet<usize>> = None;
        for percent in [0, 1, 5, 10, 25, 50, 75, 99, 100, 75, 50, 25, 10, 5, 0] {
            let split = stage.split(to, percent);
            stage.set(split).await;
            let mut moved = BTreeSet::new();
            for (session, cookie) in cookies.iter().enumerate() {
                if client.get("/", &format!("Cookie: a=b; {cookie}")).await.slot() == to.as_str() {
                    moved.insert(session);
                }
            }
            if let Some(before) = &before {
                assert!(before.is_subset(&moved) || moved.is_subset(before), "{split}");
            }
            let share = 100.0 * moved.len() as f64 / SESSIONS as f64;
            match split.weight.percent() {
                0 => assert!(moved.is_empty(), "{split}: {share} %"),
                100 => assert_eq!(moved.len(), SESSIONS, "{split}"),
                percent => assert!((share - f64::from(percent)).abs() < 12.0, "{split}: {share} %"),
            }
            before = Some(moved);
        }
    }
}

pub async fn a_cookie_is_given_once_and_keeps_the_slot<R: Rig>() {
    let stage = Stage::<R>::new(StickyBy::Cookie).await;
    let half = stage.green(50);
    stage.router.adopt(&stage.routes, half).await.unwrap();
    stage.set(half).await;
    let Some(mut client) = stage.client().filter(|_| stage.can.sessions) else { return };
    let mut slots = BTreeSet::new();
    for _ in 0..40 {
        let first = client.get("/login", "").await;
        let cookies = first.headers("set-cookie");
        assert_eq!(cookies.len(), 2, "the service's own and ours: {cookies:?}");
        assert!(cookies.contains(&"own=1"));
        let ours = cookies.iter().find(|cookie| cookie.starts_with("crossfade_shop=")).unwrap();
        let (pair, attributes) = ours.split_once("; ").unwrap();
        assert_eq!(attributes, "Path=/; Max-Age=604800; HttpOnly; SameSite=Lax");
        for _ in 0..3 {
            let next = client.get("/login", &format!("Cookie: a=b; {pair}")).await;
            assert_eq!(next.slot(), first.slot());
            assert_eq!(next.headers("set-cookie"), ["own=1"]);
        }
        slots.insert(first.slot().to_owned());
    }
    assert_eq!(slots.len(), 2);
    // An error starts a session too.
    let missing = client.get("/missing", "").await;
    assert_eq!((missing.status, missing.headers("set-cookie").len()), (404, 1));
    assert_eq!(missing.header("x-crossfade-slot"), Some(missing.body.as_str()).filter(|_| R::SAYS_SLOT));
    // A cookie of a router before, and nonsense, are sessions as well.
    let values = ["0123456789abcdef", "x", "99", "-1-", "%00"];
    for value in values.into_iter().filter(|_| R::TAKES_ANY_COOKIE) {
        let slots = slots_of(&mut client, &format!("Cookie: crossfade_shop={value}"), 5).await;
        assert_eq!(slots.len(), 1, "{value}");
    }
}

/// The slots that answer `requests` requests, with this header.
async fn slots_of(client: &mut Client, header: &str, requests: u32) -> BTreeSet<String> {
    let mut slots = BTreeSet::new();
    for _ in 0..requests {
        let answer = client.get("/", header).await;
        assert_eq!(answer.headers("set-cookie"), [""; 0]);
        slots.insert(answer.slot().to_owned());
    }
    slots
}

async fn halved<R: Rig>(sticky_by: StickyBy) -> Option<(Stage<R>, Client)> {
    if !R::sticks_by(&sticky_by) {
        return None;
    }
    let stage = Stage::<R>::new(sticky_by).await;
    if !stage.can.sessions {
        return None;
    }
    let half = stage.green(50);
    stage.router.adopt(&stage.routes, half).await.unwrap();
    stage.set(half).await;
    let client = stage.client()?;
    Some((stage, client))
}

pub async fn a_header_keeps_the_slot<R: Rig>() {
    let Some((_stage, mut client)) = halved::<R>(StickyBy::Header("X-User-Id".into())).await else { return };
    let mut seen = BTreeSet::new();
    for user in 0..40 {
        let slots = slots_of(&mut client, &format!("X-User-Id: {user}"), 3).await;
        assert_eq!(slots.len(), 1, "user {user}");
        seen.extend(slots);
    }
    assert_eq!(seen.len(), 2);
    // Without the header each request is for itself.
    assert_eq!(slots_of(&mut client, "", 60).await.len(), 2);
}

pub async fn an_address_keeps_the_slot<R: Rig>() {
    let Some((_stage, mut client)) = halved::<R>(StickyBy::Address).await else { return };
    assert_eq!(slots_of(&mut client, "", 60).await.len(), 1);
}

pub async fn without_stickiness_every_request_is_for_itself<R: Rig>() {
    let Some((_stage, mut client)) = halved::<R>(StickyBy::None).await else { return };
    assert_eq!(slots_of(&mut client, "Cookie: crossfade_shop=a", 60).await.len(), 2);
}
