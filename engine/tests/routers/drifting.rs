//! Whatever is changed behind our back is noticed, said, and put right by adding the application again.

use crate::rig::{Rig, Stage};
use rollout::application::StickyBy;
use rollout::slot::{Slot, Split};

async fn quarter<R: Rig>() -> (Stage<R>, Split) {
    let stage = Stage::<R>::new(StickyBy::Cookie).await;
    let quarter = stage.green(25);
    stage.router.adopt(&stage.routes, quarter).await.unwrap();
    stage.set(quarter).await;
    assert_eq!(stage.drifts(quarter).await, "");
    (stage, quarter)
}

pub async fn a_weight_set_by_hand<R: Rig>() {
    let (mut stage, quarter) = quarter::<R>().await;
    for by_hand in [stage.green(60), stage.split(Slot::Blue, 25), stage.green(100)] {
        stage.rig.set_by_hand(by_hand).await;
        let said = stage.drifts(quarter).await;
        println!("{said}\n");
        assert!(said.contains(&quarter.to_string()), "{said}");
        // It is no drift from the weight that it was set to: a person may keep it.
        assert_eq!(stage.drifts(by_hand).await, "");
        stage.add_again(quarter).await;
        stage.is_at(quarter).await;
        assert_eq!(stage.drifts(quarter).await, "");
    }
}

pub async fn what_is_kept_was_damaged<R: Rig>() {
    let (mut stage, quarter) = quarter::<R>().await;
    for what in R::DAMAGES {
        stage.rig.damage(what).await;
        let said = stage.drifts(quarter).await;
        println!("{what}: {said}\n");
        assert_ne!(said, "", "{what}");
        stage.rig.clear_away(what).await;
        stage.add_again(quarter).await;
        stage.is_at(quarter).await;
        assert_eq!(stage.drifts(quarter).await, "", "{what}");
    }
}

/// By one call, with nothing that a person has to do first; and where that cannot be, it says so and changes nothing.
pub async fn put_right<R: Rig>() {
    let (mut stage, quarter) = quarter::<R>().await;
    stage.rig.set_by_hand(stage.green(60)).await;
    stage.router.put_right(&stage.routes, quarter).await.unwrap();
    stage.is_at(quarter).await;
    for what in R::DAMAGES {
        stage.rig.damage(what).await;
        if let Err(error) = stage.router.put_right(&stage.routes, quarter).await {
            println!("{what}: {error}");
            assert_ne!(stage.drifts(quarter).await, "", "{what}");
            stage.rig.clear_away(what).await;
            stage.router.put_right(&stage.routes, quarter).await.unwrap();
        }
        stage.is_at(quarter).await;
        assert_eq!(stage.drifts(quarter).await, "", "{what}");
    }
    assert_eq!(stage.router.put_right(&stage.routes, quarter).await.unwrap().len(), 0, "nothing was wrong");
}

pub async fn a_dead_router<R: Rig>() {
    let (mut stage, quarter) = quarter::<R>().await;
    stage.rig.kill().await;
    let said = stage.drifts(quarter).await;
    println!("{said}");
    assert_ne!(said, "");
    stage.rig.run().await;
    assert_eq!(stage.drifts(quarter).await, "");
}
