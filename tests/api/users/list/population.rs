//! Rows for lists: few different values, many ties, many NULLs, and a second project with the same rows.

use usher::clock::Millis;
use usher::store::identities::{self, Identity};
use usher::store::memberships::{self, NewMembership};
use usher::store::users::{self, User};
use usher::store::{ProjectKey, teams};

use super::model::{Cell, Row, moment, text, truth};
use crate::support::{PROJECT, TestApp};

/// Names that fold alike, that hold characters with a meaning in SQL patterns, and that several bytes write.
pub const NAMES: [&str; 16] = [
    "",
    "Åsa",
    "asa",
    "ASA Lee",
    "Zoë",
    "Zoe",
    "zo",
    "Straße",
    "Strasse",
    "İstanbul",
    "100%",
    "100_",
    "100\\",
    "1000",
    "日本 太郎",
    "😀 smile",
];

/// Labels, as JSON.
pub const LABELS: [&str; 6] = ["[]", "[]", r#"["vip"]"#, r#"["beta","vip"]"#, r#"["VIP"]"#, r#"["beta"]"#];

/// A moment of few.
pub fn time(n: i64) -> Millis {
    Millis(1_700_000_000_000 + n * 86_400_000)
}

/// One of `below` numbers, without a pattern that two columns share.
fn pick(n: usize, salt: usize, below: usize) -> usize {
    (n + 1) * (salt * 7919 + 104_729) % 1009 % below
}

/// A user with an id, and the rest as it is without being said.
pub fn plain(id: &str) -> User {
    User {
        seq: 0,
        id: id.to_owned(),
        created_at: time(0),
        updated_at: time(0),
        registration: time(0),
        name: String::new(),
        email: None,
        phone: None,
        status: true,
        email_verified: false,
        phone_verified: false,
        labels: "[]".into(),
        prefs: "{}".into(),
        password: None,
        hash: "argon2".into(),
        hash_options: "{}".into(),
        password_history: "[]".into(),
        password_update: None,
        password_pwned: None,
        mfa: false,
        impersonator: false,
        accessed_at: None,
        targets: usher::store::targets::Targets::default(),
    }
}

/// The n-th user of a mixed population. Ids do not follow the order of creation.
fn mixed(n: usize) -> User {
    let day = |salt, below| time(i64::try_from(pick(n, salt, below)).unwrap());
    let id = format!("{}{n:03}", ["b", "a", "B", "A.", "c_"][pick(n, 1, 5)]);
    User {
        created_at: day(2, 5),
        updated_at: day(3, 4),
        registration: day(4, 6),
        name: NAMES[pick(n, 5, NAMES.len())].to_owned(),
        email: (pick(n, 6, 3) > 0).then(|| format!("{}{n}@{}.example", ["mia", "a%", "z_"][n % 3], n % 4)),
        phone: (pick(n, 7, 3) > 0).then(|| format!("+1617555{:04}", pick(n, 8, 10) * 1000 + n)),
        status: pick(n, 9, 4) > 0,
        email_verified: pick(n, 10, 2) > 0,
        phone_verified: pick(n, 11, 5) > 0,
        labels: LABELS[pick(n, 12, LABELS.len())].to_owned(),
        password_update: (pick(n, 13, 2) > 0).then(|| day(14, 3)),
        password_pwned: [None, Some(true), Some(false)][pick(n, 15, 3)],
        impersonator: pick(n, 16, 6) == 0,
        accessed_at: (pick(n, 17, 3) > 0).then(|| day(18, 3)),
        ..plain(&id)
    }
}

/// Stores users, and gives them back with their numbers.
pub async fn store(app: &TestApp, project: ProjectKey, new: Vec<User>) -> Vec<User> {
    app.write(move |tx| {
        Box::pin(async move {
            let mut stored = Vec::with_capacity(new.len());
            for user in new {
                stored.push(users::insert(tx, project, user, None).await?);
            }
            Ok(stored)
        })
    })
    .await
}

/// A mixed population of the project of the tests. Another project has the same users in between.
pub async fn users(app: &TestApp, count: usize) -> Vec<Row> {
    let (ours, theirs) = (app.project(PROJECT).await.key, app.new_project("other").await.key);
    let mut stored = Vec::new();
    for part in (0..count).collect::<Vec<_>>().chunks(10) {
        let part: Vec<User> = part.iter().map(|n| mixed(*n)).collect();
        store(app, theirs, part.clone()).await;
        stored.extend(store(app, ours, part).await);
    }
    stored.iter().map(Row::user).collect()
}

/// Identities of two users.
pub async fn identities(app: &TestApp, count: usize) -> Vec<Row> {
    let project = app.project(PROJECT).await.key;
    store(app, project, vec![plain("anna"), plain("ben")]).await;
    let new = (0..count).map(move |n| Identity {
        seq: 0,
        id: format!("{}{n}", ["b", "a", "B"][pick(n, 1, 3)]),
        user_id: ["anna", "ben"][pick(n, 2, 2)].to_owned(),
        created_at: time(i64::try_from(pick(n, 3, 4)).unwrap()),
        updated_at: time(i64::try_from(pick(n, 4, 4)).unwrap()),
        provider: ["github", "google", "apple"][pick(n, 5, 3)].to_owned(),
        provider_uid: format!("{}{n}", ["uid-", "UID-"][pick(n, 6, 2)]),
        provider_email: ["", "Mia@example.org", "mia@example.org", "zoe@example.com"][pick(n, 7, 4)].to_owned(),
        provider_access_token: None,
        provider_access_token_expiry: (pick(n, 8, 3) > 0).then(|| time(i64::try_from(pick(n, 9, 3)).unwrap())),
        provider_refresh_token: None,
        provider_id_token: None,
    });
    let new: Vec<Identity> = new.collect();
    let stored = app.write(move |tx| {
        Box::pin(async move {
            let mut stored = Vec::new();
            for identity in &new {
                identities::insert(tx, project, identity).await?;
                stored.extend(identities::find(tx.on(), project, &identity.id).await?);
            }
            Ok(stored)
        })
    });
    stored.await.iter().map(Row::identity).collect()
}

/// Memberships of `anna`, in as many teams, with some of `ben` between them.
pub async fn memberships(app: &TestApp, count: usize) -> Vec<Row> {
    const ROLES: [&[&str]; 4] = [&[], &["owner"], &["owner", "editor"], &["Owner"]];
    let project = app.project(PROJECT).await.key;
    store(app, project, vec![plain("anna"), plain("ben")]).await;
    let day = |n: usize, salt, below| time(i64::try_from(pick(n, salt, below)).unwrap());
    let invited = move |n| (pick(n, 3, 3) > 0).then(|| day(n, 4, 3));
    let joined = move |n| (pick(n, 5, 2) > 0).then(|| day(n, 6, 3));
    let roles = |n| ROLES[pick(n, 7, 4)].iter().map(|role| (*role).to_owned()).collect::<Vec<_>>();
    let id = |n| format!("{}{n}", ["b", "a", "B"][pick(n, 1, 3)]);
    app.write(move |tx| {
        Box::pin(async move {
            for n in 0..count {
                let team = format!("team{n}");
                teams::insert(tx, project, &team, "A team", time(0)).await?;
                for user in ["anna", "ben"] {
                    let id = if user == "anna" { id(n) } else { format!("ben-{n}") };
                    let new = NewMembership {
                        id: &id,
                        user_id: user,
                        team_id: &team,
                        invited: invited(n),
                        joined: joined(n),
                        roles: &roles(n),
                    };
                    memberships::insert(tx, project, &new, day(n, 2, 4)).await?;
                }
            }
            Ok(())
        })
    })
    .await;
    let row = |n| {
        let cells = [
            ("userId", text("anna")),
            ("teamId", text(&format!("team{n}"))),
            ("invited", moment(invited(n))),
            ("joined", moment(joined(n))),
            ("confirm", truth(joined(n).is_some())),
            ("roles", text(&serde_json::to_string(&roles(n)).unwrap())),
            ("$createdAt", moment(Some(day(n, 2, 4)))),
            ("$updatedAt", moment(Some(day(n, 2, 4)))),
            // Only its order counts.
            ("$sequence", Some(Cell::Int(i64::try_from(n).unwrap()))),
        ];
        Row::new(&id(n), cells, roles(n))
    };
    (0..count).map(row).collect()
}
