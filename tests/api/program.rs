//! The program as its operator meets it: processes, their environment, what they print and how they end.

mod backup;
mod backup_files;
mod check;
mod commands;
mod conditions;
mod configuration;
mod environment;
mod housekeeping;
mod log;
mod manual;
mod passwords;
mod process;
mod prompt;
mod replaced;
mod rotation;
mod sockets;
mod start;
mod stop;
mod supervised;
mod terminal;
mod users;

pub use self::process::{Place, Server, curl, get};
pub use self::supervised::with_socket;
pub use self::terminal::Terminal;

/// Runs the body of a test in an empty place, once with SQLite and once with PostgreSQL.
macro_rules! places {
    ($($(#[$meta:meta])* async fn $name:ident($place:ident) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "not every test uses what is around it")]
            use super::*;

            async fn run($place: &$crate::program::Place) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                run(&$crate::program::Place::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(place) = $crate::program::Place::postgres().await {
                    run(&place).await;
                    place.remove().await;
                }
            }
        }
    )*};
}
pub(crate) use places;
