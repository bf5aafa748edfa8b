//! Known answers for bare digests, scrypt and Firebase: published ones, and ones made with hashlib (OpenSSL) and
//! PyCryptodome.

use super::*;

const SESAME: &str = "usher-open-sesame";

#[test]
fn md5() {
    check(
        &Options::Md5,
        &[
            // The first three are published in RFC 1321.
            ("d41d8cd98f00b204e9800998ecf8427e", "", true),
            ("900150983cd24fb0d6963f7d28e17f72", "abc", true),
            ("f96b697d7cb7938d525a2f31aaf161d0", "message digest", true),
            ("e1b61fd50db0a3be56c91807b238733c", SESAME, true),
            ("2a21eb25aeed73779432adca96b0d031", "Grüße aus Köln", true),
        ],
    );
    check_spoiled(
        &Options::Md5,
        "900150983cd24fb0d6963f7d28e17f72",
        "abc",
        &[
            ("cd", "CD"),
            ("72", "72 "),
            ("72", "72\n"),
            ("72", "7"),
            ("72", "7é"),
            ("72", ""),
            ("90", " 90"),
            ("72", "73"),
        ],
    );
}

#[test]
fn sha() {
    // The digests of "abc" that FIPS 180-4 and FIPS 202 publish.
    let published = [
        ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("sha224", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"),
        ("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("sha384", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"),
        ("sha512/224", "4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa"),
        ("sha512/256", "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"),
        (
            "sha512",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
        ("sha3-224", "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf"),
        ("sha3-256", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"),
        (
            "sha3-384",
            "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf228376d25",
        ),
        (
            "sha3-512",
            "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
        ),
    ];
    assert_eq!(published.len(), ShaVersion::ALL.len());
    for (name, digest) in published {
        let spoiled = [
            (digest.to_uppercase(), "abc"),
            (digest[1..].to_owned(), "abc"),
            (digest[2..].to_owned(), "abc"),
            (digest.to_owned(), "abd"),
        ];
        // Verifies under its own name and, found by its length, under none; never under another name.
        for version in ShaVersion::ALL.map(Some).into_iter().chain([None]) {
            let right = version.is_none_or(|version| version.as_str() == name);
            check(&Options::Sha { version }, &[(digest, "abc", right)]);
            for (text, plain) in &spoiled {
                check(&Options::Sha { version }, &[(text, plain, false)]);
            }
        }
    }
}

#[test]
fn scrypt() {
    const OWN: &str = "27105bf3dcd353d02c3dd5f126a79ccbf62a6e5b76768b88a0385932a364173f";
    const OF_1024: &str = "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640";
    const OF_16: &str = "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906";
    // The first two are published in RFC 7914.
    for (options, text, plain) in [
        (scrypt_options("NaCl", 1024, 8, 16, 64), OF_1024, "password"),
        (scrypt_options("", 16, 1, 1, 64), OF_16, ""),
        (scrypt_options("salz", 16, 2, 2, 32), OWN, SESAME),
        (scrypt_options("ü", 64, 1, 1, 16), "b398c32edce358ef136a016c5e12df66", "Grüße aus Köln"),
    ] {
        let upper = text.to_uppercase();
        check(
            &options,
            &[(text, plain, true), (text, "another", false), (&upper, plain, false), (&text[2..], plain, false)],
        );
    }
    for other in [
        scrypt_options("salt", 16, 2, 2, 32),
        scrypt_options("salz", 32, 2, 2, 32),
        scrypt_options("salz", 16, 3, 2, 32),
        scrypt_options("salz", 16, 2, 3, 32),
        scrypt_options("salz", 16, 2, 2, 16),
        scrypt_options("salz", 15, 2, 2, 32),
    ] {
        check(&other, &[(OWN, SESAME, false)]);
    }
}

#[test]
fn scrypt_modified() {
    // Published with Firebase's own scrypt tool.
    let key = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==";
    let text = "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==";
    check(
        &firebase_options("42xEC+ixf3L2lw==", "Bw==", key),
        &[(text, "user1password", true), (text, "user2password", false)],
    );

    let key = "+yBFao+02f4jSG2St9wBJktwlbrfBClOc5i94gcsUXabwOUKL1R5nsPoDTJXfKHG6xA1Wn+kye4TOF2Cp8zxFg==";
    let text = "V6YVIA0YeRvC41peI7lD20J5xocVSxaZBMETj55fVzQeqZsFrGRUbprpbgJCV8wlUHMNTVh2rtgn8sNFFU0vwA==";
    check_spoiled(
        &firebase_options("++//AQIDBA==", "Bw==", key),
        text,
        SESAME,
        &[("==", ""), ("==", "="), ("V6YV", ""), ("V6YV", "V6YU"), ("V6YV", "V6Y_")],
    );
    // The options are read leniently (no padding, foreign characters), but they count.
    let bare_key = key.trim_end_matches('=');
    for (salt, separator, right) in
        [("++//AQ IDBA", "Bw", true), ("++//AQIDBA==", "Bg==", false), ("++//AQIDBQ==", "Bw==", false)]
    {
        let options = firebase_options(salt, separator, bare_key);
        check(&options, &[(text, SESAME, right)]);
    }
    // A key of 33 bytes and a separator of two.
    check(
        &firebase_options("MDEyMzQ1Njc4OQ==", "//4=", "B2K9GHPOKYTfOpXwS6YBXLcSbcgjftk0j+pFoPtWsQxn"),
        &[("/nBTV8ektOfTyerWzhVy7KGQpanJMoMm9BKBOETmACYa", "Grüße aus Köln", true)],
    );
    // A key that decodes to nothing must not let everybody in.
    for key in ["", "=", "é", "a"] {
        check(&firebase_options("", "", key), &[("", SESAME, false)]);
    }
}
