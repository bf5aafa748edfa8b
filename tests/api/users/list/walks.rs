//! Walks through whole lists, page by page and in both directions, over every order: each page is what a plain sort
//! says, so nothing is repeated or left out among ties and NULLs.

use serde_json::Value;

use super::model::{self, Row};
use super::{IDENTITIES, MEMBERSHIPS, USERS, after, ascending, before, descending, limit, plural, population};
use crate::support::{TestApp, both};

/// Rows of a page: few, so that many pages begin within ties.
const PAGE: u64 = 9;

/// Walks the list in an order, forwards from its beginning and backwards from its end.
async fn walk(app: &TestApp, path: &str, rows: &[Row], orders: &[Value]) {
    let whole = model::page(rows, &[orders, &[limit(1000)]].concat()).1;
    assert_eq!(whole.len(), rows.len());
    let page = async |cursor: Option<Value>| -> Vec<String> {
        let queries: Vec<Value> = orders.iter().cloned().chain(cursor).chain([limit(PAGE)]).collect();
        let answer = app.admin().list(path, &queries).await;
        assert_eq!(answer.json["total"], rows.len(), "{queries:?}: {}", answer.text);
        answer.ids(plural(path)).into_iter().map(str::to_owned).collect()
    };

    let mut walked: Vec<String> = Vec::new();
    loop {
        let next = page(walked.last().map(|id| after(id))).await;
        if next.is_empty() {
            break;
        }
        walked.extend(next);
        assert!(walked.len() <= whole.len(), "forwards by {orders:?}: {walked:?}");
    }
    assert_eq!(walked, whole, "forwards by {orders:?}");

    let mut walked: Vec<String> = whole.last().cloned().into_iter().collect();
    while let Some(first) = walked.first() {
        let previous = page(Some(before(first))).await;
        if previous.is_empty() {
            break;
        }
        walked = [previous, walked].concat();
        assert!(walked.len() <= whole.len(), "backwards by {orders:?}: {walked:?}");
    }
    assert_eq!(walked, whole, "backwards by {orders:?}");
}

async fn walk_each(app: &TestApp, path: &str, rows: &[Row], attributes: &[&str]) {
    for attribute in attributes {
        walk(app, path, rows, &[ascending(attribute)]).await;
        walk(app, path, rows, &[descending(attribute)]).await;
    }
}

both! {
    async fn users_by_every_attribute(app) {
        let rows = population::users(app, 70).await;
        walk(app, USERS, &rows, &[]).await;
        let attributes = [
            "", "$sequence", "$id", "$createdAt", "$updatedAt", "name", "email", "phone", "status", "passwordUpdate",
            "registration", "emailVerification", "phoneVerification", "passwordPwned", "labels", "impersonator",
            "accessedAt",
        ];
        walk_each(app, USERS, &rows, &attributes).await;
    }

    async fn users_by_several_attributes(app) {
        let rows = population::users(app, 70).await;
        for orders in [
            // One direction.
            vec![ascending("status"), ascending("name")],
            vec![descending("status"), descending("name")],
            vec![ascending("email"), ascending("phone")],
            vec![descending("accessedAt"), descending("passwordUpdate"), descending("passwordPwned")],
            vec![ascending("accessedAt"), ascending("passwordUpdate"), ascending("passwordPwned")],
            vec![descending("name"), descending("$id")],
            // Mixed directions.
            vec![ascending("status"), descending("name"), ascending("registration")],
            vec![descending("passwordPwned"), ascending("accessedAt")],
            vec![ascending("passwordPwned"), descending("accessedAt"), ascending("email")],
            vec![ascending("name"), descending("labels")],
            vec![descending("labels"), ascending("passwordUpdate"), descending("$id")],
            vec![ascending("registration"), descending("")],
            vec![descending("status"), ascending("$sequence")],
            // Orders behind one that leaves no ties, and the same one again.
            vec![descending("$id"), ascending("name"), descending("status")],
            vec![descending("name"), ascending("name")],
            // The tie-break: against the default only when a moment of the row comes first.
            vec![descending("$createdAt"), ascending("status")],
            vec![descending("$updatedAt"), descending("accessedAt")],
            vec![ascending("$createdAt"), descending("$updatedAt")],
            vec![ascending("status"), descending("$createdAt")],
            vec![descending("registration"), descending("$updatedAt")],
        ] {
            walk(app, USERS, &rows, &orders).await;
        }
    }

    /// The numbers of the rows go along with the values or against them.
    async fn users_by_every_attribute_and_their_number(app) {
        let rows = population::users(app, 40).await;
        for attribute in [
            "$createdAt", "name", "email", "phone", "status", "passwordUpdate", "emailVerification", "passwordPwned",
            "labels", "impersonator", "accessedAt",
        ] {
            for by in [ascending(attribute), descending(attribute)] {
                for number in [ascending("$sequence"), descending("")] {
                    walk(app, USERS, &rows, &[by.clone(), number]).await;
                }
            }
        }
    }

    async fn identities_by_every_attribute(app) {
        let rows = population::identities(app, 35).await;
        let attributes = [
            "", "$sequence", "$id", "$createdAt", "$updatedAt", "userId", "provider", "providerUid", "providerEmail",
            "providerAccessTokenExpiry",
        ];
        walk_each(app, IDENTITIES, &rows, &attributes).await;
        walk(app, IDENTITIES, &rows, &[ascending("providerAccessTokenExpiry"), descending("providerEmail")]).await;
        walk(app, IDENTITIES, &rows, &[ascending("providerAccessTokenExpiry"), descending("")]).await;
    }

    async fn memberships_by_every_attribute(app) {
        let rows = population::memberships(app, 30).await;
        let attributes = [
            "", "$sequence", "$id", "$createdAt", "$updatedAt", "userId", "teamId", "invited", "joined", "confirm",
            "roles",
        ];
        walk_each(app, MEMBERSHIPS, &rows, &attributes).await;
        walk(app, MEMBERSHIPS, &rows, &[descending("joined"), ascending("invited")]).await;
        walk(app, MEMBERSHIPS, &rows, &[ascending("joined"), descending("$sequence")]).await;
    }

    async fn ties_among_moments_follow_their_direction(app) {
        // Said once more without the model, since every walk trusts its tie-break.
        let project = app.project(crate::support::PROJECT).await.key;
        population::store(app, project, ["c", "a", "b"].map(population::plain).to_vec()).await;
        for (attribute, downwards) in [
            ("$createdAt", ["b", "a", "c"]),
            ("$updatedAt", ["b", "a", "c"]),
            ("registration", ["c", "a", "b"]),
            ("name", ["c", "a", "b"]),
            ("phone", ["c", "a", "b"]),
        ] {
            assert_eq!(app.admin().list(USERS, &[ascending(attribute)]).await.ids("users"), ["c", "a", "b"]);
            assert_eq!(app.admin().list(USERS, &[descending(attribute)]).await.ids("users"), downwards, "{attribute}");
        }
    }
}
