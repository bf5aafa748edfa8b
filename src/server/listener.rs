//! Where connections come from: an address, or a socket in the file system.

use std::ffi::OsString;
use std::fs::{File, Permissions};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::config::Listen;

/// Connections that the system keeps for a listener until they are accepted: as many as it has room for, and tokio asks for no more.
const QUEUE: usize = 4096;

/// What the server listens on.
#[derive(Debug)]
pub enum Listener {
    /// An address.
    Tcp(TcpListener),
    /// A socket in the file system, and its file if that is for this program to remove.
    Unix(UnixListener, Option<SocketFile>),
}

/// A connection that was accepted.
pub(super) enum Accepted {
    Tcp(TcpStream, SocketAddr),
    Unix(UnixStream),
}

/// The file of a socket. Nobody who keeps to the lock beside it listens there too; it is removed in the end.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    _lock: File,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Whoever starts next would remove it too.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::Tcp(listener)
    }
}

impl Listener {
    /// Begins to listen. The file of a Unix socket is made anew with the rights `mode`, if nobody listens on an old one.
    ///
    /// # Errors
    /// When somebody listens there already, or nobody can.
    pub async fn bind(listen: &Listen, mode: u32) -> anyhow::Result<Self> {
        match listen {
            Listen::Tcp(address) => Ok(Self::Tcp(TcpListener::bind(address).await?)),
            Listen::Unix(path) => {
                let file = claim(path).await?;
                let listener = UnixListener::bind(path)?;
                std::fs::set_permissions(path, Permissions::from_mode(mode))?;
                Ok(Self::Unix(listener, Some(file)))
            }
        }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn address(&self) -> anyhow::Result<Listen> {
        Ok(match self {
            Self::Tcp(listener) => Listen::Tcp(listener.local_addr()?),
            Self::Unix(_, Some(file)) => Listen::Unix(file.path.clone()),
            Self::Unix(listener, None) => {
                Listen::Unix(listener.local_addr()?.as_pathname().context("the socket has no name")?.to_owned())
            }
        })
    }

    pub(super) async fn accept(&self) -> std::io::Result<Accepted> {
        Ok(match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                Accepted::Tcp(stream, peer)
            }
            Self::Unix(listener, _) => Accepted::Unix(listener.accept().await?.0),
        })
    }

    /// Stops to listen. The connections that nobody has accepted yet, which the system would cut off: their clients may have asked
    /// already.
    pub(super) fn close(self) -> Vec<Accepted> {
        // Neither waits: the first error is that there are no more.
        match self {
            Self::Tcp(listener) => {
                let Ok(listener) = listener.into_std() else { return Vec::new() };
                let waiting = std::iter::from_fn(|| listener.accept().ok()).take(QUEUE);
                let ours = waiting.filter_map(|(stream, peer)| {
                    stream.set_nonblocking(true).ok()?;
                    Some(Accepted::Tcp(TcpStream::from_std(stream).ok()?, peer))
                });
                ours.collect()
            }
            Self::Unix(listener, _file) => {
                let Ok(listener) = listener.into_std() else { return Vec::new() };
                let waiting = std::iter::from_fn(|| listener.accept().ok()).take(QUEUE);
                let ours = waiting.filter_map(|(stream, _)| {
                    stream.set_nonblocking(true).ok()?;
                    Some(Accepted::Unix(UnixStream::from_std(stream).ok()?))
                });
                ours.collect()
            }
        }
    }
}

/// Sees to it that a socket can be made at `path`: what a server that did not end well has left there is removed.
async fn claim(path: &Path) -> anyhow::Result<SocketFile> {
    // Of two servers that start together, both could find nobody listening and remove each other's file.
    let mut beside = OsString::from(path);
    beside.push(".lock");
    let lock = File::options().create(true).append(true).mode(0o600).open(&beside);
    let lock = lock.with_context(|| format!("{} cannot be opened", Path::new(&beside).display()))?;
    if lock.try_lock().is_err() {
        bail!("another server listens on it");
    }
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
        Ok(found) if !found.file_type().is_socket() => bail!("something is there that is no socket"),
        Ok(_) => match UnixStream::connect(path).await {
            Ok(_) => bail!("another program listens on it"),
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => std::fs::remove_file(path)?,
            Err(error) => return Err(error).context("whether somebody listens on it cannot be told"),
        },
    }
    Ok(SocketFile { path: path.to_owned(), _lock: lock })
}
