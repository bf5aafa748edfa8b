//! Counting attempts: exactly, in windows that end when they said they would.

use futures_util::future::join_all;
use usher::clock::Millis;
use usher::store::{Error, ProjectKey, Result, Store, attempts};

use super::schema::TIME;
use crate::support::{PROJECT, TestApp, both};

const END: Millis = Millis(TIME.0 + 60_000);
const BEFORE_END: Millis = Millis(END.0 - 1);
const NEXT_END: Millis = Millis(END.0 + 60_000);

async fn add(store: &Store, project: ProjectKey, bucket: &'static str, now: Millis, reset: Millis) -> Result<i64> {
    store.write(move |tx| Box::pin(async move { attempts::add(tx, project, bucket, now, reset).await })).await
}

async fn clear(app: &TestApp, project: ProjectKey, bucket: &'static str) {
    app.write(move |tx| Box::pin(async move { attempts::clear(tx, project, bucket).await })).await;
}

async fn count(app: &TestApp, project: ProjectKey, bucket: &str, now: Millis) -> i64 {
    attempts::count(app.store().read(), project, bucket, now).await.unwrap()
}

both! {
    async fn each_attempt_is_one_more(app) {
        let project = app.project(PROJECT).await.key;
        assert_eq!(count(app, project, "a", TIME).await, 0);
        for expected in 1..=3 {
            assert_eq!(add(app.store(), project, "a", TIME, END).await.unwrap(), expected);
            assert_eq!(count(app, project, "a", TIME).await, expected);
        }
        // Asking counts nothing, and other buckets know nothing of it.
        assert_eq!(count(app, project, "a", TIME).await, 3);
        for other in ["", "A", "a ", "%"] {
            assert_eq!(count(app, project, other, TIME).await, 0, "{other:?}");
        }
        assert_eq!(add(app.store(), project, "b", TIME, END).await.unwrap(), 1);
        assert_eq!(count(app, project, "a", TIME).await, 3);
    }

    async fn a_window_ends_at_its_moment_and_the_next_attempt_begins_another(app) {
        let project = app.project(PROJECT).await.key;
        for _ in 0..3 {
            add(app.store(), project, "a", TIME, END).await.unwrap();
        }
        assert_eq!(count(app, project, "a", BEFORE_END).await, 3);
        assert_eq!(count(app, project, "a", END).await, 0);
        assert_eq!(count(app, project, "a", NEXT_END).await, 0);
        // An attempt at the last moment is of the first window, and one at the end of the next.
        assert_eq!(add(app.store(), project, "a", BEFORE_END, NEXT_END).await.unwrap(), 4);
        assert_eq!(add(app.store(), project, "a", END, NEXT_END).await.unwrap(), 1);
        assert_eq!(add(app.store(), project, "a", END, NEXT_END).await.unwrap(), 2);
        assert_eq!(count(app, project, "a", Millis(NEXT_END.0 - 1)).await, 2);
        assert_eq!(count(app, project, "a", NEXT_END).await, 0);
    }

    async fn attempts_do_not_put_off_the_end_of_their_window(app) {
        let project = app.project(PROJECT).await.key;
        add(app.store(), project, "a", TIME, END).await.unwrap();
        assert_eq!(add(app.store(), project, "a", TIME, NEXT_END).await.unwrap(), 2);
        assert_eq!(count(app, project, "a", BEFORE_END).await, 2);
        assert_eq!(count(app, project, "a", END).await, 0);
    }

    async fn a_window_that_a_wrong_clock_began_counts_for_nothing(app) {
        let project = app.project(PROJECT).await.key;
        let day = 24 * 60 * 60 * 1000;
        for (bucket, ahead, expected) in [("within", day, 2), ("beyond", day + 1, 0)] {
            let wrong = Millis(TIME.0 + ahead);
            for _ in 0..2 {
                add(app.store(), project, bucket, Millis(wrong.0 - 1), wrong).await.unwrap();
            }
            assert_eq!(count(app, project, bucket, TIME).await, expected, "{bucket}");
            assert_eq!(add(app.store(), project, bucket, TIME, END).await.unwrap(), expected + 1, "{bucket}");
        }
        assert_eq!(count(app, project, "beyond", BEFORE_END).await, 1);
        assert_eq!(count(app, project, "beyond", END).await, 0, "its window is a usual one now");
    }

    async fn what_is_cleared_begins_anew(app) {
        let project = app.project(PROJECT).await.key;
        for bucket in ["a", "b"] {
            add(app.store(), project, bucket, TIME, END).await.unwrap();
            add(app.store(), project, bucket, TIME, END).await.unwrap();
        }
        for _ in 0..2 {
            clear(app, project, "a").await;
            assert_eq!((count(app, project, "a", TIME).await, count(app, project, "b", TIME).await), (0, 2));
        }
        assert_eq!(add(app.store(), project, "a", TIME, NEXT_END).await.unwrap(), 1);
        assert_eq!(count(app, project, "a", END).await, 1);
    }

    async fn projects_do_not_count_for_each_other(app) {
        let (project, other) = (app.project(PROJECT).await.key, app.new_project("other").await.key);
        for _ in 0..3 {
            add(app.store(), project, "a", TIME, END).await.unwrap();
        }
        assert_eq!(count(app, other, "a", TIME).await, 0);
        assert_eq!(add(app.store(), other, "a", TIME, END).await.unwrap(), 1);
        clear(app, other, "a").await;
        assert_eq!((count(app, project, "a", TIME).await, count(app, other, "a", TIME).await), (3, 0));
    }

    async fn of_attempts_at_the_same_time_each_has_a_number_of_its_own(app) {
        let project = app.project(PROJECT).await.key;
        // In a bucket that is new, and in one whose window is over.
        for (now, reset) in [(TIME, END), (END, NEXT_END)] {
            let adds = (0..50).map(|_| add(app.store(), project, "a", now, reset));
            let mut numbers: Vec<i64> = join_all(adds).await.into_iter().map(Result::unwrap).collect();
            numbers.sort_unstable();
            assert_eq!(numbers, (1..=50).collect::<Vec<_>>());
            assert_eq!(count(app, project, "a", now).await, 50);
        }
    }

    async fn what_is_undone_was_not_counted(app) {
        let project = app.project(PROJECT).await.key;
        add(app.store(), project, "a", TIME, END).await.unwrap();
        let undone: Result<()> = app.store().write(move |tx| Box::pin(async move {
            assert_eq!(attempts::add(tx, project, "a", TIME, END).await?, 2);
            Err(Error::Missing)
        })).await;
        assert!(matches!(undone, Err(Error::Missing)), "{undone:?}");
        assert_eq!(count(app, project, "a", TIME).await, 1);
    }
}
