//! `POST /v1/account`

mod anonymous;
mod limits;
mod races;

use serde_json::{Value, json};
use usher::store::projects::SignUp;

use super::people::{
    INVALID, PASSWORD, SCOPE, account, add_target, by_token, cookies, email, handed, is_password, member, sessions,
    sign_up, stranger, try_sign_in,
};
use crate::support::{Answer, IP, NOW, PROJECT, TestApp, both, made_up, target};
use crate::users::crud::{add_identities, bare, events, found, identity, log_of, stored, tick, with};
use crate::users::password::rules::{DICTIONARY, FORBIDDEN};
use usher::access::Scope;

const EXISTS: &str = "user_already_exists";
const CLOSED: &str = "user_auth_method_unsupported";

/// Signs up as `new` with an email and a password.
async fn attempt(app: &TestApp, email: &str, password: &str) -> Answer {
    let body = json!({"userId": "new", "email": email, "password": password, "name": "Noémi Lee"});
    stranger(app).post("/v1/account", &body).await
}

/// How many users there are.
async fn users(app: &TestApp) -> Value {
    app.admin().get("/v1/users?queries[0]=limit(1)").await.expect(200)["total"].clone()
}

/// What a user who was made now looks like to themselves, with other values in some fields.
fn fresh(id: &str, changes: Value) -> Value {
    let mut model = bare(id);
    for hidden in ["password", "hash", "hashOptions"] {
        model.as_object_mut().unwrap().shift_remove(hidden);
    }
    with(&model, changes)
}

both! {
    async fn a_new_account_is_shown_whole_and_without_its_password(app) {
        let agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0";
        let body = json!({
            "userId": "Anna.Lee_1-x", "email": "Anna.Lee+tag@Example.ORG", "password": PASSWORD, "name": "Åsa Lee"
        });
        let answer = stranger(app).header("user-agent", agent).post("/v1/account", &body).await;
        assert_eq!(answer.header("content-type"), "application/json; charset=UTF-8");
        // Nobody is signed in by signing up.
        assert_eq!((cookies(&answer), answer.header("x-fallback-cookies")), (vec![], ""));
        let made = answer.expect(201);
        let (id, email) = ("Anna.Lee_1-x", "anna.lee+tag@example.org");
        let expected = fresh(id, json!({
            "name": "Åsa Lee", "email": email, "passwordUpdate": NOW, "accessedAt": NOW,
            "targets": [target(&made["targets"][0], id, "email", email, NOW)]
        }));
        assert_eq!(made.to_string(), expected.to_string());
        assert_eq!(account(app, id).await.to_string(), expected.to_string());
        assert_eq!(sessions(app, id).await, [""; 0]);
        assert_eq!(found(app, "anna.lee+tag asa").await, [id]);

        let row = stored(app, id).await;
        let text = row.password.clone().unwrap();
        let rest = text.strip_prefix("$argon2id$v=19$m=8,t=1,p=1$").unwrap();
        assert_eq!(rest.split('$').map(str::len).collect::<Vec<_>>(), [22, 43], "{text}");
        assert_eq!((row.hash.as_str(), row.password_history.as_str()), ("argon2", "[]"));
        assert!(is_password(app, id, PASSWORD).await && !is_password(app, id, "correct horse").await);

        let log = log_of(app, id).await;
        assert_eq!(log.len(), 1);
        let actor = [&log[0].actor_type, &log[0].actor_id, &log[0].actor_name, &log[0].actor_email];
        assert_eq!(actor, ["user", id, "Åsa Lee", email]);
        assert_eq!([&log[0].event, &log[0].mode, &log[0].ip, &log[0].user_agent], ["user.create", "default", IP, agent]);
    }

    async fn who_signs_up_without_a_name_has_none(app) {
        let body = json!({"userId": "anna", "email": email("anna"), "password": PASSWORD});
        assert_eq!(stranger(app).post("/v1/account", &body).await.expect(201)["name"], "");
        assert_eq!(stored(app, "anna").await.name, "");
    }

    async fn the_server_makes_up_an_id_where_it_is_asked_to(app) {
        let mut ids = Vec::new();
        for (n, spelling) in ["unique()", "ID.unique()", "unique()"].into_iter().enumerate() {
            let body = json!({"userId": spelling, "email": format!("u{n}@example.org"), "password": PASSWORD});
            let made = stranger(app).post("/v1/account", &body).await.expect(201);
            let id = made_up(made["$id"].as_str().unwrap()).to_owned();
            assert_eq!(account(app, &id).await, made);
            assert_eq!(log_of(app, &id).await[0].actor_id, id);
            ids.push(id);
            // Ids sort by the time at which they were made.
            tick(app);
        }
        assert!(ids.is_sorted() && ids[0] != ids[1] && ids[1] != ids[2], "{ids:?}");
    }

    async fn what_a_user_has_already_is_taken_and_the_answer_says_which(app) {
        sign_up(app, "anna").await;
        app.user("bert", json!({"phone": "+4930123456"})).await;
        let before = (stored(app, "anna").await, events(app, "anna").await);
        tick(app);
        for (id, address, which) in [
            ("anna", "other@example.org", "this id"),
            ("bert", "other@example.org", "this id"),
            ("other", "anna@example.org", "this email"),
            ("other", "ANNA@Example.Org", "this email"),
            ("anna", "anna@example.org", ""),
        ] {
            let body = json!({"userId": id, "email": address, "password": "another horse"});
            stranger(app).post("/v1/account", &body).await.fails(409, EXISTS, which);
        }
        assert_eq!((stored(app, "anna").await, events(app, "anna").await), before);
        assert_eq!((users(app).await, events(app, "other").await.len()), (json!(2), 0));
        // Ids are exact.
        let body = json!({"userId": "Anna", "email": "other@example.org", "password": PASSWORD});
        stranger(app).post("/v1/account", &body).await.expect(201);
    }

    async fn an_email_of_an_identity_or_of_a_target_is_taken_too(app) {
        for id in ["anna", "bert"] {
            app.user(id, json!({})).await;
        }
        add_identities(app, vec![identity("i1", "anna", "Anna@Provider.Example")]).await;
        add_target(app, "bert", "email", "bert@work.example").await;
        let bad = attempt(app, "anna@provider.example", PASSWORD).await;
        bad.fails(400, "general_bad_request", "identity");
        let taken = attempt(app, "BERT@work.example", PASSWORD).await;
        taken.fails(409, "user_target_already_exists", "target");
        assert_eq!((users(app).await, events(app, "new").await.len()), (json!(2), 0));
        attempt(app, "new@example.org", PASSWORD).await.expect(201);
    }

    async fn words_of_the_dictionary_are_no_passwords(app, "USHER_PASSWORD_DICTIONARY" = DICTIONARY.as_str()) {
        app.set(|settings| settings.password_dictionary = true).await;
        for word in FORBIDDEN {
            attempt(app, "new@example.org", word).await.fails(400, INVALID, "`password`");
        }
        assert_eq!(users(app).await, json!(0));
        attempt(app, "new@example.org", "Password").await.expect(201);
        app.set(|settings| settings.password_dictionary = false).await;
        app.admin().delete("/v1/users/new").await.expect(204);
        attempt(app, "new@example.org", FORBIDDEN[0]).await.expect(201);
    }

    async fn personal_data_is_no_password(app) {
        app.set(|settings| settings.personal_data_check = true).await;
        let before = app.app.hashing.hashes_run();
        for password in ["brand new!", "My.Address@example.org", "my.address", "noémi lee", "NOémi LEE 7"] {
            let answer = attempt(app, "My.Address@Example.org", password).await;
            answer.fails(400, "password_personal_data", "");
        }
        assert_eq!((users(app).await, app.app.hashing.hashes_run()), (json!(0), before), "refused before it is hashed");
        attempt(app, "my.address@example.org", PASSWORD).await.expect(201);
        app.set(|settings| settings.personal_data_check = false).await;
        app.admin().delete("/v1/users/new").await.expect(204);
        attempt(app, "my.address@example.org", "brand new!").await.expect(201);
    }

    async fn the_first_password_is_the_first_of_the_history(app) {
        app.set(|settings| settings.password_history = 2).await;
        let anna = member(app, "anna").await;
        let change = json!({"password": PASSWORD, "oldPassword": PASSWORD});
        anna.patch("/v1/account/password", &change).await.fails(400, "password_recently_used", "");
        app.admin().patch("/v1/users/anna/password", &change).await.fails(400, "password_recently_used", "");
        let change = json!({"password": "another horse", "oldPassword": PASSWORD});
        anna.patch("/v1/account/password", &change).await.expect(200);
    }

    async fn where_signing_up_is_closed_only_keys_make_users(app) {
        let bert = member(app, "bert").await;
        app.set(|settings| settings.sign_up = SignUp::Closed).await;
        let body = json!({"userId": "new", "email": "new@example.org", "password": PASSWORD});
        for caller in [stranger(app), bert] {
            caller.post("/v1/account", &body).await.fails(501, CLOSED, "closed");
        }
        stranger(app).post("/v1/account/sessions/anonymous", &json!({})).await.fails(501, CLOSED, "closed");
        assert_eq!((users(app).await, events(app, "new").await.len()), (json!(1), 0));
        // Whoever is a user already may go on signing in.
        assert_eq!(try_sign_in(app, &email("bert"), PASSWORD).await.status, 201);

        let key = app.new_key(PROJECT, &[Scope::SessionsWrite]).await;
        let server = app.caller(PROJECT, &key);
        let made = server.post("/v1/account", &body).await.expect(201);
        assert_eq!(made["$id"], "new");
        assert!(made.get("password").is_none() && made.get("hash").is_none(), "a key sees the account here: {made}");
        server.post("/v1/account/sessions/anonymous", &json!({})).await.expect(201);
        assert_eq!(users(app).await, json!(3));
        app.set(|settings| settings.sign_up = SignUp::Open).await;
        let body = json!({"userId": "carl", "email": "carl@example.org", "password": PASSWORD});
        stranger(app).post("/v1/account", &body).await.expect(201);
    }

    async fn a_key_needs_one_scope_to_sign_people_up(app) {
        let body = json!({"userId": "new", "email": "new@example.org", "password": PASSWORD});
        let others: Vec<Scope> = Scope::ALL.into_iter().filter(|scope| *scope != Scope::SessionsWrite).collect();
        let key = app.new_key(PROJECT, &others).await;
        for path in ["/v1/account", "/v1/account/sessions/anonymous"] {
            let answer = app.caller(PROJECT, &key).post(path, &body).await;
            answer.fails(401, SCOPE, "[\"sessions.write\"]");
            app.caller(PROJECT, "wrong").post(path, &body).await.fails(401, "user_unauthorized", "");
        }
        assert_eq!(users(app).await, json!(0));
    }

    /// A server that signs people up does it for them, so the row names the user, as that of a sign-in does.
    async fn the_log_names_the_user_also_when_a_key_signs_up(app) {
        let body = json!({"userId": "new", "email": "new@example.org", "password": PASSWORD, "name": "New"});
        app.admin().header("x-forwarded-user-agent", "Browser/1").post("/v1/account", &body).await.expect(201);
        let log = log_of(app, "new").await;
        let actor = [&log[0].actor_type, &log[0].actor_id, &log[0].actor_name, &log[0].actor_email];
        assert_eq!(actor, ["user", "new", "New", "new@example.org"]);
        assert_eq!(log.len(), 1);
        assert_eq!([&log[0].event, &log[0].user_agent], ["user.create", "Browser/1"]);
    }

    async fn who_is_signed_in_may_sign_up_for_another_account(app) {
        let anna = member(app, "anna").await;
        let before = (account(app, "anna").await, sessions(app, "anna").await, events(app, "anna").await);
        for (n, caller) in [anna.clone(), by_token(app, &anna).await].into_iter().enumerate() {
            let id = format!("new{n}");
            let body = json!({"userId": id, "email": email(&id), "password": PASSWORD, "name": ""});
            let answer = caller.post("/v1/account", &body).await;
            assert_eq!((answer.status, cookies(&answer)), (201, vec![]), "{}", answer.text);
            // It is the new user who acts, and nobody's session is another's.
            let log = log_of(app, &id).await;
            assert_eq!([&log[0].event, &log[0].actor_id], ["user.create", &id]);
            assert_eq!(anna.get("/v1/account").await.expect(200)["$id"], "anna");
        }
        assert_eq!((account(app, "anna").await, sessions(app, "anna").await, events(app, "anna").await), before);
    }

    async fn a_session_that_is_none_makes_a_stranger_and_a_blocked_one_is_told_so(app) {
        sign_up(app, "anna").await;
        let anna = handed(app, "anna").await;
        app.admin().patch("/v1/users/anna/status", &json!({"status": false})).await.expect(200);
        let body = json!({"userId": "new", "email": "new@example.org", "password": PASSWORD});
        anna.post("/v1/account", &body).await.fails(403, "user_blocked", "");
        anna.post("/v1/account/sessions/anonymous", &json!({})).await.fails(403, "user_blocked", "");
        app.admin().delete("/v1/users/anna/sessions").await.expect(204);
        anna.post("/v1/account", &body).await.expect(201);
    }

    async fn without_a_project_nobody_signs_up(app) {
        let body = json!({"userId": "new", "email": "new@example.org", "password": PASSWORD});
        for path in ["/v1/account", "/v1/account/sessions/anonymous"] {
            app.guest().post(path, &body).await.fails(404, "project_not_found", "");
            app.guest().header("x-appwrite-project", "nope").post(path, &body).await.fails(404, "project_not_found", "");
            app.guest().header("x-appwrite-project", "console").post(path, &body).await
                .fails(404, "project_not_found", "");
            // Named in the query string or in the body it is as good as in the header.
            app.guest().post(&format!("{path}?project=nope"), &body).await.fails(404, "project_not_found", "");
        }
        let mut named = body.clone();
        named["project"] = json!(PROJECT);
        app.guest().post("/v1/account", &named).await.expect(201);
        app.guest().post(&format!("/v1/account/sessions/anonymous?project={PROJECT}"), &json!({})).await.expect(201);
    }

    async fn what_clients_of_older_generations_do_not_know_is_left_out(app) {
        for (n, (format, without)) in [("1.4.13", true), ("1.8.0", true), ("1.9.0", false), ("", false)].iter().enumerate() {
            let id = format!("u{n}");
            let body = json!({"userId": id, "email": email(&id), "password": PASSWORD});
            let made = stranger(app).format(format).post("/v1/account", &body).await.expect(201);
            let mut expected = account(app, &id).await;
            if *without {
                for field in ["impersonator", "impersonatorUserId"] {
                    expected.as_object_mut().unwrap().shift_remove(field);
                }
            }
            assert_eq!(made.to_string(), expected.to_string(), "{format}");
        }
    }
}
