//! Bodies: JSON, forms, what is neither, and what is too much.

use std::io::Write as _;

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::both;
use crate::wire::{serve, socket};

/// Bytes of the largest body.
const LIMIT: usize = 1024 * 1024;

both! {
    /// Without a key, a body must not reach a reader that it can make call itself without a bound.
    async fn json_hidden_in_strings_is_not_read(app) {
        let mut body = "1".to_owned();
        for _ in 0..32 {
            let inner = body.replace('\\', "\\u005c").replace('"', "\\u0022");
            body = format!("{}{{\"\\u0024serde_json::private::RawValue\":\"{inner}\"}}{}", "[".repeat(120), "]".repeat(120));
            if body.len() > 500_000 {
                break;
            }
        }
        let body = format!("{{\"a\":{body}}}");
        let answer = app.guest().request(axum::http::Method::POST, "/v1/users", body.clone()).await;
        answer.fails(401, "general_unauthorized_scope", "X-Appwrite-Key");
        let answer = app.admin().request(axum::http::Method::POST, "/v1/users", body).await;
        answer.fails(400, "general_argument_invalid", "$serde_json");
        let named = app.user("anna", serde_json::json!({"name": "$serde_json::private::Number"})).await;
        assert_eq!(named["name"], "$serde_json::private::Number");
    }

    async fn a_body_without_parameters_is_told_which_is_missing(app) {
        for body in [
            "",
            "{}",
            "null",
            "false",
            "0",
            "[]",
            "[1]",
            "[{\"userId\":\"a\"}]",
            "true",
            "5",
            "\"text\"",
            "-1.5e3",
            " \n{} ",
        ] {
            let answer = app.admin().request(Method::POST, "/v1/users", body.to_owned()).await;
            answer.fails(400, "general_argument_invalid", "Param `userId` is not optional");
        }
    }

    async fn a_body_that_is_no_json_is_told_where_it_breaks(app) {
        let deep = format!("{{\"userId\":\"a\",\"x\":{}{}}}", "[".repeat(512), "]".repeat(512));
        for (body, place) in [
            ("{", "line 1 column 1"),
            ("{\"userId\":\"a\"", "line 1 column"),
            ("{\"userId\":\"a\",}", "line 1 column 15"),
            ("{\n\"userId\": 'a'}", "line 2 column 11"),
            ("{\"userId\":\"a\"}}", "line 1 column 15"),
            ("{\"userId\":\"a\"} x", "line 1"),
            ("{userId:\"a\"}", "line 1 column 2"),
            ("\u{feff}{\"userId\":\"a\"}", "line 1 column 1"),
            ("{\"userId\":\"a\",\"x\":NaN}", "line 1"),
            ("{\"userId\":\"a\",\"x\":01}", "line 1"),
            ("{\"userId\":\"a\",\"x\":\"\t\"}", "line 1"),
            ("{\"userId\":\"a\",\"x\":\"\\ud800\"}", "line 1"),
            ("nul", "line 1"),
            (&deep, "512"),
        ] {
            let answer = app.admin().request(Method::POST, "/v1/users", body.to_owned()).await;
            let message = answer.json["message"].as_str().unwrap_or_default().to_owned();
            assert!(message.contains("JSON") && message.contains(place), "{body}: {message}");
            answer.fails(400, "general_argument_invalid", "Param `userId` is not optional");
        }
        assert_eq!(app.admin().get("/v1/users").await.expect(200)["total"], 0);
    }

    async fn bytes_that_are_no_utf_8_are_no_json(app) {
        let address = serve(app).await;
        for bytes in [
            &b"{\"userId\":\"a\",\"name\":\"\xff\"}"[..],
            b"\xff",
            b"{\"userId\":\"a\xc3\"}",
            b"{\"userId\":\"a\",\"name\":\"\xed\xa0\x80\"}",
        ] {
            let answer = socket::send(
                address,
                app.admin_key(),
                "POST",
                "/v1/users",
                "Content-Type: application/json\r\n",
                bytes,
            );
            let body: Value = serde_json::from_slice(&answer.body).unwrap();
            assert_eq!((answer.status, &body["type"]), (400, &json!("general_argument_invalid")), "{body}");
            assert!(body["message"].as_str().unwrap().contains("`userId`"), "{body}");
        }
        assert_eq!(app.admin().get("/v1/users").await.expect(200)["total"], 0);
    }

    async fn json_as_it_may_be_written(app) {
        for (id, body) in [
            ("last", r#"{"userId":"first","userId":"last"}"#.to_owned()),
            ("blank", "\r\n\t {\"userId\" : \"blank\"}\n".to_owned()),
            ("escaped", "{\"\\u0075serId\":\"esc\\u0061ped\"}".to_owned()),
            ("deep", format!("{{\"userId\":\"deep\",\"x\":{}{}}}", "[".repeat(511), "]".repeat(511))),
            ("null-then-right", r#"{"userId":null,"userId":"null-then-right"}"#.to_owned()),
        ] {
            let made = app.admin().request(Method::POST, "/v1/users", body).await.expect(201);
            assert_eq!(made["$id"], id);
        }
        let answer = app.admin().request(Method::POST, "/v1/users", r#"{"userId":"a","userId":5}"#.to_owned()).await;
        answer.fails(400, "general_argument_invalid", "`userId`");
    }

    async fn deep_preferences_come_back_as_they_were_sent(app) {
        app.user("anna", json!({})).await;
        // The outermost level is the body's own.
        let deepest = format!(r#"{{"a":{}{}}}"#, "[".repeat(510), "]".repeat(510));
        let sent =
            app.admin().request(Method::PATCH, "/v1/users/anna/prefs", format!(r#"{{"prefs":{deepest}}}"#)).await;
        assert_eq!((sent.status, &sent.text), (200, &deepest));
        assert_eq!(app.admin().get("/v1/users/anna/prefs").await.text, deepest);
        assert!(app.admin().get("/v1/users/anna").await.text.contains(&deepest));
        assert!(app.admin().get("/v1/users").await.text.contains(&deepest));
    }

    async fn the_content_type_decides_how_a_body_is_read(app) {
        for (n, kind) in
            ["application/json", "application/json; charset=utf-8", "application/json;", "application/json;x"]
                .iter()
                .enumerate()
        {
            let body = format!(r#"{{"userId":"json{n}"}}"#);
            app.admin().header("content-type", kind).request(Method::POST, "/v1/users", body).await.expect(201);
        }
        for kind in [
            "",
            "text/plain",
            "APPLICATION/JSON",
            "application/json ;x",
            "application/jsonp",
            "application/x-www-form-urlencoded",
        ] {
            let caller = app.admin().header("content-type", kind);
            let json = caller.request(Method::POST, "/v1/users", r#"{"userId":"a"}"#.to_owned()).await;
            json.fails(400, "general_argument_invalid", "application/json");
            // Whatever is not JSON is a form.
            let id = format!("f{}", kind.len());
            let body = format!("userId={id}&name=A+B%21&email={id}%40example.org");
            let made = caller.request(Method::POST, "/v1/users", body).await.expect(201);
            assert_eq!(
                (&made["name"], &made["email"]),
                (&json!("A B!"), &json!(format!("{id}@example.org"))),
                "{kind}"
            );
        }
    }

    async fn forms_of_many_parts(app) {
        let caller = app.admin().header("content-type", "multipart/form-data; boundary=\"X y\"");
        let part = |name: &str, value: &str| {
            format!("--X y\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let file = "--X y\r\nContent-Disposition: form-data; name=\"name\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nfile\r\n";
        let body = [&part("userId", "a"), file, &part("email", "a+b@example.org"), "--X y--\r\n"].concat();
        let made = caller.request(Method::POST, "/v1/users", body).await.expect(201);
        assert_eq!((&made["$id"], &made["email"], &made["name"]), (&json!("a"), &json!("a+b@example.org"), &json!("")));
        let labels = [part("labels[]", "vip"), part("labels[]", "pro"), "--X y--".into()].concat();
        let user = caller.request(Method::PUT, "/v1/users/a/labels", labels).await.expect(200);
        assert_eq!(user["labels"], json!(["vip", "pro"]));
        for broken in [
            "",
            "nonsense",
            "--X y\r\nnonsense",
            "--X y\r\nContent-Disposition: form-data; name=\"userId\"\r\n\r\nb",
            &part("name", "b"),
        ] {
            let answer = caller.request(Method::POST, "/v1/users", broken.to_owned()).await;
            answer.fails(400, "general_argument_invalid", "Param `userId` is not optional");
        }
        let without_boundary = app.admin().header("content-type", "multipart/form-data");
        without_boundary.request(Method::POST, "/v1/users", part("userId", "b")).await.fails(
            400,
            "general_argument_invalid",
            "`userId`",
        );
        assert_eq!(app.admin().get("/v1/users").await.ids("users"), ["a"]);
    }

    async fn the_query_string_of_a_write_and_the_body_of_a_read_do_not_count(app) {
        let answer = app.admin().post("/v1/users?userId=a&name=x", &json!({})).await;
        answer.fails(400, "general_argument_invalid", "`userId`");
        let made = app.admin().post("/v1/users?name=x", &json!({"userId": "a"})).await.expect(201);
        assert_eq!(made["name"], "");
        let address = serve(app).await;
        for body in ["null", "{}", "{", "[]", "{\"search\":\"nobody\",\"userId\":\"b\"}", &"x".repeat(2 * LIMIT)] {
            for kind in ["application/json", "", "text/plain", "multipart/form-data"] {
                let caller = app.admin().header("content-type", kind);
                for path in ["/v1/users", "/v1/users/a", "/v1/users/a/prefs", "/v1/users/a/sessions"] {
                    caller.request(Method::GET, path, body.to_owned()).await.expect(200);
                }
            }
        }
        let over_the_wire = socket::send(address, app.admin_key(), "GET", "/v1/users/a", "Content-Type: \r\n", b"null");
        assert_eq!(over_the_wire.status, 200);
    }

    async fn a_delete_takes_any_body(app) {
        for body in ["", "{}", "[]", "null", "{", "not json", "{\"userId\":\"keep\",\"sessionId\":\"x\"}", "\u{0}"] {
            for kind in ["application/json", "", "text/plain", "multipart/form-data; boundary=x"] {
                app.user("keep", json!({})).await;
                app.user("gone", json!({})).await;
                let caller = app.admin().header("content-type", kind);
                caller.request(Method::DELETE, "/v1/users/gone/sessions", body.to_owned()).await.expect(204);
                caller.request(Method::DELETE, "/v1/users/gone", body.to_owned()).await.expect(204);
                assert_eq!(app.admin().get("/v1/users").await.ids("users"), ["keep"], "{kind}: {body}");
                caller.request(Method::DELETE, "/v1/users/keep", None).await.expect(204);
            }
        }
    }

    async fn the_path_beats_the_body(app) {
        for id in ["anna", "bob"] {
            app.user(id, json!({})).await;
        }
        let user = app.admin().patch("/v1/users/anna/name", &json!({"userId": "bob", "name": "A"})).await.expect(200);
        assert_eq!((&user["$id"], &user["name"]), (&json!("anna"), &json!("A")));
        let wrong = app.admin().patch("/v1/users/_/name", &json!({"userId": "bob", "name": "B"})).await;
        wrong.fails(400, "general_argument_invalid", "`userId`");
        assert_eq!(app.admin().get("/v1/users/anna?userId=bob").await.expect(200)["$id"], "anna");
        assert_eq!(app.admin().get("/v1/users/bob").await.expect(200)["name"], "");
    }

    async fn a_body_of_exactly_one_mebibyte_is_read_and_one_byte_more_is_413(app) {
        let body = |id: &str, size: usize| {
            let empty = json!({"userId": id, "x": ""}).to_string().len();
            json!({"userId": id, "x": "y".repeat(size - empty)}).to_string()
        };
        assert_eq!(body("a", LIMIT).len(), LIMIT);
        app.admin().request(Method::POST, "/v1/users", body("a", LIMIT)).await.expect(201);
        for (method, path) in [
            (Method::POST, "/v1/users"),
            (Method::PATCH, "/v1/users/a/name"),
            (Method::PUT, "/v1/users/a/labels"),
            (Method::DELETE, "/v1/users/a"),
        ] {
            let answer = app.admin().request(method, path, body("b", LIMIT + 1)).await;
            answer.fails(413, "general_argument_invalid", "1,048,576");
        }
        assert_eq!(app.admin().get("/v1/users").await.ids("users"), ["a"]);
    }

    async fn the_limit_holds_for_chunks_without_a_length(app) {
        let address = serve(app).await;
        for (id, size, status) in [("fits", LIMIT, 201), ("over", LIMIT + 1, 413), ("far", 5 * LIMIT, 413)] {
            let start = format!("{{\"userId\":\"{id}\",\"x\":\"");
            let body = format!("{start}{}\"}}", "y".repeat(size - start.len() - 2));
            let mut connection = socket::connect(address);
            let more = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
            let stream = connection.get_mut();
            stream.write_all(socket::head(app.admin_key(), "POST", "/v1/users", more).as_bytes()).unwrap();
            for chunk in body.as_bytes().chunks(100_000) {
                stream.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).unwrap();
                stream.write_all(&[chunk, b"\r\n"].concat()).unwrap();
            }
            stream.write_all(b"0\r\n\r\n").unwrap();
            let answer = socket::read(&mut connection);
            assert_eq!(
                (answer.status, answer.header("content-type")),
                (status, "application/json; charset=UTF-8"),
                "{id}"
            );
            let body: Value = serde_json::from_slice(&answer.body).unwrap();
            if status == 413 {
                assert_eq!((&body["code"], &body["version"]), (&json!(413), &json!("2.6.2")));
            }
        }
        assert_eq!(app.admin().get("/v1/users").await.ids("users"), ["fits"]);
    }

    async fn a_body_that_breaks_off_changes_nothing(app) {
        let address = serve(app).await;
        let more = "Content-Type: application/json\r\nContent-Length: 100\r\n";
        let bytes =
            [socket::head(app.admin_key(), "POST", "/v1/users", more).as_bytes(), b"{\"userId\":\"half\"}"].concat();
        let mut connection = socket::connect(address);
        connection.get_mut().write_all(&bytes).unwrap();
        connection.get_mut().shutdown(std::net::Shutdown::Write).unwrap();
        // The server answers or hangs up; either way it is done with the request then.
        let mut rest = Vec::new();
        let _ = std::io::Read::read_to_end(&mut connection, &mut rest);
        let text = String::from_utf8_lossy(&rest);
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 400 "), "{text}");
        assert_eq!(app.admin().get("/v1/users").await.expect(200)["total"], 0);
    }
}
