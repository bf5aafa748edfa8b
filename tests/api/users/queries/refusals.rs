//! Queries that are refused, each with the exact type of its error.

use serde_json::{Value, json};

use crate::support::both;
use crate::users::list::{IDENTITIES, MEMBERSHIPS, USERS, population};

fn filter(method: &str, attribute: &str, values: Value) -> Value {
    json!({"method": method, "attribute": attribute, "values": values})
}

both! {
    /// A key of the JSON reader's own, in whatever spelling, and JSON inside of strings.
    async fn reserved_keys_are_refused(app) {
        for key in ["$serde_json::private::RawValue", "\\u0024serde_json::private::Number"] {
            let query = format!("{{\"method\":\"limit\",\"values\":[{{\"{key}\":\"1\"}}]}}");
            let answer = app.admin().list(USERS, &[json!(query)]).await;
            answer.fails(400, "general_argument_invalid", "queries[0]");
        }
    }

    /// As many different labels as a filter may hold, and as many filters as a request may: each an answer, and not
    /// a plan that the database takes seconds to find.
    async fn many_labels_are_one_look_up(app) {
        app.user("anna", json!({})).await;
        app.admin().put("/v1/users/anna/labels", &json!({"labels": ["l1", "l2", "l3"]})).await.expect(200);
        let all = |labels: Vec<String>| json!({"method": "containsAll", "attribute": "labels", "values": labels});
        let labels = |count: usize| (1..=count).map(|n| format!("l{n}")).collect::<Vec<_>>();
        assert_eq!(app.admin().list(USERS, &[all(labels(3))]).await.ids("users"), ["anna"]);
        assert_eq!(app.admin().list(USERS, &[all(["l1", "l2", "l1"].map(str::to_owned).to_vec())]).await.ids("users"), ["anna"]);
        assert_eq!(app.admin().list(USERS, &[all(labels(4))]).await.ids("users"), [""; 0]);
        assert_eq!(app.admin().list(USERS, &[all(labels(500))]).await.ids("users"), [""; 0]);
        let hundred = vec![json!({"method": "contains", "attribute": "labels", "values": ["l1", "l9"]}); 99];
        assert_eq!(app.admin().list(USERS, &hundred).await.ids("users"), ["anna"]);
    }

    async fn malformed_queries_are_refused_on_every_list(app) {
        population::memberships(app, 1).await;
        let id = filter("equal", "$id", json!(["x"]));
        let malformed = [
            json!(""),
            json!("limit"),
            json!("{"),
            json!("[]"),
            json!("7"),
            json!("nothing(\"$id\")"),
            json!("a.b(\"$id\")"),
            json!("equal(\"$id\", [])"),
            json!("equal([\"$id\"], [\"x\"])"),
            json!("notContains(\"$id\", [\"x\"])"),
            json!({}),
            json!({"method": 5}),
            json!({"method": "equal"}),
            json!({"method": "EQUAL", "attribute": "$id", "values": ["x"]}),
            filter("equal", "$id", json!("x")),
            filter("equal", "$id", json!([])),
            filter("equal", "$id", json!([null])),
            filter("equal", "$id", json!([["x"]])),
            filter("equal", "$id", json!([{"method": "limit", "values": [1]}])),
            filter("equal", "$id", json!(["a\u{0}b"])),
            json!({"method": "equal", "attribute": 5, "values": ["x"]}),
            filter("equal", "password", json!(["x"])),
            filter("equal", "prefs", json!(["x"])),
            filter("equal", "$id.x", json!(["x"])),
            filter("equal", "$internalId", json!([1])),
            filter("notEqual", "$id", json!(["x", "y"])),
            filter("between", "$id", json!(["x"])),
            filter("isNull", "$id", json!(["x"])),
            filter("equal", "$sequence", json!(["1"])),
            filter("equal", "$sequence", json!([0])),
            filter("equal", "$createdAt", json!([1_700_000_000])),
            filter("contains", "$createdAt", json!(["2024-01-01"])),
            json!({"method": "and", "values": [id]}),
            json!({"method": "or", "values": []}),
            json!({"method": "or", "values": [id, {"method": "limit", "values": [1]}]}),
            json!({"method": "or", "values": [id, {"method": "orderAsc", "attribute": "$id"}]}),
            json!({"method": "or", "values": [id, "equal(\"$id\", [\"x\"])"]}),
            json!({"method": "exists", "values": ["$id"]}),
            json!({"method": "elemMatch", "attribute": "$id", "values": [id]}),
            filter("regex", "$id", json!(["x"])),
            json!({"method": "count", "attribute": "*"}),
            json!({"method": "groupBy", "values": ["$id"]}),
            json!({"method": "having", "values": [id]}),
            json!({"method": "crossJoin", "attribute": "users"}),
            filter("vectorDot", "$id", json!([[0.1]])),
            filter("distanceLessThan", "$id", json!([[[1, 2], 5, true]])),
            json!("x".repeat(4097)),
        ];
        for path in [USERS, IDENTITIES, MEMBERSHIPS] {
            for query in &malformed {
                let answer = app.admin().list(path, &["limit(5)".into(), query.clone()]).await;
                assert_eq!(answer.status, 400, "{query}");
                answer.fails(400, "general_argument_invalid", "queries");
            }
        }
    }

    async fn values_have_to_fit_the_attribute(app) {
        for (path, queries) in [
            (USERS, vec![
                filter("equal", "status", json!(["true"])),
                filter("equal", "status", json!([1])),
                filter("contains", "status", json!([true])),
                filter("equal", "labels", json!(["vip"])),
                filter("startsWith", "labels", json!(["v"])),
                filter("equal", "name", json!([5])),
                filter("equal", "passwordUpdate", json!(["yesterday"])),
                filter("equal", "registration", json!([""])),
                filter("equal", "accessedAt", json!(["10000-01-01"])),
                filter("startsWith", "registration", json!(["2024"])),
                filter("equal", "mfa", json!([true])),
                filter("equal", "hash", json!(["argon2"])),
                filter("equal", "targets", json!(["x"])),
                json!("equal(\"phone\", [+16175550100])"),
            ]),
            (IDENTITIES, vec![
                filter("equal", "name", json!(["x"])),
                filter("equal", "providerAccessToken", json!(["x"])),
                filter("equal", "providerAccessTokenExpiry", json!(["x"])),
            ]),
            (MEMBERSHIPS, vec![
                filter("equal", "userName", json!(["x"])),
                filter("equal", "teamName", json!(["x"])),
                filter("equal", "roles", json!(["owner"])),
                filter("equal", "confirm", json!(["false"])),
            ]),
        ] {
            for query in queries {
                let answer = app.admin().list(path, std::slice::from_ref(&query)).await;
                assert_eq!(answer.status, 400, "{query}");
                answer.fails(400, "general_argument_invalid", "`queries[0]`");
            }
        }
    }

    async fn wrong_queries_are_told_before_a_missing_user_and_before_later_parameters(app) {
        for path in ["/v1/users/nobody/memberships", "/v1/users/nobody/logs"] {
            for query in [json!("nonsense"), filter("equal", "password", json!(["x"]))] {
                app.admin().list(path, &[query]).await.fails(400, "general_argument_invalid", "`queries`");
            }
            app.admin().list(path, &[json!("limit(5)")]).await.fails(404, "user_not_found", "");
        }
        for path in ["/v1/users?search=&total=maybe", "/v1/users/identities?total=maybe&search="] {
            app.admin().list(path, &[json!("nonsense")]).await.fails(400, "general_argument_invalid", "`queries`");
            app.admin().get(path).await.fails(400, "general_argument_invalid", "`search`");
        }
    }

    async fn a_full_text_search_needs_an_index_that_no_attribute_has(app) {
        population::memberships(app, 1).await;
        for (path, attribute) in [(USERS, "name"), (USERS, "email"), (IDENTITIES, "provider"), (MEMBERSHIPS, "teamId")] {
            for method in ["search", "notSearch"] {
                let query = filter(method, attribute, json!(["x"]));
                app.admin().list(path, std::slice::from_ref(&query)).await.fails(400, "general_query_invalid", attribute);
                let inside = json!({"method": "or", "values": [filter("isNull", "$id", json!([])), query]});
                app.admin().list(path, &[inside]).await.fails(400, "general_query_invalid", attribute);
            }
        }
        app.admin().list(USERS, &[json!("search(\"name\", [\"x\"])")]).await.fails(400, "general_query_invalid", "name");
    }

    async fn at_most_100_queries_of_4096_characters(app) {
        app.user("a", json!({"name": "é"})).await;
        let queries = vec![json!("limit(1)"); 101];
        assert_eq!(app.admin().list(USERS, &queries[..100]).await.ids("users"), ["a"]);
        app.admin().list(USERS, &queries).await.fails(400, "general_argument_invalid", "100");

        let long = |length: usize| format!("notEqual(\"name\", [\"{}\"])", "é".repeat(length - 22));
        assert_eq!(long(4096).chars().count(), 4096);
        assert_eq!(app.admin().list(USERS, &[json!(long(4096))]).await.ids("users"), ["a"]);
        app.admin().list(USERS, &[json!(long(4097))]).await.fails(400, "general_argument_invalid", "4096");
    }

    async fn at_most_500_values_in_a_filter_and_10_000_in_a_request(app) {
        app.user("a", json!({"name": "7", "phone": "+16175550100"})).await;
        app.admin().put("/v1/users/a/labels", &json!({"labels": ["7"]})).await.expect(200);
        let values = |count: usize| json!((0..count).map(|n| n.to_string()).collect::<Vec<_>>());
        for (method, attribute) in [("equal", "name"), ("contains", "name"), ("contains", "labels")] {
            let found = app.admin().list(USERS, &[filter(method, attribute, values(500))]).await;
            assert_eq!(found.ids("users"), ["a"], "{method} {attribute}");
            let refused = app.admin().list(USERS, &[filter(method, attribute, values(501))]).await;
            refused.fails(400, "general_argument_invalid", "500");
        }
        // 20 filters of 500 values, with a search, orders and a cursor besides. Not encoded, because a URL ends at 64 kB.
        for (method, attribute) in [("equal", "name"), ("contains", "name"), ("contains", "labels")] {
            let full = format!("queries[]={method}('{attribute}',['7'{}])&", ",'x'".repeat(499)).repeat(20);
            let get = async |rest: &str| app.admin().get(&format!("{USERS}?{full}{rest}")).await;
            assert_eq!(get("search=%2B16175550100").await.ids("users"), ["a"], "{method} {attribute}");
            let rest = "queries[]=cursorBefore('a')&queries[]=orderDesc('phone')&queries[]=isNotNull('phone')";
            assert_eq!(get(rest).await.expect(200), json!({"total": 1, "users": []}));
            get("queries[]=equal('phone','x')").await.fails(400, "general_query_limit_exceeded", "10000");
        }
    }

    async fn the_deepest_tree_that_fits_a_query_is_answered(app) {
        app.user("a", json!({})).await;
        let leaf = r#"{"method":"isNotNull","attribute":"$id"}"#;
        let mut tree = leaf.to_owned();
        loop {
            let next = format!(r#"{{"method":"and","values":[{tree},{leaf}]}}"#);
            if next.len() > 4096 {
                break;
            }
            tree = next;
        }
        let queries = vec![json!(tree); 4];
        assert_eq!(app.admin().list(USERS, &queries).await.ids("users"), ["a"]);
    }
}
