//! Pages: the default one, limit and offset.

use serde_json::{Value, json};

use super::{
    IDENTITIES, MEMBERSHIPS, USERS, after, agrees, ascending, before, descending, equal, limit, model, offset,
    population,
};
use crate::support::both;

both! {
    async fn an_empty_project_has_empty_lists(app) {
        population::memberships(app, 0).await;
        for (path, expected) in [
            (IDENTITIES, json!({"total": 0, "identities": []})),
            (MEMBERSHIPS, json!({"total": 0, "memberships": []})),
        ] {
            assert_eq!(app.admin().get(path).await.expect(200), expected);
        }
        for id in ["anna", "ben"] {
            assert_eq!(app.admin().delete(&format!("{USERS}/{id}")).await.status, 204);
        }
        assert_eq!(app.admin().get(USERS).await.expect(200), json!({"total": 0, "users": []}));
    }

    async fn the_default_page_holds_the_25_users_made_first_as_they_are_shown_alone(app) {
        let rows = population::users(app, 30).await;
        let answer = app.admin().get(USERS).await;
        assert_eq!(answer.header("content-type"), "application/json; charset=UTF-8");
        let list = answer.expect(200);
        let keys: Vec<&str> = list.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!((keys, &list["total"]), (vec!["total", "users"], &json!(30)));
        let shown = list["users"].as_array().unwrap();
        assert_eq!(shown.len(), 25);
        for (row, shown) in rows.iter().zip(shown) {
            assert_eq!(app.admin().get(&format!("{USERS}/{}", row.id)).await.expect(200), *shown);
        }
    }

    async fn limit_and_offset_cut_the_list(app) {
        let rows = population::users(app, 30).await;
        for queries in [
            vec![limit(1)],
            vec![limit(30)],
            vec![limit(31)],
            vec![limit(5), offset(27)],
            vec![offset(30)],
            vec![offset(31), limit(2)],
            vec![offset(4)],
            // The first of each counts, wherever it stands.
            vec![offset(2), limit(3), limit(9), offset(0), after(&rows[3].id), before(&rows[9].id)],
            vec![descending(""), limit(4), offset(1)],
            vec![ascending("$sequence"), limit(4)],
        ] {
            agrees(app, USERS, &rows, queries).await;
        }
        for largest in [json!(i64::MAX), json!(i64::MAX.to_string()), json!("99999999999999999999")] {
            let all = app.admin().list(USERS, &[json!({"method": "limit", "values": [largest]})]).await;
            assert_eq!(all.ids("users"), model::page(&rows, &[limit(30)]).1);
            let queries = [json!({"method": "offset", "values": [largest]}), limit(5)];
            let none = app.admin().list(USERS, &queries).await.expect(200);
            assert_eq!(none, json!({"total": 30, "users": []}));
        }
    }

    async fn a_page_that_makes_no_sense_is_refused(app) {
        population::memberships(app, 1).await;
        let page = |method: &str, value: Value| json!({"method": method, "values": [value]});
        for path in [USERS, IDENTITIES, MEMBERSHIPS] {
            for query in [
                page("limit", json!(0)),
                page("limit", json!(-1)),
                page("limit", json!(1.5)),
                page("limit", json!("many")),
                page("limit", Value::Null),
                page("offset", json!(-1)),
                page("offset", json!("")),
                page("cursorAfter", json!(7)),
                page("cursorBefore", json!("_a")),
                page("cursorAfter", json!("x".repeat(37))),
                json!({"method": "cursorAfter"}),
                ascending("prefs"),
                descending("password"),
                ascending("search"),
                json!({"method": "select", "values": ["name"]}),
            ] {
                let answer = app.admin().list(path, &[equal("$id", "x"), query.clone()]).await;
                assert_eq!(answer.status, 400, "{query}");
                answer.fails(400, "general_argument_invalid", "`queries[1]`");
            }
        }
    }

    async fn a_random_order_shows_every_row_once_and_another_order_each_time(app) {
        let mut rows = population::users(app, 40).await;
        let random = json!({"method": "orderRandom"});
        let mut orders = Vec::new();
        for _ in 0..6 {
            let answer = app.admin().list(USERS, &[random.clone(), limit(100)]).await;
            let ids: Vec<String> = answer.ids("users").into_iter().map(str::to_owned).collect();
            let mut sorted = ids.clone();
            sorted.sort();
            rows.sort_by(|a, b| a.id.cmp(&b.id));
            assert!(sorted.iter().eq(rows.iter().map(|row| &row.id)), "{ids:?}");
            orders.push(ids);
        }
        orders.sort();
        orders.dedup();
        assert!(orders.len() > 1, "six times the same order: {orders:?}");

        // Within an order by something else only the ties are shuffled.
        let answer = app.admin().list(USERS, &[ascending("status"), random.clone(), limit(100)]).await.expect(200);
        let status: Vec<bool> = answer["users"].as_array().unwrap().iter().map(|u| u["status"] == true).collect();
        assert!(status.is_sorted() && status.len() == 40, "{status:?}");
        // Of no use, and no reason to fail.
        app.admin().list(USERS, &[random, after(&rows[0].id)]).await.expect(200);
    }
}
