//! The ids of requests: in the answer, and in every line of the log about the request.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::program::places;
use crate::support::both;
use crate::wire::socket::{get, send};

/// An id that the server has made.
fn is_made(id: &str) -> bool {
    id.len() == 16 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

both! {
    async fn a_sane_id_of_the_client_is_that_of_the_request(app) {
        let long = "a".repeat(64);
        for id in ["1", "abc-DEF_123.x", "018f4c8e-7d5a-7c3e-9f00-0242ac120002", ".", "-", long.as_str()] {
            let caller = app.admin().header("x-request-id", id);
            for answer in [
                caller.get("/v1/users").await,
                caller.get("/v1/users/ghost").await,
                caller.get("/nowhere").await,
                caller.get("/livez").await,
                caller.post("/v1/users", &json!({})).await,
                caller.clone().without("x-appwrite-key").get("/v1/users").await,
            ] {
                assert_eq!(answer.header("x-request-id"), id, "{}", answer.text);
            }
        }
    }

    async fn any_other_is_replaced_by_one_that_was_not_there_before(app) {
        let mut seen = BTreeSet::new();
        let long = "a".repeat(65);
        for id in [
            "", " ", "a b", "a\tb", "a;b", "a=b", "a\"b", "<a>", "a/b", "a@b.c", "{\"a\":1}", "%0a", "$(x)", "a,b", long.as_str(),
        ] {
            let answer = app.admin().header("x-request-id", id).get("/v1/users/ghost").await;
            let made = answer.headers["x-request-id"].to_str().unwrap().to_owned();
            assert!(is_made(&made), "{id:?}: {made}");
            assert!(seen.insert(made), "{id:?}");
        }
        for _ in 0..100 {
            let answer = app.guest().get("/livez").await;
            assert!(is_made(answer.header("x-request-id")) && seen.insert(answer.header("x-request-id").to_owned()));
        }
    }

    async fn there_is_one_id_whatever_was_sent(app) {
        let answer = app.admin().header("x-request-id", "first").get("/v1/users").await;
        assert_eq!(answer.headers.get_all("x-request-id").iter().count(), 1);
    }
}

places! {
    async fn the_id_stands_in_every_line_about_the_request(place) {
        let server = place.start_demo(&[("USHER_LOG_FORMAT", "json"), ("USHER_LENIENT_IMPORT", "true")]);
        let json_type = "Content-Type: application/json\r\n";
        let made = get(server.address, "first-key", "/v1/users", "");
        let taken = get(server.address, "first-key", "/v1/users/ghost", "X-Request-Id: from-client\r\n");
        let twice = get(server.address, "first-key", "/v1/users", "X-Request-Id: one\r\nX-Request-Id: two\r\n");
        let forged = get(server.address, "first-key", "/v1/users", "X-Request-Id: x\",\"level\":\"ERROR\r\n");
        let user = json!({ "userId": "ada", "email": "ada@example.org", "password": "this is no hash" }).to_string();
        let import = "Content-Type: application/json\r\nX-Request-Id: the-import\r\n";
        assert_eq!(send(server.address, "first-key", "POST", "/v1/users/md5", import, user.as_bytes()).status, 201);
        let sign_in = json!({ "email": "ada@example.org", "password": "correct horse" }).to_string();
        let signing = format!("{json_type}X-Request-Id: the-sign-in\r\n");
        let refused = send(server.address, "", "POST", "/v1/account/sessions/email", &signing, sign_in.as_bytes());
        assert_eq!((refused.status, refused.header("x-request-id")), (401, "the-sign-in"));
        let (_, stderr) = server.stop();
        let lines: Vec<Value> = stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let requests: Vec<&str> = lines
            .iter()
            .filter(|line| line["message"] == "request")
            .map(|line| line["request_id"].as_str().unwrap())
            .collect();
        let answered = [&made, &taken, &twice, &forged].map(|answer| answer.header("x-request-id"));
        assert_eq!(requests[..4], answered, "{stderr}");
        assert_eq!(requests[4..], ["the-import", "the-sign-in"], "{stderr}");
        assert_eq!((answered[1], answered[2]), ("from-client", "one"));
        assert!(is_made(answered[0]) && is_made(answered[3]), "{answered:?}");
        let warning = lines.iter().find(|line| line["message"] == "a stored password cannot be verified").unwrap();
        assert_eq!(warning["request_id"], "the-sign-in", "a thread that hashes knows for whom");
        assert!(lines.iter().filter(|line| line["message"] == "listening").all(|line| line["request_id"].is_null()));
    }
}
