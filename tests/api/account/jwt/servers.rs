//! Several servers on one database, and a server that starts anew: whose tokens are good where.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use usher::app::App;
use usher::config::Config;
use usher::secret::Hidden;

use crate::account::credentials::{session, text};
use crate::support::{PROJECT, TestApp, both};

/// Another server on the database of a test.
struct Server(Arc<App>);

impl Server {
    fn start(beside: &TestApp, secret: Option<&str>) -> Self {
        let secret = secret.map(|secret| Hidden(secret.to_owned()));
        let config = Config { secret, ..beside.app.config.clone() };
        Self(App::with_store(config, beside.app.store.clone()).unwrap())
    }

    /// Sends a request with one more header; the status, and the type of an error or the id of whoever is signed in.
    async fn ask(&self, method: Method, path: &str, (name, value): (&str, &str)) -> (u16, Value) {
        let request =
            Request::builder().method(method).uri(path).header("x-appwrite-project", PROJECT).header(name, value);
        let request = request.header("content-type", "application/json").body(Body::from("{}")).unwrap();
        let answer = usher::http::router(Arc::clone(&self.0)).oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap())
    }

    /// Whose account a token opens, or why none.
    async fn account(&self, header: (&str, &str)) -> String {
        let (status, body) = self.ask(Method::GET, "/v1/account", header).await;
        match status {
            200 => text(&body["$id"]),
            _ => text(&body["type"]),
        }
    }

    /// A token of the user with this session, made by the user and by a key.
    async fn tokens(&self, app: &TestApp, encoded: &str) -> [String; 2] {
        let own = self.ask(Method::POST, "/v1/account/jwts", ("x-appwrite-session", encoded)).await;
        let by_key = self.ask(Method::POST, "/v1/users/anna/jwts", ("x-appwrite-key", app.admin_key())).await;
        [own, by_key].map(|(status, body)| {
            assert_eq!(status, 201, "{body}");
            text(&body["jwt"])
        })
    }
}

const JWT: &str = "x-appwrite-jwt";
const SECRET: &str = "one secret for all, of 32 characters";

both! {
    async fn servers_with_one_secret_know_each_others_tokens(app) {
        app.user("anna", json!({})).await;
        let (_, encoded) = session(app, "anna").await;
        let (one, two) = (Server::start(app, Some(SECRET)), Server::start(app, Some(SECRET)));
        let other = Server::start(app, Some("another secret, of 32 characters."));
        let none = Server::start(app, None);
        for token in one.tokens(app, &encoded).await {
            for server in [&one, &two] {
                assert_eq!(server.account((JWT, &token)).await, "anna");
            }
            for server in [&other, &none] {
                assert_eq!(server.account((JWT, &token)).await, "user_jwt_invalid");
            }
        }
        // Sessions need no secret, so each server knows all of them.
        for server in [&one, &two, &other, &none] {
            assert_eq!(server.account(("x-appwrite-session", &encoded)).await, "anna");
        }
        // A session that ends on one server ends its tokens on all.
        let [own, _] = two.tokens(app, &encoded).await;
        assert_eq!(one.account((JWT, &own)).await, "anna");
        let left = two.0.store.clone();
        let project = app.project(PROJECT).await.key;
        left.write(move |tx| Box::pin(async move { usher::store::sessions::delete_all(tx, project, "anna").await }))
            .await
            .unwrap();
        assert_eq!(one.account((JWT, &own)).await, "general_unauthorized_scope");
    }

    async fn without_a_secret_tokens_end_with_the_server(app) {
        app.user("anna", json!({})).await;
        let (_, encoded) = session(app, "anna").await;
        let before = Server::start(app, None);
        let tokens = before.tokens(app, &encoded).await;
        for token in &tokens {
            assert_eq!(before.account((JWT, token)).await, "anna");
        }
        drop(before);
        // The same program on the same database, started anew or beside it.
        let after = Server::start(app, None);
        for token in &tokens {
            assert_eq!(after.account((JWT, token)).await, "user_jwt_invalid");
        }
        assert_eq!(after.account(("x-appwrite-session", &encoded)).await, "anna");
        for token in after.tokens(app, &encoded).await {
            assert_eq!(after.account((JWT, &token)).await, "anna");
        }
    }

    async fn with_a_secret_tokens_outlive_the_server(app) {
        app.user("anna", json!({})).await;
        let (_, encoded) = session(app, "anna").await;
        let before = Server::start(app, Some(SECRET));
        let tokens = before.tokens(app, &encoded).await;
        drop(before);
        let after = Server::start(app, Some(SECRET));
        for token in &tokens {
            assert_eq!(after.account((JWT, token)).await, "anna");
        }
    }
}
