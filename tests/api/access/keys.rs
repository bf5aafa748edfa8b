//! API keys over their life: made, used, expired, revoked, forgotten.

use std::time::{Duration, Instant};

use serde_json::json;
use usher::access::{NewKey, Scope, insert_key};
use usher::clock::Millis;
use usher::store::keys::{self, Key};

use crate::support::{NOW, PROJECT, TestApp, both};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Within this time every server follows a change that another process made.
const FOLLOWS: Duration = Duration::from_secs(5);

both! {
    async fn a_wrong_key_is_refused_however_it_looks(app) {
        app.new_project("other").await;
        let foreign = app.new_key("other", &Scope::ALL).await;
        let own = app.admin_key();
        let long = "k".repeat(5000);
        for wrong in [
            "0",
            "standard_",
            &"0".repeat(256),
            &own[..own.len() - 1],
            &own["standard_".len()..],
            &own.to_uppercase(),
            &format!("{own}0"),
            &foreign,
            "' OR 1=1 --",
            "ephemeral_x.y.z",
            &long,
        ] {
            app.caller(PROJECT, wrong).get("/v1/users").await.fails(401, "user_unauthorized", "");
        }
        // The same key is good where it belongs, and the admin's key is good for nothing there.
        app.caller("other", &foreign).get("/v1/users").await.expect(200);
        app.caller("other", own).get("/v1/users").await.fails(401, "user_unauthorized", "");
        // An empty key is no key.
        app.caller(PROJECT, "").get("/v1/users").await.fails(401, "general_unauthorized_scope", "guests");
    }

    async fn two_projects_may_have_the_same_key_with_different_scopes(app) {
        app.new_project("other").await;
        insert(app, PROJECT, "shared", &[Scope::UsersRead], None).await;
        insert(app, "other", "shared", &[Scope::UsersWrite], None).await;
        let body = json!({"userId": "anna"});
        app.caller(PROJECT, "shared").get("/v1/users").await.expect(200);
        app.caller("other", "shared").get("/v1/users").await.fails(401, "general_unauthorized_scope", "users.read");
        app.caller(PROJECT, "shared").post("/v1/users", &body).await.fails(
            401,
            "general_unauthorized_scope",
            "users.write",
        );
        app.caller("other", "shared").post("/v1/users", &body).await.expect(201);
    }

    async fn an_expired_key_is_told_so_before_its_scopes_are_looked_at(app) {
        let now = app.app.clock.now();
        insert(app, PROJECT, "past", &Scope::ALL, Some(Millis(now.0 - 1))).await;
        insert(app, PROJECT, "present", &Scope::ALL, Some(now)).await;
        insert(app, PROJECT, "poor", &[], Some(now)).await;
        for key in ["past", "present", "poor"] {
            app.caller(PROJECT, key).get("/v1/users").await.fails(401, "project_key_expired", "");
            app.caller(PROJECT, key).get("/v1/users/_bad").await.fails(401, "project_key_expired", "");
        }
    }

    async fn a_key_expires_on_time_although_it_is_remembered(app) {
        let end = app.app.clock.now().plus(Duration::from_secs(1));
        insert(app, PROJECT, "brief", &Scope::ALL, Some(end)).await;
        app.caller(PROJECT, "brief").get("/v1/users").await.expect(200);
        app.app.clock.advance(Duration::from_millis(999));
        app.caller(PROJECT, "brief").get("/v1/users").await.expect(200);
        app.app.clock.advance(Duration::from_millis(1));
        app.caller(PROJECT, "brief").get("/v1/users").await.fails(401, "project_key_expired", "");
    }

    async fn a_key_that_was_wrong_a_moment_ago_works_as_soon_as_it_is_made(app) {
        app.caller(PROJECT, "soon").get("/v1/users").await.fails(401, "user_unauthorized", "");
        insert(app, PROJECT, "soon", &Scope::ALL, None).await;
        app.caller(PROJECT, "soon").get("/v1/users").await.expect(200);
    }

    async fn a_key_is_looked_up_once_and_a_revoked_one_stops_within_5_seconds_without_a_signal(app) {
        let key = app.new_key(PROJECT, &Scope::ALL).await;
        let caller = app.caller(PROJECT, &key);
        caller.get("/v1/users").await.expect(200);
        let (project, id) = (app.project(PROJECT).await.key, app.key_id(PROJECT, &key).await);
        assert!(app.write(move |tx| Box::pin(async move { keys::delete(tx, project, &id).await })).await);
        let revoked = Instant::now();
        // Still remembered: had each request asked the database, this one would fail.
        caller.get("/v1/users").await.expect(200);
        let mut answer = caller.get("/v1/users").await;
        while answer.status == 200 {
            assert!(revoked.elapsed() < FOLLOWS, "the key still works {:?} after it was revoked", revoked.elapsed());
            tokio::time::sleep(Duration::from_millis(20)).await;
            answer = caller.get("/v1/users").await;
        }
        answer.fails(401, "user_unauthorized", "");
        app.admin().get("/v1/users").await.expect(200);
    }

    async fn the_last_use_of_a_key_is_written_down_once_a_day(app) {
        let key = app.new_key(PROJECT, &[]).await;
        let id = app.key_id(PROJECT, &key).await;
        assert_eq!(stored(app, &id).await.accessed_at, None);
        let used = async || {
            // What is remembered would hide the use.
            app.app.registry.forget();
            app.caller(PROJECT, &key).get("/v1/users").await.fails(401, "general_unauthorized_scope", "");
        };
        used().await;
        let first = Millis::parse(NOW).unwrap();
        accessed(app, &id, first).await;
        app.app.clock.advance(DAY - Duration::from_millis(1));
        // It is written behind the answer: were it written now, it would be before what is written after the last.
        for _ in 0..30 {
            used().await;
        }
        app.user("later", json!({})).await;
        app.app.clock.advance(Duration::from_millis(1));
        assert_eq!(stored(app, &id).await.accessed_at, Some(first));
        used().await;
        accessed(app, &id, first.plus(DAY)).await;
        // A wrong key writes nothing anywhere.
        app.caller(PROJECT, "wrong").get("/v1/users").await.fails(401, "user_unauthorized", "");
        assert_eq!(stored(app, &id).await.accessed_at, Some(first.plus(DAY)));
    }

    async fn a_short_key_leaves_no_hint(app) {
        insert(app, PROJECT, "short-key", &[Scope::UsersRead], None).await;
        assert_eq!(stored(app, &app.key_id(PROJECT, "short-key").await).await.hint, "");
    }

    /// A server still believes in a project for some seconds after another process has deleted it.
    async fn what_is_made_in_a_deleted_project_finds_no_project(app) {
        app.new_project("gone").await;
        let key = app.new_key("gone", &Scope::ALL).await;
        app.caller("gone", &key).get("/v1/users").await.expect(200);
        let project = app.project("gone").await.key;
        app.write(move |tx| Box::pin(async move { usher::store::projects::delete(tx, project).await })).await;
        let answer = app.caller("gone", &key).post("/v1/users", &serde_json::json!({"userId": "anna"})).await;
        answer.fails(404, "project_not_found", "X-Appwrite-Project");
    }

    async fn of_a_key_only_the_digest_and_the_last_characters_are_stored(app) {
        let key = app.new_key(PROJECT, &Scope::ALL).await;
        let stored = stored(app, &app.key_id(PROJECT, &key).await).await;
        assert_eq!(stored.hint, key[key.len() - 4..]);
        assert!(!format!("{stored:?}").contains(&key["standard_".len()..]), "{stored:?}");
    }
}

async fn insert(app: &TestApp, project: &str, secret: &'static str, scopes: &[Scope], expire: Option<Millis>) {
    let (project, now) = (app.project(project).await.key, app.app.clock.now());
    let new = NewKey { name: secret.into(), scopes: scopes.to_vec(), expire };
    app.write(move |tx| Box::pin(async move { insert_key(tx, project, secret, &new, now).await })).await;
}

async fn stored(app: &TestApp, id: &str) -> Key {
    let keys = keys::all(app.store().read(), app.project(PROJECT).await.key).await.unwrap();
    keys.into_iter().find(|key| key.id == id).unwrap()
}

/// Nobody waits for the note of a key's use, so this does.
async fn accessed(app: &TestApp, id: &str, at: Millis) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while stored(app, id).await.accessed_at != Some(at) {
        assert!(Instant::now() < deadline, "{:?} and not {at}", stored(app, id).await.accessed_at);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
