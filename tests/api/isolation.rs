//! Two projects with the same ids: nobody sees or changes anything of the other.

mod account;

use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use usher::access::Scope;
use usher::config::DatabaseUrl;
use usher::secret::digest;
use usher::store::identities::{self, Identity};
use usher::store::memberships::{self, NewMembership};
use usher::store::sessions::{self, Session};
use usher::store::{keys, projects, teams};

use crate::access::{ENDPOINTS, ask};
use crate::account::credentials::{self, routes::ROUTES};
use crate::decoding::types::{target_writes, writes};
use crate::support::{Caller, PROJECT, TestApp, both};
use crate::users::mfa;
use crate::users::passkeys::add_passkey;

pub const OTHER: &str = "other";

/// In every text of the other project, so that no answer can hold one unnoticed.
pub const MARK: &str = "zebra";

both! {
    async fn no_endpoint_shows_or_changes_anything_of_another_project(app) {
        let theirs = two_projects(app).await;
        let before = dump(app, OTHER).await;
        let admin = app.admin();

        // What both have is one's own.
        for (method, path, body, _) in writes() {
            let answer = admin.request(method.clone(), &path.replace("anna", "twin"), body.to_string()).await;
            assert!([200, 201].contains(&answer.status), "{path}: {}", answer.text);
            assert!(!answer.text.contains(MARK), "{path}: {}", answer.text);
            if method == Method::POST {
                admin.delete("/v1/users/new").await.expect(204);
            }
            assert_eq!(dump(app, OTHER).await, before, "{method} {path}");
        }
        for (method, path, body, _) in target_writes() {
            let path = path.replace("anna", "twin");
            let answer = admin.request(method.clone(), &path, body.to_string()).await;
            assert!([200, 201].contains(&answer.status), "{path}: {}", answer.text);
            assert!(!answer.text.contains(MARK), "{path}: {}", answer.text);
            if method == Method::POST {
                admin.delete(&format!("{path}/new")).await.expect(204);
            }
            assert_eq!(dump(app, OTHER).await, before, "{method} {path}");
        }
        admin.put("/v1/users/twin/mfa/recovery-codes", &json!({})).await.expect(200);
        assert_eq!(dump(app, OTHER).await, before, "new recovery codes");
        admin.patch("/v1/users/twin/passkeys/p", &json!({"name": "own"})).await.expect(200);
        assert_eq!(dump(app, OTHER).await, before, "a passkey with another name");
        // The new password ended the sessions, one's own.
        admin.delete("/v1/users/twin/sessions/s").await.fails(404, "user_session_not_found", "");
        let (project, again) = (app.project(PROJECT).await.key, session(app, "twin", "", "own"));
        app.write(move |tx| Box::pin(async move { sessions::insert(tx, project, &again).await })).await;
        for (path, plural) in [
            ("/v1/users", "users"),
            ("/v1/users/identities", "identities"),
            ("/v1/users/twin/sessions", "sessions"),
            ("/v1/users/twin/memberships", "memberships"),
            ("/v1/users/twin/passkeys", "passkeys"),
        ] {
            let list = admin.get(path).await;
            assert!(!list.text.contains(MARK), "{path}: {}", list.text);
            assert_eq!((&list.json["total"], list.ids(plural).len()), (&json!(1), 1), "{path}");
        }
        // Those of the email and the phone number as well.
        let targets = admin.get("/v1/users/twin/targets").await;
        assert!(!targets.text.contains(MARK), "{}", targets.text);
        assert_eq!((&targets.json["total"], targets.ids("targets").len()), (&json!(3), 3));
        for path in [
            "/v1/users/twin",
            "/v1/users/twin/prefs",
            "/v1/users/twin/logs",
            "/v1/users/twin/targets/t",
            "/v1/users/twin/mfa/factors",
            "/v1/users/twin/mfa/recovery-codes",
            "/v1/users/twin/mfa/challenges/c",
            "/v1/users/twin/passkeys/p",
        ] {
            let answer = admin.get(path).await;
            assert!(answer.status == 200 && !answer.text.contains(MARK), "{path}: {}", answer.text);
        }
        for path in [
            "/v1/users/twin/sessions/s",
            "/v1/users/identities/i",
            "/v1/users/twin/targets/t",
            "/v1/users/twin/mfa/authenticators/totp",
            "/v1/users/twin/passkeys/p",
            "/v1/users/twin/sessions",
            "/v1/users/twin",
        ] {
            admin.delete(path).await.expect(204);
            assert_eq!(dump(app, OTHER).await, before, "DELETE {path}");
        }
        admin.get("/v1/users/twin").await.fails(404, "user_not_found", "");

        // The other project has lost nothing, not even for its search.
        let own = app.caller(OTHER, &theirs);
        assert_eq!(own.get(&format!("/v1/users?search={MARK}")).await.ids("users"), ["twin", "new", "only"]);
        assert_eq!(own.get(&format!("/v1/users/identities?search={MARK}")).await.ids("identities"), ["i", "i-only"]);
    }

    async fn what_only_the_other_project_has_is_404(app) {
        two_projects(app).await;
        let before = dump(app, OTHER).await;
        let admin = app.admin();
        let of_a_user = writes().into_iter().filter(|write| write.0 != Method::POST).chain(target_writes());
        for (method, path, body, _) in of_a_user {
            let answer = admin.request(method, &path.replace("anna", "only"), body.to_string()).await;
            answer.fails(404, "user_not_found", "");
        }
        for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.1.contains("users/ID")) {
            if [Method::GET, Method::DELETE].contains(&endpoint.0) {
                ask(&admin, endpoint, "only").await.fails(404, "user_not_found", "");
            }
        }
        admin.delete("/v1/users/twin/sessions/s-only").await.fails(404, "user_session_not_found", "");
        for method in [Method::GET, Method::PATCH, Method::DELETE] {
            let answer = admin.request(method, "/v1/users/twin/passkeys/p-only", r#"{"name":"x"}"#.to_owned()).await;
            answer.fails(404, "user_passkey_not_found", "");
        }
        admin.get("/v1/users/twin/mfa/challenges/c-only").await.fails(401, "user_invalid_token", "");
        admin.delete("/v1/users/identities/i-only").await.fails(404, "user_identity_not_found", "");
        for method in [Method::GET, Method::PATCH, Method::DELETE] {
            let answer = admin.request(method, "/v1/users/twin/targets/t-only", "{}".to_owned()).await;
            answer.fails(404, "user_target_not_found", "");
        }
        assert_eq!(dump(app, OTHER).await, before);
    }

    async fn lists_find_nothing_of_another_project_however_they_are_asked(app) {
        two_projects(app).await;
        let admin = app.admin();
        for list in ["/v1/users", "/v1/users/identities"] {
            for query in [
                format!("search={MARK}"),
                "search=only".into(),
                format!("search={}", &MARK[..2]),
                format!("search=%22{MARK}%22"),
            ] {
                let found = admin.get(&format!("{list}?{query}")).await.expect(200);
                assert_eq!(found["total"], 0, "{list}?{query}: {found}");
            }
            let id = if list == "/v1/users" { "only" } else { "i-only" };
            for method in ["cursorAfter", "cursorBefore"] {
                let cursor = admin.list(list, &[json!({"method": method, "values": [id]})]).await;
                cursor.fails(400, "general_cursor_not_found", "");
            }
            let everything = json!({"method": "or", "values": [
                {"method": "notEqual", "attribute": "$id", "values": ["x"]}, {"method": "isNotNull", "attribute": "$id"},
                {"method": "contains", "attribute": "$id", "values": ["o"]},
            ]});
            let found = admin.list(list, &[everything, json!({"method": "limit", "values": [5000]})]).await;
            assert_eq!(found.json["total"], 1, "{}", found.text);
            assert!(!found.text.contains(MARK), "{}", found.text);
        }
        for query in [
            json!({"method": "contains", "attribute": "labels", "values": [MARK]}),
            json!({"method": "equal", "attribute": "email", "values": ["b@example.org"]}),
        ] {
            assert!(admin.list("/v1/users", &[query]).await.ids("users").is_empty());
        }
        let role = json!({"method": "contains", "attribute": "roles", "values": [MARK]});
        assert!(admin.list("/v1/users/twin/memberships", &[role]).await.ids("memberships").is_empty());
        for query in ["notEqual(\"$id\",\"x\")", "contains(\"identifier\",\"token\")", "equal(\"userId\",\"twin\")"] {
            assert_eq!(admin.list("/v1/users/twin/targets", &[json!(query)]).await.ids("targets"), ["t"], "{query}");
        }
        for method in ["cursorAfter", "cursorBefore"] {
            let cursor = json!({"method": method, "values": ["t-only"]});
            admin.list("/v1/users/twin/targets", &[cursor]).await.fails(400, "general_cursor_not_found", "");
        }
    }

    async fn a_key_does_nothing_in_another_project_by_whatever_way_it_is_named(app) {
        two_projects(app).await;
        let before = dump(app, OTHER).await;
        let own = dump(app, PROJECT).await;
        let bare = app.guest().header("x-appwrite-key", app.admin_key());
        let foreign = app.caller(OTHER, app.admin_key());
        for id in ["twin", "only"] {
            for endpoint in &ENDPOINTS {
                ask(&foreign, endpoint, id).await.fails(401, "user_unauthorized", "");
                let path = format!("{}?project={OTHER}", endpoint.1.replace("ID", id));
                bare.request(endpoint.0.clone(), &path, "{}".to_owned()).await.fails(401, "user_unauthorized", "");
            }
            for (method, path, mut body, _) in writes().into_iter().chain(target_writes()) {
                body["project"] = json!(OTHER);
                let path = path.replace("anna", id);
                bare.request(method.clone(), &path, body.to_string()).await.fails(401, "user_unauthorized", "");
                foreign.request(method, &path, body.to_string()).await.fails(401, "user_unauthorized", "");
            }
        }
        assert_eq!((dump(app, OTHER).await, dump(app, PROJECT).await), (before, own));
    }

    async fn emails_and_phones_are_unique_in_a_project_and_not_beyond(app) {
        two_projects(app).await;
        let admin = app.admin();
        // Of the other project's users and identities.
        for (n, email) in
            ["new@example.org", "b@example.org", "zebra@provider.org", "zebra-only@provider.org"].iter().enumerate()
        {
            let phone = ["+4930123456", "+4930123457", "+4930123458", "+4930123459"][n];
            admin
                .post("/v1/users", &json!({"userId": format!("u{n}"), "email": email, "phone": phone}))
                .await
                .expect(201);
            let again = admin.post("/v1/users", &json!({"userId": "again", "email": email})).await;
            again.fails(409, "user_already_exists", "email");
            let again = admin.post("/v1/users", &json!({"userId": "again", "phone": phone})).await;
            again.fails(409, "user_already_exists", "phone");
        }
        // Of its own identities.
        let taken = admin.post("/v1/users", &json!({"userId": "again", "email": "own@provider.org"})).await;
        taken.fails(409, "user_email_already_exists", "email");
    }

    async fn a_user_who_signs_in_touches_nobody_of_another_project(app, "USHER_RATE_LIMITS" = "false") {
        let theirs = two_projects(app).await;
        let addresses = json!({"email": "anna@example.org", "phone": "+4930123456", "password": "right password"});
        for caller in [app.admin(), app.caller(OTHER, &theirs)] {
            for (path, field) in [("email", "email"), ("password", "password")] {
                let body = json!({ field: &addresses[field] });
                caller.patch(&format!("/v1/users/twin/{path}"), &body).await.expect(200);
            }
            caller.post("/v1/users/twin/tokens", &json!({"length": 64})).await.expect(201);
        }
        let secret = app.admin().post("/v1/users/twin/tokens", &json!({})).await.expect(201)["secret"].clone();
        let before = dump(app, OTHER).await;
        for (method, path, body, open) in &ROUTES {
            // Right passwords and tokens, so that as much as can be is done.
            let body = body.replace("anna\"", "twin\"").replace("wrong password", "right password");
            let body = body.replace("\"wrong\"", &secret.to_string());
            let caller = match open {
                credentials::routes::Open::Visitors(_) => credentials::client(app),
                credentials::routes::Open::Members(_) => credentials::signed_in(app, "twin").await,
            };
            let answer = caller.request(method.clone(), path, body).await;
            assert!(!answer.text.contains(MARK), "{method} {path}: {}", answer.text);
            assert_eq!(dump(app, OTHER).await, before, "{method} {path}");
        }
        let own = app.admin().get("/v1/users/twin").await.expect(200);
        assert_eq!((&own["phone"], &own["status"], &own["name"]), (&json!("+4930123456"), &json!(false), &json!("Anna")));
    }

    async fn a_deleted_project_takes_nothing_of_the_other_along(app) {
        let theirs = two_projects(app).await;
        let before = dump(app, OTHER).await;
        assert!(before.len() > 10 && before.iter().filter(|row| row.contains(MARK)).count() > 5, "{before:#?}");
        let project = app.project(PROJECT).await.key;
        app.write(move |tx| Box::pin(async move { projects::delete(tx, project).await })).await;
        assert_eq!(dump(app, OTHER).await, before);
        let own = app.caller(OTHER, &theirs);
        assert_eq!(own.get(&format!("/v1/users?search={MARK}")).await.ids("users"), ["twin", "new", "only"]);
        // And nothing of it is left, under whatever number.
        assert_eq!(rows(app, project.number()).await, Vec::<String>::new());
    }
}

/// A second project with everything that the first has, under the same ids, and some that the first has not. Gives its
/// key, whose use is noted already, so that nothing changes behind a test's back.
pub async fn two_projects(app: &TestApp) -> String {
    app.new_project(OTHER).await;
    let key = app.new_key(OTHER, &Scope::ALL).await;
    let other = app.caller(OTHER, &key);
    fill(app, PROJECT, &app.admin(), "twin", "", "own").await;
    fill(app, OTHER, &other, "twin", "", MARK).await;
    let new = json!({"userId": "new", "email": "new@example.org", "phone": "+4930123456", "name": MARK});
    other.post("/v1/users", &new).await.expect(201);
    fill(app, OTHER, &other, "only", "-only", MARK).await;
    let second = json!({"targetId": "new", "providerType": "email", "identifier": "second@example.org", "name": MARK});
    other.post("/v1/users/only/targets", &second).await.expect(201);
    other.patch("/v1/users/only/email", &json!({"email": "b@example.org"})).await.expect(200);
    other.patch("/v1/users/only/phone", &json!({"number": "+4930123457"})).await.expect(200);
    let deadline = Instant::now() + Duration::from_secs(5);
    for project in [PROJECT, OTHER] {
        let number = app.project(project).await.key;
        while keys::all(app.store().read(), number).await.unwrap()[0].accessed_at.is_none() {
            assert!(Instant::now() < deadline, "the use of the key of {project} is not noted");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    key
}

/// A user with one of everything: session `s`, identity `i`, target `t`, membership `m` of team `t`, challenge `c`, passkey
/// `p`, each with `end` behind; recovery codes and an authenticator.
pub async fn fill(
    app: &TestApp,
    project: &str,
    caller: &Caller<'_>,
    id: &'static str,
    end: &'static str,
    text: &'static str,
) {
    caller.post("/v1/users", &json!({"userId": id, "name": text})).await.expect(201);
    caller.put(&format!("/v1/users/{id}/labels"), &json!({"labels": [text]})).await.expect(200);
    caller.patch(&format!("/v1/users/{id}/prefs"), &json!({"prefs": {"text": text}})).await.expect(200);
    let target = json!({
        "targetId": format!("t{end}"), "providerType": "push", "identifier": format!("token{end}"), "name": text
    });
    caller.post(&format!("/v1/users/{id}/targets"), &target).await.expect(201);
    caller.patch(&format!("/v1/users/{id}/mfa/recovery-codes"), &json!({})).await.expect(200);
    mfa::add_authenticator(app, project, id, true).await;
    let hour = app.app.clock.now().plus(Duration::from_secs(3600));
    let challenge = format!("c{end}");
    mfa::add_challenge(app, project, (&challenge, id), "custom", hour, &mfa::sealed(app, text)).await;
    let passkey = format!("p{end}");
    add_passkey(app, project, (&passkey, id), text, true).await;
    let (project, now) = (app.project(project).await.key, app.app.clock.now());
    let session = session(app, id, end, text);
    let identity = Identity {
        seq: 0,
        id: format!("i{end}"),
        user_id: id.into(),
        created_at: now,
        updated_at: now,
        provider: "google".into(),
        provider_uid: format!("same{end}"),
        provider_email: format!("{text}{end}@provider.org"),
        provider_access_token: None,
        provider_access_token_expiry: None,
        provider_refresh_token: None,
        provider_id_token: None,
    };
    app.write(move |tx| {
        Box::pin(async move {
            sessions::insert(tx, project, &session).await?;
            identities::insert(tx, project, &identity).await?;
            let (team, membership, roles) = (format!("t{end}"), format!("m{end}"), [text.to_owned()]);
            teams::insert(tx, project, &team, text, now).await?;
            let new = NewMembership {
                id: &membership,
                user_id: id,
                team_id: &team,
                invited: None,
                joined: Some(now),
                roles: &roles,
            };
            memberships::insert(tx, project, &new, now).await
        })
    })
    .await;
}

fn session(app: &TestApp, user: &str, end: &str, text: &str) -> Session {
    let now = app.app.clock.now();
    Session {
        id: format!("s{end}"),
        user_id: user.into(),
        created_at: now,
        updated_at: now,
        expire: now.plus(Duration::from_secs(3600)),
        provider: text.into(),
        provider_uid: String::new(),
        provider_access_token: None,
        provider_access_token_expiry: None,
        provider_refresh_token: None,
        digest: digest(&format!("s{end}")),
        ip: String::new(),
        user_agent: text.into(),
        factors: "[]".into(),
        mfa_updated_at: None,
    }
}

/// Every row of a project in every table, as text, and the project's own.
pub async fn dump(app: &TestApp, project: &str) -> Vec<String> {
    let project = app.project(project).await;
    let rows = rows(app, project.key.number()).await;
    rows.into_iter().chain([format!("{project:?}")]).collect()
}

/// Every row that carries the number of a project. Past the store, which knows no such statement.
pub async fn rows(app: &TestApp, number: i64) -> Vec<String> {
    let mut rows = Vec::new();
    match &app.app.config.database {
        DatabaseUrl::Sqlite(path) => {
            let mut db = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
            let tables: Vec<(String, String)> = sqlx::query_as(
                "SELECT m.name, group_concat('quote(' || c.name || ')', ' || '','' || ') \
                 FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' \
                 GROUP BY m.name HAVING sum(c.name = 'project') = 1",
            )
            .fetch_all(&mut db)
            .await
            .unwrap();
            assert!(tables.len() >= 7, "{tables:?}");
            for (table, columns) in tables {
                let statement =
                    format!("SELECT '{table}: ' || {columns} FROM {table} WHERE project = {number} ORDER BY 1");
                let found: Vec<(String,)> = sqlx::query_as(AssertSqlSafe(statement)).fetch_all(&mut db).await.unwrap();
                rows.extend(found.into_iter().map(|(row,)| row));
            }
            db.close().await.unwrap();
        }
        DatabaseUrl::Postgres(url) => {
            let mut db = PgConnection::connect(&url.0).await.unwrap();
            let tables: Vec<(String,)> = sqlx::query_as(
                "SELECT CAST(table_name AS TEXT) FROM information_schema.columns \
                 WHERE table_schema = 'public' AND column_name = 'project' ORDER BY 1",
            )
            .fetch_all(&mut db)
            .await
            .unwrap();
            assert!(tables.len() >= 7, "{tables:?}");
            for (table,) in tables {
                let statement = format!(
                    "SELECT '{table}: ' || CAST(row_to_json(t) AS TEXT) FROM {table} t WHERE project = {number} ORDER BY 1"
                );
                let found: Vec<(String,)> = sqlx::query_as(AssertSqlSafe(statement)).fetch_all(&mut db).await.unwrap();
                rows.extend(found.into_iter().map(|(row,)| row));
            }
            db.close().await.unwrap();
        }
    }
    rows
}
