//! Which hardware an agent runs on: from the model it names, else from its system and manner of speaking.

use super::agent::{Agent, has_prefix};
use super::models::{BRANDS, Brand, PHONE};
use super::os::{Family, Os};

/// Hardware; all empty when unknown.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Hardware {
    pub kind: &'static str,
    pub brand: &'static str,
    pub model: &'static str,
}

impl Hardware {
    const fn new(kind: &'static str, brand: &'static str, model: &'static str) -> Hardware {
        Hardware { kind, brand, model }
    }
}

/// Consoles by the words their browsers use, the longer ones first.
const CONSOLES: &[(&str, &str, &str)] = &[
    ("PlayStation 5", "Sony", "PlayStation 5"),
    ("PlayStation 4", "Sony", "PlayStation 4"),
    ("PlayStation", "Sony", ""),
    ("Xbox Series X", "Microsoft", "Xbox Series X"),
    ("Xbox One", "Microsoft", "Xbox One"),
    ("Xbox", "Microsoft", ""),
    ("Nintendo Switch", "Nintendo", "Switch"),
    ("Nintendo", "Nintendo", ""),
];

/// The hardware of `agent`.
pub(super) fn find(agent: &Agent<'_>, os: &Os) -> Hardware {
    let named = console(agent).or_else(|| apple(agent, os)).or_else(|| television(agent, os));
    let mut found = named.or_else(|| model(agent, os)).unwrap_or_default();
    if found.kind.is_empty() {
        found.kind = kind(agent, os);
    }
    if found.brand.is_empty() && matches!(os.family, Family::Apple | Family::Mac) {
        found.brand = "Apple";
    }
    found
}

fn console(agent: &Agent<'_>) -> Option<Hardware> {
    let says = |name: &str| agent.items.iter().any(|item| has_prefix(item, name));
    // A console repeats its maker's word before the exact name, so all items are asked per row.
    let row = CONSOLES.iter().find(|row| says(row.0))?;
    Some(Hardware::new("console", row.1, row.2))
}

fn apple(agent: &Agent<'_>, os: &Os) -> Option<Hardware> {
    if os.family != Family::Apple {
        return None;
    }
    if os.code == "ATV" {
        return Some(Hardware::new("tv", "Apple", "Apple TV"));
    }
    if os.code == "WAS" {
        return Some(Hardware::new("wearable", "Apple", ""));
    }
    // An iPod says `iPhone OS` as well.
    if agent.has("iPod") {
        return Some(Hardware::new("portable media player", "Apple", "iPod Touch"));
    }
    if agent.has("iPad") {
        return Some(Hardware::new("tablet", "Apple", "iPad"));
    }
    agent.has("iPhone").then_some(Hardware::new(PHONE, "Apple", "iPhone"))
}

fn television(agent: &Agent<'_>, os: &Os) -> Option<Hardware> {
    let smart = ["SMART-TV", "SmartTV", "TV"].iter().any(|word| agent.has(word))
        || agent.words.iter().any(|word| word.version.eq_ignore_ascii_case("SmartTV"));
    match os.code {
        "TIZ" if smart => Some(Hardware::new("tv", "Samsung", "")),
        "WOS" if smart => Some(Hardware::new("tv", "LG", "")),
        "ADR" if agent.has("BRAVIA") => Some(Hardware::new("tv", "Sony", "")),
        "ADR" => Some(Hardware::new("tv", "", "")),
        "FIR" if agent.items.iter().any(|item| item.starts_with("AFT")) => Some(Hardware::new("tv", "Amazon", "")),
        "FIR" => Some(Hardware::new("tablet", "Amazon", "")),
        _ => None,
    }
}

/// Looks the items of the comments up in the brands' tables.
fn model(agent: &Agent<'_>, os: &Os) -> Option<Hardware> {
    if os.family != Family::Android {
        return None;
    }
    agent.items.iter().find_map(|item| {
        // `Pixel 7 Build/TQ3A` and Samsung's `SAMSUNG SM-S918B` carry more than the model.
        let item = item.split_once(" Build").map_or(*item, |(model, _)| model);
        let item = if has_prefix(item, "SAMSUNG ") { &item["SAMSUNG ".len()..] } else { item };
        let brand = BRANDS.iter().find(|brand| has_prefix(item, brand.prefix))?;
        Some(in_brand(brand, &item[brand.prefix.len()..]))
    })
}

fn in_brand(brand: &Brand, rest: &str) -> Hardware {
    let row = brand.models.iter().find(|row| match brand.whole {
        true => rest.eq_ignore_ascii_case(row.0),
        false => has_prefix(rest, row.0),
    });
    match row {
        Some(&(_, model, kind)) => Hardware::new(kind, brand.name, model),
        None => Hardware::new(brand.kind, brand.name, ""),
    }
}

/// The kind when no model told it.
fn kind(agent: &Agent<'_>, os: &Os) -> &'static str {
    match os.family {
        Family::Desktop | Family::Mac => "desktop",
        // Chrome leaves out `Mobile` on tablets, Firefox says either word in its comment.
        Family::Android if agent.has("Tablet") => "tablet",
        Family::Android if agent.items.contains(&"Mobile") => PHONE,
        Family::Android if agent.has("Chrome") && agent.has("Mobile") => PHONE,
        Family::Android if agent.has("Chrome") => "tablet",
        Family::Android => old_android(&os.version),
        _ if os.code == "KOS" => "feature phone",
        _ if os.code == "WPH" => PHONE,
        _ => "",
    }
}

/// Android 1 ran on phones only, Android 3 on tablets only.
fn old_android(version: &str) -> &'static str {
    match version.split('.').next() {
        Some("1") => PHONE,
        Some("3") => "tablet",
        _ => "",
    }
}
