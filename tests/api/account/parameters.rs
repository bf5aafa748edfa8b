//! Every parameter of the writes of the Account service: its type, whether it must be there, and its limits.

use axum::http::Method;
use serde_json::{Value, json};

use super::people::{INVALID, PASSWORD, account, email, member, sessions, stranger};
use crate::decoding::types::{Field, Wants};
use crate::support::{Caller, TestApp, both};
use crate::users::crud::{events, stored};

/// The writes that a user does with a body: path, a body that is right, and the parameters in their order.
fn changes() -> Vec<(&'static str, Value, Vec<Field>)> {
    vec![
        ("name", json!({"name": "B"}), vec![("name", Wants::Text, true)]),
        ("prefs", json!({"prefs": {"a": 1}}), vec![("prefs", Wants::Prefs, true)]),
        (
            "email",
            json!({"email": "b@example.org", "password": PASSWORD}),
            vec![("email", Wants::Text, true), ("password", Wants::Text, true)],
        ),
        (
            "phone",
            json!({"phone": "+4930123456", "password": PASSWORD}),
            vec![("phone", Wants::Text, true), ("password", Wants::Text, true)],
        ),
        (
            "password",
            json!({"password": "another horse", "oldPassword": PASSWORD}),
            vec![("password", Wants::Text, true), ("oldPassword", Wants::Text, false)],
        ),
    ]
}

/// Signing up, likewise.
fn sign_up() -> (Value, Vec<Field>) {
    let right = json!({"userId": "new", "email": "new@example.org", "password": PASSWORD, "name": "New"});
    let fields = vec![
        ("userId", Wants::Text, true),
        ("email", Wants::Text, true),
        ("password", Wants::Text, true),
        ("name", Wants::Text, false),
    ];
    (right, fields)
}

/// Sends bodies in which one parameter has another type.
async fn refuses_other_types(caller: &Caller<'_>, method: Method, path: &str, right: &Value, fields: &[Field]) {
    for (field, wants, required) in fields {
        for wrong in wants.refused() {
            if !required && wrong.is_null() {
                continue;
            }
            let mut body = right.clone();
            body[field] = wrong.clone();
            let answer = caller.request(method.clone(), path, body.to_string()).await;
            assert_eq!(answer.status, 400, "{path} {field}={wrong}: {}", answer.text);
            answer.fails(400, INVALID, &format!("Invalid `{field}` param"));
        }
    }
}

/// Sends bodies that lack one parameter, and in which all that come later are wrong.
async fn misses_the_first(caller: &Caller<'_>, method: Method, path: &str, right: &Value, fields: &[Field]) {
    let required: Vec<&str> = fields.iter().filter(|field| field.2).map(|field| field.0).collect();
    for (n, field) in required.iter().enumerate() {
        let mut body = right.clone();
        for later in &required[n..] {
            body[later] = json!([[]]);
        }
        body.as_object_mut().unwrap().remove(*field);
        let answer = caller.request(method.clone(), path, body.to_string()).await;
        answer.fails(400, INVALID, &format!("Param `{field}` is not optional"));
        // Another spelling of the name is another name.
        body[field.to_uppercase()] = right[field].clone();
        let answer = caller.request(method.clone(), path, body.to_string()).await;
        answer.fails(400, INVALID, &format!("Param `{field}` is not optional"));
    }
    for nothing in ["", "{}", "[]", "null", "not JSON"] {
        let answer = caller.request(method.clone(), path, nothing.to_owned()).await;
        answer.fails(400, INVALID, &format!("Param `{}` is not optional", required[0]));
    }
}

/// A text of this many characters, of two and four bytes each in UTF-8.
fn characters(n: usize) -> Value {
    json!("ä😀".chars().cycle().take(n).collect::<String>())
}

fn ascii(n: usize) -> Value {
    json!("a".repeat(n))
}

/// An email address of this many bytes before the `@`, and behind it.
fn address(local: usize, domain: usize) -> Value {
    let labels = format!("{}.{}.{}.", "d".repeat(63), "e".repeat(63), "f".repeat(domain - 132));
    json!(format!("{}@{labels}org", "l".repeat(local)))
}

/// Passwords of 8 and 256 bytes, and those that are one byte too short or too long.
pub fn passwords() -> (Vec<Value>, Vec<Value>) {
    let within = vec![ascii(8), json!("ä".repeat(4)), ascii(256), json!("ä".repeat(128)), json!("        ")];
    let past = vec![json!(""), ascii(7), json!("aäöü"), ascii(257), json!("ä".repeat(129)), json!("password\u{0}")];
    (within, past)
}

/// What is at the limit of a parameter, and what is past it.
fn limits() -> Vec<(&'static str, Vec<Value>, Vec<Value>)> {
    let (within, past) = passwords();
    let ids = ["_a", "-a", ".a", "a b", "ä", "a/b", "a@b", "a\u{0}"];
    vec![
        (
            "userId",
            vec![ascii(1), ascii(36), json!("A.b-c_1")],
            [vec![json!(""), ascii(37)], ids.map(|id| json!(id)).to_vec()].concat(),
        ),
        (
            "email",
            vec![json!("a@b.c"), address(64, 189)],
            vec![
                json!(""),
                address(65, 180),
                address(64, 190),
                json!("anna"),
                json!("anna@localhost"),
                json!(" anna@example.org"),
                json!("änna@example.org"),
                json!("a\u{0}@b.org"),
            ],
        ),
        ("password", within, past),
        ("name", vec![json!(""), characters(128), json!(null)], vec![characters(129), json!("a\u{0}")]),
    ]
}

/// All that is known of a user and may not change.
async fn everything(app: &TestApp, id: &str) -> (Value, Vec<String>, Vec<String>) {
    (account(app, id).await, sessions(app, id).await, events(app, id).await)
}

both! {
    async fn a_change_with_a_parameter_of_another_type_is_refused(app, "USHER_RATE_LIMITS" = "false") {
        let anna = member(app, "anna").await;
        let before = (everything(app, "anna").await, stored(app, "anna").await);
        for (what, right, fields) in changes() {
            let path = format!("/v1/account/{what}");
            refuses_other_types(&anna, Method::PATCH, &path, &right, &fields).await;
            misses_the_first(&anna, Method::PATCH, &path, &right, &fields).await;
        }
        assert_eq!((everything(app, "anna").await, stored(app, "anna").await), before);
        // And these bodies are right, whatever else is in them.
        for (what, mut right, _) in changes() {
            right["unknown"] = json!({"a": [null, 1.5]});
            right["userId"] = json!("other");
            right["status"] = json!(false);
            if what != "password" {
                right["oldPassword"] = json!(5);
            }
            let answer = anna.patch(&format!("/v1/account/{what}"), &right).await.expect(200);
            assert_eq!((&answer["$id"], &answer["status"]), (&json!("anna"), &json!(true)), "{what}");
        }
    }

    async fn signing_up_with_a_parameter_of_another_type_is_refused(app, "USHER_RATE_LIMITS" = "false") {
        let (right, fields) = sign_up();
        refuses_other_types(&stranger(app), Method::POST, "/v1/account", &right, &fields).await;
        misses_the_first(&stranger(app), Method::POST, "/v1/account", &right, &fields).await;
        assert_eq!(app.admin().get("/v1/users").await.expect(200)["total"], json!(0));
        assert_eq!(events(app, "new").await, [""; 0]);
        stranger(app).post("/v1/account", &right).await.expect(201);
    }

    async fn signing_up_at_each_limit_and_one_past_it(app, "USHER_RATE_LIMITS" = "false") {
        assert_eq!(address(64, 189).as_str().map(str::len), Some(254));
        let (right, _) = sign_up();
        for (field, within, past) in limits() {
            for value in past {
                let mut body = right.clone();
                body[field] = value;
                stranger(app).post("/v1/account", &body).await.fails(400, INVALID, &format!("Invalid `{field}` param"));
            }
            assert_eq!(app.admin().get("/v1/users").await.expect(200)["total"], json!(0), "{field}");
            for value in within {
                let mut body = right.clone();
                body[field] = value.clone();
                let answer = stranger(app).post("/v1/account", &body).await;
                assert_eq!(answer.status, 201, "{field}={value}: {}", answer.text);
                let made = answer.json["$id"].as_str().unwrap().to_owned();
                let shown = &answer.json[if field == "userId" { "$id" } else { field }];
                match value {
                    Value::Null => assert_eq!(shown, ""),
                    _ if field == "password" => assert!(shown.is_null()),
                    value => assert_eq!(shown, &value),
                }
                app.admin().delete(&format!("/v1/users/{made}")).await.expect(204);
            }
        }
    }

    async fn names_and_preferences_at_each_limit_and_one_past_it(app) {
        let anna = member(app, "anna").await;
        let prefs = |bytes: usize| json!({"a": "x".repeat(bytes - r#"{"a":""}"#.len())});
        for (field, within, past) in [
            ("name", vec![json!(""), json!("x"), characters(128)], vec![characters(129), json!("a\u{0}")]),
            (
                "prefs",
                vec![json!({}), prefs(65_535)],
                vec![prefs(65_536), json!({"a": "\u{0}"}), json!({"\u{0}": 1}), json!({"a": [{"b": ["\u{0}"]}]})],
            ),
        ] {
            let path = format!("/v1/account/{field}");
            for value in within {
                let changed = anna.patch(&path, &json!({field: value})).await.expect(200);
                assert_eq!(changed[field], value);
                assert_eq!(account(app, "anna").await, changed);
            }
            let before = everything(app, "anna").await;
            for value in past {
                anna.patch(&path, &json!({field: value})).await.fails(400, INVALID, &format!("Invalid `{field}` param"));
            }
            assert_eq!(everything(app, "anna").await, before);
        }
    }

    async fn addresses_at_each_limit_and_one_past_it(app, "USHER_RATE_LIMITS" = "false") {
        let anna = member(app, "anna").await;
        let digits = |n: usize| json!(format!("+49{}", "1".repeat(n - 2)));
        let emails = limits().remove(1);
        let phones = vec![
            json!(""), digits(6), digits(16), json!("4915112345678"), json!("+9991234567"), json!("+49 151 123456"),
            json!("+4915112345678\n"), json!("anna"),
        ];
        for (field, within, past) in [(emails.0, emails.1, emails.2), ("phone", vec![digits(7), digits(15)], phones)] {
            let path = format!("/v1/account/{field}");
            for value in within {
                let changed = anna.patch(&path, &json!({field: value, "password": PASSWORD})).await.expect(200);
                assert_eq!(changed[field], value);
                assert_eq!(account(app, "anna").await, changed);
            }
            let before = everything(app, "anna").await;
            for value in past {
                let answer = anna.patch(&path, &json!({field: value, "password": PASSWORD})).await;
                answer.fails(400, INVALID, &format!("Invalid `{field}` param"));
            }
            assert_eq!(everything(app, "anna").await, before);
        }
        // The proof may be longer and shorter than a new password, but not without end.
        for (proof, status) in [(json!(""), 400), (ascii(257), 400), (ascii(1), 401), (ascii(256), 401)] {
            let body = json!({"email": email("anna"), "password": proof});
            let answer = anna.patch("/v1/account/email", &body).await;
            assert_eq!(answer.status, status, "{proof}: {}", answer.text);
        }
    }
}
