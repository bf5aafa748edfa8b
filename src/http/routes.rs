//! The table of routes. There is one router for each method, so that a literal segment beats a parameter only among
//! routes of the same method: `POST /users/md5` does not hide `GET /users/{userId}` of a user called `md5`, and a
//! known path with a wrong method is an unknown route.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::http::Method;
use axum::http::uri::{PathAndQuery, Uri};
use axum::response::Response;
use axum::routing::{delete, get, patch, post, put};
use tower::Service;

use crate::app::App;

type AppRouter = Router<Arc<App>>;

/// The routers, by method. `S` is the state that they still need.
#[derive(Clone)]
pub(super) struct Routes<S = Arc<App>> {
    get: Router<S>,
    post: Router<S>,
    put: Router<S>,
    patch: Router<S>,
    delete: Router<S>,
    other: Router<S>,
}

macro_rules! verbs {
    ($($verb:ident)*) => {$(
        /// Adds a route.
        pub(super) fn $verb<H: Handler<T, Arc<App>>, T: 'static>(mut self, path: &str, handler: H) -> Self {
            self.$verb = self.$verb.route(path, $verb(handler));
            self
        }
    )*};
}

impl Routes {
    /// No routes: every request goes to `unknown`.
    pub(super) fn new<H: Handler<T, Arc<App>>, T: 'static>(unknown: H) -> Self {
        let router = AppRouter::new().fallback(unknown);
        Self {
            get: router.clone(),
            post: router.clone(),
            put: router.clone(),
            patch: router.clone(),
            delete: router.clone(),
            other: router,
        }
    }

    verbs! { get post put patch delete }

    /// Puts the same layers around each router.
    pub(super) fn layered(self, layer: impl Fn(AppRouter) -> Router) -> Routes<()> {
        Routes {
            get: layer(self.get),
            post: layer(self.post),
            put: layer(self.put),
            patch: layer(self.patch),
            delete: layer(self.delete),
            other: layer(self.other),
        }
    }
}

impl Service<Request> for Routes<()> {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Routers are always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        if let Some(uri) = without_empty_segments(request.uri()) {
            *request.uri_mut() = uri;
        }
        let router = match *request.method() {
            Method::GET | Method::HEAD => &mut self.get,
            Method::POST => &mut self.post,
            Method::PUT => &mut self.put,
            Method::PATCH => &mut self.patch,
            Method::DELETE => &mut self.delete,
            _ => &mut self.other,
        };
        Box::pin(router.call(request))
    }
}

/// `/v1//users/` is `/v1/users`. `None` when there is nothing to drop.
fn without_empty_segments(uri: &Uri) -> Option<Uri> {
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
