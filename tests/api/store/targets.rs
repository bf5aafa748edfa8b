//! Targets stand in a table of their own and, as a copy, in the row of their user. Whatever is done, the two are equal.

use serde_json::{Value, json};
use usher::clock::Millis;
use usher::store::targets::{ProviderType, Target, Targets};
use usher::store::users::{self, User};
use usher::store::{Constraint, Error, ProjectKey, Result};

use super::schema::{Outside, TIME, new_user, user};
use crate::support::{PROJECT, TestApp, both, made_up};

const LATER: Millis = Millis(TIME.0 + 1000);
const LAST: Millis = Millis(TIME.0 + 2000);

/// Compares the copy of every user in the database with the rows of the table.
pub(super) async fn copies_are_right(outside: &mut Outside) {
    let copies = outside.texts("SELECT CAST(project AS TEXT), id, targets FROM users ORDER BY project, seq").await;
    let rows = outside
        .texts(
            "SELECT CAST(project AS TEXT), user_id, id, CAST(created_at AS TEXT), CAST(updated_at AS TEXT), name, \
             provider_id, provider_type, identifier, CASE WHEN expired THEN 'true' ELSE 'false' END \
             FROM targets ORDER BY project, seq",
        )
        .await;
    let number = |text: &str| text.parse::<i64>().unwrap();
    let nullable = |text: &str| if text == "NULL" { Value::Null } else { json!(text) };
    let mut compared = 0;
    for copy in copies {
        let of_user = rows.iter().filter(|row| row[..2] == copy[..2]);
        let expected: Vec<Value> = of_user
            .map(|row| {
                json!({
                    "id": row[2], "userId": row[1], "createdAt": number(&row[3]), "updatedAt": number(&row[4]),
                    "name": nullable(&row[5]), "providerId": nullable(&row[6]), "providerType": row[7],
                    "identifier": row[8], "expired": row[9] == "true"
                })
            })
            .collect();
        compared += expected.len();
        assert_eq!(serde_json::from_str::<Value>(&copy[2]).unwrap(), Value::from(expected), "{}", copy[1]);
    }
    assert_eq!(compared, rows.len(), "a target belongs to nobody");
}

/// A target that was added besides.
fn added(id: &str, user: &str, kind: ProviderType, identifier: &str) -> Target {
    Target {
        id: id.into(),
        user_id: user.into(),
        created_at: TIME,
        updated_at: TIME,
        name: Some("Phone of Ännä \"at work\" \\".into()),
        provider_id: Some("apns".into()),
        provider_type: kind,
        identifier: identifier.into(),
        expired: false,
    }
}

/// Changes a user as an endpoint does, and looks whether table and copy agree; the user's targets after it.
async fn change<F>(app: &TestApp, project: ProjectKey, id: &'static str, now: Millis, work: F) -> Result<Vec<Target>>
where
    F: FnOnce(&mut User) + Send + 'static,
{
    let changed: Result<User> = app
        .store()
        .write(move |tx| {
            Box::pin(async move {
                let before = users::lock(tx, project, id).await?.unwrap();
                let mut user = before.clone();
                work(&mut user);
                users::save(tx, project, &before, &mut user, now, None).await?;
                Ok(user)
            })
        })
        .await;
    copies_are_right(&mut Outside::of(app).await).await;
    let targets = targets(app, project, id).await;
    // The caller has seen what is stored.
    assert!(changed.as_ref().map_or(true, |user| user.targets.0 == targets));
    changed.map(|_| targets)
}

/// The targets that a reader of the user finds.
async fn targets(app: &TestApp, project: ProjectKey, id: &str) -> Vec<Target> {
    users::find(app.store().read(), project, id).await.unwrap().unwrap().targets.0
}

async fn insert(app: &TestApp, project: ProjectKey, user: User) -> Result<User> {
    let made = app.store().write(move |tx| Box::pin(async move { users::insert(tx, project, user, None).await })).await;
    copies_are_right(&mut Outside::of(app).await).await;
    made
}

both! {
    async fn a_new_user_has_a_target_for_each_address(app) {
        let project = app.project(PROJECT).await.key;
        for (id, email, phone) in [
            ("both", Some("both@x.org"), Some("+491")),
            ("email", Some("email@x.org"), None),
            ("phone", None, Some("+492")),
            ("none", None, None),
        ] {
            let made = insert(app, project, user(id, email, phone)).await.unwrap();
            let addresses = [(ProviderType::Email, email), (ProviderType::Sms, phone)];
            let expected: Vec<Target> = addresses
                .into_iter()
                .filter_map(|(kind, address)| Some((kind, address?)))
                .zip(&made.targets.0)
                .map(|((kind, address), target)| Target {
                    name: None, provider_id: None, ..added(made_up(&target.id), id, kind, address)
                })
                .collect();
            assert_eq!(made.targets.0, expected, "{id}");
            assert_eq!(targets(app, project, id).await, expected, "{id}");
        }
    }

    async fn targets_follow_the_addresses_of_their_user(app) {
        let project = app.project(PROJECT).await.key;
        insert(app, project, user("bert", Some("bert@x.org"), Some("+492"))).await.unwrap();
        let of_bert = targets(app, project, "bert").await;
        let first = insert(app, project, user("anna", Some("a@x.org"), Some("+491"))).await.unwrap().targets.0;
        let [email, phone] = [first[0].clone(), first[1].clone()];

        // What has nothing to do with them leaves them alone.
        assert_eq!(change(app, project, "anna", LATER, |user| user.name = "Anna".into()).await.unwrap(), first);
        assert_eq!(change(app, project, "anna", LATER, |_| ()).await.unwrap(), first);

        let renamed = Target { identifier: "b@x.org".into(), updated_at: LATER, ..email };
        let now = change(app, project, "anna", LATER, |user| user.email = Some("b@x.org".into())).await.unwrap();
        assert_eq!(now, [renamed.clone(), phone]);

        assert_eq!(change(app, project, "anna", LAST, |user| user.phone = None).await.unwrap(), std::slice::from_ref(&renamed));
        // A number that comes back is a new target.
        let now = change(app, project, "anna", LAST, |user| user.phone = Some("+491".into())).await.unwrap();
        assert_ne!(now[1].id, first[1].id);
        let fresh = Target {
            name: None, provider_id: None, created_at: LAST, updated_at: LAST,
            ..added(made_up(&now[1].id), "anna", ProviderType::Sms, "+491")
        };
        assert_eq!(now, [renamed, fresh]);

        let now = change(app, project, "anna", LAST, |user| (user.email, user.phone) = (None, None)).await.unwrap();
        assert_eq!(now, []);
        assert_eq!(targets(app, project, "bert").await, of_bert);
        // The address is free for others.
        let now = change(app, project, "bert", LAST, |user| user.email = Some("b@x.org".into())).await.unwrap();
        assert_eq!((now[0].id.as_str(), now[0].identifier.as_str()), (of_bert[0].id.as_str(), "b@x.org"));
    }

    async fn targets_that_were_added_change_in_every_column_and_go(app) {
        let project = app.project(PROJECT).await.key;
        let email = insert(app, project, user("anna", Some("a@x.org"), None)).await.unwrap().targets.0[0].clone();
        let device = added("device", "anna", ProviderType::Push, "token 1");
        let new = device.clone();
        let now = change(app, project, "anna", TIME, |user| user.targets.0.push(new)).await.unwrap();
        assert_eq!(now, [email.clone(), device.clone()]);

        for changed in [
            Target { identifier: "token 2".into(), ..device.clone() },
            Target { name: None, ..device.clone() },
            Target { provider_id: None, ..device.clone() },
            Target { expired: true, ..device.clone() },
            Target { updated_at: LATER, ..device.clone() },
            device.clone(),
        ] {
            let new = changed.clone();
            let now = change(app, project, "anna", LATER, |user| user.targets.0[1] = new).await.unwrap();
            assert_eq!(now, [email.clone(), changed]);
        }
        // An address that became another one is worth a try again.
        change(app, project, "anna", LATER, |user| user.targets.0[0].expired = true).await.unwrap();
        let now = change(app, project, "anna", LAST, |user| user.email = Some("b@x.org".into())).await.unwrap();
        assert_eq!(now[0], Target { identifier: "b@x.org".into(), updated_at: LAST, ..email.clone() });

        let now = change(app, project, "anna", LAST, |user| drop(user.targets.0.remove(1))).await.unwrap();
        assert_eq!(now.len(), 1);
        // The target of an address may have been deleted; the address then gets one when it changes.
        assert_eq!(change(app, project, "anna", LAST, |user| user.targets = Targets::default()).await.unwrap(), []);
        assert_eq!(change(app, project, "anna", LAST, |user| user.email_verified = true).await.unwrap(), []);
        let now = change(app, project, "anna", LAST, |user| user.email = Some("c@x.org".into())).await.unwrap();
        assert_eq!((now.len(), now[0].identifier.as_str()), (1, "c@x.org"));
        assert_ne!(now[0].id, email.id);
    }

    async fn an_address_can_move_from_one_target_to_another(app) {
        let project = app.project(PROJECT).await.key;
        insert(app, project, user("anna", Some("a@x.org"), None)).await.unwrap();
        let second = added("second", "anna", ProviderType::Email, "b@x.org");
        let new = second.clone();
        change(app, project, "anna", TIME, |user| user.targets.0.push(new)).await.unwrap();
        // The user takes the second address as the first: its target stays, that of the old one goes.
        let now = change(app, project, "anna", LATER, |user| user.email = Some("b@x.org".into())).await.unwrap();
        assert_eq!(now, std::slice::from_ref(&second));
        // One target is removed and another one gets its address, in one change.
        let now = change(app, project, "anna", LATER, |user| {
            user.targets = Targets(vec![added("third", "anna", ProviderType::Push, "b@x.org")]);
        }).await.unwrap();
        assert_eq!(now, [added("third", "anna", ProviderType::Push, "b@x.org")]);
    }

    async fn an_address_that_is_taken_is_refused_and_nothing_changes(app) {
        let project = app.project(PROJECT).await.key;
        insert(app, project, user("anna", Some("a@x.org"), None)).await.unwrap();
        insert(app, project, user("bert", Some("b@x.org"), None)).await.unwrap();
        let device = added("device", "anna", ProviderType::Push, "second@x.org");
        change(app, project, "anna", TIME, |user| user.targets.0.push(device)).await.unwrap();
        let before = [targets(app, project, "anna").await, targets(app, project, "bert").await];

        // The address of another user's target, though that one is no user's email.
        let taken = change(app, project, "bert", LATER, |user| user.email = Some("second@x.org".into())).await;
        assert!(matches!(taken, Err(Error::Conflict(Constraint::TargetIdentifier))), "{taken:?}");
        let taken = insert(app, project, user("carl", Some("second@x.org"), None)).await;
        assert!(matches!(taken, Err(Error::Conflict(Constraint::TargetIdentifier))), "{taken:?}");
        // The same where a target is added: by its address, and by its id.
        for (id, address, constraint) in [
            ("new", "a@x.org", Constraint::TargetIdentifier),
            ("new", "second@x.org", Constraint::TargetIdentifier),
            ("device", "free@x.org", Constraint::TargetId),
        ] {
            let target = added(id, "bert", ProviderType::Push, address);
            let taken = change(app, project, "bert", LATER, |user| user.targets.0.push(target)).await;
            assert!(matches!(taken, Err(Error::Conflict(found)) if found == constraint), "{id} {address}: {taken:?}");
        }
        assert_eq!([targets(app, project, "anna").await, targets(app, project, "bert").await], before);
        assert_eq!(users::find(app.store().read(), project, "carl").await.unwrap(), None);
        let bert = users::find(app.store().read(), project, "bert").await.unwrap().unwrap();
        assert_eq!((bert.email.as_deref(), bert.updated_at), (Some("b@x.org"), TIME));
    }

    async fn projects_may_have_the_same_targets_and_leave_each_other_alone(app) {
        let (project, other) = (app.project(PROJECT).await.key, app.new_project("other").await.key);
        for project in [project, other] {
            insert(app, project, user("anna", Some("a@x.org"), Some("+491"))).await.unwrap();
            let device = added("device", "anna", ProviderType::Push, "token");
            change(app, project, "anna", TIME, |user| user.targets.0.push(device)).await.unwrap();
        }
        let before = targets(app, other, "anna").await;
        assert_eq!(before.len(), 3);
        change(app, project, "anna", LATER, |user| {
            (user.email, user.phone) = (Some("b@x.org".into()), None);
            user.targets.0[2].name = None;
        }).await.unwrap();
        change(app, project, "anna", LATER, |user| drop(user.targets.0.pop())).await.unwrap();
        assert_eq!(targets(app, other, "anna").await, before);
    }

    async fn targets_go_with_their_user_and_their_addresses_are_free(app) {
        let project = app.project(PROJECT).await.key;
        for (id, email) in [("anna", "a@x.org"), ("bert", "b@x.org")] {
            insert(app, project, user(id, Some(email), None)).await.unwrap();
        }
        let device = added("device", "anna", ProviderType::Push, "token");
        let same = device.clone();
        change(app, project, "anna", TIME, |user| user.targets.0.push(device)).await.unwrap();
        app.write(move |tx| Box::pin(async move {
            let user = users::lock(tx, project, "anna").await?.unwrap();
            users::delete(tx, project, &user).await
        })).await;
        let mut outside = Outside::of(app).await;
        copies_are_right(&mut outside).await;
        assert_eq!(outside.texts("SELECT user_id, identifier FROM targets").await, [["bert", "b@x.org"]]);
        let fresh = User { targets: Targets(vec![same.clone()]), email: Some("a@x.org".into()), ..new_user("anna") };
        let made = insert(app, project, fresh).await.unwrap().targets.0;
        assert_eq!((&made[0], made[1].identifier.as_str(), made.len()), (&same, "a@x.org", 2));
    }
}
