//! The one entrance for writes: shared commits, failures, panics, cancelled callers, races.

mod batches;
mod failures;
mod leaving;
mod outages;
mod races;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use usher::clock::Millis;
use usher::store::{ProjectKey, Result, Store, Tx, Work, teams};

const TIME: Millis = Millis(1_767_323_045_678);

/// What a test waits for at most; everything here takes far less.
const DEADLINE: Duration = Duration::from_secs(60);

/// A write that has done its work and stays open until it is released.
struct Held {
    gate: Arc<Semaphore>,
    task: JoinHandle<Result<()>>,
}

impl Held {
    /// Answers when `work` is done and the transaction is open.
    async fn begin<F>(store: &Store, work: F) -> Self
    where
        F: for<'t> FnOnce(&'t mut Tx) -> Work<'t, Result<()>> + Send + 'static,
    {
        let (entered, inside) = oneshot::channel();
        let gate = Arc::new(Semaphore::new(0));
        let (store, closed) = (store.clone(), Arc::clone(&gate));
        let task = tokio::spawn(async move {
            let write = store.write(move |tx| {
                Box::pin(async move {
                    work(tx).await?;
                    let _ = entered.send(());
                    // Ends with an error when the gate opens, since nobody adds permits.
                    let _ = closed.acquire().await;
                    Ok(())
                })
            });
            write.await
        });
        inside.await.unwrap();
        Self { gate, task }
    }

    async fn release(self) -> Result<()> {
        self.gate.close();
        self.task.await.unwrap()
    }
}

/// Stores a team, which is a small row of its own.
async fn put(store: &Store, project: ProjectKey, id: String) -> Result<()> {
    store.write(move |tx| Box::pin(async move { teams::insert(tx, project, &id, "Team", TIME).await })).await
}

/// Whether a team is stored, as everybody sees it.
async fn stored(store: &Store, project: ProjectKey, id: &str) -> bool {
    teams::total(store.read(), project, id).await.unwrap().is_some()
}

/// Ends a test that would otherwise wait for ever.
async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.expect("it should have ended by now")
}
