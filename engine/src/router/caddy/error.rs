use super::super::drift::Seen;
use rollout::slot::Split;
use std::path::PathBuf;

/// What can go wrong with Caddy.
#[derive(Debug, thiserror::Error)]
pub enum CaddyError {
    #[error(
        "Caddy's admin API does not answer on {admin}: {why}. Start Caddy, or set `admin` in [traffic.caddy] to the \
         address of its `admin` option"
    )]
    Silent { admin: String, why: String },

    #[error("what answers on {admin} is not the admin API of Caddy 2.8 or newer: {why}")]
    NotCaddy { admin: String, why: String },

    #[error("Caddy's admin API on {admin} answers {status}: {said}")]
    Answers { admin: String, status: u16, said: String },

    #[error("Caddy refused the configuration and serves on as before. Caddy said: {said}")]
    Refused { said: String },

    #[error("somebody else changes Caddy's configuration on {admin} again and again at the same time: try again later")]
    Busy { admin: String },

    #[error(
        "Caddy has no server named `{server}`: {there}. Set `server` in [traffic.caddy] to the one that takes this \
         application's requests"
    )]
    NoServer { server: String, there: String },

    #[error(
        "Caddy is told not to keep its configuration (admin.config.persist is false), so a restart would drop this \
         application: take that out of its configuration, and start it with `caddy run --resume`"
    )]
    NotKept,

    #[error("Caddy took the configuration, but {seconds} s later {seen}")]
    NotInEffect { seconds: u64, seen: String },

    #[error("Caddy does not answer for this application on 127.0.0.1:{port}: {why}")]
    NotAnswering { port: u16, why: String },

    #[error("Caddy cannot see the dial {}: {fix}", .folder.display())]
    DialHidden { folder: PathBuf, fix: String },

    #[error("the dial says {dial}, but Caddy sends {seen}")]
    Disagrees { dial: Split, seen: Seen },
}
