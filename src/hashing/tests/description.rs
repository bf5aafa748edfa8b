//! What is said of a stored password, and a comparison that could not be made.

use super::*;

fn described(text: &str, options: Options) -> Result<Description, Refused> {
    describe(&stored(text, options))
}

#[test]
fn every_format_is_described_by_what_its_text_is() {
    let argon2 = |variant, version| {
        Ok(Description::Argon2 { variant, version, cost: Cost { memory_kib: 256, passes: 2, lanes: 1 } })
    };
    // PHP servers mix these up, so that the name an import came under says little.
    for options in [Options::Argon2, Options::Bcrypt] {
        assert_eq!(described(ARGON2ID, options.clone()), argon2("argon2id", 19));
        assert_eq!(described(&ARGON2ID.replace("argon2id", "argon2i"), options.clone()), argon2("argon2i", 19));
        assert_eq!(described(&ARGON2ID.replace("v=19", "v=16"), options.clone()), argon2("argon2id", 16));
        assert_eq!(described(&ARGON2ID.replace("$v=19", ""), options.clone()), argon2("argon2id", 16));
    }
    for options in [Options::Argon2, Options::Bcrypt, Options::Phpass] {
        assert_eq!(described(BCRYPT, options.clone()), Ok(Description::Bcrypt { cost: 4 }));
        assert_eq!(described(&BCRYPT.replace("$04$", "$16$"), options), Ok(Description::Bcrypt { cost: 16 }));
    }
    assert_eq!(described(PHPASS, Options::Phpass), Ok(Description::Phpass { iterations: 128 }));
    assert_eq!(
        described(&PHPASS.replace("$P$5", "$H$B"), Options::Phpass),
        Ok(Description::Phpass { iterations: 8192 })
    );
    assert_eq!(described(&"0".repeat(32), Options::Md5), Ok(Description::Md5));
    assert_eq!(
        described(&"0".repeat(32), scrypt_options("s", 16384, 8, 2, 16)),
        Ok(Description::Scrypt { n: 16384, r: 8, p: 2 })
    );
    let firebase = described("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", firebase());
    assert_eq!(firebase, Ok(Description::Scrypt { n: 16384, r: 8, p: 1 }));
}

#[test]
fn a_digest_without_version_has_every_version_of_its_length() {
    use ShaVersion::*;
    let versions = |digits: usize, version| described(&"0".repeat(digits), Options::Sha { version });
    let of = |versions: &[ShaVersion]| Ok(Description::Sha { versions: versions.to_vec() });
    assert_eq!(versions(64, Some(Sha3_256)), of(&[Sha3_256]));
    assert_eq!(versions(40, None), of(&[Sha1]));
    assert_eq!(versions(64, None), of(&[Sha256, Sha512_256, Sha3_256]));
    assert_eq!(versions(128, None), of(&[Sha512, Sha3_512]));
}

#[test]
fn what_cannot_verify_is_described_by_the_reason_and_without_the_hash() {
    for (text, options, reason) in [
        (
            BCRYPT.replace("$04$", "$17$"),
            Options::Bcrypt,
            "the cost of a bcrypt hash must be 04 to 16, this one has 17",
        ),
        (ARGON2ID.replace("m=256", "m=1048577"), Options::Argon2, "1048577"),
        (PHPASS.replace("$P$5", "$P$J"), Options::Phpass, "must be 7 to 20"),
        ("0".repeat(64), Options::Sha { version: Some(ShaVersion::Sha512) }, "128 hexadecimal digits"),
        ("0".repeat(32), scrypt_options("s", 3, 8, 1, 16), "a power of two"),
        ("AAAA".to_owned(), firebase(), "as long as its signer key"),
        ("open sesame".to_owned(), Options::Md5, "32 lower-case hexadecimal digits"),
    ] {
        let refused = described(&text, options).unwrap_err();
        assert!(refused.reason.contains(reason), "{refused:?}");
        assert!(!refused.reason.contains(&text), "{refused:?}");
    }
    // Whatever cannot be read is no match, rather than an error.
    for options in every_options() {
        assert_eq!(try_verify(&stored("malformed", options), b"plain", &mut Memory::default()), Ok(false));
    }
}

#[test]
fn a_comparison_that_was_made_says_so() {
    let stored = hash(b"plain", &"m=8,t=1,p=1".parse().unwrap(), &mut Memory::default()).unwrap();
    assert_eq!(try_verify(&stored, b"plain", &mut Memory::default()), Ok(true));
    assert_eq!(try_verify(&stored, b"plaim", &mut Memory::default()), Ok(false));
}
