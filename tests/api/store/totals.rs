//! The totals that the database keeps are those that counting would give, whatever was written and by whom.

use futures_util::future::{join_all, try_join_all};
use serde_json::{Value, json};
use usher::store::users::{self, User};
use usher::store::{ProjectKey, Result, projects};

use super::schema::Outside;
use crate::support::{PROJECT, TestApp, both};
use crate::users::list::population::plain;

/// What is kept, and what counting gives: each truth value of each project, then each label.
const PAIRS: [(&str, &str); 2] = [
    (
        "SELECT CAST(project AS TEXT), CAST(sum(users) AS TEXT), CAST(sum(status) AS TEXT), \
         CAST(sum(email_verified) AS TEXT), CAST(sum(phone_verified) AS TEXT), CAST(sum(impersonator) AS TEXT), \
         CAST(sum(password_pwned) AS TEXT), CAST(sum(password_pwned_unknown) AS TEXT) \
         FROM user_totals GROUP BY project HAVING sum(users) <> 0 ORDER BY project",
        "SELECT CAST(project AS TEXT), CAST(count(*) AS TEXT), CAST(count(CASE WHEN status THEN 1 END) AS TEXT), \
         CAST(count(CASE WHEN email_verified THEN 1 END) AS TEXT), \
         CAST(count(CASE WHEN phone_verified THEN 1 END) AS TEXT), \
         CAST(count(CASE WHEN impersonator THEN 1 END) AS TEXT), \
         CAST(count(CASE WHEN password_pwned THEN 1 END) AS TEXT), \
         CAST(count(CASE WHEN password_pwned IS NULL THEN 1 END) AS TEXT) FROM users GROUP BY project ORDER BY project",
    ),
    (
        "SELECT CAST(project AS TEXT), label, CAST(sum(users) AS TEXT) FROM label_totals GROUP BY project, label \
         ORDER BY project, label",
        "SELECT CAST(project AS TEXT), label, CAST(count(*) AS TEXT) FROM user_labels GROUP BY project, label \
         ORDER BY project, label",
    ),
];

/// Holds what is kept against what counting gives.
pub async fn totals_are_right(outside: &mut Outside) {
    for (kept, counted) in PAIRS {
        assert_eq!(outside.texts(kept).await, outside.texts(counted).await, "{kept}");
    }
}

/// Runs a statement as an operator may, and looks at the totals after it.
async fn by_hand(outside: &mut Outside, statement: &str) -> u64 {
    let changed = outside.run(statement).await.unwrap();
    totals_are_right(outside).await;
    changed
}

fn with_labels(id: &str, labels: &[&str]) -> User {
    User { labels: json!(labels).to_string(), ..plain(id) }
}

async fn insert(app: &TestApp, project: ProjectKey, user: User) -> Result<User> {
    app.store().write(move |tx| Box::pin(async move { users::insert(tx, project, user, None).await })).await
}

/// Changes a user as an endpoint does.
async fn change<F>(app: &TestApp, project: ProjectKey, id: String, work: F) -> Result<()>
where
    F: FnOnce(&mut User) + Send + 'static,
{
    app.store()
        .write(move |tx| {
            Box::pin(async move {
                let before = users::lock(tx, project, &id).await?.unwrap();
                let mut user = before.clone();
                work(&mut user);
                users::save(tx, project, &before, &mut user, before.updated_at, None).await
            })
        })
        .await
}

async fn delete(app: &TestApp, project: ProjectKey, id: String) -> Result<()> {
    app.store()
        .write(move |tx| {
            Box::pin(async move {
                let user = users::lock(tx, project, &id).await?.unwrap();
                users::delete(tx, project, &user).await
            })
        })
        .await
}

/// The totals of the lists of users with these queries.
async fn listed(app: &TestApp, project: &str, key: &str) -> Vec<i64> {
    let mut totals = Vec::new();
    for query in QUERIES {
        let query: Vec<Value> = query
            .iter()
            .map(|(method, attribute, values)| {
                let values: Value = serde_json::from_str(values).unwrap();
                json!({"method": method, "attribute": attribute, "values": values})
            })
            .collect();
        totals.push(app.caller(project, key).list("/v1/users", &query).await.expect(200)["total"].as_i64().unwrap());
    }
    totals
}

type Query = &'static [(&'static str, &'static str, &'static str)];

/// Every form whose total is kept, and forms beside them that are counted.
const QUERIES: [Query; 22] = [
    &[],
    &[("equal", "status", "[true]")],
    &[("equal", "status", "[false]")],
    &[("equal", "status", "[true, false]")],
    &[("notEqual", "status", "[true]")],
    &[("notEqual", "status", "[false]")],
    &[("equal", "emailVerification", "[true]")],
    &[("equal", "phoneVerification", "[false]")],
    &[("equal", "impersonator", "[true]")],
    &[("equal", "passwordPwned", "[true]")],
    &[("equal", "passwordPwned", "[false]")],
    &[("equal", "passwordPwned", "[true, false]")],
    &[("notEqual", "passwordPwned", "[true]")],
    &[("isNull", "passwordPwned", "[]")],
    &[("isNotNull", "passwordPwned", "[]")],
    &[("contains", "labels", "[\"vip\"]")],
    &[("contains", "labels", "[\"VIP\"]")],
    &[("contains", "labels", "[\"vip\", \"beta\"]")],
    &[("containsAll", "labels", "[\"vip\", \"beta\"]")],
    &[("notContains", "labels", "[\"vip\"]")],
    &[("equal", "status", "[true]"), ("equal", "emailVerification", "[true]")],
    &[("equal", "status", "[true]"), ("contains", "labels", "[\"vip\"]")],
];

both! {
    async fn kept_totals_follow_every_change_of_the_api(app) {
        let mut outside = Outside::of(app).await;
        let admin = app.admin();
        totals_are_right(&mut outside).await;
        for id in ["anna", "ben", "cleo"] {
            app.user(id, json!({"email": format!("{id}@example.org"), "phone": null})).await;
            totals_are_right(&mut outside).await;
        }
        // What is refused counts nobody.
        admin.post("/v1/users", &json!({"userId": "anna"})).await.fails(409, "user_already_exists", "");
        totals_are_right(&mut outside).await;
        for (path, body) in [
            ("labels", json!({"labels": ["vip", "beta"]})),
            ("labels", json!({"labels": ["beta", "gold"]})),
            ("status", json!({"status": false})),
            ("status", json!({"status": false})),
            ("verification", json!({"emailVerification": true})),
            ("verification/phone", json!({"phoneVerification": true})),
            ("email", json!({"email": "new@example.org"})),
            ("name", json!({"name": "Anna"})),
        ] {
            let method = if path == "labels" { axum::http::Method::PUT } else { axum::http::Method::PATCH };
            admin.request(method, &format!("/v1/users/anna/{path}"), body.to_string()).await.expect(200);
            totals_are_right(&mut outside).await;
        }
        let labels = outside.text("SELECT count(DISTINCT label) || '' FROM label_totals").await;
        assert_eq!(labels, "2", "a label that nobody has any more has no row");
        admin.put("/v1/users/ben/labels", &json!({"labels": ["gold"]})).await.expect(200);
        totals_are_right(&mut outside).await;
        for (id, left) in [("anna", 2), ("ben", 1), ("cleo", 0)] {
            assert_eq!(admin.delete(&format!("/v1/users/{id}")).await.status, 204);
            totals_are_right(&mut outside).await;
            assert_eq!(admin.get("/v1/users").await.expect(200)["total"], left);
        }
        assert_eq!(outside.text("SELECT count(*) || '' FROM label_totals").await, "0");
    }

    async fn kept_totals_follow_what_operators_write(app) {
        let (project, other) = (app.project(PROJECT).await.key, app.new_project("other").await.key);
        let mut outside = Outside::of(app).await;
        for project in [project, other] {
            for n in 0..40 {
                let labels: &[&str] = [&[][..], &["vip"], &["beta", "vip"]][n % 3];
                let user = User {
                    password_pwned: [None, Some(true), Some(false)][n % 3],
                    impersonator: n % 7 == 0,
                    ..with_labels(&format!("user{n}"), labels)
                };
                insert(app, project, user).await.unwrap();
            }
        }
        totals_are_right(&mut outside).await;
        for (statement, changed) in [
            ("UPDATE users SET email_verified = TRUE", 80),
            ("UPDATE users SET password_pwned = NULL WHERE password_pwned", 26),
            ("UPDATE users SET password_pwned = TRUE WHERE password_pwned IS NULL", 54),
            ("UPDATE users SET status = FALSE, phone_verified = TRUE, impersonator = FALSE WHERE id LIKE '%1'", 8),
            ("UPDATE users SET name = 'x', prefs = '{}', updated_at = 7", 80),
            ("DELETE FROM user_labels WHERE label = 'vip' AND user_seq % 2 = 0", 26),
            ("INSERT INTO user_labels (project, label, user_seq) SELECT project, 'new', seq FROM users", 80),
            ("DELETE FROM users WHERE id IN ('user0', 'user1', 'user2')", 6),
            ("DELETE FROM user_labels WHERE label = 'new'", 74),
        ] {
            assert_eq!(by_hand(&mut outside, statement).await, changed, "{statement}");
        }
        assert_eq!(outside.text("SELECT count(*) || '' FROM label_totals WHERE label = 'new'").await, "0");
        // A project that the program removes, and one that goes by its foreign keys alone.
        app.write(move |tx| Box::pin(async move { projects::delete(tx, other).await })).await;
        totals_are_right(&mut outside).await;
        let number = project.number();
        let kept = format!("SELECT count(DISTINCT project) || '' FROM user_totals WHERE project = {number}");
        assert_eq!(outside.text(&kept).await, "1", "the other project is as it was");
        assert_eq!(by_hand(&mut outside, "DELETE FROM projects").await, 1);
        for table in ["user_totals", "label_totals", "users"] {
            assert_eq!(outside.text(&format!("SELECT count(*) || '' FROM {table}")).await, "0", "{table}");
        }
    }

    async fn a_list_tells_the_kept_total_as_it_would_the_counted_one(app) {
        let (project, other) = (app.project(PROJECT).await.key, app.new_project("other").await.key);
        for (project, count) in [(project, 60), (other, 7)] {
            for n in 0..count {
                let labels: &[&str] = [&[][..], &["vip"], &["beta", "vip"], &["VIP"], &["beta"]][n % 5];
                let user = User {
                    status: n % 4 > 0,
                    email_verified: n % 2 > 0,
                    phone_verified: n % 3 > 0,
                    password_pwned: [None, Some(true), Some(false), None][n % 4],
                    impersonator: n % 6 == 0,
                    ..with_labels(&format!("user{n}"), labels)
                };
                insert(app, project, user).await.unwrap();
            }
        }
        let key = app.new_key("other", &usher::access::Scope::ALL).await;
        assert_eq!(
            listed(app, PROJECT, app.admin_key()).await,
            [60, 45, 15, 60, 15, 45, 30, 20, 10, 15, 15, 30, 15, 30, 30, 24, 12, 36, 12, 36, 30, 18]
        );
        assert_eq!(
            listed(app, "other", &key).await,
            [7, 5, 2, 7, 2, 5, 3, 3, 2, 2, 2, 4, 2, 3, 4, 3, 1, 4, 1, 4, 3, 3]
        );
    }

    /// Makes, changes and removes users side by side: nobody waits for ever, and nothing is lost.
    async fn kept_totals_are_right_after_everything_at_once(app) {
        let project = app.project(PROJECT).await.key;
        for n in 0..96 {
            let labels: &[&str] = [&["a", "b"][..], &["b"], &["c", "a"]][n % 3];
            insert(app, project, with_labels(&format!("old{n}"), labels)).await.unwrap();
        }
        let made = (0..96).map(|n| {
            let labels: &[&str] = [&["b", "a"][..], &["a", "b", "c"], &[]][n % 3];
            let user = with_labels(&format!("new{n}"), labels);
            async move { insert(app, project, user).await.map(drop) }
        });
        let labelled = (0..48).map(|n| {
            change(app, project, format!("old{n}"), move |user| {
                user.labels = [r#"["b","a"]"#, r#"["a"]"#, r#"["c","b"]"#, "[]"][n % 4].into();
            })
        });
        let blocked = (24..72).map(|n| {
            change(app, project, format!("old{n}"), |user| {
                user.status = false;
                user.email_verified = !user.email_verified;
            })
        });
        let gone = (72..96).map(|n| delete(app, project, format!("old{n}")));
        let done = tokio::join!(try_join_all(made), try_join_all(labelled), try_join_all(blocked), join_all(gone));
        done.0.unwrap();
        done.1.unwrap();
        done.2.unwrap();
        assert!(done.3.iter().all(Result::is_ok));
        totals_are_right(&mut Outside::of(app).await).await;
        let answer = app.admin().get("/v1/users?queries[]=equal('status',false)").await.expect(200);
        assert_eq!(answer["total"], 48);
    }
}
