//! Writes at the same time: nothing is lost, and nobody waits for each other for ever.

use futures_util::future::join_all;
use serde_json::json;
use usher::clock::Millis;
use usher::store::memberships::{self, NewMembership};
use usher::store::targets::{ProviderType, Target};
use usher::store::{Error, ProjectKey, Result, Store, Tx, teams, users};

use super::{TIME, in_time};
use crate::store::schema::{Outside, new_user};
use crate::support::{PROJECT, TestApp, both, made_up};

/// One change of each column that has one.
const CHANGES: [fn(&mut users::User); 8] = [
    |user| user.name = "Zoë".into(),
    |user| user.email = Some("z@x.org".into()),
    |user| user.phone = Some("+4915".into()),
    |user| user.labels = "[\"vip\",\"new\"]".into(),
    |user| user.prefs = "{\"a\":1}".into(),
    |user| user.status = false,
    |user| user.email_verified = true,
    |user| {
        user.password = Some("hash".into());
        user.password_update = Some(TIME);
    },
];

async fn change(store: &Store, project: ProjectKey, id: &'static str, change: fn(&mut users::User)) -> Result<()> {
    let write = store.write(move |tx| {
        Box::pin(async move {
            let Some(before) = users::lock(tx, project, id).await? else { return Ok(()) };
            let mut user = before.clone();
            change(&mut user);
            users::save(tx, project, &before, &mut user, TIME, None).await
        })
    });
    write.await
}

/// The target of an address that a user has had from [`TIME`] on.
fn target(id: &str, user: &str, kind: ProviderType, address: &str) -> Target {
    Target {
        id: id.into(),
        user_id: user.into(),
        created_at: TIME,
        updated_at: TIME,
        name: None,
        provider_id: None,
        provider_type: kind,
        identifier: address.into(),
        expired: false,
    }
}

async fn join(tx: &mut Tx, project: ProjectKey, user: &str, team: &str, joined: Option<Millis>) -> Result<()> {
    let id = format!("{user}-{team}");
    let new = NewMembership { id: &id, user_id: user, team_id: team, invited: None, joined, roles: &[] };
    memberships::insert(tx, project, &new, TIME).await
}

both! {
    async fn changes_of_different_columns_at_the_same_time_all_survive(app) {
        let project = app.project(PROJECT).await.key;
        for id in ["a", "b", "c", "d", "e"] {
            app.write(move |tx| Box::pin(async move { users::insert(tx, project, new_user(id), None).await })).await;
            for answer in in_time(join_all(CHANGES.map(|work| change(app.store(), project, id, work)))).await {
                answer.unwrap();
            }
            let user = users::find(app.store().read(), project, id).await.unwrap().unwrap();
            // Who came first has the first target.
            let mut targets = user.targets.0.clone();
            targets.sort_by_key(|target| target.provider_type.as_str());
            assert_eq!(targets, [
                target(made_up(&targets[0].id), id, ProviderType::Email, "z@x.org"),
                target(made_up(&targets[1].id), id, ProviderType::Sms, "+4915"),
            ]);
            let expected = users::User {
                seq: user.seq,
                targets: user.targets.clone(),
                name: "Zoë".into(),
                email: Some("z@x.org".into()),
                phone: Some("+4915".into()),
                labels: "[\"vip\",\"new\"]".into(),
                prefs: "{\"a\":1}".into(),
                status: false,
                email_verified: true,
                password: Some("hash".into()),
                password_update: Some(TIME),
                ..new_user(id)
            };
            assert_eq!(user, expected);
            // What is derived from several columns knows all of them.
            let mut outside = Outside::of(app).await;
            let derived = outside.texts("SELECT name_folded, search FROM users").await;
            assert_eq!(derived, [["zoe".to_owned(), format!("{id} z@x.org zoe +4915 label:vip label:new")]]);
            let labels = outside.texts("SELECT label FROM user_labels ORDER BY label").await;
            assert_eq!(labels, [["new"], ["vip"]]);
            app.admin().delete(&format!("/v1/users/{id}")).await.expect(204);
        }
    }

    /// Even from a copy that is out of date, a change touches no column but its own.
    async fn a_change_writes_no_column_that_it_is_not_about(app) {
        let project = app.project(PROJECT).await.key;
        app.write(move |tx| Box::pin(async move { users::insert(tx, project, new_user("anna"), None).await })).await;
        let old = users::find(app.store().read(), project, "anna").await.unwrap().unwrap();
        for work in CHANGES {
            let (old, mut stale) = (old.clone(), old.clone());
            work(&mut stale);
            app.write(move |tx| Box::pin(async move { users::save(tx, project, &old, &mut stale, TIME, None).await })).await;
        }
        let user = users::find(app.store().read(), project, "anna").await.unwrap().unwrap();
        assert_eq!((user.name.as_str(), user.phone.as_deref()), ("Zoë", Some("+4915")));
        assert_eq!((user.email.as_deref(), user.email_verified), (Some("z@x.org"), true));
        assert_eq!((user.labels.as_str(), user.prefs.as_str()), ("[\"vip\",\"new\"]", "{\"a\":1}"));
        assert_eq!((user.status, user.password.as_deref()), (false, Some("hash")));
    }

    async fn of_requests_that_take_one_email_exactly_one_wins(app) {
        for n in 0..10 {
            app.user(&format!("u{n}"), json!({})).await;
        }
        let admin = app.admin();
        let answers = in_time(join_all((0..10).map(|n| {
            let admin = admin.clone();
            async move { admin.patch(&format!("/v1/users/u{n}/email"), &json!({"email": "one@x.org"})).await }
        })))
        .await;
        let mut won: Vec<String> = Vec::new();
        for answer in answers {
            match answer.status {
                200 => won.push(answer.json["$id"].as_str().unwrap().to_owned()),
                _ => answer.fails(409, "user_email_already_exists", ""),
            }
        }
        let listed = admin.list("/v1/users", &[json!({"method": "isNotNull", "attribute": "email"})]).await;
        assert_eq!(listed.ids("users"), won);
        assert_eq!(won.len(), 1);
    }

    async fn many_writers_of_a_few_users_never_block_each_other_for_ever(app) {
        let project = app.project(PROJECT).await.key;
        const USERS: [&str; 4] = ["a", "b", "c", "d"];
        const TEAMS: [&str; 6] = ["t0", "t1", "t2", "t3", "t4", "t5"];
        app.write(move |tx| Box::pin(async move {
            for team in TEAMS {
                teams::insert(tx, project, team, "Team", TIME).await?;
            }
            Ok(())
        })).await;
        let task = |task: usize| async move {
            for round in 0..12 {
                let id = USERS[(task + round) % USERS.len()];
                match (task + round / 2) % 3 {
                    0 => change(app.store(), project, id, CHANGES[round % 2 * 3]).await?,
                    1 => app.store().write(move |tx| Box::pin(async move {
                        match users::lock(tx, project, id).await? {
                            Some(user) => users::delete(tx, project, &user).await,
                            None => Ok(()),
                        }
                    })).await?,
                    _ => {
                        let joined: Result<()> = app.store().write(move |tx| Box::pin(async move {
                            users::insert(tx, project, new_user(id), None).await?;
                            // Each user is in all teams, and joined them from another end.
                            for n in 0..TEAMS.len() {
                                let team = TEAMS[if task.is_multiple_of(2) { n } else { TEAMS.len() - 1 - n }];
                                join(tx, project, id, team, None).await?;
                            }
                            Ok(())
                        })).await;
                        match joined {
                            Ok(()) | Err(Error::Conflict(_)) => {}
                            Err(error) => return Err(error),
                        }
                    }
                }
            }
            Ok::<(), Error>(())
        };
        for answer in in_time(join_all((0..8).map(task))).await {
            answer.unwrap();
        }
    }
}

/// Deleting a user changes the totals of all its teams: in one order, whatever order it joined them in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_of_the_same_teams_can_be_deleted_at_the_same_time() {
    let Some(app) = TestApp::postgres(&[]).await else { return };
    let project = app.project(PROJECT).await.key;
    let mut outside = Outside::of(&app).await;
    let joins = [("up", ["a", "b", "c"]), ("down", ["c", "b", "a"])];
    app.write(move |tx| {
        Box::pin(async move {
            for team in ["a", "b", "c"] {
                teams::insert(tx, project, team, "Team", TIME).await?;
            }
            for (user, teams) in joins {
                users::insert(tx, project, new_user(user), None).await?;
                for team in teams {
                    join(tx, project, user, team, Some(TIME)).await?;
                }
            }
            Ok(())
        })
    })
    .await;
    // Both come as far as the team in the middle.
    let mut watching = Outside::of(&app).await;
    outside.run("BEGIN").await.unwrap();
    outside.run("UPDATE teams SET total = total WHERE id = 'b'").await.unwrap();
    let (admin, other) = (app.admin(), app.admin());
    let deleting = async { tokio::join!(admin.delete("/v1/users/up"), other.delete("/v1/users/down")) };
    let releasing = async {
        let waiting = "SELECT CAST(count(*) AS TEXT) FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while watching.text(waiting).await != "2" {
            tokio::task::yield_now().await;
        }
        outside.run("COMMIT").await.unwrap();
    };
    let ((up, down), ()) = in_time(async { tokio::join!(deleting, releasing) }).await;
    assert_eq!((up.status, down.status), (204, 204), "{} {}", up.text, down.text);
    for team in ["a", "b", "c"] {
        assert_eq!(teams::total(app.store().read(), project, team).await.unwrap(), Some(0), "{team}");
    }
    drop((outside, watching));
    app.finish().await;
}
