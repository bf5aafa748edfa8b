//! `GET /v1/account/logs`

use serde_json::{Value, json};
use usher::store::logs;

use super::people::{
    INVALID, PASSWORD, SCOPE, account, by_token, continued, email, handed, member, nobody, sign_in, sign_up, stranger,
    try_sign_in,
};
use crate::support::{Answer, Caller, IP, PROJECT, TestApp, both};
use crate::users::crud::{log_of, tick};

const FIREFOX: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0";

/// Stores `count` more rows about a user, called `event 0`, `event 1`, …, like the newest that there is.
async fn add(app: &TestApp, user: &str, count: usize) {
    let (project, row) = (app.project(PROJECT).await.key, log_of(app, user).await.remove(0));
    app.write(move |tx| {
        Box::pin(async move {
            for n in 0..count {
                logs::insert(tx, project, &logs::Log { event: format!("event {n}"), ..row.clone() }).await?;
            }
            Ok(())
        })
    })
    .await;
}

/// The events of a page, and the total.
#[track_caller]
fn page(answer: Answer) -> (Vec<String>, Value) {
    let list = answer.expect(200);
    let events = list["logs"].as_array().unwrap().iter().map(|row| row["event"].as_str().unwrap().to_owned());
    (events.collect(), list["total"].clone())
}

/// Events by their number, newest first.
fn numbered(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.rev().map(|n| format!("event {n}")).collect()
}

/// What users see of a list that a key has read: which key it was, and from where it came, is the operator's business.
fn as_owner(list: &Value) -> Value {
    let mut list = list.clone();
    for row in list["logs"].as_array_mut().unwrap().iter_mut().filter(|row| row["userType"] == "keyProject") {
        for (name, value) in row.as_object_mut().unwrap() {
            if !["event", "mode", "userType", "time", "countryCode", "countryName"].contains(&name.as_str()) {
                *value = json!("");
            }
        }
    }
    list
}

fn limit(n: i64) -> Value {
    json!({"method": "limit", "values": [n]})
}

fn offset(n: i64) -> Value {
    json!({"method": "offset", "values": [n]})
}

async fn read(caller: &Caller<'_>, queries: &[Value]) -> (Vec<String>, Value) {
    page(caller.list("/v1/account/logs", queries).await)
}

both! {
    async fn a_row_tells_when_it_was_and_with_which_client(app) {
        sign_up(app, "anna").await;
        tick(app);
        let body = json!({"email": email("anna"), "password": PASSWORD});
        let browser = stranger(app).header("user-agent", FIREFOX);
        let anna = continued(app, &browser.post("/v1/account/sessions/email", &body).await);
        let time = app.app.clock.now().to_string();
        let answer = anna.get("/v1/account/logs").await;
        assert_eq!(answer.header("content-type"), "application/json; charset=UTF-8");
        assert!(answer.text.starts_with(r#"{"total":2,"logs":[{"event":"session.create","#), "{}", answer.text);
        let expected = json!({
            "event": "session.create", "userId": "anna", "userEmail": email("anna"), "userName": "Name of anna",
            "mode": "default", "userType": "user", "ip": IP, "time": time, "osCode": "WIN", "osName": "Windows",
            "osVersion": "10", "clientType": "browser", "clientCode": "FF", "clientName": "Firefox",
            "clientVersion": "121.0", "clientEngine": "Gecko", "clientEngineVersion": "121.0",
            "deviceName": "desktop", "deviceBrand": "", "deviceModel": "", "countryCode": "--",
            "countryName": "Unknown"
        });
        assert_eq!(answer.json["logs"][0].to_string(), expected.to_string());
    }

    async fn users_and_keys_read_the_same_rows_but_for_whose_key_it_was(app) {
        let anna = member(app, "anna").await;
        try_sign_in(app, &email("anna"), "wrong horse").await.fails(401, "user_invalid_credentials", "");
        let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while log_of(app, "anna").await[0].event != "session.fail" {
            assert!(std::time::Instant::now() < end, "the failed sign-in is not in the log");
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        anna.patch("/v1/account/name", &json!({"name": "Anna"})).await.expect(200);
        anna.patch("/v1/account/prefs", &json!({"prefs": {"a": 1}})).await.expect(200);
        let body = json!({"email": "new@example.org", "password": PASSWORD});
        anna.patch("/v1/account/email", &body).await.expect(200);
        let body = json!({"password": "another horse", "oldPassword": PASSWORD});
        anna.patch("/v1/account/password", &body).await.expect(200);
        let operator = app.admin().header("user-agent", FIREFOX);
        operator.put("/v1/users/anna/labels", &json!({"labels": ["vip"]})).await.expect(200);
        let token = by_token(app, &anna).await;
        anna.patch("/v1/account/sessions/current", &json!({})).await.expect(200);
        anna.delete("/v1/account/sessions").await.expect(204);
        let anna = sign_in(app, "new@example.org", "another horse").await;

        let events = [
            "session.create", "session.delete", "session.update", "user.update", "user.update", "user.update",
            "user.update", "user.update", "session.fail", "session.create", "user.create",
        ];
        let path = "/v1/users/anna/logs";
        let list = app.admin().get(path).await.expect(200);
        let key = app.key_id(PROJECT, app.admin_key()).await;
        let actors: Vec<[&Value; 3]> = list["logs"].as_array().unwrap().iter()
            .map(|row| [&row["userType"], &row["userId"], &row["userName"]]).collect();
        assert_eq!(actors[3], ["keyProject", &key, "test key"]);
        assert_eq!(actors[8], ["guest", "", ""]);
        assert_eq!(actors[5], ["user", "anna", "Anna"]);

        let shown = anna.get("/v1/account/logs").await;
        assert_eq!(shown.text, as_owner(&list).to_string());
        assert_eq!(by_token(app, &anna).await.get("/v1/account/logs").await.text, shown.text);
        token.get("/v1/account/logs").await.fails(401, SCOPE, "(role: guests)");
        for secret in [PASSWORD, "another horse", "wrong horse", &key, "test key", "Firefox"] {
            assert!(!shown.text.contains(secret), "{}", shown.text);
        }
        assert_eq!(page(shown), (events.map(str::to_owned).to_vec(), json!(11)));
        // For pages too, and for clients of older generations.
        for queries in [vec![limit(3)], vec![offset(3)], vec![limit(2), offset(9)]] {
            let (own, all) = (anna.list("/v1/account/logs", &queries).await, app.admin().list(path, &queries).await);
            assert_eq!(own.text, as_owner(&all.json).to_string(), "{queries:?}");
        }
        let (own, all) = (anna.clone().format("1.4.0"), app.admin().format("1.4.0").get(path).await);
        assert_eq!(own.get("/v1/account/logs").await.text, as_owner(&all.json).to_string());
    }

    async fn the_newest_come_first_and_twenty_five_are_a_page(app) {
        let anna = member(app, "anna").await;
        add(app, "anna", 30).await;
        let signed = vec!["session.create".to_owned(), "user.create".to_owned()];
        assert_eq!(read(&anna, &[]).await, (numbered(5..30), json!(32)));
        assert_eq!(read(&anna, &[offset(25)]).await, ([numbered(0..5), signed].concat(), json!(32)));
        assert_eq!(read(&anna, &[limit(2), offset(1)]).await, (numbered(27..29), json!(32)));
        assert_eq!(read(&anna, &[offset(32)]).await, (vec![], json!(32)));
        assert_eq!(read(&anna, &[limit(i64::MAX)]).await.0.len(), 32);
        // Clients of the 1.4 generation write queries like this.
        assert_eq!(read(&anna, &[json!("limit(1)"), json!("offset(2)")]).await, (numbered(27..28), json!(32)));
        for text in ["false", "0"] {
            let (events, total) = page(anna.get(&format!("/v1/account/logs?total={text}")).await);
            assert_eq!((events, total), (numbered(5..30), json!(0)), "{text}");
        }
        add(app, "anna", 1200).await;
        let (events, total) = read(&anna, &[limit(5000)]).await;
        assert_eq!((events.len(), total), (1232, json!(1232)));
        assert_eq!(events[..1200], numbered(0..1200));
    }

    async fn only_limit_and_offset_are_queries_here(app) {
        let anna = member(app, "anna").await;
        for query in [
            json!({"method": "equal", "attribute": "event", "values": ["user.create"]}),
            json!({"method": "equal", "attribute": "userId", "values": ["bert"]}),
            json!({"method": "orderAsc", "attribute": ""}),
            json!({"method": "cursorAfter", "values": ["x"]}),
            json!({"method": "search", "attribute": "event", "values": ["x"]}),
            json!({"method": "select", "values": ["event"]}),
            json!({"method": "or", "values": []}),
            limit(0), limit(-1), offset(-1), json!("limit()"), json!("orderDesc(\"time\")"), json!("x"),
        ] {
            let answer = anna.list("/v1/account/logs", std::slice::from_ref(&query)).await;
            answer.fails(400, INVALID, "`queries`");
            // Who is nobody is told that first.
            let answer = stranger(app).list("/v1/account/logs", &[query]).await;
            answer.fails(401, SCOPE, "(role: guests) missing scope");
        }
        anna.get("/v1/account/logs?queries=limit(1)").await.fails(400, INVALID, "`queries`");
        anna.get("/v1/account/logs?total=x").await.fails(400, INVALID, "`total`");
        app.admin().get("/v1/account/logs").await.fails(401, SCOPE, "(role: applications)");
        let limits = vec![limit(1); 101];
        anna.list("/v1/account/logs", &limits).await.fails(400, INVALID, "`queries`");
        anna.list("/v1/account/logs", &limits[1..]).await.expect(200);
    }

    async fn of_others_there_is_no_row(app) {
        let (anna, bert) = (member(app, "anna").await, member(app, "bert").await);
        let (nobody, id) = nobody(app).await;
        add(app, "bert", 3).await;
        bert.patch("/v1/account/name", &json!({"name": "anna"})).await.expect(200);
        assert_eq!(read(&anna, &[]).await, (vec!["session.create".into(), "user.create".into()], json!(2)));
        assert_eq!(read(&nobody, &[]).await.1, json!(2));
        assert_eq!(read(&bert, &[]).await.1, json!(6));
        for naming in ["userId=bert", "user=bert", "search=bert", &format!("userId={id}")] {
            let list = anna.get(&format!("/v1/account/logs?{naming}")).await;
            assert!(!list.text.contains("bert"), "{}", list.text);
            assert_eq!(page(list).1, json!(2));
        }
    }

    async fn with_a_user_the_rows_are_gone_also_for_who_comes_after(app) {
        let anna = member(app, "anna").await;
        add(app, "anna", 5).await;
        app.admin().delete("/v1/users/anna").await.expect(204);
        anna.get("/v1/account/logs").await.fails(401, SCOPE, "(role: guests)");
        tick(app);
        let anna = member(app, "anna").await;
        // But for the one that says that there was somebody of this id.
        let expected = ["session.create", "user.create", "user.delete"].map(str::to_owned).to_vec();
        assert_eq!(read(&anna, &[]).await, (expected, json!(3)));
    }

    async fn reading_and_failing_leave_no_row(app) {
        let anna = member(app, "anna").await;
        for path in ["", "/prefs", "/sessions", "/sessions/current", "/logs"] {
            anna.get(&format!("/v1/account{path}")).await.expect(200);
        }
        by_token(app, &anna).await.get("/v1/account").await.expect(200);
        for (path, body) in [
            ("name", json!({})), ("prefs", json!({"prefs": 1})), ("email", json!({"email": "x"})),
            ("email", json!({"email": "x@y.org", "password": "wrong horse"})),
            ("password", json!({"password": "another horse"})),
        ] {
            assert!([400, 401].contains(&anna.patch(&format!("/v1/account/{path}"), &body).await.status), "{path}");
        }
        anna.delete("/v1/account/sessions/nope").await.fails(404, "user_session_not_found", "");
        assert_eq!(read(&anna, &[]).await, (vec!["session.create".into(), "user.create".into()], json!(2)));
        assert_eq!(account(app, "anna").await["$id"], "anna");
        handed(app, "anna").await.get("/v1/account/logs").await.expect(200);
    }
}
