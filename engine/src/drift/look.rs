//! One look at one router.

use super::Left;
use crate::engine::Shared;
use crate::error::EngineError;
use crate::router::{Route, Router};
use crate::steps::context::routes;
use crate::store::applications::ApplicationRow;
use rollout::slot::Split;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for a router's answer, twice: whether it is as it was left, and how it splits the traffic if it is not.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);

/// The router of an application, and what it is to route.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) router: Arc<dyn Router>,
    pub(crate) routes: Arc<[Route]>,
}

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    AsLeft,
    Adrift { what: Vec<String>, seen: Option<Split> },
}

/// Compares the router with how it was left.
pub(crate) async fn look(place: &Place, left: &Left) -> Look {
    let asked = tokio::time::timeout(PATIENCE, place.router.drift(&place.routes, left.split)).await;
    let what: Vec<String> = match asked {
        Ok(Ok(drift)) if drift.is_empty() => return Look::AsLeft,
        Ok(Ok(drift)) => drift.iter().map(ToString::to_string).collect(),
        Ok(Err(error)) => vec![sentence(&error.to_string())],
        Err(_) => vec![format!("The router did not answer within {} s.", PATIENCE.as_secs())],
    };
    let seen = tokio::time::timeout(Duration::from_secs(1), place.router.current()).await;
    let seen = seen.ok().and_then(Result::ok);
    // Where sessions are not told apart, only shares are: from the same side as it was left.
    let seen = seen.map(|seen| match place.router.capabilities().sessions {
        true => seen,
        false => Split { to: left.split.to, weight: seen.share(left.split.to) },
    });
    Look::Adrift { what, seen }
}

fn sentence(error: &str) -> String {
    let mut letters = error.chars();
    let first = letters.next().map_or_else(String::new, |first| first.to_uppercase().to_string());
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

impl Shared {
    /// The router and routes of an application: those that the rollout under way was started with, or those of its
    /// file as it is now.
    ///
    /// # Errors
    /// When the file, or what it says of the router, cannot be used.
    pub(crate) async fn place(&self, row: &ApplicationRow, left: &Left) -> Result<Place, EngineError> {
        let definition = match left.rollout {
            Some(id) => self.store.definition(id).await?,
            None => crate::engine::load(row.file.clone()).await?,
        };
        let addresses = self.store.addresses(row.id).await?;
        let router = self.router(&definition.application, row.admin_port)?;
        Ok(Place { router, routes: routes(&definition, &addresses).into() })
    }
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn errors_become_sentences() {
        assert_eq!(sentence("there is nothing to route"), "There is nothing to route.");
        assert_eq!(sentence("Done."), "Done.");
        assert_eq!(sentence(""), ".");
    }
}
