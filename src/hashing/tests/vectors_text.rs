//! Known answers for the formats whose text has all its parameters: published ones, and ones made with libargon2,
//! the Python bcrypt package and hashlib.

use super::*;

#[test]
fn argon2() {
    const V16: &str = "$argon2i$v=16$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY";
    const V19: &str = "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8";
    const SHORT: &str = "$argon2id$v=19$m=64,t=1,p=1$YW5vdGhlci1zYWx0LTE2Yg$0N4DqpM";
    const LANES: &str = "$argon2id$v=19$m=64,t=1,p=2$dXNoZXItdGVzdC1zYWx0IQ$0RcALAol15xu1YSp+hecazChlJh58Wuy";
    const D: &str = "$argon2d$v=19$m=64,t=1,p=1$YW5vdGhlci1zYWx0LTE2Yg$kqP+EjT44c62N3aLjEM6tuslyDJZcI6N3HzTu6rVhLc";
    check(
        &Options::Argon2,
        &[
            // These, and ARGON2ID, are in libargon2's own test suite.
            (V16, "password", true),
            (V19, "password", true),
            // A text without a version is one of version 16.
            (&V16.replace("v=16$", ""), "password", true),
            (&V19.replace("v=19$", ""), "password", false),
            (LANES, "Grüße aus Köln", true),
            (SHORT, "nul\0inside", true),
            (SHORT, "nul", false),
            (D, "d variant", false),
            (ARGON2ID, "Password", false),
            (ARGON2ID, "", false),
            ("", "", false),
        ],
    );
    check_spoiled(
        &Options::Argon2,
        ARGON2ID,
        "password",
        &[
            ("t=2", "t=02"),
            ("t=2", "t=+2"),
            ("t=2", "t= 2"),
            ("t=2", "t="),
            ("t=2", "t=0"),
            ("m=256,t=2", "t=2,m=256"),
            ("p=1", "p=1,data=YQ"),
            ("v=19", "v=16"),
            ("v=19", "v=18"),
            ("v=19", "v=019"),
            ("argon2id", "argon2i"),
            ("argon2id", "ARGON2ID"),
            ("c29tZXNhbHQ", "c29tZXNhbHQ="),
            ("c29tZXNhbHQ", "c29tZXNhbHR"),
            ("c29tZXNhbHQ", "c29tZXM"),
            ("Gi/4", "Gi_4"),
            ("Gi/4", "Gi/4$"),
            ("Gi/4", "Gi/4 "),
            ("$argon2", " $argon2"),
            ("m=256", "m=7"),
            ("m=256", "m=4294967295"),
            ("m=256", "m=4294967296"),
            ("t=2", "t=4294967295"),
            ("p=1", "p=65"),
        ],
    );
}

#[test]
fn bcrypt() {
    const LONG: &str = "$2b$04$ag/sUBPjzFDn7gn4xUWBQ.6c4NEElcqtPvZt.OfmUYGj4h4BYMF0K";
    const KOELN: &str = "$2a$04$mfy1Ek.Nt5229lUq3ijk5eRCaLBhTNl06H9OpViu1pWgBTda21xgK";
    let long = "q".repeat(80);
    let sesame = "usher-open-sesame";
    check(
        &Options::Bcrypt,
        &[
            // Published with crypt_blowfish, the third with jBCrypt.
            ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U", true),
            ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*", true),
            ("$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.", "", true),
            (KOELN, "Grüße aus Köln", true),
            (LONG, &long, true),
            (LONG, &long[..72], true),
            (LONG, &long[..71], false),
            (BCRYPT, "usher-open-sesame\0", false),
            (BCRYPT, "usher-open-sesame\0more", false),
            (BCRYPT, "Usher-open-sesame", false),
            (&BCRYPT.replace("$2b$", "$2a$"), sesame, true),
            (&BCRYPT.replace("$2b$", "$2x$"), sesame, true),
            (&BCRYPT.replace("$2b$", "$2y$"), sesame, true),
        ],
    );
    check_spoiled(
        &Options::Bcrypt,
        BCRYPT,
        sesame,
        &[
            ("$2b$", "$2$"),
            ("$2b$", "$2c$"),
            ("$2b$", "$2Y$"),
            ("$04$", "$+4$"),
            ("$04$", "$4$"),
            ("$04$", "$03$"),
            ("$04$", "$17$"),
            ("$04$", "$31$"),
            // The last digit of salt and digest with an unused bit set.
            ("BQ20OO", "BQ20OP"),
            ("LX6", "LX7"),
            ("LX6", "LXé"),
            ("LX6", "LX"),
            ("LX6", "LX6\n"),
        ],
    );
}

#[test]
fn phpass() {
    const NUL: &str = "$P$7saltsaltJvItYH5xQSI9eif6sfmKE0";
    const SHORT_ARGON2: &str = "$argon2id$v=19$m=64,t=1,p=1$YW5vdGhlci1zYWx0LTE2Yg$0N4DqpM";
    let sesame = "usher-open-sesame";
    check(
        &Options::Phpass,
        &[
            // Published in the test of the phpass framework.
            ("$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0", "test12345", true),
            ("$H$6./Zz09AaOTbFhqY9WXcpBYnOZKkiV/", "Grüße aus Köln", true),
            (NUL, "nul\0inside", true),
            (NUL, "nul", false),
            (PHPASS, "usher-open-sesam", false),
            (&PHPASS.replace("$P$", "$H$"), sesame, true),
            // bcrypt is what the framework makes by default; Argon2 it never verified.
            (BCRYPT, sesame, true),
            (SHORT_ARGON2, "nul\0inside", false),
        ],
    );
    check_spoiled(
        &Options::Phpass,
        PHPASS,
        sesame,
        &[
            ("$P$", "$S$"),
            ("$P$", "$Q$"),
            ("$P$", "U$P$"),
            ("$P$5", "$P$4"),
            ("$P$5", "$P$J"),
            ("$P$5", "$P$S"),
            ("$P$5", "$P$!"),
            ("CX0", "CX"),
            ("CX0", "CX0."),
            ("CX0", "CX4"),
            ("CX0", "C-0"),
            ("gh", "é"),
        ],
    );
}
