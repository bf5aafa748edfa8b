//! Those who call the Account service: strangers, and users who are signed in.

use serde_json::{Value, json};

use crate::support::{Answer, Caller, PROJECT, TestApp};
use crate::users::crud::stored;

pub const INVALID: &str = "general_argument_invalid";
pub const WRONG: &str = "user_invalid_credentials";
pub const SCOPE: &str = "general_unauthorized_scope";

/// The password of everybody here, in which no personal data is.
pub const PASSWORD: &str = "correct horse battery";

/// Somebody whom the server does not know.
pub fn stranger(app: &TestApp) -> Caller<'_> {
    stranger_to(app, PROJECT)
}

/// The same, with a project in mind.
pub fn stranger_to<'a>(app: &'a TestApp, project: &str) -> Caller<'a> {
    app.guest().header("x-appwrite-project", project)
}

/// Where this user is reached.
pub fn email(id: &str) -> String {
    format!("{id}@example.org")
}

/// Signs up with what is usual for this id.
pub async fn sign_up(app: &TestApp, id: &str) -> Value {
    let body = json!({"userId": id, "email": email(id), "password": PASSWORD, "name": format!("Name of {id}")});
    stranger(app).post("/v1/account", &body).await.expect(201)
}

/// Tries to sign in.
pub async fn try_sign_in(app: &TestApp, email: &str, password: &str) -> Answer {
    stranger(app).post("/v1/account/sessions/email", &json!({"email": email, "password": password})).await
}

/// Signs in.
pub async fn sign_in<'a>(app: &'a TestApp, email: &str, password: &str) -> Caller<'a> {
    continued(app, &try_sign_in(app, email, password).await)
}

/// Whoever got this answer, with the session that it began.
#[track_caller]
pub fn continued<'a>(app: &'a TestApp, answer: &Answer) -> Caller<'a> {
    assert_eq!(answer.status, 201, "{}", answer.text);
    let [_, cookie] = &cookies(answer)[..] else { panic!("{:?}", answer.headers) };
    stranger(app).header("cookie", cookie.split(';').next().unwrap())
}

/// The cookies that an answer sets.
pub fn cookies(answer: &Answer) -> Vec<String> {
    answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap().to_owned()).collect()
}

/// Signs up and in.
pub async fn member<'a>(app: &'a TestApp, id: &str) -> Caller<'a> {
    sign_up(app, id).await;
    sign_in(app, &email(id), PASSWORD).await
}

/// Begins an anonymous session; who that is, and the id.
pub async fn nobody(app: &TestApp) -> (Caller<'_>, String) {
    let answer = stranger(app).post("/v1/account/sessions/anonymous", &json!({})).await;
    (continued(app, &answer), answer.json["userId"].as_str().unwrap().to_owned())
}

/// A user with a session that was made by a key, which neither hashes nor counts anything.
pub async fn handed<'a>(app: &'a TestApp, id: &str) -> Caller<'a> {
    let session = app.admin().post(&format!("/v1/users/{id}/sessions"), &json!({})).await.expect(201);
    stranger(app).header("x-appwrite-session", session["secret"].as_str().unwrap())
}

/// The same user by a token (JWT) that ends with the session.
pub async fn by_token<'a>(app: &'a TestApp, member: &Caller<'_>) -> Caller<'a> {
    let made = member.post("/v1/account/jwts", &json!({})).await.expect(201);
    stranger(app).header("x-appwrite-jwt", made["jwt"].as_str().unwrap())
}

/// What a user sees of the account, by what a key sees of the user: all but how the password is stored.
pub async fn account(app: &TestApp, id: &str) -> Value {
    let user = app.admin().get(&format!("/v1/users/{id}")).await.expect(200);
    let fields = user.as_object().unwrap().iter();
    let hidden = ["password", "hash", "hashOptions"];
    let shown = fields.filter(|(name, _)| !hidden.contains(&name.as_str()));
    Value::Object(shown.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// The sessions of a user, as a key sees them.
pub async fn sessions(app: &TestApp, id: &str) -> Vec<String> {
    let list = app.admin().get(&format!("/v1/users/{id}/sessions")).await;
    list.ids("sessions").into_iter().map(str::to_owned).collect()
}

/// Whether this is the password of a user, as sign-in would judge it.
pub async fn is_password(app: &TestApp, id: &str, password: &str) -> bool {
    match usher::password::stored(&stored(app, id).await) {
        Some(stored) => app.app.hashing.verify(stored, password.into()).await.unwrap(),
        None => false,
    }
}

/// Gives a user a messaging target besides those of email and phone.
pub async fn add_target(app: &TestApp, user: &str, kind: &str, identifier: &str) {
    let body = json!({"targetId": format!("target-of-{user}"), "providerType": kind, "identifier": identifier});
    app.admin().post(&format!("/v1/users/{user}/targets"), &body).await.expect(201);
}

/// The headers of a counted answer: limit, what is left, reset, and after how many seconds to come again.
pub fn rate(answer: &Answer) -> [&str; 4] {
    ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after"].map(|name| answer.header(name))
}
