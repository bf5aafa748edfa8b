//! What comes before every route: which project the request is for, whether its origin may ask, and the answer to
//! preflights.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HOST, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use axum::response::{IntoResponse, Response};

use super::credentials::Credentials;
use super::limit::ShownRate;
use super::params::Received;
use super::routes::Endpoint;
use super::{client, reply};
use crate::app::App;
use crate::error::{Error, Kind, Result};
use crate::jwt::Claims;
use crate::params::{parse_query, project_id};
use crate::store::projects::Project;

/// Which project a request is for.
#[derive(Debug, Clone)]
pub(super) enum Settled {
    /// It names none: a guest everywhere.
    Nothing,
    /// The console, which is a project without keys: a guest too.
    Console,
    /// This one.
    Project(Arc<Project>),
}

impl Settled {
    /// The project, when there is one.
    pub(super) const fn project(&self) -> Option<&Arc<Project>> {
        match self {
            Self::Project(project) => Some(project),
            Self::Nothing | Self::Console => None,
        }
    }
}

/// Methods that the API has.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");

/// Request headers that clients of any generation send.
const HEADERS: HeaderValue = HeaderValue::from_static(
    "Accept, Origin, Cookie, Set-Cookie, Content-Type, Content-Range, Range, Cache-Control, Expires, Pragma, \
     X-Requested-With, X-Appwrite-Project, X-Appwrite-Key, X-Appwrite-Dev-Key, X-Appwrite-Locale, X-Appwrite-Mode, \
     X-Appwrite-JWT, X-Appwrite-Organization, X-Appwrite-Response-Format, X-Appwrite-Timeout, X-Appwrite-ID, \
     X-Appwrite-Timestamp, X-Appwrite-Session, X-Appwrite-Platform, X-Appwrite-Impersonate-User-Id, \
     X-Appwrite-Impersonate-User-Email, X-Appwrite-Impersonate-User-Phone, X-SDK-Version, X-SDK-Name, X-SDK-Language, \
     X-SDK-Platform, X-SDK-GraphQL, X-SDK-Profile, X-Fallback-Cookies, X-Forwarded-For, X-Forwarded-User-Agent",
);

/// Response headers that scripts may read.
const EXPOSED: HeaderValue = HeaderValue::from_static("X-Appwrite-Session, X-Fallback-Cookies");

/// Seconds for which a browser may remember a preflight.
const MAX_AGE: HeaderValue = HeaderValue::from_static("86400");

/// Whether a session came in the header for clients that may not send cookies.
const FELL_BACK: HeaderName = HeaderName::from_static("x-debug-fallback");

/// Settles the project, refuses requests that no route may see, and hands the others on.
pub(super) async fn settle(app: &Arc<App>, mut request: Request, route: Option<&Endpoint>) -> Response {
    let mut origins = request.headers().get_all(ORIGIN).iter().filter(|origin| !origin.is_empty());
    let origin = origins.next().cloned();
    // A page has one origin. Of several nobody knows which the browser would hold the answer against.
    let single = origins.next().is_none();
    if request.method() == Method::OPTIONS {
        // A preflight names no project, so any origin may ask; the request that follows is checked.
        // A star is no origin, and as an answer it would be all of them.
        return with_cors(reply::NoContent.into_response(), origin.as_ref().filter(|origin| single && *origin != "*"));
    }
    if !request.uri().path().starts_with("/v1") {
        return hand_on(app, request, route).await;
    }
    let settled = find_project(app, request.headers(), request.uri(), request.extensions().get()).await;
    let project = settled.as_ref().ok().and_then(Settled::project);
    let mut credentials = Credentials::of(request.headers(), project.map_or("", |project| &project.id));
    let fell_back = credentials.fell_back;
    let known = host_of(origin.as_ref().filter(|_| single))
        .is_some_and(|host| settled.is_ok() && is_platform(project.map(Arc::as_ref), request.headers(), &host));
    let admitted = settled.and_then(|settled| {
        refuse_strangers(request.headers(), origin.is_some() && !known)?;
        credentials.token = token(app, request.headers(), &settled)?;
        Ok(settled)
    });
    let rate = ShownRate::default();
    let mut response = match admitted {
        Ok(settled) => {
            request.extensions_mut().insert(settled);
            request.extensions_mut().insert(credentials);
            if request.uri().path().starts_with("/v1/account") {
                request.extensions_mut().insert(rate.clone());
            }
            hand_on(app, request, route).await
        }
        Err(error) => error.into_response(),
    };
    rate.show(response.headers_mut());
    let fell_back = HeaderValue::from_static(if fell_back { "true" } else { "false" });
    response.headers_mut().insert(FELL_BACK, fell_back);
    with_cors(response, origin.as_ref().filter(|_| known))
}

async fn hand_on(app: &Arc<App>, request: Request, route: Option<&Endpoint>) -> Response {
    match route {
        Some(route) => route.call(request, Arc::clone(app)).await,
        None => Error::from(Kind::RouteNotFound).into_response(),
    }
}

/// A page in a browser cannot know a key, so whoever sends one is no foreign page.
fn refuse_strangers(headers: &HeaderMap, foreign: bool) -> Result<()> {
    match foreign && client::text(headers, &client::KEY).is_none() {
        true => Err(Kind::UnknownOrigin.into()),
        false => Ok(()),
    }
}

/// What the token (JWT) of a request says. One that is not valid for the project is refused, beside a valid key too.
fn token(app: &App, headers: &HeaderMap, settled: &Settled) -> Result<Option<Claims>> {
    let Some(token) = client::text(headers, &client::TOKEN) else { return Ok(None) };
    let claims = app.signer.verify(&token, app.clock.now()).ok_or(Kind::JwtInvalid)?;
    match settled.project() {
        Some(project) if project.key.number() != claims.project => Err(Kind::JwtInvalid.into()),
        _ => Ok(Some(claims)),
    }
}

/// The project named by the header, else by the query string, else by the body of a write.
async fn find_project(app: &Arc<App>, headers: &HeaderMap, uri: &Uri, received: Option<&Received>) -> Result<Settled> {
    let mut id = client::text(headers, &client::PROJECT).map(Cow::into_owned);
    if id.is_none() {
        id = text_of(&parse_query(uri.query().unwrap_or_default()));
    }
    if id.is_none()
        && let Some(received) = received
    {
        let (input, _room) = Box::pin(received.read(headers, app)).await?;
        id = text_of(&input.values);
    }
    match id.as_deref() {
        None => Ok(Settled::Nothing),
        Some("console") => Ok(Settled::Console),
        Some(id) if project_id(id).is_err() => Err(Kind::ProjectNotFound.into()),
        Some(id) => app.registry.project(app, id).await.map(Settled::Project),
    }
}

fn text_of(values: &serde_json::Map<String, serde_json::Value>) -> Option<String> {
    values.get("project")?.as_str().filter(|id| !id.is_empty()).map(str::to_owned)
}

/// The host of an origin, lower-cased, without its port.
fn host_of(origin: Option<&HeaderValue>) -> Option<String> {
    let uri: Uri = origin?.to_str().ok()?.parse().ok()?;
    uri.scheme()?;
    Some(uri.host()?.to_ascii_lowercase())
}

/// Whether pages of this host may use the project: this machine, the server's own host, or a platform.
fn is_platform(project: Option<&Project>, headers: &HeaderMap, host: &str) -> bool {
    let own = headers.get(HOST).and_then(|value| value.to_str().ok()).and_then(|value| value.parse::<Uri>().ok());
    let own = own.as_ref().and_then(Uri::host).is_some_and(|own| own.eq_ignore_ascii_case(host));
    let local = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    own || local
        || project.is_some_and(|project| project.settings.platforms.iter().any(|platform| matches(platform, host)))
}

/// `*.example.org` stands for its subdomains and not for itself.
fn matches(platform: &str, host: &str) -> bool {
    match platform.strip_prefix("*.") {
        Some(parent) => host.strip_suffix(parent).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
        None => platform.eq_ignore_ascii_case(host),
    }
}

/// Adds the headers by which browsers decide. Without an origin that may ask, the one that counts stays away.
fn with_cors(mut response: Response, origin: Option<&HeaderValue>) -> Response {
    let headers = response.headers_mut();
    // With those of the frame, so that the map grows once.
    headers.reserve(10);
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    headers.append(VARY, HeaderValue::from_static("Origin"));
    let lower = origin.and_then(|origin| HeaderValue::try_from(origin.to_str().ok()?.to_ascii_lowercase()).ok());
    if let Some(origin) = lower {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_subdomains() {
        for (platform, host, expected) in [
            ("app.example.org", "app.example.org", true),
            ("App.example.org", "app.example.org", true),
            ("*.example.org", "a.example.org", true),
            ("*.example.org", "a.b.example.org", true),
            ("*.example.org", "example.org", false),
            ("*.example.org", ".example.org", false),
            ("*.example.org", "evilexample.org", false),
            ("example.org", "a.example.org", false),
        ] {
            assert_eq!(matches(platform, host), expected, "{platform} {host}");
        }
    }

    #[test]
    fn hosts_are_read_from_origins() {
        let host = |origin: &'static str| host_of(Some(&HeaderValue::from_static(origin)));
        assert_eq!(host("https://App.Example.org:8443").as_deref(), Some("app.example.org"));
        assert_eq!(host("http://[::1]:3000").as_deref(), Some("[::1]"));
        for nothing in ["null", "", "app.example.org", "https://", "::"] {
            assert_eq!(host(nothing), None, "{nothing}");
        }
    }
}
