//! `USHER_LENIENT_IMPORT=true`: as upstream, any text is taken for a hash, and sign-in then fails.

use super::{ARGON2ID, BCRYPT, INVALID, body, firebase, samples, scrypt, set};
use crate::support::both;
use crate::users::crud::stored;
use serde_json::json;
use usher::hashing::Stored;

both! {
    async fn any_text_is_taken_and_kept(app, "USHER_LENIENT_IMPORT" = "true") {
        for (path, hash) in samples() {
            let costly = [BCRYPT.replace("$04$", "$31$"), ARGON2ID.replace("m=1024", "m=4294967295")];
            let texts = ["no such form", " 8 bytes", "ünï\ncödé", &costly[0], &costly[1]];
            for (n, text) in texts.into_iter().enumerate() {
                let id = format!("{path}{n}");
                let sent = set(&body(&id, &hash), json!({"password": text}));
                let made = app.admin().post(&format!("/v1/users/{path}"), &sent).await.expect(201);
                assert_eq!(made["password"], text);
                assert_eq!(made["hashOptions"]["type"], made["hash"]);
                let read = app.admin().get(&format!("/v1/users/{id}")).await.expect(200);
                assert_eq!(read, made);
                let row = stored(app, &id).await;
                let stored = Stored::from_columns(row.password.unwrap(), &row.hash, &row.hash_options).unwrap();
                assert!(!app.app.hashing.verify(stored, text.into()).await.unwrap());
            }
        }
    }

    async fn parameters_are_kept_as_sent(app, "USHER_LENIENT_IMPORT" = "true") {
        let changes =
            json!({"passwordCpu": -14, "passwordMemory": 0, "passwordParallel": i64::MAX, "passwordLength": 1});
        let sent = set(&body("scrypt", &scrypt()), changes);
        let made = app.admin().post("/v1/users/scrypt", &sent).await.expect(201);
        let options = json!({
            "type": "scrypt", "costCpu": -14, "costMemory": 0, "costParallel": i64::MAX, "length": 1,
            "salt": "NaCl-salt"
        });
        assert_eq!(made["hashOptions"].to_string(), options.to_string());
        // Firebase's values are not rewritten either, whatever they are.
        let changes = json!({
            "password": "-_-_-_-_", "passwordSalt": "a\"b\\", "passwordSaltSeparator": "Bw",
            "passwordSignerKey": "no base64!"
        });
        let sent = set(&body("firebase", &firebase()), changes);
        let made = app.admin().post("/v1/users/scrypt-modified", &sent).await.expect(201);
        let options = json!({"type": "scryptMod", "salt": "a\"b\\", "saltSeparator": "Bw", "signerKey": "no base64!"});
        assert_eq!((&made["password"], &made["hashOptions"]), (&json!("-_-_-_-_"), &options));
    }

    async fn good_hashes_still_verify(app, "USHER_LENIENT_IMPORT" = "true") {
        for (path, hash) in samples() {
            let made = app.admin().post(&format!("/v1/users/{path}"), &body(path, &hash)).await.expect(201);
            assert_eq!(made["password"], hash["password"]);
            let row = stored(app, path).await;
            let stored = Stored::from_columns(row.password.unwrap(), &row.hash, &row.hash_options).unwrap();
            assert!(app.app.hashing.verify(stored, b"correct horse battery".to_vec()).await.unwrap(), "{path}");
        }
    }

    async fn lengths_and_types_are_still_checked(app, "USHER_LENIENT_IMPORT" = "true") {
        for (path, hash) in samples() {
            for (text, status) in
                [("x".repeat(7), 400), ("x".repeat(8), 201), ("x".repeat(4096), 201), ("x".repeat(4097), 400)]
            {
                let sent = set(&body(path, &hash), json!({"password": text}));
                let answer = app.admin().post(&format!("/v1/users/{path}"), &sent).await;
                assert_eq!(answer.status, status, "{path} with {} bytes", text.len());
                match status {
                    201 => assert_eq!(app.admin().delete(&format!("/v1/users/{path}")).await.status, 204),
                    _ => answer.fails(400, INVALID, "`password`"),
                }
            }
        }
        let sent = set(&body("scrypt", &scrypt()), json!({"passwordCpu": "8"}));
        app.admin().post("/v1/users/scrypt", &sent).await.fails(400, INVALID, "`passwordCpu`");
        let sent = set(&body("sha", &samples()[4].1), json!({"passwordVersion": "sha-1"}));
        app.admin().post("/v1/users/sha", &sent).await.fails(400, INVALID, "`passwordVersion`");
    }
}
