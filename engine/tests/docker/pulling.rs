//! Images that only the registry has.

use crate::bench::{Bench, COMPOSE};
use crate::support::docker::{demo_env, docker};
use std::process::{Command, Stdio};

/// An image in a repository of the test's own, in the registry and not on the engine.
struct Remote {
    image: String,
}

impl Remote {
    fn push(name: &str) -> Remote {
        let env = demo_env();
        let registry = &env["REGISTRY"];
        let image = format!("{registry}/{name}/web:1.0.0");
        let login = Command::new("docker")
            .args(["login", "--username", &env["REGISTRY_USER"], "--password-stdin", registry])
            .envs(env)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .and_then(|mut login| {
                use std::io::Write;
                login.stdin.take().unwrap().write_all(env["REGISTRY_PASSWORD"].as_bytes())?;
                login.wait()
            });
        assert!(login.unwrap().success());
        docker(&["tag", &format!("{registry}/hopwhistle/web:1.0.0"), &image]);
        docker(&["push", "--quiet", &image]);
        let remote = Remote { image };
        remote.forget();
        remote
    }

    /// On the engine; the registry keeps it.
    fn forget(&self) {
        let repository = self.image.rsplit_once(':').unwrap().0;
        let filter = format!("reference={repository}");
        for format in ["{{.Repository}}:{{.Tag}}", "{{.Repository}}@{{.Digest}}"] {
            let names = docker(&["image", "ls", "--digests", "--filter", &filter, "--format", format]);
            for name in names.lines().filter(|name| !name.contains("<none>")) {
                // The other name may have gone with the first.
                let _ = Command::new("docker").args(["rmi", name]).envs(demo_env()).output();
            }
        }
        assert_eq!(docker(&["image", "ls", "--quiet", "--filter", &filter]), "");
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        let name = self.image.rsplit_once(':').unwrap().0.to_owned();
        let found = docker(&[
            "image",
            "ls",
            "--digests",
            "--filter",
            &format!("reference={name}"),
            "--format",
            "{{.Repository}}@{{.Digest}}",
        ]);
        for image in found.lines() {
            let _ = Command::new("docker").args(["rmi", image]).envs(demo_env()).output();
        }
    }
}

/// The demo's password gives a `+` in base64, which the engine does not read: it would pull as nobody.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Docker and the images of demo/images.sh"]
async fn images_are_pulled_with_the_password_and_pinned_by_content() {
    use base64::Engine as _;
    let encoded = base64::prelude::BASE64_STANDARD.encode(&demo_env()["REGISTRY_PASSWORD"]);
    assert!(encoded.contains('+'), "{encoded} shows nothing");
    // Before the bench, and dropped after it: an image in use is not removed.
    let remote = Remote::push("docker-pull");
    let bench = Bench::new("docker-pull", &COMPOSE.replace("hopwhistle/web", "docker-pull/web")).await;

    // With the wrong one first.
    bench.write("password", "not the password");
    let id = bench.start("1.0.0").await;
    let (error, _) = bench.until_failed(id).await;
    assert!(error.contains(&remote.image) && error.to_lowercase().contains("unauthorized"), "{error}");
    assert!(error.contains("May Crossfade read it?"), "{error}");
    assert!(!error.contains("not the password"), "{error}");

    bench.write("password", &demo_env()["REGISTRY_PASSWORD"]);
    bench.ask(id, rollout::command::Ask::Retry).await;
    let view = bench.until(id, "its end", |rollout| rollout.ended.is_some()).await;
    let pinned = &view.rollout.images["web"];
    let repository = remote.image.rsplit_once(':').unwrap().0;
    assert!(pinned.starts_with(&format!("{repository}@sha256:")), "{pinned}");
    assert_eq!(crate::bench::inspect("docker-pull-blue-web-1", "{{.Config.Image}}"), *pinned);
    assert!(view.lines.iter().any(|line| line.text.starts_with("web: pulling: ")), "it was pulled");
    assert!(view.lines.iter().any(|line| line.text == "worker: the image is here"));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Docker and the images of demo/images.sh"]
async fn an_image_that_does_not_exist_is_named() {
    let bench = Bench::new("docker-missing", COMPOSE).await;
    let id = bench.start("9.9.9").await;
    let (error, _) = bench.until_failed(id).await;
    let registry = &demo_env()["REGISTRY"];
    for service in ["web", "worker"] {
        let says =
            format!("{service}: {registry}/hopwhistle/{service}:9.9.9 is neither in its registry nor on this engine.");
        assert!(error.contains(&says), "{error}");
    }
    assert!(error.contains("Was it pushed?"), "{error}");
    assert_eq!(bench.ps("blue", ""), [""; 0], "nothing was started");
}
