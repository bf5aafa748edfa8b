//! Hashes whose parameters would take all memory or all processors: refused when they come in, and never computed when
//! a lenient import has let them in.

use serde_json::{Value, json};
use usher::hashing::Cost;

use super::{INVALID, Tried, is, settled};
use crate::account::credentials::signed_in;
use crate::account::people::{email, stranger};
use crate::support::{TestApp, both};
use crate::users::crud::{stored, with};
use crate::users::import::{ARGON2ID, BCRYPT, body, samples};

/// The password of all hashes here.
const RIGHT: &str = "correct horse battery";

/// An import of each kind with one parameter out of bounds, the field that is to blame, and the limit that must be named.
fn extremes() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    let sample = |path: &str| samples().into_iter().find(|(known, _)| *known == path).unwrap().1;
    let text = |path: &'static str, from: &str, to: &str, limit: &'static str| {
        let hash = sample(path);
        let text = hash["password"].as_str().unwrap().replace(from, to);
        (path, with(&hash, json!({"password": text})), "password", limit)
    };
    let argon2 = |to: &str, limit: &'static str| text("argon2", "m=1024,t=2,p=1", to, limit);
    let scrypt = |changes: Value, field: &'static str, limit: &'static str| {
        ("scrypt", with(&sample("scrypt"), changes), field, limit)
    };
    let mut all = vec![
        // Memory: 1 GiB.
        argon2("m=1048577,t=1,p=1", "1048576 KiB"),
        argon2("m=2147483648,t=1,p=1", "1048576 KiB"),
        argon2("m=4294967295,t=4294967295,p=1", "1048576 KiB"),
        // Passes over it: 8 GiB.
        argon2("m=1048576,t=9,p=1", "8388608 KiB"),
        argon2("m=8,t=1048577,p=1", "8388608 KiB"),
        argon2("m=1024,t=4294967295,p=1", "8388608 KiB"),
        // Lanes.
        argon2("m=1048576,t=1,p=65", "1 to 64"),
        argon2("m=1048576,t=1,p=16777215", "1 to 64"),
        argon2("m=1048576,t=1,p=4294967295", "1 to 64"),
        argon2("m=4294967296,t=1,p=1", "plain decimal numbers"),
        argon2("m=18446744073709551617,t=1,p=1", "plain decimal numbers"),
        text("bcrypt", "$04$", "$17$", "04 to 16"),
        text("bcrypt", "$04$", "$31$", "04 to 16"),
        text("bcrypt", "$04$", "$99$", "04 to 16"),
        text("phpass", "$P$6", "$P$J", "7 to 20"),
        text("phpass", "$P$6", "$P$S", "7 to 20"),
        text("phpass", "$P$6", "$P$z", "7 to 20"),
        // The memory of the table, of the lanes, the work, and the output.
        scrypt(json!({"passwordCpu": 1_u64 << 62}), "passwordCpu", "536870912 bytes"),
        scrypt(json!({"passwordCpu": 1 << 22, "passwordMemory": 2}), "passwordMemory", "536870912 bytes"),
        scrypt(json!({"passwordMemory": i64::MAX}), "passwordMemory", "536870912 bytes"),
        scrypt(json!({"passwordCpu": 2, "passwordMemory": 1 << 29}), "passwordMemory", "536870912 bytes"),
        scrypt(json!({"passwordParallel": i64::MAX}), "passwordParallel", "16777216"),
        scrypt(
            json!({"passwordCpu": 1 << 20, "passwordMemory": 4, "passwordParallel": 5}),
            "passwordParallel",
            "16777216",
        ),
        scrypt(
            json!({"passwordCpu": 2, "passwordMemory": 1, "passwordParallel": 1 << 23}),
            "passwordParallel",
            "536870912 bytes",
        ),
        scrypt(json!({"passwordLength": 1025}), "passwordLength", "16 to 1024"),
        scrypt(json!({"passwordLength": i64::MAX}), "passwordLength", "16 to 1024"),
        scrypt(json!({"passwordLength": 1_i64 << 40}), "passwordLength", "16 to 1024"),
        scrypt(json!({"passwordCpu": i64::MAX}), "passwordCpu", "power of two"),
        scrypt(json!({"passwordCpu": i64::MIN}), "passwordCpu", "power of two"),
        scrypt(json!({"passwordMemory": -1}), "passwordMemory", "at least 1"),
        scrypt(json!({"passwordParallel": i64::MIN}), "passwordParallel", "at least 1"),
    ];
    // Under the name of another format, which is told by its own prefix.
    for (path, hash) in [
        ("bcrypt", ARGON2ID.replace("m=1024", "m=4194304")),
        ("argon2", BCRYPT.replace("$04$", "$31$")),
        ("phpass", BCRYPT.replace("$04$", "$31$")),
    ] {
        let limit = if path == "bcrypt" { "1048576 KiB" } else { "04 to 16" };
        all.push((path, json!({"password": hash}), "password", limit));
    }
    // Firebase's cost is fixed, so what is asked of a server is the length of its values.
    let long = "A".repeat(4096);
    all.push((
        "scrypt-modified",
        with(&sample("scrypt-modified"), json!({"passwordSignerKey": long})),
        "passwordSignerKey",
        "128",
    ));
    all.push((
        "scrypt-modified",
        with(&sample("scrypt-modified"), json!({"passwordSalt": long})),
        "passwordSalt",
        "128",
    ));
    all.push(("scrypt", with(&sample("scrypt"), json!({"passwordSalt": "s".repeat(129)})), "passwordSalt", "128"));
    all.push(("argon2", json!({"password": format!("{ARGON2ID}{}", "A".repeat(4096))}), "password", "4096"));
    all
}

/// Hashes that were computed since there were so many.
fn hashes(app: &TestApp, before: u64) -> u64 {
    app.app.hashing.hashes_run() - before
}

both! {
    async fn costs_that_would_take_all_memory_or_time_are_refused_by_the_limit_they_break(app) {
        let mut tried = Tried::default();
        for (path, hash, field, limit) in extremes() {
            let answer = app.admin().post(&format!("/v1/users/{path}"), &body("anna", &hash)).await;
            tried.one();
            is(&answer, 400, INVALID, &format!("{path} {hash}"));
            let message = answer.json["message"].as_str().unwrap();
            assert!(message.contains(&format!("`{field}`")) && message.contains(limit), "{path} {hash}: {message}");
            // There is nobody who could sign in with it.
            let sign_in = json!({"email": email("anna"), "password": RIGHT});
            if tried.0 <= 8 {
                let answer = stranger(app).post("/v1/account/sessions/email", &sign_in).await;
                is(&answer, 401, "user_invalid_credentials", path);
                tried.one();
            }
        }
        assert_eq!(app.admin().get("/v1/users").await.expect(200)["total"], 0);
        tried.at_least(38);
    }

    /// With one worker of the usual cost, a single one of these hashes would keep everybody else waiting for ever.
    async fn costs_that_a_lenient_import_let_in_are_never_computed(app, "USHER_LENIENT_IMPORT" = "true", "USHER_RATE_LIMITS" = "false") {
        assert_eq!(*app.app.hashing.cost(), Cost { memory_kib: 8, passes: 1, lanes: 1 });
        app.set(|settings| settings.password_history = 5).await;
        let mut tried = Tried::default();
        for (n, (path, hash, field, _)) in extremes().into_iter().enumerate() {
            let id = format!("u{n}");
            let made = app.admin().post(&format!("/v1/users/{path}"), &body(&id, &hash)).await;
            tried.one();
            if made.status == 400 {
                // Lengths hold here too.
                is(&made, 400, INVALID, path);
                assert!(field.contains("Salt") || field.contains("Key") || made.text.contains("4096"), "{}", made.text);
                continue;
            }
            assert_eq!(made.status, 201, "{path} {hash}: {}", made.text);
            let before = stored(app, &id).await;
            let (own, start) = (signed_in(app, &id).await, app.app.hashing.hashes_run());
            // Signing in costs one hash of the server's own choice, and tells nothing.
            let sign_in = json!({"email": email(&id), "password": RIGHT});
            let answer = stranger(app).post("/v1/account/sessions/email", &sign_in).await;
            is(&answer, 401, "user_invalid_credentials", path);
            assert_eq!(hashes(app, start), 1, "{path} {hash}");
            // Proving the password costs none at all.
            for (route, body) in [
                ("email", json!({"email": "b@example.org", "password": RIGHT})),
                ("phone", json!({"phone": "+4930123456", "password": RIGHT})),
                ("password", json!({"password": "another horse", "oldPassword": RIGHT})),
            ] {
                let answer = own.patch(&format!("/v1/account/{route}"), &body).await;
                is(&answer, 401, "user_invalid_credentials", &format!("{path} {hash}"));
                tried.one();
            }
            assert_eq!(hashes(app, start), 1, "{path} {hash}");
            settled(app).await;
            let after = stored(app, &id).await;
            assert_eq!((&after.password, &after.hash_options), (&before.password, &before.hash_options));
            // As an earlier password it is compared with nothing.
            app.admin().patch(&format!("/v1/users/{id}/password"), &json!({"password": "another horse"})).await.expect(200);
            assert_eq!(hashes(app, start), 2, "{path} {hash}");
            tried.one();
            tried.one();
        }
        tried.at_least(34 * 6);
    }

    /// The cost of new hashes is the operator's: no parameter of a request reaches it.
    async fn no_request_sets_the_cost_of_a_new_hash(app) {
        let options = json!({"type": "argon2", "memoryCost": 1_048_576, "timeCost": 8, "threads": 64});
        let mut tried = Tried::default();
        for (n, more) in [
            json!({"hashOptions": options}),
            json!({"memoryCost": 1_048_576, "timeCost": 8, "threads": 64}),
            json!({"memory_cost": 1_048_576, "time_cost": 8}),
            json!({"hash": "scrypt", "passwordCpu": 1 << 30, "passwordMemory": 1 << 20, "passwordParallel": 64}),
            json!({"cost": 31, "rounds": 4_294_967_295_u32}),
        ]
        .into_iter()
        .enumerate()
        {
            let mut sent = more.clone();
            (sent["userId"], sent["password"]) = (json!(format!("u{n}")), json!(RIGHT));
            let made = app.admin().post("/v1/users", &sent).await.expect(201);
            let mut changed = more;
            changed["password"] = json!("another horse");
            let changed = app.admin().patch(&format!("/v1/users/u{n}/password"), &changed).await.expect(200);
            for user in [made, changed] {
                assert!(user["password"].as_str().unwrap().starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{user}");
                assert_eq!(user["hashOptions"], json!({"type": "argon2", "memoryCost": 8, "timeCost": 1, "threads": 1}));
                tried.one();
            }
        }
        tried.at_least(10);
    }
}
