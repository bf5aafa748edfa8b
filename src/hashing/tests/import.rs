//! What an import refuses, by which field, and what it rewrites.

use super::*;

fn refused(text: &str, options: Options) -> Refused {
    import(text.to_owned(), options, false).unwrap_err()
}

#[test]
fn keeps_the_text_and_accepts_what_another_endpoint_also_takes() {
    for (text, options) in [
        (ARGON2ID, Options::Argon2),
        (ARGON2ID, Options::Bcrypt),
        (BCRYPT, Options::Argon2),
        (BCRYPT, Options::Bcrypt),
        (BCRYPT, Options::Phpass),
        (PHPASS, Options::Phpass),
    ] {
        let imported = import(text.to_owned(), options.clone(), false);
        assert_eq!(imported, Ok(stored(text, options)));
    }
}

#[test]
fn says_what_is_wrong_with_the_hash() {
    let sha1 = Options::Sha { version: Some(ShaVersion::Sha1) };
    let digest = "0".repeat(64);
    let argon2d = ARGON2ID.replace("argon2id", "argon2d");
    let gigabytes = ARGON2ID.replace("m=256", "m=1048577");
    for (text, options, mentions) in [
        ("x", Options::Argon2, "$argon2id$"),
        (PHPASS, Options::Argon2, "bcrypt"),
        (ARGON2ID, Options::Phpass, "$P$"),
        (&argon2d, Options::Argon2, "argon2i"),
        (&argon2d, Options::Bcrypt, "argon2i"),
        (&gigabytes, Options::Argon2, "1048576"),
        (&BCRYPT.replace("$04$", "$17$"), Options::Argon2, "16"),
        (PHPASS, Options::Bcrypt, "60"),
        ("$P$Jabcdefgh", Options::Phpass, "34"),
        (&PHPASS.replace("$5", "$J"), Options::Phpass, "20"),
        ("plain", Options::Md5, "32"),
        ("ab", Options::Sha { version: None }, "128"),
        (&digest, sha1, "40"),
        (&digest, scrypt_options("s", 16, 1, 1, 64), "128"),
        ("YWJj", firebase(), "33"),
        ("no base64", firebase(), "base64"),
    ] {
        let refused = refused(text, options);
        assert_eq!(refused.field, "password", "{refused:?}");
        assert!(refused.reason.contains(mentions), "{refused:?}");
    }
}

#[test]
fn names_the_scrypt_parameter_that_is_wrong() {
    const HUGE: i64 = i64::MAX;
    for (cpu, memory, parallel, length, field, mentions) in [
        (0, 1, 1, 32, "passwordCpu", "power of two"),
        (i64::MIN, 1, 1, 32, "passwordCpu", "power of two"),
        (14, 1, 1, 32, "passwordCpu", "power of two"),
        (1 << 40, 1, 1, 32, "passwordCpu", "536870912"),
        (1 << 62, 1, 1, 32, "passwordCpu", "536870912"),
        (2, 0, 1, 32, "passwordMemory", "at least 1"),
        (2, 1 << 29, 1, 32, "passwordMemory", "536870912"),
        (2, HUGE, 1, 32, "passwordMemory", "536870912"),
        (2, 1, -1, 32, "passwordParallel", "at least 1"),
        (2, 1, HUGE, 32, "passwordParallel", "16777216"),
        // N*r*p fits, but the lanes alone would take 1 GiB.
        (2, 1, 1 << 23, 32, "passwordParallel", "536870912"),
        (2, 1, 1, 15, "passwordLength", "16"),
        (2, 1, 1, -32, "passwordLength", "16"),
        (2, 1, 1, HUGE, "passwordLength", "1024"),
    ] {
        let options = scrypt_options("s", cpu, memory, parallel, length);
        let refused = refused(&"0".repeat(64), options);
        assert_eq!(refused.field, field, "{refused:?}");
        assert!(refused.reason.contains(mentions), "{refused:?}");
    }
}

#[test]
fn normalises_firebase_base64_unless_lenient() {
    let text = "/nBTV8ektOfTyerWzhVy7KGQpanJMoMm9BKBOETmACYa";
    let sent = firebase_options("--__AQIDBA", "Bw", "B2K9GHPOKYTfOpXwS6YBXLcSbcgjftk0j-pFoPtWsQxn");
    let url_safe = text.replace('/', "_");
    let strict = import(url_safe.clone(), sent.clone(), false);
    assert_eq!(strict, Ok(stored(text, firebase())));
    let lenient = import(url_safe.clone(), sent.clone(), true);
    assert_eq!(lenient, Ok(stored(&url_safe, sent)));
}

#[test]
fn names_the_firebase_value_that_is_no_base64() {
    for (salt, separator, signer_key, field) in [
        ("a b", "Bw", "AAAA", "passwordSalt"),
        ("AAAA", "é", "AAAA", "passwordSaltSeparator"),
        ("AAAA", "Bw", "A", "passwordSignerKey"),
        ("AAAA", "Bw", "", "passwordSignerKey"),
    ] {
        let options = firebase_options(salt, separator, signer_key);
        assert_eq!(refused("AAAA", options).field, field);
    }
}

#[test]
fn lenient_keeps_everything_up_to_the_length_limit() {
    for options in every_options() {
        let imported = import("any text".to_owned(), options.clone(), true);
        assert_eq!(imported, Ok(stored("any text", options.clone())));
        for lenient in [true, false] {
            let refused = import("é".repeat(2049), options.clone(), lenient).unwrap_err();
            assert_eq!(refused.field, "password");
            assert!(refused.reason.contains("4096"));
        }
        assert!(import("é".repeat(2048), options, true).is_ok());
    }
}
