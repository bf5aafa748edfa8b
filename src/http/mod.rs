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
mod impersonation;
mod limit;
mod list;
mod log;
mod member;
mod new_password;
mod new_user;
mod openapi;
mod params;
mod reply;
mod routes;
mod service;
mod session;
mod site;
mod users;
pub mod view;

use std::sync::Arc;

pub use self::access::{Access, Scoped, scope};
pub use self::call::Call;
pub use self::client::{Encrypted, UnixPeer};
pub use self::format::Format;
pub(crate) use self::log::UNKNOWN;
pub use self::params::Params;
pub use self::reply::{Json, NoContent};
use self::routes::Routes;
pub use self::service::Router;
use crate::app::App;

/// The whole server as a service of requests.
#[must_use]
pub fn router(app: Arc<App>) -> Router {
    let routes = openapi::routes(api());
    app.metrics.count_routes(routes.counted());
    Router::new(app, routes)
}

/// The description of the API in OpenAPI 3.1, which announces `version`: what `/v1/openapi.json` answers.
#[must_use]
pub fn description(version: &str) -> serde_json::Value {
    openapi::describe(&api(), version)
}

fn api() -> Routes {
    account::routes(users::routes(health::routes(Routes::default())))
}
