//! What is asked of a route, and how it is answered.

use std::time::Duration;

use super::number::{Counter, Histogram, Striped};

/// Statuses that are counted by themselves, the frequent ones first. All others are one.
const STATUSES: [u16; 16] = [200, 201, 204, 404, 401, 400, 409, 202, 304, 403, 408, 413, 429, 500, 501, 503];

/// Microseconds that answers take at most, of those that are counted together.
const MICROS: [u64; 11] = [100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000];

/// The requests for one route.
#[derive(Debug)]
pub struct Traffic {
    pub(super) route: &'static str,
    pub(super) by: Box<[By]>,
}

/// Those that were made by one method.
#[derive(Debug)]
pub(super) struct By {
    pub(super) method: &'static str,
    counts: Striped<Counts>,
}

/// How often each status was answered, and after which time.
#[derive(Debug)]
pub(super) struct Counts {
    answered: [Counter; STATUSES.len()],
    otherwise: Counter,
    pub(super) micros: Histogram<{ MICROS.len() }>,
}

impl Traffic {
    pub(super) fn new(route: &'static str, methods: &[&'static str]) -> Self {
        let by = methods.iter().map(|method| By { method, counts: Striped::new(Counts::new) });
        Self { route, by: by.collect() }
    }

    /// Counts a request that was answered after this time. A method that the route does not have is not counted.
    pub fn see(&self, method: &'static str, status: u16, took: Duration) {
        let Some(by) = self.by.iter().find(|by| by.method == method) else { return };
        let counts = by.counts.mine();
        let known = STATUSES.iter().zip(&counts.answered).find(|(known, _)| **known == status);
        known.map_or(&counts.otherwise, |(_, counter)| counter).add(1);
        counts.micros.see(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }
}

impl By {
    /// What all threads have counted.
    pub(super) fn together(&self) -> Counts {
        let together = Counts::new();
        for counts in self.counts.all() {
            for (counter, more) in together.answered.iter().zip(&counts.answered) {
                counter.add(more.get());
            }
            together.otherwise.add(counts.otherwise.get());
            together.micros.add(&counts.micros);
        }
        together
    }
}

impl Counts {
    fn new() -> Self {
        Self {
            answered: std::array::from_fn(|_| Counter::default()),
            otherwise: Counter::default(),
            micros: Histogram::new(&MICROS),
        }
    }

    /// How often each status was answered, of those that were.
    pub(super) fn statuses(&self) -> impl Iterator<Item = (String, u64)> {
        let known = STATUSES.iter().zip(&self.answered).map(|(status, counter)| (status.to_string(), counter.get()));
        known.chain([("other".to_owned(), self.otherwise.get())]).filter(|(_, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn every_error_has_a_status_that_is_counted_by_itself() {
        for kind in Kind::ALL {
            assert!(STATUSES.contains(&kind.status()), "{kind:?}");
        }
    }

    #[test]
    fn what_the_table_does_not_have_is_counted_together_or_not_at_all() {
        let traffic = Traffic::new("/a", &["GET"]);
        traffic.see("GET", 418, Duration::from_micros(100));
        traffic.see("GET", 299, Duration::from_secs(60));
        traffic.see("PUT", 200, Duration::ZERO);
        let [by] = &*traffic.by else { panic!("one method") };
        let counts = by.together();
        assert_eq!(counts.statuses().collect::<Vec<_>>(), [("other".to_owned(), 2)]);
        let (steps, count, sum) = counts.micros.seen();
        assert_eq!((steps[0], steps[10], count, sum), ((100, 1), (10_000_000, 1), 2, 60_000_100));
    }
}
