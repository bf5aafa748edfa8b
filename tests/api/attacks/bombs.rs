//! Small requests that grow: compressed bodies, deep nesting, endless lists of names, parts and values. Each is refused
//! by its limit, before it is grown.

use axum::http::Method;
use serde_json::json;

use super::{INVALID, SCOPE, Tried, answers, is, send};
use crate::account::credentials::{client, is_guest};
use crate::support::{Answer, PROJECT, TestApp, both};
use crate::wire::{serve, socket};

/// Bytes of the largest body.
const BODY: usize = 1 << 20;

/// `{"userId":"inflated"}` as gzip, as zlib and as bare deflate have it.
const SMALL: [(&str, &[u8]); 3] = [
    (
        "gzip",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\x2a\x2d\x4e\x2d\xf2\x4c\x51\xb2\x52\xca\xcc\x4b\xcb\x49\x2c\x49\x4d\x51\xaa\x05\x00\x52\x6f\x1f\x61\x15\x00\x00\x00",
    ),
    (
        "deflate",
        b"\x78\x9c\xab\x56\x2a\x2d\x4e\x2d\xf2\x4c\x51\xb2\x52\xca\xcc\x4b\xcb\x49\x2c\x49\x4d\x51\xaa\x05\x00\x51\x3c\x07\x6e",
    ),
    ("deflate", b"\xab\x56\x2a\x2d\x4e\x2d\xf2\x4c\x51\xb2\x52\xca\xcc\x4b\xcb\x49\x2c\x49\x4d\x51\xaa\x05\x00"),
];

/// A body of almost 1 MiB that gzip would make 160 MB of: one blank, and again and again the 258 before.
fn gzip_bomb() -> Vec<u8> {
    let of = |bits: &[u8]| -> Vec<u8> {
        bits.chunks(8).map(|bits| bits.iter().rev().fold(0, |byte, bit| byte << 1 | bit)).collect()
    };
    // The head of the block and the blank, which end in the middle of a byte. Then one code eight times is whole bytes.
    let begin = [1, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0];
    let again = [1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0];
    let (first, rest) = ([&begin[..], &again[..5]].concat(), [&again[5..], &again.repeat(7), &again[..5]].concat());
    [&b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03"[..], &of(&first), &of(&rest).repeat(80_000)].concat()
}

/// Makes a user with this body, which is to fail.
async fn create(app: &TestApp, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
    let key = [("x-appwrite-project", PROJECT), ("x-appwrite-key", app.admin_key())];
    send(app, Method::POST, "/v1/users", &[&key[..], headers].concat(), body).await
}

/// Checks that `userId` was not found, and why not.
#[track_caller]
fn misses_the_id(answer: &Answer, part: &str, case: &str) {
    is(answer, 400, INVALID, case);
    let message = answer.json["message"].as_str().unwrap();
    assert!(message.contains("Param `userId` is not optional") && message.contains(part), "{case}: {message}");
}

async fn nobody_was_made(app: &TestApp) {
    assert_eq!(app.admin().get("/v1/users").await.expect(200)["total"], 0);
    assert_eq!(app.app.hashing.hashes_run(), 0);
}

both! {
    async fn a_compressed_body_is_not_inflated(app) {
        let bomb = gzip_bomb();
        assert!((BODY - 20_000..BODY).contains(&bomb.len()), "{}", bomb.len());
        let mut tried = Tried::default();
        let json = ("content-type", "application/json");
        for encoding in ["gzip", "x-gzip", "deflate", "br", "zstd", "compress", "gzip, gzip", "identity, gzip", "aws-chunked"] {
            for (name, small) in SMALL {
                let answer = create(app, &[json, ("content-encoding", encoding)], small.to_vec()).await;
                misses_the_id(&answer, "could not be read as JSON", &format!("{name} as {encoding}"));
                tried.one();
            }
            let answer = create(app, &[json, ("content-encoding", encoding)], bomb.clone()).await;
            misses_the_id(&answer, "could not be read as JSON", encoding);
            tried.one();
        }
        // A form is not inflated either.
        misses_the_id(&create(app, &[("content-encoding", "gzip")], bomb).await, "", "a form");
        tried.one();
        nobody_was_made(app).await;
        tried.at_least(37);
    }

    async fn a_compressed_transfer_is_not_inflated(app) {
        let address = serve(app).await;
        let mut tried = Tried::default();
        for encoding in ["gzip, chunked", "deflate, chunked", "br, chunked"] {
            let more = format!("Content-Type: application/json\r\nTransfer-Encoding: {encoding}\r\n");
            let head = socket::head(app.admin_key(), "POST", "/v1/users", &more);
            let body = SMALL[0].1;
            let chunk = [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n0\r\n\r\n"].concat();
            let answer = socket::exchange(address, &[head.as_bytes(), &chunk].concat());
            tried.one();
            let text = String::from_utf8(answer.body).unwrap();
            assert!(answer.status == 400 && text.contains("could not be read as JSON"), "{encoding}: {text}");
        }
        nobody_was_made(app).await;
        tried.at_least(3);
    }

    async fn json_that_nests_too_deep_or_holds_too_much_is_refused_by_its_limit(app) {
        let mut tried = Tried::default();
        let open = |text: &str, times: usize| text.repeat(times);
        let closed = |before: &str, after: &str, times: usize| format!("{}0{}", before.repeat(times), after.repeat(times));
        for (case, inside, part) in [
            ("lists", closed("[", "]", 513), "512 levels"),
            ("lists and no end", open("[", BODY - 100), "512 levels"),
            ("objects", closed("{\"a\":", "}", 513), "512 levels"),
            ("objects and no end", open("{\"a\":", 200_000), "512 levels"),
            ("both in turn", closed("[{\"\":", "}]", 300), "512 levels"),
            ("many values", format!("[{}0]", "0,".repeat(100_001)), "100000 values"),
            ("many empty lists", format!("[{}0]", "[],".repeat(60_000)), "100000 values"),
            ("many empty objects", format!("[{}0]", "{},".repeat(60_000)), "100000 values"),
            ("many keys", format!("{{{}\"z\":0}}", "\"a\":0,".repeat(100_001)), "100000 values"),
            ("many commas and no end", open(",", BODY - 100), "100000 values"),
        ] {
            let body = format!("{{\"userId\":\"deep\",\"x\":{inside}}}");
            let json = [("content-type", "application/json")];
            misses_the_id(&create(app, &json, body.clone().into_bytes()).await, part, case);
            // Whoever has no key does not get as far as that, whether the project stands in front of it or in it.
            let bare = send(app, Method::POST, "/v1/users", &json, body.clone()).await;
            is(&bare, 401, SCOPE, case);
            is_guest(client(app).request(Method::PATCH, "/v1/account/prefs", body.clone()).await, case);
            let sign_in = client(app).request(Method::POST, "/v1/account/sessions/email", body).await;
            is(&sign_in, 400, INVALID, case);
            for _ in 0..4 {
                tried.one();
            }
        }
        nobody_was_made(app).await;
        tried.at_least(40);
    }

    async fn numbers_of_a_million_digits_are_no_parameters(app) {
        app.user("anna", json!({})).await;
        let mut tried = Tried::default();
        let digits = "9".repeat(BODY - 500);
        let nines = &digits[..900_000];
        let scrypt = |n: &str| {
            format!(
                r#"{{"userId":"big","email":"a@example.org","password":"long enough","passwordSalt":"s","passwordCpu":{n},"passwordMemory":8,"passwordParallel":1,"passwordLength":64}}"#
            )
        };
        for number in [nines, &format!("-{nines}"), &format!("0.{nines}"), "1e999999999999", "-1e-999999999999", "1E+400"] {
            for (method, path, body, name) in [
                (Method::POST, "/v1/users", format!("{{\"userId\":{number}}}"), "`userId`"),
                (Method::POST, "/v1/users/scrypt", scrypt(number), "`passwordCpu`"),
                (Method::PATCH, "/v1/users/anna/status", format!("{{\"status\":{number}}}"), "`status`"),
                (Method::POST, "/v1/users/anna/jwts", format!("{{\"duration\":{number}}}"), "`duration`"),
                (Method::POST, "/v1/users/anna/tokens", format!("{{\"length\":{number}}}"), "`length`"),
                (Method::PUT, "/v1/users/anna/labels", format!("{{\"labels\":[{number}]}}"), "`labels`"),
            ] {
                let answer = app.admin().request(method, path, body).await;
                tried.one();
                is(&answer, 400, INVALID, &format!("{path} {}", &number[..6]));
                answer.fails(400, INVALID, name);
            }
        }
        // Preferences keep numbers to the letter, and have their own limit.
        let long = app.admin().request(Method::PATCH, "/v1/users/anna/prefs", format!("{{\"prefs\":{{\"a\":{nines}}}}}")).await;
        long.fails(400, INVALID, "65535 bytes");
        tried.one();
        assert_eq!(app.admin().get("/v1/users").await.ids("users"), ["anna"]);
        tried.at_least(37);
    }

    async fn forms_of_endless_brackets_names_and_parts_are_read_up_to_their_limits(app) {
        app.user("anna", json!({})).await;
        let mut tried = Tried::default();
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let deep = "[a]".repeat(200_000);
        // What is nested is no text, however deep.
        for body in [format!("userId{deep}=x"), "userId[a]=x".to_owned(), format!("userId{}=x", "[]".repeat(300_000))] {
            let answer = create(app, &form, body.into_bytes()).await;
            tried.one();
            answer.fails(400, INVALID, "Invalid `userId` param");
        }
        // Of endless names the first thousand are read, and what comes behind them is not there.
        for (case, filler) in [
            ("names", "a=1&".repeat(200_000)),
            ("empty names", "=1&".repeat(300_000)),
            ("names without a value", "a&".repeat(400_000)),
            ("items", "a[]=1&".repeat(150_000)),
            ("keys", (0..60_000).map(|n| format!("a[{n}]=&")).collect()),
            ("the largest key", "a[18446744073709551615]=1&a[]=2&".repeat(30_000)),
            ("deep items", format!("a{}=1&", "[b]".repeat(300)).repeat(1000)),
            ("percents", "%=%&".repeat(200_000)),
            ("brackets", "[[]][=]&".repeat(100_000)),
        ] {
            misses_the_id(&create(app, &form, format!("{filler}userId=late").into_bytes()).await, "", case);
            tried.one();
        }
        let multipart = [("content-type", "multipart/form-data; boundary=X")];
        let part = |name: &str, value: &str| {
            format!("--X\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        for (case, body, problem) in [
            ("parts", format!("{}{}--X--\r\n", part("a", "1").repeat(12_000), part("userId", "late")), ""),
            ("empty parts", format!("{}{}--X--\r\n", "--X\r\n\r\n\r\n".repeat(80_000), part("userId", "late")), ""),
            ("boundaries", "--X\r\n".repeat(200_000), "could not be read"),
            ("dashes", "-".repeat(BODY - 10), "could not be read"),
            ("headers of a part", format!("--X\r\n{}\r\n", "A: b\r\n".repeat(170_000)), "could not be read"),
            ("a header of a part", format!("--X\r\nA: {}\r\n\r\n", "b".repeat(BODY - 100)), "could not be read"),
            ("a name", part(&"a".repeat(BODY - 200), "x"), "could not be read"),
            ("nested parts", part("userId", "x").replace("form-data", "multipart/mixed; boundary=Y"), ""),
        ] {
            misses_the_id(&create(app, &multipart, body.into_bytes()).await, problem, case);
            tried.one();
        }
        // A form may nest preferences, which stops at 64 levels.
        let caller = app.admin().header(form[0].0, form[0].1);
        let nested = caller.request(Method::PATCH, "/v1/users/anna/prefs", format!("prefs{deep}=x")).await.expect(200);
        assert_eq!(nested.to_string().matches('{').count(), 64);
        tried.one();
        assert_eq!(app.admin().get("/v1/users").await.ids("users"), ["anna"]);
        tried.at_least(21);
    }

    async fn queries_that_nest_too_deep_or_hold_too_much_are_refused_by_their_limits(app) {
        app.user("anna", json!({})).await;
        let mut tried = Tried::default();
        let nested = |method: &str, times: usize| {
            let start = format!("{{\"method\":\"{method}\",\"values\":[");
            format!("{}{}", start.repeat(times), "]}".repeat(times))
        };
        let string = |values: usize| format!("equal(\"$sequence\",[{}1])", "1,".repeat(values - 1));
        let many = |query: &str, times: usize| vec![json!(query); times];
        for (case, queries, kind, part) in [
            ("or in or", many(&nested("or", 110), 1), INVALID, "at least two"),
            ("and in and", many(&nested("and", 110), 1), INVALID, "at least two"),
            ("lists", many(&format!("{{\"method\":{}", "[".repeat(4000)), 1), INVALID, "512 levels"),
            ("lists without an object", many(&"[".repeat(4000), 1), INVALID, "queries[0]"),
            ("lists in the old form", many(&format!("equal({}", "[".repeat(4000)), 1), INVALID, "queries[0]"),
            ("parentheses", many(&"(".repeat(4000), 1), INVALID, "queries[0]"),
            ("backslashes", many(&"\\".repeat(4000), 1), INVALID, "queries[0]"),
            ("a long query", many(&format!("limit({})", "1".repeat(4090)), 1), INVALID, "4096 characters"),
            ("101 queries", many("limit(1)", 101), INVALID, "100"),
            ("900 queries", many("limit(1)", 900), INVALID, "100"),
            ("501 values", many(&string(501), 1), INVALID, "500"),
            ("10,500 values", many(&string(500), 21), "general_query_limit_exceeded", "10000"),
        ] {
            for path in ["/v1/users", "/v1/users/identities", "/v1/users/anna/targets", "/v1/users/anna/memberships"] {
                // By hand, with as little encoding as there can be, since a URL has a limit too.
                let text = |query: &serde_json::Value| query.as_str().unwrap().replace('"', "%22").replace('\\', "%5C");
                let text: Vec<String> = queries.iter().map(|query| format!("queries[]={}", text(query))).collect();
                let path = format!("{path}?{}", text.join("&")).replace('[', "%5B").replace(']', "%5D");
                let path = path.replace('{', "%7B").replace('}', "%7D");
                let answer = app.admin().get(&path).await;
                tried.one();
                is(&answer, 400, kind, case);
                answer.fails(400, kind, part);
            }
        }
        tried.at_least(48);
    }

    async fn heads_of_endless_lines_names_and_cookies_are_refused_or_ignored(app) {
        app.user("anna", json!({})).await;
        let address = serve(app).await;
        let mut tried = Tried::default();
        let get = |path: &str, more: &str| answers(address, socket::head(app.admin_key(), "GET", path, more).as_bytes()).0;
        for (case, more, status) in [
            ("100 headers more", "A: b\r\n".repeat(100), 431),
            ("10,000 headers", "A: b\r\n".repeat(10_000), 431),
            ("a header of 100 KB", format!("A: {}\r\n", "b".repeat(100_000)), 431),
            ("a name of 70,000 bytes", format!("{}: b\r\n", "A".repeat(70_000)), 431),
            ("a cookie of 60 KB", format!("Cookie: {}\r\n", "a=b;".repeat(15_000)), 200),
            ("addresses", format!("X-Forwarded-For: {}\r\n", "1.1.1.1,".repeat(7_000)), 200),
            ("encodings", format!("Accept-Encoding: {}\r\n", "gzip;q=0.1,".repeat(5_000)), 200),
            ("a session", format!("X-Appwrite-Session: {}\r\n", "A".repeat(60_000)), 200),
            ("fallback cookies", format!("X-Fallback-Cookies: {}\r\n", "[".repeat(60_000)), 200),
        ] {
            assert_eq!(get("/v1/users/anna", &more), [status], "{case}");
            tried.one();
        }
        let long = format!("/v1/users/anna?search={}", "x".repeat(66_000));
        assert_eq!(get(&long, ""), [414]);
        // Within the limits of HTTP, as something that could say who is signed in.
        let nested = format!("{{\"a_session_demo\":{}", "[".repeat(8_000));
        for (name, value) in [
            ("x-appwrite-session", "A".repeat(4096)),
            ("cookie", "a_session_demo=A;".repeat(3_000)),
            ("cookie", format!("a_session_demo={}", "%41".repeat(10_000))),
            ("x-fallback-cookies", nested),
            ("x-fallback-cookies", "[".repeat(8_192)),
        ] {
            is_guest(client(app).header(name, &value).get("/v1/account").await, name);
            tried.one();
        }
        let jwt = client(app).header("x-appwrite-jwt", &"e30.".repeat(10_000)).get("/v1/account").await;
        is(&jwt, 401, "user_jwt_invalid", "a token");
        tried.one();
        tried.one();
        tried.at_least(16);
    }

    async fn a_password_of_a_mebibyte_is_refused_before_it_is_hashed(app) {
        app.user("anna", json!({"email": "anna@example.org"})).await;
        let own = crate::account::credentials::signed_in(app, "anna").await;
        let long = "x".repeat(BODY - 200);
        let mut tried = Tried::default();
        for (caller, method, path, body) in [
            (app.admin(), Method::POST, "/v1/users", json!({"userId": "b", "password": long})),
            (app.admin(), Method::PATCH, "/v1/users/anna/password", json!({"password": long})),
            (app.admin(), Method::POST, "/v1/users/md5", json!({"userId": "b", "email": "b@example.org", "password": long})),
            (client(app), Method::POST, "/v1/account", json!({"userId": "b", "email": "b@example.org", "password": long})),
            (client(app), Method::POST, "/v1/account/sessions/email", json!({"email": "anna@example.org", "password": long})),
            (own.clone(), Method::PATCH, "/v1/account/password", json!({"password": long, "oldPassword": "x"})),
            (own.clone(), Method::PATCH, "/v1/account/password", json!({"password": "long enough", "oldPassword": long})),
            (own, Method::PATCH, "/v1/account/email", json!({"email": "b@example.org", "password": long})),
            (app.admin(), Method::GET, "/v1/users/anna", json!({"password": long})),
        ] {
            let answer = caller.request(method.clone(), path, body.to_string()).await;
            tried.one();
            match method {
                Method::GET => assert_eq!(answer.expect(200)["$id"], "anna"),
                _ => answer.fails(400, INVALID, "assword` param"),
            }
        }
        assert_eq!(app.app.hashing.hashes_run(), 0);
        assert_eq!(app.admin().get("/v1/users").await.ids("users"), ["anna"]);
        tried.at_least(9);
    }
}
