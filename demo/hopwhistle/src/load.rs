//! `hopwhistle load URL [RATE]`: a few users who know nothing of releases. Gentle, and for as long as it runs: without
//! traffic there is nothing to judge a release by. For counting there is `demo/load.mjs`.

use crate::http::{Answer, Connection, Url};
use crate::log;
use crate::release::variable;
use serde_json::{Value, json};
use std::io;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// Connections, each for one request at a time: slow answers hold up one of them.
const USERS: u32 = 20;
/// Requests in a row of a user that belong together: one in ten keeps its cookie.
const KEEPS_COOKIE: u64 = 10;

/// Hosts as the demo's router knows them. `HOPWHISTLE_WEB` and `HOPWHISTLE_API` name others.
struct Hosts {
    web: String,
    api: String,
}

/// What a user asks for next.
#[derive(Debug, PartialEq, Eq)]
enum Ask {
    Page,
    Calls,
    Login,
    Call,
}

impl Ask {
    /// One in five changes something, as `load.mjs` has it: a login, or a call.
    fn number(count: u64) -> Ask {
        match count % 20 {
            0 | 10 => Ask::Login,
            5 | 15 => Ask::Call,
            3 | 8 | 13 | 18 => Ask::Page,
            _ => Ask::Calls,
        }
    }
}

pub async fn run(url: &str, rate: &str) -> Result<(), String> {
    let server = Url::parse(url)?.server;
    let rate: u32 = rate
        .parse()
        .ok()
        .filter(|rate| (1..=1_000).contains(rate))
        .ok_or_else(|| format!("{rate:?} is no rate: expected a number of requests a second from 1 to 1000"))?;
    let pause = Duration::from_secs(1) * USERS / rate;
    let users: Vec<_> = (0..USERS).map(|number| tokio::spawn(user(server.clone(), number, pause))).collect();
    let listen = |kind| signal(kind).map_err(|problem| format!("signals cannot be handled: {problem}"));
    let (mut term, mut int) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
    users.iter().for_each(tokio::task::JoinHandle::abort);
    Ok(())
}

/// Goes on whatever comes: a service that is away is away for its users, too.
async fn user(server: String, number: u32, pause: Duration) {
    let hosts = Hosts {
        web: variable("HOPWHISTLE_WEB").ok().flatten().unwrap_or_else(|| "hopwhistle.localhost".to_owned()),
        api: variable("HOPWHISTLE_API").ok().flatten().unwrap_or_else(|| "api.hopwhistle.localhost".to_owned()),
    };
    let mut ticks = interval_at(Instant::now() + pause * number / USERS, pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut connection, mut token, mut cookie, mut was_away) = (None, None, None::<String>, false);
    for count in u64::from(number).. {
        ticks.tick().await;
        let kept = if count.is_multiple_of(KEEPS_COOKIE) { cookie.clone() } else { None };
        match ask(&mut connection, &server, &hosts, &Ask::number(count), token.as_deref(), kept.as_deref()).await {
            Ok(answer) => {
                was_away = false;
                cookie = cookie.or(answer.cookie);
                let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
                token = body["token"].as_str().map(str::to_owned).or(token);
            }
            Err(problem) => {
                connection = None;
                if number == 0 && !was_away {
                    log::error(&format!("{server} is away: {problem}"));
                }
                was_away = true;
            }
        }
    }
}

async fn ask(
    connection: &mut Option<Connection>,
    server: &str,
    hosts: &Hosts,
    ask: &Ask,
    token: Option<&str>,
    cookie: Option<&str>,
) -> io::Result<Answer> {
    let open = match connection {
        Some(open) => open,
        None => connection.insert(Connection::open(server).await?),
    };
    let bearer = format!("Bearer {}", token.unwrap_or_default());
    let mut headers: Vec<(&str, &str)> = cookie.map(|cookie| ("Cookie", cookie)).into_iter().collect();
    match ask {
        Ask::Page => open.send_to(&hosts.web, "GET", "/", &headers, "").await,
        Ask::Calls => open.send_to(&hosts.api, "GET", "/api/v1/calls", &headers, "").await,
        // Nobody can make a call before the first login was answered.
        Ask::Call if token.is_some() => {
            headers.push(("Authorization", &bearer));
            let body = json!({ "toNumber": "+15551234567", "estimatedMinutes": 1 }).to_string();
            open.send_to(&hosts.api, "POST", "/api/v1/calls", &headers, &body).await
        }
        Ask::Login | Ask::Call => {
            let body = json!({ "email": "test@example.com", "password": "test123" }).to_string();
            open.send_to(&hosts.api, "POST", "/api/v1/auth/login", &headers, &body).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_request_in_five_changes_something() {
        let asked: Vec<Ask> = (0..100).map(Ask::number).collect();
        let count = |wanted: &Ask| asked.iter().filter(|ask| *ask == wanted).count();
        assert_eq!([Ask::Login, Ask::Call, Ask::Page, Ask::Calls].map(|ask| count(&ask)), [10, 10, 20, 60]);
    }

    #[tokio::test]
    async fn what_is_no_rate_is_told() {
        for rate in ["0", "1001", "-1", "many"] {
            assert!(run("http://127.0.0.1:1", rate).await.unwrap_err().starts_with(&format!("{rate:?} is no rate")));
        }
    }
}
