//! Who sent a request: address, user agent and language.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue};

use crate::config::{Peer, Proxies};

/// The project's id.
pub(super) const PROJECT: HeaderName = HeaderName::from_static("x-appwrite-project");
/// An API key.
pub(super) const KEY: HeaderName = HeaderName::from_static("x-appwrite-key");
/// A session.
pub(super) const SESSION: HeaderName = HeaderName::from_static("x-appwrite-session");
/// The cookies of a client that may not send any.
pub(super) const FALLBACK_COOKIES: HeaderName = HeaderName::from_static("x-fallback-cookies");
/// A token (JWT).
pub(super) const TOKEN: HeaderName = HeaderName::from_static("x-appwrite-jwt");
/// The generation of models that the client was built for.
pub(super) const FORMAT: HeaderName = HeaderName::from_static("x-appwrite-response-format");

const LOCALE: HeaderName = HeaderName::from_static("x-appwrite-locale");
const FORWARDED_AGENT: HeaderName = HeaderName::from_static("x-forwarded-user-agent");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Bytes of a user agent that are kept.
const AGENT_MAX: usize = 1024;

/// Stands in `ConnectInfo` for the address that the peer of a Unix socket does not have.
#[derive(Debug, Clone, Copy)]
pub struct UnixPeer;

/// Stands in the extensions of a request that came by TLS.
#[derive(Debug, Clone, Copy)]
pub struct Encrypted;

/// Who sent a request.
#[derive(Debug, Clone)]
pub(super) struct Client {
    /// The address as text, `""` when it is not known.
    pub(super) ip: String,
    /// The user agent, `UNKNOWN` when there is none.
    pub(super) agent: String,
    /// A known locale, `en` by default.
    pub(super) locale: &'static str,
}

impl Client {
    /// Reads the headers. A server that calls with an API key may say for which user agent it calls.
    pub(super) fn of(parts: &Parts, trusted: &Proxies, by_key: bool) -> Self {
        let forwarded = text(&parts.headers, &FORWARDED_AGENT).filter(|_| by_key);
        let agent = forwarded.or_else(|| text(&parts.headers, &USER_AGENT));
        let mut agent = agent.map_or_else(|| "UNKNOWN".into(), Cow::into_owned);
        agent.truncate(agent.floor_char_boundary(AGENT_MAX));
        let asked = parts.uri.query().filter(|query| query.contains("locale=")).map(crate::params::parse_query);
        let asked = asked.and_then(|values| values.get("locale")?.as_str().map(|code| Cow::from(code.to_owned())));
        let locale = asked.or_else(|| text(&parts.headers, &LOCALE));
        let locale = locale.and_then(|code| crate::geo::locale(&code));
        Self {
            ip: address(parts, trusted).map(|ip| ip.to_string()).unwrap_or_default(),
            agent,
            locale: locale.unwrap_or("en"),
        }
    }
}

/// A header as text; `None` when it is absent or empty.
pub(super) fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<Cow<'h, str>> {
    let text = match String::from_utf8_lossy(headers.get(name)?.as_bytes()) {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    };
    Some(text).filter(|text| !text.is_empty())
}

/// Who is at the other end of the connection.
fn peer(extensions: &Extensions) -> Option<Peer> {
    let address = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| Peer::Address(info.0.ip().to_canonical()));
    address.or_else(|| extensions.get::<ConnectInfo<UnixPeer>>().map(|_| Peer::Unix))
}

/// The address of the peer, or, when that is a trusted proxy, the last address in `X-Forwarded-For` that is not one. Who
/// comes by a Unix socket without saying for whom has none.
fn address(parts: &Parts, trusted: &Proxies) -> Option<IpAddr> {
    let peer = peer(&parts.extensions)?;
    let mut last = peer.address();
    if !trusted.trust(peer) {
        return last;
    }
    // Each proxy appends whom it heard from, so the list is read from its end and believed as long as the one who wrote
    // an entry is trusted. An entry that is no address ends it: what stands before it could come from anybody.
    let lines: Vec<&HeaderValue> = parts.headers.get_all("x-forwarded-for").iter().collect();
    let entries = lines.iter().rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    for entry in entries {
        let Some(ip) = std::str::from_utf8(entry).ok().and_then(read_address) else { break };
        last = Some(ip);
        if !trusted.trust(Peer::Address(ip)) {
            break;
        }
    }
    last
}

/// An address as proxies write it: alone, with a port, or in brackets.
fn read_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let alone = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = alone.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.map(|ip| ip.to_canonical())
}

/// Whether the client came over TLS: as a trusted proxy says, and otherwise as it came here.
pub(super) fn is_https(headers: &HeaderMap, extensions: &Extensions, trusted: &Proxies) -> bool {
    let believed = peer(extensions).is_some_and(|peer| trusted.trust(peer));
    match believed.then(|| text(headers, &FORWARDED_PROTO)).flatten() {
        Some(scheme) => scheme.eq_ignore_ascii_case("https"),
        None => extensions.get::<Encrypted>().is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    /// The address of whoever asked by `peer`, an address or `unix`.
    fn ip(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut request = Request::builder();
        for value in forwarded {
            request = request.header("x-forwarded-for", *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        match peer {
            "unix" => drop(parts.extensions.insert(ConnectInfo(UnixPeer))),
            peer => drop(parts.extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)))),
        }
        let networks = trusted.iter().filter(|entry| **entry != "unix").map(|network| network.parse().unwrap());
        let trusted = Proxies { networks: networks.collect(), unix: trusted.contains(&"unix") };
        Client::of(&parts, &trusted, false).ip
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(ip("9.9.9.9", &["1.1.1.1"], &[]), "9.9.9.9");
        assert_eq!(ip("10.0.0.1", &["1.1.1.1"], &["10.0.0.0/8"]), "1.1.1.1");
        assert_eq!(ip("10.0.0.1", &["6.6.6.6, 1.1.1.1, 10.0.0.2"], &["10.0.0.0/8"]), "1.1.1.1");
        assert_eq!(ip("10.0.0.1", &["6.6.6.6", "1.1.1.1"], &["10.0.0.0/8"]), "1.1.1.1");
        assert_eq!(ip("10.0.0.1", &["nonsense"], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(ip("10.0.0.1", &["6.6.6.6, 1.1.1.1:5555"], &["10.0.0.0/8"]), "1.1.1.1");
        assert_eq!(ip("10.0.0.1", &["6.6.6.6, [2001:db8::1]:443"], &["10.0.0.0/8"]), "2001:db8::1");
        assert_eq!(ip("10.0.0.1", &["6.6.6.6, [2001:db8::1]"], &["10.0.0.0/8"]), "2001:db8::1");
        assert_eq!(ip("10.0.0.1", &["6.6.6.6, unknown"], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(ip("10.0.0.1", &["6.6.6.6, unknown, 10.0.0.7"], &["10.0.0.0/8"]), "10.0.0.7");
        assert_eq!(ip("10.0.0.1", &["10.0.0.3, 10.0.0.2"], &["10.0.0.0/8"]), "10.0.0.3");
        assert_eq!(ip("10.0.0.1", &[], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(ip("::ffff:10.0.0.1", &["::1"], &["10.0.0.0/8"]), "::1");
    }

    #[test]
    fn how_a_client_came_is_what_a_trusted_proxy_says_and_otherwise_what_is_seen_here() {
        let of = |encrypted: bool, proto: Option<&str>, trusted: bool| {
            let mut request = Request::builder().extension(ConnectInfo(UnixPeer));
            if encrypted {
                request = request.extension(Encrypted);
            }
            if let Some(proto) = proto {
                request = request.header("x-forwarded-proto", proto);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            is_https(&parts.headers, &parts.extensions, &Proxies { networks: Vec::new(), unix: trusted })
        };
        for (encrypted, proto, trusted, https) in [
            (false, None, false, false),
            (true, None, false, true),
            (true, None, true, true),
            (false, Some("https"), false, false),
            (false, Some("https"), true, true),
            (false, Some("HTTPS"), true, true),
            (true, Some("http"), false, true),
            (true, Some("http"), true, false),
            (true, Some("nonsense"), true, false),
            (true, Some(" "), true, true),
        ] {
            assert_eq!(of(encrypted, proto, trusted), https, "{encrypted} {proto:?} {trusted}");
        }
    }

    #[test]
    fn the_peer_of_a_unix_socket_has_no_address_and_is_believed_when_it_is_listed() {
        assert_eq!(ip("unix", &["1.1.1.1"], &[]), "");
        assert_eq!(ip("unix", &["1.1.1.1"], &["0.0.0.0/0", "::/0"]), "");
        assert_eq!(ip("unix", &["1.1.1.1"], &["unix"]), "1.1.1.1");
        assert_eq!(ip("unix", &["6.6.6.6, 1.1.1.1"], &["unix"]), "1.1.1.1");
        assert_eq!(ip("unix", &["1.1.1.1, 10.0.0.2"], &["unix", "10.0.0.0/8"]), "1.1.1.1");
        assert_eq!(ip("unix", &[], &["unix"]), "");
        assert_eq!(ip("unix", &["nonsense"], &["unix"]), "");
        assert_eq!(ip("unix", &["1.1.1.1, unix"], &["unix"]), "");
        // The word is for sockets, not for whoever comes by an address.
        assert_eq!(ip("9.9.9.9", &["1.1.1.1"], &["unix"]), "9.9.9.9");
    }
}
