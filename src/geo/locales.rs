//! The locale codes that `X-Appwrite-Locale` may carry, and what each means for the name of a country.

/// The 131 codes of Appwrite, sorted. Some are not what a standard would say (`ji` for Yiddish, `ua` for
/// Ukrainian, `sb` for Sorbian), and Chinese comes with a region only; clients send them as they are.
#[rustfmt::skip]
pub(super) const CODES: [&str; 131] = [
    "af", "ar-ae", "ar-bh", "ar-dz", "ar-eg", "ar-iq", "ar-jo", "ar-kw", "ar-lb", "ar-ly", "ar-ma",
    "ar-om", "ar-qa", "ar-sa", "ar-sy", "ar-tn", "ar-ye", "as", "az", "be", "bg", "bh", "bn", "bs",
    "ca", "cs", "cy", "da", "de", "de-at", "de-ch", "de-li", "de-lu", "el", "en", "en-au", "en-bz",
    "en-ca", "en-gb", "en-ie", "en-jm", "en-nz", "en-tt", "en-us", "en-za", "eo", "es", "es-ar",
    "es-bo", "es-cl", "es-co", "es-cr", "es-do", "es-ec", "es-gt", "es-hn", "es-mx", "es-ni",
    "es-pa", "es-pe", "es-pr", "es-py", "es-sv", "es-uy", "es-ve", "et", "eu", "fa", "fi", "fo",
    "fr", "fr-be", "fr-ca", "fr-ch", "fr-lu", "ga", "gd", "he", "hi", "hr", "hu", "id", "is", "it",
    "it-ch", "ja", "ji", "ko", "ku", "lt", "lv", "mk", "ml", "ms", "mt", "nb", "ne", "nl", "nl-be",
    "nn", "no", "pa", "pl", "pt", "pt-br", "rm", "ro", "ro-md", "ru", "ru-md", "sb", "sk", "sl",
    "sq", "sr", "sv", "sv-fi", "th", "tn", "tr", "ts", "ua", "ur", "ve", "vi", "xh", "zh-cn",
    "zh-hk", "zh-sg", "zh-tw", "zu",
];

/// The locale called `code`, which must be spelt exactly so: lower case, with a hyphen.
///
/// Anything else is `None`. Upstream ignores an unknown code and goes on with the default, so a caller
/// must not refuse the request for it.
#[must_use]
pub fn locale(code: &str) -> Option<&'static str> {
    CODES.binary_search(&code).ok().map(|at| CODES[at])
}

/// The languages to look for in a country file, best first, in the spelling of the files (`pt-BR`).
pub(super) fn file_languages(locale: &str) -> Vec<String> {
    let mut languages = Vec::with_capacity(3);
    let language = match locale.split_once('-') {
        Some((language, region)) => {
            languages.push(format!("{language}-{}", region.to_ascii_uppercase()));
            language
        }
        None => locale,
    };
    languages.push(language.to_owned());
    match locale {
        // The files know these two languages with one region only.
        "pt" => languages.push("pt-BR".to_owned()),
        // Hong Kong and Taiwan read other characters, so English suits them better.
        "zh-sg" => languages.push("zh-CN".to_owned()),
        _ => {}
    }
    languages.push("en".to_owned());
    languages
}

/// The word for an unknown country: in the large languages, else in English.
pub(super) fn unknown(locale: &str) -> &'static str {
    match locale.split('-').next().unwrap_or(locale) {
        "de" => "Unbekannt",
        "es" => "Desconocido",
        "fr" => "Inconnu",
        "it" => "Sconosciuto",
        "ja" => "不明",
        "nl" => "Onbekend",
        "pt" => "Desconhecido",
        "ru" => "Неизвестно",
        "zh" => "未知",
        _ => "Unknown",
    }
}
