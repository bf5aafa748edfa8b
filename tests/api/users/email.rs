//! What is said of a user's email address.

use serde_json::{Value, json};

use super::crud::{bare, told, with};
use crate::account::credentials::signed_in;
use crate::support::both;

/// What the model says of an address.
fn said(user: &Value) -> [&Value; 5] {
    ["emailCanonical", "emailIsFree", "emailIsDisposable", "emailIsCorporate", "emailIsCanonical"]
        .map(|field| &user[field])
}

both! {
    async fn an_address_is_told_by_its_domain_and_spelling(app) {
        for (n, (email, canonical, free, disposable, is_canonical)) in [
            ("anna@gmail.com", "anna@gmail.com", true, false, true),
            ("A.nna+Shop@GoogleMail.com", "anna@gmail.com", true, false, false),
            ("bert+x@outlook.com", "bert@outlook.com", true, false, false),
            ("be.rt@web.de", "be.rt@web.de", true, false, true),
            ("carl@mailinator.com", "carl@mailinator.com", false, true, true),
            ("dora+x@shop.example", "dora+x@shop.example", false, false, true),
        ].into_iter().enumerate() {
            let id = format!("u{n}");
            let made = app.user(&id, json!({ "email": email })).await;
            let corporate = !free && !disposable;
            let expected = [json!(canonical), json!(free), json!(disposable), json!(corporate), json!(is_canonical)];
            assert_eq!(said(&made), expected.each_ref(), "{email}");
            assert_eq!(made["email"], email.to_ascii_lowercase());
            let read = app.admin().get(&format!("/v1/users/{id}")).await.expect(200);
            let listed = app.admin().list("/v1/users", &[json!({"method": "equal", "attribute": "$id", "values": [id]})]).await;
            assert_eq!((said(&read), said(&listed.json["users"][0])), (said(&made), said(&made)), "{email}");
            let own = signed_in(app, &id).await.get("/v1/account").await.expect(200);
            assert_eq!(said(&own), said(&made), "{email}");
            // Clients of every generation get these fields.
            let old = app.admin().format("1.4.0").get(&format!("/v1/users/{id}")).await.expect(200);
            assert_eq!(said(&old), said(&made), "{email}");
        }
    }

    async fn it_follows_the_address(app) {
        assert_eq!(app.user("anna", json!({})).await, bare("anna"));
        let set = async |email: &str| {
            app.admin().patch("/v1/users/anna/email", &json!({ "email": email })).await.expect(200)
        };
        assert_eq!(said(&set("anna@gmail.com").await)[1], &json!(true));
        let own = set("anna@shop.example").await;
        assert_eq!(own, with(&own, told("anna@shop.example")));
        assert_eq!(said(&set("").await), [&Value::Null; 5]);
    }

    async fn lists_are_not_filtered_by_it(app) {
        app.user("anna", json!({"email": "anna@gmail.com"})).await;
        for attribute in ["emailCanonical", "emailIsFree", "emailIsDisposable", "emailIsCorporate", "emailIsCanonical"] {
            let query = json!({"method": "isNotNull", "attribute": attribute});
            app.admin().list("/v1/users", &[query]).await.fails(400, "general_argument_invalid", attribute);
        }
        // As clients of the newest generation may by what is known of the password.
        let query = json!({"method": "isNull", "attribute": "passwordPwned"});
        assert_eq!(app.admin().list("/v1/users", &[query]).await.ids("users"), ["anna"]);
    }
}
