//! Sign-ins at the same time as each other, and as changes of the password.

use std::collections::BTreeSet;
use std::pin::Pin;

use futures_util::future::{join_all, join3};
use serde_json::json;
use usher::hashing::Stored;
use usher::store::sessions;

use super::{OLD, WRONG, email, guest, import, owner, session_ids, sign_in};
use crate::support::{Answer, Caller, PROJECT, TestApp, both};
use crate::users::crud::{events, log_of, stored};
use crate::users::import::{MD5, samples};

const NEW: &str = "another horse";

/// Who asks for what in a race.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Who {
    /// Signs in with the password up to now.
    Old,
    /// Signs in with the password that is being set.
    New,
    /// Sets it, or takes the old one away.
    Change,
}

type Racer<'a> = Pin<Box<dyn Future<Output = (Who, Answer)> + Send + 'a>>;

/// Lets everybody run at once, each round in another order. Users come to one server, the change to another.
async fn race(servers: [&TestApp; 2], id: &str, round: usize, password: &str) -> Vec<(Who, Answer)> {
    let mut racers: Vec<Racer<'_>> = Vec::new();
    for who in FIELD {
        racers.push(Box::pin(async move {
            let answer = match who {
                Who::Old => sign_in(&guest(servers[0]), id, OLD).await,
                Who::New => sign_in(&guest(servers[0]), id, NEW).await,
                Who::Change => {
                    let body = json!({"password": password});
                    servers[1].admin().patch(&format!("/v1/users/{id}/password"), &body).await
                }
            };
            (who, answer)
        }));
    }
    racers.rotate_left(round % FIELD.len());
    join_all(racers).await
}

/// A session that was opened with the old password would be one that its owner believes to have ended.
async fn no_session_outlives_its_password(servers: [&TestApp; 2]) {
    let app = servers[0];
    app.set(|settings| settings.sessions_limit = 0).await;
    servers[1].app.registry.forget();
    for round in 0..2 * FIELD.len() {
        let id = format!("u{round}");
        import(app, &id, "md5", &json!({"password": MD5})).await;
        if round % 2 == 0 {
            // The old hash is as it should be, so that nothing but the change replaces it.
            sign_in(&guest(app), &id, OLD).await.expect(201);
        }
        let answers = race(servers, &id, round, NEW).await;
        assert!(answers.iter().all(|(who, answer)| *who != Who::Change || answer.status == 200), "{answers:?}");
        entered(&answers, Who::Old);
        assert_eq!(left(app, &id).await, entered(&answers, Who::New), "round {round}");
        assert!(is_password(app, &id, NEW).await && !is_password(app, &id, OLD).await, "round {round}");
        sign_in(&guest(app), &id, OLD).await.fails(WRONG.0, WRONG.1, "");
        sign_in(&guest(app), &id, NEW).await.expect(201);
    }
}

/// The sessions that somebody got; whoever got none was told that the password is wrong.
fn entered(answers: &[(Who, Answer)], who: Who) -> BTreeSet<String> {
    let answers = answers.iter().filter(|(asked, _)| *asked == who).map(|(_, answer)| answer);
    let mut ids = BTreeSet::new();
    for answer in answers {
        assert!([201, 401].contains(&answer.status), "{}", answer.text);
        match answer.status {
            201 => assert!(ids.insert(answer.json["$id"].as_str().unwrap().to_owned())),
            _ => assert_eq!(answer.json["type"], WRONG.1),
        }
    }
    ids
}

async fn left(app: &TestApp, id: &str) -> BTreeSet<String> {
    session_ids(app, id).await.into_iter().collect()
}

/// Whether this is the user's password; of all that are asked, one at most can be.
async fn is_password(app: &TestApp, id: &str, password: &str) -> bool {
    let row = stored(app, id).await;
    let Some(text) = row.password.filter(|text| !text.is_empty()) else { return false };
    let stored = Stored::from_columns(text, &row.hash, &row.hash_options).unwrap();
    app.app.hashing.verify(stored, password.into()).await.unwrap()
}

/// An owner sets another password.
async fn change(own: &Caller<'_>, password: &str) -> Answer {
    own.patch("/v1/account/password", &json!({"password": password, "oldPassword": OLD})).await
}

const FIELD: [Who; 11] = {
    use Who::{Change, New, Old};
    [Old, Old, New, Old, Change, Old, New, Old, New, Old, New]
};

both! {
    async fn many_sign_ins_of_an_imported_user_all_succeed(app, "USHER_RATE_LIMITS" = "false") {
        app.set(|settings| settings.sessions_limit = 0).await;
        for (path, hash) in samples() {
            import(app, path, path, &hash).await;
            let answers = join_all((0..20).map(|n| {
                let from = guest(app);
                // Some are mistaken, and leave nothing behind.
                async move { sign_in(&from, path, if n % 5 == 4 { NEW } else { OLD }).await }
            })).await;
            let ids = answers.iter().filter(|answer| answer.status == 201).map(|answer| answer.json["$id"].to_string());
            assert_eq!(ids.collect::<BTreeSet<_>>().len(), 16, "{path}: {answers:?}");
            for (n, answer) in answers.into_iter().enumerate().filter(|(_, answer)| answer.status != 201) {
                assert_eq!(n % 5, 4, "{path}: {}", answer.text);
                answer.fails(WRONG.0, WRONG.1, "");
            }
            assert_eq!(session_ids(app, path).await.len(), 16, "{path}");
            assert_eq!(stored(app, path).await.hash, "argon2");
            assert!(is_password(app, path, OLD).await && !is_password(app, path, NEW).await, "{path}");
        }
    }

    /// The clock stands still, as it does for requests of the same millisecond.
    async fn no_session_outlives_the_password_that_opened_it(
        app, "USHER_RATE_LIMITS" = "false", "USHER_HASH_WORKERS" = "2"
    ) {
        no_session_outlives_its_password([app, app]).await;
    }

    async fn nor_does_one_of_another_server(app, "USHER_RATE_LIMITS" = "false") {
        let twin = app.twin().await;
        no_session_outlives_its_password([app, &twin]).await;
        twin.finish().await;
    }

    async fn where_sessions_are_kept_the_new_password_still_stays(app, "USHER_RATE_LIMITS" = "false") {
        app.set(|settings| (settings.sessions_limit, settings.invalidate_sessions) = (0, false)).await;
        for round in 0..FIELD.len() {
            let id = format!("u{round}");
            import(app, &id, "md5", &json!({"password": MD5})).await;
            let answers = race([app, app], &id, round, NEW).await;
            let mut all = entered(&answers, Who::Old);
            all.append(&mut entered(&answers, Who::New));
            assert_eq!(left(app, &id).await, all, "round {round}");
            assert!(is_password(app, &id, NEW).await && !is_password(app, &id, OLD).await, "round {round}");
        }
    }

    async fn nobody_is_left_in_when_the_password_is_taken_away(app, "USHER_RATE_LIMITS" = "false") {
        for round in 0..FIELD.len() {
            let id = format!("u{round}");
            import(app, &id, "md5", &json!({"password": MD5})).await;
            let answers = race([app, app], &id, round, "").await;
            entered(&answers, Who::Old);
            assert_eq!(entered(&answers, Who::New), BTreeSet::new());
            assert_eq!((left(app, &id).await, stored(app, &id).await.password), (BTreeSet::new(), Some(String::new())));
            sign_in(&guest(app), &id, OLD).await.fails(WRONG.0, WRONG.1, "");
        }
    }

    /// Two who share an account and know its password: the second to arrive knows it no more.
    async fn of_owners_who_change_it_at_once_one_does(app, "USHER_RATE_LIMITS" = "false") {
        for round in 0..10 {
            let id = format!("u{round}");
            import(app, &id, "md5", &json!({"password": MD5})).await;
            let (anna, bert) = (owner(app, &id).await, owner(app, &id).await);
            let sessions = session_ids(app, &id).await;
            let guest = guest(app);
            let strangers = join_all((0..4).map(|_| sign_in(&guest, &id, OLD)));
            let (annas, berts, strangers) = join3(change(&anna, NEW), change(&bert, "third horse"), strangers).await;
            let won = usize::from(berts.status == 200);
            let [winner, loser] = if won == 0 { [annas, berts] } else { [berts, annas] };
            assert_eq!((winner.status, loser.status), (200, 401), "round {round}: {} {}", winner.text, loser.text);
            assert!(strangers.iter().all(|answer| [201, 401].contains(&answer.status)), "{strangers:?}");
            assert_eq!(session_ids(app, &id).await, [sessions[won].as_str()], "round {round}");
            let passwords = [NEW, "third horse"];
            assert!(is_password(app, &id, passwords[won]).await && !is_password(app, &id, passwords[1 - won]).await);
        }
    }

    /// What somebody knows of a password must still be true when it counts.
    async fn the_old_password_sets_no_new_address_once_there_is_another(app, "USHER_RATE_LIMITS" = "false") {
        for round in 0..10 {
            let id = format!("u{round}");
            import(app, &id, "md5", &json!({"password": MD5})).await;
            app.set(|settings| settings.invalidate_sessions = round % 2 == 0).await;
            let own = owner(app, &id).await;
            let address = format!("new{round}@example.org");
            let body = json!({"email": address, "password": OLD});
            let mut racers: Vec<Pin<Box<dyn Future<Output = Answer> + Send>>> = vec![
                Box::pin(own.patch("/v1/account/email", &body)),
                Box::pin(async {
                    let body = json!({"password": NEW});
                    app.admin().patch(&format!("/v1/users/{id}/password"), &body).await
                }),
            ];
            racers.rotate_left(round % 2);
            let mut answers = join_all(racers).await;
            answers.rotate_left(round % 2);
            assert_eq!(answers[1].status, 200, "{}", answers[1].text);
            let user = app.admin().get(&format!("/v1/users/{id}")).await.expect(200);
            let log = log_of(app, &id).await.into_iter().filter(|row| row.event == "user.update");
            let actors: Vec<String> = log.map(|row| row.actor_type).collect();
            // The newest comes first: with the new password in place, the old one has changed nothing.
            let (address, expected) = match answers[0].status {
                200 => (address, vec!["keyProject", "user"]),
                401 => (email(&id), vec!["keyProject"]),
                _ => panic!("{}", answers[0].text),
            };
            assert_eq!((&user["email"], actors), (&json!(address), expected.into_iter().map(str::to_owned).collect()));
            assert!(is_password(app, &id, NEW).await);
        }
    }

    async fn a_user_who_is_deleted_meanwhile_leaves_nothing_behind(app, "USHER_RATE_LIMITS" = "false") {
        let project = app.project(PROJECT).await.key;
        for round in 0..10 {
            let id = format!("u{round}");
            import(app, &id, "md5", &json!({"password": MD5})).await;
            let (from, admin) = (guest(app), app.admin());
            let first = join_all((0..round).map(|_| sign_in(&from, &id, OLD)));
            let then = join_all((0..10 - round).map(|n| sign_in(&from, &id, if n % 2 == 0 { OLD } else { NEW })));
            let path = format!("/v1/users/{id}");
            let (first, deleted, then) = join3(first, admin.delete(&path), then).await;
            assert_eq!(deleted.status, 204, "{}", deleted.text);
            for answer in first.into_iter().chain(then).filter(|answer| answer.status != 201) {
                answer.fails(WRONG.0, WRONG.1, "");
            }
            assert_eq!(sessions::stored(app.store().read(), project, &id).await.unwrap(), []);
            assert_eq!(events(app, &id).await, ["user.delete"], "round {round}");
        }
    }
}
