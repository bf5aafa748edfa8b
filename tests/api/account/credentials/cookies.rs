//! What a browser is given to carry its session: two cookies, and a header for scripts where cookies may not reach.

use serde_json::{Value, json};
use usher::secret::digest;
use usher::store::sessions;

use super::{client, secret_of, session, signed_in, text};
use crate::support::{Answer, Caller, PROJECT, TestApp, both};

const SIGN_IN: &str = "/v1/account/sessions/anonymous";

/// A year after the moment at which the clock stands, as cookies write it.
const IN_A_YEAR: &str = "Sat, 02-Jan-2027 03:04:05 GMT";

/// The lines of `Set-Cookie`, in their order.
fn cookies(answer: &Answer) -> Vec<String> {
    answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap().to_owned()).collect()
}

/// The session in the cookies of a sign-in, of which both have the same.
#[track_caller]
fn carried(answer: &Answer) -> String {
    let value = |line: &str| line.split_once('=').unwrap().1.split_once("; ").unwrap().0.to_owned();
    let values: Vec<String> = cookies(answer).iter().map(|line| value(line)).collect();
    assert_eq!(values.len(), 2, "{values:?}");
    assert_eq!(values[0], values[1]);
    percent_encoding::percent_decode_str(&values[0]).decode_utf8().unwrap().into_owned()
}

/// The two lines that a sign-in sends; `rest` is what stands between the age and `httponly`.
fn set(encoded: &str, rest: &str) -> Vec<String> {
    let value = percent_encoding::utf8_percent_encode(encoded, percent_encoding::NON_ALPHANUMERIC);
    let line = format!("{value}; expires={IN_A_YEAR}; Max-Age=31536000; {rest}; httponly");
    vec![format!("a_session_demo_legacy={line}"), format!("a_session_demo={line}; samesite=None")]
}

/// The two lines of a sign-out.
fn unset(rest: &str) -> Vec<String> {
    let line = format!("=; expires=Fri, 02-Jan-2026 02:04:05 GMT; Max-Age=0; {rest}; httponly");
    vec![format!("a_session_demo_legacy{line}"), format!("a_session_demo{line}; samesite=None")]
}

/// The hosts of pages that may ask in these tests.
async fn allow_pages(app: &TestApp) {
    let hosts = ["*.example.org", "example.org", "*.example.co.uk", "*.other.co.uk", "app.example.com"];
    app.set(|settings| settings.platforms = hosts.map(str::to_owned).to_vec()).await;
}

/// Pages and servers: the host that is asked, `Origin`, `Referer`, the domain of the cookies, and whether the page is
/// of another domain, or of none that can be told.
const PAGES: [(&str, &str, &str, &str, bool); 27] = [
    ("localhost", "", "", "", true),
    ("localhost:8080", "http://localhost:3000", "", "", true),
    ("LOCALHOST:8080", "http://localhost:8080", "http://localhost:8080/", "", true),
    ("127.0.0.1:8080", "http://127.0.0.1:3000", "", "", true),
    ("192.0.2.7", "", "", "", true),
    ("[::1]:8080", "http://[::1]:3000", "", "", true),
    ("[2001:db8::1]", "", "", "", true),
    ("usher", "", "", "", true),
    ("", "http://localhost", "", "", true),
    ("api.example.org", "", "", ".api.example.org", true),
    ("api.example.org", "https://app.example.org", "", ".api.example.org", false),
    ("api.example.org:8443", "https://app.example.org:3000", "", ".api.example.org", false),
    ("API.Example.ORG", "https://App.Example.Org", "", ".api.example.org", false),
    ("api.example.org", "https://example.org", "", ".api.example.org", false),
    ("example.org", "https://deep.down.example.org", "", ".example.org", false),
    ("api.example.org", "https://app.example.com", "", ".api.example.org", true),
    ("api.example.org", "http://localhost:3000", "", ".api.example.org", true),
    ("api.example.org", "", "https://app.example.org/sign-in?next=/", ".api.example.org", false),
    ("api.example.org", "", "https://www.elsewhere.example/", ".api.example.org", true),
    ("api.example.org", "", "about:blank", ".api.example.org", true),
    // The origin says more than the referrer.
    ("api.example.org", "https://app.example.com", "https://app.example.org/", ".api.example.org", true),
    ("api.example.org", "https://app.example.org", "https://app.example.com/", ".api.example.org", false),
    // Under co.uk everybody is somebody else.
    ("api.example.co.uk", "https://app.example.co.uk", "", ".api.example.co.uk", false),
    ("api.example.co.uk", "https://app.other.co.uk", "", ".api.example.co.uk", true),
    ("a.b.example.co.uk", "https://c.d.example.co.uk", "", ".a.b.example.co.uk", false),
    ("api.example.internal", "", "http://app.example.internal/", ".api.example.internal", false),
    ("co.uk", "", "http://co.uk/", "", true),
];

/// A browser on one of the pages.
fn on_page<'a>(caller: Caller<'a>, (host, origin, referer, ..): &(&str, &str, &str, &str, bool)) -> Caller<'a> {
    let named = [("host", host), ("origin", origin), ("referer", referer)];
    let named = named.into_iter().filter(|(_, value)| !value.is_empty());
    named.fold(caller, |caller, (name, value)| caller.header(name, value))
}

fn fallback(answer: &Answer) -> Option<Value> {
    answer.headers.get("x-fallback-cookies").map(|value| serde_json::from_str(value.to_str().unwrap()).unwrap())
}

both! {
    async fn each_page_gets_its_session_by_the_ways_that_reach_it(
        app,
        "USHER_TRUSTED_PROXIES" = "203.0.113.0/24",
        "USHER_RATE_LIMITS" = "false",
    ) {
        allow_pages(app).await;
        for page in PAGES {
            let path = if page.3.is_empty() { "path=/".to_owned() } else { format!("path=/; domain={}", page.3) };
            for (scheme, rest) in [("http", path.clone()), ("https", format!("{path}; secure"))] {
                let browser = on_page(client(app).header("x-forwarded-proto", scheme), &page);
                let answer = browser.post(SIGN_IN, &json!({})).await;
                assert_eq!(answer.status, 201, "{page:?}: {}", answer.text);
                let (encoded, user) = (carried(&answer), text(&answer.json["userId"]));
                secret_of(&encoded, &user);
                assert_eq!(cookies(&answer), set(&encoded, &rest), "{page:?} {scheme}");
                let expected = page.4.then(|| json!({"a_session_demo": &encoded}));
                assert_eq!(fallback(&answer), expected, "{page:?}");
                if let Some(value) = answer.headers.get("x-fallback-cookies") {
                    assert_eq!(value, &format!("{{\"a_session_demo\":\"{encoded}\"}}"), "{page:?}");
                }
                // What came is good, and goes by the same ways.
                let cookie = cookies(&answer)[1].split_once(';').unwrap().0.to_owned();
                let own = browser.header("cookie", &cookie);
                assert_eq!(own.get("/v1/account").await.expect(200)["$id"], user);
                let left = own.delete("/v1/account/sessions/current").await;
                assert_eq!((left.status, cookies(&left)), (204, unset(&rest)), "{page:?} {scheme}");
                assert_eq!(left.header("x-fallback-cookies"), if page.4 { "[]" } else { "" }, "{page:?}");
                app.admin().delete(&format!("/v1/users/{user}")).await.expect(204);
            }
        }
    }

    async fn an_empty_header_says_nothing_of_the_page(app) {
        let page = "https://app.example.org/";
        let browser = client(app).header("host", "api.example.org").header("origin", "").header("referer", page);
        assert_eq!(fallback(&browser.post(SIGN_IN, &json!({})).await), None);
        let nowhere = browser.header("referer", "").post(SIGN_IN, &json!({})).await;
        assert!(fallback(&nowhere).is_some());
    }

    async fn nobody_but_a_trusted_proxy_says_that_the_page_came_over_tls(app) {
        let answer = client(app).header("x-forwarded-proto", "https").post(SIGN_IN, &json!({})).await;
        assert_eq!(cookies(&answer), set(&carried(&answer), "path=/"));
    }

    async fn a_page_may_read_the_header(app) {
        allow_pages(app).await;
        let browser = client(app).header("host", "api.example.org").header("origin", "https://app.example.com");
        let answer = browser.post(SIGN_IN, &json!({})).await;
        for (name, value) in [
            ("access-control-allow-origin", "https://app.example.com"),
            ("access-control-allow-credentials", "true"),
            ("access-control-expose-headers", "X-Appwrite-Session, X-Fallback-Cookies"),
        ] {
            assert_eq!(answer.header(name), value, "{name}");
        }
        assert!(fallback(&answer).is_some());
        // A page of elsewhere gets nothing at all.
        let foreign = browser.header("origin", "https://evil.example").post(SIGN_IN, &json!({})).await;
        assert_eq!((cookies(&foreign), fallback(&foreign), foreign.header("access-control-allow-origin")), (vec![], None, ""));
        foreign.fails(403, "general_unknown_origin", "");
    }

    async fn every_way_of_signing_in_gives_cookies(app) {
        app.user("anna", json!({"email": "anna@example.org", "password": "correct horse"})).await;
        let password = json!({"email": "anna@example.org", "password": "correct horse"});
        let by_token = async || {
            let token = app.admin().post("/v1/users/anna/tokens", &json!({})).await.expect(201);
            json!({"userId": "anna", "secret": token["secret"]})
        };
        for caller in [client(app), app.admin()] {
            for (answer, how) in [
                (caller.post("/v1/account/sessions/email", &password).await, "email"),
                (caller.post("/v1/account/sessions", &password).await, "email"),
                (caller.post("/v1/account/sessions/token", &by_token().await).await, "token"),
                (caller.put("/v1/account/sessions/magic-url", &by_token().await).await, "token"),
                (caller.put("/v1/account/sessions/phone", &by_token().await).await, "token"),
            ] {
                let encoded = carried(&answer);
                secret_of(&encoded, "anna");
                assert_eq!(cookies(&answer), set(&encoded, "path=/"), "{how}");
                assert_eq!(fallback(&answer), Some(json!({"a_session_demo": encoded})), "{how}");
                assert_eq!(answer.expect(201)["provider"], how);
            }
        }
        // A cookie lasts as long as its session.
        let brief = json!({"email": "anna@example.org", "password": "correct horse", "duration": 60});
        let answer = client(app).post("/v1/account/sessions/email", &brief).await;
        let rest = "; expires=Fri, 02-Jan-2026 03:05:05 GMT; Max-Age=60; path=/; httponly";
        assert!(cookies(&answer)[0].ends_with(rest), "{:?}", cookies(&answer));
    }

    async fn nothing_else_gives_cookies(app) {
        app.user("anna", json!({"email": "anna@example.org", "password": "correct horse"})).await;
        let own = signed_in(app, "anna").await;
        let (other, _) = session(app, "anna").await;
        let wrong = json!({"email": "anna@example.org", "password": "wrong"});
        let jwt = text(&own.post("/v1/account/jwts", &json!({})).await.expect(201)["jwt"]);
        let by_token = client(app).header("x-appwrite-jwt", &jwt);
        let new = json!({"userId": "bert", "email": "bert@example.org", "password": "correct horse"});
        for answer in [
            app.admin().post("/v1/users/anna/sessions", &json!({})).await,
            app.admin().post("/v1/users/anna/tokens", &json!({})).await,
            app.admin().post("/v1/users/anna/jwts", &json!({})).await,
            client(app).post("/v1/account", &new).await,
            client(app).post("/v1/account/sessions/email", &wrong).await,
            client(app).post("/v1/account/sessions/token", &json!({"userId": "anna", "secret": "wrong"})).await,
            client(app).post("/v1/account/sessions/token", &json!({})).await,
            own.post(SIGN_IN, &json!({})).await,
            own.get("/v1/account").await,
            own.post("/v1/account/jwts", &json!({})).await,
            own.patch("/v1/account/sessions/current", &json!({})).await,
            own.delete("/v1/account/sessions/ghost").await,
            // Another session than that of the request, and the other sessions alone.
            own.delete(&format!("/v1/account/sessions/{other}")).await,
            own.request(axum::http::Method::DELETE, "/v1/account/sessions", json!({"current": false}).to_string()).await,
            // A token is no session that could leave.
            by_token.delete("/v1/account/sessions").await,
        ] {
            assert_eq!((cookies(&answer), fallback(&answer)), (vec![], None), "{} {}", answer.status, answer.text);
        }
        app.user("carl", json!({})).await;
        let carl = signed_in(app, "carl").await;
        for (answer, case) in [
            (carl.patch("/v1/account/status", &json!({})).await, "blocked"),
            (signed_in(app, "anna").await.delete("/v1/account/sessions").await, "all"),
        ] {
            assert_eq!((cookies(&answer), answer.header("x-fallback-cookies")), (unset("path=/"), "[]"), "{case}");
        }
    }

    async fn only_the_digest_of_a_secret_is_stored(app) {
        app.user("anna", json!({"email": "anna@example.org", "password": "correct horse"})).await;
        let project = app.project(PROJECT).await.key;
        let password = json!({"email": "anna@example.org", "password": "correct horse"});
        let token = app.admin().post("/v1/users/anna/tokens", &json!({"length": 128})).await.expect(201);
        let exchange = json!({"userId": "anna", "secret": token["secret"]});
        app.admin().post("/v1/users/anna/tokens", &json!({"length": 127})).await.expect(201);
        let mut secrets = vec![text(&token["secret"])];
        for answer in [
            client(app).post("/v1/account/sessions/email", &password).await,
            client(app).post("/v1/account/sessions/token", &exchange).await,
            client(app).post(SIGN_IN, &json!({})).await,
            app.admin().post(SIGN_IN, &json!({})).await,
            app.admin().post("/v1/users/anna/sessions", &json!({})).await,
        ] {
            let (id, user) = (text(&answer.json["$id"]), text(&answer.json["userId"]));
            let encoded = match cookies(&answer).is_empty() {
                true => text(&answer.json["secret"]),
                false => carried(&answer),
            };
            let secret = secret_of(&encoded, &user);
            let stored = sessions::find(app.store().read(), project, &user, &id, app.app.clock.now()).await.unwrap().unwrap();
            assert_eq!(stored.digest, digest(&secret));
            secrets.extend([secret, encoded.trim_end_matches('=').to_owned()]);
        }
        let rows = crate::isolation::rows(app, project.number()).await;
        for table in ["sessions: ", "tokens: ", "logs: "] {
            assert!(rows.iter().any(|row| row.starts_with(table)), "{table}");
        }
        for secret in &secrets {
            // Nor a part of it, under which another one could be found.
            for row in &rows {
                assert!(!row.contains(&secret[..16]) && !row.contains(&secret[secret.len() - 16..]), "{row}");
            }
        }
        // No two are the same.
        let different: std::collections::BTreeSet<&String> = secrets.iter().collect();
        assert_eq!(different.len(), secrets.len());
    }
}
