//! The contract's own list of known answers, where it is at hand.

use std::{
    io::{Write, stderr},
    path::Path,
};

use serde_json::Value;

use super::*;

/// The list is not part of this repository; the variable USHER_CONTRACT_DIR names the folder that has it.
#[test]
fn every_vector_of_the_contract() {
    let Some(folder) = std::env::var_os("USHER_CONTRACT_DIR") else {
        // Not `eprintln!`, which the test harness would swallow.
        let notice = "USHER_CONTRACT_DIR is not set: the contract's password vectors were NOT checked";
        writeln!(stderr(), "\n*** {notice} ***\n").unwrap();
        return;
    };
    let file = Path::new(&folder).join("vectors/passwords.json");
    let vectors: Vec<Value> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert!(vectors.len() >= 100, "only {} vectors", vectors.len());
    let mut memory = Memory::default();
    for vector in &vectors {
        let stored = from_vector(vector);
        let plain = vector["plain"].as_str().unwrap().as_bytes();
        let expected = vector["expect"].as_bool().unwrap();
        assert_eq!(verify(&stored, plain, &mut memory), expected, "{vector}");
        // What verifies can also be imported, and stays as it is.
        if expected {
            let imported = import(stored.text.clone(), stored.options.clone(), false);
            assert_eq!(imported.as_ref(), Ok(&stored), "{vector}");
            assert!(describe(&stored).is_ok(), "{vector}");
        }
    }
    writeln!(stderr(), "{} password vectors of the contract agree", vectors.len()).unwrap();
}

fn from_vector(vector: &Value) -> Stored {
    let body = &vector["body"];
    let text = |field: &str| body[field].as_str().unwrap().to_owned();
    let integer = |field: &str| body[field].as_i64().unwrap();
    let options = match Algorithm::parse(vector["algorithm"].as_str().unwrap()).unwrap() {
        Algorithm::Argon2 => Options::Argon2,
        Algorithm::Bcrypt => Options::Bcrypt,
        Algorithm::Md5 => Options::Md5,
        Algorithm::Phpass => Options::Phpass,
        Algorithm::Sha => {
            Options::Sha { version: body["passwordVersion"].as_str().map(|name| ShaVersion::parse(name).unwrap()) }
        }
        Algorithm::Scrypt => Options::Scrypt {
            salt: text("passwordSalt"),
            cpu: integer("passwordCpu"),
            memory: integer("passwordMemory"),
            parallel: integer("passwordParallel"),
            length: integer("passwordLength"),
        },
        Algorithm::ScryptMod => Options::ScryptMod {
            salt: text("passwordSalt"),
            separator: text("passwordSaltSeparator"),
            signer_key: text("passwordSignerKey"),
        },
    };
    Stored { text: text("password"), options }
}
