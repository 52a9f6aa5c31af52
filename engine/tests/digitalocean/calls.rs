//! What is asked is done, and read back.

use super::{StandIn, client};
use engine::digitalocean::{ApiError, NewRecord, RecordChange};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const SECOND: Duration = Duration::from_millis(50);

#[tokio::test]
async fn droplets_come_and_go_and_nothing_else_changes() {
    let api = StandIn::start().await;
    for id in 1..=12 {
        api.add_droplet(id, &[], HERE);
    }
    api.add_balancer("lb", &[1, 2], 8080, SECOND).await;
    let before = api.balancer("lb");
    let client = client(&api);
    client.add_droplets("lb", &[3, 4]).await.unwrap();
    client.remove_droplets("lb", &[1, 2]).await.unwrap();
    let balancer = client.load_balancer("lb").await.unwrap();
    assert_eq!(balancer.droplet_ids, [3, 4]);
    assert!(balancer.is_active() && balancer.by_tag().is_none() && balancer.pins_for().is_none());
    assert_eq!((balancer.forwarding_rules()[0].target_port, balancer.health_check().healthy_threshold), (8080, 2));
    client.add_droplets("lb", &[1, 2]).await.unwrap();
    client.remove_droplets("lb", &[3, 4]).await.unwrap();
    assert_eq!(api.balancer("lb"), before);
    assert!(api.asked().iter().all(|asked| !asked.starts_with("PUT")), "{:?}", api.asked());

    let error = client.add_droplets("lb", &[3, 4, 5, 6, 7, 8, 9, 10, 11]).await.unwrap_err();
    assert!(matches!(error, ApiError::Invalid { .. }) && error.to_string().contains("at most 10"), "{error}");
    api.edit_balancer("lb", |balancer| balancer["tag"] = "web".into());
    let error = client.add_droplets("lb", &[3]).await.unwrap_err();
    assert!(matches!(error, ApiError::Invalid { .. }) && error.to_string().contains("uses a tag"), "{error}");
    assert_eq!(client.load_balancer("lb").await.unwrap().by_tag(), Some("web"));
}

#[tokio::test]
async fn lists_are_read_to_their_end() {
    let api = StandIn::start().await;
    for id in 1..=401 {
        api.add_droplet(id, if id % 200 == 0 { &["web"] } else { &["all"] }, HERE);
    }
    let client = client(&api);
    let all = client.droplets_by_tag("all").await.unwrap();
    assert_eq!((all.len(), all[0].id, all[0].region(), all[0].private()), (399, 1, Some("fra1"), Some(HERE)));
    let web: Vec<u64> = client.droplets_by_tag("web").await.unwrap().iter().map(|droplet| droplet.id).collect();
    assert_eq!(web, [200, 400]);
    assert_eq!(client.droplets_by_tag("nothing").await.unwrap(), []);
    assert_eq!(api.asked().len(), 4, "{:?}", api.asked());
    assert!(client.droplet(7).await.unwrap().is_active());
    assert!(client.droplet(999).await.unwrap_err().is_not_found());
    api.add_balancer("a", &[1], 80, SECOND).await;
    api.add_balancer("b", &[1], 80, SECOND).await;
    let ids: Vec<String> = client.load_balancers().await.unwrap().into_iter().map(|balancer| balancer.id).collect();
    assert_eq!(ids, ["a", "b"]);
}

#[tokio::test]
async fn records_of_a_domain() {
    let api = StandIn::start().await;
    api.add_domain("shop.test");
    api.add_record("shop.test", "A", "@", "192.0.2.1", 1_800);
    api.add_record("shop.test", "MX", "@", "mail", 1_800);
    let www = api.add_record("shop.test", "A", "www", "192.0.2.1", 1_800);
    let client = client(&api);
    assert_eq!(client.records("shop.test", None, None).await.unwrap().len(), 3);
    let found = client.records("shop.test", Some("A"), Some("www.shop.test")).await.unwrap();
    assert_eq!(found.iter().map(|record| record.id).collect::<Vec<_>>(), [www]);
    let found = client.records("shop.test", Some("A"), Some("shop.test")).await.unwrap();
    assert_eq!((found.len(), found[0].name.as_str()), (1, "@"));

    let new = NewRecord { r#type: "A".into(), name: "www".into(), data: "192.0.2.2".into(), ttl: 30 };
    let made = client.create_record("shop.test", &new).await.unwrap();
    let change = RecordChange { data: Some("192.0.2.3".into()), ttl: None };
    let changed = client.update_record("shop.test", made.id, &change).await.unwrap();
    assert_eq!((changed.data.as_str(), changed.ttl), ("192.0.2.3", 30));
    client.delete_record("shop.test", www).await.unwrap();
    assert!(client.delete_record("shop.test", www).await.unwrap_err().is_not_found());
    assert_eq!(api.records("shop.test").len(), 3);

    let short = NewRecord { ttl: 29, ..new.clone() };
    let error = client.create_record("shop.test", &short).await.unwrap_err();
    assert!(matches!(error, ApiError::Invalid { .. }) && error.to_string().contains("at least 30 s"), "{error}");
    assert!(client.records("else.test", None, None).await.unwrap_err().is_not_found());
}
