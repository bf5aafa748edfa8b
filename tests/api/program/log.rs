//! Log lines: on stderr, one a request, without people and secrets.

use serde_json::{Value, json};

use super::{Server, places};
use crate::wire::socket;

/// What nobody may find in a log.
const SECRETS: [&str; 9] = [
    "first-key",
    "wrong-key",
    "anna-id",
    "anna@example.org",
    "+4930123456",
    "correct horse",
    "Anna Lee",
    "needle",
    "203.0.113.77",
];

/// Asks for things of every kind, so that every kind of line is there; how many requests that were.
fn talk(server: &Server) -> usize {
    let json_type = "Content-Type: application/json\r\nX-Forwarded-For: 203.0.113.77\r\n";
    let user = json!({
        "userId": "anna-id", "email": "anna@example.org", "phone": "+4930123456", "password": "correct horse", "name": "Anna Lee"
    });
    let requests = [
        ("first-key", "POST", "/v1/users", user.to_string(), 201),
        ("first-key", "POST", "/v1/users", user.to_string(), 409),
        (
            "first-key",
            "POST",
            "/v1/users",
            json!({"userId": "anna-id", "email": "anna@example.org needle"}).to_string(),
            400,
        ),
        ("first-key", "POST", "/v1/users", "{\"password\":\"correct horse".to_owned(), 400),
        ("first-key", "GET", "/v1/users/anna-id", String::new(), 200),
        (
            "first-key",
            "GET",
            "/v1/users?search=needle&queries[]=equal(%22email%22,%22anna@example.org%22)",
            String::new(),
            200,
        ),
        ("first-key", "GET", "/v1/users?queries[]=needle", String::new(), 400),
        (
            "first-key",
            "PATCH",
            "/v1/users/anna-id/password",
            json!({"password": "correct horse battery"}).to_string(),
            200,
        ),
        ("wrong-key", "GET", "/v1/users/anna-id", String::new(), 401),
        ("first-key", "GET", "/v1/users/anna-id/needle", String::new(), 404),
        ("first-key", "GET", "/anna@example.org", String::new(), 404),
        ("first-key", "DELETE", "/v1/users/anna-id", "{}".to_owned(), 204),
    ];
    for (key, method, path, body, status) in &requests {
        let answer = socket::send(server.address, key, method, path, json_type, body.as_bytes());
        assert_eq!(answer.status, *status, "{method} {path}: {}", String::from_utf8_lossy(&answer.body));
    }
    requests.len()
}

places! {
    async fn lines_for_people(place) {
        let server = place.start_demo(&[("USHER_SECRET", "needle needle needle needle needle needle")]);
        let requests = talk(&server);
        let (stdout, stderr) = server.stop();
        assert_eq!(stdout, "");
        let lines: Vec<&str> = stderr.lines().filter(|line| line.contains("status=")).collect();
        assert_eq!(lines.len(), requests, "{stderr}");
        assert!(
            lines[0].contains("method=POST") && lines[0].contains("/v1/users") && lines[0].contains("status=201"),
            "{}",
            lines[0]
        );
        assert!(lines[4].contains("/v1/users/{userId}"), "{}", lines[4]);
        assert!(lines[8].contains("user_unauthorized"), "{}", lines[8]);
        assert!(!stderr.contains('\u{1b}'), "colours in a file: {stderr}");
        for secret in SECRETS {
            assert!(!stderr.contains(secret), "{secret} is in the log:\n{stderr}");
        }
        assert!(!stderr.contains(&place.url) || place.url.starts_with("sqlite"), "{stderr}");
    }

    async fn lines_for_machines(place) {
        for level in ["info", "trace"] {
            let server = place.start_demo(&[("USHER_LOG_FORMAT", "json"), ("USHER_LOG_LEVEL", level)]);
            let requests = talk(&server);
            let (stdout, stderr) = server.stop();
            assert_eq!(stdout, "");
            let lines: Vec<Value> = stderr
                .lines()
                .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
                .collect();
            let seen: Vec<&Value> = lines.iter().filter(|line| line["message"] == "request").collect();
            assert_eq!(seen.len(), requests, "{stderr}");
            assert_eq!(
                (&seen[0]["method"], &seen[0]["route"], &seen[0]["status"]),
                (&json!("POST"), &json!("/v1/users"), &json!(201))
            );
            assert_eq!((&seen[9]["route"], &seen[9]["kind"]), (&json!("unknown"), &json!("general_route_not_found")));
            assert!(
                seen.iter()
                    .all(|line| line["level"].is_string() && line["timestamp"].is_string() && line["micros"].is_u64())
            );
            if level == "info" {
                for secret in SECRETS {
                    assert!(!stderr.contains(secret), "{secret} is in the log:\n{stderr}");
                }
            }
        }
    }

    async fn commands_only_say_what_went_wrong(place) {
        let output = place.run(&["migrate"], &[("USHER_LOG_LEVEL", "trace")]);
        assert_eq!((output.status.success(), String::from_utf8(output.stderr).unwrap()), (true, String::new()));
    }

    async fn what_ends_a_program_is_a_line_for_machines_too(place) {
        let json = ("USHER_LOG_FORMAT", "json");
        let lines = |output: &std::process::Output| -> Vec<Value> {
            assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]), "{output:?}");
            let said = String::from_utf8(output.stderr.clone()).unwrap();
            let lines = said.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")));
            lines.inspect(|line: &Value| assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}")).collect()
        };
        let last = |output: &std::process::Output| lines(output).pop().unwrap();
        for (arguments, variables, part) in [
            // All that is wrong is one line, with what is wrong with the format's neighbours.
            (&[][..], &[json, ("USHER_LISTEN", "8080"), ("USHER_REQUESTS", "0")][..], "USHER_REQUESTS must be"),
            (&[], &[json, ("USHER_LISTEN", "203.0.113.9:1")], "cannot be listened on"),
            (&[], &[json, ("DATABASE_URL", "postgres://u:p@127.0.0.1:1/x")], "cannot be used"),
            (&["project", "show", "ghost"], &[json], "there is no project ghost"),
            (&["key", "revoke", "ghost", "id"], &[json], "there is no project ghost"),
            (&["config", "check"], &[json, ("USHER_LISTEN", "8080"), ("USHER_LISTN", "1")], "USHER_LISTEN must be"),
            (&["healthcheck"], &[json, ("USHER_LISTEN", "127.0.0.1:1")], "nothing answers"),
        ] {
            let line = last(&place.run(arguments, variables));
            assert_eq!(line["level"], "ERROR");
            let message = line["message"].as_str().unwrap();
            assert!(message.starts_with("usher: ") && message.contains(part), "{arguments:?}: {line}");
        }
        let unknown = lines(&place.run(&["config", "check"], &[json, ("USHER_LISTEN", "8080"), ("USHER_LISTN", "1")]));
        assert_eq!(unknown.len(), 2, "{unknown:?}");
    }
}
