//! A generator that drives every endpoint with valid and broken values of each of its parameters, and with junk. Whatever is
//! sent, no answer is a failure of the server, each has the documented shape, and what is refused is refused by name.

pub mod endpoints;
mod values;

use std::time::Duration;

use axum::http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use self::endpoints::{Endpoint, Param, Who, all};
use self::values::{Kind, PASSWORD, junk};
use crate::crash::Dice;
use crate::support::{Answer, PROJECT, TestApp, both};
use crate::users::crud::{self, add_identities};
use crate::users::mfa;
use crate::users::passkeys::add_passkey;

/// Requests of junk for each endpoint.
const JUNK: usize = 25;

/// How a client writes down its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Json,
    Url,
    Multipart,
}

/// Somebody who has one of everything, as long as nobody takes it away.
struct Somebody {
    user: String,
    session: String,
    target: String,
    identity: String,
    challenge: String,
    passkey: String,
    secret: String,
}

struct Run<'a> {
    app: &'a TestApp,
    somebody: Somebody,
    /// How many values were made, so that the next is new.
    made: usize,
    sent: usize,
    dice: Dice,
}

impl<'a> Run<'a> {
    async fn new(app: &'a TestApp) -> Self {
        Self { app, somebody: somebody(app, 0, true).await, made: 0, sent: 0, dice: Dice(4) }
    }

    fn next(&mut self) -> usize {
        self.made += 1;
        self.made
    }

    /// The parameters as a client sends them that does everything right.
    fn usual(&mut self, params: &[Param]) -> Map<String, Value> {
        let n = self.next();
        params.iter().map(|(name, kind, _)| ((*name).to_owned(), kind.usual(n))).collect()
    }

    fn path(&self, endpoint: &Endpoint) -> String {
        endpoint
            .path
            .replace("{userId}", &self.somebody.user)
            .replace("{sessionId}", &self.somebody.session)
            .replace("{targetId}", &self.somebody.target)
            .replace("{identityId}", &self.somebody.identity)
            .replace("{type}", "totp")
            .replace("{challengeId}", &self.somebody.challenge)
            .replace("{passkeyId}", &self.somebody.passkey)
    }

    async fn send(&mut self, endpoint: &Endpoint, path: &str, values: &Map<String, Value>, form: Form) -> Answer {
        self.sent += 1;
        let mut caller = match endpoint.who {
            Who::Key => self.app.admin(),
            Who::User => {
                let cookie = format!("a_session_{PROJECT}={}", self.somebody.secret);
                self.app.guest().header("x-appwrite-project", PROJECT).header("cookie", &cookie)
            }
            Who::Guest => self.app.guest().header("x-appwrite-project", PROJECT),
        };
        if endpoint.method == Method::GET {
            let query = url_encoded(values);
            let path = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
            // Longer ones do not come through the door.
            let path = &path[..path.len().min(60_000)];
            let whole = path.rfind('%').filter(|at| at + 3 > path.len()).unwrap_or(path.len());
            return caller.get(&path[..whole]).await;
        }
        let body = match form {
            Form::Json => Value::Object(values.clone()).to_string(),
            Form::Url => {
                caller = caller.header("content-type", "application/x-www-form-urlencoded");
                url_encoded(values)
            }
            Form::Multipart => {
                caller = caller.header("content-type", "multipart/form-data; boundary=XX");
                multipart(values)
            }
        };
        caller.request(endpoint.method.clone(), path, body).await
    }

    /// Sends what must go through.
    async fn goes(&mut self, endpoint: &Endpoint, values: &Map<String, Value>, form: Form) {
        let path = self.path(endpoint);
        let answer = self.send(endpoint, &path, values, form).await;
        let case = || format!("{} {path} {form:?} {}: {}", endpoint.method, shorten(values), answer.text);
        assert_eq!(answer.status, endpoint.status, "{}", case());
        self.renew(endpoint).await;
    }

    /// Makes somebody new, where the last one may have lost something.
    async fn renew(&mut self, endpoint: &Endpoint) {
        if endpoint.method != Method::GET && (endpoint.who == Who::User || endpoint.path.contains('{')) {
            self.meet(endpoint).await;
        }
    }

    /// Makes somebody new, who has what an endpoint is about: recovery codes, but for the one that makes them.
    async fn meet(&mut self, endpoint: &Endpoint) {
        let codes = !endpoint.path.ends_with("/recovery-codes") || endpoint.method != Method::PATCH;
        let n = self.next();
        self.somebody = somebody(self.app, n, codes).await;
    }

    /// Sends what must be refused because of a parameter.
    async fn refused(&mut self, endpoint: &Endpoint, name: &str, values: &Map<String, Value>) {
        let path = self.path(endpoint);
        let answer = self.send(endpoint, &path, values, Form::Json).await;
        let case = || format!("{} {path} {}: {}", endpoint.method, shorten(values), answer.text);
        assert_eq!(answer.status, 400, "{}", case());
        let (kind, message) = (answer.json["type"].as_str().unwrap(), answer.json["message"].as_str().unwrap());
        let of_queries = name == "queries" && kind == "general_query_invalid";
        assert!(of_queries || (kind.starts_with("general_") && message.contains(name)), "{}", case());
    }

    /// Sends anything. That the answer is one of those that are documented is checked wherever a test sends something.
    async fn anything(&mut self, endpoint: &Endpoint, path: &str, values: &Map<String, Value>, form: Form) {
        let answer = self.send(endpoint, path, values, form).await;
        let case = || format!("{} {path} {form:?} {}: {}", endpoint.method, shorten(values), answer.text);
        if answer.status == endpoint.status {
            self.renew(endpoint).await;
            return;
        }
        assert!((400..500).contains(&answer.status), "{}", case());
    }

    /// Values of junk, some of the endpoint's own among them.
    fn junk(&mut self, endpoint: &Endpoint) -> Map<String, Value> {
        let mut values = self.usual(endpoint.params);
        let names: Vec<&str> =
            endpoint.params.iter().map(|(name, ..)| *name).chain(["userId", "nothing", ""]).collect();
        for _ in 0..=self.dice.below(3) {
            let name = names[usize::try_from(self.dice.below(names.len() as u64)).unwrap()];
            values.insert(name.to_owned(), junk(&mut self.dice));
        }
        values
    }

    async fn drive(&mut self, endpoint: &Endpoint) {
        if endpoint.path.ends_with("/recovery-codes") {
            self.meet(endpoint).await;
        }
        let forms = [Form::Json, Form::Url, Form::Multipart];
        // A whole number is none in a form, where all is text.
        let whole = endpoint.params.iter().any(|(_, kind, _)| matches!(kind, Kind::Whole(..) | Kind::Number(_)));
        for form in &forms[..if whole { 1 } else { 3 }] {
            let values = self.usual(endpoint.params);
            self.goes(endpoint, &values, *form).await;
        }
        for (name, kind, needed) in endpoint.params {
            let mut without = self.usual(endpoint.params);
            without.remove(*name);
            match needed {
                true => self.refused(endpoint, name, &without).await,
                // It is the user's to know whether there is one.
                false if matches!(kind, Kind::OwnPassword) => {
                    let path = self.path(endpoint);
                    self.anything(endpoint, &path, &without, Form::Json).await;
                }
                false => self.goes(endpoint, &without, Form::Json).await,
            }
            let n = self.next();
            for odd in kind.odd(n) {
                let mut values = self.usual(endpoint.params);
                values.insert((*name).to_owned(), odd);
                self.goes(endpoint, &values, Form::Json).await;
            }
            for broken in kind.broken() {
                // What is a number or a truth value in JSON is a text in a query string, and an empty list is nothing there.
                if endpoint.method == Method::GET && !broken.is_string() && broken.as_array().is_none_or(Vec::is_empty)
                {
                    continue;
                }
                let mut values = self.usual(endpoint.params);
                values.insert((*name).to_owned(), broken);
                self.refused(endpoint, name, &values).await;
            }
        }
        let path = self.path(endpoint);
        for round in 0..JUNK {
            let values = self.junk(endpoint);
            self.anything(endpoint, &path, &values, forms[round % 3]).await;
        }
        if endpoint.path.contains('{') {
            for id in
                ["ghost", "unique()", "%00", "%2e%2e", "a%2Fb", "%F0%9F%98%80", "'--", "*", "a;b", &"x".repeat(5000)]
            {
                let path = endpoint.path.split('/').map(|part| if part.starts_with('{') { id } else { part });
                let (path, values) = (path.collect::<Vec<_>>().join("/"), self.usual(endpoint.params));
                self.anything(endpoint, &path, &values, Form::Json).await;
            }
        }
    }
}

fn shorten(values: &Map<String, Value>) -> String {
    Value::Object(values.clone()).to_string().chars().take(400).collect()
}

/// A value as forms have it: lists and objects with brackets, everything else as text.
fn flatten(name: &str, value: &Value, to: &mut Vec<(String, String)>) {
    match value {
        Value::Null => {}
        Value::String(text) => to.push((name.to_owned(), text.clone())),
        Value::Array(list) => {
            for (n, value) in list.iter().take(1100).enumerate() {
                flatten(&format!("{name}[{n}]"), value, to);
            }
        }
        Value::Object(map) => map.iter().for_each(|(key, value)| flatten(&format!("{name}[{key}]"), value, to)),
        other => to.push((name.to_owned(), other.to_string())),
    }
}

fn flat(values: &Map<String, Value>) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    values.iter().for_each(|(name, value)| flatten(name, value, &mut pairs));
    pairs
}

fn url_encoded(values: &Map<String, Value>) -> String {
    let code = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> =
        flat(values).iter().map(|(name, value)| format!("{}={}", code(name), code(value))).collect();
    pairs.join("&")
}

fn multipart(values: &Map<String, Value>) -> String {
    let parts = flat(values).into_iter().map(|(name, value)| {
        let name = name.replace(['"', '\r', '\n', '\0'], "");
        format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    });
    parts.collect::<String>() + "--XX--\r\n"
}

/// Makes somebody new, who is signed in.
async fn somebody(app: &TestApp, n: usize, codes: bool) -> Somebody {
    let (user, email) = (format!("somebody{n}"), format!("somebody{n}@example.org"));
    app.user(&user, json!({ "email": email, "password": PASSWORD, "name": "Somebody" })).await;
    let session = app.admin().post(&format!("/v1/users/{user}/sessions"), &json!({})).await.expect(201);
    let own = format!("target{n}");
    let target = json!({ "targetId": own, "providerType": "email", "identifier": format!("t{n}@example.com") });
    app.admin().post(&format!("/v1/users/{user}/targets"), &target).await.expect(201);
    let identity = format!("identity{n}");
    add_identities(app, vec![crud::identity(&identity, &user, &email)]).await;
    if codes {
        app.admin().patch(&format!("/v1/users/{user}/mfa/recovery-codes"), &json!({})).await.expect(200);
    }
    mfa::add_authenticator(app, PROJECT, &user, true).await;
    let (challenge, end) = (format!("challenge{n}"), app.app.clock.now().plus(Duration::from_secs(3600)));
    mfa::add_challenge(app, PROJECT, (&challenge, &user), "custom", end, &mfa::sealed(app, "123456")).await;
    let passkey = format!("passkey{n}");
    add_passkey(app, PROJECT, (&passkey, &user), "Laptop", true).await;
    Somebody {
        user,
        session: session["$id"].as_str().unwrap().to_owned(),
        target: own,
        identity,
        challenge,
        passkey,
        secret: session["secret"].as_str().unwrap().to_owned(),
    }
}

/// Asks every endpoint once, as a client that does everything right.
pub async fn each_once(app: &TestApp) {
    let mut run = Run::new(app).await;
    for endpoint in &all() {
        if endpoint.path.ends_with("/recovery-codes") {
            run.meet(endpoint).await;
        }
        let values = run.usual(endpoint.params);
        run.goes(endpoint, &values, Form::Json).await;
    }
}

/// Drives those endpoints for which `wanted` holds.
async fn drive(app: &TestApp, wanted: impl Fn(&Endpoint) -> bool) {
    let mut run = Run::new(app).await;
    let endpoints: Vec<Endpoint> = all().into_iter().filter(wanted).collect();
    for endpoint in &endpoints {
        run.drive(endpoint).await;
    }
    assert!(run.sent > endpoints.len() * 30, "{} requests", run.sent);
    crate::crash::consistency::check(&app.app.config.database).await;
}

both! {
    async fn endpoints_for_keys_answer_whatever_is_sent_as_it_is_documented(app) {
        drive(app, |endpoint| endpoint.who == Who::Key).await;
    }

    async fn endpoints_for_users_answer_whatever_is_sent_as_it_is_documented(app, "USHER_RATE_LIMITS" = "false") {
        drive(app, |endpoint| endpoint.who != Who::Key).await;
    }
}
