//! In the bodies of writes.

use axum::http::Method;
use serde_json::{Value, json};

use super::{PAYLOADS, prepare};
use crate::account::people::is_password;
use crate::attacks::{INVALID, Tried, field, is};
use crate::decoding::types::{Field, Wants, target_writes, writes};
use crate::support::both;

/// Where an answer shows what was sent in a field that may hold any text; nothing where only some forms are allowed.
fn shown(path: &str, field: &str) -> Option<&'static str> {
    match field {
        "name" => Some("/name"),
        "identifier" => Some("/identifier"),
        "password" if path == "/v1/users" || path.ends_with("/password") => Some(""),
        "password" => Some("/password"),
        "passwordSalt" => Some("/hashOptions/salt"),
        "passwordSaltSeparator" => Some("/hashOptions/saltSeparator"),
        "passwordSignerKey" => Some("/hashOptions/signerKey"),
        _ => None,
    }
}

/// The body with an attack in one field.
fn attacked(right: &Value, (name, wants, _): Field, payload: &str) -> Value {
    let mut body = right.clone();
    body[name] = match wants {
        Wants::Labels => json!([payload]),
        Wants::Prefs => json!({payload: payload, "list": [{payload: [payload]}]}),
        Wants::Text | Wants::Flag | Wants::Integer => json!(payload),
    };
    if name == "identifier" && right["providerType"].is_string() {
        // The kind of target that may be called anything.
        body["providerType"] = json!("push");
    }
    body
}

both! {
    /// Leniently, since what is no hash would be refused before it is stored.
    async fn sql_in_a_parameter_of_a_write_is_refused_or_stored_to_the_letter(app, "USHER_LENIENT_IMPORT" = "true") {
        let untouched = prepare(app).await;
        let admin = app.admin();
        let mut tried = Tried::default();
        for (method, path, right, fields) in writes().into_iter().chain(target_writes()) {
            let path = path.replace("anna", "twin");
            for parameter in fields {
                for payload in PAYLOADS {
                    let case = format!("{method} {path} {}={payload}", parameter.0);
                    let body = attacked(&right, parameter, payload);
                    let answer = admin.request(method.clone(), &path, body.to_string()).await;
                    tried.one();
                    let long_enough = parameter.0 != "password" || payload.len() >= 8;
                    match shown(&path, parameter.0).filter(|_| long_enough) {
                        Some(place) => {
                            let created = method == Method::POST;
                            assert_eq!(answer.status, if created { 201 } else { 200 }, "{case}: {}", answer.text);
                            let id = if created { "new" } else { "twin" };
                            match place {
                                "" => assert!(is_password(app, id, payload).await, "{case}"),
                                place => assert_eq!(field(&answer.json, place), payload, "{case}"),
                            }
                            if created && path.ends_with("/targets") {
                                admin.delete("/v1/users/twin/targets/new").await.expect(204);
                            } else if created {
                                assert_eq!(admin.get("/v1/users/new").await.expect(200), answer.json, "{case}");
                                admin.delete("/v1/users/new").await.expect(204);
                            }
                        }
                        None if parameter.0 == "prefs" => {
                            assert_eq!((answer.status, &answer.json), (200, &body["prefs"]), "{case}");
                            assert_eq!(admin.get("/v1/users/twin/prefs").await.expect(200), body["prefs"], "{case}");
                        }
                        None => is(&answer, 400, INVALID, &case),
                    }
                }
            }
            untouched.check(app, &format!("{method} {path}")).await;
        }
        assert_eq!(admin.get("/v1/users").await.ids("users"), ["twin", "quiet"]);
        tried.at_least(59 * PAYLOADS.len());
    }

    /// The local part of an address may hold quotes, signs of equality and comments.
    async fn sql_in_an_email_address_is_part_of_the_address(app) {
        let untouched = prepare(app).await;
        let admin = app.admin();
        let mut tried = Tried::default();
        for email in [
            "'or'1'='1'--@example.org",
            "x'/**/union/**/select/**/1/*@example.org",
            "\"';drop/**/table/**/users;--\"@example.org",
            "$1@example.org",
            "?1@example.org",
            "{fn}|`x`@example.org",
        ] {
            tried.one();
            let made = admin.post("/v1/users", &json!({"userId": "new", "email": email})).await.expect(201);
            assert_eq!(made["email"], email);
            let again = admin.post("/v1/users", &json!({"userId": "again", "email": email})).await;
            is(&again, 409, "user_already_exists", email);
            let equal = json!({"method": "equal", "attribute": "email", "values": [email]});
            assert_eq!(admin.list("/v1/users", &[equal]).await.ids("users"), ["new"], "{email}");
            let body = json!({"email": email, "password": "' OR '1'='1"});
            let stranger = crate::account::people::stranger(app);
            is(&stranger.post("/v1/account/sessions/email", &body).await, 401, "user_invalid_credentials", email);
            tried.one();
            let moved = admin.patch("/v1/users/twin/email", &json!({"email": email})).await;
            is(&moved, 409, "user_email_already_exists", email);
            tried.one();
            let target = json!({"targetId": "new", "providerType": "email", "identifier": email});
            is(&admin.post("/v1/users/twin/targets", &target).await, 409, "user_target_already_exists", email);
            tried.one();
            admin.delete("/v1/users/new").await.expect(204);
            untouched.check(app, email).await;
        }
        tried.at_least(24);
    }
}
