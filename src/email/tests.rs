//! What addresses tell, and that the lists are in order.

use super::*;

#[test]
fn addresses_have_one_canonical_form() {
    for (email, canonical) in [
        ("anna@gmail.com", "anna@gmail.com"),
        ("a.n.n.a@gmail.com", "anna@gmail.com"),
        ("an.na+shop@gmail.com", "anna@gmail.com"),
        ("anna+a+b@gmail.com", "anna@gmail.com"),
        ("anna@googlemail.com", "anna@gmail.com"),
        ("an.na+x@googlemail.com", "anna@gmail.com"),
        ("anna+shop@outlook.com", "anna@outlook.com"),
        ("an.na+shop@hotmail.co.uk", "an.na@hotmail.co.uk"),
        ("an.na@live.com", "an.na@live.com"),
        ("anna+shop@icloud.com", "anna@icloud.com"),
        ("anna+shop@fastmail.com", "anna@fastmail.com"),
        ("anna+shop@proton.me", "anna@proton.me"),
        // Other mailboxes, as far as anybody knows.
        ("anna@protonmail.com", "anna@protonmail.com"),
        ("an.na+shop@yahoo.com", "an.na+shop@yahoo.com"),
        ("an.na+shop@example.org", "an.na+shop@example.org"),
        ("anna+shop@mail.gmail.com", "anna+shop@mail.gmail.com"),
        ("anna+shop@mailinator.com", "anna+shop@mailinator.com"),
        // No name would be left.
        ("+shop@outlook.com", "+shop@outlook.com"),
        ("+shop@gmail.com", "+shop@gmail.com"),
        (r#""an.na+x"@gmail.com"#, r#""an.na+x"@gmail.com"#),
        (r#""a@b"@example.org"#, r#""a@b"@example.org"#),
        ("anna@[192.0.2.1]", "anna@[192.0.2.1]"),
    ] {
        assert_eq!(tell(email).unwrap().canonical, canonical, "{email}");
        let again = tell(canonical).unwrap();
        assert!(again.canonical == canonical && matches!(again.canonical, Cow::Borrowed(_)), "{canonical}");
    }
    assert_eq!(tell("nobody"), None);
}

#[test]
fn domains_are_of_one_kind() {
    for (email, free, disposable) in [
        ("anna@gmail.com", true, false),
        ("anna@web.de", true, false),
        ("anna@mailinator.com", false, true),
        ("anna@yopmail.fr", false, true),
        ("anna@example.org", false, false),
        ("anna@sub.gmail.com", false, false),
        ("anna@gmail.co", false, false),
        ("anna@[192.0.2.1]", false, false),
        (r#""x@gmail.com"@example.org"#, false, false),
    ] {
        let told = tell(email).unwrap();
        assert_eq!((told.free, told.disposable, told.corporate()), (free, disposable, !free && !disposable), "{email}");
    }
}

#[test]
fn the_lists_name_each_domain_once_and_in_lower_case() {
    let domains: Vec<&str> = DOMAINS.iter().map(|(domain, _)| *domain).collect();
    assert!(domains.len() > 100, "{}", domains.len());
    assert!(domains.is_sorted_by(|a, b| place(a) < place(b)), "{domains:?}");
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    assert!(domains.iter().all(|domain| domain.contains('.') && domain.bytes().all(allowed)), "{domains:?}");
    let reads = |line: &str| line.split_once(' ').is_none_or(|(_, reads)| ["tags", "dots"].contains(&reads));
    assert!(lines(FREE).all(reads));
}
