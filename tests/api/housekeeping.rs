//! What has ended is removed: exactly that, in small pieces, by one server at a time.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use usher::app::App;
use usher::clock::Millis;
use usher::housekeeping::{self, APART, Removed, run_once};
use usher::store::logs::{self, Log};
use usher::store::sessions::{self, Session};
use usher::store::tokens::{self, Token};
use usher::store::{Engine, ProjectKey, Result, Tx, Work, attempts, jobs, users};

use crate::store::schema::{Outside, new_user, session, token};
use crate::support::{NOW, PROJECT, TestApp, both};
use crate::users::mfa;

const MOMENT: Duration = Duration::from_millis(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What a test waits for at most; everything here takes far less.
const DEADLINE: Duration = Duration::from_secs(60);

/// The tables that are tidied up, each with the column that names its rows and the one that says when they are over.
const TABLES: [(&str, &str, &str); 5] = [
    ("sessions", "id", "expire"),
    ("tokens", "id", "expire"),
    ("challenges", "id", "expire"),
    ("attempts", "bucket", "reset"),
    ("logs", "actor_id", "time"),
];

fn now() -> Millis {
    Millis::parse(NOW).unwrap()
}

/// As many challenges as tokens.
fn removed(sessions: u64, tokens: u64, attempts: u64, logs: u64) -> Option<Removed> {
    Some(Removed { sessions, tokens, challenges: tokens, attempts, logs })
}

async fn once(app: &App) -> Option<Removed> {
    run_once(app).await.unwrap()
}

/// A row of the log, whose actor bears the name of the row.
fn log(name: &str, time: Millis) -> Log {
    Log {
        seq: 0,
        user_id: "anna".into(),
        event: "user.update".into(),
        mode: "default".into(),
        actor_type: "keyProject".into(),
        actor_id: name.into(),
        actor_name: String::new(),
        actor_email: String::new(),
        ip: String::new(),
        user_agent: String::new(),
        time,
    }
}

/// Stores one row of each kind under this name, of a user `anna` who is there: what has an end, ends at `end`, and the
/// row of the log is of `time`.
async fn add(app: &TestApp, project: ProjectKey, name: &'static str, end: Millis, time: Millis) {
    app.write(move |tx| {
        Box::pin(async move {
            if users::find(tx.on(), project, "anna").await?.is_none() {
                users::insert(tx, project, new_user("anna"), None).await?;
            }
            sessions::insert(tx, project, &Session { expire: end, ..session(name, "anna", name) }).await?;
            tokens::insert(tx, project, &Token { expire: end, ..token(name, "anna") }).await?;
            attempts::add(tx, project, name, end, end).await?;
            logs::insert(tx, project, &log(name, time)).await
        })
    })
    .await;
    let code = mfa::bytes(app, b"sealed");
    let insert = format!(
        "INSERT INTO challenges (project, id, user_id, created_at, expire, factor, code) \
         VALUES ({}, '{name}', 'anna', 0, {}, 'custom', {code})",
        project.number(),
        end.0
    );
    assert_eq!(Outside::of(app).await.run(&insert).await.unwrap(), 1);
}

/// The names of the rows that a table has of a project.
async fn left(outside: &mut Outside, project: ProjectKey, table: &str) -> Vec<String> {
    let (table, name, _) = TABLES.into_iter().find(|(known, ..)| *known == table).unwrap();
    let select = format!("SELECT {name} FROM {table} WHERE project = {} ORDER BY {name}", project.number());
    outside.texts(&select).await.into_iter().map(|mut row| row.remove(0)).collect()
}

/// Adds many rows to a table that are over at the same moment.
async fn crowd(outside: &mut Outside, project: ProjectKey, table: &str, rows: u64, time: Millis) {
    let code = match outside {
        Outside::Sqlite(_) => "'c' || n, 'anna', 0, $time, 'custom', X'00'",
        Outside::Postgres(_) => "'c' || n, 'anna', 0, $time, 'custom', CAST('\\x00' AS BYTEA)",
    };
    let (columns, values) = match table {
        "sessions" => (
            "id, user_id, created_at, updated_at, expire, provider, provider_uid, digest, ip, user_agent, factors",
            "'s' || n, 'anna', 0, 0, $time, 'email', '', 'd' || n, '', '', '[]'",
        ),
        "tokens" => ("id, user_id, created_at, expire, digest, attempts", "'t' || n, 'anna', 0, $time, 'd' || n, 0"),
        "challenges" => ("id, user_id, created_at, expire, factor, code", code),
        "attempts" => ("bucket, reset, count", "'b' || n, $time, 1"),
        _ => (
            "user_id, event, mode, actor_type, actor_id, actor_name, actor_email, ip, user_agent, time",
            "'anna', 'user.update', 'default', 'user', 'a' || n, '', '', '', '', $time",
        ),
    };
    let values = values.replace("$time", &time.0.to_string());
    let insert = format!(
        "WITH RECURSIVE rows(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM rows WHERE n < {rows}) \
         INSERT INTO {table} (project, {columns}) SELECT {}, {values} FROM rows",
        project.number()
    );
    assert_eq!(outside.run(&insert).await.unwrap(), rows);
}

async fn count(outside: &mut Outside, table: &str) -> u64 {
    outside.text(&format!("SELECT CAST(count(*) AS TEXT) FROM {table}")).await.parse().unwrap()
}

/// Another server on the same database.
async fn second(app: &TestApp) -> Arc<App> {
    App::open(app.app.config.clone()).await.unwrap()
}

/// Everything that the API shows of the users of the project.
async fn shown(app: &TestApp) -> Vec<Value> {
    let mut shown = Vec::new();
    for path in ["/v1/users", "/v1/users/identities", "/v1/users/anna/memberships", "/v1/users/anna/prefs"] {
        shown.push(app.admin().get(path).await.expect(200));
    }
    shown
}

type Batch = for<'t> fn(&'t mut Tx, ProjectKey, Millis) -> Work<'t, Result<u64>>;

/// The batches of the tables.
const BATCHES: [(&str, Batch); 5] = [
    ("sessions", |tx, project, until| Box::pin(sessions::delete_ended(tx, project, until))),
    ("tokens", |tx, project, until| Box::pin(tokens::delete_ended(tx, project, until))),
    ("challenges", |tx, project, until| Box::pin(usher::store::mfa::delete_ended(tx, project, until))),
    ("attempts", |tx, project, until| Box::pin(attempts::delete_ended(tx, project, until))),
    ("logs", |tx, project, until| Box::pin(logs::delete_old(tx, project, until))),
];

both! {
    /// What ends now has ended, since it serves as long as its end lies ahead.
    async fn what_has_ended_goes_and_what_has_a_moment_left_stays(app) {
        app.user("anna", json!({"email": "anna@example.org", "phone": "+4915112345678"})).await;
        app.admin().put("/v1/users/anna/labels", &json!({"labels": ["vip"]})).await.expect(200);
        let project = app.project(PROJECT).await.key;
        let old = now().minus(14 * DAY);
        add(app, project, "before", now().minus(MOMENT), old.minus(MOMENT)).await;
        add(app, project, "now", now(), old).await;
        add(app, project, "after", now().plus(MOMENT), old.plus(MOMENT)).await;
        add(app, project, "never", Millis::parse("9999-12-31T23:59:59.999+00:00").unwrap(), now().plus(DAY)).await;
        add(app, project, "long ago", Millis(0), Millis(0)).await;
        let before = shown(app).await;
        let mut outside = Outside::of(app).await;
        let keys = count(&mut outside, "api_keys").await;

        assert_eq!(app.admin().get("/v1/users/anna/sessions").await.ids("sessions"), ["after", "never"]);
        assert_eq!(once(&app.app).await, removed(3, 3, 3, 3));
        for table in ["sessions", "tokens", "challenges", "attempts"] {
            assert_eq!(left(&mut outside, project, table).await, ["after", "never"], "{table}");
        }
        let logged = left(&mut outside, project, "logs").await;
        let logged: Vec<&str> = logged.iter().map(String::as_str).filter(|name| name.len() < 20).collect();
        assert_eq!(logged, ["after", "never"]);
        // And the two rows that the API wrote just now.
        assert_eq!(count(&mut outside, "logs").await, 4);
        assert_eq!(shown(app).await, before);
        assert_eq!(count(&mut outside, "api_keys").await, keys);
        assert_eq!(app.admin().get("/v1/users/anna/sessions").await.ids("sessions"), ["after", "never"]);

        // The next time takes what has ended since then.
        app.app.clock.advance(APART);
        assert_eq!(once(&app.app).await, removed(1, 1, 1, 1));
        for (table, ..) in TABLES {
            assert!(left(&mut outside, project, table).await.contains(&"never".to_owned()), "{table}");
        }
    }

    async fn where_nothing_has_ended_nothing_is_removed(app) {
        assert_eq!(once(&app.app).await, removed(0, 0, 0, 0));
        app.app.clock.advance(APART);
        let project = app.project(PROJECT).await.key;
        add(app, project, "live", now().plus(DAY), now()).await;
        assert_eq!(once(&app.app).await, removed(0, 0, 0, 0));
        let mut outside = Outside::of(app).await;
        for (table, ..) in TABLES {
            assert_eq!(left(&mut outside, project, table).await, ["live"], "{table}");
        }
    }

    async fn a_log_that_is_kept_for_ever_is_kept(app, "USHER_LOG_RETENTION" = "0") {
        let project = app.project(PROJECT).await.key;
        add(app, project, "old", Millis(0), Millis(0)).await;
        assert_eq!(once(&app.app).await, removed(1, 1, 1, 0));
        assert_eq!(left(&mut Outside::of(app).await, project, "logs").await, ["old"]);
    }

    async fn a_log_is_kept_as_long_as_it_was_asked_for(app, "USHER_LOG_RETENTION" = "30") {
        let project = app.project(PROJECT).await.key;
        let end = now().plus(DAY);
        add(app, project, "after two weeks", end, now().minus(14 * DAY)).await;
        add(app, project, "young enough", end, now().minus(30 * DAY).plus(MOMENT)).await;
        add(app, project, "too old", end, now().minus(30 * DAY)).await;
        assert_eq!(once(&app.app).await, removed(0, 0, 0, 1));
        assert_eq!(left(&mut Outside::of(app).await, project, "logs").await, ["after two weeks", "young enough"]);
    }

    async fn what_has_ended_is_kept_as_long_as_it_was_asked_for(
        app, "USHER_SESSION_RETENTION" = "2", "USHER_TOKEN_RETENTION" = "3"
    ) {
        let project = app.project(PROJECT).await.key;
        for (name, ago) in [("one", 1), ("two", 2), ("three", 3), ("four", 4)] {
            add(app, project, name, now().minus(ago * DAY), now()).await;
        }
        add(app, project, "live", now().plus(MOMENT), now()).await;
        let mut outside = Outside::of(app).await;
        let removed = once(&app.app).await.unwrap();
        assert_eq!((removed.sessions, removed.tokens, removed.challenges, removed.attempts), (3, 2, 2, 4));
        assert_eq!(left(&mut outside, project, "sessions").await, ["live", "one"]);
        for table in ["tokens", "challenges"] {
            assert_eq!(left(&mut outside, project, table).await, ["live", "one", "two"], "{table}");
        }
    }

    /// What is kept for the operator is there for nobody else.
    async fn what_is_kept_beyond_its_end_serves_nobody(
        app, "USHER_SESSION_RETENTION" = "30", "USHER_TOKEN_RETENTION" = "30"
    ) {
        app.user("anna", json!({})).await;
        app.set(|settings| (settings.session_duration, settings.sessions_limit) = (60, 2)).await;
        let admin = app.admin();
        let secret = |session: &Value| session["secret"].as_str().unwrap().to_owned();
        let ended = admin.post("/v1/users/anna/sessions", &json!({})).await.expect(201);
        let jwt = admin.post("/v1/users/anna/jwts", &json!({"duration": 3600})).await.expect(201);
        let token = admin.post("/v1/users/anna/tokens", &json!({"expire": 60})).await.expect(201);
        app.app.clock.advance(Duration::from_secs(60));
        let guest = || app.guest().header("x-appwrite-project", PROJECT);
        let old = guest().header("x-appwrite-session", &secret(&ended));
        old.get("/v1/account").await.fails(401, "general_unauthorized_scope", "");
        let old = guest().header("x-appwrite-jwt", jwt["jwt"].as_str().unwrap());
        old.get("/v1/account").await.fails(401, "general_unauthorized_scope", "");
        let exchange = json!({"userId": "anna", "secret": token["secret"]});
        guest().post("/v1/account/sessions/token", &exchange).await.fails(401, "user_invalid_token", "");
        let path = "/v1/users/anna/sessions";
        assert_eq!(admin.get(path).await.json, json!({"total": 0, "sessions": []}));
        let one = format!("{path}/{}", ended["$id"].as_str().unwrap());
        admin.delete(&one).await.fails(404, "user_session_not_found", "");
        assert_eq!(admin.get("/v1/users/usage").await.expect(200)["sessionsTotal"], 0);
        // Two may live beside those that are over.
        for _ in 0..2 {
            let token = admin.post("/v1/users/anna/tokens", &json!({})).await.expect(201);
            let exchange = json!({"userId": "anna", "secret": token["secret"]});
            guest().post("/v1/account/sessions/token", &exchange).await.expect(201);
        }
        assert_eq!(admin.get(path).await.json["total"], 2);
        assert_eq!(count(&mut Outside::of(app).await, "sessions").await, 3);
        // Whoever ends all of them ends those too.
        admin.delete(path).await.expect(204);
        assert_eq!(count(&mut Outside::of(app).await, "sessions").await, 0);
    }

    async fn every_project_is_tidied_up_also_one_whose_settings_nobody_can_read(app) {
        let other = app.new_project("other").await.key;
        let project = app.project(PROJECT).await.key;
        for project in [project, other] {
            add(app, project, "old", now(), Millis(0)).await;
            add(app, project, "live", now().plus(MOMENT), now()).await;
        }
        let mut outside = Outside::of(app).await;
        outside.run("UPDATE projects SET settings = 'no JSON' WHERE id = 'demo'").await.unwrap();
        assert_eq!(once(&app.app).await, removed(2, 2, 2, 2));
        for project in [project, other] {
            for (table, ..) in TABLES {
                assert_eq!(left(&mut outside, project, table).await, ["live"], "{table}");
            }
        }
    }

    async fn a_batch_is_of_one_project_and_of_a_thousand_rows_at_most(app) {
        let (project, other) = (app.project(PROJECT).await.key, app.new_project("other").await.key);
        let mut outside = Outside::of(app).await;
        for project in [project, other] {
            add(app, project, "live", Millis(2000), Millis(2000)).await;
            for (table, ..) in TABLES {
                crowd(&mut outside, project, table, 2001, Millis(1000)).await;
            }
        }
        for (table, batch) in BATCHES {
            for expected in [1000, 1000, 1, 0] {
                let rows = app.write(move |tx| batch(tx, project, Millis(1000))).await;
                assert_eq!(rows, expected, "{table}");
            }
            assert_eq!(left(&mut outside, project, table).await, ["live"], "{table}");
            assert_eq!(left(&mut outside, other, table).await.len(), 2002, "{table}");
        }
    }

    /// So that what waits longest never waits for ever.
    async fn of_many_rows_the_oldest_go_first(app) {
        let project = app.project(PROJECT).await.key;
        add(app, project, "second", Millis(2000), Millis(2000)).await;
        let mut outside = Outside::of(app).await;
        for (table, ..) in TABLES {
            crowd(&mut outside, project, table, 1000, Millis(3000)).await;
        }
        add(app, project, "first", Millis(1000), Millis(1000)).await;
        for (table, batch) in BATCHES {
            assert_eq!(app.write(move |tx| batch(tx, project, Millis(5000))).await, 1000, "{table}");
            let left = left(&mut outside, project, table).await;
            assert_eq!(left.len(), 2, "{table}");
            assert!(!left.iter().any(|name| name == "first" || name == "second"), "{table}: {left:?}");
        }
    }

    async fn as_many_batches_are_removed_as_there_are(app) {
        let project = app.project(PROJECT).await.key;
        add(app, project, "live", now().plus(MOMENT), now()).await;
        let mut outside = Outside::of(app).await;
        for (table, rows) in [("sessions", 2345), ("tokens", 1000), ("challenges", 1000), ("attempts", 2000), ("logs", 999)] {
            crowd(&mut outside, project, table, rows, Millis(0)).await;
        }
        assert_eq!(once(&app.app).await, removed(2345, 1000, 2000, 999));
        for (table, ..) in TABLES {
            assert_eq!(left(&mut outside, project, table).await, ["live"], "{table}");
        }
    }

    async fn of_servers_that_come_together_one_does_it(app) {
        let project = app.project(PROJECT).await.key;
        let other = second(app).await;
        for name in ["a", "b", "c", "d", "e"] {
            add(app, project, name, now(), now()).await;
            let tries = (0..8).map(|n| once(if n % 2 == 0 { &app.app } else { &other }));
            let done: Vec<Removed> = join_all(tries).await.into_iter().flatten().collect();
            assert_eq!(done, removed(1, 1, 1, 0).into_iter().collect::<Vec<_>>());
            app.app.clock.advance(APART);
            other.clock.advance(APART);
        }
        other.store.close().await;
    }

    async fn nobody_does_it_again_within_ten_minutes_and_somebody_does_after(app) {
        let project = app.project(PROJECT).await.key;
        let other = second(app).await;
        let advance = |by: Duration| [&app.app, &other].map(|app| app.clock.advance(by));
        assert_eq!(once(&app.app).await, removed(0, 0, 0, 0));
        add(app, project, "old", now(), now()).await;
        advance(APART - MOMENT);
        assert_eq!((once(&app.app).await, once(&other).await), (None, None));
        assert_eq!(left(&mut Outside::of(app).await, project, "sessions").await, ["old"]);
        advance(MOMENT);
        assert_eq!(once(&other).await, removed(1, 1, 1, 0));
        assert_eq!((once(&app.app).await, once(&other).await), (None, None));
        // The ten minutes count from the last beginning, not from the first.
        advance(APART - MOMENT);
        assert_eq!((once(&app.app).await, once(&other).await), (None, None));
        advance(MOMENT);
        assert_eq!(once(&app.app).await, removed(0, 0, 0, 0));
        other.store.close().await;
    }

    async fn jobs_are_claimed_each_by_itself(app) {
        let claim = async |name: &'static str, at: i64| {
            app.write(move |tx| Box::pin(jobs::claim(tx, name, Millis(at), Duration::from_millis(10)))).await
        };
        assert!(claim("a", 100).await);
        assert!(!claim("a", 100).await && !claim("a", 109).await);
        assert!(claim("b", 109).await);
        assert!(claim("a", 110).await && !claim("a", 119).await);
        assert!(!claim("b", 118).await && claim("b", 119).await);
        // A clock that is a little behind the one of who was last waits all the same.
        assert!(!claim("b", 110).await);
        // A beginning that lies further ahead is none: a clock was wrong.
        assert!(claim("a", 1_000_000).await);
        assert!(!claim("a", 999_990).await && claim("a", 120).await);
        assert!(!claim("a", 129).await && claim("a", 130).await);
    }

    async fn what_fails_is_tried_again_when_it_is_time(app) {
        let project = app.project(PROJECT).await.key;
        add(app, project, "old", now(), now()).await;
        let mut outside = Outside::of(app).await;
        outside.run("ALTER TABLE tokens RENAME TO elsewhere").await.unwrap();
        assert_eq!(once(&app.app).await, removed(1, 0, 0, 0));
        // What came before the failure is done, and what comes after it is not.
        assert_eq!(left(&mut outside, project, "sessions").await, [""; 0]);
        assert_eq!(left(&mut outside, project, "attempts").await, ["old"]);
        outside.run("ALTER TABLE elsewhere RENAME TO tokens").await.unwrap();
        assert_eq!(once(&app.app).await, None);
        app.app.clock.advance(APART);
        assert_eq!(once(&app.app).await, removed(0, 1, 1, 0));
    }

    async fn it_goes_on_by_itself_also_after_a_failure(app) {
        let project = app.project(PROJECT).await.key;
        let mut outside = Outside::of(app).await;
        let running = tokio::spawn(housekeeping::run(Arc::clone(&app.app), MOMENT));
        // When the next turn has begun, the one before has ended.
        let turn = async |outside: &mut Outside| {
            app.app.clock.advance(APART);
            let begun = format!("SELECT name FROM jobs WHERE begun_at = {}", app.app.clock.now().0);
            while outside.texts(&begun).await.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        let turns = async {
            turn(&mut outside).await;
            add(app, project, "first", now(), now()).await;
            for _ in 0..2 {
                turn(&mut outside).await;
            }
            for table in ["sessions", "tokens", "challenges", "attempts"] {
                assert_eq!(left(&mut outside, project, table).await, [""; 0], "{table}");
            }
            outside.run("ALTER TABLE tokens RENAME TO elsewhere").await.unwrap();
            for _ in 0..2 {
                turn(&mut outside).await;
            }
            outside.run("ALTER TABLE elsewhere RENAME TO tokens").await.unwrap();
            add(app, project, "second", now(), now()).await;
            for _ in 0..2 {
                turn(&mut outside).await;
            }
            for table in ["sessions", "tokens", "challenges", "attempts"] {
                assert_eq!(left(&mut outside, project, table).await, [""; 0], "{table}");
            }
        };
        tokio::time::timeout(DEADLINE, turns).await.expect("it should have been its turn by now");
        assert!(!running.is_finished());
        running.abort();
        assert!(running.await.unwrap_err().is_cancelled());
    }
}

/// A request that holds some of the rows may want others of them next, so nothing is waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_a_request_is_working_on_are_left_for_the_next_time() {
    let Some(app) = TestApp::postgres(&[]).await else { return };
    assert_eq!(app.engine(), Engine::Postgres);
    let project = app.project(PROJECT).await.key;
    for name in ["free", "held"] {
        add(&app, project, name, now(), Millis(0)).await;
    }
    let mut outside = Outside::of(&app).await;
    outside.run("BEGIN").await.unwrap();
    for (table, name, time) in TABLES {
        let renew = format!("UPDATE {table} SET {time} = {} WHERE {name} = 'held'", now().plus(DAY).0);
        assert_eq!(outside.run(&renew).await.unwrap(), 1);
    }
    let done = tokio::time::timeout(DEADLINE, once(&app.app)).await.expect("it waits for nobody");
    assert_eq!(done, removed(1, 1, 1, 1));
    outside.run("COMMIT").await.unwrap();
    app.app.clock.advance(APART);
    assert_eq!(once(&app.app).await, removed(0, 0, 0, 0));
    for (table, ..) in TABLES {
        assert_eq!(left(&mut outside, project, table).await, ["held"], "{table}");
    }
    drop(outside);
    app.finish().await;
}
