//! `total`: exact, whatever the page, unless it is not wanted or capped.

use serde_json::{Value, json};

use super::{IDENTITIES, MEMBERSHIPS, USERS, after, before, equal, limit, model, offset, plural, population};
use crate::support::{PROJECT, TestApp, both};

async fn total(app: &TestApp, path: &str, queries: &[Value]) -> Value {
    let answer = app.admin().list(path, queries).await;
    answer.expect(200)["total"].clone()
}

/// 40 users, identities of two more, memberships of one of those.
async fn populate(app: &TestApp) {
    population::users(app, 40).await;
    population::identities(app, 12).await;
    app.admin().delete("/v1/users/anna").await;
    app.admin().delete("/v1/users/ben").await;
    population::memberships(app, 7).await;
    app.admin().delete("/v1/users/ben").await;
}

both! {
    async fn a_total_is_exact_and_independent_of_the_page(app) {
        populate(app).await;
        assert_eq!(total(app, MEMBERSHIPS, &[limit(2)]).await, 7);
        assert_eq!(total(app, MEMBERSHIPS, &[offset(6)]).await, 7);
        assert_eq!(total(app, IDENTITIES, &[]).await, 0, "they went with their users");
        let pages: [&[Value]; 7] = [
            &[],
            &[limit(1)],
            &[offset(1000)],
            &[limit(3000)],
            &[after("anna")],
            &[before("anna"), limit(1)],
            &[json!({"method": "orderRandom"})],
        ];
        for page in pages {
            assert_eq!(total(app, USERS, page).await, 41, "{page:?}");
            let filtered = [&[equal("$id", json!("anna"))], page].concat();
            assert_eq!(total(app, USERS, &filtered).await, 1, "{page:?}");
            assert_eq!(total(app, "/v1/users?search=anna", page).await, 1, "{page:?}");
            assert_eq!(total(app, "/v1/users?search=%40", page).await, 0, "{page:?}");
        }
    }

    async fn a_total_that_is_not_wanted_is_0_and_the_rows_stay(app) {
        populate(app).await;
        for path in [USERS, MEMBERSHIPS] {
            let counted = app.admin().get(path).await.expect(200);
            for value in ["false", "False", "0"] {
                let answer = app.admin().get(&format!("{path}?total={value}")).await.expect(200);
                assert_eq!(answer["total"], 0, "{path} {value}");
                assert_eq!(answer[plural(path)], counted[plural(path)]);
            }
            for value in ["true", "True", "1"] {
                assert_eq!(app.admin().get(&format!("{path}?total={value}")).await.expect(200), counted);
            }
        }
        for path in [USERS, IDENTITIES, MEMBERSHIPS] {
            for wrong in ["", "no", "2", "null"] {
                let answer = app.admin().get(&format!("{path}?total={wrong}")).await;
                answer.fails(400, "general_argument_invalid", "`total`");
            }
        }
        // A long page, which is sent in parts, knows it too.
        let long = app.admin().list("/v1/users?total=false", &[limit(2000)]).await;
        assert_eq!((&long.json["total"], long.ids("users").len()), (&json!(0), 41));
    }

    async fn identities_are_counted_by_the_filter(app) {
        let rows = population::identities(app, 12).await;
        let (expected, _) = model::page(&rows, &[equal("provider", "github")]);
        assert!(expected > 0 && expected < 12);
        assert_eq!(total(app, IDENTITIES, &[equal("provider", "github"), limit(1)]).await, expected);
    }

    async fn an_operator_may_cap_totals(app, "USHER_TOTAL_CAP" = "5") {
        let project = app.project(PROJECT).await.key;
        population::memberships(app, 6).await;
        population::store(app, project, ["a", "b", "c"].map(population::plain).to_vec()).await;
        // Five users stand at the cap, one more is beyond.
        assert_eq!(total(app, USERS, &[]).await, 5);
        app.user("d", json!({})).await;
        let answer = app.admin().list(USERS, &[limit(10)]).await;
        assert_eq!((&answer.json["total"], answer.ids("users").len()), (&json!(5), 6));
        assert_eq!(total(app, USERS, &[after("a")]).await, 5);
        assert_eq!(total(app, USERS, &[equal("$id", "a")]).await, 1);
        assert_eq!(total(app, MEMBERSHIPS, &[limit(1)]).await, 6, "upstream counts memberships to the end");
        assert_eq!(total(app, USERS, &[limit(3000)]).await, 5, "a page that is sent in parts");
        assert_eq!(total(app, "/v1/users?total=false", &[]).await, 0);
    }
}
