//! Each unique constraint is violated once and is known by its name on both engines.

use usher::clock::Millis;
use usher::store::identities::{self, Identity};
use usher::store::keys::{self, NewKey};
use usher::store::memberships::{self, NewMembership};
use usher::store::passkeys::{self, Passkey};
use usher::store::sessions::{self, Session};
use usher::store::targets::{ProviderType, Target, Targets};
use usher::store::tokens::{self, Token};
use usher::store::users::{self, User};
use usher::store::{Constraint, Error, ProjectKey, Result, Tx, projects, teams};

use crate::support::{PROJECT, both};
use crate::users::passkeys::credential;

pub const TIME: Millis = Millis(1_767_323_045_678);

pub fn user(id: &str, email: Option<&str>, phone: Option<&str>) -> User {
    User {
        seq: 0,
        id: id.into(),
        created_at: TIME,
        updated_at: TIME,
        registration: TIME,
        name: String::new(),
        email: email.map(str::to_owned),
        phone: phone.map(str::to_owned),
        status: true,
        email_verified: false,
        phone_verified: false,
        labels: "[]".into(),
        prefs: "{}".into(),
        password: None,
        hash: "argon2".into(),
        hash_options: "{}".into(),
        password_history: "[]".into(),
        password_update: None,
        password_pwned: None,
        mfa: false,
        impersonator: false,
        accessed_at: None,
        targets: Targets::default(),
    }
}

pub fn session(id: &str, user: &str, digest: &str) -> Session {
    Session {
        id: id.into(),
        user_id: user.into(),
        created_at: TIME,
        updated_at: TIME,
        expire: TIME,
        provider: "email".into(),
        provider_uid: String::new(),
        provider_access_token: None,
        provider_access_token_expiry: None,
        provider_refresh_token: None,
        digest: digest.into(),
        ip: String::new(),
        user_agent: String::new(),
        factors: "[]".into(),
        mfa_updated_at: None,
    }
}

pub(super) fn identity(id: &str, user: &str, uid: &str) -> Identity {
    Identity {
        seq: 0,
        id: id.into(),
        user_id: user.into(),
        created_at: TIME,
        updated_at: TIME,
        provider: "github".into(),
        provider_uid: uid.into(),
        provider_email: String::new(),
        provider_access_token: None,
        provider_access_token_expiry: None,
        provider_refresh_token: None,
        provider_id_token: None,
    }
}

pub(super) fn membership<'a>(id: &'a str, user: &'a str, team: &'a str, roles: &'a [String]) -> NewMembership<'a> {
    NewMembership { id, user_id: user, team_id: team, invited: None, joined: Some(TIME), roles }
}

pub(super) fn key<'a>(id: &'a str, digest: &'a str) -> NewKey<'a> {
    NewKey { id, name: "key", digest, hint: "1234", scopes: "[]", expire: None }
}

/// What the violations run into: two users, two teams, and one row of everything else.
async fn prepare(tx: &mut Tx, project: ProjectKey) -> Result<()> {
    users::insert(tx, project, user("u1", Some("a@x.org"), Some("+491")), None).await?;
    users::insert(tx, project, user("u2", None, None), None).await?;
    sessions::insert(tx, project, &session("s1", "u1", "d1")).await?;
    identities::insert(tx, project, &identity("i1", "u1", "uid1")).await?;
    teams::insert(tx, project, "t1", "Team", TIME).await?;
    teams::insert(tx, project, "t2", "Team", TIME).await?;
    memberships::insert(tx, project, &membership("m1", "u1", "t1", &[]), TIME).await?;
    keys::insert(tx, project, &key("k1", "kd1"), TIME).await?;
    tokens::insert(tx, project, &token("k1", "u1")).await?;
    passkeys::insert(tx, project, &passkey("p1"), Some(&credential("c1"))).await?;
    // Those that wait for their credential do not stand in each other's way.
    passkeys::insert(tx, project, &passkey("p3"), None).await?;
    passkeys::insert(tx, project, &passkey("p4"), None).await?;
    add_target(tx, project, "t1", "device").await
}

/// Gives the second user one more target.
async fn add_target(tx: &mut Tx, project: ProjectKey, id: &str, identifier: &str) -> Result<()> {
    let before = users::lock(tx, project, "u2").await?.unwrap();
    let mut user = User { targets: Targets::default(), ..before.clone() };
    user.targets.0.push(Target {
        id: id.into(),
        user_id: "u2".into(),
        created_at: TIME,
        updated_at: TIME,
        name: None,
        provider_id: None,
        provider_type: ProviderType::Push,
        identifier: identifier.into(),
        expired: false,
    });
    // What the copy knows already would be no insertion; here it is to meet the table.
    let before = User { targets: Targets::default(), ..before };
    users::save(tx, project, &before, &mut user, TIME, None).await
}

pub fn token(id: &str, user: &str) -> Token {
    Token { id: id.into(), user_id: user.into(), created_at: TIME, expire: TIME, digest: id.into(), attempts: 0 }
}

fn passkey(id: &str) -> Passkey {
    Passkey {
        id: id.into(),
        user_id: "u1".into(),
        created_at: TIME,
        updated_at: TIME,
        name: String::new(),
        accessed_at: None,
    }
}

/// Does the same as before in the one respect that the constraint is about, and differs in every other.
async fn violate(tx: &mut Tx, project: ProjectKey, constraint: Constraint) -> Result<()> {
    match constraint {
        Constraint::ProjectId => projects::insert(tx, PROJECT, "again", TIME).await.map(drop),
        Constraint::ApiKeyId => keys::insert(tx, project, &key("k1", "kd2"), TIME).await,
        Constraint::ApiKeyDigest => keys::insert(tx, project, &key("k2", "kd1"), TIME).await,
        Constraint::UserId => users::insert(tx, project, user("u1", None, None), None).await.map(drop),
        Constraint::UserEmail => users::insert(tx, project, user("u3", Some("a@x.org"), None), None).await.map(drop),
        Constraint::UserPhone => users::insert(tx, project, user("u3", None, Some("+491")), None).await.map(drop),
        Constraint::SessionId => sessions::insert(tx, project, &session("s1", "u2", "d2")).await,
        Constraint::SessionDigest => sessions::insert(tx, project, &session("s2", "u2", "d1")).await,
        Constraint::IdentityId => identities::insert(tx, project, &identity("i1", "u2", "uid2")).await,
        Constraint::IdentityProviderUid => identities::insert(tx, project, &identity("i2", "u2", "uid1")).await,
        Constraint::TargetId => add_target(tx, project, "t1", "second@x.org").await,
        Constraint::TargetIdentifier => add_target(tx, project, "t2", "device").await,
        Constraint::TokenId => tokens::insert(tx, project, &token("k1", "u2")).await,
        Constraint::PasskeyId => passkeys::insert(tx, project, &passkey("p1"), Some(&credential("c2"))).await,
        Constraint::PasskeyCredential => passkeys::insert(tx, project, &passkey("p2"), Some(&credential("c1"))).await,
        Constraint::TeamId => teams::insert(tx, project, "t1", "Again", TIME).await,
        Constraint::MembershipId => memberships::insert(tx, project, &membership("m1", "u1", "t2", &[]), TIME).await,
        Constraint::MembershipUserTeam => {
            memberships::insert(tx, project, &membership("m2", "u1", "t1", &[]), TIME).await
        }
    }
}

both! {
    async fn each_constraint_is_known_by_its_name(app) {
        let project = app.project(PROJECT).await.key;
        app.write(move |tx| Box::pin(prepare(tx, project))).await;
        for constraint in Constraint::ALL.iter().copied() {
            let violated: Result<()> =
                app.store().write(move |tx| Box::pin(violate(tx, project, constraint))).await;
            let known = matches!(violated, Err(Error::Conflict(found)) if found == constraint);
            assert!(known, "{constraint:?}: {violated:?}");
        }
    }

    async fn an_update_into_a_taken_value_is_a_conflict_and_changes_nothing(app) {
        let project = app.project(PROJECT).await.key;
        app.write(move |tx| Box::pin(prepare(tx, project))).await;
        for (constraint, email) in [(Constraint::UserEmail, true), (Constraint::UserPhone, false)] {
            let violated: Result<()> = app
                .store()
                .write(move |tx| {
                    Box::pin(async move {
                        let before = users::lock(tx, project, "u2").await?.unwrap();
                        let mut user = User { name: "undone".into(), ..before.clone() };
                        users::save(tx, project, &before, &mut user, TIME, None).await?;
                        let mut taken = user.clone();
                        match email {
                            true => taken.email = Some("a@x.org".into()),
                            false => taken.phone = Some("+491".into()),
                        }
                        users::save(tx, project, &user, &mut taken, TIME, None).await
                    })
                })
                .await;
            assert!(matches!(violated, Err(Error::Conflict(found)) if found == constraint), "{violated:?}");
        }
        let user = users::find(app.store().read(), project, "u2").await.unwrap().unwrap();
        assert_eq!((user.name.as_str(), user.email, user.phone), ("", None, None));
    }

    async fn what_is_taken_in_one_project_is_free_in_another(app) {
        let project = app.project(PROJECT).await.key;
        app.write(move |tx| Box::pin(prepare(tx, project))).await;
        let other = app.new_project("other").await.key;
        app.write(move |tx| Box::pin(prepare(tx, other))).await;
    }

    async fn many_users_may_be_without_email_and_phone(app) {
        let project = app.project(PROJECT).await.key;
        for id in ["a", "b", "c"] {
            app.write(move |tx| Box::pin(users::insert(tx, project, user(id, None, None), None))).await;
        }
    }
}
