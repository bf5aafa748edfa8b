//! Tricks with paths: dots, slashes, encodings and parameters in segments, sent byte by byte over a real connection.
//! They reach no other route and nobody else's data.

use std::net::SocketAddr;

use serde_json::json;

use super::{INVALID, NO_ROUTE, Tried, answers, encoded, is, rows};
use crate::account::credentials::signed_in;
use crate::isolation::fill;
use crate::support::{PROJECT, TestApp, both};
use crate::wire::{serve, socket};

const NO_USER: &str = "user_not_found";

/// Targets, and what they come to whether one reads or deletes. Those of which HTTP itself knows that they are none have
/// no type.
fn targets() -> Vec<(String, u16, &'static str)> {
    let mut targets: Vec<(String, u16, &'static str)> = [
        // Dots are names of segments.
        ("/v1/users/../users/anna", 404, NO_ROUTE),
        ("/v1/../v1/users/anna", 404, NO_ROUTE),
        ("/../v1/users/anna", 404, NO_ROUTE),
        ("/v1/./users/anna", 404, NO_ROUTE),
        ("/./v1/users/anna", 404, NO_ROUTE),
        ("/v1/users/./anna", 404, NO_ROUTE),
        ("/v1/users/bert/../anna", 404, NO_ROUTE),
        ("/v1/users/anna/.", 404, NO_ROUTE),
        ("/v1/users/anna/..", 404, NO_ROUTE),
        ("/v1/users/..", 400, INVALID),
        ("/v1/users/.", 400, INVALID),
        ("/v1/users/...", 400, INVALID),
        ("/v1/users/.anna", 400, INVALID),
        ("/v1/users/%2e%2e/users/anna", 404, NO_ROUTE),
        ("/v1/%2e%2e/v1/users/anna", 404, NO_ROUTE),
        ("/%2e/v1/users/anna", 404, NO_ROUTE),
        ("/v1/users/bert/%2e%2e/anna", 404, NO_ROUTE),
        ("/v1/users/bert/.%2e/anna", 404, NO_ROUTE),
        ("/v1/users/%2e%2e", 400, INVALID),
        ("/v1/users/%252e%252e", 400, INVALID),
        ("/v1/users/%c0%ae%c0%ae/anna", 404, NO_ROUTE),
        ("/v1/users/%c0%ae%c0%ae", 400, INVALID),
        ("/v1/users/%u002e%u002e", 400, INVALID),
        ("/v1/account/../users/anna", 404, NO_ROUTE),
        ("/v1/health/../users/anna", 404, NO_ROUTE),
        ("/livez/../v1/users/anna", 404, NO_ROUTE),
        ("/v1/users/anna.", 404, NO_USER),
        ("/v1/users/anna..", 404, NO_USER),
        ("/v1/users/anna.json", 404, NO_USER),
        ("/v1/users/anna.php", 404, NO_USER),
        // A slash that is encoded is none, nor is what looks like one.
        ("/v1/users%2Fanna", 404, NO_ROUTE),
        ("/v1%2Fusers/anna", 404, NO_ROUTE),
        ("/%2Fv1/users/anna", 404, NO_ROUTE),
        ("/v1/users/bert%2Fanna", 400, INVALID),
        ("/v1/users/bert%2F..%2Fanna", 400, INVALID),
        ("/v1/users/bert%252F..%252Fanna", 400, INVALID),
        ("/v1/users/%2Fanna", 400, INVALID),
        ("/v1/users/anna%2F", 400, INVALID),
        ("/v1/users/bert%5C..%5Canna", 400, INVALID),
        ("/v1/users/bert\\..\\anna", 400, INVALID),
        ("/v1\\users\\anna", 404, NO_ROUTE),
        ("/v1/users\\anna", 404, NO_ROUTE),
        ("\\v1\\users\\anna", 400, ""),
        ("/v1/users/bert%E2%88%95anna", 400, INVALID),
        // Encodings of what needs none.
        ("/v1/users/%61nna", 400, INVALID),
        ("/v1/users/%2561nna", 400, INVALID),
        ("/v1/users/%6", 400, INVALID),
        ("/v1/users/%", 400, INVALID),
        ("/v1/users/%zz", 400, INVALID),
        ("/v1/%75sers/anna", 404, NO_ROUTE),
        ("/%761/users/anna", 404, NO_ROUTE),
        ("/v1/users/anna%20", 400, INVALID),
        ("/v1/users/%20anna", 400, INVALID),
        ("/v1/users/anna+", 400, INVALID),
        ("/v1/users/anna%00", 400, INVALID),
        ("/v1/users/%00anna", 400, INVALID),
        ("/v1/users/anna%00.json", 400, INVALID),
        ("/v1/users/anna%0a", 400, INVALID),
        ("/v1/users/anna%0d%0aX-Evil:1", 400, INVALID),
        ("/v1/users/anna%09", 400, INVALID),
        ("/v1/users/anna%23", 400, INVALID),
        ("/v1/users/anna%3F", 400, INVALID),
        ("/v1/users/anna%3Fproject=other", 400, INVALID),
        // Parameters of segments, and other delimiters.
        ("/v1/users/anna;a=b", 400, INVALID),
        ("/v1/users/anna;", 400, INVALID),
        ("/v1/users/;anna", 400, INVALID),
        ("/v1/users;a=b/anna", 404, NO_ROUTE),
        ("/v1;a=b/users/anna", 404, NO_ROUTE),
        ("/v1/users/bert;/../anna", 404, NO_ROUTE),
        ("/v1/users/anna,bert", 400, INVALID),
        ("/v1/users/anna&bert", 400, INVALID),
        ("/v1/users/anna=bert", 400, INVALID),
        ("/v1/users/anna@bert", 400, INVALID),
        ("/v1/users/anna:bert", 400, INVALID),
        ("/v1/users/anna|bert", 400, INVALID),
        ("/v1/users/anna'", 400, INVALID),
        ("/v1/users/*", 400, INVALID),
        ("/v1/users/a*", 400, INVALID),
        ("/v1/users/$anna", 400, INVALID),
        ("/v1/users/~anna", 400, INVALID),
        ("/v1/users/{userId}", 400, INVALID),
        ("/v1/users/:userId", 400, INVALID),
        ("/v1/users/[anna]", 400, INVALID),
        // Letters are what they are.
        ("/v1/users/ANNA", 404, NO_USER),
        ("/v1/users/Anna", 404, NO_USER),
        ("/v1/USERS/anna", 404, NO_ROUTE),
        ("/V1/users/anna", 404, NO_ROUTE),
        ("/v1/users/\u{430}nna", 400, INVALID),
        ("/v1/users/\u{ff41}nna", 400, INVALID),
        ("/v1/users/ann\u{e4}", 400, INVALID),
        // Versions that there are not.
        ("/v2/users/anna", 404, NO_ROUTE),
        ("/v01/users/anna", 404, NO_ROUTE),
        ("/v1.0/users/anna", 404, NO_ROUTE),
        ("/v1/v1/users/anna", 404, NO_ROUTE),
        ("/api/v1/users/anna", 404, NO_ROUTE),
        ("/v1/users/users/anna", 404, NO_ROUTE),
        // What is no target of a request.
        ("v1/users/anna", 400, ""),
        ("/v1/users/<anna>", 400, ""),
        ("/v1/users/an na", 400, ""),
    ]
    .map(|(target, status, kind)| (target.to_owned(), status, kind))
    .into();
    // Too long, by a character and by far.
    targets.push((format!("/v1/users/{}", "a".repeat(37)), 400, INVALID));
    targets.push((format!("/v1/users/{}", "a".repeat(60_000)), 400, INVALID));
    targets.push((format!("/v1/users/{}anna", "../".repeat(20_000)), 404, NO_ROUTE));
    targets.push((format!("/{}v1/users/anna", "a/".repeat(30_000)), 404, NO_ROUTE));
    targets.push((format!("/v1/users/{}", "%61".repeat(20_000)), 400, INVALID));
    targets.push((format!("/v1/users/anna?{}", "a".repeat(65_600)), 414, ""));
    // Encoded more than once.
    for text in ["../anna", "..\\anna", "/anna", "anna\0", "an\r\nna", "\u{feff}anna"] {
        targets.push((format!("/v1/users/{}", encoded(text)), 400, INVALID));
        targets.push((format!("/v1/users/{}", encoded(&encoded(text))), 400, INVALID));
    }
    targets
}

/// A server with two users, each with one of everything; where it listens, and the rows of the database.
async fn anna_and_bert(app: &TestApp) -> (SocketAddr, Vec<String>) {
    for (id, end) in [("anna", ""), ("bert", "-bert")] {
        fill(app, PROJECT, &app.admin(), id, end, "own").await;
    }
    app.admin().get("/v1/users").await.expect(200);
    (serve(app).await, rows(app).await)
}

both! {
    async fn no_trick_with_a_path_reads_or_deletes_a_user(app) {
        let (address, before) = anna_and_bert(app).await;
        let mut tried = Tried::default();
        for (target, status, kind) in targets() {
            for method in ["GET", "DELETE"] {
                let (statuses, text) = answers(address, socket::head(app.admin_key(), method, &target, "").as_bytes());
                tried.one();
                let case = format!("{method} {}", target.chars().take(80).collect::<String>());
                assert_eq!(statuses, [status], "{case}: {text}");
                match kind {
                    "" => assert!(text.ends_with("\r\n\r\n"), "{case}: {text}"),
                    kind => assert!(text.contains(&format!("\"type\":\"{kind}\"")), "{case}: {text}"),
                }
            }
        }
        assert_eq!(rows(app).await, before);
        tried.at_least(2 * 115);
    }

    async fn no_trick_with_the_id_of_a_session_a_target_or_an_identity_reaches_another(app) {
        let (address, before) = anna_and_bert(app).await;
        let mut tried = Tried::default();
        let ids = [
            "..", ".", "%2e%2e", "..%2Fs-bert", "s%2F..%2Fs-bert", "..%2F..%2Fbert%2Fsessions%2Fs-bert", "s;", "s%00", "*", "%73",
            "s%20", "s+", "s,s-bert", "s&s-bert", "s=1", "s\\..\\s-bert", "{sessionId}", "s%23", "s%3F", "s'--", "%2573", "s|t",
        ];
        for id in ids {
            for (method, path) in [
                ("DELETE", format!("/v1/users/anna/sessions/{id}")),
                ("GET", format!("/v1/users/anna/targets/{id}")),
                ("DELETE", format!("/v1/users/anna/targets/{id}")),
                ("PATCH", format!("/v1/users/anna/targets/{id}")),
                ("DELETE", format!("/v1/users/identities/{id}")),
            ] {
                let (statuses, text) = answers(address, socket::head(app.admin_key(), method, &path, "").as_bytes());
                tried.one();
                assert!(statuses == [400] && text.contains(&format!("\"type\":\"{INVALID}\"")), "{method} {path}: {text}");
            }
        }
        // What belongs to the other user is nothing of this one, though its id is known.
        for (method, path, kind) in [
            ("DELETE", "/v1/users/anna/sessions/s-bert", "user_session_not_found"),
            ("GET", "/v1/users/anna/targets/t-bert", "user_target_not_found"),
            ("PATCH", "/v1/users/anna/targets/t-bert", "user_target_not_found"),
            ("DELETE", "/v1/users/anna/targets/t-bert", "user_target_not_found"),
            ("DELETE", "/v1/users/identities/i-anna", "user_identity_not_found"),
            ("DELETE", "/v1/users/identities/I", "user_identity_not_found"),
            ("DELETE", "/v1/users/anna/sessions/S", "user_session_not_found"),
        ] {
            let (statuses, text) = answers(address, socket::head(app.admin_key(), method, path, "").as_bytes());
            tried.one();
            assert!(statuses == [404] && text.contains(kind), "{method} {path}: {text}");
        }
        assert_eq!(rows(app).await, before);
        tried.at_least(22 * 5 + 7);
    }

    /// Without an id in it, a path of the account is the caller's own, and stays so.
    async fn no_trick_with_a_path_of_the_account_reaches_another_account(app) {
        for id in ["anna", "bert"] {
            app.user(id, json!({})).await;
        }
        let own = signed_in(app, "anna").await;
        own.get("/v1/account").await.expect(200);
        let (theirs, _) = crate::account::credentials::session(app, "bert").await;
        let before = rows(app).await;
        let mut tried = Tried::default();
        for (path, status, kind) in [
            (format!("/v1/account/sessions/{theirs}"), 404, "user_session_not_found"),
            (format!("/v1/account/sessions/..%2F{theirs}"), 400, INVALID),
            (format!("/v1/account/sessions/current%2F{theirs}"), 400, INVALID),
            ("/v1/account/sessions/Current".to_owned(), 404, "user_session_not_found"),
            ("/v1/account/sessions/current.".to_owned(), 404, "user_session_not_found"),
            ("/v1/account/sessions/current;bert".to_owned(), 400, INVALID),
            ("/v1/account/sessions/%63urrent".to_owned(), 400, INVALID),
            ("/v1/account/../users/bert".to_owned(), 404, NO_ROUTE),
            ("/v1/account/bert".to_owned(), 404, NO_ROUTE),
            ("/v1/account;bert".to_owned(), 404, NO_ROUTE),
            ("/v1/account/sessions/../../users/bert".to_owned(), 404, NO_ROUTE),
            ("/v1/account%2Fsessions".to_owned(), 404, NO_ROUTE),
        ] {
            for method in [axum::http::Method::GET, axum::http::Method::DELETE] {
                let answer = own.request(method.clone(), &path, "{}".to_owned()).await;
                tried.one();
                is(&answer, status, kind, &format!("{method} {path}"));
            }
        }
        // Nor does a user who is named beside it count.
        for path in ["/v1/account?userId=bert", "/v1/account?id=bert&$id=bert", "/v1/account?user=bert#bert"] {
            assert_eq!(own.get(path).await.expect(200)["$id"], "anna", "{path}");
            tried.one();
        }
        let attempts = |row: &String| !row.starts_with("attempts: ");
        let (after, before) = (rows(app).await.into_iter().filter(attempts), before.into_iter().filter(attempts));
        assert_eq!(after.collect::<Vec<_>>(), before.collect::<Vec<_>>());
        tried.at_least(27);
    }
}
