//! Configuration: environment variables, read once, each into a type that cannot be wrong.

mod environment;
mod listen;
mod otlp;
mod variables;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};

pub use self::environment::{Environment, Reading};
pub use self::listen::{Listen, Peer, Proxies, TlsFiles};
pub use self::otlp::{Endpoint, Otlp, headers as otlp_headers};
pub(crate) use self::variables::secret_of_file;
use self::variables::{Given, Variables};
pub use self::variables::{Origin, Setting};
use crate::clock::Millis;
use crate::hashing::Cost;
use crate::secret::Hidden;

/// Everything that the environment decides. See `.env.example` for the variables.
#[derive(Debug, Clone)]
pub struct Config {
    /// `USHER_LISTEN`
    pub listen: Listen,
    /// `USHER_LISTEN_MODE`
    pub listen_mode: u32,
    /// `USHER_TLS_CERT` and `USHER_TLS_KEY`
    pub tls: Option<TlsFiles>,
    /// `USHER_CONNECTIONS`
    pub connections: usize,
    /// `USHER_REQUESTS`
    pub requests: usize,
    /// `USHER_CLIENT_TIMEOUT`
    pub client_timeout: Duration,
    /// `USHER_METRICS_LISTEN`
    pub metrics_listen: Option<SocketAddr>,
    /// `DATABASE_URL` or `DATABASE_URL_FILE`
    pub database: DatabaseUrl,
    /// `USHER_DATABASE_CONNECTIONS`
    pub database_connections: u32,
    /// `USHER_BACKUP_FOLDER`, `USHER_BACKUP_EVERY` and `USHER_BACKUP_KEEP`
    pub backups: Option<Backups>,
    /// `USHER_STARTUP_WAIT`
    pub startup_wait: Duration,
    /// `USHER_PROJECT_ID` and `USHER_API_KEY` or `USHER_API_KEY_FILE`
    pub bootstrap: Option<Bootstrap>,
    /// `USHER_COMPAT_VERSION`
    pub compat_version: String,
    /// `USHER_LENIENT_IMPORT`
    pub lenient_import: bool,
    /// `USHER_RATE_LIMITS`
    pub rate_limits: bool,
    /// `USHER_LOG_RETENTION`
    pub log_retention: Option<Duration>,
    /// `USHER_SESSION_RETENTION`
    pub session_retention: Duration,
    /// `USHER_TOKEN_RETENTION`
    pub token_retention: Duration,
    /// `USHER_TOTAL_CAP`
    pub total_cap: Option<i64>,
    /// `USHER_TRUSTED_PROXIES`
    pub trusted_proxies: Proxies,
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
    /// `USHER_SECRET` or `USHER_SECRET_FILE`
    pub secret: Option<Hidden<String>>,
    /// `USHER_SECRET_PREVIOUS` or `USHER_SECRET_PREVIOUS_FILE`
    pub secret_previous: Option<Hidden<String>>,
    /// Traces, when `OTEL_EXPORTER_OTLP_ENDPOINT` names who takes them.
    pub otlp: Option<Otlp>,
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

/// Copies of the database that the server makes by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backups {
    /// Where they are, and nothing else.
    pub folder: PathBuf,
    /// What lies between two of them.
    pub every: Duration,
    /// How many are kept.
    pub keep: usize,
}

/// Where the data is.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file.
    Sqlite(PathBuf),
    /// A PostgreSQL server; the URL may hold a password.
    Postgres(Hidden<String>),
}

impl DatabaseUrl {
    /// Reads the text of a variable.
    ///
    /// # Errors
    /// What is allowed.
    pub fn parse(value: &str) -> anyhow::Result<Self> {
        if value.starts_with("postgres://") || value.starts_with("postgresql://") {
            if let Err(reason) = crate::store::check_url(value) {
                bail!("postgres://USER:PASSWORD@HOST/DATABASE, which this is not: {reason}");
            }
            return Ok(Self::Postgres(Hidden(value.to_owned())));
        }
        match value.strip_prefix("sqlite:") {
            // Both sqlite:relative.db and the URL form sqlite:///absolute.db.
            Some(path) => match path.strip_prefix("//").unwrap_or(path) {
                "" | ":memory:" => bail!("sqlite: and the name of a file, since users are to be kept"),
                path if path.contains('?') => bail!("sqlite: and the name of a file, without parameters"),
                path => Ok(Self::Sqlite(path.into())),
            },
            None => bail!("sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE"),
        }
    }
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
const LOG_DAYS: &str = "14";

/// The newest version of the protocol that is spoken.
pub const PROTOCOL_VERSION: &str = "2.6.2";

impl Config {
    /// Reads the configuration through `variable`, which gives the value of an environment variable.
    ///
    /// # Errors
    /// A line for each variable whose value is wrong: its name, and what is allowed.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let given = |name: &str| variable(name).map(|text| Given { text: Ok(text), origin: Origin::Environment });
        let mut variables = Variables::new(&given);
        let config = Self::of(&mut variables);
        variables.complaints().and(config)
    }

    /// Reads the configuration, and leaves in `vars` what is in force and what is wrong.
    fn of(vars: &mut Variables<'_>) -> anyhow::Result<Self> {
        let workers = std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1));
        let config = Self {
            listen: vars.value("USHER_LISTEN", "127.0.0.1:8080", Listen::parse)?,
            listen_mode: vars.value("USHER_LISTEN_MODE", "0660", listen::mode)?,
            tls: tls(vars),
            connections: vars.value("USHER_CONNECTIONS", "10000", within(1, 1_000_000))?,
            requests: vars.value("USHER_REQUESTS", "256", within(1, 100_000))?,
            client_timeout: vars.value("USHER_CLIENT_TIMEOUT", "60", seconds(1, 3600))?,
            metrics_listen: vars.option("USHER_METRICS_LISTEN", parsed("an address and port such as 127.0.0.1:9090")),
            database: vars.place("DATABASE_URL", "DATABASE_URL_FILE", "sqlite:data/usher.db", DatabaseUrl::parse)?,
            database_connections: vars.value("USHER_DATABASE_CONNECTIONS", "10", within(1, 1000))?,
            backups: backups(vars)?,
            startup_wait: vars.value("USHER_STARTUP_WAIT", "30", seconds(0, 3600))?,
            bootstrap: bootstrap(vars),
            compat_version: vars.value("USHER_COMPAT_VERSION", PROTOCOL_VERSION, version)?,
            lenient_import: vars.value("USHER_LENIENT_IMPORT", "false", truth)?,
            rate_limits: vars.value("USHER_RATE_LIMITS", "true", truth)?,
            log_retention: vars.value("USHER_LOG_RETENTION", LOG_DAYS, retention)?,
            session_retention: vars.value("USHER_SESSION_RETENTION", "0", days)?,
            token_retention: vars.value("USHER_TOKEN_RETENTION", "0", days)?,
            total_cap: vars.option("USHER_TOTAL_CAP", within(1, i64::MAX)),
            trusted_proxies: vars.option("USHER_TRUSTED_PROXIES", Proxies::parse).unwrap_or_default(),
            geoip_file: vars.option("USHER_GEOIP_FILE", path),
            password_dictionary: vars.option("USHER_PASSWORD_DICTIONARY", path),
            hash_cost: vars.value("USHER_HASH_COST", &Cost::default().to_string(), hash_cost)?,
            hash_workers: vars.value("USHER_HASH_WORKERS", &workers.to_string(), within(1, 1024))?,
            hash_queue: vars.value("USHER_HASH_QUEUE", "64", within(1, 100_000))?,
            secret: vars.secret("USHER_SECRET", "USHER_SECRET_FILE", secret),
            secret_previous: vars.secret("USHER_SECRET_PREVIOUS", "USHER_SECRET_PREVIOUS_FILE", secret),
            otlp: otlp(vars)?,
            clock: vars
                .option("USHER_CLOCK", |text| Millis::parse(text).context("a moment such as 2026-01-02T03:04:05Z")),
            log_format: vars.value("USHER_LOG_FORMAT", "text", log_format)?,
            log_level: vars.value("USHER_LOG_LEVEL", "info", parsed("one of off, error, warn, info, debug, trace"))?,
        };
        secrets(vars, &config);
        if matches!(config.listen, Listen::Tcp(listen) if listen.port() != 0 && Some(listen) == config.metrics_listen) {
            vars.complain("USHER_METRICS_LISTEN must be another address than USHER_LISTEN");
        }
        if config.backups.is_some() && matches!(config.database, DatabaseUrl::Postgres(_)) {
            vars.complain("USHER_BACKUP_FOLDER is for SQLite, and DATABASE_URL is PostgreSQL, which pg_dump copies");
        }
        Ok(config)
    }
}

fn parsed<T: std::str::FromStr>(allowed: &'static str) -> impl Fn(&str) -> anyhow::Result<T> {
    move |value| value.parse().map_err(|_| anyhow::anyhow!("{allowed}, not {value:?}"))
}

fn within<T>(min: T, max: T) -> impl Fn(&str) -> anyhow::Result<T>
where
    T: std::str::FromStr + PartialOrd + fmt::Display,
{
    move |value| match value.parse() {
        Ok(number) if number >= min && number <= max => Ok(number),
        _ => bail!("a whole number from {min} to {max}, not {value:?}"),
    }
}

fn seconds(min: u64, max: u64) -> impl Fn(&str) -> anyhow::Result<Duration> {
    move |value| within(min, max)(value).map(Duration::from_secs)
}

fn hash_cost(value: &str) -> anyhow::Result<Cost> {
    value.parse().map_err(|reason| anyhow::anyhow!("a cost that can be computed: {reason}"))
}

/// Days; 0 is for ever.
fn retention(value: &str) -> anyhow::Result<Option<Duration>> {
    Ok(Some(days(value)?).filter(|time| !time.is_zero()))
}

fn days(value: &str) -> anyhow::Result<Duration> {
    let days: u64 = within(0, 36_500)(value)?;
    Ok(Duration::from_secs(days * 24 * 60 * 60))
}

fn path(value: &str) -> anyhow::Result<PathBuf> {
    Ok(value.into())
}

fn backups(vars: &mut Variables<'_>) -> anyhow::Result<Option<Backups>> {
    let folder = vars.option("USHER_BACKUP_FOLDER", path);
    let hours: u64 = vars.value("USHER_BACKUP_EVERY", "24", within(1, 8760))?;
    let keep = vars.value("USHER_BACKUP_KEEP", "7", within(1, 10_000))?;
    Ok(folder.map(|folder| Backups { folder, every: Duration::from_secs(hours * 60 * 60), keep }))
}

fn tls(vars: &mut Variables<'_>) -> Option<TlsFiles> {
    let (certificate, key) = (vars.option("USHER_TLS_CERT", path), vars.option("USHER_TLS_KEY", path));
    if vars.is_set("USHER_TLS_CERT") != vars.is_set("USHER_TLS_KEY") {
        vars.complain("USHER_TLS_CERT and USHER_TLS_KEY must be set together, or neither of them");
    }
    certificate.zip(key).map(|(certificate, key)| TlsFiles { certificate, key })
}

fn otlp(vars: &mut Variables<'_>) -> anyhow::Result<Option<Otlp>> {
    let endpoint = vars.option("OTEL_EXPORTER_OTLP_ENDPOINT", Endpoint::parse);
    let headers = vars.secret("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS_FILE", |text| {
        otlp_headers(text).map(|_| Hidden(text.to_owned()))
    });
    let headers = headers.unwrap_or_else(|| Hidden(String::new()));
    let service = vars.value("OTEL_SERVICE_NAME", "usher", |name| Ok(name.to_owned()))?;
    let ratio = vars.value("OTEL_TRACES_SAMPLER_ARG", "1", otlp::ratio)?;
    Ok(endpoint.map(|endpoint| Otlp { endpoint, headers, service, ratio }))
}

fn bootstrap(vars: &mut Variables<'_>) -> Option<Bootstrap> {
    let project = vars.option("USHER_PROJECT_ID", |id| {
        crate::params::project_id(id).map_err(|reason| anyhow::anyhow!("a project id: {reason}"))
    });
    let key = vars.secret("USHER_API_KEY", "USHER_API_KEY_FILE", api_key);
    if vars.is_set("USHER_PROJECT_ID") != (vars.is_set("USHER_API_KEY") || vars.is_set("USHER_API_KEY_FILE")) {
        vars.complain(
            "USHER_PROJECT_ID and USHER_API_KEY (or USHER_API_KEY_FILE) must be set together, or neither of them",
        );
    }
    project.zip(key).map(|(project, key)| Bootstrap { project, key })
}

fn api_key(value: &str) -> anyhow::Result<Hidden<String>> {
    if value.len() > 4096 || !value.bytes().all(|b| (b'!'..=b'~').contains(&b)) {
        bail!("1 to 4096 visible ASCII characters, since it travels in a header");
    }
    Ok(Hidden(value.to_owned()))
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

fn secret(value: &str) -> anyhow::Result<Hidden<String>> {
    match value.len() {
        32.. => Ok(Hidden(value.to_owned())),
        _ => bail!("at least 32 characters long"),
    }
}

/// Whether the secret that is in use and the one before it belong together.
fn secrets(vars: &mut Variables<'_>, config: &Config) {
    let Some(previous) = &config.secret_previous else { return };
    if !vars.is_set("USHER_SECRET") && !vars.is_set("USHER_SECRET_FILE") {
        vars.complain("USHER_SECRET_PREVIOUS is set without USHER_SECRET (or USHER_SECRET_FILE), which replaces it");
    }
    if config.secret.as_ref().is_some_and(|secret| secret == previous) {
        vars.complain("USHER_SECRET_PREVIOUS must be another secret than USHER_SECRET");
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
mod tests;
