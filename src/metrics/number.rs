//! Numbers that many threads change at the same time.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds to it.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// What it is.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that goes up and down.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// One more, until what this gives is dropped.
    #[must_use]
    pub fn hold(&self) -> Held<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Held(self)
    }

    /// It is this now.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// What it is.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One of those that a [`Gauge`] counts.
#[derive(Debug)]
pub struct Held<'a>(&'a Gauge);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How many threads count apart from each other; of more than these some share.
const STRIPES: usize = 8;

thread_local! {
    static STRIPE: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed) % STRIPES
    };
}

/// What every request adds to, once for each of some threads: processors that change the same line of memory in turns wait for
/// each other to hand it over, longer than the adding takes.
#[derive(Debug)]
pub struct Striped<T>([Stripe<T>; STRIPES]);

/// Two lines, since processors fetch the neighbour too.
#[derive(Debug)]
#[repr(align(128))]
struct Stripe<T>(T);

impl<T> Striped<T> {
    /// As many as are needed.
    pub(crate) fn new(make: impl Fn() -> T) -> Self {
        Self(std::array::from_fn(|_| Stripe(make())))
    }

    /// The one for this thread.
    #[must_use]
    pub fn mine(&self) -> &T {
        &self.0[STRIPE.with(|stripe| *stripe)].0
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|stripe| &stripe.0)
    }
}

/// Counters that have names, of which there are few and no others.
#[derive(Debug)]
pub struct Named<const N: usize>([(&'static str, Counter); N]);

impl<const N: usize> Named<N> {
    /// One counter for each name.
    #[must_use]
    pub fn new(names: [&'static str; N]) -> Self {
        Self(names.map(|name| (name, Counter::default())))
    }

    /// Adds to the one with this name; nothing without such a one.
    pub fn add(&self, name: &str, more: u64) {
        if let Some((_, counter)) = self.0.iter().find(|(known, _)| *known == name) {
            counter.add(more);
        }
    }

    /// The names, and what their counters are.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().map(|(name, counter)| (*name, counter.get()))
    }
}

impl<const N: usize> Striped<Named<N>> {
    /// The names, and what their counters are together.
    pub(super) fn totals(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let names = self.0[0].0.0.iter().map(|(name, _)| *name).enumerate();
        names.map(|(n, name)| (name, self.all().map(|named| named.0[n].1.get()).sum()))
    }
}

/// How many values are at most this and that, and what they are together.
#[derive(Debug)]
pub struct Histogram<const N: usize> {
    bounds: &'static [u64; N],
    within: [Counter; N],
    beyond: Counter,
    sum: Counter,
}

impl<const N: usize> Histogram<N> {
    /// No values yet; the bounds grow.
    #[must_use]
    pub fn new(bounds: &'static [u64; N]) -> Self {
        let within = std::array::from_fn(|_| Counter::default());
        Self { bounds, within, beyond: Counter::default(), sum: Counter::default() }
    }

    /// Counts a value.
    pub fn see(&self, value: u64) {
        let found = self.bounds.iter().zip(&self.within).find(|(bound, _)| value <= **bound);
        found.map_or(&self.beyond, |(_, counter)| counter).add(1);
        self.sum.add(value);
    }

    /// Counts what another one with the same bounds has counted.
    pub(super) fn add(&self, other: &Self) {
        for (counter, more) in self.within.iter().zip(&other.within) {
            counter.add(more.get());
        }
        self.beyond.add(other.beyond.get());
        self.sum.add(other.sum.get());
    }

    /// The bounds with how many values are at most that, then how many there are, and their sum.
    pub(super) fn seen(&self) -> (Vec<(u64, u64)>, u64, u64) {
        let mut count = 0;
        let steps = self.bounds.iter().zip(&self.within).map(|(bound, counter)| {
            count += counter.get();
            (*bound, count)
        });
        let steps = steps.collect();
        (steps, count + self.beyond.get(), self.sum.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_up_to_their_bounds() {
        let histogram = Histogram::new(&[1, 10, 100]);
        for value in [0, 1, 2, 10, 11, 100, 101, 1000] {
            histogram.see(value);
        }
        assert_eq!(histogram.seen(), (vec![(1, 2), (10, 4), (100, 6)], 8, 1225));
    }

    #[test]
    fn what_is_held_counts_until_it_is_dropped() {
        let gauge = Gauge::default();
        let (first, second) = (gauge.hold(), gauge.hold());
        assert_eq!(gauge.get(), 2);
        drop(first);
        assert_eq!(gauge.get(), 1);
        drop(second);
        assert_eq!(gauge.get(), 0);
    }

    #[test]
    fn threads_count_apart_and_nothing_is_lost() {
        let striped = Striped::new(Counter::default);
        let begun = std::sync::Barrier::new(STRIPES);
        std::thread::scope(|scope| {
            for _ in 0..STRIPES {
                scope.spawn(|| {
                    striped.mine().add(0);
                    begun.wait();
                    (0..1000).for_each(|_| striped.mine().add(1));
                });
            }
        });
        assert_eq!(striped.all().map(Counter::get).sum::<u64>(), 1000 * STRIPES as u64);
        // The threads of other tests have places too, but those of a run are handed out in turns.
        assert!(striped.all().filter(|counter| counter.get() > 0).count() > 1);
    }

    #[test]
    fn a_name_that_there_is_not_makes_no_counter() {
        let named = Named::new(["a", "b"]);
        named.add("b", 2);
        named.add("c", 1);
        assert_eq!(named.all().collect::<Vec<_>>(), [("a", 0), ("b", 2)]);
    }
}
