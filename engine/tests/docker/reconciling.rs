//! Bringing a slot up again changes what differs, and nothing else.

use crate::bench::{Bench, COMPOSE};
use crate::support::docker::docker;
use engine::Definition;
use engine::runtime::docker::{Docker, Project, Publish, Wanted};
use rollout::release::{PinnedImages, Version};
use rollout::slot::Slot;
use std::collections::BTreeMap;

/// What the step `prepare` does, on its own: brings web and worker of green up.
async fn up(bench: &Bench) -> Result<Vec<String>, String> {
    let definition = Definition::load(&bench.file()).unwrap();
    let compose = definition.compose(&Version::parse("1.0.0").unwrap()).unwrap();
    let images: PinnedImages =
        compose.services.iter().map(|(name, service)| (name.clone(), service.image.clone())).collect();
    let project = Project::slot(bench.name, Slot::Green);
    let wanted = Wanted {
        project: &project,
        compose: &compose,
        compose_file: &definition.compose_file,
        services: BTreeMap::from([("web", Publish::Nothing), ("worker", Publish::Nothing)]),
        images: &images,
        release: "1.0.0",
        elsewhere: &Project::shared(bench.name),
        keep_running: false,
    };
    let mut said = vec![];
    let done = Docker::default().up(&wanted, &mut |line| said.push(line)).await;
    done.map(|()| said).map_err(|error| error.to_string())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Docker and the images of demo/images.sh"]
async fn a_second_time_changes_nothing_and_a_change_makes_just_that_anew() {
    let bench = Bench::new("docker-again", COMPOSE).await;
    let ids = || {
        let lines = bench.ps("green", "{{.ID}}");
        let id =
            |service: &str| lines.iter().find_map(|line| line.strip_prefix(&format!("{service} "))).map(str::to_owned);
        (id("web").unwrap(), id("worker").unwrap())
    };
    assert_eq!(up(&bench).await.unwrap(), ["web started", "worker started"]);
    let (web, worker) = ids();
    assert_eq!(up(&bench).await.unwrap(), ["web runs as wanted", "worker runs as wanted"]);
    assert_eq!(ids(), (web.clone(), worker.clone()));

    docker(&["kill", &worker]);
    assert_eq!(up(&bench).await.unwrap(), ["web runs as wanted", "worker was exited (137): started again"]);
    assert_eq!(ids(), (web.clone(), worker.clone()));

    docker(&["rm", "--force", &worker]);
    assert_eq!(up(&bench).await.unwrap(), ["web runs as wanted", "worker started"]);
    let (still, anew) = ids();
    assert_eq!(still, web);
    assert_ne!(anew, worker);

    bench.write("docker-compose.yml", &COMPOSE.replace("DATABASE_URL:", "COLOUR: green, DATABASE_URL:"));
    let said = up(&bench).await.unwrap();
    assert_eq!(said, ["web runs as wanted", "worker had another configuration: made anew", "worker started"]);
    let (still, other) = ids();
    assert_eq!(still, web);
    assert_ne!(other, anew);
}

/// A container that was made and not yet joined to its networks, as by a process that died in between.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Docker and the images of demo/images.sh"]
async fn a_container_that_was_left_half_made_is_finished() {
    let bench = Bench::new("docker-half", &COMPOSE.replace("networks: [back]", "networks: [back, default]")).await;
    up(&bench).await.unwrap();
    let container = "docker-half-green-worker-1";
    let networks = || {
        let format = "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}";
        docker(&["inspect", "--format", format, container])
    };
    let both = networks();
    docker(&["kill", container]);
    let second = both.split(' ').find(|name| name.ends_with("_default")).unwrap();
    docker(&["network", "disconnect", second, container]);
    up(&bench).await.unwrap();
    assert_eq!(networks(), both);
}

/// The engine gives a name twice to those who ask at the same time, as a server that was killed and its successor do.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Docker and the images of demo/images.sh"]
async fn two_networks_of_one_name_become_one() {
    let bench = Bench::new("docker-twice", COMPOSE).await;
    let name = "docker-twice-green_default";
    let api = bollard::Docker::connect_with_defaults().unwrap();
    for _ in 0..2 {
        let request = bollard::models::NetworkCreateRequest {
            name: name.to_owned(),
            labels: Some(Project::slot(bench.name, Slot::Green).labels()),
            ..Default::default()
        };
        // Newer engines refuse the second, unless both come at once.
        let _ = api.create_network(request).await;
    }
    assert_eq!(up(&bench).await.unwrap(), ["web started", "worker started"]);
    assert_eq!(docker(&["network", "ls", "--quiet", "--filter", &format!("name={name}")]).lines().count(), 1);
}
