//! Droplets: which there are, whether they are on, and where they are reached.

use super::ApiError;
use super::client::{Client, Request};
use serde::Deserialize;
use std::net::IpAddr;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Droplet {
    pub id: u64,
    #[serde(default)]
    pub name: String,
    /// `new`, `active`, `off` or `archive`.
    pub status: String,
    #[serde(default)]
    region: Option<Region>,
    #[serde(default)]
    networks: Networks,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Region {
    slug: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
struct Networks {
    #[serde(default)]
    v4: Vec<Network>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Network {
    ip_address: IpAddr,
    /// `public` or `private`.
    r#type: String,
}

impl Droplet {
    pub fn is_active(&self) -> bool {
        self.status == "active"
    }

    /// `fra1`
    pub fn region(&self) -> Option<&str> {
        self.region.as_ref().map(|region| region.slug.as_str())
    }

    /// Its address in its private network, where a load balancer of its region reaches it.
    pub fn private(&self) -> Option<IpAddr> {
        self.address("private")
    }

    pub fn public(&self) -> Option<IpAddr> {
        self.address("public")
    }

    fn address(&self, kind: &str) -> Option<IpAddr> {
        self.networks.v4.iter().find(|network| network.r#type == kind).map(|network| network.ip_address)
    }
}

#[derive(Deserialize)]
struct One {
    droplet: Droplet,
}

const READ: &str = "droplet:read";

impl Client {
    /// # Errors
    /// [`ApiError::NotFound`] when there is none of this id, and all that any request can end in.
    pub async fn droplet(&self, id: u64) -> Result<Droplet, ApiError> {
        let request = Request::get(format!("show the droplet {id}"), &["droplets", &id.to_string()], READ);
        Ok(self.fetch::<One>(&request).await?.droplet)
    }

    /// Every droplet that has this tag, by rising id.
    ///
    /// # Errors
    /// All that any request can end in.
    pub async fn droplets_by_tag(&self, tag: &str) -> Result<Vec<Droplet>, ApiError> {
        let asked = format!("list the droplets with the tag {tag}");
        let request = || Request::get(asked.clone(), &["droplets"], READ).query("tag_name", tag);
        let mut droplets: Vec<Droplet> = self.all("droplets", request).await?;
        droplets.sort_by_key(|droplet| droplet.id);
        Ok(droplets)
    }
}
