//! Comparing what is there with what was left.

use super::super::drift::{Drift, Seen};
use super::super::on_disk;
use super::super::{Route, RouterError, same_split};
use super::admin::Admin;
use super::dial::{Dial, Link};
use super::error::NginxDrift;
use super::render::{Author, Found, Rendered, author, render};
use super::settings::Settings;
use super::{blocking, files, included, process};
use rollout::slot::Split;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Every difference, the causes before their effects.
pub(super) async fn drift(
    settings: &Settings,
    dial: &Dial,
    admin: &Admin,
    routes: &[Route],
    expected: Split,
) -> Result<Vec<Drift>, RouterError> {
    let there = on_disk::read(&settings.file()).await.ok().flatten();
    let rendered = render(settings, routes, &Found::of_file(there.as_deref().unwrap_or_default()))?;
    let mut drifts = files(settings, &rendered).await;
    drifts.extend(link(dial, expected).await);
    if let Err(error) = process::runs(settings).await {
        let why = match error {
            RouterError::NotRunning { why } => why,
            other => other.to_string(),
        };
        drifts.push(Drift::NotRunning { why });
    }
    drifts.extend(includes(settings, &rendered).await);
    drifts.extend(running(settings, dial, admin, &rendered, expected).await);
    Ok(drifts)
}

async fn files(settings: &Settings, rendered: &Rendered) -> Vec<Drift> {
    let wanted = rendered.files(settings);
    let mut drifts = Vec::new();
    for (path, wanted) in &wanted {
        drifts.extend(match on_disk::read(path).await {
            Ok(Some(text)) if text == *wanted => None,
            Ok(Some(text)) => Some(match author(&text) {
                Author::Somebody => Drift::FileNotOurs { path: path.clone() },
                Author::Edited => Drift::FileEdited { path: path.clone() },
                Author::Crossfade { .. } => Drift::FileOutdated { path: path.clone() },
            }),
            Ok(None) => Some(Drift::FileMissing { path: path.clone() }),
            Err(error) => Some(Drift::Unreadable { path: path.clone(), why: error.to_string() }),
        });
    }
    // Of a service that is routed no more.
    let others = files::ours(settings).await.unwrap_or_default().into_iter().map(|(path, _)| path);
    for path in others.filter(|path| !wanted.iter().any(|(known, _)| known == path)) {
        if path.exists() {
            drifts.push(Drift::FileOutdated { path });
        }
    }
    drifts
}

/// Whether the user's servers still include what is theirs, by the files as they lie on the disk.
async fn includes(settings: &Settings, rendered: &Rendered) -> Vec<Drift> {
    if rendered.snippets.is_empty() {
        return Vec::new();
    }
    let tested = match process::test(settings).await {
        Ok(tested) if tested.passed => tested,
        Ok(tested) => return vec![NginxDrift::Refused { said: tested.said.join("; ") }.into()],
        // That nginx cannot be asked is said elsewhere.
        Err(_) => return Vec::new(),
    };
    let servers = included::servers(&tested.files);
    let checked = rendered.snippets.iter().map(|snippet| included::check(&servers, &snippet.path, &snippet.hosts));
    checked.filter_map(Result::err).map(|missing| NginxDrift::NotIncluded(missing).into()).collect()
}

pub(in crate::router) async fn link(dial: &Dial, expected: Split) -> Option<Drift> {
    let path = dial.link_path();
    let looked = dial.clone();
    let found = blocking(move || {
        let link = looked.link()?;
        let whole = match &link {
            Link::To(split) => looked.is_whole(*split)?,
            Link::Missing | Link::Elsewhere(_) => true,
        };
        Ok((link, whole))
    });
    match found.await {
        Ok((Link::Missing, _)) => Some(Drift::LinkMissing { path }),
        Ok((Link::Elsewhere(target), _)) => Some(Drift::LinkElsewhere { path, target }),
        Ok((Link::To(split), _)) if !same_split(split, expected) => {
            Some(Drift::LinkMoved { path, dial: split, expected })
        }
        Ok((Link::To(split), false)) => Some(Drift::FolderDamaged { path: dial.folder_of(split) }),
        Ok((Link::To(_), true)) => None,
        Err(error) => Some(Drift::Unreadable { path, why: error.to_string() }),
    }
}

async fn running(settings: &Settings, dial: &Dial, admin: &Admin, rendered: &Rendered, expected: Split) -> Vec<Drift> {
    let silent = |error: RouterError| match error {
        RouterError::NotAnswering { port, why } => Drift::NotAnswering { port, why },
        other => Drift::NotAnswering { port: settings.admin_port, why: other.to_string() },
    };
    let mut drifts = Vec::new();
    match admin.generation().await {
        Ok(running) if running == rendered.generation => {}
        Ok(running) => drifts.push(Drift::OtherGeneration { running, expected: rendered.generation.clone() }),
        Err(error) => return vec![silent(error)],
    }
    match admin.sees_dial().await {
        Ok(true) => {}
        Ok(false) => drifts.push(hidden(settings, dial).await),
        Err(error) => drifts.push(silent(error)),
    }
    match admin.seen(expected).await {
        Ok(seen) if seen.agrees_with(expected) => {}
        Ok(seen) => drifts.push(Drift::Split { expected, seen }),
        Err(error) => drifts.push(silent(error)),
    }
    drifts
}

/// nginx answers, but cannot see the dial: why not, as far as the disk tells.
async fn hidden(settings: &Settings, dial: &Dial) -> Drift {
    Drift::DialHidden { folder: dial.folder().to_owned(), fix: fix(settings, dial).await }
}

/// What to do so that nginx's workers see the dial.
pub(super) async fn fix(settings: &Settings, dial: &Dial) -> String {
    let user = match process::worker_user(settings).await {
        Some(user) => format!("nginx's workers (user {user})"),
        None => String::from("nginx's workers"),
    };
    fix_for(&user, "nginx", dial)
}

/// As [`fix`], for the processes of any program.
pub(in crate::router) fn fix_for(user: &str, program: &str, dial: &Dial) -> String {
    if !dial.folder().join("readable").is_file() {
        return String::from("its file `readable` is gone; `crossfade application put-right` makes it again");
    }
    match dial.folder().ancestors().find(|folder| closed(folder)) {
        Some(folder) => {
            format!("{user} may not enter {folder}; allow it with `chmod o+x {folder}`", folder = folder.display())
        }
        None => format!(
            "{user} must be able to enter every folder above it; look with `namei -l {}`, and whether {program} runs in a \
             container or with a /tmp of its own",
            dial.folder().display()
        ),
    }
}

/// Are others than the owner and group kept out of the folder?
fn closed(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|folder| folder.permissions().mode() & 0o001 == 0)
}

/// Has nginx confirm the split. A wrong answer is final; one that fails to come is asked for again.
pub(super) async fn confirm(settings: &Settings, dial: &Dial, admin: &Admin, split: Split) -> Result<(), RouterError> {
    let seen = ask(admin, split).await?;
    if seen.agrees_with(split) {
        return Ok(());
    }
    if !admin.sees_dial().await? {
        return Err(RouterError::DialHidden { folder: dial.folder().to_owned(), fix: fix(settings, dial).await });
    }
    Err(RouterError::Disagrees { dial: split, seen })
}

async fn ask(admin: &Admin, split: Split) -> Result<Seen, RouterError> {
    for pause in [20, 100] {
        if let Ok(seen) = admin.seen(split).await {
            return Ok(seen);
        }
        tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
    }
    admin.seen(split).await
}
