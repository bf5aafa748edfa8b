//! Writing into the log: what clients send makes no line of its own, no control character and no field, and nothing that
//! is personal or secret gets in. The compiled program is asked, and its standard error is read.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::Tried;
use crate::program::places;
use crate::support::PROJECT;
use crate::wire::socket::{Raw, exchange, send};

/// What nobody may find in the log.
const SECRETS: [&str; 10] = [
    "first-key",
    "wrong-key",
    "anna-id",
    "anna@example.org",
    "+4930123456",
    "correct horse",
    "Anna Lee",
    "forged",
    "needle",
    "injected",
];

/// Lines, colours and fields, as they can stand in a header.
const PAYLOADS: [&str; 10] = [
    "forged%0aERROR forged",
    "forged%0d%0aINFO request method=GET status=200 forged",
    "forged\\nERROR forged",
    "forged%1b[31mforged%1b[0m",
    "\",\"level\":\"ERROR\",\"message\":\"forged",
    "{\"level\":\"ERROR\",\"message\":\"forged\"}",
    "forged status=200 kind=forged",
    "forged\u{2028}forged\u{85}forged",
    "${jndi:ldap://forged/needle}",
    "%s%n%x{} {:?} {forged}",
];

/// Asks the server for everything in which a text can be sent, with each of the attacks as the text; how many requests
/// got as far as the log.
fn attack(address: SocketAddr, tried: &mut Tried) -> usize {
    let mut logged = 0;
    let mut count = |answer: Raw| {
        tried.one();
        // What is no HTTP is answered before there is a request to write a line about.
        logged += usize::from(answer.header("server") == "Appwrite");
    };
    let json_type = "Content-Type: application/json\r\n";
    let user = json!({
        "userId": "anna-id", "email": "anna@example.org", "phone": "+4930123456", "password": "correct horse", "name": "Anna Lee"
    });
    count(send(address, "first-key", "POST", "/v1/users", json_type, user.to_string().as_bytes()));
    for payload in PAYLOADS {
        let encoded = super::encoded(payload);
        for path in [
            format!("/{encoded}"),
            format!("/v1/{encoded}"),
            format!("/v1/users/{encoded}"),
            format!("/v1/users/anna-id/{encoded}"),
            format!("/v1/users?{encoded}={encoded}"),
            format!("/v1/users?search={encoded}"),
            format!("/v1/users?queries[]={encoded}&project={encoded}"),
            format!("/v1/users/anna-id?email=anna@example.org#{encoded}"),
        ] {
            count(send(address, "first-key", "GET", &path, "", b""));
            count(send(address, "wrong-key", "DELETE", &path, "", b"{}"));
        }
        for name in [
            "User-Agent",
            "X-Forwarded-User-Agent",
            "X-Forwarded-For",
            "X-Appwrite-Locale",
            "X-Appwrite-Response-Format",
            "X-Appwrite-JWT",
            "X-Appwrite-Session",
            "X-Fallback-Cookies",
            "Cookie",
            "Origin",
            "Referer",
            "X-SDK-Name",
            "Content-Type",
            "Accept-Encoding",
            "X-Request-Id",
            "Traceparent",
            "Authorization",
        ] {
            count(send(
                address,
                "first-key",
                "PATCH",
                "/v1/users/anna-id/name",
                &format!("{name}: {payload}\r\n"),
                b"{}",
            ));
        }
        for (project, key) in [(payload, "first-key"), (PROJECT, payload), (payload, payload)] {
            let head = format!(
                "GET /v1/users HTTP/1.1\r\nHost: needle.example.org\r\nConnection: close\r\n\
                 X-Appwrite-Project: {project}\r\nX-Appwrite-Key: {key}\r\n\r\n"
            );
            count(exchange(address, head.as_bytes()));
        }
        let raw = payload.replace("%0a", "\n").replace("%0d", "\r").replace("%1b", "\u{1b}");
        for body in [
            json!({"userId": raw, "email": raw, "password": raw, "name": raw}),
            json!({"userId": "unique()", "name": raw, "password": format!("{raw} correct horse")}),
            json!({"userId": "x", "email": format!("{raw}@example.org")}),
        ] {
            count(send(address, "first-key", "POST", "/v1/users", json_type, body.to_string().as_bytes()));
            count(send(address, "first-key", "POST", "/v1/users", json_type, &body.to_string().as_bytes()[1..]));
        }
        let sign_in = json!({"email": "anna@example.org", "password": raw}).to_string();
        count(send(address, "", "POST", "/v1/account/sessions/email", json_type, sign_in.as_bytes()));
        let token = json!({"userId": "anna-id", "secret": raw}).to_string();
        count(send(address, "", "POST", "/v1/account/sessions/token", json_type, token.as_bytes()));
    }
    // A method may be any word, and its name any id or key.
    for method in ["anna-id", "first-key", "needle", "FORGED-status-200", "forged'forged", "forged|forged", "`forged`"]
    {
        for path in ["/v1/users", "/v1/users/anna-id", "/livez"] {
            count(send(address, "first-key", method, path, "", b""));
        }
    }
    logged
}

/// Hashes that are let in and can never be verified, which the log tells of when somebody signs in with them.
fn warn(address: SocketAddr, tried: &mut Tried) {
    let json_type = "Content-Type: application/json\r\n";
    for (n, (path, hash)) in [
        ("argon2", json!({"password": "forged\nERROR needle\u{1b}[31m"})),
        ("bcrypt", json!({"password": "$2b$31$forged\r\nneedle"})),
        ("md5", json!({"password": "injected\ninjected"})),
        ("phpass", json!({"password": "$P$\u{1b}forged needle"})),
        ("sha", json!({"password": "forged\nforged", "passwordVersion": "sha256"})),
        (
            "scrypt",
            json!({"password": "forged\nforged", "passwordSalt": "needle\n", "passwordCpu": -1, "passwordMemory": -1, "passwordParallel": -1, "passwordLength": -1}),
        ),
        (
            "scrypt-modified",
            json!({"password": "forged\nforged", "passwordSalt": "needle\n", "passwordSaltSeparator": "needle\n", "passwordSignerKey": "needle\n"}),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let mut sent = hash;
        (sent["userId"], sent["email"]) = (json!(format!("u{n}")), json!(format!("needle{n}@example.org")));
        let made = send(address, "first-key", "POST", &format!("/v1/users/{path}"), json_type, sent.to_string().as_bytes());
        assert_eq!(made.status, 201, "{path}: {}", String::from_utf8_lossy(&made.body));
        let sign_in = json!({"email": sent["email"], "password": "correct horse"}).to_string();
        let answer = send(address, "", "POST", "/v1/account/sessions/email", json_type, sign_in.as_bytes());
        assert_eq!(answer.status, 401, "{path}: {}", String::from_utf8_lossy(&answer.body));
        tried.one();
        tried.one();
    }
}

#[track_caller]
fn is_clean(log: &str) {
    assert!(!log.chars().any(|c| c.is_control() && c != '\n'), "control characters in {log:?}");
    for secret in SECRETS {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}

places! {
    async fn nothing_that_a_client_sends_makes_a_line_or_a_field_of_the_log_for_people(place) {
        let server = place.start_demo(&[("USHER_LENIENT_IMPORT", "true")]);
        let mut tried = Tried::default();
        let logged = attack(server.address, &mut tried);
        warn(server.address, &mut tried);
        let (stdout, stderr) = server.stop();
        assert_eq!(stdout, "");
        is_clean(&stderr);
        let lines: Vec<&str> = stderr.lines().collect();
        // Every line begins with a moment and a level, so that none is the rest of another one.
        for line in &lines {
            let mut words = line.split_whitespace();
            let (moment, level) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let is_moment = moment.len() >= 20 && moment.ends_with('Z') && moment.starts_with("20");
            assert!(is_moment && ["INFO", "WARN"].contains(&level), "{line:?}");
        }
        let requests = lines.iter().filter(|line| line.contains(" request ")).count();
        // Of the sign-ins each has a line, and what cannot be verified one more.
        assert_eq!(requests, logged + 14, "{stderr}");
        assert_eq!(lines.iter().filter(|line| line.contains("cannot be verified")).count(), 7, "{stderr}");
        tried.at_least(476);
    }

    async fn nothing_that_a_client_sends_makes_an_object_or_a_field_of_the_log_for_machines(place) {
        let server = place.start_demo(&[("USHER_LENIENT_IMPORT", "true"), ("USHER_LOG_FORMAT", "json")]);
        let mut tried = Tried::default();
        let logged = attack(server.address, &mut tried);
        warn(server.address, &mut tried);
        let (_, stderr) = server.stop();
        is_clean(&stderr);
        let lines: Vec<Value> = stderr
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect();
        let requests: Vec<&Value> = lines.iter().filter(|line| line["message"] == "request").collect();
        assert_eq!(requests.len(), logged + 14);
        for request in requests {
            let fields: Vec<&str> = request.as_object().unwrap().keys().map(String::as_str).collect();
            // Only what went wrong is of a kind.
            let wrong = request["status"].as_u64().unwrap() >= 400;
            let expected: Vec<&str> = ["timestamp", "level", "message", "method", "route", "status", "kind", "micros", "request_id"]
                .into_iter()
                .filter(|field| wrong || *field != "kind")
                .collect();
            assert_eq!(fields, expected, "{request}");
            let id = request["request_id"].as_str().unwrap();
            assert!(id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{request}");
            assert_eq!(request["level"], "INFO", "{request}");
        }
        assert!(lines.iter().all(|line| ["INFO", "WARN"].contains(&line["level"].as_str().unwrap())), "{stderr}");
        let warnings = lines.iter().filter(|line| line["message"] == "a stored password cannot be verified");
        assert!(warnings.clone().all(|line| line["level"] == "WARN") && warnings.count() == 7, "{stderr}");
        tried.at_least(476);
    }

    /// With everything that there is to be told, it is still one object a line, without control characters.
    async fn the_most_talkative_log_keeps_to_its_lines_too(place) {
        for format in ["text", "json"] {
            let server = place.start_demo(&[("USHER_LOG_LEVEL", "trace"), ("USHER_LOG_FORMAT", format)]);
            let mut tried = Tried::default();
            attack(server.address, &mut tried);
            let (_, stderr) = server.stop();
            assert!(!stderr.chars().any(|c| c.is_control() && c != '\n'), "{format}");
            for line in stderr.lines() {
                match format {
                    "json" => assert!(serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object()), "{line}"),
                    _ => assert!(line.starts_with("20") && line.contains('Z'), "{line:?}"),
                }
            }
            tried.at_least(462);
        }
    }
}
