//! Starting: the first project and key, tables, several servers at once.

use serde_json::{Value, json};

use super::{Place, Server, curl, get, places};

places! {
    async fn the_first_start_prints_a_project_and_a_key_and_a_line_that_works_as_pasted(place) {
        let mut server = place.start(&[]);
        let word = |line: String| line.split_whitespace().nth(1).unwrap().to_owned();
        let endpoint = word(server.prints("endpoint"));
        let project = word(server.prints("project"));
        let key = word(server.prints("key"));
        let line = server.prints("curl ");
        assert_eq!((endpoint, project.as_str()), (format!("http://{}/v1", server.address), "default"));
        assert!(key.starts_with("standard_") && key.len() == 265, "{key}");
        let user: Value = serde_json::from_str(&curl(&line, place.folder.path())).unwrap();
        assert_eq!((&user["email"], &user["name"]), (&json!("ada@example.org"), &json!("Ada")));
        assert_eq!(user["$id"].as_str().unwrap().len(), 20);
        let (stdout, stderr) = server.stop();
        assert_eq!(stdout.matches(&key).count(), 2, "{stdout}");
        assert!(!stderr.contains(&key[10..]), "{stderr}");

        // A second start prints nothing, and the key goes on working.
        let server = place.start(&[]);
        let list = get(server.address, &project, &key, "/v1/users");
        let list: Value = serde_json::from_slice(&list.body).unwrap();
        assert_eq!((&list["total"], &list["users"][0]["$id"]), (&json!(1), &user["$id"]));
        assert_eq!(server.stop().0, "");
        assert_eq!(place.prints(&["project", "list"]).lines().count(), 1);
        assert_eq!(place.prints(&["key", "list", "default"]).lines().count(), 1);
    }

    async fn a_project_and_key_of_the_environment_exist_after_every_start(place) {
        for _ in 0..3 {
            let server = place.start_demo(&[]);
            assert_eq!(get(server.address, "demo", "first-key", "/v1/users").status, 200);
            assert_eq!(get(server.address, "demo", "other", "/v1/users").status, 401);
            assert_eq!(get(server.address, "default", "first-key", "/v1/users").status, 404);
            let (stdout, stderr) = server.stop();
            assert_eq!(stdout, "");
            assert!(!stderr.contains("first-key"), "{stderr}");
        }
        assert_eq!(place.prints(&["key", "list", "demo"]).lines().count(), 1);

        // Another key comes beside the first, and another project beside the other.
        let server = place.start(&[("USHER_PROJECT_ID", "demo"), ("USHER_API_KEY", "second-key")]);
        for key in ["first-key", "second-key"] {
            assert_eq!(get(server.address, "demo", key, "/v1/users").status, 200, "{key}");
        }
        // The log says which one is still valid, until somebody has taken it back.
        let keys = place.prints(&["key", "list", "demo"]);
        let former = keys.split('\t').next().unwrap();
        let warned = |log: &str| -> Vec<String> {
            log.lines().filter(|line| line.contains("is still valid")).map(str::to_owned).collect()
        };
        let warnings = warned(&server.stop().1);
        assert!(matches!(&warnings[..], [one] if one.contains("WARN") && one.contains(former)), "{warnings:?}");
        assert_eq!(place.prints(&["key", "revoke", "demo", former]), format!("revoked {former}\n"));
        let server = place.start(&[("USHER_PROJECT_ID", "demo"), ("USHER_API_KEY", "second-key")]);
        assert_eq!(get(server.address, "demo", "first-key", "/v1/users").status, 401);
        assert_eq!(warned(&server.stop().1), [""; 0]);
        let server = place.start(&[("USHER_PROJECT_ID", "more"), ("USHER_API_KEY", "first-key")]);
        assert_eq!(get(server.address, "more", "first-key", "/v1/users").status, 200);
        assert_eq!(get(server.address, "more", "second-key", "/v1/users").status, 401);
        server.stop();
        // A start without the variables makes nothing up, since there is a project.
        assert_eq!(place.start(&[]).stop().0, "");
        let projects = place.prints(&["project", "list"]);
        assert_eq!(projects.lines().map(|line| line.split('\t').next().unwrap()).collect::<Vec<_>>(), ["demo", "more"]);
    }

    async fn a_revoked_key_of_the_environment_is_there_again_after_the_next_start(place) {
        place.start_demo(&[]).stop();
        let id = place.prints(&["key", "list", "demo"]).split('\t').next().unwrap().to_owned();
        place.prints(&["key", "revoke", "demo", &id]);
        assert_eq!(place.prints(&["key", "list", "demo"]), "");
        let server = place.start_demo(&[]);
        assert_eq!(get(server.address, "demo", "first-key", "/v1/users").status, 200);
    }

    async fn tables_can_be_made_without_a_server_and_only_once(place) {
        for _ in 0..2 {
            let said = place.prints(&["migrate"]);
            assert!(said.contains("up to date"), "{said}");
        }
        assert_eq!(place.prints(&["project", "list"]), "");
        let mut server = place.start(&[]);
        server.prints("curl ");
    }

    async fn serve_is_what_runs_without_a_command(place) {
        let server = Server::start(place.command(&["serve"], &[("USHER_PROJECT_ID", "demo"), ("USHER_API_KEY", "k")]));
        assert_eq!(get(server.address, "demo", "k", "/v1/users").status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_servers_that_start_at_once_on_one_empty_postgresql_exactly_one_prints_a_key() {
    let Some(place) = Place::postgres().await else { return };
    let started: Vec<Server> = (0..4).map(|_| Server::spawn(place.command(&[], &[]))).collect();
    let servers: Vec<Server> = started.into_iter().map(Server::listening).collect();
    let addresses: Vec<_> = servers.iter().map(|server| server.address).collect();
    let key = place.prints(&["key", "list", "default"]);
    assert_eq!(key.lines().count(), 1, "{key}");
    servers.iter().for_each(|server| assert_eq!(get(server.address, "default", "wrong", "/v1/users").status, 401));
    assert_eq!(addresses.len(), 4);
    let printed: Vec<String> =
        servers.into_iter().map(|server| server.stop().0).filter(|out| !out.is_empty()).collect();
    assert_eq!(printed.len(), 1, "{printed:?}");
    let key = printed[0].lines().find_map(|line| line.strip_prefix("key")).unwrap().trim();
    let server = place.start(&[]);
    assert_eq!(get(server.address, "default", key, "/v1/users").status, 200);
    server.stop();
    place.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_start_at_once_each_with_a_key_of_its_own_all_have_theirs() {
    let Some(place) = Place::postgres().await else { return };
    // Without tables to make, they meet where the project is made.
    place.prints(&["migrate"]);
    let keys = ["key-0", "key-1", "key-2", "key-3", "key-0"];
    let start = |key| Server::spawn(place.command(&[], &[("USHER_PROJECT_ID", "demo"), ("USHER_API_KEY", key)]));
    let started: Vec<Server> = keys.map(start).into_iter().collect();
    let servers: Vec<Server> = started.into_iter().map(Server::listening).collect();
    for server in &servers {
        for key in keys {
            assert_eq!(get(server.address, "demo", key, "/v1/users").status, 200, "{key}");
        }
    }
    servers.into_iter().for_each(|server| assert_eq!(server.stop().0, ""));
    assert_eq!(place.prints(&["key", "list", "demo"]).lines().count(), 4);
    place.remove().await;
}
