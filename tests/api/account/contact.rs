//! `PATCH /v1/account/email` and `/phone`, by users who have a password. How others get one: `sign_up::anonymous`.

mod proof;
mod races;

use serde_json::{Value, json};
use usher::store::users::User;

use super::people::{
    INVALID, PASSWORD, SCOPE, WRONG, account, add_target, by_token, email, member, sessions, stranger, try_sign_in,
};
use crate::support::{Answer, Caller, TestApp, both};
use crate::users::crud::{add_identities, events, found, identity, log_of, stored, tick, with};

const PHONE: &str = "+4930123456";

/// Sends a new `email` or `phone`, with a password.
async fn set(member: &Caller<'_>, what: &str, address: &str, password: &str) -> Answer {
    member.patch(&format!("/v1/account/{what}"), &json!({what: address, "password": password})).await
}

/// Anna with email and phone, both confirmed, who is signed in; and her account.
async fn known(app: &TestApp) -> (Caller<'_>, Value) {
    let anna = member(app, "anna").await;
    set(&anna, "phone", PHONE, PASSWORD).await.expect(200);
    for (path, flag) in [("verification", "emailVerification"), ("verification/phone", "phoneVerification")] {
        app.admin().patch(&format!("/v1/users/anna/{path}"), &json!({flag: true})).await.expect(200);
    }
    anna.patch("/v1/account/prefs", &json!({"prefs": {"theme": "dark"}})).await.expect(200);
    let account = account(app, "anna").await;
    (anna, account)
}

both! {
    async fn a_new_address_is_unconfirmed_and_nothing_else_changes(app) {
        for (what, flag, target, sent, address) in [
            ("email", "emailVerification", 0, "New.Address@Example.ORG", "new.address@example.org"),
            ("phone", "phoneVerification", 1, "+14155550100", "+14155550100"),
        ] {
            let (anna, before) = known(app).await;
            let (row, begun, logged) = (stored(app, "anna").await, sessions(app, "anna").await, log_of(app, "anna").await);
            tick(app);
            let now = app.app.clock.now();
            let answer = set(&anna, what, sent, PASSWORD).await;
            let changed = answer.expect(200);
            let mut expected = with(&before, json!({what: address, flag: false, "$updatedAt": now.to_string()}));
            // The target keeps its id and follows.
            let followed = json!({"identifier": address, "$updatedAt": now.to_string()});
            expected["targets"][target] = with(&before["targets"][target], followed);
            assert_eq!(changed.to_string(), expected.to_string());
            assert_eq!(account(app, "anna").await, expected);
            assert_eq!(anna.get("/v1/account").await.expect(200), expected);

            let mut same = User { updated_at: now, ..row };
            match what {
                "email" => (same.email, same.email_verified) = (Some(address.into()), false),
                _ => (same.phone, same.phone_verified) = (Some(address.into()), false),
            }
            (same.targets.0[target].identifier, same.targets.0[target].updated_at) = (address.into(), now);
            assert_eq!(stored(app, "anna").await, same);
            assert_eq!(sessions(app, "anna").await, begun);

            let log = log_of(app, "anna").await;
            assert_eq!(log[1..], logged);
            // As the user was called when it happened: by the former email.
            let actor = [&log[0].actor_type, &log[0].actor_id, &log[0].actor_name, &log[0].actor_email];
            assert_eq!(actor, ["user", "anna", "Name of anna", &email("anna")]);
            assert_eq!((log[0].event.as_str(), log[0].time), ("user.update", now));
            assert_eq!(found(app, address).await, ["anna"]);
            app.admin().delete("/v1/users/anna").await.expect(204);
        }
    }

    async fn the_new_email_signs_in_and_the_former_is_free(app) {
        let (anna, _) = known(app).await;
        set(&anna, "email", "new@example.org", PASSWORD).await.expect(200);
        assert_eq!(try_sign_in(app, "new@example.org", PASSWORD).await.status, 201);
        try_sign_in(app, &email("anna"), PASSWORD).await.fails(401, WRONG, "");
        let body = json!({"userId": "other", "email": email("anna"), "password": "another horse"});
        stranger(app).post("/v1/account", &body).await.expect(201);
    }

    async fn the_own_address_again_is_unconfirmed_again(app) {
        let (anna, before) = known(app).await;
        tick(app);
        let now = app.app.clock.now().to_string();
        let changed = set(&anna, "email", "ANNA@Example.org", PASSWORD).await.expect(200);
        let expected = with(&before, json!({"emailVerification": false, "$updatedAt": now}));
        assert_eq!(changed, expected);
        let changed = set(&anna, "phone", PHONE, PASSWORD).await.expect(200);
        let expected = with(&expected, json!({"phoneVerification": false}));
        assert_eq!(changed, expected);
        // Where it was unconfirmed already, nothing changes; the request is in the log all the same.
        tick(app);
        let rows = log_of(app, "anna").await.len();
        assert_eq!(set(&anna, "email", &email("anna"), PASSWORD).await.expect(200), expected);
        assert_eq!(set(&anna, "phone", PHONE, PASSWORD).await.expect(200), expected);
        assert_eq!((account(app, "anna").await, log_of(app, "anna").await.len()), (expected, rows + 2));
    }

    async fn the_own_identity_and_the_own_target_do_not_stand_in_the_way(app) {
        let (anna, _) = known(app).await;
        add_identities(app, vec![identity("i1", "anna", "Anna@Provider.Example")]).await;
        add_target(app, "anna", "email", "anna@work.example").await;
        let changed = set(&anna, "email", "anna@provider.example", PASSWORD).await.expect(200);
        assert_eq!(changed["email"], "anna@provider.example");
        // The target that was there becomes that of the email, and the other goes.
        let changed = set(&anna, "email", "anna@work.example", PASSWORD).await.expect(200);
        let targets: Vec<&Value> = changed["targets"].as_array().unwrap().iter().map(|t| &t["identifier"]).collect();
        assert_eq!(targets, [PHONE, "anna@work.example"]);
        assert_eq!(changed["targets"][1]["$id"], "target-of-anna");
    }

    async fn what_belongs_to_another_user_is_taken(app) {
        let (anna, before) = known(app).await;
        app.user("bert", json!({"email": "bert@example.org", "phone": "+4930123457"})).await;
        app.user("carl", json!({})).await;
        add_identities(app, vec![identity("i1", "bert", "Bert@Provider.Example")]).await;
        add_target(app, "bert", "email", "bert@work.example").await;
        add_target(app, "carl", "sms", "+4930123458").await;
        let (row, logged) = (stored(app, "anna").await, events(app, "anna").await);
        tick(app);
        let cases = [
            ("email", "BERT@example.org", "user_email_already_exists"),
            ("email", "bert@provider.example", "user_email_already_exists"),
            ("email", "bert@work.example", "user_target_already_exists"),
            ("phone", "+4930123457", "user_phone_already_exists"),
            ("phone", "+4930123458", "user_target_already_exists"),
        ];
        for (what, address, kind) in cases {
            set(&anna, what, address, PASSWORD).await.fails(409, kind, "");
            assert_eq!(anna.get("/v1/account").await.expect(200), before);
        }
        // Who does not know the password does not learn what is taken.
        for (what, address, _) in cases {
            set(&anna, what, address, "another horse").await.fails(401, WRONG, "");
        }
        assert_eq!((stored(app, "anna").await, events(app, "anna").await), (row, logged));
        assert_eq!(found(app, "bert").await, ["bert"]);
    }

    async fn an_address_in_no_right_form_is_refused_before_the_password_is_tried(app, "USHER_RATE_LIMITS" = "false") {
        let (anna, before) = known(app).await;
        let (row, logged, hashes) = (stored(app, "anna").await, events(app, "anna").await, app.app.hashing.hashes_run());
        for (what, wrong) in [
            ("email", vec!["", " ", "anna", "anna@localhost", "a b@example.org", "anna@example.org\n", "änna@example.org"]),
            ("phone", vec!["", " ", "015112345678", "+49 30 123456", "+9991234567", "+123456", "+1234567890123456"]),
        ] {
            for address in wrong {
                for password in [PASSWORD, "wrong horse"] {
                    set(&anna, what, address, password).await.fails(400, INVALID, &format!("Invalid `{what}` param"));
                }
            }
            let path = format!("/v1/account/{what}");
            anna.patch(&path, &json!({"password": PASSWORD})).await.fails(400, INVALID, "is not optional");
            let own = json!({what: before[what]});
            anna.patch(&path, &own).await.fails(400, INVALID, "Param `password` is not optional");
        }
        // Not even cleared, which is for keys to do.
        assert_eq!((stored(app, "anna").await, events(app, "anna").await), (row, logged));
        assert_eq!(app.app.hashing.hashes_run(), hashes);
    }

    async fn a_token_is_as_good_as_a_session(app) {
        let (anna, _) = known(app).await;
        let token = by_token(app, &anna).await;
        set(&token, "email", "new@example.org", "another horse").await.fails(401, WRONG, "");
        set(&token, "email", "new@example.org", PASSWORD).await.expect(200);
        set(&token, "phone", "+4930123459", PASSWORD).await.expect(200);
        let me = anna.get("/v1/account").await.expect(200);
        assert_eq!((&me["email"], &me["phone"]), (&json!("new@example.org"), &json!("+4930123459")));
    }

    async fn without_a_session_nothing_is_told_and_nothing_changes(app) {
        let (anna, _) = known(app).await;
        let row = stored(app, "anna").await;
        for what in ["email", "phone"] {
            for caller in [stranger(app), stranger(app).header("x-appwrite-session", "bm90aGluZw==")] {
                set(&caller, what, "x", "").await.fails(401, SCOPE, "(role: guests) missing scope");
            }
            set(&app.admin(), what, "x", "").await.fails(401, SCOPE, "(role: applications) missing scope");
        }
        assert_eq!(stored(app, "anna").await, row);
        app.admin().patch("/v1/users/anna/status", &json!({"status": false})).await.expect(200);
        set(&anna, "email", "new@example.org", PASSWORD).await.fails(403, "user_blocked", "");
        app.admin().delete("/v1/users/anna").await.expect(204);
        set(&anna, "email", "new@example.org", PASSWORD).await.fails(401, SCOPE, "(role: guests)");
    }
}
