//! A whole server for each test: its own database, a clock that stands still, cheap hashes. Requests go through the
//! same router that the program serves.

pub mod described;
mod postgres;
mod targets;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::response::Parts;
use axum::http::{HeaderMap, Method, Request};
use http_body_util::BodyExt as _;
use serde::Deserialize as _;
use serde_json::Value;
use tower::ServiceExt as _;
use usher::access::{NewKey, Scope, insert_key};
use usher::app::App;
use usher::config::{Config, DatabaseUrl};
use usher::http::Router;
use usher::secret::{api_key, digest};
use usher::store::projects::{self, Project, Settings};
use usher::store::{Engine, Error, Store, Tx, Work};

pub use postgres::notice_when_absent;
pub use targets::{made_up, target};

/// Where the clock stands when a test begins.
pub const NOW: &str = "2026-01-02T03:04:05.678+00:00";

/// The project that every test starts with.
pub const PROJECT: &str = "demo";

/// The address that requests come from.
pub const IP: &str = "203.0.113.9";

/// Runs the body of a test on SQLite and on PostgreSQL, each time with a server of its own.
///
/// `both! { async fn name(app) { … } }`, or `(app, "USHER_…" = "…")` to set variables of its configuration. The tests of
/// `both! { on one thread; … }` run on it with the tasks of their server.
macro_rules! both {
    (on one thread; $($tests:tt)*) => { $crate::support::both! { @ (flavor = "current_thread") $($tests)* } };
    (@ $flavor:tt $($(#[$meta:meta])* async fn $name:ident($app:ident $(, $var:literal = $value:expr)* $(,)?) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "not every test uses what is around it")]
            use super::*;

            async fn run($app: &$crate::support::TestApp) $body

            #[tokio::test $flavor]
            async fn sqlite() {
                let app = $crate::support::TestApp::sqlite(&[$(($var, $value)),*]).await;
                run(&app).await;
                app.finish().await;
            }

            #[tokio::test $flavor]
            async fn postgres() {
                if let Some(app) = $crate::support::TestApp::postgres(&[$(($var, $value)),*]).await {
                    run(&app).await;
                    app.finish().await;
                }
            }
        }
    )*};
    ($($tests:tt)*) => {
        $crate::support::both! { @ (flavor = "multi_thread", worker_threads = 2) $($tests)* }
    };
}
pub(crate) use both;

/// A server and its database.
pub struct TestApp {
    /// The parts of the server.
    pub app: Arc<App>,
    router: Router,
    key: String,
    keeper: Keeper,
}

/// Keeps the database until the test is over.
enum Keeper {
    Folder(tempfile::TempDir),
    Database(postgres::Database),
    /// Nothing: the database is that of another server, which removes it.
    Shared,
}

impl TestApp {
    /// A server on SQLite, in a folder that goes with it.
    pub async fn sqlite(variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("usher.db").display());
        Self::open(&url, variables, Keeper::Folder(folder)).await
    }

    /// A server on PostgreSQL, in a database that goes with it; none where there is no PostgreSQL.
    pub async fn postgres(variables: &[(&str, &str)]) -> Option<Self> {
        let database = postgres::Database::create().await?;
        let url = database.url.clone();
        Some(Self::open(&url, variables, Keeper::Database(database)).await)
    }

    async fn open(url: &str, variables: &[(&str, &str)], keeper: Keeper) -> Self {
        let defaults = [
            ("DATABASE_URL", url),
            ("USHER_CLOCK", NOW),
            ("USHER_HASH_COST", "m=8,t=1,p=1"),
            ("USHER_HASH_WORKERS", "1"),
            ("USHER_DATABASE_CONNECTIONS", "4"),
            ("USHER_STARTUP_WAIT", "0"),
            ("USHER_SECRET", "a secret of the tests, 32 characters or more"),
        ];
        let find = |name: &str| {
            let set = variables.iter().rev().chain(&defaults).find(|(known, _)| *known == name);
            set.map(|(_, value)| (*value).to_owned())
        };
        let app = App::open(Config::read(find).unwrap()).await.unwrap();
        let router = usher::http::router(Arc::clone(&app));
        let mut test = Self { app, router, key: String::new(), keeper };
        test.new_project(PROJECT).await;
        test.key = test.new_key(PROJECT, &Scope::ALL).await;
        test
    }

    /// Another server on the same database, as it was configured.
    pub async fn twin(&self) -> Self {
        self.configured(self.app.config.clone()).await
    }

    /// A server on a database into which that of this one was copied, configured as this one.
    pub async fn moved(&self, database: &DatabaseUrl) -> Self {
        self.configured(Config { database: database.clone(), ..self.app.config.clone() }).await
    }

    /// Another server on the same database, or on that which its configuration names.
    pub async fn configured(&self, config: Config) -> Self {
        let app = App::open(config).await.unwrap();
        let router = usher::http::router(Arc::clone(&app));
        Self { app, router, key: self.key.clone(), keeper: Keeper::Shared }
    }

    /// Which database this is.
    pub fn engine(&self) -> Engine {
        self.app.store.engine()
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.app.store
    }

    /// Writes to the database past the API.
    pub async fn write<T, F>(&self, work: F) -> T
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> Work<'t, Result<T, Error>> + Send + 'static,
    {
        self.app.store.write(work).await.unwrap()
    }

    /// The project with this id.
    pub async fn project(&self, id: &str) -> Project {
        projects::find(self.app.store.read(), id).await.unwrap().unwrap()
    }

    /// Makes a project.
    pub async fn new_project(&self, id: &str) -> Project {
        let (id, now) = (id.to_owned(), self.app.clock.now());
        self.write(move |tx| Box::pin(async move { projects::insert(tx, &id, &id, now).await })).await
    }

    /// Changes settings of the project that every test starts with; requests see them at once.
    pub async fn set(&self, change: impl FnOnce(&mut Settings)) {
        let mut project = self.project(PROJECT).await;
        change(&mut project.settings);
        let now = self.app.clock.now();
        self.write(move |tx| {
            Box::pin(async move { projects::set_settings(tx, project.key, &project.settings, now).await })
        })
        .await;
        self.app.registry.forget();
    }

    /// Makes an API key and gives its secret.
    pub async fn new_key(&self, project: &str, scopes: &[Scope]) -> String {
        let (project, now) = (self.project(project).await.key, self.app.clock.now());
        let new = NewKey { name: "test key".into(), scopes: scopes.to_vec(), expire: None };
        let secret = api_key();
        let stored = secret.clone();
        self.write(move |tx| Box::pin(async move { insert_key(tx, project, &stored, &new, now).await.map(drop) }))
            .await;
        secret
    }

    /// The id of the key with this secret, as the log shows it.
    pub async fn key_id(&self, project: &str, secret: &str) -> String {
        let project = self.project(project).await.key;
        usher::store::keys::find(self.app.store.read(), project, &digest(secret)).await.unwrap().unwrap().id
    }

    /// The caller of most tests: the key with all scopes.
    pub fn admin(&self) -> Caller<'_> {
        self.caller(PROJECT, &self.key)
    }

    /// The secret of the key with all scopes.
    pub fn admin_key(&self) -> &str {
        &self.key
    }

    /// A caller with a key.
    pub fn caller(&self, project: &str, key: &str) -> Caller<'_> {
        self.guest().header("x-appwrite-project", project).header("x-appwrite-key", key)
    }

    /// A caller without any headers.
    pub fn guest(&self) -> Caller<'_> {
        Caller { test: self, headers: Vec::new() }
    }

    /// Sends a request as it is; the answer's head, and its bytes as they went over the wire.
    pub async fn exchange(&self, mut request: Request<Body>) -> (Parts, Bytes) {
        let peer = SocketAddr::new(IP.parse().unwrap(), 40_000);
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        (parts, body.collect().await.unwrap().to_bytes())
    }

    /// Sends a request as it is. Its answer is as the published description says, or the test fails.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let newest = !request.headers().contains_key("x-appwrite-response-format");
        let (parts, bytes) = self.exchange(request).await;
        let answer = Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            json: read(&bytes).unwrap_or(Value::Null),
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        };
        described::check(&method, &path, newest, &answer);
        answer
    }

    /// Makes a user through the API; `body` is what is sent besides the id.
    pub async fn user(&self, id: &str, body: Value) -> Value {
        let mut sent = body;
        sent["userId"] = Value::from(id);
        self.admin().post("/v1/users", &sent).await.expect(201)
    }

    /// Closes and removes the database.
    pub async fn finish(self) {
        self.app.store.close().await;
        match self.keeper {
            Keeper::Folder(folder) => folder.close().unwrap(),
            Keeper::Database(database) => database.remove().await,
            Keeper::Shared => {}
        }
    }
}

/// Reads JSON, however deep.
fn read(bytes: &[u8]) -> serde_json::Result<Value> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    reader.disable_recursion_limit();
    let value = Value::deserialize(&mut reader)?;
    reader.end().map(|()| value)
}

/// Somebody who sends requests, always with the same headers.
#[derive(Clone)]
pub struct Caller<'a> {
    test: &'a TestApp,
    headers: Vec<(String, String)>,
}

impl Caller<'_> {
    /// The same caller with one more header; an earlier one of the name is replaced.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same caller without a header.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    /// The same caller, built for this generation of models.
    pub fn format(self, version: &str) -> Self {
        self.header("x-appwrite-response-format", version)
    }

    /// Sends any request; a body without a content type among the headers is JSON.
    pub async fn request(&self, method: Method, path: &str, body: impl Into<Option<String>>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let body = body.into();
        if body.is_some() && !self.headers.iter().any(|(name, _)| name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        self.test.send(request.body(body.map_or_else(Body::empty, Body::from)).unwrap()).await
    }

    /// GET
    pub async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path, None).await
    }

    /// GET of a list with queries, percent-encoded as SDKs do.
    pub async fn list(&self, path: &str, queries: &[Value]) -> Answer {
        let text = |query: &Value| query.as_str().map_or_else(|| query.to_string(), str::to_owned);
        let queries: Vec<String> = queries
            .iter()
            .enumerate()
            .map(|(n, query)| {
                format!(
                    "queries%5B{n}%5D={}",
                    percent_encoding::utf8_percent_encode(&text(query), percent_encoding::NON_ALPHANUMERIC)
                )
            })
            .collect();
        let separator = if path.contains('?') { '&' } else { '?' };
        self.get(&format!("{path}{separator}{}", queries.join("&"))).await
    }

    /// POST with JSON
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::POST, path, body.to_string()).await
    }

    /// PUT with JSON
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::PUT, path, body.to_string()).await
    }

    /// PATCH with JSON
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::PATCH, path, body.to_string()).await
    }

    /// DELETE with the body that SDKs send
    pub async fn delete(&self, path: &str) -> Answer {
        self.request(Method::DELETE, path, "{}".to_owned()).await
    }
}

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body as JSON, null when it is none.
    pub json: Value,
    /// The body.
    pub text: String,
}

impl Answer {
    /// The JSON of an answer with this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json
    }

    /// Checks the whole envelope of an error: status, type, version, and that the message is there and holds `part`.
    #[track_caller]
    pub fn fails(self, status: u16, kind: &str, part: &str) {
        let message = self.json["message"].as_str().unwrap_or_default().to_owned();
        assert_eq!(
            self.json,
            serde_json::json!({"message": message, "code": status, "type": kind, "version": "2.6.2"}),
            "{}",
            self.text
        );
        assert_eq!(self.status, status);
        assert_eq!(self.header("content-type"), "application/json; charset=UTF-8");
        assert!(!message.is_empty() && message.contains(part), "{message:?} does not say {part:?}");
    }

    /// A header, `""` when it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The ids of a list in their order.
    #[track_caller]
    pub fn ids(&self, plural: &str) -> Vec<&str> {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json[plural].as_array().unwrap().iter().map(|row| row["$id"].as_str().unwrap()).collect()
    }
}
