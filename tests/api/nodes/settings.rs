//! What an operator changes by a command is followed by every server within five seconds.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{DEMO, Node, ask, start};
use crate::program::{Place, get};

/// What is promised in the texts of the commands.
const PROMISE: Duration = Duration::from_secs(5);

/// Asks all of them until each has seen it.
fn all_follow(nodes: &[Node], what: &str, seen: impl Fn(SocketAddr) -> bool) {
    let end = Instant::now() + PROMISE;
    for node in nodes {
        while !seen(node.address()) {
            assert!(Instant::now() < end, "{what}: {} does not follow", node.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_and_projects_are_followed() {
    let Some(place) = Place::postgres().await else { return };
    let nodes = start(&place, &[&DEMO[..], &[("USHER_RATE_LIMITS", "false")]].concat());
    let status = |address, key: &str| get(address, "demo", key, "/v1/users").status;
    let made = place.prints(&["key", "create", "demo", "--name", "second"]);
    let word = |line: usize| made.lines().nth(line).unwrap().split_whitespace().nth(1).unwrap().to_owned();
    let (id, secret) = (word(0), word(1));
    // A new one counts at once: what is not there is not remembered.
    for node in &nodes {
        assert_eq!(status(node.address(), &secret), 200);
    }
    place.prints(&["key", "revoke", "demo", &id]);
    all_follow(&nodes, "a revoked key", |address| status(address, &secret) == 401);
    assert!(nodes.iter().all(|node| status(node.address(), "first-key") == 200));

    let sign_up = |address: SocketAddr| {
        let id = usher::secret::hex(&usher::secret::random::<8>());
        let user = json!({"userId": id, "email": format!("{id}@example.org"), "password": "long enough"});
        ask(address, &[], "POST", "/v1/account", &user).0
    };
    for node in &nodes {
        assert_eq!(sign_up(node.address()), 201);
    }
    for (setting, expected) in [("signUp=closed", 501), ("signUp=open", 201)] {
        place.prints(&["project", "set", "demo", setting]);
        all_follow(&nodes, setting, |address| sign_up(address) == expected);
    }

    place.prints(&["project", "create", "other"]);
    let made = place.prints(&["key", "create", "other"]);
    let secret = made.lines().nth(1).unwrap().split_whitespace().nth(1).unwrap().to_owned();
    let status = |address| get(address, "other", &secret, "/v1/users").status;
    for node in &nodes {
        assert_eq!(status(node.address()), 200);
    }
    place.prints(&["project", "delete", "other", "--yes"]);
    all_follow(&nodes, "a deleted project", |address| status(address) == 404);
    for node in nodes {
        node.server.stop();
    }
    place.remove().await;
}
