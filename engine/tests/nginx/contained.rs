//! nginx in a container on the machine's own network, with its folders mounted where they are.

use crate::support::client::Client;
use crate::support::nginx::{free_port, names_in, wait_for};
use crate::{HOST, green, routes};
use engine::router::{Drift, NginxError, NginxRouter, Router, RouterError};
use rollout::application::StickyBy;
use rollout::router::{Nginx, Servers};
use rollout::slot::{Slot, Split};
use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Of this test alone.
const IMAGE: &str = "crossfade-test/nginx:local";

fn docker(arguments: &[&str]) -> String {
    let done = Command::new("docker").args(arguments).output().expect("docker is needed for this test");
    assert!(done.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

/// This machine's nginx and the libraries that it needs, as an image.
fn image() {
    let script = format!(
        "set -e -o pipefail; nginx=$(command -v nginx || echo /usr/sbin/nginx); \
         libraries=$(ldd $nginx | grep -o '/[^ ]*'); \
         tar --create --dereference --file - --directory / --absolute-names --transform 's,^/,,' $nginx $libraries \
         /etc/passwd /etc/group | docker import - {IMAGE} >/dev/null"
    );
    let done = Command::new("bash").args(["-c", &script]).stdin(Stdio::null()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

struct Contained {
    folder: TempDir,
    name: String,
    port: u16,
    admin_port: u16,
}

impl Contained {
    fn start() -> Contained {
        image();
        let folder = tempfile::tempdir().unwrap();
        let name = format!("crossfade-test-nginx-{}", std::process::id());
        let contained = Contained { folder, name, port: free_port(), admin_port: free_port() };
        for name in ["conf.d", "dial"] {
            fs::create_dir(contained.path(name)).unwrap();
        }
        let at = contained.folder.path().display();
        let temp: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {at}/{kind};"))
            .concat();
        let config = format!(
            "user root;\nworker_processes 1;\ndaemon off;\npid {at}/inside.pid;\nevents {{ }}\n\
             http {{\naccess_log {at}/access.log;\n{temp}\ninclude {at}/conf.d/*.conf;\n}}\n"
        );
        fs::write(contained.path("nginx.conf"), config).unwrap();
        // Something that tells when it is up.
        let up = format!("server {{ listen 127.0.0.1:{}; server_name up; return 204; }}", contained.port);
        fs::write(contained.path("conf.d/up.conf"), up).unwrap();
        let mount = format!("{at}:{at}");
        let (config, log) = (contained.path("nginx.conf").display().to_string(), format!("{at}/error.log"));
        let nginx = String::from_utf8(Command::new("which").arg("nginx").output().unwrap().stdout).unwrap();
        docker(&[
            "run",
            "--detach",
            "--name",
            &contained.name,
            "--network",
            "host",
            "--volume",
            &mount,
            IMAGE,
            nginx.trim(),
            "-c",
            &config,
            "-e",
            &log,
        ]);
        wait_for("nginx in its container", || TcpStream::connect(("127.0.0.1", contained.port)).is_ok());
        contained
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn router(&self) -> NginxRouter {
        let path = |name: &str| self.path(name).display().to_string();
        let nginx = Nginx {
            config: path("nginx.conf"),
            conf_d: path("conf.d"),
            pid: "/nowhere".into(),
            binary: "nginx".into(),
            listen: format!("127.0.0.1:{}", self.port),
            admin_port: Some(self.admin_port),
            dial: path("dial"),
            servers: Servers::Whole,
            container: Some(self.name.clone()),
        };
        NginxRouter::new("shop", &nginx, &StickyBy::Cookie, self.admin_port).unwrap()
    }
}

impl Drop for Contained {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rm", "--force", &self.name]).output();
        let _ = Command::new("docker").args(["rmi", IMAGE]).output();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx and Docker"]
async fn it_is_told_and_asked_through_docker() {
    let (contained, routes) = (Contained::start(), routes().await);
    let router = contained.router();
    router.adopt(&routes, Split::all(Slot::Blue)).await.unwrap();
    let mut client = Client::new(contained.port, HOST);
    assert_eq!(client.get("/", "").await.slot(), "blue");
    router.set(green(100)).await.unwrap();
    assert_eq!(client.get("/", "").await.slot(), "green");
    assert_eq!(router.drift(&routes, green(100)).await.unwrap(), []);

    // What nginx in there says no to is taken back.
    let ours = fs::read_to_string(contained.path("conf.d/crossfade-shop.conf")).unwrap();
    fs::write(contained.path("conf.d/theirs.conf"), "server { liste 80; }").unwrap();
    let mut more = routes.clone();
    more[0].hosts.push("more.test".into());
    let error = router.adopt(&more, green(100)).await.unwrap_err();
    assert!(matches!(&error, RouterError::Refused { said } if said.contains("liste")), "{error:?}");
    assert_eq!(fs::read_to_string(contained.path("conf.d/crossfade-shop.conf")).unwrap(), ours);
    fs::remove_file(contained.path("conf.d/theirs.conf")).unwrap();

    // The weight outlives the container's restart.
    docker(&["restart", "--time", "1", &contained.name]);
    wait_for("nginx again", || TcpStream::connect(("127.0.0.1", contained.admin_port)).is_ok());
    assert_eq!(router.current().await.unwrap(), green(100));

    docker(&["stop", "--time", "1", &contained.name]);
    let drift = router.drift(&routes, green(100)).await.unwrap();
    assert!(matches!(&drift[0], Drift::NotRunning { why } if why.contains("is not running")), "{drift:?}");
    docker(&["start", &contained.name]);
    wait_for("nginx again", || TcpStream::connect(("127.0.0.1", contained.admin_port)).is_ok());
    router.forget().await.unwrap();
    assert_eq!(names_in(&contained.path("conf.d")), ["up.conf"]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Docker"]
async fn a_container_that_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::create_dir(path("conf.d")).unwrap();
    let nginx = Nginx {
        config: path("nginx.conf"),
        conf_d: path("conf.d"),
        pid: path("pid"),
        binary: "nginx".into(),
        listen: "80".into(),
        admin_port: None,
        dial: path("dial"),
        servers: Servers::Whole,
        container: Some("crossfade-no-such-container".into()),
    };
    let router = NginxRouter::new("shop", &nginx, &StickyBy::Cookie, free_port()).unwrap();
    let error = router.adopt(&routes().await, Split::all(Slot::Blue)).await.unwrap_err();
    assert!(error.to_string().contains("crossfade-no-such-container"), "{error}");
    assert!(!matches!(error, RouterError::Nginx(NginxError::NotIncluded(_))));
    assert_eq!(names_in(&folder.path().join("conf.d")), [""; 0]);
}
