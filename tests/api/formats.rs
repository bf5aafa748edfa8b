//! What clients of each generation get: the newest models, less the fields that came after them.

use std::time::Duration;

use serde_json::{Map, Value, json};
use usher::secret::digest;
use usher::store::identities::{self, Identity};
use usher::store::memberships::{self, NewMembership};
use usher::store::sessions::{self, Session};
use usher::store::{logs, teams};

use crate::support::{IP, NOW, PROJECT, TestApp, both, target};
use crate::users::mfa::{add_challenge, sealed};
use crate::users::passkeys::add_passkey;

/// A release's format, and the fields of each model that it does not have.
struct Generation {
    formats: &'static [&'static str],
    user: &'static [&'static str],
    session: &'static [&'static str],
    membership: &'static [&'static str],
}

const GENERATIONS: [Generation; 4] = [
    Generation {
        // Fewer pieces are older, and so are letters; what says nothing sensible is older than everything.
        formats: &[
            "1.4.0",
            "1.4.13",
            "1.0.0",
            "0.15.3",
            "1.4",
            "1.5",
            "1",
            "abc",
            "v1.9.0",
            "v2.6.2",
            "1.5.0-rc1",
            "-",
            "latest",
            "0",
        ],
        user: &["mfa", "targets", "impersonator", "impersonatorUserId"],
        session: &["factors", "secret"],
        membership: &["userPhone", "mfa"],
    },
    Generation {
        formats: &["1.5.0", "1.6.0", "1.7.0", "1.8.0", "1.8.1", "1.9", "1.9.0-beta"],
        user: &["impersonator", "impersonatorUserId"],
        session: &[],
        membership: &["userPhone"],
    },
    Generation { formats: &["1.9.0", "1.9.1", "1.9.2-rc"], user: &[], session: &[], membership: &["userPhone"] },
    Generation {
        formats: &[
            "1.9.2", "1.9.3", "1.9.4", "1.9.5", "1.9.6", "1.10.0", "2.0.0", "2.3.0", "2.5.0", "2.6.2", "2.6.3",
            "99.0.0", "2", "",
        ],
        user: &[],
        session: &[],
        membership: &[],
    },
];

/// Compares with the order of the fields.
#[track_caller]
fn same(sent: &str, expected: &Value, case: &str) {
    assert_eq!(sent, expected.to_string(), "{case}");
}

fn without(model: &Value, fields: &[&str]) -> Value {
    let model = model.as_object().unwrap().iter().filter(|(name, _)| !fields.contains(&name.as_str()));
    Value::Object(model.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}

fn user(targets: &Value) -> Value {
    json!({
        "$id": "anna", "$createdAt": NOW, "$updatedAt": NOW, "name": "Anna", "password": null, "hash": "argon2",
        "hashOptions": {"type": "argon2", "memoryCost": 8, "timeCost": 1, "threads": 1}, "registration": NOW,
        "status": true, "labels": ["vip"], "passwordUpdate": "", "email": "anna@example.org", "phone": "+4930123456",
        "emailVerification": false, "emailCanonical": "anna@example.org", "emailIsFree": false, "emailIsDisposable": false,
        "emailIsCorporate": true, "emailIsCanonical": true, "passwordPwned": null, "phoneVerification": false,
        "mfa": false, "prefs": {"a": {}}, "targets": targets, "accessedAt": "", "impersonator": false,
        "impersonatorUserId": null
    })
}

/// The fields that sessions and logs share, of Firefox 121 on Windows.
fn device() -> Value {
    json!({
        "osCode": "WIN", "osName": "Windows", "osVersion": "10", "clientType": "browser", "clientCode": "FF",
        "clientName": "Firefox", "clientVersion": "121.0", "clientEngine": "Gecko", "clientEngineVersion": "121.0",
        "deviceName": "desktop", "deviceBrand": "", "deviceModel": "", "countryCode": "--", "countryName": "Unknown"
    })
}

const AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0";

fn joined(parts: &[Value]) -> Value {
    let fields = parts.iter().flat_map(|part| part.as_object().unwrap().clone());
    Value::Object(fields.collect::<Map<_, _>>())
}

fn session() -> Value {
    joined(&[
        json!({
            "$id": "s1", "$createdAt": NOW, "$updatedAt": NOW, "userId": "anna", "expire": "2026-01-02T04:04:05.678+00:00",
            "provider": "google", "providerUid": "g-1", "providerAccessToken": "access",
            "providerAccessTokenExpiry": "2026-01-02T04:04:05.678+00:00", "providerRefreshToken": "refresh", "ip": IP
        }),
        device(),
        json!({"current": false, "factors": ["password"], "secret": "", "mfaUpdatedAt": ""}),
    ])
}

fn identity() -> Value {
    json!({
        "$id": "i1", "$createdAt": NOW, "$updatedAt": NOW, "userId": "anna", "provider": "google", "providerUid": "g-1",
        "providerEmail": "anna@example.com", "providerAccessToken": "access",
        "providerAccessTokenExpiry": "2026-01-02T04:04:05.678+00:00", "providerRefreshToken": "refresh",
        "providerIdToken": ""
    })
}

fn membership() -> Value {
    json!({
        "$id": "m1", "$createdAt": NOW, "$updatedAt": NOW, "userId": "anna", "userName": "Anna",
        "userEmail": "anna@example.org", "userPhone": "", "teamId": "t1", "teamName": "Team", "invited": NOW, "joined": "",
        "confirm": false, "mfa": false, "userAccessedAt": "", "roles": ["owner"]
    })
}

fn log() -> Value {
    joined(&[
        json!({
            "event": "session.create", "userId": "anna", "userEmail": "anna@example.org", "userName": "Anna",
            "mode": "default", "userType": "user", "ip": IP, "time": NOW
        }),
        device(),
    ])
}

both! {
    async fn each_generation_gets_its_models(app) {
        fill(app).await;
        let shown = &app.admin().get("/v1/users/anna").await.expect(200)["targets"];
        let targets = json!([
            target(&shown[0], "anna", "email", "anna@example.org", NOW),
            target(&shown[1], "anna", "sms", "+4930123456", NOW),
        ]);
        for generation in &GENERATIONS {
            let user = without(&user(&targets), generation.user);
            let session = without(&session(), generation.session);
            let membership = without(&membership(), generation.membership);
            for format in generation.formats {
                let admin = app.admin().format(format);
                let get = async |path: &str| {
                    let answer = admin.get(path).await;
                    assert_eq!(answer.status, 200, "{format} {path}: {}", answer.text);
                    answer.text
                };
                same(&get("/v1/users/anna").await, &user, format);
                same(&get("/v1/users").await, &json!({"total": 1, "users": [user]}), format);
                same(&get("/v1/users/anna/prefs").await, &json!({"a": {}}), format);
                same(&get("/v1/users/anna/sessions").await, &json!({"total": 1, "sessions": [session]}), format);
                same(
                    &get("/v1/users/anna/memberships").await,
                    &json!({"total": 1, "memberships": [membership]}),
                    format,
                );
                same(&get("/v1/users/identities").await, &json!({"total": 1, "identities": [identity()]}), format);
                add_log(app).await;
                let newest = "/v1/users/anna/logs?queries[]=limit(1)&total=false";
                same(&get(newest).await, &json!({"total": 0, "logs": [log()]}), format);
                // Whatever answers with a user shows it the same way.
                let changed = admin.patch("/v1/users/anna/name", &json!({"name": "Anna"})).await;
                assert_eq!(changed.status, 200, "{format}");
                let keys = |text: &str| {
                    serde_json::from_str::<Map<String, Value>>(text).unwrap().keys().cloned().collect::<Vec<_>>()
                };
                assert_eq!(keys(&changed.text), keys(&user.to_string()), "{format}");
                let made = admin.post("/v1/users", &json!({"userId": "other"})).await;
                assert_eq!((made.status, keys(&made.text)), (201, keys(&user.to_string())), "{format}");
                admin.delete("/v1/users/other").await.expect(204);
                // Errors are the same for everybody.
                admin.get("/v1/users/ghost").await.fails(404, "user_not_found", "");
            }
        }
        same(&app.admin().get("/v1/users/anna").await.text, &user(&targets), "without the header");
    }

    /// Models of methods that came later: whoever calls the method knows the model, but for what it has gained since.
    async fn models_of_later_methods_are_whole_for_whoever_asks(app) {
        fill(app).await;
        add_passkey(app, PROJECT, ("p1", "anna"), "Laptop", true).await;
        let end = app.app.clock.now().plus(Duration::from_secs(60));
        add_challenge(app, PROJECT, ("c1", "anna"), "custom", end, &sealed(app, "123456")).await;
        let codes = app.admin().patch("/v1/users/anna/mfa/recovery-codes", &json!({})).await.expect(200);
        let shown = app.admin().get("/v1/users/anna/targets").await.expect(200);
        let targets = [("email", "anna@example.org"), ("sms", "+4930123456")];
        let targets: Vec<Value> = targets
            .into_iter()
            .zip(shown["targets"].as_array().unwrap())
            .map(|((kind, address), shown)| target(shown, "anna", kind, address, NOW))
            .collect();
        let passkey = json!({"$id": "p1", "$createdAt": NOW, "$updatedAt": NOW, "name": "Laptop", "accessedAt": ""});
        let of_target = format!("/v1/users/anna/targets/{}", targets[0]["$id"].as_str().unwrap());
        let bodies = [
            ("/v1/users/anna/targets", json!({"total": 2, "targets": targets})),
            (of_target.as_str(), targets[0].clone()),
            ("/v1/users/anna/passkeys", json!({"total": 1, "passkeys": [passkey]})),
            ("/v1/users/anna/passkeys/p1", passkey),
            (
                "/v1/users/anna/mfa/factors",
                json!({"totp": false, "phone": false, "email": false, "recoveryCode": false, "custom": false}),
            ),
            ("/v1/users/anna/mfa/recovery-codes", codes),
            (
                "/v1/users/anna/mfa/challenges/c1",
                json!({
                    "$id": "c1", "$createdAt": NOW, "userId": "anna", "expire": "2026-01-02T03:05:05.678+00:00",
                    "code": "123456"
                }),
            ),
        ];
        for (n, format) in GENERATIONS.iter().flat_map(|generation| generation.formats).enumerate() {
            let admin = app.admin().format(format);
            for (path, body) in &bodies {
                same(&admin.get(path).await.text, body, &format!("{format} {path}"));
            }
            let old = GENERATIONS[0].formats.contains(format);
            let made = admin.post("/v1/users/anna/tokens", &json!({})).await;
            let (id, secret) = (&made.json["$id"], &made.json["secret"]);
            let token = json!({
                "$id": id, "$createdAt": NOW, "userId": "anna", "secret": secret,
                "expire": "2026-01-02T03:19:05.678+00:00", "phrase": ""
            });
            same(&made.text, &without(&token, if old { &["phrase"] } else { &[] }), format);
            let made = admin.post("/v1/users/anna/jwts", &json!({})).await;
            same(&made.text, &json!({"jwt": made.json["jwt"]}), format);
            let user = format!("user{n}");
            app.user(&user, json!({})).await;
            let made = admin.post(&format!("/v1/users/{user}/sessions"), &json!({})).await;
            let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            let expected = without(&session(), if old { &["factors", "secret"] } else { &[] });
            assert_eq!((made.status, names(&made.json)), (201, names(&expected)), "{format}");
        }
    }

    async fn countries_are_named_in_the_language_of_the_client(app) {
        fill(app).await;
        for locale in ["", "en", "nonsense", "EN"] {
            let sessions =
                app.admin().header("x-appwrite-locale", locale).get("/v1/users/anna/sessions").await.expect(200);
            assert_eq!(sessions["sessions"][0]["countryName"], "Unknown", "{locale}");
        }
    }

    async fn tokens_that_cannot_be_opened_are_shown_empty(app) {
        fill(app).await;
        let project = app.project(PROJECT).await.key;
        let mut other = stored_identity(app, b"not sealed".to_vec());
        (other.id, other.provider_uid) = ("i2".into(), "g-2".into());
        app.write(move |tx| Box::pin(async move { identities::insert(tx, project, &other).await })).await;
        let list = app.admin().get("/v1/users/identities").await.expect(200);
        assert_eq!(list["identities"][0]["providerAccessToken"], "access");
        assert_eq!(list["identities"][1]["providerAccessToken"], "");
    }
}

fn stored_identity(app: &TestApp, access: Vec<u8>) -> Identity {
    let now = app.app.clock.now();
    Identity {
        seq: 0,
        id: "i1".into(),
        user_id: "anna".into(),
        created_at: now,
        updated_at: now,
        provider: "google".into(),
        provider_uid: "g-1".into(),
        provider_email: "anna@example.com".into(),
        provider_access_token: Some(access),
        provider_access_token_expiry: Some(now.plus(Duration::from_secs(3600))),
        provider_refresh_token: app.app.seal.as_ref().map(|seal| seal.seal("refresh")),
        provider_id_token: None,
    }
}

/// One of everything that a user may have.
async fn fill(app: &TestApp) {
    app.user("anna", json!({"name": "Anna", "email": "anna@example.org", "phone": "+4930123456"})).await;
    app.admin().put("/v1/users/anna/labels", &json!({"labels": ["vip"]})).await.expect(200);
    app.admin().patch("/v1/users/anna/prefs", &json!({"prefs": {"a": {}}})).await.expect(200);
    let (project, now) = (app.project(PROJECT).await.key, app.app.clock.now());
    let seal = app.app.seal.as_ref().unwrap();
    let session = Session {
        id: "s1".into(),
        user_id: "anna".into(),
        created_at: now,
        updated_at: now,
        expire: now.plus(Duration::from_secs(3600)),
        provider: "google".into(),
        provider_uid: "g-1".into(),
        provider_access_token: Some(seal.seal("access")),
        provider_access_token_expiry: Some(now.plus(Duration::from_secs(3600))),
        provider_refresh_token: Some(seal.seal("refresh")),
        digest: digest("secret"),
        ip: IP.into(),
        user_agent: AGENT.into(),
        factors: r#"["password"]"#.into(),
        mfa_updated_at: None,
    };
    let identity = stored_identity(app, seal.seal("access"));
    app.write(move |tx| {
        Box::pin(async move {
            sessions::insert(tx, project, &session).await?;
            identities::insert(tx, project, &identity).await?;
            teams::insert(tx, project, "t1", "Team", now).await?;
            let roles = ["owner".to_owned()];
            let new = NewMembership {
                id: "m1",
                user_id: "anna",
                team_id: "t1",
                invited: Some(now),
                joined: None,
                roles: &roles,
            };
            memberships::insert(tx, project, &new, now).await
        })
    })
    .await;
}

/// A row that the user caused, which no endpoint of this service writes.
async fn add_log(app: &TestApp) {
    let project = app.project(PROJECT).await.key;
    let log = logs::Log {
        seq: 0,
        user_id: "anna".into(),
        event: "session.create".into(),
        mode: "default".into(),
        actor_type: "user".into(),
        actor_id: "anna".into(),
        actor_name: "Anna".into(),
        actor_email: "anna@example.org".into(),
        ip: IP.into(),
        user_agent: AGENT.into(),
        time: app.app.clock.now(),
    };
    app.write(move |tx| Box::pin(async move { logs::insert(tx, project, &log).await })).await;
}
