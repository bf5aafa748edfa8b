//! What requests compute without the database: `cargo bench --bench pure [-- PATTERN]`.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot prepare has nothing to measure")]
#![allow(missing_docs, reason = "criterion's macros make functions without any")]
#![allow(clippy::cast_possible_truncation, reason = "an index into names")]

#[path = "load/people.rs"]
mod people;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use tokio::runtime::Runtime;
use usher::access::{NewKey, Scope, insert_key};
use usher::app::App;
use usher::config::Config;
use usher::http::Format;
use usher::http::view::{self, View};
use usher::query;
use usher::secret::{api_key, digest};
use usher::store::projects::{self, Project};
use usher::store::users::User;
use usher::store::{Error, list};

fn queries(c: &mut Criterion) {
    let schema = list::USERS.schema;
    for (name, texts) in [
        (
            "page",
            &[r#"{"method":"limit","values":[25]}"#, r#"{"method":"cursorAfter","values":["user0000000000000042"]}"#][..],
        ),
        ("page, old form", &["limit(25)", r#"cursorAfter("user0000000000000042")"#]),
        (
            "filters and order",
            &[
                r#"{"method":"equal","attribute":"status","values":[true]}"#,
                r#"{"method":"contains","attribute":"labels","values":["vip","founder"]}"#,
                r#"{"method":"greaterThan","attribute":"registration","values":["2025-01-02T03:04:05.678+00:00"]}"#,
                r#"{"method":"or","values":[{"method":"startsWith","attribute":"email","values":["anna"]},{"method":"equal","attribute":"name","values":["Åsa Nováková"]}]}"#,
                r#"{"method":"orderAsc","attribute":"name"}"#,
                r#"{"method":"limit","values":[25]}"#,
            ],
        ),
        (
            "filters and order, old form",
            &[
                r#"equal("status", [true])"#,
                r#"contains("labels", ["vip","founder"])"#,
                r#"greaterThan("registration", ["2025-01-02T03:04:05.678+00:00"])"#,
                r#"startsWith("email", ["anna"])"#,
                r#"orderAsc("name")"#,
                "limit(25)",
            ],
        ),
    ] {
        let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
        c.bench_function(&format!("queries: {name}"), |b| b.iter(|| query::read(schema, black_box(&texts)).unwrap()));
    }
}

fn models(c: &mut Criterion) {
    let server = Server::start();
    let view = View { app: Arc::clone(&server.app), format: Format::default(), locale: "en", own: false };
    let names = people::Names::new();
    let users: Vec<User> = (0..25).map(|number| people::person(number, 1_000_000, &names)).collect();
    let mut buffer = Vec::with_capacity(64 * 1024);
    for (name, users) in [("user", &users[..1]), ("list of 25", &users[..])] {
        c.bench_function(&format!("models: {name}"), |b| {
            b.iter(|| {
                buffer.clear();
                for user in black_box(users) {
                    serde_json::to_writer(&mut buffer, &view::User::of(user, &view)).unwrap();
                }
                black_box(buffer.len())
            });
        });
    }
}

fn keys(c: &mut Criterion) {
    let server = Server::start();
    let Server { runtime, app, project, key, .. } = &server;
    c.bench_function("keys: digest", |b| b.iter(|| digest(black_box(key))));
    c.bench_function("keys: a key that is remembered", |b| {
        b.iter(|| runtime.block_on(app.registry.key(app, project, black_box(key))).unwrap());
    });
}

/// A server that nobody asks, with a project and a key.
struct Server {
    runtime: Runtime,
    app: Arc<App>,
    project: Project,
    key: String,
    /// Where its database is.
    _folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("usher.db").display());
        let config = Config::read(|name| (name == "DATABASE_URL").then(|| url.clone())).unwrap();
        let runtime = Runtime::new().unwrap();
        let app = runtime.block_on(App::open(config)).unwrap();
        let (key, now) = (api_key(), app.clock.now());
        let secret = key.clone();
        let made = app.store.write(move |tx| {
            Box::pin(async move {
                let project = projects::insert(tx, "bench", "bench", now).await?;
                let new = NewKey { name: "bench".into(), scopes: Scope::ALL.to_vec(), expire: None };
                insert_key(tx, project.key, &secret, &new, now).await?;
                Ok::<_, Error>(project)
            })
        });
        let project = runtime.block_on(made).unwrap();
        Self { runtime, app, project, key, _folder: folder }
    }
}

criterion_group! {
    name = pure;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = queries, models, keys
}
criterion_main!(pure);
