//! What is asked of the system around the process.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::env;
use std::ffi::OsString;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::{SocketAddr as UnixAddress, UnixDatagram};
use std::path::PathBuf;

/// Connections that may wait to be accepted; the system's own bound (`net.core.somaxconn`) holds beside it.
const QUEUE: i32 = 4096;

/// A listening socket.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    // Sets SO_REUSEADDR, so that connections that have just ended are not in the way.
    let socket = TcpListener::bind(address)?;
    // Asked again, a socket that listens takes the new length.
    rustix::net::listen(&socket, QUEUE)?;
    Ok(socket)
}

/// Raises the number of files that may be open, connections among them, as far as this process may.
pub fn allow_many_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!("the number of open files could not be raised: {error}");
    }
}

/// Tells systemd that this process serves now, and is the service's main one. Nothing happens elsewhere.
/// Source: <https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html>.
pub fn ready() {
    let Some(path) = env::var_os("NOTIFY_SOCKET") else { return };
    let told = || -> io::Result<()> {
        let address = match path.as_bytes() {
            [b'@', name @ ..] => UnixAddress::from_abstract_name(name)?,
            name => UnixAddress::from_pathname(OsString::from_vec(name.to_vec()))?,
        };
        let message = format!("READY=1\nMAINPID={}", std::process::id());
        UnixDatagram::unbound()?.send_to_addr(message.as_bytes(), &address)?;
        Ok(())
    };
    if let Err(error) = told() {
        tracing::warn!("systemd could not be told that the proxy serves: {error}");
    }
}

/// Starts the program again, as it is on the disk now and with the same arguments. It takes over by itself.
pub fn start_successor() {
    let started = program().and_then(|program| {
        tokio::process::Command::new(program).args(env::args_os().skip(1)).kill_on_drop(false).spawn()
    });
    match started {
        Ok(mut child) => {
            tracing::info!("started process {} to take over", child.id().unwrap_or_default());
            tokio::spawn(async move {
                if let Ok(status) = child.wait().await {
                    tracing::warn!("the process that was to take over has ended: {status}");
                }
            });
        }
        Err(error) => tracing::error!("no process could be started to take over: {error}"),
    }
}

/// Where this program lies; what lies there now, when it has been replaced.
fn program() -> io::Result<PathBuf> {
    let path = env::current_exe()?.into_os_string().into_vec();
    let path = path.strip_suffix(b" (deleted)").unwrap_or(&path).to_vec();
    Ok(PathBuf::from(OsString::from_vec(path)))
}
