//! `[traffic.digitalocean]`: good ones and bad ones.

use super::{LEAST, good, problems};
use rollout::application::{Secret, StickyBy};
use rollout::router::{DigitalOcean, Pool, Reach, RouterKind};

const HEAD: &str = "[traffic]\nrouter = \"digitalocean\"\n";

fn file(section: &str) -> String {
    format!("{LEAST}{HEAD}[traffic.digitalocean]\n{section}")
}

#[test]
fn a_balancer_is_read_and_what_is_usual_follows_from_its_droplets() {
    let application = good(&file(
        "load_balancer = \"4de7ac8b-495b\"\ntoken = \"env:DO_TOKEN\"\nblue = { droplets = [3, 1, 2] }\ngreen = { droplets \
         = [4, 5, 6] }\nreach = \"public\"\nstate = \"left\"",
    ));
    let wanted = DigitalOcean {
        load_balancer: "4de7ac8b-495b".into(),
        token: Secret::Env("DO_TOKEN".into()),
        blue: Pool::Droplets(vec![3, 1, 2]),
        green: Pool::Droplets(vec![4, 5, 6]),
        reach: Reach::Public,
        api: "https://api.digitalocean.com".into(),
        state: "left".into(),
    };
    assert_eq!(application.traffic.router, RouterKind::DigitalOcean(wanted));
    assert_eq!(application.traffic.sticky_by, StickyBy::None);
    let weights: Vec<u8> = application.traffic.stages.iter().map(|stage| stage.weight.percent()).collect();
    assert_eq!(weights, [25, 50, 75, 100]);
    let json = serde_json::to_string(&application.traffic.router).unwrap();
    assert!(json.starts_with("{\"digitalocean\":"), "{json}");
}

#[test]
fn bad_balancers() {
    let least = "load_balancer = \"lb\"\ntoken = \"env:T\"\n";
    for (section, problem) in [
        ("", "6:1: [traffic.digitalocean] needs `blue`: a table, like { droplets"),
        (
            &*format!("{least}blue = {{ droplets = [1] }}\ngreen = {{ droplets = [1] }}"),
            "10:9: `green`: the droplet 1 is in `blue` as well: a droplet serves one slot",
        ),
        (
            &format!(
                "{least}blue = {{ droplets = [1, 2, 3, 4, 5, 6] }}\ngreen = {{ droplets = [11, 12, 13, 14, 15] }}"
            ),
            "10:9: `green`: `blue` and `green` have 11 droplets together: a balancer takes at most 10 by id, and",
        ),
        (
            &format!("{least}blue = {{ tag = \"web\" }}\ngreen = {{ tag = \"web\" }}"),
            "10:9: `green`: \"web\" is the tag of `blue` as well",
        ),
        (
            &format!("{least}blue = {{ droplets = [1, 1] }}\ngreen = {{ tag = \"web\" }}"),
            "9:25: `droplets`: the droplet 1 is given twice",
        ),
        (
            &format!("{least}blue = {{ droplets = [] }}\ngreen = {{ tag = \"web\" }}"),
            "9:21: `droplets`: must have at least one droplet",
        ),
        (&format!("{least}blue = {{}}\ngreen = {{ tag = \"web\" }}"), "9:8: `blue`: must be a table, like"),
        (
            &format!("{least}blue = {{ tag = \"a b\" }}\ngreen = {{ tag = \"web\" }}"),
            "9:16: `tag`: \"a b\" must be a tag: letters, digits",
        ),
        (
            &format!("{least}blue = {{ tag = \"a\", droplets = [1] }}\ngreen = {{ tag = \"web\" }}"),
            "9:10: `tag`: there are `droplets` already: take one of both",
        ),
        (
            "load_balancer = \"a/b\"\ntoken = \"env:T\"\nblue = { tag = \"a\" }\ngreen = { tag = \"b\" }",
            "7:17: `load_balancer`: \"a/b\" must be an id, like 4de7ac8b",
        ),
        (
            "load_balancer = \"lb\"\ntoken = \"dop_v1_secret\"\nblue = { tag = \"a\" }\ngreen = { tag = \"b\" }",
            "8:9: `token`: a token does not stand in the file: write env:NAME or file:PATH",
        ),
    ] {
        let found = problems(&file(section));
        assert!(found[0].contains(problem), "{section}\n{found:?}\n{problem}");
        assert!(found.iter().all(|problem| !problem.contains("dop_v1_secret")), "{found:?}");
    }
    // What the droplets do not allow is told with what they do.
    let stages = format!(
        "{LEAST}{HEAD}stages = [{{ weight = 10 }}, {{ weight = 100 }}]\n[traffic.digitalocean]\n{least}blue = {{ droplets = \
         [1] }}\ngreen = {{ droplets = [2] }}"
    );
    let found = problems(&stages);
    let sentence = "digitalocean, as it is set up here, can send 0, 50 or 100 % of the traffic to a slot, and not 10: the nearest is 50";
    assert!(found.len() == 1 && found[0].ends_with(sentence), "{found:?}");
}
