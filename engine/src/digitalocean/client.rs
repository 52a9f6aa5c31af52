//! One request: sent, judged, and sent again where that is safe.

use super::judge::{self, Meaning};
use super::{ApiError, Pace, Said};
use crate::secrets;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Method, Url};
use rollout::application::Secret;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::{Duration, Instant, SystemTime};

/// Where the API is.
pub const API: &str = "https://api.digitalocean.com";

/// Cheap to clone. The token is looked up for each request, and never kept.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    token: Secret,
    pub(super) pace: Pace,
}

/// What is asked of the API.
pub(super) struct Request {
    /// Completes "DigitalOcean was asked to".
    pub asked: String,
    pub method: Method,
    /// Segments below `/v2`.
    pub path: Vec<String>,
    pub query: Vec<(&'static str, String)>,
    pub body: Option<Value>,
    /// Asked twice, it comes to the same as asked once.
    pub repeatable: bool,
    /// Which scope the token needs for it.
    pub scope: &'static str,
}

impl Request {
    pub fn get(asked: impl Into<String>, path: &[&str], scope: &'static str) -> Request {
        Request::new(Method::GET, asked, path, scope)
    }

    pub fn new(method: Method, asked: impl Into<String>, path: &[&str], scope: &'static str) -> Request {
        Request {
            asked: asked.into(),
            repeatable: method != Method::POST,
            method,
            path: path.iter().map(|part| (*part).to_owned()).collect(),
            query: vec![],
            body: None,
            scope,
        }
    }

    pub fn query(mut self, key: &'static str, value: impl ToString) -> Request {
        self.query.push((key, value.to_string()));
        self
    }

    pub fn body(mut self, body: Value) -> Request {
        self.body = Some(body);
        self
    }

    /// It must not be sent again unless the first one surely did nothing.
    pub fn once(self) -> Request {
        Request { repeatable: false, ..self }
    }
}

/// How one try ended.
enum Tried {
    Done(Vec<u8>),
    /// Nothing was done.
    Refused(ApiError),
    /// Nothing was done, and the same request may be let through later.
    Wait(Option<Duration>, ApiError),
    /// The load balancer is at work.
    Processing(Said),
    /// It may have been done.
    Unsure(ApiError),
}

impl Client {
    /// `base` is [`API`], or where something stands in for it; over plain HTTP on this machine only.
    ///
    /// # Errors
    /// When `base` is not such an address.
    pub fn new(base: &str, token: Secret) -> Result<Client, ApiError> {
        let wrong = |why| ApiError::Base { base: base.to_owned(), why };
        let url = Url::parse(base).map_err(|_| wrong("write an address, like https://api.digitalocean.com"))?;
        let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        match url.scheme() {
            "https" => {}
            "http" if here => {}
            _ => return Err(wrong("the token is sent over https, or to this machine")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("no name or password stands in it"));
        }
        // A redirect would carry the token elsewhere.
        let builder = reqwest::Client::builder()
            .user_agent(concat!("crossfade/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10));
        let builder = if here { builder.no_proxy() } else { builder };
        let http = builder.build().map_err(|_| wrong("this machine has no TLS to reach it"))?;
        Ok(Client { http, base: url, token, pace: Pace::default() })
    }

    #[must_use]
    pub fn with_pace(self, pace: Pace) -> Client {
        Client { pace, ..self }
    }

    pub fn pace(&self) -> &Pace {
        &self.pace
    }

    /// Sends a request whose answer has a body.
    pub(super) async fn fetch<T: DeserializeOwned>(&self, request: &Request) -> Result<T, ApiError> {
        let body = self.send(request).await?;
        serde_json::from_slice(&body).map_err(|error| {
            // The position says little, and a quoted value may be anything.
            let why = match body.is_empty() {
                true => "it is empty".to_owned(),
                false => error.to_string(),
            };
            ApiError::Garbled { asked: request.asked.clone(), why }
        })
    }

    /// Sends a request, again where it is safe and may help.
    pub(super) async fn send(&self, request: &Request) -> Result<Vec<u8>, ApiError> {
        let begun = Instant::now();
        let mut tries = 1;
        loop {
            let (wait, error) = match self.try_once(request, tries).await? {
                Tried::Done(body) => return Ok(body),
                // Whoever asked to delete it, and did not hear that it was done, has what was wanted.
                Tried::Refused(ApiError::NotFound { .. }) if tries > 1 && request.method == Method::DELETE => {
                    return Ok(vec![]);
                }
                Tried::Refused(error) => return Err(error),
                Tried::Processing(said) => {
                    let waited = begun.elapsed();
                    if waited >= self.pace.processing {
                        return Err(ApiError::Processing { asked: request.asked.clone(), said, waited });
                    }
                    tracing::debug!("DigitalOcean is asked again to {}: {said}", request.asked);
                    tokio::time::sleep(self.pace.look).await;
                    // However often: it is the time that counts.
                    continue;
                }
                Tried::Unsure(error) if !request.repeatable => return Err(error),
                Tried::Unsure(error) => (None, error),
                Tried::Wait(wait, error) => (wait, error),
            };
            tries += 1;
            let wait = wait.unwrap_or_else(|| self.pace.backoff(tries));
            if tries > self.pace.tries || wait > self.pace.longest_wait {
                return Err(error);
            }
            tracing::info!("DigitalOcean is asked again in {} ms: {error}", wait.as_millis());
            tokio::time::sleep(wait).await;
        }
    }

    async fn try_once(&self, request: &Request, tries: u32) -> Result<Tried, ApiError> {
        let token = secrets::resolve(&self.token)?;
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", token.trim()))
            .map_err(|_| ApiError::TokenGarbled(self.token_name()))?;
        bearer.set_sensitive(true);
        let mut sent = self
            .http
            .request(request.method.clone(), self.url(request))
            .header(AUTHORIZATION, bearer)
            .timeout(self.pace.request);
        if let Some(body) = &request.body {
            sent = sent.json(body);
        }
        let asked = request.asked.clone();
        let answer = match sent.send().await {
            Ok(answer) => answer,
            Err(error) if error.is_connect() => {
                let base = self.base.origin().ascii_serialization();
                let why = deepest(&error);
                return Ok(Tried::Wait(None, ApiError::Unreachable { asked, base, why }));
            }
            Err(error) => return Ok(Tried::Unsure(self.lost(request, &error))),
        };
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = match answer.bytes().await {
            Ok(body) => body,
            Err(error) => return Ok(Tried::Unsure(self.lost(request, &error))),
        };
        let said = judge::said(status, &headers, &body);
        let token = self.token_name();
        Ok(match judge::meaning(status, &headers, &said, SystemTime::now()) {
            Meaning::Done => Tried::Done(body.to_vec()),
            Meaning::Processing => Tried::Processing(said),
            Meaning::RateLimited(wait) => Tried::Wait(wait, ApiError::RateLimited { asked, said, wait }),
            Meaning::Failing => Tried::Unsure(ApiError::Failing { asked, said, tries }),
            Meaning::Unauthorized => Tried::Refused(ApiError::Unauthorized { asked, said, token }),
            Meaning::Forbidden => Tried::Refused(ApiError::Forbidden { asked, said, token, scope: request.scope }),
            Meaning::NotFound => Tried::Refused(ApiError::NotFound { asked, said }),
            Meaning::Invalid => Tried::Refused(ApiError::Invalid { asked, said }),
            Meaning::Unexpected => Tried::Refused(ApiError::Unexpected { asked, said }),
        })
    }

    fn url(&self, request: &Request) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("v2").extend(&request.path);
        }
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        url
    }

    fn lost(&self, request: &Request, error: &reqwest::Error) -> ApiError {
        let why = match error.is_timeout() {
            true => format!("none within {} s", self.pace.request.as_secs_f64()),
            false => deepest(error),
        };
        ApiError::Lost { asked: request.asked.clone(), why, change: request.method != Method::GET }
    }

    /// How the file refers to the token.
    fn token_name(&self) -> String {
        match &self.token {
            Secret::Env(name) => format!("env:{name}"),
            Secret::File(path) => format!("file:{path}"),
            Secret::Plain(_) => "in use".to_owned(),
        }
    }
}

/// "connection refused" rather than "error sending request".
fn deepest(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(base: &str) -> Result<Client, ApiError> {
        Client::new(base, Secret::Env("DO_TOKEN".into()))
    }

    #[test]
    fn the_token_is_sent_over_https_or_to_this_machine() {
        for base in [API, "https://proxy.test/do", "http://127.0.0.1:4000", "http://localhost:4000"] {
            assert!(client(base).is_ok(), "{base}");
        }
        for base in ["http://api.digitalocean.com", "http://10.0.0.1", "ftp://x", "api", "https://me:it@x.test"] {
            let error = client(base).unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{base}` cannot be DigitalOcean's API: ")), "{error}");
        }
    }

    #[test]
    fn a_path_is_made_of_its_parts() {
        let request = Request::get("look", &["domains", "a/../b?", "records"], "domain:read").query("name", "w w.x");
        for (base, url) in [
            (API, "https://api.digitalocean.com/v2/domains/a%2F..%2Fb%3F/records?name=w+w.x"),
            ("https://proxy.test/do/", "https://proxy.test/do/v2/domains/a%2F..%2Fb%3F/records?name=w+w.x"),
        ] {
            assert_eq!(client(base).unwrap().url(&request).as_str(), url);
        }
    }

    #[test]
    fn what_is_shown_of_a_client_holds_no_token() {
        let client = Client::new(API, Secret::Env("DO_TOKEN".into())).unwrap();
        assert_eq!(client.token_name(), "env:DO_TOKEN");
    }
}
