//! Changing what is known of a user: name, email, phone, labels, status, verifications.

mod prefs;
mod races;

use super::crud::{add_identities, add_sessions, bare, events, found, identity, session, stored, tick, with};
use crate::support::{Answer, TestApp, both};
use serde_json::{Value, json};

const INVALID: &str = "general_argument_invalid";

/// Sends a change to a user. Labels are the one thing that is put.
async fn change(app: &TestApp, user: &str, what: &str, body: Value) -> Answer {
    let path = format!("/v1/users/{user}/{what}");
    match what {
        "labels" => app.admin().put(&path, &body).await,
        _ => app.admin().patch(&path, &body).await,
    }
}

/// A user of whom everything is known and confirmed.
async fn known(app: &TestApp, id: &str, n: u8) -> Value {
    let email = format!("{id}@example.org");
    let phone = format!("+491511234567{n}");
    app.user(id, json!({"name": format!("Name {id}"), "email": email, "phone": phone})).await;
    change(app, id, "labels", json!({"labels": ["vip"]})).await.expect(200);
    change(app, id, "prefs", json!({"prefs": {"theme": "dark"}})).await.expect(200);
    change(app, id, "verification", json!({"emailVerification": true})).await.expect(200);
    change(app, id, "verification/phone", json!({"phoneVerification": true})).await.expect(200)
}

/// Every change: what it is called, a body, the fields that it changes, and the event that tells of it.
fn changes() -> Vec<(&'static str, Value, Value, &'static str)> {
    vec![
        ("name", json!({"name": "Äsa"}), json!({"name": "Äsa"}), "user.update"),
        (
            "email",
            json!({"email": "New@Example.ORG"}),
            json!({"email": "new@example.org", "emailVerification": false}),
            "user.update",
        ),
        (
            "phone",
            json!({"number": "+14155550100"}),
            json!({"phone": "+14155550100", "phoneVerification": false}),
            "user.update",
        ),
        ("labels", json!({"labels": ["b", "a", "b", "A"]}), json!({"labels": ["b", "a", "A"]}), "user.update"),
        ("status", json!({"status": false}), json!({"status": false}), "user.update"),
        (
            "verification",
            json!({"emailVerification": false}),
            json!({"emailVerification": false}),
            "verification.update",
        ),
        (
            "verification/phone",
            json!({"phoneVerification": false}),
            json!({"phoneVerification": false}),
            "verification.update",
        ),
        // And what takes away.
        ("name", json!({"name": ""}), json!({"name": ""}), "user.update"),
        ("email", json!({"email": ""}), json!({"email": "", "emailVerification": false}), "user.update"),
        ("phone", json!({"number": ""}), json!({"phone": "", "phoneVerification": false}), "user.update"),
        ("labels", json!({"labels": []}), json!({"labels": []}), "user.update"),
    ]
}

/// The targets of a user whose email or phone became what `fields` say: each keeps its id and follows its address.
fn followed(before: &Value, fields: &Value, now: &str) -> Vec<Value> {
    let targets = before["targets"].as_array().unwrap();
    let kinds: Vec<&str> = targets.iter().map(|target| target["providerType"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["email", "sms"]);
    let followed = targets.iter().zip(["email", "phone"]).filter_map(|(target, field)| match fields.get(field) {
        Some(address) if address == "" => None,
        Some(address) => Some(with(target, json!({"identifier": address, "$updatedAt": now}))),
        None => Some(target.clone()),
    });
    followed.collect()
}

both! {
    async fn each_change_answers_with_the_whole_user_and_touches_nothing_else(app) {
        for (n, (what, body, fields, event)) in changes().into_iter().enumerate() {
            let id = format!("u{n}");
            let before = known(app, &id, 1).await;
            tick(app);
            let now = app.app.clock.now().to_string();
            let rows = events(app, &id).await.len();

            let changed = change(app, &id, what, body.clone()).await.expect(200);
            let targets = followed(&before, &fields, &now);
            let expected = with(&with(&before, fields), json!({"$updatedAt": now, "targets": targets}));
            assert_eq!(changed.to_string(), expected.to_string(), "{what} {body}");
            assert_eq!(app.admin().get(&format!("/v1/users/{id}")).await.expect(200), expected);
            let logged = events(app, &id).await;
            assert_eq!((logged.len(), logged[0].as_str()), (rows + 1, event), "{what}");

            // The same again changes nothing, and says so.
            tick(app);
            assert_eq!(change(app, &id, what, body).await.expect(200).to_string(), expected.to_string(), "{what}");
            assert_eq!(app.admin().get(&format!("/v1/users/{id}")).await.expect(200), expected);
            app.admin().delete(&format!("/v1/users/{id}")).await;
        }
    }

    /// With the value that it has already an address is unconfirmed again, and the user has changed by that.
    async fn an_address_that_is_sent_again_has_to_be_confirmed_again(app) {
        let before = known(app, "anna", 1).await;
        tick(app);
        let now = app.app.clock.now().to_string();
        let email = change(app, "anna", "email", json!({"email": "ANNA@example.org"})).await.expect(200);
        let expected = with(&before, json!({"emailVerification": false, "$updatedAt": now}));
        assert_eq!(email, expected);
        tick(app);
        let now = app.app.clock.now().to_string();
        let phone = change(app, "anna", "phone", json!({"number": "+4915112345671"})).await.expect(200);
        assert_eq!(phone, with(&expected, json!({"phoneVerification": false, "$updatedAt": now})));
    }

    async fn what_is_cleared_is_cleared_for_many(app) {
        for id in ["anna", "bert", "carl"] {
            app.user(id, json!({"email": format!("{id}@example.org")})).await;
            let cleared = change(app, id, "email", json!({"email": ""})).await.expect(200);
            assert_eq!(cleared, bare(id));
            change(app, id, "phone", json!({"number": ""})).await.expect(200);
            assert_eq!(stored(app, id).await.email, None);
            assert_eq!(stored(app, id).await.phone, None);
        }
        // The addresses are free again.
        change(app, "bert", "email", json!({"email": "anna@example.org"})).await.expect(200);
        // Verification needs no address.
        let verified = change(app, "anna", "verification", json!({"emailVerification": true})).await.expect(200);
        assert_eq!(verified, with(&bare("anna"), json!({"emailVerification": true})));
        let verified = change(app, "anna", "verification/phone", json!({"phoneVerification": true})).await.expect(200);
        assert_eq!(verified, with(&bare("anna"), json!({"emailVerification": true, "phoneVerification": true})));
    }

    async fn what_another_user_has_is_taken(app) {
        let before = known(app, "anna", 1).await;
        known(app, "bert", 2).await;
        add_identities(app, vec![
            identity("ia", "anna", "anna@github.example"),
            identity("ib", "bert", "Bert@GitHub.example"),
        ]).await;
        let logged = events(app, "anna").await;
        tick(app);
        for (what, body, kind, part) in [
            ("email", json!({"email": "bert@example.org"}), "user_email_already_exists", "email"),
            ("email", json!({"email": "BERT@EXAMPLE.ORG"}), "user_email_already_exists", "email"),
            ("email", json!({"email": "bert@github.example"}), "user_email_already_exists", "email"),
            ("phone", json!({"number": "+4915112345672"}), "user_phone_already_exists", "phone"),
        ] {
            change(app, "anna", what, body).await.fails(409, kind, part);
            assert_eq!(app.admin().get("/v1/users/anna").await.expect(200), before);
        }
        assert_eq!(events(app, "anna").await, logged);
        assert_eq!(found(app, "bert").await, ["bert"]);
        assert_eq!(found(app, "anna@example.org").await, ["anna"]);
        // The identity of the user itself does not stand in the way.
        let own = change(app, "anna", "email", json!({"email": "Anna@GitHub.example"})).await.expect(200);
        assert_eq!(own["email"], "anna@github.example");
    }

    async fn a_change_that_is_refused_leaves_nothing_behind(app) {
        let before = known(app, "anna", 1).await;
        let logged = events(app, "anna").await;
        tick(app);
        let labels = |n: usize| (0..n).map(|n| format!("l{n}")).collect::<Vec<_>>();
        let cases: Vec<(&str, &str, Vec<Value>)> = vec![
            ("name", "name", vec![json!(null), json!(5), json!(true), json!(["a"]), json!({}), json!("a\u{0}")]),
            ("email", "email", vec![
                json!(null), json!(false), json!([]), json!({}), json!("anna"), json!("anna@localhost"), json!(" "),
                json!(" anna@example.org"), json!("anna@example.org\n"), json!("änna@example.org"),
                json!("a\u{0}@b.org"),
            ]),
            ("phone", "number", vec![
                json!(null), json!(49_151_123), json!([]), json!("015112345678"), json!("+4915112345678\n"),
                json!("+49 151 123456"), json!("+9991234567"), json!(" "),
            ]),
            ("labels", "labels", vec![
                json!(null), json!("vip"), json!({}), json!({"0": "vip"}), json!([1]), json!([null]), json!([""]),
                json!(["a b"]), json!(["a-b"]), json!(["ä"]), json!([["a"]]), json!(["ok", "a\u{0}"]),
                json!(labels(101)),
                json!(vec!["same"; 101]),
            ]),
            ("status", "status", vec![json!(null), json!(""), json!("yes"), json!(2), json!(-1), json!([]), json!({})]),
            ("verification", "emailVerification", vec![json!(null), json!(""), json!("yes"), json!(2), json!([true])]),
            ("verification/phone", "phoneVerification", vec![json!(null), json!(""), json!("no"), json!(2), json!({})]),
        ];
        for (what, field, values) in cases {
            for value in values {
                change(app, "anna", what, json!({field: value})).await.fails(400, INVALID, &format!("`{field}`"));
            }
            // Absent, or called otherwise.
            change(app, "anna", what, json!({"phone": "+4915112345678", "x": 1})).await
                .fails(400, INVALID, &format!("`{field}`"));
            // What is wrong is said before anybody is looked for.
            change(app, "nobody", what, json!({})).await.fails(400, INVALID, &format!("`{field}`"));
        }
        assert_eq!(app.admin().get("/v1/users/anna").await.expect(200), before);
        assert_eq!(events(app, "anna").await, logged);
    }

    async fn a_user_that_is_not_there_cannot_be_changed(app) {
        for (what, body, ..) in changes() {
            change(app, "nobody", what, body.clone()).await.fails(404, "user_not_found", "");
            change(app, "_x", what, body.clone()).await.fails(400, INVALID, "`userId`");
            // The id in the path wins over one in the body.
            let mut body = body;
            body["userId"] = json!("_x");
            change(app, "nobody", what, body).await.fails(404, "user_not_found", "");
        }
        assert_eq!(events(app, "nobody").await, Vec::<String>::new());
    }

    async fn the_search_follows_every_change(app) {
        known(app, "anna", 1).await;
        let cases = [
            ("name", json!({"name": "Zoë Quinn"}), "name anna", "zoe quinn"),
            ("email", json!({"email": "zoe@quinn.example"}), "anna@example.org", "zoe@quinn.example"),
            ("phone", json!({"number": "+14155550100"}), "4915112345671", "4155550100"),
            ("labels", json!({"labels": ["gold", "silver"]}), "label:vip", "label:silver"),
        ];
        for (what, body, gone, there) in cases {
            assert_eq!(found(app, gone).await, ["anna"], "{what}");
            change(app, "anna", what, body).await.expect(200);
            assert_eq!(found(app, gone).await, Vec::<String>::new(), "{what}");
            assert_eq!(found(app, there).await, ["anna"], "{what}");
        }
    }

    async fn truth_counts_by_its_meaning(app) {
        app.user("anna", json!({})).await;
        for (value, truth) in [
            (json!("false"), false), (json!("true"), true), (json!(0), false), (json!(1), true), (json!("0"), false),
            (json!("1"), true), (json!(false), false), (json!(true), true),
        ] {
            let user = change(app, "anna", "status", json!({"status": value})).await.expect(200);
            assert_eq!(user["status"], truth, "{value}");
            assert_eq!(app.admin().get("/v1/users/anna").await.expect(200)["status"], truth, "{value}");
        }
    }

    async fn blocking_keeps_sessions(app) {
        app.user("anna", json!({"email": "anna@example.org"})).await;
        add_sessions(app, vec![session("s1", "anna")]).await;
        change(app, "anna", "status", json!({"status": false})).await.expect(200);
        change(app, "anna", "email", json!({"email": "new@example.org"})).await.expect(200);
        assert_eq!(app.admin().get("/v1/users/anna/sessions").await.ids("sessions"), ["s1"]);
    }
}
