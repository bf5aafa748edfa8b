//! Every parameter of the account's routes, and of those by which servers sign users in, with every JSON type that it is
//! not.

use axum::http::Method;
use serde_json::{Value, json};

use super::types::{Field, Wants};
use crate::account::credentials::{client, signed_in};
use crate::support::{Caller, TestApp, both};
use Wants::{Flag, Integer, Prefs, Text};

/// Who sends it.
#[derive(Clone, Copy)]
enum By {
    Guest,
    User,
    Key,
}

/// A write with a body: who, how, where, a body that is right in its form, and its parameters in their order.
type Write = (By, Method, &'static str, Value, Vec<Field>);

fn writes() -> Vec<Write> {
    let token = || (json!({"userId": "anna", "secret": "wrong"}), vec![("userId", Text, true), ("secret", Text, true)]);
    let password = || {
        (
            json!({"email": "ghost@example.org", "password": "wrong password", "duration": 60}),
            vec![("email", Text, true), ("password", Text, true), ("duration", Integer, false)],
        )
    };
    let duration = || (json!({"duration": 60}), vec![("duration", Integer, false)]);
    let wide = |by, method, path, (body, fields)| (by, method, path, body, fields);
    vec![
        (
            By::Guest,
            Method::POST,
            "/v1/account",
            json!({"userId": "anna", "email": "new@example.org", "password": "long enough", "name": "New"}),
            vec![("userId", Text, true), ("email", Text, true), ("password", Text, true), ("name", Text, false)],
        ),
        wide(By::Guest, Method::POST, "/v1/account/sessions/email", password()),
        wide(By::Guest, Method::POST, "/v1/account/sessions", password()),
        wide(By::Guest, Method::POST, "/v1/account/sessions/token", token()),
        wide(By::Guest, Method::PUT, "/v1/account/sessions/magic-url", token()),
        wide(By::Guest, Method::PUT, "/v1/account/sessions/phone", token()),
        (By::User, Method::DELETE, "/v1/account/sessions", json!({"current": false}), vec![("current", Flag, false)]),
        (By::User, Method::PATCH, "/v1/account/prefs", json!({"prefs": {"a": 1}}), vec![("prefs", Prefs, true)]),
        (By::User, Method::PATCH, "/v1/account/name", json!({"name": "Anna"}), vec![("name", Text, true)]),
        (
            By::User,
            Method::PATCH,
            "/v1/account/email",
            json!({"email": "anna@example.org", "password": "wrong password"}),
            vec![("email", Text, true), ("password", Text, true)],
        ),
        (
            By::User,
            Method::PATCH,
            "/v1/account/phone",
            json!({"phone": "+4930123456", "password": "wrong password"}),
            vec![("phone", Text, true), ("password", Text, true)],
        ),
        (
            By::User,
            Method::PATCH,
            "/v1/account/password",
            json!({"password": "another password", "oldPassword": "wrong password"}),
            vec![("password", Text, true), ("oldPassword", Text, false)],
        ),
        wide(By::User, Method::POST, "/v1/account/jwts", duration()),
        wide(By::User, Method::POST, "/v1/account/jwt", duration()),
        (
            By::Key,
            Method::POST,
            "/v1/users/anna/jwts",
            json!({"sessionId": "ghost", "duration": 60}),
            vec![("sessionId", Text, false), ("duration", Integer, false)],
        ),
        (
            By::Key,
            Method::POST,
            "/v1/users/anna/tokens",
            json!({"length": 64, "expire": 60}),
            vec![("length", Integer, false), ("expire", Integer, false)],
        ),
    ]
}

/// Those who send.
async fn callers<'a>(app: &'a TestApp) -> impl Fn(By) -> Caller<'a> {
    app.user("anna", json!({"email": "anna@example.org", "password": "right password"})).await;
    let user = signed_in(app, "anna").await;
    // What is seen of the user later is what the writes have done.
    user.patch("/v1/account/name", &json!({"name": "Anna"})).await.expect(200);
    move |by| match by {
        By::Guest => client(app),
        By::User => user.clone(),
        By::Key => app.admin(),
    }
}

/// Everything about the users that a write of these tables could change.
async fn state(app: &TestApp) -> Vec<Value> {
    let mut state = Vec::new();
    for path in ["/v1/users/anna/sessions", "/v1/users/anna/prefs", "/v1/users/anna/logs", "/v1/users?total=true"] {
        let mut seen = app.admin().get(path).await.expect(200);
        // When the user was last seen is written behind the answers.
        for user in seen["users"].as_array_mut().into_iter().flatten() {
            (user["accessedAt"], user["$updatedAt"]) = (json!(null), json!(null));
        }
        state.push(seen);
    }
    state
}

both! {
    async fn a_parameter_of_another_type_is_refused_by_its_name(app, "USHER_RATE_LIMITS" = "false") {
        let caller = callers(app).await;
        let before = state(app).await;
        for (by, method, path, right, fields) in writes() {
            for (field, wants, required) in fields {
                for wrong in wants.refused() {
                    let mut body = right.clone();
                    body[field] = wrong.clone();
                    if !required && wrong.is_null() {
                        continue;
                    }
                    let answer = caller(by).request(method.clone(), path, body.to_string()).await;
                    assert_eq!(answer.status, 400, "{path} {field}={wrong}: {}", answer.text);
                    answer.fails(400, "general_argument_invalid", &format!("Invalid `{field}` param"));
                }
            }
        }
        assert_eq!(state(app).await, before);
    }

    async fn a_parameter_that_must_be_there_is_missed_by_its_name_and_the_first_one_first(
        app,
        "USHER_RATE_LIMITS" = "false",
    ) {
        let caller = callers(app).await;
        let before = state(app).await;
        for (by, method, path, right, fields) in writes() {
            let required: Vec<&str> = fields.iter().filter(|field| field.2).map(|field| field.0).collect();
            for (n, field) in required.iter().enumerate() {
                let mut body = right.clone();
                // All that come later are wrong, and still the first is named.
                for later in &required[n..] {
                    body[later] = json!([[]]);
                }
                body.as_object_mut().unwrap().remove(*field);
                // Another spelling of the name is another name, and the query string is not read.
                for (path, other) in [(path.to_owned(), "x".to_owned()), (format!("{path}?{field}=x"), field.to_uppercase())] {
                    body[other] = right[field].clone();
                    let answer = caller(by).request(method.clone(), &path, body.to_string()).await;
                    assert_eq!(answer.status, 400, "{path} {field}: {}", answer.text);
                    answer.fails(400, "general_argument_invalid", &format!("Param `{field}` is not optional"));
                }
            }
        }
        assert_eq!(state(app).await, before);
    }

    async fn forms_are_read_as_well(app, "USHER_RATE_LIMITS" = "false") {
        let caller = callers(app).await;
        let form = |by| caller(by).header("content-type", "application/x-www-form-urlencoded");
        let send = async |by, method, path: &str, body: &str| form(by).request(method, path, body.to_owned()).await;
        let wrong = send(By::Guest, Method::POST, "/v1/account/sessions/email", "email=anna%40example.org&password=x").await;
        wrong.fails(401, "user_invalid_credentials", "");
        let right = "email=anna%40example.org&password=right+password";
        send(By::Guest, Method::POST, "/v1/account/sessions/email", right).await.expect(201);
        let renamed = send(By::User, Method::PATCH, "/v1/account/name", "name=Anna+%26+Bert").await.expect(200);
        assert_eq!(renamed["name"], "Anna & Bert");
        send(By::User, Method::DELETE, "/v1/account/sessions", "current=false").await.expect(204);
        assert_eq!(app.admin().get("/v1/users/anna/sessions").await.ids("sessions").len(), 1);
    }
}
