//! What the server counts of itself, for whoever watches it: plain atomic numbers, and a text in the format of Prometheus.
//!
//! The numbers stand where they are counted, at fixed places: a request adds to three of its route, found by the number of the
//! route, and to two of the look-ups, each thread at a place of its own. There is no lock, no map and no allocation in its
//! way. The crates for this offer less: of `prometheus-client` every histogram is behind a lock and every family is a map behind
//! another, and the exporter of `metrics` hashes names and keeps samples until they are asked for. What is left, writing the
//! text, is a page of code.

mod exposition;
mod number;
mod stock;
mod text;
mod traffic;

use std::sync::OnceLock;

pub use self::exposition::exposition;
pub use self::number::{Counter, Gauge, Held, Histogram, Named, Striped};
pub use self::stock::Stock;
pub use self::traffic::Traffic;
use crate::clock::Millis;
use crate::housekeeping::Removed;
use crate::store;

/// What is counted of a whole server and belongs to none of its parts.
#[derive(Debug)]
pub struct Metrics {
    /// When the server was made.
    begun: Millis,
    /// Connections of clients.
    pub connections: Gauge,
    /// Connections beyond the limit.
    pub crowd: Counter,
    /// What the background job did.
    pub housekeeping: Housekeeping,
    /// Copies of the database.
    pub backups: Backups,
    /// Requests that failed since the database did not do what it should, by what it said.
    pub database_errors: Named<7>,
    /// How many users and sessions there are.
    pub stock: Stock,
    /// By the number of the route; the first is for what is no route.
    routes: OnceLock<Box<[Traffic]>>,
}

impl Metrics {
    /// Nothing is counted yet.
    #[must_use]
    pub fn new(now: Millis) -> Self {
        Self {
            begun: now,
            connections: Gauge::default(),
            crowd: Counter::default(),
            housekeeping: Housekeeping::default(),
            backups: Backups::default(),
            database_errors: Named::new(store::Error::NAMES),
            stock: Stock::default(),
            routes: OnceLock::new(),
        }
    }

    /// The routes of which requests are counted, each with the methods by which it can be asked; the first is for what is no
    /// route. They are the same whoever says so, and count only once.
    pub fn count_routes(&self, routes: &[(&'static str, &[&'static str])]) {
        self.routes.get_or_init(|| routes.iter().map(|(route, methods)| Traffic::new(route, methods)).collect());
    }

    /// What is counted of the route with this number.
    #[must_use]
    pub fn route(&self, number: usize) -> Option<&Traffic> {
        self.routes.get()?.get(number)
    }

    fn routes(&self) -> &[Traffic] {
        self.routes.get().map_or(&[], |routes| routes)
    }
}

/// What this server did of the background job, which all servers on a database share.
#[derive(Debug)]
pub struct Housekeeping {
    removed: Named<5>,
    failed: Counter,
    /// Milliseconds since the epoch, 0 before the first time.
    last: Gauge,
}

impl Default for Housekeeping {
    fn default() -> Self {
        Self {
            removed: Named::new(["attempts", "challenges", "logs", "sessions", "tokens"]),
            failed: Counter::default(),
            last: Gauge::default(),
        }
    }
}

impl Housekeeping {
    /// The job was done, all of it or what could be.
    pub fn done(&self, now: Millis, removed: &Removed) {
        let Removed { sessions, tokens, challenges, attempts, logs } = *removed;
        for (what, rows) in [
            ("attempts", attempts),
            ("challenges", challenges),
            ("logs", logs),
            ("sessions", sessions),
            ("tokens", tokens),
        ] {
            self.removed.add(what, rows);
        }
        self.last.set(u64::try_from(now.0).unwrap_or(0));
    }

    /// Something of the job failed.
    pub fn failed(&self) {
        self.failed.add(1);
    }
}

/// Copies of the database that this server makes by itself.
#[derive(Debug, Default)]
pub struct Backups {
    made: Counter,
    failed: Counter,
    /// Milliseconds since the epoch, 0 when there is none.
    last: Gauge,
}

impl Backups {
    /// One was made.
    pub fn made(&self, now: Millis) {
        self.made.add(1);
        self.last(now);
    }

    /// The newest one is of this time, whoever made it.
    pub fn last(&self, at: Millis) {
        self.last.set(u64::try_from(at.0).unwrap_or(0));
    }

    /// One failed.
    pub fn failed(&self) {
        self.failed.add(1);
    }
}
