//! Where a session is looked for, and in which order.

use axum::body::Body;
use axum::http::{Method, Request};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::{client, encode, is_guest, session};
use crate::support::{Caller, PROJECT, TestApp, both};

const USERS: [&str; 4] = ["cookie", "legacy", "header", "fallback"];

/// A client with these texts in the cookie, in the legacy cookie, in `X-Appwrite-Session` and in `X-Fallback-Cookies`.
fn showing<'a>(app: &'a TestApp, texts: [Option<&str>; 4]) -> Caller<'a> {
    let [cookie, legacy, header, fallback] = texts;
    let mut caller = client(app);
    // The order of the cookies themselves says nothing.
    let named = [("_legacy", legacy), ("", cookie)].into_iter().filter_map(|(end, text)| Some((end, text?)));
    let cookies: Vec<String> = named.map(|(end, text)| format!("a_session_{PROJECT}{end}={text}")).collect();
    if !cookies.is_empty() {
        caller = caller.header("cookie", &cookies.join("; "));
    }
    if let Some(text) = header {
        caller = caller.header("x-appwrite-session", text);
    }
    match fallback {
        Some(text) => caller.header("x-fallback-cookies", &json!({ format!("a_session_{PROJECT}"): text }).to_string()),
        None => caller,
    }
}

/// Users who are called by the place in which their sessions are shown.
async fn sessions(app: &TestApp) -> Vec<String> {
    let mut encoded = Vec::new();
    for user in USERS {
        app.user(user, json!({})).await;
        encoded.push(session(app, user).await.1);
    }
    encoded
}

fn base64(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}

both! {
    async fn the_first_place_with_a_session_says_who_it_is(app) {
        let encoded = sessions(app).await;
        for shown in 0_u8..16 {
            let at = |place: usize| (shown & (1 << place) != 0).then(|| encoded[place].as_str());
            let answer = showing(app, [at(0), at(1), at(2), at(3)]).get("/v1/account").await;
            let first = (0..4).find(|place| at(*place).is_some());
            let fell_back = first.is_none_or(|place| place == 3);
            assert_eq!(answer.header("x-debug-fallback"), fell_back.to_string(), "{shown:04b}");
            match first {
                Some(place) => assert_eq!(answer.expect(200)["$id"], USERS[place], "{shown:04b}"),
                None => is_guest(answer, "nothing shown"),
            }
        }
    }

    async fn what_is_no_session_is_passed_over(app) {
        let encoded = sessions(app).await;
        let long = "A".repeat(4100);
        let half = [
            base64("nonsense"), base64("{}"), base64("[]"), base64("null"), base64(r#"{"id":"cookie"}"#),
            base64(r#"{"secret":"x"}"#), base64(r#"{"id":"","secret":"x"}"#), base64(r#"{"id":"cookie","secret":""}"#),
            base64(r#"{"id":5,"secret":"x"}"#), base64(r#"{"id":"cookie","secret":null}"#), long,
            // A session that is cut off, and one that is encoded twice.
            encoded[0][..encoded[0].len() / 2].to_owned(), base64(&encoded[0]),
        ];
        for broken in ["", "%%%", "%FF%FE", "deleted", "{}"].into_iter().chain(half.iter().map(String::as_str)) {
            // All places up to this one hold something broken, the next one a session.
            for place in 0..4 {
                let mut texts = [None; 4];
                texts[..=place].fill(Some(broken));
                if let Some(next) = texts.get_mut(place + 1) {
                    *next = Some(&encoded[place + 1]);
                }
                let answer = showing(app, texts).get("/v1/account").await;
                assert_eq!(answer.header("x-debug-fallback"), (place >= 2).to_string(), "{broken} {place}");
                match place {
                    3 => is_guest(answer, broken),
                    _ => assert_eq!(answer.expect(200)["$id"], USERS[place + 1], "{broken}"),
                }
            }
        }
        let name = format!("a_session_{PROJECT}");
        for broken in [
            "[]".to_owned(), "null".into(), "nonsense".into(), "{".into(), "{}".into(), json!({ &name: 5 }).to_string(),
            json!({ &name: null }).to_string(), json!({ &name: [&encoded[3]] }).to_string(),
            json!({ "a_session_other": &encoded[3] }).to_string(),
            json!({ format!("{name}_legacy"): &encoded[3] }).to_string(),
            json!([{ &name: &encoded[3] }]).to_string(),
        ] {
            let answer = client(app).header("x-fallback-cookies", &broken).get("/v1/account").await;
            assert_eq!(answer.header("x-debug-fallback"), "true", "{broken}");
            is_guest(answer, &broken);
        }
    }

    /// What has both parts is a session that is shown, and whether it exists is asked once.
    async fn a_session_that_does_not_exist_hides_those_behind_it(app) {
        let encoded = sessions(app).await;
        for place in 0..3 {
            let wrong = encode(USERS[place], &"0".repeat(256));
            let mut texts = [None; 4];
            texts[place] = Some(wrong.as_str());
            texts[place + 1] = Some(&encoded[place + 1]);
            let answer = showing(app, texts).get("/v1/account").await;
            assert_eq!(answer.header("x-debug-fallback"), "false", "{place}");
            is_guest(answer, USERS[place]);
        }
    }

    async fn cookies_are_read_however_they_were_written(app) {
        app.user("anna", json!({})).await;
        let encoded = session(app, "anna").await.1;
        let name = format!("a_session_{PROJECT}");
        let percent = encoded.replace('=', "%3D").replace('+', "%2B").replace('/', "%2F");
        let bare = encoded.trim_end_matches('=');
        let lower = percent.replace("%3D", "%3d");
        for lines in [
            vec![format!("{name}={encoded}")],
            vec![format!("{name}={percent}")],
            vec![format!("{name}={lower}")],
            vec![format!("{name}={bare}")],
            vec![format!("{name}=\"{encoded}\"")],
            vec![format!("theme=dark; {name}={percent}; lang=de")],
            vec![format!("theme=dark;{name}={percent};lang=de")],
            vec![format!("  {name} = {percent} ")],
            vec![format!("a_session_other={}; {name}={percent}", encode("bert", "secret"))],
            vec!["theme=dark".to_owned(), format!("{name}={percent}")],
            vec![format!("broken; =; ==; {name}={percent}")],
            vec![format!("{name}_legacy={percent}")],
        ] {
            let mut request = Request::builder().method(Method::GET).uri("/v1/account").header("x-appwrite-project", PROJECT);
            for line in &lines {
                request = request.header("cookie", line);
            }
            let answer = app.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.header("x-debug-fallback"), "false", "{lines:?}");
            assert_eq!(answer.expect(200)["$id"], "anna", "{lines:?}");
        }
        for line in [
            format!("{}={percent}", name.to_uppercase()), format!("x{name}={percent}"), format!("{name}x={percent}"),
            format!("a_session={percent}"), format!("a_session_={percent}"), format!("{name}:{percent}"), percent.clone(),
        ] {
            is_guest(client(app).header("cookie", &line).get("/v1/account").await, &line);
        }
        // The headers carry the same text.
        for text in [encoded.as_str(), &percent, bare] {
            for caller in [showing(app, [None, None, Some(text), None]), showing(app, [None, None, None, Some(text)])] {
                assert_eq!(caller.get("/v1/account").await.expect(200)["$id"], "anna", "{text}");
            }
        }
    }

    async fn every_answer_says_whether_the_last_place_was_looked_into(app) {
        app.user("anna", json!({})).await;
        let encoded = session(app, "anna").await.1;
        let jwt = app.admin().post("/v1/users/anna/jwts", &json!({})).await.expect(201)["jwt"].clone();
        for (text, expected) in [(None, "true"), (Some(encoded.as_str()), "false")] {
            let cookie = text.map(|text| format!("a_session_{PROJECT}={text}")).unwrap_or_default();
            let known = || client(app).header("cookie", &cookie);
            let keyed = || app.admin().header("cookie", &cookie);
            for (case, answer) in [
                ("a user or a guest", known().get("/v1/account").await),
                ("a key", keyed().get("/v1/users").await),
                ("a key on the account", keyed().get("/v1/account").await),
                ("nothing to do with users", known().get("/v1/health/version").await),
                ("no scope", known().get("/v1/users").await),
                ("no route", known().get("/v1/nothing").await),
                ("a wrong parameter", known().post("/v1/account", &json!({})).await),
                ("no JSON", known().request(Method::POST, "/v1/account", "{".to_owned()).await),
                ("too much", keyed().request(Method::POST, "/v1/users", "x".repeat(1_100_000)).await),
                ("a foreign page", known().header("origin", "https://evil.example").get("/v1/account").await),
                ("a wrong token", keyed().header("x-appwrite-jwt", "x").get("/v1/users").await),
                ("a token", keyed().header("x-appwrite-jwt", jwt.as_str().unwrap()).get("/v1/users").await),
                ("an empty answer", known().delete("/v1/account/sessions/current").await),
            ] {
                assert_eq!(answer.header("x-debug-fallback"), expected, "{case}: {} {}", answer.status, answer.text);
            }
        }
        // Of an unknown project nobody knows what its cookies are called.
        let nobody = client(app).header("x-appwrite-project", "nobody");
        let cookie = nobody.clone().header("cookie", &format!("a_session_nobody={encoded}")).get("/v1/account").await;
        assert_eq!((cookie.status, cookie.header("x-debug-fallback")), (404, "true"));
        let header = nobody.header("x-appwrite-session", &encoded).get("/v1/account").await;
        assert_eq!((header.status, header.header("x-debug-fallback")), (404, "false"));
        // Where nobody is asked for, nobody is looked for.
        for (method, path) in [(Method::OPTIONS, "/v1/account"), (Method::GET, "/livez"), (Method::GET, "/")] {
            let answer = client(app).request(method, path, None).await;
            assert_eq!(answer.header("x-debug-fallback"), "", "{path}");
        }
    }

    async fn one_project_does_not_look_at_the_cookies_of_another(app) {
        app.new_project("other").await;
        let key = app.new_key("other", &usher::access::Scope::ALL).await;
        let other = app.caller("other", &key);
        let mut encoded = Vec::<String>::new();
        for (caller, user) in [(app.admin(), "anna"), (other, "bert")] {
            caller.post("/v1/users", &json!({"userId": user})).await.expect(201);
            let made = caller.post(&format!("/v1/users/{user}/sessions"), &json!({})).await.expect(201);
            encoded.push(made["secret"].as_str().unwrap().to_owned());
        }
        // A browser that is signed in to both sends all it has.
        let cookies = format!("a_session_{PROJECT}={}; a_session_other={}", encoded[0], encoded[1]);
        let fallback: Value = json!({ format!("a_session_{PROJECT}"): &encoded[0], "a_session_other": &encoded[1] });
        for (project, user) in [(PROJECT, "anna"), ("other", "bert")] {
            let guest = app.guest().header("x-appwrite-project", project);
            for caller in [
                guest.clone().header("cookie", &cookies),
                guest.clone().header("x-fallback-cookies", &fallback.to_string()),
            ] {
                assert_eq!(caller.get("/v1/account").await.expect(200)["$id"], user);
            }
        }
        // The project may stand in the query string or the body as well.
        let bare = app.guest().header("cookie", &cookies);
        assert_eq!(bare.get("/v1/account?project=other").await.expect(200)["$id"], "bert");
        let renamed = bare.patch("/v1/account/name", &json!({"name": "Bert", "project": "other"})).await;
        assert_eq!(renamed.expect(200)["$id"], "bert");
    }
}
