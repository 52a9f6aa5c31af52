//! The user's own servers, with their own names, certificates and locations, include what is ours.

use crate::support::backend::backends;
use crate::support::client::Client;
use crate::support::nginx::{PrivateNginx, names_in, route, signal};
use crate::{HOST, green, routes};
use engine::router::{Drift, NginxDrift, NginxError, NginxRouter, Route, Router, RouterError};
use rollout::application::StickyBy;
use rollout::router::Servers;
use rollout::slot::{Slot, Split};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

const BLUE: fn() -> Split = || Split::all(Slot::Blue);

struct Theirs {
    nginx: PrivateNginx,
    routes: Vec<Route>,
    router: NginxRouter,
}

impl Theirs {
    /// nginx with a server of the user's own that has this line, perhaps.
    async fn start(line: &str) -> Theirs {
        let nginx = PrivateNginx::start();
        let mut settings = nginx.settings();
        settings.servers = Servers::Include;
        let router = NginxRouter::new("shop", &settings, &StickyBy::Cookie, nginx.admin_port).unwrap();
        let theirs = Theirs { nginx, routes: routes().await, router };
        theirs.write(line);
        theirs
    }

    fn write(&self, line: &str) {
        let server = format!(
            "server {{\n  listen 127.0.0.1:{};\n  server_name {HOST};\n  location = /own {{ return 200 own; }}\n  {line}\n}}\n",
            self.nginx.port
        );
        fs::write(self.nginx.path("conf.d/theirs.conf"), server).unwrap();
    }

    fn snippet(&self) -> PathBuf {
        self.nginx.path("conf.d/crossfade-shop.web.server")
    }

    fn include(&self) -> String {
        format!("include {};", self.snippet().display())
    }

    async fn drift(&self) -> Vec<Drift> {
        self.router.drift(&self.routes, BLUE()).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn the_line_that_is_missing_is_told_and_then_all_is_as_with_a_server_of_ours() {
    let theirs = Theirs::start("").await;
    let error = theirs.router.adopt(&theirs.routes, BLUE()).await.unwrap_err();
    assert!(matches!(error, RouterError::Nginx(NginxError::NotIncluded(_))), "{error:?}");
    let said = error.to_string();
    let place = theirs.nginx.path("conf.d/theirs.conf");
    assert!(said.contains(&format!("{}:1", place.display())) && said.contains(&theirs.include()), "{said}");
    // What the line names is there, so that it can be written and tried by hand.
    let names = ["crossfade-shop.conf", "crossfade-shop.web.server", "theirs.conf"];
    assert_eq!(names_in(&theirs.nginx.path("conf.d")), names);

    theirs.write(&theirs.include());
    theirs.router.adopt(&theirs.routes, BLUE()).await.unwrap();
    assert_eq!(theirs.drift().await, []);
    let mut client = Client::new(theirs.nginx.port, HOST);
    let answer = client.get("/", "").await;
    assert_eq!(answer.slot(), "blue");
    assert!(answer.headers("set-cookie").iter().any(|cookie| cookie.starts_with("crossfade_shop=")));
    assert_eq!(client.get("/own", "").await.body, "own");
    theirs.router.set(green(100)).await.unwrap();
    assert_eq!(client.get("/", "").await.slot(), "green");
    theirs.router.set(BLUE()).await.unwrap();

    let state = || (fs::metadata(theirs.snippet()).unwrap().ino(), theirs.nginx.workers());
    let before = state();
    theirs.router.adopt(&theirs.routes, BLUE()).await.unwrap();
    assert_eq!(state(), before, "adopting twice touches nothing");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn the_line_may_be_there_before_the_file_that_it_names() {
    let theirs = Theirs::start("").await;
    theirs.write(&theirs.include());
    theirs.router.adopt(&theirs.routes, Split::all(Slot::Green)).await.unwrap();
    assert_eq!(Client::new(theirs.nginx.port, HOST).get("/", "").await.slot(), "green");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn edits_of_either_side_are_noticed() {
    let theirs = Theirs::start("").await;
    theirs.write(&theirs.include());
    theirs.router.adopt(&theirs.routes, BLUE()).await.unwrap();
    let ours = fs::read_to_string(theirs.snippet()).unwrap();

    fs::write(theirs.snippet(), ours.replace("proxy_http_version 1.1", "proxy_http_version 1.0")).unwrap();
    assert_eq!(theirs.drift().await, [Drift::FileEdited { path: theirs.snippet() }]);
    let error = theirs.router.adopt(&theirs.routes, BLUE()).await.unwrap_err();
    assert!(matches!(&error, RouterError::Edited { path } if *path == theirs.snippet()), "{error:?}");

    fs::remove_file(theirs.snippet()).unwrap();
    let drift = theirs.drift().await;
    assert_eq!(drift[0], Drift::FileMissing { path: theirs.snippet() });
    assert!(matches!(drift[1], Drift::Nginx(NginxDrift::Refused { .. })), "{drift:?}");
    // Adopting brings it back.
    theirs.router.adopt(&theirs.routes, BLUE()).await.unwrap();
    assert_eq!(theirs.drift().await, []);

    theirs.write("");
    let drift = theirs.drift().await;
    assert!(matches!(drift[..], [Drift::Nginx(NginxDrift::NotIncluded(_))]), "{drift:?}");
    assert!(drift[0].to_string().contains(&theirs.include()), "{}", drift[0]);

    theirs.write("liste 80;");
    let drift = theirs.drift().await;
    assert!(matches!(drift[..], [Drift::Nginx(NginxDrift::Refused { .. })]), "{drift:?}");
    assert!(drift[0].to_string().contains("unknown directive \"liste\" in"), "{}", drift[0]);
    let error = theirs.router.adopt(&theirs.routes, BLUE()).await.unwrap_err();
    assert!(matches!(error, RouterError::Refused { .. }), "{error:?}");
    assert_eq!(fs::read_to_string(theirs.snippet()).unwrap(), ours);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn a_location_of_theirs_in_our_place_is_refused_with_nginxs_word() {
    let theirs = Theirs::start("").await;
    theirs.write(&format!("location / {{ return 200 theirs; }} {}", theirs.include()));
    let error = theirs.router.adopt(&theirs.routes, BLUE()).await.unwrap_err();
    assert!(error.to_string().contains("duplicate location \"/\""), "{error}");
    assert_eq!(names_in(&theirs.nginx.path("conf.d")), ["theirs.conf"]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn services_come_and_go_and_all_of_it_is_forgotten() {
    let theirs = Theirs::start("").await;
    theirs.write(&theirs.include());
    let (blue, green) = backends().await;
    let more = [theirs.routes[0].clone(), route("api", &["api.test"], blue, green)];
    let error = theirs.router.adopt(&more, BLUE()).await.unwrap_err().to_string();
    assert!(error.contains("no server of nginx's has the name api.test"), "{error}");
    assert!(theirs.nginx.path("conf.d/crossfade-shop.api.server").exists());
    assert_eq!(Client::new(theirs.nginx.port, HOST).get("/", "").await.slot(), "blue");
    theirs.router.adopt(&theirs.routes, BLUE()).await.unwrap();
    assert!(!theirs.nginx.path("conf.d/crossfade-shop.api.server").exists());

    // As long as their server names the file, nginx would not start without it.
    let error = theirs.router.forget().await.unwrap_err();
    assert!(matches!(error, RouterError::Refused { .. }), "{error:?}");
    assert_eq!(theirs.drift().await, []);
    theirs.write("");
    signal("HUP", theirs.nginx.master());
    theirs.router.forget().await.unwrap();
    assert_eq!(names_in(&theirs.nginx.path("conf.d")), ["theirs.conf"]);
}
