//! Real agents and the fields they must give; then anything at all, which must not panic.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fmt::Write as _;

use proptest::prelude::*;

use super::{Device, parse};

/// The fields in wire order, parted by `|`, so that a case reads as one line.
fn row(agent: &str) -> String {
    let value = serde_json::to_value(parse(agent)).unwrap();
    assert_eq!(value.as_object().unwrap().len(), 12);
    let Device { os_code, os_name, os_version, client_type, client_code, client_name, .. } = &parse(agent);
    let mut row = format!("{os_code}|{os_name}|{os_version}|{client_type}|{client_code}|{client_name}");
    let rest = ["clientVersion", "clientEngine", "clientEngineVersion"];
    for name in rest.iter().chain(&["deviceName", "deviceBrand", "deviceModel"]) {
        write!(row, "|{}", value[name].as_str().unwrap()).unwrap();
    }
    row
}

fn check(cases: &[(&str, &str)]) {
    for (agent, expected) in cases {
        assert_eq!(row(agent), *expected, "{agent}");
    }
}

const LINUX: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)";
const WINDOWS: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)";
const MAC: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)";
const IPHONE: &str =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)";

/// An agent of Chrome for Android on `model`.
fn android(model: &str, tail: &str) -> String {
    format!("Mozilla/5.0 (Linux; Android 13; {model}) AppleWebKit/537.36 (KHTML, like Gecko) {tail}")
}

/// The rows that were measured against the real service.
#[test]
fn measured() {
    check(&[
        (
            &format!("{LINUX} Chrome/120.0.0.0 Safari/537.36"),
            "LIN|GNU/Linux||browser|CH|Chrome|120.0|Blink|120.0.0.0|desktop||",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0",
            "WIN|Windows|10|browser|FF|Firefox|121.0|Gecko|121.0|desktop||",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
             Version/17.2 Mobile/15E148 Safari/604.1",
            "IOS|iOS|17.2|browser|MF|Mobile Safari|17.2|WebKit|605.1.15|smartphone|Apple|iPhone",
        ),
        (
            &android("SM-S901B", "Chrome/112.0.0.0 Mobile Safari/537.36"),
            "AND|Android|13|browser|CM|Chrome Mobile|112.0|Blink|112.0.0.0|smartphone|Samsung|Galaxy S22",
        ),
        ("curl/7.88.1", "|||library||curl|7.88|||||"),
        ("AppwriteFlutterSDK/11.0.0 (Android; 13)", "AND|Android||browser|AN|Android Browser||WebKit||||"),
        ("UnityPlayer/2021.3.1f1 (UnityWebRequest/1.0, libcurl/7.80.0-DEV)", "|||mobile app||UnityPlayer|2021.3|||||"),
    ]);
}

#[test]
fn nothing_known() {
    for agent in ["", "UNKNOWN", "Mozilla/5.0", "()", "///", "Chrome", "é", "; ; ;", "(((((", "foo/1.0"] {
        assert_eq!(parse(agent), Device::default(), "{agent}");
    }
}

#[test]
fn appwrite_clients() {
    check(&[
        (
            "AppwriteNodeJSSDK/22.1.3 (Linux; x64) Node.js/v20.11.0",
            "LIN|GNU/Linux||library||AppwriteNodeJSSDK|22.1|||desktop||",
        ),
        (
            "AppwritePythonSDK/3.0.1 (${os.uname().sysname}; ${os.uname().version}; ${os.uname().machine})",
            "|||library||AppwritePythonSDK|3.0|||||",
        ),
        ("AppwriteRustSDK/0.22.0 (linux; x86_64)", "LIN|GNU/Linux||library||AppwriteRustSDK|0.22|||desktop||"),
        ("AppwriteCLI/12.0.1 (Linux; 5.15.0; x64)", "LIN|GNU/Linux||desktop|cli|Appwrite CLI|12.0.1|||desktop||"),
        ("AppwriteCLI/2.0.2 (Windows_NT; 10.0.19045; x64)", "WIN|Windows||desktop|cli|Appwrite CLI|2.0.2|||desktop||"),
        ("AppwriteCLI/6.2.3 (Darwin; 22.1; arm64)", "MAC|Mac||desktop|cli|Appwrite CLI|6.2.3|||desktop|Apple|"),
        ("AppwriteCLI", "|||desktop|cli|Appwrite CLI||||||"),
        ("AppwriteFlutterSDK/11.0.0 (iOS; 17.2)", "IOS|iOS|17.2|library||AppwriteFlutterSDK|11.0||||Apple|"),
    ]);
}

#[test]
fn libraries() {
    check(&[
        ("Wget/1.21.3 (linux-gnu)", "LIN|GNU/Linux||library||Wget|1.21|||desktop||"),
        ("python-requests/2.31.0", "|||library||Python Requests|2.31|||||"),
        ("Python/3.11 aiohttp/3.9.1", "|||library||aiohttp|3.9|||||"),
        ("okhttp/4.12.0", "AND|Android||library||OkHttp|4.12|||||"),
        ("Go-http-client/1.1", "|||library||Go-http-client|1.1|||||"),
        ("axios/1.6.2", "|||library||Axios|1.6|||||"),
        ("node-fetch", "|||library||Node Fetch||||||"),
        ("undici", "|||library||undici||||||"),
        ("Faraday v2.7.4", "|||library||Faraday|2.7|||||"),
        ("Apache-HttpClient/4.5.13 (Java/11.0.11)", "|||library||Apache HTTP Client|4.5|||||"),
        ("Java/17.0.9", "|||library||Java|17.0|||||"),
        ("PostmanRuntime/7.36.0", "|||library||Postman Desktop|7.36|||||"),
        ("Dart/3.2 (dart:io)", "|||library||Dart|3.2|||||"),
        ("CURL/8", "|||library||curl|8|||||"),
    ]);
}

#[test]
fn desktop_browsers() {
    let chrome = "Chrome/120.0.0.0 Safari/537.36";
    check(&[
        (
            &format!("{MAC} Version/17.2 Safari/605.1.15"),
            "MAC|Mac|10.15|browser|SF|Safari|17.2|WebKit|605.1.15|desktop|Apple|",
        ),
        (
            &format!("{WINDOWS} {chrome} Edg/120.0.2210.91"),
            "WIN|Windows|10|browser|PS|Microsoft Edge|120.0|Blink|120.0.0.0|desktop||",
        ),
        (
            &format!("{WINDOWS} Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763"),
            "WIN|Windows|10|browser|PS|Microsoft Edge|18.17763|Edge|18.17763|desktop||",
        ),
        (
            &format!("{WINDOWS} {chrome} OPR/106.0.0.0"),
            "WIN|Windows|10|browser|OP|Opera|106.0|Blink|120.0.0.0|desktop||",
        ),
        (
            &format!("{LINUX} HeadlessChrome/120.0.0.0 Safari/537.36"),
            "LIN|GNU/Linux||browser|HC|Headless Chrome|120.0|Blink|120.0.0.0|desktop||",
        ),
        (
            "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0",
            "COS|Chrome OS|14541.0|browser|CH|Chrome|120.0|Blink|120.0.0.0|desktop||",
        ),
        (
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0",
            "UBT|Ubuntu||browser|FF|Firefox|121.0|Gecko|121.0|desktop||",
        ),
        (
            "Mozilla/5.0 (X11; FreeBSD amd64; rv:121.0) Gecko/20100101 Firefox/121.0",
            "BSD|FreeBSD||browser|FF|Firefox|121.0|Gecko|121.0|desktop||",
        ),
        (
            "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
            "WIN|Windows|7|browser|IE|Internet Explorer|11.0|Trident|7.0|desktop||",
        ),
        (
            "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 5.1; Trident/5.0)",
            "WIN|Windows|XP|browser|IE|Internet Explorer|9.0|Trident|5.0|desktop||",
        ),
        (
            "Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18",
            "WIN|Windows|7|browser|OP|Opera|12.18|Presto|2.12.388|desktop||",
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Thunderbird/115.6.0",
            "LIN|GNU/Linux||pim||Thunderbird|115.6|||desktop||",
        ),
    ]);
}

#[test]
fn apple_mobile() {
    check(&[
        (
            &format!("{IPHONE} CriOS/120.0.6099.119 Mobile/15E148 Safari/604.1"),
            "IOS|iOS|17.2|browser|CI|Chrome Mobile iOS|120.0|WebKit|605.1.15|smartphone|Apple|iPhone",
        ),
        (
            &format!("{IPHONE} FxiOS/121.0 Mobile/15E148 Safari/605.1.15"),
            "IOS|iOS|17.2|browser|F1|Firefox Mobile iOS|121.0|WebKit|605.1.15|smartphone|Apple|iPhone",
        ),
        (
            &IPHONE.replace("iPhone;", "iPad;").replace("iPhone OS", "OS"),
            "IPA|iPadOS|17.2|browser|MF|Mobile Safari||WebKit|605.1.15|tablet|Apple|iPad",
        ),
        ("MyApp/1 CFNetwork/1490.0.4 Darwin/23.2.0", "IOS|iOS|||||||||Apple|"),
    ]);
    assert_eq!(parse("Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X)").os_code, "IOS");
    assert_eq!(parse("Mozilla/5.0 (iPod touch; CPU iPhone OS 12_5_7)").device_model, "iPod Touch");
}

#[test]
fn android_browsers() {
    let mobile = "Chrome/120.0.6099.144 Mobile Safari/537.36";
    check(&[
        (
            &android("SAMSUNG SM-S918B", "SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36"),
            "AND|Android|13|browser|SB|Samsung Browser|23.0|Blink|115.0.0.0|smartphone|Samsung|Galaxy S23 Ultra",
        ),
        (
            &android("Pixel 7a Build/TQ3A.230901.001; wv", &format!("Version/4.0 {mobile}")),
            "AND|Android|13|browser|CV|Chrome Webview|120.0|Blink|120.0.6099.144|smartphone|Google|Pixel 7a",
        ),
        (&android("K", mobile), "AND|Android|13|browser|CM|Chrome Mobile|120.0|Blink|120.0.6099.144|smartphone||"),
        (
            &android("SM-X906C", "Chrome/120.0.0.0 Safari/537.36"),
            "AND|Android|13|browser|CH|Chrome|120.0|Blink|120.0.0.0|tablet|Samsung|Galaxy Tab S8 Ultra 14.6\" 5G",
        ),
        (
            &android("VOG-L29", &format!("{mobile} OPR/76.2.4027.73374")),
            "AND|Android|13|browser|OM|Opera Mobile|76.2|Blink|120.0.6099.144|smartphone|Huawei|P30 Pro",
        ),
        (
            &android("motorola edge 30", &format!("{mobile} EdgA/120.0.2210.84")),
            "AND|Android|13|browser|PS|Microsoft Edge|120.0|Blink|120.0.6099.144|smartphone|Motorola|",
        ),
        (
            &android("Redmi Note 9 Pro", mobile),
            "AND|Android|13|browser|CM|Chrome Mobile|120.0|Blink|120.0.6099.144|phablet|Xiaomi|Redmi Note 9 Pro",
        ),
        (
            "Mozilla/5.0 (Android 13; Tablet; rv:121.0) Gecko/121.0 Firefox/121.0",
            "AND|Android|13|browser|FM|Firefox Mobile|121.0|Gecko|121.0|tablet||",
        ),
        (
            "Mozilla/5.0 (Linux; U; Android 4.1.2; de-de; GT-I9300 Build/JZO54K) AppleWebKit/534.30 \
             (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30",
            "AND|Android|4.1|browser|AN|Android Browser||WebKit|534.30|smartphone|Samsung|Galaxy S III",
        ),
        (
            "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) \
             SamsungBrowser/3.0 Chrome/76.0.3809.146 TV Safari/537.36",
            "TIZ|Tizen|6.0|browser|SB|Samsung Browser|3.0|Blink|76.0.3809.146|tv|Samsung|",
        ),
    ]);
}

#[test]
fn wire_names_in_order() {
    let names = "osCode osName osVersion clientType clientCode clientName clientVersion clientEngine \
                 clientEngineVersion deviceName deviceBrand deviceModel";
    let json = serde_json::to_string(&Device::default()).unwrap();
    let expected: Vec<_> = names.split_whitespace().map(|name| format!("\"{name}\":\"\"")).collect();
    assert_eq!(json, format!("{{{}}}", expected.join(",")));
}

#[test]
fn only_the_start_is_read() {
    let far = format!("{}curl/8.0", " ".repeat(1_024));
    assert_eq!(parse(&far), Device::default());
    let cut_character = format!("curl/8.0 {}é", "x".repeat(1_014));
    assert_eq!(parse(&cut_character).client_name, "curl");
    assert_eq!(parse(&format!("curl/{}", "9".repeat(5_000))).client_version.len(), 32);
}

proptest! {
    #[test]
    fn anything_is_accepted(agent in ".{0,1200}") {
        let _ = parse(&agent);
    }

    /// Words of the tables in any order reach the branches that random text does not.
    #[test]
    fn any_mix_of_known_words(parts in prop::collection::vec(prop::sample::select(vec![
        "Android", "Windows", "NT", "Phone", "iPad", "iOS", "OS", "Mac", "X", "CrOS", "Chrome/", "Chrome/99",
        "Version/", "Opera", "Mini/", "AppwriteCLI/", "AppwriteÉSDK", "SM-S", "SM-", "Pixel", "AFT", "rv:", "Gecko/1",
        "Trident", "SAMSUNG ", "é", "/", "//", "(", ")", ";", " ", ",", "[", "1_", "v", "17_2_1", " Build", "iPadOS",
    ]), 0..60)) {
        let device = parse(&parts.concat());
        prop_assert!(device.client_version.len() <= 32);
    }
}
