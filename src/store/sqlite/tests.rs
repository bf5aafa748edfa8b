//! How readers of SQLite are lent, limited and closed.

use futures_util::future::join_all;
use futures_util::poll;
use tempfile::TempDir;

use super::*;
use crate::store::sql;

/// A statement that ends by its limit alone.
fn endless() -> Sql {
    sql("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n")
}

async fn new() -> (TempDir, Readers) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("usher.db");
    migrate(&file).await.unwrap();
    (folder, Readers::new(DatabaseFile::of(&file).unwrap()))
}

const LATER: Duration = Duration::from_secs(600);

#[tokio::test]
async fn what_reaches_its_limit_leaves_a_connection_without_one() {
    let (_folder, readers) = new().await;
    for reads in [Reads::Lists, Reads::Scans] {
        let late = readers.long::<(i64,)>(endless(), reads, Duration::from_millis(1)).await;
        assert!(matches!(late, Err(Error::Timeout)), "{late:?}");
        assert_eq!(readers.of(reads).free.connections().unused.len(), 1);
        // Enough steps for a look at the clock, if one were still taken by the old limit.
        let counted = readers.with_one_of(&readers.of(reads).free, |connection| {
            all::<(i64,)>(
                connection,
                &sql("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 100000) \
                SELECT count(*) FROM n"),
            )
        });
        assert_eq!(counted.unwrap(), [(100_000,)]);
    }
}

/// They would run for ten minutes otherwise, and keep everybody else out for as long.
#[tokio::test]
async fn what_nobody_waits_for_any_more_makes_room() {
    let (_folder, readers) = new().await;
    for _ in 0..3 {
        let mut left: Vec<_> =
            (0..LONG).map(|_| Box::pin(readers.long::<(i64,)>(endless(), Reads::Lists, LATER))).collect();
        for reading in &mut left {
            assert!(poll!(reading).is_pending());
        }
        assert_eq!(readers.0.lists.places.available_permits(), 0);
        drop(left);
        let one = readers.long::<(i64,)>(sql("SELECT 1"), Reads::Lists, LATER).await;
        assert_eq!(one.unwrap(), [(1,)]);
    }
    // However many came and went, there are no more connections than places.
    assert!(readers.0.lists.free.connections().unused.len() <= LONG);
}

#[tokio::test]
async fn scans_do_not_keep_lists_waiting() {
    let (_folder, readers) = new().await;
    let mut scans: Vec<_> =
        (0..LONG).map(|_| Box::pin(readers.long::<(i64,)>(endless(), Reads::Scans, LATER))).collect();
    for scan in &mut scans {
        assert!(poll!(scan).is_pending());
    }
    let lists = (0..LONG * 2).map(|_| readers.long::<(i64,)>(sql("SELECT 1"), Reads::Lists, LATER));
    assert!(join_all(lists).await.into_iter().all(|list| list.unwrap() == [(1,)]));
}

#[tokio::test]
async fn closing_ends_what_runs_and_opens_nothing() {
    let (_folder, readers) = new().await;
    let mut running = Box::pin(readers.long::<(i64,)>(endless(), Reads::Lists, LATER));
    assert!(poll!(&mut running).is_pending());
    readers.close();
    let ended = running.await;
    assert!(matches!(ended, Err(Error::Timeout | Error::Unavailable(_))), "{ended:?}");
    let closed = readers.all::<(i64,)>(&sql("SELECT 1"));
    assert!(matches!(closed, Err(Error::Unavailable(_))), "{closed:?}");
    assert!(readers.0.lists.free.connections().unused.is_empty());
}

#[tokio::test]
async fn a_connection_that_met_more_than_a_fault_of_its_statement_is_not_used_again() {
    let (_folder, readers) = new().await;
    readers.all::<(i64,)>(&sql("SELECT 1")).unwrap();
    let failed = readers.with::<()>(|_| Err(Error::Unavailable("disk I/O error".into())));
    assert!(failed.is_err() && readers.0.serving.connections().unused.is_empty());
    readers.all::<(i64,)>(&sql("SELECT 1")).unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| readers.with::<()>(|_| panic!("here"))));
    assert!(panicked.is_err() && readers.0.serving.connections().unused.is_empty());
    assert_eq!(readers.0.serving.connections().used, 0);
    assert_eq!(readers.all::<(i64,)>(&sql("SELECT 1")).unwrap(), [(1,)]);
}
