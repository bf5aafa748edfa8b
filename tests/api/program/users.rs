//! `usher users show`: what is stored of a user, for whoever asks for their data.

use serde_json::{Value, json};
use usher::store::tables::TABLES;

use super::Place;
use crate::account::people::account;
use crate::copy::everything::everything_of;
use crate::store::schema::Outside;
use crate::support::{TestApp, both};

/// A place with the database of a server.
fn place(app: &TestApp) -> Place {
    Place::at(&match &app.app.config.database {
        usher::config::DatabaseUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
        usher::config::DatabaseUrl::Postgres(url) => url.0.clone(),
    })
}

fn show(place: &Place, arguments: &[&str]) -> Value {
    serde_json::from_str(&place.prints(&[&["users", "show"][..], arguments].concat())).unwrap()
}

/// What a key sees, with some fields changed and those named that are withheld.
fn without(model: &Value, fields: Value, withheld: Value) -> Value {
    let mut model = model.clone();
    model.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    model["withheld"] = withheld;
    model
}

both! {
    async fn everything_that_is_stored_of_a_user_is_shown(app) {
        everything_of(app, "anna").await;
        app.user("bert", json!({})).await;
        let place = place(app);
        let all = show(&place, &["demo", "anna", "--all"]);
        // Every table that has rows of users has its part, with as many rows.
        let mut outside = Outside::of(app).await;
        for table in TABLES.iter().filter(|table| table.has("user_id")) {
            let mut words = table.name.split('_');
            let mut name = words.next().unwrap().to_owned();
            words.for_each(|word| name.extend([&word[..1].to_uppercase(), &word[1..]]));
            let count = format!("SELECT CAST(count(*) AS TEXT) FROM {} WHERE user_id = 'anna'", table.name);
            let rows = all[&name].as_array().unwrap_or_else(|| panic!("{name} is not there: {all}"));
            assert_eq!(outside.text(&count).await, rows.len().to_string(), "{name}");
            assert!(!rows.is_empty(), "{name}");
        }
        let get = async |path: &str| app.admin().get(&format!("/v1/users/anna{path}")).await.expect(200);
        let user = without(&account(app, "anna").await, json!({}), json!(["password", "hashOptions"]));
        let no_tokens = json!({"providerAccessToken": "", "providerRefreshToken": ""});
        let sessions = get("/sessions").await["sessions"].clone();
        let identities = app.admin().get("/v1/users/identities").await.expect(200)["identities"].clone();
        let no_identity_tokens = json!({"providerAccessToken": "", "providerRefreshToken": "", "providerIdToken": ""});
        let mut logs = get("/logs").await["logs"].as_array().unwrap().clone();
        logs.reverse();
        let token = all["tokens"][0]["$id"].clone();
        let (now, end) = (crate::support::NOW, crate::users::crud::LATER);
        let epoch = "1970-01-01T00:00:00.001+00:00";
        let passkey = |id: &str, name: &str, withheld: Value| json!({
            "$id": id, "$createdAt": now, "$updatedAt": now, "name": name, "accessedAt": "", "counter": 0,
            "withheld": withheld
        });
        let expected = json!({
            "project": "demo",
            "user": user,
            "sessions": [
                without(&sessions[0], json!({}), json!(["secret"])),
                without(&sessions[1], no_tokens, json!(["secret", "providerAccessToken", "providerRefreshToken"])),
            ],
            "tokens": [{
                "$id": token, "$createdAt": now, "expire": all["tokens"][0]["expire"], "attempts": 0, "withheld": ["digest"]
            }],
            "targets": get("/targets").await["targets"],
            "identities": [
                without(
                    &identities[0],
                    no_identity_tokens,
                    json!(["providerAccessToken", "providerRefreshToken", "providerIdToken"])
                ),
                without(&identities[1], json!({}), json!([])),
            ],
            "memberships": get("/memberships").await["memberships"],
            "factors": get("/mfa/factors").await,
            "recoveryCodes": [{"$createdAt": now, "$updatedAt": now, "withheld": ["codes"]}],
            "authenticators": [
                {"type": "totp", "$createdAt": epoch, "$updatedAt": epoch, "verified": true, "withheld": ["secret"]}
            ],
            "challenges": [
                {"$id": "challenge-of-anna", "$createdAt": now, "expire": end, "factor": "custom", "withheld": ["code"]}
            ],
            "passkeys": [
                passkey("passkey-of-anna", "Recognisable key", json!(["credentialId", "publicKey"])),
                passkey("pending-of-anna", "Recognisable pending", json!([])),
            ],
            "logs": logs,
        });
        assert_eq!(all, expected);
        // By the address too, and alone.
        assert_eq!(show(&place, &["demo", "Recognisable.anna@example.org", "--all"]), expected);
        assert_eq!(show(&place, &["demo", "recognisable.anna@example.org"]), user);
        assert_eq!(show(&place, &["demo", "bert"]), without(&account(app, "bert").await, json!({}), json!([])));
        let bert = show(&place, &["demo", "bert", "--all"]);
        assert_eq!((&bert["sessions"], &bert["tokens"], &bert["recoveryCodes"]), (&json!([]), &json!([]), &json!([])));
        for secret in ["Recognisable access", "Recognisable refresh", "Recognisable id token", "argon2id"] {
            assert!(!all.to_string().contains(secret), "{secret}");
        }
    }

    async fn preferences_are_shown_as_they_are_stored(app) {
        app.user("anna", json!({})).await;
        let deep = format!("{}1e400{}", "[".repeat(200), "]".repeat(200));
        let sent = format!("{{\"prefs\":{{\"deep\":{deep}}}}}");
        let set = app.admin().request(axum::http::Method::PATCH, "/v1/users/anna/prefs", sent).await;
        assert_eq!(set.status, 200, "{}", set.text);
        let printed = place(app).prints(&["users", "show", "demo", "anna", "--all"]);
        assert!(printed.contains(&set.text), "{printed}");
    }

    async fn nobody_is_shown_who_is_not_there(app) {
        app.new_project("other").await;
        app.user("anna", json!({"email": "anna@example.org"})).await;
        let place = place(app);
        for (arguments, part) in [
            (&["demo", "bert"][..], "project demo has no user bert"),
            (&["demo", "bert@example.org", "--all"], "project demo has no user bert@example.org"),
            (&["other", "anna", "--all"], "project other has no user anna"),
            (&["none", "anna"], "there is no project none"),
            (&["demo"], "Usage"),
        ] {
            place.fails(&[&["users", "show"][..], arguments].concat(), &[], part);
        }
    }
}
