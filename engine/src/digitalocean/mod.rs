//! DigitalOcean's API v2, as far as routers need it: load balancers, droplets, the records of domains.
//!
//! | file | what |
//! |---|---|
//! | `client` | one request: sent, judged, sent again where that is safe |
//! | `judge` | what an answer means, and whether asking again may help |
//! | `pace` | how long is waited, and how often it is tried |
//! | `pages` | lists, to their last page |
//! | `balancers`, `droplets`, `domains` | the calls, and what they answer |
//! | `error` | what can go wrong, in sentences |
//!
//! Facts are those of the published OpenAPI document (github.com/digitalocean/openapi) and of the API's reference.

mod balancers;
mod client;
mod domains;
mod droplets;
mod error;
mod judge;
mod pace;
mod pages;

pub use balancers::{ForwardingRule, HealthCheck, LoadBalancer, StickySessions};
pub use client::{API, Client};
pub use domains::{NewRecord, Record, RecordChange};
pub use droplets::Droplet;
pub use error::{ApiError, Said};
pub use pace::Pace;
