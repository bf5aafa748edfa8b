//! Where traces go.

use anyhow::{Context as _, bail};
use hyper::http::uri::{PathAndQuery, Scheme};
use hyper::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use percent_encoding::percent_decode_str;

use crate::secret::Hidden;

/// Traces are sent by OTLP, which is protobuf over HTTP.
#[derive(Debug, Clone)]
pub struct Otlp {
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`
    pub endpoint: Endpoint,
    /// `OTEL_EXPORTER_OTLP_HEADERS` or `OTEL_EXPORTER_OTLP_HEADERS_FILE`
    pub headers: Hidden<String>,
    /// `OTEL_SERVICE_NAME`
    pub service: String,
    /// `OTEL_TRACES_SAMPLER_ARG`
    pub ratio: f64,
}

/// Where a collector takes traces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its host and port.
    pub authority: String,
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether it is asked by TLS.
    pub encrypted: bool,
    /// Where it takes traces.
    pub path: String,
}

impl Endpoint {
    /// Reads an `http` or `https` URL, to which `/v1/traces` belongs.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let allowed = || "a URL such as http://127.0.0.1:4318, without a user, a password or a query";
        let uri: Uri = text.parse().ok().with_context(allowed)?;
        let encrypted = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => bail!(allowed()),
        };
        let authority = uri.authority().with_context(allowed)?;
        if authority.as_str().contains('@') || uri.query().is_some() || authority.host().is_empty() {
            bail!(allowed());
        }
        let path = format!("{}/v1/traces", uri.path().trim_end_matches('/'));
        PathAndQuery::try_from(path.as_str()).ok().with_context(allowed)?;
        Ok(Self {
            authority: authority.to_string(),
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(if encrypted { 443 } else { 80 }),
            encrypted,
            path,
        })
    }
}

/// Reads headers as `name=value,name=value`, with values in percent-encoding.
///
/// # Errors
/// When they are not written so.
pub fn headers(text: &str) -> anyhow::Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let read = || {
            let (name, value) = entry.split_once('=')?;
            let value: Vec<u8> = percent_decode_str(value.trim()).collect();
            let mut value = HeaderValue::from_bytes(&value).ok()?;
            value.set_sensitive(true);
            Some((HeaderName::try_from(name.trim()).ok()?, value))
        };
        let (name, value) = read().context("headers such as name=value,other=value, in percent-encoding")?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// A share of all: 0 is none, 1 is each.
pub(super) fn ratio(text: &str) -> anyhow::Result<f64> {
    let ratio = text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
    ratio.with_context(|| format!("a number from 0 to 1 such as 0.1, not {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_urls_to_which_the_path_of_traces_belongs() {
        for (text, encrypted, host, port, path) in [
            ("http://127.0.0.1:4318", false, "127.0.0.1", 4318, "/v1/traces"),
            ("http://collector:4318/", false, "collector", 4318, "/v1/traces"),
            ("https://otlp.example.org/otlp/", true, "otlp.example.org", 443, "/otlp/v1/traces"),
            ("http://[::1]", false, "::1", 80, "/v1/traces"),
        ] {
            let found = Endpoint::parse(text).unwrap();
            assert_eq!(
                (found.encrypted, found.host.as_str(), found.port, found.path.as_str()),
                (encrypted, host, port, path)
            );
        }
        for wrong in [
            "collector:4318",
            "grpc://collector",
            "http://",
            "/v1",
            "http://u:p@collector",
            "http://a/?b=c",
            "http://a b",
        ] {
            assert!(Endpoint::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn headers_are_pairs() {
        let read = headers(" authorization=Bearer%20abc, x-team = users ,").unwrap();
        assert_eq!((read["authorization"].as_bytes(), read["x-team"].as_bytes()), (&b"Bearer abc"[..], &b"users"[..]));
        assert!(!format!("{read:?}").contains("abc"));
        for wrong in ["authorization", "a b=c", "=c", "a=%0a"] {
            assert!(!headers(wrong).map_err(|error| error.to_string()).unwrap_err().contains("%0a"), "{wrong}");
        }
    }

    #[test]
    fn a_ratio_is_between_none_and_all() {
        assert_eq!(["0", "1", "0.25", "1e-3"].map(|text| ratio(text).unwrap()), [0.0, 1.0, 0.25, 0.001]);
        for wrong in ["", "-0.1", "1.1", "NaN", "inf", "10%"] {
            assert!(ratio(wrong).is_err(), "{wrong}");
        }
    }
}
