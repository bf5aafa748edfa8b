//! Models of Android hardware that are met often, by the code in the agent. Newer browsers hide the code
//! (Chrome says `K`), so this list has no need to grow much.

/// A telephone, in Matomo's word.
pub(super) const PHONE: &str = "smartphone";
/// Matomo's word for a telephone of about six inches and more, or one that folds.
const PHABLET: &str = "phablet";
const TABLET: &str = "tablet";
/// The agent decides between telephone and tablet.
const ASK: &str = "";

/// The models of one maker that share a prefix.
#[derive(Debug)]
pub(super) struct Brand {
    /// How the item of the comment starts, in any case.
    pub prefix: &'static str,
    /// The maker.
    pub name: &'static str,
    /// Kind of a model that is not listed.
    pub kind: &'static str,
    /// Must the rest of the item be a model's whole code (names of models), or only start with it
    /// (codes with a letter for the region)?
    pub whole: bool,
    /// (rest of the code, model, kind)
    pub models: &'static [(&'static str, &'static str, &'static str)],
}

const fn codes(
    prefix: &'static str,
    name: &'static str,
    kind: &'static str,
    models: &'static [(&'static str, &'static str, &'static str)],
) -> Brand {
    Brand { prefix, name, kind, whole: false, models }
}

const fn names(
    prefix: &'static str,
    name: &'static str,
    kind: &'static str,
    models: &'static [(&'static str, &'static str, &'static str)],
) -> Brand {
    Brand { prefix, name, kind, whole: true, models }
}

/// All brands. The first whose prefix fits is taken.
pub(super) const BRANDS: &[Brand] = &[
    codes("SM-S", "Samsung", PHONE, GALAXY_S),
    codes("SM-G", "Samsung", PHONE, GALAXY_G),
    codes("SM-A", "Samsung", PHONE, GALAXY_A),
    codes("SM-N", "Samsung", PHABLET, GALAXY_N),
    codes("SM-F", "Samsung", PHABLET, GALAXY_F),
    codes("SM-T", "Samsung", TABLET, GALAXY_T),
    codes("SM-X", "Samsung", TABLET, GALAXY_X),
    codes("SM-P", "Samsung", TABLET, GALAXY_P),
    codes("SM-", "Samsung", ASK, &[]),
    codes("GT-I", "Samsung", PHONE, &[("9300", "Galaxy S III", PHONE)]),
    codes("GT-", "Samsung", ASK, &[]),
    names("Pixel", "Google", PHONE, PIXEL),
    names("Redmi ", "Xiaomi", PHONE, REDMI),
    names("Mi ", "Xiaomi", PHONE, &[("9T", "Mi 9T", PHONE)]),
    names("POCO ", "POCO", PHONE, &[("F3", "F3", PHONE)]),
    codes("M2101K6G", "Xiaomi", PHABLET, &[("", "Redmi Note 10 Pro", PHABLET)]),
    codes("2201117TG", "Xiaomi", PHABLET, &[("", "Redmi Note 11 4G", PHABLET)]),
    codes("2211133G", "Xiaomi", PHONE, &[("", "13", PHONE)]),
    codes("23049PCD8G", "POCO", PHONE, &[("", "F5", PHONE)]),
    codes("ELE-", "Huawei", PHONE, &[("", "P30", PHONE)]),
    codes("VOG-", "Huawei", PHONE, &[("", "P30 Pro", PHONE)]),
    codes("MAR-LX", "Huawei", PHONE, &[("", "P30 Lite", PHONE)]),
    codes("EML-", "Huawei", PHONE, &[("", "P20", PHONE)]),
    codes("CLT-", "Huawei", PHONE, &[("", "P20 Pro", PHONE)]),
    codes("LYA-", "Huawei", PHONE, &[("", "Mate 20 Pro", PHONE)]),
    codes("ANA-", "Huawei", PHONE, &[("", "P40 5G", PHONE)]),
    codes("ELS-", "Huawei", PHONE, &[("", "P40 Pro", PHONE)]),
    codes("HUAWEI", "Huawei", ASK, &[]),
    codes("ONEPLUS ", "OnePlus", PHONE, &[("A6013", "6T", PHONE)]),
    codes("GM1913", "OnePlus", PHONE, &[("", "7 Pro", PHONE)]),
    codes("HD1913", "OnePlus", PHONE, &[("", "7T Pro", PHONE)]),
    codes("IN2023", "OnePlus", PHONE, &[("", "8 Pro", PHONE)]),
    codes("KB2003", "OnePlus", PHONE, &[("", "8T", PHONE)]),
    codes("LE2123", "OnePlus", PHONE, &[("", "9 Pro", PHONE)]),
    codes("NE2213", "OnePlus", PHONE, &[("", "10 Pro", PHONE)]),
    codes("CPH2449", "OnePlus", PHONE, &[("", "11", PHONE)]),
    codes("CPH2251", "OPPO", PHONE, &[("", "Reno 6", PHONE)]),
    codes("RMX", "Realme", ASK, &[("3363", "GT Master Edition", PHONE)]),
    codes("moto", "Motorola", ASK, &[]),
    codes("XQ-", "Sony", PHONE, &[("DE", "Xperia 5 V", PHONE)]),
    codes("LM-", "LG", PHONE, &[("V600", "V60 ThinQ 5G", PHONE)]),
    names("Nokia ", "Nokia", PHONE, &[("G50", "G50", PHONE)]),
];

const GALAXY_S: &[(&str, &str, &str)] = &[
    ("901", "Galaxy S22", PHONE),
    ("906", "Galaxy S22+", PHONE),
    ("908", "Galaxy S22 Ultra", PHONE),
    ("911", "Galaxy S23", PHONE),
    ("916", "Galaxy S23+", PHONE),
    ("918", "Galaxy S23 Ultra", PHONE),
    ("921", "Galaxy S24", PHONE),
    ("926", "Galaxy S24+", PHONE),
    ("928", "Galaxy S24 Ultra", PHONE),
    ("931", "Galaxy S25", PHONE),
    ("936", "Galaxy S25+", PHONE),
    ("938", "Galaxy S25 Ultra", PHONE),
];

const GALAXY_G: &[(&str, &str, &str)] = &[
    ("991", "Galaxy S21 5G", PHONE),
    ("996", "Galaxy S21+ 5G", PHONE),
    ("998", "Galaxy S21 Ultra 5G", PHONE),
    ("980", "Galaxy S20", PHONE),
    ("981", "Galaxy S20 5G", PHONE),
    ("985", "Galaxy S20+", PHONE),
    ("986", "Galaxy S20+ 5G", PHONE),
    ("988", "Galaxy S20 Ultra 5G", PHONE),
    ("970", "Galaxy S10e", PHONE),
    ("973", "Galaxy S10", PHONE),
    ("975", "Galaxy S10+", PHONE),
    ("960", "Galaxy S9", PHONE),
    ("965", "Galaxy S9+", PHONE),
    ("950", "Galaxy S8", PHONE),
    ("955", "Galaxy S8+", PHONE),
];

const GALAXY_A: &[(&str, &str, &str)] = &[
    ("127", "Galaxy A12", PHONE),
    ("135", "Galaxy A13", PHONE),
    ("137", "Galaxy A13", PHONE),
    ("146", "Galaxy A14 5G", PHONE),
    ("235", "Galaxy A23", PHONE),
    ("256", "Galaxy A25 5G", PHONE),
    ("325", "Galaxy A32", PHONE),
    ("336", "Galaxy A33 5G", PHONE),
    ("346", "Galaxy A34 5G", PHONE),
    ("356", "Galaxy A35 5G", PHONE),
    ("505", "Galaxy A50", PHONE),
    ("515", "Galaxy A51", PHONE),
    ("525", "Galaxy A52", PHONE),
    ("526", "Galaxy A52 5G", PHONE),
    ("536", "Galaxy A53 5G", PHONE),
    ("546", "Galaxy A54 5G", PHONE),
    ("556", "Galaxy A55 5G", PHONE),
    ("715", "Galaxy A71", PHONE),
];

const GALAXY_N: &[(&str, &str, &str)] = &[
    ("960", "Galaxy Note 9", PHABLET),
    ("976", "Galaxy Note 10+", PHABLET),
    ("981", "Galaxy Note 20 5G", PHABLET),
    ("986", "Galaxy Note 20 Ultra 5G", PHABLET),
];

const GALAXY_F: &[(&str, &str, &str)] = &[
    ("721", "Galaxy Z Flip 4", PHABLET),
    ("731", "Galaxy Z Flip 5", PHABLET),
    ("936", "Galaxy Z Fold 4", PHABLET),
    ("946", "Galaxy Z Fold 5", PHABLET),
];

const GALAXY_T: &[(&str, &str, &str)] =
    &[("870", "Galaxy Tab S7 11.0\" WiFi", TABLET), ("970", "Galaxy Tab S7+ 12.4\" WiFi", TABLET)];

const GALAXY_X: &[(&str, &str, &str)] = &[
    ("200", "Galaxy Tab A8 10.5\" WiFi", TABLET),
    ("610", "Galaxy Tab S9 FE+ 12.4\" WiFi", TABLET),
    ("700", "Galaxy Tab S8 11.0\" WiFi", TABLET),
    ("710", "Galaxy Tab S9 11\" WiFi", TABLET),
    ("906", "Galaxy Tab S8 Ultra 14.6\" 5G", TABLET),
];

const GALAXY_P: &[(&str, &str, &str)] = &[("610", "Galaxy Tab S6 Lite 10.4\" WiFi", TABLET)];

/// Google's models carry the brand's word in their names.
const PIXEL: &[(&str, &str, &str)] = &[
    (" 3", "Pixel 3", PHONE),
    (" 3a", "Pixel 3a", PHONE),
    (" 4a", "Pixel 4a", PHONE),
    (" 5", "Pixel 5", PHONE),
    (" 6", "Pixel 6", PHONE),
    (" 6 Pro", "Pixel 6 Pro", PHONE),
    (" 6a", "Pixel 6a", PHONE),
    (" 7", "Pixel 7", PHONE),
    (" 7 Pro", "Pixel 7 Pro", PHONE),
    (" 7a", "Pixel 7a", PHONE),
    (" 8", "Pixel 8", PHONE),
    (" 8 Pro", "Pixel 8 Pro", PHONE),
    (" 8a", "Pixel 8a", PHONE),
    (" 9", "Pixel 9", PHONE),
    (" 9 Pro", "Pixel 9 Pro", PHONE),
    (" Fold", "Pixel Fold", PHABLET),
    (" Tablet", "Pixel Tablet", TABLET),
];

const REDMI: &[(&str, &str, &str)] = &[
    ("9A", "Redmi 9A", PHONE),
    ("Note 8", "Redmi Note 8", PHABLET),
    ("Note 9 Pro", "Redmi Note 9 Pro", PHABLET),
    ("Note 12", "Redmi Note 12", PHABLET),
];
