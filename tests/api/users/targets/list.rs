//! Listing targets.

use super::*;

/// Anna with five targets, made in this order, and Bert with one.
async fn five(app: &TestApp) {
    app.user("anna", json!({})).await;
    app.user("bert", json!({})).await;
    for (id, kind, identifier) in [
        ("z", "push", "Token"),
        ("b", "email", "second@example.org"),
        ("m", "sms", "+14155550100"),
        ("a", "push", "token"),
        ("k", "email", "a@example.org"),
    ] {
        add(app, "anna", id, kind, identifier).await.expect(201);
        tick(app);
    }
    add(app, "bert", "c", "push", "bert's").await.expect(201);
}

async fn list(app: &TestApp, queries: &[Value]) -> Answer {
    app.admin().list("/v1/users/anna/targets", queries).await
}

both! {
    async fn the_list_is_of_one_user_in_the_order_of_creation(app) {
        app.user("carl", json!({})).await;
        assert_eq!(app.admin().get("/v1/users/carl/targets").await.text, r#"{"total":0,"targets":[]}"#);
        five(app).await;
        let answer = app.admin().get("/v1/users/anna/targets").await;
        assert_eq!((answer.ids("targets"), &answer.json["total"]), (vec!["z", "b", "m", "a", "k"], &json!(5)));
        let answer = app.admin().get("/v1/users/bert/targets").await;
        assert_eq!((answer.ids("targets"), &answer.json["total"]), (vec!["c"], &json!(1)));
        // A change moves nothing.
        change(app, "anna", "z", json!({"identifier": "zzz"})).await.expect(200);
        assert_eq!(list(app, &[]).await.ids("targets"), ["z", "b", "m", "a", "k"]);
    }

    async fn filters_orders_and_pages(app) {
        five(app).await;
        let second = app.admin().get("/v1/users/anna/targets/b").await.expect(200)["$createdAt"].clone();
        change(app, "anna", "m", json!({"name": "Last changed"})).await.expect(200);
        let equal = |name: &str, value: &str| json!({"method": "equal", "attribute": name, "values": [value]});
        for (query, expected) in [
            (equal("userId", "anna"), vec!["z", "b", "m", "a", "k"]),
            (equal("userId", "bert"), vec![]),
            (equal("providerType", "push"), vec!["z", "a"]),
            (equal("providerType", "PUSH"), vec![]),
            (json!({"method": "equal", "attribute": "providerType", "values": ["email", "sms"]}), vec!["b", "m", "k"]),
            (json!({"method": "notEqual", "attribute": "providerType", "values": ["push"]}), vec!["b", "m", "k"]),
            (equal("identifier", "token"), vec!["a"]),
            (equal("identifier", "+14155550100"), vec!["m"]),
            (json!({"method": "startsWith", "attribute": "identifier", "values": ["Tok"]}), vec!["z"]),
            (json!({"method": "endsWith", "attribute": "identifier", "values": ["@example.org"]}), vec!["b", "k"]),
            (json!({"method": "contains", "attribute": "identifier", "values": ["oken"]}), vec!["z", "a"]),
            (equal("providerId", "fcm"), vec![]),
            (json!({"method": "isNull", "attribute": "providerId"}), vec!["z", "b", "m", "a", "k"]),
            (json!({"method": "isNotNull", "attribute": "providerId"}), vec![]),
            (equal("$id", "k"), vec!["k"]),
            (equal("$id", "c"), vec![]),
            (json!({"method": "greaterThan", "attribute": "$createdAt", "values": [second]}), vec!["m", "a", "k"]),
            (json!({"method": "lessThanEqual", "attribute": "$createdAt", "values": [second]}), vec!["z", "b"]),
            (json!({"method": "or", "values": [equal("$id", "k"), equal("identifier", "Token")]}), vec!["z", "k"]),
            (json!({"method": "orderAsc", "attribute": "$id"}), vec!["a", "b", "k", "m", "z"]),
            (json!({"method": "orderDesc", "attribute": "$id"}), vec!["z", "m", "k", "b", "a"]),
            (json!({"method": "orderDesc", "attribute": "$createdAt"}), vec!["k", "a", "m", "b", "z"]),
            (json!({"method": "orderDesc", "attribute": "$updatedAt"}), vec!["m", "k", "a", "b", "z"]),
            (json!({"method": "orderDesc", "attribute": "$sequence"}), vec!["k", "a", "m", "b", "z"]),
            (json!({"method": "orderAsc", "attribute": "identifier"}), vec!["m", "z", "k", "b", "a"]),
            (json!({"method": "orderAsc", "attribute": "providerType"}), vec!["b", "k", "z", "a", "m"]),
            (json!({"method": "orderAsc", "attribute": "userId"}), vec!["z", "b", "m", "a", "k"]),
            (json!({"method": "limit", "values": [2]}), vec!["z", "b"]),
            (json!({"method": "offset", "values": [3]}), vec!["a", "k"]),
            (json!("equal(\"providerType\",[\"sms\"])"), vec!["m"]),
        ] {
            assert_eq!(list(app, std::slice::from_ref(&query)).await.ids("targets"), expected, "{query}");
        }
        let random = list(app, &[json!({"method": "orderRandom"})]).await;
        let mut ids = random.ids("targets");
        ids.sort_unstable();
        assert_eq!(ids, ["a", "b", "k", "m", "z"]);
    }

    async fn the_total_counts_what_matches_whatever_the_page(app) {
        five(app).await;
        let push = json!({"method": "equal", "attribute": "providerType", "values": ["push"]});
        let one = json!({"method": "limit", "values": [1]});
        let answer = list(app, &[push.clone(), one.clone()]).await;
        assert_eq!((answer.ids("targets"), &answer.json["total"]), (vec!["z"], &json!(2)));
        let after = json!({"method": "cursorAfter", "values": ["z"]});
        let answer = list(app, &[push, one, after]).await;
        assert_eq!((answer.ids("targets"), &answer.json["total"]), (vec!["a"], &json!(2)));
        for text in ["false", "0", "False"] {
            let answer = app.admin().get(&format!("/v1/users/anna/targets?total={text}")).await;
            assert_eq!((answer.ids("targets").len(), &answer.json["total"]), (5, &json!(0)), "{text}");
        }
        for text in ["true", "1"] {
            let answer = app.admin().get(&format!("/v1/users/anna/targets?total={text}")).await;
            assert_eq!(answer.json["total"], 5, "{text}");
        }
    }

    async fn the_total_ends_where_upstreams_does_when_that_is_asked_for(app, "USHER_TOTAL_CAP" = "3") {
        five(app).await;
        let answer = app.admin().get("/v1/users/anna/targets").await;
        assert_eq!((answer.ids("targets").len(), &answer.json["total"]), (5, &json!(3)));
    }

    async fn twenty_five_are_a_page(app) {
        app.user("anna", json!({})).await;
        let ids: Vec<String> = (0..27).map(|n| format!("t{n}")).collect();
        for id in &ids {
            add(app, "anna", id, "push", id).await.expect(201);
        }
        let answer = app.admin().get("/v1/users/anna/targets").await;
        assert_eq!((answer.ids("targets"), &answer.json["total"]), (ids[..25].iter().map(String::as_str).collect(), &json!(27)));
        // The user's own list has them all.
        assert_eq!(targets(app, "anna").await.len(), 27);
    }

    async fn a_walk_with_cursors_meets_each_target_once(app) {
        five(app).await;
        for (order, expected) in [
            (None, ["z", "b", "m", "a", "k"]),
            (Some(json!({"method": "orderAsc", "attribute": "$id"})), ["a", "b", "k", "m", "z"]),
            (Some(json!({"method": "orderDesc", "attribute": "identifier"})), ["a", "b", "k", "z", "m"]),
            (Some(json!({"method": "orderAsc", "attribute": "providerType"})), ["b", "k", "z", "a", "m"]),
            // All alike: then in the order of creation.
            (Some(json!({"method": "orderDesc", "attribute": "providerId"})), ["z", "b", "m", "a", "k"]),
        ] {
            let (mut forwards, mut backwards) = (Vec::new(), Vec::new());
            for (met, method) in [(&mut forwards, "cursorAfter"), (&mut backwards, "cursorBefore")] {
                if method == "cursorBefore" {
                    met.push(expected[4].to_owned());
                }
                loop {
                    let mut queries = vec![json!({"method": "limit", "values": [2]})];
                    queries.extend(order.clone());
                    queries.extend(met.last().map(|id| json!({"method": method, "values": [id]})));
                    let page = list(app, &queries).await;
                    let page = page.ids("targets");
                    if page.is_empty() {
                        break;
                    }
                    match method {
                        "cursorAfter" => met.extend(page.iter().map(|id| (*id).to_owned())),
                        _ => met.extend(page.iter().rev().map(|id| (*id).to_owned())),
                    }
                    assert!(met.len() <= 5, "{order:?} {met:?}");
                }
            }
            backwards.reverse();
            assert_eq!((forwards, backwards), (expected.map(str::to_owned).to_vec(), expected.map(str::to_owned).to_vec()));
        }
    }

    async fn a_cursor_names_a_target_of_the_user(app) {
        five(app).await;
        for id in ["nothing", "c", "anna", "Z"] {
            for method in ["cursorAfter", "cursorBefore"] {
                let answer = list(app, &[json!({"method": method, "values": [id]})]).await;
                answer.fails(400, "general_cursor_not_found", id);
            }
        }
        app.admin().delete("/v1/users/anna/targets/m").await.expect(204);
        let gone = list(app, &[json!({"method": "cursorAfter", "values": ["m"]})]).await;
        gone.fails(400, "general_cursor_not_found", "m");
        let wrong = list(app, &[json!({"method": "cursorAfter", "values": ["_"]})]).await;
        wrong.fails(400, INVALID, "`queries`");
    }

    async fn queries_that_do_not_fit_are_refused(app) {
        five(app).await;
        for query in [
            json!({"method": "equal", "attribute": "name", "values": ["x"]}),
            json!({"method": "equal", "attribute": "expired", "values": [false]}),
            json!({"method": "equal", "attribute": "identifier", "values": [1]}),
            json!({"method": "equal", "attribute": "identifier", "values": []}),
            json!({"method": "equal", "attribute": "identifier", "values": vec!["x"; 501]}),
            json!({"method": "orderAsc", "attribute": "name"}),
            json!({"method": "select", "values": ["$id"]}),
            json!({"method": "limit", "values": [0]}),
            json!("nonsense"),
        ] {
            let answer = list(app, std::slice::from_ref(&query)).await;
            assert_eq!((answer.status, &answer.json["type"]), (400, &json!(INVALID)), "{query}");
        }
        let search = json!({"method": "search", "attribute": "identifier", "values": ["token"]});
        list(app, &[search]).await.fails(400, "general_query_invalid", "identifier");
        // There is no parameter `search`, so it is one that nobody knows.
        for search in ["nobody", ""] {
            let answer = app.admin().get(&format!("/v1/users/anna/targets?search={search}")).await;
            assert_eq!(answer.ids("targets").len(), 5);
        }
        // The parameters come before the user, in their order.
        app.admin().get("/v1/users/_x/targets?queries=x").await.fails(400, INVALID, "`userId`");
        app.admin().get("/v1/users/nobody/targets?queries=x&total=x").await.fails(400, INVALID, "`queries`");
        app.admin().get("/v1/users/nobody/targets?total=x").await.fails(400, INVALID, "`total`");
    }
}
