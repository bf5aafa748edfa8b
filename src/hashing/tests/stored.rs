//! Names, database columns, wire form, and which passwords want a new hash.

use super::*;

fn json(options: WireOptions) -> serde_json::Value {
    serde_json::to_value(options).unwrap()
}

#[test]
fn names_round_trip() {
    for algorithm in Algorithm::ALL {
        assert_eq!(Algorithm::parse(algorithm.as_str()), Some(algorithm));
    }
    assert_eq!(Algorithm::parse("Argon2"), None);
    assert_eq!(ShaVersion::parse("SHA512/256"), Some(ShaVersion::Sha512_256));
    assert_eq!(ShaVersion::parse("sha-256"), None);
    assert_eq!(ShaVersion::parse(""), None);
}

#[test]
fn columns_round_trip() {
    for options in every_options() {
        let original = stored("any text, é", options);
        let json = original.options_to_json();
        let (text, name) = (original.text.clone(), original.algorithm().as_str());
        let read = Stored::from_columns(text, name, &json);
        assert_eq!(read, Some(original), "{json}");
    }
    assert_eq!(stored("", Options::Argon2).options_to_json(), r#""argon2""#);
    assert_eq!(
        stored("", scrypt_options("s", 8, 14, 1, 64)).options_to_json(),
        r#"{"scrypt":{"salt":"s","cpu":8,"memory":14,"parallel":1,"length":64}}"#
    );
}

#[test]
fn foreign_columns_are_none() {
    for (name, json) in [
        ("md5", ""),
        ("md5", "{}"),
        ("md5", "null"),
        ("md5", r#""bcrypt""#),
        ("unknown", r#""md5""#),
        ("sha", r#"{"sha":{"version":"sha9"}}"#),
        ("sha", r#"{"sha":{"version":null,"more":1}}"#),
        ("scrypt", r#"{"scrypt":{"salt":"s","cpu":8}}"#),
        ("scrypt", r#"{"scrypt":{"salt":"s","cpu":8.5,"memory":1,"parallel":1,"length":16}}"#),
    ] {
        let read = Stored::from_columns(String::new(), name, json);
        assert_eq!(read, None, "{name} {json}");
    }
}

#[test]
fn wire_options_show_true_parameters_with_the_type_first() {
    let sha = |version| Options::Sha { version };
    for (text, options, expected) in [
        (ARGON2ID, Options::Argon2, r#"{"type":"argon2","memoryCost":256,"timeCost":2,"threads":1}"#),
        (BCRYPT, Options::Argon2, r#"{"type":"argon2"}"#),
        (ARGON2ID, Options::Bcrypt, r#"{"type":"bcrypt"}"#),
        ("", Options::Md5, r#"{"type":"md5"}"#),
        (BCRYPT, Options::Phpass, r#"{"type":"phpass"}"#),
        ("", sha(Some(ShaVersion::Sha3_384)), r#"{"type":"sha","version":"sha3-384"}"#),
        ("a", sha(None), r#"{"type":"sha"}"#),
        (
            "",
            scrypt_options("s", 8, 14, 1, 64),
            r#"{"type":"scrypt","costCpu":8,"costMemory":14,"costParallel":1,"length":64,"salt":"s"}"#,
        ),
        (
            "",
            firebase(),
            r#"{"type":"scryptMod","salt":"++//AQIDBA==","saltSeparator":"Bw==","signerKey":"B2K9GHPOKYTfOpXwS6YBXLcSbcgjftk0j+pFoPtWsQxn"}"#,
        ),
    ] {
        assert_eq!(json(stored(text, options).wire_options()).to_string(), expected);
    }
    assert_eq!(
        json(WireOptions::of(&Cost::default())).to_string(),
        r#"{"type":"argon2","memoryCost":65536,"timeCost":4,"threads":3}"#
    );
}

#[test]
fn a_digest_without_version_is_shown_as_the_sha2_of_its_length() {
    for (digits, shown) in [(40, "sha1"), (56, "sha224"), (64, "sha256"), (96, "sha384"), (128, "sha512")] {
        let stored = stored(&"a".repeat(digits), Options::Sha { version: None });
        assert_eq!(json(stored.wire_options())["version"], shown);
    }
}

#[test]
fn weaker_hashes_want_a_new_one() {
    let cost: Cost = "m=256,t=2,p=3".parse().unwrap();
    let argon2 = |text: &str| stored(text, Options::Argon2).needs_rehash(&cost);
    assert!(!argon2(ARGON2ID), "fewer lanes are no weakness");
    assert!(!argon2(&ARGON2ID.replace("t=2", "t=3")));
    assert!(argon2(&ARGON2ID.replace("t=2", "t=1")));
    assert!(argon2(&ARGON2ID.replace("m=256", "m=255")));
    assert!(argon2(&ARGON2ID.replace("v=19", "v=16")));
    assert!(argon2(&ARGON2ID.replace("argon2id", "argon2i")));
    assert!(argon2(BCRYPT));
    assert!(stored(ARGON2ID, Options::Bcrypt).needs_rehash(&cost));
    for options in every_options() {
        assert!(stored("malformed", options).needs_rehash(&cost));
    }
}

#[test]
fn debug_output_has_no_secrets() {
    for options in every_options() {
        let name = options.algorithm().as_str();
        assert_eq!(format!("{options:?}"), format!("Options({name})"));
        let shown = format!("{:?}", stored("the hash", options));
        assert_eq!(shown, format!("Stored({name})"));
    }
}
