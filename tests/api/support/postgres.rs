//! A database of its own on PostgreSQL for each test, copied from one that was migrated once.
//!
//! The server is the one that `TEST_POSTGRES_URL` names. Without the variable, and where PostgreSQL is installed,
//! `scripts/with-postgres` starts a throwaway one, which ends with this process.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex};

use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::sync::OnceCell;
use usher::config::DatabaseUrl;
use usher::secret::Hidden;
use usher::store::Store;

/// The throwaway server of this process: it ends when its standard input is closed, which the system does for us.
static OWN: Mutex<Option<Child>> = Mutex::new(None);

static SERVER: LazyLock<Option<String>> = LazyLock::new(|| {
    let given = std::env::var("TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty());
    given.or_else(start)
});

/// What a new database is a copy of. They are copied one at a time, as PostgreSQL wants it of a template.
static TEMPLATE: OnceCell<String> = OnceCell::const_new();
static COPYING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

fn start() -> Option<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/with-postgres");
    let mut child = Command::new(script)
        .args(["--installed", "sh", "-c", "echo \"$TEST_POSTGRES_URL\"; exec cat > /dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let lines = BufReader::new(child.stdout.take()?).lines();
    let url = lines.map_while(Result::ok).find(|line| line.starts_with("postgres://"))?;
    *OWN.lock().ok()? = Some(child);
    Some(url)
}

/// Says on standard error, past the test harness, that half of the tests are missing.
pub fn notice_when_absent() -> bool {
    if SERVER.is_none() {
        let _ = writeln!(
            std::io::stderr(),
            "\n*** NO POSTGRESQL: every test ran on SQLite only. ./scripts/test installs and uses PostgreSQL. ***\n"
        );
    }
    SERVER.is_none()
}

/// A database that belongs to one test.
pub struct Database {
    name: String,
    /// Where it is.
    pub url: String,
}

impl Database {
    /// Makes one; none where there is no PostgreSQL.
    pub async fn create() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = SERVER.as_deref()?;
        let name = format!("usher_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let template = TEMPLATE.get_or_init(|| template(server)).await;
        let _alone = COPYING.lock().await;
        run(server, &format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        Some(Self { url: with_name(server, &name), name })
    }

    /// Removes it.
    pub async fn remove(self) {
        if let Some(server) = SERVER.as_deref() {
            run(server, &format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
        }
    }
}

/// Makes the template; how it is named where databases are made. Its files are copied: since 15 PostgreSQL would else write all of it
/// to its log, which takes twice as long.
async fn template(server: &str) -> String {
    let name = format!("usher_test_{}_template", std::process::id());
    run(server, &format!("CREATE DATABASE {name}")).await;
    let url = DatabaseUrl::Postgres(Hidden(with_name(server, &name)));
    Store::open(&url, 1, std::time::Duration::ZERO).await.unwrap().close().await;
    let mut connection = PgConnection::connect(server).await.unwrap();
    let version = "SELECT CAST(current_setting('server_version_num') AS INTEGER)";
    let (version,): (i32,) = sqlx::query_as(version).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    if version < 150_000 { name } else { format!("{name} STRATEGY FILE_COPY") }
}

async fn run(server: &str, statement: &str) {
    let mut connection = PgConnection::connect(server).await.unwrap();
    connection.execute(sqlx::AssertSqlSafe(statement)).await.unwrap();
    connection.close().await.unwrap();
}

/// The URL of another database of the same server.
fn with_name(server: &str, name: &str) -> String {
    let (base, parameters) = server.split_once('?').map_or((server, String::new()), |(b, p)| (b, format!("?{p}")));
    let (base, _) = base.rsplit_once('/').unwrap();
    format!("{base}/{name}{parameters}")
}
