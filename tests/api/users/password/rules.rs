//! The dictionary of forbidden passwords, and personal data in passwords.

use std::path::PathBuf;
use std::sync::LazyLock;

use super::{INVALID, set};
use crate::support::both;
use crate::users::crud::{events, tick};
use serde_json::json;

const PERSONAL: &str = "password_personal_data";

/// A file of forbidden words. It is put into its place by renaming, since other processes may be reading it.
pub static DICTIONARY: LazyLock<String> = LazyLock::new(|| {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let (new, file) = (folder.join(format!("words-{}", std::process::id())), folder.join("words.txt"));
    std::fs::write(
        &new,
        "password\r\npassword1\niloveyou\n88e4ddd2402d92d50e1879d6ecd9ffd4\nshort\n\n  padded \npässwörd",
    )
    .unwrap();
    std::fs::rename(&new, &file).unwrap();
    file.to_str().unwrap().to_owned()
});

/// Words of the file, and passwords that only look like them.
pub const FORBIDDEN: [&str; 5] = ["password", "password1", "iloveyou", "  padded ", "pässwörd"];
const ALLOWED: [&str; 6] = ["Password", "password2", "iloveyou ", "padded!!", "pa\u{308}sswo\u{308}rd", "xpasswordx"];

both! {
    /// One worker and one place in the queue: further passwords are turned away at once, and nothing else waits.
    async fn a_full_queue_is_503_and_stands_in_nobodys_way(
        app, "USHER_HASH_COST" = "m=65536,t=4,p=1", "USHER_HASH_WORKERS" = "1", "USHER_HASH_QUEUE" = "1"
    ) {
        app.user("anna", json!({})).await;
        let admin = app.admin();
        let creates = futures_util::future::join_all((0..8).map(|n| {
            let admin = admin.clone();
            async move { admin.post("/v1/users", &json!({"userId": format!("u{n}"), "password": "a password"})).await }
        }));
        let reads = async {
            for _ in 0..20 {
                admin.get("/v1/users/anna").await.expect(200);
            }
        };
        let (answers, ()) = futures_util::future::join(creates, reads).await;
        let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
        assert!((1..8).contains(&made.len()), "{}", made.len());
        let total = admin.get("/v1/users").await.expect(200)["total"].clone();
        assert_eq!(total, json!(made.len() + 1), "what was refused is not there");
        for answer in refused {
            assert_eq!(answer.header("retry-after"), "1");
            answer.fails(503, "general_server_error", "busy");
        }
    }

    async fn words_of_the_dictionary_are_refused_where_the_project_wants_it(
        app, "USHER_PASSWORD_DICTIONARY" = DICTIONARY.as_str()
    ) {
        app.user("off", json!({"password": "password"})).await;
        set(app, "off", "iloveyou").await.expect(200);
        app.set(|settings| settings.password_dictionary = true).await;
        let before = app.user("anna", json!({"password": "no such word"})).await;
        tick(app);
        for word in FORBIDDEN {
            set(app, "anna", word).await.fails(400, INVALID, "`password`");
            set(app, "nobody", word).await.fails(400, INVALID, "`password`");
            let body = json!({"userId": "bert", "password": word, "name": ""});
            app.admin().post("/v1/users", &body).await.fails(400, INVALID, "`password`");
        }
        assert_eq!(app.admin().get("/v1/users/anna").await.expect(200), before);
        assert_eq!(events(app, "anna").await, ["user.create"]);
        app.admin().get("/v1/users/bert").await.fails(404, "user_not_found", "");
        for (n, word) in ALLOWED.into_iter().enumerate() {
            app.user(&format!("u{n}"), json!({"password": word})).await;
            set(app, "anna", word).await.expect(200);
        }
        // No password at all is no word, and an imported hash is not a password.
        set(app, "anna", "").await.expect(200);
        app.user("without", json!({})).await;
        let hash = "88e4ddd2402d92d50e1879d6ecd9ffd4";
        let body = json!({"userId": "md5", "email": "m@example.org", "password": hash});
        app.admin().post("/v1/users/md5", &body).await.expect(201);
        app.set(|settings| settings.password_dictionary = false).await;
        set(app, "anna", "password").await.expect(200);
    }

    async fn without_a_file_there_are_no_words(app) {
        app.set(|settings| settings.password_dictionary = true).await;
        app.user("anna", json!({"password": "password"})).await;
        set(app, "anna", "password").await.expect(200);
    }

    async fn personal_data_is_refused_where_the_project_wants_it(app) {
        let data = json!({"email": "anna.lee@example.org", "phone": "+4915112345678", "name": "Dr Lee"});
        let personal = [
            "xu-4711x1", "XU-4711X1", "my anna.lee!", "ANNA.LEE@EXAMPLE.ORG", "anna.lee@example.org", "4915112345678",
            "call +4915112345678", "hello dr lee", "DR LEE!!",
        ];
        let fine = ["Lee Dr 123", "example.org", "15112345678", "anna lee", "Doctor Lee", "u_4711 ok"];
        app.user("u-4711", data.clone()).await;
        set(app, "u-4711", personal[0]).await.expect(200);
        app.set(|settings| settings.personal_data_check = true).await;
        let before = app.admin().get("/v1/users/u-4711").await.expect(200);
        tick(app);
        for password in personal {
            set(app, "u-4711", password).await.fails(400, PERSONAL, "");
        }
        assert_eq!(app.admin().get("/v1/users/u-4711").await.expect(200), before);
        for password in fine {
            set(app, "u-4711", password).await.expect(200);
        }
        // The present data counts, not former ones.
        app.admin().patch("/v1/users/u-4711/name", &json!({"name": "Horse"})).await.expect(200);
        set(app, "u-4711", "hello dr lee").await.expect(200);
        set(app, "u-4711", "correct horse").await.fails(400, PERSONAL, "");
        // What a user has not got is in no password.
        for (path, field) in [("name", "name"), ("email", "email"), ("phone", "number")] {
            app.admin().patch(&format!("/v1/users/u-4711/{path}"), &json!({field: ""})).await.expect(200);
        }
        set(app, "u-4711", "my anna.lee!").await.expect(200);
        app.admin().delete("/v1/users/u-4711").await;

        for password in personal {
            let mut body = data.clone();
            (body["userId"], body["password"]) = (json!("u-4711"), json!(password));
            app.admin().post("/v1/users", &body).await.fails(400, PERSONAL, "");
        }
        app.admin().get("/v1/users/u-4711").await.fails(404, "user_not_found", "");
        app.user("u-4711", data).await;
        app.user("u-4712", json!({"password": fine[0], "name": "Dr Lee"})).await;
    }

    /// As upstream: to it, the text of an imported hash is the password.
    async fn personal_data_in_an_imported_hash_is_refused_too(app) {
        app.set(|settings| settings.personal_data_check = true).await;
        for (path, body) in crate::users::import::samples() {
            let hash = body["password"].as_str().unwrap();
            let mut sent = body.clone();
            (sent["userId"], sent["email"]) = (json!("zzzz"), json!("x.y@example.org"));
            // The one-letter name is in every hash that has the letter.
            sent["name"] = json!(hash.chars().last().unwrap().to_string());
            app.admin().post(&format!("/v1/users/{path}"), &sent).await.fails(400, PERSONAL, "");
            sent["name"] = json!("no such text");
            app.admin().post(&format!("/v1/users/{path}"), &sent).await.expect(201);
            app.admin().delete("/v1/users/zzzz").await;
        }
    }
}
