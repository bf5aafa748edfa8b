//! Configuration: environment variables, read once, each into a type that cannot be wrong.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use ipnet::IpNet;

use crate::clock::Millis;
use crate::hashing::Cost;
use crate::secret::Hidden;

/// Everything that the environment decides. See `.env.example` for the variables.
#[derive(Debug, Clone)]
pub struct Config {
    /// `USHER_LISTEN`
    pub listen: SocketAddr,
    /// `USHER_CONNECTIONS`
    pub connections: usize,
    /// `USHER_REQUESTS`
    pub requests: usize,
    /// `USHER_CLIENT_TIMEOUT`
    pub client_timeout: Duration,
    /// `USHER_METRICS_LISTEN`
    pub metrics_listen: Option<SocketAddr>,
    /// `DATABASE_URL`
    pub database: DatabaseUrl,
    /// `USHER_DATABASE_CONNECTIONS`
    pub database_connections: u32,
    /// `USHER_STARTUP_WAIT`
    pub startup_wait: Duration,
    /// `USHER_PROJECT_ID` and `USHER_API_KEY`
    pub bootstrap: Option<Bootstrap>,
    /// `USHER_COMPAT_VERSION`
    pub compat_version: String,
    /// `USHER_LENIENT_IMPORT`
    pub lenient_import: bool,
    /// `USHER_RATE_LIMITS`
    pub rate_limits: bool,
    /// `USHER_LOG_RETENTION`
    pub log_retention: Option<Duration>,
    /// `USHER_TOTAL_CAP`
    pub total_cap: Option<i64>,
    /// `USHER_TRUSTED_PROXIES`
    pub trusted_proxies: Vec<IpNet>,
    /// `USHER_GEOIP_FILE`
    pub geoip_file: Option<PathBuf>,
    /// `USHER_PASSWORD_DICTIONARY`
    pub password_dictionary: Option<PathBuf>,
    /// `USHER_HASH_COST`
    pub hash_cost: Cost,
    /// `USHER_HASH_WORKERS`
    pub hash_workers: usize,
    /// `USHER_HASH_QUEUE`
    pub hash_queue: usize,
    /// `USHER_SECRET`
    pub secret: Option<Hidden<String>>,
    /// `USHER_CLOCK`
    pub clock: Option<Millis>,
    /// `USHER_LOG_FORMAT`
    pub log_format: LogFormat,
    /// `USHER_LOG_LEVEL`
    pub log_level: tracing::level_filters::LevelFilter,
}

/// The project and the key that exist after every start.
#[derive(Debug, Clone)]
pub struct Bootstrap {
    /// The project's id.
    pub project: String,
    /// The key, which has all scopes.
    pub key: Hidden<String>,
}

impl Bootstrap {
    /// Whether the key is too short to withstand guessing.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.key.0.len() < 32
    }
}

/// Where the data is.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file.
    Sqlite(PathBuf),
    /// A PostgreSQL server; the URL may hold a password.
    Postgres(Hidden<String>),
}

/// Shows the engine and the place, never the user's name and password.
impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            // The place is shown only where it can be told from a password: behind the one `@`, before any parameters.
            Self::Postgres(url) => match url.0.split('@').collect::<Vec<_>>()[..] {
                [credentials, place] if !credentials.contains('?') => {
                    write!(f, "postgres://<hidden>@{}", place.split('?').next().unwrap_or_default())
                }
                _ => f.write_str("postgres://<hidden>"),
            },
        }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Days for which rows of the activity log are kept when nobody says otherwise: upstream's two weeks.
const LOG_DAYS: u64 = 14;

/// The newest version of the protocol that is spoken.
pub const PROTOCOL_VERSION: &str = "2.6.2";

impl Config {
    /// Reads the configuration through `variable`, which gives the value of an environment variable.
    ///
    /// # Errors
    /// The name of the first variable whose value is wrong, and what is allowed.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let vars = Variables(&|name: &str| variable(name).filter(|value| !value.trim().is_empty()));
        let workers = std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1));
        Ok(Self {
            listen: vars.parse("USHER_LISTEN", "an address and port such as 127.0.0.1:8080")?.unwrap_or_else(local),
            connections: vars.within("USHER_CONNECTIONS", 1, 1_000_000)?.unwrap_or(10_000),
            requests: vars.within("USHER_REQUESTS", 1, 100_000)?.unwrap_or(256),
            client_timeout: Duration::from_secs(vars.within("USHER_CLIENT_TIMEOUT", 1, 3600)?.unwrap_or(60)),
            metrics_listen: vars.parse("USHER_METRICS_LISTEN", "an address and port such as 127.0.0.1:9090")?,
            database: vars.with("DATABASE_URL", database_url)?.unwrap_or_else(default_database),
            database_connections: vars.within("USHER_DATABASE_CONNECTIONS", 1, 1000)?.unwrap_or(10),
            startup_wait: Duration::from_secs(vars.within("USHER_STARTUP_WAIT", 0, 3600)?.unwrap_or(30)),
            bootstrap: bootstrap(&vars)?,
            compat_version: vars.with("USHER_COMPAT_VERSION", version)?.unwrap_or_else(|| PROTOCOL_VERSION.into()),
            lenient_import: vars.with("USHER_LENIENT_IMPORT", truth)?.unwrap_or(false),
            rate_limits: vars.with("USHER_RATE_LIMITS", truth)?.unwrap_or(true),
            log_retention: match vars.within("USHER_LOG_RETENTION", 0, 36_500)?.unwrap_or(LOG_DAYS) {
                0 => None,
                days => Some(Duration::from_secs(days * 24 * 60 * 60)),
            },
            total_cap: vars.within("USHER_TOTAL_CAP", 1, i64::MAX)?,
            trusted_proxies: vars.with("USHER_TRUSTED_PROXIES", networks)?.unwrap_or_default(),
            geoip_file: vars.text("USHER_GEOIP_FILE").map(PathBuf::from),
            password_dictionary: vars.text("USHER_PASSWORD_DICTIONARY").map(PathBuf::from),
            hash_cost: vars.parse("USHER_HASH_COST", "a cost such as m=65536,t=4,p=3")?.unwrap_or_default(),
            hash_workers: vars.within("USHER_HASH_WORKERS", 1, 1024)?.unwrap_or(workers),
            hash_queue: vars.within("USHER_HASH_QUEUE", 1, 100_000)?.unwrap_or(64),
            secret: vars.with("USHER_SECRET", secret)?,
            clock: vars
                .with("USHER_CLOCK", |text| Millis::parse(text).context("a moment such as 2026-01-02T03:04:05Z"))?,
            log_format: vars.with("USHER_LOG_FORMAT", log_format)?.unwrap_or(LogFormat::Text),
            log_level: vars
                .parse("USHER_LOG_LEVEL", "one of off, error, warn, info, debug, trace")?
                .unwrap_or(tracing::level_filters::LevelFilter::INFO),
        })
    }

    /// Reads the configuration from the environment of the process.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn from_env() -> anyhow::Result<Self> {
        Self::read(|name| std::env::var(name).ok())
    }
}

struct Variables<'a>(&'a dyn Fn(&str) -> Option<String>);

impl Variables<'_> {
    fn text(&self, name: &str) -> Option<String> {
        self.0(name)
    }

    /// The value as `read` understands it; the error of `read` says what is allowed.
    fn with<T>(&self, name: &str, read: impl Fn(&str) -> anyhow::Result<T>) -> anyhow::Result<Option<T>> {
        self.text(name)
            .map(|value| read(value.trim()).map_err(|allowed| anyhow::anyhow!("{name} must be {allowed}")))
            .transpose()
    }

    fn parse<T: std::str::FromStr>(&self, name: &str, allowed: &'static str) -> anyhow::Result<Option<T>> {
        self.with(name, |value| value.parse().map_err(|_| anyhow::anyhow!("{allowed}, not {value:?}")))
    }

    fn within<T>(&self, name: &str, min: T, max: T) -> anyhow::Result<Option<T>>
    where
        T: std::str::FromStr + PartialOrd + fmt::Display,
    {
        self.with(name, |value| match value.parse() {
            Ok(number) if number >= min && number <= max => Ok(number),
            _ => bail!("a whole number from {min} to {max}, not {value:?}"),
        })
    }
}

fn local() -> SocketAddr {
    SocketAddr::from((IpAddr::from([127, 0, 0, 1]), 8080))
}

fn default_database() -> DatabaseUrl {
    DatabaseUrl::Sqlite("data/usher.db".into())
}

fn database_url(value: &str) -> anyhow::Result<DatabaseUrl> {
    if value.starts_with("postgres://") || value.starts_with("postgresql://") {
        return Ok(DatabaseUrl::Postgres(Hidden(value.to_owned())));
    }
    match value.strip_prefix("sqlite:") {
        // Both sqlite:relative.db and the URL form sqlite:///absolute.db.
        Some(path) => match path.strip_prefix("//").unwrap_or(path) {
            "" | ":memory:" => bail!("sqlite: and the name of a file, since users are to be kept"),
            path if path.contains('?') => bail!("sqlite: and the name of a file, without parameters"),
            path => Ok(DatabaseUrl::Sqlite(path.into())),
        },
        None => bail!("sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE"),
    }
}

fn bootstrap(vars: &Variables<'_>) -> anyhow::Result<Option<Bootstrap>> {
    match (vars.text("USHER_PROJECT_ID"), vars.text("USHER_API_KEY")) {
        (None, None) => Ok(None),
        (Some(project), Some(key)) => {
            let project = crate::params::project_id(project.trim())
                .map_err(|reason| anyhow::anyhow!("USHER_PROJECT_ID must be a project id: {reason}"))?;
            let key = key.trim().to_owned();
            if key.len() > 4096 || !key.bytes().all(|b| (b'!'..=b'~').contains(&b)) {
                bail!("USHER_API_KEY must be 1 to 4096 visible ASCII characters, since it travels in a header");
            }
            Ok(Some(Bootstrap { project, key: Hidden(key) }))
        }
        _ => bail!("USHER_PROJECT_ID and USHER_API_KEY must be set together, or neither of them"),
    }
}

fn version(value: &str) -> anyhow::Result<String> {
    let numbers = value.split('.').filter(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    if numbers.count() == 3 && value.split('.').count() == 3 {
        Ok(value.to_owned())
    } else {
        bail!("a version of three numbers such as {PROTOCOL_VERSION}, not {value:?}")
    }
}

fn truth(value: &str) -> anyhow::Result<bool> {
    match value {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => bail!("true or false, not {value:?}"),
    }
}

fn networks(value: &str) -> anyhow::Result<Vec<IpNet>> {
    let network = |text: &str| text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    value
        .split(',')
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(|text| network(text).with_context(|| format!("addresses or networks such as 10.0.0.0/8, not {text:?}")))
        .collect()
}

fn secret(value: &str) -> anyhow::Result<Hidden<String>> {
    match value.len() {
        32.. => Ok(Hidden(value.to_owned())),
        _ => bail!("at least 32 characters long"),
    }
}

fn log_format(value: &str) -> anyhow::Result<LogFormat> {
    match value {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => bail!("text or json, not {value:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(vars: &[(&str, &str)]) -> Result<Config, String> {
        let find = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        Config::read(find).map_err(|error| error.to_string())
    }

    #[test]
    fn an_empty_environment_gives_the_documented_defaults() {
        let config = read(&[("DATABASE_URL", "  ")]).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.database, DatabaseUrl::Sqlite("data/usher.db".into()));
        assert_eq!(config.compat_version, "2.6.2");
        assert_eq!((config.lenient_import, config.total_cap, config.bootstrap.is_none()), (false, None, true));
        assert_eq!(config.hash_cost.to_string(), "m=65536,t=4,p=3");
    }

    #[test]
    fn a_wrong_value_is_refused_with_the_name_of_its_variable() {
        for (name, value) in [
            ("USHER_LISTEN", "8080"),
            ("USHER_CONNECTIONS", "0"),
            ("USHER_REQUESTS", "many"),
            ("USHER_CLIENT_TIMEOUT", "0"),
            ("USHER_METRICS_LISTEN", "9090"),
            ("USHER_METRICS_LISTEN", "localhost:9090"),
            ("DATABASE_URL", "mysql://x"),
            ("DATABASE_URL", "sqlite::memory:"),
            ("DATABASE_URL", "sqlite:a.db?mode=ro"),
            ("USHER_DATABASE_CONNECTIONS", "0"),
            ("USHER_STARTUP_WAIT", "-1"),
            ("USHER_COMPAT_VERSION", "2.6"),
            ("USHER_COMPAT_VERSION", "a.b.c"),
            ("USHER_LENIENT_IMPORT", "yes"),
            ("USHER_RATE_LIMITS", "off"),
            ("USHER_LOG_RETENTION", "-1"),
            ("USHER_LOG_RETENTION", "14d"),
            ("USHER_TOTAL_CAP", "0"),
            ("USHER_TRUSTED_PROXIES", "10.0.0.0/33"),
            ("USHER_HASH_COST", "m=1"),
            ("USHER_HASH_WORKERS", "0"),
            ("USHER_HASH_QUEUE", "0"),
            ("USHER_SECRET", "short"),
            ("USHER_CLOCK", "noon"),
            ("USHER_LOG_FORMAT", "xml"),
            ("USHER_LOG_LEVEL", "loud"),
            ("USHER_PROJECT_ID", "demo"),
            ("USHER_API_KEY", "key"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert!(error.contains(name), "{name}={value}: {error}");
        }
        let bad_id = read(&[("USHER_PROJECT_ID", "_demo"), ("USHER_API_KEY", "key")]).unwrap_err();
        assert!(bad_id.starts_with("USHER_PROJECT_ID must be"), "{bad_id}");
        let bad_key = read(&[("USHER_PROJECT_ID", "demo"), ("USHER_API_KEY", "a b")]).unwrap_err();
        assert!(bad_key.starts_with("USHER_API_KEY must be"), "{bad_key}");
    }

    #[test]
    fn passwords_in_a_database_url_are_not_shown() {
        let config =
            read(&[("DATABASE_URL", "postgres://usher:hunter2@db/usher"), ("USHER_SECRET", &"s3cr3t!".repeat(5))]);
        let shown = format!("{:?}", config.unwrap());
        assert!(!shown.contains("hunter2") && !shown.contains("s3cr3t"), "{shown}");
    }

    #[test]
    fn the_place_of_a_database_is_shown_where_no_password_can_be_in_it() {
        let shown = |url: &str| format!("{:?}", database_url(url).unwrap());
        assert_eq!(shown("postgres://usher:pass@db:5432/usher?sslmode=require"), "postgres://<hidden>@db:5432/usher");
        for url in [
            "postgres://db/usher?password=pa@ss",
            "postgres://usher@db/usher?password=pa@ss",
            "postgres://usher:pa@ss@db/usher",
            "postgres://usher:pa?ss@db/usher",
            "postgres://db/usher?password=pass",
        ] {
            assert_eq!(shown(url), "postgres://<hidden>", "{url}");
        }
    }

    #[test]
    fn proxies_are_addresses_or_networks() {
        let config = read(&[("USHER_TRUSTED_PROXIES", "10.0.0.0/8, ::1,192.168.1.1")]).unwrap();
        assert_eq!(config.trusted_proxies.len(), 3);
    }
}
