//! What the activity log tells of signing in.

use serde_json::{Value, json};

use super::{INVALID, PATHS, WRONG, email, guest, member, owner, sign_in, until, user};
use crate::support::{Answer, Caller, IP, NOW, TestApp, both};
use crate::users::crud::{events, log_of};

const RIGHT: &str = "long enough";
const FIREFOX: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0";
const CHROME: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";

/// The rows about a user, newest first. That of a failure is written when it was answered already.
async fn rows(app: &TestApp, id: &str) -> Vec<Value> {
    until("what is written in the background", async || app.app.background.is_empty()).await;
    let list = app.admin().get(&format!("/v1/users/{id}/logs")).await.expect(200);
    list["logs"].as_array().unwrap().clone()
}

/// The row of a client on Windows with Firefox, or on Linux with Chrome.
fn row(event: &str, actor: [&str; 4], ip: &str, firefox: bool) -> Value {
    let [kind, id, name, email] = actor;
    let [os_code, os, version, code, client, built, engine, engine_version] = match firefox {
        true => ["WIN", "Windows", "10", "FF", "Firefox", "121.0", "Gecko", "121.0"],
        false => ["LIN", "GNU/Linux", "", "CH", "Chrome", "120.0", "Blink", "120.0.0.0"],
    };
    json!({
        "event": event, "userId": id, "userEmail": email, "userName": name, "mode": "default", "userType": kind,
        "ip": ip, "time": NOW, "osCode": os_code, "osName": os, "osVersion": version, "clientType": "browser",
        "clientCode": code, "clientName": client, "clientVersion": built, "clientEngine": engine,
        "clientEngineVersion": engine_version, "deviceName": "desktop", "deviceBrand": "", "deviceModel": "",
        "countryCode": "--", "countryName": "Unknown"
    })
}

const ANNA: [&str; 4] = ["user", "anna", "Anna Lee", "anna@example.org"];
const NOBODY: [&str; 4] = ["guest", "", "", ""];

async fn anna(app: &TestApp) {
    app.user("anna", json!({"email": email("anna"), "password": RIGHT, "name": "Anna Lee"})).await;
}

async fn both_ways<'a>(caller: &Caller<'a>) -> [Answer; 2] {
    [sign_in(caller, "anna", RIGHT).await, sign_in(caller, "anna", "wrong enough").await]
}

both! {
    async fn both_ways_of_it_are_told_with_the_client(app, "USHER_TRUSTED_PROXIES" = "203.0.113.0/24") {
        anna(app).await;
        // Whoever comes without a key is believed what their own agent is and what the proxy says of the address.
        let client = guest(app).header("user-agent", FIREFOX).header("x-forwarded-user-agent", CHROME);
        let client = client.header("x-forwarded-for", "198.51.100.7");
        let [entered, failed] = both_ways(&client).await;
        failed.fails(WRONG.0, WRONG.1, "");
        let list = rows(app, "anna").await;
        assert_eq!(list[0].to_string(), row("session.fail", NOBODY, "198.51.100.7", true).to_string());
        assert_eq!(list[1].to_string(), row("session.create", ANNA, "198.51.100.7", true).to_string());
        assert_eq!((list.len(), &list[2]["event"]), (3, &json!("user.create")));
        assert_eq!((&entered.json["ip"], &entered.json["clientCode"]), (&json!("198.51.100.7"), &json!("FF")));
        // The user reads the same of both.
        let own = member(app, &entered).get("/v1/account/logs").await.expect(200);
        assert_eq!((&own["logs"].as_array().unwrap()[..2], &own["total"]), (&list[..2], &json!(3)));
    }

    async fn a_server_says_for_which_agent_it_signs_in(app) {
        anna(app).await;
        let client = app.admin().header("user-agent", FIREFOX).header("x-forwarded-user-agent", CHROME);
        let key = app.key_id(crate::support::PROJECT, app.admin_key()).await;
        let [entered, failed] = both_ways(&client).await;
        failed.fails(WRONG.0, WRONG.1, "");
        assert_eq!(entered.expect(201)["clientCode"], "CH");
        let list = rows(app, "anna").await;
        assert_eq!(list[0], row("session.fail", ["keyProject", &key, "test key", ""], IP, false));
        assert_eq!(list[1], row("session.create", ANNA, IP, false));
        assert_eq!(list.len(), 3);
    }

    async fn each_is_told_once(app) {
        user(app, "anna", RIGHT).await;
        user(app, "bert", RIGHT).await;
        for n in 0..4 {
            let body = json!({"email": email("anna"), "password": if n == 2 { RIGHT } else { "wrong enough" }});
            assert_eq!(guest(app).post(PATHS[n % 2], &body).await.status, if n == 2 { 201 } else { 401 });
            rows(app, "anna").await;
        }
        let told = ["session.fail", "session.create", "session.fail", "session.fail", "user.create"];
        assert_eq!(events(app, "anna").await, told);
        // What is refused unseen is no try: a parameter, the limit, and who is signed in.
        let bert = owner(app, "bert").await;
        sign_in(&bert, "anna", RIGHT).await.fails(401, "user_session_already_exists", "");
        guest(app).post(PATHS[0], &json!({"email": email("anna")})).await.fails(400, INVALID, "`password`");
        for _ in 0..12 {
            sign_in(&guest(app), "bert", "wrong enough").await;
        }
        rows(app, "bert").await;
        assert_eq!(rows(app, "anna").await.len(), told.len());
        let told = [&["session.fail"; 10][..], &["session.create", "user.create"]].concat();
        assert_eq!(events(app, "bert").await, told);
    }

    /// Who has the right password and is blocked has failed as well; so it says in the log of the account.
    async fn the_blocked_are_told_of_too(app) {
        anna(app).await;
        app.admin().patch("/v1/users/anna/status", &json!({"status": false})).await.expect(200);
        let client = guest(app).header("user-agent", FIREFOX);
        sign_in(&client, "anna", RIGHT).await.fails(403, "user_blocked", "");
        let list = rows(app, "anna").await;
        assert_eq!((list.len(), &list[0]), (3, &row("session.fail", NOBODY, IP, true)));
    }

    async fn of_those_who_do_not_exist_there_is_nothing_to_tell(app) {
        user(app, "anna", RIGHT).await;
        for (id, password) in [("nobody", RIGHT), ("", RIGHT), ("nobody", "wrong enough")] {
            sign_in(&guest(app), id, password).await;
        }
        app.new_project("other").await;
        let theirs = guest(app).header("x-appwrite-project", "other");
        sign_in(&theirs, "anna", RIGHT).await.fails(WRONG.0, WRONG.1, "");
        sign_in(&guest(app), "anna", "wrong enough").await.fails(WRONG.0, WRONG.1, "");
        assert_eq!(rows(app, "anna").await.len(), 2);
        for id in ["nobody", "", "nobody@example.org"] {
            assert!(log_of(app, id).await.is_empty(), "{id}");
        }
    }
}
