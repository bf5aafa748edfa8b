//! Many who want the same at the same time.

use futures_util::future::join_all;
use serde_json::json;

use super::{EXISTS, users};
use crate::account::people::{PASSWORD, account, handed, sessions, stranger, try_sign_in};
use crate::support::both;
use crate::users::crud::events;

both! {
    async fn of_twenty_sign_ups_with_one_email_exactly_one_goes_through(app, "USHER_RATE_LIMITS" = "false") {
        for round in 0..3 {
            let email = format!("one{round}@example.org");
            let answers = join_all((0..20).map(|n| {
                // Spelled differently it is the same.
                let spelled = if n % 2 == 0 { email.clone() } else { email.to_uppercase() };
                let body = json!({"userId": format!("u{round}-{n}"), "email": spelled, "password": format!("{PASSWORD}{n}")});
                let caller = stranger(app);
                async move { caller.post("/v1/account", &body).await }
            }))
            .await;
            let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().enumerate().partition(|(_, a)| a.status == 201);
            let [(winner, made)] = &made[..] else { panic!("{made:?}") };
            for (n, answer) in refused {
                answer.fails(409, EXISTS, "email");
                assert_eq!(events(app, &format!("u{round}-{n}")).await, [""; 0]);
            }
            let id = format!("u{round}-{winner}");
            assert_eq!((&made.json, events(app, &id).await), (&account(app, &id).await, vec!["user.create".to_owned()]));
            assert_eq!(users(app).await, json!(round + 1));
            // The one account has the password of the one who got it.
            assert_eq!(try_sign_in(app, &email, &format!("{PASSWORD}{winner}")).await.status, 201);
            assert_eq!(try_sign_in(app, &email, &format!("{PASSWORD}{}", (winner + 1) % 20)).await.status, 401);
        }
    }

    async fn of_sign_ups_with_one_id_exactly_one_goes_through(app, "USHER_RATE_LIMITS" = "false") {
        let answers = join_all((0..20).map(|n| {
            let body = json!({"userId": "same", "email": format!("u{n}@example.org"), "password": PASSWORD});
            let (stranger, admin) = (stranger(app), app.admin());
            async move {
                match n % 4 {
                    0 => admin.post("/v1/users", &body).await,
                    1 => admin.post("/v1/account", &body).await,
                    _ => stranger.post("/v1/account", &body).await,
                }
            }
        }))
        .await;
        let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
        assert_eq!((made.len(), refused.len()), (1, 19));
        for answer in refused {
            answer.fails(409, EXISTS, "id");
        }
        assert_eq!(account(app, "same").await["email"], made[0].json["email"]);
        assert_eq!((events(app, "same").await.len(), sessions(app, "same").await.len()), (1, 0));
    }

    async fn a_change_of_email_and_a_sign_up_never_both_get_it(app, "USHER_RATE_LIMITS" = "false") {
        for round in 0..10 {
            let (id, email) = (format!("old{round}"), format!("wanted{round}@example.org"));
            let body = json!({"userId": id, "email": format!("{id}@example.org"), "password": PASSWORD});
            stranger(app).post("/v1/account", &body).await.expect(201);
            let old = handed(app, &id).await;
            let (change, new) = (
                json!({"email": email, "password": PASSWORD}),
                json!({"userId": format!("new{round}"), "email": email, "password": PASSWORD}),
            );
            let newcomer = stranger(app);
            let (changed, made) = futures_util::future::join(
                old.patch("/v1/account/email", &change),
                newcomer.post("/v1/account", &new),
            )
            .await;
            match (changed.status, made.status) {
                (200, _) => made.fails(409, EXISTS, "email"),
                (_, 201) => changed.fails(409, "user_email_already_exists", ""),
                _ => panic!("{} {}", changed.text, made.text),
            }
            let owner = [json!({"method": "equal", "attribute": "email", "values": [email]})];
            assert_eq!(app.admin().list("/v1/users", &owner).await.ids("users").len(), 1);
        }
    }
}
