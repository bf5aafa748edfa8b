//! Where the server listens, and whose word about clients it takes.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use ipnet::IpNet;

/// Where the server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// At an address, for whoever reaches it.
    Tcp(SocketAddr),
    /// At a file, for the programs of this machine that may write to it.
    Unix(PathBuf),
}

impl Listen {
    /// Reads an address with its port, or `unix:` and the name of a file.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        match (text.strip_prefix("unix:"), text.parse()) {
            (Some(path), _) if !path.is_empty() => Ok(Self::Unix(path.into())),
            (None, Ok(address)) => Ok(Self::Tcp(address)),
            _ => bail!("an address and port such as 127.0.0.1:8080, or unix: and the name of a file, not {text:?}"),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Where the certificate of the server is, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those that lead from it to one that clients know.
    pub certificate: PathBuf,
    /// Its private key. It may be the same file.
    pub key: PathBuf,
}

/// Who may do what with the file of a socket, as `chmod` has it in octal digits.
pub(super) fn mode(text: &str) -> anyhow::Result<u32> {
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777);
    mode.filter(|_| text.bytes().all(|b| b.is_ascii_digit()))
        .with_context(|| format!("up to 777 in octal digits, such as 0660, not {text:?}"))
}

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Somebody with an address.
    Address(IpAddr),
    /// A program of this machine, by a Unix socket.
    Unix,
}

impl Peer {
    /// The address, if there is one.
    #[must_use]
    pub const fn address(self) -> Option<IpAddr> {
        match self {
            Self::Address(ip) => Some(ip),
            Self::Unix => None,
        }
    }
}

/// Those who are believed when they say for whom they ask.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// Where they have addresses.
    pub networks: Vec<IpNet>,
    /// Whether those who come by a Unix socket are among them.
    pub unix: bool,
}

impl Proxies {
    /// Whether this one is believed.
    #[must_use]
    pub fn trust(&self, peer: Peer) -> bool {
        match peer {
            Peer::Address(ip) => self.networks.iter().any(|network| network.contains(&ip)),
            Peer::Unix => self.unix,
        }
    }

    /// Reads a list: addresses, networks, and the word `unix`.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut proxies = Self::default();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let network = || entry.parse().ok().or_else(|| entry.parse::<IpAddr>().ok().map(IpNet::from));
            match network() {
                Some(network) => proxies.networks.push(network),
                None if entry == "unix" => proxies.unix = true,
                None => bail!("addresses, networks such as 10.0.0.0/8, or unix, not {entry:?}"),
            }
        }
        Ok(proxies)
    }
}
