//! Tests of the module as its callers see it. Here: new hashes, costs, ceilings and hostile texts.

mod contract;
mod description;
mod import;
mod stored;
mod vectors_options;
mod vectors_text;

use super::*;

const ARGON2ID: &str = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
const BCRYPT: &str = "$2b$04$mPMsM6DrVZmeFjIUBQ20OOjjFY05EG06gXRET/c03L18.ht135LX6";
const PHPASS: &str = "$P$5abcdefghWRJvDLyKMywBZkchKMaCX0";

fn stored(text: &str, options: Options) -> Stored {
    Stored { text: text.to_owned(), options }
}

fn scrypt_options(salt: &str, cpu: i64, memory: i64, parallel: i64, length: i64) -> Options {
    Options::Scrypt { salt: salt.to_owned(), cpu, memory, parallel, length }
}

fn firebase_options(salt: &str, separator: &str, signer_key: &str) -> Options {
    Options::ScryptMod { salt: salt.to_owned(), separator: separator.to_owned(), signer_key: signer_key.to_owned() }
}

fn firebase() -> Options {
    firebase_options("++//AQIDBA==", "Bw==", "B2K9GHPOKYTfOpXwS6YBXLcSbcgjftk0j+pFoPtWsQxn")
}

/// One of each algorithm, and both kinds of `sha`.
fn every_options() -> Vec<Options> {
    vec![
        Options::Argon2,
        Options::Bcrypt,
        Options::Md5,
        Options::Phpass,
        Options::Sha { version: None },
        Options::Sha { version: Some(ShaVersion::Sha512_224) },
        scrypt_options("\"salt\\ü", i64::MIN, -1, 0, i64::MAX),
        firebase(),
    ]
}

/// Verifies each text with its plain one; each must have exactly the given answer.
fn check(options: &Options, cases: &[(&str, &str, bool)]) {
    for &(text, plain, expected) in cases {
        let stored = stored(text, options.clone());
        let answer = verify(&stored, plain.as_bytes(), &mut Memory::default());
        assert_eq!(answer, expected, "{stored:?} {text} with {plain:?}");
    }
}

/// Changes a good text in one place at a time; none of the results may verify.
fn check_spoiled(options: &Options, good: &str, plain: &str, changes: &[(&str, &str)]) {
    check(options, &[(good, plain, true)]);
    for (from, to) in changes {
        let spoiled = good.replacen(from, to, 1);
        assert_ne!(spoiled, good);
        check(options, &[(&spoiled, plain, false)]);
    }
}

#[test]
fn a_new_hash_has_the_default_form_and_verifies() {
    let (cost, mut memory) = (Cost::default(), Memory::default());
    let stored = hash("Grüße".as_bytes(), &cost, &mut memory).unwrap();
    assert_eq!(stored.text.len(), 97);
    assert!(stored.text.starts_with("$argon2id$v=19$m=65536,t=4,p=3$"));
    assert_eq!(memory.kib(), 65532, "rounded down to whole segments");
    assert!(verify(&stored, "Grüße".as_bytes(), &mut memory));
    assert!(!verify(&stored, b"Grusse", &mut memory));
    assert!(!stored.needs_rehash(&cost));
    assert_eq!(stored.wire_options(), WireOptions::of(&cost));
}

#[test]
fn salts_differ_and_a_used_memory_changes_nothing() {
    let cost: Cost = "m=64,t=1,p=2".parse().unwrap();
    let mut memory = Memory::default();
    let first = hash(b"same", &cost, &mut memory).unwrap();
    let second = hash(b"same", &cost, &mut memory).unwrap();
    assert_ne!(first.text, second.text);
    assert!(verify(&first, b"same", &mut Memory::default()));
    assert!(verify(&second, b"same", &mut memory));
}

#[test]
fn cost_is_read_strictly_and_within_the_ceilings() {
    for text in ["m=65536,t=4,p=3", "m=8,t=1,p=1", "m=1048576,t=8,p=64"] {
        assert_eq!(text.parse::<Cost>().unwrap().to_string(), text);
    }
    assert_eq!("m=65536,t=4,p=3".parse(), Ok(Cost::default()));
    for text in [
        "",
        "m=65536",
        "m=65536,t=4,p=3,",
        "m=065536,t=4,p=3",
        "t=4,m=65536,p=3",
        "m=7,t=1,p=1",
        "m=1048577,t=1,p=1",
        "m=1048576,t=9,p=1",
        "m=65536,t=0,p=3",
        "m=65536,t=4,p=0",
        "m=65536,t=4,p=65",
        "m=65536,t=4294967295,p=1",
        "m=65536,t=4,p=99999999999",
    ] {
        assert!(text.parse::<Cost>().is_err(), "{text}");
    }
    let impossible = Cost { memory_kib: u32::MAX, passes: u32::MAX, lanes: u32::MAX };
    let error = hash(b"plain", &impossible, &mut Memory::default());
    assert!(matches!(error, Err(HashError::Cost(_))));
}

/// The work of a cost must not be done to learn that it is above the ceiling.
#[test]
fn ceilings_hold_before_any_work() {
    let started = std::time::Instant::now();
    let digest = "0".repeat(128);
    for (text, options) in [
        (ARGON2ID.replace("m=256", "m=4294967295"), Options::Argon2),
        (ARGON2ID.replace("t=2", "t=4294967295"), Options::Argon2),
        (BCRYPT.replace("$04$", "$31$"), Options::Bcrypt),
        (PHPASS.replace("$P$5", "$P$S"), Options::Phpass),
        (digest.clone(), scrypt_options("s", 1 << 40, 1, 1, 64)),
        (digest.clone(), scrypt_options("s", 2, 1 << 29, 1, 64)),
        (digest, scrypt_options("s", 2, 1, 1 << 40, 64)),
    ] {
        let stored = stored(&text, options);
        assert!(!verify(&stored, b"password", &mut Memory::default()));
    }
    assert!(started.elapsed().as_secs() < 2);
}

#[test]
fn no_text_is_too_strange() {
    let strange = ["", "$", "$$$$$", "$2", "$2b$", "é", "\0", "$P$é", "$argon2id$"];
    let mut texts: Vec<String> = strange.map(str::to_owned).to_vec();
    // Every prefix of a good text, and the text with each character replaced by a longer one.
    for good in [ARGON2ID, BCRYPT, PHPASS] {
        for at in 0..good.len() {
            texts.push(good[..at].to_owned());
            texts.push(format!("{}é{}", &good[..at], &good[at + 1..]));
        }
    }
    let mut memory = Memory::default();
    for options in every_options() {
        for text in &texts {
            let stored = stored(text, options.clone());
            assert!(!verify(&stored, b"password", &mut memory), "{stored:?} {text}");
            assert!(serde_json::to_value(stored.wire_options()).unwrap()["type"].is_string());
            // Firebase's text may be rewritten, so only the others must agree on it.
            if stored.algorithm() != Algorithm::ScryptMod {
                let imported = import(text.clone(), options.clone(), false);
                assert_eq!(imported.is_ok(), Readable::parse(&stored).is_ok());
            }
        }
    }
}

/// Not a check but a measurement: `cargo test --release -- --ignored --nocapture measure`.
#[test]
#[ignore = "a measurement"]
fn measure_the_default_cost() {
    let (cost, mut memory) = (Cost::default(), Memory::default());
    hash(b"warm-up", &cost, &mut memory).unwrap();
    for round in 1..=10 {
        let started = std::time::Instant::now();
        hash(b"measured", &cost, &mut memory).unwrap();
        let reused = started.elapsed();
        let started = std::time::Instant::now();
        hash(b"measured", &cost, &mut Memory::default()).unwrap();
        let fresh = started.elapsed();
        println!("{round}: {reused:?} with reused memory, {fresh:?} with fresh");
    }
}
