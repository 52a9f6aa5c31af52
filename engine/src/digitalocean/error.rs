//! What can go wrong with DigitalOcean's API, in sentences: what was asked, what was answered, what to do.

use crate::secrets::SecretError;
use std::fmt;
use std::time::Duration;

/// What the API itself said about a request that it did not carry out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The HTTP status.
    pub status: u16,
    pub message: String,
    /// What DigitalOcean's support asks for.
    pub request_id: Option<String>,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if !self.message.is_empty() {
            write!(f, " \"{}\"", self.message)?;
        }
        match &self.request_id {
            Some(id) => write!(f, " (request {id})"),
            None => Ok(()),
        }
    }
}

/// `asked` completes "DigitalOcean was asked to".
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error("the token for DigitalOcean: {0}")]
    Token(#[from] SecretError),

    #[error("the token for DigitalOcean, {0}, holds characters that no token has: put the token alone there")]
    TokenGarbled(String),

    #[error("`{base}` cannot be DigitalOcean's API: {why}")]
    Base { base: String, why: &'static str },

    #[error(
        "DigitalOcean was asked to {asked}, but could not be reached: {why}. Try again once this machine reaches \
         {base}"
    )]
    Unreachable { asked: String, base: String, why: String },

    #[error(
        "DigitalOcean was asked to {asked}, but the answer did not come: {why}. {}",
        if *.change { "Whether it was done is not known: look, and try again" } else { "Try again" }
    )]
    Lost { asked: String, why: String, change: bool },

    #[error(
        "DigitalOcean was asked to {asked}, and answered {said}: the token {token} is not valid. Make a new one, put it \
         there, and try again"
    )]
    Unauthorized { asked: String, said: Said, token: String },

    #[error(
        "DigitalOcean was asked to {asked}, and answered {said}: the token {token} may not do that. Give it the scope \
         {scope}, and try again"
    )]
    Forbidden { asked: String, said: Said, token: String, scope: &'static str },

    #[error(
        "DigitalOcean was asked to {asked}, and answered {said}: there is no such thing, or the token's team does not \
         own it. Look at the id in the application file"
    )]
    NotFound { asked: String, said: Said },

    #[error("DigitalOcean was asked to {asked}, and refused it as invalid: {said}")]
    Invalid { asked: String, said: Said },

    #[error(
        "DigitalOcean was asked to {asked}, and answered {said}: the token's rate limit is used up{}. Try again then; \
         everything that uses the same token counts", .wait.map(in_words).unwrap_or_default()
    )]
    RateLimited { asked: String, said: Said, wait: Option<Duration> },

    #[error(
        "DigitalOcean was asked to {asked}, and answered {said}, still after {} s: it is at work on an earlier change. \
         Try again when the load balancer is active", .waited.as_secs()
    )]
    Processing { asked: String, said: Said, waited: Duration },

    #[error(
        "DigitalOcean was asked to {asked}, and answered {said}{}. Look at https://status.digitalocean.com, and try \
         again", if *.tries > 1 { format!(", {tries} times") } else { String::new() }
    )]
    Failing { asked: String, said: Said, tries: u32 },

    #[error("DigitalOcean was asked to {asked}, and answered {said}, which is not expected there")]
    Unexpected { asked: String, said: Said },

    #[error("DigitalOcean was asked to {asked}, and its answer is not what its reference says: {why}")]
    Garbled { asked: String, why: String },
}

impl ApiError {
    /// Whether the change that was asked for may have been made all the same.
    pub fn may_have_taken(&self) -> bool {
        matches!(self, ApiError::Lost { .. } | ApiError::Failing { .. } | ApiError::Garbled { .. })
    }

    pub fn is_not_found(&self) -> bool {
        matches!(self, ApiError::NotFound { .. })
    }
}

fn in_words(wait: Duration) -> String {
    match wait.as_secs() {
        seconds @ ..120 => format!(" for {} s", seconds + 1),
        seconds => format!(" for {} minutes", seconds.div_ceil(60)),
    }
}
