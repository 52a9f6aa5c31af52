//! `[traffic.digitalocean]`: the load balancer, and which droplets are of which slot.

use super::item::Item;
use super::section::{Keys, Section};
use super::words;
use crate::digitalocean::API;
use rollout::application::Secret;
use rollout::router::{DigitalOcean, MOST_DROPLETS, Pool, Reach};

pub(super) const DIGITALOCEAN: Keys = Keys::new(&["load_balancer", "token", "blue", "green", "reach", "api", "state"]);
pub(super) const POOL: Keys = Keys::new(&["droplets", "tag"]);

const POOL_LIKE: &str = "a table, like { droplets = [3164494, 3164495] } or { tag = \"web-blue\" }";

/// Where it is kept how the balancer was left.
const STATE: &str = "/var/lib/crossfade/digitalocean";

/// Without the section, what is missing in it is told at `router`.
pub(super) fn read(item: Option<Item>, router: Option<Item>) -> DigitalOcean {
    let section = item
        .and_then(|item| item.section("[traffic.digitalocean]", &DIGITALOCEAN, "a section: [traffic.digitalocean]"));
    if let (None, Some(router)) = (item, router) {
        router
            .wrong("\"digitalocean\" needs a section [traffic.digitalocean] with load_balancer, token, blue and green");
    }
    let section = section.as_ref();
    let need = |key, what| section.and_then(|section: &Section| section.need(key, what));
    let get = |key| section.and_then(|section| section.get(key));
    let pools = [need("blue", POOL_LIKE), need("green", POOL_LIKE)];
    let [blue, green] = pools.map(|item| item.and_then(pool));
    if let ([_, Some(item)], Some(blue), Some(green)) = (pools, &blue, &green) {
        apart(item, blue, green);
    }
    let token = need("token", "a reference to the token, like \"env:DIGITALOCEAN_TOKEN\"");
    let nothing = || Pool::Droplets(vec![]);
    DigitalOcean {
        load_balancer: need("load_balancer", "the id of the load balancer")
            .and_then(|item| item.text_that(id))
            .unwrap_or_default(),
        token: token.and_then(reference).unwrap_or_else(|| Secret::Plain(String::new())),
        blue: blue.unwrap_or_else(nothing),
        green: green.unwrap_or_else(nothing),
        reach: get("reach")
            .and_then(|item| item.choice(&[("private", Reach::Private), ("public", Reach::Public)]))
            .unwrap_or(Reach::Private),
        api: get("api").and_then(|item| item.text_that(words::not_empty)).unwrap_or_else(|| API.to_owned()),
        state: get("state").and_then(|item| item.text_that(words::not_empty)).unwrap_or_else(|| STATE.to_owned()),
    }
}

/// What stands in the path of a request.
fn id(text: &str) -> words::Check {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-';
    words::must(!text.is_empty() && text.chars().all(good), || {
        format!(
            "\"{text}\" must be an id, like 4de7ac8b-495b-4884-9a69-1050c6793cd6: `doctl compute load-balancer list`"
        )
    })
}

/// As the API has tags.
fn tag(text: &str) -> words::Check {
    let good = |c: char| c.is_alphanumeric() || matches!(c, ':' | '-' | '_');
    words::must((1..=255).contains(&text.len()) && text.chars().all(good), || {
        format!("\"{text}\" must be a tag: letters, digits, `:`, `-` and `_`")
    })
}

fn reference(item: Item) -> Option<Secret> {
    match item.secret()? {
        Secret::Plain(_) => {
            // The value is not repeated: the message goes to screens and logs.
            item.wrong("a token does not stand in the file: write env:NAME or file:PATH");
            None
        }
        reference => Some(reference),
    }
}

fn pool(item: Item) -> Option<Pool> {
    let section = item.section(format!("`{}`", item.name()), &POOL, POOL_LIKE)?;
    match (section.get("droplets"), section.get("tag")) {
        (Some(ids), None) => droplets(ids).map(Pool::Droplets),
        (None, Some(name)) => name.text_that(tag).map(Pool::Tag),
        (Some(_), Some(name)) => {
            name.wrong_key("there are `droplets` already: take one of both");
            None
        }
        (None, None) => {
            item.wrong(format!("must be {POOL_LIKE}"));
            None
        }
    }
}

fn droplets(item: Item) -> Option<Vec<u64>> {
    let mut ids = vec![];
    for item in item.list("a list of droplets' ids, like [3164494, 3164495]")? {
        let id = item.whole::<u64>(1..=i64::MAX)?;
        if ids.contains(&id) {
            item.wrong(format!("the droplet {id} is given twice: keep one of them"));
        }
        ids.push(id);
    }
    if ids.is_empty() {
        item.wrong("must have at least one droplet: a balancer without any answers nobody");
        return None;
    }
    Some(ids)
}

/// No droplet is of both slots, and all of both have room in one balancer.
fn apart(item: Item, blue: &Pool, green: &Pool) {
    let room = |ids: usize| ids <= MOST_DROPLETS as usize;
    match (blue, green) {
        (Pool::Droplets(blue), Pool::Droplets(green)) => {
            if let Some(id) = green.iter().find(|id| blue.contains(id)) {
                item.wrong(format!("the droplet {id} is in `blue` as well: a droplet serves one slot"));
            } else if !room(blue.len() + green.len()) {
                item.wrong(format!(
                    "`blue` and `green` have {} droplets together: a balancer takes at most {MOST_DROPLETS} by id, and \
                     while traffic moves those of both slots are in it",
                    blue.len() + green.len()
                ));
            }
        }
        (Pool::Tag(blue), Pool::Tag(green)) if blue == green => {
            item.wrong(format!("\"{green}\" is the tag of `blue` as well: a droplet serves one slot"));
        }
        (Pool::Droplets(ids), Pool::Tag(_)) | (Pool::Tag(_), Pool::Droplets(ids)) if !room(ids.len() + 1) => {
            item.wrong(format!(
                "a balancer takes at most {MOST_DROPLETS} droplets by id, those of both slots together"
            ));
        }
        _ => {}
    }
}
