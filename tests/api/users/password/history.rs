//! Earlier passwords may not come back, when the project says how many.

use super::{set, signs_in};
use crate::support::{TestApp, both};
use crate::users::crud::{events, stored};
use futures_util::future::join_all;
use serde_json::json;

const RECENT: &str = "password_recently_used";

fn nth(n: usize) -> String {
    format!("password number {n}")
}

/// Sets passwords 0 to `count` one after the other, with a history of `length`; then tries them all.
async fn keeps(app: &TestApp, length: u8, count: usize) {
    app.set(|settings| settings.password_history = length).await;
    let user = format!("u{length}");
    app.user(&user, json!({"password": nth(0)})).await;
    for n in 1..=count {
        set(app, &user, &nth(n)).await.expect(200);
    }
    let oldest_kept = (count + 1).saturating_sub(usize::from(length));
    let before = app.admin().get(&format!("/v1/users/{user}")).await.expect(200);
    let logged = events(app, &user).await;
    for n in oldest_kept..=count {
        set(app, &user, &nth(n)).await.fails(400, RECENT, "");
    }
    assert_eq!(app.admin().get(&format!("/v1/users/{user}")).await.expect(200), before);
    assert_eq!(events(app, &user).await, logged);
    if let Some(forgotten) = oldest_kept.checked_sub(1) {
        set(app, &user, &nth(forgotten)).await.expect(200);
        assert!(signs_in(app, &user, &nth(forgotten)).await);
    }
}

both! {
    async fn the_last_ones_are_kept_and_no_more(app) {
        for (length, count) in [(0, 2), (1, 3), (2, 1), (3, 5), (20, 21)] {
            keeps(app, length, count).await;
        }
    }

    /// The upstream server keeps about half of them; ours keeps all.
    async fn a_history_that_is_not_full_forgets_nothing(app) {
        keeps(app, 20, 4).await;
        for n in 0..=4 {
            set(app, "u20", &nth(n)).await.fails(400, RECENT, "");
        }
    }

    async fn an_imported_password_is_the_first_entry_and_keeps_its_own_kind(app) {
        app.set(|settings| settings.password_history = 2).await;
        for (path, body) in crate::users::import::samples() {
            let id = path.replace('/', "");
            let mut sent = body.clone();
            sent["userId"] = json!(id);
            sent["email"] = json!(format!("{id}@example.org"));
            app.admin().post(&format!("/v1/users/{path}"), &sent).await.expect(201);
            // At first it is the present password, then one of another algorithm than the present.
            set(app, &id, "correct horse battery").await.fails(400, RECENT, "");
            set(app, &id, "another horse").await.expect(200);
            set(app, &id, "correct horse battery").await.fails(400, RECENT, "");
            set(app, &id, "a third horse").await.expect(200);
            set(app, &id, "correct horse battery").await.expect(200);
            assert!(signs_in(app, &id, "correct horse battery").await, "{path}");
        }
    }

    async fn switched_off_the_history_neither_binds_nor_changes(app) {
        app.set(|settings| settings.password_history = 3).await;
        app.user("anna", json!({"password": nth(0)})).await;
        set(app, "anna", &nth(1)).await.expect(200);
        let kept = stored(app, "anna").await.password_history;
        app.set(|settings| settings.password_history = 0).await;
        for n in [0, 1, 1, 2] {
            set(app, "anna", &nth(n)).await.expect(200);
        }
        assert_eq!(stored(app, "anna").await.password_history, kept);
        app.set(|settings| settings.password_history = 3).await;
        for n in [0, 1] {
            set(app, "anna", &nth(n)).await.fails(400, RECENT, "");
        }
        // A shorter history looks at fewer.
        app.set(|settings| settings.password_history = 1).await;
        set(app, "anna", &nth(1)).await.fails(400, RECENT, "");
        set(app, "anna", &nth(0)).await.expect(200);
    }

    async fn the_history_is_never_shown(app) {
        app.set(|settings| settings.password_history = 5).await;
        let first = app.user("anna", json!({"password": nth(0)})).await["password"].as_str().unwrap().to_owned();
        let answer = app.admin().patch("/v1/users/anna/password", &json!({"password": nth(1)})).await;
        assert!(!answer.text.contains(&first) && !answer.text.contains("istory"), "{}", answer.text);
        assert!(stored(app, "anna").await.password_history.contains(&first));
        for path in ["/v1/users", "/v1/users/anna", "/v1/users/anna/logs"] {
            let answer = app.admin().get(path).await;
            assert!(!answer.text.contains(&first) && !answer.text.contains("istory"), "{}", answer.text);
        }
    }

    async fn taking_the_password_away_forgets_no_earlier_one(app) {
        app.set(|settings| settings.password_history = 2).await;
        app.user("anna", json!({"password": nth(0)})).await;
        set(app, "anna", "").await.expect(200);
        set(app, "anna", "").await.expect(200);
        set(app, "anna", &nth(0)).await.fails(400, RECENT, "");
        set(app, "anna", &nth(1)).await.expect(200);
    }

    /// The check is outside of the transaction, so a change that came between has to be noticed.
    async fn of_equal_changes_at_once_one_is_made(app) {
        app.set(|settings| settings.password_history = 5).await;
        app.user("anna", json!({"password": nth(0)})).await;
        for n in 1..=4 {
            let password = nth(n);
            let answers = join_all((0..5).map(|_| set(app, "anna", &password))).await;
            assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
            for answer in answers.into_iter().filter(|answer| answer.status != 200) {
                answer.fails(400, RECENT, "");
            }
            assert!(signs_in(app, "anna", &password).await);
        }
        // None of the different ones is lost from the history either.
        app.set(|settings| settings.password_history = 20).await;
        let different: Vec<String> = (10..16).map(nth).collect();
        let answers = join_all(different.iter().map(|password| set(app, "anna", password))).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
        for password in &different {
            set(app, "anna", password).await.fails(400, RECENT, "");
        }
    }
}
