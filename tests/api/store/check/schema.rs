//! `check` compares the schema with what the migrations make, and makes anew what holds no rows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use usher::config::DatabaseUrl;
use usher::secret::Hidden;
use usher::store::{Engine, Store, check};

use super::{look, nothing, people, shown};
use crate::crash::cluster::Cluster;
use crate::store::schema::Outside;
use crate::support::{TestApp, both};

const END: &str = "without these nothing else was looked at";

/// Every index, trigger and function, as the database has it.
const MADE: [&str; 2] = [
    "SELECT type || ' ' || name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY 1",
    "SELECT 'index ' || indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' \
     UNION ALL SELECT 'trigger ' || tgname, pg_get_triggerdef(oid, TRUE) || CAST(tgenabled AS TEXT) FROM pg_trigger WHERE NOT tgisinternal \
     UNION ALL SELECT 'function ' || proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1",
];

/// What there is to drop, with the words by which a check tells that it is missing.
const DROPPED: [&str; 2] = [
    "SELECT 'DROP ' || type || ' ' || name, tbl_name || ': the ' || type || ' ' || name || ' is missing' \
     FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL",
    // Foreign keys hang on two of the indexes.
    "SELECT 'DROP INDEX ' || indexname, tablename || ': the index ' || indexname || ' is missing' \
     FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE '%_pkey' \
     AND indexname NOT IN ('users_id_key', 'teams_id_key') \
     UNION ALL SELECT 'DROP FUNCTION ' || proname || ' CASCADE', 'the function ' || proname || '() is missing' \
     FROM pg_proc WHERE pronamespace = 'public'::regnamespace \
     UNION ALL SELECT '', tgrelid::regclass::text || ': the trigger ' || tgname || ' is missing' \
     FROM pg_trigger WHERE NOT tgisinternal",
];

fn of<T>(app: &TestApp, [sqlite, postgres]: [T; 2]) -> T {
    if app.engine() == Engine::Sqlite { sqlite } else { postgres }
}

async fn all(outside: &mut Outside, statements: &str) {
    for statement in statements.split("; ") {
        outside.run(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

both! {
    async fn every_index_and_trigger_that_is_missing_is_told_and_made_anew(app) {
        people(app).await;
        let (before, mut outside) = (shown(app).await, Outside::of(app).await);
        let made = outside.texts(of(app, MADE)).await;
        let dropped = outside.texts(of(app, DROPPED)).await;
        assert!(dropped.len() > of(app, [55, 60]), "{}", dropped.len());
        let mut lines = Vec::new();
        for row in dropped {
            if !row[0].is_empty() {
                all(&mut outside, &row[0]).await;
            }
            lines.push(row[1].clone());
        }
        let lines = sorted(lines);
        let (told, checked) = look(app, false).await;
        assert_eq!(sorted(told), lines);
        assert_eq!((checked.faults, checked.mended), (lines.len() as u64, 0));
        let (told, checked) = look(app, true).await;
        let mended: Vec<String> = lines.iter().map(|line| format!("{line}; mended")).collect();
        assert_eq!(sorted(told), mended);
        assert_eq!((checked.faults, checked.mended), (lines.len() as u64, lines.len() as u64));
        nothing(look(app, false).await);
        assert_eq!(outside.texts(of(app, MADE)).await, made);
        assert_eq!(shown(app).await, before);
    }

    /// Totals that nothing has kept are found behind the trigger, and counted anew.
    async fn what_was_written_without_a_trigger_is_mended_with_it(app) {
        people(app).await;
        let mut outside = Outside::of(app).await;
        let drop = of(app, ["DROP TRIGGER user_labels_uncounted", "DROP TRIGGER user_labels_uncounted ON user_labels"]);
        all(&mut outside, drop).await;
        app.admin().put("/v1/users/ben/labels", &json!({ "labels": [] })).await.expect(200);
        let lines = [
            "user_labels: the trigger user_labels_uncounted is missing",
            "project demo: label_totals counts other users than have vip",
        ];
        assert_eq!(look(app, false).await.0, lines);
        assert_eq!(look(app, true).await.0, lines.map(|line| format!("{line}; mended")));
        nothing(look(app, false).await);
        app.admin().put("/v1/users/anna/labels", &json!({ "labels": [] })).await.expect(200);
        nothing(look(app, false).await);
        assert_eq!(outside.text("SELECT CAST(count(*) AS TEXT) FROM label_totals").await, "0");
    }

    async fn what_is_in_the_place_of_another_is_told_and_made_anew(app) {
        people(app).await;
        let (before, mut outside) = (shown(app).await, Outside::of(app).await);
        let made = outside.texts(of(app, MADE)).await;
        let index = "users: the index users_name is other than the migrations make it";
        let trigger = "user_labels: the trigger user_labels_counted is other than the migrations make it";
        let counted = "users: the trigger users_counted is other than the migrations make it";
        let function = "the function users_uncounted() is other than the migrations make it";
        let cases: Vec<(&str, &str)> = of(app, [
            vec![
                ("DROP INDEX users_name; CREATE INDEX users_name ON users (project, name)", index),
                ("DROP INDEX users_name; CREATE UNIQUE INDEX users_name ON users (project, name_folded)", index),
                ("DROP INDEX users_name; CREATE INDEX users_name ON users (project, name_folded) WHERE status = 1", index),
                (
                    "DROP TRIGGER user_labels_counted; CREATE TRIGGER user_labels_counted AFTER INSERT ON user_labels \
                     WHEN FALSE BEGIN SELECT 1;END",
                    trigger,
                ),
            ],
            vec![
                ("DROP INDEX users_name; CREATE INDEX users_name ON users (project, name, seq)", index),
                ("DROP INDEX users_name; CREATE UNIQUE INDEX users_name ON users (project, name_folded, seq)", index),
                ("DROP INDEX users_name; CREATE INDEX users_name ON users (project, name_folded, seq) WHERE status", index),
                (
                    "DROP TRIGGER user_labels_counted ON user_labels; CREATE TRIGGER user_labels_counted \
                     AFTER INSERT ON user_labels FOR EACH ROW WHEN (FALSE) EXECUTE FUNCTION user_labels_counted()",
                    trigger,
                ),
                ("ALTER TABLE users DISABLE TRIGGER users_counted", counted),
                ("ALTER TABLE users ENABLE REPLICA TRIGGER users_counted", counted),
                (
                    "CREATE OR REPLACE FUNCTION users_uncounted() RETURNS TRIGGER LANGUAGE plpgsql AS \
                     'BEGIN RETURN NULL;END'",
                    function,
                ),
            ],
        ]);
        for (statements, line) in cases {
            all(&mut outside, statements).await;
            assert_eq!(look(app, false).await.0, [line], "{statements}");
            assert_eq!(look(app, true).await.0, [format!("{line}; mended")], "{statements}");
            nothing(look(app, false).await);
            assert_eq!(outside.texts(of(app, MADE)).await, made, "{statements}");
        }
        assert_eq!(shown(app).await, before);
    }

    async fn an_index_whose_rows_are_not_unique_is_left_and_the_rest_looked_at(app) {
        people(app).await;
        app.admin().post("/v1/users/ben/sessions", &json!({})).await.expect(201);
        let mut outside = Outside::of(app).await;
        all(&mut outside, "DROP INDEX sessions_digest_key; UPDATE sessions SET digest = 'same'").await;
        all(&mut outside, "UPDATE teams SET total = 7; DROP INDEX users_name").await;
        let missing = "sessions: the index sessions_digest_key is missing";
        let name = "users: the index users_name is missing";
        let team = "project demo: team crew: the total is not the number of its confirmed members";
        let told = sorted(look(app, false).await.0);
        assert_eq!(told, [team, missing, name]);
        let why = "could not be made: unique constraint sessions_digest_key violated";
        let told = sorted(look(app, true).await.0);
        assert_eq!(told, [format!("{team}; mended"), format!("{missing}; {why}"), format!("{name}; mended")]);
        // Nothing is left half made.
        assert_eq!(look(app, false).await.0, [missing]);
        if app.engine() == Engine::Postgres {
            // As somebody leaves it who tries by hand.
            let make = "CREATE UNIQUE INDEX CONCURRENTLY sessions_digest_key ON sessions (project, digest)";
            outside.run(make).await.unwrap_err();
            let of_others = "CREATE UNIQUE INDEX CONCURRENTLY mine ON sessions (digest)";
            outside.run(of_others).await.unwrap_err();
            let invalid = "sessions: the index sessions_digest_key is not valid";
            let mine = "sessions: the index mine is not valid; by hand: DROP INDEX CONCURRENTLY mine";
            assert_eq!(sorted(look(app, false).await.0), [mine, invalid]);
            assert_eq!(sorted(look(app, true).await.0), [mine.to_owned(), format!("{invalid}; {why}")]);
            outside.run("DROP INDEX CONCURRENTLY mine").await.unwrap();
            outside.run(make).await.unwrap_err();
            assert_eq!(look(app, false).await.0, [invalid]);
        }
        all(&mut outside, "UPDATE sessions SET digest = id").await;
        assert_eq!(look(app, true).await.1.mended, 1);
        nothing(look(app, false).await);
    }

    /// Each is put right by hand, and then nothing is told any more.
    async fn what_holds_rows_is_told_and_left_alone(app) {
        people(app).await;
        let (before, mut outside) = (shown(app).await, Outside::of(app).await);
        let cases: &[(&str, &str, &str)] = of(app, [
            &[
                (
                    "UPDATE sqlite_master SET sql = replace(sql, 'CHECK (total >= 0)', '') WHERE name = 'teams'",
                    "teams: the column total is other than the migrations make it; it must be total integer not null \
                     check ( total >= 0 )",
                    "UPDATE sqlite_master SET sql = replace(sql, 'total      INTEGER NOT NULL', \
                     'total INTEGER NOT NULL CHECK (total >= 0)') WHERE name = 'teams'",
                ),
                (
                    "UPDATE sqlite_master SET sql = replace(sql, 'STRICT', '') WHERE name = 'jobs'",
                    "the table jobs is other than the migrations make it; it must be strict",
                    "UPDATE sqlite_master SET sql = sql || ' strict' WHERE name = 'jobs'",
                ),
                (
                    "UPDATE sqlite_master SET sql = replace(sql, '(project, team_id) REFERENCES teams ', \
                     '(project, user_id) REFERENCES users ') WHERE name = 'memberships'",
                    "memberships: the constraint foreign key ( project , team_id ) references teams ( project , id ) \
                     on delete cascade is missing",
                    "UPDATE sqlite_master SET sql = replace(sql, 'CASCADE' || char(10) || ') STRICT', 'CASCADE, FOREIGN KEY \
                     (project, team_id) REFERENCES teams (project, id) ON DELETE CASCADE) STRICT') \
                     WHERE name = 'memberships'",
                ),
                (
                    "UPDATE sqlite_master SET sql = replace(sql, 'case_sensitive 1', 'case_sensitive 0') \
                     WHERE name = 'identity_search'",
                    "the table identity_search is other than the migrations make it; it must be create virtual table \
                     identity_search using fts5 ( scope , text , content = '' , contentless_delete = 1 , \
                     tokenize = 'trigram case_sensitive 1' )",
                    "UPDATE sqlite_master SET sql = replace(sql, 'case_sensitive 0', 'case_sensitive 1') \
                     WHERE name = 'identity_search'",
                ),
            ],
            &[
                (
                    "ALTER TABLE teams ALTER COLUMN total DROP NOT NULL",
                    "teams: the column total is other than the migrations make it; it must be bigint NOT NULL",
                    "ALTER TABLE teams ALTER COLUMN total SET NOT NULL",
                ),
                (
                    "ALTER TABLE users ALTER COLUMN targets DROP DEFAULT",
                    "users: the column targets is other than the migrations make it; it must be text COLLATE \"C\" \
                     NOT NULL DEFAULT '[]'::text",
                    "ALTER TABLE users ALTER COLUMN targets SET DEFAULT '[]'",
                ),
                (
                    "ALTER TABLE logs ALTER COLUMN seq SET GENERATED BY DEFAULT",
                    "logs: the column seq is other than the migrations make it; it must be bigint NOT NULL \
                     GENERATED ALWAYS AS IDENTITY",
                    "ALTER TABLE logs ALTER COLUMN seq SET GENERATED ALWAYS",
                ),
                (
                    "ALTER TABLE teams ALTER COLUMN name TYPE TEXT COLLATE \"POSIX\"",
                    "teams: the column name is other than the migrations make it; it must be text COLLATE \"C\" NOT NULL",
                    "ALTER TABLE teams ALTER COLUMN name TYPE TEXT COLLATE \"C\"",
                ),
                (
                    "ALTER TABLE attempts SET LOGGED",
                    "the table attempts is other than the migrations make it; it must be unlogged",
                    "ALTER TABLE attempts SET UNLOGGED",
                ),
                (
                    "ALTER TABLE teams DROP CONSTRAINT teams_total_check",
                    "teams: the constraint teams_total_check is missing; by hand: \
                     ALTER TABLE teams ADD CONSTRAINT teams_total_check CHECK (total >= 0)",
                    "ALTER TABLE teams ADD CONSTRAINT teams_total_check CHECK (total >= 0)",
                ),
                (
                    "ALTER TABLE sessions DROP CONSTRAINT sessions_project_user_id_fkey",
                    "sessions: the constraint sessions_project_user_id_fkey is missing; by hand: \
                     ALTER TABLE sessions ADD CONSTRAINT sessions_project_user_id_fkey \
                     FOREIGN KEY (project, user_id) REFERENCES users(project, id) ON DELETE CASCADE",
                    "ALTER TABLE sessions ADD CONSTRAINT sessions_project_user_id_fkey \
                     FOREIGN KEY (project, user_id) REFERENCES users(project, id) ON DELETE CASCADE",
                ),
                (
                    "ALTER TABLE jobs DROP CONSTRAINT jobs_pkey",
                    "jobs: the constraint jobs_pkey is missing; by hand: \
                     ALTER TABLE jobs ADD CONSTRAINT jobs_pkey PRIMARY KEY (name)",
                    "ALTER TABLE jobs ADD CONSTRAINT jobs_pkey PRIMARY KEY (name)",
                ),
            ],
        ]);
        if app.engine() == Engine::Sqlite {
            all(&mut outside, "PRAGMA writable_schema = ON").await;
        }
        for (statements, line, by_hand) in cases {
            all(&mut outside, statements).await;
            assert_eq!(look(app, false).await.0, [*line], "{statements}");
            let (told, checked) = look(app, true).await;
            assert_eq!((told, checked.faults, checked.mended), (vec![(*line).to_owned()], 1, 0), "{statements}");
            all(&mut outside, by_hand).await;
            nothing(look(app, false).await);
        }
        assert_eq!(shown(app).await, before);
    }

    /// Without a column or a table nobody can tell about rows. An index is made nevertheless.
    async fn nothing_else_is_looked_at_when_tables_or_columns_are_missing(app) {
        people(app).await;
        let mut outside = Outside::of(app).await;
        let lines = of(app, [
            ["the table tokens is missing; only a copy of the database has its rows",
             "passkeys: the column counter is missing; it must be counter integer not null"],
            ["the table tokens is missing; only a copy of the database has its rows",
             "passkeys: the column counter is missing; it must be bigint NOT NULL"],
        ]);
        let index = "users: the index users_name is missing";
        all(&mut outside, "UPDATE teams SET total = 7; DROP TABLE tokens").await;
        all(&mut outside, "ALTER TABLE passkeys DROP COLUMN counter; DROP INDEX users_name").await;
        let (told, checked) = look(app, false).await;
        assert_eq!(told, [lines[0], lines[1], index, END]);
        assert_eq!((checked.faults, checked.mended, checked.rows), (3, 0, 0));
        let (told, checked) = look(app, true).await;
        assert_eq!(told, [lines[0], lines[1], &format!("{index}; mended"), END]);
        assert_eq!((checked.faults, checked.mended, checked.rows), (3, 1, 0));
        assert_eq!(look(app, false).await.0, [lines[0], lines[1], END]);
        assert_eq!(outside.text("SELECT CAST(total AS TEXT) FROM teams").await, "7");
    }

    async fn what_an_operator_has_added_is_no_fault(app) {
        people(app).await;
        let mut outside = Outside::of(app).await;
        all(&mut outside, "CREATE TABLE mine (project BIGINT PRIMARY KEY, note TEXT CHECK (note <> ''))").await;
        all(&mut outside, "CREATE INDEX mine_too ON users (hash, mfa)").await;
        all(&mut outside, "ALTER TABLE users ADD COLUMN note TEXT DEFAULT 'none, (yet'").await;
        all(&mut outside, of(app, [
            "CREATE TRIGGER mine AFTER INSERT ON teams BEGIN SELECT 1;END; ANALYZE; DROP INDEX users_name; \
             create index \"users_name\" on [users](project,\n/* folded */ `name_folded`)",
            "CREATE FUNCTION mine() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN RETURN NULL;END'; \
             CREATE TRIGGER mine AFTER INSERT ON teams FOR EACH STATEMENT EXECUTE FUNCTION mine(); \
             ALTER TABLE users ADD CONSTRAINT short CHECK (length(note) < 100); \
             ALTER INDEX users_name SET (fillfactor = 70); \
             ALTER TABLE users SET (autovacuum_vacuum_scale_factor = 0.01); \
             ALTER TABLE users ALTER COLUMN project SET (n_distinct = 5); CREATE SCHEMA other; \
             CREATE TABLE other.users (id TEXT)",
        ])).await;
        nothing(look(app, false).await);
        nothing(look(app, true).await);
    }

    /// What is missing is made again and again while others write, and nobody is refused.
    async fn servers_go_on_while_it_is_made(app) {
        people(app).await;
        let (ended, mut outside) = (AtomicBool::new(false), Outside::of(app).await);
        let write = async {
            for round in 0.. {
                if ended.load(Ordering::Relaxed) {
                    return round;
                }
                let id = format!("w{}", round % 5);
                app.user(&id, json!({ "name": format!("Ek {round}") })).await;
                let labels = json!({ "labels": ["vip", format!("l{}", round % 7)] });
                app.admin().put(&format!("/v1/users/{id}/labels"), &labels).await.expect(200);
                assert_eq!(app.admin().delete(&format!("/v1/users/{id}")).await.status, 204);
                tokio::task::yield_now().await;
            }
            0
        };
        let repair = async {
            for _ in 0..3 {
                all(&mut outside, "DROP INDEX users_name; DROP INDEX users_labels").await;
                assert_eq!(look(app, true).await.1.mended, 2);
                let drop = ["DROP TRIGGER users_counted", "DROP TRIGGER users_counted ON users"];
                all(&mut outside, of(app, drop)).await;
                assert!(look(app, true).await.1.mended >= 1);
                nothing(look(app, false).await);
            }
            ended.store(true, Ordering::Relaxed);
        };
        let (rounds, ()) = tokio::join!(write, repair);
        assert!(rounds > 0);
        nothing(look(app, false).await);
    }
}

/// What a check tells of an empty database.
async fn told(url: &DatabaseUrl, repair: bool) -> Vec<String> {
    let store = Store::open(url, 2, Duration::ZERO).await.unwrap();
    let mut lines = Vec::new();
    check::run(&store, None, repair, &mut |line| lines.push(line.to_owned())).await.unwrap();
    store.close().await;
    lines
}

/// A database without faults, and somebody who may do everything there.
async fn whole(cluster: &Cluster, name: &str) -> (DatabaseUrl, Outside) {
    let url = cluster.database(name).await;
    let [url, superuser] =
        [url.clone(), url.replace("//usher:", "//postgres:")].map(|url| DatabaseUrl::Postgres(Hidden(url)));
    assert_eq!(told(&url, false).await, [""; 0]);
    let outside = Outside::at(&superuser).await;
    (url, outside)
}

/// On a server of its own, since it takes somebody who may do everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_a_superuser_can_break_is_told_too() {
    let Some(cluster) = Cluster::start() else { return };
    let (url, mut outside) = whole(&cluster, "superuser").await;
    all(&mut outside, "ALTER TABLE sessions DISABLE TRIGGER ALL").await;
    let line = "sessions: the constraint sessions_project_user_id_fkey is other than the migrations make it; \
         it must be FOREIGN KEY (project, user_id) REFERENCES users(project, id) ON DELETE CASCADE";
    assert_eq!(told(&url, true).await, [line]);
    all(&mut outside, "ALTER TABLE sessions ENABLE TRIGGER ALL").await;
    all(&mut outside, "UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'users_name'::regclass").await;
    let line = "users: the index users_name is not valid";
    assert_eq!(told(&url, false).await, [line]);
    assert_eq!(told(&url, true).await, [format!("{line}; mended")]);
    assert_eq!(told(&url, false).await, [""; 0]);
}

/// The role of the servers may be one that owns the tables and not the database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_right_to_make_a_schema_the_rest_is_looked_at() {
    let Some(cluster) = Cluster::start() else { return };
    let (url, mut outside) = whole(&cluster, "modest").await;
    all(&mut outside, "ALTER DATABASE modest OWNER TO postgres; GRANT ALL ON SCHEMA public TO usher").await;
    all(&mut outside, "DROP INDEX users_name").await;
    let insert = "INSERT INTO projects OVERRIDING SYSTEM VALUE VALUES (7, 'demo', '', '{}', 1, 1)";
    all(&mut outside, insert).await;
    let not_compared = "without the right to CREATE in the database the schema was not compared";
    let number = "projects: the next number of a row is not behind the largest one";
    assert_eq!(told(&url, false).await, [not_compared, number]);
    assert_eq!(told(&url, true).await, [not_compared, &format!("{number}; mended")]);
    all(&mut outside, "GRANT CREATE ON DATABASE modest TO usher").await;
    assert_eq!(told(&url, true).await, ["users: the index users_name is missing; mended"]);
    assert_eq!(told(&url, false).await, [""; 0]);
    // Nothing is left of what was made to compare with.
    let schemas = "SELECT CAST(count(*) AS TEXT) FROM pg_namespace WHERE nspname LIKE 'usher%'";
    assert_eq!(outside.text(schemas).await, "0");
}

/// The tables may stand in another schema than the first of the path.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_schema_is_the_one_that_the_path_leads_to() {
    let Some(app) = TestApp::postgres(&[]).await else { return };
    people(&app).await;
    let mut outside = Outside::of(&app).await;
    all(&mut outside, "ALTER SCHEMA public RENAME TO \"The Users\"; CREATE SCHEMA public").await;
    let DatabaseUrl::Postgres(url) = &app.app.config.database else { unreachable!() };
    let sign = if url.0.contains('?') { '&' } else { '?' };
    let path = "-c%20search_path%3D%22The%5C%20Users%22";
    let url = DatabaseUrl::Postgres(Hidden(format!("{}{sign}options={path}", url.0)));
    let store = Store::open(&url, 2, Duration::ZERO).await.unwrap();
    let mut lines = Vec::new();
    all(&mut outside, "DROP INDEX \"The Users\".users_name; DROP TRIGGER users_counted ON \"The Users\".users").await;
    for repair in [true, false] {
        check::run(&store, app.app.seal.as_ref(), repair, &mut |line| lines.push(line.to_owned())).await.unwrap();
    }
    let mended =
        ["users: the index users_name is missing; mended", "users: the trigger users_counted is missing; mended"];
    assert_eq!(lines, mended);
    store.close().await;
    app.finish().await;
}
