//! A request hidden in another: heads and bodies of which it can be doubted where they end. Whatever a proxy in front
//! believes, one request gets one answer, and what is hidden in it is not done.

use serde_json::json;

use super::{Tried, answers};
use crate::support::{PROJECT, TestApp, both};
use crate::wire::serve;

/// Head and body of a request that would make the user `smuggled`.
fn hidden(key: &str) -> String {
    let body = r#"{"userId":"smuggled"}"#;
    format!(
        "POST /v1/users HTTP/1.1\r\nHost: usher\r\nX-Appwrite-Project: {PROJECT}\r\nX-Appwrite-Key: {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The beginning of a request with these lines, which leaves the connection open.
fn head(key: &str, line: &str, more: &str) -> String {
    format!("{line}\r\nHost: usher\r\nX-Appwrite-Project: {PROJECT}\r\nX-Appwrite-Key: {key}\r\n{more}\r\n")
}

const POST: &str = "POST /v1/users HTTP/1.1";
const GET: &str = "GET /v1/users/anna HTTP/1.1";

async fn nothing_was_smuggled(app: &TestApp, case: &str) {
    assert_eq!(app.admin().get("/v1/users").await.ids("users"), ["anna"], "{case}");
}

/// Sends each case, with the hidden request behind what ends it, and checks the one answer.
async fn one_answer(app: &TestApp, cases: Vec<(&str, String, u16)>) -> Tried {
    let address = serve(app).await;
    app.user("anna", json!({})).await;
    let mut tried = Tried::default();
    for (case, bytes, status) in cases {
        let (statuses, text) = answers(address, bytes.as_bytes());
        tried.one();
        assert_eq!(statuses, [status], "{case}: {text}");
        nothing_was_smuggled(app, case).await;
    }
    tried
}

both! {
    async fn two_lengths_of_a_body_are_refused_or_end_the_connection(app, "USHER_CLIENT_TIMEOUT" = "1") {
        let key = app.admin_key();
        let hidden = hidden(key);
        let chunk = format!("{:x}\r\n{hidden}\r\n0\r\n\r\n", hidden.len());
        let post = |more: &str, body: &str| format!("{}{body}{hidden}", head(key, POST, more));
        let all = "0\r\n\r\n".len() + hidden.len();
        let cases = vec![
            // A proxy that goes by the length sees one request here, and one that goes by the chunks two.
            ("length and chunks", post(&format!("Content-Length: {all}\r\nTransfer-Encoding: chunked\r\n"), "0\r\n\r\n"), 400),
            ("chunks and length", post(&format!("Transfer-Encoding: chunked\r\nContent-Length: {all}\r\n"), "0\r\n\r\n"), 400),
            ("a short length and chunks", post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", &chunk), 400),
            ("no length and chunks", post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", &chunk), 400),
            ("length and Chunked", post(&format!("Content-Length: {all}\r\nTransfer-Encoding: Chunked\r\n"), "0\r\n\r\n"), 400),
            ("length, chunks and length", post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n", &chunk), 400),
            ("two lengths", post(&format!("Content-Length: 0\r\nContent-Length: {}\r\n", hidden.len()), ""), 400),
            ("two lengths the other way", post(&format!("Content-Length: {}\r\nContent-Length: 0\r\n", hidden.len()), ""), 400),
            ("two lengths in one line", post(&format!("Content-Length: 0, {}\r\n", hidden.len()), ""), 400),
            ("the same length twice in one line", post("Content-Length: 0, 0\r\n", ""), 400),
            ("a length with a plus", post("Content-Length: +0\r\n", ""), 400),
            ("a length with a minus", post("Content-Length: -1\r\n", ""), 400),
            ("no number", post("Content-Length: \r\n", ""), 400),
            ("a hexadecimal length", post("Content-Length: 0x0\r\n", ""), 400),
            ("a length with an exponent", post("Content-Length: 0e1\r\n", ""), 400),
            ("a length with a point", post("Content-Length: 0.0\r\n", ""), 400),
            ("a length with a blank inside", post("Content-Length: 0 0\r\n", ""), 400),
            ("a length beyond 64 bits", post("Content-Length: 18446744073709551616\r\n", ""), 400),
            ("a length far beyond", post(&format!("Content-Length: {}\r\n", "9".repeat(40)), ""), 400),
            ("the largest length", post("Content-Length: 18446744073709551615\r\n", ""), 431),
            ("digits of another script", post("Content-Length: \u{0660}\r\n", ""), 400),
        ];
        one_answer(app, cases).await.at_least(21);
    }

    async fn an_encoding_that_is_not_quite_chunked_is_refused(app, "USHER_CLIENT_TIMEOUT" = "1") {
        let key = app.admin_key();
        let hidden = hidden(key);
        let post = |line: &str, more: &str| format!("{}0\r\n\r\n{hidden}", head(key, line, more));
        let cases = [
            ("another word", "Transfer-Encoding: xchunked\r\n"),
            ("a longer word", "Transfer-Encoding: chunkedx\r\n"),
            ("identity", "Transfer-Encoding: identity\r\n"),
            ("gzip", "Transfer-Encoding: gzip\r\n"),
            ("chunked and not last", "Transfer-Encoding: chunked, identity\r\n"),
            ("chunked and not last, in two lines", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
            ("in quotes", "Transfer-Encoding: \"chunked\"\r\n"),
            ("with a parameter", "Transfer-Encoding: chunked;q=1\r\n"),
            ("nothing", "Transfer-Encoding: \r\n"),
            ("a comma", "Transfer-Encoding: ,\r\n"),
            ("a blank before the colon", "Transfer-Encoding : chunked\r\n"),
            ("a tab before the colon", "Transfer-Encoding\t: chunked\r\n"),
            ("a blank before the name", " Transfer-Encoding: chunked\r\n"),
            ("a vertical tab", "Transfer-Encoding:\x0bchunked\r\n"),
            ("a form feed", "Transfer-Encoding:\x0cchunked\r\n"),
            ("a bare CR", "Transfer-Encoding: chunked\rX: y\r\n"),
            ("a NUL", "Transfer-Encoding: chunked\0\r\n"),
            ("folded", "Transfer-Encoding:\r\n chunked\r\n"),
            ("folded behind another", "X: y\r\n Transfer-Encoding: chunked\r\n"),
            ("no colon", "Transfer-Encoding chunked\r\n"),
            ("an empty name", ": chunked\r\n"),
            ("letters beyond ASCII in the name", "Tr\u{e4}nsfer-Encoding: chunked\r\n"),
        ]
        .map(|(case, more)| (case, post(POST, more), 400));
        let mut cases = cases.to_vec();
        cases.push(("chunks of HTTP/1.0", post("POST /v1/users HTTP/1.0", "Transfer-Encoding: chunked\r\n"), 400));
        one_answer(app, cases).await.at_least(23);
    }

    async fn a_chunk_whose_size_can_be_doubted_ends_the_connection(app, "USHER_CLIENT_TIMEOUT" = "1") {
        let key = app.admin_key();
        let hidden = hidden(key);
        let post = |body: &str| format!("{}{body}{hidden}", head(key, POST, "Transfer-Encoding: chunked\r\n"));
        let cases = [
            ("beyond 64 bits", "10000000000000000\r\n"),
            ("far beyond", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\r\n"),
            ("a minus", "-1\r\n"),
            ("a plus", "+0\r\n\r\n"),
            ("0x", "0x0\r\n\r\n"),
            ("nothing", "\r\n\r\n"),
            ("a letter", "g\r\n\r\n"),
            ("a blank in front", " 0\r\n\r\n"),
            ("a bare LF behind an extension", "1;a\nx\r\n0\r\n\r\n"),
            ("a bare LF behind the size", "1\nx\r\n0\r\n\r\n"),
            ("a bare CR", "1\rx\r\n0\r\n\r\n"),
            ("data that is longer", "1\r\nxx\r\n0\r\n\r\n"),
            ("data without an end", "1\r\nx0\r\n\r\n"),
            ("an extension without an end", &format!("1;{}\r\nx\r\n0\r\n\r\n", "a".repeat(20_000))),
            ("trailers without an end", &format!("0\r\n{}\r\n", "A: b\r\n".repeat(10_000))),
        ]
        .map(|(case, body)| (case, post(body), 400));
        one_answer(app, cases.to_vec()).await.at_least(15);
    }

    async fn a_first_line_or_a_header_that_is_none_is_refused(app, "USHER_CLIENT_TIMEOUT" = "1") {
        let key = app.admin_key();
        let hidden = hidden(key);
        let lines = [
            ("no version", "GET /v1/users"),
            ("HTTP/0.9", "GET /v1/users HTTP/0.9"),
            ("HTTP/1.2", "GET /v1/users HTTP/1.2"),
            ("HTTP/2", "PRI * HTTP/2.0"),
            ("http/1.1", "GET /v1/users http/1.1"),
            ("two blanks", "GET  /v1/users HTTP/1.1"),
            ("three words", "GET /v1/users /v1/users/anna HTTP/1.1"),
            ("a tab", "GET\t/v1/users HTTP/1.1"),
            ("a NUL in the target", "GET /v1/users\0 HTTP/1.1"),
            ("a bare CR in the target", "GET /v1/users\rX HTTP/1.1"),
            ("a control character in the method", "GE\x01T /v1/users HTTP/1.1"),
            ("a blank line and a body", "\r\n\r\nGET"),
        ]
        .map(|(case, line)| (case, format!("{}{hidden}", head(key, line, "")), 400));
        let headers = [
            ("a NUL", "X: a\0b\r\n"),
            ("a bare CR", "X: a\rb: c\r\n"),
            ("a bare CR and a line", "X: a\rContent-Length: 500\r\n"),
            ("a control character", "X: a\x08b\r\n"),
            ("DEL", "X: a\x7fb\r\n"),
            ("a fold", "X: a\r\n b\r\n"),
            ("a fold with a tab", "X: a\r\n\tContent-Length: 500\r\n"),
            ("a blank before the colon", "Content-Length : 500\r\n"),
            ("a blank in the name", "Content Length: 500\r\n"),
            ("a bracket in the name", "X(: a\r\n"),
            ("no name", ": a\r\n"),
            ("no colon", "Content-Length\r\n"),
        ]
        .map(|(case, more)| (case, format!("{}{hidden}", head(key, GET, more)), 400));
        one_answer(app, [&lines[..], &headers].concat()).await.at_least(24);
    }

    /// Both are requests by their form, and reach no more than the path in them does.
    async fn a_target_in_absolute_form_or_an_asterisk_opens_nothing_else(app, "USHER_CLIENT_TIMEOUT" = "1") {
        let key = app.admin_key();
        let closing = |line: &str| head(key, line, "Connection: close\r\n");
        let guest = |line: &str| format!("{line}\r\nHost: usher\r\nConnection: close\r\nX-Appwrite-Project: {PROJECT}\r\n\r\n");
        let cases = vec![
            ("of this host", closing("GET http://usher/v1/users/anna HTTP/1.1"), 200),
            ("of another host", closing("GET http://evil.example/v1/users/anna HTTP/1.1"), 200),
            ("with a user", closing("GET http://root@usher/v1/users/anna HTTP/1.1"), 200),
            ("of another scheme", closing("GET file:///v1/users/anna HTTP/1.1"), 400),
            ("of a guest", guest("GET http://localhost/v1/users/anna HTTP/1.1"), 401),
            ("of a guest with a key in it", guest(&format!("GET http://{key}@usher/v1/users/anna HTTP/1.1")), 401),
            ("without a path", closing("GET http://usher HTTP/1.1"), 404),
            ("twice", closing("GET http://usher/http://usher/v1/users/anna HTTP/1.1"), 404),
            ("another host in the path", closing("GET //evil.example/v1/users/anna HTTP/1.1"), 404),
            ("an asterisk", closing("GET * HTTP/1.1"), 404),
            ("an asterisk to delete", closing("DELETE * HTTP/1.1"), 404),
            ("options", closing("OPTIONS * HTTP/1.1"), 204),
            ("a tunnel", closing("CONNECT usher:443 HTTP/1.1"), 404),
            ("a tunnel to elsewhere", closing("CONNECT 127.0.0.1:22 HTTP/1.1"), 404),
            ("an upgrade", head(key, GET, "Connection: close, Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"), 200),
            ("an upgrade to a socket", head(key, GET, "Connection: close, Upgrade\r\nUpgrade: websocket\r\n"), 200),
        ];
        one_answer(app, cases).await.at_least(16);
    }

    async fn a_request_in_the_body_of_another_is_a_body(app, "USHER_CLIENT_TIMEOUT" = "1") {
        let address = serve(app).await;
        app.user("anna", json!({})).await;
        let key = app.admin_key();
        let hidden = hidden(key);
        let length = format!("Content-Length: {}\r\n", hidden.len());
        let chunks = format!("{:x}\r\n{hidden}\r\n0\r\n\r\n", hidden.len());
        let last = format!("GET /v1/users/anna HTTP/1.1\r\nHost: usher\r\nConnection: close\r\nX-Appwrite-Project: {PROJECT}\r\n\r\n");
        let mut tried = Tried::default();
        for (line, status) in [
            (POST, 400),
            ("PATCH /v1/users/anna/name HTTP/1.1", 400),
            ("GET /v1/users/anna HTTP/1.1", 200),
            ("HEAD /v1/users/anna HTTP/1.1", 200),
            ("GET /v1/users/nobody HTTP/1.1", 404),
            ("GET /livez HTTP/1.1", 200),
            ("OPTIONS /v1/users HTTP/1.1", 204),
            ("TRACE /v1/users HTTP/1.1", 404),
            ("POST /v1/nothing HTTP/1.1", 404),
            ("DELETE /v1/users/nobody HTTP/1.1", 404),
            ("POST /v1/account/sessions/anonymous HTTP/1.1", 201),
            ("GET /v1/users/anna HTTP/1.0", 200),
            ("POST /v1/users HTTP/1.0", 400),
        ] {
            for (more, body) in [
                (length.clone(), hidden.clone()),
                (format!("{length}Content-Type: application/json\r\n"), hidden.clone()),
                (format!("{length}Content-Type: multipart/form-data; boundary=X\r\n"), hidden.clone()),
                (format!("{length}Connection: keep-alive\r\n"), hidden.clone()),
                ("Transfer-Encoding: chunked\r\n".to_owned(), chunks.clone()),
                ("Transfer-Encoding: chunked\r\nTrailer: X-Appwrite-Key\r\n".to_owned(), chunks.clone()),
            ] {
                if more.contains("chunked") && line.ends_with("1.0") {
                    continue;
                }
                let bytes = format!("{}{body}{last}", head(key, line, &more));
                let (statuses, text) = answers(address, bytes.as_bytes());
                tried.one();
                // The request behind it is answered too, unless the connection ended with the first.
                let [first, rest @ ..] = &statuses[..] else { panic!("{line} {more}: no answer") };
                assert!(*first == status && (rest.is_empty() || rest == [401]), "{line} {more}: {text}");
                let users = app.admin().get("/v1/users").await;
                assert!(!users.text.contains("smuggled"), "{line} {more}: {text}");
            }
        }
        tried.at_least(74);
    }

    /// What comes behind the body is no header, whatever it is called.
    async fn a_trailer_gives_nobody_a_key(app, "USHER_CLIENT_TIMEOUT" = "1") {
        let address = serve(app).await;
        let body = r#"{"userId":"smuggled"}"#;
        let mut tried = Tried::default();
        for announced in ["", "Trailer: X-Appwrite-Key\r\n", "TE: trailers\r\nTrailer: X-Appwrite-Key, Content-Type\r\n"] {
            let head = format!(
                "{POST}\r\nHost: usher\r\nConnection: close\r\nX-Appwrite-Project: {PROJECT}\r\nContent-Type: application/json\r\n\
                 {announced}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n",
                body.len()
            );
            let bytes = format!("{head}X-Appwrite-Key: {}\r\nX-Appwrite-Project: {PROJECT}\r\n\r\n", app.admin_key());
            let (statuses, text) = answers(address, bytes.as_bytes());
            tried.one();
            assert_eq!(statuses, [401], "{announced}: {text}");
        }
        assert_eq!(app.admin().get("/v1/users").await.expect(200)["total"], 0);
        tried.at_least(3);
    }

    async fn a_body_that_ends_early_or_never_is_not_acted_on(app, "USHER_CLIENT_TIMEOUT" = "1") {
        let address = serve(app).await;
        app.user("anna", json!({})).await;
        let body = r#"{"userId":"smuggled"}"#;
        let cases = [
            ("a length of one more", format!("Content-Length: {}\r\n", body.len() + 1), body.to_owned()),
            ("a length of much more", "Content-Length: 1000000\r\n".to_owned(), body.to_owned()),
            ("no last chunk", "Transfer-Encoding: chunked\r\n".to_owned(), format!("{:x}\r\n{body}\r\n", body.len())),
            ("half a chunk", "Transfer-Encoding: chunked\r\n".to_owned(), format!("{:x}\r\n{body}", body.len() + 1)),
        ];
        let mut tried = Tried::default();
        // Each waits until the server has lost its patience, so they wait together.
        let heard = std::thread::scope(|scope| {
            let asks = cases.each_ref().map(|(case, more, body)| {
                let more = format!("Content-Type: application/json\r\n{more}");
                let bytes = format!("{}{body}", head(app.admin_key(), POST, &more));
                (case, scope.spawn(move || answers(address, bytes.as_bytes())))
            });
            asks.map(|(case, ask)| (case, ask.join().unwrap()))
        });
        for (case, (statuses, text)) in heard {
            tried.one();
            assert_eq!(statuses, [408], "{case}: {text}");
            nothing_was_smuggled(app, case).await;
        }
        tried.at_least(4);
    }
}
