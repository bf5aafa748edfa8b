//! `usher copy` through `PgBouncer`, which either of the two databases may be behind.

use usher::config::DatabaseUrl;
use usher::secret::Hidden;

use super::pgbouncer::PgBouncer;
use super::{WAYS, left};
use crate::copy::everything::fill;
use crate::copy::meanwhile::{hold, stands};
use crate::copy::{copy, url};
use crate::crash::{consistency, ended};
use crate::program::{Place, Server};
use crate::store::schema::Outside;
use crate::support::TestApp;

fn database(url: String) -> DatabaseUrl {
    DatabaseUrl::Postgres(Hidden(url))
}

/// A database with rows in every table; its URL, and the lines of a copy without a pooler.
async fn source() -> Option<(TestApp, String, Vec<String>)> {
    let app = TestApp::postgres(&[]).await?;
    fill(&app).await;
    let lines = copy(&app.app.config.database, &Place::sqlite());
    let direct = url(&app.app.config.database);
    Some((app, direct, lines))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_databases_may_be_behind_it() {
    let Some((app, direct, expected)) = source().await else { return };
    for (way, settings) in WAYS {
        let Some(pooler) = PgBouncer::start(&direct, settings) else { return };
        let from = database(pooler.url.clone());
        let file = Place::sqlite();
        assert_eq!(copy(&from, &file), expected, "{way}");
        consistency::check(&file.database()).await;
        for source in [from, file.database()] {
            let Some(target) = Place::postgres().await else { return };
            let to = Place::at(&pooler.to(&target.url));
            assert_eq!(copy(&source, &to), expected, "{way}: from {source:?}");
            consistency::check(&target.database()).await;
            let again = ["copy", "--from", &url(&source), "--to", &to.url];
            to.fails(&again, &[], "there are projects in it; only into an empty database is copied");
            // The next one who is given the connection finds nothing of it there.
            for line in left(&to.url).await.into_iter().chain(left(&pooler.url).await) {
                assert_eq!(line, "0 0 4MB", "{way}");
            }
            target.remove().await;
        }
        // One database has two names then.
        for (from, to) in [(&direct, &pooler.url), (&pooler.url, &direct), (&pooler.url, &pooler.url)] {
            file.fails(&["copy", "--from", from, "--to", to], &[], "both are the same database");
        }
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_transaction_cannot_be_nothing_is_copied() {
    let Some((app, direct, _)) = source().await else { return };
    let Some(target) = Place::postgres().await else { return };
    let Some(pooler) = PgBouncer::start(&direct, "pool_mode = statement") else { return };
    let place = Place::sqlite();
    let (through, reason) =
        (pooler.to(&target.url), "PgBouncer needs pool_mode = session or transaction, not statement");
    let shown = |url: &str| format!("postgres://<hidden>@{}", url.split_once('@').unwrap().1);
    for (from, to, said) in [
        (&pooler.url, "sqlite:new.db", format!("--from ({}): it cannot be read: {reason}", shown(&pooler.url))),
        (&direct, through.as_str(), format!("--to ({}): it cannot be written: {reason}", shown(&through))),
    ] {
        let told = place.fails(&["copy", "--from", from, "--to", to], &[], "");
        assert_eq!(told, format!("usher: nothing was copied; {said}\n"));
    }
    assert_eq!(std::fs::read_dir(place.folder.path()).unwrap().count(), 0);
    let mut outside = Outside::at(&target.database()).await;
    let tables = "SELECT CAST(count(*) AS TEXT) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(outside.text(tables).await, "0");
    drop(outside);
    target.remove().await;
    app.finish().await;
}

/// The copy ends with the pooler, and what it had stored until then is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_whose_pooler_is_killed_leaves_nothing() {
    let Some((app, direct, expected)) = source().await else { return };
    for (way, settings) in [WAYS[0], WAYS[2]] {
        for reads in [true, false] {
            let Some(target) = Place::postgres().await else { return };
            target.prints(&["migrate"]);
            let Some(mut pooler) = PgBouncer::start(&direct, settings) else { return };
            let through = pooler.to(&target.url);
            let (from, to) = if reads { (pooler.url.clone(), target.url.clone()) } else { (direct.clone(), through) };
            let mut held = Outside::at(&target.database()).await;
            hold(&mut held).await;
            let copying = Server::spawn(target.command(&["copy", "--from", &from, "--to", &to], &[]));
            stands(&mut held).await;
            pooler.kill();
            // One who only reads notices when it reads on.
            if reads {
                held.run("ROLLBACK").await.unwrap();
            }
            let (status, printed, said) = copying.ended();
            if !reads {
                held.run("ROLLBACK").await.unwrap();
            }
            assert_eq!((status.code(), printed.as_str()), (Some(1), ""), "{way}: {said}");
            let which = if reads { "--from (postgres://<hidden>@" } else { "--to (postgres://<hidden>@" };
            assert!(said.starts_with(&format!("usher: nothing was copied; {which}")), "{way}: {said}");
            drop(held);
            ended(&target).await;
            let mut outside = Outside::at(&target.database()).await;
            for table in ["users", "projects", "user_search", "user_totals"] {
                let rows = outside.text(&format!("SELECT CAST(count(*) AS TEXT) FROM {table}")).await;
                assert_eq!(rows, "0", "{way}: {table}");
            }
            drop(outside);
            pooler.restart();
            assert_eq!(copy(&database(from), &Place::at(&to)), expected, "{way}");
            target.remove().await;
        }
    }
    app.finish().await;
}
