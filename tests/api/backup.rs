//! Copies that the server makes by itself: when it is time, as many as are wanted, and no other file is touched.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use usher::backup::{AGAIN, Schedule};
use usher::config::DatabaseUrl;
use usher::metrics::exposition;

use crate::crash::consistency;
use crate::support::TestApp;

const HOUR: Duration = Duration::from_secs(60 * 60);
const SECOND: Duration = Duration::from_secs(1);

/// A server that keeps so many copies, one every two hours, and their folder.
async fn server(keep: &str) -> (TestApp, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let variables = [
        ("USHER_BACKUP_FOLDER", folder.path().to_str().unwrap()),
        ("USHER_BACKUP_EVERY", "2"),
        ("USHER_BACKUP_KEEP", keep),
    ];
    (TestApp::sqlite(&variables).await, folder)
}

fn names(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// Whether a copy was made.
async fn turn(schedule: &mut Schedule, app: &TestApp) -> bool {
    schedule.turn(&app.app).await.unwrap().is_some()
}

async fn metric(app: &TestApp, name: &str) -> String {
    let text = exposition(&app.app).await;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned));
    line.unwrap_or_else(|| panic!("no {name}"))
}

#[tokio::test]
async fn a_copy_is_made_when_it_is_time_and_the_oldest_ones_go() {
    let (app, folder) = server("2").await;
    app.user("ada", json!({ "email": "ada@example.org" })).await;
    let others = ["notes.txt", "usher-20250101T000000Z.db-wal", "usher-20250101.db", "x-usher-20250101T000000Z.db"];
    for name in others {
        std::fs::write(folder.path().join(name), "not mine").unwrap();
    }
    std::fs::create_dir(folder.path().join("usher-20250101T000000Z.db")).unwrap();
    let mut schedule = Schedule::new(&app.app).unwrap();
    let now = || app.app.clock.now().compact();
    let mut made = Vec::new();
    for _ in 0..4 {
        assert!(turn(&mut schedule, &app).await);
        made.push(format!("usher-{}.db", now()));
        assert!(!turn(&mut schedule, &app).await);
        app.app.clock.advance(2 * HOUR - SECOND);
        assert!(!turn(&mut schedule, &app).await);
        app.app.clock.advance(SECOND);
    }
    let mut expected: Vec<String> = others.iter().map(|name| (*name).to_owned()).collect();
    expected.extend(made[2..].iter().cloned());
    expected.push("usher-20250101T000000Z.db".into());
    expected.sort();
    assert_eq!(names(folder.path()), expected);
    let copy = folder.path().join(&made[3]);
    consistency::check(&DatabaseUrl::Sqlite(copy)).await;
    assert_eq!(metric(&app, "usher_backup_made_total").await, "4");
    assert_eq!(metric(&app, "usher_backup_every_seconds").await, "7200");
    app.finish().await;
}

#[tokio::test]
async fn another_start_counts_from_the_newest_copy_and_clears_up() {
    let (app, folder) = server("5").await;
    assert!(turn(&mut Schedule::new(&app.app).unwrap(), &app).await);
    let last = metric(&app, "usher_backup_last_seconds").await;
    for name in ["usher-20260101T000000Z.db.part-0123abcd", "usher-20260101T000000Z.db.part-other"] {
        std::fs::write(folder.path().join(name), "half").unwrap();
    }
    let twin = app.twin().await;
    assert_eq!(metric(&twin, "usher_backup_last_seconds").await, "0");
    twin.app.clock.advance(HOUR);
    let mut schedule = Schedule::new(&twin.app).unwrap();
    assert!(!turn(&mut schedule, &twin).await);
    assert_eq!(metric(&twin, "usher_backup_last_seconds").await.split('.').next(), last.split('.').next());
    assert_eq!(names(folder.path()), ["usher-20260101T000000Z.db.part-other", "usher-20260102T030405Z.db"]);
    twin.app.clock.advance(HOUR);
    assert!(turn(&mut schedule, &twin).await);
    twin.app.store.close().await;
    app.finish().await;
}

/// Whatever wrote it, its time says nothing.
#[tokio::test]
async fn a_file_from_the_future_neither_stops_copies_nor_is_removed() {
    let (app, folder) = server("1").await;
    std::fs::write(folder.path().join("usher-20360101T000000Z.db"), "later").unwrap();
    let mut schedule = Schedule::new(&app.app).unwrap();
    assert!(turn(&mut schedule, &app).await);
    app.app.clock.advance(2 * HOUR);
    assert!(turn(&mut schedule, &app).await);
    assert_eq!(names(folder.path()), ["usher-20260102T050405Z.db", "usher-20360101T000000Z.db"]);
    app.finish().await;
}

#[tokio::test]
async fn what_fails_is_counted_and_tried_again_after_an_hour() {
    let (app, folder) = server("1").await;
    let mut schedule = Schedule::new(&app.app).unwrap();
    let path = folder.path().to_owned();
    std::fs::remove_dir(&path).unwrap();
    let error = schedule.turn(&app.app).await.unwrap_err();
    assert!(format!("{error:#}").contains("USHER_BACKUP_FOLDER"), "{error:#}");
    std::fs::create_dir(&path).unwrap();
    assert!(!turn(&mut schedule, &app).await);
    app.app.clock.advance(AGAIN - SECOND);
    assert!(!turn(&mut schedule, &app).await);
    assert_eq!(metric(&app, "usher_backup_failed_total").await, "1");
    assert_eq!(metric(&app, "usher_backup_last_seconds").await, "0");
    app.app.clock.advance(SECOND);
    assert!(turn(&mut schedule, &app).await);
    assert_eq!(names(&path).len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn without_a_folder_there_is_no_schedule() {
    let app = TestApp::sqlite(&[]).await;
    assert!(Schedule::new(&app.app).is_none());
    assert_eq!(metric(&app, "usher_backup_every_seconds").await, "0");
    app.finish().await;
}

/// Another file is in the place of the database for a while.
#[tokio::test]
async fn a_database_that_was_replaced_is_not_copied() {
    let (app, folder) = server("5").await;
    let DatabaseUrl::Sqlite(file) = &app.app.config.database else { panic!("SQLite") };
    let aside = file.with_extension("aside");
    std::fs::rename(file, &aside).unwrap();
    std::fs::copy(&aside, file).unwrap();
    let mut schedule = Schedule::new(&app.app).unwrap();
    let error = schedule.turn(&app.app).await.unwrap_err();
    assert!(error.to_string().contains("was replaced or removed while it was open"), "{error:#}");
    assert_eq!(metric(&app, "usher_backup_failed_total").await, "1");
    assert_eq!(names(folder.path()), [""; 0]);
    std::fs::rename(&aside, file).unwrap();
    app.app.clock.advance(HOUR);
    assert!(turn(&mut schedule, &app).await);
    assert_eq!(names(folder.path()).len(), 1);
    app.finish().await;
}
