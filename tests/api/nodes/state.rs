//! What was done at one server counts at the others at once.

use serde_json::{Value, json};

use super::{DEMO, KEY, Node, ask, start, start_demo};
use crate::program::Place;

const NONE: Value = Value::Null;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_and_tokens_are_those_of_all_servers() {
    let Some(place) = Place::postgres().await else { return };
    let nodes = start_demo(&place);
    let at: Vec<_> = nodes.iter().map(Node::address).collect();
    let anna = json!({"userId": "anna", "email": "anna@example.org", "password": "long enough"});
    let (status, user, _) = ask(at[0], &KEY, "POST", "/v1/users", &anna);
    assert_eq!(status, 201, "{user}");
    for address in &at {
        let (status, read, _) = ask(*address, &KEY, "GET", "/v1/users/anna", &NONE);
        assert_eq!((status, &read), (200, &user));
    }
    let sign_in = json!({"email": "anna@example.org", "password": "long enough"});
    for made in 0..3 {
        let (here, there, yonder) = (at[made], at[(made + 1) % 3], at[(made + 2) % 3]);
        let (status, session, raw) = ask(here, &[], "POST", "/v1/account/sessions/email", &sign_in);
        assert_eq!(status, 201, "{session}");
        let cookies = raw.headers.iter().filter(|(name, _)| name == "set-cookie");
        let cookie = cookies.map(|(_, value)| value.split(';').next().unwrap()).next_back().unwrap();
        let signed_in = |address, header: (&str, &str)| {
            let (status, body, _) = ask(address, &[header], "GET", "/v1/account", &NONE);
            (status, body["$id"].as_str().unwrap_or_default().to_owned())
        };
        for address in [there, yonder, here] {
            assert_eq!(signed_in(address, ("Cookie", cookie)), (200, "anna".into()));
        }
        let (status, jwt, _) = ask(there, &[("Cookie", cookie)], "POST", "/v1/account/jwts", &json!({}));
        assert_eq!(status, 201, "{jwt}");
        let jwt = jwt["jwt"].as_str().unwrap();
        for address in [yonder, here, there] {
            assert_eq!(signed_in(address, ("X-Appwrite-JWT", jwt)), (200, "anna".into()));
        }
        // The session ends at the third, and is refused at once by all, and its token with it.
        let path = format!("/v1/users/anna/sessions/{}", session["$id"].as_str().unwrap());
        assert_eq!(ask(yonder, &KEY, "DELETE", &path, &NONE).0, 204);
        for address in [here, there, yonder] {
            assert_eq!(signed_in(address, ("Cookie", cookie)).0, 401);
            assert_eq!(signed_in(address, ("X-Appwrite-JWT", jwt)).0, 401);
        }
    }
    // Blocked at one, refused at the others.
    let (_, _, raw) = ask(at[0], &[], "POST", "/v1/account/sessions/email", &sign_in);
    let cookies = raw.headers.iter().filter(|(name, _)| name == "set-cookie");
    let cookie = cookies.map(|(_, value)| value.split(';').next().unwrap()).next_back().unwrap();
    for (status, expected) in [(false, 403), (true, 200)] {
        assert_eq!(ask(at[1], &KEY, "PATCH", "/v1/users/anna/status", &json!({"status": status})).0, 200);
        for address in &at {
            assert_eq!(ask(*address, &[("Cookie", cookie)], "GET", "/v1/account", &NONE).0, expected);
        }
    }
    for node in nodes {
        node.server.stop();
    }
    place.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_are_counted_together() {
    let Some(place) = Place::postgres().await else { return };
    // So that no hour begins in between.
    let nodes = start(&place, &[&DEMO[..], &[("USHER_CLOCK", "2026-01-02T03:04:05.678+00:00")]].concat());
    let anna = json!({"userId": "anna", "email": "anna@example.org", "password": "long enough"});
    assert_eq!(ask(nodes[0].address(), &KEY, "POST", "/v1/users", &anna).0, 201);
    let wrong = json!({"email": "anna@example.org", "password": "wrong enough"});
    for n in 0..16 {
        let address = nodes[n % 3].address();
        let (status, _, raw) = ask(address, &[], "POST", "/v1/account/sessions/email", &wrong);
        let left = 9_usize.saturating_sub(n).to_string();
        let expected = if n < 10 { 401 } else { 429 };
        assert_eq!((status, raw.header("x-ratelimit-remaining")), (expected, left.as_str()), "{n}");
    }
    // Nobody lets the right password in either.
    for node in nodes {
        let (status, ..) = ask(node.address(), &[], "POST", "/v1/account/sessions/email", &anna);
        assert_eq!(status, 429);
        node.server.stop();
    }
    place.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_go_on_at_another_server() {
    let Some(place) = Place::postgres().await else { return };
    let nodes = start_demo(&place);
    let at = |n: usize| nodes[n % 3].address();
    let ids: Vec<String> = (0..25).map(|n| format!("user{n:02}")).collect();
    for (n, id) in ids.iter().enumerate() {
        let body = json!({"userId": id, "name": format!("Name {}", 99 - n)});
        assert_eq!(ask(at(n), &KEY, "POST", "/v1/users", &body).0, 201);
    }
    for (order, expected) in [("", ids.clone()), ("orderAsc(%22name%22)", ids.iter().rev().cloned().collect())] {
        let (mut found, mut n) = (Vec::<String>::new(), 0);
        loop {
            let order = if order.is_empty() { String::new() } else { format!("&queries[]={order}") };
            let cursor = found.last().map_or(String::new(), |id| format!("&queries[]=cursorAfter(%22{id}%22)"));
            let path = format!("/v1/users?queries[]=limit(4){order}{cursor}");
            let (status, page, _) = ask(at(n), &KEY, "GET", &path, &NONE);
            assert_eq!((status, &page["total"]), (200, &json!(25)), "{page}");
            let users = page["users"].as_array().unwrap();
            if users.is_empty() {
                break;
            }
            found.extend(users.iter().map(|user| user["$id"].as_str().unwrap().to_owned()));
            n += 1;
        }
        assert_eq!((found, n), (expected, 7), "{order:?}");
    }
    // Found at once by what was written elsewhere, and gone at once.
    for n in 0..3 {
        let (_, page, _) = ask(at(n + 1), &KEY, "GET", "/v1/users?search=Name%2095", &NONE);
        assert_eq!(page["total"], 1, "{page}");
    }
    assert_eq!(ask(at(0), &KEY, "DELETE", "/v1/users/user04", &NONE).0, 204);
    for n in 0..3 {
        assert_eq!(ask(at(n), &KEY, "GET", "/v1/users/user04", &NONE).0, 404);
        let (_, page, _) = ask(at(n), &KEY, "GET", "/v1/users?search=Name%2095", &NONE);
        assert_eq!(page["total"], 0, "{page}");
    }
    for node in nodes {
        node.server.stop();
    }
    place.remove().await;
}
