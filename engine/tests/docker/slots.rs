//! Both slots at once, and what they share.

use crate::bench::{Bench, COMPOSE, approve, inspect};
use crate::support::docker::docker;
use rollout::command::Ask;

/// The release of the other slot comes and goes; here is all that must hold meanwhile.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Docker and the images of demo/images.sh"]
async fn two_slots_side_by_side() {
    let bench = Bench::new("docker-slots", COMPOSE).await;
    bench.first().await;
    let shared = bench.ps("shared", "{{.ID}}");
    let blue = bench.ps("blue", "{{.ID}}");
    let id = bench.start("1.1.0").await;
    bench.until_gate(id).await;

    // Names by slot, but for what is shared, which keeps its own.
    assert_eq!(bench.ps("blue", "{{.Names}}"), ["web docker-slots-blue-web-1", "worker docker-slots-blue-worker-1"]);
    assert_eq!(bench.ps("green", "{{.Names}}"), ["web docker-slots-green-web-1"]);
    assert_eq!(bench.ps("shared", "{{.Names}}"), ["database docker-slots-the-database"]);
    // One shared container, the same as before; nor was the live slot touched.
    assert_eq!(bench.ps("shared", "{{.ID}}"), shared);
    assert_eq!(bench.ps("blue", "{{.ID}}"), blue);

    // The published port of the compose file belongs to neither slot: each has its own address.
    for slot in ["blue", "green"] {
        let ports = inspect(&format!("docker-slots-{slot}-web-1"), "{{json .HostConfig.PortBindings}}");
        assert!(ports.starts_with(r#"{"3000/tcp":[{"HostIp":"127.0.0.1","HostPort":""#), "{ports}");
        assert!(!ports.contains(&bench.port.to_string()), "{ports}");
    }
    assert!(std::net::TcpListener::bind(("127.0.0.1", bench.port)).is_ok(), "nobody listens there");
    let ports = inspect("docker-slots-the-database", "{{json .HostConfig.PortBindings}}");
    assert_eq!(ports, format!(r#"{{"5432/tcp":[{{"HostIp":"127.0.0.1","HostPort":"{}"}}]}}"#, bench.shared_port));

    // By its name, from both slots: in a network that the compose file names, and in the default one.
    for container in ["docker-slots-blue-web-1", "docker-slots-green-web-1", "docker-slots-blue-worker-1"] {
        docker(&["exec", container, "/bin/hopwhistle", "probe", "http://database:5432/health"]);
    }

    // As compose labels them.
    let folder = bench.file().parent().unwrap().display().to_string();
    let release = |slot: &str| if slot == "blue" { "1.0.0" } else { "1.1.0" };
    for slot in ["blue", "green"] {
        let container = format!("docker-slots-{slot}-web-1");
        let label = |name: &str| inspect(&container, &format!(r#"{{{{index .Config.Labels "{name}"}}}}"#));
        for (name, value) in [
            ("com.docker.compose.project", format!("docker-slots-{slot}")),
            ("com.docker.compose.service", "web".to_owned()),
            ("com.docker.compose.container-number", "1".to_owned()),
            ("com.docker.compose.oneoff", "False".to_owned()),
            ("com.docker.compose.project.working_dir", folder.clone()),
            ("com.docker.compose.project.config_files", format!("{folder}/docker-compose.yml")),
            ("crossfade.slot", slot.to_owned()),
            ("crossfade.release", release(slot).to_owned()),
        ] {
            assert_eq!(label(name), value, "{container}: {name}");
        }
        assert_eq!(label("com.docker.compose.config-hash").len(), 64);
        // By content, not by name.
        let image = inspect(&container, "{{.Config.Image}}");
        assert!(image.contains("/hopwhistle/web@sha256:"), "{image}");
    }

    // Gone without a trace, but for data.
    bench.ask(id, Ask::Abort { reason: String::new() }).await;
    bench.until_ended(id).await;
    assert_eq!(bench.ps("green", ""), [""; 0]);
    assert_eq!(
        docker(&["network", "ls", "--quiet", "--filter", "label=com.docker.compose.project=docker-slots-green"]),
        ""
    );
    assert_eq!(docker(&["volume", "ls", "--quiet", "--filter", "name=docker-slots"]), "docker-slots-shared_data");
    assert_eq!((bench.ps("shared", "{{.ID}}"), bench.ps("blue", "{{.ID}}")), (shared, blue));
    docker(&["exec", "docker-slots-blue-web-1", "/bin/hopwhistle", "probe", "http://database:5432/health"]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Docker and the images of demo/images.sh"]
async fn a_live_slot_only_worker_goes_with_the_traffic_and_comes_back() {
    let bench = Bench::new("docker-worker", COMPOSE).await;
    let states = || [bench.ps("blue", "{{.State}}"), bench.ps("green", "{{.State}}")];
    bench.first().await;
    assert_eq!(states(), [vec!["web running", "worker running"], vec![]]);
    let id = bench.start("1.1.0").await;
    bench.until_gate(id).await;
    assert_eq!(states(), [vec!["web running", "worker running"], vec!["web running"]]);
    bench.ask(id, approve()).await;
    bench.until_ended(id).await;
    assert_eq!(states(), [vec!["web running", "worker exited"], vec!["web running", "worker running"]]);
    let back = bench.ask(id, Ask::RollBack { reason: String::new(), migrate_down: false }).await;
    assert_ne!(back, id);
    bench.until_ended(back).await;
    assert_eq!(states(), [vec!["web running", "worker running"], vec![]]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Docker and the images of demo/images.sh"]
async fn a_live_slot_only_worker_that_is_gone_comes_back_as_a_new_one() {
    let bench = Bench::new("docker-gone", COMPOSE).await;
    bench.first().await;
    let id = bench.start("1.1.0").await;
    bench.until_gate(id).await;
    bench.ask(id, approve()).await;
    bench.until_ended(id).await;
    docker(&["rm", "docker-gone-blue-worker-1"]);
    assert_eq!(bench.ps("blue", "{{.State}}"), ["web running"]);
    let back = bench.ask(id, Ask::RollBack { reason: String::new(), migrate_down: false }).await;
    bench.until_ended(back).await;
    assert_eq!(bench.ps("blue", "{{.State}}"), ["web running", "worker running"]);
    let release = inspect("docker-gone-blue-worker-1", r#"{{index .Config.Labels "crossfade.release"}}"#);
    assert_eq!(release, "1.0.0");
    assert_eq!(bench.ps("green", ""), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Docker and the images of demo/images.sh"]
async fn what_an_earlier_release_left_in_a_slot_is_not_taken_for_the_new_one() {
    let bench = Bench::new("docker-orphan", COMPOSE).await;
    bench.first().await;
    let id = bench.start("1.1.0").await;
    bench.until_gate(id).await;
    bench.ask(id, approve()).await;
    bench.until_ended(id).await;
    // Blue is kept warm, its worker stopped but there. The next release takes blue.
    assert_eq!(bench.ps("blue", "{{.State}}"), ["web running", "worker exited"]);
    let id = bench.start("1.0.0").await;
    bench.until_gate(id).await;
    assert_eq!(bench.ps("blue", "{{.State}}"), ["web running"]);
    bench.ask(id, Ask::Abort { reason: String::new() }).await;
    bench.until_ended(id).await;
}
