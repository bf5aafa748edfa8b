//! Made-up people. What a person is like follows from the number alone, so that two databases of one size hold the same
//! people, and a load script can name any of them.

use serde_json::json;
use usher::clock::Millis;
use usher::fold::fold;
use usher::hashing::{Algorithm, Options, Stored};
use usher::store::targets::Targets;
use usher::store::users::User;

/// The first millisecond of 2023, and three years of them: when people registered.
const FIRST: u64 = 1_672_531_200_000;
const SPAN: u64 = 3 * 365 * 86_400_000;

/// How many last names, at the end of their file, belong to one in 2,000 people each.
const RARE: usize = 40;

/// The hash of `Harness-Pass-77`, as an import brings it.
const IMPORTED: &str = "$2a$06$ftG31l0YuPw7eK8SmeaUreOqcpz0UusIQ8yr1BA4yhk5afSpoVErq";

/// As unevenly spread as real ones.
const DOMAINS: [&str; 12] = [
    "gmail.example",
    "outlook.example",
    "yahoo.example",
    "icloud.example",
    "posteo.example",
    "web.example",
    "proton.example",
    "orange.example",
    "libero.example",
    "seznam.example",
    "example.org",
    "example.com",
];

/// Countries and their mobile networks; the digits of the person follow.
const PHONES: [&str; 8] = ["+49151", "+33612", "+48501", "+44770", "+34611", "+39333", "+12025", "+84912"];

const LANGUAGES: [&str; 10] = ["en", "de", "fr", "pl", "es", "it", "vi", "pt", "cs", "tr"];
const ZONES: [&str; 6] =
    ["Europe/Berlin", "Europe/Warsaw", "America/New_York", "Asia/Ho_Chi_Minh", "America/Sao_Paulo", "UTC"];

/// The names that people have.
pub(crate) struct Names {
    first: Vec<&'static str>,
    last: Vec<&'static str>,
}

impl Names {
    pub(crate) fn new() -> Self {
        Self {
            first: include_str!("first-names.txt").split_whitespace().collect(),
            last: include_str!("last-names.txt").split_whitespace().collect(),
        }
    }

    fn of(&self, dice: &mut Dice) -> (&'static str, &'static str) {
        let (common, rare) = self.last.split_at(self.last.len() - RARE);
        let first = dice.uneven(&self.first);
        (first, if dice.percent(2) { dice.even(rare) } else { dice.uneven(common) })
    }
}

/// The id of a person. `benches/load.lua` has the same.
pub(crate) fn id(number: u64) -> String {
    format!("user{number:016}")
}

/// Person `number` of `count`.
pub(crate) fn person(number: u64, count: u64, names: &Names) -> User {
    let mut dice = Dice(number);
    let (first, last) = names.of(&mut dice);
    let address = |name: &str| fold(name).chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    let created_at = millis(FIRST + number * (SPAN / count.max(1)));
    let imported = dice.percent(40).then(|| Stored { text: IMPORTED.into(), options: Options::Bcrypt });
    User {
        seq: 0,
        id: id(number),
        created_at,
        updated_at: created_at,
        registration: created_at,
        name: format!("{first} {last}"),
        email: Some(format!("{}.{}{number}@{}", address(first), address(last), dice.uneven(&DOMAINS))),
        phone: dice.percent(60).then(|| format!("{}{number:08}", dice.even(&PHONES))),
        status: !dice.percent(3),
        email_verified: dice.percent(70),
        phone_verified: dice.percent(30),
        labels: labels(number, &mut dice),
        prefs: prefs(&mut dice),
        hash: imported.as_ref().map_or(Algorithm::Argon2, Stored::algorithm).as_str().into(),
        hash_options: imported.as_ref().map_or_else(|| "{}".into(), Stored::options_to_json),
        password_update: imported.is_some().then_some(created_at),
        password: imported.map(|stored| stored.text),
        password_history: "[]".into(),
        password_pwned: None,
        mfa: false,
        impersonator: false,
        accessed_at: dice.percent(50).then(|| millis(FIRST + dice.below(SPAN) / 86_400_000 * 86_400_000)),
        targets: Targets::default(),
    }
}

/// Most are members, everybody is in one of 50 teams, one in 2,000 has the rare label.
fn labels(number: u64, dice: &mut Dice) -> String {
    let mut labels = vec![format!("team{:02}", dice.below(50))];
    for (label, has) in [("member", dice.percent(80)), ("vip", dice.percent(1)), ("founder", number % 2000 == 7)] {
        if has {
            labels.push(label.into());
        }
    }
    json!(labels).to_string()
}

/// 50 to 200 bytes.
fn prefs(dice: &mut Dice) -> String {
    let mut prefs = json!({
        "theme": dice.even(&["light", "dark", "system"]),
        "language": dice.even(&LANGUAGES),
        "newsletter": dice.percent(50),
    });
    if dice.percent(70) {
        prefs["timezone"] = json!(dice.even(&ZONES));
        prefs["columns"] = json!(["name", "email", "createdAt"]);
    }
    if dice.percent(40) {
        prefs["lastProject"] = json!(format!("{:020x}", dice.roll()));
    }
    prefs.to_string()
}

fn millis(at: u64) -> Millis {
    Millis(i64::try_from(at).unwrap_or(i64::MAX))
}

/// Numbers that look random: splitmix64.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 to `end` - 1, each as likely.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    fn even<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.index(of.len())]
    }

    /// The earlier ones more often than the later ones: the first of 270 eight times as often as the average.
    fn uneven<T: Copy>(&mut self, of: &[T]) -> T {
        let (one, other) = (self.index(of.len()), self.index(of.len()));
        of[one * other / of.len()]
    }

    fn index(&mut self, length: usize) -> usize {
        (self.roll() % length as u64) as usize
    }
}
