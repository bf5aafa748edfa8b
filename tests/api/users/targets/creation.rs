//! Making targets.

use super::*;
use crate::support::made_up;

both! {
    async fn each_kind_takes_identifiers_of_its_own(app) {
        app.user("anna", json!({})).await;
        for (n, (kind, sent, kept)) in [
            ("email", "second@example.org", "second@example.org"),
            // As every email.
            ("email", "Anna.LEE@Example.ORG", "anna.lee@example.org"),
            ("sms", "+14155550100", "+14155550100"),
            ("push", "Token", "Token"),
            ("push", "token", "token"),
            ("push", " +1 no number ", " +1 no number "),
            ("push", "Not@An Email", "Not@An Email"),
            ("push", "\u{1F4F1}\n", "\u{1F4F1}\n"),
        ]
        .into_iter()
        .enumerate()
        {
            let id = format!("t{n}");
            let made = add(app, "anna", &id, kind, sent).await.expect(201);
            assert_eq!(made, new(&id, "anna", kind, kept));
            assert_eq!(targets(app, "anna").await[n], made);
        }
        for kind in ["EMAIL", "Sms", "pUSH"] {
            let identifier = match kind {
                "EMAIL" => "loud@example.org",
                "Sms" => "+14155550199",
                _ => "loud",
            };
            let made = add(app, "anna", kind, kind, identifier).await.expect(201);
            assert_eq!(made["providerType"], kind.to_ascii_lowercase());
        }
        assert_eq!(targets(app, "anna").await.len(), 11);
    }

    async fn an_identifier_of_another_kind_is_refused(app) {
        app.user("anna", json!({})).await;
        let before = state(app, "anna").await;
        for identifier in ["+14155550100", "token", "a@b", "Anna <anna@example.org>", " anna@example.org", "ä@example.org"] {
            add(app, "anna", "t", "email", identifier).await.fails(400, "general_invalid_email", "email address");
        }
        for identifier in ["anna@example.org", "14155550100", "+1 415 555 0100", "+0123456789", "+99912345678", "token"] {
            add(app, "anna", "t", "sms", identifier).await.fails(400, "general_invalid_phone", "sms target");
        }
        assert_eq!(state(app, "anna").await, before);
    }

    async fn what_does_not_fit_is_refused_by_its_name(app) {
        app.user("anna", json!({})).await;
        let before = state(app, "anna").await;
        let right = json!({"targetId": "t", "providerType": "push", "identifier": "token"});
        for (name, value) in [
            ("targetId", json!("")), ("targetId", json!("_t")), ("targetId", json!("a b")), ("targetId", json!(null)),
            ("providerType", json!("")), ("providerType", json!("mail")), ("providerType", json!("phone")),
            ("providerType", json!("email ")), ("providerType", json!(null)), ("providerType", json!(["push"])),
            ("identifier", json!("")), ("identifier", json!(null)), ("identifier", json!("a\u{0}b")),
            ("identifier", json!("x".repeat(256))), ("identifier", json!(5)),
            ("providerId", json!("")), ("providerId", json!("unique()")), ("providerId", json!("a/b")),
            ("name", json!("")), ("name", json!("x".repeat(129))), ("name", json!("\u{0}")), ("name", json!(["x"])),
        ] {
            let mut body = right.clone();
            body[name] = value;
            app.admin().post("/v1/users/anna/targets", &body).await.fails(400, INVALID, &format!("`{name}`"));
        }
        for name in ["targetId", "providerType", "identifier"] {
            let mut body = right.clone();
            body.as_object_mut().unwrap().remove(name);
            let missing = app.admin().post("/v1/users/anna/targets", &body).await;
            missing.fails(400, INVALID, &format!("Param `{name}` is not optional"));
        }
        assert_eq!(state(app, "anna").await, before);
    }

    async fn the_checks_have_an_order(app) {
        app.user("anna", json!({})).await;
        add(app, "anna", "t", "push", "token").await.expect(201);
        let send = async |user: &str, body: &Value| app.admin().post(&format!("/v1/users/{user}/targets"), body).await;
        // Parameters as they are declared, then the identifier, then the user, then what is there already.
        let mut body = json!({"targetId": "_", "providerType": "x", "identifier": "", "providerId": "_", "name": ""});
        send("_", &body).await.fails(400, INVALID, "`userId`");
        for (name, right) in [
            ("targetId", "t"), ("providerType", "email"), ("identifier", "no email"), ("providerId", "fcm"), ("name", "N"),
        ] {
            send("nobody", &body).await.fails(400, INVALID, &format!("`{name}`"));
            body[name] = json!(right);
        }
        send("nobody", &body).await.fails(400, "general_invalid_email", "");
        body["identifier"] = json!("second@example.org");
        send("nobody", &body).await.fails(404, "user_not_found", "");
        send("anna", &body).await.fails(409, TAKEN, "this id exists");
        (body["targetId"], body["providerType"], body["identifier"]) = (json!("u"), json!("push"), json!("token"));
        send("anna", &body).await.fails(409, TAKEN, "this identifier");
        assert_eq!(identifiers(app, "anna").await, ["token"]);
    }

    async fn ids_are_made_on_request(app) {
        app.user("anna", json!({})).await;
        let mut ids = std::collections::BTreeSet::new();
        for (n, request) in ["unique()", "ID.unique()", "unique()"].iter().enumerate() {
            let made = add(app, "anna", request, "push", &format!("token {n}")).await.expect(201);
            let id = made["$id"].as_str().unwrap().to_owned();
            assert_eq!(made, new(made_up(&id), "anna", "push", &format!("token {n}")));
            ids.insert(id);
        }
        assert_eq!((ids.len(), targets(app, "anna").await.len()), (3, 3));
    }

    async fn what_is_optional_may_be_null_and_no_provider_is_known(app) {
        app.user("anna", json!({})).await;
        for (n, more) in [
            json!({"name": null}), json!({"providerId": null}), json!({"providerId": "fcm"}), json!({"expired": true}),
            json!({"userId": "bert", "$id": "other", "$createdAt": LATER}),
        ]
        .into_iter()
        .enumerate()
        {
            let id = format!("t{n}");
            let mut body = json!({"targetId": id, "providerType": "push", "identifier": id});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let made = app.admin().post("/v1/users/anna/targets", &body).await.expect(201);
            assert_eq!(made, new(&id, "anna", "push", &id), "{body}");
        }
        assert_eq!(targets(app, "anna").await.len(), 5);
    }

    async fn a_form_is_as_good_as_json(app) {
        app.user("anna", json!({})).await;
        let form = app.admin().header("content-type", "application/x-www-form-urlencoded");
        let body = "targetId=t&providerType=sms&identifier=%2B14155550100&name=Work+phone".to_owned();
        let made = form.request(Method::POST, "/v1/users/anna/targets", body).await.expect(201);
        assert_eq!((&made["identifier"], &made["name"]), (&json!("+14155550100"), &json!("Work phone")));
        form.request(Method::PATCH, "/v1/users/anna/targets/t", "name=Home".to_owned()).await.expect(200);
        assert_eq!(targets(app, "anna").await[0]["name"], "Home");
    }

    async fn an_id_or_an_identifier_that_is_taken_is_refused(app) {
        app.user("anna", json!({"email": "anna@example.org", "phone": "+14155550100"})).await;
        app.user("bert", json!({"email": "bert@example.org", "phone": "+14155550101"})).await;
        add(app, "anna", "a", "push", "token").await.expect(201);
        let of_email = targets(app, "bert").await[0]["$id"].as_str().unwrap().to_owned();
        let before = (state(app, "anna").await, state(app, "bert").await);
        for id in ["a", &of_email] {
            for user in ["anna", "bert"] {
                for (kind, identifier) in [("push", "another"), ("email", "new@example.org")] {
                    add(app, user, id, kind, identifier).await.fails(409, TAKEN, "this id exists");
                }
                // Of two reasons either may be told.
                add(app, user, id, "push", "token").await.fails(409, TAKEN, "already");
            }
        }
        for user in ["anna", "bert"] {
            for (kind, identifier) in [
                ("push", "token"),
                ("email", "anna@example.org"), ("email", "BERT@example.org"),
                ("sms", "+14155550100"), ("sms", "+14155550101"),
                // Of whatever kind.
                ("push", "anna@example.org"), ("push", "+14155550101"),
            ] {
                for id in ["unique()", "new"] {
                    add(app, user, id, kind, identifier).await.fails(409, TAKEN, "this identifier");
                }
            }
        }
        assert_eq!((state(app, "anna").await, state(app, "bert").await), before);
        // Ids and tokens count to the letter.
        add(app, "anna", "A", "push", "Token").await.expect(201);
        assert_eq!(identifiers(app, "anna").await, ["anna@example.org", "+14155550100", "token", "Token"]);
    }

    /// They all lie in the row of the user, and are sent whenever the user is.
    async fn a_user_has_a_hundred_at_most_besides_those_of_email_and_phone(app) {
        app.user("anna", json!({})).await;
        for n in 0..100 {
            add(app, "anna", &format!("t{n}"), "push", &format!("token {n}")).await.expect(201);
        }
        let before = state(app, "anna").await;
        add(app, "anna", "more", "push", "more").await.fails(400, INVALID, "at most 100 targets");
        assert_eq!(state(app, "anna").await, before);
        // What is there can be changed, and makes room when it goes.
        change(app, "anna", "t7", json!({"identifier": "changed"})).await.expect(200);
        app.admin().delete("/v1/users/anna/targets/t8").await.expect(204);
        add(app, "anna", "more", "push", "more").await.expect(201);
        add(app, "anna", "one more", "push", "x").await.fails(400, INVALID, "`targetId`");
        // A user can be reached all the same.
        app.admin().patch("/v1/users/anna/email", &json!({"email": "anna@example.org"})).await.expect(200);
        app.admin().patch("/v1/users/anna/phone", &json!({"number": "+14155550100"})).await.expect(200);
        let all = identifiers(app, "anna").await;
        assert_eq!((all.len(), &all[99..]), (102, &["more", "anna@example.org", "+14155550100"].map(str::to_owned)[..]));
        add(app, "anna", "again", "push", "again").await.fails(400, INVALID, "at most 100 targets");
        // The limit is of each user.
        app.user("bert", json!({})).await;
        add(app, "bert", "b", "push", "b").await.expect(201);
    }
}
