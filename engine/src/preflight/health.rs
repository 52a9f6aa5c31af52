//! The guide wants a load balancer with health checks. nginx has none of its own that would help here: Crossfade asks the
//! services itself, before every shift and before every way back.

use crate::definition::Definition;
use rollout::check::Check;

pub(super) fn look(definition: &Definition) -> Vec<Check> {
    let checks = &definition.application.health;
    let unchecked: Vec<&str> = definition
        .routed()
        .map(|(service, ..)| service)
        .filter(|service| !checks.iter().any(|check| check.service == *service))
        .collect();
    vec![match unchecked.is_empty() {
        true => Check::ok("health checks", format!("{} are asked before every shift", checks.len())),
        false => Check::warning(
            "health checks",
            format!(
                "{} has none: before a shift only its port and its container's own check are asked. Add a [[health]]",
                unchecked.join(", ")
            ),
        ),
    }]
}
