//! The table of routes. Each method has paths of its own, so that a literal segment beats a parameter only among routes
//! of the same method: `POST /users/md5` does not hide `GET /users/{userId}` of a user called `md5`, and a known path
//! with a wrong method is an unknown route.

use std::pin::Pin;
use std::sync::Arc;

use axum::extract::Request;
use axum::handler::Handler;
use axum::http::Method;
use axum::http::uri::{PathAndQuery, Uri};
use axum::response::Response;

use crate::app::App;

/// What a handler gives: its answer, some time later.
type Answer = Pin<Box<dyn Future<Output = Response> + Send>>;

/// The routes of one method.
type Paths = matchit::Router<Endpoint>;

/// A path with its parameters by name, as `/v1/users/{userId}`: in the request, the one of its route.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path(pub(super) &'static str);

/// A route: its path and who answers there.
pub(super) struct Endpoint {
    pub(super) path: Path,
    handler: Box<dyn Fn(Request, Arc<App>) -> Answer + Send + Sync>,
}

impl Endpoint {
    /// Answers a request.
    pub(super) fn call(&self, mut request: Request, app: Arc<App>) -> Answer {
        request.extensions_mut().insert(self.path);
        (self.handler)(request, app)
    }
}

/// The routes, by method.
#[derive(Default)]
pub(super) struct Routes {
    get: Paths,
    post: Paths,
    put: Paths,
    patch: Paths,
    delete: Paths,
}

macro_rules! verbs {
    ($($verb:ident)*) => {$(
        /// Adds a route.
        pub(super) fn $verb<H, T>(mut self, path: &'static str, handler: H) -> Self
        where
            H: Handler<T, Arc<App>, Future = Answer>,
        {
            let handler = Box::new(move |request, app| handler.clone().call(request, app));
            add(&mut self.$verb, Endpoint { path: Path(path), handler });
            self
        }
    )*};
}

/// Adds a route to those of its method.
///
/// # Panics
/// When its path is there already.
#[expect(clippy::expect_used, reason = "the table is fixed, and every start reads all of it")]
fn add(paths: &mut Paths, endpoint: Endpoint) {
    paths.insert(endpoint.path.0, endpoint).expect("no route is there twice");
}

impl Routes {
    verbs! { get post put patch delete }

    /// The route of a request.
    pub(super) fn find(&self, method: &Method, path: &str) -> Option<&Endpoint> {
        let paths = match *method {
            Method::GET | Method::HEAD => &self.get,
            Method::POST => &self.post,
            Method::PUT => &self.put,
            Method::PATCH => &self.patch,
            Method::DELETE => &self.delete,
            _ => return None,
        };
        paths.at(path).ok().map(|found| found.value)
    }
}

/// `/v1//users/` is `/v1/users`. `None` when there is nothing to drop.
pub(super) fn without_empty_segments(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    if path == "/" || !(path.contains("//") || path.ends_with('/')) {
        return None;
    }
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(format!("/{}{query}", segments.join("/"))).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_segments_are_dropped() {
        let of = |text: &'static str| without_empty_segments(&Uri::from_static(text)).map(|uri| uri.to_string());
        assert_eq!(of("/v1/users"), None);
        assert_eq!(of("/"), None);
        assert_eq!(of("/v1//users/").as_deref(), Some("/v1/users"));
        assert_eq!(of("//v1/users//?a=//&b").as_deref(), Some("/v1/users?a=//&b"));
        assert_eq!(of("///").as_deref(), Some("/"));
    }
}
