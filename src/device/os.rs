//! Which operating system an agent names. The order of the checks matters: Windows Phone calls itself
//! Android, iOS calls itself Mac, Android calls itself Linux.

use super::Text;
use super::agent::{Agent, number, two_parts};

/// What later steps need to know of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Family {
    /// Hardware is a `desktop` unless something says otherwise.
    Desktop,
    /// As `Desktop`, and made by Apple.
    Mac,
    /// iPhone, iPad, Apple TV, Apple Watch.
    Apple,
    /// Android and what descends from it.
    Android,
    /// Nothing follows from the system.
    #[default]
    Other,
}

/// An operating system; all empty when unknown.
#[derive(Debug, Default)]
pub(super) struct Os {
    pub code: &'static str,
    pub name: &'static str,
    pub version: Text,
    pub family: Family,
}

impl Os {
    fn new(code: &'static str, name: &'static str, version: &str, family: Family) -> Os {
        Os { code, name, version: two_parts(version), family }
    }
}

/// Kernel numbers of Windows and the names Matomo gives them. Windows 11 still says 10.0.
const WINDOWS: &[(&str, &str)] = &[
    ("10.0", "10"),
    ("6.4", "10"),
    ("6.3", "8.1"),
    ("6.2", "8"),
    ("6.1", "7"),
    ("6.0", "Vista"),
    ("5.2", "Server 2003"),
    ("5.1", "XP"),
    ("5.0", "2000"),
];

/// Words that name a system of small devices; the number after them is the version.
const EMBEDDED: &[(&str, &str, &str, Family)] = &[
    ("KAIOS", "KOS", "KaiOS", Family::Other),
    ("HarmonyOS", "HAR", "HarmonyOS", Family::Android),
    ("Tizen", "TIZ", "Tizen", Family::Other),
    ("Web0S", "WOS", "webOS", Family::Other),
    ("webOS", "WOS", "webOS", Family::Other),
];

/// Words that name a Linux distribution or another Unix; ahead of plain `Linux`.
const UNIX: &[(&str, &str, &str)] = &[
    ("Ubuntu", "UBT", "Ubuntu"),
    ("Debian", "DEB", "Debian"),
    ("Fedora", "FED", "Fedora"),
    ("CentOS", "CES", "CentOS"),
    ("Mint", "MIN", "Mint"),
    ("SUSE", "SSE", "SUSE"),
    ("openSUSE", "SSE", "SUSE"),
    ("Gentoo", "GNT", "Gentoo"),
    ("FreeBSD", "BSD", "FreeBSD"),
    ("OpenBSD", "OBS", "OpenBSD"),
    ("NetBSD", "NBS", "NetBSD"),
    ("SunOS", "SOS", "Solaris"),
];

/// The system of `agent`.
pub(super) fn find(agent: &Agent<'_>) -> Os {
    if agent.has_pair("Windows", "Phone") {
        let version = agent.number_after("Phone").or(agent.number_after("OS"));
        return Os::new("WPH", "Windows Phone", version.unwrap_or(""), Family::Other);
    }
    for &(word, code, name, family) in EMBEDDED {
        if let Some(version) = agent.number_after(word) {
            return Os::new(code, name, version, family);
        }
    }
    if agent.has("PlayStation") {
        // The number beside the word is that of the console.
        return Os::new("PS3", "PlayStation", "", Family::Other);
    }
    apple_mobile(agent)
        .or_else(|| android(agent))
        .or_else(|| windows(agent))
        .or_else(|| mac(agent))
        .or_else(|| unix(agent))
        .unwrap_or_default()
}

fn apple_mobile(agent: &Agent<'_>) -> Option<Os> {
    let version = || agent.number_after("OS").or(agent.number_after("iOS")).unwrap_or("");
    if agent.has("AppleTV") || agent.has_pair("Apple", "TV") || agent.has("tvOS") {
        let version = agent.number_after("tvOS").unwrap_or_else(version);
        return Some(Os::new("ATV", "tvOS", version, Family::Apple));
    }
    if let Some(version) = agent.number_after("watchOS") {
        return Some(Os::new("WAS", "watchOS", version, Family::Apple));
    }
    if agent.has("iPad") || agent.has("iPadOS") {
        let version = agent.number_after("iPadOS").unwrap_or_else(version);
        // The iPad's system has a name of its own since 13.
        let major: u32 = version.split(['.', '_']).next()?.parse().unwrap_or(0);
        return Some(match major {
            13.. => Os::new("IPA", "iPadOS", version, Family::Apple),
            _ => Os::new("IOS", "iOS", version, Family::Apple),
        });
    }
    if agent.has("iPhone") || agent.has("iPod") {
        return Some(Os::new("IOS", "iOS", version(), Family::Apple));
    }
    if agent.has("iOS") {
        // SDKs write `(iOS; 17.2)`: here the number stands behind a semicolon.
        let at = agent.words.iter().position(|word| word.name.eq_ignore_ascii_case("iOS"))?;
        let own = number(agent.words[at].version);
        let next = agent.words.get(at + 1).map_or("", |next| number(next.name));
        return Some(Os::new("IOS", "iOS", if own.is_empty() { next } else { own }, Family::Apple));
    }
    // Apps on Apple's network library; on a Mac the processor is named as well. Kernel numbers are not
    // system numbers, so there is no version.
    if agent.has("CFNetwork") && agent.has("Darwin") {
        return Some(match agent.has("x86_64") {
            true => Os::new("MAC", "Mac", "", Family::Mac),
            false => Os::new("IOS", "iOS", "", Family::Apple),
        });
    }
    None
}

fn android(agent: &Agent<'_>) -> Option<Os> {
    let Some(version) = agent.number_after("Android") else {
        // OkHttp is at home on Android, and Matomo takes it for a sign of it, without a version.
        return agent.has("okhttp").then(|| Os::new("AND", "Android", "", Family::Android));
    };
    if agent.has("Silk") || agent.items.iter().any(|item| item.starts_with("AFT")) {
        let fire = match version.split('.').next() {
            Some("5") => "5",
            Some("7") => "6",
            Some("9") => "7",
            Some("10" | "11") => "8",
            _ => "",
        };
        return Some(Os::new("FIR", "Fire OS", fire, Family::Android));
    }
    if agent.has("BRAVIA") || agent.has_pair("Android", "TV") {
        return Some(Os::new("ADR", "Android TV", version, Family::Android));
    }
    Some(Os::new("AND", "Android", version, Family::Android))
}

fn windows(agent: &Agent<'_>) -> Option<Os> {
    let named = |name: &str| ["Windows", "Windows_NT", "Win32", "Win64"].iter().any(|w| name.eq_ignore_ascii_case(w));
    if !agent.words.iter().any(|word| named(word.name)) {
        return None;
    }
    let kernel = agent.number_after("NT").unwrap_or("");
    let version = WINDOWS.iter().find(|row| row.0 == kernel).map_or("", |row| row.1);
    Some(Os { code: "WIN", name: "Windows", version: version.into(), family: Family::Desktop })
}

fn mac(agent: &Agent<'_>) -> Option<Os> {
    let names = ["Macintosh", "macOS", "Darwin"];
    if !names.iter().any(|name| agent.has(name)) && !agent.has_pair("Mac", "OS") {
        return None;
    }
    // `Mac OS X 10_15_7`, or `macOS 14.2`.
    let version = agent.number_after("X").filter(|version| !version.is_empty());
    let version = version.or(agent.number_after("macOS")).unwrap_or("");
    Some(Os::new("MAC", "Mac", version, Family::Mac))
}

fn unix(agent: &Agent<'_>) -> Option<Os> {
    if let Some(at) = agent.words.iter().position(|word| word.name == "CrOS") {
        // `CrOS x86_64 14541.0.0`: the processor stands in between.
        let version = agent.words.get(at + 2).map_or("", |word| number(word.name));
        return Some(Os::new("COS", "Chrome OS", version, Family::Desktop));
    }
    for &(word, code, name) in UNIX {
        if let Some(version) = agent.number_after(word) {
            return Some(Os::new(code, name, version, Family::Desktop));
        }
    }
    if agent.has_pair("Red", "Hat") {
        return Some(Os::new("RHT", "Red Hat", "", Family::Desktop));
    }
    if agent.has_pair("Arch", "Linux") {
        return Some(Os::new("ARL", "Arch Linux", "", Family::Desktop));
    }
    // Also inside a word: `linux-gnu`, `x86_64-pc-linux-gnu`, `Linux/SmartTV`.
    let linux =
        |text: &str| text.split(|c: char| !c.is_ascii_alphabetic()).any(|part| part.eq_ignore_ascii_case("linux"));
    let named = agent.words.iter().any(|word| linux(word.name));
    named.then(|| Os::new("LIN", "GNU/Linux", "", Family::Desktop))
}
