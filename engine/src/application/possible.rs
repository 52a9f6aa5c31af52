//! The application file against what its router can do. What it cannot is refused here, and not in the middle of a
//! rollout.

use super::builtins::BUILTINS;
use super::problems::Problems;
use super::source::Kind;
use rollout::router::Capabilities;
use rollout::slot::Weight;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What the file asks of the router that it cannot do, each at its place. What cannot be read is told elsewhere.
pub(super) fn check(problems: &Problems, root: &DeTable, router: &str, can: &Capabilities) {
    let traffic = table(root, "traffic");
    let stages = traffic.and_then(|traffic| array(traffic, "stages")).unwrap_or_default();
    for stage in stages.iter().filter_map(|stage| stage.get_ref().as_table()) {
        if let Some(weight) = stage.get("weight") {
            weight_is_possible(problems, weight, router, can);
        }
        if let Some((key, wanted)) = stage.get_key_value("min_requests").filter(|_| !can.measures)
            && whole(wanted).is_some_and(|wanted| wanted > 0)
        {
            let sentence =
                format!("`min_requests`: {router} does not count requests, so the bake would never end. Leave it out");
            problems.add(key.span(), sentence);
        }
    }
    if let Some(sticky_by) = traffic.and_then(|traffic| traffic.get("sticky_by")).filter(|_| !can.sessions)
        && sticky_by.get_ref().as_str().is_some_and(|text| text != "none")
    {
        let sentence = format!("`sticky_by`: with {router}, sessions do not stick: write \"none\", or leave it out");
        problems.add(sticky_by.span(), sentence);
    }
    let metrics = table(root, "monitor").and_then(|monitor| array(monitor, "metric")).unwrap_or_default();
    for metric in metrics.iter().filter(|_| !can.measures) {
        if let Some((at, what)) = metric.get_ref().as_table().and_then(|table| of_the_router(metric, table)) {
            problems.add(
                at,
                format!(
                    "{what} is of the requests that the router counts, and {router} counts none: take source = \
                     \"prometheus text\", \"promql\" or \"command\""
                ),
            );
        }
    }
}

fn weight_is_possible(problems: &Problems, item: &Spanned<DeValue>, router: &str, can: &Capabilities) {
    let weight = whole(item).and_then(|percent| u8::try_from(percent).ok()).and_then(Weight::new);
    let Some(weight) = weight.filter(|weight| *weight > Weight::NONE && !can.weights.has(*weight)) else { return };
    let nearest = can.weights.nearest(weight).percent();
    problems.add(
        item.span(),
        format!(
            "`weight`: {router}, as it is set up here, can send {} of the traffic to a slot, and not {}: the nearest is \
             {nearest}",
            can.weights,
            weight.percent()
        ),
    );
}

/// Where a metric says that its numbers are the router's, and what says so. Without a source they are, unless the
/// built-in has another.
fn of_the_router(metric: &Spanned<DeValue>, table: &DeTable) -> Option<(std::ops::Range<usize>, String)> {
    let text = |key: &str| Some((table.get(key)?.span(), table.get(key)?.get_ref().as_str()?.to_owned()));
    match (text("source"), text("builtin")) {
        (Some((at, source)), _) => (source == "router").then(|| (at, "`source`: \"router\"".to_owned())),
        (None, _) if table.contains_key("source") => None,
        (None, Some((at, word))) => {
            let builtin = BUILTINS.iter().find(|builtin| builtin.word == word)?;
            (builtin.numbers.kind() == Kind::Router).then(|| (at, format!("`builtin`: \"{word}\"")))
        }
        (None, None) if table.contains_key("builtin") => None,
        (None, None) => Some((metric.span(), "a metric without `source`".to_owned())),
    }
}

fn table<'a>(root: &'a DeTable<'a>, key: &str) -> Option<&'a DeTable<'a>> {
    root.get(key)?.get_ref().as_table()
}

fn array<'a>(table: &'a DeTable<'a>, key: &str) -> Option<&'a [Spanned<DeValue<'a>>]> {
    table.get(key)?.get_ref().as_array().map(|array| &**array)
}

fn whole(item: &Spanned<DeValue>) -> Option<i64> {
    let integer = item.get_ref().as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollout::clock::Millis;
    use rollout::router::Possible;

    fn halves() -> Capabilities {
        Capabilities {
            weights: Possible::Only([0, 50, 100].into_iter().filter_map(Weight::new).collect()),
            sessions: false,
            drains: false,
            measures: false,
            door: false,
            takes: Millis::seconds(60),
        }
    }

    fn found(text: &str, can: &Capabilities) -> Vec<String> {
        let problems = Problems::new("a.toml", text);
        let (root, _) = DeTable::parse_recoverable(text);
        check(&problems, root.get_ref(), "dns", can);
        problems.into_vec().iter().map(ToString::to_string).collect()
    }

    const TEXT: &str = "\
[traffic]
sticky_by = \"cookie\"
stages = [{ weight = 10 }, { weight = 50, min_requests = 100 }, { weight = 0x63, min_requests = 0 }, { weight = 100 }]
[[monitor.metric]]
builtin = \"error-ratio\"
[[monitor.metric]]
name = \"slow\"
source = \"router\"
[[monitor.metric]]
builtin = \"error-ratio\"
source = \"promql\"
[[monitor.metric]]
builtin = \"queue-depth\"
[[monitor.metric]]
name = \"bare\"
";

    #[test]
    fn what_the_router_cannot_is_told_at_its_place() {
        let weights = "dns, as it is set up here, can send 0, 50 or 100 % of the traffic to a slot, and not";
        let metrics = "is of the requests that the router counts, and dns counts none: take source = \
                       \"prometheus text\", \"promql\" or \"command\"";
        assert_eq!(
            found(TEXT, &halves()),
            [
                "a.toml:2:13: `sticky_by`: with dns, sessions do not stick: write \"none\", or leave it out".to_owned(),
                format!("a.toml:3:22: `weight`: {weights} 10: the nearest is 50"),
                "a.toml:3:43: `min_requests`: dns does not count requests, so the bake would never end. Leave it out"
                    .to_owned(),
                format!("a.toml:3:76: `weight`: {weights} 99: the nearest is 100"),
                format!("a.toml:5:11: `builtin`: \"error-ratio\" {metrics}"),
                format!("a.toml:8:10: `source`: \"router\" {metrics}"),
                format!("a.toml:14:1: a metric without `source` {metrics}"),
            ]
        );
        assert_eq!(found(TEXT, &Capabilities::ALL), [""; 0]);
    }

    #[test]
    fn what_cannot_be_read_is_left_to_others() {
        for text in [
            "",
            "traffic = 1\nmonitor = 2",
            "[traffic]\nstages = 1\nsticky_by = 2\n[monitor]\nmetric = 3",
            "[traffic]\nstages = [1, { weight = 700 }, { weight = \"10\" }, { weight = 0 }, {}]\nsticky_by = \"none\"",
            "[[monitor.metric]]\nsource = 1\n[[monitor.metric]]\nbuiltin = \"nothing\"\n[[monitor.metric]]\nbuiltin = 1",
        ] {
            assert_eq!(found(text, &halves()), [""; 0], "{text}");
        }
    }
}
