//! The web frontend: one page that says which version it is, so that a shift of traffic can be seen.

use crate::release::{Fault, Release, variable};
use crate::serve::{self, Service};
use crate::strain::Strain;
use axum::response::Html;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use std::sync::Arc;

const PAGE: &str = include_str!("page.html");

pub async fn run(release: Release) -> Result<(), String> {
    let service = Service::start(release)?;
    let version = service.release.version.clone();
    let page = page(&version, variable("NEXT_PUBLIC_API_URL")?.as_deref());
    let state = Arc::clone(&service);
    // It keeps nothing of its requests, and gets no POSTs.
    let fault = service.release.fault.filter(|fault| matches!(fault, Fault::Errors | Fault::Slow | Fault::Load));
    let pages = Strain::new(fault)?.on(Router::new().route("/", get(async move || Html(page))));
    let routes = pages.route(
        "/api/health",
        get(async move || {
            let uptime = state.uptime().as_secs();
            Json(json!({ "status": "ok", "service": "web", "version": state.release.version, "uptime": uptime }))
        }),
    );
    serve::run(service, "web", 3000, routes).await
}

fn page(version: &str, api: Option<&str>) -> String {
    // Another hue for every version: whoever looks sees at once which one answered.
    let hue = version.bytes().fold(0u32, |sum, byte| (sum * 31 + u32::from(byte)) % 360);
    let api = api.unwrap_or("").replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    PAGE.replace("{version}", version).replace("{hue}", &hue.to_string()).replace("{api}", &api)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_application_and_version() {
        let page = page("1.1.0", Some("http://api/?a=\"<b>"));
        assert!(page.contains("<h1>Hopwhistle</h1>") && page.contains("1.1.0"));
        assert!(page.contains("http://api/?a=&quot;&lt;b>") && !page.contains("{version}") && !page.contains("{hue}"));
    }
}
