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

use super::log::{METHODS, UNKNOWN};
use super::openapi::{Arguments, Operation, Parts, Words};
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
    /// By which its requests are counted.
    pub(super) number: usize,
    handler: Box<dyn Fn(Request, Arc<App>) -> Answer + Send + Sync>,
}

impl Endpoint {
    /// Answers a request.
    pub(super) fn call(&self, mut request: Request, app: Arc<App>) -> Answer {
        request.extensions_mut().insert(self.path);
        (self.handler)(request, app)
    }
}

/// A route that is a part of the API: where it is, what its table says of it, and what its handler's arguments say.
struct Listed {
    method: Method,
    path: &'static str,
    words: Words,
    describe: fn(&mut Parts),
}

/// The routes, by method.
#[derive(Default)]
pub(super) struct Routes {
    api: Vec<Listed>,
    get: Paths,
    post: Paths,
    put: Paths,
    patch: Paths,
    delete: Paths,
    /// The path and the methods of each endpoint, at its number.
    counted: Counted,
}

/// What is counted: the first is for all that is no route.
struct Counted(Vec<(&'static str, &'static [&'static str])>);

impl Default for Counted {
    fn default() -> Self {
        Self(vec![(UNKNOWN, &METHODS)])
    }
}

macro_rules! verbs {
    ($($verb:ident $method:ident;)*) => {$(
        /// Adds a route, and what is said of it.
        pub(super) fn $verb<H, T>(mut self, path: &'static str, handler: H, words: Words) -> Self
        where
            H: Handler<T, Arc<App>, Future = Answer>,
            T: Arguments,
        {
            self.api.push(Listed { method: Method::$method, path, words, describe: T::describe });
            let number = self.number(path, methods(&Method::$method));
            add(&mut self.$verb, path, number, handler);
            self
        }
    )*};
}

/// By which methods a route of this one can be asked.
fn methods(method: &Method) -> &'static [&'static str] {
    match *method {
        Method::GET => &["GET", "HEAD"],
        Method::POST => &["POST"],
        Method::PUT => &["PUT"],
        Method::PATCH => &["PATCH"],
        Method::DELETE => &["DELETE"],
        _ => &[],
    }
}

/// Adds a route to those of its method.
///
/// # Panics
/// When its path is there already.
#[expect(clippy::expect_used, reason = "the table is fixed, and every start reads all of it")]
fn add<H, T>(paths: &mut Paths, path: &'static str, number: usize, handler: H)
where
    H: Handler<T, Arc<App>, Future = Answer>,
{
    let handler = Box::new(move |request, app| handler.clone().call(request, app));
    paths.insert(path, Endpoint { path: Path(path), number, handler }).expect("no route is there twice");
}

/// Adds routes, each with what is said of it: a sentence and more, the name in the API, the status and the model when all is
/// well, and what may go wrong besides what the handler's arguments know.
macro_rules! table {
    ($routes:ident: $(
        $(#[doc = $text:literal])+
        $verb:ident $path:literal $id:ident = $handler:expr, $status:literal $model:ident $(or $($fail:ident)+)?;
    )*) => {
        $routes$(.$verb($path, $handler, $crate::http::openapi::Words {
            id: stringify!($id),
            text: &[$($text),+],
            status: $status,
            model: $crate::http::openapi::Model::$model,
            fails: &[$($($crate::error::Kind::$fail),+)?],
        }))*
    };
}
pub(super) use table;

impl Routes {
    verbs! {
        get GET;
        post POST;
        put PUT;
        patch PATCH;
        delete DELETE;
    }

    /// Adds a GET route that is no part of the API.
    pub(super) fn hidden<H, T>(mut self, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Arc<App>, Future = Answer>,
    {
        let number = self.number(path, methods(&Method::GET));
        add(&mut self.get, path, number, handler);
        self
    }

    /// Gives a route its number.
    fn number(&mut self, path: &'static str, methods: &'static [&'static str]) -> usize {
        self.counted.0.push((path, methods));
        self.counted.0.len() - 1
    }

    /// The routes as they are counted, each at its number.
    pub(super) fn counted(&self) -> &[(&'static str, &'static [&'static str])] {
        &self.counted.0
    }

    /// The routes that are a part of the API, described.
    pub(super) fn operations(&self) -> Vec<Operation> {
        let described = |route: &Listed| {
            let mut parts = Parts::default();
            (route.describe)(&mut parts);
            Operation { method: route.method.clone(), path: route.path, words: route.words, parts }
        };
        self.api.iter().map(described).collect()
    }

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
