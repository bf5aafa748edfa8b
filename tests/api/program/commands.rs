//! `usher project`, `usher key` and `usher healthcheck`, with and without a server that runs.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::{Place, get, places};

/// Within this time a server that runs follows a command.
const FOLLOWS: Duration = Duration::from_secs(5);

#[track_caller]
fn soon(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + FOLLOWS;
    while !condition() {
        assert!(Instant::now() < deadline, "the server has not followed within {FOLLOWS:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

const DEFAULTS: &str = "passwordHistory=0\npasswordDictionary=false\npersonalDataCheck=false\ninvalidateSessions=true\n\
    sessionDuration=31536000\nsessionsLimit=10\nusersLimit=0\nsignUp=open\nplatforms=\n";

places! {
    async fn projects_are_made_listed_shown_and_deleted(place) {
        assert_eq!(place.prints(&["project", "list"]), "");
        assert!(place.prints(&["project", "create", "shop"]).contains("shop"));
        place.prints(&["project", "create", "blog", "--name", "My blog"]);
        place.fails(&["project", "create", "shop"], &[], "shop");
        let long = "x".repeat(37);
        for id in ["console", "_x", "a b", "ä", "", &long] {
            place.fails(&["project", "create", id], &[], "id");
        }
        let list = place.prints(&["project", "list"]);
        let columns: Vec<Vec<&str>> = list.lines().map(|line| line.split('\t').take(2).collect()).collect();
        assert_eq!(columns, [["shop", "shop"], ["blog", "My blog"]]);
        let shown = place.prints(&["project", "show", "blog"]);
        assert!(shown.starts_with("id=blog\nname=My blog\ncreated=20") && shown.ends_with(DEFAULTS), "{shown}");
        for arguments in [
            &["project", "show", "none"][..],
            &["project", "delete", "none", "--yes"],
            &["project", "set", "none", "signUp=open"],
        ] {
            place.fails(arguments, &[], "none");
        }
        place.fails(&["project", "delete", "shop"], &[], "--yes");
        assert_eq!(place.prints(&["project", "list"]), list);
        place.prints(&["key", "create", "shop"]);
        place.prints(&["project", "delete", "shop", "--yes"]);
        place.fails(&["project", "show", "shop"], &[], "shop");
        place.fails(&["key", "list", "shop"], &[], "shop");
        // The id is free again, and nothing of the old project comes back with it.
        place.prints(&["project", "create", "shop"]);
        assert_eq!(place.prints(&["key", "list", "shop"]), "");
    }

    async fn settings_are_set_together_or_not_at_all(place) {
        place.prints(&["project", "create", "shop"]);
        let all = [
            "passwordHistory=20",
            "personalDataCheck=true",
            "invalidateSessions=false",
            "sessionDuration=60",
            "sessionsLimit=100",
            "usersLimit=4294967295",
            "signUp=closed",
            "platforms=App.example.org, *.example.net,,[::1]",
        ];
        let set = place.prints(&[&["project", "set", "shop"][..], &all].concat());
        let expected = "passwordHistory=20\npasswordDictionary=false\npersonalDataCheck=true\ninvalidateSessions=false\n\
            sessionDuration=60\nsessionsLimit=100\nusersLimit=4294967295\nsignUp=closed\n\
            platforms=app.example.org,*.example.net,[::1]\n";
        assert!(set.ends_with(expected), "{set}");
        let shown = place.prints(&["project", "show", "shop"]);
        assert_eq!(shown, set);
        for (wrong, part) in [
            ("passwordHistory=21", "passwordHistory"),
            ("passwordHistory=-1", "passwordHistory"),
            ("passwordHistory=", "passwordHistory"),
            ("passwordDictionary=yes", "passwordDictionary"),
            ("personalDataCheck=1", "personalDataCheck"),
            ("sessionDuration=59", "sessionDuration"),
            ("sessionDuration=31536001", "sessionDuration"),
            ("sessionsLimit=101", "sessionsLimit"),
            ("usersLimit=4294967296", "usersLimit"),
            ("signUp=maybe", "signUp"),
            ("platforms=https://app.example.org", "platforms"),
            ("platforms=app.example.org:8080", "platforms"),
            ("platforms=*.", "platforms"),
            ("nonsense=1", "nonsense"),
            ("PasswordHistory=1", "PasswordHistory"),
            ("passwordHistory", "KEY=VALUE"),
            ("=1", ""),
        ] {
            place.fails(&["project", "set", "shop", "sessionsLimit=7", wrong], &[], part);
            assert_eq!(place.prints(&["project", "show", "shop"]), shown, "{wrong}");
        }
        place.prints(&["project", "set", "shop", "platforms="]);
        assert!(place.prints(&["project", "show", "shop"]).ends_with("signUp=closed\nplatforms=\n"));
        // A switch that has no effect without a file of words says so.
        let warned = place.run(&["project", "set", "shop", "passwordDictionary=true"], &[]);
        assert!(
            warned.status.success() && String::from_utf8_lossy(&warned.stderr).contains("USHER_PASSWORD_DICTIONARY"),
            "{warned:?}"
        );
    }

    async fn a_running_server_follows_within_5_seconds(place) {
        let server = place.start_demo(&[]);
        let asks = |key: &str| get(server.address, "demo", key, "/v1/users");
        assert_eq!(asks("first-key").header("access-control-allow-origin"), "");
        place.prints(&["project", "set", "demo", "platforms=app.example.org"]);
        soon(|| asks("first-key").header("access-control-allow-origin") == "https://app.example.org");

        let made = place.prints(&["key", "create", "demo", "--name", "second"]);
        let word = |n: usize| made.lines().nth(n).unwrap().split_whitespace().nth(1).unwrap().to_owned();
        let (id, key) = (word(0), word(1));
        assert_eq!(asks(&key).status, 200);
        place.prints(&["key", "revoke", "demo", &id]);
        soon(|| asks(&key).status == 401);
        assert_eq!(asks("first-key").status, 200);

        place.prints(&["project", "delete", "demo", "--yes"]);
        soon(|| asks("first-key").status == 404);
    }

    async fn keys_have_scopes_and_an_end(place) {
        let server = place.start_demo(&[]);
        let create = |more: &[&str]| {
            let made = place.prints(&[&["key", "create", "demo"][..], more].concat());
            made.lines().nth(1).unwrap().strip_prefix("key").unwrap().trim().to_owned()
        };
        let reader =
            create(&["--name", "reader", "--scopes", "sessions.read, teams.read", "--expire", "2999-12-31T00:00:00Z"]);
        let status = |key: &str, path: &str| get(server.address, "demo", key, path).status;
        assert_eq!((status(&reader, "/v1/users"), status(&reader, "/v1/users/ghost/sessions")), (401, 404));
        assert_eq!(status(&create(&[]), "/v1/users"), 200);
        let list = place.prints(&["key", "list", "demo"]);
        let rows: Vec<Vec<&str>> = list.lines().map(|line| line.split('\t').collect()).collect();
        assert_eq!(rows.len(), 3, "{list}");
        assert_eq!((rows[1][1], rows[1][6]), ("reader", "sessions.read,teams.read"), "{list}");
        assert_eq!(rows[1][4], "expires 2999-12-31T00:00:00.000+00:00", "{list}");
        assert_eq!((rows[2][4], rows[0][1]), ("expires never", "USHER_API_KEY"), "{list}");
        assert_eq!(rows[1][2], format!("…{}", &reader[reader.len() - 4..]), "{list}");
        assert!(!list.contains(&reader[10..200]), "{list}");
        for (wrong, part) in [
            (&["key", "create", "demo", "--scopes", "users.read,users.everything"][..], "users.everything"),
            (&["key", "create", "demo", "--expire", "2001-01-01T00:00:00Z"], "--expire"),
            (&["key", "create", "demo", "--expire", "tomorrow"], "--expire"),
            (&["key", "create", "none"], "none"),
            (&["key", "list", "none"], "none"),
            (&["key", "revoke", "demo", "none"], "none"),
            (&["key", "revoke", "none", rows[0][0]], "none"),
        ] {
            place.fails(wrong, &[], part);
        }
        assert_eq!(place.prints(&["key", "list", "demo"]).lines().count(), 3);
        // Revoking takes an id of the project, once.
        place.prints(&["project", "create", "other"]);
        place.fails(&["key", "revoke", "other", rows[1][0]], &[], "no key");
        place.prints(&["key", "revoke", "demo", rows[1][0]]);
        place.fails(&["key", "revoke", "demo", rows[1][0]], &[], "no key");
        drop(server);
        // No secret is in the files.
        for file in std::fs::read_dir(place.folder.path().join("data")).into_iter().flatten() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            for secret in [reader.as_bytes(), b"first-key"] {
                assert!(!bytes.windows(secret.len()).any(|window| window == secret));
            }
        }
    }

    async fn the_health_check_asks_the_server_that_listens_there(place) {
        let server = place.start_demo(&[]);
        let port = server.address.port();
        for listen in [format!("127.0.0.1:{port}"), format!("0.0.0.0:{port}")] {
            let output = place.run(&["healthcheck"], &[("USHER_LISTEN", &listen)]);
            assert!(output.status.success() && output.stderr.is_empty() && output.stdout.is_empty(), "{output:?}");
        }
        server.stop();
        let gone = format!("127.0.0.1:{port}");
        place.fails(&["healthcheck"], &[("USHER_LISTEN", &gone)], &gone);
    }
}

#[test]
fn the_health_check_believes_nobody_who_is_not_ready() {
    let place = Place::sqlite();
    for answer in [
        "",
        "nonsense",
        "HTTP/1.1 503 Service Unavailable\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\n\r\n",
        "HTTP/1.1 2000\r\n\r\n",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let other = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 16];
            std::io::Read::read_exact(&mut stream, &mut asked).unwrap();
            assert_eq!(&asked[..12], b"GET /readyz ");
            std::io::Write::write_all(&mut stream, answer.as_bytes()).unwrap();
        });
        place.fails(&["healthcheck"], &[("USHER_LISTEN", &address)], &address);
        other.join().unwrap();
    }
    // It makes no database where there is none.
    assert_eq!(std::fs::read_dir(place.folder.path()).unwrap().count(), 0);
}
