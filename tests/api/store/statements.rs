//! What the store tells the log of: the texts of its statements.

use std::fmt::Debug;
use std::sync::{Arc, LazyLock, Mutex};

use tracing::field::{Field, Visit};
use tracing::{Dispatch, Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// Collects them.
#[derive(Clone, Default)]
struct Statements(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "usher::sql" {
            event.record(&mut &*self);
        }
    }
}

impl Visit for &Statements {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "statement" {
            self.0.lock().unwrap().push(format!("{value:?}"));
        }
    }
}

/// A listener that nobody talks to. While there is but one, tracing asks whoever comes to a place first whether it is heard,
/// and remembers a no of a test that does not listen; of two it asks both.
static SECOND: LazyLock<Dispatch> = LazyLock::new(|| tracing_subscriber::registry().with(Statements::default()).into());

/// Does some work; the statements of it. The test must have one thread, so that this hears the tasks of the store too.
pub async fn told<T>(work: impl Future<Output = T>) -> (T, Vec<String>) {
    LazyLock::force(&SECOND);
    let seen = Statements::default();
    let listening = tracing::subscriber::set_default(tracing_subscriber::registry().with(seen.clone()));
    let done = work.await;
    drop(listening);
    let statements = seen.0.lock().unwrap().clone();
    (done, statements)
}
