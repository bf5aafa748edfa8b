//! Where a browser stands in relation to this server, which decides by what way it carries its session: in cookies, and
//! when they may not reach it, in a header for scripts.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{HOST, ORIGIN, REFERER, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use chrono::{DateTime, Utc};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::client;
use super::credentials::cookie_names;
use super::openapi::{self, Part};
use crate::app::App;
use crate::clock::Millis;

/// What the cookies of an answer depend on.
#[derive(Debug)]
pub(super) struct Site {
    /// The host that was asked, without its port, when it is a name that cookies can be for.
    domain: Option<String>,
    https: bool,
    /// Whether the page is of another domain than this server, or of none that can be told.
    apart: bool,
}

impl Part for Site {
    fn describe(_: &mut openapi::Parts) {}
}

impl FromRequestParts<Arc<App>> for Site {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        // A header without a value is as good as absent.
        let header = |name: HeaderName| parts.headers.get(name)?.to_str().ok().filter(|text| !text.is_empty());
        let own = header(HOST).and_then(host);
        let page = header(ORIGIN).or_else(|| header(REFERER)).and_then(|url| url.parse::<Uri>().ok());
        let page = page.as_ref().and_then(Uri::host).and_then(host);
        let own_domain = own.as_deref().and_then(registrable);
        Ok(Self {
            apart: own_domain.is_none() || page.as_deref().and_then(registrable) != own_domain,
            domain: own.clone().filter(|_| own_domain.is_some()),
            https: client::is_https(&parts.headers, &parts.extensions, &app.config.trusted_proxies),
        })
    }
}

impl Site {
    /// Gives the browser its session.
    pub(super) fn sign_in(&self, headers: &mut HeaderMap, project: &str, session: &str, expire: Millis, now: Millis) {
        self.set_cookies(headers, project, session, expire, now);
        let [name, _] = cookie_names(project);
        self.set_fallback(headers, &serde_json::json!({ name: session }).to_string());
    }

    /// Takes the session from the browser.
    pub(super) fn sign_out(&self, headers: &mut HeaderMap, project: &str, now: Millis) {
        self.set_cookies(headers, project, "", Millis(now.0 - 60 * 60 * 1000), now);
        // An empty list and not an empty object: clients of all generations know it so.
        self.set_fallback(headers, "[]");
    }

    fn set_cookies(&self, headers: &mut HeaderMap, project: &str, value: &str, expire: Millis, now: Millis) {
        let [name, legacy] = cookie_names(project);
        let expires = DateTime::<Utc>::from_timestamp_millis(expire.0).unwrap_or_default();
        let mut rest = format!(
            "{}; expires={}; Max-Age={}; path=/",
            utf8_percent_encode(value, NON_ALPHANUMERIC),
            expires.format("%a, %d-%b-%Y %H:%M:%S GMT"),
            (expire.0 - now.0).max(0) / 1000,
        );
        if let Some(domain) = &self.domain {
            rest.push_str("; domain=.");
            rest.push_str(domain);
        }
        if self.https {
            rest.push_str("; secure");
        }
        rest.push_str("; httponly");
        for cookie in [format!("{legacy}={rest}"), format!("{name}={rest}; samesite=None")] {
            if let Ok(cookie) = HeaderValue::try_from(cookie) {
                headers.append(SET_COOKIE, cookie);
            }
        }
    }

    fn set_fallback(&self, headers: &mut HeaderMap, value: &str) {
        if let Some(value) = HeaderValue::try_from(value).ok().filter(|_| self.apart) {
            headers.insert(client::FALLBACK_COOKIES, value);
        }
    }
}

/// The host of `host[:port]` in lower case, when it is one that can stand in a cookie.
fn host(authority: &str) -> Option<String> {
    let uri: Uri = authority.parse().ok()?;
    let host = uri.host()?.to_ascii_lowercase();
    let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'[' | b']' | b':'));
    Some(host).filter(|_| plain)
}

/// The domain that somebody can register, of which a host is a part: `example.co.uk` of `app.example.co.uk`. Neither
/// addresses nor this machine have one.
fn registrable(host: &str) -> Option<&str> {
    let address = host.parse::<IpAddr>().is_ok()
        || host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok());
    psl::domain_str(host).filter(|_| !address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(domain: Option<&str>, https: bool, apart: bool) -> Site {
        Site { domain: domain.map(str::to_owned), https, apart }
    }

    fn lines(headers: &HeaderMap, name: &str) -> Vec<String> {
        headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_session_goes_into_two_cookies() {
        let (now, expire) = (Millis::parse("2026-11-23T16:47:44.900Z").unwrap(), "2027-11-23T16:47:44.900Z");
        let mut headers = HeaderMap::new();
        site(Some("api.example.org"), true, false).sign_in(
            &mut headers,
            "demo",
            "a+/=",
            Millis::parse(expire).unwrap(),
            now,
        );
        let rest = "a%2B%2F%3D; expires=Tue, 23-Nov-2027 16:47:44 GMT; Max-Age=31536000; path=/; \
                    domain=.api.example.org; secure; httponly";
        assert_eq!(
            lines(&headers, "set-cookie"),
            [format!("a_session_demo_legacy={rest}"), format!("a_session_demo={rest}; samesite=None")]
        );
        assert_eq!(lines(&headers, "x-fallback-cookies"), [""; 0]);
    }

    #[test]
    fn a_page_of_elsewhere_gets_a_header_too() {
        let mut headers = HeaderMap::new();
        site(None, false, true).sign_in(&mut headers, "demo", "a=", Millis(1_000), Millis(0));
        assert_eq!(
            lines(&headers, "set-cookie")[0],
            "a_session_demo_legacy=a%3D; expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=1; path=/; httponly"
        );
        assert_eq!(lines(&headers, "x-fallback-cookies"), [r#"{"a_session_demo":"a="}"#]);
        let mut headers = HeaderMap::new();
        site(None, false, true).sign_out(&mut headers, "demo", Millis(7_200_000));
        assert_eq!(
            lines(&headers, "set-cookie")[1],
            "a_session_demo=; expires=Thu, 01-Jan-1970 01:00:00 GMT; Max-Age=0; path=/; httponly; samesite=None"
        );
        assert_eq!(lines(&headers, "x-fallback-cookies"), ["[]"]);
    }

    #[test]
    fn hosts_and_their_domains() {
        for (authority, expected) in [
            ("API.example.org:8443", Some("api.example.org")),
            ("localhost:8080", Some("localhost")),
            ("[::1]:80", Some("[::1]")),
            ("evil.org;secure", None),
            ("", None),
        ] {
            assert_eq!(host(authority).as_deref(), expected, "{authority}");
        }
        for (host, expected) in [
            ("api.example.org", Some("example.org")),
            ("a.b.example.co.uk", Some("example.co.uk")),
            ("localhost", None),
            ("co.uk", None),
            ("127.0.0.1", None),
            ("[::1]", None),
        ] {
            assert_eq!(registrable(host), expected, "{host}");
        }
    }
}
