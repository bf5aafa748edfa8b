//! Which sessions a new password ends.

use serde_json::{Value, json};

use super::{NEW, set};
use crate::account::people::{
    PASSWORD, SCOPE, by_token, cookies, email, handed, is_password, member, nobody, sessions, sign_in, sign_up,
    stranger,
};
use crate::support::{Caller, both};
use crate::users::crud::{events, stored};

/// Whose sessions still are some.
async fn alive(callers: &[&Caller<'_>]) -> Vec<bool> {
    let mut alive = Vec::new();
    for caller in callers {
        let answer = caller.get("/v1/account").await;
        alive.push(answer.status == 200);
        if answer.status != 200 {
            answer.fails(401, SCOPE, "(role: guests)");
        }
    }
    alive
}

both! {
    async fn all_but_the_one_that_sets_it(app) {
        let anna = member(app, "anna").await;
        let bert = member(app, "bert").await;
        let (second, third) = (sign_in(app, &email("anna"), PASSWORD).await, handed(app, "anna").await);
        let (own_token, other_token) = (by_token(app, &second).await, by_token(app, &anna).await);
        let everybody = [&anna, &second, &third, &own_token, &other_token, &bert];
        let begun = sessions(app, "anna").await;
        // A change that is refused ends nothing.
        set(&second, NEW, "wrong horse").await.fails(401, "user_invalid_credentials", "");
        set(&second, "short", PASSWORD).await.fails(400, "general_argument_invalid", "");
        assert_eq!((alive(&everybody).await, sessions(app, "anna").await), (vec![true; 6], begun.clone()));
        let answer = set(&second, NEW, PASSWORD).await;
        assert_eq!((answer.status, cookies(&answer)), (200, vec![]));
        assert_eq!(alive(&everybody).await, [false, true, false, true, false, true]);
        assert_eq!(sessions(app, "anna").await, [begun[1].clone()]);
        assert_eq!(sessions(app, "bert").await.len(), 1);
    }

    async fn none_where_the_project_keeps_them(app) {
        app.set(|settings| settings.invalidate_sessions = false).await;
        let anna = member(app, "anna").await;
        let second = sign_in(app, &email("anna"), PASSWORD).await;
        let token = by_token(app, &anna).await;
        let begun = sessions(app, "anna").await;
        set(&anna, NEW, PASSWORD).await.expect(200);
        set(&token, "third horse", NEW).await.expect(200);
        assert_eq!((alive(&[&anna, &second, &token]).await, sessions(app, "anna").await), (vec![true; 3], begun));
        app.admin().patch("/v1/users/anna/password", &json!({"password": "by a key"})).await.expect(200);
        assert_eq!(alive(&[&anna, &second, &token]).await, [true; 3]);
    }

    /// They would be sessions soon.
    async fn tokens_end_as_sessions_do(app) {
        let anna = member(app, "anna").await;
        let exchange = async |token: &Value| {
            let body = json!({"userId": "anna", "secret": token["secret"]});
            stranger(app).post("/v1/account/sessions/token", &body).await
        };
        let tokens = async || app.admin().post("/v1/users/anna/tokens", &json!({})).await.expect(201);
        let token = tokens().await;
        set(&anna, NEW, "wrong horse").await.fails(401, "user_invalid_credentials", "");
        set(&anna, NEW, PASSWORD).await.expect(200);
        exchange(&token).await.fails(401, "user_invalid_token", "");
        let token = tokens().await;
        app.set(|settings| settings.invalidate_sessions = false).await;
        set(&anna, PASSWORD, NEW).await.expect(200);
        assert_eq!(exchange(&token).await.status, 201);
    }

    async fn all_when_a_token_sets_it(app) {
        let anna = member(app, "anna").await;
        let second = sign_in(app, &email("anna"), PASSWORD).await;
        let token = by_token(app, &anna).await;
        set(&token, NEW, PASSWORD).await.expect(200);
        assert_eq!((alive(&[&anna, &second, &token]).await, sessions(app, "anna").await), (vec![false; 3], vec![]));
        assert!(is_password(app, "anna", NEW).await);
    }

    /// A token of a user without a session is bound to none, and lives by its time alone.
    async fn a_token_without_a_session_outlives_the_password(app) {
        sign_up(app, "anna").await;
        let made = app.admin().post("/v1/users/anna/jwts", &json!({})).await.expect(201);
        let token = stranger(app).header("x-appwrite-jwt", made["jwt"].as_str().unwrap());
        set(&token, NEW, PASSWORD).await.expect(200);
        assert_eq!(alive(&[&token]).await, [true]);
        app.app.clock.advance(std::time::Duration::from_secs(901));
        token.get("/v1/account").await.fails(401, "user_jwt_invalid", "");
    }

    /// As before there was an Account service: without the former password, and all sessions end.
    async fn all_when_a_key_sets_it(app) {
        let anna = member(app, "anna").await;
        let second = handed(app, "anna").await;
        let token = by_token(app, &anna).await;
        let before = stored(app, "anna").await;
        let body = json!({"password": NEW, "oldPassword": "wrong horse"});
        let user = app.admin().patch("/v1/users/anna/password", &body).await.expect(200);
        assert_ne!(user["password"], json!(before.password));
        assert_eq!(user["hash"], "argon2");
        assert_eq!((alive(&[&anna, &second, &token]).await, sessions(app, "anna").await), (vec![false; 3], vec![]));
        assert!(is_password(app, "anna", NEW).await);
        assert_eq!(events(app, "anna").await, ["user.update", "session.create", "session.create", "user.create"]);
        // And keys are bound by no limit, nor by what users have tried.
        let anna = sign_in(app, &email("anna"), NEW).await;
        for _ in 0..10 {
            set(&anna, "third horse", "wrong horse").await.fails(401, "user_invalid_credentials", "");
        }
        set(&anna, "third horse", NEW).await.fails(429, "general_rate_limit_exceeded", "");
        for n in 0..12 {
            let body = json!({"password": format!("password {n}")});
            app.admin().patch("/v1/users/anna/password", &body).await.expect(200);
        }
    }

    async fn the_session_of_an_anonymous_user_stays_with_the_first_password(app) {
        let (me, id) = nobody(app).await;
        let second = handed(app, &id).await;
        me.patch("/v1/account/password", &json!({"password": PASSWORD})).await.expect(200);
        assert_eq!((alive(&[&me, &second]).await, sessions(app, &id).await.len()), (vec![true, false], 1));
    }
}
