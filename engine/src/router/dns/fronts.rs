//! The proxies at the slots' addresses. Each serves one slot, always: which of them is asked is for the records to say.

use crate::router::{Drift, EmbeddedRouter, Route, Router, RouterError};
use proxy::wire;
use rollout::application::StickyBy;
use rollout::router::{Embedded, Fronts};
use rollout::slot::{Slot, Split};

#[derive(Clone, Debug)]
pub(super) struct FrontDoors([(Slot, EmbeddedRouter); 2]);

impl FrontDoors {
    pub fn new(application: &str, fronts: &Fronts, log_port: u16) -> FrontDoors {
        let front = |control: &String| {
            EmbeddedRouter::new(application, &Embedded { control: control.clone() }, &StickyBy::None, log_port)
        };
        FrontDoors([(Slot::Blue, front(&fronts.blue)), (Slot::Green, front(&fronts.green))])
    }

    /// # Errors
    /// When one of them does not do as it is told; the other may have.
    pub async fn adopt(&self, routes: &[Route]) -> Result<(), RouterError> {
        for (slot, front) in &self.0 {
            front.adopt(routes, Split::all(*slot)).await?;
            Router::set(front, Split::all(*slot)).await?;
        }
        Ok(())
    }

    /// # Errors
    /// When the routes make no sense.
    pub async fn drift(&self, routes: &[Route]) -> Result<Vec<Drift>, RouterError> {
        let mut all = vec![];
        for (slot, front) in &self.0 {
            all.extend(Router::drift(front, routes, Split::all(*slot)).await?);
        }
        Ok(all)
    }

    /// # Errors
    /// When one of them does not answer.
    pub async fn forget(&self) -> Result<(), RouterError> {
        for (_, front) in &self.0 {
            Router::forget(front).await?;
        }
        Ok(())
    }
}

/// Whether there is anything to route, and it can be.
///
/// # Errors
/// What is wrong with the routes.
pub(super) fn check(application: &str, routes: &[Route]) -> Result<(), RouterError> {
    if routes.is_empty() {
        return Err(RouterError::NoRoutes);
    }
    let service = |route: &Route| wire::Service {
        name: route.service.clone(),
        hosts: route.hosts.clone(),
        blue: route.blue,
        green: route.green,
    };
    let application = wire::Application {
        name: application.to_owned(),
        sticky_by: StickyBy::None,
        services: routes.iter().map(service).collect(),
        log: None,
    };
    proxy::check(&application).map_err(RouterError::Unroutable)
}
