//! Pages of what many rows match are found on another way than pages of what few match. Which way is taken depends on
//! whether the total is known; the rows do not.

use serde_json::{Value, json};

use super::{after, ascending, before, descending, equal, limit, offset, population};
use crate::store::schema::Outside;
use crate::support::{TestApp, both};

/// The ids of a page, asked for with the total and without, which must be the same.
async fn page(app: &TestApp, search: &str, queries: &[Value]) -> Vec<String> {
    let known = app.admin().list(&format!("/v1/users?{search}"), queries).await;
    let unknown = app.admin().list(&format!("/v1/users?total=0&{search}"), queries).await;
    let ids = |answer: &crate::support::Answer| answer.ids("users").into_iter().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(known.json["users"], unknown.json["users"], "{search} {queries:?}");
    assert_eq!((known.status, unknown.json["total"].as_i64()), (200, Some(0)));
    ids(&known)
}

both! {
    async fn a_page_is_the_same_on_both_ways(app) {
        population::users(app, 60).await;
        let labels = |method: &str, labels: Value| json!({"method": method, "attribute": "labels", "values": labels});
        let either = json!({"method": "or", "values": [equal("status", false), labels("contains", json!(["beta"]))]});
        let filters: [(&str, &[Value]); 9] = [
            ("search=example", &[]),
            ("search=example+mia", &[]),
            ("search=example+m", &[]),
            ("search=label:vip", &[equal("status", true)]),
            ("search=nobody", &[]),
            ("", &[labels("contains", json!(["vip"]))]),
            ("", &[labels("contains", json!(["vip", "VIP"])), equal("status", true)]),
            ("", &[labels("containsAll", json!(["vip", "beta"]))]),
            ("", &[labels("notContains", json!(["vip"])), either]),
        ];
        let orders: [&[Value]; 5] =
            [&[], &[descending("")], &[ascending("name")], &[descending("email")], &[ascending("passwordPwned"), descending("name")]];
        let mut full = 0;
        for (search, filters) in filters {
            for order in orders {
                let all = page(app, search, &[filters, order].concat()).await;
                for (size, skipped) in [(1, 0), (2, 0), (2, 3), (5, 1)] {
                    let bounds = [limit(size), offset(skipped)];
                    let first = page(app, search, &[filters, order, &bounds].concat()).await;
                    let (size, skipped) = (usize::try_from(size).unwrap(), usize::try_from(skipped).unwrap());
                    let expected: Vec<String> = all.iter().skip(skipped).take(size).cloned().collect();
                    assert_eq!(first, expected, "{search} {filters:?} {order:?}");
                    full += usize::from(first.len() == size);
                    let Some(middle) = all.get(all.len() / 2) else { continue };
                    let onwards = page(app, search, &[filters, order, &bounds, &[after(middle)]].concat()).await;
                    let expected: Vec<String> =
                        all.iter().skip(all.len() / 2 + 1 + skipped).take(size).cloned().collect();
                    assert_eq!(onwards, expected, "after {middle}: {search} {filters:?} {order:?}");
                    let back = page(app, search, &[filters, order, &bounds[..1], &[before(middle)]].concat()).await;
                    let start = (all.len() / 2).saturating_sub(size);
                    assert_eq!(back, all[start..all.len() / 2], "before {middle}: {search} {filters:?} {order:?}");
                }
            }
        }
        assert!(full > 100, "{full} pages were full");
    }

    /// What the index has found is checked against the rows when they are read.
    async fn a_page_is_full_though_one_of_the_rows_found_has_changed(app) {
        for n in 0..6 {
            app.user(&format!("u{n}"), json!({"name": "Mia"})).await;
        }
        Outside::of(app).await.run("UPDATE users SET search = 'somebody else' WHERE id = 'u1'").await.unwrap();
        for (order, ids) in [(ascending(""), ["u0", "u2", "u3"]), (descending(""), ["u5", "u4", "u3"])] {
            let list = app.admin().list("/v1/users?search=mia", &[order, limit(3)]).await;
            assert_eq!((list.ids("users"), &list.json["total"]), (ids.to_vec(), &json!(6)));
        }
        let before = app.admin().list("/v1/users?search=mia", &[before("u4"), limit(3), offset(1)]).await;
        assert_eq!(before.ids("users"), ["u0", "u2"]);
    }
}
