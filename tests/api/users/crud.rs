//! Making, reading and deleting users.

use crate::support::{NOW, both};
use serde_json::json;

both! {
    async fn a_user_with_only_an_id(app) {
        let made = app.user("anna", json!({})).await;
        let expected = json!({
            "$id": "anna", "$createdAt": NOW, "$updatedAt": NOW, "name": "", "password": null, "hash": "argon2",
            "hashOptions": {"type": "argon2", "memoryCost": 8, "timeCost": 1, "threads": 1},
            "registration": NOW, "status": true, "labels": [], "passwordUpdate": "", "email": "", "phone": "",
            "emailVerification": false, "emailCanonical": null, "emailIsFree": null, "emailIsDisposable": null,
            "emailIsCorporate": null, "emailIsCanonical": null, "passwordPwned": null, "phoneVerification": false,
            "mfa": false, "prefs": {}, "targets": [], "accessedAt": "", "impersonator": false,
            "impersonatorUserId": null
        });
        assert_eq!(made, expected);
        assert_eq!(app.admin().get("/v1/users/anna").await.expect(200), expected);
    }
}
