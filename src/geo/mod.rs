//! The country an address belongs to, from a file in MaxMind's format that the operator may provide, and
//! the locale codes that choose the language of its name.

mod locales;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context as _, bail};
use maxminddb::{LookupResult, PathElement, Reader};

pub use locales::locale;

/// The code on the wire when the country is not known.
const NO_COUNTRY: &str = "--";

/// Words in a file's type that tell it holds something else than countries.
const OTHER_TYPES: &[&str] = &["ASN", "ISP", "Domain", "Connection-Type", "Anonymous"];

/// The country of an address, as sessions and logs show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Country {
    /// Two lower-case letters (ISO 3166-1 alpha-2), or `--` when unknown.
    pub code: String,
    /// In the language asked for, else in English; the word for "unknown" when there is no name.
    pub name: String,
}

/// Finds countries. Without a file every address is unknown.
#[derive(Default)]
pub struct Geo {
    // The whole file in memory (a country file has about 8 MB): mapping it would need unsafe code.
    reader: Option<Reader<Vec<u8>>>,
}

impl std::fmt::Debug for Geo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Geo").field("file", &self.reader.is_some()).finish()
    }
}

impl Geo {
    /// Knows no country.
    #[must_use]
    pub fn none() -> Geo {
        Geo::default()
    }

    /// Reads a country or city file (GeoLite2, GeoIP2, DB-IP) into memory.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is not in MaxMind's format, or holds something else than countries.
    /// The text names the file and what is wrong with it.
    pub fn open(path: &Path) -> anyhow::Result<Geo> {
        let shown = path.display();
        let bytes = std::fs::read(path).with_context(|| format!("cannot read the country file {shown}"))?;
        let reader = Reader::from_source(bytes)
            .with_context(|| format!("the country file {shown} is not a MaxMind database"))?;
        let kind = &reader.metadata().database_type;
        if OTHER_TYPES.iter().any(|word| kind.contains(word)) {
            bail!("the country file {shown} is a {kind} database: countries or cities are needed");
        }
        Ok(Geo { reader: Some(reader) })
    }

    /// The country of `ip`, named in the language of `locale`.
    ///
    /// Never fails: text that is no address, an address outside of the file (a private one, say) and a
    /// damaged record are all unknown.
    #[must_use]
    pub fn country(&self, ip: &str, locale: &str) -> Country {
        self.find(ip, locale)
            .unwrap_or_else(|| Country { code: NO_COUNTRY.to_owned(), name: locales::unknown(locale).to_owned() })
    }

    fn find(&self, ip: &str, locale: &str) -> Option<Country> {
        let reader = self.reader.as_ref()?;
        // `::ffff:81.2.69.1` is what a dual-stack socket says of an IPv4 peer.
        let ip = ip.trim().parse::<IpAddr>().ok()?.to_canonical();
        let record = reader.lookup(ip).ok()?;
        let code = text(&record, &["country", "iso_code"])?;
        if code.len() != 2 || !code.bytes().all(|b| b.is_ascii_alphabetic()) {
            return None;
        }
        let mut names = locales::file_languages(locale).into_iter();
        let name = names.find_map(|language| text(&record, &["country", "names", &language]));
        Some(Country {
            code: code.to_ascii_lowercase(),
            name: name.unwrap_or_else(|| locales::unknown(locale)).to_owned(),
        })
    }
}

/// The text at `path` in a record; a missing or damaged one is `None`.
fn text<'a>(record: &LookupResult<'a, Vec<u8>>, path: &[&str]) -> Option<&'a str> {
    let path: Vec<_> = path.iter().map(|key| PathElement::Key(key)).collect();
    record.decode_path(&path).ok().flatten()
}
