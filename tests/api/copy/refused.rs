//! What is not copied, and that nothing is left of it.

use std::os::unix::fs::symlink;

use serde_json::json;

use super::everything::fill;
use super::{empty, url};
use crate::program::Place;
use crate::store::schema::Outside;
use crate::support::{TestApp, both};

/// What a copy that fails says.
#[track_caller]
fn fails(place: &Place, from: &str, to: &str, part: &str) -> String {
    place.fails(&["copy", "--from", from, "--to", to], &[], part)
}

async fn users(place: &Place) -> String {
    Outside::at(&place.database()).await.text("SELECT CAST(count(*) AS TEXT) FROM users").await
}

both! {
    async fn a_target_with_a_project_is_left_alone(app) {
        app.user("anna", json!({})).await;
        let from = url(&app.app.config.database);
        for place in empty().await {
            place.prints(&["project", "create", "shop"]);
            let to = url(&place.database());
            fails(&place, &from, &to, "there are projects in it");
            assert_eq!(users(&place).await, "0");
            assert!(place.prints(&["project", "list"]).starts_with("shop\t"));
            place.remove().await;
        }
    }

    async fn a_source_of_another_version_is_not_read(app) {
        let from = url(&app.app.config.database);
        let place = Place::sqlite();
        let to = url(&place.database());
        let mut outside = Outside::of(app).await;
        outside.run("UPDATE _sqlx_migrations SET version = 9001 WHERE version = 6").await.unwrap();
        fails(&place, &from, &to, "newer Usher");
        outside.run("DELETE FROM _sqlx_migrations WHERE version = 9001").await.unwrap();
        fails(&place, &from, &to, "1 of 6 migrations are missing there; bring it up to date first, by `usher migrate`");
        outside.run("DROP TABLE _sqlx_migrations").await.unwrap();
        fails(&place, &from, &to, "6 of 6 migrations are missing there");
        // The target was not made, and the source not migrated.
        assert!(!place.folder.path().join("data").exists());
        let tables = match outside {
            Outside::Sqlite(_) => "SELECT CAST(count(*) AS TEXT) FROM sqlite_master WHERE name = '_sqlx_migrations'",
            Outside::Postgres(_) => {
                "SELECT CAST(count(*) AS TEXT) FROM information_schema.tables WHERE table_name = '_sqlx_migrations'"
            }
        };
        assert_eq!(outside.text(tables).await, "0");
    }

    async fn a_database_is_not_copied_into_itself(app) {
        let from = url(&app.app.config.database);
        let place = Place::sqlite();
        let other = match from.strip_prefix("sqlite:") {
            Some(path) => {
                let link = place.folder.path().join("link.db");
                symlink(path, &link).unwrap();
                format!("sqlite:{}", link.display())
            }
            None => format!("{from}{}application_name=other", if from.contains('?') { "&" } else { "?" }),
        };
        for to in [&from, &other] {
            fails(&place, &from, to, "both are the same database");
        }
    }

    async fn what_was_changed_on_its_way_is_not_kept(app) {
        fill(app).await;
        let from = url(&app.app.config.database);
        for place in empty().await {
            place.prints(&["migrate"]);
            let mut outside = Outside::at(&place.database()).await;
            match outside {
                Outside::Sqlite(_) => {
                    let trigger = "CREATE TRIGGER bad AFTER INSERT ON users WHEN NEW.id = 'planes' \
                        BEGIN UPDATE users SET name = 'other' WHERE seq = NEW.seq; END";
                    outside.run(trigger).await.unwrap();
                }
                Outside::Postgres(_) => {
                    let function = "CREATE FUNCTION bad() RETURNS TRIGGER LANGUAGE plpgsql AS \
                        $$ BEGIN IF NEW.id = 'planes' THEN NEW.name := 'other'; END IF; RETURN NEW; END $$";
                    outside.run(function).await.unwrap();
                    let trigger = "CREATE TRIGGER bad BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION bad()";
                    outside.run(trigger).await.unwrap();
                }
            }
            let to = url(&place.database());
            fails(&place, &from, &to, "what was stored in users is not what was read");
            assert_eq!(users(&place).await, "0");
            assert_eq!(place.prints(&["project", "list"]), "");
            place.remove().await;
        }
    }
}

#[test]
fn a_source_that_is_not_there_is_not_made() {
    let place = Place::sqlite();
    let said = fails(&place, "sqlite:nowhere/usher.db", "sqlite:new.db", "there is no such file");
    assert_eq!(said, "usher: nothing was copied; --from (sqlite:nowhere/usher.db): there is no such file\n");
    // No server listens there, and the password is nobody's business.
    let said =
        fails(&place, "postgres://usher:secret@127.0.0.1:1/usher", "sqlite:new.db", "--from (postgres://<hidden>@");
    assert!(!said.contains("secret"), "{said}");
    std::fs::write(place.folder.path().join("text.db"), "this is no database at all, but a text of some length")
        .unwrap();
    fails(&place, "sqlite:text.db", "sqlite:new.db", "--from (sqlite:text.db): it cannot be read");
    std::fs::write(place.folder.path().join("none.db"), "").unwrap();
    fails(&place, "sqlite:none.db", "sqlite:new.db", "usher migrate");
    assert!(!place.folder.path().join("new.db").exists());
    assert_eq!(std::fs::read_dir(place.folder.path()).unwrap().count(), 2);
}

#[tokio::test]
async fn a_target_that_cannot_be_written_is_named() {
    let source = TestApp::sqlite(&[]).await;
    let (place, from) = (Place::sqlite(), url(&source.app.config.database));
    let said = fails(&place, &from, "postgres://usher:secret@127.0.0.1:1/usher", "--to (postgres://<hidden>@");
    assert!(!said.contains("secret"), "{said}");
    std::fs::write(place.folder.path().join("text.db"), "this is no database at all, but a text of some length")
        .unwrap();
    fails(&place, &from, "sqlite:text.db", "--to (sqlite:text.db): it cannot be written");
    std::fs::create_dir(place.folder.path().join("folder")).unwrap();
    fails(&place, &from, "sqlite:folder", "--to (sqlite:folder): it cannot be written");
    source.finish().await;
}

#[test]
fn arguments_that_name_no_database_are_refused() {
    let place = Place::sqlite();
    let secret = "mysql://root:hunter2@127.0.0.1/users";
    for (from, to, part) in [
        (secret, "sqlite:a.db", "--from must be sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE"),
        ("sqlite:a.db", secret, "--to must be sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE"),
        ("sqlite:", "sqlite:a.db", "--from must be sqlite: and the name of a file"),
        ("sqlite:a.db?mode=ro", "sqlite:a.db", "--from must be sqlite: and the name of a file, without parameters"),
        ("sqlite:a.db", "", "--to must be"),
    ] {
        let said = fails(&place, from, to, part);
        assert!(!said.contains("hunter2"), "{said}");
    }
    std::fs::write(place.folder.path().join("url"), format!("{secret}\n")).unwrap();
    std::fs::write(place.folder.path().join("blank"), " \n").unwrap();
    for (arguments, part) in [
        (&["copy", "--from-file", "url", "--to", "sqlite:a.db"][..], "the file of --from-file must be sqlite:FILE"),
        (
            &["copy", "--from-file", "absent", "--to", "sqlite:a.db"],
            "--from-file must name a file: absent cannot be read",
        ),
        (&["copy", "--from", "sqlite:b.db", "--to-file", "blank"], "--to-file must name a file: blank is empty"),
        (&["copy", "--from", "sqlite:b.db"], "--to"),
        (&["copy"], "--from"),
        (&["copy", "--from", "sqlite:b.db", "--from-file", "url", "--to", "sqlite:a.db"], "cannot be used with"),
    ] {
        let said = place.fails(arguments, &[], part);
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[tokio::test]
async fn urls_are_read_from_files() {
    let source = TestApp::sqlite(&[]).await;
    source.user("anna", json!({})).await;
    let place = Place::sqlite();
    std::fs::write(place.folder.path().join("from"), format!("{}\n", url(&source.app.config.database))).unwrap();
    std::fs::write(place.folder.path().join("to"), "sqlite:data/usher.db").unwrap();
    let said = place.prints(&["copy", "--from-file", "from", "--to-file", "to"]);
    assert!(said.contains("\nusers\t1\t"), "{said}");
    assert_eq!(users(&place).await, "1");
    source.finish().await;
}
