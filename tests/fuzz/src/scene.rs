//! What the requests of an input find: a project with one key, and a user who is signed in.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::response::Parts;
use axum::http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use usher::access::{NewKey, Scope, insert_key};
use usher::app::App;
use usher::http::Router;
use usher::store::projects;

/// The project.
pub const PROJECT: &str = "fuzz";

/// The user.
pub const USER: &str = "anna";

/// The key of the project, which has all scopes.
const KEY: &str = "standard_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Bytes of the longest name in braces, with the second one.
const LONGEST_NAME: usize = 16;

/// A server, and the project that the inputs are about.
pub struct Scene {
    app: Arc<App>,
    router: Router,
    /// What stands in requests as `{name}`: ids and secrets that are others each time.
    names: Vec<(&'static str, String)>,
    /// Whether the project is no more as it was at first.
    pub changed: bool,
}

/// A request that can be sent.
#[derive(Debug, Clone)]
pub struct Asked {
    /// How.
    pub method: Method,
    /// For what.
    pub uri: Uri,
    /// With which headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// And with what.
    pub body: Vec<u8>,
}

impl Scene {
    /// On this server, which has no such project yet.
    pub async fn new(app: &Arc<App>) -> Self {
        let router = usher::http::router(Arc::clone(app));
        let mut scene = Self { app: Arc::clone(app), router, names: Vec::new(), changed: false };
        scene.make().await;
        scene
    }

    /// Makes the project anew, when an input has changed what is in it.
    pub async fn restore(&mut self) {
        if self.changed {
            let project = projects::find(self.app.store.read(), PROJECT).await.unwrap().unwrap();
            self.app.store.write(move |tx| Box::pin(projects::delete(tx, project.key))).await.unwrap();
            self.app.registry.forget();
            self.make().await;
            self.changed = false;
        }
    }

    async fn make(&mut self) {
        let now = self.app.clock.now();
        let key = NewKey { name: "key".into(), scopes: Scope::ALL.to_vec(), expire: None };
        let made = self.app.store.write(move |tx| {
            Box::pin(async move {
                let project = projects::insert(tx, PROJECT, PROJECT, now).await?;
                insert_key(tx, project.key, KEY, &key, now).await.map(drop)
            })
        });
        made.await.unwrap();
        let user = json!({
            "userId": USER, "email": "anna@example.org", "phone": "+4930123456", "name": "Anna Å.",
            "password": "correct horse battery",
        });
        self.admin("/v1/users", &user).await;
        let target = json!({"targetId": "t1", "providerType": "push", "identifier": "token-of-a-device"});
        self.admin(&format!("/v1/users/{USER}/targets"), &target).await;
        let session = self.admin(&format!("/v1/users/{USER}/sessions"), &json!({})).await;
        let token = self.admin(&format!("/v1/users/{USER}/jwts"), &json!({})).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        self.names = vec![
            ("key", KEY.to_owned()),
            ("userId", USER.to_owned()),
            ("targetId", "t1".to_owned()),
            ("session", text(&session["secret"])),
            ("sessionId", text(&session["$id"])),
            ("jwt", text(&token["jwt"])),
        ];
    }

    /// Makes something with the key.
    async fn admin(&self, path: &str, body: &Value) -> Value {
        let mut asked = Asked::new(Method::POST, Uri::try_from(path).unwrap());
        asked.header("x-appwrite-project", PROJECT.as_bytes());
        asked.header("x-appwrite-key", KEY.as_bytes());
        asked.header("content-type", b"application/json");
        asked.body = body.to_string().into_bytes();
        let (parts, bytes) = self.send(&asked).await;
        assert_eq!(parts.status, 201, "{path}: {}", String::from_utf8_lossy(&bytes));
        serde_json::from_slice(&bytes).unwrap()
    }

    /// What stands for a name in requests.
    pub fn named(&self, name: &str) -> &str {
        self.names.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// The text with what its names in braces stand for; `more` are names besides those of the scene.
    pub fn fill(&self, text: &[u8], more: &[(&str, &str)]) -> Vec<u8> {
        let (mut filled, mut rest) = (Vec::new(), text);
        while let Some((first, after)) = rest.split_first() {
            let end = after.iter().take(LONGEST_NAME).position(|byte| *byte == b'}').filter(|_| *first == b'{');
            let name = end.map(|end| &after[..end]);
            let own = self.names.iter().map(|(name, value)| (*name, value.as_str()));
            let known =
                name.and_then(|name| own.chain(more.iter().copied()).find(|(known, _)| known.as_bytes() == name));
            match known {
                Some((name, value)) => {
                    filled.extend(value.as_bytes());
                    rest = &after[name.len() + 1..];
                }
                None => {
                    filled.push(*first);
                    rest = after;
                }
            }
        }
        filled
    }

    /// Waits for what the server does after its answer, which would otherwise come between the next count and its list.
    async fn settle(&self) {
        self.app.background.close();
        self.app.background.wait().await;
        self.app.background.reopen();
    }

    /// Sends a request; the head of the answer, and its bytes.
    pub async fn send(&self, asked: &Asked) -> (Parts, Bytes) {
        let mut request = Request::new(Body::from(asked.body.clone()));
        *request.method_mut() = asked.method.clone();
        *request.uri_mut() = asked.uri.clone();
        for (name, value) in &asked.headers {
            request.headers_mut().append(name, value.clone());
        }
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([203, 0, 113, 9], 40_000))));
        let answer = self.router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.expect("an answer that does not break off").to_bytes();
        self.settle().await;
        (parts, bytes)
    }
}

impl Asked {
    /// Without headers and body.
    pub const fn new(method: Method, uri: Uri) -> Self {
        Self { method, uri, headers: Vec::new(), body: Vec::new() }
    }

    /// Adds a header, unless it is none that could come over a connection.
    pub fn header(&mut self, name: &str, value: &[u8]) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value)) {
            self.headers.push((name, value));
        }
    }

    /// Whether there is a header of that name.
    pub fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known == name)
    }
}
