//! Stored passwords: every format, as it comes out of the database or with an import.
//!
//! An input is three parts with line feeds between them: the options as they are stored, such as `"bcrypt"`; a plain
//! password; and the text of the hash, to the end.

use usher::hashing::{
    Algorithm, Cost, Description, MAX_TEXT, Memory, Options, Stored, describe, hash, import, try_verify, verify,
};

/// Bytes of a password that bcrypt looks at.
const BCRYPT_KEY: usize = 72;

/// The cheapest cost there is.
const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };

/// Reads an input as a stored password.
pub fn run(input: &[u8]) {
    let input = String::from_utf8_lossy(input);
    let mut parts = input.splitn(3, '\n');
    let [options, plain, text] = [(); 3].map(|()| parts.next().unwrap_or_default());
    let named: Vec<Stored> = Algorithm::ALL
        .iter()
        .filter_map(|algorithm| Stored::from_columns(text.to_owned(), algorithm.as_str(), options))
        .collect();
    // Options that cannot be read are of no algorithm, and any other of one.
    if let [stored] = &named[..] {
        check_columns(stored);
        check_import(stored);
        check_verification(stored, plain.as_bytes());
    } else {
        assert!(named.is_empty(), "{options} are of {} algorithms", named.len());
    }
    // Without options of its own the text is tried as each of the formats that have none.
    if options.is_empty() {
        for options in [Options::Argon2, Options::Bcrypt, Options::Md5, Options::Phpass, Options::Sha { version: None }]
        {
            let stored = Stored { text: text.to_owned(), options };
            check_import(&stored);
            check_verification(&stored, plain.as_bytes());
        }
        check_new(plain.as_bytes());
    }
}

/// What is stored is read back, and what is shown of it names the algorithm.
fn check_columns(stored: &Stored) {
    let (name, options) = (stored.algorithm().as_str(), stored.options_to_json());
    assert_eq!(Stored::from_columns(stored.text.clone(), name, &options).as_ref(), Some(stored), "{options}");
    let shown = serde_json::to_value(stored.wire_options()).unwrap();
    assert_eq!(shown["type"], name);
    assert!(stored.algorithm() == Algorithm::Argon2 || stored.needs_rehash(&CHEAP));
}

/// A strict import takes what can verify, and that alone; what it has taken it takes again and leaves alone.
fn check_import(stored: &Stored) {
    let again = |stored: &Stored, lenient| import(stored.text.clone(), stored.options.clone(), lenient);
    let short = stored.text.len() <= MAX_TEXT;
    assert_eq!(again(stored, true).ok().as_ref(), Some(stored).filter(|_| short));
    match again(stored, false) {
        Ok(imported) => {
            assert!(describe(&imported).is_ok());
            assert_eq!(again(&imported, false).as_ref(), Ok(&imported));
            assert!(stored.algorithm() == Algorithm::ScryptMod || imported == *stored);
        }
        Err(refused) => {
            assert!(!refused.field.is_empty() && !refused.reason.is_empty() && !refused.reason.contains('\n'));
            // Of Firebase more is read than taken: leniently stored options may have any characters in them.
            assert!(!short || stored.algorithm() == Algorithm::ScryptMod || describe(stored) == Err(refused));
        }
    }
}

/// A password is right or wrong, always the same way, and a longer one is another.
fn check_verification(stored: &Stored, plain: &[u8]) {
    let mut memory = Memory::default();
    let Ok(description) = describe(stored) else {
        assert_eq!(try_verify(stored, plain, &mut memory), Ok(false));
        return;
    };
    // Firebase's hash has a fixed cost of some 50 ms, so that it is computed for few inputs only.
    let affordable = match stored.algorithm() {
        Algorithm::ScryptMod => plain.starts_with(b"user"),
        _ => is_cheap(&description),
    };
    if !affordable {
        return;
    }
    let right = verify(stored, plain, &mut memory);
    let read = Stored::from_columns(stored.text.clone(), stored.algorithm().as_str(), &stored.options_to_json());
    let read = read.expect("what was stored can be read");
    assert_eq!(describe(&read).as_ref(), Ok(&description));
    assert_eq!(try_verify(&read, plain, &mut memory), Ok(right), "with memory that was used");
    let cut = matches!(description, Description::Bcrypt { .. }) && plain.len() >= BCRYPT_KEY;
    // A key of few bytes may be the same by chance.
    let short = matches!(&stored.options, Options::ScryptMod { signer_key, .. } if signer_key.len() < 16);
    if right && !cut && !short {
        assert!(!verify(stored, &[plain, b"x"].concat(), &mut memory), "{description:?}");
    }
}

/// Whether it takes milliseconds to compute.
fn is_cheap(description: &Description) -> bool {
    match description {
        Description::Argon2 { cost, .. } => cost.passes.saturating_mul(cost.memory_kib) <= 4096,
        Description::Bcrypt { cost } => *cost <= 6,
        Description::Phpass { iterations } => *iterations <= 1 << 11,
        Description::Scrypt { n, r, p } => n * u64::from(*r) * u64::from(*p) <= 1 << 13,
        Description::Md5 | Description::Sha { .. } => true,
    }
}

/// A new hash is that of its password, and of no other.
fn check_new(plain: &[u8]) {
    let mut memory = Memory::default();
    let stored = hash(plain, &CHEAP, &mut memory).unwrap();
    assert!(verify(&stored, plain, &mut memory) && !verify(&stored, &[plain, b"x"].concat(), &mut memory));
    assert!(!stored.needs_rehash(&CHEAP) && memory.kib() <= 8);
    assert_eq!(import(stored.text.clone(), Options::Argon2, false), Ok(stored));
}
