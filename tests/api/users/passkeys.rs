//! Passkeys. Nothing makes them yet, so they are stored past the API.

use serde_json::{Value, json};
use usher::store::passkeys::{self, Credential, Passkey};

use super::crud::{LATER, events, tick};
use crate::store::schema::Outside;
use crate::support::{NOW, PROJECT, TestApp, both};

const INVALID: &str = "general_argument_invalid";
const NOTHING: &str = "user_passkey_not_found";

/// A credential that is called like its passkey.
pub fn credential(id: &str) -> Credential {
    Credential { id: id.into(), public_key: b"public key".to_vec(), counter: 0 }
}

/// Gives a user a passkey, which has its credential when it is verified.
pub async fn add_passkey(app: &TestApp, project: &str, (id, user): (&str, &str), name: &str, verified: bool) {
    let (project, now) = (app.project(project).await.key, app.app.clock.now());
    let passkey = Passkey {
        id: id.into(),
        user_id: user.into(),
        created_at: now,
        updated_at: now,
        name: name.into(),
        accessed_at: None,
    };
    let credential = verified.then(|| credential(id));
    app.write(move |tx| Box::pin(async move { passkeys::insert(tx, project, &passkey, credential.as_ref()).await }))
        .await;
}

fn passkey(id: &str, name: &str) -> Value {
    json!({"$id": id, "$createdAt": NOW, "$updatedAt": NOW, "name": name, "accessedAt": ""})
}

/// Two users; one has three passkeys and a fourth that was never verified.
async fn people(app: &TestApp) {
    for id in ["anna", "bert"] {
        app.user(id, json!({})).await;
    }
    for (id, name) in [("p1", "Laptop"), ("p2", "Ålesund"), ("p3", "key ring")] {
        add_passkey(app, PROJECT, (id, "anna"), name, true).await;
    }
    add_passkey(app, PROJECT, ("p4", "anna"), "unverified", false).await;
    add_passkey(app, PROJECT, ("b1", "bert"), "Laptop", true).await;
}

const LIST: &str = "/v1/users/anna/passkeys";

both! {
    async fn those_of_a_user_that_are_verified_are_listed_and_read(app) {
        people(app).await;
        let shown = json!([passkey("p1", "Laptop"), passkey("p2", "Ålesund"), passkey("p3", "key ring")]);
        let answer = app.admin().get(LIST).await;
        assert_eq!((answer.status, answer.text), (200, json!({"total": 3, "passkeys": shown}).to_string()));
        let answer = app.admin().get(&format!("{LIST}/p2")).await;
        assert_eq!((answer.status, answer.text), (200, shown[1].to_string()));
        app.user("carl", json!({})).await;
        let none = app.admin().get("/v1/users/carl/passkeys").await.expect(200);
        assert_eq!(none, json!({"total": 0, "passkeys": []}));
        Outside::of(app).await.run("UPDATE passkeys SET accessed_at = created_at WHERE id = 'p1'").await.unwrap();
        assert_eq!(app.admin().get(&format!("{LIST}/p1")).await.expect(200)["accessedAt"], NOW);
        assert_eq!(events(app, "anna").await, ["user.create"]);
        // With a credential it would be one.
        for id in ["p4", "b1", "nothing", "P1"] {
            app.admin().get(&format!("{LIST}/{id}")).await.fails(404, NOTHING, "");
        }
        app.admin().get(&format!("{LIST}/_p1")).await.fails(400, INVALID, "`passkeyId`");
        for path in ["/v1/users/ghost/passkeys", "/v1/users/ghost/passkeys/p1"] {
            app.admin().get(path).await.fails(404, "user_not_found", "");
        }
    }

    async fn the_list_is_filtered_ordered_and_read_in_pages(app) {
        people(app).await;
        let mut outside = Outside::of(app).await;
        outside.run("UPDATE passkeys SET accessed_at = created_at + 5 WHERE id = 'p3'").await.unwrap();
        outside.run("UPDATE passkeys SET accessed_at = created_at + 9 WHERE id = 'p4'").await.unwrap();
        for (queries, expected) in [
            (vec![json!("equal(\"name\",\"alesund\")")], vec!["p2"]),
            (vec![json!("startsWith(\"name\",\"LAP\")")], vec!["p1"]),
            (vec![json!("notEqual(\"name\",\"Laptop\")")], vec!["p2", "p3"]),
            (vec![json!("equal(\"$id\",[\"p3\",\"p4\",\"b1\"])")], vec!["p3"]),
            (vec![json!("isNull(\"accessedAt\")")], vec!["p1", "p2"]),
            (vec![json!("isNotNull(\"accessedAt\")")], vec!["p3"]),
            (vec![json!(format!("greaterThan(\"accessedAt\",\"{NOW}\")"))], vec!["p3"]),
            (vec![json!(format!("equal(\"$createdAt\",\"{NOW}\")"))], vec!["p1", "p2", "p3"]),
            (vec![json!("orderAsc(\"name\")")], vec!["p2", "p3", "p1"]),
            (vec![json!("orderDesc(\"name\")")], vec!["p1", "p3", "p2"]),
            (vec![json!("orderDesc(\"accessedAt\")")], vec!["p3", "p1", "p2"]),
            (vec![json!("orderDesc(\"$updatedAt\")")], vec!["p3", "p2", "p1"]),
            (vec![json!("limit(1)"), json!("offset(1)")], vec!["p2"]),
            (vec![json!("cursorAfter(\"p1\")"), json!("limit(1)")], vec!["p2"]),
            (vec![json!("cursorBefore(\"p3\")"), json!("orderAsc(\"name\")")], vec!["p2"]),
        ] {
            let answer = app.admin().list(LIST, &queries).await;
            assert_eq!(answer.ids("passkeys"), expected, "{queries:?}");
        }
        let counted = app.admin().list(LIST, &[json!("limit(1)")]).await.expect(200);
        assert_eq!(counted["total"], 3);
        assert_eq!(app.admin().get(&format!("{LIST}?total=false")).await.expect(200)["total"], 0);
        // A page of more than a thousand rows goes another way.
        let long = app.admin().list(LIST, &[json!("limit(2000)")]).await;
        assert_eq!((long.ids("passkeys"), &long.json["total"]), (vec!["p1", "p2", "p3"], &json!(3)));
        for id in ["p4", "b1", "nothing"] {
            for method in ["cursorAfter", "cursorBefore"] {
                let query = json!(format!("{method}(\"{id}\")"));
                app.admin().list(LIST, &[query]).await.fails(400, "general_cursor_not_found", id);
            }
        }
        for query in [
            "equal(\"userId\",\"anna\")", "equal(\"credentialId\",\"x\")", "orderAsc(\"counter\")", "isNull(\"publicKey\")",
            "equal(\"name\",true)", "nonsense",
        ] {
            app.admin().list(LIST, &[json!(query)]).await.fails(400, INVALID, "`queries`");
        }
        // It has no search.
        assert_eq!(app.admin().get(&format!("{LIST}?search=nothing")).await.expect(200)["total"], 3);
    }

    async fn a_passkey_gets_another_name(app) {
        people(app).await;
        tick(app);
        let path = &format!("{LIST}/p1");
        let mut expected = passkey("p1", "Åsas phone");
        expected["$updatedAt"] = json!(LATER);
        let answer = app.admin().patch(path, &json!({"name": "Åsas phone", "counter": 7, "userId": "bert"})).await;
        assert_eq!((answer.status, answer.text), (200, expected.to_string()));
        assert_eq!(app.admin().get(path).await.expect(200), expected);
        let found = app.admin().list(LIST, &[json!("equal(\"name\",\"asas phone\")")]).await;
        assert_eq!(found.ids("passkeys"), ["p1"]);
        // The same again is told and moves no time.
        tick(app);
        let again = app.admin().patch(path, &json!({"name": "Åsas phone"})).await.expect(200);
        assert_eq!(again, expected);
        assert_eq!(events(app, "anna").await, ["passkey.update", "passkey.update", "user.create"]);
        let stored = "SELECT CAST(counter AS TEXT) FROM passkeys WHERE id = 'p1'";
        assert_eq!(Outside::of(app).await.text(stored).await, "0");
        for wrong in [json!({}), json!({"name": ""}), json!({"name": "x".repeat(129)}), json!({"name": 5}), json!({"name": null})] {
            app.admin().patch(path, &wrong).await.fails(400, INVALID, "`name`");
        }
        app.admin().patch(path, &json!({"name": "é".repeat(128)})).await.expect(200);
        for id in ["p4", "b1", "nothing"] {
            app.admin().patch(&format!("{LIST}/{id}"), &json!({"name": "x"})).await.fails(404, NOTHING, "");
        }
        app.admin().patch("/v1/users/ghost/passkeys/p1", &json!({"name": "x"})).await.fails(404, "user_not_found", "");
        let names = "SELECT name FROM passkeys WHERE id IN ('p4', 'b1') ORDER BY id";
        assert_eq!(Outside::of(app).await.texts(names).await, [["Laptop"], ["unverified"]]);
        assert_eq!(events(app, "anna").await.len(), 4);
    }

    async fn a_passkey_is_removed_once_and_all_go_with_their_user(app) {
        people(app).await;
        let answer = app.admin().delete(&format!("{LIST}/p1")).await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""));
        for id in ["p1", "p4", "b1", "nothing"] {
            app.admin().delete(&format!("{LIST}/{id}")).await.fails(404, NOTHING, "");
        }
        app.admin().delete("/v1/users/ghost/passkeys/p2").await.fails(404, "user_not_found", "");
        assert_eq!(app.admin().get(LIST).await.ids("passkeys"), ["p2", "p3"]);
        assert_eq!(events(app, "anna").await, ["passkey.delete", "user.create"]);
        app.admin().delete("/v1/users/anna").await.expect(204);
        let left = Outside::of(app).await.texts("SELECT id FROM passkeys ORDER BY id").await;
        assert_eq!(left, [["b1"]]);
    }
}
