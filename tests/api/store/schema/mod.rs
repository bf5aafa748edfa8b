//! The two schemas are the same, each constraint has its name, and migrations are applied once.

mod constraints;
mod migrations;
mod parity;
pub mod rows;
pub mod upgrade;

use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};
use usher::config::DatabaseUrl;

pub use self::constraints::{TIME, session, token, user};
pub use self::parity::{both_engines, columns, finish};
use crate::support::TestApp;

/// A user with this id and nothing else.
pub fn new_user(id: &str) -> usher::store::users::User {
    user(id, None, None)
}

/// A connection to the database of a test that the server knows nothing of.
pub enum Outside {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Outside {
    pub async fn of(app: &TestApp) -> Self {
        Self::at(&app.app.config.database).await
    }

    /// As [`Outside::of`], where there is no server in this process.
    pub async fn at(url: &DatabaseUrl) -> Self {
        match url {
            DatabaseUrl::Sqlite(path) => {
                let mut connection = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
                connection.execute("PRAGMA foreign_keys = ON").await.unwrap();
                Self::Sqlite(connection)
            }
            DatabaseUrl::Postgres(url) => Self::Postgres(PgConnection::connect(&url.0).await.unwrap()),
        }
    }

    /// Runs a statement; the number of rows it changed.
    pub async fn run(&mut self, text: &str) -> Result<u64, sqlx::Error> {
        let text = sqlx::AssertSqlSafe(text);
        match self {
            Self::Sqlite(connection) => Ok(sqlx::query(text).execute(connection).await?.rows_affected()),
            Self::Postgres(connection) => Ok(sqlx::query(text).execute(connection).await?.rows_affected()),
        }
    }

    /// The rows of a statement whose columns are all texts; NULL is `"NULL"`.
    pub async fn texts(&mut self, text: &str) -> Vec<Vec<String>> {
        use sqlx::Row as _;
        let text = sqlx::AssertSqlSafe(text);
        let or_null = |text: Option<String>| text.unwrap_or_else(|| "NULL".to_owned());
        match self {
            Self::Sqlite(connection) => {
                let rows = sqlx::query(text).fetch_all(connection).await.unwrap();
                rows.iter().map(|row| (0..row.len()).map(|n| or_null(row.get(n))).collect()).collect()
            }
            Self::Postgres(connection) => {
                let rows = sqlx::query(text).fetch_all(connection).await.unwrap();
                rows.iter().map(|row| (0..row.len()).map(|n| or_null(row.get(n))).collect()).collect()
            }
        }
    }

    /// The single text of a statement.
    pub async fn text(&mut self, text: &str) -> String {
        let mut rows = self.texts(text).await;
        assert_eq!(rows.len(), 1, "{text}");
        rows.remove(0).remove(0)
    }
}
