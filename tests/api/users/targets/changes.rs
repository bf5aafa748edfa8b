//! Changing targets.

use super::*;

both! {
    async fn a_change_touches_what_it_names_and_nothing_else(app) {
        app.user("anna", json!({"email": "anna@example.org"})).await;
        for id in ["s", "t", "u"] {
            add(app, "anna", id, "push", id).await.expect(201);
        }
        let mut expected = targets(app, "anna").await;
        tick(app);
        for body in [
            json!({"name": "Änne"}),
            json!({"name": " "}),
            json!({"identifier": "Another token"}),
            json!({"identifier": "third", "name": "x".repeat(128)}),
            json!({"identifier": "x".repeat(255), "name": null, "providerId": null}),
            json!({"name": "Last", "userId": "bert", "targetId": "s", "providerType": "email", "expired": true}),
        ] {
            let changed = change(app, "anna", "t", body.clone()).await.expect(200);
            for name in ["name", "identifier"] {
                if body[name].is_string() {
                    expected[2][name] = body[name].clone();
                }
            }
            expected[2]["$updatedAt"] = json!(LATER);
            assert_eq!(changed, expected[2], "{body}");
            assert_eq!(targets(app, "anna").await, expected, "{body}");
        }
        let user = app.admin().get("/v1/users/anna").await.expect(200);
        assert_eq!((&user["email"], &user["$updatedAt"]), (&json!("anna@example.org"), &json!(LATER)));
        assert_eq!(events(app, "anna").await[..7], [vec!["target.update"; 6], vec!["target.create"]].concat());
    }

    async fn a_change_of_nothing_moves_no_time(app) {
        app.user("anna", json!({})).await;
        let body = json!({"targetId": "t", "providerType": "email", "identifier": "second@example.org", "name": "Second"});
        let made = app.admin().post("/v1/users/anna/targets", &body).await.expect(201);
        let user = app.admin().get("/v1/users/anna").await.expect(200);
        tick(app);
        for body in [
            json!({}),
            json!({"identifier": null, "name": null, "providerId": null}),
            json!({"unknown": "x"}),
            json!({"name": "Second"}),
            json!({"identifier": "second@example.org"}),
            json!({"identifier": "SECOND@example.org", "name": "Second"}),
        ] {
            assert_eq!(change(app, "anna", "t", body.clone()).await.expect(200), made, "{body}");
            assert_eq!(targets(app, "anna").await, std::slice::from_ref(&made), "{body}");
            assert_eq!(app.admin().get("/v1/users/anna").await.expect(200), user, "{body}");
        }
        // A body that says nothing is as good as none.
        for body in ["", "[]", "null", "{"] {
            let answer = app.admin().request(Method::PATCH, "/v1/users/anna/targets/t", body.to_owned()).await;
            assert_eq!(answer.expect(200), made, "{body}");
        }
    }

    async fn a_new_identifier_is_of_the_targets_own_kind(app) {
        app.user("anna", json!({})).await;
        for (id, kind, identifier) in
            [("e", "email", "second@example.org"), ("s", "sms", "+14155550100"), ("p", "push", "token")]
        {
            add(app, "anna", id, kind, identifier).await.expect(201);
        }
        let before = state(app, "anna").await;
        for identifier in ["+14155550101", "token", "x@y", "x".repeat(255).as_str()] {
            let sent = json!({"identifier": identifier, "name": "N", "providerType": "push"});
            change(app, "anna", "e", sent).await.fails(400, "general_invalid_email", "email");
        }
        for identifier in ["third@example.org", "token", "+1", "14155550101"] {
            let sent = json!({"identifier": identifier, "name": "N", "providerType": "push"});
            change(app, "anna", "s", sent).await.fails(400, "general_invalid_phone", "phone");
        }
        for (name, value) in [
            ("identifier", json!("")), ("identifier", json!("x".repeat(256))), ("identifier", json!(5)),
            ("identifier", json!("a\u{0}")), ("name", json!("")), ("name", json!("x".repeat(129))), ("name", json!(5)),
            ("providerId", json!("")), ("providerId", json!("_")), ("providerId", json!(5)),
        ] {
            for id in ["e", "s", "p", "nothing"] {
                let answer = change(app, "anna", id, json!({name: value})).await;
                answer.fails(400, INVALID, &format!("`{name}`"));
            }
        }
        assert_eq!(state(app, "anna").await, before);

        for (id, sent, kept) in [
            ("e", "Third@EXAMPLE.org", "third@example.org"), ("s", "+14155550101", "+14155550101"),
            // A device's token may be any text, were it that of an address which is free.
            ("p", "second@example.org", "second@example.org"),
        ] {
            let changed = change(app, "anna", id, json!({"identifier": sent})).await.expect(200);
            assert_eq!(changed["identifier"], kept);
        }
        assert_eq!(identifiers(app, "anna").await, ["third@example.org", "+14155550101", "second@example.org"]);
    }

    /// There are none here.
    async fn a_provider_is_not_found_and_then_nothing_changes(app) {
        app.user("anna", json!({})).await;
        add(app, "anna", "t", "push", "token").await.expect(201);
        let before = state(app, "anna").await;
        tick(app);
        for body in [json!({"providerId": "fcm"}), json!({"providerId": "t", "identifier": "new", "name": "New"})] {
            change(app, "anna", "t", body).await.fails(404, "provider_not_found", "provider");
        }
        // The target and its identifier are looked at before.
        change(app, "anna", "nothing", json!({"providerId": "fcm"})).await.fails(404, "user_target_not_found", "");
        add(app, "anna", "e", "email", "second@example.org").await.expect(201);
        let body = json!({"providerId": "fcm", "identifier": "no email"});
        change(app, "anna", "e", body).await.fails(400, "general_invalid_email", "");
        app.admin().delete("/v1/users/anna/targets/e").await.expect(204);
        assert_eq!(targets(app, "anna").await, before.0);
    }

    async fn with_an_identifier_an_expired_target_works_again(app) {
        app.user("anna", json!({})).await;
        for id in ["t", "u"] {
            add(app, "anna", id, "push", id).await.expect(201);
            expire(app, "anna", id).await;
        }
        tick(app);
        let named = change(app, "anna", "t", json!({"name": "Old phone"})).await.expect(200);
        assert_eq!(named, with(&new("t", "anna", "push", "t"), json!({"name": "Old phone", "expired": true, "$updatedAt": LATER})));
        let renewed = change(app, "anna", "t", json!({"identifier": "new"})).await.expect(200);
        assert_eq!(renewed, with(&named, json!({"identifier": "new", "expired": false})));
        // Be it the same one.
        let renewed = change(app, "anna", "u", json!({"identifier": "u"})).await.expect(200);
        assert_eq!(renewed, with(&new("u", "anna", "push", "u"), json!({"$updatedAt": LATER})));
        assert_eq!(targets(app, "anna").await.len(), 2);
    }

    async fn an_identifier_that_is_taken_is_refused(app) {
        app.user("anna", json!({"email": "anna@example.org", "phone": "+14155550100"})).await;
        app.user("bert", json!({"email": "bert@example.org"})).await;
        for (id, kind, identifier) in
            [("e", "email", "second@example.org"), ("s", "sms", "+14155550101"), ("p", "push", "token")]
        {
            add(app, "anna", id, kind, identifier).await.expect(201);
        }
        add(app, "bert", "b", "push", "bert's token").await.expect(201);
        let before = (state(app, "anna").await, state(app, "bert").await);
        for (id, identifier) in [
            ("e", "anna@example.org"), ("e", "Bert@Example.org"), ("s", "+14155550100"), ("p", "bert's token"),
            ("p", "second@example.org"), ("p", "+14155550100"), ("p", "bert@example.org"),
        ] {
            let answer = change(app, "anna", id, json!({"identifier": identifier, "name": "N"})).await;
            answer.fails(409, TAKEN, "this identifier");
        }
        assert_eq!((state(app, "anna").await, state(app, "bert").await), before);
        // One that was left is free.
        change(app, "anna", "e", json!({"identifier": "third@example.org"})).await.expect(200);
        change(app, "bert", "b", json!({"identifier": "second@example.org"})).await.expect(200);
        assert_eq!(identifiers(app, "bert").await, ["bert@example.org", "second@example.org"]);
    }
}
