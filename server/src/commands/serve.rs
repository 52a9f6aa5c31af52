//! `crossfade serve`

use crate::http;
use engine::Engine;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How long open requests get when the server is asked to stop.
const GRACE: Duration = Duration::from_secs(25);

#[derive(clap::Args)]
pub struct Arguments {
    /// Where to listen.
    #[arg(long, env = "CROSSFADE_LISTEN", default_value = "127.0.0.1:8790")]
    listen: SocketAddr,
    /// The dashboard is reached by https: cookies are sent over https alone, and browsers are told to stay with it.
    #[arg(long, env = "CROSSFADE_SECURE", value_parser = clap::builder::BoolishValueParser::new(), action = clap::ArgAction::SetTrue)]
    secure: bool,
    /// Scripts and styles, as app/client/build.sh lays them out. Found beside the program when not given.
    #[arg(long, env = "CROSSFADE_SITE")]
    site: Option<PathBuf>,
}

pub async fn run(data: &Path, arguments: Arguments) -> Result<(), String> {
    let site = http::site(arguments.site)?;
    let listener = TcpListener::bind(arguments.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", arguments.listen))?;
    let engine = Engine::open(data).await.map_err(|error| error.to_string())?;
    let stop = CancellationToken::new();
    let router = http::router(&engine, &site, arguments.secure, &stop)?;
    let at = listener.local_addr().map_err(|error| error.to_string())?;
    tracing::info!("Crossfade serves on http://{at}");
    let served = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let served = tokio::spawn(served.into_future());
    asked_to_stop().await;
    tracing::info!("stopping: no step begins any more, those at work may end");
    stop.cancel();
    engine.stop().await;
    let _ = tokio::time::timeout(GRACE, served).await;
    Ok(())
}

/// SIGTERM or SIGINT.
async fn asked_to_stop() {
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = terminate => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
