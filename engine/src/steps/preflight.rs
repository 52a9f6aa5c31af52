//! Is everything there that the rollout needs? Every check is made and shown, so that one look tells all that is wrong.

use super::{Context, Done, Outcome};
use rollout::release::PinnedImages;
use rollout::slot::Split;

/// Least free space where the engine keeps images.
const LEAST_FREE: u64 = 500_000_000;

pub(super) async fn run(cx: &Context) -> Outcome {
    let mut failures = vec![];
    let mut check = |name: &str, result: Result<String, String>| match result {
        Ok(said) => cx.log.info(format!("ok: {name}: {said}")),
        Err(why) => {
            cx.log.info(format!("FAILED: {name}: {why}"));
            failures.push(format!("{name}: {why}"));
        }
    };
    check("compose file", Ok(format!("{} services", cx.compose.services.len())));
    check("Docker Engine", cx.docker.version().await.map_err(|error| error.to_string()));
    check("disk space", disk_space(cx).await);
    check("addresses", addresses(cx));
    check("router", router(cx).await);
    let images = pin_images(cx).await;
    check("images", images.as_ref().map(|images| format!("{} pinned by digest", images.len())).map_err(String::clone));
    if !failures.is_empty() {
        return Err(failures.join("\n"));
    }
    Ok(Done { summary: "everything is there".to_owned(), images: images? })
}

async fn disk_space(cx: &Context) -> Result<String, String> {
    let root = cx.docker.root_dir().await.map_err(|error| error.to_string())?;
    let Some(root) = root.filter(|root| std::path::Path::new(root).exists()) else {
        return Ok("the engine's folder is not on this machine; not looked at".to_owned());
    };
    let seen = rustix::fs::statvfs(&*root).map_err(|error| format!("cannot look at {root}: {error}"))?;
    let free = seen.f_bavail.saturating_mul(seen.f_frsize);
    let megabytes = free / 1_000_000;
    if free < LEAST_FREE {
        return Err(format!(
            "{megabytes} MB are free in {root}, and {} MB are wanted: remove old images",
            LEAST_FREE / 1_000_000
        ));
    }
    Ok(format!("{megabytes} MB are free in {root}"))
}

/// Every routed service has been given its address: one that was added to the file since has not.
fn addresses(cx: &Context) -> Result<String, String> {
    let slot = cx.new_slot();
    for (service, ..) in cx.definition.routed() {
        cx.base_url(service, slot).map_err(|_| {
            format!("{service} is new in the application file and has no address yet: run `crossfade application add` with it again")
        })?;
    }
    Ok("every routed service has one".to_owned())
}

/// The router answers, and is as it was left: all traffic on the live slot.
async fn router(cx: &Context) -> Result<String, String> {
    // Before the first release the other slot is empty, and all traffic goes there.
    let expected = Split::all(cx.new_slot().other());
    let drift = cx.router.drift(&cx.routes(), expected).await.map_err(|error| error.to_string())?;
    if drift.is_empty() {
        return Ok(format!("as it was left: {expected}"));
    }
    Err(drift.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

/// What the release's images are by content. A version means what it meant when it was first seen.
async fn pin_images(cx: &Context) -> Result<PinnedImages, String> {
    let known =
        cx.store.release_images(cx.row.id, &cx.rollout.start.release).await.map_err(|error| error.to_string())?;
    let mut images = PinnedImages::new();
    let mut failures = vec![];
    for (name, service) in &cx.compose.services {
        if let Some(pinned) = known.as_ref().and_then(|known| known.get(name)) {
            cx.log.info(format!("{name}: {pinned}, as when this release was first seen"));
            images.insert(name.clone(), pinned.clone());
            continue;
        }
        let credentials = cx.credentials(&service.image)?;
        match cx.docker.pin(&service.image, credentials.as_ref(), &mut |line| cx.log.info(line)).await {
            Ok(pinned) => {
                cx.log.info(format!("{name}: {} is {pinned}", service.image));
                images.insert(name.clone(), pinned);
            }
            Err(error) => failures.push(format!("{name}: {error}")),
        }
    }
    if failures.is_empty() { Ok(images) } else { Err(failures.join("; ")) }
}
