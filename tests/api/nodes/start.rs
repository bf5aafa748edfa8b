//! Servers that start at the same moment, and what only one of them may do.

use sqlx::PgConnection;

use super::{DEMO, Node, PATIENCE, start, start_demo};
use crate::crash::consistency;
use crate::program::{Place, get};
use crate::store::schema::{Outside, upgrade};
use usher::store::Engine;

/// Waits until all of them say this.
fn all_say(nodes: &mut [Node], part: &str) {
    for node in nodes {
        node.server.says(part);
    }
}

/// Stops all of them; what each said on stdout and stderr.
fn stop(nodes: Vec<Node>) -> Vec<(String, String)> {
    nodes.into_iter().map(|node| node.server.stop()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_an_empty_database_all_come_up_and_one_shows_a_key() {
    let Some(place) = Place::postgres().await else { return };
    let nodes = start(&place, &[]);
    let addresses: Vec<_> = nodes.iter().map(Node::address).collect();
    let mut outside = Outside::at(&place.database()).await;
    assert_eq!(outside.text("SELECT CAST(count(*) AS TEXT) FROM projects").await, "1");
    // The key is there before anybody listens, since whoever has made it shows it first.
    let keys: Vec<String> = place.prints(&["key", "list", "default"]).lines().map(str::to_owned).collect();
    assert_eq!(keys.len(), 1, "{keys:?}");
    for address in &addresses {
        assert_eq!(get(*address, "default", "wrong", "/v1/users").status, 401);
        assert_eq!(get(*address, "default", "", "/readyz").status, 200);
    }
    let said = stop(nodes);
    let shown: Vec<&str> = said.iter().filter_map(|(stdout, _)| stdout.split("\nkey ").nth(1)).collect();
    assert_eq!(shown.len(), 1, "{said:?}");
    place.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_them_brings_an_older_database_up_to_date() {
    let Some(place) = Place::postgres().await else { return };
    let mut outside = Outside::at(&place.database()).await;
    let Outside::Postgres(connection) = &mut outside else { return };
    let connection: &mut PgConnection = connection;
    upgrade::earlier(Engine::Postgres, 2).await.run(connection).await.unwrap();
    outside
        .run("INSERT INTO projects (id, name, settings, created_at, updated_at) VALUES ('demo', '', '{}', 1, 1)")
        .await
        .unwrap();
    let nodes = start_demo(&place);
    for node in &nodes {
        assert_eq!(get(node.address(), "demo", "first-key", "/v1/users").status, 200);
    }
    let applied = outside.texts("SELECT CAST(version AS TEXT) FROM _sqlx_migrations ORDER BY version").await;
    assert_eq!(applied.len(), std::fs::read_dir("migrations/postgres").unwrap().count());
    assert_eq!(outside.texts("SELECT id FROM projects").await, [["demo"]]);
    assert_eq!(outside.text("SELECT CAST(count(*) AS TEXT) FROM api_keys").await, "1");
    consistency::check(&place.database()).await;
    stop(nodes);
    place.remove().await;
}

/// Of whoever asks at the same time, one keeps house, and nobody again before ten minutes have passed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn housekeeping_is_done_once_in_a_period() {
    let Some(place) = Place::postgres().await else { return };
    place.prints(&["project", "create", "demo"]);
    let mut outside = Outside::at(&place.database()).await;
    let traced = [&DEMO[..], &[("USHER_LOG_LEVEL", "trace")]].concat();
    for (period, expected) in [("first", 1), ("the same", 0), ("next", 1)] {
        let ended = "INSERT INTO attempts (project, bucket, reset, count) \
             SELECT seq, 'b' || n, 1, 1 FROM projects, generate_series(1, 2500) n ON CONFLICT DO NOTHING";
        outside.run(ended).await.unwrap();
        if period == "next" {
            outside.run("UPDATE jobs SET begun_at = begun_at - 600000").await.unwrap();
        }
        let mut nodes = start(&place, &traced);
        all_say(&mut nodes, "INSERT INTO jobs");
        if expected == 1 {
            let left = "SELECT CAST(count(*) AS TEXT) FROM attempts";
            let end = std::time::Instant::now() + PATIENCE;
            while outside.text(left).await != "0" {
                assert!(std::time::Instant::now() < end, "{period}: nobody removes what has ended");
            }
        }
        let said = stop(nodes);
        let done = |stderr: &str| stderr.matches("DELETE FROM attempts").count();
        let batches: Vec<usize> = said.iter().map(|(_, stderr)| done(stderr)).filter(|batches| *batches > 0).collect();
        // Two whole batches and the rest.
        assert_eq!(batches, vec![3; expected], "{period}");
    }
    assert_eq!(outside.text("SELECT CAST(count(*) AS TEXT) FROM jobs").await, "1");
    place.remove().await;
}
