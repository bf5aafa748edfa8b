//! The targets of email and phone go with them, and not the other way round.

use super::*;
use crate::support::made_up;

async fn set_email(app: &TestApp, user: &str, email: &str) -> Answer {
    app.admin().patch(&format!("/v1/users/{user}/email"), &json!({"email": email})).await
}

async fn set_phone(app: &TestApp, user: &str, number: &str) -> Answer {
    app.admin().patch(&format!("/v1/users/{user}/phone"), &json!({"number": number})).await
}

both! {
    async fn a_new_user_has_a_target_for_each_address(app) {
        let made = app.user("anna", json!({"email": "Anna@Example.org", "phone": "+14155550100"})).await;
        let made = made["targets"].as_array().unwrap();
        assert_eq!(made[..], targets(app, "anna").await[..]);
        for (target, (kind, identifier)) in made.iter().zip([("email", "anna@example.org"), ("sms", "+14155550100")]) {
            assert_eq!(target, &new(made_up(target["$id"].as_str().unwrap()), "anna", kind, identifier));
        }
        assert_ne!(made[0]["$id"], made[1]["$id"]);
        for (id, body, count) in [
            ("b", json!({}), 0), ("c", json!({"email": "c@example.org"}), 1), ("d", json!({"phone": "+14155550101"}), 1),
        ] {
            app.user(id, body).await;
            assert_eq!(targets(app, id).await.len(), count);
        }
        // Those who come with a hash as well.
        let body = json!({"userId": "e", "email": "E@example.org", "password": "5ebe2294ecd0e0f08eab7690d2a6ee69"});
        app.admin().post("/v1/users/md5", &body).await.expect(201);
        assert_eq!(identifiers(app, "e").await, ["e@example.org"]);
    }

    async fn a_changed_address_renames_its_target_which_keeps_its_id(app) {
        app.user("anna", json!({"email": "anna@example.org", "phone": "+14155550100"})).await;
        add(app, "anna", "p", "push", "token").await.expect(201);
        change(app, "anna", "p", json!({"name": "Phone"})).await.expect(200);
        let mut expected = targets(app, "anna").await;
        for target in &expected[..2] {
            change(app, "anna", target["$id"].as_str().unwrap(), json!({"name": "Mine"})).await.expect(200);
        }
        tick(app);
        let user = set_email(app, "anna", "New@example.org").await.expect(200);
        expected[0] = with(&expected[0], json!({"identifier": "new@example.org", "name": "Mine", "$updatedAt": LATER}));
        expected[1]["name"] = json!("Mine");
        assert_eq!(user["targets"], json!(expected));
        assert_eq!(targets(app, "anna").await, expected);
        let user = set_phone(app, "anna", "+14155550199").await.expect(200);
        expected[1] = with(&expected[1], json!({"identifier": "+14155550199", "$updatedAt": LATER}));
        assert_eq!(user["targets"], json!(expected));
        assert_eq!(targets(app, "anna").await, expected);
        // The same once more is no change.
        tick(app);
        set_email(app, "anna", "NEW@example.org").await.expect(200);
        set_phone(app, "anna", "+14155550199").await.expect(200);
        assert_eq!(targets(app, "anna").await, expected);
        // The old addresses are free.
        add(app, "anna", "e", "email", "anna@example.org").await.expect(201);
        app.user("bert", json!({"phone": "+14155550100"})).await;
        assert_eq!(identifiers(app, "bert").await, ["+14155550100"]);
    }

    async fn a_cleared_address_takes_its_target_along_and_a_new_one_brings_one(app) {
        app.user("anna", json!({"email": "anna@example.org", "phone": "+14155550100"})).await;
        add(app, "anna", "p", "push", "token").await.expect(201);
        let old = targets(app, "anna").await;
        let user = set_email(app, "anna", "").await.expect(200);
        assert_eq!(user["targets"], json!(old[1..]));
        assert_eq!(targets(app, "anna").await, old[1..]);
        let user = set_phone(app, "anna", "").await.expect(200);
        assert_eq!(user["targets"], json!(old[2..]));
        assert_eq!(targets(app, "anna").await, old[2..]);
        // Clearing what is clear changes nothing.
        set_email(app, "anna", "").await.expect(200);
        set_phone(app, "anna", "").await.expect(200);
        assert_eq!(targets(app, "anna").await, old[2..]);
        tick(app);
        set_phone(app, "anna", "+14155550100").await.expect(200);
        set_email(app, "anna", "anna@example.org").await.expect(200);
        let now = targets(app, "anna").await;
        assert_eq!(identifiers(app, "anna").await, ["token", "+14155550100", "anna@example.org"]);
        assert_eq!((&now[2]["$createdAt"], &now[2]["providerType"]), (&json!(LATER), &json!("email")));
        assert!(now[2]["$id"] != old[0]["$id"] && now[1]["$id"] != old[1]["$id"], "{now:?}");
        app.admin().get(&format!("/v1/users/anna/targets/{}", old[0]["$id"].as_str().unwrap())).await.fails(
            404, "user_target_not_found", "",
        );
    }

    async fn a_changed_target_changes_no_address_and_a_changed_address_then_makes_a_new_one(app) {
        let made = app.user("anna", json!({"email": "anna@example.org", "phone": "+14155550100"})).await;
        let ids: Vec<String> =
            targets(app, "anna").await.iter().map(|target| target["$id"].as_str().unwrap().to_owned()).collect();
        change(app, "anna", &ids[0], json!({"identifier": "elsewhere@example.org"})).await.expect(200);
        app.admin().delete(&format!("/v1/users/anna/targets/{}", ids[1])).await.expect(204);
        let user = app.admin().get("/v1/users/anna").await.expect(200);
        assert_eq!(user, with(&made, json!({"targets": user["targets"]})));
        assert_eq!(identifiers(app, "anna").await, ["elsewhere@example.org"]);
        // The address itself brings nothing back while it stays the same.
        set_email(app, "anna", "anna@example.org").await.expect(200);
        app.admin().patch("/v1/users/anna/name", &json!({"name": "Anna"})).await.expect(200);
        assert_eq!(identifiers(app, "anna").await, ["elsewhere@example.org"]);
        set_email(app, "anna", "new@example.org").await.expect(200);
        set_phone(app, "anna", "+14155550199").await.expect(200);
        assert_eq!(identifiers(app, "anna").await, ["elsewhere@example.org", "new@example.org", "+14155550199"]);
        assert_eq!(targets(app, "anna").await[0]["$id"], ids[0]);
        // Without an address there is nothing to take along but its own target.
        set_email(app, "anna", "").await.expect(200);
        assert_eq!(identifiers(app, "anna").await, ["elsewhere@example.org", "+14155550199"]);
    }

    async fn an_address_that_is_a_target_of_the_user_stays_one_target(app) {
        app.user("anna", json!({"email": "anna@example.org"})).await;
        for (id, kind, identifier) in [("e", "email", "second@example.org"), ("s", "sms", "+14155550100")] {
            add(app, "anna", id, kind, identifier).await.expect(201);
        }
        let before = targets(app, "anna").await;
        tick(app);
        set_email(app, "anna", "Second@example.org").await.expect(200);
        set_phone(app, "anna", "+14155550100").await.expect(200);
        assert_eq!(targets(app, "anna").await, before[1..]);
        set_email(app, "anna", "third@example.org").await.expect(200);
        let renamed = with(&before[1], json!({"identifier": "third@example.org", "$updatedAt": LATER}));
        assert_eq!(targets(app, "anna").await, [renamed, before[2].clone()]);
        // As the token of a device the text is taken, be the device one's own.
        add(app, "anna", "p", "push", "fourth@example.org").await.expect(201);
        let all = state(app, "anna").await;
        set_email(app, "anna", "fourth@example.org").await.fails(409, TAKEN, "email");
        assert_eq!(state(app, "anna").await, all);
    }

    async fn an_address_that_is_a_target_of_somebody_else_is_taken(app) {
        app.user("anna", json!({"email": "anna@example.org", "phone": "+14155550100"})).await;
        add(app, "anna", "e", "email", "second@example.org").await.expect(201);
        add(app, "anna", "s", "sms", "+14155550101").await.expect(201);
        add(app, "anna", "p", "push", "token@example.org").await.expect(201);
        app.user("bert", json!({"email": "bert@example.org", "phone": "+14155550102"})).await;
        app.user("carl", json!({})).await;
        let mut before = Vec::new();
        for user in ["anna", "bert", "carl"] {
            before.push(state(app, user).await);
        }
        for user in ["bert", "carl"] {
            for email in ["second@example.org", "SECOND@example.org", "token@example.org"] {
                set_email(app, user, email).await.fails(409, TAKEN, "email");
            }
            set_phone(app, user, "+14155550101").await.fails(409, TAKEN, "phone");
            // Whose own address it is, is told so.
            set_email(app, user, "anna@example.org").await.fails(409, "user_email_already_exists", "email");
            set_phone(app, user, "+14155550100").await.fails(409, "user_phone_already_exists", "phone");
        }
        for (body, kind) in [
            (json!({"userId": "dora", "email": "Second@example.org"}), TAKEN),
            (json!({"userId": "dora", "email": "dora@example.org", "phone": "+14155550101"}), TAKEN),
            (json!({"userId": "dora", "email": "token@example.org"}), TAKEN),
            (json!({"userId": "dora", "email": "anna@example.org", "phone": "+14155550101"}), "user_already_exists"),
            (json!({"userId": "anna", "email": "second@example.org"}), "user_already_exists"),
        ] {
            app.admin().post("/v1/users", &body).await.fails(409, kind, "");
        }
        let import = json!({"userId": "dora", "email": "second@example.org", "password": "5ebe2294ecd0e0f08eab7690d2a6ee69"});
        app.admin().post("/v1/users/md5", &import).await.fails(409, TAKEN, "email");
        for (user, before) in ["anna", "bert", "carl"].into_iter().zip(before) {
            assert_eq!(state(app, user).await, before);
        }
        app.admin().get("/v1/users/dora").await.fails(404, "user_not_found", "");
        assert_eq!(log_of(app, "dora").await, []);
        // With the target goes the obstacle.
        app.admin().delete("/v1/users/anna/targets/e").await.expect(204);
        set_email(app, "bert", "second@example.org").await.expect(200);
        assert_eq!(identifiers(app, "bert").await, ["second@example.org", "+14155550102"]);
    }

    async fn an_expired_target_of_an_address_works_again_when_that_changes(app) {
        app.user("anna", json!({})).await;
        add(app, "anna", "e", "email", "anna@example.org").await.expect(201);
        set_email(app, "anna", "anna@example.org").await.expect(200);
        expire(app, "anna", "e").await;
        assert_eq!(targets(app, "anna").await[0]["expired"], true);
        app.admin().patch("/v1/users/anna/name", &json!({"name": "Anna"})).await.expect(200);
        assert_eq!(targets(app, "anna").await[0]["expired"], true);
        set_email(app, "anna", "new@example.org").await.expect(200);
        assert_eq!(targets(app, "anna").await, [new("e", "anna", "email", "new@example.org")]);
    }
}
