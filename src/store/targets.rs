//! Messaging targets: the addresses at which a user can be reached. Those of the email and the phone number follow
//! them; others are added by API keys.
//!
//! A user is read with all targets ([`Targets`], a JSON copy in the row of the user). The table is written by
//! [`super::users`] alone, which stores how the copy has changed, so that neither can forget the other.

use serde::{Deserialize, Serialize};

use super::row::{record, text_column};
use super::{Constraint, Error, ProjectKey, Result, Sql, sql};
use crate::clock::Millis;
use crate::id;

/// What kind of address a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderType {
    /// An email address.
    Email,
    /// A phone number.
    Sms,
    /// A device, by the token that its maker's service gave it.
    Push,
}

impl ProviderType {
    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Push => "push",
        }
    }
}

impl TryFrom<&str> for ProviderType {
    type Error = String;

    fn try_from(name: &str) -> Result<Self, String> {
        let known = [Self::Email, Self::Sms, Self::Push].into_iter().find(|kind| kind.as_str() == name);
        known.ok_or_else(|| format!("there is no kind of target called {name}"))
    }
}

/// A target as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// When it was made.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// What people call it.
    pub name: Option<String>,
    /// The messaging provider that serves it.
    pub provider_id: Option<String>,
    /// What kind of address it is.
    pub provider_type: ProviderType,
    /// The address: unique in a project.
    pub identifier: String,
    /// Whether the provider said that the address is gone.
    pub expired: bool,
}

record! {
    Target {
        id, user_id, created_at, updated_at, name, provider_id, provider_type, identifier, expired,
    }
}

/// What lists select.
pub(super) const COLUMNS: &str = "t.id, t.user_id, t.created_at, t.updated_at, t.name, t.provider_id, \
    t.provider_type, t.identifier, t.expired";

/// The targets of one user, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Targets(pub Vec<Target>);

impl TryFrom<&str> for Targets {
    type Error = serde_json::Error;

    fn try_from(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }
}

text_column! { ProviderType }
text_column! { Targets }

impl Targets {
    /// The target with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Target> {
        self.0.iter().find(|target| target.id == id)
    }

    /// As [`Targets::get`], to change it.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut Target> {
        self.0.iter_mut().find(|target| target.id == id)
    }

    /// Adds a target.
    ///
    /// # Errors
    /// A conflict when there is one with its id, which `changes` would take for the same one with changes.
    pub fn add(&mut self, target: Target) -> Result<()> {
        match self.get(&target.id) {
            Some(_) => Err(Error::Conflict(Constraint::TargetId)),
            None => {
                self.0.push(target);
                Ok(())
            }
        }
    }

    /// Takes the target with this id out.
    pub fn remove(&mut self, id: &str) -> Option<Target> {
        let at = self.0.iter().position(|target| target.id == id)?;
        Some(self.0.remove(at))
    }

    /// The form in the row of the user.
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "[]".into())
    }

    /// Keeps the target of an address of the user in step with it: renames the one of the old address, makes one when
    /// there is none, and removes it when the user has the address no more.
    pub(super) fn follow(&mut self, kind: ProviderType, user: &str, old: Option<&str>, new: Option<&str>, now: Millis) {
        if old == new {
            return;
        }
        let at = |address: Option<&str>, targets: &[Target]| {
            targets
                .iter()
                .position(|target| target.provider_type == kind && Some(target.identifier.as_str()) == address)
        };
        match (at(old, &self.0), new, at(new, &self.0)) {
            // The new address is a target of the user already.
            (Some(old), _, Some(_)) | (Some(old), None, None) => drop(self.0.remove(old)),
            (Some(old), Some(new), None) => {
                let target = &mut self.0[old];
                (target.identifier, target.updated_at, target.expired) = (new.to_owned(), now, false);
            }
            (None, Some(new), None) => self.0.push(Target {
                id: id::at(now),
                user_id: user.to_owned(),
                created_at: now,
                updated_at: now,
                name: None,
                provider_id: None,
                provider_type: kind,
                identifier: new.to_owned(),
                expired: false,
            }),
            (None, ..) => {}
        }
    }
}

/// What makes the table say what `after` says, where it said what `before` does. Removed ones go first, so that an address
/// can move from one target to another.
pub(super) fn changes(project: ProjectKey, before: &Targets, after: &Targets) -> Vec<Sql> {
    let gone = before.0.iter().filter(|old| !after.0.iter().any(|new| new.id == old.id));
    let gone = gone.map(|old| sql("DELETE FROM targets WHERE project = $1 AND id = $2").bind(project).bind(&old.id));
    let rest = after.0.iter().filter_map(|target| match before.0.iter().find(|old| old.id == target.id) {
        Some(old) if old == target => None,
        Some(_) => Some(update(project, target)),
        None => Some(insert(project, target)),
    });
    gone.chain(rest).collect()
}

/// Appends the values of a row, without the project.
pub(super) fn push_values(to: &mut Sql, target: &Target) {
    to.push_binds([
        (&target.id).into(),
        (&target.user_id).into(),
        target.created_at.into(),
        target.updated_at.into(),
        target.name.as_deref().into(),
        target.provider_id.as_deref().into(),
        target.provider_type.as_str().into(),
        (&target.identifier).into(),
        target.expired.into(),
    ]);
}

/// The statement that stores a new one.
pub(super) fn insert(project: ProjectKey, target: &Target) -> Sql {
    let mut insert = sql("INSERT INTO targets (project, id, user_id, created_at, updated_at, name, provider_id, \
         provider_type, identifier, expired) VALUES ($1, ")
    .bind(project);
    push_values(&mut insert, target);
    insert.push(")");
    insert
}

fn update(project: ProjectKey, target: &Target) -> Sql {
    sql("UPDATE targets SET updated_at = $3, name = $4, provider_id = $5, identifier = $6, expired = $7 \
         WHERE project = $1 AND id = $2")
    .bind(project)
    .bind(&target.id)
    .bind(target.updated_at)
    .bind(target.name.as_deref())
    .bind(target.provider_id.as_deref())
    .bind(&target.identifier)
    .bind(target.expired)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_000);
    const LATER: Millis = Millis(2_000);

    fn with_email(address: &str) -> Targets {
        let mut targets = Targets::default();
        targets.follow(ProviderType::Email, "u", None, Some(address), NOW);
        targets
    }

    fn addresses(targets: &Targets) -> Vec<&str> {
        targets.0.iter().map(|target| target.identifier.as_str()).collect()
    }

    #[test]
    fn an_id_is_there_once() {
        let mut targets = with_email("a@b.org");
        let first = targets.0[0].clone();
        let again = Target { identifier: "token".into(), provider_type: ProviderType::Push, ..first.clone() };
        assert!(matches!(targets.add(again.clone()), Err(Error::Conflict(Constraint::TargetId))));
        assert_eq!(targets.0, std::slice::from_ref(&first));
        let other = Target { id: "other".into(), ..again };
        targets.add(other.clone()).unwrap();
        assert_eq!(targets.0, [first.clone(), other.clone()]);
        assert_eq!(targets.get("other"), Some(&other));
        assert_eq!(targets.get_mut("Other"), None);
        assert_eq!((targets.remove("nothing"), targets.remove(&first.id)), (None, Some(first)));
        assert_eq!(targets.0, [other]);
    }

    #[test]
    fn a_first_address_makes_a_target() {
        let targets = with_email("a@b.org");
        assert_eq!(addresses(&targets), ["a@b.org"]);
        assert_eq!((targets.0[0].user_id.as_str(), targets.0[0].created_at, targets.0[0].expired), ("u", NOW, false));
        assert_eq!(Targets::try_from(targets.to_json().as_str()).unwrap(), targets);
    }

    #[test]
    fn a_new_address_renames_it_and_an_empty_one_removes_it() {
        let mut targets = with_email("a@b.org");
        let id = targets.0[0].id.clone();
        targets.0[0].expired = true;
        targets.follow(ProviderType::Email, "u", Some("a@b.org"), Some("c@d.org"), LATER);
        assert_eq!(addresses(&targets), ["c@d.org"]);
        assert_eq!((&targets.0[0].id, targets.0[0].updated_at, targets.0[0].expired), (&id, LATER, false));
        targets.follow(ProviderType::Email, "u", Some("c@d.org"), None, LATER);
        assert_eq!(targets, Targets::default());
    }

    #[test]
    fn other_targets_are_left_alone() {
        let mut targets = with_email("a@b.org");
        targets.follow(ProviderType::Sms, "u", None, Some("+4912345678"), NOW);
        targets.follow(ProviderType::Sms, "u", Some("+4912345678"), None, NOW);
        assert_eq!(addresses(&targets), ["a@b.org"]);
        // Same text, other kind.
        targets.follow(ProviderType::Push, "u", Some("a@b.org"), None, NOW);
        assert_eq!(addresses(&targets), ["a@b.org"]);
        let before = targets.clone();
        targets.follow(ProviderType::Email, "u", Some("a@b.org"), Some("a@b.org"), LATER);
        assert_eq!(targets, before);
    }

    #[test]
    fn an_address_that_is_a_target_already_stays_that_one() {
        let mut targets = with_email("a@b.org");
        targets.follow(ProviderType::Email, "u", None, Some("second@b.org"), NOW);
        let second = targets.0[1].clone();
        targets.follow(ProviderType::Email, "u", Some("a@b.org"), Some("second@b.org"), LATER);
        assert_eq!(targets.0, std::slice::from_ref(&second));
        // The target of the address was deleted meanwhile.
        targets.follow(ProviderType::Email, "u", Some("gone@b.org"), Some("second@b.org"), LATER);
        assert_eq!(targets.0, [second]);
        targets.follow(ProviderType::Email, "u", Some("gone@b.org"), None, LATER);
        assert_eq!(addresses(&targets), ["second@b.org"]);
    }
}
