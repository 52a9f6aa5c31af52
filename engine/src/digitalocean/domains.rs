//! The records of a domain whose name servers are DigitalOcean's.

use super::ApiError;
use super::client::{Client, Request};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A record, as the API has it. Several of one name and type are one set, and there are no weights among them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Record {
    pub id: u64,
    /// `A`, `AAAA`, `CNAME` ..
    pub r#type: String,
    /// Relative to the domain; `@` is the domain itself.
    pub name: String,
    pub data: String,
    /// Seconds.
    pub ttl: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewRecord {
    pub r#type: String,
    /// Relative to the domain; `@` is the domain itself.
    pub name: String,
    pub data: String,
    /// Seconds; DigitalOcean takes 30 and more.
    pub ttl: u32,
}

/// What of a record is changed; the rest stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RecordChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u32>,
}

#[derive(Deserialize)]
struct One {
    domain_record: Record,
}

const READ: &str = "domain:read";

impl Client {
    /// The records of a domain; of one type, and of one name, where those are given. `name` is a full name:
    /// `www.example.com`.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] when the domain is not at DigitalOcean, and all that any request can end in.
    pub async fn records(
        &self,
        domain: &str,
        r#type: Option<&str>,
        name: Option<&str>,
    ) -> Result<Vec<Record>, ApiError> {
        let asked = match name {
            Some(name) => format!("list the records of {name}"),
            None => format!("list the records of the domain {domain}"),
        };
        let request = || {
            let filters = [("type", r#type), ("name", name)];
            let request = Request::get(asked.clone(), &["domains", domain, "records"], READ);
            filters.into_iter().fold(request, |request, (key, value)| match value {
                Some(value) => request.query(key, value),
                None => request,
            })
        };
        self.all("domain_records", request).await
    }

    /// Sent once: after an error that [may have taken](ApiError::may_have_taken), look before another try, or there
    /// are two.
    ///
    /// # Errors
    /// All that any request can end in.
    pub async fn create_record(&self, domain: &str, record: &NewRecord) -> Result<Record, ApiError> {
        let NewRecord { r#type, name, data, .. } = record;
        let asked = format!("create the record {name} {type} {data} of {domain}");
        let request = Request::new(Method::POST, asked, &["domains", domain, "records"], "domain:create");
        Ok(self.fetch::<One>(&request.body(json!(record))).await?.domain_record)
    }

    /// # Errors
    /// [`ApiError::NotFound`] when the record is gone, and all that any request can end in.
    pub async fn update_record(&self, domain: &str, id: u64, change: &RecordChange) -> Result<Record, ApiError> {
        let asked = format!("change the record {id} of {domain}");
        let path = ["domains", domain, "records", &id.to_string()];
        let request = Request::new(Method::PATCH, asked, &path, "domain:update");
        Ok(self.fetch::<One>(&request.body(json!(change))).await?.domain_record)
    }

    /// Fine when it is gone once it was asked for more than once.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] when there was none, and all that any request can end in.
    pub async fn delete_record(&self, domain: &str, id: u64) -> Result<(), ApiError> {
        let asked = format!("delete the record {id} of {domain}");
        let path = ["domains", domain, "records", &id.to_string()];
        self.send(&Request::new(Method::DELETE, asked, &path, "domain:delete")).await.map(drop)
    }
}
