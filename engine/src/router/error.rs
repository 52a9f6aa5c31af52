//! What can go wrong with a router, in sentences.

use super::digitalocean::BalancerError;
use super::drift::Seen;
use super::nginx::NginxError;
use rollout::slot::Split;
use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum RouterError {
    #[error("{what} `{value}` cannot be used: expected {expected}")]
    Invalid { what: &'static str, value: String, expected: &'static str },

    #[error("there is nothing to route: the application needs at least one routed service")]
    NoRoutes,

    #[error("the configuration for nginx was rendered wrong and was not used: {0}")]
    Lint(String),

    #[error("{} was not written by Crossfade, so it was left alone: move it away, then try again", .path.display())]
    NotOurs { path: PathBuf },

    #[error(
        "{} was edited by hand since Crossfade wrote it, so it was left alone: move the changes to a file of your own, \
         delete this one, then try again", .path.display()
    )]
    Edited { path: PathBuf },

    #[error("nginx does not run: {why}")]
    NotRunning { why: String },

    #[error("nginx could not be told to reload: {why}")]
    Signal { why: String },

    #[error("nginx refused the configuration, so it was taken back and nothing has changed. nginx said: {said}")]
    Refused { said: String },

    #[error(
        "nginx would ignore {host} on {listen}, because another of its files serves that name already. The \
         configuration was taken back and nothing has changed. Take the name out of the other file \
         (`grep -rn '{host}'` in nginx's folder finds it), then try again"
    )]
    HostTaken { host: String, listen: String },

    #[error(
        "port {port} is another application's admin port. The configuration was taken back and nothing has changed. \
         Give this application a port of its own"
    )]
    AdminPortTaken { port: u16 },

    #[error(
        "nginx does not read {}: {} must include the folder's *.conf files inside its `http` block. The file was taken \
         back and nothing has changed", .path.display(), .config.display()
    )]
    NotIncluded { path: PathBuf, config: PathBuf },

    #[error("nginx was told to reload, but after {seconds} s {seen}; generation {wanted} was expected{log}")]
    NotInEffect { seconds: u64, wanted: String, seen: String, log: String },

    #[error("{why}. {now}")]
    TakenBack { why: Box<RouterError>, now: String },

    #[error("nginx does not answer for this application on 127.0.0.1:{port}: {why}")]
    NotAnswering { port: u16, why: String },

    #[error("nginx cannot see the dial {}: {fix}", .folder.display())]
    DialHidden { folder: PathBuf, fix: String },

    #[error("the dial {} {why}", .path.display())]
    Dial { path: PathBuf, why: String },

    #[error("the dial says {dial}, but nginx sends {seen}")]
    Disagrees { dial: Split, seen: Seen },

    #[error("the split was not changed to {wanted}: {why}. {now}")]
    NotSet { wanted: Split, why: Box<RouterError>, now: String },

    #[error("{0}")]
    Nginx(#[from] NginxError),

    #[error("the embedded proxy: {0}")]
    Proxy(#[from] proxy::caller::CallError),

    #[error(transparent)]
    Haproxy(#[from] super::haproxy::HaproxyError),

    #[error("{0}")]
    Unroutable(String),

    #[error("the embedded proxy does not serve the application {application}: run `crossfade application add` again")]
    NotServed { application: String },

    #[error("the embedded proxy was told {wanted}, but says that it is at {now}")]
    NotTaken { wanted: Split, now: Split },

    #[error("{0}")]
    Balancer(#[from] BalancerError),

    #[error("this router has no testers' door")]
    NoDoor,

    #[error("there is no key for the testers' door, since the machine gives no random numbers: {why}")]
    NoKey { why: String },

    #[error(
        "nginx does not find the key of the testers' door in {}: its workers must be able to enter that folder, and run \
         the file that `crossfade application add` writes", .folder.display()
    )]
    DoorNotSeen { folder: PathBuf },

    #[error(transparent)]
    Dns(#[from] super::dns::DnsError),

    #[error("{0}")]
    Caddy(#[from] super::caddy::CaddyError),

    #[error("{0}")]
    Traefik(#[from] super::traefik::TraefikError),

    #[error("could not {doing} {}: {source}", .path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },

    #[error("could not run {program}: {why}")]
    Program { program: String, why: String },

    #[error("the work was interrupted because Crossfade is stopping: start it again")]
    Interrupted,
}

impl RouterError {
    /// For `map_err` on a file operation: what was being done, and to what.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RouterError + use<> {
        let path = path.to_owned();
        move |source| RouterError::Io { doing, path, source }
    }
}
