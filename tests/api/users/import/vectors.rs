//! The contract's own list of known hashes, where it is at hand: the variable `USHER_CONTRACT_DIR` names its folder.

use std::io::Write as _;
use std::path::Path;

use super::{INVALID, body};
use crate::support::{TestApp, both};
use serde_json::{Value, json};

/// Negative vectors that no plain text could ever match, by algorithm and the start of the note, and which parameter
/// is wrong then. The other negative ones are well-formed, and a wrong password is for sign-in to find.
const NEVER: [(&str, &str, &str); 17] = [
    ("argon2", "malformed", "password"),
    ("bcrypt", "59 characters", "password"),
    ("bcrypt", "61 characters", "password"),
    ("bcrypt", "malformed", "password"),
    ("bcrypt", "cost below 4", "password"),
    ("md5", "uppercase hex", "password"),
    ("md5", "trailing newline", "password"),
    ("md5", "31 digits", "password"),
    ("phpass", "35 characters", "password"),
    ("phpass", "cost 3", "password"),
    ("phpass", "unknown prefix", "password"),
    ("phpass", "salt too short", "password"),
    ("sha", "uppercase hex", "password"),
    ("scrypt", "wrong length", "password"),
    ("scrypt", "uppercase hex", "password"),
    ("scrypt", "N not a power of two", "passwordCpu"),
    ("scrypt", "N = 14 as a log2", "passwordCpu"),
];

/// The vectors; none, and a loud notice, without the variable.
pub fn vectors() -> Option<Vec<Value>> {
    let Some(folder) = std::env::var_os("USHER_CONTRACT_DIR") else {
        // Not `eprintln!`, which the test harness would swallow.
        let notice = "USHER_CONTRACT_DIR is not set: the contract's password vectors were NOT imported";
        let _ = writeln!(std::io::stderr(), "\n*** {notice} ***\n");
        return None;
    };
    let vectors: Vec<Value> =
        serde_json::from_slice(&std::fs::read(Path::new(&folder).join("vectors/passwords.json")).unwrap()).unwrap();
    assert!(vectors.len() >= 100, "only {} vectors", vectors.len());
    Some(vectors)
}

async fn send(app: &TestApp, n: usize, vector: &Value) -> crate::support::Answer {
    let path = format!("/v1{}", vector["create_endpoint"].as_str().unwrap());
    app.admin().post(&path, &body(&format!("u{n}"), &vector["body"])).await
}

both! {
    async fn every_vector_of_the_contract(app) {
        let Some(vectors) = vectors() else { return };
        let mut met = Vec::new();
        for (n, vector) in vectors.iter().enumerate() {
            let answer = send(app, n, vector).await;
            let (algorithm, note) = (vector["algorithm"].as_str().unwrap(), vector["note"].as_str().unwrap());
            let never = NEVER.iter().position(|never| never.0 == algorithm && note.starts_with(never.1));
            match never.filter(|_| vector["expect"] == json!(false)) {
                Some(at) => {
                    met.push(at);
                    assert_eq!(answer.status, 400, "{vector}");
                    answer.fails(400, INVALID, &format!("`{}`", NEVER[at].2));
                }
                None => {
                    assert_eq!(answer.status, 201, "{vector}: {}", answer.text);
                    assert_eq!(answer.json["hash"], vector["algorithm"]);
                    // Firebase's is the one whose base64 is put right.
                    let mut kept = vector["body"]["password"].as_str().unwrap().to_owned();
                    if note.contains("without padding") {
                        kept.push('=');
                    }
                    assert_eq!(answer.json["password"], kept, "{vector}");
                }
            }
        }
        met.sort_unstable();
        assert_eq!(met, (0..NEVER.len()).collect::<Vec<_>>(), "a row of NEVER has no vector, or has two");
    }

    async fn every_vector_of_the_contract_leniently(app, "USHER_LENIENT_IMPORT" = "true") {
        let Some(vectors) = vectors() else { return };
        for (n, vector) in vectors.iter().enumerate() {
            let answer = send(app, n, vector).await;
            assert_eq!(answer.status, 201, "{vector}: {}", answer.text);
            assert_eq!(answer.json["password"], vector["body"]["password"], "{vector}");
        }
    }
}
