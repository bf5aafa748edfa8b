//! How much a project is used, in both shapes.

use serde_json::{Value, json};
use usher::access::Scope;
use usher::clock::Millis;
use usher::store::logs::{self, Log};

use super::crud::{add_sessions, session};
use crate::store::schema::{Outside, TIME};
use crate::support::{PROJECT, TestApp, both};

const INVALID: &str = "general_argument_invalid";
const HOUR: i64 = 60 * 60 * 1000;
const DAY: i64 = 24 * HOUR;

const OLD: [&str; 8] = [
    "usersCount",
    "usersCreate",
    "usersRead",
    "usersUpdate",
    "usersDelete",
    "sessionsCreate",
    "sessionsProviderCreate",
    "sessionsDelete",
];

/// The piece in which the tests are, by how long it is.
fn present(each: i64) -> i64 {
    TIME.0 / each * each
}

/// Points whose values are 0, but for some at so many pieces before the present one.
fn points(count: i64, each: i64, values: &[(i64, i64)]) -> Value {
    let points = (0..count).rev().map(|ago| {
        let value = values.iter().find(|(known, _)| *known == ago).map_or(0, |(_, value)| *value);
        json!({"value": value, "date": Millis(present(each) - ago * each).to_string()})
    });
    points.collect()
}

async fn usage(app: &TestApp, query: &str) -> Value {
    app.admin().get(&format!("/v1/users/usage{query}")).await.expect(200)
}

async fn old(app: &TestApp, query: &str) -> Value {
    app.admin().format("1.4.0").get(&format!("/v1/users/usage{query}")).await.expect(200)
}

/// A user who was made, with a session that was begun, at this time.
async fn made(app: &TestApp, id: &str, at: i64, provider: &str) {
    app.user(id, json!({})).await;
    let begun = usher::store::sessions::Session { provider: provider.into(), ..session(id, id) };
    add_sessions(app, vec![begun]).await;
    let mut outside = Outside::of(app).await;
    for table in ["users", "sessions"] {
        let set = format!("UPDATE {table} SET created_at = {at} WHERE id = '{id}'");
        assert_eq!(outside.run(&set).await.unwrap(), 1);
    }
}

/// Forgets what the log holds, and writes down events at these times.
async fn logged(app: &TestApp, rows: &'static [(&'static str, i64)]) {
    Outside::of(app).await.run("DELETE FROM logs").await.unwrap();
    let project = app.project(PROJECT).await.key;
    app.write(move |tx| {
        Box::pin(async move {
            for (event, time) in rows {
                let log =
                    Log { event: (*event).to_owned(), time: Millis(*time), ..crate::store::schema::rows::log("u") };
                logs::insert(tx, project, &log).await?;
            }
            Ok(())
        })
    })
    .await;
}

both! {
    async fn users_and_sessions_are_counted_by_the_day_and_by_the_hour(app) {
        let nothing = json!({
            "range": "30d", "usersTotal": 0, "sessionsTotal": 0, "users": points(30, DAY, &[]), "sessions": points(30, DAY, &[])
        });
        let answer = app.admin().get("/v1/users/usage").await;
        assert_eq!((answer.status, answer.text), (200, nothing.to_string()));
        let today = present(DAY);
        for (id, at) in [
            ("now", TIME.0), ("first-today", today), ("last-yesterday", today - 1), ("first-of-24h", present(HOUR) - 23 * HOUR),
            ("before-24h", present(HOUR) - 23 * HOUR - 1), ("first-of-30d", today - 29 * DAY), ("before-30d", today - 29 * DAY - 1),
            ("first-of-90d", today - 89 * DAY), ("before-90d", today - 89 * DAY - 1), ("long-ago", 0),
            // Of a clock that is ahead.
            ("tomorrow", today + 2 * DAY),
        ] {
            made(app, id, at, "email").await;
        }
        for (range, values, count, each) in [
            ("24h", vec![(0, 2), (3, 1), (4, 1), (23, 1)], 24, HOUR),
            ("30d", vec![(0, 3), (1, 3), (29, 1)], 30, DAY),
            ("90d", vec![(0, 3), (1, 3), (29, 1), (30, 1), (89, 1)], 90, DAY),
        ] {
            let points = points(count, each, &values);
            let expected = json!({
                "range": range, "usersTotal": 11, "sessionsTotal": 11, "users": points, "sessions": points
            });
            assert_eq!(usage(app, &format!("?range={range}")).await, expected, "{range}");
        }
        assert_eq!(usage(app, "").await, usage(app, "?range=30d").await);
        for format in ["1.5.0", "1.9.0", "2.6.2"] {
            let answer = app.admin().format(format).get("/v1/users/usage").await.expect(200);
            assert_eq!(answer, usage(app, "").await, "{format}");
        }
        // Nothing of another project counts, and nothing that is there no more.
        app.new_project("other").await;
        let key = app.new_key("other", &[Scope::UsersRead]).await;
        assert_eq!(app.caller("other", &key).get("/v1/users/usage").await.expect(200), nothing);
        app.admin().delete("/v1/users/first-today").await.expect(204);
        let fewer = usage(app, "").await;
        assert_eq!((&fewer["usersTotal"], &fewer["sessionsTotal"]), (&json!(10), &json!(10)));
        assert_eq!((&fewer["users"][29]["value"], &fewer["sessions"][29]["value"]), (&json!(2), &json!(2)));
    }

    async fn old_clients_get_eight_lists(app) {
        let today = present(DAY);
        for (id, ago, provider) in
            [("a", 0, "email"), ("b", 0, "anonymous"), ("c", 1, "google"), ("d", 6, "email"), ("e", 7, "email"), ("f", 89, "email")]
        {
            made(app, id, today - ago * DAY, provider).await;
        }
        logged(
            app,
            &[
                ("user.update", TIME.0), ("verification.update", TIME.0), ("user.update", TIME.0 - DAY), ("user.delete", TIME.0),
                ("session.delete", TIME.0 - 2 * DAY), ("session.create", TIME.0), ("user.create", TIME.0),
                ("user.update", TIME.0 - 100 * DAY),
            ],
        )
        .await;
        let week = old(app, "?range=7d").await;
        let names: Vec<&String> = week.as_object().unwrap().keys().collect();
        assert_eq!(names, [&["range"][..], &OLD].concat());
        let made = points(7, DAY, &[(0, 2), (1, 1), (6, 1)]);
        let expected = json!({
            "range": "7d",
            "usersCount": points(7, DAY, &[(6, 3), (5, 3), (4, 3), (3, 3), (2, 3), (1, 4), (0, 6)]),
            "usersCreate": made,
            "usersRead": points(7, DAY, &[]),
            "usersUpdate": points(7, DAY, &[(0, 2), (1, 1)]),
            "usersDelete": points(7, DAY, &[(0, 1)]),
            "sessionsCreate": made,
            "sessionsProviderCreate": made,
            "sessionsDelete": points(7, DAY, &[(2, 1)]),
        });
        assert_eq!(week, expected);
        for (provider, values) in [
            ("email", &[(0, 1), (6, 1)][..]), ("anonymous", &[(0, 1)]), ("oauth-google", &[(1, 1)]), ("oauth-Google", &[(1, 1)]),
            ("oauth-github", &[]),
        ] {
            let found = old(app, &format!("?range=7d&provider={provider}")).await;
            assert_eq!(found["sessionsProviderCreate"], points(7, DAY, values), "{provider}");
            assert_eq!(found["sessionsCreate"], made, "{provider}");
        }
        for (range, count) in [("", 30), ("?range=24h", 24), ("?range=30d", 30), ("?range=90d", 90)] {
            let found = old(app, range).await;
            assert!(OLD.iter().all(|name| found[name].as_array().unwrap().len() == count), "{range}: {found}");
        }
        let quarter = old(app, "?range=90d").await;
        assert_eq!((&quarter["usersCount"][0]["value"], &quarter["usersCount"][89]["value"]), (&json!(1), &json!(6)));
        // What is really done is counted.
        app.admin().patch("/v1/users/a/name", &json!({"name": "A"})).await.expect(200);
        app.admin().delete("/v1/users/a/sessions").await.expect(204);
        app.admin().delete("/v1/users/b").await.expect(204);
        let hours = old(app, "?range=24h").await;
        let last = |name: &str| hours[name][23]["value"].as_i64().unwrap();
        assert_eq!((last("usersUpdate"), last("usersDelete"), last("sessionsDelete")), (3, 2, 1));
        assert_eq!(last("usersCount"), 5);
    }

    async fn what_is_no_range_is_refused(app) {
        for wrong in ["", "1h", "7", "30D", "24h%20", "all", "%00"] {
            for format in ["1.4.0", "2.6.2"] {
                let answer = app.admin().format(format).get(&format!("/v1/users/usage?range={wrong}")).await;
                answer.fails(400, INVALID, "`range`");
            }
        }
        app.admin().get("/v1/users/usage?range=7d").await.fails(400, INVALID, "`range`");
        app.admin().get("/v1/users/usage?range[]=24h").await.fails(400, INVALID, "`range`");
        for wrong in ["", "google", "oauth-", "phone", "oauth"] {
            let answer = app.admin().format("1.4.0").get(&format!("/v1/users/usage?provider={wrong}")).await;
            answer.fails(400, INVALID, "`provider`");
        }
        let writer = app.new_key(PROJECT, &[Scope::UsersWrite]).await;
        let answer = app.caller(PROJECT, &writer).get("/v1/users/usage").await;
        answer.fails(401, "general_unauthorized_scope", "users.read");
        app.guest().get("/v1/users/usage").await.fails(401, "general_unauthorized_scope", "");
    }
}
