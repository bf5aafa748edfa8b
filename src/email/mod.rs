//! What an email address tells by itself: its one canonical form, and what kind of provider its domain belongs to. Told by
//! two short lists of domains beside this file, of which neither can be complete.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::LazyLock;

/// Domains that give addresses to everybody, a line each. Behind some stands how they read the part before the `@`:
/// `tags` means that they ignore what begins with `+`, `dots` that they ignore dots as well.
const FREE: &str = include_str!("free.txt");

/// Domains of addresses that are thrown away, a line each.
const DISPOSABLE: &str = include_str!("disposable.txt");

/// The domain whose other name is `googlemail.com`.
const GMAIL: &str = "gmail.com";

/// All known domains, shorter ones first: most steps of a search then compare two lengths.
static DOMAINS: LazyLock<Vec<(&str, Provider)>> = LazyLock::new(|| {
    let free = lines(FREE).map(|line| {
        let (domain, reads) = line.split_once(' ').unwrap_or((line, ""));
        (domain, Provider { disposable: false, tags: !reads.is_empty(), dots: reads == "dots" })
    });
    let disposable = lines(DISPOSABLE).map(|domain| (domain, Provider { disposable: true, tags: false, dots: false }));
    let mut domains: Vec<_> = free.chain(disposable).collect();
    domains.sort_unstable_by_key(|(domain, _)| place(domain));
    domains
});

/// What domains are ordered by.
const fn place(domain: &str) -> (usize, &str) {
    (domain.len(), domain)
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Who gives addresses of a domain that is known.
#[derive(Debug, Clone, Copy)]
struct Provider {
    /// Addresses to be thrown away; else such as everybody can have.
    disposable: bool,
    /// Whether what begins with `+` is ignored.
    tags: bool,
    /// Whether dots are ignored.
    dots: bool,
}

/// What an address tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told<'a> {
    /// The form that all spellings of one mailbox share, as far as that is known of the provider.
    pub canonical: Cow<'a, str>,
    /// Whether everybody can have an address of this domain.
    pub free: bool,
    /// Whether it is of those that are thrown away.
    pub disposable: bool,
}

impl Told<'_> {
    /// Whether it is neither: most domains belong to somebody.
    #[must_use]
    pub const fn corporate(&self) -> bool {
        !self.free && !self.disposable
    }
}

/// What an address in lower case tells; nothing when it is none.
#[must_use]
pub fn tell(email: &str) -> Option<Told<'_>> {
    let (local, domain) = email.rsplit_once('@')?;
    let known = DOMAINS.binary_search_by_key(&place(domain), |(known, _)| place(known)).ok();
    let provider = known.and_then(|at| DOMAINS.get(at)).map(|(_, provider)| provider);
    let canonical = match provider {
        Some(provider) if provider.tags => canonical(email, local, domain, *provider),
        _ => Cow::Borrowed(email),
    };
    Some(Told {
        canonical,
        free: provider.is_some_and(|provider| !provider.disposable),
        disposable: provider.is_some_and(|provider| provider.disposable),
    })
}

/// The canonical form at a provider that ignores tags. A quoted part before the `@` stands as it is.
fn canonical<'a>(email: &'a str, local: &str, domain: &str, provider: Provider) -> Cow<'a, str> {
    let name = match local.split_once('+') {
        _ if local.starts_with('"') => return Cow::Borrowed(email),
        // What is nothing but a tag is no name.
        None | Some(("", _)) => local,
        Some((name, _)) => name,
    };
    match (provider.dots, name == local) {
        (false, true) => Cow::Borrowed(email),
        (false, false) => Cow::Owned(format!("{name}@{domain}")),
        (true, true) if domain == GMAIL && !name.contains('.') => Cow::Borrowed(email),
        (true, _) => Cow::Owned(format!("{}@{GMAIL}", name.replace('.', ""))),
    }
}
