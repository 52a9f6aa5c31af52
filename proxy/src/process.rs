//! The process: started, or put in the place of one that runs; and stopped.

use crate::answer::Shared;
use crate::control::{Control, Predecessor, Predecessors, Socket};
use crate::handover;
use crate::keep::Keep;
use crate::listen::accept;
use crate::log::Log;
use crate::settings::Settings;
use crate::system;
use crate::table::Table;
use crate::tls::{self, Certificates};
use crate::wire::{Answer, Ask, Kept, Line, VERSION};
use std::net::{SocketAddr, TcpListener as StdListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, UnixStream};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// How long a process that runs may take to hand over.
const HAND_OVER: Duration = Duration::from_secs(30);

/// How often connections to services are looked through.
const SWEEP: Duration = Duration::from_secs(1);

/// What a process that runs has handed over.
struct Taken {
    predecessor: Predecessor,
    kept: Vec<Kept>,
    sockets: Vec<StdListener>,
}

/// Serves until it is asked to stop (SIGTERM, SIGINT) or another process has taken over. SIGHUP starts that one.
///
/// # Errors
/// When it cannot start, in sentences. A process that was to be replaced goes on then.
pub async fn run(settings: Settings) -> Result<(), String> {
    let (mut term, mut int, mut hup) =
        (on(SignalKind::terminate())?, on(SignalKind::interrupt())?, on(SignalKind::hangup())?);
    system::allow_many_files();
    if settings.listen.is_empty() && settings.listen_tls.is_empty() {
        return Err("there is nowhere to listen: give an address".into());
    }
    if settings.certificates.is_empty() && !settings.listen_tls.is_empty() {
        return Err("TLS needs a certificate and its key".into());
    }
    let certificates = Certificates::open(settings.certificates.clone())?;
    let keep = Keep::open(&settings.state)?;
    let mut taken = take_over(&settings.control).await?;
    let kept = match &taken {
        Some(taken) => {
            keep.save(&taken.kept)?;
            taken.kept.clone()
        }
        None => keep.load()?,
    };

    let log = Log::open().map_err(|error| format!("cannot open a socket for the log: {error}"))?;
    let shared = Arc::new(Shared::new(settings.limits.clone(), log));
    shared.serve(table(kept)?);
    let mut sockets = taken.as_mut().map(|taken| std::mem::take(&mut taken.sockets)).unwrap_or_default();
    let plain = listen(&settings.listen, &mut sockets)?;
    let secure = listen(&settings.listen_tls, &mut sockets)?;
    // Where nobody is to listen any more, nobody may seem to.
    drop(sockets);
    let acceptor = certificates.acceptor()?;
    // From here on nothing may go wrong: the process before lets go.
    let socket = Socket::bind(&settings.control)?;

    let (stop, last) = (CancellationToken::new(), CancellationToken::new());
    let mut accepting = JoinSet::new();
    let mut start = |listener: &Arc<TcpListener>, tls: Option<TlsAcceptor>| {
        accepting.spawn(accept(shared.clone(), listener.clone(), tls, stop.clone(), last.clone()));
    };
    plain.iter().for_each(|listener| start(listener, None));
    secure.iter().for_each(|listener| start(listener, Some(acceptor.clone())));
    let predecessor = match taken {
        Some(Taken { mut predecessor, .. }) => match timeout(HAND_OVER, predecessor.ask(&Ask::Serving)).await {
            Ok(Some(Answer::State(_))) => Some(predecessor),
            // It is gone, or hangs; we serve.
            _ => {
                tracing::warn!("process {} did not confirm that another one has taken over", predecessor.pid);
                None
            }
        },
        None => None,
    };
    let before = predecessor.as_ref().map(|predecessor| predecessor.pid);
    let control = Control::new(shared.clone(), keep, (plain, secure), Predecessors::new(predecessor))?;
    let control = Arc::new(control);
    if let Err(error) = socket.put_in_place() {
        match before {
            None => return Err(error),
            Some(_) => tracing::error!("serving, but nobody can say what: {error}"),
        }
    }
    system::ready();
    match before {
        Some(pid) => tracing::info!("took over from process {pid}"),
        None => tracing::info!("serving"),
    }

    let mut sweep = interval(SWEEP);
    let mut look = interval(tls::LOOK);
    let taken_over = loop {
        tokio::select! {
            biased;
            () = control.taken_over.cancelled() => break true,
            _ = term.recv() => break false,
            _ = int.recv() => break false,
            _ = hup.recv() => system::start_successor(),
            () = socket.serve(&control) => {}
            _ = sweep.tick() => shared.table().pools().for_each(|pool| pool.sweep(settings.limits.pool_idle)),
            _ = look.tick() => certificates.refresh(),
        }
    };

    if !taken_over {
        last.cancel();
        control.stop().await;
    }
    stop.cancel();
    // Closes the sockets: ours of those that another process has taken over too, or for good.
    while accepting.join_next().await.is_some() {}
    shared.drain.leave();
    drop(socket);
    let grace = if taken_over { settings.limits.handover_grace } else { settings.limits.stop_grace };
    tracing::info!("stopping: {} connections may end within {} s", shared.drain.connections(), grace.as_secs());
    tokio::select! {
        () = shared.drain.empty() => {}
        () = tokio::time::sleep(grace) => {}
        // Asked again, or asked after another process has taken over: now.
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    Ok(())
}

fn on(kind: SignalKind) -> Result<Signal, String> {
    signal(kind).map_err(|error| format!("cannot wait for signals: {error}"))
}

fn table(kept: Vec<Kept>) -> Result<Table, String> {
    kept.into_iter().try_fold(Table::default(), |table, Kept { application, split, door }| {
        let name = application.name.clone();
        let table = table
            .with(application, split)
            .map_err(|why| format!("what is kept of the application {name} is wrong: {why}"))?;
        if let Some(routed) = table.application(&name) {
            routed.live.door.set(door);
        }
        Ok(table)
    })
}

/// Asks the process that runs for its sockets. `None` when none runs.
async fn take_over(path: &Path) -> Result<Option<Taken>, String> {
    let Ok(mut stream) = UnixStream::connect(path).await else {
        return Ok(None);
    };
    let cannot = |why: String| {
        format!("the proxy that runs with {} cannot be replaced: {why}. Stop it, then start this one", path.display())
    };
    let asked = async {
        let ask = Ask::TakeOver { pid: std::process::id() };
        let line = crate::caller::line(ask).map_err(|error| error.to_string())?;
        stream.write_all(&line).await.map_err(|error| error.to_string())?;
        handover::receive(&stream).await.map_err(|error| error.to_string())
    };
    let asked = timeout(HAND_OVER, asked).await.unwrap_or_else(|_| Err("it does not answer".into()));
    let (line, sockets) = asked.map_err(cannot)?;
    let answer: Line<Answer> = serde_json::from_slice(&line).map_err(|error| cannot(error.to_string()))?;
    let handed = match answer.said {
        _ if answer.version != VERSION => {
            return Err(cannot(format!("it speaks version {} of the protocol", answer.version)));
        }
        Answer::HandOver(handed) => handed,
        Answer::Error(sentence) => return Err(cannot(sentence)),
        other => return Err(cannot(format!("it said {other:?}"))),
    };
    let pid = stream.peer_cred().ok().and_then(|peer| peer.pid()).and_then(|pid| u32::try_from(pid).ok());
    let predecessor = Predecessor { pid: pid.unwrap_or_default(), stream: BufReader::new(stream) };
    Ok(Some(Taken { predecessor, kept: handed.kept, sockets: sockets.into_iter().map(StdListener::from).collect() }))
}

/// A socket that was handed over where there is one for the address, otherwise a new one.
fn listen(addresses: &[SocketAddr], handed: &mut Vec<StdListener>) -> Result<Vec<Arc<TcpListener>>, String> {
    addresses
        .iter()
        .map(|address| {
            let there = handed.iter().position(|socket| socket.local_addr().is_ok_and(|at| at == *address));
            let socket = match there {
                Some(n) => Ok(handed.swap_remove(n)),
                None => system::bind(*address),
            };
            let listening = socket.and_then(|socket| {
                socket.set_nonblocking(true)?;
                TcpListener::from_std(socket).map(Arc::new)
            });
            listening.map_err(|error| format!("cannot listen on {address}: {error}"))
        })
        .collect()
}
