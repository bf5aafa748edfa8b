//! The activity log of a user.

use super::crud::tick;
use crate::support::{IP, NOW, PROJECT, TestApp, both};
use serde_json::{Value, json};
use usher::clock::Millis;
use usher::store::logs::{self, Log};

const INVALID: &str = "general_argument_invalid";
const FIREFOX: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0";

/// Stores `count` rows about a user, called `event 0`, `event 1`, …
async fn add(app: &TestApp, user: &'static str, count: usize) {
    let project = app.project(PROJECT).await.key;
    app.write(move |tx| {
        Box::pin(async move {
            for n in 0..count {
                let log = Log {
                    seq: 0,
                    user_id: user.into(),
                    event: format!("event {n}"),
                    mode: "default".into(),
                    actor_type: "keyProject".into(),
                    actor_id: "k".into(),
                    actor_name: String::new(),
                    actor_email: String::new(),
                    ip: String::new(),
                    user_agent: String::new(),
                    // All at the same time: the order is that in which they were written.
                    time: Millis::parse(NOW).unwrap(),
                };
                logs::insert(tx, project, &log).await?;
            }
            Ok(())
        })
    })
    .await;
}

async fn page(app: &TestApp, user: &str, queries: &[Value]) -> (Vec<String>, Value) {
    let list = app.admin().list(&format!("/v1/users/{user}/logs"), queries).await.expect(200);
    let logs = list["logs"].as_array().unwrap();
    (logs.iter().map(|log| log["event"].as_str().unwrap().to_owned()).collect(), list["total"].clone())
}

fn numbered(numbers: impl Iterator<Item = usize>) -> Vec<String> {
    numbers.map(|n| format!("event {n}")).collect()
}

fn limit(n: i64) -> Value {
    json!({"method": "limit", "values": [n]})
}

fn offset(n: i64) -> Value {
    json!({"method": "offset", "values": [n]})
}

both! {
    async fn behind_a_trusted_proxy_the_address_is_the_clients(app, "USHER_TRUSTED_PROXIES" = "203.0.113.0/24") {
        app.user("anna", json!({})).await;
        for (forwarded, ip) in [("198.51.100.7", "198.51.100.7"), ("6.6.6.6, 198.51.100.8:443", "198.51.100.8"), ("6.6.6.6, unknown", IP)] {
            let caller = app.admin().header("x-forwarded-for", forwarded);
            caller.patch("/v1/users/anna/name", &json!({"name": forwarded})).await.expect(200);
            let log = app.admin().get("/v1/users/anna/logs").await.expect(200);
            assert_eq!(log["logs"][0]["ip"], json!(ip), "{forwarded}");
        }
    }

    async fn a_row_tells_who_did_what_and_with_which_client(app) {
        let key = app.key_id(PROJECT, app.admin_key()).await;
        let caller = app.admin().header("user-agent", FIREFOX);
        caller.post("/v1/users", &json!({"userId": "anna"})).await.expect(201);
        tick(app);
        let later = app.app.clock.now().to_string();
        let agent = "AppwriteNodeJSSDK/14.0.0 (linux; amd64)";
        app.admin().header("user-agent", agent).patch("/v1/users/anna/name", &json!({"name": "A"})).await.expect(200);
        let row = |event: &str, time: &str, device: [&str; 11]| {
            let [os_code, os_name, os_version, kind, code, name, version, engine, built, hardware, brand] = device;
            json!({
                "event": event, "userId": key, "userEmail": "", "userName": "test key", "mode": "default",
                "userType": "keyProject", "ip": IP, "time": time, "osCode": os_code, "osName": os_name,
                "osVersion": os_version, "clientType": kind, "clientCode": code, "clientName": name,
                "clientVersion": version, "clientEngine": engine, "clientEngineVersion": built,
                "deviceName": hardware, "deviceBrand": brand, "deviceModel": "", "countryCode": "--",
                "countryName": "Unknown"
            })
        };
        let firefox = ["WIN", "Windows", "10", "browser", "FF", "Firefox", "121.0", "Gecko", "121.0", "desktop", ""];
        let answer = app.admin().get("/v1/users/anna/logs").await;
        let list = answer.json.clone();
        assert_eq!(list["logs"][1].to_string(), row("user.create", NOW, firefox).to_string());
        let newest = &list["logs"][0];
        let own = [("event", "user.update"), ("time", &later), ("ip", IP), ("userId", &key), ("clientCode", "")];
        for (name, expected) in own {
            assert_eq!(newest[name], expected, "{name}");
        }
        assert_eq!(newest.as_object().unwrap().len(), 22);
        assert!(newest.as_object().unwrap().values().all(Value::is_string), "{newest}");
        assert_eq!(list["total"], json!(2));
        assert!(answer.text.starts_with(r#"{"total":2,"logs":[{"event":"#), "{}", answer.text);
    }

    async fn without_a_user_agent_the_client_is_unknown(app) {
        app.user("anna", json!({})).await;
        let list = app.admin().get("/v1/users/anna/logs").await.expect(200);
        for name in ["osCode", "osName", "clientType", "clientCode", "clientName", "deviceName", "deviceModel"] {
            assert_eq!(list["logs"][0][name], "", "{name}");
        }
    }

    /// A server that calls for a browser says so in a header of its own.
    async fn the_agent_may_be_forwarded(app) {
        let caller = app.admin().header("user-agent", "AppwritePythonSDK/5").header("x-forwarded-user-agent", FIREFOX);
        caller.post("/v1/users", &json!({"userId": "anna"})).await.expect(201);
        let list = app.admin().get("/v1/users/anna/logs").await.expect(200);
        assert_eq!(list["logs"][0]["clientName"], "Firefox");
    }

    async fn every_key_acts_under_its_own_id(app) {
        app.user("anna", json!({})).await;
        let other = app.new_key(PROJECT, &[usher::access::Scope::UsersWrite]).await;
        app.caller(PROJECT, &other).patch("/v1/users/anna/status", &json!({"status": false})).await.expect(200);
        let list = app.admin().get("/v1/users/anna/logs").await.expect(200);
        let (first, second) = (app.key_id(PROJECT, app.admin_key()).await, app.key_id(PROJECT, &other).await);
        assert_ne!(first, second);
        assert_eq!((&list["logs"][1]["userId"], &list["logs"][0]["userId"]), (&json!(first), &json!(second)));
        assert!(!list.to_string().contains(app.admin_key()) && !list.to_string().contains(&other));
    }

    async fn the_newest_come_first_and_twenty_five_are_a_page(app) {
        app.user("anna", json!({})).await;
        app.user("bert", json!({})).await;
        add(app, "anna", 30).await;
        add(app, "bert", 2).await;
        let first = page(app, "anna", &[]).await;
        assert_eq!(first, (numbered((5..30).rev()), json!(31)));
        let rest = page(app, "anna", &[offset(25)]).await;
        assert_eq!(rest, ([numbered((0..5).rev()), vec!["user.create".into()]].concat(), json!(31)));
        assert_eq!(page(app, "anna", &[limit(2), offset(1)]).await, (numbered([28, 27].into_iter()), json!(31)));
        assert_eq!(page(app, "anna", &[offset(31)]).await, (vec![], json!(31)));
        assert_eq!(page(app, "anna", &[limit(i64::MAX)]).await.0.len(), 31);
        assert_eq!(page(app, "anna", &[json!("limit(1)")]).await, (numbered([29].into_iter()), json!(31)));
        // The first of several counts.
        assert_eq!(page(app, "anna", &[limit(1), limit(3)]).await.0.len(), 1);
        for text in ["false", "0"] {
            let list = app.admin().get(&format!("/v1/users/anna/logs?total={text}")).await.expect(200);
            assert_eq!((list["logs"].as_array().unwrap().len(), &list["total"]), (25, &json!(0)), "{text}");
        }
        assert_eq!(page(app, "bert", &[]).await.1, json!(3));
    }

    async fn what_is_written_down_late_stands_where_it_happened(app) {
        app.user("anna", json!({})).await;
        tick(app);
        app.admin().patch("/v1/users/anna/name", &json!({"name": "Anna"})).await.expect(200);
        add(app, "anna", 2).await;
        let created = [1, 0].map(|n| format!("event {n}"));
        let expected = [vec!["user.update".into()], created.into(), vec!["user.create".into()]].concat();
        assert_eq!(page(app, "anna", &[]).await, (expected, json!(4)));
    }

    async fn only_limit_and_offset_are_queries_here(app) {
        app.user("anna", json!({})).await;
        for query in [
            json!({"method": "equal", "attribute": "event", "values": ["user.create"]}),
            json!({"method": "equal", "attribute": "$id", "values": ["x"]}),
            json!({"method": "orderDesc", "attribute": "$createdAt"}),
            json!({"method": "orderAsc", "attribute": ""}),
            json!({"method": "cursorAfter", "values": ["x"]}),
            json!({"method": "cursorBefore", "values": ["x"]}),
            json!({"method": "search", "attribute": "event", "values": ["x"]}),
            json!({"method": "select", "values": ["event"]}),
            json!({"method": "or", "values": []}),
            limit(0), limit(-1), offset(-1), json!("limit()"), json!("offset(-1)"),
            json!("orderDesc(\"time\")"), json!("x"),
        ] {
            let answer = app.admin().list("/v1/users/anna/logs", std::slice::from_ref(&query)).await;
            assert_eq!((answer.status, &answer.json["type"]), (400, &json!(INVALID)), "{query}");
            // Queries are checked before anybody is looked for.
            let answer = app.admin().list("/v1/users/nobody/logs", std::slice::from_ref(&query)).await;
            assert_eq!((answer.status, &answer.json["type"]), (400, &json!(INVALID)), "{query}");
        }
        app.admin().get("/v1/users/anna/logs?queries=limit(1)").await.fails(400, INVALID, "`queries`");
        app.admin().get("/v1/users/anna/logs?total=x").await.fails(400, INVALID, "`total`");
        app.admin().get("/v1/users/_x/logs").await.fails(400, INVALID, "`userId`");
        app.admin().get("/v1/users/nobody/logs").await.fails(404, "user_not_found", "");
    }

    async fn reading_and_failing_leave_no_trace(app) {
        app.user("anna", json!({})).await;
        for path in ["", "/prefs", "/sessions", "/memberships", "/logs"] {
            app.admin().get(&format!("/v1/users/anna{path}")).await.expect(200);
        }
        app.admin().get("/v1/users").await.expect(200);
        app.admin().patch("/v1/users/anna/name", &json!({})).await.fails(400, INVALID, "`name`");
        app.admin().delete("/v1/users/anna/sessions/x").await.fails(404, "user_session_not_found", "");
        let keyless = app.admin().without("x-appwrite-key");
        keyless.delete("/v1/users/anna").await.fails(401, "general_unauthorized_scope", "");
        assert_eq!(page(app, "anna", &[]).await, (vec!["user.create".into()], json!(1)));
    }

    async fn a_deleted_user_has_no_log(app) {
        app.user("anna", json!({})).await;
        add(app, "anna", 3).await;
        assert_eq!(app.admin().delete("/v1/users/anna").await.status, 204);
        app.admin().get("/v1/users/anna/logs").await.fails(404, "user_not_found", "");
    }
}
