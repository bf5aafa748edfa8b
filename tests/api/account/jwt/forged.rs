//! Tokens that somebody has made up or changed.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::json;
use usher::jwt::{Claims, Signer};

use super::{bearer, claims, of_user, part};
use crate::account::credentials::{is_guest, session};
use crate::support::{PROJECT, both};

/// The same token with one part in place of another.
fn with(jwt: &str, number: usize, text: &str) -> String {
    let mut parts: Vec<String> = jwt.split('.').map(str::to_owned).collect();
    parts[number] = BASE64.encode(text);
    parts.join(".")
}

both! {
    async fn what_was_changed_by_a_third_is_refused(app) {
        for user in ["anna", "bert"] {
            app.user(user, json!({})).await;
        }
        let (id, _) = session(app, "anna").await;
        let token = of_user(app, "anna", &json!({"sessionId": id})).await;
        let other = of_user(app, "bert", &json!({})).await;
        bearer(app, &token).get("/v1/account").await.expect(200);
        let parts: Vec<&str> = token.split('.').collect();
        let others: Vec<&str> = other.split('.').collect();
        let said = claims(&token);
        let saying = |name: &str, value: serde_json::Value| {
            let mut said = said.clone();
            said[name] = value;
            said.to_string()
        };
        let signature = BASE64.decode(parts[2]).unwrap();
        let mut flipped = signature.clone();
        flipped[31] ^= 1;
        let mut forged = vec![
            // Another's name, no session, a later end, another project.
            with(&token, 1, &saying("userId", json!("bert"))),
            with(&token, 1, &saying("sessionId", json!(""))),
            with(&token, 1, &saying("exp", json!(i64::MAX))),
            with(&token, 1, &saying("exp", json!(said["exp"].as_i64().unwrap() + 1))),
            with(&token, 1, &saying("project", json!(99))),
            with(&token, 1, &format!(" {}", part(&token, 1))),
            with(&token, 1, "{}"),
            with(&token, 1, ""),
            // The parts of two good ones.
            format!("{}.{}.{}", parts[0], others[1], parts[2]),
            format!("{}.{}.{}", parts[0], parts[1], others[2]),
            // Other signatures.
            format!("{}.{}.", parts[0], parts[1]),
            format!("{}.{}", parts[0], parts[1]),
            format!("{}.{}.{}", parts[0], parts[1], BASE64.encode(&flipped)),
            format!("{}.{}.{}", parts[0], parts[1], BASE64.encode(&signature[..31])),
            format!("{}.{}.{}", parts[0], parts[1], BASE64.encode([0; 32])),
            format!("{}.{}.{}=", parts[0], parts[1], parts[2]),
            format!("{}.{}.{}", parts[0], parts[1], BASE64_STANDARD.encode(&signature)),
            format!("{token}.{}", parts[2]),
            format!(".{token}"),
            format!("Bearer {token}"),
            token.replace('.', " "),
            token.to_lowercase(),
            format!("{token}x"),
            "x".repeat(5000),
            "💥".into(),
            "..".into(),
            "null".into(),
        ];
        for header in [
            r#"{"typ":"JWT","alg":"none"}"#, r#"{"alg":"none"}"#, r#"{"typ":"JWT","alg":"None"}"#, r#"{"typ":"JWT","alg":""}"#,
            r#"{"typ":"JWT"}"#, r#"{"typ":"JWT","alg":"HS512"}"#, r#"{"typ":"JWT","alg":"RS256"}"#,
            r#"{"alg":"HS256","typ":"JWT"}"#, r#"{"typ":"JWT","alg":"HS256","kid":"../../dev/null"}"#,
        ] {
            forged.push(with(&token, 0, header));
            forged.push(with(&format!("{}.{}.", parts[0], parts[1]), 0, header));
        }
        for token in forged {
            for caller in [bearer(app, &token), app.admin().header("x-appwrite-jwt", &token)] {
                let answer = caller.get("/v1/account").await;
                assert_eq!(answer.status, 401, "{token}: {}", answer.text);
                answer.fails(401, "user_jwt_invalid", "X-Appwrite-JWT");
            }
        }
        // What stands around it in the header does not belong to it.
        bearer(app, &format!(" {token} ")).get("/v1/account").await.expect(200);
    }

    async fn another_secret_signs_nothing_here(app) {
        app.user("anna", json!({})).await;
        let project = app.project(PROJECT).await.key.number();
        let exp = app.app.clock.now().0 / 1000 + 900;
        let claims = Claims { user_id: "anna".into(), session_id: String::new(), exp, project };
        for signer in [Signer::new("another secret of 32 characters!"), Signer::new(""), Signer::forgetful()] {
            bearer(app, &signer.sign(&claims)).get("/v1/account").await.fails(401, "user_jwt_invalid", "");
        }
        bearer(app, &app.app.signer.sign(&claims)).get("/v1/account").await.expect(200);
    }

    /// What this server has signed is believed as far as the database says so.
    async fn what_is_signed_must_also_be_true(app) {
        for user in ["anna", "bert"] {
            app.user(user, json!({})).await;
        }
        let (annas, _) = session(app, "anna").await;
        let (berts, _) = session(app, "bert").await;
        let project = app.project(PROJECT).await.key.number();
        let exp = app.app.clock.now().0 / 1000 + 900;
        let signed = |user: &str, session: &str| {
            app.app.signer.sign(&Claims { user_id: user.into(), session_id: session.into(), exp, project })
        };
        bearer(app, &signed("anna", &annas)).get("/v1/account").await.expect(200);
        bearer(app, &signed("anna", "")).get("/v1/account").await.expect(200);
        for (user, session) in
            [("anna", berts.as_str()), ("bert", &annas), ("anna", "ghost"), ("ghost", ""), ("ghost", &annas), ("", ""), ("ANNA", "")]
        {
            is_guest(bearer(app, &signed(user, session)).get("/v1/account").await, &format!("{user} {session}"));
        }
    }
}
