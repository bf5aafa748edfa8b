//! The server keeps house from its start on, and neither its failures nor its work keep the server from anything else.

use super::{Place, get, places};
use crate::store::schema::Outside;

/// A database with a project, before any server was there.
async fn prepared(place: &Place) -> Outside {
    place.prints(&["project", "create", "demo"]);
    Outside::at(&place.database()).await
}

/// Adds counters of attempts whose windows ended long ago.
async fn add_attempts(outside: &mut Outside, rows: u32) {
    let insert = format!(
        "WITH RECURSIVE rows(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM rows WHERE n < {rows}) \
         INSERT INTO attempts (project, bucket, reset, count) SELECT projects.seq, 'b' || n, 1, 1 FROM projects, rows"
    );
    assert_eq!(outside.run(&insert).await.unwrap(), u64::from(rows));
}

async fn attempts(outside: &mut Outside) -> String {
    outside.text("SELECT CAST(count(*) AS TEXT) FROM attempts").await
}

places! {
    async fn what_has_ended_is_removed_from_the_start_on(place) {
        let mut outside = prepared(place).await;
        add_attempts(&mut outside, 3).await;
        let live = format!("INSERT INTO attempts SELECT project, 'live', {}, 1 FROM attempts LIMIT 1", i64::MAX);
        outside.run(&live).await.unwrap();
        let mut server = place.start_demo(&[]);
        let line = server.says("housekeeping");
        assert!(line.contains("INFO") && line.contains("attempts=3") && line.contains("sessions=0"), "{line}");
        assert_eq!(outside.texts("SELECT bucket FROM attempts").await, [["live"]]);
        server.stop();

        // Another server that starts soon after leaves it to the first.
        add_attempts(&mut outside, 3).await;
        let asked = "SELECT CAST(begun_at AS TEXT) FROM jobs";
        let begun = outside.text(asked).await;
        let mut server = place.start_demo(&[("USHER_LOG_LEVEL", "trace")]);
        server.says("INSERT INTO jobs");
        let (_, stderr) = server.stop();
        assert!(!stderr.contains("housekeeping"), "{stderr}");
        assert_eq!((attempts(&mut outside).await, outside.text(asked).await), ("4".to_owned(), begun));
    }

    async fn a_failure_is_said_once_and_the_server_goes_on(place) {
        let mut outside = prepared(place).await;
        outside.run("ALTER TABLE attempts RENAME TO elsewhere").await.unwrap();
        let mut server = place.start_demo(&[]);
        let line = server.says("housekeeping");
        assert!(line.contains("WARN") && line.contains("attempts"), "{line}");
        assert_eq!(get(server.address, "demo", "first-key", "/v1/users").status, 200);
        let (_, stderr) = server.stop();
        assert_eq!(stderr.matches("housekeeping").count(), 1, "{stderr}");
    }

    async fn a_server_that_has_much_to_remove_answers_and_stops_as_any_other(place) {
        let mut outside = prepared(place).await;
        add_attempts(&mut outside, 100_000).await;
        let server = place.start_demo(&[]);
        assert_eq!(get(server.address, "demo", "first-key", "/v1/users").status, 200);
        let (_, stderr) = server.stop();
        assert!(stderr.trim_end().ends_with("stopped"), "{stderr}");
        let left: u32 = attempts(&mut outside).await.parse().unwrap();
        assert!(left.is_multiple_of(1000), "a batch is removed as a whole or not at all: {left}");
    }
}
