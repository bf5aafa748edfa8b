//! What FTS5 keeps beside the words of a row, without which it cannot take them out of the index again.

use serde_json::json;

use super::{look, nothing, people, shown};
use crate::store::schema::Outside;
use crate::support::TestApp;

const STUCK: &str = "the index of the search cannot take its words out again";
const OTHER: &str = "the index of the search has another text of it";

/// The ids of the users whom a search finds.
async fn found(app: &TestApp, term: &str) -> Vec<String> {
    let list = app.admin().get(&format!("/v1/users?search={term}")).await.expect(200);
    let users = list["users"].as_array().unwrap();
    users.iter().map(|user| user["$id"].as_str().unwrap().to_owned()).collect()
}

/// The users of whom the index has a term.
async fn indexed(outside: &mut Outside, term: &str) -> Vec<Vec<String>> {
    let select = "SELECT id FROM users WHERE seq IN (SELECT rowid FROM user_search WHERE user_search MATCH '{term}')";
    outside.texts(&select.replace("{term}", term)).await
}

/// The rows of an index beside its words.
async fn places(outside: &mut Outside, index: &str) -> Vec<Vec<String>> {
    outside.texts(&format!("SELECT CAST(id AS TEXT) FROM {index}_docsize ORDER BY id")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_place_of_words_that_is_lost_or_too_many_is_told_and_mended() {
    let app = TestApp::sqlite(&[]).await;
    people(&app).await;
    let (before, mut outside) = (shown(&app).await, Outside::of(&app).await);
    let anna = format!("project demo: user anna: {STUCK}");
    let ben = format!("project demo: user ben: {STUCK}");
    let github = format!("project demo: identity github: {STUCK}");
    let nobody = |table: &str, row: i32| format!("{table}: row {row} of the index of the search is of no row");
    let rows = |what: &str| what.replace("{anna}", "(SELECT seq FROM users WHERE id = 'anna')");
    let (users, identities) =
        (places(&mut outside, "user_search").await, places(&mut outside, "identity_search").await);
    for (statement, lines) in [
        ("DELETE FROM user_search_docsize WHERE id = {anna}", vec![anna.clone()]),
        ("DELETE FROM user_search_docsize", vec![anna.clone(), ben]),
        ("DELETE FROM identity_search_docsize", vec![github]),
        ("UPDATE user_search_docsize SET id = 99 WHERE id = {anna}", vec![anna, nobody("users", 99)]),
        (
            "INSERT INTO user_search_docsize SELECT 98, sz, origin FROM user_search_docsize LIMIT 1",
            vec![nobody("users", 98)],
        ),
        (
            "INSERT INTO identity_search_docsize SELECT 7, sz, origin FROM identity_search_docsize",
            vec![nobody("identities", 7)],
        ),
    ] {
        assert!(outside.run(&rows(statement)).await.unwrap() > 0, "{statement}");
        let (told, checked) = look(&app, false).await;
        assert_eq!((told, checked.faults, checked.mended), (lines.clone(), lines.len() as u64, 0), "{statement}");
        let (told, checked) = look(&app, true).await;
        assert_eq!(told, lines.iter().map(|line| format!("{line}; mended")).collect::<Vec<_>>(), "{statement}");
        assert_eq!((checked.faults, checked.mended), (lines.len() as u64, lines.len() as u64));
        nothing(look(&app, false).await);
        assert_eq!(places(&mut outside, "user_search").await, users, "{statement}");
        assert_eq!(places(&mut outside, "identity_search").await, identities, "{statement}");
        assert_eq!(shown(&app).await, before, "{statement}");
    }
    // Words are taken out again as before.
    app.admin().patch("/v1/users/anna/name", &json!({ "name": "Eva" })).await.expect(200);
    assert_eq!((found(&app, "asa").await, found(&app, "eva").await), (vec![], vec!["anna".to_owned()]));
    nothing(look(&app, false).await);
    app.finish().await;
}

/// Words that stayed when a user has changed, or has gone, are in no other way to be had out of the index than by filling it anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_that_stayed_are_told_and_taken_out() {
    let app = TestApp::sqlite(&[]).await;
    people(&app).await;
    let mut outside = Outside::of(&app).await;
    let ben = outside.text("SELECT CAST(seq AS TEXT) FROM users WHERE id = 'ben'").await;
    outside.run("DELETE FROM user_search_docsize").await.unwrap();
    app.admin().patch("/v1/users/anna/name", &json!({ "name": "Eva" })).await.expect(200);
    assert_eq!(app.admin().delete("/v1/users/ben").await.status, 204);
    assert_eq!(indexed(&mut outside, "asa").await, [["anna"]], "the damage shows");
    let lines = [
        format!("project demo: user anna: {OTHER}"),
        format!("users: row {ben} of the index of the search is of no row"),
    ];
    assert_eq!(look(&app, false).await.0, lines);
    assert_eq!(look(&app, true).await.0, lines.map(|line| format!("{line}; mended")));
    nothing(look(&app, false).await);
    assert_eq!(indexed(&mut outside, "asa").await, Vec::<Vec<String>>::new());
    assert_eq!(indexed(&mut outside, "eva").await, [["anna"]]);
    app.finish().await;
}

/// Nobody can tell what the index must have of a user whose labels cannot be read, and filling it anew would not help.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_told_is_left() {
    let app = TestApp::sqlite(&[]).await;
    people(&app).await;
    let mut outside = Outside::of(&app).await;
    outside.run("UPDATE users SET labels = '{}' WHERE id = 'anna'").await.unwrap();
    outside.run("DELETE FROM user_search_docsize WHERE id = (SELECT seq FROM users WHERE id = 'anna')").await.unwrap();
    let labels = "project demo: user anna: the labels are no JSON list of texts".to_owned();
    let lines = [labels, format!("project demo: user anna: {STUCK}")];
    for repair in [false, true, false] {
        let (told, checked) = look(&app, repair).await;
        assert_eq!((&told[..], checked.faults, checked.mended), (&lines[..], 2, 0), "{repair}");
    }
    assert_eq!(indexed(&mut outside, "beta").await, [["anna"]]);
    app.finish().await;
}
