//! Mass assignment: fields that an endpoint does not have are sent with those that it has. What is stored must be what
//! it would have been without them.

use axum::http::Method;
use serde_json::{Map, Value, json};
use usher::hashing::Algorithm;
use usher::store::sessions::{self, Session};
use usher::store::targets::{Target, Targets};
use usher::store::tokens;
use usher::store::users::User;

use super::{INVALID, Tried, settled};
use crate::account::credentials::{client, signed_in};
use crate::account::people::{PASSWORD, email};
use crate::decoding::types::{target_writes, writes};
use crate::isolation::{OTHER, dump, two_projects};
use crate::support::{Answer, PROJECT, TestApp, both};
use crate::users::crud::stored;

/// Everything that is stored of a user, a session, a token or a target, by all its names, and what other servers have
/// fallen for.
fn extras() -> Map<String, Value> {
    let of_users = json!({
        "$id": "evil", "$createdAt": "2000-01-01T00:00:00.000+00:00", "$updatedAt": "2000-01-01T00:00:00.000+00:00",
        "$sequence": 1, "$permissions": ["read(\"any\")"], "$tenant": OTHER, "$databaseId": "x", "$collection": "users",
        "id": "evil", "seq": 1, "project": OTHER, "projectId": OTHER, "project_id": 2, "createdAt": 0, "created_at": 0,
        "updated_at": 0, "registration": "2000-01-01T00:00:00.000+00:00", "accessedAt": "2000-01-01T00:00:00.000+00:00",
        "accessed_at": 0, "status": false, "emailVerification": true, "email_verified": 1, "phoneVerification": true,
        "phone_verified": 1, "labels": ["admin"], "prefs": {"evil": true}, "name": "Evil", "email": "evil@example.org",
        "phone": "+4930999999", "number": "+4930999999", "password": "evil password", "oldPassword": PASSWORD,
        "passwordUpdate": "2000-01-01T00:00:00.000+00:00", "password_update": 0, "passwordHistory": [], "password_history": "[]",
        "password_pwned": true, "passwordPwned": true, "hash": "md5", "hashOptions": {"type": "md5"}, "hash_options": "{}",
    });
    let of_others = json!({
        "passwordVersion": "sha1", "passwordSalt": "evil", "passwordCpu": 2, "mfa": true, "mfaRecoveryCodes": ["evil"],
        "totp": true, "impersonator": true, "impersonatorUserId": "evil", "targets": [{"$id": "evil"}], "reset": true,
        "sessions": [{"$id": "evil"}], "tokens": [{"secret": "evil"}], "memberships": [{"roles": ["owner"]}], "roles": ["owner"],
    });
    let of_nobody = json!({
        "userId": "evil", "user_id": "evil", "userInternalId": 1, "sessionId": "evil", "secret": "evil", "digest": "evil",
        "provider": "evil", "providerUid": "evil", "providerType": "push", "identifier": "evil", "expired": true,
        "factors": ["password", "totp"], "mfaUpdatedAt": "2026-01-01", "current": true, "countryCode": "de", "ip": "6.6.6.6",
        "userAgent": "evil", "attempts": -100, "phrase": "evil", "scopes": ["users.write"], "key": "evil", "admin": true,
        "isAdmin": true, "role": "owner", "search": "evil", "__proto__": {"status": false, "labels": ["admin"]},
        "constructor": {"prototype": {"status": false}}, "prototype": {"status": false}, "": "evil",
    });
    let parts = [of_users, of_others, of_nobody].into_iter();
    parts.flat_map(|part| part.as_object().unwrap().clone()).collect()
}

/// The body with all extras that are no parameters of the endpoint, in themselves and below its other fields.
fn loaded(right: &Value, own: &[&str]) -> Value {
    let mut body = right.clone();
    for (name, value) in extras().into_iter().filter(|(name, _)| !own.contains(&name.as_str())) {
        body[name] = value;
    }
    body
}

/// The row without what is new in each: the number, the salted hash, and the ids of targets.
fn comparable(mut user: User) -> (User, Vec<Target>) {
    let targets = std::mem::take(&mut user.targets).0;
    let targets = targets.into_iter().map(|target| Target { id: String::new(), ..target }).collect();
    if user.hash == Algorithm::Argon2.as_str() {
        user.password = user.password.map(|_| String::new());
    }
    (User { seq: 0, targets: Targets::default(), ..user }, targets)
}

/// The query string with all of it, and headers for what could be one.
async fn send(app: &TestApp, method: &Method, path: &str, body: &Value) -> Answer {
    let query = "status=false&labels[]=admin&emailVerification=true&userId=evil&mfa=true&project=other&prefs[evil]=1";
    let caller = app.admin().header("x-appwrite-user", "evil").header("x-appwrite-mode", "admin");
    caller.request(method.clone(), &format!("{path}?{query}"), body.to_string()).await
}

async fn sessions_of(app: &TestApp, user: &str) -> Vec<Session> {
    let project = app.project(PROJECT).await.key;
    sessions::stored(app.store().read(), project, user).await.unwrap()
}

both! {
    async fn no_field_that_a_creation_does_not_have_is_stored(app) {
        let mut tried = Tried::default();
        for (method, path, right, fields) in writes().into_iter().filter(|write| write.0 == Method::POST) {
            let own: Vec<&str> = fields.iter().map(|field| field.0).collect();
            let plain = app.admin().request(method.clone(), path, right.to_string()).await.expect(201);
            let expected = comparable(stored(app, "new").await);
            app.admin().delete("/v1/users/new").await.expect(204);
            let sent = loaded(&right, &own);
            let made = send(app, &method, path, &sent).await.expect(201);
            assert_eq!(comparable(stored(app, "new").await), expected, "{path}");
            assert_eq!((&made["$id"], &made["status"], &made["labels"]), (&plain["$id"], &json!(true), &json!([])), "{path}");
            assert!(!made.to_string().to_lowercase().contains("evil"), "{path}: {made}");
            assert!(sessions_of(app, "new").await.is_empty());
            app.admin().delete("/v1/users/new").await.expect(204);
            tried.one();
            // Each alone too, as one could undo another; all imports are read in one place.
            if !["/v1/users", "/v1/users/scrypt"].contains(&path) {
                continue;
            }
            for (name, value) in extras().into_iter().filter(|(name, _)| !own.contains(&name.as_str())) {
                let mut sent = right.clone();
                sent[&name] = value;
                send(app, &method, path, &sent).await.expect(201);
                assert_eq!(comparable(stored(app, "new").await), expected, "{path} {name}");
                app.admin().delete("/v1/users/new").await.expect(204);
                tried.one();
            }
        }
        assert_eq!(app.admin().get("/v1/users").await.expect(200)["total"], 0);
        tried.at_least(8 + 2 * 70);
    }

    async fn no_field_that_a_change_does_not_have_is_stored(app) {
        two_projects(app).await;
        let theirs = dump(app, OTHER).await;
        let mut tried = Tried::default();
        for (method, path, right, fields) in writes().into_iter().filter(|write| write.0 != Method::POST) {
            let own: Vec<&str> = fields.iter().map(|field| field.0).collect();
            let path = path.replace("anna", "twin");
            app.admin().request(method.clone(), &path, right.to_string()).await.expect(200);
            let expected = comparable(stored(app, "twin").await);
            for (name, value) in extras().into_iter().filter(|(name, _)| !own.contains(&name.as_str())) {
                let mut sent = right.clone();
                sent[&name] = value;
                send(app, &method, &path, &sent).await.expect(200);
                assert_eq!(comparable(stored(app, "twin").await), expected, "{path} {name}");
                tried.one();
            }
            send(app, &method, &path, &loaded(&right, &own)).await.expect(200);
            assert_eq!(comparable(stored(app, "twin").await), expected, "{path}");
            // Below a field it is part of the value, or makes it a wrong one.
            let mut nested = right.clone();
            nested[own[0]] = Value::Object(extras());
            let answer = send(app, &method, &path, &nested).await;
            if own[0] == "prefs" {
                assert_eq!(answer.expect(200), Value::Object(extras()), "preferences may be called anything");
                app.admin().request(method, &path, right.to_string()).await.expect(200);
            } else {
                answer.fails(400, INVALID, own[0]);
            }
            assert_eq!(comparable(stored(app, "twin").await), expected, "{path}");
            assert_eq!(app.admin().get("/v1/users").await.ids("users"), ["twin"]);
            tried.one();
            tried.one();
        }
        settled(app).await;
        assert_eq!(dump(app, OTHER).await, theirs);
        tried.at_least(9 * 70);
    }

    async fn no_field_that_a_target_does_not_have_is_stored(app) {
        two_projects(app).await;
        let mut tried = Tried::default();
        let target = async |id: &str| {
            let user = stored(app, "twin").await;
            user.targets.0.into_iter().find(|target| target.id == id).unwrap()
        };
        for (method, path, right, fields) in target_writes() {
            let own: Vec<&str> = fields.iter().map(|field| field.0).collect();
            let (path, id) = (path.replace("anna", "twin"), if method == Method::POST { "new" } else { "t" });
            let mut expected: Option<Target> = None;
            for (name, value) in [(String::from("unknown"), json!(1))].into_iter().chain(extras()) {
                if own.contains(&name.as_str()) {
                    continue;
                }
                let mut sent = right.clone();
                sent[&name] = value;
                let answer = send(app, &method, &path, &sent).await;
                assert!([200, 201].contains(&answer.status), "{path} {name}: {}", answer.text);
                let found = target(id).await;
                assert_eq!(expected.get_or_insert_with(|| found.clone()), &found, "{path} {name}");
                assert_eq!((found.user_id.as_str(), found.expired, &found.provider_id), ("twin", false, &None), "{path} {name}");
                if id == "new" {
                    app.admin().delete(&format!("{path}/new")).await.expect(204);
                }
                tried.one();
            }
        }
        tried.at_least(2 * 68);
    }

    async fn no_field_of_a_session_or_a_token_is_the_callers_to_choose(app) {
        app.user("anna", json!({"email": email("anna")})).await;
        let mut tried = Tried::default();
        let project = app.project(PROJECT).await.key;
        for (name, value) in extras() {
            let body = json!({ &name: value, "length": 6 });
            let made = send(app, &Method::POST, "/v1/users/anna/sessions", &body).await.expect(201);
            let sessions = sessions_of(app, "anna").await;
            let session = sessions.last().unwrap();
            assert_eq!(made["$id"], json!(session.id), "{name}");
            assert_eq!(
                (session.provider.as_str(), session.factors.as_str(), session.ip.as_str(), session.created_at, session.mfa_updated_at),
                ("server", r#"["server"]"#, crate::support::IP, app.app.clock.now(), None),
                "{name}"
            );
            assert_eq!(made["expire"], "2027-01-02T03:04:05.678+00:00", "{name}");
            send(app, &Method::DELETE, "/v1/users/anna/sessions", &json!({})).await.expect(204);

            let made = send(app, &Method::POST, "/v1/users/anna/tokens", &body).await.expect(201);
            let token = tokens::of(app.store().read(), project, "anna").await.unwrap().pop().unwrap();
            assert_eq!((made["$id"].as_str(), token.user_id.as_str(), token.attempts), (Some(token.id.as_str()), "anna", 0), "{name}");
            assert_eq!(made["secret"].as_str().map(str::len), Some(6), "{name}");
            assert_eq!(usher::secret::digest(made["secret"].as_str().unwrap()), token.digest, "{name}");
            assert_eq!(token.expire.0 - token.created_at.0, 900_000, "{name}");
            app.write(move |tx| Box::pin(async move { tokens::delete_all(tx, project, "anna").await })).await;
            tried.one();
            tried.one();
        }
        assert_eq!(app.admin().get("/v1/users").await.ids("users"), ["anna"]);
        tried.at_least(2 * 75);
    }

    async fn whoever_signs_up_or_in_chooses_nothing_else_by_that(app, "USHER_RATE_LIMITS" = "false") {
        let mut tried = Tried::default();
        let right = json!({"userId": "new", "email": email("new"), "password": PASSWORD, "name": "New"});
        client(app).post("/v1/account", &right).await.expect(201);
        let expected = comparable(stored(app, "new").await);
        for (name, value) in extras() {
            if ["userId", "email", "password", "name"].contains(&name.as_str()) {
                continue;
            }
            app.admin().delete("/v1/users/new").await.expect(204);
            let mut sent = right.clone();
            sent[&name] = value.clone();
            client(app).post("/v1/account?status=false&labels[]=admin", &sent).await.expect(201);
            assert_eq!(comparable(stored(app, "new").await), expected, "{name}");
            assert!(sessions_of(app, "new").await.is_empty(), "{name}");
            let mut sent = json!({"email": email("new"), "password": PASSWORD});
            sent[&name] = value;
            client(app).post("/v1/account/sessions/email", &sent).await.expect(201);
            assert_eq!(comparable(stored(app, "new").await), expected, "{name}");
            let session = sessions_of(app, "new").await.pop().unwrap();
            assert_eq!(
                (session.user_id.as_str(), session.provider.as_str(), session.factors.as_str(), session.ip.as_str()),
                ("new", "email", r#"["password"]"#, crate::support::IP),
                "{name}"
            );
            tried.one();
            tried.one();
        }
        tried.at_least(2 * 70);
    }

    async fn users_who_change_themselves_change_nothing_else_of_themselves(app, "USHER_RATE_LIMITS" = "false") {
        let body = json!({"email": email("anna"), "phone": "+4930123456", "password": PASSWORD, "name": "Anna"});
        app.user("anna", body).await;
        let own = signed_in(app, "anna").await;
        let mut tried = Tried::default();
        for (path, right) in [
            ("name", json!({"name": "Anna"})),
            ("prefs", json!({"prefs": {}})),
            ("email", json!({"email": email("anna"), "password": PASSWORD})),
            ("phone", json!({"phone": "+4930123456", "password": PASSWORD})),
            ("password", json!({"password": PASSWORD, "oldPassword": PASSWORD})),
        ] {
            own.patch(&format!("/v1/account/{path}"), &right).await.expect(200);
            settled(app).await;
            let expected = comparable(stored(app, "anna").await);
            let own_fields: Vec<&String> = right.as_object().unwrap().keys().collect();
            for (name, value) in extras().into_iter().filter(|(name, _)| !own_fields.contains(&name)) {
                let mut sent = right.clone();
                sent[&name] = value;
                own.patch(&format!("/v1/account/{path}?status=false&labels[]=admin"), &sent).await.expect(200);
                assert_eq!(comparable(stored(app, "anna").await), expected, "{path} {name}");
                tried.one();
            }
        }
        assert_eq!(app.admin().get("/v1/users").await.ids("users"), ["anna"]);
        tried.at_least(5 * 70);
    }
}
