//! A sign-in is the only moment at which the password is known: an outdated hash is made anew then.

use serde_json::{Value, json};
use usher::hashing::{Cost, Memory, Stored, hash};

use super::{OLD, WRONG, guest, hashes, import, owner, session_ids, sign_in, user};
use crate::support::{NOW, TestApp, both};
use crate::users::crud::{events, stored, tick, with};
use crate::users::import::{ARGON2I_16, ARGON2ID, BCRYPT, accepted, samples};

/// `correct horse battery` by Argon2i of version 19, and by Argon2id with version 16 written out.
const ARGON2I: &str = "$argon2i$v=19$m=1024,t=2,p=1$7EqrvuQjLNrSt+o0zifZ/w$pvL6pqFbhVO6SNgJ0g0JyhkBj5nOjxZlwqbGVOLTabA";
const ARGON2ID_16: &str =
    "$argon2id$v=16$m=1024,t=2,p=1$DNtzSqdcVn0LuYR7tgZMnQ$gg9IWnuIR9jwTxRVeoQAMJaFJ9WrrixxKrzLmaDJQr8";

/// The password by Argon2id of version 19 at another cost.
fn argon2id(memory_kib: u32, passes: u32, lanes: u32) -> String {
    hash(OLD.as_bytes(), &Cost { memory_kib, passes, lanes }, &mut Memory::default()).unwrap().text
}

async fn shown(app: &TestApp, id: &str) -> Value {
    app.admin().get(&format!("/v1/users/{id}")).await.expect(200)
}

/// Whether what is stored for the user is the hash of this password.
async fn verifies(app: &TestApp, id: &str, password: &str) -> bool {
    let row = stored(app, id).await;
    let stored = Stored::from_columns(row.password.unwrap(), &row.hash, &row.hash_options).unwrap();
    app.app.hashing.verify(stored, password.into()).await.unwrap()
}

both! {
    async fn each_form_becomes_argon2_at_the_first_sign_in(app, "USHER_HASH_COST" = "m=2048,t=3,p=2") {
        for (n, (path, hash, ..)) in accepted().into_iter().enumerate() {
            let id = format!("u{n}");
            let made = import(app, &id, path, &hash).await;
            let imported = made["$updatedAt"].clone();
            tick(app);
            // A wrong password costs as much and changes nothing.
            let (answer, run) = hashes(app, sign_in(&guest(app), &id, "correct horse batterz")).await;
            answer.fails(WRONG.0, WRONG.1, "");
            assert_eq!((run, shown(app, &id).await), (2, made.clone()), "{path} {hash}");

            let (answer, run) = hashes(app, sign_in(&guest(app), &id, OLD)).await;
            answer.expect(201);
            assert_eq!(run, 2, "{path} {hash}");
            let (after, now) = (shown(app, &id).await, app.app.clock.now().to_string());
            let text = after["password"].as_str().unwrap().to_owned();
            assert!(text.starts_with("$argon2id$v=19$m=2048,t=3,p=2$") && text.len() > 80, "{text}");
            assert_eq!(after, with(&made, json!({
                "password": text, "hash": "argon2",
                "hashOptions": {"type": "argon2", "memoryCost": 2048, "timeCost": 3, "threads": 2},
                "$updatedAt": now, "accessedAt": now
            })));
            assert_eq!((&after["passwordUpdate"], imported != json!(now)), (&imported, true));
            assert!(verifies(app, &id, OLD).await && !verifies(app, &id, "correct horse batterz").await);

            tick(app);
            let (answer, run) = hashes(app, sign_in(&guest(app), &id, OLD)).await;
            answer.expect(201);
            assert_eq!((run, shown(app, &id).await), (1, after), "{path} {hash}: once is enough");
            sign_in(&guest(app), &id, "correct horse batterz").await.fails(WRONG.0, WRONG.1, "");
        }
    }

    /// Lanes are no work of their own, and the texts of two kinds tell their algorithm themselves.
    async fn weaker_argon2_is_made_anew_and_stronger_stays(app, "USHER_HASH_COST" = "m=1024,t=2,p=2") {
        for (n, (path, text, renewed)) in [
            ("argon2", argon2id(1024, 2, 2), false),
            ("argon2", ARGON2ID.to_owned(), false),
            ("argon2", argon2id(1024, 2, 4), false),
            ("argon2", argon2id(1025, 2, 1), false),
            ("argon2", argon2id(4096, 5, 2), false),
            ("argon2", argon2id(1023, 2, 2), true),
            ("argon2", argon2id(1024, 1, 2), true),
            ("argon2", argon2id(4096, 1, 2), true),
            ("argon2", argon2id(512, 9, 2), true),
            ("argon2", ARGON2I.to_owned(), true),
            ("argon2", ARGON2ID_16.to_owned(), true),
            ("argon2", ARGON2I_16.to_owned(), true),
            ("argon2", BCRYPT.to_owned(), true),
            ("bcrypt", argon2id(1024, 2, 2), true),
            ("bcrypt", argon2id(4096, 5, 2), true),
            ("phpass", BCRYPT.to_owned(), true),
        ].into_iter().enumerate() {
            let id = format!("u{n}");
            import(app, &id, path, &json!({"password": text})).await;
            let (answer, run) = hashes(app, sign_in(&guest(app), &id, OLD)).await;
            answer.expect(201);
            assert_eq!(run, if renewed { 2 } else { 1 }, "{path} {text}");
            let after = shown(app, &id).await;
            assert_eq!((after["password"] != text, &after["hash"]), (renewed, &json!("argon2")), "{path} {text}");
            assert!(!renewed || after["password"].as_str().unwrap().starts_with("$argon2id$v=19$m=1024,t=2,p=2$"));
            let (answer, run) = hashes(app, sign_in(&guest(app), &id, OLD)).await;
            answer.expect(201);
            assert_eq!((run, shown(app, &id).await), (1, after), "{path} {text}");
        }
    }

    async fn a_password_of_this_server_is_never_made_anew(app) {
        let made = user(app, "anna", "long enough").await;
        for _ in 0..3 {
            let (answer, run) = hashes(app, sign_in(&guest(app), "anna", "long enough")).await;
            answer.expect(201);
            assert_eq!((run, &shown(app, "anna").await), (1, &with(&made, json!({"accessedAt": NOW}))));
        }
    }

    /// A history of another algorithm than the present password's would match nothing if it had not kept its own.
    async fn earlier_passwords_keep_matching(app, "USHER_HASH_COST" = "m=2048,t=2,p=1") {
        app.set(|settings| settings.password_history = 5).await;
        for (path, hash) in samples() {
            let set = async |password: &str| {
                app.admin().patch(&format!("/v1/users/{path}/password"), &json!({"password": password})).await
            };
            import(app, path, path, &hash).await;
            let history = stored(app, path).await.password_history;
            sign_in(&guest(app), path, OLD).await.expect(201);
            assert_eq!(stored(app, path).await.password_history, history, "{path}");
            set(OLD).await.fails(400, "password_recently_used", "");
            set("another horse").await.expect(200);
            sign_in(&guest(app), path, "another horse").await.expect(201);
            set(OLD).await.fails(400, "password_recently_used", "");
            set("another horse").await.fails(400, "password_recently_used", "");
            // The owner is held to it as well.
            let own = owner(app, path).await;
            let body = json!({"password": OLD, "oldPassword": "another horse"});
            own.patch("/v1/account/password", &body).await.fails(400, "password_recently_used", "");
        }
    }

    async fn it_is_no_change_of_the_password(app, "USHER_HASH_COST" = "m=2048,t=2,p=1") {
        for (path, hash) in samples() {
            import(app, path, path, &hash).await;
            owner(app, path).await;
            let before = session_ids(app, path).await;
            sign_in(&guest(app), path, OLD).await.expect(201);
            let after = session_ids(app, path).await;
            assert_eq!((after.len(), &after[..1]), (2, &before[..]), "{path}: sessions stay");
            assert_eq!(events(app, path).await, ["session.create", "session.create", "user.create"], "{path}");
        }
    }

    async fn the_old_hash_is_nowhere_to_be_found_afterwards(app) {
        let md5 = &samples()[2].1;
        let old = import(app, "anna", "md5", md5).await["password"].as_str().unwrap().to_owned();
        sign_in(&guest(app), "anna", OLD).await.expect(201);
        let row = stored(app, "anna").await;
        let columns = [row.password.unwrap(), row.hash, row.hash_options, row.password_history];
        assert!(columns.iter().all(|column| !column.contains(&old)), "{columns:?}");
        assert_eq!((columns[1].as_str(), columns[2].as_str()), ("argon2", "\"argon2\""));
    }
}
