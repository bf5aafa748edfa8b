//! What a failed sign-in tells: nothing. Answer and work are the same whether or not there is such an account.

use serde_json::json;
use usher::store::targets::Targets;
use usher::store::users::{self, User};

use super::{COSTLY, OLD, PATHS, WRONG, email, guest, hashes, headers, import, owner, session_ids, sign_in, user};
use crate::support::{PROJECT, TestApp, both};
use crate::users::crud::{stored, with};
use crate::users::import::samples;

const RIGHT: &str = "long enough";

/// Every state that an account can be in, in which nobody knows its password.
async fn accounts(app: &TestApp) -> Vec<&'static str> {
    user(app, "default", RIGHT).await;
    app.user("without", json!({"email": email("without")})).await;
    user(app, "taken", RIGHT).await;
    app.admin().patch("/v1/users/taken/password", &json!({"password": ""})).await.expect(200);
    user(app, "blocked", RIGHT).await;
    app.admin().patch("/v1/users/blocked/status", &json!({"status": false})).await.expect(200);
    // Of invited users there is a hash, and still nobody has set a password.
    let row = stored(app, "default").await;
    let (id, email) = ("invited".into(), Some(email("invited")));
    let invited = User { id, email, password_update: None, targets: Targets::default(), ..row };
    let project = app.project(PROJECT).await.key;
    app.write(move |tx| Box::pin(async move { users::insert(tx, project, invited, None).await })).await;
    for (id, path, text) in [
        ("argon2-text", "argon2", "no such form"),
        ("argon2-cost", "argon2", COSTLY),
        ("bcrypt-text", "bcrypt", "$2b$04$too-short"),
        ("bcrypt-cost", "bcrypt", "$2b$31$mPMsM6DrVZmeFjIUBQ20OOjjFY05EG06gXRET/c03L18.ht135LX6"),
        ("md5-text", "md5", "88E4DDD2402D92D50E1879D6ECD9FFD4"),
        ("phpass-text", "phpass", "no such form"),
        ("sha-text", "sha", "no such form"),
    ] {
        import(app, id, path, &json!({"password": text})).await;
    }
    for (path, mut hash) in [samples().remove(5), samples().remove(6)] {
        hash["password"] = json!("no such form");
        import(app, path, path, &hash).await;
    }
    vec![
        "default",
        "without",
        "taken",
        "blocked",
        "invited",
        "argon2-text",
        "argon2-cost",
        "bcrypt-text",
        "bcrypt-cost",
        "md5-text",
        "phpass-text",
        "sha-text",
        "scrypt",
        "scrypt-modified",
    ]
}

both! {
    async fn nobody_can_tell_whether_there_is_an_account(app, "USHER_LENIENT_IMPORT" = "true") {
        let accounts = accounts(app).await;
        let strangers = ["nobody", "somebody.else", "with+tag"];
        for path in PATHS {
            // As each address is asked for the first time, the headers that count are the same too.
            let mut told = Vec::new();
            for id in accounts.iter().chain(&strangers) {
                let body = json!({"email": email(id), "password": "wrong enough"});
                let (answer, run) = hashes(app, guest(app).post(path, &body)).await;
                told.push((answer.status, answer.text.clone(), headers(&answer), run));
                assert_eq!(told.last(), told.first(), "{id}");
                assert_eq!(run, 1, "{id}");
                answer.fails(WRONG.0, WRONG.1, "");
            }
        }
        for id in accounts {
            assert!(session_ids(app, id).await.is_empty(), "{id}");
        }
    }

    /// That somebody has tried passwords elsewhere would tell that there is an account.
    async fn what_the_owner_has_tried_is_not_told_to_strangers(app) {
        user(app, "anna", RIGHT).await;
        let own = owner(app, "anna").await;
        for n in 0..15 {
            let (path, address) = [("email", "new@example.org"), ("phone", "+4915112345678")][n % 2];
            let body = json!({path: address, "password": "wrong enough"});
            own.patch(&format!("/v1/account/{path}"), &body).await.fails(WRONG.0, WRONG.1, "");
        }
        for n in 0..5 {
            let anna = sign_in(&guest(app), "anna", "wrong enough").await;
            let nobody = sign_in(&guest(app), "nobody", "wrong enough").await;
            assert_eq!((anna.status, anna.text.as_str()), (nobody.status, nobody.text.as_str()), "{n}");
            assert_eq!(headers(&anna), headers(&nobody), "{n}");
        }
    }

    /// The password that there was, or that the hash is of, opens nothing either.
    async fn an_account_without_a_password_lets_nobody_in(app, "USHER_LENIENT_IMPORT" = "true") {
        accounts(app).await;
        for (id, password) in [("taken", RIGHT), ("invited", RIGHT), ("without", "argon2"), ("md5-text", OLD)] {
            let before = stored(app, id).await;
            let (answer, run) = hashes(app, sign_in(&guest(app), id, password)).await;
            answer.fails(WRONG.0, WRONG.1, "");
            assert_eq!((run, stored(app, id).await), (1, before), "{id}");
        }
        // With a new password both are accounts again.
        for id in ["taken", "invited", "without", "md5-text"] {
            app.admin().patch(&format!("/v1/users/{id}/password"), &json!({"password": RIGHT})).await.expect(200);
            sign_in(&guest(app), id, RIGHT).await.expect(201);
        }
    }

    async fn an_imported_hash_costs_the_same_right_or_wrong(app, "USHER_HASH_COST" = "m=2048,t=2,p=1") {
        for (path, hash) in samples() {
            import(app, path, path, &hash).await;
            for (password, status, expected) in [
                ("correct horse batterz", 401, 2), (OLD, 201, 2), ("correct horse batterz", 401, 1), (OLD, 201, 1),
            ] {
                let (answer, run) = hashes(app, sign_in(&guest(app), path, password)).await;
                assert_eq!((answer.status, run), (status, expected), "{path} {password}");
            }
        }
    }

    async fn that_a_user_is_blocked_is_told_to_who_knows_the_password(app, "USHER_HASH_COST" = "m=2048,t=2,p=1") {
        user(app, "anna", RIGHT).await;
        import(app, "bert", "md5", &samples()[2].1).await;
        for (id, right, cost) in [("anna", RIGHT, 1), ("bert", OLD, 2)] {
            app.admin().patch(&format!("/v1/users/{id}/status"), &json!({"status": false})).await.expect(200);
            let before = app.admin().get(&format!("/v1/users/{id}")).await.expect(200);
            for path in PATHS {
                let wrong = json!({"email": email(id), "password": "wrong enough"});
                let (answer, run) = hashes(app, guest(app).post(path, &wrong)).await;
                answer.fails(WRONG.0, WRONG.1, "");
                assert_eq!(run, cost);
                let (answer, run) = hashes(app, guest(app).post(path, &with(&wrong, json!({"password": right})))).await;
                assert_eq!((run, headers(&answer).contains_key("set-cookie")), (cost, false));
                assert!(!headers(&answer).contains_key("x-fallback-cookies"));
                answer.fails(403, "user_blocked", "");
            }
            let after = app.admin().get(&format!("/v1/users/{id}")).await.expect(200);
            assert_eq!(after, before, "the hash is what it was");
            assert!(session_ids(app, id).await.is_empty());
            app.admin().patch(&format!("/v1/users/{id}/status"), &json!({"status": true})).await.expect(200);
            sign_in(&guest(app), id, right).await.expect(201);
        }
    }

    /// The same address in another project is another account.
    async fn a_password_counts_in_its_own_project_only(app) {
        user(app, "anna", RIGHT).await;
        app.new_project("other").await;
        let key = app.new_key("other", &usher::access::Scope::ALL).await;
        let theirs = guest(app).header("x-appwrite-project", "other");
        sign_in(&theirs, "anna", RIGHT).await.fails(WRONG.0, WRONG.1, "");
        let body = json!({"userId": "anna", "email": email("anna"), "password": "another one"});
        app.caller("other", &key).post("/v1/users", &body).await.expect(201);
        sign_in(&theirs, "anna", RIGHT).await.fails(WRONG.0, WRONG.1, "");
        sign_in(&guest(app), "anna", "another one").await.fails(WRONG.0, WRONG.1, "");
        sign_in(&theirs, "anna", "another one").await.expect(201);
        assert!(session_ids(app, "anna").await.is_empty());
    }
}
