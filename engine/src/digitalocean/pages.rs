//! Lists, to their last page.

use super::ApiError;
use super::client::{Client, Request};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The API's most.
const PER_PAGE: u32 = 200;
/// An account has fewer; a list without an end is a mistake of whoever answers.
const MOST_PAGES: u32 = 500;

/// Where the next page is. Absent when one page is all.
#[derive(Default, Deserialize)]
struct Links {
    #[serde(default)]
    pages: Option<Pages>,
}

#[derive(Default, Deserialize)]
struct Pages {
    #[serde(default)]
    next: Option<String>,
}

impl Client {
    /// Every item of a list, which an answer has under `key`. Pages are asked for by number: a link could lead, and
    /// carry the token, elsewhere.
    pub(super) async fn all<T: DeserializeOwned>(
        &self,
        key: &'static str,
        request: impl Fn() -> Request,
    ) -> Result<Vec<T>, ApiError> {
        let mut all = vec![];
        for page in 1..=MOST_PAGES {
            let request = request().query("per_page", PER_PAGE).query("page", page);
            let garbled = |why: String| ApiError::Garbled { asked: request.asked.clone(), why };
            let mut answer: serde_json::Map<String, Value> = self.fetch(&request).await?;
            let items = answer.remove(key).ok_or_else(|| garbled(format!("`{key}` is missing")))?;
            let items: Vec<T> = serde_json::from_value(items).map_err(|error| garbled(error.to_string()))?;
            all.extend(items);
            let links = answer.remove("links").map(serde_json::from_value::<Links>);
            let links = links.transpose().map_err(|error| garbled(error.to_string()))?.unwrap_or_default();
            if links.pages.and_then(|pages| pages.next).is_none() {
                return Ok(all);
            }
        }
        let asked = request().asked;
        Err(ApiError::Garbled { asked, why: format!("it goes on after {MOST_PAGES} pages") })
    }
}
