//! When nginx or we say no: the old serves on, and the error says why.

use crate::support::backend::backends;
use crate::support::client::Client;
use crate::support::nginx::{PrivateNginx, free_port, is_root, names_in, route, signal};
use crate::{HOST, green, routes, stage};
use engine::router::{NginxRouter, Router, RouterError};
use rollout::application::StickyBy;
use rollout::slot::{Slot, Split};
use std::fs;
use std::os::unix::fs::PermissionsExt;

const BLUE: fn() -> Split = || Split::all(Slot::Blue);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn a_refused_configuration_leaves_the_old_one_serving() {
    let (nginx, mut routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    router.adopt(&routes, BLUE()).await.unwrap();
    let (before, workers) = (fs::read_to_string(nginx.file()).unwrap(), nginx.workers());
    fs::write(nginx.path("conf.d/theirs.conf"), "server { liste 80; }").unwrap();
    routes[0].hosts.push("more.test".into());
    let error = router.adopt(&routes, BLUE()).await.unwrap_err();
    assert!(matches!(error, RouterError::Refused { .. }), "{error:?}");
    let said = error.to_string();
    assert!(said.contains("unknown directive \"liste\" in") && said.contains("theirs.conf:1"), "{said}");
    assert_eq!(fs::read_to_string(nginx.file()).unwrap(), before);
    assert_eq!(names_in(&nginx.path("conf.d")), ["crossfade-shop.conf", "theirs.conf"]);
    assert_eq!(nginx.workers(), workers);
    assert_eq!(Client::new(nginx.port, HOST).get("/", "").await.slot(), "blue");
    // Nor can it be forgotten, since nginx would not start again.
    assert!(router.forget().await.unwrap_err().to_string().contains("liste"));
    assert_eq!(fs::read_to_string(nginx.file()).unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn a_refused_first_file_is_taken_away() {
    let (nginx, routes) = stage().await;
    fs::write(nginx.path("conf.d/theirs.conf"), "server { liste 80; }").unwrap();
    let router = nginx.router(StickyBy::Cookie);
    assert!(matches!(router.adopt(&routes, Split::all(Slot::Green)).await, Err(RouterError::Refused { .. })));
    assert_eq!(names_in(&nginx.path("conf.d")), ["theirs.conf"]);
    // The dial of the failed attempt does not decide about the next one.
    fs::remove_file(nginx.path("conf.d/theirs.conf")).unwrap();
    router.adopt(&routes, BLUE()).await.unwrap();
    assert_eq!(Client::new(nginx.port, HOST).get("/", "").await.slot(), "blue");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn a_host_that_another_file_serves_is_refused() {
    let (nginx, routes) = stage().await;
    let theirs = format!("server {{ listen 127.0.0.1:{}; server_name {HOST}; return 200 theirs; }}", nginx.port);
    fs::write(nginx.path("conf.d/a.conf"), theirs).unwrap();
    signal("HUP", nginx.master());
    let error = nginx.router(StickyBy::Cookie).adopt(&routes, BLUE()).await.unwrap_err();
    assert!(matches!(&error, RouterError::HostTaken { host, .. } if host == HOST), "{error:?}");
    assert_eq!(names_in(&nginx.path("conf.d")), ["a.conf"]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn two_applications_live_side_by_side_but_not_on_one_admin_port() {
    let (nginx, routes) = stage().await;
    let shop = nginx.router(StickyBy::Cookie);
    shop.adopt(&routes, BLUE()).await.unwrap();
    let (blue, green_) = backends().await;
    let theirs = [route("web", &["blog.test"], blue, green_)];
    let blog = |port| NginxRouter::new("blog", &nginx.settings(), &StickyBy::Cookie, port).unwrap();
    let error = blog(nginx.admin_port).adopt(&theirs, BLUE()).await.unwrap_err();
    assert!(matches!(error, RouterError::AdminPortTaken { .. }), "{error:?}");
    let blog = blog(free_port());
    blog.adopt(&theirs, BLUE()).await.unwrap();
    blog.set(green(100)).await.unwrap();
    assert_eq!(shop.current().await.unwrap(), BLUE());
    assert_eq!(Client::new(nginx.port, HOST).get("/", "").await.slot(), "blue");
    assert_eq!(Client::new(nginx.port, "blog.test").get("/", "").await.slot(), "green");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn a_reload_that_nginx_does_not_do_is_noticed_and_taken_back() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    router.adopt(&routes, BLUE()).await.unwrap();
    let before = fs::read_to_string(nginx.file()).unwrap();
    // `nginx -t` does not see that another program has the port.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut settings = nginx.settings();
    settings.listen = taken.local_addr().unwrap().to_string();
    let moved = NginxRouter::new("shop", &settings, &StickyBy::Cookie, nginx.admin_port).unwrap();
    let error = moved.adopt(&routes, BLUE()).await.unwrap_err().to_string();
    assert!(error.contains("bind() to") && error.contains("Address already in use"), "{error}");
    assert!(error.ends_with("The file was taken back, and nginx serves as before"), "{error}");
    assert_eq!(fs::read_to_string(nginx.file()).unwrap(), before);
    assert_eq!(router.drift(&routes, BLUE()).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn a_file_that_is_not_ours_is_left_alone() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    fs::write(nginx.file(), "# mine\n").unwrap();
    assert!(matches!(router.adopt(&routes, BLUE()).await, Err(RouterError::NotOurs { .. })));
    assert!(matches!(router.forget().await, Err(RouterError::NotOurs { .. })));
    assert_eq!(fs::read_to_string(nginx.file()).unwrap(), "# mine\n");
    fs::remove_file(nginx.file()).unwrap();
    router.adopt(&routes, BLUE()).await.unwrap();
    let edited = fs::read_to_string(nginx.file()).unwrap().replace("keepalive 32", "keepalive 64");
    fs::write(nginx.file(), &edited).unwrap();
    assert!(matches!(router.adopt(&routes, BLUE()).await, Err(RouterError::Edited { .. })));
    assert_eq!(fs::read_to_string(nginx.file()).unwrap(), edited);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn a_folder_that_nginx_does_not_read_is_refused() {
    let (nginx, routes) = stage().await;
    fs::create_dir(nginx.path("elsewhere")).unwrap();
    let mut settings = nginx.settings();
    settings.conf_d = nginx.path("elsewhere").display().to_string();
    let router = NginxRouter::new("shop", &settings, &StickyBy::Cookie, nginx.admin_port).unwrap();
    let error = router.adopt(&routes, BLUE()).await.unwrap_err();
    assert!(matches!(error, RouterError::NotIncluded { .. }), "{error:?}");
    assert_eq!(names_in(&nginx.path("elsewhere")), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn a_pid_that_is_not_nginx_gets_no_signal() {
    let (mut nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    let mut sleeper = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    for (pid, why) in [
        (sleeper.id().to_string(), "which is `sleep` and not nginx's master"),
        (nginx.workers()[0].to_string(), "not nginx's master"),
        (String::new(), "holds no process number"),
        (String::from("4194304"), "which is gone"),
    ] {
        fs::write(nginx.path("nginx.pid"), pid).unwrap();
        let error = router.adopt(&routes, BLUE()).await.unwrap_err();
        assert!(matches!(error, RouterError::NotRunning { .. }), "{error:?}");
        assert!(error.to_string().contains(why), "{error}");
    }
    assert_eq!(sleeper.try_wait().unwrap(), None, "it was signalled");
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
    nginx.stop();
    let _ = fs::remove_file(nginx.path("nginx.pid"));
    assert!(router.adopt(&routes, BLUE()).await.unwrap_err().to_string().contains("cannot be read"));
    assert_eq!(names_in(&nginx.path("conf.d")), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn a_dial_that_nginx_cannot_see_is_refused() {
    if !is_root() {
        return; // Workers then are the same user.
    }
    let (nginx, routes) = (PrivateNginx::start_as("nobody nogroup", ""), routes().await);
    let router = nginx.router(StickyBy::Cookie);
    let folder = nginx.folder().display().to_string();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    let error = router.adopt(&routes, Split::all(Slot::Green)).await.unwrap_err().to_string();
    assert!(
        error.contains(&format!("(user nobody) may not enter {folder}; allow it with `chmod o+x {folder}`")),
        "{error}"
    );
    assert!(error.ends_with("nginx serves as before"), "{error}");
    assert_eq!(names_in(&nginx.path("conf.d")), [""; 0]);

    fs::set_permissions(&folder, fs::Permissions::from_mode(0o711)).unwrap();
    router.adopt(&routes, Split::all(Slot::Green)).await.unwrap();
    assert_eq!(Client::new(nginx.port, HOST).get("/", "").await.slot(), "green");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn a_change_that_nginx_does_not_confirm_is_turned_back() {
    let (mut nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    let link = nginx.dial().join("current");
    let error = router.set(green(10)).await.unwrap_err();
    assert!(matches!(error, RouterError::NotSet { .. }), "{error:?}");
    assert!(link.symlink_metadata().is_err(), "an application that was never adopted has no dial");

    router.adopt(&routes, green(10)).await.unwrap();
    nginx.stop();
    let error = router.set(green(50)).await.unwrap_err().to_string();
    assert!(error.starts_with("the split was not changed to green 50 %, blue 50 %: nginx does not answer"), "{error}");
    assert!(
        error.contains("The dial was turned back to green 10 %, blue 90 %, but nginx does not confirm it"),
        "{error}"
    );
    assert_eq!(fs::read_link(&link).unwrap().to_str(), Some("to-green-10"));
    nginx.run();

    // nginx looks at another dial than the one that is turned.
    let mut settings = nginx.settings();
    settings.dial = nginx.path("other").display().to_string();
    let other = NginxRouter::new("shop", &settings, &StickyBy::Cookie, nginx.admin_port).unwrap();
    let error = other.set(green(50)).await.unwrap_err().to_string();
    assert!(error.contains("the dial says green 50 %, blue 50 %, but nginx sends session 0 to green"), "{error}");
    assert!(nginx.path("other/shop/current").symlink_metadata().is_err());
    assert_eq!(router.current().await.unwrap(), green(10));
}
