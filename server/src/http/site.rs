//! Scripts and styles: where they are, and how they are served.

use axum::http::{HeaderValue, Response, header};
use leptos::config::{Env, LeptosOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tower_http::services::ServeDir;
use tower_http::set_header::{SetResponseHeader, SetResponseHeaderLayer};

/// The folder that `app/client/build.sh` has laid out.
///
/// # Errors
/// When there is none where it was looked for.
pub fn site(given: Option<PathBuf>) -> Result<PathBuf, String> {
    let beside = std::env::current_exe().ok();
    let folder = beside.as_deref().and_then(Path::parent).unwrap_or(Path::new("."));
    let places = match given {
        Some(given) => vec![given],
        None => vec![folder.join("site"), folder.join("../site")],
    };
    let found = places.iter().find(|place| place.join("hash.txt").is_file());
    let found = found.ok_or_else(|| {
        let looked: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
        format!("the scripts and styles are not in {}: build them with app/client/build.sh, or name their folder with --site", looked.join(" or "))
    })?;
    found.canonicalize().map_err(|error| format!("cannot use {}: {error}", found.display()))
}

/// What leptos wants to know. Everything is said here, so that nothing depends on where the program is started.
pub(super) fn options(site: &Path) -> Result<LeptosOptions, String> {
    let text =
        |path: &Path| path.to_str().map(Arc::<str>::from).ok_or_else(|| format!("{} is not UTF-8", path.display()));
    Ok(LeptosOptions::builder()
        .output_name("crossfade")
        .site_root(text(site)?)
        .site_pkg_dir("pkg")
        .env(Env::PROD)
        .hash_files(true)
        .hash_file(text(&site.join("hash.txt"))?)
        .build())
}

/// Names carry a hash of what is in them: once loaded, never asked for again.
#[allow(clippy::type_complexity, reason = "tower's types say what they do")]
pub(super) fn files<B: Send + 'static>(
    site: &Path,
) -> SetResponseHeader<ServeDir, fn(&Response<B>) -> Option<HeaderValue>>
where
    SetResponseHeader<ServeDir, fn(&Response<B>) -> Option<HeaderValue>>: Sized,
{
    use tower::Layer;
    // Only what is there: a 404 must not be kept for a year.
    let forever: fn(&Response<B>) -> Option<HeaderValue> = |response| {
        response.status().is_success().then(|| HeaderValue::from_static("public, max-age=31536000, immutable"))
    };
    SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, forever)
        .layer(ServeDir::new(site.join("pkg")).precompressed_br())
}
