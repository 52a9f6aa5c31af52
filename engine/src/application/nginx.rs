//! `[traffic.nginx]`: where nginx is.

use super::item::Item;
use super::section::{Keys, Section};
use super::words;
use rollout::router::{Nginx, Servers};

pub(super) const NGINX: Keys =
    Keys::new(&["config", "conf_d", "pid", "binary", "listen", "admin_port", "dial", "servers", "container"]);

const SERVERS: &[(&str, Servers)] = &[("whole", Servers::Whole), ("include", Servers::Include)];

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
        servers: get("servers").and_then(|item| item.choice(SERVERS)).unwrap_or_default(),
        container: get("container").and_then(|item| item.text_that(words::container)),
    };
    if let Some(item) = get("listen").filter(|_| nginx.servers == Servers::Include) {
        item.wrong_key("your own servers say where they listen: take it out, or take `servers = \"include\"` out");
    }
    if let Some(item) = get("pid").filter(|_| nginx.container.is_some()) {
        item.wrong_key("nginx in a container is reached by the container's name: take it out");
    }
    let public = nginx.listen.rsplit(':').next().and_then(|port| port.parse::<u16>().ok());
    if let Some(item) = get("admin_port")
        && nginx.servers == Servers::Whole
        && nginx.admin_port.is_some()
        && nginx.admin_port == public
    {
        item.wrong(format!("must not be the port that `listen` (\"{}\") has", nginx.listen));
    }
    nginx
}
