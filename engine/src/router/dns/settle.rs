//! The wait until nobody keeps the former records any more, with a word on it now and then.

use super::records::{Held, Layout};
use super::servers::{self, Server};
use futures::future::join_all;
use rollout::clock::{Millis, Timestamp};
use std::time::Duration;

/// Between two words on how long it still takes.
const WORD: Millis = Millis::seconds(15);
/// Between two looks at the resolvers.
const LOOK: Duration = Duration::from_secs(2);

/// Hears how far it is.
pub(super) type Tell<'a> = &'a (dyn Fn(String) + Send + Sync);

/// Waits until then. What resolvers answer meanwhile is told, and decides nothing: there are thousands of others.
pub(super) async fn settle(until: Timestamp, layout: &Layout, wanted: &Held, resolvers: &[Server], tell: Tell<'_>) {
    let mut follow: Vec<(&Server, bool)> = resolvers.iter().map(|resolver| (resolver, false)).collect();
    let mut word: Option<Timestamp> = None;
    loop {
        look(&mut follow, layout, wanted, tell).await;
        let now = crate::clock::now();
        let left = until - now;
        if left.is_zero() {
            break;
        }
        if word.is_none_or(|last| now - last >= WORD || last > now) {
            word = Some(now);
            tell(format!("others may keep the former records for another {}", Millis(left.0.div_ceil(1_000) * 1_000)));
        }
        tokio::time::sleep(Duration::from_millis(left.0).min(LOOK)).await;
    }
    for (resolver, _) in follow.iter().filter(|(_, follows)| !follows) {
        tell(format!("the resolver {resolver} does not answer the new records yet: its clients follow later"));
    }
}

async fn look(follow: &mut [(&Server, bool)], layout: &Layout, wanted: &Held, tell: Tell<'_>) {
    let waiting = follow.iter_mut().filter(|(_, follows)| !follows);
    let looks = waiting.map(|(resolver, follows)| async move {
        if let Ok(heard) = servers::heard(resolver, layout).await
            && same_addresses(&heard, wanted)
        {
            *follows = true;
            tell(format!("the resolver {resolver} answers the new records"));
        }
    });
    join_all(looks).await;
}

/// Whatever the TTLs are: a cache counts them down.
pub(super) fn same_addresses(a: &Held, b: &Held) -> bool {
    a.0.len() == b.0.len() && a.0.iter().all(|(key, set)| b.0.get(key).is_some_and(|b| b.addresses == set.addresses))
}
