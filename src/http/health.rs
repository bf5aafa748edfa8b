//! How the server is: for clients that set themselves up, and for whatever watches it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde::Serialize;

use super::access::{Access, scope};
use super::gate::Settled;
use super::reply::Json;
use super::routes::Routes;
use crate::app::App;
use crate::error::{Error, Kind, Result};

/// Where whatever watches the server asks. It is answered also when nobody else is.
pub(super) const WATCHED: [&str; 2] = ["/livez", "/readyz"];

/// Adds the routes.
pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/livez", alive)
        .get("/readyz", ready)
        .get("/v1/health", health)
        .get("/v1/health/version", version)
        .get("/v1/ping", ping)
}

#[derive(Serialize)]
struct Status {
    status: &'static str,
}

/// `GET /livez`: the process answers. No key, no database.
async fn alive() -> Json<Status> {
    Json(Status { status: "pass" })
}

/// `GET /readyz`: the database answers too; 503 when it does not. No key.
async fn ready(State(app): State<Arc<App>>) -> Result<Json<Status>> {
    app.store.ping().await.map_err(|error| match error {
        crate::store::Error::Unavailable(_) => Error::from(error),
        error => Error::from(crate::store::Error::Unavailable(error.to_string().into())),
    })?;
    Ok(Json(Status { status: "pass" }))
}

#[derive(Serialize)]
struct Health {
    name: &'static str,
    ping: u64,
    status: &'static str,
}

/// `GET /v1/health`: scope `health.read`, which every key has.
async fn health(access: Access<scope::HealthRead>) -> Result<Json<Health>> {
    let begun = std::time::Instant::now();
    access.store().ping().await?;
    let ping = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Json(Health { name: "http", ping, status: "pass" }))
}

#[derive(Serialize)]
struct Version {
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
