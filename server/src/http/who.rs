//! Who asks. Strangers are sent to sign in; everybody else is known to every page behind this.

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use engine::Engine;
use engine::accounts::User;
use tower_sessions::Session;

/// Where the session keeps the user's id; written by the sign-in form.
const USER: &str = "user";
/// The hour in which the user was last here.
const SEEN: &str = "seen";

/// Open to strangers.
fn is_open(path: &str) -> bool {
    matches!(path, "/sign-in" | "/api/sign-in")
}

pub async fn know(State(engine): State<Engine>, session: Session, mut request: Request, next: Next) -> Response {
    let user = match signed_in(&engine, &session).await {
        Ok(user) => user,
        Err(response) => return response,
    };
    match user {
        Some(user) => {
            keep_alive(&session).await;
            request.extensions_mut().insert(user);
        }
        None if is_open(request.uri().path()) => {}
        None => return stranger(&request),
    }
    next.run(request).await
}

/// Whoever looks is there: the session ends some time after the last look, not after the sign-in. Written once an hour,
/// not with every page.
async fn keep_alive(session: &Session) {
    let hour = engine::clock::now().0 / 3_600_000;
    if session.get::<i64>(SEEN).await.ok().flatten() != Some(hour)
        && let Err(error) = session.insert(SEEN, hour).await
    {
        tracing::error!(%error, "cannot keep a session alive");
    }
}

async fn signed_in(engine: &Engine, session: &Session) -> Result<Option<User>, Response> {
    let failed = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "cannot tell who asks");
        (StatusCode::INTERNAL_SERVER_ERROR, "Crossfade cannot read its accounts. Its log says why.").into_response()
    };
    let id = session.get::<i64>(USER).await.map_err(|error| failed(&error))?;
    match id {
        Some(id) => engine.store().signed_in(id).await.map_err(|error| failed(&error)),
        None => Ok(None),
    }
}

fn stranger(request: &Request) -> Response {
    let path = request.uri().path();
    if path.starts_with("/live/") {
        return (StatusCode::UNAUTHORIZED, "Sign in first.").into_response();
    }
    if request.method() != Method::GET {
        return Redirect::to("/sign-in").into_response();
    }
    // Back to where they wanted to go. What is in a path and a query is ASCII already; only the query's own signs are escaped.
    let to = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let to = to.replace('%', "%25").replace('&', "%26").replace('+', "%2B").replace('#', "%23");
    Redirect::to(&format!("/sign-in?to={to}")).into_response()
}
