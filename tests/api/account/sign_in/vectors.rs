//! Every known hash lets its owner in after the import, and nobody else.

use serde_json::{Value, json};

use super::{COSTLY, INVALID, OLD, WRONG, email, guest, hashes, import, sign_in};
use crate::support::{Answer, TestApp, both};
use crate::users::import::{accepted, body, vectors::vectors};

/// Passwords that no request can carry: one of 300 bytes and one with U+0000, both of MD5. Their hashes are imported
/// all the same, since nobody can tell from them.
const UNSPEAKABLE: [(&str, usize); 2] = [("md5", 300), ("md5", 10)];

/// The one hash that verifies against expectation, as decided: an import of Firebase puts its base64 right.
const PUT_RIGHT: (&str, &str) = ("scryptMod", "stored value without padding");

fn plain(vector: &Value) -> &str {
    vector["plain"].as_str().unwrap()
}

fn is_unspeakable(vector: &Value) -> bool {
    let plain = plain(vector);
    plain.is_empty() || plain.len() > 256 || plain.contains('\0')
}

async fn import_vector(app: &TestApp, n: usize, vector: &Value) -> Answer {
    let path = format!("/v1{}", vector["create_endpoint"].as_str().unwrap());
    app.admin().post(&path, &body(&format!("u{n}"), &vector["body"])).await
}

/// Whether the owner gets in: at first against the imported hash, and again against the one that took its place.
async fn enters(app: &TestApp, n: usize, vector: &Value, expected: bool) {
    let id = format!("u{n}");
    let first = sign_in(&guest(app), &id, plain(vector)).await;
    assert_eq!(first.status, if expected { 201 } else { WRONG.0 }, "{vector}");
    if !expected {
        return first.fails(WRONG.0, WRONG.1, "");
    }
    let again = sign_in(&guest(app), &id, plain(vector)).await;
    assert_eq!((again.status, &again.json["providerUid"]), (201, &json!(email(&id))), "{vector}");
}

async fn every_vector(app: &TestApp, lenient: bool) {
    let Some(vectors) = vectors() else { return };
    let (mut unspeakable, mut put_right) = (Vec::new(), 0);
    for (n, vector) in vectors.iter().enumerate() {
        let (algorithm, note) = (vector["algorithm"].as_str().unwrap(), vector["note"].as_str().unwrap());
        let mut expected = vector["expect"] == json!(true);
        let imported = import_vector(app, n, vector).await;
        if !expected && !lenient && imported.status == 400 {
            imported.fails(400, INVALID, "");
            continue;
        }
        assert_eq!(imported.status, 201, "{vector}: {}", imported.text);
        if (algorithm, note) == PUT_RIGHT {
            put_right += 1;
            expected = !lenient;
        }
        if is_unspeakable(vector) {
            unspeakable.push((algorithm, plain(vector).len()));
            sign_in(&guest(app), &format!("u{n}"), plain(vector)).await.fails(400, INVALID, "`password`");
        } else {
            enters(app, n, vector, expected).await;
        }
    }
    assert_eq!((unspeakable.as_slice(), put_right), (UNSPEAKABLE.as_slice(), 1));
}

both! {
    async fn every_vector_of_the_contract(app) {
        every_vector(app, false).await;
    }

    async fn every_vector_of_the_contract_leniently(app, "USHER_LENIENT_IMPORT" = "true") {
        every_vector(app, true).await;
    }

    /// The contract's list may be absent; these always are there.
    async fn every_form_of_hash_lets_its_owner_in(app) {
        for (n, (path, hash, ..)) in accepted().into_iter().enumerate() {
            let id = format!("u{n}");
            import(app, &id, path, &hash).await;
            for (password, status) in [
                ("correct horse batterz", 401), ("correct horse battery ", 401), ("Correct horse battery", 401),
                (OLD, 201), ("correct horse batterz", 401), (OLD, 201),
            ] {
                let answer = sign_in(&guest(app), &id, password).await;
                assert_eq!(answer.status, status, "{path} {hash} {password}: {}", answer.text);
            }
        }
    }

    /// Imported users may have short passwords, and change nothing of them by signing in.
    async fn passwords_that_are_too_short_to_be_chosen_still_open_their_account(app) {
        for (length, digest) in [
            "c4ca4238a0b923820dcc509a6f75849b", "c20ad4d76fe97759aa27a0c99bff6710",
            "202cb962ac59075b964b07152d234b70", "81dc9bdb52d04dc20036dbd8313ed055",
            "827ccb0eea8a706c4c34a16891f84e7b", "e10adc3949ba59abbe56e057f20f883e",
            "fcea920f7412b5da7be0cf42b8c93759",
        ].into_iter().enumerate() {
            let (id, password) = (format!("u{length}"), &"1234567"[..=length]);
            import(app, &id, "md5", &json!({"password": digest})).await;
            for _ in 0..2 {
                sign_in(&guest(app), &id, password).await.expect(201);
            }
            sign_in(&guest(app), &id, &format!("{password}0")).await.fails(WRONG.0, WRONG.1, "");
        }
    }

    async fn a_hash_that_costs_too_much_is_not_computed(app, "USHER_LENIENT_IMPORT" = "true") {
        let costly = [
            ("argon2", json!({"password": COSTLY})),
            ("bcrypt", json!({"password": "$2b$31$mPMsM6DrVZmeFjIUBQ20OOjjFY05EG06gXRET/c03L18.ht135LX6"})),
            ("phpass", json!({"password": "$P$SabcdefghWRJvDLyKMywBZkchKMaCX0"})),
            ("scrypt", json!({
                "password": "00".repeat(64), "passwordSalt": "salt", "passwordCpu": 1_i64 << 40, "passwordMemory": 8,
                "passwordParallel": 1, "passwordLength": 64
            })),
        ];
        for (id, hash) in costly {
            import(app, id, id, &hash).await;
            let (answer, run) = hashes(app, sign_in(&guest(app), id, OLD)).await;
            answer.fails(WRONG.0, WRONG.1, "");
            assert_eq!(run, 1, "{id}: only the one that hides whether there is an account");
        }
    }
}
