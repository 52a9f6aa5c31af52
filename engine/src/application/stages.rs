//! `stages` of `[traffic]`: the shifts of traffic, with their gates.

use super::item::Item;
use super::section::Keys;
use rollout::actor::Role;
use rollout::application::{ApprovalRule, OnTimeout, Stage};
use rollout::clock::Millis;
use rollout::router::Possible;
use rollout::slot::Weight;
use std::collections::BTreeSet;

pub(super) const STAGE: Keys = Keys::new(&["weight", "approve", "bake", "min_requests"]);
pub(super) const APPROVE: Keys = Keys::new(&["role", "count", "four_eyes", "timeout", "on_timeout"]);

const STAGE_LIKE: &str = "a table, like { weight = 10, approve = { role = \"release-manager\" }, bake = \"1m\" }";
const APPROVE_LIKE: &str = "a table, like { role = \"release-manager\", count = 1 }";

/// More than this is a slip: a busy site's day.
const MOST_REQUESTS: i64 = 1_000_000_000;

/// Without stages in the file: 10, 25, 50, 75 and 100 %, or the closest that the router can, each with a release
/// manager's yes, and a minute to bake.
pub(super) fn default(possible: &Possible) -> Vec<Stage> {
    let approve = ApprovalRule {
        role: Role::ReleaseManager,
        count: 1,
        four_eyes: false,
        timeout: None,
        on_timeout: OnTimeout::Hold,
    };
    let usual = [10, 25, 50, 75, 100].into_iter().filter_map(Weight::new);
    let weights: BTreeSet<Weight> = usual.map(|weight| possible.nearest(weight)).collect();
    let bake = |weight| if weight == Weight::ALL { Millis::ZERO } else { Millis::seconds(60) };
    let stage = |weight| Stage { weight, approve: Some(approve.clone()), bake: bake(weight), min_requests: 0 };
    weights.into_iter().map(stage).collect()
}

pub(super) fn read(item: Item) -> Vec<Stage> {
    let Some(items) = item.list("a list of stages, like [{ weight = 10 }, { weight = 100 }]") else {
        return Vec::new();
    };
    let mut stages: Vec<Stage> = Vec::new();
    let mut last_weight = None;
    // A stage that cannot be read says nothing about the order of the others.
    let mut all_read = true;
    for item in items {
        let Some(section) = item.section("a stage", &STAGE, STAGE_LIKE) else {
            all_read = false;
            continue;
        };
        let weight_item = section.need("weight", "percent of the traffic, 1 to 100");
        let weight = weight_item.and_then(|item| Some((item, item.whole::<u8>(1..=100).and_then(Weight::new)?)));
        all_read &= weight.is_some();
        if let Some((item, weight)) = weight {
            if let Some((_, before)) = last_weight.filter(|(_, before)| *before >= weight) {
                item.wrong(format!("stages rise: {} cannot come after {}", weight.percent(), Weight::percent(before)));
            }
            last_weight = Some((item, weight));
        }
        stages.push(Stage {
            weight: weight.map(|(_, weight)| weight).unwrap_or_default(),
            approve: section.get("approve").and_then(approve),
            bake: section.get("bake").and_then(|item| item.duration()).unwrap_or_default(),
            min_requests: section.get("min_requests").and_then(|item| item.whole(0..=MOST_REQUESTS)).unwrap_or(0),
        });
    }
    match last_weight {
        Some((item, weight)) if all_read && weight != Weight::ALL => {
            item.wrong(format!("the last stage must be 100, for all traffic; this one is {}", weight.percent()));
        }
        None if all_read => item.wrong("must have at least one stage; the last is { weight = 100 }"),
        _ => {}
    }
    stages
}

fn approve(item: Item) -> Option<ApprovalRule> {
    let section = item.section("`approve`", &APPROVE, APPROVE_LIKE)?;
    let timeout = section.get("timeout");
    let on_timeout = section.get("on_timeout");
    if let (None, Some(item)) = (timeout, on_timeout) {
        item.wrong_key("there is no `timeout`: say how long is waited, like timeout = \"4h\"");
    }
    Some(ApprovalRule {
        role: section.need("role", "who must say yes, like \"release-manager\"").and_then(role).unwrap_or(Role::Admin),
        count: section.get("count").and_then(|item| item.whole(1..=100)).unwrap_or(1),
        four_eyes: section.get("four_eyes").and_then(|item| item.flag()).unwrap_or(false),
        timeout: timeout.and_then(|item| item.duration_above_zero()),
        on_timeout: on_timeout
            .and_then(|item| item.choice(&[("hold", OnTimeout::Hold), ("reject", OnTimeout::Reject)]))
            .unwrap_or(OnTimeout::Hold),
    })
}

fn role(item: Item) -> Option<Role> {
    let text = item.text()?;
    let can: Vec<&str> = Role::ALL.into_iter().filter(|role| *role > Role::Viewer).map(Role::as_str).collect();
    match Role::parse(text) {
        Some(Role::Viewer) => item.wrong(format!("a viewer cannot approve: write one of {}", can.join(", "))),
        Some(role) => return Some(role),
        None => item.wrong(format!("\"{text}\" is not a role: write one of {}", can.join(", "))),
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_stages_are_those_that_the_router_can() {
        let only = |percents: &[u8]| Possible::Only(percents.iter().copied().filter_map(Weight::new).collect());
        for (possible, expected) in [
            (Possible::Every, &[10, 25, 50, 75, 100][..]),
            (only(&[0, 100]), &[100]),
            (only(&[0, 50, 100]), &[50, 100]),
            (only(&[0, 33, 67, 100]), &[33, 67, 100]),
            (only(&[0, 20, 25, 33, 40, 43, 50, 57, 60, 67, 75, 80, 100]), &[20, 25, 50, 75, 100]),
        ] {
            let stages = default(&possible);
            let weights: Vec<u8> = stages.iter().map(|stage| stage.weight.percent()).collect();
            assert_eq!(weights, expected);
            assert!(stages.last().is_some_and(|last| last.bake.is_zero()));
        }
    }
}
