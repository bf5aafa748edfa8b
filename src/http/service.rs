//! The HTTP side as a service: what happens to every request, whatever its route.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, VARY};
use axum::http::{HeaderValue, Method};
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use http_body_util::BodyExt as _;
use tokio::time::timeout;
use tower::{Layer as _, Service, ServiceExt as _, service_fn};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate as _, SizeAbove};

use super::reply::Frame;
use super::routes::{Endpoint, Path, Routes, without_empty_segments};
use super::{gate, health, log, params, reply};
use crate::admission::SMALL;
use crate::app::App;
use crate::error::{Error, Kind, Result};
use crate::request_id::during;
use crate::trace::Trace;

/// Answers of more bytes than this are worth compressing.
const LARGE: SizeAbove = SizeAbove::new(1400);

/// How long a request may take when all of it is there. Whatever it may wait for has a limit of its own, so this one is
/// for what nobody thought of.
const LIMIT: Duration = Duration::from_secs(60);

/// The whole server as a service of requests.
#[derive(Clone)]
pub struct Router {
    app: Arc<App>,
    routes: Arc<Routes>,
    /// Whether there are too many connections for anybody to be answered but who watches the server.
    crowded: bool,
}

impl Router {
    pub(super) fn new(app: Arc<App>, routes: Routes) -> Self {
        Self { app, routes: Arc::new(routes), crowded: false }
    }

    /// The same for a connection beyond the limit: it may ask how the server is, and hears 503 to all else.
    #[must_use]
    pub fn crowded(&self) -> Self {
        Self { crowded: true, ..self.clone() }
    }

    /// Answers a request. One function and no stack of layers: of those each would cost every request allocations of
    /// its own.
    async fn answer(self, mut request: Request) -> Response {
        let begun = Instant::now();
        if let Some(uri) = without_empty_segments(request.uri()) {
            *request.uri_mut() = uri;
        }
        let endpoint = self.routes.find(request.method(), request.uri().path());
        let (method, path) = (log::name(request.method()), endpoint.map(|endpoint| endpoint.path));
        let frame = Frame::of(&request, &self.app);
        let trace = self.trace(method, path, &request, &frame);
        let settled = AssertUnwindSafe(during(frame.id, trace.clone(), self.settle(request, endpoint))).catch_unwind();
        let settled = settled.await.unwrap_or_else(|panic| reply::panicked(panic, &frame.id));
        let response = frame.around(settled, begun);
        let took = begun.elapsed();
        log::one_line((&frame.id, trace.as_ref()), method, path, &response, took);
        if let Some(trace) = trace {
            let error = response.extensions().get::<Error>().map(|error| error.kind().wire_type());
            trace.answered(response.status().as_u16(), error);
        }
        self.count(method, endpoint, &response, took);
        response
    }

    /// Begins the trace of a request, when traces are wanted. Who watches the server is of no interest there.
    fn trace(&self, method: &'static str, path: Option<Path>, request: &Request, frame: &Frame<'_>) -> Option<Trace> {
        let traces = self.app.traces.as_ref()?;
        let route = path.map(|path| path.0);
        if route.is_some_and(|route| health::WATCHED.contains(&route)) {
            return None;
        }
        traces.request(method, route, frame.https, &frame.id, request.headers())
    }

    /// Counts a request.
    fn count(&self, method: &'static str, endpoint: Option<&Endpoint>, response: &Response, took: Duration) {
        let metrics = &self.app.metrics;
        if let Some(route) = metrics.route(endpoint.map_or(0, |endpoint| endpoint.number)) {
            route.see(method, response.status().as_u16(), took);
        }
        if let Some(failed) = response.extensions().get::<Error>().and_then(Error::of_database) {
            metrics.database_errors.add(failed.name(), 1);
        }
    }

    /// Has the request answered when there is a place for it, and within the time for that.
    async fn settle(&self, mut request: Request, endpoint: Option<&Endpoint>) -> Response {
        let place = match endpoint {
            Some(endpoint) if health::WATCHED.contains(&endpoint.path.0) => Ok(None),
            _ if self.crowded => Err(Kind::Overloaded.into()),
            _ => {
                params::receive(&self.app, &mut request).await;
                self.app.admission.request().await.map(Some)
            }
        };
        let _place = match place {
            Ok(place) => place,
            Err(error) => return error.into_response(),
        };
        let answered = timeout(LIMIT, gate::settle(&self.app, request, endpoint));
        let response = answered.await.unwrap_or_else(|_| Error::from(Kind::TooLong).into_response());
        self.counted(response).await.unwrap_or_else(|error| error.into_response())
    }

    /// The same answer, which counts until the client has taken it, when it is large and all there. One that is sent while it
    /// is read counts piece by piece.
    async fn counted(&self, response: Response) -> Result<Response> {
        let size = response.body().size_hint().exact().and_then(|size| usize::try_from(size).ok());
        if size.is_none_or(|size| size <= SMALL) {
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|_| Kind::Unknown)?.to_bytes();
        Ok(Response::from_parts(parts, self.app.admission.answer(body).await?.into()))
    }

    /// Answers a request in the encoding that the client wants.
    async fn answer_encoded(self, request: Request) -> Response {
        // Most clients that name none are programs beside the server, and need no detour.
        if !request.headers().contains_key(ACCEPT_ENCODING) {
            let mut response = self.answer(request).await;
            if LARGE.should_compress(&response) {
                response.headers_mut().append(VARY, HeaderValue::from_name(ACCEPT_ENCODING));
            }
            return response;
        }
        let plain = service_fn(|request| self.clone().answer(request).map(Ok::<_, Infallible>));
        let encoded = CompressionLayer::new().compress_when(LARGE).layer(plain).oneshot(request).await;
        encoded.unwrap_or_else(|never| match never {}).map(Body::new)
    }
}

impl Service<Request> for Router {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (router, head) = (self.clone(), *request.method() == Method::HEAD);
        Box::pin(async move {
            let mut response = router.answer_encoded(request).await;
            if head {
                // The length of what GET would answer.
                if let Some(length) = response.body().size_hint().exact() {
                    response.headers_mut().insert(CONTENT_LENGTH, length.into());
                }
                *response.body_mut() = Body::empty();
            }
            Ok(response)
        })
    }
}
