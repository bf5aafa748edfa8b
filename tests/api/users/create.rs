//! `POST /v1/users`

use super::crud::{add_identities, bare, events, found, identity, stored, tick, with};
use crate::support::{NOW, both, made_up, target};
use serde_json::{Value, json};

const EXISTS: &str = "user_already_exists";
const INVALID: &str = "general_argument_invalid";

both! {
    async fn a_user_with_everything(app) {
        let body = json!({
            "userId": "Anna.Lee_1-x", "email": "Anna.Lee+Tag@Example.ORG", "phone": "+4915112345678",
            "password": "correct horse battery", "name": "Åsa Lee", "unknown": 1
        });
        let answer = app.admin().post("/v1/users", &body).await;
        assert_eq!(answer.header("content-type"), "application/json; charset=UTF-8");
        let made = answer.expect(201);
        let hash = made["password"].as_str().unwrap();
        let (email, phone) = ("anna.lee+tag@example.org", "+4915112345678");
        let expected = with(&bare("Anna.Lee_1-x"), json!({
            "name": "Åsa Lee", "email": email, "phone": phone, "password": hash, "passwordUpdate": NOW,
            "targets": [
                target(&made["targets"][0], "Anna.Lee_1-x", "email", email, NOW),
                target(&made["targets"][1], "Anna.Lee_1-x", "sms", phone, NOW),
            ]
        }));
        assert_eq!(made.to_string(), expected.to_string());
        let rest = hash.strip_prefix("$argon2id$v=19$m=8,t=1,p=1$").unwrap();
        let lengths: Vec<usize> = rest.split('$').map(str::len).collect();
        assert_eq!(lengths, [22, 43], "16 bytes of salt and 32 of output: {hash}");
        assert_eq!(app.admin().get("/v1/users/Anna.Lee_1-x").await.expect(200).to_string(), expected.to_string());
        let row = stored(app, "Anna.Lee_1-x").await;
        assert_eq!((row.hash.as_str(), row.password_history.as_str()), ("argon2", "[]"));
        let password = usher::hashing::Stored::from_columns(hash.into(), &row.hash, &row.hash_options).unwrap();
        assert!(app.app.hashing.verify(password.clone(), b"correct horse battery".to_vec()).await.unwrap());
        assert!(!app.app.hashing.verify(password, b"Correct horse battery".to_vec()).await.unwrap());
        assert_eq!(events(app, "Anna.Lee_1-x").await, ["user.create"]);
        for text in ["Anna.Lee_1-x", "anna.lee+tag@example.org", "asa lee", "4915112345678"] {
            assert_eq!(found(app, text).await, ["Anna.Lee_1-x"], "{text}");
        }
    }

    async fn null_is_absent(app) {
        let body = json!({"email": null, "phone": null, "password": null, "name": null});
        assert_eq!(app.user("anna", body).await.to_string(), bare("anna").to_string());
        let row = stored(app, "anna").await;
        assert_eq!((row.email, row.phone, row.password, row.password_update), (None, None, None, None));
        // So that many users may be without.
        app.user("bert", json!({})).await;
    }

    async fn ids_that_usher_makes(app) {
        let mut ids = Vec::new();
        for spelling in ["unique()", "ID.unique()", "unique()"] {
            let made = app.admin().post("/v1/users", &json!({"userId": spelling})).await.expect(201);
            let id = made["$id"].as_str().unwrap().to_owned();
            made_up(&id);
            assert_eq!(made, bare_at(&id, &made));
            assert_eq!(app.admin().get(&format!("/v1/users/{id}")).await.expect(200), made);
            ids.push(id);
            tick(app);
        }
        assert!(ids.is_sorted() && ids[0] != ids[1] && ids[1] != ids[2], "{ids:?}");
    }

    async fn texts_are_stored_as_they_come(app) {
        let longest = "\u{1f600}".repeat(128);
        for (n, name) in [" ", "two\nlines\r\n", "<b>&amp;\\\"'", "a\u{301}", "\u{202e}x", longest.as_str()]
            .iter()
            .enumerate()
        {
            let id = format!("u{n}");
            assert_eq!(app.user(&id, json!({"name": name})).await, with(&bare(&id), json!({"name": name})));
            assert_eq!(app.admin().get(&format!("/v1/users/{id}")).await.expect(200)["name"], **name);
        }
        // Neither trimmed nor normalised: blanks around a password belong to it.
        let hash = app.user("blank", json!({"password": "  ä 8 bytes  "})).await["password"].clone();
        let row = stored(app, "blank").await;
        for (plain, fits) in [("  ä 8 bytes  ", true), ("ä 8 bytes", false), ("  a\u{308} 8 bytes  ", false)] {
            let hash = hash.as_str().unwrap().to_owned();
            let password = usher::hashing::Stored::from_columns(hash, &row.hash, &row.hash_options).unwrap();
            assert_eq!(app.app.hashing.verify(password, plain.into()).await.unwrap(), fits, "{plain}");
        }
    }

    async fn an_id_an_email_and_a_phone_are_there_once(app) {
        app.user("anna", json!({"email": "anna@example.org", "phone": "+4915112345678"})).await;
        let before = app.admin().get("/v1/users").await.expect(200);
        for (body, part) in [
            (json!({"userId": "anna"}), "id"),
            (json!({"userId": "anna", "email": "other@example.org", "phone": "+4915112345679"}), "id"),
            (json!({"userId": "bert", "email": "anna@example.org"}), "email"),
            (json!({"userId": "bert", "email": "ANNA@example.ORG", "phone": "+4915112345679"}), "email"),
            (json!({"userId": "unique()", "email": "anna@example.org"}), "email"),
            (json!({"userId": "bert", "phone": "+4915112345678"}), "phone"),
            (json!({"userId": "bert", "email": "other@example.org", "phone": "+4915112345678"}), "phone"),
        ] {
            let answer = app.admin().post("/v1/users", &body).await;
            let message = answer.json["message"].as_str().unwrap().to_owned();
            answer.fails(409, EXISTS, part);
            // Which one it is, and not one of the others.
            for other in ["email", "phone"].into_iter().filter(|other| *other != part) {
                assert!(!message.contains(other), "{body}: {message}");
            }
        }
        // Nothing of the refused ones is left: no rows, no log, nothing to find, no address taken.
        assert_eq!(app.admin().get("/v1/users").await.expect(200), before);
        assert_eq!(events(app, "anna").await, ["user.create"]);
        assert_eq!(events(app, "bert").await, Vec::<String>::new());
        assert_eq!(found(app, "other").await, Vec::<String>::new());
        app.user("bert", json!({"email": "other@example.org", "phone": "+4915112345679"})).await;
        // Ids are exact: another case is another id.
        app.user("Anna", json!({})).await;
    }

    async fn the_email_of_an_identity_is_taken(app) {
        app.user("anna", json!({"email": "anna@example.org"})).await;
        add_identities(app, vec![identity("i1", "anna", "Anna@GitHub.example")]).await;
        for body in [
            json!({"userId": "bert", "email": "anna@github.example"}),
            json!({"userId": "bert", "email": "ANNA@GITHUB.EXAMPLE"}),
            // The identity is looked at before the row is written.
            json!({"userId": "anna", "email": "anna@github.example"}),
        ] {
            app.admin().post("/v1/users", &body).await.fails(409, "user_email_already_exists", "email");
        }
        app.admin().get("/v1/users/bert").await.fails(404, "user_not_found", "");
        assert_eq!(app.admin().delete("/v1/users/identities/i1").await.status, 204);
        app.user("bert", json!({"email": "anna@github.example"})).await;
    }

    /// Parameters are checked in the order of their declaration, all before anything is looked up.
    async fn the_first_wrong_parameter_is_named(app) {
        app.user("taken", json!({})).await;
        let order = ["userId", "email", "phone", "password", "name"];
        let mut body = json!({"userId": "taken", "email": "", "phone": "", "password": "", "name": ""});
        let right = json!({
            "userId": "taken", "email": "a@example.org", "phone": "+4915112345678", "password": "12345678", "name": "A"
        });
        body["userId"] = json!("");
        for name in order {
            let answer = app.admin().post("/v1/users", &body).await;
            answer.fails(400, INVALID, &format!("`{name}`"));
            body[name] = right[name].clone();
        }
        app.admin().post("/v1/users", &body).await.fails(409, EXISTS, "id");
        body.as_object_mut().unwrap().remove("userId");
        body["email"] = json!("wrong");
        app.admin().post("/v1/users", &body).await.fails(400, INVALID, "`userId`");
    }

    async fn values_of_other_types_are_refused(app) {
        let wrong = [json!(true), json!(1), json!(1.5), json!([]), json!(["x"]), json!({}), json!({"a": "b"})];
        for name in ["userId", "email", "phone", "password", "name"] {
            for value in &wrong {
                let mut body = json!({"userId": "anna"});
                body[name] = value.clone();
                app.admin().post("/v1/users", &body).await.fails(400, INVALID, &format!("`{name}`"));
            }
        }
        app.admin().post("/v1/users", &json!({"userId": null})).await.fails(400, INVALID, "`userId`");
        app.admin().post("/v1/users", &json!({})).await.fails(400, INVALID, "`userId`");
        app.admin().get("/v1/users/anna").await.fails(404, "user_not_found", "");
    }

    async fn u_0000_is_refused_wherever_it_stands(app) {
        for (name, value) in [
            ("userId", "an\u{0}na"),
            ("email", "anna\u{0}@example.org"),
            ("phone", "+491511234\u{0}567"),
            ("password", "password\u{0}"),
            ("name", "\u{0}"),
        ] {
            let mut body = json!({"userId": "anna"});
            body[name] = json!(value);
            app.admin().post("/v1/users", &body).await.fails(400, INVALID, &format!("`{name}`"));
        }
    }

    async fn of_many_with_the_same_address_one_is_made(app) {
        let admin = app.admin();
        for (round, (name, value)) in
            [("email", "a@example.org"), ("phone", "+4915112345678"), ("userId", "same")].into_iter().enumerate()
        {
            let bodies: Vec<Value> = (0..8)
                .map(|n| {
                    let mut body = json!({"userId": format!("r{round}-{n}")});
                    body[name] = json!(value);
                    body
                })
                .collect();
            let answers = futures_util::future::join_all(bodies.iter().map(|body| admin.post("/v1/users", body))).await;
            let made = answers.iter().filter(|answer| answer.status == 201).count();
            assert_eq!(made, 1, "{name}");
            for answer in answers.into_iter().filter(|answer| answer.status != 201) {
                answer.fails(409, EXISTS, name.trim_start_matches("user").to_lowercase().as_str());
            }
        }
        assert_eq!(app.admin().get("/v1/users").await.expect(200)["total"], json!(3));
    }
}

/// The bare user at the time at which another was made.
fn bare_at(id: &str, other: &Value) -> Value {
    let at = other["$createdAt"].clone();
    with(&bare(id), json!({"$createdAt": at, "$updatedAt": at, "registration": at}))
}
