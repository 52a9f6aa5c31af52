//! What somebody else did, keys that do not fit, and name servers that do not follow.

use crate::support::free_port;
use crate::support::named::{NameServer, OTHER, Program};
use crate::{Stage, drifts, green, routes, set};
use engine::router::{Router, RouterError};
use rollout::application::Secret;
use rollout::check::Level;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs bind9"]
async fn what_was_changed_by_hand_is_noticed_and_not_written_over() {
    let primary = NameServer::primary(Program::Bind, "", &[]);
    let stage = Stage::new(&primary, &[]);
    let router = stage.router();
    router.adopt(&routes(), green(50)).await.unwrap();
    let add = "`crossfade application put-right` mends it";
    for (by_hand, expected, is_left_alone) in [
        ("update delete www.shop.test A 192.0.2.2", "shop.test (A) is at green 50 %", false),
        ("update add www.shop.test 2 A 192.0.2.9", "www.shop.test (A) leads to 192.0.2.9, which is neither", true),
        ("update delete www.shop.test A 192.0.2.9", "", false),
        ("update add www.shop.test 2 AAAA 2001:db8::9", "www.shop.test (AAAA) leads to 2001:db8::9", true),
        ("update delete www.shop.test AAAA 2001:db8::9", "", false),
        (
            "update delete www.shop.test A\nupdate add www.shop.test 9 A 192.0.2.1\nupdate add www.shop.test 9 A 192.0.2.2\n\
             update add www.shop.test 9 A 192.0.2.3\nupdate add www.shop.test 9 A 192.0.2.4",
            add,
            false,
        ),
        (
            "update delete www.shop.test A\nupdate delete www.shop.test AAAA\nupdate add www.shop.test 2 CNAME shop.test",
            "www.shop.test is an alias (CNAME) of shop.test",
            true,
        ),
    ] {
        primary.by_hand(by_hand);
        let said = drifts(&router, green(50)).await;
        println!("{by_hand}\n  {said}");
        assert!(said.contains(expected) && said.is_empty() == expected.is_empty(), "{by_hand}: {said}");
        let put_right = router.set(green(50)).await;
        match put_right {
            Ok(()) => assert_eq!(drifts(&router, green(50)).await, "", "{by_hand}"),
            Err(error) => assert!(is_left_alone && matches!(error, RouterError::NotSet { .. }), "{by_hand}: {error}"),
        }
        assert!(!is_left_alone || drifts(&router, green(50)).await.contains(expected));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs bind9 and knot"]
async fn a_key_that_does_not_fit_changes_nothing() {
    for program in [Program::Bind, Program::Knot] {
        let primary = NameServer::primary(program, "", &[]);
        let mut stage = Stage::new(&primary, &[]);
        stage.router().adopt(&routes(), green(0)).await.unwrap();
        let before = (stage.dns.clone(), stage.update().clone());
        for (key, secret, zone, expected) in [
            ("crossfade", OTHER, "shop.test", "NOTAUTH, BADSIG: the key is not the one that it has under this name"),
            ("nobody", OTHER, "shop.test", "NOTAUTH, BADKEY: it does not know a key of this name"),
            // It is known, and may not. Knot says NOTAUTH of both.
            ("other", OTHER, "shop.test", ""),
            ("crossfade", "no base64!", "shop.test", "it is not base64"),
            ("crossfade", "", "shop.test", ""),
            ("crossfade", &before.1.secret.plain(), "test", ""),
        ] {
            (stage.update().key, stage.update().secret) = (key.into(), Secret::Plain(secret.into()));
            stage.dns.zone = zone.into();
            let router = stage.router();
            let error = router.set(green(50)).await.unwrap_err();
            println!("{error}\n");
            assert!(matches!(error, RouterError::NotSet { .. }), "{error}");
            assert!(error.to_string().contains(expected), "{error}");
            assert!(error.to_string().contains("The records lead to green 0 %, blue 100 %"), "{error}");
            let check = router.fits(&[]).await.into_iter().find(|check| check.name == "dynamic update").unwrap();
            assert_eq!(check.level, Level::Failure, "{check:?}");
            stage.dns = before.0.clone();
        }
        let router = stage.router();
        assert_eq!(router.current().await.unwrap(), green(0));
        set(&router, green(50)).await;
    }
}

trait Plain {
    fn plain(&self) -> String;
}

impl Plain for Secret {
    fn plain(&self) -> String {
        match self {
            Secret::Plain(text) => text.clone(),
            _ => panic!("{self:?}"),
        }
    }
}

/// A secondary that keeps another zone of that name for itself.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs bind9"]
async fn a_name_server_that_does_not_follow_has_the_change_taken_back() {
    let port = free_port();
    let primary = NameServer::primary(Program::Bind, "", &[port]);
    let mut secondary = NameServer::secondary_at(port, primary.port);
    let stage = Stage::new(&primary, &[&secondary]);
    let router = stage.router().with_propagation(Duration::from_secs(3));
    router.adopt(&routes(), green(0)).await.unwrap();
    set(&router, green(50)).await;

    // Nobody answers there any more: no rollout shifts over that, and one that does is taken back.
    secondary.kill();
    assert_eq!(router.current().await.unwrap(), green(50));
    let said = drifts(&router, green(50)).await;
    assert!(said.contains(&format!("The name server 127.0.0.1:{port} ")), "{said}");
    let error = router.set(green(100)).await.unwrap_err().to_string();
    println!("{error}\n");
    assert!(error.contains("The former records were put back. The records lead to green 50 %, blue 50 %"), "{error}");
    // The way back is told to the primary all the same, and stays.
    let error = router.set(green(0)).await.unwrap_err().to_string();
    println!("{error}\n");
    assert!(error.contains("The primary one keeps the change. The records lead to green 0 %, blue 100 %"), "{error}");

    // One that answers, and answers something else.
    let records = "@ A 192.0.2.1\n@ A 192.0.2.3\n@ AAAA 2001:db8::1\n@ AAAA 2001:db8::3\n\
                   www A 192.0.2.1\nwww A 192.0.2.3\nwww AAAA 2001:db8::1\nwww AAAA 2001:db8::3\n";
    let stale = NameServer::primary(Program::Bind, &records.replace(" A", " 2 A"), &[]);
    let mut stage = stage;
    stage.dns.name_servers = vec![primary.at(), stale.at()];
    let router = stage.router().with_propagation(Duration::from_secs(3));
    assert_eq!(drifts(&router, green(0)).await, "");
    let error = router.set(green(100)).await.unwrap_err().to_string();
    println!("{error}\n");
    assert!(error.contains("still answers shop.test A 192.0.2.1, 192.0.2.3"), "{error}");
    assert!(error.contains("The former records were put back. The records lead to green 0 %, blue 100 %"), "{error}");
    assert_eq!(drifts(&router, green(0)).await, "");

    // Mended: the same change goes through.
    secondary.run();
    stage.dns.name_servers = vec![primary.at(), secondary.at()];
    let router = stage.router();
    set(&router, green(100)).await;
    assert_eq!(drifts(&router, green(100)).await, "");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs bind9"]
async fn a_dead_primary_is_said_and_the_weight_stays() {
    let mut primary = NameServer::primary(Program::Bind, "", &[]);
    let stage = Stage::new(&primary, &[]);
    let router = stage.router();
    router.adopt(&routes(), green(33)).await.unwrap();
    primary.kill();
    for error in [router.set(green(50)).await.unwrap_err(), router.current().await.unwrap_err()] {
        println!("{error}\n");
        assert!(error.to_string().contains(&format!("the name server {} ", primary.at())), "{error}");
    }
    assert_ne!(drifts(&router, green(33)).await, "");
    primary.run();
    assert_eq!(drifts(&router, green(33)).await, "");
    set(&router, green(50)).await;
    assert_eq!(router.current().await.unwrap(), green(50));
}
