//! What happens while a copy is made: the server goes on writing, or the program is killed.

use std::time::{Duration, Instant};

use serde_json::json;

use super::everything::fill;
use super::{copy, empty, url};
use crate::crash::consistency;
use crate::program::{Place, Server};
use crate::store::schema::Outside;
use crate::support::{TestApp, both};

both! {
    async fn a_server_that_writes_meanwhile_is_copied_as_it_is_at_one_moment(app) {
        for n in 0..30 {
            app.user(&format!("u{n}"), json!({"email": format!("u{n}@example.org")})).await;
        }
        let mut made = 30;
        for place in empty().await {
            let (from, to) = (url(&app.app.config.database), url(&place.database()));
            let mut command = place.command(&["copy", "--from", &from, "--to", &to], &[]);
            let before = made;
            let copying = tokio::task::spawn_blocking(move || command.output().unwrap());
            while !copying.is_finished() {
                app.user(&format!("u{made}"), json!({"email": format!("u{made}@example.org")})).await;
                made += 1;
            }
            let output = copying.await.unwrap();
            assert!(output.status.success(), "{output:?}");
            let mut outside = Outside::at(&place.database()).await;
            consistency::check(&place.database()).await;
            // Those that were made up to one moment, and no others.
            let ids = outside.texts("SELECT id FROM users ORDER BY seq").await;
            assert!((before..=made).contains(&ids.len()), "{} of {before} to {made}", ids.len());
            for (n, id) in ids.iter().enumerate() {
                assert_eq!(*id, [format!("u{n}")]);
            }
            drop(outside);
            place.remove().await;
        }
    }
}

/// Holds a table of PostgreSQL back, so that a copy comes to a stand in the middle.
pub async fn hold(outside: &mut Outside) {
    outside.run("BEGIN").await.unwrap();
    outside.run("LOCK TABLE logs IN ACCESS EXCLUSIVE MODE").await.unwrap();
}

/// Waits until somebody waits for that table.
pub async fn stands(outside: &mut Outside) {
    let waiting =
        "SELECT CAST(count(*) AS TEXT) FROM pg_locks WHERE NOT granted AND relation = CAST('logs' AS REGCLASS)";
    let deadline = Instant::now() + Duration::from_secs(60);
    while outside.text(waiting).await == "0" {
        assert!(Instant::now() < deadline, "the copy does not come to the table");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A copy that is killed in the middle leaves an empty database, into which it can be copied again.
async fn killed(app: &TestApp, place: &Place, held: &mut Outside) {
    let (from, to) = (url(&app.app.config.database), url(&place.database()));
    hold(held).await;
    let copying = Server::spawn(place.command(&["copy", "--from", &from, "--to", &to], &[]));
    stands(held).await;
    copying.signal("KILL");
    let (status, printed, _) = copying.ended();
    assert_eq!((status.code(), printed.as_str()), (None, ""));
    held.run("ROLLBACK").await.unwrap();
    assert_eq!(place.prints(&["project", "list"]), "");
    let mut outside = Outside::at(&place.database()).await;
    for table in ["users", "projects", "user_search", "user_totals"] {
        assert_eq!(outside.text(&format!("SELECT CAST(count(*) AS TEXT) FROM {table}")).await, "0", "{table}");
    }
    copy(&app.app.config.database, place);
    consistency::check(&place.database()).await;
}

both! {
    async fn a_copy_that_is_killed_leaves_nothing_in_postgresql(app) {
        fill(app).await;
        let Some(place) = Place::postgres().await else { return };
        place.prints(&["migrate"]);
        let mut held = Outside::at(&place.database()).await;
        killed(app, &place, &mut held).await;
        drop(held);
        place.remove().await;
    }
}

#[tokio::test]
async fn a_copy_that_is_killed_leaves_nothing_in_sqlite() {
    let Some(app) = TestApp::postgres(&[]).await else { return };
    fill(&app).await;
    let place = Place::sqlite();
    let mut held = Outside::of(&app).await;
    killed(&app, &place, &mut held).await;
    drop(held);
    app.finish().await;
}
