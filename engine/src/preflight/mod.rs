//! Is everything there that a rollout needs? Every check is made, and said with its reason, so that one look tells all that is
//! not well. The preflight step asks, and so does `crossfade check --live`. Whether the machine is fit, and what a release is by
//! content, is the runtime's to say.
//!
//! | file | what |
//! |---|---|
//! | `sharing` | database, cache, object storage: what both slots lean on |
//! | `names` | how long DNS records of the hosts are kept by others |
//! | `health` | is every routed service checked before it gets traffic? |
//! | `sql` | what the pending migration would do to the old release |
//! | `router` | the router answers and is as it was left; every service has its address |

mod health;
mod names;
mod router;
mod sharing;
mod sql;

use crate::definition::Definition;
use crate::router::{Route, Router};
use crate::runtime::{Recipe, Runtime};
use crate::store::applications::Address;
use rollout::check::Check;
use rollout::slot::{Slot, Split};

/// What is looked at.
pub(crate) struct Surroundings<'a> {
    pub(crate) runtime: &'a dyn Runtime,
    pub(crate) definition: &'a Definition,
    /// For the release, or for any when none is known yet.
    pub(crate) recipe: &'a Recipe,
    /// Nothing before the application is in Crossfade's care.
    pub(crate) place: Option<Place<'a>>,
}

/// Where the application is in Crossfade's care.
pub(crate) struct Place<'a> {
    pub(crate) router: &'a dyn Router,
    pub(crate) routes: &'a [Route],
    pub(crate) addresses: &'a [Address],
    /// Has the traffic now.
    pub(crate) live: Slot,
    /// Before the first release, no slot has.
    pub(crate) is_first: bool,
    /// How the router was left.
    pub(crate) expected: Split,
}

/// Everything but what the release is by content: that needs a release.
pub(crate) async fn look(around: &Surroundings<'_>) -> Vec<Check> {
    let source = around.recipe.source().trim_start_matches("the ");
    let described = Check::ok(source, format!("{} services", around.recipe.services().len()));
    let (machine, router, sharing, names, sql) = futures::join!(
        around.runtime.fitness(),
        router::look(around),
        sharing::look(around),
        names::look(around.definition),
        sql::look(around.definition)
    );
    std::iter::once(described)
        .chain(machine)
        .chain(router)
        .chain(health::look(around.definition))
        .chain(sharing)
        .chain(names)
        .chain(sql)
        .collect()
}
