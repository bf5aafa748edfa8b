//! A PostgreSQL server that may be killed, since no other test uses it.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use sqlx::{Connection as _, Executor as _, PgConnection};

/// What reads words and does what they say with a server of its own, until its input ends.
const SCRIPT: &str = r#"
. scripts/lib.sh
find_postgres || exit 0
trap stop_postgres EXIT
start_postgres
echo "$TEST_POSTGRES_URL"
while read -r word; do "${word}_postgres" && echo "$word"; done
"#;

/// A program that does what words say, until its input ends.
pub struct Servant {
    child: Child,
    orders: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Servant {
    /// Starts a script of bash with these arguments, and gives the first line that it prints; none when it ends without one.
    pub fn start(script: &str, arguments: &[&str]) -> Option<(Self, String)> {
        let mut child = Command::new("bash")
            .args(["-c", script, "bash"])
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let orders = child.stdin.take();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let Some(first) = lines.next() else {
            child.wait().unwrap();
            return None;
        };
        Some((Self { child, orders, lines }, first.unwrap()))
    }

    /// Has it do something; done when this returns.
    pub fn order(&mut self, word: &str) {
        writeln!(self.orders.as_mut().unwrap(), "{word}").unwrap();
        assert_eq!(self.lines.next().unwrap().unwrap(), word);
    }
}

impl Drop for Servant {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.child.wait();
    }
}

pub struct Cluster {
    servant: Servant,
    /// Its first database.
    pub url: String,
}

impl Cluster {
    /// Starts one; none where PostgreSQL is not installed.
    pub fn start() -> Option<Self> {
        let (servant, url) = Servant::start(SCRIPT, &[])?;
        Some(Self { servant, url })
    }

    /// Makes an empty database; its URL.
    pub async fn database(&self, name: &str) -> String {
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        connection.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        connection.close().await.unwrap();
        format!("{}/{name}", self.url.rsplit_once('/').unwrap().0)
    }

    /// Ends all of its processes at once.
    pub fn kill(&mut self) {
        self.servant.order("kill");
    }

    /// Starts it where it was; ready when this returns.
    pub fn restart(&mut self) {
        self.servant.order("restart");
    }
}
