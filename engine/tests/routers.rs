//! The contract of a router, against each real one. Every test is written once, and asks [`engine::router::Router::capabilities`]
//! what is possible; a new router needs a [`rig::Rig`] and a line at the end of this file.

#[path = "routers/adopting.rs"]
mod adopting;
#[path = "routers/door.rs"]
mod door;
#[path = "routers/draining.rs"]
mod draining;
#[path = "routers/drifting.rs"]
mod drifting;
#[path = "routers/failing.rs"]
mod failing;
#[path = "routers/measuring.rs"]
mod measuring;
#[path = "routers/rig.rs"]
mod rig;
#[path = "routers/sessions.rs"]
mod sessions;
#[path = "routers/shifting.rs"]
mod shifting;

#[path = "routers/rigs"]
mod rigs {
    pub mod caddy;
    pub mod digitalocean;
    pub mod dns;
    pub mod embedded;
    pub mod haproxy;
    pub mod nginx;
    pub mod own_servers;
    pub mod programs;
    pub mod traefik;
}

#[allow(dead_code, reason = "shared with other tests")]
mod support {
    #[path = "../support/backend.rs"]
    pub mod backend;
    #[path = "../support/client.rs"]
    pub mod client;
    #[path = "../support/digitalocean/mod.rs"]
    pub mod digitalocean;
    #[path = "../support/fleet.rs"]
    pub mod fleet;
    #[path = "../support/haproxy.rs"]
    pub mod haproxy;
    #[path = "../support/named.rs"]
    pub mod named;
    #[path = "../support/nginx.rs"]
    pub mod nginx;

    pub use nginx::free_port;
}

/// The whole contract for one router, in a module of its name.
macro_rules! contract {
    ($name:ident, $rig:ty, $needs:literal) => {
        mod $name {
            contract! { @tests $rig, $needs,
                adopting::adopting_twice_keeps_the_weight
                adopting::traffic_goes_where_it_should_from_the_first_moment
                adopting::other_routes_are_taken_on_and_the_weight_is_kept
                adopting::adopting_goes_on_when_nobody_waits_for_it
                adopting::requests_arrive_with_the_headers_of_a_proxy
                adopting::forgetting_takes_away
                adopting::what_cannot_be_routed_is_refused_before_anything_changes
                shifting::shares_are_as_set
                shifting::every_possible_weight_is_read_back
                shifting::equal_splits_by_other_names_are_equal
                shifting::changes_under_load_lose_nothing
                shifting::long_answers_and_websockets_go_on
                shifting::how_long_a_change_takes
                sessions::a_session_moves_one_way_only
                sessions::a_cookie_is_given_once_and_keeps_the_slot
                sessions::a_header_keeps_the_slot
                sessions::an_address_keeps_the_slot
                sessions::without_stickiness_every_request_is_for_itself
                failing::a_dead_router_is_said_and_the_weight_stays
                failing::a_restart_keeps_the_weight
                failing::a_refused_change_leaves_the_weight
                drifting::a_weight_set_by_hand
                drifting::what_is_kept_was_damaged
                drifting::put_right
                drifting::a_dead_router
                door::a_key_leads_to_its_slot_and_nothing_else_does
                door::a_door_outlives_a_restart_and_new_routes
                door::a_browser_is_given_the_cookie_and_gives_it_back
                door::testers_are_in_no_share_and_no_metric
                draining::what_is_open_is_counted_for_its_slot
                measuring::every_request_is_counted_for_its_slot
                measuring::errors_are_those_of_the_slot_that_made_them
                measuring::a_slot_where_nothing_listens_makes_errors
                measuring::a_slow_slot_shows
                measuring::websockets_are_counted_when_they_end_and_have_no_time
                measuring::a_client_that_goes_away_is_no_error
            }
        }
    };
    (@tests $rig:ty, $needs:literal, $($group:ident::$test:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        #[ignore = $needs]
        async fn $test() {
            crate::$group::$test::<$rig>().await;
        }
    )*};
}

contract!(nginx, crate::support::nginx::PrivateNginx, "needs nginx");
contract!(nginx_own_servers, crate::rigs::own_servers::OwnServers, "needs nginx");
contract!(haproxy, crate::support::haproxy::PrivateHaproxy, "needs haproxy");
contract!(embedded, crate::rigs::embedded::PrivateProxy, "starts processes");
contract!(dns, crate::rigs::dns::PrivateNameServer, "needs bind9");
contract!(digitalocean, crate::rigs::digitalocean::Balancer, "takes minutes");
contract!(caddy, crate::rigs::caddy::PrivateCaddy, "needs Caddy");
contract!(traefik, crate::rigs::traefik::PrivateTraefik, "needs Traefik");

/// Serves until it is ended, in a process that was started for that. Does nothing in any other.
#[test]
fn the_proxy_itself() {
    rigs::embedded::be();
}
