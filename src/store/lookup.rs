//! Reading users of PostgreSQL by id. Those who ask at the same time share one statement: to send one there and its answer
//! back costs several times what reading a user does.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, oneshot};

use super::pool::Pool;
use super::users::{self, User};
use super::{Error, On, ProjectKey, Result};
use crate::trace;

/// Users that are read by one statement at most.
const TOGETHER: usize = 16;

/// Statements that run at the same time at most. The fewer they are, the more askers share one.
const TASKS: usize = 2;

/// Askers that wait at most; those past that wait for a place.
const QUEUE: usize = 1024;

struct Ask {
    project: ProjectKey,
    id: String,
    answer: oneshot::Sender<Result<Option<User>>>,
}

/// A handle on the tasks that read; they end when the last handle is gone.
#[derive(Debug, Clone)]
pub(super) struct Lookups {
    asks: mpsc::Sender<Ask>,
}

impl Lookups {
    /// Starts the tasks, each of which has one statement under way at most.
    pub(super) fn start(pool: &Pool) -> Self {
        let (asks, queue) = mpsc::channel(QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..TASKS {
            tokio::spawn(serve(pool.clone(), Arc::clone(&queue)));
        }
        Self { asks }
    }

    /// The user with this id, as it is stored at some moment after the call.
    pub(super) async fn user(&self, project: ProjectKey, id: &str) -> Result<Option<User>> {
        // The statement is that of several requests, and stands in the trace of none.
        let _looking = trace::span("look a user up, with others");
        let (answer, answered) = oneshot::channel();
        let stopped = || Error::Unavailable("reading has stopped".into());
        self.asks.send(Ask { project, id: id.to_owned(), answer }).await.map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }
}

async fn serve(pool: Pool, queue: Arc<Mutex<mpsc::Receiver<Ask>>>) {
    let mut asks = Vec::with_capacity(TOGETHER);
    while queue.lock().await.recv_many(&mut asks, TOGETHER).await > 0 {
        asks.retain(|ask| !ask.answer.is_closed());
        // One statement reads the rows of one project.
        asks.sort_unstable_by_key(|ask| ask.project.number());
        while let Some(last) = asks.last() {
            let project = last.project;
            let first = asks.partition_point(|ask| ask.project.number() < project.number());
            answer(&pool, project, asks.split_off(first)).await;
        }
    }
}

/// Answers those who ask for users of one project.
async fn answer(pool: &Pool, project: ProjectKey, asks: Vec<Ask>) {
    let ids: Vec<&str> = asks.iter().map(|ask| ask.id.as_str()).collect();
    let found = users::find_all(On::Pool(pool), project, &ids).await;
    for ask in asks {
        let answer = match &found {
            Ok(users) => Ok(users.iter().find(|user| user.id == ask.id).cloned()),
            Err(error) => Err(error.again()),
        };
        // Nobody listens when the client has left.
        let _ = ask.answer.send(answer);
    }
}
