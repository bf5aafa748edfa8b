//! How long a session lives: as long as the project says, or less when the client wants that.

use std::time::Duration;

use serde_json::{Value, json};

use super::{INVALID, PATHS, email, guest, hashes, member, session_ids, sign_in, user};
use crate::support::{Answer, TestApp, both};
use crate::users::crud::tick;

const RIGHT: &str = "long enough";

/// Signs in past the limits.
async fn for_seconds(app: &TestApp, path: &str, duration: &Value) -> Answer {
    app.admin().post(path, &json!({"email": email("anna"), "password": RIGHT, "duration": duration})).await
}

/// When a session ends that begins now and lives this many seconds.
fn ends(app: &TestApp, seconds: u64) -> String {
    app.app.clock.now().plus(Duration::from_secs(seconds)).to_string()
}

both! {
    async fn a_minute_is_the_shortest_and_the_projects_the_longest(app) {
        user(app, "anna", RIGHT).await;
        for (longest, within, past) in [
            (31_536_000, vec![60, 61, 3600, 31_535_999, 31_536_000], vec![31_536_001, i64::MAX]),
            (120, vec![60, 119, 120], vec![121, 3600]),
            (60, vec![60], vec![61]),
        ] {
            app.set(|settings| settings.session_duration = longest).await;
            for path in PATHS {
                tick(app);
                for seconds in &within {
                    let session = for_seconds(app, path, &json!(seconds)).await.expect(201);
                    let expected = ends(app, u64::try_from(*seconds).unwrap());
                    assert_eq!(session["expire"], expected, "{seconds} of {longest}");
                }
                for missing in [json!(null), json!(longest)] {
                    let session = for_seconds(app, path, &missing).await.expect(201);
                    assert_eq!(session["expire"], ends(app, longest.into()), "{missing}");
                }
                for seconds in past.iter().chain(&[59, 1, 0, -1, -60, i64::MIN]) {
                    let (answer, run) = hashes(app, for_seconds(app, path, &json!(seconds))).await;
                    answer.fails(400, INVALID, &format!("`duration` must be 60 to {longest}"));
                    assert_eq!(run, 0, "{seconds}");
                }
            }
        }
    }

    async fn it_is_a_whole_number(app) {
        user(app, "anna", RIGHT).await;
        let whole: Value = serde_json::from_str("60.0").unwrap();
        assert_eq!(for_seconds(app, PATHS[0], &whole).await.expect(201)["expire"], ends(app, 60));
        for wrong in ["\"60\"", "\"\"", "60.5", "true", "[60]", "{}", "1e2", "99999999999999999999"] {
            let wrong: Value = serde_json::from_str(wrong).unwrap();
            let (answer, run) = hashes(app, for_seconds(app, PATHS[0], &wrong)).await;
            assert_eq!((answer.status, run), (400, 0), "{wrong}");
            answer.fails(400, INVALID, "`duration`");
        }
        assert_eq!(session_ids(app, "anna").await.len(), 1);
    }

    async fn the_session_ends_when_it_says(app) {
        user(app, "anna", RIGHT).await;
        let body = json!({"email": email("anna"), "password": RIGHT, "duration": 90});
        let answer = guest(app).post(PATHS[0], &body).await;
        let cookies: Vec<&str> =
            answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect();
        assert_eq!(cookies.len(), 2);
        assert!(cookies.iter().all(|cookie| cookie.contains("; expires=Fri, 02-Jan-2026 03:05:35 GMT; Max-Age=90;")));
        let own = member(app, &answer);
        let list = app.admin().get("/v1/users/anna/sessions").await.expect(200);
        assert_eq!(list["sessions"][0]["expire"], "2026-01-02T03:05:35.678+00:00");
        app.app.clock.advance(Duration::from_millis(89_999));
        own.get("/v1/account").await.expect(200);
        // Longer settings of the project do not lengthen what has begun.
        app.set(|settings| settings.session_duration = 3600).await;
        app.app.clock.advance(Duration::from_millis(1));
        own.get("/v1/account").await.fails(401, "general_unauthorized_scope", "guests");
        // And whoever carries it still is a guest, who may sign in.
        sign_in(&own, "anna", RIGHT).await.expect(201);
    }
}
