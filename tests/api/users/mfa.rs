//! Second factors. Nothing makes authenticators and challenges yet, so their rows are written past the server.

use serde_json::{Value, json};
use usher::clock::Millis;
use usher::secret::Seal;
use usher::store::Engine;

use super::crud::{LATER, events, log_of, stored, tick, with};
use crate::store::schema::Outside;
use crate::support::{NOW, PROJECT, TestApp, both};

const INVALID: &str = "general_argument_invalid";
const NO_CODES: &str = "user_recovery_codes_not_found";
const SEALLESS: &str = "general_feature_unsupported";

/// Bytes as both engines write them.
pub fn bytes(app: &TestApp, bytes: &[u8]) -> String {
    let hex = usher::secret::hex(bytes);
    if app.engine() == Engine::Sqlite { format!("X'{hex}'") } else { format!("'\\x{hex}'") }
}

/// Gives a user an authenticator.
pub async fn add_authenticator(app: &TestApp, project: &str, user: &str, verified: bool) {
    let number = app.project(project).await.key.number();
    let secret = bytes(app, b"sealed");
    let insert = format!(
        "INSERT INTO authenticators (project, user_id, type, created_at, updated_at, verified, secret) \
         VALUES ({number}, '{user}', 'totp', 1, 1, {verified}, {secret})"
    );
    assert_eq!(Outside::of(app).await.run(&insert).await.unwrap(), 1);
}

/// Asks a user for a code, which is sealed as it stands here.
pub async fn add_challenge(
    app: &TestApp,
    project: &str,
    (id, user): (&str, &str),
    factor: &str,
    end: Millis,
    code: &[u8],
) {
    let number = app.project(project).await.key.number();
    let (created, code) = (app.app.clock.now().0, bytes(app, code));
    let insert = format!(
        "INSERT INTO challenges (project, id, user_id, created_at, expire, factor, code) \
         VALUES ({number}, '{id}', '{user}', {created}, {}, '{factor}', {code})",
        end.0
    );
    assert_eq!(Outside::of(app).await.run(&insert).await.unwrap(), 1);
}

/// A code, sealed by the secret of the tests.
pub fn sealed(app: &TestApp, code: &str) -> Vec<u8> {
    app.app.seal.as_ref().unwrap().seal(code)
}

fn end() -> Millis {
    Millis::parse(LATER).unwrap()
}

async fn factors(app: &TestApp, user: &str) -> Value {
    app.admin().get(&format!("/v1/users/{user}/mfa/factors")).await.expect(200)
}

const CODES: &str = "/v1/users/anna/mfa/recovery-codes";

/// The codes in an answer, which has nothing else in it: six, each of ten characters, all different.
#[track_caller]
fn codes(answer: &Value) -> Vec<String> {
    let codes: Vec<String> = serde_json::from_value(answer["recoveryCodes"].clone()).unwrap();
    assert_eq!(answer, &json!({ "recoveryCodes": codes }));
    let hex = |code: &String| code.len() == 10 && code.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    assert!(codes.len() == 6 && codes.iter().all(hex), "{codes:?}");
    let mut unique = codes.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), 6, "{codes:?}");
    codes
}

both! {
    async fn the_second_factor_is_switched_on_and_off(app) {
        let made = app.user("anna", json!({"name": "Anna"})).await;
        assert_eq!(made["mfa"], false);
        tick(app);
        let on = app.admin().patch("/v1/users/anna/mfa", &json!({"mfa": true})).await.expect(200);
        assert_eq!(on, with(&made, json!({"mfa": true, "$updatedAt": LATER})));
        assert_eq!(app.admin().get("/v1/users/anna").await.expect(200), on);
        assert!(stored(app, "anna").await.mfa);
        assert_eq!(events(app, "anna").await, ["user.update", "user.create"]);
        // What changes nothing moves no time, but is told.
        tick(app);
        assert_eq!(app.admin().patch("/v1/users/anna/mfa", &json!({"mfa": true})).await.expect(200), on);
        let off = app.admin().patch("/v1/users/anna/mfa", &json!({"mfa": false})).await.expect(200);
        assert_eq!(off["mfa"], false);
        assert_eq!(events(app, "anna").await.len(), 4);
        app.admin().patch("/v1/users/ghost/mfa", &json!({"mfa": true})).await.fails(404, "user_not_found", "");
        app.admin().patch("/v1/users/ghost/mfa", &json!({})).await.fails(400, INVALID, "`mfa`");
    }

    async fn a_factor_is_what_was_set_and_verified(app) {
        let none = json!({"totp": false, "phone": false, "email": false, "recoveryCode": false, "custom": false});
        app.user("anna", json!({"email": "anna@example.org", "phone": "+4930123456"})).await;
        app.user("bert", json!({})).await;
        assert_eq!(factors(app, "anna").await, none);
        let text = app.admin().get("/v1/users/anna/mfa/factors").await.text;
        assert_eq!(text, none.to_string(), "the order of the contract");
        app.admin().patch("/v1/users/anna/verification", &json!({"emailVerification": true})).await.expect(200);
        assert_eq!(factors(app, "anna").await, with(&none, json!({"email": true})));
        app.admin().patch("/v1/users/anna/verification/phone", &json!({"phoneVerification": true})).await.expect(200);
        assert_eq!(factors(app, "anna").await, with(&none, json!({"email": true, "phone": true})));
        // Verified, but not there.
        app.admin().patch("/v1/users/bert/verification", &json!({"emailVerification": true})).await.expect(200);
        app.admin().patch("/v1/users/bert/verification/phone", &json!({"phoneVerification": true})).await.expect(200);
        assert_eq!(factors(app, "bert").await, none);
        // There, but not verified.
        add_authenticator(app, PROJECT, "bert", false).await;
        assert_eq!(factors(app, "bert").await, none);
        Outside::of(app).await.run("UPDATE authenticators SET verified = TRUE").await.unwrap();
        assert_eq!(factors(app, "bert").await, with(&none, json!({"totp": true})));
        // Recovery codes are none for API keys, in all generations.
        app.admin().patch("/v1/users/bert/mfa/recovery-codes", &json!({})).await.expect(200);
        for format in ["1.5.0", "1.9.5", "1.9.6", "2.6.2"] {
            let answer = app.admin().format(format).get("/v1/users/bert/mfa/factors").await.expect(200);
            assert_eq!(answer, with(&none, json!({"totp": true})), "{format}");
        }
        app.admin().get("/v1/users/ghost/mfa/factors").await.fails(404, "user_not_found", "");
        assert_eq!(events(app, "anna").await.len(), 3, "reading is not told");
    }

    async fn recovery_codes_are_made_once_read_and_replaced(app) {
        let made = app.user("anna", json!({})).await;
        app.user("bert", json!({})).await;
        tick(app);
        app.admin().get(CODES).await.fails(404, NO_CODES, "PATCH");
        app.admin().put(CODES, &json!({})).await.fails(404, NO_CODES, "");
        assert_eq!(events(app, "anna").await, ["user.create"], "what was refused is not told");

        let first = codes(&app.admin().patch(CODES, &json!({})).await.expect(200));
        assert_eq!(codes(&app.admin().get(CODES).await.expect(200)), first);
        app.admin().patch(CODES, &json!({})).await.fails(409, "user_recovery_codes_already_exists", "PUT");
        assert_eq!(codes(&app.admin().get(CODES).await.expect(200)), first);

        let second = codes(&app.admin().put(CODES, &json!({})).await.expect(200));
        assert!(second.iter().all(|code| !first.contains(code)));
        assert_eq!(codes(&app.admin().get(CODES).await.expect(200)), second);
        assert_eq!(events(app, "anna").await, ["user.update", "user.update", "user.create"]);
        // They belong to one user, and are no part of the model.
        app.admin().get("/v1/users/bert/mfa/recovery-codes").await.fails(404, NO_CODES, "");
        assert_eq!(app.admin().get("/v1/users/anna").await.expect(200), made);

        // Nothing of them stands anywhere in clear.
        let rows = crate::isolation::dump(app, PROJECT).await.join("\n");
        assert!(rows.contains("recovery_codes: "));
        for code in first.iter().chain(&second) {
            let hex = usher::secret::hex(code.as_bytes());
            assert!(!rows.contains(code) && !rows.to_lowercase().contains(&hex), "{code}");
        }
        for row in log_of(app, "anna").await {
            assert!(!format!("{row:?}").contains(&second[0]));
        }

        app.admin().delete("/v1/users/anna").await.expect(204);
        app.user("anna", json!({})).await;
        app.admin().get(CODES).await.fails(404, NO_CODES, "");
        for request in [app.admin().get("/v1/users/ghost/mfa/recovery-codes").await,
            app.admin().patch("/v1/users/ghost/mfa/recovery-codes", &json!({})).await,
            app.admin().put("/v1/users/ghost/mfa/recovery-codes", &json!({})).await] {
            request.fails(404, "user_not_found", "");
        }
    }

    async fn of_requests_that_come_together_one_makes_the_codes(app) {
        app.user("anna", json!({})).await;
        let admin = app.admin();
        let tries = (0..6).map(|_| async { admin.patch(CODES, &json!({})).await });
        let answers = futures_util::future::join_all(tries).await;
        let made: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!((made.len(), answers.iter().filter(|answer| answer.status == 409).count()), (1, 5));
        assert_eq!(app.admin().get(CODES).await.expect(200), made[0].json);
        assert_eq!(events(app, "anna").await.len(), 2);
    }

    async fn codes_of_another_secret_cannot_be_read_but_replaced(app) {
        app.user("anna", json!({})).await;
        app.admin().patch(CODES, &json!({})).await.expect(200);
        let other = bytes(app, &Seal::new("another secret").seal("[]"));
        Outside::of(app).await.run(&format!("UPDATE recovery_codes SET codes = {other}")).await.unwrap();
        app.admin().get(CODES).await.fails(404, NO_CODES, "USHER_SECRET");
        app.admin().patch(CODES, &json!({})).await.fails(409, "user_recovery_codes_already_exists", "");
        let codes = codes(&app.admin().put(CODES, &json!({})).await.expect(200));
        assert_eq!(app.admin().get(CODES).await.expect(200)["recoveryCodes"], json!(codes));
    }

    async fn without_a_secret_no_code_is_stored_or_shown(app, "USHER_SECRET" = "") {
        app.user("anna", json!({})).await;
        app.admin().get(CODES).await.fails(400, SEALLESS, "USHER_SECRET");
        app.admin().patch(CODES, &json!({})).await.fails(400, SEALLESS, "USHER_SECRET");
        app.admin().put(CODES, &json!({})).await.fails(400, SEALLESS, "USHER_SECRET");
        app.admin().get("/v1/users/anna/mfa/challenges/c").await.fails(400, SEALLESS, "USHER_SECRET");
        // What needs no secret works.
        factors(app, "anna").await;
        app.admin().patch("/v1/users/anna/mfa", &json!({"mfa": true})).await.expect(200);
        add_authenticator(app, PROJECT, "anna", true).await;
        app.admin().delete("/v1/users/anna/mfa/authenticators/totp").await.expect(204);
        assert_eq!(Outside::of(app).await.text("SELECT CAST(count(*) AS TEXT) FROM recovery_codes").await, "0");
    }

    async fn an_authenticator_is_taken_away_once(app) {
        for id in ["anna", "bert"] {
            app.user(id, json!({})).await;
            add_authenticator(app, PROJECT, id, id == "anna").await;
        }
        let path = "/v1/users/anna/mfa/authenticators";
        for wrong in ["email", "totp%20", "t", "TOTPS", "*"] {
            app.admin().delete(&format!("{path}/{wrong}")).await.fails(400, INVALID, "`type`");
        }
        assert_eq!(factors(app, "anna").await["totp"], true);
        let answer = app.admin().delete(&format!("{path}/totp")).await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""));
        assert_eq!(factors(app, "anna").await["totp"], false);
        assert_eq!(events(app, "anna").await, ["user.update", "user.create"]);
        app.admin().delete(&format!("{path}/totp")).await.fails(404, "user_authenticator_not_found", "");
        assert_eq!(events(app, "anna").await.len(), 2);
        // One that was never verified goes too, and the type may be written in any case.
        app.admin().delete("/v1/users/bert/mfa/authenticators/TOTP").await.expect(204);
        assert_eq!(Outside::of(app).await.text("SELECT CAST(count(*) AS TEXT) FROM authenticators").await, "0");
        app.admin().delete("/v1/users/ghost/mfa/authenticators/totp").await.fails(404, "user_not_found", "");
    }

    async fn the_code_of_a_custom_challenge_is_shown_as_long_as_it_lives(app) {
        for id in ["anna", "bert"] {
            app.user(id, json!({})).await;
        }
        for (id, user, factor) in [("c1", "anna", "custom"), ("c2", "anna", "email"), ("c3", "bert", "custom")] {
            add_challenge(app, PROJECT, (id, user), factor, end(), &sealed(app, "code 123456")).await;
        }
        let other = Seal::new("another secret").seal("123456");
        add_challenge(app, PROJECT, ("c4", "anna"), "custom", end(), &other).await;
        let ask = async |user: &str, id: &str| app.admin().get(&format!("/v1/users/{user}/mfa/challenges/{id}")).await;
        let shown = json!({"$id": "c1", "$createdAt": NOW, "userId": "anna", "expire": LATER, "code": "code 123456"});
        let answer = ask("anna", "c1").await;
        assert_eq!((answer.status, answer.text), (200, shown.to_string()));
        assert_eq!(ask("bert", "c3").await.expect(200)["code"], "code 123456");
        // Of another kind, of somebody else, of another secret, none, and no id.
        for id in ["c2", "c3", "c4", "nothing", "C1", "_x", "%27", &"x".repeat(256)] {
            ask("anna", id).await.fails(401, "user_invalid_token", "challenge");
        }
        ask("anna", &"x".repeat(257)).await.fails(400, INVALID, "`challengeId`");
        ask("ghost", "c1").await.fails(404, "user_not_found", "");
        app.new_project("other").await;
        let key = app.new_key("other", &usher::access::Scope::ALL).await;
        let elsewhere = app.caller("other", &key);
        elsewhere.post("/v1/users", &json!({"userId": "anna"})).await.expect(201);
        elsewhere.get("/v1/users/anna/mfa/challenges/c1").await.fails(401, "user_invalid_token", "");

        assert_eq!(events(app, "anna").await, ["user.create"]);
        // It serves as long as its end lies ahead.
        app.app.clock.advance(std::time::Duration::from_millis(999));
        ask("anna", "c1").await.expect(200);
        app.app.clock.advance(std::time::Duration::from_millis(1));
        ask("anna", "c1").await.fails(401, "user_invalid_token", "");
    }
}
