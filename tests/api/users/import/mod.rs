//! The seven imports: `POST /v1/users/{argon2,bcrypt,md5,phpass,scrypt,scrypt-modified,sha}`

mod lenient;
mod refused;
pub mod vectors;

use super::crud::{add_identities, bare, events, found, identity, stored, with};
use crate::support::{NOW, both, target};
use serde_json::{Value, json};
use usher::hashing::Stored;

const INVALID: &str = "general_argument_invalid";
pub const ARGON2ID: &str =
    "$argon2id$v=19$m=1024,t=2,p=1$4hZR/tlXjvnouY4yr3bW3Q$VdR59UMSS2Lw/zfVDjoqmVPoMbVgdD0rHKaXm/Qbqlw";
pub const ARGON2I_16: &str =
    "$argon2id$m=1024,t=2,p=1$e8kqtfu19btyELfdwYdSTg$BNrO4gjIt6VkSk56H+5HwtJ0lLcMK+blXG7FUAGyYKE";
pub const BCRYPT: &str = "$2y$04$dML.obws8REL6ZWrIOZjBezzOuoB5Hx8WKCprw1SNoV5illmEzjX2";
const PHPASS: &str = "$P$6n86TvFOxtqF4qYkqkWCqDn/bAfr6G1";
pub const MD5: &str = "88e4ddd2402d92d50e1879d6ecd9ffd4";
const SHA1: &str = "98decc62ece399a22ed30d490ef333be7fde7385";
const SHA3_256: &str = "527309fa687983bb95324bd8752537047dc4afac6bc5c323709d0f261aa1a126";
const SHA512: &str = "cef61e4e4eda7ba8a2feaa120617fcf7a513ad9204423b25e243b7d3f556f928\
                      53e95b156adaffdd9a27d0e50736ad6a6bbcc50ce8a9bd35162f7d799e89a521";
const SCRYPT: &str = "0bf16b9ce2a4f670a05b74e278946a317bb461c33f5226aed634b6b20386d7df\
                      72e35d0a72fbdaa9f96e2bfba2a0a3ca9e14314027a1bc96aa32ff389446fd4c";

fn scrypt() -> Value {
    json!({
        "password": SCRYPT, "passwordSalt": "NaCl-salt", "passwordCpu": 8, "passwordMemory": 14, "passwordParallel": 1,
        "passwordLength": 64
    })
}

fn firebase() -> Value {
    json!({
        "password": "Oon4Djzaf5Qs4CQIZEF86b4FB+1qVZ9hsRTq64TFQgM=", "passwordSalt": "LziiFvcvoUt/o6K8ZsVGoQ==",
        "passwordSaltSeparator": "2EY6", "passwordSignerKey": "865kFUyI19BaK01EgWPsQIAf2memNoiSh/JJJqxMPB0="
    })
}

/// One import of each endpoint; the password is always `correct horse battery`.
pub fn samples() -> Vec<(&'static str, Value)> {
    vec![
        ("argon2", json!({"password": ARGON2ID})),
        ("bcrypt", json!({"password": BCRYPT})),
        ("md5", json!({"password": MD5})),
        ("phpass", json!({"password": PHPASS})),
        ("sha", json!({"password": SHA1, "passwordVersion": "sha1"})),
        ("scrypt", scrypt()),
        ("scrypt-modified", firebase()),
    ]
}

/// The body of an import for a user with this id.
pub fn body(id: &str, hash: &Value) -> Value {
    let mut body = hash.clone();
    body["userId"] = json!(id);
    body["email"] = json!(format!("{id}@example.org"));
    body
}

/// The same body with other values in some fields.
fn set(body: &Value, changes: Value) -> Value {
    let mut body = body.clone();
    body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    body
}

/// Endpoint, body, `hash` and `hashOptions`, of every form that an endpoint takes.
pub fn accepted() -> Vec<(&'static str, Value, &'static str, Value)> {
    let sha = |text: &str, version: Value, shown: &str| {
        ("sha", json!({"password": text, "passwordVersion": version}), "sha", json!({"type": "sha", "version": shown}))
    };
    let argon2 = json!({"type": "argon2", "memoryCost": 1024, "timeCost": 2, "threads": 1});
    vec![
        ("argon2", json!({"password": ARGON2ID}), "argon2", argon2.clone()),
        ("argon2", json!({"password": ARGON2I_16}), "argon2", argon2),
        ("argon2", json!({"password": BCRYPT}), "argon2", json!({"type": "argon2"})),
        ("bcrypt", json!({"password": BCRYPT}), "bcrypt", json!({"type": "bcrypt"})),
        ("bcrypt", json!({"password": BCRYPT.replace("2y", "2b")}), "bcrypt", json!({"type": "bcrypt"})),
        ("bcrypt", json!({"password": BCRYPT.replace("2y", "2a")}), "bcrypt", json!({"type": "bcrypt"})),
        ("bcrypt", json!({"password": BCRYPT.replace("2y", "2x")}), "bcrypt", json!({"type": "bcrypt"})),
        ("bcrypt", json!({"password": ARGON2ID}), "bcrypt", json!({"type": "bcrypt"})),
        ("md5", json!({"password": MD5}), "md5", json!({"type": "md5"})),
        ("phpass", json!({"password": PHPASS}), "phpass", json!({"type": "phpass"})),
        ("phpass", json!({"password": PHPASS.replace("$P$", "$H$")}), "phpass", json!({"type": "phpass"})),
        ("phpass", json!({"password": BCRYPT}), "phpass", json!({"type": "phpass"})),
        sha(SHA1, json!("sha1"), "sha1"),
        sha(SHA3_256, json!("sha3-256"), "sha3-256"),
        sha(SHA512, json!("sha512"), "sha512"),
        sha(SHA512, json!("SHA512"), "sha512"),
        // Without a version the name from SHA-2 is shown, until a sign-in tells which it is.
        sha(SHA1, json!(null), "sha1"),
        sha(SHA3_256, json!(null), "sha256"),
        sha(SHA512, json!(null), "sha512"),
        (
            "scrypt",
            scrypt(),
            "scrypt",
            json!({
                "type": "scrypt", "costCpu": 8, "costMemory": 14, "costParallel": 1, "length": 64, "salt": "NaCl-salt"
            }),
        ),
        (
            "scrypt-modified",
            firebase(),
            "scryptMod",
            json!({
                "type": "scryptMod", "salt": "LziiFvcvoUt/o6K8ZsVGoQ==", "saltSeparator": "2EY6",
                "signerKey": "865kFUyI19BaK01EgWPsQIAf2memNoiSh/JJJqxMPB0="
            }),
        ),
    ]
}

both! {
    async fn a_hash_is_kept_to_the_letter_and_verifies(app) {
        for (n, (path, hash, algorithm, options)) in accepted().into_iter().enumerate() {
            let id = format!("u{n}");
            let made = app.admin().post(&format!("/v1/users/{path}"), &body(&id, &hash)).await.expect(201);
            let email = format!("{id}@example.org");
            let expected = with(&bare(&id), json!({
                "email": email, "password": hash["password"], "hash": algorithm, "hashOptions": options,
                "passwordUpdate": NOW, "targets": [target(&made["targets"][0], &id, "email", &email, NOW)]
            }));
            assert_eq!(made.to_string(), expected.to_string(), "{path} {hash}");
            assert_eq!(app.admin().get(&format!("/v1/users/{id}")).await.expect(200).to_string(), expected.to_string());
            assert_eq!(events(app, &id).await, ["user.create"]);
            let row = stored(app, &id).await;
            assert_eq!((row.password_history.as_str(), row.phone), ("[]", None));
            let stored = Stored::from_columns(row.password.unwrap(), &row.hash, &row.hash_options).unwrap();
            // A changed prefix of PHPass stands for the same computation, as do those of bcrypt.
            assert!(app.app.hashing.verify(stored.clone(), b"correct horse battery".to_vec()).await.unwrap(), "{hash}");
            assert!(!app.app.hashing.verify(stored, b"correct horse batterz".to_vec()).await.unwrap(), "{hash}");
        }
    }

    async fn name_and_email_are_those_of_any_user(app) {
        for (path, hash) in samples() {
            let id = path.replace('/', "");
            let mut sent = body(&id, &hash);
            (sent["name"], sent["email"]) = (json!("Åsa Lee"), json!(format!("{id}@EXAMPLE.org")));
            // There is no phone among the parameters of an import.
            sent["phone"] = json!("+4915112345678");
            let made = app.admin().post(&format!("/v1/users/{path}"), &sent).await.expect(201);
            assert_eq!(made["name"], "Åsa Lee");
            assert_eq!((&made["email"], &made["phone"]), (&json!(format!("{id}@example.org")), &json!("")));
            assert_eq!(found(app, &format!("{id}@example.org asa")).await, [id]);
            sent["name"] = json!(null);
            (sent["userId"], sent["email"]) = (json!("unique()"), json!(format!("x{path}@example.org")));
            let made = app.admin().post(&format!("/v1/users/{path}"), &sent).await.expect(201);
            assert_eq!((made["$id"].as_str().unwrap().len(), &made["name"]), (20, &json!("")));
        }
    }

    async fn what_is_taken_is_taken_for_imports_too(app) {
        app.user("anna", json!({"email": "anna@example.org"})).await;
        add_identities(app, vec![identity("i1", "anna", "anna@github.example")]).await;
        for (path, hash) in samples() {
            for (id, email, kind, part) in [
                ("anna", "bert@example.org", "user_already_exists", "id"),
                ("bert", "Anna@example.org", "user_already_exists", "email"),
                ("bert", "anna@GitHub.example", "user_email_already_exists", "email"),
            ] {
                let mut sent = body(id, &hash);
                sent["email"] = json!(email);
                app.admin().post(&format!("/v1/users/{path}"), &sent).await.fails(409, kind, part);
            }
        }
        assert_eq!(app.admin().get("/v1/users").await.expect(200)["total"], json!(1));
        assert_eq!(events(app, "anna").await, ["user.create"]);
    }

    /// Exports of Firebase are in the alphabet for URLs, without padding, or both.
    async fn base64_of_firebase_becomes_standard(app) {
        let standard = firebase();
        let url_safe = |text: &str| text.replace('+', "-").replace('/', "_");
        let bare_url = |text: &str| url_safe(text).trim_end_matches('=').to_owned();
        let unpadded = |text: &str| text.trim_end_matches('=').to_owned();
        for (n, spell) in [&url_safe as &dyn Fn(&str) -> String, &bare_url, &unpadded].into_iter().enumerate() {
            let id = format!("u{n}");
            let mut sent = body(&id, &standard);
            for field in ["password", "passwordSalt", "passwordSaltSeparator", "passwordSignerKey"] {
                sent[field] = json!(spell(standard[field].as_str().unwrap()));
            }
            assert_ne!(sent["password"], standard["password"]);
            let made = app.admin().post("/v1/users/scrypt-modified", &sent).await.expect(201);
            assert_eq!(made["password"], standard["password"]);
            let options = json!({
                "type": "scryptMod", "salt": standard["passwordSalt"],
                "saltSeparator": standard["passwordSaltSeparator"], "signerKey": standard["passwordSignerKey"]
            });
            assert_eq!(made["hashOptions"], options);
            let row = stored(app, &id).await;
            let stored = Stored::from_columns(row.password.unwrap(), &row.hash, &row.hash_options).unwrap();
            assert!(app.app.hashing.verify(stored, b"correct horse battery".to_vec()).await.unwrap());
        }
    }

    async fn an_imported_hash_opens_the_history(app) {
        app.set(|settings| settings.password_history = 3).await;
        for (path, hash) in samples() {
            app.admin().post(&format!("/v1/users/{path}"), &body(path, &hash)).await.expect(201);
            let history: Value = serde_json::from_str(&stored(app, path).await.password_history).unwrap();
            assert_eq!((history.as_array().unwrap().len(), &history[0]["text"]), (1, &hash["password"]), "{path}");
        }
    }
}
