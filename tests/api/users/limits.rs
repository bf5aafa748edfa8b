//! Every limit of every parameter: what is just within it passes, what is one past it is refused.

use super::crud::{add_identities, add_sessions, identity, session};
use super::import::samples;
use crate::support::{Answer, TestApp, both};
use axum::http::Method;
use serde_json::{Value, json};

const INVALID: &str = "general_argument_invalid";

/// A parameter's values: those at its limits, and those one past them.
#[derive(Clone)]
struct Limit {
    parameter: &'static str,
    within: Vec<Value>,
    past: Vec<Value>,
}

fn limit(parameter: &'static str, within: Vec<Value>, past: Vec<Value>) -> Limit {
    Limit { parameter, within, past }
}

/// A text of this many characters, of two and four bytes each in UTF-8.
fn characters(n: usize) -> Value {
    json!("ä😀".chars().cycle().take(n).collect::<String>())
}

fn ascii(n: usize) -> Value {
    json!("a".repeat(n))
}

fn texts(parameter: &'static str, min: usize, max: usize) -> Limit {
    let mut past = vec![characters(max + 1)];
    past.extend(min.checked_sub(1).map(characters));
    limit(parameter, vec![characters(min), characters(max)], past)
}

fn id(parameter: &'static str) -> Limit {
    limit(parameter, vec![ascii(1), ascii(36)], vec![ascii(0), ascii(37)])
}

/// An address with a local part, a first label and a last label of these lengths.
fn address(local: usize, first: usize, rest: &str) -> Value {
    json!(format!("{}@{}.{rest}", "l".repeat(local), "d".repeat(first)))
}

fn email(parameter: &'static str) -> Limit {
    let three = |last: usize| format!("{}.{}.{}.org", "e".repeat(63), "f".repeat(57 - last), "g".repeat(last));
    // 64 + 1 + 63 + 1 + 63 + 1 + (57 - n) + 1 + n + 4 = 255, of which one is cut below.
    let longest = address(64, 62, &three(20));
    assert_eq!(longest.as_str().map(str::len), Some(254));
    let within =
        vec![json!("a@b.c"), longest, address(64, 1, "org"), address(1, 63, "org"), address(1, 1, &"z".repeat(63))];
    let past = vec![
        json!("@b.c"),
        json!("a@b."),
        address(64, 63, &three(20)),
        address(65, 1, "org"),
        address(1, 64, "org"),
        address(1, 1, &"z".repeat(64)),
    ];
    limit(parameter, within, past)
}

fn phone(parameter: &'static str) -> Limit {
    let digits = |n: usize| json!(format!("+49{}", "1".repeat(n - 2)));
    limit(parameter, vec![digits(7), digits(15)], vec![digits(6), digits(16)])
}

/// Passwords are counted in bytes.
fn password() -> Limit {
    let within = vec![ascii(8), json!("ä".repeat(4)), ascii(256), json!("ä".repeat(128))];
    let past = vec![ascii(7), json!(format!("a{}", "ä".repeat(3))), ascii(257), json!(format!("a{}", "ä".repeat(128)))];
    limit("password", within, past)
}

fn hash() -> Limit {
    let within = vec![ascii(8), ascii(4096), json!("ä".repeat(2048))];
    limit("password", within, vec![ascii(7), ascii(4097), json!(format!("a{}", "ä".repeat(2048)))])
}

fn integer(parameter: &'static str) -> Limit {
    let read = |text: &str| serde_json::from_str(text).unwrap();
    let within = vec![json!(i64::MAX), json!(i64::MIN)];
    limit(parameter, within, vec![read("9223372036854775808"), read("-9223372036854775809"), json!(1.5)])
}

/// The limits of `POST` routes: route, a body that passes, and its parameters.
fn creations() -> Vec<(String, Value, Vec<Limit>)> {
    let mut empty_is_past = email("email");
    empty_is_past.past.push(json!(""));
    let user = [id("userId"), empty_is_past.clone(), phone("phone"), password(), texts("name", 1, 128)];
    let mut routes = vec![("/v1/users".to_owned(), json!({}), user.to_vec())];
    for (path, body) in samples() {
        let mut limits = vec![id("userId"), empty_is_past.clone(), hash(), texts("name", 1, 128)];
        limits.extend(match path {
            "scrypt" => {
                let costs = ["passwordCpu", "passwordMemory", "passwordParallel", "passwordLength"];
                let mut limits: Vec<Limit> = costs.map(integer).to_vec();
                limits.push(texts("passwordSalt", 1, 128));
                limits
            }
            "scrypt-modified" => {
                ["passwordSalt", "passwordSaltSeparator", "passwordSignerKey"].map(|name| texts(name, 1, 128)).to_vec()
            }
            _ => vec![],
        });
        routes.push((format!("/v1/users/{path}"), body, limits));
    }
    routes
}

/// The limits of changes of the user `anna`.
fn changes() -> Vec<(&'static str, Method, Limit)> {
    let or_empty = |mut limit: Limit| {
        limit.within.push(json!(""));
        limit
    };
    let labels = limit(
        "labels",
        vec![
            json!([]),
            json!(["a"]),
            json!(["a".repeat(36)]),
            json!(vec!["same"; 100]),
            json!((0..100).map(|n| format!("{n:036}")).collect::<Vec<_>>()),
        ],
        vec![
            json!([""]),
            json!(["a".repeat(37)]),
            json!(vec!["same"; 101]),
            json!((0..101).map(|n| n.to_string()).collect::<Vec<_>>()),
        ],
    );
    let prefs = |bytes: usize| json!({"a": "x".repeat(bytes - r#"{"a":""}"#.len())});
    vec![
        ("name", Method::PATCH, texts("name", 0, 128)),
        ("email", Method::PATCH, or_empty(email("email"))),
        ("phone", Method::PATCH, or_empty(phone("number"))),
        ("password", Method::PATCH, or_empty(password())),
        ("labels", Method::PUT, labels),
        ("prefs", Method::PATCH, limit("prefs", vec![json!({}), prefs(65_535)], vec![prefs(65_536)])),
    ]
}

#[track_caller]
fn passes(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.text);
}

#[track_caller]
fn refused(answer: Answer, parameter: &str, what: &str) {
    assert_eq!(answer.status, 400, "{what} passes: {}", answer.text);
    answer.fails(400, INVALID, &format!("`{parameter}`"));
}

/// A list with these queries, which are texts already.
async fn list(app: &TestApp, path: &str, queries: &[String]) -> Answer {
    let queries: Vec<Value> = queries.iter().map(|query| json!(query)).collect();
    app.admin().list(path, &queries).await
}

/// A query of this many characters, which limits a page to one row.
fn query(characters: usize) -> String {
    let (head, tail) = (r#"{"method":"limit","values":[1]"#, "}");
    format!("{head}{}{tail}", " ".repeat(characters - head.len() - tail.len()))
}

both! {
    /// Leniently, since here lengths are at stake and not forms.
    async fn parameters_of_creations(app, "USHER_LENIENT_IMPORT" = "true") {
        for (path, body, limits) in creations() {
            for limit in limits {
                let mut sent = body.clone();
                (sent["userId"], sent["email"]) = (json!("anna"), json!("anna@example.org"));
                let name = limit.parameter;
                for value in limit.within {
                    sent[name] = value;
                    let answer = app.admin().post(&path, &sent).await;
                    passes(&answer, 201, &format!("{path} {name}"));
                    let made = answer.json["$id"].as_str().unwrap();
                    passes(&app.admin().delete(&format!("/v1/users/{made}")).await, 204, "deletion");
                }
                for value in limit.past {
                    sent[name] = value;
                    refused(app.admin().post(&path, &sent).await, name, &format!("{path} {name}"));
                }
            }
        }
        assert_eq!(app.admin().get("/v1/users").await.expect(200)["total"], json!(0));
    }

    /// A hash in the right form may be as long as any.
    async fn the_longest_hash_in_the_right_form(app) {
        // The digits of the cost make up for lengths that base64 cannot have.
        let of = |bytes: usize, cost: &str| {
            let head = format!("$argon2id$v=19${cost},t=1,p=1$c29tZXNhbHQ$");
            format!("{head}{}", "A".repeat(bytes - head.len()))
        };
        let send = async |text: String| {
            let body = json!({"userId": "unique()", "email": "a@example.org", "password": text});
            app.admin().post("/v1/users/argon2", &body).await
        };
        let made = send(of(4096, "m=16")).await.expect(201);
        assert_eq!(made["password"], of(4096, "m=16"));
        app.admin().delete(&format!("/v1/users/{}", made["$id"].as_str().unwrap())).await;
        refused(send(of(4097, "m=8")).await, "password", "a longer hash");
        send(of(4093, "m=8")).await.expect(201);
    }

    async fn parameters_of_changes(app) {
        app.user("anna", json!({})).await;
        for (what, method, limit) in changes() {
            let path = format!("/v1/users/anna/{what}");
            let send = async |value: &Value| {
                let body = json!({limit.parameter: value}).to_string();
                app.admin().request(method.clone(), &path, body).await
            };
            for value in &limit.within {
                passes(&send(value).await, 200, what);
            }
            let before = app.admin().get("/v1/users/anna").await.expect(200);
            for value in &limit.past {
                refused(send(value).await, limit.parameter, what);
            }
            assert_eq!(app.admin().get("/v1/users/anna").await.expect(200), before);
        }
    }

    async fn parameters_of_targets(app) {
        app.user("anna", json!({})).await;
        let kind = |kind: &str, mut limit: Limit, error: &'static str| {
            limit.parameter = "identifier";
            (json!({"targetId": "unique()", "providerType": kind, "identifier": "x"}), limit, error)
        };
        let push = || json!({"targetId": "unique()", "providerType": "push", "identifier": "token"});
        let beyond_255 = limit("identifier", vec![], vec![ascii(256), ascii(0)]);
        for (body, limit, error) in [
            (push(), id("targetId"), INVALID),
            (push(), id("providerId"), INVALID),
            (push(), texts("name", 1, 128), INVALID),
            (push(), texts("identifier", 1, 255), INVALID),
            kind("email", beyond_255.clone(), INVALID),
            kind("sms", beyond_255, INVALID),
            kind("email", email("identifier"), "general_invalid_email"),
            kind("sms", phone("identifier"), "general_invalid_phone"),
        ] {
            let what = format!("{} of {}", limit.parameter, body["providerType"]);
            let send = async |value: &Value| {
                let mut sent = body.clone();
                sent[limit.parameter] = value.clone();
                app.admin().post("/v1/users/anna/targets", &sent).await
            };
            for value in &limit.within {
                let answer = send(value).await;
                passes(&answer, 201, &what);
                let made = answer.json["$id"].as_str().unwrap();
                passes(&app.admin().delete(&format!("/v1/users/anna/targets/{made}")).await, 204, "deletion");
            }
            for value in &limit.past {
                assert_eq!(send(value).await.json["type"], error, "{what}: {value}");
            }
            // The same when it is changed. No provider can be found, whatever it is called.
            if limit.parameter == "targetId" || limit.parameter == "providerId" {
                continue;
            }
            let right = match body["providerType"].as_str() {
                Some("email") => json!("first@example.org"),
                Some("sms") => json!("+14155550100"),
                _ => json!("first"),
            };
            let mut first = body.clone();
            (first["targetId"], first["identifier"]) = (json!("t"), right);
            app.admin().post("/v1/users/anna/targets", &first).await.expect(201);
            for (values, status) in [(&limit.within, 200), (&limit.past, 400)] {
                for value in values {
                    let answer = app.admin().patch("/v1/users/anna/targets/t", &json!({limit.parameter: value})).await;
                    passes(&answer, status, &what);
                    if status == 400 {
                        assert_eq!(answer.json["type"], error, "{what}: {value}");
                    }
                }
            }
            app.admin().delete("/v1/users/anna/targets/t").await.expect(204);
        }
        assert_eq!(app.admin().get("/v1/users/anna").await.expect(200)["targets"], json!([]));
    }

    async fn ids_in_paths(app) {
        let body = json!({
            "name": "a", "email": "", "number": "", "password": "", "labels": [], "prefs": {}, "status": true,
            "emailVerification": true, "phoneVerification": true
        });
        for (method, path, parameter) in [
            (Method::GET, "", "userId"),
            (Method::DELETE, "", "userId"),
            (Method::GET, "/prefs", "userId"),
            (Method::GET, "/logs", "userId"),
            (Method::GET, "/memberships", "userId"),
            (Method::GET, "/sessions", "userId"),
            (Method::DELETE, "/sessions", "userId"),
            (Method::DELETE, "/sessions/s", "userId"),
            (Method::GET, "/targets", "userId"),
            (Method::GET, "/targets/t", "userId"),
            (Method::PATCH, "/targets/t", "userId"),
            (Method::DELETE, "/targets/t", "userId"),
            (Method::PATCH, "/name", "userId"),
            (Method::PATCH, "/email", "userId"),
            (Method::PATCH, "/phone", "userId"),
            (Method::PATCH, "/password", "userId"),
            (Method::PATCH, "/prefs", "userId"),
            (Method::PATCH, "/status", "userId"),
            (Method::PATCH, "/verification", "userId"),
            (Method::PATCH, "/verification/phone", "userId"),
            (Method::PUT, "/labels", "userId"),
        ] {
            for (length, within) in [(1, true), (36, true), (37, false), (1000, false)] {
                let path = format!("/v1/users/{}{path}", "x".repeat(length));
                let answer = app.admin().request(method.clone(), &path, body.to_string()).await;
                match within {
                    true => answer.fails(404, "user_not_found", ""),
                    false => refused(answer, parameter, &path),
                }
            }
        }
        app.user("anna", json!({})).await;
        let longest = "x".repeat(36);
        for length in [36, 37] {
            let id = "x".repeat(length);
            for (path, parameter, kind) in [
                (format!("/v1/users/anna/sessions/{id}"), "sessionId", "user_session_not_found"),
                (format!("/v1/users/identities/{id}"), "identityId", "user_identity_not_found"),
                (format!("/v1/users/anna/targets/{id}"), "targetId", "user_target_not_found"),
            ] {
                let answer = app.admin().delete(&path).await;
                match length {
                    36 => answer.fails(404, kind, ""),
                    _ => refused(answer, parameter, &path),
                }
            }
        }
        // And those that are there are found.
        add_sessions(app, vec![session(&longest, "anna")]).await;
        add_identities(app, vec![identity(&longest, "anna", "")]).await;
        passes(&app.admin().delete(&format!("/v1/users/anna/sessions/{longest}")).await, 204, "session");
        passes(&app.admin().delete(&format!("/v1/users/identities/{longest}")).await, 204, "identity");
    }

    async fn parameters_of_lists(app) {
        app.user("anna", json!({})).await;
        let lists = [
            "/v1/users",
            "/v1/users/identities",
            "/v1/users/anna/memberships",
            "/v1/users/anna/logs",
            "/v1/users/anna/targets",
        ];
        for path in lists {
            passes(&list(app, path, &vec!["limit(1)".to_owned(); 100]).await, 200, path);
            refused(list(app, path, &vec!["limit(1)".to_owned(); 101]).await, "queries", path);
            passes(&list(app, path, &[query(4096)]).await, 200, path);
            refused(list(app, path, &[query(4097)]).await, "queries", path);
            for (text, within) in [
                ("limit(1)", true), ("limit(9223372036854775807)", true), ("limit(0)", false), ("limit(-1)", false),
                ("offset(0)", true), ("offset(9223372036854775807)", true), ("offset(-1)", false),
            ] {
                let answer = list(app, path, &[text.to_owned()]).await;
                match within {
                    true => passes(&answer, 200, text),
                    false => refused(answer, "queries", text),
                }
            }
        }
        for path in &lists[..3] {
            for (search, within) in [(1, true), (256, true), (0, false), (257, false)] {
                let text = "é".repeat(search);
                let text = percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC);
                let answer = app.admin().get(&format!("{path}?search={text}")).await;
                match within {
                    true => passes(&answer, 200, path),
                    false => refused(answer, "search", path),
                }
            }
        }
        for path in &lists[..2] {
            let equal = |values: usize| format!(r#"equal("$id",[{}])"#, vec![r#""a""#; values].join(","));
            passes(&list(app, path, &[equal(500)]).await, 200, path);
            let answer = list(app, path, &[equal(501)]).await;
            assert_eq!(answer.status, 400, "{path} takes 501 values");
        }
    }
}
