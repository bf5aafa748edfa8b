//! What systemd, or whatever speaks its protocol, hands to a service and hears from it.

use std::io::Result;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use anyhow::{Context as _, bail};
use listenfd::ListenFd;
use tokio::net::{TcpListener, UnixListener};

use super::Listener;

/// Listens on the socket that the supervisor has opened for this process, if it has.
///
/// # Errors
/// When it is more than one, or none for streams.
pub fn inherited() -> anyhow::Result<Option<Listener>> {
    let mut sockets = ListenFd::from_env();
    match sockets.len() {
        0 => return Ok(None),
        1 => {}
        many => bail!("LISTEN_FDS passes {many} sockets, and only one can be listened on"),
    }
    // One of the wrong kind stays there to be taken.
    if let Ok(Some(listener)) = sockets.take_tcp_listener(0) {
        listener.set_nonblocking(true)?;
        return Ok(Some(Listener::Tcp(TcpListener::from_std(listener)?)));
    }
    let listener = sockets.take_unix_listener(0).context("LISTEN_FDS passes no socket for streams")?;
    let listener = listener.context("LISTEN_FDS passes a socket that is gone")?;
    listener.set_nonblocking(true)?;
    Ok(Some(Listener::Unix(UnixListener::from_std(listener)?, None)))
}

/// Tells the supervisor that requests are answered from now on.
pub fn ready() {
    tell("READY=1");
}

/// Tells the supervisor that the end has begun.
pub fn stopping() {
    tell("STOPPING=1");
}

fn tell(state: &str) {
    let Some(place) = std::env::var_os("NOTIFY_SOCKET").filter(|place| !place.is_empty()) else { return };
    let told =
        address(place.as_bytes()).and_then(|address| UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address));
    if let Err(error) = told {
        tracing::warn!(%error, "NOTIFY_SOCKET cannot be told {state}");
    }
}

/// The name of a file or, after `@`, one that is in no file system.
fn address(place: &[u8]) -> Result<SocketAddr> {
    #[cfg(target_os = "linux")]
    if let Some(name) = place.strip_prefix(b"@") {
        return <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(name);
    }
    SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(place))
}
