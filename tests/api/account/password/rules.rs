//! What the project asks of a new password.

use serde_json::json;

use super::set;
use crate::account::parameters::passwords;
use crate::account::people::{INVALID, PASSWORD, WRONG, is_password, member, try_sign_in};
use crate::support::both;
use crate::users::crud::{events, stored};
use crate::users::password::rules::{DICTIONARY, FORBIDDEN};

const RECENT: &str = "password_recently_used";
const PERSONAL: &str = "password_personal_data";

both! {
    async fn it_is_8_to_256_bytes_long(app, "USHER_RATE_LIMITS" = "false") {
        let anna = member(app, "anna").await;
        let (within, past) = passwords();
        let before = (stored(app, "anna").await, events(app, "anna").await);
        for new in past {
            let answer = anna.patch("/v1/account/password", &json!({"password": new, "oldPassword": PASSWORD})).await;
            answer.fails(400, INVALID, "Invalid `password` param");
        }
        assert_eq!((stored(app, "anna").await, events(app, "anna").await), before);
        let mut old = PASSWORD.to_owned();
        for new in within {
            let new = new.as_str().unwrap();
            set(&anna, new, &old).await.expect(200);
            assert_eq!(try_sign_in(app, "anna@example.org", new).await.status, 201);
            old = new.to_owned();
        }
    }

    async fn it_is_no_word_of_the_dictionary(
        app, "USHER_PASSWORD_DICTIONARY" = DICTIONARY.as_str(), "USHER_RATE_LIMITS" = "false"
    ) {
        let anna = member(app, "anna").await;
        set(&anna, FORBIDDEN[0], PASSWORD).await.expect(200);
        app.set(|settings| settings.password_dictionary = true).await;
        for word in FORBIDDEN {
            set(&anna, word, FORBIDDEN[0]).await.fails(400, INVALID, "`password`");
        }
        assert!(is_password(app, "anna", FORBIDDEN[0]).await);
        // A word that is the former password is one to prove with.
        set(&anna, "Password", FORBIDDEN[0]).await.expect(200);
    }

    async fn it_has_no_personal_data(app, "USHER_RATE_LIMITS" = "false") {
        let anna = member(app, "anna").await;
        let phone = json!({"phone": "+4930123456", "password": PASSWORD});
        anna.patch("/v1/account/phone", &phone).await.expect(200);
        app.set(|settings| settings.personal_data_check = true).await;
        let before = (stored(app, "anna").await, events(app, "anna").await);
        for personal in ["i am ANNA", "anna@example.org", "NAME OF ANNA", "4930123456", "+4930123456!"] {
            set(&anna, personal, PASSWORD).await.fails(400, PERSONAL, "");
            // Who does not know the former one learns nothing of it.
            set(&anna, personal, "wrong horse").await.fails(401, WRONG, "");
        }
        assert_eq!((stored(app, "anna").await, events(app, "anna").await), before);
        set(&anna, "another horse", PASSWORD).await.expect(200);
        // The present data counts.
        anna.patch("/v1/account/name", &json!({"name": "Battery"})).await.expect(200);
        set(&anna, PASSWORD, "another horse").await.fails(400, PERSONAL, "");
        app.set(|settings| settings.personal_data_check = false).await;
        set(&anna, "i am ANNA", "another horse").await.expect(200);
    }

    async fn it_is_none_of_the_last_ones(app, "USHER_RATE_LIMITS" = "false") {
        app.set(|settings| settings.password_history = 3).await;
        let nth = |n: usize| if n == 0 { PASSWORD.to_owned() } else { format!("password number {n}") };
        let anna = member(app, "anna").await;
        for n in 1..=4 {
            set(&anna, &nth(n), &nth(n - 1)).await.expect(200);
        }
        let before = (stored(app, "anna").await, events(app, "anna").await);
        for n in 2..=4 {
            set(&anna, &nth(n), &nth(4)).await.fails(400, RECENT, "");
            set(&anna, &nth(n), "wrong horse").await.fails(401, WRONG, "");
        }
        assert_eq!((stored(app, "anna").await, events(app, "anna").await), before);
        // What a key sets is remembered too, and the one before the last three is forgotten.
        set(&anna, &nth(1), &nth(4)).await.expect(200);
        app.set(|settings| settings.invalidate_sessions = false).await;
        app.admin().patch("/v1/users/anna/password", &json!({"password": "by a key"})).await.expect(200);
        for recent in [&nth(1), &nth(4), "by a key"] {
            set(&anna, recent, "by a key").await.fails(400, RECENT, "");
        }
        set(&anna, &nth(3), "by a key").await.expect(200);
        app.set(|settings| settings.password_history = 0).await;
        set(&anna, &nth(3), &nth(3)).await.expect(200);
        assert!(is_password(app, "anna", &nth(3)).await);
    }
}
