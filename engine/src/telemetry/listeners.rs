//! The routers' logs that are listened to: one for each application, as long as the server runs.

use super::router_log::RouterLog;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Default)]
pub(crate) struct Listeners {
    by_port: Mutex<HashMap<u16, Arc<RouterLog>>>,
}

impl Listeners {
    /// The log that arrives at this UDP port on loopback.
    ///
    /// # Errors
    /// When the port cannot be had; says what to do.
    pub(crate) fn listen(&self, port: u16) -> Result<Arc<RouterLog>, String> {
        let mut by_port = self.by_port.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(log) = by_port.get(&port) {
            return Ok(log.clone());
        }
        let log = RouterLog::listen(port).map_err(|error| {
            format!("the router's log cannot be heard at UDP port {port} on loopback ({error}): end what listens there")
        })?;
        let log = Arc::new(log);
        by_port.insert(port, log.clone());
        Ok(log)
    }
}
