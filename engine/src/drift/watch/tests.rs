//! With a real proxy: set by hand, killed, put right.

use super::{Watched, try_to_look_at};
use crate::error::EngineError;
use crate::router::{Router, same_split};
use crate::testing::{Shop, green, manager};
use rollout::actor::{Actor, Role};
use rollout::command::{Ask, Refusal, Report};
use rollout::event::RolloutId;
use rollout::plan::Step;
use rollout::slot::{Slot, Split, Weight};
use rollout::state::Doing;

const BAKE: Step = Step::Bake { stage: 0 };

/// One look after another, as the watch takes them.
struct Looks(Watched);

impl Looks {
    fn new() -> Looks {
        Looks(Watched::default())
    }

    async fn look(&mut self, shop: &Shop) {
        try_to_look_at(shop.shared(), "shop", &mut self.0).await.unwrap();
    }

    async fn twice(&mut self, shop: &Shop) {
        self.look(shop).await;
        self.look(shop).await;
    }
}

fn refused(result: Result<impl std::fmt::Debug, EngineError>) -> String {
    match result {
        Err(EngineError::Refused(refusal)) => refusal.message().to_owned(),
        other => panic!("{other:?} was not refused"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_what_two_looks_in_a_row_see() {
    let (shop, mut looks) = (Shop::open().await, Looks::new());
    let mut told = shop.engine.watch_drift(&manager()).unwrap();
    let adrift = || shop.engine.adrift(&manager(), "shop").unwrap();
    looks.twice(&shop).await;
    assert_eq!(adrift(), None);

    shop.set(30).await;
    looks.look(&shop).await;
    assert_eq!(adrift(), None, "one look is none");
    assert!(!told.has_changed().unwrap());
    looks.look(&shop).await;
    let found = adrift().unwrap();
    assert_eq!((found.expected, found.seen, found.rollout), (Split::all(Slot::Blue), Some(green(30)), None));
    assert!(found.what[0].starts_with("Traffic was left at blue 100 %, green 0 %; the router sends"), "{found:?}");
    assert!(told.has_changed().unwrap());
    told.mark_unchanged();

    looks.look(&shop).await;
    assert!(!told.has_changed().unwrap(), "it is told once");
    shop.set(0).await;
    looks.look(&shop).await;
    assert_eq!(adrift(), None, "gone when it is gone");
    assert!(told.has_changed().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shift_is_no_drift() {
    let (shop, mut looks) = (Shop::open().await, Looks::new());
    let id = shop.rollout_at(Step::Shift { stage: 0 }).await;
    // The router has it, and the journal not yet.
    shop.set(10).await;
    looks.twice(&shop).await;
    assert_eq!(shop.last(id, 1).await, ["step-started"]);
    // A look before it and one after it are not two in a row.
    let (step, _) = shop.state(id).await.running().unwrap();
    shop.set(3).await;
    looks.look(&shop).await;
    let done = Report::Succeeded { step, summary: "done".into(), images: [].into() };
    shop.report(id, done).await;
    looks.look(&shop).await;
    assert_eq!(shop.last(id, 1).await, ["step-succeeded"]);
    looks.look(&shop).await;
    assert_eq!(shop.last(id, 1).await, ["drifted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bake_is_held_over_drift_and_goes_on_once_it_is_put_right() {
    let (shop, mut looks) = (Shop::open().await, Looks::new());
    let id = shop.rollout_at(BAKE).await;
    looks.twice(&shop).await;
    assert_eq!(shop.last(id, 1).await, ["step-started"]);

    shop.set(5).await;
    looks.twice(&shop).await;
    looks.twice(&shop).await;
    assert_eq!(shop.last(id, 2).await, ["drifted", "held"]);
    let held = shop.state(id).await;
    assert_eq!((held.doing(), held.weight, held.deadline()), (Doing::Held, Weight::new(10).unwrap(), None));
    assert!(
        held.waits_for(crate::clock::now())
            .contains("Crossfade held it: the router was not as it was left. The weight stays")
    );
    let refusal = shop.ask(id, Ask::Resume).await.unwrap_err();
    assert!(refusal.message().contains("have it put right first"), "{refusal}");

    let deployer = Actor::user("dan", Role::Deployer);
    let said = refused(shop.engine.put_right(&deployer, "shop", "it was me").await);
    assert_eq!(said, "This needs the role release-manager. Ask someone who has it.");
    assert!(refused(shop.engine.put_right(&manager(), "shop", " ").await).starts_with("Say why"));
    let said = shop.engine.put_right(&manager(), "shop", "a slip").await.unwrap();
    assert_eq!(said, "ben had the router put right.");
    assert_eq!(shop.last(id, 2).await, ["put-right", "drift-ended"]);
    assert_eq!(shop.by_hand().current().await.unwrap(), green(10));
    assert_eq!(shop.engine.adrift(&manager(), "shop").unwrap(), None);
    let said = refused(shop.engine.put_right(&manager(), "shop", "again").await);
    assert_eq!(said, "The router is as it was left: there is nothing to put right.");

    let goes_on = shop.ask(id, Ask::Resume).await.unwrap();
    assert!(matches!(goes_on.doing(), Doing::Baking(_)));
    looks.twice(&shop).await;
    assert_eq!(shop.last(id, 1).await, ["resumed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lower_weight_may_be_adopted_and_never_a_higher_one() {
    let (shop, mut looks) = (Shop::open().await, Looks::new());
    let id = shop.rollout_at(BAKE).await;
    let adopt = async |percent| {
        let weight = Weight::new(percent).unwrap();
        shop.engine.adopt_weight(&manager(), "shop", weight, "the phones rang").await
    };
    shop.set(60).await;
    looks.twice(&shop).await;
    let said = refused(adopt(60).await);
    assert!(said.starts_with("The router is at 60 %, and nothing reaches green beyond the 10 %"), "{said}");

    shop.set(4).await;
    assert_eq!(refused(adopt(5).await), "The router has moved on: it now says 4 %. Look again.");
    adopt(4).await.unwrap();
    let adopted = shop.state(id).await;
    assert_eq!((adopted.doing(), adopted.weight, &adopted.drift), (Doing::Held, Weight::new(4).unwrap(), &None));
    assert!(matches!(adopted.current().unwrap().1.step, Step::Shift { stage: 0 }), "10 % is shifted to anew");
    looks.twice(&shop).await;
    assert_eq!(shop.engine.adrift(&manager(), "shop").unwrap(), None, "it is as it was left now");
    assert_eq!(shop.by_hand().current().await.unwrap(), green(4), "and nobody touched it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_router_holds_and_turns_nothing_back() {
    let (mut shop, mut looks) = (Shop::open().await, Looks::new());
    let id = shop.rollout_at(BAKE).await;
    shop.kill_proxy().await;
    looks.twice(&shop).await;
    assert_eq!(shop.last(id, 2).await, ["drifted", "held"]);
    let found = shop.engine.adrift(&manager(), "shop").unwrap().unwrap();
    assert!(found.seen.is_none() && found.what[0].contains("The embedded proxy does not answer"), "{found:?}");
    // Putting right needs a router, too: the weight is where it was, and it can be tried again.
    assert!(matches!(shop.engine.put_right(&manager(), "shop", "try").await, Err(EngineError::Router(_))));
    assert_eq!(shop.last(id, 2).await, ["put-right", "not-put-right"]);
    assert!(shop.state(id).await.back.is_none());

    shop.start_proxy().await;
    looks.look(&shop).await;
    assert_eq!(shop.last(id, 1).await, ["drift-ended"]);
    assert_eq!(shop.by_hand().current().await.unwrap(), green(10), "it came back with what it had");
    assert!(matches!(shop.ask(id, Ask::Resume).await.unwrap().doing(), Doing::Baking(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_of_a_rollout_it_is_audited() {
    let (shop, mut looks) = (Shop::open().await, Looks::new());
    let nothing = Weight::NONE;
    let said = refused(shop.engine.adopt_weight(&manager(), "shop", nothing, "because").await);
    assert!(said.starts_with("No rollout is under way"), "{said}");
    Router::forget(&shop.by_hand()).await.unwrap();
    looks.twice(&shop).await;
    assert!(shop.engine.adrift(&manager(), "shop").unwrap().is_some());
    assert!(refused(shop.engine.put_right(&manager(), "shop", "").await).starts_with("Say why"));
    shop.engine.put_right(&manager(), "shop", "the state was lost").await.unwrap();
    assert!(same_split(shop.by_hand().current().await.unwrap(), Split::all(Slot::Blue)));
    let audited = shop.engine.audited(&manager(), "shop").await.unwrap();
    let lines: Vec<_> = audited.iter().map(|line| (line.by.as_str(), line.said.as_str())).collect();
    assert_eq!(lines, [("ben", "ben had the router put right"), ("ben", "the state was lost")]);
}

/// Whoever asks past the application's page is told the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_is_asked_at_its_own_door() {
    let shop = Shop::open().await;
    let id = shop.rollout_at(BAKE).await;
    let ask = async |ask| shop.engine.ask(&manager(), id, ask).await;
    let nothing = refused(ask(Ask::PutRight { reason: "x".into() }).await);
    assert_eq!(nothing, "The router is as it was left: there is nothing to put right.");
    shop.set(5).await;
    assert_eq!(ask(Ask::PutRight { reason: "x".into() }).await.unwrap(), id);
    assert_eq!(shop.by_hand().current().await.unwrap(), green(10));
    assert!(matches!(shop.engine.ask(&manager(), RolloutId(99), Ask::Resume).await, Err(EngineError::NotFound(_))));
    assert!(matches!(
        shop.engine.put_right(&Actor::Engine, "shop", "x").await,
        Err(EngineError::Refused(Refusal::Forbidden { .. }))
    ));
}
