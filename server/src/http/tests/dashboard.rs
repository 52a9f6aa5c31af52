//! A dashboard to test, and a browser that keeps cookies.

use crate::http;
use crate::http::session_store::SessionStore;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use engine::store::applications::Address;
use engine::{Definition, Engine};
use rollout::actor::{Actor, Role};
use rollout::command::{Ask, Command, Report};
use rollout::event::{Entry, RolloutId, StepIndex};
use rollout::open::Open;
use rollout::plan::Step;
use rollout::slot::Slot;
use rollout::start;
use std::collections::BTreeMap;
use std::path::PathBuf;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tower_sessions::SessionStore as _;
use tower_sessions::session::{Id, Record};

pub const PASSWORD: &str = "correct horse";
pub const HOST: &str = "deploy.example";

/// The application that every dashboard has. Its images are nowhere: no step gets past preflight.
const APPLICATION: &str = r#"
name = "shop"
[services.web]
routed = { port = 3000, hosts = ["shop.test"] }
[traffic]
stages = [{ weight = 10, approve = { role = "release-manager", count = 2 } }, { weight = 100 }]
[traffic.nginx]
config = "nginx.conf"
conf_d = "conf.d"
pid    = "nginx.pid"
dial   = "dial"
[[monitor.metric]]
name = "errors <b>of</b> \"all\""
max  = 0.001
"#;
const COMPOSE: &str = "services:\n  web:\n    image: registry.invalid/web:${VERSION}\n";

pub struct Dashboard {
    pub engine: Engine,
    pub router: Router,
    secure: bool,
    folder: tempfile::TempDir,
}

impl Dashboard {
    pub async fn new() -> Dashboard {
        Dashboard::with(false).await
    }

    pub async fn with(secure: bool) -> Dashboard {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("site/pkg")).unwrap();
        std::fs::write(folder.path().join("site/hash.txt"), "js: x\nwasm: x\ncss: x\n").unwrap();
        std::fs::write(folder.path().join("site/pkg/crossfade.x.js"), "export default () => {};").unwrap();
        std::fs::write(folder.path().join("crossfade.toml"), APPLICATION).unwrap();
        std::fs::write(folder.path().join("docker-compose.yml"), COMPOSE).unwrap();
        let engine = Engine::open(&folder.path().join("crossfade.db")).await.unwrap();
        let file = folder.path().join("crossfade.toml").display().to_string();
        engine.store().save_application("shop", &file, 1, &[]).await.unwrap();
        let stop = CancellationToken::new();
        let router = http::router(&engine, &folder.path().join("site"), secure, &stop).unwrap();
        Dashboard { engine, router, secure, folder }
    }

    /// From now on it counts that there is no nginx: Crossfade has left one here.
    pub async fn care_for_the_router(&self) {
        let store = self.engine.store();
        let address = |slot| Address { service: "web".to_owned(), slot, port: 2 + slot as u16 };
        let file = self.file().display().to_string();
        let row = store.save_application("shop", &file, 1, &Slot::BOTH.map(address)).await.unwrap();
        store.adopted(row.id).await.unwrap();
    }

    /// The database itself, for rows that no command would write so fast.
    pub async fn database(&self) -> sqlx::SqlitePool {
        sqlx::SqlitePool::connect_with(
            sqlx::sqlite::SqliteConnectOptions::new().filename(self.folder.path().join("crossfade.db")),
        )
        .await
        .unwrap()
    }

    pub fn cookie_name(&self) -> &'static str {
        if self.secure { "__Host-crossfade" } else { "crossfade" }
    }

    /// Somebody with [`PASSWORD`]. Slow: it is hashed.
    pub async fn add_user(&self, name: &str, role: Role) {
        self.engine.store().add_user(name, role, PASSWORD).await.unwrap().unwrap();
    }

    pub fn browser(&self) -> Browser<'_> {
        Browser { dashboard: self, cookies: BTreeMap::new() }
    }

    /// A browser of somebody who has signed in, named as their role. Quick: no password is looked at.
    pub async fn signed_in(&self, role: Role) -> Browser<'_> {
        let store = self.engine.store();
        store.save_user(role.as_str(), role, "none").await.unwrap();
        let user = store.user_by_name(role.as_str()).await.unwrap().unwrap();
        let mut record = Record {
            id: Id::default(),
            data: [("user".to_owned(), user.id.into())].into(),
            expiry_date: time::OffsetDateTime::now_utc() + time::Duration::hours(1),
        };
        let sessions = SessionStore::new(store.clone());
        sessions.create(&mut record).await.unwrap();
        sessions.save(&record).await.unwrap();
        let cookies = BTreeMap::from([(self.cookie_name().to_owned(), record.id.to_string())]);
        Browser { dashboard: self, cookies }
    }

    /// A rollout from 1.0.0 to this version that nobody carries out.
    pub async fn start(&self, version: &str) -> RolloutId {
        let database = self.database().await;
        sqlx::query("update applications set live_slot = 'blue', blue = '1.0.0'").execute(&database).await.unwrap();
        let definition = Definition::load(&self.file()).unwrap();
        let actor = Actor::user("ada", Role::Deployer);
        let begun = self
            .engine
            .store()
            .begin("shop", &actor, &definition, |standing| start::forward(&definition.application, standing, version))
            .await;
        begun.unwrap().unwrap()
    }

    /// A rollout that waits for approvals of its first stage.
    pub async fn start_and_reach_gate(&self, version: &str) -> RolloutId {
        let id = self.start(version).await;
        loop {
            let rollout = self.report(id, Report::Advance).await;
            if rollout.gate.is_some() {
                return id;
            }
            let (step, _) = rollout.running().unwrap();
            self.done(id, step).await;
        }
    }

    /// The running step ends well.
    pub async fn done(&self, id: RolloutId, step: StepIndex) -> rollout::Rollout {
        let rollout = self.engine.store().rollout(id).await.unwrap().unwrap();
        let report = match rollout.steps[step].step {
            Step::Drain { .. } => Report::Drained { step, open: Open::Connections(0) },
            _ => Report::Succeeded { step, summary: "done".to_owned(), images: BTreeMap::new() },
        };
        self.report(id, report).await
    }

    pub async fn report(&self, id: RolloutId, report: Report) -> rollout::Rollout {
        self.engine.store().decide(id, &Actor::Engine, &Command::Engine(report)).await.unwrap().unwrap().rollout
    }

    /// Asks past the policy, and past the runner.
    pub async fn ask(&self, id: RolloutId, name: &str, ask: Ask) {
        let actor = Actor::user(name, Role::Admin);
        self.engine.store().decide(id, &actor, &Command::Person(ask)).await.unwrap().unwrap();
    }

    pub async fn journal(&self, id: RolloutId) -> Vec<Entry> {
        self.engine.store().entries_after(id, 0).await.unwrap()
    }

    /// The testers' door as it lies on the disk for nginx, which is not there to confirm it.
    pub fn open_door(&self, slot: Slot, key: &str) {
        let folder = self.folder.path().join("dial/shop/door").join(slot.as_str());
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(key), "").unwrap();
    }

    pub fn close_door(&self) {
        std::fs::remove_dir_all(self.folder.path().join("dial/shop/door")).unwrap();
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("crossfade.toml")
    }
}

/// Sends what a browser sends for a link and for a form, and keeps cookies. Redirects are not followed.
#[derive(Clone)]
pub struct Browser<'a> {
    dashboard: &'a Dashboard,
    cookies: BTreeMap<String, String>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Where it redirects to.
    pub fn location(&self) -> &str {
        assert!(self.status.is_redirection(), "{}: {}", self.status, self.body);
        self.header("location")
    }

    /// The value of the first attribute of this name after `from`, as a browser reads it.
    pub fn attribute(&self, from: &str, name: &str) -> String {
        let (_, rest) = self.body.split_once(from).unwrap_or_else(|| panic!("no {from} in {}", self.body));
        let (_, rest) = rest.split_once(&format!("{name}=\"")).unwrap_or_else(|| panic!("no {name} after {from}"));
        unescaped(rest.split_once('"').unwrap().0)
    }
}

/// Text as a browser reads it.
pub fn unescaped(html: &str) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#39;", "'"), ("&amp;", "&")]
        .iter()
        .fold(html.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

/// A form's body.
pub fn encoded(fields: &[(&str, &str)]) -> String {
    let quote = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    fields.iter().map(|(name, value)| format!("{name}={}", quote(value))).collect::<Vec<_>>().join("&")
}

impl Browser<'_> {
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(Method::POST, path, &[], &encoded(fields)).await
    }

    /// Asks something of a rollout, by its form.
    pub async fn ask(&mut self, id: RolloutId, kind: &str, text: &str) -> Answer {
        self.post("/api/ask", &[("rollout", &id.0.to_string()), ("kind", kind), ("stage", "0"), ("text", text)]).await
    }

    pub async fn sign_in(&mut self, name: &str, password: &str, to: &str) -> Answer {
        self.post("/api/sign-in", &[("name", name), ("password", password), ("to", to)]).await
    }

    /// The session's cookie.
    pub fn session(&self) -> Option<&str> {
        self.cookies.get(self.dashboard.cookie_name()).map(String::as_str)
    }

    pub async fn send(&mut self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request =
            Request::builder().method(&method).uri(path).header("host", HOST).header("accept", "text/html");
        if method == Method::POST {
            request = request.header("content-type", "application/x-www-form-urlencoded");
            request = request.header("content-length", body.len());
        }
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let answer = self.dashboard.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            self.keep(cookie.to_str().unwrap());
        }
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    fn keep(&mut self, cookie: &str) {
        let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
        if cookie.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}
