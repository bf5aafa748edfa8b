//! Metrics: what is counted is exact, and nobody is in it.

mod dashboard;
mod listener;
mod text;

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use futures_util::future::poll_immediate;
use serde_json::json;
use usher::housekeeping;
use usher::metrics::exposition;
use usher::store::Engine;

use self::text::Exposition;
use crate::support::{PROJECT, TestApp, both};

/// What the server tells at the moment.
async fn scrape(app: &TestApp) -> Exposition {
    Exposition::read(&exposition(&app.app).await)
}

/// Requests for a route that were answered with this status.
fn answered(seen: &Exposition, route: &str, method: &str, status: &str) -> f64 {
    seen.value("usher_requests_total", &[("route", route), ("method", method), ("status", status)])
}

/// A request as it is, whatever its method and path.
async fn ask(app: &TestApp, method: &[u8], path: &str) -> u16 {
    let request = Request::builder().method(Method::from_bytes(method).unwrap()).uri(path);
    app.exchange(request.body(Body::empty()).unwrap()).await.0.status.as_u16()
}

both! {
    async fn requests_are_counted_by_route_method_and_status(app) {
        let nothing = scrape(app).await;
        assert_eq!(nothing.of("usher_requests_total").len(), 0);
        assert_eq!(nothing.of("usher_request_seconds").len(), 0);
        for id in ["ada", "bob"] {
            app.user(id, json!({})).await;
        }
        app.admin().post("/v1/users", &json!({ "userId": "ada" })).await.expect(409);
        for _ in 0..3 {
            app.admin().get("/v1/users/ada").await.expect(200);
        }
        app.admin().get("/v1/users/ghost").await.expect(404);
        app.guest().get("/v1/users/ada").await.expect(401);
        app.admin().get("/v1//users/bob/").await.expect(200);
        app.admin().patch("/v1/users/ada/name", &json!({ "name": "Ada" })).await.expect(200);
        app.admin().delete("/v1/users/bob").await;
        assert_eq!(ask(app, b"HEAD", "/livez").await, 200);
        assert_eq!(ask(app, b"GET", "/livez").await, 200);
        let seen = scrape(app).await;
        for (route, method, status, count) in [
            ("/v1/users", "POST", "201", 2.0),
            ("/v1/users", "POST", "409", 1.0),
            ("/v1/users/{userId}", "GET", "200", 4.0),
            ("/v1/users/{userId}", "GET", "404", 1.0),
            ("/v1/users/{userId}", "GET", "401", 1.0),
            ("/v1/users/{userId}/name", "PATCH", "200", 1.0),
            ("/v1/users/{userId}", "DELETE", "204", 1.0),
            ("/livez", "HEAD", "200", 1.0),
            ("/livez", "GET", "200", 1.0),
        ] {
            assert_eq!(answered(&seen, route, method, status), count, "{method} {route} {status}");
        }
        assert_eq!(seen.of("usher_requests_total").len(), 9, "nothing else was counted");
        let all: f64 = seen.of("usher_requests_total").iter().map(|sample| sample.value).sum();
        let timed = seen.of("usher_request_seconds").into_iter().filter(|sample| sample.name.ends_with("_count"));
        let timed: Vec<f64> = timed.map(|sample| sample.value).collect();
        assert_eq!((timed.len(), timed.iter().sum::<f64>()), (6, all), "each request took some time, once");
    }

    async fn what_is_no_route_has_one_name_and_makes_no_series(app) {
        let paths = ["/", "/anna@example.org", "/v1/users/a/b/c", "/v1/nothing?x=1", "/metrics", "/v1/users/a/%0a%22%7D"];
        let methods: [&[u8]; 8] =
            [b"GET", b"POST", b"OPTIONS", b"TRACE", b"PROPFIND", b"anna-id", b"X", &[b'M'; 1000]];
        for method in methods {
            for path in paths {
                ask(app, method, path).await;
            }
        }
        let seen = scrape(app).await;
        for (method, status, count) in [
            ("GET", "404", 6.0), ("POST", "404", 6.0), ("OPTIONS", "204", 6.0), ("TRACE", "404", 6.0), ("unknown", "404", 24.0),
        ] {
            assert_eq!(answered(&seen, "unknown", method, status), count, "{method}");
        }
        assert_eq!(seen.of("usher_requests_total").len(), 5);
        let series = seen.samples.len();
        for number in 0..100 {
            ask(app, format!("M{number}").as_bytes(), &format!("/{number}")).await;
            ask(app, b"GET", &format!("/v1/{number}/{number}")).await;
        }
        let seen = scrape(app).await;
        assert_eq!(seen.samples.len(), series);
        assert_eq!(answered(&seen, "unknown", "unknown", "404"), 124.0);
    }

    async fn nobody_is_in_the_text(app) {
        let user = json!({ "email": "anna@example.org", "phone": "+4930123456", "name": "Anna Lee", "password": "correct horse" });
        app.user("anna-id", user).await;
        let session = app.admin().post("/v1/users/anna-id/sessions", &json!({})).await.expect(201);
        for path in ["/v1/users/anna-id", "/v1/users?search=needle", "/v1/users/needle", "/needle", "/v1/users/anna-id/needle"] {
            app.admin().get(path).await;
            app.caller(PROJECT, "needle").get(path).await;
            app.caller("needle", "needle").get(path).await;
            app.admin().header("x-request-id", "needle").header("user-agent", "needle").get(path).await;
        }
        let sign_in = json!({ "email": "anna@example.org", "password": "needle" });
        app.guest().header("x-appwrite-project", PROJECT).post("/v1/account/sessions/email", &sign_in).await.expect(401);
        ask(app, b"needle", "/v1/users/needle").await;
        let text = exposition(&app.app).await;
        let id = session["$id"].as_str().unwrap();
        for secret in ["needle", "anna", "Anna", "example.org", "4930123456", "correct", app.admin_key(), id, "203.0.113"] {
            assert!(!text.contains(secret), "{secret} is in\n{text}");
        }
        for (name, _) in Exposition::read(&text).samples.iter().flat_map(|sample| &sample.labels) {
            assert!(LABELS.contains(&name.as_str()), "{name}");
        }
    }

    async fn users_and_sessions_of_each_project_are_counted_now_and_then(app) {
        app.new_project("other").await;
        app.user("ada", json!({})).await;
        let count = |seen: &Exposition, name: &str, project: &str| seen.value(name, &[("project", project)]);
        let seen = scrape(app).await;
        assert_eq!((count(&seen, "usher_users", PROJECT), count(&seen, "usher_users", "other")), (1.0, 0.0));
        app.user("bob", json!({})).await;
        app.admin().post("/v1/users/bob/sessions", &json!({})).await.expect(201);
        let seen = scrape(app).await;
        assert_eq!((count(&seen, "usher_users", PROJECT), count(&seen, "usher_sessions", PROJECT)), (1.0, 0.0), "remembered");
        app.app.clock.advance(Duration::from_secs(3600));
        let seen = scrape(app).await;
        assert_eq!((count(&seen, "usher_users", PROJECT), count(&seen, "usher_sessions", PROJECT)), (2.0, 1.0));
        assert_eq!((count(&seen, "usher_users", "other"), count(&seen, "usher_sessions", "other")), (0.0, 0.0));
    }

    async fn lookups_are_counted_by_where_they_were_answered(app) {
        let lookups = |seen: &Exposition| ["project", "key"].map(|of| {
            ["memory", "database"].map(|from| seen.value("usher_lookups_total", &[("of", of), ("from", from)]))
        });
        let before = lookups(&scrape(app).await);
        assert_eq!(before, [[0.0, 0.0], [0.0, 0.0]]);
        app.admin().get("/v1/users").await.expect(200);
        assert_eq!(lookups(&scrape(app).await), [[0.0, 1.0], [0.0, 1.0]]);
        app.caller(PROJECT, "wrong").get("/v1/users").await.expect(401);
        let seen = lookups(&scrape(app).await);
        assert_eq!((seen[0][1], seen[1]), (1.0, [0.0, 2.0]), "what does not exist is not remembered");
    }

    async fn places_and_hashes_are_counted(app, "USHER_REQUESTS" = "2", "USHER_HASH_QUEUE" = "7") {
        let place = app.app.admission.request().await.unwrap();
        let seen = scrape(app).await;
        assert_eq!((seen.single("usher_places_taken"), seen.single("usher_places_max")), (1.0, 2.0));
        assert_eq!((seen.single("usher_places_waiting"), seen.single("usher_places_refused_total")), (0.0, 0.0));
        drop(place);
        app.user("ada", json!({ "email": "ada@example.org", "password": "correct horse" })).await;
        let seen = scrape(app).await;
        assert_eq!(seen.single("usher_places_taken"), 0.0);
        assert_eq!((seen.single("usher_hash_computed_total"), seen.single("usher_hash_refused_total")), (1.0, 0.0));
        assert_eq!((seen.single("usher_hash_queue_max"), seen.single("usher_hash_workers")), (7.0, 1.0));
        assert_eq!(seen.single("usher_hash_waiting"), 0.0);
    }

    async fn who_waits_for_a_place_is_counted_while_it_waits(app, "USHER_REQUESTS" = "1") {
        let place = app.app.admission.request().await.unwrap();
        let waiting = || async { scrape(app).await.single("usher_places_waiting") };
        let asking = app.app.admission.request();
        tokio::pin!(asking);
        assert!(poll_immediate(&mut asking).await.is_none());
        assert_eq!(waiting().await, 1.0);
        drop(place);
        let second = asking.await.unwrap();
        assert_eq!(waiting().await, 0.0);
        // Who leaves waits no longer.
        let mut leaving = Box::pin(app.app.admission.request());
        assert!(poll_immediate(&mut leaving).await.is_none());
        assert_eq!(waiting().await, 1.0);
        drop(leaving);
        assert_eq!(waiting().await, 0.0);
        drop(second);
    }

    async fn commits_of_sqlite_are_counted_with_their_writes(app) {
        let before = scrape(app).await;
        for id in ["ada", "bob", "eve"] {
            app.user(id, json!({})).await;
        }
        let after = scrape(app).await;
        if app.engine() == Engine::Postgres {
            assert_eq!(after.of("usher_commit_jobs").len() + after.of("usher_commits_failed_total").len(), 0);
            return;
        }
        let sum = |seen: &Exposition| seen.value("usher_commit_jobs_sum", &[]);
        // Of the key, the first use is written down too, whenever that is done.
        let more = sum(&after) - sum(&before);
        assert!((3.0..=4.0).contains(&more), "{more}");
        assert_eq!(after.single("usher_commits_failed_total"), 0.0);
    }

    async fn connections_to_the_database_are_counted(app) {
        app.admin().get("/v1/users").await.expect(200);
        let seen = scrape(app).await;
        let pools: &[&str] = match app.engine() {
            Engine::Sqlite => &["serving", "lists", "scans", "writer"],
            Engine::Postgres => &["postgres"],
        };
        for pool in pools {
            let value = |name: &str| seen.value(name, &[("pool", pool)]);
            assert_eq!(value("usher_database_waiting"), 0.0, "{pool}");
            assert!(value("usher_database_connections_used") <= value("usher_database_connections"), "{pool}");
        }
        assert_eq!(seen.of("usher_database_connections").len(), pools.len());
        let (pool, most) = match app.engine() {
            Engine::Sqlite => ("lists", 4.0),
            Engine::Postgres => ("postgres", 4.0),
        };
        assert_eq!(seen.value("usher_database_connections_max", &[("pool", pool)]), most);
        let name = if app.engine() == Engine::Sqlite { "sqlite" } else { "postgres" };
        assert_eq!(seen.value("usher_info", &[("version", env!("CARGO_PKG_VERSION")), ("engine", name)]), 1.0);
        assert_eq!(seen.single("usher_start_time_seconds"), 1_767_323_045.678);
    }

    async fn a_database_that_fails_is_counted_by_what_it_said(app) {
        let errors = |seen: &Exposition, kind: &str| seen.value("usher_database_errors_total", &[("kind", kind)]);
        app.user("ada", json!({})).await;
        app.admin().post("/v1/users", &json!({ "userId": "ada" })).await.expect(409);
        let seen = scrape(app).await;
        let all: f64 = seen.of("usher_database_errors_total").iter().map(|sample| sample.value).sum();
        assert_eq!(all, 0.0, "a user who exists is no failure of the database");
        app.app.store.close().await;
        for _ in 0..2 {
            app.admin().get("/v1/users/ada").await.expect(503);
        }
        let seen = scrape(app).await;
        assert_eq!((errors(&seen, "unavailable"), errors(&seen, "other")), (2.0, 0.0));
        assert_eq!(answered(&seen, "/v1/users/{userId}", "GET", "503"), 2.0);
    }

    async fn housekeeping_is_counted(app) {
        let last = |seen: &Exposition| seen.single("usher_housekeeping_last_seconds");
        assert_eq!(last(&scrape(app).await), 0.0);
        app.user("ada", json!({})).await;
        for _ in 0..3 {
            app.admin().post("/v1/users/ada/sessions", &json!({})).await.expect(201);
        }
        app.app.clock.advance(Duration::from_secs(400 * 24 * 60 * 60));
        housekeeping::run_once(&app.app).await.unwrap().unwrap();
        let seen = scrape(app).await;
        assert_eq!(seen.value("usher_housekeeping_removed_total", &[("of", "sessions")]), 3.0);
        assert_eq!(seen.value("usher_housekeeping_removed_total", &[("of", "tokens")]), 0.0);
        assert!((last(&seen) - (1_767_323_045.678 + 400.0 * 24.0 * 60.0 * 60.0)).abs() < 0.001, "{}", last(&seen));
        assert_eq!(seen.single("usher_housekeeping_failed_total"), 0.0);
        // Who comes too early does nothing.
        assert!(housekeeping::run_once(&app.app).await.unwrap().is_none());
        assert_eq!(scrape(app).await.value("usher_housekeeping_removed_total", &[("of", "sessions")]), 3.0);
    }
}

/// All labels that there are.
const LABELS: [&str; 12] =
    ["route", "method", "status", "le", "version", "engine", "room", "of", "from", "pool", "kind", "project"];
