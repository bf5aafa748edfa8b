//! Which program an agent names: the Appwrite CLI, an app, a browser, or a library.
//!
//! The order is Matomo's: an app inside a browser view is the app, and an agent that only says "Android"
//! is the browser of Android, even when an SDK sent it.

use super::Text;
use super::agent::{Agent, all_parts, has_prefix, number, two_parts};
use super::os::{Family, Os};

/// A program; all empty when unknown.
#[derive(Debug, Default)]
pub(super) struct Client {
    pub kind: &'static str,
    pub code: &'static str,
    pub name: Text,
    pub version: Text,
    pub engine: &'static str,
    pub engine_version: Text,
}

/// Apps and mail programs by product name: (product, kind, name). Matomo gives them no code.
const APPS: &[(&str, &str, &str)] = &[
    ("UnityPlayer", "mobile app", "UnityPlayer"),
    ("GSA", "mobile app", "Google Search App"),
    ("Slack", "mobile app", "Slack"),
    ("Thunderbird", "pim", "Thunderbird"),
];

/// Browsers that name themselves beside the browser they are built on: (product, code, name, engine).
const BROWSERS: &[(&str, &str, &str, &str)] = &[
    ("Edg", "PS", "Microsoft Edge", "Blink"),
    ("EdgA", "PS", "Microsoft Edge", "Blink"),
    ("EdgiOS", "PS", "Microsoft Edge", "WebKit"),
    ("Edge", "PS", "Microsoft Edge", "Edge"),
    ("SamsungBrowser", "SB", "Samsung Browser", "Blink"),
    ("YaBrowser", "YA", "Yandex Browser", "Blink"),
    ("Vivaldi", "VI", "Vivaldi", "Blink"),
    ("Brave", "BR", "Brave", "Blink"),
    ("HuaweiBrowser", "HU", "Huawei Browser Mobile", "Blink"),
    ("MiuiBrowser", "MU", "Mi Browser", "Blink"),
    ("UCBrowser", "UC", "UC Browser", "Blink"),
    ("DuckDuckGo", "DD", "DuckDuckGo Privacy Browser", "Blink"),
    ("Silk", "MS", "Mobile Silk", "Blink"),
    ("OculusBrowser", "OC", "Oculus Browser", "Blink"),
    ("PaleMoon", "PM", "Pale Moon", "Goanna"),
    ("Epiphany", "EP", "GNOME Web", "WebKit"),
    ("HeadlessChrome", "HC", "Headless Chrome", "Blink"),
    ("Chromium", "CR", "Chromium", "Blink"),
    ("CriOS", "CI", "Chrome Mobile iOS", "WebKit"),
    ("FxiOS", "F1", "Firefox Mobile iOS", "WebKit"),
];

/// Libraries and tools by product name. Ones that run on another (`aiohttp` on Python, Apache's client on
/// Java) stand ahead of it.
const LIBRARIES: &[(&str, &str)] = &[
    ("curl", "curl"),
    ("Wget", "Wget"),
    ("python-requests", "Python Requests"),
    ("Python-urllib", "Python urllib"),
    ("python-httpx", "HTTPX"),
    ("aiohttp", "aiohttp"),
    ("okhttp", "OkHttp"),
    ("Go-http-client", "Go-http-client"),
    ("axios", "Axios"),
    ("node-fetch", "Node Fetch"),
    ("undici", "undici"),
    ("got", "got"),
    ("PostmanRuntime", "Postman Desktop"),
    ("insomnia", "Insomnia REST Client"),
    ("HTTPie", "HTTPie"),
    ("reqwest", "reqwest"),
    ("GuzzleHttp", "Guzzle (PHP HTTP Client)"),
    ("Apache-HttpClient", "Apache HTTP Client"),
    ("Java-http-client", "Java HTTP Client"),
    ("Java", "Java"),
    ("Dart", "Dart"),
    ("Deno", "Deno"),
    ("Bun", "Bun"),
    ("Faraday", "Faraday"),
    ("libwww-perl", "Perl"),
];

/// The program of `agent`.
pub(super) fn find(agent: &Agent<'_>, os: &Os) -> Client {
    appwrite_cli(agent)
        .or_else(|| app(agent))
        .or_else(|| browser(agent, os))
        .or_else(|| library(agent))
        .unwrap_or_default()
}

/// Upstream's special case: the whole version of the first product, whatever that product is.
fn appwrite_cli(agent: &Agent<'_>) -> Option<Client> {
    if !agent.has("AppwriteCLI") {
        return None;
    }
    let version = agent.words.first().map_or("", |word| number(word.version));
    Some(Client {
        kind: "desktop",
        code: "cli",
        name: "Appwrite CLI".into(),
        version: all_parts(version),
        ..Client::default()
    })
}

fn app(agent: &Agent<'_>) -> Option<Client> {
    APPS.iter().find_map(|&(product, kind, name)| {
        let version = two_parts(agent.product(product)?);
        Some(Client { kind, name: name.into(), version, ..Client::default() })
    })
}

fn browser(agent: &Agent<'_>, os: &Os) -> Option<Client> {
    let (code, name, version, engine) = browser_name(agent, os)?;
    let engine_version = match engine {
        // A browser of the Chrome family counts its engine as Chrome does.
        "Blink" => ["Chrome", "Chromium", "HeadlessChrome"].iter().find_map(|p| agent.product(p)),
        "WebKit" => agent.product("AppleWebKit"),
        "Gecko" => gecko(agent),
        other => agent.product(other),
    };
    Some(Client {
        kind: "browser",
        code,
        name: name.into(),
        version: two_parts(version),
        engine,
        engine_version: all_parts(engine_version.unwrap_or("")),
    })
}

/// Code, name, version and engine.
type Row<'a> = (&'static str, &'static str, &'a str, &'static str);

fn browser_name<'a>(agent: &Agent<'a>, os: &Os) -> Option<Row<'a>> {
    let android = os.family == Family::Android;
    if let Some(version) = opera(agent, android) {
        return Some(version);
    }
    for &(product, code, name, engine) in BROWSERS {
        if let Some(version) = agent.product(product) {
            return Some((code, name, version, engine));
        }
    }
    if let Some(version) = agent.product("Chrome") {
        return Some(chrome(agent, version, android));
    }
    if let Some(version) = agent.product("Firefox") {
        return Some(match android || agent.has("Mobile") || agent.has("Tablet") {
            true => ("FM", "Firefox Mobile", version, "Gecko"),
            false => ("FF", "Firefox", version, "Gecko"),
        });
    }
    if let Some(version) = agent.product("IEMobile") {
        return Some(("IM", "IE Mobile", version, "Trident"));
    }
    if let Some(version) = agent.number_after("MSIE") {
        return Some(("IE", "Internet Explorer", version, "Trident"));
    }
    if agent.has("Trident") {
        return Some(("IE", "Internet Explorer", revision(agent), "Trident"));
    }
    let webkit = agent.has("AppleWebKit");
    let version = agent.product("Version").unwrap_or("");
    match os.family {
        Family::Apple if webkit => Some(("MF", "Mobile Safari", version, "WebKit")),
        // OkHttp alone also counts as Android, but it is no browser.
        Family::Android if agent.has("Android") => Some(("AN", "Android Browser", "", "WebKit")),
        _ if webkit && agent.has("Safari") && !version.is_empty() => Some(("SF", "Safari", version, "WebKit")),
        _ => None,
    }
}

fn opera<'a>(agent: &Agent<'a>, android: bool) -> Option<Row<'a>> {
    if agent.has_pair("Opera", "Mini") {
        return Some(("OI", "Opera Mini", agent.product("Mini").unwrap_or(""), "Presto"));
    }
    let (version, engine) = match (agent.product("OPR"), agent.product("Opera")) {
        (Some(version), _) => (version, "Blink"),
        // Opera 10 and later say 9.80 there and the truth in `Version`.
        (None, Some(version)) => (agent.product("Version").unwrap_or(version), "Presto"),
        (None, None) => return None,
    };
    Some(match android {
        true => ("OM", "Opera Mobile", version, engine),
        false => ("OP", "Opera", version, engine),
    })
}

fn chrome<'a>(agent: &Agent<'a>, version: &'a str, android: bool) -> Row<'a> {
    // Chrome left WebKit with version 28.
    let major: u32 = version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(u32::MAX);
    let engine = if major < 28 { "WebKit" } else { "Blink" };
    // A web view inside an app says `; wv)`, or names a `Version` beside Chrome.
    if android && (agent.has("wv") || agent.product("Version").is_some()) {
        return ("CV", "Chrome Webview", version, engine);
    }
    match agent.has("Mobile") {
        true => ("CM", "Chrome Mobile", version, engine),
        false => ("CH", "Chrome", version, engine),
    }
}

/// The number in `rv:121.0`.
fn revision<'a>(agent: &Agent<'a>) -> &'a str {
    agent.words.iter().find_map(|word| word.name.strip_prefix("rv:")).map_or("", number)
}

/// On the desktop `Gecko/` carries a frozen date and `rv:` the version; on Android it is the version.
fn gecko<'a>(agent: &Agent<'a>) -> Option<&'a str> {
    let own = agent.product("Gecko")?;
    Some(if own.len() >= 8 && !own.contains('.') { revision(agent) } else { own })
}

fn library(agent: &Agent<'_>) -> Option<Client> {
    let first = agent.words.first()?;
    let library =
        |name: Text, version: &str| Client { kind: "library", name, version: two_parts(version), ..Client::default() };
    if is_sdk(first.name) {
        return Some(library(first.name.to_owned().into(), number(first.version)));
    }
    for &(product, name) in LIBRARIES {
        // Without a version a word counts only at the start: `undici`, `node-fetch`, `Faraday v2.7`.
        if let Some(version) = agent.product(product) {
            return Some(library(name.into(), version));
        }
        if first.name.eq_ignore_ascii_case(product) {
            return Some(library(name.into(), agent.number_after(product).unwrap_or("")));
        }
    }
    None
}

/// `AppwriteNodeJSSDK`, `AppwritePythonSDK` and their sisters. Upstream knows none of them; named like
/// any other library they tell the reader of a log more than an empty field.
fn is_sdk(name: &str) -> bool {
    has_prefix(name, "Appwrite")
        && name.ends_with("SDK")
        && name.len() <= 32
        && name.bytes().all(|b| b.is_ascii_alphabetic())
}
