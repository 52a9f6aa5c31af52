//! Random applications, the plans they lead to, and the people around them.

use crate::chance::Chance;
use rollout::actor::{Actor, Role};
use rollout::application::{
    Application, ApprovalRule, Body, Expect, Migrate, MigrationKind, Monitor, OnTimeout, Service, SmokeTest, Stage,
    StickyBy, Traffic,
};
use rollout::clock::Millis;
use rollout::event::{Kind, RolloutId, Start};
use rollout::metric::{Limit, Metric, OnBreach, Signal, Source, Unit};
use rollout::plan::Plan;
use rollout::release::Version;
use rollout::router::{Nginx, RouterKind, Servers};
use rollout::slot::{Slot, Weight};
use rollout::start::{self, Standing};
use std::sync::LazyLock;

/// All roles; four who may approve everything; and one who has two roles at two times.
pub static CROWD: LazyLock<Vec<Actor>> = LazyLock::new(|| {
    [
        ("ada", Role::Admin),
        ("ben", Role::ReleaseManager),
        ("cleo", Role::Admin),
        ("dan", Role::Deployer),
        ("eve", Role::ReleaseManager),
        ("finn", Role::Viewer),
        ("gil", Role::Admin),
        ("dan", Role::Admin),
    ]
    .map(|(name, role)| Actor::user(name, role))
    .into()
});

/// Somebody who may start a rollout.
pub fn starter(chance: &mut Chance) -> Actor {
    chance.pick(&CROWD[..5]).clone()
}

pub fn version(text: &str) -> Version {
    Version::parse(text).unwrap()
}

/// A first release, one that takes over, or a roll back of a finished rollout.
pub fn start(numbers: &[u64; 6]) -> Start {
    let mut chance = Chance(numbers[0]);
    let live = Some((*chance.pick(&Slot::BOTH), version("1.0.0")));
    let application = application(numbers);
    match chance.below(10) {
        0..=7 => start::forward(&application, &Standing { live, ..Standing::default() }, "1.1.0").unwrap(),
        8 => start::forward(&application, &Standing::default(), "1.0.0").unwrap(),
        _ => Start {
            application: application.name,
            kind: Kind::RollBack { of: RolloutId(7) },
            release: version("1.1.0"),
            from: Some(version("1.0.0")),
            slot: *chance.pick(&Slot::BOTH),
            plan: Plan { drain: application.traffic.drain, ..Plan::back(chance.once_in(3)) },
        },
    }
}

pub fn application(numbers: &[u64; 6]) -> Application {
    let mut chance = Chance(numbers[1]);
    let mut application = BARE.clone();
    if chance.once_in(2) {
        application.migrate = Some(Migrate {
            rerun: chance.once_in(2),
            kind: *chance.pick(&[MigrationKind::Expand, MigrationKind::Contract]),
            down: chance.once_in(2).then(|| vec!["down".to_owned()]),
            ..MIGRATE.clone()
        });
    }
    if chance.once_in(2) {
        application.smoke.push(SMOKE.clone());
    }
    if chance.once_in(2) {
        application.monitor = Some(Monitor {
            duration: length(&mut chance),
            metrics: if chance.once_in(2) { vec![METRIC.clone()] } else { vec![] },
        });
    }
    if chance.once_in(3) {
        application.services.insert("worker".to_owned(), Service::Background { live_slot_only: true });
    }
    application.traffic.drain = *chance.pick(&[Millis::ZERO, Millis::seconds(300), Millis(1)]);
    application.keep_warm = *chance.pick(&[Millis::hours(24), Millis::ZERO, Millis(1)]);
    application.traffic.stages = stages(&numbers[2..]);
    application
}

/// One to four, by rising weight; the last has it all.
fn stages(numbers: &[u64]) -> Vec<Stage> {
    let count = Chance(numbers[0]).index(numbers.len()) + 1;
    let mut stages: Vec<Stage> = numbers[..count].iter().map(|number| stage(&mut Chance(*number / 4))).collect();
    let mut weight = 0;
    for stage in &mut stages {
        weight += stage.weight.percent();
        stage.weight = Weight::new(weight).unwrap();
    }
    if let Some(last) = stages.last_mut() {
        last.weight = Weight::ALL;
    }
    stages
}

/// A stage whose weight is what it adds to the one before.
fn stage(chance: &mut Chance) -> Stage {
    let weight = Weight::new(1 + chance.below(24) as u8).unwrap();
    let approve = chance.once_in(2).then(|| ApprovalRule {
        role: *chance.pick(&[Role::Deployer, Role::ReleaseManager, Role::Admin]),
        count: 1 + chance.below(3) as u32,
        four_eyes: chance.once_in(2),
        timeout: chance.once_in(2).then(|| length(chance)),
        on_timeout: *chance.pick(&[OnTimeout::Hold, OnTimeout::Reject]),
    });
    let bake = if chance.once_in(2) { length(chance) } else { Millis::ZERO };
    Stage { weight, approve, bake, min_requests: *chance.pick(&[0, 0, 0, 100]) }
}

fn length(chance: &mut Chance) -> Millis {
    *chance.pick(&[Millis::seconds(60), Millis(1), Millis::hours(4), Millis::seconds(1)])
}

static BARE: LazyLock<Application> = LazyLock::new(|| Application {
    name: "hopwhistle".to_owned(),
    compose: "docker-compose.yml".to_owned(),
    runtime: Default::default(),
    version_variable: "VERSION".to_owned(),
    services: Default::default(),
    registry: None,
    migrate: None,
    health: vec![],
    smoke: vec![],
    traffic: Traffic {
        router: RouterKind::Nginx(NGINX.clone()),
        sticky_by: StickyBy::Cookie,
        drain: Millis::ZERO,
        url: None,
        stages: vec![],
    },
    monitor: None,
    keep_warm: Millis::hours(24),
    requires: Default::default(),
});

static METRIC: LazyLock<Metric> = LazyLock::new(|| Metric {
    name: "error rate".to_owned(),
    source: Source::Router { signal: Signal::Errors, service: None },
    unit: Unit::Ratio,
    limit: Some(Limit::Most(0.001)),
    compare: None,
    window: Millis::seconds(60),
    interval: Millis::seconds(5),
    min_samples: 100,
    failures: 2,
    errors: 3,
    delay: Millis::ZERO,
    on_breach: OnBreach::RollBack,
    dry_run: false,
});

static NGINX: LazyLock<Nginx> = LazyLock::new(|| Nginx {
    config: "/etc/nginx/nginx.conf".to_owned(),
    conf_d: "/etc/nginx/conf.d".to_owned(),
    pid: "/run/nginx.pid".to_owned(),
    binary: "nginx".to_owned(),
    listen: "80".to_owned(),
    admin_port: None,
    dial: "/var/lib/crossfade/dial".to_owned(),
    servers: Servers::Whole,
    container: None,
});

static MIGRATE: LazyLock<Migrate> = LazyLock::new(|| Migrate {
    service: "api".to_owned(),
    up: vec!["migrate".to_owned()],
    verify: None,
    kind: Default::default(),
    backup: None,
    down: None,
    lint: Default::default(),
    rerun: false,
    timeout: Millis::seconds(60),
});

static SMOKE: LazyLock<SmokeTest> = LazyLock::new(|| SmokeTest {
    name: "front page".to_owned(),
    method: "GET".to_owned(),
    service: "web".to_owned(),
    path: "/".to_owned(),
    headers: Default::default(),
    body: Body::None,
    expect: Expect::default(),
    capture: Default::default(),
    timeout: Millis::seconds(10),
});
