//! Pages of more than 1,000 rows, which are read in batches and sent meanwhile.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use usher::store::users::{self, User};

use super::list::model::{self, Row};
use super::list::population::{NAMES, plain, store, time};
use super::list::{USERS, after, agrees, ascending, before, descending, equal, limit, offset};
use crate::support::{PROJECT, TestApp, both};

/// More than two batches, and not a whole number of them.
const COUNT: usize = 2345;

/// Users with few different values, so that batches end within ties and among NULLs.
async fn populate(app: &TestApp, count: usize) -> Vec<Row> {
    let user = |n: usize| {
        let small = i64::try_from(n % 3).unwrap();
        User {
            name: NAMES[n * 7 % NAMES.len()].to_owned(),
            email: n.is_multiple_of(2).then(|| format!("{n}@example.org")),
            status: !n.is_multiple_of(3),
            created_at: time(small),
            accessed_at: n.is_multiple_of(4).then(|| time(small)),
            labels: if n.is_multiple_of(5) { r#"["vip"]"#.into() } else { "[]".into() },
            // Ids against the order of creation.
            ..plain(&format!("u{:04}", n * 7919 % 9973))
        }
    };
    let project = app.project(PROJECT).await.key;
    store(app, project, (0..count).map(user).collect()).await.iter().map(Row::user).collect()
}

/// Sends the request, and leaves the body to be read.
async fn open(app: &TestApp, queries: &[Value]) -> Body {
    let queries: Vec<String> = queries
        .iter()
        .map(|query| {
            let text = query.to_string();
            format!("queries[]={}", percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC))
        })
        .collect();
    let mut request = Request::get(format!("{USERS}?{}", queries.join("&")))
        .header("x-appwrite-project", PROJECT)
        .header("x-appwrite-key", app.admin_key())
        .body(Body::empty())
        .unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([203, 0, 113, 9], 40_000))));
    let answer = usher::http::router(Arc::clone(&app.app)).oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/json; charset=UTF-8");
    assert!(!answer.headers().contains_key("content-length"), "nobody knows the length yet");
    answer.into_body()
}

/// The next piece of a body.
async fn frame(body: &mut Body) -> Option<Vec<u8>> {
    Some(body.frame().await?.unwrap().into_data().unwrap().to_vec())
}

/// The rest of a body behind what was read of it, as a list of ids.
async fn finish(mut text: Vec<u8>, mut body: Body) -> Vec<String> {
    while let Some(more) = frame(&mut body).await {
        text.extend(more);
    }
    let list: Value = serde_json::from_slice(&text).unwrap();
    list["users"].as_array().unwrap().iter().map(|user| user["$id"].as_str().unwrap().to_owned()).collect()
}

async fn delete(app: &TestApp, ids: Vec<String>) {
    let project = app.project(PROJECT).await.key;
    app.write(move |tx| {
        Box::pin(async move {
            for id in &ids {
                let user = users::lock(tx, project, id).await?.unwrap();
                users::delete(tx, project, &user).await?;
            }
            Ok(())
        })
    })
    .await;
}

both! {
    /// SDKs ask for compressed answers.
    async fn a_long_page_can_be_compressed(app) {
        populate(app, 3).await;
        let request = Request::get("/v1/users?queries[]=limit(5000)")
            .header("x-appwrite-project", PROJECT)
            .header("x-appwrite-key", app.admin_key())
            .header("accept-encoding", "gzip, deflate");
        let (parts, bytes) = app.exchange(request.body(Body::empty()).unwrap()).await;
        assert_eq!((parts.status.as_u16(), &parts.headers["content-encoding"]), (200, &axum::http::HeaderValue::from_static("gzip")));
        // The magic number of gzip, and the size of what was compressed, modulo 2^32, at the end (RFC 1952).
        assert_eq!(bytes[..2], [0x1f, 0x8b]);
        let size = u32::from_le_bytes(bytes[bytes.len() - 4..].try_into().unwrap());
        let plain = app.admin().get("/v1/users?queries[]=limit(5000)").await;
        assert_eq!(size as usize, plain.text.len());
    }

    async fn a_long_page_is_what_a_plain_sort_says(app) {
        let rows = populate(app, COUNT).await;
        let middle = rows[COUNT / 2].id.clone();
        let most = [limit(5000)];
        for queries in [
            vec![],
            vec![limit(1001)],
            vec![limit(2000)],
            vec![limit(2345)],
            vec![limit(1500), offset(1000)],
            vec![offset(1000)],
            vec![offset(5000)],
            // Orders with many ties, with NULLs, in mixed directions, and without ties.
            vec![ascending("name")],
            vec![descending("name"), ascending("status")],
            vec![ascending("email")],
            vec![descending("email")],
            vec![descending("accessedAt"), ascending("name")],
            vec![ascending("accessedAt"), descending("$id")],
            vec![descending("$createdAt")],
            vec![ascending("labels")],
            vec![descending("$id")],
            // Filters.
            vec![equal("status", true)],
            vec![json!({"method": "contains", "attribute": "labels", "values": ["vip"]}), ascending("name")],
            vec![json!({"method": "contains", "attribute": "name", "values": ["o"]}), limit(1100)],
            vec![equal("$id", "nobody")],
            // Cursors, with an offset and a filter besides.
            vec![after(&middle)],
            vec![before(&middle)],
            vec![after(&middle), offset(100), limit(1001)],
            vec![before(&middle), offset(100), limit(1001)],
            vec![before(&middle), offset(3000)],
            vec![before(&rows[0].id)],
            vec![after(&rows[COUNT - 1].id)],
            vec![before(&middle), limit(1050), ascending("name")],
            vec![before(&middle), limit(1050), descending("accessedAt"), ascending("name")],
            vec![after(&middle), limit(1050), descending("email")],
            vec![before(&middle), limit(1050), descending("$createdAt"), offset(7)],
            vec![before(&middle), equal("status", true), ascending("email")],
            vec![before(&rows[COUNT - 1].id), offset(1), limit(2000)],
        ] {
            agrees(app, USERS, &rows, [queries, most.to_vec()].concat()).await;
        }
        // A user of a long page is shown as one of a short page is.
        let long = app.admin().list(USERS, &most).await.expect(200);
        let short = app.admin().list(USERS, &[limit(1000)]).await.expect(200);
        assert_eq!(long["users"].as_array().unwrap()[..1000], short["users"].as_array().unwrap()[..]);
        let keys: Vec<&str> = long.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["total", "users"]);
    }

    async fn a_search_in_a_long_page(app) {
        let rows = populate(app, COUNT).await;
        let answer = app.admin().list("/v1/users?search=example", &[limit(5000), descending("name")]).await;
        let has_email = json!({"method": "isNotNull", "attribute": "email"});
        let (total, ids) = model::page(&rows, &[has_email, limit(5000), descending("name")]);
        assert!(total > 1000);
        assert_eq!((&answer.json["total"], answer.ids("users")), (&json!(total), ids.iter().map(String::as_str).collect()));
    }

    async fn a_random_order_of_a_long_page_repeats_nobody(app) {
        let rows = populate(app, COUNT).await;
        let random = json!({"method": "orderRandom"});
        let mut orders = Vec::new();
        for queries in [vec![random.clone()], vec![random.clone()], vec![ascending("status"), random]] {
            let answer = app.admin().list(USERS, &[queries, vec![limit(5000)]].concat()).await;
            let mut ids = answer.ids("users").into_iter().map(str::to_owned).collect::<Vec<_>>();
            orders.push(ids.clone());
            ids.sort();
            let mut expected: Vec<&String> = rows.iter().map(|row| &row.id).collect();
            expected.sort();
            assert!(ids.iter().eq(expected), "every row once");
        }
        assert_ne!(orders[0], orders[1]);
    }

    async fn identities_are_sent_in_parts_too(app) {
        let rows = crate::users::list::population::identities(app, 1100).await;
        agrees(app, crate::users::list::IDENTITIES, &rows, vec![limit(5000), ascending("providerEmail")]).await;
    }

    async fn a_page_is_sent_in_batches(app) {
        populate(app, COUNT).await;
        let mut body = open(app, &[limit(5000)]).await;
        let mut sizes = Vec::new();
        let mut text = Vec::new();
        while let Some(part) = frame(&mut body).await {
            sizes.push(String::from_utf8(part.clone()).unwrap().matches("\"registration\"").count());
            text.extend(part);
        }
        sizes.retain(|size| *size > 0);
        assert_eq!(sizes, [1000, 1000, 345]);
        assert!(text.starts_with(b"{\"total\":2345,\"users\":[{") && text.ends_with(b"}]}"));
    }

    async fn rows_that_are_deleted_meanwhile_leave_no_gap_behind(app) {
        for order in [vec![], vec![ascending("name")], vec![descending("accessedAt"), ascending("email")]] {
            let rows = populate(app, COUNT).await;
            let queries = [order, vec![limit(5000)]].concat();
            let (_, whole) = model::page(&rows, &queries);
            let mut body = open(app, &queries).await;
            let first = frame(&mut body).await.unwrap();
            // Rows of the batch that was sent, its last one among them, and the first of the next.
            let gone = [&whole[0], &whole[998], &whole[999], &whole[1000], &whole[1500]].map(String::clone);
            delete(app, gone.to_vec()).await;
            let sent = finish(first, body).await;
            let expected: Vec<&String> =
                whole.iter().enumerate().filter(|(n, id)| *n < 1000 || !gone.contains(id)).map(|(_, id)| id).collect();
            assert!(sent.iter().eq(expected), "in the order {queries:?}");
            delete(app, rows.iter().map(|row| row.id.clone()).filter(|id| !gone.contains(id)).collect()).await;
        }
    }

    async fn a_row_that_moves_meanwhile_does_not_move_the_rest(app) {
        let rows = populate(app, COUNT).await;
        let queries = [ascending("name"), limit(5000)];
        let (_, whole) = model::page(&rows, &queries);
        let mut body = open(app, &queries).await;
        let first = frame(&mut body).await.unwrap();
        // The last row that was sent moves to the very end, and somebody new comes before everybody.
        app.admin().patch(&format!("{USERS}/{}/name", whole[999]), &json!({"name": "\u{10FFFF}"})).await.expect(200);
        app.user("new", json!({})).await;
        let sent = finish(first, body).await;
        let expected: Vec<&String> = whole.iter().chain([&whole[999]]).collect();
        assert!(sent.iter().eq(expected), "the rest goes on where the batch ended");
    }

    async fn a_page_that_nobody_reads_to_its_end_holds_nothing(app) {
        populate(app, COUNT).await;
        // More of them than there are connections, all begun and none finished.
        let mut begun = Vec::new();
        for _ in 0..8 {
            let mut body = open(app, &[limit(5000)]).await;
            frame(&mut body).await.unwrap();
            begun.push(body);
        }
        assert_eq!(app.admin().get("/v1/users?total=0").await.ids("users").len(), 25);
        app.user("written", json!({})).await;
        drop(begun);
    }
}
