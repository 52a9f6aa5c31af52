//! With a proxy in this process, on loopback. What every router must: `engine/tests/routers.rs`.

use super::super::{Route, Router, RouterError, choose};
use super::EmbeddedRouter;
use proxy::{Limits, Settings};
use rollout::application::StickyBy;
use rollout::router::Embedded;
use rollout::slot::{Slot, Split, Weight};
use std::net::{SocketAddr, TcpListener};
use tempfile::TempDir;
use tokio::task::AbortHandle;

fn green(percent: u8) -> Split {
    Split { to: Slot::Green, weight: Weight::new(percent).unwrap() }
}

struct Stage {
    folder: TempDir,
    proxy: AbortHandle,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.proxy.abort();
    }
}

impl Stage {
    async fn start() -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            listen: vec![free()],
            listen_tls: vec![],
            certificates: vec![],
            control: folder.path().join("control"),
            state: folder.path().join("state"),
            limits: Limits::default(),
        };
        let proxy = tokio::spawn(async move { proxy::run(settings).await.unwrap() }).abort_handle();
        Stage { folder, proxy }
    }

    fn router(&self, application: &str) -> EmbeddedRouter {
        let embedded = Embedded { control: self.folder.path().join("control").display().to_string() };
        EmbeddedRouter::new(application, &embedded, &StickyBy::None, 9)
    }
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn a_host_that_another_application_has_is_refused() {
    let stage = Stage::start().await;
    let routes = [Route { service: "web".into(), hosts: vec!["shop.test".into()], blue: free(), green: free() }];
    Router::adopt(&stage.router("my-shop"), &routes, green(0)).await.unwrap();
    let refused = Router::adopt(&stage.router("other"), &routes, green(0)).await;
    let Err(RouterError::Proxy(said)) = refused else { panic!("{refused:?}") };
    assert!(said.to_string().contains("the host shop.test is routed to the application my-shop already"), "{said}");
}

#[test]
fn the_file_chooses_it() {
    let text =
        "name = \"shop\"\nservices.web.routed = { port = 1, hosts = [\"a.test\"] }\ntraffic.router = \"embedded\"";
    let application = crate::application::read("shop.toml", text).unwrap();
    assert!(choose(&application, 9600).is_ok());
    assert_eq!(super::super::log_port(&application, 9600), 9600);
}
