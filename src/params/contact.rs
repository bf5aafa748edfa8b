//! Email addresses and phone numbers.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::{Value, json};

use super::reader::{Param, Reason, text};

/// An email address as upstream's filter knows it, lower-cased: ASCII, a local part of at most 64 bytes (dotted
/// atoms or a quoted text without blanks), and a domain of two or more labels whose last begins with a letter, or
/// an address in brackets; at most 254 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(pub String);

impl Param for Email {
    fn schema() -> Value {
        json!({ "type": "string", "format": "email", "maxLength": 254, "examples": ["anna@example.org"] })
    }

    fn parse(value: &Value) -> Result<Self, Reason> {
        let email = text(value)?;
        if is_email(email) {
            return Ok(Self(email.to_ascii_lowercase()));
        }
        Err("must be an email address such as anna@example.org, at most 254 characters long.".into())
    }
}

fn is_email(email: &str) -> bool {
    let Some((local, domain)) = email.rsplit_once('@') else { return false };
    email.len() <= 254 && email.is_ascii() && (1..=64).contains(&local.len()) && is_local(local) && is_domain(domain)
}

fn is_local(local: &str) -> bool {
    if let Some(quoted) = local.strip_prefix('"') {
        let Some(inside) = quoted.strip_suffix('"') else { return false };
        let mut bytes = inside.bytes();
        while let Some(byte) = bytes.next() {
            let fine = match byte {
                b'\\' => bytes.next().is_some_and(|escaped| (b'!'..=b'~').contains(&escaped)),
                b'"' => false,
                byte => (b'!'..=b'~').contains(&byte),
            };
            if !fine {
                return false;
            }
        }
        return true;
    }
    local.split('.').all(|atom| {
        !atom.is_empty() && atom.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
    })
}

fn is_domain(domain: &str) -> bool {
    if let Some(literal) = domain.strip_prefix('[') {
        let Some(address) = literal.strip_suffix(']') else { return false };
        return match address.get(..5) {
            Some(tag) if tag.eq_ignore_ascii_case("ipv6:") => {
                address.get(5..).is_some_and(|address| address.parse::<Ipv6Addr>().is_ok())
            }
            _ => address.parse::<Ipv4Addr>().is_ok(),
        };
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = domain.rsplit('.').next().unwrap_or_default();
    domain.contains('.') && domain.split('.').all(label) && last.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// A phone number: `+`, a country's calling code, and 7 to 15 digits in all. Stored as sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone(pub String);

impl Param for Phone {
    fn schema() -> Value {
        json!({ "type": "string", "pattern": r"^\+[0-9]{7,15}$", "examples": ["+14155552671"] })
    }

    fn parse(value: &Value) -> Result<Self, Reason> {
        let phone = text(value)?;
        let digits = phone.strip_prefix('+').unwrap_or_default();
        let shape = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if !shape {
            return Err("must be a phone number of + and 7 to 15 digits, such as +14155552671.".into());
        }
        if !has_calling_code(digits) {
            return Err("must begin with the calling code of a country, such as +49.".into());
        }
        Ok(Self(phone.to_owned()))
    }
}

/// Whether the digits begin with a calling code that is in use: the assignments of ITU-T E.164. One digit for the
/// zones 1 and 7; two digits where listed; three digits elsewhere, save for codes that are not assigned.
fn has_calling_code(digits: &str) -> bool {
    const TWO: [&str; 43] = [
        "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49",
        "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81", "82", "84",
        "86", "90", "91", "92", "93", "94", "95",
    ];
    // Zones of three digits: the two digits in front, and the last digits that are assigned.
    const THREE: [(&str, &str); 22] = [
        ("21", "123568"),
        ("22", "0123456789"),
        ("23", "0123456789"),
        ("24", "0123456789"),
        ("25", "012345678"),
        ("26", "0123456789"),
        ("29", "01789"),
        ("35", "0123456789"),
        ("37", "012345678"),
        ("38", "0123456789"),
        ("42", "013"),
        ("50", "0123456789"),
        ("59", "0123456789"),
        ("67", "02345679"),
        ("68", "0123456789"),
        ("69", "012"),
        ("80", "08"),
        ("85", "02356"),
        ("87", "0138"),
        ("88", "0123678"),
        ("96", "0123456780"),
        ("97", "012345679"),
    ];
    const CENTRAL_ASIA: &str = "234568";
    if digits.starts_with(['1', '7']) || TWO.iter().any(|code| digits.starts_with(code)) || digits.starts_with("98") {
        return true;
    }
    let (Some(zone), Some(last)) = (digits.get(..2), digits.get(2..3)) else { return false };
    let assigned = if zone == "99" { CENTRAL_ASIA } else { THREE.iter().find(|(z, _)| *z == zone).map_or("", |z| z.1) };
    assigned.contains(last)
}

/// A value that may also be the empty text, which clears it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrEmpty<T>(pub Option<T>);

impl<T: Param> Param for OrEmpty<T> {
    fn schema() -> Value {
        let mut full = T::schema();
        let examples = full["examples"].take();
        if let Some(full) = full.as_object_mut() {
            full.remove("examples");
        }
        json!({ "anyOf": [full, { "const": "" }], "examples": examples })
    }

    fn parse(value: &Value) -> Result<Self, Reason> {
        match value.as_str() {
            Some("") => Ok(Self(None)),
            _ => T::parse(value).map(|value| Self(Some(value))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn email_addresses() {
        let longest = format!("{}@{}.{}.{}.org", "a".repeat(64), "b".repeat(63), "c".repeat(63), "d".repeat(57));
        assert_eq!(longest.len(), 254);
        for email in [
            "a@b.c1",
            "a@1.com",
            "Anna.Lee+tag@Example.ORG",
            "\"a@b\"@example.org",
            "\"a\\\"b\"@example.org",
            "!#$%&'*+-/=?^_`{|}~@example.org",
            "a@[127.0.0.1]",
            "a@[IPv6:::1]",
            "a@xn--bcher-kva.example",
            &longest,
        ] {
            assert_eq!(Email::parse(&json!(email)), Ok(Email(email.to_ascii_lowercase())), "{email}");
        }
        let long_local = format!("{}@example.org", "a".repeat(65));
        let long_label = format!("a@{}.org", "b".repeat(64));
        for email in [
            "",
            "a",
            "a@",
            "@b.org",
            "a@localhost",
            "a@b.123",
            "a@b.-c",
            "a@b-.org",
            "a@b_c.org",
            " a@b.org",
            "a@b.org ",
            "a@b.org\n",
            "a..b@c.org",
            ".a@b.org",
            "a.@b.org",
            "a b@c.org",
            "\"a b\"@c.org",
            "\"a@b.org",
            "ä@b.org",
            "a@bücher.org",
            "a@b@c.org",
            "a@[999.0.0.1]",
            "a@[::1]",
            "a@b..org",
            "a@.org",
            &long_local,
            &long_label,
            &format!("a{longest}"),
        ] {
            assert!(Email::parse(&json!(email)).is_err(), "{email}");
        }
    }

    #[test]
    fn phone_numbers() {
        for phone in ["+1234567", "+123456789012345", "+493012345", "+99212345", "+35312345", "+99812345"] {
            assert_eq!(Phone::parse(&json!(phone)), Ok(Phone(phone.to_owned())), "{phone}");
        }
        for phone in [
            "",
            "+",
            "1234567",
            "+123456",
            "+1234567890123456",
            "+0123456789",
            "+1 2345678",
            "+1-2345678",
            "+1234567\n",
            "+2101234567",
            "+9991234567",
            "+12345６7",
        ] {
            assert!(Phone::parse(&json!(phone)).is_err(), "{phone}");
        }
    }

    #[test]
    fn an_empty_text_clears() {
        assert_eq!(OrEmpty::<Email>::parse(&json!("")), Ok(OrEmpty(None)));
        assert!(OrEmpty::<Email>::parse(&json!(null)).is_err());
        assert!(OrEmpty::<Email>::parse(&json!(false)).is_err());
    }
}
