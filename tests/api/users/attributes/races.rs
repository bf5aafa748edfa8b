//! Two changes of one user at the same time: each touches its own fields, so both survive.

use super::{change, known};
use crate::support::{TestApp, both};
use crate::users::crud::{events, found};
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

const ROUNDS: usize = 20;

/// Sends two changes at once, many times; after each round both must be there.
async fn race(
    app: &TestApp,
    one: impl Fn(usize) -> (&'static str, Value, Value),
    other: impl Fn(usize) -> (&'static str, Value, Value),
) {
    known(app, "anna", 1).await;
    for round in 0..ROUNDS {
        let ((one, one_body, one_field), (other, other_body, other_field)) = (one(round), other(round));
        // Either may come first.
        let (a, b) = match round % 2 {
            0 => join(change(app, "anna", one, one_body), change(app, "anna", other, other_body)).await,
            _ => join(change(app, "anna", other, other_body), change(app, "anna", one, one_body)).await,
        };
        assert_eq!((a.status, b.status), (200, 200), "{} {}", a.text, b.text);
        let user = app.admin().get("/v1/users/anna").await.expect(200);
        for fields in [one_field, other_field] {
            for (name, value) in fields.as_object().unwrap() {
                assert_eq!(&user[name], value, "round {round}: {name} was lost to {one} or {other}");
            }
        }
    }
}

both! {
    async fn a_name_and_an_email(app) {
        race(
            app,
            |n| ("name", json!({"name": format!("round{n}x")}), json!({"name": format!("round{n}x")})),
            |n| ("email", json!({"email": format!("e{n}@example.org")}), json!({"email": format!("e{n}@example.org")})),
        )
        .await;
        // The text that the search looks in has both as well.
        let last = ROUNDS - 1;
        assert_eq!(found(app, &format!("round{last}x e{last}@example.org")).await, ["anna"]);
        assert_eq!(found(app, "round0x").await, Vec::<String>::new());
        assert_eq!(found(app, "e0@example.org").await, Vec::<String>::new());
    }

    async fn labels_and_a_phone(app) {
        race(
            app,
            |n| ("labels", json!({"labels": [format!("l{n}x"), "all"]}), json!({"labels": [format!("l{n}x"), "all"]})),
            |n| {
                let number = format!("+491511234{n:03}");
                ("phone", json!({"number": number}), json!({"phone": number}))
            },
        )
        .await;
        let last = ROUNDS - 1;
        assert_eq!(found(app, &format!("label:l{last}x 491511234{last:03}")).await, ["anna"]);
        assert_eq!(found(app, "label:l0x").await, Vec::<String>::new());
    }

    async fn preferences_and_a_status(app) {
        race(
            app,
            |n| ("prefs", json!({"prefs": {"n": n}}), json!({"prefs": {"n": n}})),
            |n| ("status", json!({"status": n % 2 == 0}), json!({"status": n % 2 == 0})),
        )
        .await;
    }

    async fn both_verifications(app) {
        race(
            app,
            |n| ("verification", json!({"emailVerification": n % 2 == 1}), json!({"emailVerification": n % 2 == 1})),
            |n| {
                let body = json!({"phoneVerification": n % 2 == 1});
                ("verification/phone", body.clone(), body)
            },
        )
        .await;
    }

    async fn a_password_and_a_name(app) {
        known(app, "anna", 1).await;
        for round in 0..ROUNDS {
            crate::users::crud::tick(app);
            let now = app.app.clock.now().to_string();
            let name = format!("round {round}");
            let (password, renamed) = join(
                change(app, "anna", "password", json!({"password": format!("password {round}")})),
                change(app, "anna", "name", json!({"name": name})),
            )
            .await;
            let hash = password.expect(200)["password"].clone();
            renamed.expect(200);
            let user = app.admin().get("/v1/users/anna").await.expect(200);
            assert_eq!((&user["password"], &user["passwordUpdate"], &user["name"]), (&hash, &json!(now), &json!(name)));
        }
    }

    async fn every_field_at_once(app) {
        known(app, "anna", 1).await;
        let before = events(app, "anna").await.len();
        for round in 0..5 {
            let truth = round % 2 == 0;
            let sent = [
                ("name", json!({"name": format!("n{round}")})),
                ("labels", json!({"labels": [format!("l{round}")]})),
                ("prefs", json!({"prefs": {"p": round}})),
                ("status", json!({"status": truth})),
                ("email", json!({"email": format!("e{round}@example.org")})),
                ("phone", json!({"number": format!("+49151123456{round}")})),
            ];
            let answers = join_all(sent.into_iter().map(|(what, body)| change(app, "anna", what, body))).await;
            assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
            let user = app.admin().get("/v1/users/anna").await.expect(200);
            let expected = json!({
                "name": format!("n{round}"), "labels": [format!("l{round}")], "prefs": {"p": round}, "status": truth,
                "email": format!("e{round}@example.org"), "phone": format!("+49151123456{round}")
            });
            assert_eq!(user, crate::users::crud::with(&user, expected));
        }
        // The log tells of each of them once.
        assert_eq!(events(app, "anna").await.len(), before + 30);
    }

    /// Writes that arrive together may share a transaction; one that fails is undone alone.
    async fn a_refused_change_takes_no_neighbour_with_it(app) {
        let ids = ["a", "b", "c", "d", "e", "f"];
        for id in ids {
            app.user(id, json!({})).await;
        }
        app.user("owner", json!({"email": "taken@example.org"})).await;
        for round in 0..5 {
            let name = format!("round {round}");
            let answers = join_all(ids.into_iter().enumerate().map(|(n, id)| {
                let (name, app) = (&name, &app);
                async move {
                    match n % 2 {
                        0 => change(app, id, "name", json!({"name": name})).await,
                        _ => change(app, id, "email", json!({"email": "taken@example.org"})).await,
                    }
                }
            }))
            .await;
            for (n, answer) in answers.into_iter().enumerate() {
                match n % 2 {
                    0 => assert_eq!(answer.expect(200)["name"], name),
                    _ => answer.fails(409, "user_email_already_exists", "email"),
                }
            }
        }
        for (n, id) in ids.into_iter().enumerate() {
            let user = app.admin().get(&format!("/v1/users/{id}")).await.expect(200);
            let (name, rows) = if n % 2 == 0 { ("round 4", 6) } else { ("", 1) };
            assert_eq!((&user["name"], &user["email"]), (&json!(name), &json!("")), "{id}");
            assert_eq!(events(app, id).await.len(), rows, "{id}");
        }
    }

    /// Of users who claim one address at the same time, one gets it.
    async fn one_address_for_many(app) {
        for id in ["a", "b", "c", "d", "e"] {
            app.user(id, json!({})).await;
        }
        for (what, field, value, kind) in [
            ("email", "email", "one@example.org", "user_email_already_exists"),
            ("phone", "number", "+14155550100", "user_phone_already_exists"),
        ] {
            let ids = ["a", "b", "c", "d", "e"];
            let answers = join_all(ids.map(|id| change(app, id, what, json!({field: value})))).await;
            assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
            for answer in answers.into_iter().filter(|answer| answer.status != 200) {
                answer.fails(409, kind, what);
            }
        }
    }
}
