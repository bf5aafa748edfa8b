//! What every answer looks like, whatever the route.

mod cors;
mod routes;
pub mod socket;

use std::net::SocketAddr;

use axum::http::Method;
use serde_json::{Value, json};

use crate::access::{ENDPOINTS, ask};
use crate::account::credentials::{client, routes as account, session};
use crate::support::{Answer, both};

const JSON: &str = "application/json; charset=UTF-8";

#[track_caller]
fn has_common_headers(answer: &Answer, case: &str) {
    assert_eq!(answer.header("server"), "Appwrite", "{case}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{case}");
    assert_eq!(answer.header("x-debug-fallback"), "true", "{case}");
    let speed: f64 = answer.header("x-debug-speed").parse().expect(case);
    assert!((0.0..60.0).contains(&speed), "{case}: {speed}");
    assert_eq!(answer.header("access-control-allow-credentials"), "true", "{case}");
    assert_eq!(answer.header("strict-transport-security"), "", "{case}");
    assert_eq!(answer.header("x-ratelimit-limit"), "", "{case}");
    assert_eq!(answer.header("x-appwrite-warning"), "", "{case}");
}

both! {
    async fn every_answer_has_the_common_headers_and_only_errors_forbid_caching(app) {
        app.user("anna", json!({"name": "Åsa / 💥"})).await;
        let (admin, guest) = (app.admin(), app.guest());
        for (case, answer, status, kind) in [
            ("read", admin.get("/v1/users/anna").await, 200, JSON),
            ("list", admin.get("/v1/users").await, 200, JSON),
            ("prefs", admin.get("/v1/users/anna/prefs").await, 200, JSON),
            ("create", admin.post("/v1/users", &json!({"userId": "b"})).await, 201, JSON),
            ("change", admin.patch("/v1/users/b/name", &json!({"name": "B"})).await, 200, JSON),
            ("delete", admin.delete("/v1/users/b").await, 204, "text/plain; charset=UTF-8"),
            ("sessions", admin.delete("/v1/users/anna/sessions").await, 204, "text/plain; charset=UTF-8"),
            ("ping", admin.get("/v1/ping").await, 200, "text/plain; charset=UTF-8"),
            ("version", guest.get("/v1/health/version").await, 200, JSON),
            ("wrong", admin.get("/v1/users/_").await, 400, JSON),
            ("scope", guest.get("/v1/users").await, 401, JSON),
            ("key", admin.clone().header("x-appwrite-key", "x").get("/v1/users").await, 401, JSON),
            ("jwt", admin.clone().header("x-appwrite-jwt", "x").get("/v1/users").await, 401, JSON),
            ("origin", guest.header("origin", "https://evil.example").get("/v1/users").await, 403, JSON),
            ("project", admin.clone().header("x-appwrite-project", "x").get("/v1/users").await, 404, JSON),
            ("user", admin.get("/v1/users/ghost").await, 404, JSON),
            ("route", admin.get("/v1/nothing").await, 404, JSON),
            ("twice", admin.post("/v1/users", &json!({"userId": "anna"})).await, 409, JSON),
            ("large", admin.request(Method::POST, "/v1/users", "x".repeat(1_048_577)).await, 413, JSON),
        ] {
            assert_eq!((answer.status, answer.header("content-type")), (status, kind), "{case}: {}", answer.text);
            has_common_headers(&answer, case);
            let caching = ["cache-control", "expires", "pragma"].map(|name| answer.header(name));
            if status < 400 {
                assert_eq!(caching, ["", "", ""], "{case}");
                assert_eq!(answer.text.is_empty(), status == 204, "{case}");
            } else {
                assert_eq!(caching, ["no-cache, no-store, must-revalidate", "0", "no-cache"], "{case}");
                assert_eq!(answer.header("retry-after"), "", "{case}");
                let keys: Vec<&String> = answer.json.as_object().expect(case).keys().collect();
                assert_eq!(keys, ["message", "code", "type", "version"], "{case}");
                assert_eq!(
                    (&answer.json["code"], &answer.json["version"]),
                    (&json!(status), &json!("2.6.2")),
                    "{case}"
                );
                assert!(answer.text.starts_with("{\"message\":\""), "{case}: not compact: {}", answer.text);
            }
        }
    }

    async fn answers_are_compact_json_with_characters_as_they_are(app) {
        app.user("anna", json!({"name": "Åsa / 💥 \" \\ \n"})).await;
        let text = app.admin().get("/v1/users/anna").await.text;
        assert!(text.contains(r#""name":"Åsa / 💥 \" \\ \n","#), "{text}");
        assert!(text.contains(r#""prefs":{},"#), "{text}");
        let list = app.admin().get("/v1/users").await.text;
        assert_eq!(list, format!(r#"{{"total":1,"users":[{text}]}}"#));
        let none = app.admin().get("/v1/users?search=nobody").await;
        assert_eq!(none.text, r#"{"total":0,"users":[]}"#);
        let error = app.admin().get("/v1/users/ghost").await.text;
        assert!(
            !error.contains('\n') && error.contains(r#","code":404,"type":"user_not_found","version":"2.6.2"}"#),
            "{error}"
        );
    }

    async fn the_announced_version_can_be_another(app, "USHER_COMPAT_VERSION" = "1.8.1") {
        assert_eq!(app.guest().get("/v1/health/version").await.text, r#"{"version":"1.8.1"}"#);
        assert_eq!(app.guest().get("/v1/users").await.expect(401)["version"], "1.8.1");
        let newer = app.admin().format("1.9.0").get("/v1/users").await;
        assert!(newer.header("x-appwrite-warning").contains("1.8.1"), "{:?}", newer.headers);
    }

    async fn a_newer_client_is_warned_and_served_all_the_same(app) {
        app.user("anna", json!({})).await;
        let newest = app.admin().get("/v1/users/anna").await.text;
        for (format, warned) in [
            ("2.6.2", false),
            ("2.6.1", false),
            ("1.4.0", false),
            ("", false),
            ("abc", false),
            ("2.6", false),
            ("2.6.3", true),
            ("2.7.0", true),
            ("3.0.0", true),
            ("10.0.0", true),
            ("2.6.2.1", true),
        ] {
            let caller = app.admin().format(format);
            let answers = [
                caller.get("/v1/users/anna").await,
                caller.get("/v1/users/ghost").await,
                caller.delete("/v1/users/anna/sessions").await,
            ];
            for answer in &answers {
                let warning = answer.header("x-appwrite-warning");
                assert_eq!(warning.contains("2.6.2"), warned, "{format}: {warning:?}");
                // SDKs split at a semicolon and print each part.
                assert!(warned != warning.is_empty() && !warning.contains(';'), "{format}: {warning:?}");
            }
            if warned {
                assert_eq!(answers[0].text, newest, "{format}");
            }
        }
    }

    async fn large_answers_are_compressed_for_who_asks_and_still_the_same(app) {
        app.user("anna", json!({})).await;
        let prefs = json!({"prefs": {"text": "abc ".repeat(2000)}});
        app.admin().patch("/v1/users/anna/prefs", &prefs).await.expect(200);
        let address = serve(app).await;
        let plain = socket::get(address, app.admin_key(), "/v1/users/anna/prefs", "");
        assert_eq!(plain.header("content-encoding"), "");
        assert_eq!(plain.json(), prefs["prefs"]);
        for accepted in ["gzip", "gzip, deflate", "br;q=1.0, gzip;q=0.5", "*"] {
            let encoding = format!("Accept-Encoding: {accepted}\r\n");
            let packed = socket::get(address, app.admin_key(), "/v1/users/anna/prefs", &encoding);
            assert_eq!((packed.status, packed.header("content-encoding")), (200, "gzip"), "{accepted}");
            assert_eq!(packed.header("content-type"), JSON);
            let vary = packed.headers.iter().filter(|(name, _)| name == "vary").map(|(_, value)| value.to_lowercase());
            assert!(vary.clone().any(|value| value == "accept-encoding"), "{:?}", vary.collect::<Vec<_>>());
            assert!(packed.body.starts_with(&[0x1f, 0x8b]) && packed.body.len() < plain.body.len() / 10, "{accepted}");
        }
        for refused in ["identity", "gzip;q=0", "br"] {
            let encoding = format!("Accept-Encoding: {refused}\r\n");
            let answer = socket::get(address, app.admin_key(), "/v1/users/anna/prefs", &encoding);
            assert_eq!((answer.header("content-encoding"), answer.json()), ("", prefs["prefs"].clone()), "{refused}");
        }
    }

    async fn head_is_get_without_the_body(app) {
        app.user("anna", json!({})).await;
        let address = serve(app).await;
        for (path, status) in [
            ("/v1/users/anna", 200),
            ("/v1/users", 200),
            ("/v1/users/ghost", 404),
            ("/v1/users/_", 400),
            ("/livez", 200),
            ("/v1/nothing", 404),
            ("/v1/users/md5/name", 404),
            ("/v1/health/version", 200),
        ] {
            let answer = socket::send(address, app.admin_key(), "HEAD", path, "", b"");
            assert_eq!((answer.status, answer.header("content-type")), (status, JSON), "{path}");
            assert_eq!(answer.header("server"), "Appwrite", "{path}");
            assert!(answer.body.is_empty(), "{path}: {answer:?}");
        }
        let refused = socket::send(address, "wrong", "HEAD", "/v1/users", "", b"");
        assert_eq!((refused.status, refused.body.len()), (401, 0));
    }

    async fn an_empty_answer_has_no_body_and_a_type(app) {
        app.user("anna", json!({})).await;
        let address = serve(app).await;
        let gone = socket::send(
            address,
            app.admin_key(),
            "DELETE",
            "/v1/users/anna",
            "Content-Type: application/json\r\n",
            b"{}",
        );
        assert_eq!((gone.status, gone.header("content-type")), (204, "text/plain; charset=UTF-8"));
        assert!(gone.body.is_empty() && gone.header("transfer-encoding").is_empty(), "{gone:?}");
    }

    async fn no_text_may_hold_the_character_that_postgresql_cannot_store(app) {
        app.user("anna", json!({})).await;
        let hash = "$2b$04$ABCDEFGHIJKLMNOPQRSTUuJb8r0pBrc0GmCbzTfnPZQzJg0d3iK5C";
        for (method, path, field, body) in [
            (Method::POST, "/v1/users", "userId", json!({"userId": "a\u{0}"})),
            (Method::POST, "/v1/users", "email", json!({"userId": "b", "email": "a\u{0}@b.org"})),
            (Method::POST, "/v1/users", "phone", json!({"userId": "b", "phone": "+4930123\u{0}45"})),
            (Method::POST, "/v1/users", "password", json!({"userId": "b", "password": "secret \u{0} word"})),
            (Method::POST, "/v1/users", "name", json!({"userId": "b", "name": "\u{0}"})),
            (
                Method::POST,
                "/v1/users/bcrypt",
                "password",
                json!({"userId": "b", "email": "a@b.org", "password": format!("{hash}\u{0}")}),
            ),
            (
                Method::POST,
                "/v1/users/bcrypt",
                "name",
                json!({"userId": "b", "email": "a@b.org", "password": hash, "name": "x\u{0}"}),
            ),
            (Method::PATCH, "/v1/users/anna/name", "name", json!({"name": "A\u{0}"})),
            (Method::PATCH, "/v1/users/anna/email", "email", json!({"email": "\u{0}"})),
            (Method::PATCH, "/v1/users/anna/phone", "number", json!({"number": "\u{0}"})),
            (Method::PATCH, "/v1/users/anna/password", "password", json!({"password": "12345678\u{0}"})),
            (Method::PUT, "/v1/users/anna/labels", "labels", json!({"labels": ["a\u{0}"]})),
            (Method::PATCH, "/v1/users/anna/prefs", "prefs", json!({"prefs": {"a": [{"b": "\u{0}"}]}})),
            (Method::PATCH, "/v1/users/anna/prefs", "prefs", json!({"prefs": {"a\u{0}": 1}})),
        ] {
            let answer = app.admin().request(method, path, body.to_string()).await;
            answer.fails(400, "general_argument_invalid", &format!("`{field}`"));
        }
        let encoded = percent_encoding::utf8_percent_encode(
            r#"{"method":"equal","attribute":"name","values":["\u0000"]}"#,
            percent_encoding::NON_ALPHANUMERIC,
        )
        .to_string();
        for (query, field) in [
            ("search=%00".to_owned(), "search"),
            ("search=a%00b".to_owned(), "search"),
            ("queries[]=limit(1)%00".to_owned(), "queries"),
            ("queries[]=equal(%22name%22,[%22%00%22])".to_owned(), "queries"),
            (format!("queries[]={encoded}"), "queries"),
        ] {
            for list in ["/v1/users", "/v1/users/identities", "/v1/users/anna/memberships"] {
                app.admin().get(&format!("{list}?{query}")).await.fails(400, "general_argument_invalid", field);
            }
        }
        // A raw NUL in JSON is no JSON, and in a form it is text like any other.
        app.admin().request(Method::POST, "/v1/users", "{\"userId\":\"a\0\"}".to_owned()).await.fails(
            400,
            "general_argument_invalid",
            "`userId`",
        );
        let form = app.admin().header("content-type", "application/x-www-form-urlencoded");
        form.request(Method::POST, "/v1/users", "userId=b&name=%00".to_owned()).await.fails(
            400,
            "general_argument_invalid",
            "`name`",
        );
        assert_eq!(app.admin().get("/v1/users").await.expect(200)["total"], 1);
    }

    async fn when_the_database_is_gone_clients_are_asked_to_come_back(app) {
        app.user("anna", json!({})).await;
        app.admin().get("/v1/users").await.expect(200);
        let (_, encoded) = session(app, "anna").await;
        app.store().close().await;
        for remembered in [true, false] {
            if !remembered {
                app.app.registry.forget();
            }
            for endpoint in &ENDPOINTS {
                let answer = ask(&app.admin(), endpoint, "anna").await;
                if remembered && answer.status == 400 {
                    // Its missing parameters are found before the database is needed.
                    continue;
                }
                let case = format!("{} {}", endpoint.0, endpoint.1);
                assert_eq!(answer.header("retry-after"), "1", "{case}: {}", answer.text);
                assert_eq!(answer.header("cache-control"), "no-cache, no-store, must-revalidate", "{case}");
                has_common_headers(&answer, &case);
                answer.fails(503, "general_server_error", "again");
            }
            for route in &account::ROUTES {
                let signed_in = account::ask(&client(app).header("x-appwrite-session", &encoded), route).await;
                assert_eq!(signed_in.header("retry-after"), "1", "{}: {}", route.1, signed_in.text);
                signed_in.fails(503, "general_server_error", "again");
                if let account::Open::Visitors(_) = route.3 {
                    account::ask(&client(app), route).await.fails(503, "general_server_error", "again");
                }
            }
            app.admin().post("/v1/users", &json!({"userId": "b"})).await.fails(503, "general_server_error", "");
            app.guest().get("/readyz").await.fails(503, "general_server_error", "");
            app.guest().get("/livez").await.expect(200);
            app.guest().get("/v1/health/version").await.expect(200);
            app.guest().get("/v1/users").await.fails(401, "general_unauthorized_scope", "");
        }
    }

    async fn only_a_trusted_proxy_may_say_that_the_client_came_over_tls(app, "USHER_TRUSTED_PROXIES" = "203.0.113.0/24") {
        let strict = "max-age=10886400";
        for (scheme, expected) in [("https", strict), ("HTTPS", strict), ("http", ""), ("", ""), ("https, http", "")] {
            let caller = app.admin().header("x-forwarded-proto", scheme);
            for path in ["/v1/users", "/v1/users/ghost"] {
                assert_eq!(caller.get(path).await.header("strict-transport-security"), expected, "{scheme}");
            }
        }
    }

    async fn nobody_else_may_say_so(app) {
        let answer = app.admin().header("x-forwarded-proto", "https").get("/v1/users").await;
        assert_eq!(answer.header("strict-transport-security"), "");
    }
}

/// The server on a real socket, for what only HTTP itself shows. It ends with the test.
pub async fn serve(app: &crate::support::TestApp) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(usher::server::serve(std::sync::Arc::clone(&app.app), listener, std::future::pending()));
    address
}

impl socket::Raw {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}
