//! How the server is: for clients that set themselves up, and for whatever watches it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use schemars::JsonSchema;
use serde::Serialize;

use super::access::{Access, scope};
use super::gate::Settled;
use super::reply::Json;
use super::routes::{Routes, table};
use crate::app::App;
use crate::error::{Error, Kind, Result};

/// Where whatever watches the server asks. It is answered also when nobody else is.
pub(super) const WATCHED: [&str; 2] = ["/livez", "/readyz"];

/// Adds the routes.
pub(super) fn routes(routes: Routes) -> Routes {
    table! { routes:
        /// Says that the process answers, without asking the database.
        get "/livez" livez = alive, 200 Status;
        /// Says whether the database answers too.
        get "/readyz" readyz = ready, 200 Status or Unavailable;
        /// Asks the database, and says how many milliseconds that took.
        get "/v1/health" healthGet = health, 200 Health or Unavailable;
        /// Names the version of the protocol that is spoken.
        get "/v1/health/version" healthGetVersion = version, 200 Version;
        /// Says whether the project exists.
        get "/v1/ping" pingGet = ping, 200 Text;
    }
}

/// How something is.
#[derive(Serialize, JsonSchema)]
pub(super) struct Status {
    /// `pass`.
    status: &'static str,
}

/// `GET /livez`: the process answers. No key, no database.
async fn alive() -> Json<Status> {
    Json(Status { status: "pass" })
}

/// `GET /readyz`: the database answers too; 503 when it does not. No key.
async fn ready(State(app): State<Arc<App>>) -> Result<Json<Status>> {
    app.store.ping().await.map_err(|error| match error {
        crate::store::Error::Unavailable(_) | crate::store::Error::Busy(_) => Error::from(error),
        error => Error::from(crate::store::Error::Unavailable(error.to_string().into())),
    })?;
    Ok(Json(Status { status: "pass" }))
}

/// How the server is.
#[derive(Serialize, JsonSchema)]
pub(super) struct Health {
    /// `http`.
    name: &'static str,
    /// Milliseconds that the database took to answer.
    ping: u64,
    /// `pass`.
    status: &'static str,
}

/// `GET /v1/health`: scope `health.read`, which every key has.
async fn health(access: Access<scope::HealthRead>) -> Result<Json<Health>> {
    let begun = std::time::Instant::now();
    access.store().ping().await?;
    let ping = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Json(Health { name: "http", ping, status: "pass" }))
}

/// What is spoken.
#[derive(Serialize, JsonSchema)]
pub(super) struct Version {
    /// The version of the protocol.
    version: String,
}

/// `GET /v1/health/version`: public, with or without a key; clients ask it before they trust an endpoint.
async fn version(State(app): State<Arc<App>>) -> Json<Version> {
    Json(Version { version: app.config.compat_version.clone() })
}

/// `GET /v1/ping`: public, for a project that exists.
async fn ping(axum::Extension(settled): axum::Extension<Settled>) -> Result<impl IntoResponse> {
    match settled.project() {
        Some(_) => Ok(([(CONTENT_TYPE, "text/plain; charset=UTF-8")], "Pong!")),
        None => Err(Kind::ProjectNotFound.into()),
    }
}
