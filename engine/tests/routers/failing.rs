//! When the router is gone, or says no: the error says so, and the weight is where it was.

use crate::rig::{Rig, Stage};
use engine::router::RouterError;
use rollout::application::StickyBy;

pub async fn a_dead_router_is_said_and_the_weight_stays<R: Rig>() {
    let mut stage = Stage::<R>::new(StickyBy::Cookie).await;
    let quarter = stage.green(25);
    stage.router.adopt(&stage.routes, quarter).await.unwrap();
    stage.set(quarter).await;
    stage.rig.kill().await;
    let error = stage.router.set(stage.green(50)).await.unwrap_err();
    assert!(matches!(error, RouterError::NotSet { .. }), "{error:?}");
    let said = error.to_string();
    println!("{said}");
    assert!(said.starts_with(&format!("the split was not changed to {}: ", stage.green(50))), "{said}");
    assert!(said.contains(R::SAYS_DEAD), "{said}");
    assert!(stage.router.current().await.is_err());
    assert!(stage.router.adopt(&stage.routes, quarter).await.is_err());
    stage.rig.run().await;
    stage.is_at(quarter).await;
    assert_eq!(stage.drifts(quarter).await, "");
    stage.set(stage.green(50)).await;
    stage.is_at(stage.green(50)).await;
}

pub async fn a_restart_keeps_the_weight<R: Rig>() {
    for percent in [25, 100] {
        let mut stage = Stage::<R>::new(StickyBy::Cookie).await;
        let split = stage.green(percent);
        stage.router.adopt(&stage.routes, stage.green(0)).await.unwrap();
        stage.set(split).await;
        stage.rig.kill().await;
        stage.rig.run().await;
        stage.is_at(split).await;
        assert_eq!(stage.drifts(split).await, "");
    }
}

pub async fn a_refused_change_leaves_the_weight<R: Rig>() {
    let mut stage = Stage::<R>::new(StickyBy::Cookie).await;
    let quarter = stage.green(25);
    stage.router.adopt(&stage.routes, quarter).await.unwrap();
    stage.set(quarter).await;
    stage.rig.refuse();
    let error = stage.router.set(stage.green(60)).await.unwrap_err();
    println!("{error}");
    assert!(matches!(error, RouterError::NotSet { .. }), "{error:?}");
    let now = stage.router.current().await.unwrap();
    assert!(stage.same(now, quarter), "{now}");
    stage.rig.relent();
    stage.is_at(quarter).await;
    stage.set(stage.green(60)).await;
    stage.is_at(stage.green(60)).await;
}
