//! How texts are read: the two forms, and dates.

use super::*;

#[test]
fn json_form() {
    check(
        &USERS,
        &[
            ("\t\n {\"method\":\"limit\",\"values\":[1]} ", ACCEPTED),
            (r#"{"method":"equal","method":"limit","values":[1]}"#, ACCEPTED),
            (r#"{"method":"limit","values":[1],"extra":{"a":[]}}"#, ACCEPTED),
            (r#"{"method":"limit","values":[1]}x"#, ARGUMENT),
            (r#"{"method":null,"values":[1]}"#, ARGUMENT),
            (r#"{"method":"limit","values":1}"#, ARGUMENT),
            (r#"{"method":"equal","attribute":["name"],"values":["x"]}"#, ARGUMENT),
            (r#"{"method":"equal","attribute":"name","values":["\ud800"]}"#, ARGUMENT),
            ("{}", ARGUMENT),
            ("{", ARGUMENT),
            ("[{\"method\":\"limit\",\"values\":[1]}]", ARGUMENT),
            ("", ARGUMENT),
            ("   ", ARGUMENT),
            ("7", ARGUMENT),
        ],
    );
}

/// What the scanner makes of texts, well formed and not.
#[test]
fn string_form() {
    let name = |value: &str| test("name", Op::Equal(vec![text(value)]));
    for (query, value) in [
        (r#"equal("name", ["mia"])"#, "mia"),
        (r#"equal('name', 'mia')"#, "mia"),
        (r#"equal(name, mia lou)"#, "mialou"),
        (r#"equal("name", ["a, (b) [c]"])"#, "a, (b) [c]"),
        (r#"equal("name", ["o'neil"])"#, "o'neil"),
        (r#"equal("name", ["say \"hi\""])"#, "say \"hi\""),
        (r#"equal("name", ["a\,b\\c\n"])"#, r"a,b\\c\n"),
        (r#"equal("name", [a\,b])"#, "a,b"),
        (r#"equal("name", ["say "hi you""])"#, "say \"hiyou\""),
        (r#"equal("name", ["6" nail"])"#, "6\"nail\""),
        (r#"equal("name", "  mia  ")"#, "  mia  "),
        (r#"equal("name", ["5"])"#, "5"),
        (r#"equal("name", ["mia"], ["noa"])"#, "mia"),
        (r#"equal("name", ["mia"]) trailing"#, "mia"),
        (r#"equal("name", [["mia"]])"#, "mia"),
        (r#"equal("name", [""])"#, ""),
        ("equal(\"name\", [\"zo\u{301}\u{65e5}\u{672c}\"\u{65e5}", "zo\u{65e5}\u{672c}"),
        ("equal(\"name\", \"mia\"\u{1f600}", "mia"),
        ("equal(\"name\", \tmia\n)", "mia"),
        // Cut off within the second element: what is left of it is the value, and the list is never closed.
        (r#"equal("name", ["a", "b"#, ""),
    ] {
        assert_eq!(filter(query), name(value), "{query}");
    }
    let several = |query, values: &[&str]| {
        assert_eq!(filter(query), test("name", Op::Equal(values.iter().map(|value| text(value)).collect())), "{query}");
    };
    several(r#"equal("name", ["a","b"])"#, &["a", "b"]);
    several(r#"equal("name", ["a",,"b",])"#, &["a", "", "b"]);
    let between = Op::Between(text("a"), text("m"));
    assert_eq!(filter(r#"between("name", "a", "m", "z")"#), test("name", between));
    check(
        &USERS,
        &[
            (r#"equal("name", [5])"#, ARGUMENT),
            (r#"equal("name", [-.5e3])"#, ARGUMENT),
            (r#"equal("name", [null])"#, ARGUMENT),
            (r#"equal("name", [])"#, ARGUMENT),
            (r#"equal("name", [0x1f])"#, ACCEPTED),
            (r#"equal("name", [infinity])"#, ACCEPTED),
            (r#"equal("name", [+])"#, ACCEPTED),
            (r#"equal("name")"#, ARGUMENT),
            ("equal()", ARGUMENT),
            ("equal(", ARGUMENT),
            ("(", ARGUMENT),
            ("()", ARGUMENT),
            (" limit(1)", ARGUMENT),
            ("limit (1)", ARGUMENT),
            ("users.limit(1)", ARGUMENT),
            (r#"between("name", ["a","b"])"#, ARGUMENT),
            (r#"between("name", "a")"#, ARGUMENT),
            (r#"notEqual("name", ["a","b"])"#, ARGUMENT),
            (r#"equal(["name"], ["a"])"#, ARGUMENT),
            ("limit(1)\u{e9}", ARGUMENT),
            ("limit(1\u{e9}", ACCEPTED),
            ("limit(1\\", ACCEPTED),
            ("limit(1\\)", ARGUMENT),
        ],
    );
}

#[test]
fn dates() {
    let read = crate::query::date::millis;
    for (text, millis) in [
        ("1970-01-01", 0),
        ("2024-02-29", 1_709_164_800_000),
        ("2024-05-06 07:08:09", 1_714_979_289_000),
        ("2024-05-06T07:08:09", 1_714_979_289_000),
        ("2024-05-06t07:08:09z", 1_714_979_289_000),
        ("2024-05-06T07:08:09.1Z", 1_714_979_289_100),
        ("2024-05-06 07:08:09.123999", 1_714_979_289_123),
        ("2024-05-06T07:08:09.123+02:00", 1_714_972_089_123),
        ("2024-05-06 07:08:09-05:30", 1_714_999_089_000),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ("1969-12-31T23:59:59.999Z", -1),
        ("0000-01-01", -62_167_219_200_000),
        ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
    ] {
        assert_eq!(read(text), Some(millis), "{text}");
    }
    for text in [
        "",
        "now",
        "2024",
        "2024-05",
        "2023-02-29",
        "2024-13-01",
        "2024-5-6",
        "05/06/2024",
        "20240506",
        "1714979289",
        "2024-05-06T",
        "2024-05-06T07:08",
        "2024-05-06T24:00:00",
        "2024-05-06T07:60:00",
        "2024-05-06T07:08:61",
        "2024-05-06T07:08:09.",
        "2024-05-06T07:08:09.Z",
        "2024-05-06T07:08:09+2",
        "2024-05-06T07:08:09+24:00",
        "2024-05-06T07:08:09+02:00x",
        "2024-05-06 ",
        " 2024-05-06",
        "2024-05-06Zx",
        "+2024-05-06",
        "10000-01-01",
        "0000-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "２０２４-05-06",
        "2024-05-06T07:08:09é",
        "2024-05-06T+1:08:09",
        "-001-01-01",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}
