//! In paths, in headers, and in what clients show to say who they are.

use axum::http::Method;
use serde_json::json;
use usher::jwt::Claims;

use super::{PAYLOADS, prepare};
use crate::access::ENDPOINTS;
use crate::account::credentials::{client, encode, is_guest, signed_in};
use crate::attacks::{INVALID, Tried, encoded, is};
use crate::support::{PROJECT, both};
use crate::users::crud::log_of;

both! {
    async fn sql_as_a_segment_of_a_path_is_no_id(app) {
        let untouched = prepare(app).await;
        let admin = app.admin();
        let mut tried = Tried::default();
        for (method, path, _) in ENDPOINTS.iter().filter(|endpoint| endpoint.1.contains("ID")) {
            for payload in PAYLOADS {
                // Only those whose parameters in front of the path's are all there get as far as that.
                for path in [path.replacen("ID", &encoded(payload), 1), path.replace("ID", &encoded(payload))] {
                    let answer = admin.request(method.clone(), &path, "{}".to_owned()).await;
                    tried.one();
                    is(&answer, 400, INVALID, &format!("{method} {path}"));
                }
                let second = path.replacen("ID", "twin", 1);
                if second.contains("ID") {
                    let path = second.replace("ID", &encoded(payload));
                    let answer = admin.request(method.clone(), &path, "{}".to_owned()).await;
                    tried.one();
                    // Challenges may be called anything.
                    let (status, kind) =
                        if path.contains("/challenges/") { (401, "user_invalid_token") } else { (400, INVALID) };
                    is(&answer, status, kind, &format!("{method} {path}"));
                }
            }
            untouched.check(app, path).await;
        }
        tried.at_least(25 * 2 * PAYLOADS.len());
    }

    async fn sql_as_a_project_a_key_a_session_or_a_token_is_none(app) {
        let untouched = prepare(app).await;
        let number = app.project(PROJECT).await.key.number();
        let mut tried = Tried::default();
        // Headers are bytes that are no control characters; those beyond ASCII are read as UTF-8.
        for payload in PAYLOADS {
            for path in ["/v1/users", "/v1/users/twin", "/v1/account"] {
                let project = app.admin().header("x-appwrite-project", payload).get(path).await;
                is(&project, 404, "project_not_found", payload);
                let by_query = app.guest().header("x-appwrite-key", app.admin_key());
                let project = by_query.get(&format!("{path}?project={}", encoded(payload))).await;
                is(&project, 404, "project_not_found", payload);
                is(&app.admin().header("x-appwrite-key", payload).get(path).await, 401, "user_unauthorized", payload);
                is(&app.admin().header("x-appwrite-jwt", payload).get(path).await, 401, "user_jwt_invalid", payload);
                for _ in 0..4 {
                    tried.one();
                }
            }
            let sessions = [payload.to_owned(), encode(payload, payload), encode("twin", payload), encode(payload, "s")];
            for session in sessions {
                let fallback = json!({"a_session_demo": session}).to_string();
                for (name, value) in [
                    ("x-appwrite-session", session.clone()),
                    ("cookie", format!("a_session_demo={}", encoded(&session))),
                    ("x-fallback-cookies", fallback),
                ] {
                    is_guest(client(app).header(name, &value).get("/v1/account").await, payload);
                    tried.one();
                }
            }
            // Even what this server has signed itself.
            for (user_id, session_id) in [(payload, ""), (payload, payload), ("twin", payload)] {
                let claims = Claims {
                    user_id: user_id.to_owned(),
                    session_id: session_id.to_owned(),
                    exp: app.app.clock.now().0 / 1000 + 60,
                    project: number,
                };
                let bearer = client(app).header("x-appwrite-jwt", &app.app.signer.sign(&claims));
                is_guest(bearer.get("/v1/account").await, payload);
                tried.one();
            }
        }
        untouched.check(app, "credentials").await;
        tried.at_least(PAYLOADS.len() * 27);
    }

    async fn sql_in_what_is_noted_of_a_client_is_stored_to_the_letter(app, "USHER_TRUSTED_PROXIES" = "203.0.113.0/24") {
        let untouched = prepare(app).await;
        let mut tried = Tried::default();
        for payload in PAYLOADS {
            let attacker = app
                .admin()
                .header("x-forwarded-user-agent", payload)
                .header("user-agent", payload)
                .header("x-forwarded-for", payload)
                .header("x-appwrite-locale", payload)
                .header("x-appwrite-response-format", payload)
                .header("x-sdk-name", payload)
                .header("x-appwrite-mode", payload)
                .header("origin", payload)
                .header("accept-language", payload);
            attacker.patch("/v1/users/twin/name", &json!({"name": "own"})).await.expect(200);
            let log = log_of(app, "twin").await;
            assert_eq!((log[0].user_agent.as_str(), log[0].ip.as_str()), (payload, crate::support::IP));
            let shown = app.admin().get("/v1/users/twin/logs").await.expect(200);
            assert_eq!(shown["logs"][0]["clientName"], "", "{payload}");
            let session = attacker.request(Method::POST, "/v1/users/twin/sessions", "{}".to_owned()).await.expect(201);
            assert_eq!(session["ip"], crate::support::IP);
            tried.one();
            tried.one();
        }
        untouched.check(app, "what is noted").await;
        tried.at_least(2 * PAYLOADS.len());
    }

    async fn sql_in_what_users_say_of_themselves_is_refused_or_a_text(app, "USHER_RATE_LIMITS" = "false") {
        let untouched = prepare(app).await;
        let own = signed_in(app, "twin").await;
        let mut tried = Tried::default();
        for payload in PAYLOADS {
            let named = own.patch("/v1/account/name", &json!({"name": payload})).await.expect(200);
            assert_eq!(named["name"], payload);
            let prefs = json!({payload: [payload]});
            let account = own.patch("/v1/account/prefs", &json!({"prefs": prefs})).await.expect(200);
            assert_eq!(account["prefs"], prefs);
            assert_eq!(own.get("/v1/account/prefs").await.expect(200), prefs);
            tried.one();
            tried.one();
            for (method, path, body) in [
                (Method::PATCH, "/v1/account/email".to_owned(), json!({"email": payload, "password": payload})),
                (Method::PATCH, "/v1/account/phone".to_owned(), json!({"phone": payload, "password": payload})),
                (Method::GET, format!("/v1/account/sessions/{}", encoded(payload)), json!({})),
                (Method::PATCH, format!("/v1/account/sessions/{}", encoded(payload)), json!({})),
                (Method::DELETE, format!("/v1/account/sessions/{}", encoded(payload)), json!({})),
                (Method::POST, "/v1/account/jwts".to_owned(), json!({"duration": payload})),
                (Method::GET, format!("/v1/account/logs?queries[]={}", encoded(payload)), json!({})),
            ] {
                is(&own.request(method, &path, body.to_string()).await, 400, INVALID, &format!("{path} {payload}"));
                tried.one();
            }
            for (path, body) in [
                ("", json!({"userId": payload, "email": "a@example.org", "password": "correct horse"})),
                ("", json!({"userId": "unique()", "email": payload, "password": "correct horse"})),
                ("/sessions/email", json!({"email": payload, "password": payload})),
                ("/sessions/token", json!({"userId": payload, "secret": payload})),
            ] {
                is(&client(app).post(&format!("/v1/account{path}"), &body).await, 400, INVALID, payload);
                tried.one();
            }
            let token = client(app).post("/v1/account/sessions/token", &json!({"userId": "twin", "secret": payload})).await;
            is(&token, 401, "user_invalid_token", payload);
            let known = json!({"email": "zebra@provider.org", "password": payload});
            let password = client(app).post("/v1/account/sessions/email", &known).await;
            is(&password, 401, "user_invalid_credentials", payload);
            tried.one();
            tried.one();
        }
        untouched.check(app, "the account").await;
        tried.at_least(15 * PAYLOADS.len());
    }
}
