//! Several requests for targets at the same time.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::*;

const USERS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// Sorts answers into those that succeeded and those that did not, which must all have failed with this type.
#[track_caller]
fn winners(answers: Vec<Answer>, status: u16, failed: (u16, &str)) -> Vec<Value> {
    let mut won = Vec::new();
    for answer in answers {
        match answer.status == status {
            true => won.push(answer.json),
            false => answer.fails(failed.0, failed.1, ""),
        }
    }
    won
}

both! {
    async fn of_many_who_want_an_identifier_one_gets_it(app) {
        for user in USERS {
            app.user(user, json!({})).await;
        }
        for round in 0..5 {
            let identifier = format!("token {round}");
            let answers = join_all(USERS.map(|user| add(app, user, "unique()", "push", &identifier))).await;
            let won = winners(answers, 201, (409, TAKEN));
            assert_eq!(won.len(), 1, "round {round}");
            for user in USERS {
                let has = identifiers(app, user).await.contains(&identifier);
                assert_eq!(has, won[0]["userId"] == user, "round {round}, {user}");
            }
        }
        // Who failed has not been told of.
        let mut made = 0;
        for user in USERS {
            made += events(app, user).await.iter().filter(|event| *event == "target.create").count();
        }
        assert_eq!(made, 5);
    }

    async fn of_many_who_want_an_id_one_gets_it(app) {
        for user in USERS {
            app.user(user, json!({})).await;
        }
        // Each of two requests for each user.
        let wanted = (0..12).map(|n| async move { add(app, USERS[n % 6], "t", "push", &format!("token {n}")).await });
        let won = winners(join_all(wanted).await, 201, (409, TAKEN));
        assert_eq!(won.len(), 1);
        for user in USERS {
            let expected = usize::from(won[0]["userId"] == user);
            assert_eq!(targets(app, user).await.len(), expected, "{user}");
        }
    }

    async fn targets_of_one_user_that_are_made_at_once_are_all_kept(app) {
        app.user("anna", json!({})).await;
        let made = join_all((0..20).map(|n| async move { add(app, "anna", "unique()", "push", &n.to_string()).await })).await;
        let made = winners(made, 201, (0, ""));
        let all = targets(app, "anna").await;
        let ids = |targets: &[Value]| -> BTreeSet<String> {
            targets.iter().map(|target| target["$id"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!((ids(&all), ids(&all).len()), (ids(&made), 20));
        // Half of them go while the other half changes.
        let work = all.iter().enumerate().map(|(n, target)| async move {
            let id = target["$id"].as_str().unwrap();
            match n % 2 {
                0 => app.admin().delete(&format!("/v1/users/anna/targets/{id}")).await.expect(204),
                _ => change(app, "anna", id, json!({"name": format!("n{n}")})).await.expect(200),
            }
        });
        join_all(work).await;
        let expected: Vec<Value> = (1..20).step_by(2).map(|n| with(&all[n], json!({"name": format!("n{n}")}))).collect();
        assert_eq!(targets(app, "anna").await, expected);
    }

    async fn changes_of_the_user_and_of_a_target_at_once_both_survive(app) {
        app.user("anna", json!({"email": "a0@example.org"})).await;
        add(app, "anna", "t", "push", "token").await.expect(201);
        for round in 1..10 {
            let (email, name) = (format!("a{round}@example.org"), format!("n{round}"));
            let work = [("email", json!({"email": email})), ("targets/t", json!({"name": name}))];
            let answers = join_all(work.map(|(what, body)| async move {
                app.admin().patch(&format!("/v1/users/anna/{what}"), &body).await
            }))
            .await;
            assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
            let all = targets(app, "anna").await;
            assert_eq!((all.len(), &all[0]["identifier"], &all[1]["name"]), (2, &json!(email), &json!(name)));
            assert_eq!(app.admin().get("/v1/users/anna").await.expect(200)["email"], email);
        }
    }

    async fn an_address_and_a_target_that_meet_leave_one_of_them(app) {
        for user in ["a", "b"] {
            app.user(user, json!({})).await;
        }
        for round in 0..10 {
            let address = format!("x{round}@example.org");
            let email = async { app.admin().patch("/v1/users/a/email", &json!({"email": address})).await };
            let target = add(app, "b", "unique()", "email", &address);
            let (email, target) = match round % 2 {
                0 => futures_util::future::join(email, target).await,
                _ => {
                    let (target, email) = futures_util::future::join(target, email).await;
                    (email, target)
                }
            };
            assert_eq!(usize::from(email.status == 200) + usize::from(target.status == 201), 1, "{email:?} {target:?}");
            let of_a = identifiers(app, "a").await.contains(&address);
            let of_b = identifiers(app, "b").await.contains(&address);
            assert_eq!((of_a, of_b), (email.status == 200, target.status == 201));
            for answer in [email, target] {
                if answer.status >= 300 {
                    answer.fails(409, TAKEN, "");
                }
            }
        }
    }

    async fn the_limit_holds_for_requests_at_once(app) {
        app.user("anna", json!({})).await;
        for n in 0..98 {
            add(app, "anna", &format!("t{n}"), "push", &n.to_string()).await.expect(201);
        }
        let more = (0..8).map(|n| async move { add(app, "anna", "unique()", "push", &format!("more {n}")).await });
        assert_eq!(winners(join_all(more).await, 201, (400, INVALID)).len(), 2);
        assert_eq!(targets(app, "anna").await.len(), 100);
    }

    async fn a_user_who_goes_meanwhile_leaves_no_target_behind(app) {
        for round in 0..10 {
            app.user("anna", json!({})).await;
            let delete = async { app.admin().delete("/v1/users/anna").await };
            let (made, gone) = futures_util::future::join(add(app, "anna", "t", "push", "token"), delete).await;
            assert_eq!(gone.status, 204, "{}", gone.text);
            if made.status != 201 {
                made.fails(404, "user_not_found", "");
            }
            // Nobody has it: id and identifier are free.
            let user = format!("u{round}");
            app.user(&user, json!({})).await;
            add(app, &user, "t", "push", "token").await.expect(201);
            app.admin().delete(&format!("/v1/users/{user}/targets/t")).await.expect(204);
        }
    }
}
