//! A search finds what the last write left, and nothing older.

use serde_json::json;

use super::found;
use crate::support::{TestApp, both};

/// Each of these texts finds the user or not, by long terms and by short ones.
async fn finds(app: &TestApp, present: &[&str], absent: &[&str]) {
    for text in present {
        assert_eq!(found(app, text).await, "user", "{text} is there");
    }
    for text in absent {
        assert_eq!(found(app, text).await, "", "{text} is gone");
    }
}

both! {
    async fn after_every_kind_of_write(app) {
        let admin = app.admin();
        finds(app, &[], &["user", "us"]).await;
        app.user("user", json!({"name": "Mia Old", "email": "old@example.org", "phone": "+16175550100"})).await;
        finds(app, &["user", "mia old", "old@example.org", "6175550100", "us"], &["label", "vip"]).await;

        admin.patch("/v1/users/user/name", &json!({"name": "Carla"})).await.expect(200);
        finds(app, &["user", "carla", "old@example.org", "6175550100", "ca"], &["mia", "mi"]).await;

        admin.patch("/v1/users/user/email", &json!({"email": "New@Example.net"})).await.expect(200);
        finds(app, &["carla", "new@example.net", "6175550100"], &["old", "example.org"]).await;

        admin.patch("/v1/users/user/phone", &json!({"number": "+4930901820"})).await.expect(200);
        finds(app, &["new@example.net", "+4930901820"], &["6175550100", "55"]).await;

        admin.put("/v1/users/user/labels", &json!({"labels": ["vip", "beta"]})).await.expect(200);
        finds(app, &["label:vip", "label:beta", "+4930901820"], &["label:vipbeta"]).await;
        admin.put("/v1/users/user/labels", &json!({"labels": ["beta"]})).await.expect(200);
        finds(app, &["label:beta"], &["vip"]).await;

        // Writes that are of no matter to the search leave it alone.
        for (path, body) in [
            ("status", json!({"status": false})),
            ("verification", json!({"emailVerification": true})),
            ("prefs", json!({"prefs": {"secretword": "secretword"}})),
            ("password", json!({"password": "secretword"})),
        ] {
            admin.patch(&format!("/v1/users/user/{path}"), &body).await.expect(200);
        }
        finds(app, &["user", "carla", "new@example.net", "+4930901820", "label:beta"], &["secretword"]).await;

        // Clearing.
        admin.patch("/v1/users/user/name", &json!({"name": ""})).await.expect(200);
        admin.patch("/v1/users/user/email", &json!({"email": ""})).await.expect(200);
        admin.patch("/v1/users/user/phone", &json!({"number": ""})).await.expect(200);
        admin.put("/v1/users/user/labels", &json!({"labels": []})).await.expect(200);
        finds(app, &["user", "er"], &["carla", "example", "new", "4930901820", "label", "beta"]).await;

        // A write that fails leaves what was.
        app.user("taken", json!({"email": "taken@example.org"})).await;
        let answer = admin.patch("/v1/users/user/email", &json!({"email": "taken@example.org"})).await;
        answer.fails(409, "user_email_already_exists", "");
        assert_eq!(found(app, "taken@example.org").await, "taken");

        assert_eq!(admin.delete("/v1/users/user").await.status, 204);
        finds(app, &[], &["user", "us"]).await;
        // The id is free again, and finds the new user alone.
        app.user("user", json!({"name": "Noor"})).await;
        finds(app, &["user", "noor"], &["beta"]).await;
    }

    async fn after_an_import(app) {
        let body = json!({
            "userId": "user", "email": "imported@example.org", "name": "Im Ported",
            "password": "5f4dcc3b5aa765d61d8327deb882cf99"
        });
        app.admin().post("/v1/users/md5", &body).await.expect(201);
        finds(app, &["user", "im ported", "imported@example.org"], &["5f4dcc3b5aa765d61d8327deb882cf99"]).await;
    }
}
