//! Comparing what is there with what was left.

use super::super::drift::Drift;
use super::super::{RouterError, same_split};
use super::admin::Admin;
use super::drift::HaproxyDrift;
use super::error::HaproxyError;
use super::map::{self, Map};
use super::seal::{Author, Sealed, author};
use super::settings::Settings;
use super::socket::Socket;
use rollout::slot::Split;

/// Every difference, the causes before their effects.
pub(super) async fn drift(
    settings: &Settings,
    socket: &Socket,
    map: &Map,
    admin: &Admin,
    wanted: &Sealed,
    expected: Split,
) -> Vec<Drift> {
    let mut drifts = Vec::new();
    drifts.extend(file(settings, wanted).await);
    drifts.extend(on_disk(map, expected).await);
    if let Err(error) = socket.worker().await {
        drifts.push(Drift::Haproxy(HaproxyDrift::Silent { why: error.to_string() }));
        return drifts;
    }
    drifts.extend(in_memory(map, expected).await.map(Drift::Haproxy));
    drifts.extend(running(settings, admin, wanted, expected).await);
    drifts
}

async fn file(settings: &Settings, wanted: &Sealed) -> Option<Drift> {
    let path = settings.file().path();
    match settings.file().read().await {
        Ok(Some(text)) if text == wanted.text => None,
        Ok(Some(text)) => Some(match author(&text) {
            Author::Somebody => Drift::FileNotOurs { path },
            Author::Edited => Drift::FileEdited { path },
            Author::Crossfade { .. } => Drift::FileOutdated { path },
        }),
        Ok(None) => Some(Drift::FileMissing { path }),
        Err(error) => Some(Drift::Unreadable { path, why: error.to_string() }),
    }
}

async fn on_disk(map: &Map, expected: Split) -> Option<Drift> {
    let path = map.path().to_owned();
    let drift = match map.on_disk().await {
        Ok(Some(text)) => match map::parse(&text) {
            Some(disk) if same_split(disk, expected) => return None,
            Some(disk) => HaproxyDrift::MapMoved { path, disk, expected },
            None => HaproxyDrift::MapDamaged { path, text: short(&text) },
        },
        Ok(None) => HaproxyDrift::MapMissing { path },
        Err(error) => return Some(Drift::Unreadable { path, why: error.to_string() }),
    };
    Some(Drift::Haproxy(drift))
}

async fn in_memory(map: &Map, expected: Split) -> Option<HaproxyDrift> {
    match map.in_memory().await {
        Ok(Some(text)) => match map::value(&text) {
            Some(memory) if same_split(memory, expected) => None,
            Some(memory) => Some(HaproxyDrift::MemoryMoved { memory, expected }),
            None => Some(HaproxyDrift::MemoryDamaged { text: short(&text) }),
        },
        Ok(None) => Some(HaproxyDrift::Forgotten),
        // Our file is not loaded, which is told by the generation.
        Err(RouterError::Haproxy(HaproxyError::NotServed { .. })) => None,
        Err(error) => Some(HaproxyDrift::Silent { why: error.to_string() }),
    }
}

async fn running(settings: &Settings, admin: &Admin, wanted: &Sealed, expected: Split) -> Vec<Drift> {
    let silent = |error: HaproxyError| match error {
        HaproxyError::NotAnswering { port, why } => Drift::Haproxy(HaproxyDrift::NotAnswering { port, why }),
        other => Drift::Haproxy(HaproxyDrift::NotAnswering { port: settings.admin_port, why: other.to_string() }),
    };
    let mut drifts = Vec::new();
    match admin.generation().await {
        Ok(running) if running == wanted.seal => {}
        Ok(running) => {
            let expected = wanted.seal.clone();
            drifts.push(Drift::Haproxy(HaproxyDrift::OtherGeneration { running, expected }));
        }
        Err(error) => return vec![silent(error)],
    }
    match admin.seen_patiently(expected).await {
        Ok(seen) if seen.agrees_with(expected) => {}
        Ok(seen) => drifts.push(Drift::Split { expected, seen }),
        Err(error) => drifts.push(silent(error)),
    }
    drifts
}

fn short(text: &str) -> String {
    text.trim().chars().take(100).collect::<String>().escape_debug().to_string()
}
