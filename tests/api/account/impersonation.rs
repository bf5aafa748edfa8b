//! Acting as another user: who may, whom the headers name, what is seen, and that nothing can be changed so.

use axum::http::Method;
use serde_json::{Value, json};
use usher::store::sessions::Session;

use super::credentials::routes::{ROUTES, ask};
use super::credentials::{client, session, signed_in, text};
use crate::attacks::settled;
use crate::isolation::{OTHER, dump};
use crate::support::{Caller, NOW, PROJECT, TestApp, both};
use crate::users::crud::{self, LATER, add_sessions, events, stored, tick, with};

const BY_ID: &str = "x-appwrite-impersonate-user-id";
const BY_EMAIL: &str = "x-appwrite-impersonate-user-email";
const BY_PHONE: &str = "x-appwrite-impersonate-user-phone";

/// `sam`, who may act as others, and `anna` and `bert`, who may not.
async fn people(app: &TestApp) {
    for (id, phone) in [("sam", "+4930123450"), ("anna", "+4930123456"), ("bert", "+4930123457")] {
        let body =
            json!({"email": format!("{id}@example.org"), "phone": phone, "name": id, "password": "right password"});
        app.user(id, body).await;
        app.admin().patch(&format!("/v1/users/{id}/prefs"), &json!({"prefs": {"of": id}})).await.expect(200);
    }
    set(app, "sam", true).await;
}

async fn set(app: &TestApp, id: &str, impersonator: bool) {
    let path = format!("/v1/users/{id}/impersonator");
    app.admin().patch(&path, &json!({ "impersonator": impersonator })).await.expect(200);
}

/// `sam`, signed in and seen.
async fn sam(app: &TestApp) -> Caller<'_> {
    let sam = signed_in(app, "sam").await;
    sam.get("/v1/account").await.expect(200);
    settled(app).await;
    sam
}

/// Whose account this caller sees.
async fn account(caller: &Caller<'_>) -> Value {
    caller.get("/v1/account").await.expect(200)
}

both! {
    async fn a_key_says_who_may_act_as_others(app) {
        let made = app.user("anna", json!({})).await;
        assert_eq!(made["impersonator"], false);
        tick(app);
        let path = "/v1/users/anna/impersonator";
        let may = app.admin().patch(path, &json!({"impersonator": true})).await.expect(200);
        assert_eq!(may, with(&made, json!({"impersonator": true, "$updatedAt": LATER})));
        assert_eq!(app.admin().get("/v1/users/anna").await.expect(200), may);
        let query = json!({"method": "equal", "attribute": "impersonator", "values": [true]});
        assert_eq!(app.admin().list("/v1/users", std::slice::from_ref(&query)).await.ids("users"), ["anna"]);
        assert_eq!(events(app, "anna").await, ["user.update", "user.create"]);
        app.admin().patch(path, &json!({"impersonator": false})).await.expect(200);
        let none = app.admin().list("/v1/users", &[query]).await.expect(200);
        assert_eq!(none, json!({"total": 0, "users": []}));
        let ghost = app.admin().patch("/v1/users/ghost/impersonator", &json!({"impersonator": true})).await;
        ghost.fails(404, "user_not_found", "");
    }

    async fn the_account_is_seen_as_the_other_sees_it(app) {
        people(app).await;
        let sam = sam(app).await;
        let anna = signed_in(app, "anna").await;
        let own = account(&anna).await;
        settled(app).await;
        let own = with(&own, json!({"$updatedAt": NOW, "accessedAt": NOW}));
        for (header, value) in [
            (BY_ID, "anna"), (BY_EMAIL, "anna@example.org"), (BY_EMAIL, "ANNA@example.ORG"), (BY_PHONE, "+4930123456"),
        ] {
            let other = sam.clone().header(header, value);
            assert_eq!(account(&other).await, with(&own, json!({"impersonatorUserId": "sam"})), "{header}: {value}");
            assert_eq!(other.get("/v1/account/prefs").await.expect(200), json!({"of": "anna"}));
            assert_eq!(other.get("/v1/account/logs").await.text, anna.get("/v1/account/logs").await.text);
            let head = other.request(Method::HEAD, "/v1/account", None).await;
            assert_eq!((head.status, head.text.as_str()), (200, ""));
        }
        // Without the header everybody is who they are.
        assert_eq!(account(&sam).await["impersonatorUserId"], Value::Null);
        assert_eq!(account(&sam).await["$id"], "sam");
        assert_eq!(own["impersonatorUserId"], Value::Null);
        // Clients that do not know the field do not get it.
        let old = sam.clone().header(BY_ID, "anna").format("1.8.0").get("/v1/account").await.expect(200);
        assert!(old.get("impersonatorUserId").is_none() && old["$id"] == "anna", "{old}");
        // One can act as oneself, and as others who may act as others, but not as somebody through them.
        assert_eq!(account(&sam.clone().header(BY_ID, "sam")).await["impersonatorUserId"], "sam");
        set(app, "bert", true).await;
        let bert = account(&sam.clone().header(BY_ID, "bert")).await;
        assert_eq!((&bert["$id"], &bert["impersonatorUserId"]), (&json!("bert"), &json!("sam")));
    }

    async fn sessions_of_the_other_are_seen_without_what_could_be_used(app) {
        people(app).await;
        let sam = sam(app).await;
        let seal = app.app.seal.as_ref().unwrap();
        let full = Session {
            provider_access_token: Some(seal.seal("access")),
            provider_refresh_token: Some(seal.seal("refresh")),
            ..crud::session("s1", "anna")
        };
        add_sessions(app, vec![full]).await;
        let anna = signed_in(app, "anna").await;
        assert_eq!(anna.get("/v1/account/sessions/s1").await.expect(200)["providerAccessToken"], "access");
        let other = sam.header(BY_ID, "anna");
        let list = other.get("/v1/account/sessions").await;
        assert_eq!((list.ids("sessions")[0], &list.json["total"]), ("s1", &json!(2)));
        let one = other.get("/v1/account/sessions/s1").await.expect(200);
        for session in list.json["sessions"].as_array().unwrap().iter().chain([&one]) {
            for field in ["providerAccessToken", "providerRefreshToken", "secret"] {
                assert_eq!(session[field], "", "{field}");
            }
            assert_eq!((&session["userId"], &session["current"]), (&json!("anna"), &json!(false)));
        }
        // The session of the request is none of theirs.
        other.get("/v1/account/sessions/current").await.fails(404, "user_session_not_found", "");
    }

    async fn the_first_header_counts_and_an_empty_one_is_none(app) {
        people(app).await;
        let sam = sam(app).await;
        for (headers, expected) in [
            (vec![(BY_ID, "anna"), (BY_EMAIL, "bert@example.org"), (BY_PHONE, "+4930123457")], "anna"),
            (vec![(BY_PHONE, "+4930123456"), (BY_EMAIL, "bert@example.org")], "bert"),
            (vec![(BY_ID, ""), (BY_EMAIL, " "), (BY_PHONE, "+4930123456")], "anna"),
            (vec![(BY_ID, " anna ")], "anna"),
            (vec![(BY_ID, ""), (BY_EMAIL, ""), (BY_PHONE, "")], "sam"),
        ] {
            let caller = headers.iter().fold(sam.clone(), |caller, (name, value)| caller.header(name, value));
            assert_eq!(account(&caller).await["$id"], expected, "{headers:?}");
        }
        // One that names nobody is not passed over for the next.
        let caller = sam.header(BY_ID, "ghost").header(BY_EMAIL, "anna@example.org");
        caller.get("/v1/account").await.fails(404, "user_not_found", BY_ID);
    }

    async fn nobody_is_found_who_is_not_there(app) {
        people(app).await;
        app.new_project(OTHER).await;
        let key = app.new_key(OTHER, &usher::access::Scope::ALL).await;
        let only = json!({"userId": "only", "email": "only@example.org", "phone": "+4930123459"});
        app.caller(OTHER, &key).post("/v1/users", &only).await.expect(201);
        let sam = sam(app).await;
        for (header, value) in [
            (BY_ID, "ghost"), (BY_ID, "Anna"), (BY_ID, "anna@example.org"), (BY_ID, "_"), (BY_ID, "' OR 1=1 --"), (BY_ID, "only"),
            (BY_EMAIL, "ghost@example.org"), (BY_EMAIL, "anna"), (BY_EMAIL, "only@example.org"), (BY_EMAIL, "%"),
            (BY_PHONE, "+4930123455"), (BY_PHONE, "4930123456"), (BY_PHONE, "+4930123459"),
        ] {
            let caller = sam.clone().header(header, value);
            for path in ["/v1/account", "/v1/account/prefs", "/v1/account/logs", "/v1/account/sessions"] {
                caller.get(path).await.fails(404, "user_not_found", header);
            }
        }
    }

    async fn who_may_not_act_as_others_stays_who_they_are(app, "USHER_RATE_LIMITS" = "false") {
        people(app).await;
        let bert = signed_in(app, "bert").await.header(BY_ID, "anna").header(BY_EMAIL, "ghost@example.org");
        let seen = account(&bert).await;
        assert_eq!((&seen["$id"], &seen["impersonatorUserId"]), (&json!("bert"), &Value::Null));
        // And may change what is theirs.
        let changed = bert.patch("/v1/account/name", &json!({"name": "new"})).await.expect(200);
        assert_eq!((&changed["$id"], &changed["name"]), (&json!("bert"), &json!("new")));
        assert_eq!(stored(app, "anna").await.name, "anna");
        // Who may no more, may no more at once.
        let sam = sam(app).await.header(BY_ID, "anna");
        assert_eq!(account(&sam).await["$id"], "anna");
        set(app, "sam", false).await;
        assert_eq!(account(&sam).await["$id"], "sam");
        // Guests are guests, and keys have no account.
        client(app).header(BY_ID, "anna").get("/v1/account").await.fails(401, "general_unauthorized_scope", "guests");
        let key = app.admin().header(BY_ID, "anna");
        key.get("/v1/account").await.fails(401, "general_unauthorized_scope", "applications");
        key.patch("/v1/users/bert/name", &json!({"name": "by key"})).await.expect(200);
        let body = json!({"email": "bert@example.org", "password": "right password"});
        key.post("/v1/account/sessions/email", &body).await.expect(201);
    }

    async fn a_token_says_as_well_who_acts(app) {
        people(app).await;
        let (id, _) = session(app, "sam").await;
        let made = app.admin().post("/v1/users/sam/jwts", &json!({"sessionId": id})).await.expect(201);
        let sam = client(app).header("x-appwrite-jwt", &text(&made["jwt"])).header(BY_ID, "anna");
        assert_eq!(account(&sam).await["impersonatorUserId"], "sam");
        sam.patch("/v1/account/name", &json!({"name": "x"})).await.fails(401, "user_unauthorized", BY_ID);
        app.admin().delete(&format!("/v1/users/sam/sessions/{id}")).await.expect(204);
        sam.get("/v1/account").await.fails(401, "general_unauthorized_scope", "");
    }

    async fn nothing_is_changed_while_acting_as_another(app) {
        people(app).await;
        let (id, encoded) = session(app, "sam").await;
        let sam = client(app).header("x-appwrite-session", &encoded);
        account(&sam).await;
        settled(app).await;
        let before = dump(app, PROJECT).await;
        for (header, value) in
            [(BY_ID, "anna"), (BY_ID, "sam"), (BY_ID, "ghost"), (BY_EMAIL, "anna@example.org"), (BY_PHONE, "+4930123456")]
        {
            for route in ROUTES.iter().filter(|route| route.0 != Method::GET) {
                let answer = ask(&sam.clone().header(header, value), route).await;
                assert_eq!(answer.header("x-ratelimit-limit"), "", "{}", route.1);
                assert_eq!(answer.header("set-cookie"), "", "{}", route.1);
                answer.fails(401, "user_unauthorized", header);
            }
            for method in [Method::PATCH, Method::DELETE] {
                let path = format!("/v1/account/sessions/{id}");
                let answer = sam.clone().header(header, value).request(method, &path, "{}".to_owned()).await;
                answer.fails(401, "user_unauthorized", header);
            }
        }
        // Nor by reading: neither of the two is written down as seen.
        app.app.clock.advance(std::time::Duration::from_secs(2 * 24 * 60 * 60));
        for route in ROUTES.iter().filter(|route| route.0 == Method::GET) {
            ask(&sam.clone().header(BY_ID, "anna"), route).await;
        }
        settled(app).await;
        assert_eq!(dump(app, PROJECT).await, before);
        account(&sam).await;
        settled(app).await;
        assert_ne!(dump(app, PROJECT).await, before, "sam alone is seen");
    }

    async fn a_blocked_user_neither_acts_nor_is_acted_for(app) {
        people(app).await;
        let sam = sam(app).await.header(BY_ID, "anna");
        app.admin().patch("/v1/users/anna/status", &json!({"status": false})).await.expect(200);
        for path in ["/v1/account", "/v1/account/prefs", "/v1/account/logs", "/v1/account/sessions"] {
            sam.get(path).await.fails(403, "user_blocked", BY_ID);
        }
        app.admin().patch("/v1/users/anna/status", &json!({"status": true})).await.expect(200);
        account(&sam).await;
        app.admin().patch("/v1/users/sam/status", &json!({"status": false})).await.expect(200);
        sam.get("/v1/account").await.fails(403, "user_blocked", "");
    }

    async fn users_are_for_keys_alone_whoever_acts(app) {
        people(app).await;
        let sam = sam(app).await;
        for caller in [sam.clone(), sam.clone().header(BY_ID, "anna")] {
            for endpoint in &crate::access::ENDPOINTS {
                let answer = crate::access::ask(&caller, endpoint, "anna").await;
                answer.fails(401, "general_unauthorized_scope", "role: users");
            }
        }
    }
}
