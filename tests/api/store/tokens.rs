//! Tokens: each is exchanged once, by its user, in time, and not after too many wrong secrets.

use std::time::Duration;

use futures_util::future::join_all;
use usher::clock::Millis;
use usher::store::tokens::{self, Token};
use usher::store::{ProjectKey, Result, Store, users};

use super::schema::{TIME, new_user, token};
use crate::support::{PROJECT, TestApp, both};

const END: Millis = Millis(TIME.0 + 900_000);

/// Stores the users `anna` and `bert`.
async fn people(app: &TestApp, project: ProjectKey) {
    app.write(move |tx| {
        Box::pin(async move {
            for id in ["anna", "bert"] {
                users::insert(tx, project, new_user(id), None).await?;
            }
            Ok(())
        })
    })
    .await;
}

/// A token that ends at [`END`]; its digest is made of its id.
fn lasting(id: &str, user: &str) -> Token {
    Token { expire: END, digest: digest(id), ..token(id, user) }
}

fn digest(id: &str) -> String {
    format!("digest of {id}")
}

async fn add(app: &TestApp, project: ProjectKey, id: &'static str, user: &'static str) {
    app.write(move |tx| Box::pin(async move { tokens::insert(tx, project, &lasting(id, user)).await })).await;
}

async fn take(store: &Store, project: ProjectKey, user: &'static str, digest: String, now: Millis) -> Result<bool> {
    store.write(move |tx| Box::pin(async move { tokens::take(tx, project, user, &digest, now).await })).await
}

async fn miss(store: &Store, project: ProjectKey, user: &'static str, most: i64) -> Result<()> {
    store.write(move |tx| Box::pin(async move { tokens::miss(tx, project, user, most).await })).await
}

/// The ids of the tokens of a user and how many wrong secrets each has seen.
async fn left(app: &TestApp, project: ProjectKey, user: &str) -> Vec<(String, i64)> {
    let tokens = tokens::of(app.store().read(), project, user).await.unwrap();
    tokens.into_iter().map(|token| (token.id, token.attempts)).collect()
}

fn rows(expected: &[(&str, i64)]) -> Vec<(String, i64)> {
    expected.iter().map(|(id, attempts)| ((*id).to_owned(), *attempts)).collect()
}

both! {
    async fn tokens_are_read_as_they_were_stored_the_oldest_first(app) {
        let project = app.project(PROJECT).await.key;
        people(app, project).await;
        let stored = [
            Token { attempts: 7, created_at: Millis(END.0 - 1), ..lasting("z", "anna") },
            Token { expire: Millis(i64::MAX), ..lasting("a", "anna") },
        ];
        let expected = stored.clone();
        add(app, project, "other", "bert").await;
        app.write(move |tx| Box::pin(async move {
            for token in &stored {
                tokens::insert(tx, project, token).await?;
            }
            Ok(())
        })).await;
        assert_eq!(tokens::of(app.store().read(), project, "anna").await.unwrap(), expected);
        assert_eq!(tokens::of(app.store().read(), project, "nobody").await.unwrap(), []);
    }

    async fn a_token_is_taken_once_and_the_others_stay(app) {
        let project = app.project(PROJECT).await.key;
        people(app, project).await;
        for id in ["t1", "t2"] {
            add(app, project, id, "anna").await;
        }
        for wrong in [digest("t3"), "digest of T1".into(), "t1".into(), String::new(), "%".into(), "digest of t_".into()] {
            assert!(!take(app.store(), project, "anna", wrong, TIME).await.unwrap());
        }
        assert_eq!(left(app, project, "anna").await, rows(&[("t1", 0), ("t2", 0)]));
        assert!(take(app.store(), project, "anna", digest("t1"), TIME).await.unwrap());
        assert!(!take(app.store(), project, "anna", digest("t1"), TIME).await.unwrap());
        assert_eq!(left(app, project, "anna").await, rows(&[("t2", 0)]));
        assert!(take(app.store(), project, "anna", digest("t2"), TIME).await.unwrap());
        assert_eq!(left(app, project, "anna").await, []);
    }

    async fn a_token_serves_its_own_user_in_its_own_project(app) {
        let (project, other) = (app.project(PROJECT).await.key, app.new_project("other").await.key);
        for project in [project, other] {
            people(app, project).await;
        }
        add(app, project, "t", "anna").await;
        assert!(!take(app.store(), project, "bert", digest("t"), TIME).await.unwrap());
        assert!(!take(app.store(), project, "nobody", digest("t"), TIME).await.unwrap());
        assert!(!take(app.store(), other, "anna", digest("t"), TIME).await.unwrap());
        // Users of two projects may even have tokens that are alike.
        add(app, other, "t", "anna").await;
        assert!(take(app.store(), other, "anna", digest("t"), TIME).await.unwrap());
        assert_eq!(left(app, other, "anna").await, []);
        assert_eq!(left(app, project, "anna").await, rows(&[("t", 0)]));
        assert!(take(app.store(), project, "anna", digest("t"), TIME).await.unwrap());
    }

    async fn a_token_ends_at_its_moment(app) {
        let project = app.project(PROJECT).await.key;
        people(app, project).await;
        add(app, project, "t", "anna").await;
        for late in [END, END.plus(Duration::from_millis(1)), Millis(i64::MAX)] {
            assert!(!take(app.store(), project, "anna", digest("t"), late).await.unwrap(), "{late:?}");
        }
        // What has ended is not taken away by those who try it.
        assert_eq!(left(app, project, "anna").await, rows(&[("t", 0)]));
        assert!(take(app.store(), project, "anna", digest("t"), Millis(END.0 - 1)).await.unwrap());
    }

    async fn of_callers_who_come_together_one_gets_it(app) {
        let project = app.project(PROJECT).await.key;
        people(app, project).await;
        for id in ["a", "b", "c", "d", "e"] {
            add(app, project, id, "anna").await;
            let takes = (0..8).map(|_| take(app.store(), project, "anna", digest(id), TIME));
            let taken: Vec<bool> = join_all(takes).await.into_iter().map(Result::unwrap).collect();
            assert_eq!(taken.iter().filter(|taken| **taken).count(), 1, "{taken:?}");
        }
        assert_eq!(left(app, project, "anna").await, []);
    }

    async fn a_transaction_that_fails_gives_the_token_back(app) {
        let project = app.project(PROJECT).await.key;
        people(app, project).await;
        add(app, project, "t", "anna").await;
        let failed: Result<()> = app.store().write(move |tx| Box::pin(async move {
            assert!(tokens::take(tx, project, "anna", &digest("t"), TIME).await?);
            users::insert(tx, project, new_user("anna"), None).await.map(drop)
        })).await;
        assert!(failed.is_err());
        assert!(take(app.store(), project, "anna", digest("t"), TIME).await.unwrap());
    }

    async fn a_wrong_secret_counts_against_all_tokens_of_the_user_and_of_nobody_else(app) {
        let (project, other) = (app.project(PROJECT).await.key, app.new_project("other").await.key);
        for project in [project, other] {
            people(app, project).await;
            for (id, user) in [("a1", "anna"), ("a2", "anna"), ("b1", "bert")] {
                add(app, project, id, user).await;
            }
        }
        miss(app.store(), project, "anna", 5).await.unwrap();
        miss(app.store(), project, "anna", 5).await.unwrap();
        miss(app.store(), project, "nobody", 5).await.unwrap();
        assert_eq!(left(app, project, "anna").await, rows(&[("a1", 2), ("a2", 2)]));
        assert_eq!(left(app, project, "bert").await, rows(&[("b1", 0)]));
        assert_eq!(left(app, other, "anna").await, rows(&[("a1", 0), ("a2", 0)]));
        assert_eq!(left(app, other, "bert").await, rows(&[("b1", 0)]));
        // What has been tried in vain may still be taken.
        assert!(take(app.store(), project, "anna", digest("a1"), TIME).await.unwrap());
    }

    async fn too_many_wrong_secrets_end_a_token(app) {
        let (project, other) = (app.project(PROJECT).await.key, app.new_project("other").await.key);
        for project in [project, other] {
            people(app, project).await;
            add(app, project, "old", "anna").await;
            add(app, project, "b1", "bert").await;
        }
        miss(app.store(), project, "anna", 3).await.unwrap();
        // A younger token has its own count.
        add(app, project, "young", "anna").await;
        miss(app.store(), project, "anna", 3).await.unwrap();
        assert_eq!(left(app, project, "anna").await, rows(&[("old", 2), ("young", 1)]));
        miss(app.store(), project, "anna", 3).await.unwrap();
        assert_eq!(left(app, project, "anna").await, rows(&[("young", 2)]));
        assert!(!take(app.store(), project, "anna", digest("old"), TIME).await.unwrap());
        miss(app.store(), project, "anna", 3).await.unwrap();
        assert_eq!(left(app, project, "anna").await, []);
        assert_eq!(left(app, project, "bert").await, rows(&[("b1", 0)]));
        assert_eq!(left(app, other, "anna").await, rows(&[("old", 0)]));
        // Only those of this user are judged, whatever the others have seen.
        for _ in 0..3 {
            miss(app.store(), project, "bert", 9).await.unwrap();
        }
        miss(app.store(), project, "anna", 1).await.unwrap();
        assert_eq!(left(app, project, "bert").await, rows(&[("b1", 3)]));
    }

    async fn wrong_secrets_at_the_same_time_are_all_counted(app) {
        let project = app.project(PROJECT).await.key;
        people(app, project).await;
        for id in ["t1", "t2", "t3"] {
            add(app, project, id, "anna").await;
        }
        for answer in join_all((0..20).map(|_| miss(app.store(), project, "anna", 21))).await {
            answer.unwrap();
        }
        assert_eq!(left(app, project, "anna").await, rows(&[("t1", 20), ("t2", 20), ("t3", 20)]));
        miss(app.store(), project, "anna", 21).await.unwrap();
        assert_eq!(left(app, project, "anna").await, []);
    }

    async fn all_tokens_of_a_user_can_be_taken_back(app) {
        let (project, other) = (app.project(PROJECT).await.key, app.new_project("other").await.key);
        for project in [project, other] {
            people(app, project).await;
            for (id, user) in [("a1", "anna"), ("a2", "anna"), ("b1", "bert")] {
                add(app, project, id, user).await;
            }
        }
        for _ in 0..2 {
            app.write(move |tx| Box::pin(async move { tokens::delete_all(tx, project, "anna").await })).await;
            assert_eq!(left(app, project, "anna").await, []);
        }
        assert_eq!(left(app, project, "bert").await, rows(&[("b1", 0)]));
        assert_eq!(left(app, other, "anna").await, rows(&[("a1", 0), ("a2", 0)]));
    }
}
