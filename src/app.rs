//! What every request may use.

use std::sync::Arc;

use anyhow::Context as _;
use tokio_util::task::TaskTracker;

use crate::access::Registry;
use crate::admission::Admission;
use crate::clock::Clock;
use crate::config::Config;
use crate::geo::Geo;
use crate::hashing::Pool;
use crate::jwt::Signer;
use crate::metrics::Metrics;
use crate::params::Dictionary;
use crate::request_id::RequestIds;
use crate::secret::Seal;
use crate::store::Store;
use crate::tls::Tls;
use crate::trace::{Counts, Traces};

/// The parts of a running server. Handlers have it as their state, behind an [`Arc`].
#[derive(Debug)]
pub struct App {
    /// What the environment decided.
    pub config: Config,
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// Projects and API keys, remembered for a few seconds.
    pub registry: Registry,
    /// How much is taken on at a time.
    pub admission: Admission,
    /// Where passwords are hashed.
    pub hashing: Pool,
    /// Where addresses are.
    pub geo: Geo,
    /// Words that may not be passwords, when the operator named a file of them.
    pub dictionary: Option<Dictionary>,
    /// Seals provider tokens and codes, when the operator set `USHER_SECRET`.
    pub seal: Option<Seal>,
    /// Small writes that no request waits for; a server that stops does.
    pub background: TaskTracker,
    /// Signs the tokens of users.
    pub signer: Signer,
    /// What is counted of the server.
    pub metrics: Metrics,
    /// Makes the ids of requests.
    pub request_ids: RequestIds,
    /// Has traces sent, when the operator said where to.
    pub traces: Option<Traces>,
    /// What became of their spans.
    pub spans: Arc<Counts>,
    /// The certificate, when the operator named one.
    pub tls: Option<Tls>,
}

impl App {
    /// Opens the database and brings it up to date, and reads the files that the configuration names.
    ///
    /// # Errors
    /// What could not be opened or read.
    pub async fn open(config: Config) -> anyhow::Result<Arc<Self>> {
        let store = Store::open(&config.database, config.database_connections, config.startup_wait)
            .await
            .with_context(|| format!("DATABASE_URL ({:?}) cannot be used", config.database))?;
        Self::with_store(config, store)
    }

    /// As [`App::open`], with a database that is open already.
    ///
    /// # Errors
    /// What could not be read.
    pub fn with_store(config: Config, store: Store) -> anyhow::Result<Arc<Self>> {
        let spans = Arc::default();
        let clock = config.clock.map_or_else(Clock::system, Clock::frozen);
        Ok(Arc::new(Self {
            store,
            metrics: Metrics::new(clock.now()),
            request_ids: RequestIds::default(),
            clock,
            registry: Registry::new(),
            admission: Admission::new(config.requests),
            hashing: Pool::new(config.hash_workers, config.hash_queue, config.hash_cost)
                .context("the threads for password hashing could not be started")?,
            geo: geo(&config)?,
            dictionary: dictionary(&config)?,
            background: TaskTracker::new(),
            traces: config.otlp.as_ref().map(|otlp| Traces::start(otlp, &spans)).transpose()?,
            spans,
            tls: config.tls.as_ref().map(Tls::open).transpose()?,
            signer: signer(&config),
            seal: seal(&config),
            config,
        }))
    }
}

/// What signs tokens, which end with this process where there is no secret.
fn signer(config: &Config) -> Signer {
    let Some(secret) = &config.secret else { return Signer::forgetful() };
    let signer = Signer::new(&secret.0);
    match &config.secret_previous {
        Some(previous) => signer.with_previous(&previous.0),
        None => signer,
    }
}

/// What seals, where there is a secret.
pub(crate) fn seal(config: &Config) -> Option<Seal> {
    let seal = Seal::new(&config.secret.as_ref()?.0);
    Some(match &config.secret_previous {
        Some(previous) => seal.with_previous(&previous.0),
        None => seal,
    })
}

/// Reads the countries of addresses.
///
/// # Errors
/// When the file that the configuration names cannot be used.
pub(crate) fn geo(config: &Config) -> anyhow::Result<Geo> {
    let Some(path) = &config.geoip_file else { return Ok(Geo::none()) };
    Geo::open(path).with_context(|| format!("USHER_GEOIP_FILE names {}, which cannot be used", path.display()))
}

/// Reads the words that may not be passwords.
///
/// # Errors
/// When the file that the configuration names cannot be used.
pub(crate) fn dictionary(config: &Config) -> anyhow::Result<Option<Dictionary>> {
    config.password_dictionary.as_deref().map(Dictionary::open).transpose()
}
