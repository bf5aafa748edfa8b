//! Lists in query strings and forms, as PHP reads them.

use axum::http::Method;
use serde_json::json;

use crate::support::both;

const LIMIT: &str = "%7B%22method%22%3A%22limit%22%2C%22values%22%3A%5B1%5D%7D";
const OFFSET: &str = "%7B%22method%22%3A%22offset%22%2C%22values%22%3A%5B1%5D%7D";

both! {
    async fn every_way_to_write_a_list_in_the_query_string(app) {
        for id in ["a", "b", "c"] {
            app.user(id, json!({})).await;
        }
        for (query, expected) in [
            (format!("queries[0]={LIMIT}&queries[1]={OFFSET}"), vec!["b"]),
            (format!("queries[]={LIMIT}&queries[]={OFFSET}"), vec!["b"]),
            (format!("queries%5B%5D={LIMIT}&queries%5B%5D={OFFSET}"), vec!["b"]),
            (format!("queries%5b0%5d={LIMIT}&queries%5B1%5D={OFFSET}"), vec!["b"]),
            (format!("queries[1]={LIMIT}&queries[0]={OFFSET}"), vec!["b"]),
            (format!("queries[5]={LIMIT}&queries[]={OFFSET}"), vec!["b"]),
            (format!("queries[x]={LIMIT}&queries[y]={OFFSET}"), vec!["b"]),
            (format!("queries={LIMIT}&queries[]={OFFSET}"), vec!["b", "c"]),
            (format!("queries[0]={LIMIT}&queries[0]={OFFSET}"), vec!["b", "c"]),
            // The first limit counts, and the first is the one that appears first.
            ("queries[1]=limit(1)&queries[0]=limit(2)".into(), vec!["a"]),
            ("queries[]=limit(1)".into(), vec!["a"]),
            ("queries[]=limit(1)&&".into(), vec!["a"]),
            ("&queries[]=limit(1)&=x&other[]=y".into(), vec!["a"]),
            ("queries[]=equal(%22%24id%22,+[%22c%22])".into(), vec!["c"]),
            ("queries[]=equal(\"$id\",[\"c\"])".replace('"', "%22"), vec!["c"]),
            (String::new(), vec!["a", "b", "c"]),
            ("Queries[]=limit(1)".into(), vec!["a", "b", "c"]),
        ] {
            assert_eq!(app.admin().get(&format!("/v1/users?{query}")).await.ids("users"), expected, "{query}");
        }
    }

    async fn what_is_no_list_of_texts_is_refused(app) {
        app.user("a", json!({})).await;
        for list in [
            "/v1/users",
            "/v1/users/identities",
            "/v1/users/a/logs",
            "/v1/users/a/memberships",
            "/v1/users/a/targets",
        ] {
            for query in [
                "queries=limit(1)",
                "queries=",
                "queries",
                "queries=limit(1)&queries=limit(2)",
                "queries[]=limit(1)&queries=limit(2)",
                "queries[0][method]=limit&queries[0][values][]=1",
                "queries[0][0]=limit(1)&queries[0][1]=offset(1)",
                "queries[][]=limit(1)",
                "queries[]=",
                "queries[]=%FF",
                "queries[]=nonsense",
            ] {
                app.admin().get(&format!("{list}?{query}")).await.fails(400, "general_argument_invalid", "`queries`");
            }
        }
        for list in ["/v1/users", "/v1/users/identities", "/v1/users/a/memberships"] {
            for query in ["search=", "search", "search[]=a", "search[a]=b", "search=a&search[]=b"] {
                app.admin().get(&format!("{list}?{query}")).await.fails(400, "general_argument_invalid", "`search`");
            }
        }
    }

    async fn the_list_of_sessions_has_no_queries(app) {
        app.user("a", json!({})).await;
        app.admin().get("/v1/users/a/sessions?queries=nonsense&search=").await.expect(200);
    }

    async fn blanks_pluses_and_percent_signs_of_the_query_string(app) {
        app.user("a", json!({"phone": "+4930123456", "name": "100%zz"})).await;
        app.user("b", json!({"name": "Anna Lee"})).await;
        for (query, expected) in [
            ("search=Anna+Lee", vec!["b"]),
            ("search=Anna%20Lee", vec!["b"]),
            ("queries[]=equal(%22name%22,%22Anna+Lee%22)", vec!["b"]),
            ("queries[]=equal(%22phone%22,%22%2B4930123456%22)", vec!["a"]),
            ("queries[]=equal(%22phone%22,%22+4930123456%22)", vec![]),
            ("search=100%zz", vec!["a"]),
            ("search=nobody&search=Anna", vec!["b"]),
            (".search=nobody&sea%72ch=Anna", vec!["b"]),
        ] {
            assert_eq!(app.admin().get(&format!("/v1/users?{query}")).await.ids("users"), expected, "{query}");
        }
    }

    async fn only_the_first_thousand_names_are_read(app) {
        app.user("a", json!({"name": "Anna"})).await;
        let fill = |names: usize| (0..names).map(|n| format!("x{n}=1&")).collect::<String>();
        let list = async |names| app.admin().get(&format!("/v1/users?{}search=nobody", fill(names))).await;
        assert!(list(999).await.ids("users").is_empty());
        assert_eq!(list(1000).await.ids("users"), ["a"]);
    }

    async fn lists_in_forms(app) {
        app.user("anna", json!({})).await;
        let form = app.admin().header("content-type", "application/x-www-form-urlencoded");
        for (body, expected) in [
            ("labels[]=vip&labels[]=pro", json!(["vip", "pro"])),
            ("labels[0]=a&labels[1]=b", json!(["a", "b"])),
            ("labels%5B%5D=c", json!(["c"])),
            ("labels=x&labels[]=d", json!(["d"])),
        ] {
            let user = form.request(Method::PUT, "/v1/users/anna/labels", body.to_owned()).await.expect(200);
            assert_eq!(user["labels"], expected, "{body}");
        }
        for body in [
            "labels=vip",
            "labels[k]=vip",
            "labels[1]=vip",
            "labels[][]=vip",
            "labels[]=v-p",
            "labels[]=a&labels=b",
            "label[]=a",
            "",
        ] {
            let answer = form.request(Method::PUT, "/v1/users/anna/labels", body.to_owned()).await;
            answer.fails(400, "general_argument_invalid", "`labels`");
        }
        form.request(Method::PATCH, "/v1/users/anna/prefs", "prefs[a]=1&prefs[b][c]=x+y".to_owned()).await.expect(200);
        assert_eq!(app.admin().get("/v1/users/anna/prefs").await.expect(200), json!({"a": "1", "b": {"c": "x y"}}));
        assert_eq!(app.admin().get("/v1/users/anna").await.expect(200)["labels"], json!(["d"]));
    }
}
