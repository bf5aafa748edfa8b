//! How the databases answer the statements that matter: by an index that fits, and without sorting where the index has
//! the order already. Plans are looked at on 20,000 users, never times.

use sqlx::{Connection as _, Executor as _, PgConnection, Row as _, SqliteConnection};
use usher::config::DatabaseUrl;
use usher::housekeeping;
use usher::store::{Engine, users};

use super::statements::told;
use crate::support::{PROJECT, TestApp, both};
use crate::users::list::population::{plain, store};

/// The statements behind a request that read this table.
async fn statements(app: &TestApp, path: &str, table: &str) -> Vec<String> {
    statements_of(async { drop(app.admin().get(path).await.expect(200)) }, table).await
}

/// The statements of some work that read this table.
async fn statements_of(work: impl Future<Output = ()>, table: &str) -> Vec<String> {
    let ((), seen) = told(work).await;
    seen.into_iter().filter(|statement| statement.contains(&format!("FROM {table}"))).collect()
}

/// Somebody else at the database, who may look at plans.
enum Other {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Other {
    async fn of(app: &TestApp) -> Self {
        match &app.app.config.database {
            DatabaseUrl::Sqlite(file) => {
                Self::Sqlite(SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap())
            }
            DatabaseUrl::Postgres(url) => {
                let mut other = PgConnection::connect(&url.0).await.unwrap();
                // The plan that fits any values, which prepared statements come down to.
                other.execute("SET plan_cache_mode = force_generic_plan").await.unwrap();
                Self::Postgres(other)
            }
        }
    }

    async fn run(&mut self, statement: &'static str) {
        match self {
            Self::Sqlite(other) => other.execute(statement).await.map(drop).unwrap(),
            Self::Postgres(other) => other.execute(statement).await.map(drop).unwrap(),
        }
    }

    /// The steps of the plan.
    async fn plan(&mut self, statement: &str) -> String {
        match self {
            Self::Sqlite(other) => {
                let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
                let rows = sqlx::raw_sql(explain).fetch_all(other).await.unwrap();
                rows.iter().map(|row| row.get::<String, _>("detail") + "\n").collect()
            }
            Self::Postgres(other) => {
                let values = (1..).take_while(|n| statement.contains(&format!("${n}"))).map(|_| "NULL");
                let values: Vec<&str> = values.collect();
                let explain = format!(
                    "DEALLOCATE ALL; PREPARE looked_at AS {statement}; EXPLAIN (COSTS OFF) EXECUTE looked_at({})",
                    values.join(", ")
                );
                let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(explain)).fetch_all(other).await.unwrap();
                rows.iter().map(|row| row.get::<String, _>(0) + "\n").collect()
            }
        }
    }

    /// The plan that PostgreSQL keeps of a statement after it was asked for with these values some times.
    async fn kept_plan(&mut self, statement: &str, values: &str) -> String {
        let Self::Postgres(other) = self else { unreachable!("SQLite keeps every plan") };
        let text = |text: String| sqlx::raw_sql(sqlx::AssertSqlSafe(text));
        text(format!("PREPARE page AS {statement}")).execute(&mut *other).await.unwrap();
        for _ in 0..9 {
            text(format!("EXECUTE page ({values})")).execute(&mut *other).await.unwrap();
        }
        let (kept, made): (i64, i64) =
            sqlx::query_as("SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE name = 'page'")
                .fetch_one(&mut *other)
                .await
                .unwrap();
        assert_eq!((kept, made), (4, 5), "{statement}");
        let steps = text(format!("EXPLAIN (COSTS OFF) EXECUTE page ({values})")).fetch_all(&mut *other).await.unwrap();
        other.execute("DEALLOCATE page").await.unwrap();
        steps.iter().map(|row| row.get::<String, _>(0) + "\n").collect()
    }

    async fn close(self) {
        match self {
            Self::Sqlite(other) => other.close().await.unwrap(),
            Self::Postgres(other) => other.close().await.unwrap(),
        }
    }
}

/// 20,000 users in two projects: a hundred that are made properly, and copies of their rows.
async fn populate(app: &TestApp, other: &mut Other) {
    for name in [PROJECT, "other"] {
        if name == "other" {
            app.new_project(name).await;
        }
        let users = (0..50).map(|n| {
            let mut user = plain(&format!("user{n}"));
            user.name = format!("name {n}");
            user.email = Some(format!("user{n}@example.org"));
            user.phone = (n % 2 == 0).then(|| format!("+1617555{n:04}"));
            user.status = n % 10 > 0;
            user.password_pwned = (n % 2 == 0).then_some(false);
            user.labels = if n == 0 { r#"["vip"]"#.into() } else { "[]".into() };
            user
        });
        store(app, app.project(name).await.key, users.collect()).await;
    }
    other
        .run(
            "WITH RECURSIVE copies(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < 199) \
             INSERT INTO users (project, id, created_at, updated_at, registration, name, name_folded, email, phone, \
             status, email_verified, phone_verified, labels, prefs, hash, hash_options, password_history, \
             password_update, password_pwned, mfa, impersonator, accessed_at, search) \
             SELECT project, id || '-' || n, created_at + n, updated_at + n, registration + n, name || n, \
             name_folded || n, email || n, phone || n, status, email_verified, phone_verified, '[]', prefs, hash, \
             hash_options, password_history, created_at + n, password_pwned, mfa, impersonator, created_at + n, search || n \
             FROM users, copies",
        )
        .await;
    other.run("INSERT INTO user_labels (project, label, user_seq) SELECT project, 'common', seq FROM users").await;
    if app.engine() == Engine::Postgres {
        other
            .run(
                "INSERT INTO user_search (seq, project, text, grams) \
                 SELECT u.seq, u.project, u.search, ARRAY[(u.seq % 5000)::INTEGER] \
                 FROM users u WHERE NOT EXISTS (SELECT 1 FROM user_search s WHERE s.seq = u.seq)",
            )
            .await;
    }
}

/// Where a plan reads a whole table, or a whole project of one.
fn whole_table(plan: &str) -> Option<&str> {
    let is_whole = |line: &&str| {
        let line = line.trim().trim_start_matches("-> ").trim();
        // Kept totals are some rows in one page.
        let line = line.split(" on ").last().filter(|table| table.ends_with("_totals")).map_or(line, |_| "");
        let sqlite = line.starts_with("SCAN ") && line != "SCAN page" && !line.contains("VIRTUAL TABLE");
        sqlite || line.starts_with("Seq Scan") || line.starts_with("Parallel Seq Scan")
    };
    plan.lines().find(is_whole)
}

/// Whether everything is sorted. Downwards, where an index has ties in the wrong order, only those are.
fn sorts(plan: &str) -> bool {
    let ties_only = plan.contains("Incremental Sort");
    plan.contains("USE TEMP B-TREE FOR ORDER BY") || plan.contains("Sort Key") && !ties_only
}

/// Whether the index is entered at a place, rather than at the beginning of the project.
fn starts_inside(plan: &str) -> bool {
    plan.lines().any(|line| {
        (line.contains("Index Cond") || line.contains("SEARCH t"))
            && line.replace("->", "").chars().any(|c| matches!(c, '<' | '>'))
    })
}

both! {
    async fn every_order_is_read_from_its_index(app) {
        let mut other = Other::of(app).await;
        populate(app, &mut other).await;
        other.run("ANALYZE").await;
        for (attribute, index) in [
            ("", if app.engine() == Engine::Sqlite { "users_project" } else { "users_pkey" }),
            ("$id", "users_id_key"),
            ("$createdAt", "users_created_at"),
            ("$updatedAt", "users_updated_at"),
            ("name", "users_name"),
            ("email", "users_email"),
            ("phone", "users_phone"),
            ("status", "users_status"),
            ("passwordUpdate", "users_password_update"),
            ("registration", "users_registration"),
            ("emailVerification", "users_email_verified"),
            ("phoneVerification", "users_phone_verified"),
            ("passwordPwned", "users_password_pwned"),
            ("labels", "users_labels"),
            ("impersonator", "users_impersonator"),
            ("accessedAt", "users_accessed_at"),
        ] {
            for (method, downwards) in [("orderAsc", false), ("orderDesc", true)] {
                for cursor in ["", "&queries[]=cursorAfter('user10-100')", "&queries[]=cursorBefore('user10-100')"] {
                    let path = format!("/v1/users?total=0&queries[]={method}('{attribute}'){cursor}");
                    let seen = statements(app, &path, "users t").await;
                    // The row of the cursor, its ties, what lies beyond them, the rows without a value.
                    let most = match (cursor, downwards) {
                        ("", false) => 1,
                        ("", true) => 3,
                        _ => 4,
                    };
                    assert!((1..=most).contains(&seen.len()), "{seen:?}");
                    for statement in seen {
                        let plan = other.plan(&statement).await;
                        if !statement.contains("ORDER BY") {
                            assert!(plan.contains("users_id_key"), "the row of a cursor: {plan}");
                            continue;
                        }
                        // Downwards the ties go upwards still, which no index has; then the engines may sort those that a
                        // page reaches.
                        let by_number = statement.contains("ORDER BY t.seq ");
                        let in_order = !downwards || ["", "$id", "$createdAt", "$updatedAt"].contains(&attribute);
                        // Where two rows cannot be alike, one is found, and whether it is behind the cursor is asked of it.
                        let alone = ["email", "phone"].contains(&attribute) && statement.contains(" = $2 ");
                        // What half of the users are, PostgreSQL may look for among all, in the order of their numbers.
                        let common = if attribute == "status" { " = TRUE" } else { " = FALSE" };
                        let common = app.engine() == Engine::Postgres
                            && by_number
                            && [common, "pwned IS NULL"].iter().any(|value| statement.contains(value));
                        if common {
                            assert!(!sorts(&plan), "{path}: {statement}\n{plan}");
                        } else if alone {
                            assert!(plan.contains(index), "{path}: {statement}\n{plan}");
                        } else if in_order || by_number {
                            assert_eq!(whole_table(&plan), None, "{path}: {statement}\n{plan}");
                            assert!(plan.contains(index), "{path}: {statement}\n{plan}");
                            assert!(!sorts(&plan), "{path}: {statement}\n{plan}");
                            if [" > ", " < "].iter().any(|sign| statement.contains(sign)) {
                                assert!(starts_inside(&plan), "{path}: {statement}\n{plan}");
                            }
                        }
                    }
                }
            }
        }
        other.close().await;
    }

}

/// A page without filters is planned once for all projects and places, in the order of its index even where most projects
/// are small.
#[tokio::test]
async fn postgres_keeps_one_plan_of_a_page() {
    let Some(app) = TestApp::postgres(&[]).await else { return };
    let mut other = Other::of(&app).await;
    populate(&app, &mut other).await;
    // Those would be found and sorted sooner than pages are read all over the table, if every project were like them.
    for fill in [
        "INSERT INTO projects (id, name, settings, created_at, updated_at) \
         SELECT 'small' || n, '', '{}', 0, 0 FROM generate_series(1, 200) n",
        "INSERT INTO users (project, id, created_at, updated_at, registration, name, name_folded, status, email_verified, \
         phone_verified, labels, prefs, hash, hash_options, password_history, mfa, impersonator, search) \
         SELECT p.seq, 'user' || n, 0, 0, 0, n, n, TRUE, FALSE, FALSE, '[]', '{}', '', '{}', '[]', FALSE, FALSE, '' \
         FROM projects p, generate_series(1, 100) n WHERE p.id LIKE 'small%'",
        "ANALYZE",
        "SET plan_cache_mode = auto",
    ] {
        other.run(fill).await;
    }
    for (order, index) in [
        ("orderAsc('')", "users_pkey"),
        ("orderDesc('')", "users_pkey"),
        ("orderAsc('$id')", "users_id_key"),
        ("orderAsc('name')", "users_name"),
        ("orderDesc('$createdAt')", "users_created_at"),
        ("orderAsc('labels')", "users_labels"),
    ] {
        for (cursor, values) in [
            ("", "1, 1"),
            ("&queries[]=cursorAfter('user10-100')", "1, 1, 1, 'user10-100'"),
            ("&queries[]=cursorBefore('user10-100')", "1, 1, 1, 'user10-100'"),
        ] {
            let path = format!("/v1/users?queries[]={order}{cursor}");
            let [statement] = &statements(&app, &path, "users t").await[..] else { panic!("{path}: one statement") };
            let plan = other.kept_plan(statement, values).await;
            assert!(plan.contains(index) && !sorts(&plan), "{path}: {statement}\n{plan}");
            assert!(cursor.is_empty() || starts_inside(&plan), "{path}: {statement}\n{plan}");
        }
    }
    // Of a label, in the order of its own rows.
    let path = "/v1/users?queries[]=contains('labels','common')";
    let [statement] = &statements(&app, path, "(SELECT l.user_seq").await[..] else { panic!("one statement") };
    let plan = other.kept_plan(statement, "1, 'common', 1, 'common', 1").await;
    assert!(plan.contains("Index Cond: ((project = $3) AND (label = $4))"), "{statement}\n{plan}");
    assert!(plan.contains("users_pkey") && whole_table(&plan).is_none(), "{statement}\n{plan}");
    other.close().await;
    app.finish().await;
}

both! {
    on one thread;

    async fn what_is_looked_for_is_found_by_its_index(app) {
        let mut other = Other::of(app).await;
        populate(app, &mut other).await;
        other.run("ANALYZE").await;
        let search = if app.engine() == Engine::Sqlite { "user_search VIRTUAL TABLE" } else { "user_search_grams" };
        let labels = if app.engine() == Engine::Sqlite { "SEARCH l USING PRIMARY KEY" } else { "user_labels_pkey" };
        for (path, table, index) in [
            ("/v1/users/user1", "users t", "users_id_key"),
            ("/v1/users?queries[]=equal('$id','user1')", "users t", "users_id_key"),
            ("/v1/users?queries[]=equal('email','user1@example.org')", "users t", "users_email"),
            ("/v1/users?queries[]=equal('phone','%2B16175550002')", "users t", "users_phone"),
            ("/v1/users?queries[]=contains('labels','vip')", "(SELECT l.user_seq", labels),
            ("/v1/users?queries[]=contains('labels','common')&queries[]=orderDesc('')", "(SELECT l.user_seq", labels),
            ("/v1/users?search=somebody", "user_search", search),
            ("/v1/users?search=user1@example.org&queries[]=orderAsc('name')", "user_search", search),
            ("/v1/users/user1/logs", "logs", "logs_user"),
            ("/v1/users/user1/sessions", "sessions", "sessions_user"),
            ("/v1/users/user1/memberships", "memberships t", "memberships_user"),
            ("/v1/users/user1/targets", "targets t", "targets_user"),
        ] {
            let seen = statements(app, path, table).await;
            assert!(!seen.is_empty(), "{path}");
            for statement in seen {
                let plan = other.plan(&statement).await;
                if app.engine() == Engine::Postgres && statement.starts_with("SELECT count") && index == labels {
                    // How many hold a label: PostgreSQL may well read the project and not half of it twice.
                    assert!(plan.contains(index), "{path}: {statement}\n{plan}");
                    continue;
                }
                let small = ["logs", "sessions", "memberships t", "targets t"].contains(&table)
                    && app.engine() == Engine::Postgres;
                // PostgreSQL reads a table of one page whole, and is right.
                assert!(small || whole_table(&plan).is_none(), "{path}: {statement}\n{plan}");
                assert!(small || plan.contains(index), "{path}: {statement}\n{plan}");
            }
        }
        // One user by email address, as no request asks for, but who signs in is found so.
        let project = app.project(PROJECT).await.key;
        let find = async {
            let found = users::find_by_email(app.store().read(), project, "user1@example.org").await.unwrap();
            assert_eq!(found.unwrap().id, "user1");
        };
        for statement in statements_of(find, "users t").await {
            let plan = other.plan(&statement).await;
            assert!(whole_table(&plan).is_none() && plan.contains("users_email"), "{statement}\n{plan}");
        }
        // By a beginning PostgreSQL alone goes in; SQLite reads the project in the order of the page.
        let path = "/v1/users?queries[]=startsWith('email','user1@')";
        for statement in statements(app, path, "users t").await {
            let plan = other.plan(&statement).await;
            assert_eq!(whole_table(&plan), None, "{statement}\n{plan}");
            let index = ["users_project", "users_email"][usize::from(app.engine() == Engine::Postgres)];
            assert!(plan.contains(index) || plan.contains("users_email"), "{statement}\n{plan}");
        }
        // The index of a filter gives the order of the page too.
        for statement in statements(app, "/v1/users?queries[]=equal('status',false)", "users t").await {
            let plan = other.plan(&statement).await;
            assert!(whole_table(&plan).is_none() && !sorts(&plan), "{statement}\n{plan}");
        }
        other.close().await;
    }
}

/// What has ended is read in the order of its end, no further than a batch goes, and removed by its key.
async fn what_has_ended_is_found_by_its_index(app: TestApp) {
    store(&app, app.project(PROJECT).await.key, vec![plain("anna")]).await;
    let mut other = Other::of(&app).await;
    for fill in [
        "CREATE TABLE rows AS WITH RECURSIVE rows(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM rows WHERE n < 20000) \
         SELECT n, CAST(n AS TEXT) AS t, project, id FROM rows, users",
        "INSERT INTO sessions (project, id, user_id, created_at, updated_at, expire, provider, provider_uid, digest, ip, \
         user_agent, factors) SELECT project, t, id, 0, 0, n, '', '', t, '', '', '[]' FROM rows",
        "INSERT INTO tokens (project, id, user_id, created_at, expire, digest, attempts) \
         SELECT project, t, id, 0, n, t, 0 FROM rows",
        match app.engine() {
            Engine::Sqlite => {
                "INSERT INTO challenges (project, id, user_id, created_at, expire, factor, code) \
                 SELECT project, t, id, 0, n, 'custom', X'00' FROM rows"
            }
            Engine::Postgres => {
                "INSERT INTO challenges (project, id, user_id, created_at, expire, factor, code) \
                 SELECT project, t, id, 0, n, 'custom', '\\x00' FROM rows"
            }
        },
        "INSERT INTO attempts (project, bucket, reset, count) SELECT project, t, n, 1 FROM rows",
        "INSERT INTO logs (project, user_id, event, mode, actor_type, actor_id, actor_name, actor_email, ip, user_agent, \
         time) SELECT project, id, '', '', '', '', '', '', '', '', n FROM rows",
        "ANALYZE",
    ] {
        other.run(fill).await;
    }
    let (done, seen) = told(housekeeping::run_once(&app.app)).await;
    assert_eq!(done.unwrap().unwrap().tokens, 20_000);
    for (table, index) in [
        ("sessions", "sessions_expire"),
        ("tokens", "tokens_expire"),
        ("challenges", "challenges_expire"),
        ("attempts", "attempts_reset"),
        ("logs", "logs_time"),
    ] {
        let deletes: Vec<&String> =
            seen.iter().filter(|statement| statement.starts_with(&format!("DELETE FROM {table} "))).collect();
        assert_eq!(deletes.len(), 21, "{table}");
        let plan = other.plan(deletes[0]).await;
        let (chosen, removed) = match app.engine() {
            Engine::Sqlite => (format!("{index} (project=? AND "), "PRIMARY KEY ("),
            Engine::Postgres => (format!("Index Scan using {index} "), "= ANY ("),
        };
        assert!(plan.contains(&chosen) && plan.contains(removed), "{table}\n{plan}");
        assert!(!sorts(&plan) && whole_table(&plan).is_none(), "{table}\n{plan}");
    }
    other.close().await;
    app.finish().await;
}

#[tokio::test]
async fn what_has_ended_is_found_by_its_index_on_sqlite() {
    what_has_ended_is_found_by_its_index(TestApp::sqlite(&[]).await).await;
}

#[tokio::test]
async fn what_has_ended_is_found_by_its_index_on_postgresql() {
    if let Some(app) = TestApp::postgres(&[]).await {
        what_has_ended_is_found_by_its_index(app).await;
    }
}
