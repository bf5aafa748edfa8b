//! Addresses and passwords that change at the same time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use serde_json::json;
use tokio::sync::oneshot;
use usher::app::App;
use usher::hashing::Stored;
use usher::store::users::{self, User};
use usher::store::{ProjectKey, Result, Tx, Work, sessions};

use super::set;
use crate::account::people::{PASSWORD, SCOPE, WRONG, account, handed, is_password, sign_up};
use crate::support::{Answer, PROJECT, TestApp, both};
use crate::users::crud::{events, log_of, stored};

/// Waits until so many passwords have been hashed or tried.
async fn hashed(app: &App, count: u64) {
    let end = Instant::now() + Duration::from_secs(30);
    while app.hashing.hashes_run() < count {
        assert!(Instant::now() < end, "{} of {count} passwords", app.hashing.hashes_run());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn hash(app: &TestApp, password: &str) -> Stored {
    app.app.hashing.hash(password.into()).await.unwrap()
}

/// Changes Anna in the moment in which a request of hers has proved that she knows the password, and waits to be stored.
async fn meanwhile<F>(app: &TestApp, request: impl Future<Output = Answer>, change: F) -> Answer
where
    F: for<'t> FnOnce(&'t mut Tx, ProjectKey, User) -> Work<'t, Result<()>> + Send + 'static,
{
    let project = app.project(PROJECT).await.key;
    let begun = app.app.hashing.hashes_run();
    let (locked, is_locked) = oneshot::channel();
    let parts = Arc::clone(&app.app);
    let change = app.write(move |tx| {
        Box::pin(async move {
            let user = users::lock(tx, project, "anna").await?.unwrap();
            let _ = locked.send(());
            hashed(&parts, begun + 1).await;
            change(tx, project, user).await
        })
    });
    let request = async {
        is_locked.await.unwrap();
        request.await
    };
    let (answer, ()) = join(request, change).await;
    answer
}

/// Gives Anna another password meanwhile: at the same time on the clock, so that only the hash tells that it is another.
async fn overtake(app: &TestApp, password: Stored, request: impl Future<Output = Answer>) -> Answer {
    meanwhile(app, request, move |tx, project, before| {
        Box::pin(async move {
            let mut user = before.clone();
            (user.hash, user.hash_options) = (password.algorithm().as_str().into(), password.options_to_json());
            user.password = Some(password.text);
            users::save(tx, project, &before, &mut user, before.updated_at, None).await
        })
    })
    .await
}

both! {
    async fn the_former_password_proves_nothing_once_there_is_another(app, "USHER_RATE_LIMITS" = "false") {
        sign_up(app, "anna").await;
        let anna = handed(app, "anna").await;
        for (what, address) in [("email", "new@example.org"), ("phone", "+14155550100")] {
            let (before, logged) = (account(app, "anna").await, events(app, "anna").await);
            for (known, overtaking) in [(PASSWORD, "another horse"), ("another horse", PASSWORD)] {
                let answer = overtake(app, hash(app, overtaking).await, set(&anna, what, address, known)).await;
                answer.fails(401, WRONG, "");
            }
            assert_eq!((account(app, "anna").await, events(app, "anna").await), (before, logged));
            // The same password hashed anew, as signing in does it, is the same.
            let answer = overtake(app, hash(app, PASSWORD).await, set(&anna, what, address, PASSWORD)).await;
            assert_eq!(answer.expect(200)[what], address);
        }
    }

    async fn a_new_password_by_the_former_one_is_refused_too(app, "USHER_RATE_LIMITS" = "false") {
        sign_up(app, "anna").await;
        let anna = handed(app, "anna").await;
        let new = hash(app, "another horse").await;
        let body = json!({"password": "third horse", "oldPassword": PASSWORD});
        let answer = overtake(app, new, anna.patch("/v1/account/password", &body)).await;
        answer.fails(401, WRONG, "");
        assert!(is_password(app, "anna", "another horse").await);
        assert_eq!(events(app, "anna").await, ["session.create", "user.create"]);
    }

    async fn who_is_signed_out_or_blocked_meanwhile_changes_nothing(app, "USHER_RATE_LIMITS" = "false") {
        sign_up(app, "anna").await;
        let set_password = json!({"password": "third horse", "oldPassword": PASSWORD});
        for round in 0..3 {
            let anna = handed(app, "anna").await;
            let kept = handed(app, "anna").await;
            let (before, logged) = (account(app, "anna").await, events(app, "anna").await);
            let request = async {
                match round {
                    0 => set(&anna, "email", "new@example.org", PASSWORD).await,
                    1 => set(&anna, "phone", "+14155550100", PASSWORD).await,
                    _ => anna.patch("/v1/account/password", &set_password).await,
                }
            };
            let newest = app.admin().get("/v1/users/anna/sessions").await;
            let [.., ended, _] = newest.ids("sessions")[..] else { panic!("{}", newest.text) };
            let ended = ended.to_owned();
            let answer = meanwhile(app, request, move |tx, project, _| {
                Box::pin(async move { sessions::delete(tx, project, "anna", &ended, usher::clock::Millis(0)).await.map(drop) })
            });
            answer.await.fails(401, SCOPE, "(role: guests)");
            assert_eq!((account(app, "anna").await, events(app, "anna").await), (before, logged.clone()));
            assert!(is_password(app, "anna", PASSWORD).await);

            let request = set(&kept, "email", "new@example.org", PASSWORD);
            let answer = meanwhile(app, request, |tx, project, before| {
                Box::pin(async move {
                    let mut user = User { status: false, ..before.clone() };
                    users::save(tx, project, &before, &mut user, before.updated_at, None).await
                })
            });
            answer.await.fails(403, "user_blocked", "");
            assert_eq!(events(app, "anna").await, logged);
            app.admin().patch("/v1/users/anna/status", &json!({"status": true})).await.expect(200);
            kept.get("/v1/account").await.expect(200);
        }
    }

    async fn who_is_deleted_meanwhile_does_not_come_back(app, "USHER_RATE_LIMITS" = "false") {
        sign_up(app, "anna").await;
        let anna = handed(app, "anna").await;
        let request = set(&anna, "email", "new@example.org", PASSWORD);
        let answer = meanwhile(app, request, |tx, project, user| {
            Box::pin(async move { users::delete(tx, project, &user).await })
        });
        answer.await.fails(404, "user_not_found", "");
        assert_eq!(events(app, "anna").await, [""; 0]);
        app.admin().get("/v1/users/anna").await.fails(404, "user_not_found", "");
    }

    /// In the order of the log no change by a password comes behind the one that has replaced it.
    async fn changes_by_one_password_come_before_its_end(app, "USHER_RATE_LIMITS" = "false") {
        sign_up(app, "anna").await;
        let anna = handed(app, "anna").await;
        app.set(|settings| settings.invalidate_sessions = false).await;
        let mut password = PASSWORD.to_owned();
        for round in 0..10 {
            let next = format!("password of round {round}");
            let rows = log_of(app, "anna").await.len();
            let changes = join_all((0..6).map(|n| {
                let (caller, password) = (anna.clone().header("user-agent", "address"), &password);
                async move { set(&caller, "email", &format!("a{round}-{n}@example.org"), password).await.status }
            }));
            let body = json!({"password": next, "oldPassword": password});
            let caller = anna.clone().header("user-agent", "password");
            let (statuses, changed) = join(changes, caller.patch("/v1/account/password", &body)).await;
            changed.expect(200);
            assert!(statuses.iter().all(|status| [200, 401].contains(status)), "{statuses:?}");
            let mut log = log_of(app, "anna").await;
            log.truncate(log.len() - rows);
            assert_eq!(log[0].user_agent, "password", "{log:?}");
            assert_eq!(log.len(), 1 + statuses.iter().filter(|status| **status == 200).count());
            password = next;
        }
        assert!(is_password(app, "anna", &password).await);
    }

    async fn of_many_who_want_one_address_one_gets_it(app, "USHER_RATE_LIMITS" = "false") {
        let mut members = Vec::new();
        for n in 0..6 {
            sign_up(app, &format!("u{n}")).await;
            members.push(handed(app, &format!("u{n}")).await);
        }
        for (what, address, kind) in [
            ("email", "one@example.org", "user_email_already_exists"),
            ("phone", "+14155550100", "user_phone_already_exists"),
        ] {
            let answers = join_all(members.iter().map(|member| set(member, what, address, PASSWORD))).await;
            assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
            for answer in answers.into_iter().filter(|answer| answer.status != 200) {
                answer.fails(409, kind, what);
            }
        }
    }

    async fn changes_of_different_fields_at_the_same_time_all_survive(app, "USHER_RATE_LIMITS" = "false") {
        sign_up(app, "anna").await;
        let anna = handed(app, "anna").await;
        for round in 0..5 {
            let (address, phone, name) = (format!("a{round}@example.org"), format!("+49301234{round}"), format!("n{round}"));
            let (patch, prefs) = (|body| anna.patch("/v1/account/name", body), json!({"prefs": {"round": round}}));
            let sent = json!({"name": name});
            let ((one, two), (three, four)) = join(
                join(set(&anna, "email", &address, PASSWORD), set(&anna, "phone", &phone, PASSWORD)),
                join(patch(&sent), anna.patch("/v1/account/prefs", &prefs)),
            )
            .await;
            assert_eq!([one.status, two.status, three.status, four.status], [200; 4]);
            let user = stored(app, "anna").await;
            assert_eq!((user.email, user.phone, user.name), (Some(address), Some(phone), name));
            assert_eq!(user.prefs, format!(r#"{{"round":{round}}}"#));
        }
        assert_eq!(events(app, "anna").await.len(), 22);
    }
}
