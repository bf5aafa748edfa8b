//! A database of an earlier program, with users in it, becomes one of the present program.

use std::path::Path;
use std::time::Duration;

use sqlx::migrate::Migrator;
use usher::clock::Millis;
use usher::config::DatabaseUrl;
use usher::store::targets::{ProviderType, Target, Targets};
use usher::store::users::{self, User};
use usher::store::{Engine, ProjectKey, Store, projects};

use super::Outside;
use super::constraints::user;
use crate::store::targets::copies_are_right;
use crate::store::totals::totals_are_right;
use crate::support::{TestApp, both, made_up};

/// The first migrations, of this number.
pub async fn earlier(engine: Engine, migrations: usize) -> Migrator {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine.name());
    let mut files: Vec<_> = std::fs::read_dir(all).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let earlier = tempfile::tempdir().unwrap();
    for file in &files[..migrations] {
        std::fs::copy(file, earlier.path().join(file.file_name().unwrap())).unwrap();
    }
    Migrator::new(earlier.path()).await.unwrap()
}

/// An empty database, brought up to the first migrations of this number and no further.
async fn database_of(app: &TestApp, migrations: usize) -> DatabaseUrl {
    let url = match &app.app.config.database {
        DatabaseUrl::Sqlite(file) => DatabaseUrl::Sqlite(file.with_file_name("old.db")),
        url @ DatabaseUrl::Postgres(_) => {
            let mut outside = Outside::at(url).await;
            outside.run("DROP SCHEMA public CASCADE").await.unwrap();
            outside.run("CREATE SCHEMA public").await.unwrap();
            url.clone()
        }
    };
    if let DatabaseUrl::Sqlite(file) = &url {
        std::fs::File::create_new(file).unwrap();
    }
    let migrator = earlier(app.engine(), migrations).await;
    match Outside::at(&url).await {
        Outside::Sqlite(mut connection) => migrator.run(&mut connection).await.unwrap(),
        Outside::Postgres(mut connection) => migrator.run(&mut connection).await.unwrap(),
    }
    url
}

/// Users of two projects as they were before: id, email, phone. Times are the number of the line.
const USERS: [(&str, &str, Option<&str>, Option<&str>); 8] = [
    ("one", "both", Some("both@x.org"), Some("+491")),
    ("one", "none", None, None),
    ("one", "email", Some("email@x.org"), None),
    ("one", "phone", None, Some("+492")),
    ("one", "quoted", Some("o'neil\"\\/\u{e4}\u{1f600}@x.org"), None),
    ("two", "both", Some("both@x.org"), Some("+491")),
    ("two", "none", None, None),
    ("two", "mixed", Some("email@x.org"), Some("+492")),
];

async fn fill(outside: &mut Outside) {
    for project in ["one", "two"] {
        let insert = format!(
            "INSERT INTO projects (id, name, settings, created_at, updated_at) VALUES ('{project}', '', '{{}}', 1, 1)"
        );
        outside.run(&insert).await.unwrap();
    }
    let text = |value: Option<&str>| value.map_or("NULL".to_owned(), |text| format!("'{}'", text.replace('\'', "''")));
    for (n, (project, id, email, phone)) in USERS.into_iter().enumerate() {
        let insert = format!(
            "INSERT INTO users (project, id, created_at, updated_at, registration, name, name_folded, email, phone, \
             status, email_verified, phone_verified, labels, prefs, hash, hash_options, password_history, mfa, \
             impersonator, search) \
             SELECT seq, '{id}', {n}, 10{n}, 20{n}, '', '', {}, {}, TRUE, FALSE, FALSE, '[]', '{{}}', 'argon2', \
             '{{}}', '[]', FALSE, FALSE, '{id}' FROM projects WHERE id = '{project}'",
            text(email),
            text(phone)
        );
        assert_eq!(outside.run(&insert).await.unwrap(), 1);
    }
}

/// What the user of the line `n` should have become; the ids of the targets are those that were found.
fn expected(n: usize, found: &User) -> User {
    let (_, id, email, phone) = USERS[n];
    let n = i64::try_from(n).unwrap();
    let (created_at, updated_at) = (Millis(n), Millis(100 + n));
    let addresses = [(ProviderType::Email, email), (ProviderType::Sms, phone)];
    let addresses = addresses.into_iter().filter_map(|(kind, address)| Some((kind, address?)));
    let targets = addresses.zip(&found.targets.0).map(|((provider_type, address), target)| Target {
        id: made_up(&target.id).to_owned(),
        user_id: id.into(),
        created_at,
        updated_at,
        name: None,
        provider_id: None,
        provider_type,
        identifier: address.into(),
        expired: false,
    });
    User {
        seq: found.seq,
        created_at,
        updated_at,
        registration: Millis(200 + n),
        targets: Targets(targets.collect()),
        ..user(id, email, phone)
    }
}

async fn open(url: &DatabaseUrl) -> Store {
    Store::open(url, 2, Duration::ZERO).await.unwrap()
}

async fn find(store: &Store, project: &str, id: &str) -> (ProjectKey, User) {
    let project = projects::find(store.read(), project).await.unwrap().unwrap().key;
    (project, users::find(store.read(), project, id).await.unwrap().unwrap())
}

both! {
    async fn users_of_before_have_targets_for_their_addresses(app) {
        let url = database_of(app, 1).await;
        let mut outside = Outside::at(&url).await;
        fill(&mut outside).await;
        let store = open(&url).await;
        copies_are_right(&mut outside).await;
        let mut ids = Vec::new();
        for (n, (project, id, ..)) in USERS.into_iter().enumerate() {
            let (_, found) = find(&store, project, id).await;
            assert_eq!(found, expected(n, &found), "{project} {id}");
            ids.extend(found.targets.0.into_iter().map(|target| target.id));
        }
        assert_eq!(ids.len(), 9);
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 9, "each has an id of its own");

        // From here on they follow their addresses as everybody's do.
        let (project, before) = find(&store, "one", "quoted").await;
        let kept = before.targets.0[0].id.clone();
        let mut user = User { email: Some("new@x.org".into()), phone: Some("+493".into()), ..before.clone() };
        store
            .write::<_, usher::store::Error, _>(move |tx| {
                Box::pin(async move { users::save(tx, project, &before, &mut user, Millis(9), None).await })
            })
            .await
            .unwrap();
        let (_, changed) = find(&store, "one", "quoted").await;
        let addresses: Vec<&str> = changed.targets.0.iter().map(|target| target.identifier.as_str()).collect();
        assert_eq!((addresses, &changed.targets.0[0].id), (vec!["new@x.org", "+493"], &kept));
        copies_are_right(&mut outside).await;

        // A second start finds nothing left to do.
        let rows = outside.texts("SELECT id, identifier FROM targets ORDER BY id").await;
        store.close().await;
        let store = open(&url).await;
        assert_eq!(outside.texts("SELECT id, identifier FROM targets ORDER BY id").await, rows);
        copies_are_right(&mut outside).await;
        store.close().await;
    }

    async fn a_database_without_users_is_brought_up_to_date_too(app) {
        let url = database_of(app, 1).await;
        open(&url).await.close().await;
        let mut outside = Outside::at(&url).await;
        assert_eq!(outside.text("SELECT CAST(count(*) AS TEXT) FROM targets").await, "0");
    }

    async fn users_of_before_are_in_the_kept_totals(app) {
        let url = database_of(app, 2).await;
        let mut outside = Outside::at(&url).await;
        fill(&mut outside).await;
        for statement in [
            "UPDATE users SET email_verified = TRUE, password_pwned = (id = 'both') WHERE email IS NOT NULL",
            "UPDATE users SET status = FALSE WHERE id = 'mixed'",
            "INSERT INTO user_labels (project, label, user_seq) SELECT project, 'vip', seq FROM users",
            "INSERT INTO user_labels (project, label, user_seq) SELECT project, 'new', seq FROM users WHERE id = 'none'",
        ] {
            assert!(outside.run(statement).await.unwrap() > 0);
        }
        let store = open(&url).await;
        totals_are_right(&mut outside).await;
        let totals = "SELECT CAST(sum(users) AS TEXT), CAST(sum(status) AS TEXT), CAST(sum(email_verified) AS TEXT), \
             CAST(sum(password_pwned) AS TEXT), CAST(sum(password_pwned_unknown) AS TEXT) FROM user_totals";
        assert_eq!(outside.texts(totals).await, [["8", "7", "5", "2", "3"]]);
        assert_eq!(outside.text("SELECT CAST(sum(users) AS TEXT) FROM label_totals").await, "10");
        // From here on they follow.
        assert_eq!(outside.run("DELETE FROM users WHERE id = 'both'").await.unwrap(), 2);
        totals_are_right(&mut outside).await;
        store.close().await;
    }

    async fn what_the_search_index_held_before_it_still_holds(app) {
        let url = database_of(app, 2).await;
        if app.engine() == Engine::Sqlite {
            return;
        }
        let mut outside = Outside::at(&url).await;
        fill(&mut outside).await;
        for statement in [
            "INSERT INTO user_search (seq, project, grams) SELECT seq, project, ARRAY[CAST(seq AS INTEGER), 7] FROM users",
            "INSERT INTO identities (project, id, user_id, created_at, updated_at, provider, provider_uid, \
             provider_email, provider_email_folded, search) SELECT project, id, id, 0, 0, '', id, '', '', 'uid ' || id \
             FROM users",
            "INSERT INTO identity_search (seq, project, grams) SELECT seq, project, ARRAY[7, 8] FROM identities",
        ] {
            assert_eq!(outside.run(statement).await.unwrap(), 8);
        }
        open(&url).await.close().await;
        for (kept, expected) in [
            ("SELECT project || text || CAST(grams AS TEXT) FROM user_search ORDER BY seq",
             "SELECT project || search || '{' || seq || ',7}' FROM users ORDER BY seq"),
            ("SELECT project || text || CAST(grams AS TEXT) FROM identity_search ORDER BY seq",
             "SELECT project || search || '{7,8}' FROM identities ORDER BY seq"),
        ] {
            let kept = outside.texts(kept).await;
            assert_eq!((kept.len(), &kept), (8, &outside.texts(expected).await));
        }
        // They still go with their users.
        assert_eq!(outside.run("DELETE FROM users").await.unwrap(), 8);
        for table in ["user_search", "identity_search"] {
            assert_eq!(outside.text(&format!("SELECT CAST(count(*) AS TEXT) FROM {table}")).await, "0");
        }
    }
}
