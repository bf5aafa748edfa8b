//! A database with rows in every table, among which are the strangest that may be stored.

use serde_json::{Value, json};
use usher::clock::Millis;
use usher::store::identities::Identity;
use usher::store::projects;
use usher::store::sessions::Session;

use crate::account::people::{add_target, handed, member};
use crate::store::schema::Outside;
use crate::support::{PROJECT, TestApp};
use crate::users::crud::{LATER, add_identities, add_membership, add_sessions, add_team, identity, session};
use crate::users::import::{body, samples};
use crate::users::mfa::{add_challenge, bytes, sealed};
use crate::users::passkeys::add_passkey;

/// The project beside that of the tests.
pub const OTHER: &str = "other";

/// Everybody in the project of the tests.
pub const PEOPLE: [&str; 13] = [
    "argon2",
    "bcrypt",
    "md5",
    "phpass",
    "sha",
    "scrypt",
    "scrypt-modified",
    "anna",
    "planes",
    "empty",
    "prefs",
    "mia",
    "z.-_",
];

/// Preferences as hardly anybody sends them: exact numbers, keys of every kind, and their order. In the form in which they
/// are stored.
const PREFS: &str = concat!(
    r#"{"z":1,"":{"":""},"0":[],"$id":"x","a":123456789012345678901234567890.10,"e":-1e+400,"#,
    r#""esc":"\u0001\"\\/ 😀","null":null,"deep":[[[[{}]]]]}"#
);

/// Fills two projects, and makes a third that is gone; the largest number that a project ever had.
pub async fn fill(app: &TestApp) -> i64 {
    for (endpoint, hash) in samples() {
        app.admin().post(&format!("/v1/users/{endpoint}"), &body(endpoint, &hash)).await.expect(201);
    }
    everything_of(app, "anna").await;
    let planes: String = (0..=16).filter_map(|plane| char::from_u32(plane * 0x1_0000 + 0xABCD)).collect();
    app.user("planes", json!({"name": format!("Ångström \u{1} \\N \t'\"{planes}\u{10fffd}")})).await;
    app.user("empty", json!({})).await;
    app.user("prefs", json!({"name": "x".repeat(128), "phone": "+4915112345678"})).await;
    let prefs = format!("{{\"prefs\":{PREFS}}}");
    let set = app.admin().request(axum::http::Method::PATCH, "/v1/users/prefs/prefs", prefs).await;
    assert_eq!(set.status, 200, "{}", set.text);
    drop(member(app, "mia").await);
    app.user("z.-_", json!({"email": "z.-_@example.org"})).await;
    app.admin().put("/v1/users/z.-_/labels", &json!({"labels": ["vip"]})).await.expect(200);
    app.admin().patch("/v1/users/z.-_/status", &json!({"status": false})).await.expect(200);

    app.new_project(OTHER).await;
    let key = app.new_key(OTHER, &usher::access::Scope::ALL).await;
    let sent = json!({"userId": "anna", "email": "anna@example.org", "name": "Another Anna"});
    app.caller(OTHER, &key).post("/v1/users", &sent).await.expect(201);
    let gone = app.new_project("gone").await.key;
    app.write(move |tx| Box::pin(async move { projects::delete(tx, gone).await })).await;
    gone.number()
}

/// Makes a user with a row in every table that has rows of users. All texts in them begin with `Recognisable`, in some
/// spelling, but for the id and what Usher makes of it.
pub async fn everything_of(app: &TestApp, id: &'static str) {
    let mail = format!("recognisable.{id}@example.org");
    app.user(id, json!({"name": format!("Récognisable {id}"), "email": mail, "phone": "+491700000001"})).await;
    let user = format!("/v1/users/{id}");
    app.admin().put(&format!("{user}/labels"), &json!({"labels": ["Recognisable1", "vip"]})).await.expect(200);
    let prefs = json!({"prefs": {"recognisable": "Recognisable"}});
    app.admin().patch(&format!("{user}/prefs"), &prefs).await.expect(200);
    app.admin().patch(&format!("{user}/password"), &json!({"password": "correct horse battery"})).await.expect(200);
    drop(handed(app, id).await);
    add_target(app, id, "email", &format!("recognisable.second.{id}@example.org")).await;
    app.admin().post(&format!("{user}/tokens"), &json!({})).await.expect(201);
    app.admin().patch(&format!("{user}/mfa/recovery-codes"), &json!({})).await.expect(200);
    let seal = app.app.seal.as_ref().unwrap();
    let end = Millis::parse(LATER).unwrap();
    add_sessions(
        app,
        vec![Session {
            expire: end,
            provider: "recognisable".into(),
            provider_uid: "Recognisable uid".into(),
            provider_access_token: Some(seal.seal("Recognisable access")),
            provider_access_token_expiry: Some(end),
            provider_refresh_token: Some(seal.seal("Recognisable refresh")),
            user_agent: "Recognisable/1.0".into(),
            ip: "203.0.113.77".into(),
            ..session(&format!("session-of-{id}"), id)
        }],
    )
    .await;
    add_identities(
        app,
        vec![
            Identity {
                provider_uid: format!("recognisable-uid-{id}"),
                provider_access_token: Some(seal.seal("Recognisable access")),
                provider_refresh_token: Some(seal.seal("Recognisable refresh")),
                provider_id_token: Some(seal.seal("Recognisable id token")),
                provider_access_token_expiry: Some(end),
                ..identity(&format!("identity-of-{id}"), id, &format!("Recognisable.{id}@Provider.example"))
            },
            identity(&format!("bare-identity-of-{id}"), id, ""),
        ],
    )
    .await;
    add_passkey(app, PROJECT, (&format!("passkey-of-{id}"), id), "Recognisable key", true).await;
    add_passkey(app, PROJECT, (&format!("pending-of-{id}"), id), "Recognisable pending", false).await;
    add_challenge(app, PROJECT, (&format!("challenge-of-{id}"), id), "custom", end, &sealed(app, "Recognisable")).await;
    let (project, secret) = (app.project(PROJECT).await.key.number(), bytes(app, &sealed(app, "Recognisable")));
    let authenticator = format!(
        "INSERT INTO authenticators (project, user_id, type, created_at, updated_at, verified, secret) \
         VALUES ({project}, '{id}', 'totp', 1, 1, TRUE, {secret})"
    );
    assert_eq!(Outside::of(app).await.run(&authenticator).await.unwrap(), 1);
    add_team(app, "red").await;
    add_team(app, "blue").await;
    add_membership(app, "membership-red", id, "red", true).await;
    add_membership(app, "membership-blue", id, "blue", false).await;
}

/// What a key with all scopes sees: each path, and what it answers.
pub async fn seen(app: &TestApp) -> Vec<(String, String)> {
    let mut paths: Vec<String> = [
        "/v1/users",
        "/v1/users?limit=500",
        "/v1/users/identities",
        "/v1/users/identities?search=recognisable",
        "/v1/users?search=recognisable",
        "/v1/users?search=angstrom",
        "/v1/users?search=label:vip",
        "/v1/users?search=an",
        "/v1/users?queries[0]=cursorAfter(%22anna%22)",
        "/v1/users?queries[0]=cursorBefore(%22planes%22)",
        "/v1/users?queries[0]=orderDesc(%22name%22)",
        "/v1/users?queries[0]=equal(%22status%22,false)",
        "/v1/users?queries[0]=contains(%22labels%22,[%22vip%22])",
        "/v1/users/usage",
    ]
    .map(str::to_owned)
    .into();
    for id in PEOPLE {
        for rest in [
            "",
            "/prefs",
            "/sessions",
            "/memberships",
            "/logs",
            "/targets",
            "/mfa/factors",
            "/mfa/recovery-codes",
            "/passkeys",
        ] {
            paths.push(format!("/v1/users/{id}{rest}"));
        }
    }
    paths.push("/v1/users/anna/mfa/challenges/challenge-of-anna".into());
    let mut seen = Vec::new();
    for path in paths {
        let answer = app.admin().get(&path).await;
        assert!(answer.status < 400 || answer.json["code"] == 404, "{path}: {}", answer.text);
        seen.push((path, answer.text));
    }
    let raw = |path: &str| seen.iter().find(|(known, _)| known == path).unwrap().1.clone();
    assert_eq!(raw("/v1/users/prefs/prefs"), PREFS, "prefs come back as they were sent");
    let found: Value = serde_json::from_str(&raw("/v1/users?search=recognisable")).unwrap();
    assert_eq!(found["total"], 1);
    seen
}
