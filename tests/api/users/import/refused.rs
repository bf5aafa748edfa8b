//! What an import refuses, and which parameter it names.

use super::{ARGON2ID, BCRYPT, INVALID, MD5, PHPASS, SCRYPT, SHA1, SHA512, body, firebase, samples, scrypt, set};
use crate::support::both;
use crate::users::crud::events;
use serde_json::{Value, json};

/// Hashes that no verifier of the endpoint could accept.
fn malformed() -> Vec<(&'static str, Vec<String>)> {
    let argon2 = |from: &str, to: &str| ARGON2ID.replace(from, to);
    let cut = |text: &str| text[..text.len() - 1].to_owned();
    let bad_bcrypt = vec![
        cut(BCRYPT),
        format!("{BCRYPT}a"),
        format!("{BCRYPT}\n"),
        BCRYPT.replace("$2y$", "$2Y$"),
        BCRYPT.replace("$2y$", "$2c$"),
        BCRYPT.replace("$04$", "$03$"),
        BCRYPT.replace("$04$", "$32$"),
        BCRYPT.replace("$04$", "$+4$"),
        BCRYPT.replace("$04$", "$4$"),
        BCRYPT.replace('.', "!"),
        // The last character of the salt, and that of the digest, have bits that must be zero.
        BCRYPT.replace("jBe", "jBf"),
        format!("{}3", cut(BCRYPT)),
    ];
    let bad_argon2 = vec![
        argon2("argon2id", "argon2d"),
        argon2("argon2id", "Argon2id"),
        argon2("v=19", "v=18"),
        argon2("m=1024,t=2", "t=2,m=1024"),
        argon2("t=2", "t=02"),
        argon2("t=2", "t=0"),
        argon2("t=2", "t=+2"),
        argon2("p=1", "p=0"),
        argon2("m=1024", "m=7"),
        argon2("p=1", "p=1 "),
        argon2("3Q$", "3Q==$"),
        format!("{ARGON2ID}="),
        format!("{ARGON2ID}$"),
        format!(" {ARGON2ID}"),
        argon2("4hZR/tlXjvnouY4yr3bW3Q", "4hZR/tlXjg"),
        "$argon2id$x".into(),
    ];
    let both = |own: &[&str]| {
        let own = own.iter().map(|text| (*text).to_owned());
        own.chain(bad_bcrypt.clone()).collect::<Vec<_>>()
    };
    let mut argon2_endpoint = both(&["not-a-phc-string", PHPASS, MD5, SHA1, "correct horse battery"]);
    argon2_endpoint.extend(bad_argon2.clone());
    let mut bcrypt_endpoint = both(&["correct horse battery", PHPASS, MD5]);
    bcrypt_endpoint.extend(bad_argon2);
    let p = |from: &str, to: &str| PHPASS.replace(from, to);
    let mut phpass_endpoint = both(&["correct horse battery", ARGON2ID, MD5]);
    phpass_endpoint.extend([
        cut(PHPASS),
        format!("{PHPASS}."),
        format!("{PHPASS} "),
        p("$P$", "$S$"),
        p("$P$", "$Q$"),
        format!("U{PHPASS}"),
        p("$P$6", "$P$4"),
        p("$P$6", "$P$!"),
        p("bAfr", "bA!r"),
        p("n86T", "ä6T"),
    ]);
    let hex =
        |text: &str| vec![text.to_uppercase(), cut(text), format!("{text}0"), format!("{text}\n"), format!(" {text}")];
    let mut sha_endpoint = hex(SHA1);
    sha_endpoint.extend([
        MD5.into(),
        format!("{SHA512}00"),
        "g".repeat(40),
        "ä".repeat(20),
        "correct horse battery".into(),
    ]);
    let mut md5_endpoint = hex(MD5);
    md5_endpoint.extend([SHA1.into(), "g".repeat(32), "ä".repeat(16)]);
    vec![
        ("argon2", argon2_endpoint),
        ("bcrypt", bcrypt_endpoint),
        ("phpass", phpass_endpoint),
        ("md5", md5_endpoint),
        ("sha", sha_endpoint),
        ("scrypt", hex(SCRYPT)),
        ("scrypt-modified", vec!["not base64!".into(), "Oon4Djzaf5Q=".into(), format!("{}A===", &"Oon4".repeat(8))]),
    ]
}

/// Hashes whose verification would cost more than the ceilings allow.
fn too_costly() -> Vec<(&'static str, Value, &'static str)> {
    let argon2 = |cost: &str| json!({"password": ARGON2ID.replace("m=1024,t=2,p=1", cost)});
    let with_scrypt = |changes: Value| set(&scrypt(), changes);
    vec![
        ("argon2", argon2("m=1048577,t=1,p=1"), "password"),
        ("argon2", argon2("m=4294967295,t=1,p=1"), "password"),
        ("argon2", argon2("m=1048576,t=9,p=1"), "password"),
        ("argon2", argon2("m=1024,t=4294967295,p=1"), "password"),
        ("argon2", argon2("m=1024,t=1,p=65"), "password"),
        ("bcrypt", argon2("m=1048577,t=1,p=1"), "password"),
        ("bcrypt", json!({"password": BCRYPT.replace("$04$", "$17$")}), "password"),
        ("argon2", json!({"password": BCRYPT.replace("$04$", "$31$")}), "password"),
        ("phpass", json!({"password": BCRYPT.replace("$04$", "$17$")}), "password"),
        ("phpass", json!({"password": PHPASS.replace("$P$6", "$P$J")}), "password"),
        ("phpass", json!({"password": PHPASS.replace("$P$6", "$P$S")}), "password"),
        ("scrypt", with_scrypt(json!({"passwordCpu": 1_u64 << 40})), "passwordCpu"),
        ("scrypt", with_scrypt(json!({"passwordCpu": 1 << 23})), "passwordCpu"),
        ("scrypt", with_scrypt(json!({"passwordMemory": 1 << 29})), "passwordMemory"),
        ("scrypt", with_scrypt(json!({"passwordMemory": i64::MAX})), "passwordMemory"),
        ("scrypt", with_scrypt(json!({"passwordParallel": 1 << 24})), "passwordParallel"),
        ("scrypt", with_scrypt(json!({"passwordLength": 1025})), "passwordLength"),
    ]
}

/// Costs that are just within the ceilings.
fn just_allowed() -> Vec<(&'static str, Value)> {
    let argon2 = |cost: &str| json!({"password": ARGON2ID.replace("m=1024,t=2,p=1", cost)});
    let with_scrypt =
        |changes: Value, digits: usize| set(&set(&scrypt(), changes), json!({"password": "0".repeat(digits)}));
    vec![
        ("argon2", argon2("m=1048576,t=8,p=64")),
        ("argon2", argon2("m=8,t=1,p=1")),
        ("argon2", argon2("m=512,t=16384,p=64")),
        ("bcrypt", json!({"password": BCRYPT.replace("$04$", "$16$")})),
        ("phpass", json!({"password": PHPASS.replace("$P$6", "$P$I")})),
        ("phpass", json!({"password": PHPASS.replace("$P$6", "$P$5")})),
        ("scrypt", with_scrypt(json!({"passwordCpu": 1 << 20, "passwordMemory": 4, "passwordParallel": 4}), 128)),
        ("scrypt", with_scrypt(json!({"passwordCpu": 2, "passwordMemory": 1, "passwordLength": 16}), 32)),
        ("scrypt", with_scrypt(json!({"passwordLength": 1024}), 2048)),
    ]
}

both! {
    async fn a_hash_that_never_verifies_is_refused(app) {
        let good: Vec<(&str, Value)> = samples();
        for (path, texts) in malformed() {
            let sample = &good.iter().find(|(known, _)| *known == path).unwrap().1;
            for text in texts {
                let mut sent = body("anna", sample);
                sent["password"] = json!(text);
                let answer = app.admin().post(&format!("/v1/users/{path}"), &sent).await;
                assert_eq!(answer.status, 400, "{path} takes {text:?}");
                // The text itself may be somebody's password and is not repeated.
                assert!(!answer.text.contains(&text), "{}", answer.text);
                answer.fails(400, INVALID, "`password`");
            }
        }
        assert_eq!(app.admin().get("/v1/users").await.expect(200)["total"], json!(0));
        assert_eq!(events(app, "anna").await, Vec::<String>::new());
    }

    async fn the_length_of_a_digest_must_be_that_of_its_version(app) {
        for (version, digits) in [
            ("sha1", 40), ("sha224", 56), ("sha256", 64), ("sha384", 96), ("sha512/224", 56), ("sha512/256", 64),
            ("sha512", 128), ("sha3-224", 56), ("sha3-256", 64), ("sha3-384", 96), ("sha3-512", 128),
        ] {
            for length in [32, 40, 56, 64, 96, 128] {
                let hash = json!({"password": "0".repeat(length), "passwordVersion": version});
                let answer = app.admin().post("/v1/users/sha", &body("anna", &hash)).await;
                if length == digits {
                    let made = answer.expect(201);
                    assert_eq!(made["hashOptions"], json!({"type": "sha", "version": version}));
                    app.admin().delete("/v1/users/anna").await;
                } else {
                    answer.fails(400, INVALID, "`password`");
                }
            }
        }
        for version in ["", " ", "sha", "sha-256", "sha2", "md5", "sha512/384", "sha3", "sha256 ", "SHA\u{0}1"] {
            let hash = json!({"password": SHA1, "passwordVersion": version});
            let answer = app.admin().post("/v1/users/sha", &body("anna", &hash)).await;
            answer.fails(400, INVALID, "`passwordVersion`");
        }
    }

    async fn what_costs_too_much_is_refused_at_once(app) {
        let started = std::time::Instant::now();
        for (path, hash, field) in too_costly() {
            let answer = app.admin().post(&format!("/v1/users/{path}"), &body("anna", &hash)).await;
            assert_eq!(answer.status, 400, "{path} takes {hash}");
            answer.fails(400, INVALID, &format!("`{field}`"));
        }
        for (path, hash) in just_allowed() {
            let made = app.admin().post(&format!("/v1/users/{path}"), &body("anna", &hash)).await;
            assert_eq!(made.status, 201, "{path} refuses {hash}: {}", made.text);
            assert_eq!(made.json["password"], hash["password"]);
            app.admin().delete("/v1/users/anna").await;
        }
        // Computing even one of them would take longer.
        assert!(started.elapsed().as_secs() < 60 && app.app.hashing.hashes_run() == 0);
    }

    async fn parameters_of_scrypt_must_go_together(app) {
        for (changes, field) in [
            (json!({"passwordCpu": 0}), "passwordCpu"),
            (json!({"passwordCpu": 1}), "passwordCpu"),
            (json!({"passwordCpu": 14}), "passwordCpu"),
            (json!({"passwordCpu": -8}), "passwordCpu"),
            (json!({"passwordMemory": 0}), "passwordMemory"),
            (json!({"passwordMemory": -1}), "passwordMemory"),
            (json!({"passwordParallel": 0}), "passwordParallel"),
            (json!({"passwordParallel": i64::MIN}), "passwordParallel"),
            (json!({"passwordLength": 15, "password": "0".repeat(30)}), "passwordLength"),
            (json!({"passwordLength": 0}), "passwordLength"),
            (json!({"passwordLength": -64}), "passwordLength"),
            (json!({"passwordLength": 63}), "password"),
            (json!({"passwordLength": 32}), "password"),
        ] {
            let sent = set(&body("anna", &scrypt()), changes.clone());
            let answer = app.admin().post("/v1/users/scrypt", &sent).await;
            assert_eq!(answer.status, 400, "{changes}");
            answer.fails(400, INVALID, &format!("`{field}`"));
        }
    }

    async fn values_of_firebase_must_be_base64(app) {
        for (field, value) in [
            ("passwordSalt", "not base64!"), ("passwordSalt", "ä"), ("passwordSaltSeparator", "a b"),
            ("passwordSaltSeparator", "\""), ("passwordSignerKey", "\\"), ("passwordSignerKey", "A"),
            ("passwordSignerKey", "===="),
        ] {
            let sent = set(&body("anna", &firebase()), json!({field: value}));
            let answer = app.admin().post("/v1/users/scrypt-modified", &sent).await;
            assert_eq!(answer.status, 400, "{field} takes {value}");
            answer.fails(400, INVALID, &format!("`{field}`"));
        }
        // A signer key that is not as long as the hash cannot have made it.
        let sent = set(&body("anna", &firebase()), json!({"passwordSignerKey": "AAAA"}));
        app.admin().post("/v1/users/scrypt-modified", &sent).await.fails(400, INVALID, "`password`");
    }

    /// Each parameter is missing, null or of a wrong type in turn; those declared before it are right, those behind
    /// it are wrong as well.
    async fn the_first_wrong_parameter_is_named(app) {
        for (path, hash) in samples() {
            let mut names = vec!["userId", "email", "password"];
            names.extend(hash.as_object().unwrap().keys().map(String::as_str).filter(|name| *name != "password"));
            names.push("name");
            let mut right = body("anna", &hash);
            right["name"] = json!("Anna");
            for (n, name) in names.iter().enumerate() {
                let optional = ["name", "passwordVersion"].contains(name);
                let values = [json!(null), json!(""), json!(["x"]), json!(true), json!(1.5)];
                for wrong in values.map(Some).into_iter().chain([None]) {
                    if optional && wrong.as_ref().is_none_or(Value::is_null) {
                        continue;
                    }
                    let mut sent = right.clone();
                    for later in &names[n + 1..] {
                        sent[*later] = json!({"wrong": "too"});
                    }
                    match &wrong {
                        Some(wrong) => sent[*name] = wrong.clone(),
                        None => drop(sent.as_object_mut().unwrap().remove(*name)),
                    }
                    let answer = app.admin().post(&format!("/v1/users/{path}"), &sent).await;
                    assert_eq!(answer.status, 400, "{path} {sent}");
                    answer.fails(400, INVALID, &format!("`{name}`"));
                }
            }
            // Only when all are right by themselves the form of the hash is looked at.
            let mut sent = right.clone();
            (sent["password"], sent["name"]) = (json!("no such form"), json!(""));
            app.admin().post(&format!("/v1/users/{path}"), &sent).await.fails(400, INVALID, "`name`");
            for name in names {
                if right[name].is_string() {
                    let sent = set(&right, json!({name: "with\u{0}zero"}));
                    let answer = app.admin().post(&format!("/v1/users/{path}"), &sent).await;
                    answer.fails(400, INVALID, &format!("`{name}`"));
                } else {
                    let sent = set(&right, json!({name: right[name].to_string()}));
                    let answer = app.admin().post(&format!("/v1/users/{path}"), &sent).await;
                    answer.fails(400, INVALID, &format!("`{name}`"));
                }
            }
        }
        assert_eq!(app.admin().get("/v1/users").await.expect(200)["total"], json!(0));
    }
}
