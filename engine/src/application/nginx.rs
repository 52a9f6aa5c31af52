//! `[traffic.nginx]`: where nginx is.

use super::item::Item;
use super::section::{Keys, Section};
use super::words;
use rollout::router::Nginx;

pub(super) const NGINX: Keys = Keys::new(&["config", "conf_d", "pid", "binary", "listen", "admin_port", "dial"]);

pub(super) fn read(item: Option<Item>) -> Nginx {
    let section = item.and_then(|item| item.section("[traffic.nginx]", &NGINX, "a section: [traffic.nginx]"));
    let get = |key| section.as_ref().and_then(|section: &Section| section.get(key));
    let text = |key, default: &str, check: fn(&str) -> Result<(), String>| {
        get(key).and_then(|item| item.text_that(check)).unwrap_or_else(|| default.to_owned())
    };
    let nginx = Nginx {
        config: text("config", "/etc/nginx/nginx.conf", words::router_path),
        conf_d: text("conf_d", "/etc/nginx/conf.d", words::router_path),
        pid: text("pid", "/run/nginx.pid", words::router_path),
        binary: text("binary", "nginx", words::not_empty),
        listen: text("listen", "80", words::listen),
        admin_port: get("admin_port").and_then(|item| item.whole(1..=65_535)),
        dial: text("dial", "/var/lib/crossfade/dial", words::router_path),
    };
    let public = nginx.listen.rsplit(':').next().and_then(|port| port.parse::<u16>().ok());
    if let Some(item) = get("admin_port")
        && nginx.admin_port.is_some()
        && nginx.admin_port == public
    {
        item.wrong(format!("must not be the port that `listen` (\"{}\") has", nginx.listen));
    }
    nginx
}
