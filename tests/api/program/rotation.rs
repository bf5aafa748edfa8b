//! `usher secret rotate`: another secret comes into use, and nothing that was sealed or signed is lost on the way.

use serde_json::{Value, json};
use usher::config::{Config, DatabaseUrl};
use usher::secret::{Hidden, Seal};
use usher::store::Engine;

use super::Place;
use super::process::text;
use crate::account::people::stranger;
use crate::copy::everything::everything_of;
use crate::store::schema::Outside;
use crate::support::{TestApp, both};

pub(super) const OLD: &str = "a secret of the tests, 32 characters or more";
pub(super) const NEW: &str = "another secret of tests, of 32 characters";
pub(super) const BOTH: [(&str, &str); 2] = [("USHER_SECRET", NEW), ("USHER_SECRET_PREVIOUS", OLD)];
pub(super) const ROTATE: [&str; 2] = ["secret", "rotate"];

/// What is sealed of one who has everything: sessions, identities, recovery codes, an authenticator, a challenge.
const SEALED: [(&str, u64); 5] =
    [("sessions", 2), ("identities", 3), ("recovery_codes", 1), ("authenticators", 1), ("challenges", 1)];

/// Where commands run on the database of this server.
pub(super) fn place(app: &TestApp) -> Place {
    Place::at(&match &app.app.config.database {
        DatabaseUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
        DatabaseUrl::Postgres(url) => url.0.clone(),
    })
}

/// A server on the same database with these secrets.
pub(super) async fn server(app: &TestApp, secret: &str, previous: Option<&str>) -> TestApp {
    let hidden = |secret: &str| Some(Hidden(secret.to_owned()));
    let config =
        Config { secret: hidden(secret), secret_previous: previous.and_then(hidden), ..app.app.config.clone() };
    app.configured(config).await
}

/// What is printed: of each table how many values were sealed anew, were already, and cannot be opened.
fn lines(counts: impl Fn(u64) -> [u64; 3]) -> String {
    let line = |(table, sealed): &(&str, u64)| {
        let [anew, current, closed] = counts(*sealed);
        format!("{table}\t{anew} sealed anew\t{current} were already\t0 changed meanwhile\t{closed} cannot be opened\n")
    };
    SEALED.iter().map(line).collect()
}

/// What a key sees of everything that is sealed.
async fn unsealed(app: &TestApp) -> Vec<Value> {
    let mut seen = Vec::new();
    for path in ["anna/sessions", "identities", "anna/mfa/recovery-codes", "anna/mfa/challenges/challenge-of-anna"] {
        seen.push(app.admin().get(&format!("/v1/users/{path}")).await.expect(200));
    }
    seen
}

both! {
    async fn what_was_sealed_and_signed_survives_the_change(app) {
        everything_of(app, "anna").await;
        let jwt = async |server: &TestApp| {
            let made = server.admin().post("/v1/users/anna/jwts", &json!({})).await.expect(201);
            made["jwt"].as_str().unwrap().to_owned()
        };
        let (before, old_jwt) = (unsealed(app).await, jwt(app).await);
        let account = async |server: &TestApp, jwt: &str| {
            stranger(server).header("x-appwrite-jwt", jwt).get("/v1/account").await.status
        };
        // Servers that have both secrets read what the old one has sealed and signed.
        let between = server(app, NEW, Some(OLD)).await;
        assert_eq!(unsealed(&between).await, before);
        assert_eq!(account(&between, &old_jwt).await, 200);
        let new_jwt = jwt(&between).await;
        assert_eq!((account(&between, &new_jwt).await, account(app, &new_jwt).await), (200, 401));

        let place = place(app);
        let output = place.run(&ROTATE, &BOTH);
        assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
        assert_eq!(text(&output.stdout), lines(|sealed| [sealed, 0, 0]));
        assert_eq!(text(&place.run(&ROTATE, &BOTH).stdout), lines(|sealed| [0, sealed, 0]));
        assert_eq!(unsealed(&between).await, before);
        let after = server(app, NEW, None).await;
        assert_eq!(unsealed(&after).await, before);
        assert_eq!((account(&after, &new_jwt).await, account(&after, &old_jwt).await), (200, 401));
        // The old secret opens none of it any more, not even what no endpoint shows.
        let mut outside = Outside::of(app).await;
        let hex = if app.engine() == Engine::Sqlite { "hex(secret)" } else { "encode(secret, 'hex')" };
        let secret = outside.text(&format!("SELECT {hex} FROM authenticators")).await;
        let secret: Vec<u8> =
            (0..secret.len()).step_by(2).map(|at| u8::from_str_radix(&secret[at..at + 2], 16).unwrap()).collect();
        assert_eq!(Seal::new(NEW).open(&secret).as_deref(), Some("Recognisable"));
        assert_eq!(Seal::new(OLD).open(&secret), None);
        // And nothing but the seals has changed.
        assert_eq!(outside.text("SELECT CAST(updated_at AS TEXT) FROM authenticators").await, "1");
        for server in [between, after] {
            server.finish().await;
        }
    }

    async fn what_neither_secret_opens_is_named_and_left(app) {
        everything_of(app, "anna").await;
        let place = place(app);
        let wrong = [("USHER_SECRET", NEW), ("USHER_SECRET_PREVIOUS", "not the one that was in use, 32 characters")];
        let output = place.run(&ROTATE, &wrong);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), lines(|sealed| [0, 0, sealed])));
        let said = text(&output.stderr);
        for line in [
            "usher: neither secret opens provider_access_token of sessions session-of-anna in project demo\n",
            "usher: neither secret opens provider_id_token of identities identity-of-anna in project demo\n",
            "usher: neither secret opens codes of recovery_codes anna in project demo\n",
            "usher: neither secret opens secret of authenticators anna in project demo\n",
            "usher: neither secret opens code of challenges challenge-of-anna in project demo\n",
            "usher: 8 values are opened by neither USHER_SECRET nor USHER_SECRET_PREVIOUS\n",
        ] {
            assert!(said.contains(line), "{said}");
        }
        assert!(!said.contains("secret of the tests") && !said.contains(NEW), "{said}");
        // One of them cannot be opened, and all others are.
        let broken = if app.engine() == Engine::Sqlite { "X'00'" } else { "CAST('\\x00' AS BYTEA)" };
        Outside::of(app).await.run(&format!("UPDATE challenges SET code = {broken}")).await.unwrap();
        let output = place.run(&ROTATE, &BOTH);
        assert_eq!(output.status.code(), Some(1));
        let said = text(&output.stdout);
        let last = "challenges\t0 sealed anew\t0 were already\t0 changed meanwhile\t1 cannot be opened\n";
        assert!(said.starts_with("sessions\t2 sealed anew") && said.ends_with(last), "{said}");
    }

    /// Servers replace recovery codes while they are sealed anew: those that were answered last are those that stand.
    async fn no_change_of_a_server_is_lost(app) {
        let people: Vec<String> = (0..10).map(|n| format!("u{n}")).collect();
        for id in &people {
            app.user(id, json!({})).await;
            app.admin().patch(&format!("/v1/users/{id}/mfa/recovery-codes"), &json!({})).await.expect(200);
        }
        let between = server(app, NEW, Some(OLD)).await;
        let place = place(app);
        let mut command = place.command(&ROTATE, &BOTH);
        let rotating = tokio::task::spawn_blocking(move || command.output().unwrap());
        let mut last: Vec<Value> = vec![Value::Null; people.len()];
        let mut n = 0;
        while !rotating.is_finished() || n < people.len() {
            let path = format!("/v1/users/{}/mfa/recovery-codes", people[n % people.len()]);
            last[n % people.len()] = between.admin().put(&path, &json!({})).await.expect(200);
            n += 1;
        }
        let output = rotating.await.unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let after = server(app, NEW, None).await;
        for (id, codes) in people.iter().zip(last) {
            assert_eq!(after.admin().get(&format!("/v1/users/{id}/mfa/recovery-codes")).await.expect(200), codes);
        }
        for server in [between, after] {
            server.finish().await;
        }
    }
}

#[test]
fn two_secrets_are_needed_that_differ() {
    let place = Place::sqlite();
    for (variables, part) in [
        (&[][..], "USHER_SECRET and USHER_SECRET_PREVIOUS"),
        (&[("USHER_SECRET", NEW)], "USHER_SECRET and USHER_SECRET_PREVIOUS"),
        (&[("USHER_SECRET_PREVIOUS", OLD)], "USHER_SECRET_PREVIOUS is set without USHER_SECRET"),
        (&[("USHER_SECRET", OLD), ("USHER_SECRET_PREVIOUS", OLD)], "must be another secret than USHER_SECRET"),
        (&[("USHER_SECRET", NEW), ("USHER_SECRET_PREVIOUS", "hunter2")], "at least 32 characters long"),
        (
            &[("USHER_SECRET", NEW), ("USHER_SECRET_PREVIOUS_FILE", "absent")],
            "USHER_SECRET_PREVIOUS_FILE must name a file",
        ),
    ] {
        let said = place.fails(&ROTATE, variables, part);
        assert!(!said.contains("hunter2") && !said.contains(OLD), "{said}");
        assert_eq!(place.run(&ROTATE, variables).status.code(), Some(1));
    }
    // Nothing was made.
    assert_eq!(std::fs::read_dir(place.folder.path()).unwrap().count(), 0);
    std::fs::write(place.folder.path().join("old"), format!("{OLD}\n")).unwrap();
    let from_file = [("USHER_SECRET", NEW), ("USHER_SECRET_PREVIOUS_FILE", "old")];
    let output = place.run(&ROTATE, &from_file);
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
}
