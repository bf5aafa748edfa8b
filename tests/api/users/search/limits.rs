//! What is refused, and what takes too long.

use serde_json::json;
use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};
use usher::config::DatabaseUrl;

use super::{found, search};
use crate::support::{TestApp, both};
use crate::users::list::{IDENTITIES, MEMBERSHIPS, USERS, population};

/// Somebody else at the database, who makes every read of users last for ever until this is let go.
enum Obstacle {
    /// A view that counts for ever before it shows a user.
    Sqlite(SqliteConnection),
    /// A lock on the table.
    Postgres(PgConnection),
}

impl Obstacle {
    async fn place(app: &TestApp) -> Self {
        match &app.app.config.database {
            DatabaseUrl::Sqlite(file) => {
                let mut other = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
                other
                    .execute(
                        "PRAGMA foreign_keys = OFF; ALTER TABLE users RENAME TO some_users; CREATE VIEW users AS \
                         SELECT * FROM some_users WHERE (WITH RECURSIVE many(n) AS \
                         (SELECT 1 UNION ALL SELECT n + 1 FROM many) SELECT count(*) FROM many) > 0",
                    )
                    .await
                    .unwrap();
                Self::Sqlite(other)
            }
            DatabaseUrl::Postgres(url) => {
                let mut other = PgConnection::connect(&url.0).await.unwrap();
                other.execute("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE").await.unwrap();
                Self::Postgres(other)
            }
        }
    }

    async fn remove(self) {
        match self {
            Self::Sqlite(mut other) => {
                other.execute("DROP VIEW users; ALTER TABLE some_users RENAME TO users").await.unwrap();
                other.close().await.unwrap();
            }
            Self::Postgres(mut other) => {
                other.execute("ROLLBACK").await.unwrap();
                other.close().await.unwrap();
            }
        }
    }
}

both! {
    async fn a_search_has_1_to_256_characters(app) {
        population::memberships(app, 1).await;
        for path in [USERS, IDENTITIES, MEMBERSHIPS] {
            let get = async |text: &str| app.admin().get(&format!("{path}?search={text}")).await;
            get("").await.fails(400, "general_argument_invalid", "`search`");
            get(&"x".repeat(257)).await.fails(400, "general_argument_invalid", "256");
            get("a%00b").await.fails(400, "general_argument_invalid", "`search`");
            app.admin().get(&format!("{path}?search[]=x")).await.fails(400, "general_argument_invalid", "`search`");
            for most in ["x".repeat(256), "%C3%A9".repeat(256), "x+".repeat(128), "%22".repeat(256)] {
                assert_eq!(get(&most).await.expect(200)["total"], 0, "{most}");
            }
        }
    }

    async fn a_scan_that_takes_too_long_is_given_up(app) {
        app.user("anna", json!({"name": "Anna"})).await;
        let obstacle = Obstacle::place(app).await;
        // Without the total, and with it: both statements have the limit.
        for rest in ["", "&total=false"] {
            search(app, "x", rest).await.fails(408, "database_timeout", "");
        }
        obstacle.remove().await;
        // The limit was that statement's own.
        assert_eq!(found(app, "a").await, "anna");
        assert_eq!(found(app, "anna").await, "anna");
    }
}
