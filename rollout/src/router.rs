//! What splits the traffic: which router it is, where it is, and what it can do.

mod caddy;
mod capabilities;
mod digitalocean;
mod dns;
mod door;
mod embedded;
mod haproxy;
mod members;
mod nginx;
mod traefik;

pub use caddy::Caddy;
pub use capabilities::{Capabilities, Possible};
pub use digitalocean::{DigitalOcean, MOST_DROPLETS, Pool, Reach};
pub use dns::{Algorithm, Dns, Fronts, Provider, Update};
pub use door::{DOOR_ENTER, DOOR_HEADER, DOOR_LEAVE, DOOR_MAX_AGE, Door, DoorKey, door_cookie};
pub use embedded::Embedded;
pub use haproxy::Haproxy;
pub use members::Members;
pub use nginx::{Nginx, Servers};
pub use traefik::Traefik;

use serde::{Deserialize, Serialize};

/// What splits the traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RouterKind {
    Nginx(Nginx),
    Haproxy(Haproxy),
    Embedded(Embedded),
    #[serde(rename = "digitalocean")]
    DigitalOcean(DigitalOcean),
    Dns(Dns),
    Caddy(Caddy),
    Traefik(Traefik),
}
