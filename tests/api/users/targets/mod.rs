//! Messaging targets of a user.

mod changes;
mod creation;
mod follow;
mod list;
mod races;

use axum::http::Method;
use serde_json::{Value, json};
use usher::access::Scope;
use usher::query::Listing;
use usher::store::list::{Ask, Ordering, Page, TARGETS};
use usher::store::targets::Target;

use super::crud::{LATER, bare, events, log_of, stored, tick, with};
use crate::support::{Answer, NOW, PROJECT, TestApp, both};

const INVALID: &str = "general_argument_invalid";
const TAKEN: &str = "user_target_already_exists";

/// The targets of a user as the API shows them. The rows of the table, the copy in the row of the user, the list, each
/// one alone and the user's model must all say the same.
async fn targets(app: &TestApp, user: &str) -> Vec<Value> {
    let listing = Listing::default();
    let ask = Ask { source: &TARGETS, listing: &listing, terms: None, owner: Some(user), few: None, total: None };
    let page = Page { limit: 1000, offset: 0 };
    let project = app.project(PROJECT).await.key;
    let rows: Vec<Target> =
        ask.rows(app.store(), project, &Ordering::of(&TARGETS, &listing), None, page).await.unwrap();
    assert_eq!(stored(app, user).await.targets.0, rows);

    let path = format!("/v1/users/{user}/targets");
    let list = app.admin().list(&path, &[json!({"method": "limit", "values": [1000]})]).await.expect(200);
    assert_eq!(list["total"], rows.len());
    assert_eq!(app.admin().get(&format!("/v1/users/{user}")).await.expect(200)["targets"], list["targets"]);
    let list = list["targets"].as_array().unwrap().clone();
    assert_eq!(list.len(), rows.len());
    for (target, row) in list.iter().zip(rows) {
        assert_eq!(&app.admin().get(&format!("{path}/{}", row.id)).await.expect(200), target);
        assert_eq!((target["$id"].as_str(), &target["userId"]), (Some(row.id.as_str()), &json!(user)));
    }
    list
}

/// The identifiers of a user's targets in their order.
async fn identifiers(app: &TestApp, user: &str) -> Vec<String> {
    targets(app, user).await.iter().map(|target| target["identifier"].as_str().unwrap().to_owned()).collect()
}

/// Asks for a new target.
async fn add(app: &TestApp, user: &str, id: &str, kind: &str, identifier: &str) -> Answer {
    let body = json!({"targetId": id, "providerType": kind, "identifier": identifier});
    app.admin().post(&format!("/v1/users/{user}/targets"), &body).await
}

/// Asks for a change of a target.
async fn change(app: &TestApp, user: &str, id: &str, body: Value) -> Answer {
    app.admin().patch(&format!("/v1/users/{user}/targets/{id}"), &body).await
}

/// What a refused request must leave as it is: the user with all targets, and the log.
async fn state(app: &TestApp, user: &str) -> (Vec<Value>, Value, Vec<String>) {
    let shown = app.admin().get(&format!("/v1/users/{user}")).await.expect(200);
    (targets(app, user).await, shown, events(app, user).await)
}

/// A target that was made now and has nothing that need not be there.
fn new(id: &str, user: &str, kind: &str, identifier: &str) -> Value {
    json!({
        "$id": id, "$createdAt": NOW, "$updatedAt": NOW, "name": "", "userId": user, "providerId": null,
        "providerType": kind, "identifier": identifier, "expired": false
    })
}

/// Marks a target as one that does not work any more, as a messaging provider would.
async fn expire(app: &TestApp, user: &'static str, id: &'static str) {
    let (project, now) = (app.project(PROJECT).await.key, app.app.clock.now());
    app.write(move |tx| {
        Box::pin(async move {
            let before = usher::store::users::lock(tx, project, user).await?.unwrap();
            let mut user = before.clone();
            user.targets.get_mut(id).unwrap().expired = true;
            usher::store::users::save(tx, project, &before, &mut user, now, None).await
        })
    })
    .await;
}

both! {
    async fn a_target_is_shown_field_by_field(app) {
        app.user("anna", json!({})).await;
        let body = json!({"targetId": "t", "providerType": "push", "identifier": "Töken 1", "name": "Änne's phone"});
        let answer = app.admin().post("/v1/users/anna/targets", &body).await;
        let expected = json!({
            "$id": "t", "$createdAt": NOW, "$updatedAt": NOW, "name": "Änne's phone", "userId": "anna",
            "providerId": null, "providerType": "push", "identifier": "Töken 1", "expired": false
        });
        assert_eq!((answer.status, &answer.text), (201, &expected.to_string()));
        assert_eq!(answer.header("content-type"), "application/json; charset=UTF-8");
        let answer = app.admin().get("/v1/users/anna/targets/t").await;
        assert_eq!((answer.status, &answer.text), (200, &expected.to_string()));
        let answer = app.admin().get("/v1/users/anna/targets").await;
        assert_eq!((answer.status, answer.text), (200, json!({"total": 1, "targets": [expected]}).to_string()));
        let user = app.admin().get("/v1/users/anna").await;
        assert_eq!(user.text, with(&bare("anna"), json!({"targets": [expected]})).to_string());
        let users = app.admin().get("/v1/users").await.expect(200);
        assert_eq!(users["users"][0], user.json);
        assert_eq!(targets(app, "anna").await, [expected]);
    }

    async fn older_clients_know_the_routes_but_no_targets_in_the_user(app) {
        app.user("anna", json!({"email": "anna@example.org"})).await;
        add(app, "anna", "t", "push", "token").await.expect(201);
        for (format, known) in [("1.4.0", false), ("1.4.99", false), ("1.5.0", true), ("1.6.0", true), ("", true)] {
            let caller = app.admin().format(format);
            let user = caller.get("/v1/users/anna").await.expect(200);
            assert_eq!(user.get("targets").map(|targets| targets.as_array().unwrap().len()), known.then_some(2), "{format}");
            let users = caller.get("/v1/users").await.expect(200);
            assert_eq!(users["users"][0], user, "{format}");
            let target = caller.get("/v1/users/anna/targets/t").await.expect(200);
            assert_eq!(target, new("t", "anna", "push", "token"), "{format}");
            assert_eq!(caller.get("/v1/users/anna/targets").await.expect(200)["targets"][1], target, "{format}");
        }
    }

    async fn a_deleted_target_is_gone_and_its_address_stays_with_the_user(app) {
        let made = app.user("anna", json!({"email": "anna@example.org", "phone": "+14155550100"})).await;
        add(app, "anna", "t", "push", "token").await.expect(201);
        let all = targets(app, "anna").await;
        assert_eq!(all[..2], made["targets"].as_array().unwrap()[..]);
        tick(app);
        for (n, target) in all.iter().enumerate() {
            let path = format!("/v1/users/anna/targets/{}", target["$id"].as_str().unwrap());
            let answer = app.admin().delete(&path).await;
            assert_eq!((answer.status, answer.text.as_str()), (204, ""));
            assert_eq!(answer.header("content-type"), "text/plain; charset=UTF-8");
            assert_eq!(targets(app, "anna").await, all[n + 1..]);
            for method in [Method::GET, Method::PATCH, Method::DELETE] {
                let again = app.admin().request(method, &path, "{}".to_owned()).await;
                again.fails(404, "user_target_not_found", "no target");
            }
        }
        // The answer to a user holds the targets, so what changes them changes the user; nothing else of it.
        let expected = with(&made, json!({"targets": [], "$updatedAt": LATER}));
        assert_eq!(app.admin().get("/v1/users/anna").await.expect(200), expected);
        // What they had is free, for anybody.
        app.user("bert", json!({})).await;
        for (kind, identifier) in [("email", "anna@example.org"), ("sms", "+14155550100"), ("push", "token")] {
            add(app, "bert", "unique()", kind, identifier).await.expect(201);
        }
        assert_eq!(identifiers(app, "bert").await, ["anna@example.org", "+14155550100", "token"]);
    }

    async fn a_deletion_takes_any_body(app) {
        app.user("anna", json!({})).await;
        add(app, "anna", "keep", "push", "kept").await.expect(201);
        for body in ["", "{}", "{", "[]", r#"{"targetId": "keep", "userId": "other"}"#] {
            add(app, "anna", "t", "push", "token").await.expect(201);
            app.admin().request(Method::DELETE, "/v1/users/anna/targets/t", body.to_owned()).await.expect(204);
            assert_eq!(identifiers(app, "anna").await, ["kept"], "{body}");
        }
    }

    async fn the_target_of_another_user_is_not_found(app) {
        for user in ["anna", "bert"] {
            app.user(user, json!({})).await;
        }
        add(app, "anna", "t", "push", "token").await.expect(201);
        let before = (state(app, "anna").await, state(app, "bert").await);
        for (path, body) in [
            ("/v1/users/bert/targets/t", json!({"identifier": "mine", "name": "Mine"})),
            ("/v1/users/anna/targets/T", json!({"name": "Mine"})),
            ("/v1/users/anna/targets/nothing", json!({})),
            ("/v1/users/anna/targets/anna", json!({})),
        ] {
            app.admin().get(path).await.fails(404, "user_target_not_found", "no target");
            app.admin().patch(path, &body).await.fails(404, "user_target_not_found", "no target");
            app.admin().delete(path).await.fails(404, "user_target_not_found", "no target");
        }
        // Nor does it matter that what is sent would be refused otherwise.
        let wrong = json!({"identifier": "token", "providerId": "fcm"});
        change(app, "bert", "t", wrong).await.fails(404, "user_target_not_found", "no target");
        assert_eq!((state(app, "anna").await, state(app, "bert").await), before);
    }

    async fn nobody_has_no_targets(app) {
        for path in ["/v1/users/nobody/targets", "/v1/users/nobody/targets/t"] {
            app.admin().get(path).await.fails(404, "user_not_found", "");
        }
        add(app, "nobody", "t", "push", "token").await.fails(404, "user_not_found", "");
        change(app, "nobody", "t", json!({"name": "x"})).await.fails(404, "user_not_found", "");
        app.admin().delete("/v1/users/nobody/targets/t").await.fails(404, "user_not_found", "");
        assert_eq!(log_of(app, "nobody").await, []);
        app.user("nobody", json!({})).await;
        assert_eq!(targets(app, "nobody").await, [json!(null); 0]);
    }

    async fn projects_share_neither_ids_nor_identifiers(app) {
        app.new_project("other").await;
        let key = app.new_key("other", &Scope::ALL).await;
        let other = app.caller("other", &key);
        app.user("anna", json!({})).await;
        let body = json!({"targetId": "t", "providerType": "push", "identifier": "token"});
        other.post("/v1/users/anna/targets", &body).await.fails(404, "user_not_found", "");
        other.post("/v1/users", &json!({"userId": "anna"})).await.expect(201);
        let theirs = other.post("/v1/users/anna/targets", &body).await.expect(201);
        app.admin().get("/v1/users/anna/targets/t").await.fails(404, "user_target_not_found", "");
        let own = app.admin().post("/v1/users/anna/targets", &body).await.expect(201);
        assert_eq!(own, theirs);
        change(app, "anna", "t", json!({"identifier": "changed"})).await.expect(200);
        assert_eq!(other.get("/v1/users/anna/targets/t").await.expect(200), theirs);
        app.admin().delete("/v1/users/anna/targets/t").await.expect(204);
        assert_eq!(other.get("/v1/users/anna/targets").await.expect(200), json!({"total": 1, "targets": [theirs]}));
    }

    async fn what_was_done_to_targets_is_in_the_log_of_the_user(app) {
        for user in ["anna", "bert"] {
            app.user(user, json!({})).await;
        }
        let narrow = app.new_key(PROJECT, &[Scope::TargetsRead, Scope::TargetsWrite]).await;
        let caller = app.caller(PROJECT, &narrow).header("user-agent", "curl/8.5.0");
        let path = "/v1/users/anna/targets/t";
        let body = json!({"targetId": "t", "providerType": "push", "identifier": "token"});
        caller.post("/v1/users/anna/targets", &body).await.expect(201);
        caller.patch(path, &json!({"identifier": "other"})).await.expect(200);
        tick(app);
        caller.delete(path).await.expect(204);
        // Neither reading nor failing is told of.
        caller.get("/v1/users/anna/targets").await.expect(200);
        caller.get(path).await.fails(404, "user_target_not_found", "");
        caller.delete(path).await.fails(404, "user_target_not_found", "");
        caller.patch(path, &json!({})).await.fails(404, "user_target_not_found", "");
        caller.post("/v1/users/anna/targets", &json!({"targetId": "t"})).await.fails(400, INVALID, "`providerType`");

        assert_eq!(events(app, "anna").await, ["target.delete", "target.update", "target.create", "user.create"]);
        assert_eq!(events(app, "bert").await, ["user.create"]);
        let id = app.key_id(PROJECT, &narrow).await;
        let logs = app.admin().get("/v1/users/anna/logs").await.expect(200);
        for (log, (event, time)) in logs["logs"].as_array().unwrap().iter().zip([
            ("target.delete", LATER),
            ("target.update", NOW),
            ("target.create", NOW),
        ]) {
            let told = ["event", "time", "userId", "userType", "mode", "clientName"].map(|name| &log[name]);
            assert_eq!(told, [event, time, &id, "keyProject", "default", "curl"]);
        }
    }

    async fn with_the_user_go_the_targets(app) {
        app.user("anna", json!({"email": "anna@example.org", "phone": "+14155550100"})).await;
        app.user("bert", json!({"email": "bert@example.org"})).await;
        for (id, kind, identifier) in
            [("e", "email", "second@example.org"), ("s", "sms", "+14155550101"), ("p", "push", "token")]
        {
            add(app, "anna", id, kind, identifier).await.expect(201);
        }
        let bert = targets(app, "bert").await;
        let mut taken = identifiers(app, "anna").await;
        assert_eq!(taken.len(), 5);
        app.admin().delete("/v1/users/anna").await.expect(204);
        app.admin().get("/v1/users/anna/targets/p").await.fails(404, "user_not_found", "");
        assert_eq!(targets(app, "bert").await, bert);

        // Ids and identifiers are free at once, whoever wants them.
        taken.sort();
        for (id, kind, identifier) in [
            ("e", "sms", "+14155550101"), ("s", "email", "anna@example.org"), ("p", "push", "token"),
            ("x", "email", "second@example.org"), ("y", "sms", "+14155550100"),
        ] {
            add(app, "bert", id, kind, identifier).await.expect(201);
        }
        let mut now = identifiers(app, "bert").await;
        now.retain(|identifier| identifier != "bert@example.org");
        now.sort();
        assert_eq!(now, taken);
        app.user("anna", json!({})).await;
        assert_eq!(targets(app, "anna").await, [json!(null); 0]);
    }
}
