//! The two languages of `queries`, and the ways in which a list is written in a query string.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::support::{PROJECT, both};
use crate::users::list::{USERS, population};

/// `{}` in the text stands for a query, percent-encoded.
fn written(text: &str, queries: &[&str]) -> String {
    let mut parts = text.split("{}");
    let mut url = format!("{USERS}?{}", parts.next().unwrap());
    for (query, rest) in queries.iter().zip(parts) {
        url.push_str(&utf8_percent_encode(query, NON_ALPHANUMERIC).to_string());
        url.push_str(rest);
    }
    url
}

both! {
    async fn a_list_of_queries_is_written_as_in_php(app) {
        let project = app.project(PROJECT).await.key;
        population::store(app, project, ["a", "b", "c", "d"].map(population::plain).to_vec()).await;
        let (two, skip) = ("limit(2)", r#"{"method":"offset","values":[1]}"#);
        for (text, queries, expected) in [
            ("queries[0]={}&queries[1]={}", vec![two, skip], &["b", "c"] as &[&str]),
            ("queries%5B0%5D={}&queries%5B1%5D={}", vec![two, skip], &["b", "c"]),
            ("queries[]={}&queries[]={}", vec![two, skip], &["b", "c"]),
            ("queries[x]={}&queries[y]={}", vec![two, skip], &["b", "c"]),
            // In the order of appearance, so that the first limit is the one that counts.
            ("queries[1]={}&queries[0]={}", vec!["limit(1)", "limit(3)"], &["a"]),
            // The same key again replaces its value.
            ("queries[0]={}&queries[0]={}", vec![two, skip], &["b", "c", "d"]),
            ("queries={}&queries[]={}", vec!["limit(1)", two], &["a", "b"]),
            ("queries[]={}&total=1&queries[]={}", vec![two, skip], &["b", "c"]),
        ] {
            let url = written(text, &queries);
            assert_eq!(app.admin().get(&url).await.ids("users"), expected, "{url}");
        }
        for (text, queries) in [
            ("queries={}", vec![two]),
            ("queries=", vec![]),
            ("queries[]={}&queries={}", vec![two, skip]),
            ("queries[0][method]=limit", vec![]),
            // A list in a list, as `queries=[Query.page(2)]` of newer Python SDKs sends it.
            ("queries[0][0]={}&queries[0][1]={}", vec![two, skip]),
            ("queries[]={}&queries[]=", vec![two]),
        ] {
            let url = written(text, &queries);
            app.admin().get(&url).await.fails(400, "general_argument_invalid", "queries");
        }
    }

    async fn both_languages_find_the_same(app) {
        app.user("a", json!({"name": "Mia O'Neil", "email": "mia@example.org"})).await;
        app.user("b", json!({"name": "Åsa, [x] (y)", "phone": "+16175550100"})).await;
        app.user("c", json!({"name": "6 nail"})).await;
        app.admin().patch("/v1/users/c/status", &json!({"status": false})).await.expect(200);
        app.admin().put("/v1/users/c/labels", &json!({"labels": ["vip"]})).await.expect(200);
        for (text, object, expected) in [
            (r#"equal("name", ["Mia O'Neil"])"#, json!({"method": "equal", "attribute": "name", "values": ["mia o'neil"]}), &["a"] as &[&str]),
            (r#"equal("name", "Åsa, [x] (y)")"#, json!({"method": "equal", "attribute": "name", "values": ["ÅSA, [X] (Y)"]}), &["b"]),
            (r#"equal("status", [true])"#, json!({"method": "equal", "attribute": "status", "values": [true]}), &["a", "b"]),
            (r#"equal("status",false)"#, json!({"method": "equal", "attribute": "status", "values": {"x": false}}), &["c"]),
            (r#"notEqual("phone", ["+1"])"#, json!({"method": "notEqual", "attribute": "phone", "values": ["+1"]}), &["b"]),
            (r#"isNull("email")"#, json!({"method": "isNull", "attribute": "email", "values": null}), &["b", "c"]),
            (r#"isNotNull("email")"#, json!({"method": "isNotNull", "attribute": "email"}), &["a"]),
            (r#"startsWith("name", ["m"])"#, json!({"method": "startsWith", "attribute": "name", "values": ["M"]}), &["a"]),
            (r#"endsWith("name", ["IL"])"#, json!({"method": "endsWith", "attribute": "name", "values": ["il"]}), &["a", "c"]),
            (r#"contains("labels", ["vip"])"#, json!({"method": "containsAny", "attribute": "labels", "values": ["vip"]}), &["c"]),
            (r#"between("$id", "a", "b")"#, json!({"method": "between", "attribute": "$id", "values": ["a", "b"]}), &["a", "b"]),
            (r#"greaterThan("$id", ["a"])"#, json!({"values": ["a"], "attribute": "$id", "x": 1, "method": "greaterThan"}), &["b", "c"]),
            // The quote is not escaped by the SDKs that write this form, so it is no part of the value; nor is the blank.
            (r#"equal("name", ["6" nail"])"#, json!({"method": "equal", "attribute": "name", "values": ["6\"nail"]}), &[]),
        ] {
            for query in [json!(text), object] {
                assert_eq!(app.admin().list(USERS, std::slice::from_ref(&query)).await.ids("users"), expected, "{query}");
                // Whatever generation the client says it is of.
                let old = app.admin().format("1.4.0").list(USERS, &[query.clone(), json!("limit(25)")]).await;
                assert_eq!(old.ids("users"), expected, "{query}");
            }
        }
    }

    async fn conveniences_on_dates_have_methods_of_their_own(app) {
        let project = app.project(PROJECT).await.key;
        let mut users: Vec<_> = ["a", "b", "c"].map(population::plain).to_vec();
        for (n, user) in (0..).zip(&mut users) {
            (user.created_at, user.updated_at) = (population::time(n), population::time(10 - n));
        }
        population::store(app, project, users).await;
        let at = |n| population::time(n).to_string();
        for (method, values, expected) in [
            ("createdBefore", vec![at(1)], &["a"] as &[&str]),
            ("createdAfter", vec![at(1)], &["c"]),
            ("createdBetween", vec![at(0), at(1)], &["a", "b"]),
            ("updatedBefore", vec![at(9)], &["c"]),
            ("updatedAfter", vec![at(9)], &["a"]),
            ("updatedBetween", vec![at(8), at(9)], &["b", "c"]),
        ] {
            let answer = app.admin().list(USERS, &[json!({"method": method, "values": values})]).await;
            assert_eq!(answer.ids("users"), expected, "{method}");
        }
    }
}
