//! The compiled program in a folder of its own, with nothing in its environment but what a test gives.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use sqlx::{Connection as _, Executor as _, PgConnection};
use usher::config::DatabaseUrl;
use usher::secret::Hidden;

use crate::support::TestApp;
use crate::wire::socket::{Raw, exchange};

/// How long a process may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a test runs the program: a folder, and a database without anything in it.
pub struct Place {
    pub folder: tempfile::TempDir,
    pub url: String,
    /// Owns the database on PostgreSQL.
    owner: Option<TestApp>,
}

impl Place {
    /// With a file that does not exist yet, in a folder that does not either.
    pub fn sqlite() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), url: "sqlite:data/usher.db".into(), owner: None }
    }

    /// With a database in which not even a table is.
    pub async fn postgres() -> Option<Self> {
        let owner = TestApp::postgres(&[]).await?;
        let DatabaseUrl::Postgres(url) = owner.app.config.database.clone() else { return None };
        owner.store().close().await;
        let mut db = PgConnection::connect(&url.0).await.unwrap();
        db.execute("DROP SCHEMA public CASCADE").await.unwrap();
        db.execute("CREATE SCHEMA public").await.unwrap();
        db.close().await.unwrap();
        Some(Self { folder: tempfile::tempdir().unwrap(), url: url.0, owner: Some(owner) })
    }

    /// With a database that belongs to somebody else.
    pub fn at(url: &str) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), url: url.into(), owner: None }
    }

    /// Removes the database.
    pub async fn remove(self) {
        if let Some(owner) = self.owner {
            owner.finish().await;
        }
    }

    /// The database as others reach it.
    pub fn database(&self) -> DatabaseUrl {
        match self.url.strip_prefix("sqlite:") {
            Some(file) => DatabaseUrl::Sqlite(self.folder.path().join(file)),
            None => DatabaseUrl::Postgres(Hidden(self.url.clone())),
        }
    }

    /// The program with these arguments and variables.
    pub fn command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
        command
            .env_clear()
            .current_dir(self.folder.path())
            .env("DATABASE_URL", &self.url)
            .env("USHER_HASH_COST", "m=8,t=1,p=1")
            .env("USHER_STARTUP_WAIT", "0")
            .env("USHER_LISTEN", "127.0.0.1:0")
            .envs(variables.iter().copied())
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    /// Runs a command that ends by itself.
    pub fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        self.command(arguments, variables).output().unwrap()
    }

    /// What a command that succeeds prints.
    #[track_caller]
    pub fn prints(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments, &[]);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
        text(&output.stdout)
    }

    /// What a command that fails says; it must print nothing, and say which words are wrong.
    #[track_caller]
    pub fn fails(&self, arguments: &[&str], variables: &[(&str, &str)], part: &str) -> String {
        let output = self.run(arguments, variables);
        let said = text(&output.stderr);
        assert!(!output.status.success() && output.status.code().is_some(), "{arguments:?} {variables:?}: {output:?}");
        assert_eq!(text(&output.stdout), "", "{arguments:?} {variables:?}");
        assert!(said.contains(part), "{arguments:?} {variables:?}: {said:?} does not say {part:?}");
        said
    }

    /// Starts the server and waits until it listens.
    pub fn start(&self, variables: &[(&str, &str)]) -> Server {
        Server::start(self.command(&[], variables))
    }

    /// Starts the server with the project `demo` and the key `first-key`.
    pub fn start_demo(&self, variables: &[(&str, &str)]) -> Server {
        let demo = [("USHER_PROJECT_ID", "demo"), ("USHER_API_KEY", "first-key")];
        self.start(&[&demo[..], variables].concat())
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A server that runs. It is killed when a test fails.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    stdout: Lines,
    stderr: Lines,
}

/// What a process has written, and what of it a test has read.
struct Lines {
    incoming: Receiver<String>,
    seen: Vec<String>,
}

impl Lines {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let (lines, incoming) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                if lines.send(line).is_err() {
                    break;
                }
            }
        });
        Self { incoming, seen: Vec::new() }
    }

    /// The next line for which `wanted` holds.
    fn wait(&mut self, wanted: impl Fn(&str) -> bool) -> Result<String, String> {
        let deadline = Instant::now() + PATIENCE;
        while let Ok(line) = self.incoming.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            self.seen.push(line.clone());
            if wanted(&line) {
                return Ok(line);
            }
        }
        Err(self.seen.join("\n"))
    }

    /// Everything, once the process has ended.
    fn all(mut self) -> String {
        self.seen.extend(self.incoming.iter());
        self.seen.join("\n")
    }
}

impl Server {
    /// Starts the command and waits until it listens.
    pub fn start(command: Command) -> Self {
        Self::spawn(command).listening()
    }

    /// Starts the command.
    pub fn spawn(mut command: Command) -> Self {
        Self::of(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// A process that was started with pipes for what it writes.
    pub fn of(mut child: Child) -> Self {
        let stdout = Lines::of(child.stdout.take().unwrap());
        let stderr = Lines::of(child.stderr.take().unwrap());
        Self { child, address: SocketAddr::from(([0, 0, 0, 0], 0)), stdout, stderr }
    }

    /// Waits until the server listens.
    pub fn listening(mut self) -> Self {
        let line = self.says("listening");
        let (_, after) = line.split_once("address").unwrap();
        let address: String =
            after.trim_start_matches(['=', '"', ':']).chars().take_while(|c| !matches!(c, ' ' | '"')).collect();
        self.address = address.parse().unwrap();
        self
    }

    /// Waits for a line on stderr.
    #[track_caller]
    pub fn says(&mut self, part: &str) -> String {
        self.stderr.wait(|line| line.contains(part)).unwrap_or_else(|all| panic!("it never said {part:?}:\n{all}"))
    }

    /// Waits for a line on stdout.
    #[track_caller]
    pub fn prints(&mut self, start: &str) -> String {
        self.stdout
            .wait(|line| line.starts_with(start))
            .unwrap_or_else(|all| panic!("it never printed {start:?}:\n{all}"))
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.child.id())]).status().unwrap();
        assert!(sent.success());
    }

    /// The number of the process.
    pub fn id(&self) -> String {
        self.child.id().to_string()
    }

    /// Bytes of memory that it had at the most at any time, by the system's account, without what is mapped from files and
    /// can be dropped at any time.
    pub fn peak_memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
        };
        field("VmHWM:").saturating_sub(field("RssFile:"))
    }

    /// Waits for the end: how it ended, and all of stdout and stderr.
    pub fn ended(mut self) -> (ExitStatus, String, String) {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None => assert!(Instant::now() < deadline, "the server does not end"),
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let take = |lines: &mut Lines| std::mem::replace(lines, Lines::of(std::io::empty())).all();
        (status, take(&mut self.stdout), take(&mut self.stderr))
    }

    /// Asks it to stop; what it wrote in its life.
    #[track_caller]
    pub fn stop(self) -> (String, String) {
        self.signal("TERM");
        let (status, stdout, stderr) = self.ended();
        assert_eq!(status.code(), Some(0), "{stderr}");
        (stdout, stderr)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// GET with a project and a key.
pub fn get(address: SocketAddr, project: &str, key: &str, path: &str) -> Raw {
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: usher\r\nConnection: close\r\nX-Appwrite-Project: {project}\r\n\
         X-Appwrite-Key: {key}\r\nOrigin: https://app.example.org\r\n\r\n"
    );
    exchange(address, head.as_bytes())
}

/// Runs a line in a shell, as somebody who pastes it does.
pub fn curl(line: &str, folder: &Path) -> String {
    let output = Command::new("sh").args(["-c", line]).current_dir(folder).env("no_proxy", "*").output().unwrap();
    assert!(output.status.success(), "{line}: {}", text(&output.stderr));
    text(&output.stdout)
}
