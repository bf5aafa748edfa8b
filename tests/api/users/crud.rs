//! Making, reading and deleting users.

use std::time::Duration;

use crate::support::{NOW, PROJECT, TestApp, both, target};
use serde_json::{Value, json};
use usher::clock::Millis;
use usher::query::Listing;
use usher::store::identities::{self, Identity};
use usher::store::list::{Ask, LOGS, Ordering, Page};
use usher::store::memberships::{self, NewMembership};
use usher::store::sessions::{self, Session};
use usher::store::users::User;
use usher::store::{logs, teams};

/// One second after [`NOW`].
pub const LATER: &str = "2026-01-02T03:04:06.678+00:00";

/// Moves the clock by one second.
pub fn tick(app: &TestApp) {
    app.app.clock.advance(Duration::from_secs(1));
}

/// The model of a user that was made now with nothing but an id: all fields in the order of the contract.
pub fn bare(id: &str) -> Value {
    json!({
        "$id": id, "$createdAt": NOW, "$updatedAt": NOW, "name": "", "password": null, "hash": "argon2",
        "hashOptions": {"type": "argon2", "memoryCost": 8, "timeCost": 1, "threads": 1},
        "registration": NOW, "status": true, "labels": [], "passwordUpdate": "", "email": "", "phone": "",
        "emailVerification": false, "emailCanonical": null, "emailIsFree": null, "emailIsDisposable": null,
        "emailIsCorporate": null, "emailIsCanonical": null, "passwordPwned": null, "phoneVerification": false,
        "mfa": false, "prefs": {}, "targets": [], "accessedAt": "", "impersonator": false,
        "impersonatorUserId": null
    })
}

/// What a user's model says of an address of nobody's known provider, as are those of nearly all tests; nothing of none.
pub fn told(email: &str) -> Value {
    match email {
        "" => json!({
            "emailCanonical": null, "emailIsFree": null, "emailIsDisposable": null, "emailIsCorporate": null,
            "emailIsCanonical": null
        }),
        email => json!({
            "emailCanonical": email, "emailIsFree": false, "emailIsDisposable": false, "emailIsCorporate": true,
            "emailIsCanonical": true
        }),
    }
}

/// The same user, or whatever it is, with other values in some fields; what is said of an email goes with it.
pub fn with(user: &Value, changes: Value) -> Value {
    let mut user = user.clone();
    if let (Some(email), true) = (changes.get("email"), user.get("emailCanonical").is_some()) {
        user = with(&user, told(email.as_str().unwrap()));
    }
    for (name, value) in changes.as_object().unwrap() {
        assert!(user.get(name).is_some(), "there is no field {name}");
        user[name] = value.clone();
    }
    user
}

/// The user as it stands in the database.
pub async fn stored(app: &TestApp, id: &str) -> User {
    let project = app.project(PROJECT).await.key;
    usher::store::users::find(app.store().read(), project, id).await.unwrap().unwrap()
}

/// The rows of the activity log about a user, newest first, whether or not the user still exists.
pub async fn log_of(app: &TestApp, id: &str) -> Vec<logs::Log> {
    let project = app.project(PROJECT).await.key;
    let listing = Listing::default();
    let ask = Ask { source: &LOGS, listing: &listing, terms: None, owner: Some(id), few: None, total: None };
    ask.rows(app.store(), project, &Ordering::of(&LOGS, &listing), None, Page { limit: 1000, offset: 0 }).await.unwrap()
}

/// The events of these rows.
pub async fn events(app: &TestApp, id: &str) -> Vec<String> {
    log_of(app, id).await.into_iter().map(|log| log.event).collect()
}

/// The ids that a search finds.
pub async fn found(app: &TestApp, search: &str) -> Vec<String> {
    let search = percent_encoding::utf8_percent_encode(search, percent_encoding::NON_ALPHANUMERIC);
    let answer = app.admin().get(&format!("/v1/users?search={search}")).await;
    answer.ids("users").into_iter().map(str::to_owned).collect()
}

/// When sessions of tests end.
pub const SESSION_END: &str = "2026-12-31T00:00:00.000+00:00";

/// A session as sign-in would store it.
pub fn session(id: &str, user: &str) -> Session {
    let now = Millis::parse(NOW).unwrap();
    Session {
        id: id.into(),
        user_id: user.into(),
        created_at: now,
        updated_at: now,
        expire: Millis::parse(SESSION_END).unwrap(),
        provider: "email".into(),
        provider_uid: format!("{user}@example.org"),
        provider_access_token: None,
        provider_access_token_expiry: None,
        provider_refresh_token: None,
        digest: usher::secret::digest(id),
        ip: "203.0.113.7".into(),
        user_agent: "UNKNOWN".into(),
        factors: "[\"password\"]".into(),
        mfa_updated_at: None,
    }
}

/// Stores sessions.
pub async fn add_sessions(app: &TestApp, rows: Vec<Session>) {
    let project = app.project(PROJECT).await.key;
    app.write(move |tx| {
        Box::pin(async move {
            for row in &rows {
                sessions::insert(tx, project, row).await?;
            }
            Ok(())
        })
    })
    .await;
}

/// An identity as an OAuth2 sign-in would store it.
pub fn identity(id: &str, user: &str, email: &str) -> Identity {
    let now = Millis::parse(NOW).unwrap();
    Identity {
        seq: 0,
        id: id.into(),
        user_id: user.into(),
        created_at: now,
        updated_at: now,
        provider: "github".into(),
        provider_uid: format!("uid-{id}"),
        provider_email: email.into(),
        provider_access_token: None,
        provider_access_token_expiry: None,
        provider_refresh_token: None,
        provider_id_token: None,
    }
}

/// Stores identities.
pub async fn add_identities(app: &TestApp, rows: Vec<Identity>) {
    let project = app.project(PROJECT).await.key;
    app.write(move |tx| {
        Box::pin(async move {
            for row in &rows {
                identities::insert(tx, project, row).await?;
            }
            Ok(())
        })
    })
    .await;
}

/// Stores a team called `Team {id}`.
pub async fn add_team(app: &TestApp, id: &'static str) {
    let project = app.project(PROJECT).await.key;
    app.write(move |tx| {
        Box::pin(
            async move { teams::insert(tx, project, id, &format!("Team {id}"), Millis::parse(NOW).unwrap()).await },
        )
    })
    .await;
}

/// Stores a membership, invited now; accepted a second later when `confirmed`.
pub async fn add_membership(app: &TestApp, id: &'static str, user: &'static str, team: &'static str, confirmed: bool) {
    let project = app.project(PROJECT).await.key;
    app.write(move |tx| {
        Box::pin(async move {
            let now = Millis::parse(NOW).unwrap();
            let roles = ["owner".to_owned(), "dev".to_owned()];
            let joined = confirmed.then(|| Millis::parse(LATER).unwrap());
            let new = NewMembership { id, user_id: user, team_id: team, invited: Some(now), joined, roles: &roles };
            memberships::insert(tx, project, &new, now).await
        })
    })
    .await;
}

async fn members(app: &TestApp, team: &str) -> i64 {
    let project = app.project(PROJECT).await.key;
    teams::total(app.store().read(), project, team).await.unwrap().unwrap()
}

/// A user with one of everything: session, identity, memberships, labels, preferences.
async fn furnished(app: &TestApp, id: &'static str, n: u8) {
    let email = format!("{id}@example.org");
    app.user(id, json!({"name": format!("Name {id}"), "email": email, "phone": format!("+491511234567{n}")})).await;
    app.admin().put(&format!("/v1/users/{id}/labels"), &json!({"labels": ["vip"]})).await.expect(200);
    app.admin().patch(&format!("/v1/users/{id}/prefs"), &json!({"prefs": {"a": 1}})).await.expect(200);
    add_sessions(app, vec![session(&format!("s-{id}"), id)]).await;
    add_identities(app, vec![identity(&format!("i-{id}"), id, &format!("{id}@github.example"))]).await;
}

both! {
    async fn a_user_with_only_an_id(app) {
        let made = app.user("anna", json!({})).await;
        assert_eq!(made.to_string(), bare("anna").to_string());
        assert_eq!(app.admin().get("/v1/users/anna").await.expect(200).to_string(), bare("anna").to_string());
    }

    async fn an_id_names_a_user_to_the_letter(app) {
        app.user("Anna", json!({})).await;
        for id in ["anna", "ANNA", "Ann", "Anna1", "Anna.", "36-characters-xxxxxxxxxxxxxxxxxxxxxx"] {
            app.admin().get(&format!("/v1/users/{id}")).await.fails(404, "user_not_found", "");
            app.admin().get(&format!("/v1/users/{id}/prefs")).await.fails(404, "user_not_found", "");
            app.admin().delete(&format!("/v1/users/{id}")).await.fails(404, "user_not_found", "");
        }
        for id in ["Ann%61", "_Anna", "-Anna", ".Anna", "An:na", "37-characters-xxxxxxxxxxxxxxxxxxxxxxx"] {
            app.admin().get(&format!("/v1/users/{id}")).await.fails(400, "general_argument_invalid", "userId");
            app.admin().get(&format!("/v1/users/{id}/prefs")).await.fails(400, "general_argument_invalid", "userId");
            app.admin().delete(&format!("/v1/users/{id}")).await.fails(400, "general_argument_invalid", "userId");
        }
        app.admin().get("/v1/users/Anna").await.expect(200);
    }

    async fn a_blocked_user_is_read_like_any_other(app) {
        app.user("anna", json!({})).await;
        app.admin().patch("/v1/users/anna/status", &json!({"status": false})).await.expect(200);
        let expected = with(&bare("anna"), json!({"status": false}));
        assert_eq!(app.admin().get("/v1/users/anna").await.expect(200), expected);
        assert_eq!(app.admin().get("/v1/users/anna/prefs").await.expect(200), json!({}));
    }

    /// Literal segments beat parameters only among routes of the same method.
    async fn users_may_be_called_like_routes(app) {
        for id in ["argon2", "bcrypt", "md5", "phpass", "scrypt", "scrypt-modified", "sha"] {
            app.user(id, json!({})).await;
            assert_eq!(app.admin().get(&format!("/v1/users/{id}")).await.expect(200), bare(id));
            assert_eq!(app.admin().delete(&format!("/v1/users/{id}")).await.status, 204);
        }
        app.user("identities", json!({})).await;
        let list = app.admin().get("/v1/users/identities").await.expect(200);
        assert_eq!(list, json!({"total": 0, "identities": []}));
        let changed = app.admin().patch("/v1/users/identities/name", &json!({"name": "I"})).await.expect(200);
        assert_eq!(changed["$id"], "identities");
        assert_eq!(app.admin().delete("/v1/users/identities").await.status, 204);
        assert_eq!(app.admin().get("/v1/users").await.expect(200), json!({"total": 0, "users": []}));
    }

    async fn a_deletion_answers_with_nothing(app) {
        for body in [None, Some("{}"), Some(""), Some("not JSON"), Some("[1]"), Some(r#"{"userId": "other"}"#)] {
            app.user("anna", json!({})).await;
            app.user("other", json!({})).await;
            let answer =
                app.admin().request(axum::http::Method::DELETE, "/v1/users/anna", body.map(str::to_owned)).await;
            assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{body:?}");
            assert_eq!(answer.header("content-type"), "text/plain; charset=UTF-8");
            app.admin().get("/v1/users/anna").await.fails(404, "user_not_found", "");
            app.admin().delete("/v1/users/anna").await.fails(404, "user_not_found", "");
            assert_eq!(app.admin().delete("/v1/users/other").await.status, 204);
        }
    }

    async fn with_a_user_goes_all_that_belongs_to_it(app) {
        add_team(app, "red").await;
        add_team(app, "blue").await;
        furnished(app, "anna", 1).await;
        furnished(app, "bert", 2).await;
        add_membership(app, "m1", "anna", "red", true).await;
        add_membership(app, "m2", "anna", "blue", false).await;
        add_membership(app, "m3", "bert", "red", true).await;
        add_membership(app, "m4", "bert", "blue", true).await;
        assert_eq!((members(app, "red").await, members(app, "blue").await), (2, 1));

        assert_eq!(app.admin().delete("/v1/users/anna").await.status, 204);

        assert_eq!((members(app, "red").await, members(app, "blue").await), (1, 1));
        for path in ["", "/prefs", "/sessions", "/memberships", "/logs"] {
            app.admin().get(&format!("/v1/users/anna{path}")).await.fails(404, "user_not_found", "");
            app.admin().get(&format!("/v1/users/bert{path}")).await.expect(200);
        }
        assert_eq!(app.admin().get("/v1/users/identities").await.ids("identities"), ["i-bert"]);
        let search = "/v1/users/identities?search=";
        assert_eq!(app.admin().get(&format!("{search}i-anna")).await.expect(200)["total"], json!(0));
        assert_eq!(app.admin().get(&format!("{search}i-bert")).await.ids("identities"), ["i-bert"]);
        for text in ["anna", "Name anna", "anna@example.org", "+4915112345671"] {
            assert_eq!(found(app, text).await, Vec::<String>::new(), "{text}");
        }
        assert_eq!(found(app, "label:vip").await, ["bert"]);
        let labelled = [json!({"method": "contains", "attribute": "labels", "values": ["vip"]})];
        let list = app.admin().list("/v1/users", &labelled).await;
        assert_eq!((list.ids("users"), &list.json["total"]), (vec!["bert"], &json!(1)));
        assert_eq!(app.admin().get("/v1/users/bert/sessions").await.ids("sessions"), ["s-bert"]);
        assert_eq!(app.admin().get("/v1/users/bert/memberships").await.ids("memberships"), ["m3", "m4"]);
        assert_eq!(events(app, "bert").await, ["user.update", "user.update", "user.create"]);
    }

    async fn one_row_of_the_log_outlives_a_user_and_knows_the_id_alone(app) {
        furnished(app, "anna", 1).await;
        app.admin().header("user-agent", "curl/8.0").delete("/v1/users/anna").await;
        let rows = log_of(app, "anna").await;
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert_eq!((rows[0].event.as_str(), rows[0].user_id.as_str()), ("user.delete", "anna"));
        assert_eq!((rows[0].ip.as_str(), rows[0].user_agent.as_str()), ("", ""));
        assert_eq!(rows[0].actor_id, app.key_id(PROJECT, app.admin_key()).await);
        let all = format!("{rows:?}");
        for personal in ["example", "Name", "+49", "vip"] {
            assert!(!all.contains(personal), "{all}");
        }
        // A deletion that found nobody is not told of.
        app.admin().delete("/v1/users/anna").await.fails(404, "user_not_found", "");
        app.admin().delete("/v1/users/nobody").await.fails(404, "user_not_found", "");
        assert_eq!(events(app, "anna").await, ["user.delete"]);
        assert_eq!(events(app, "nobody").await, Vec::<String>::new());
    }

    async fn what_a_deleted_user_had_is_free_again_at_once(app) {
        for round in 0..3 {
            furnished(app, "anna", 1).await;
            add_team(app, ["t0", "t1", "t2"][round]).await;
            add_membership(app, "m1", "anna", ["t0", "t1", "t2"][round], true).await;
            assert_eq!(app.admin().delete("/v1/users/anna").await.status, 204);
        }
        // Somebody new with the same id, email and phone number starts with nothing.
        let (email, phone) = ("anna@example.org", "+4915112345671");
        let made = app.user("anna", json!({"email": email, "phone": phone})).await;
        assert_eq!(made, with(&bare("anna"), json!({
            "email": email, "phone": phone,
            "targets": [
                target(&made["targets"][0], "anna", "email", email, NOW),
                target(&made["targets"][1], "anna", "sms", phone, NOW),
            ]
        })));
        assert_eq!(app.admin().get("/v1/users/anna/prefs").await.expect(200), json!({}));
        for (path, plural) in [("sessions", "sessions"), ("memberships", "memberships")] {
            let list = app.admin().get(&format!("/v1/users/anna/{path}")).await.expect(200);
            assert_eq!(list, json!({"total": 0, plural: []}));
        }
        assert_eq!(found(app, "label:vip").await, Vec::<String>::new());
        // SQLite gives the numbers of deleted rows away again: what the search knew of the old row is not of the new.
        add_identities(app, vec![identity("fresh", "anna", "fresh@example.org")]).await;
        for (search, expected) in [("github", vec![]), ("fresh", vec!["fresh"])] {
            let list = app.admin().get(&format!("/v1/users/identities?search={search}")).await;
            assert_eq!((list.ids("identities"), &list.json["total"]), (expected.clone(), &json!(expected.len())));
        }
        // And somebody else may have the addresses as well.
        assert_eq!(app.admin().delete("/v1/users/anna").await.status, 204);
        app.user("other", json!({"email": "anna@example.org", "phone": "+4915112345671"})).await;
    }

    async fn of_many_deletions_at_once_one_finds_the_user(app) {
        for _ in 0..5 {
            app.user("anna", json!({})).await;
            let admin = app.admin();
            let answers = futures_util::future::join_all((0..6).map(|_| admin.delete("/v1/users/anna"))).await;
            let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
            statuses.sort_unstable();
            assert_eq!(statuses, [204, 404, 404, 404, 404, 404]);
        }
        assert_eq!(events(app, "anna").await, ["user.delete"]);
    }
}
