//! Looks addresses up in a tiny database that the test writes itself.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::net::Ipv6Addr;
use std::path::PathBuf;

use proptest::prelude::*;

use super::{Country, Geo, locale};

/// Which networks the test database has, as in MaxMind's own test data.
const NETWORKS: &[(&str, u32, Record)] = &[
    // IPv4 lives in `::/96` of an IPv6 tree.
    (
        "::81.2.69.0",
        96 + 24,
        Record {
            code: "GB",
            names: &[("de", "Vereinigtes Königreich"), ("en", "United Kingdom"), ("pt-BR", "Reino Unido")],
        },
    ),
    ("2001:218::", 32, Record { code: "JP", names: &[("en", "Japan")] }),
    ("2001:db8:1::", 48, Record { code: "XK", names: &[] }),
    ("2001:db8:2::", 48, Record { code: "not a code", names: &[("en", "Nowhere")] }),
];

struct Record {
    code: &'static str,
    names: &'static [(&'static str, &'static str)],
}

/// A string with its control byte: type 2 and the length, which stays under 29 here.
fn text(value: &str) -> Vec<u8> {
    assert!(value.len() < 29);
    [&[0x40 | value.len() as u8], value.as_bytes()].concat()
}

/// A map: type 7 and the number of pairs, then the pairs.
fn map(pairs: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = vec![0xe0 | pairs.len() as u8];
    for (key, value) in pairs {
        bytes.extend(text(key));
        bytes.extend(value);
    }
    bytes
}

/// An unsigned number: type 5 (16 bits) or 6 (32 bits), with all its bytes.
fn uint16(value: u16) -> Vec<u8> {
    [&[0xa2], value.to_be_bytes().as_slice()].concat()
}

fn uint32(value: u32) -> Vec<u8> {
    [&[0xc4], value.to_be_bytes().as_slice()].concat()
}

/// A database of the given type: search tree with records of 32 bits, 16 zero bytes, data, metadata.
fn database(kind: &str) -> Vec<u8> {
    let mut data = Vec::new();
    // Branches hold the number of a node, or the offset of a leaf in the data.
    #[derive(Clone, Copy)]
    enum Branch {
        Nothing,
        Node(usize),
        Leaf(usize),
    }
    let mut nodes = vec![[Branch::Nothing; 2]];
    for (address, bits, record) in NETWORKS {
        let names: Vec<_> = record.names.iter().map(|&(key, name)| (key, text(name))).collect();
        let country = map(&[("iso_code", text(record.code)), ("names", map(&names))]);
        let leaf = Branch::Leaf(data.len());
        data.extend(map(&[("country", country)]));

        let address = u128::from(address.parse::<Ipv6Addr>().unwrap());
        let mut at = 0;
        for bit in 0..*bits {
            let side = (address >> (127 - bit) & 1) as usize;
            at = match nodes[at][side] {
                _ if bit + 1 == *bits => {
                    nodes[at][side] = leaf;
                    break;
                }
                Branch::Node(next) => next,
                _ => {
                    nodes.push([Branch::Nothing; 2]);
                    nodes[at][side] = Branch::Node(nodes.len() - 1);
                    nodes.len() - 1
                }
            };
        }
    }
    let count = nodes.len() as u32;
    let mut bytes = Vec::new();
    for branch in nodes.into_iter().flatten() {
        let number = match branch {
            Branch::Nothing => count,
            Branch::Node(node) => node as u32,
            Branch::Leaf(offset) => count + 16 + offset as u32,
        };
        bytes.extend(number.to_be_bytes());
    }
    bytes.extend([0; 16]);
    bytes.extend(data);
    bytes.extend(b"\xab\xcd\xefMaxMind.com");
    bytes.extend(map(&[
        ("binary_format_major_version", uint16(2)),
        ("binary_format_minor_version", uint16(0)),
        // Types above 7 are written as 0 and the type less 7: a number of 64 bits, an array.
        ("build_epoch", vec![0x01, 0x02, 1]),
        ("database_type", text(kind)),
        ("description", map(&[("en", text("for tests"))])),
        ("ip_version", uint16(6)),
        ("languages", [vec![0x01, 0x04], text("en")].concat()),
        ("node_count", uint32(count)),
        ("record_size", uint16(32)),
    ]));
    bytes
}

/// Writes `bytes` to a file that lives as long as the directory.
fn file(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("country.mmdb");
    std::fs::write(&path, bytes).unwrap();
    (directory, path)
}

fn geo() -> Geo {
    let (_directory, path) = file(&database("Usher-Country"));
    Geo::open(&path).unwrap()
}

fn error(bytes: &[u8]) -> String {
    let (_directory, path) = file(bytes);
    format!("{:#}", Geo::open(&path).err().unwrap())
}

fn country(code: &str, name: &str) -> Country {
    Country { code: code.to_owned(), name: name.to_owned() }
}

#[test]
fn names_follow_the_locale() {
    let geo = geo();
    let cases = [
        ("81.2.69.142", "en", "gb", "United Kingdom"),
        ("81.2.69.142", "de", "gb", "Vereinigtes Königreich"),
        ("81.2.69.142", "de-at", "gb", "Vereinigtes Königreich"),
        ("81.2.69.142", "pt-br", "gb", "Reino Unido"),
        ("81.2.69.142", "pt", "gb", "Reino Unido"),
        ("81.2.69.142", "fr", "gb", "United Kingdom"),
        ("81.2.69.142", "zh-tw", "gb", "United Kingdom"),
        (" ::ffff:81.2.69.142", "en", "gb", "United Kingdom"),
        ("2001:218::1", "de", "jp", "Japan"),
        ("2001:db8:1::1", "en", "xk", "Unknown"),
    ];
    for (ip, locale, code, name) in cases {
        assert_eq!(geo.country(ip, locale), country(code, name), "{ip} {locale}");
    }
}

#[test]
fn unknown_addresses() {
    let geo = geo();
    let odd = ["", "not an address", "81.2.69", "127.0.0.1", "10.0.0.1", "::1", "8.8.8.8"];
    for ip in odd.iter().chain(&["81.2.70.1", "2001:219::1", "2001:db8:2::1", "81.2.69.1:80"]) {
        assert_eq!(geo.country(ip, "en"), country("--", "Unknown"), "{ip}");
    }
    assert_eq!(geo.country("::1", "de-ch"), country("--", "Unbekannt"));
    assert_eq!(geo.country("::1", ""), country("--", "Unknown"));
    assert_eq!(Geo::none().country("81.2.69.142", "en"), country("--", "Unknown"));
}

#[test]
fn bad_files_are_named() {
    let missing = format!("{:#}", Geo::open("no/such/file.mmdb".as_ref()).err().unwrap());
    assert!(missing.starts_with("cannot read the country file no/such/file.mmdb: "), "{missing}");
    let whole = database("Usher-Country");
    for bytes in [&[][..], b"PK\x03\x04 an archive", &whole[..whole.len() / 2]] {
        let error = error(bytes);
        assert!(error.contains("country.mmdb is not a MaxMind database: "), "{error}");
    }
    let error = error(&database("Usher-ASN"));
    assert!(error.contains("is a Usher-ASN database"), "{error}");
}

#[test]
fn locale_codes() {
    for code in ["en", "de-at", "pt-br", "zh-cn", "af", "zu"] {
        assert_eq!(locale(code), Some(code));
    }
    for code in ["", "EN", "de-AT", "pt_br", "zh", "en-", "xx", "de-at "] {
        assert_eq!(locale(code), None, "{code}");
    }
}

#[test]
fn codes_are_sorted() {
    // The look-up is a binary search.
    assert!(super::locales::CODES.is_sorted_by(|a, b| a < b));
}

proptest! {
    #[test]
    fn any_text_is_accepted(ip in ".{0,60}", locale in ".{0,20}") {
        prop_assert_eq!(geo().country(&ip, &locale).code.len(), 2);
    }

    /// A file damaged anywhere opens with an error or answers something; it never stops the server.
    #[test]
    fn any_damage_is_survived(at in 0_usize..5_000, byte: u8, ip: std::net::IpAddr) {
        let mut bytes = database("Usher-Country");
        let at = at % bytes.len();
        bytes[at] = byte;
        let (_directory, path) = file(&bytes);
        if let Ok(geo) = Geo::open(&path) {
            for ip in [&*ip.to_string(), "81.2.69.1", "2001:218::1"] {
                prop_assert_eq!(geo.country(ip, "pt").code.len(), 2);
            }
        }
    }
}
