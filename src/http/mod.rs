//! The HTTP side: routes, what happens to every request, handlers, and the shapes of answers.

mod access;
mod account;
mod call;
mod change;
mod client;
mod credentials;
mod format;
mod gate;
mod health;
mod limit;
mod list;
mod log;
mod member;
mod new_password;
mod new_user;
mod params;
mod reply;
mod routes;
mod session;
mod site;
mod users;
pub mod view;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::{CompressionLayer, predicate::SizeAbove};

pub use self::access::{Access, Scoped, scope};
pub use self::call::Call;
pub use self::format::Format;
pub use self::params::Params;
pub use self::reply::{Json, NoContent};
use self::routes::Routes;
use crate::app::App;
use crate::error::{Error, Kind};

/// Bytes of the smallest answer that is worth compressing.
const COMPRESS_FROM: u64 = 1400;

/// The whole server as a service of requests.
pub fn router(app: Arc<App>) -> Router {
    let routes = Routes::new(|| async { Error::from(Kind::RouteNotFound) });
    let routes = account::routes(users::routes(health::routes(routes)));
    // The layer that stands last is the outermost.
    let routes = routes.layered(|router| {
        router
            .layer(from_fn_with_state(Arc::clone(&app), gate::settle))
            .layer(CatchPanicLayer::custom(reply::panicked))
            .layer(from_fn_with_state(Arc::clone(&app), reply::finish))
            .layer(from_fn(log::one_line))
            .layer(CompressionLayer::new().compress_when(SizeAbove::new(COMPRESS_FROM)))
            .with_state(Arc::clone(&app))
    });
    Router::new().fallback_service(routes)
}
