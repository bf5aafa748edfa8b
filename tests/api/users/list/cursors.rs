//! Cursors: what row they may name, and what goes with them.

use serde_json::json;

use super::{
    IDENTITIES, MEMBERSHIPS, USERS, after, agrees, ascending, before, descending, equal, limit, offset, population,
};
use crate::support::{PROJECT, both};

both! {
    async fn the_row_of_a_cursor_need_not_match_the_filter(app) {
        let rows = population::users(app, 60).await;
        for name in ["Åsa", "Zoe", "1000", "nobody"] {
            for row in rows.iter().step_by(4) {
                for cursor in [after(&row.id), before(&row.id)] {
                    let orders = [ascending("accessedAt"), descending("name")];
                    agrees(app, USERS, &rows, vec![equal("name", name), cursor.clone()]).await;
                    agrees(app, USERS, &rows, [&orders[..], &[equal("status", true), cursor, limit(5)]].concat()).await;
                }
            }
        }
    }

    async fn an_offset_counts_from_the_cursor(app) {
        let rows = population::users(app, 40).await;
        for order in [ascending("email"), descending("email"), ascending("name"), descending("$createdAt")] {
            for skipped in [1, 3, 38, 39, 60] {
                for row in [&rows[0], &rows[17], &rows[39]] {
                    for cursor in [after(&row.id), before(&row.id)] {
                        agrees(app, USERS, &rows, vec![cursor, order.clone(), offset(skipped), limit(4)]).await;
                    }
                }
            }
        }
    }

    async fn a_cursor_follows_the_present_values_of_its_row(app) {
        for (id, name) in [("a", "Anna"), ("b", "Ben"), ("c", "Carl"), ("d", "Dora")] {
            app.user(id, json!({"name": name})).await;
        }
        let page = [ascending("name"), after("b")];
        assert_eq!(app.admin().list(USERS, &page).await.ids("users"), ["c", "d"]);
        app.admin().patch("/v1/users/b/name", &json!({"name": "Cem"})).await.expect(200);
        assert_eq!(app.admin().list(USERS, &page).await.ids("users"), ["d"]);
    }

    async fn an_unknown_cursor_is_refused(app) {
        app.new_project("other").await;
        let theirs = app.project("other").await.key;
        population::store(app, theirs, vec![population::plain("theirs")]).await;
        population::identities(app, 2).await;
        for path in [USERS, IDENTITIES] {
            for id in ["nobody", "theirs", "Anna", "a0.", &"x".repeat(36)] {
                for cursor in [after(id), before(id)] {
                    app.admin().list(path, &[cursor]).await.fails(400, "general_cursor_not_found", id);
                }
            }
        }
        // Neither a long page nor a search nor a total that is not wanted hides it.
        for path in ["/v1/users?total=false", "/v1/users?search=%3E", "/v1/users?search=anna"] {
            let answer = app.admin().list(path, &[after("nobody"), limit(5000)]).await;
            answer.fails(400, "general_cursor_not_found", "nobody");
        }
    }

    async fn a_cursor_of_another_users_membership_is_unknown(app) {
        population::memberships(app, 3).await;
        for id in ["ben-1", "anna", "team0"] {
            app.admin().list(MEMBERSHIPS, &[after(id)]).await.fails(400, "general_cursor_not_found", id);
        }
        let answer = app.admin().list("/v1/users/ben/memberships", &[after("ben-1")]).await;
        assert_eq!(answer.ids("memberships"), ["ben-2"]);
        app.admin().list("/v1/users/nobody/memberships", &[after("ben-1")]).await.fails(404, "user_not_found", "");
    }

    async fn a_deleted_row_is_no_cursor_any_more(app) {
        let project = app.project(PROJECT).await.key;
        population::store(app, project, ["a", "b"].map(population::plain).to_vec()).await;
        assert_eq!(app.admin().list(USERS, &[after("a")]).await.ids("users"), ["b"]);
        assert_eq!(app.admin().delete("/v1/users/a").await.status, 204);
        app.admin().list(USERS, &[after("a")]).await.fails(400, "general_cursor_not_found", "a");
    }
}
