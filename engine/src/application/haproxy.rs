//! `[traffic.haproxy]`: where HAProxy is.

use super::item::Item;
use super::section::{Keys, Section};
use super::words;
use rollout::router::Haproxy;

pub(super) const HAPROXY: Keys =
    Keys::new(&["socket", "folder", "binary", "listen", "accept_proxy", "admin_port", "state"]);

pub(super) fn read(item: Option<Item>) -> Haproxy {
    let section = item.and_then(|item| item.section("[traffic.haproxy]", &HAPROXY, "a section: [traffic.haproxy]"));
    let get = |key| section.as_ref().and_then(|section: &Section| section.get(key));
    let text = |key, default: &str, check: fn(&str) -> Result<(), String>| {
        get(key).and_then(|item| item.text_that(check)).unwrap_or_else(|| default.to_owned())
    };
    let haproxy = Haproxy {
        socket: text("socket", "/run/haproxy/admin.sock", words::not_empty),
        folder: text("folder", "/etc/haproxy/crossfade", words::not_empty),
        binary: text("binary", "haproxy", words::not_empty),
        listen: text("listen", "80", words::listen),
        accept_proxy: get("accept_proxy").and_then(|item| item.flag()).unwrap_or(false),
        admin_port: get("admin_port").and_then(|item| item.whole(1..=65_535)),
        state: text("state", "/var/lib/crossfade/haproxy", plain),
    };
    let public = haproxy.listen.rsplit(':').next().and_then(|port| port.parse::<u16>().ok());
    if let Some(item) = get("admin_port")
        && haproxy.admin_port.is_some()
        && haproxy.admin_port == public
    {
        item.wrong(format!("must not be the port that `listen` (\"{}\") has", haproxy.listen));
    }
    haproxy
}

/// The path of the weights is written into HAProxy's file.
fn plain(text: &str) -> Result<(), String> {
    words::not_empty(text)?;
    match text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte)) {
        true => Ok(()),
        false => Err(format!("\"{text}\" must hold letters, digits and . _ - / only: HAProxy reads others as its own")),
    }
}
