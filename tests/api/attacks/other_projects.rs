//! Reaching into another project by ids of what it has, where `isolation` has not been already: through the places of
//! lists, sessions behind tokens, numbers of rows, and names of a project beside the one that counts.

use axum::http::Method;
use serde_json::{Value, json};
use usher::jwt::Claims;

use super::{INVALID, SCOPE, Tried, is, rows, settled};
use crate::access::{ENDPOINTS, ask};
use crate::account::credentials::{client, encode, is_guest, session, signed_in};
use crate::decoding::types::{target_writes, writes};
use crate::isolation::{MARK, OTHER, dump, two_projects};
use crate::support::{PROJECT, both};

/// Lists, each with the id of something in it that only the other project has.
const LISTS: [(&str, &str); 4] = [
    ("/v1/users", "only"),
    ("/v1/users/identities", "i-only"),
    ("/v1/users/twin/memberships", "m-only"),
    ("/v1/users/twin/targets", "t-only"),
];

both! {
    async fn the_place_of_another_projects_row_is_no_cursor_whatever_the_order(app) {
        two_projects(app).await;
        let mut tried = Tried::default();
        for (path, id) in LISTS {
            for method in ["cursorAfter", "cursorBefore"] {
                for order in ["$id", "$createdAt", "$updatedAt", "$sequence", ""] {
                    for more in [json!({"method": "limit", "values": [1]}), json!({"method": "limit", "values": [5000]})] {
                        let cursor = json!({"method": method, "values": [id]});
                        let order = json!({"method": "orderDesc", "attribute": order});
                        let answer = app.admin().list(path, &[cursor, order.clone(), more]).await;
                        tried.one();
                        assert!(!answer.text.contains(MARK), "{path} {order}: {}", answer.text);
                        is(&answer, 400, "general_cursor_not_found", &format!("{path} {method} {order}"));
                    }
                }
            }
        }
        tried.at_least(80);
    }

    async fn no_condition_on_ids_numbers_or_times_shows_rows_of_another_project(app) {
        two_projects(app).await;
        let mut tried = Tried::default();
        let test = |method: &str, attribute: &str, values: Value| {
            json!({"method": method, "attribute": attribute, "values": values})
        };
        for (path, id) in LISTS {
            let mut queries = vec![
                test("equal", "$id", json!([id])),
                test("startsWith", "$id", json!([&id[..2]])),
                test("endsWith", "$id", json!(["only"])),
                test("contains", "$id", json!(["only"])),
                test("between", "$id", json!([id, id])),
            ];
            // Row numbers are given out over all projects.
            for number in 1..40 {
                queries.push(test("equal", "$sequence", json!([number])));
            }
            let all = [
                test("greaterThan", "$sequence", json!([1])),
                test("notEqual", "$id", json!(["x"])),
                test("isNotNull", "$createdAt", json!([])),
                test("between", "$createdAt", json!(["0001-01-01", "9999-12-31"])),
            ];
            queries.push(json!({"method": "or", "values": all}));
            queries.push(json!({"method": "and", "values": [{"method": "or", "values": all}, all[1]]}));
            for query in queries {
                let answer = app.admin().list(path, std::slice::from_ref(&query)).await;
                tried.one();
                assert_eq!(answer.status, 200, "{path} {query}: {}", answer.text);
                assert!(!answer.text.contains(MARK) && !answer.text.contains("only"), "{path} {query}: {}", answer.text);
            }
        }
        tried.at_least(4 * 46);
    }

    async fn a_session_of_another_project_binds_opens_and_ends_nothing(app) {
        two_projects(app).await;
        let theirs = crate::account::people::stranger_to(app, OTHER);
        let key = app.new_key(OTHER, &usher::access::Scope::ALL).await;
        let admin = app.caller(OTHER, &key);
        let made = admin.post("/v1/users/twin/sessions", &json!({})).await.expect(201);
        let (id, secret) = (made["$id"].as_str().unwrap(), made["secret"].as_str().unwrap());
        let own = signed_in(app, "twin").await;
        settled(app).await;
        let before = dump(app, OTHER).await;
        let mut tried = Tried::default();

        // A token that names it is bound to no session here, and so does not end with it.
        let jwt = app.admin().post("/v1/users/twin/jwts", &json!({"sessionId": id})).await.expect(201);
        let jwt = jwt["jwt"].as_str().unwrap();
        is(&theirs.clone().header("x-appwrite-jwt", jwt).get("/v1/account").await, 401, "user_jwt_invalid", "token");
        tried.one();
        for id in [id, "s-only"] {
            for method in [Method::GET, Method::PATCH, Method::DELETE] {
                let path = format!("/v1/account/sessions/{id}");
                let answer = own.request(method.clone(), &path, "{}".to_owned()).await;
                tried.one();
                is(&answer, 404, "user_session_not_found", &format!("{method} {path}"));
            }
        }
        for (name, value) in [
            ("x-appwrite-session", secret.to_owned()),
            ("cookie", format!("a_session_{OTHER}={secret}")),
            ("cookie", format!("a_session_{PROJECT}={secret}")),
            ("x-fallback-cookies", json!({ format!("a_session_{PROJECT}"): secret }).to_string()),
            ("x-appwrite-session", encode("twin", "s")),
        ] {
            // The session `s` is one of both projects, made by hand with a secret that clients can carry.
            let answer = client(app).header(name, &value).get("/v1/account").await;
            tried.one();
            match value == encode("twin", "s") {
                true => assert_eq!(answer.expect(200)["name"], "own"),
                false => is_guest(answer, name),
            }
        }
        // Signed by this server, with the number of the other project.
        for project in [app.project(OTHER).await.key.number(), 0, -1, i64::MAX] {
            let claims = Claims {
                user_id: "twin".into(),
                session_id: id.to_owned(),
                exp: app.app.clock.now().0 / 1000 + 60,
                project,
            };
            let bearer = client(app).header("x-appwrite-jwt", &app.app.signer.sign(&claims));
            is(&bearer.get("/v1/account").await, 401, "user_jwt_invalid", &project.to_string());
            tried.one();
        }
        settled(app).await;
        assert_eq!(dump(app, OTHER).await, before);
        tried.at_least(16);
    }

    async fn a_project_named_beside_the_one_of_the_header_counts_for_nothing(app) {
        two_projects(app).await;
        let before = dump(app, OTHER).await;
        let mut tried = Tried::default();
        for (method, path, right, _) in writes().into_iter().chain(target_writes()) {
            let path = path.replace("anna", "twin");
            let mut body = right.clone();
            for name in ["project", "projectId", "$projectId", "project_id", "projectInternalId", "tenant", "$tenant"] {
                body[name] = json!(OTHER);
            }
            let query = format!("{path}?project={OTHER}&mode=admin&projectId={OTHER}");
            let caller = app
                .admin()
                .header("x-appwrite-mode", "admin")
                .header("x-appwrite-organization", OTHER)
                .header("x-appwrite-tenant", OTHER)
                .header("x-forwarded-host", "other.example.org");
            let answer = caller.request(method.clone(), &query, body.to_string()).await;
            tried.one();
            assert!([200, 201].contains(&answer.status), "{method} {path}: {}", answer.text);
            assert!(!answer.text.contains(MARK), "{method} {path}: {}", answer.text);
            if method == Method::POST {
                let made = if path.ends_with("targets") { "/v1/users/twin/targets/new" } else { "/v1/users/new" };
                app.admin().delete(made).await.expect(204);
            }
            assert_eq!(dump(app, OTHER).await, before, "{method} {path}");
        }
        for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.0 == Method::GET && endpoint.1.matches("ID").count() < 2) {
            let path = format!("{}?project={OTHER}&mode=admin", endpoint.1.replace("ID", "twin"));
            let answer = app.admin().header("x-appwrite-mode", "admin").get(&path).await;
            tried.one();
            assert!(answer.status == 200 && !answer.text.contains(MARK), "{path}: {}", answer.text);
        }
        tried.at_least(26);
    }

    /// Users of one project who are signed in, with every header that other servers of this protocol know.
    async fn whoever_is_signed_in_becomes_nobody_else_by_a_header(app) {
        two_projects(app).await;
        let (id, encoded) = session(app, "twin").await;
        // That the user was seen is written down once.
        client(app).header("x-appwrite-session", &encoded).get("/v1/account").await.expect(200);
        settled(app).await;
        let before = (dump(app, OTHER).await, rows(app).await);
        let mut tried = Tried::default();
        for (name, value) in [
            ("x-appwrite-user", "only"),
            ("x-appwrite-user-id", "only"),
            ("x-appwrite-impersonate-user-id", "only"),
            ("x-appwrite-impersonate-user-email", "b@example.org"),
            ("x-appwrite-impersonate-user-phone", "+4930123457"),
            ("x-appwrite-organization", OTHER),
            ("x-appwrite-mode", "admin"),
            ("x-appwrite-dev-key", "standard_00"),
            ("x-sdk-name", "Console"),
            ("authorization", "Basic b25seTpvbmx5"),
            ("x-forwarded-user", "only"),
            ("remote-user", "only"),
        ] {
            let caller = client(app).header("x-appwrite-session", &encoded).header(name, value);
            assert_eq!(caller.get("/v1/account").await.expect(200)["$id"], "twin", "{name}");
            assert_eq!(caller.get("/v1/account/sessions/current").await.expect(200)["$id"], json!(id), "{name}");
            for endpoint in &ENDPOINTS {
                is(&ask(&caller, endpoint, "only").await, 401, SCOPE, name);
                tried.one();
            }
        }
        assert_eq!((dump(app, OTHER).await, rows(app).await), before);
        tried.at_least(12 * ENDPOINTS.len());
    }

    async fn an_id_that_is_none_in_any_project_is_refused_before_it_is_looked_for(app) {
        two_projects(app).await;
        let before = (dump(app, OTHER).await, rows(app).await);
        let mut tried = Tried::default();
        for id in ["other:only", "other%2Fonly", "_other_only", "2:only", "only@other", "*", "project=2"] {
            for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.1.contains("ID")) {
                is(&ask(&app.admin(), endpoint, id).await, 400, INVALID, &format!("{} {id}", endpoint.1));
                tried.one();
            }
        }
        assert_eq!((dump(app, OTHER).await, rows(app).await), before);
        tried.at_least(7 * 25);
    }
}
