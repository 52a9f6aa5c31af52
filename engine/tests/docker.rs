//! The runtime `docker` against a real Docker Engine and a real registry, through the engine's own door as far as it
//! leads.

#[path = "docker/bench.rs"]
mod bench;
#[path = "docker/failing.rs"]
mod failing;
#[path = "docker/measuring.rs"]
mod measuring;
#[path = "docker/migrating.rs"]
mod migrating;
#[path = "docker/pulling.rs"]
mod pulling;
#[path = "docker/reconciling.rs"]
mod reconciling;
#[path = "docker/records.rs"]
mod records;
#[path = "docker/slots.rs"]
mod slots;

#[allow(dead_code, reason = "shared with other tests")]
mod support {
    #[path = "../support/docker.rs"]
    pub mod docker;
    #[path = "../support/named.rs"]
    pub mod named;
    #[path = "../support/nginx.rs"]
    pub mod nginx;

    pub use nginx::free_port;
}
