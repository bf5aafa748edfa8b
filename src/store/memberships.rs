//! Memberships of users in teams.

use super::row::record;
use super::{On, ProjectKey, Result, Tx, sql};
use crate::clock::Millis;

/// A membership with what is shown of its user and team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// The user's present name.
    pub user_name: String,
    /// The user's present email address.
    pub user_email: Option<String>,
    /// Which team.
    pub team_id: String,
    /// The team's present name.
    pub team_name: String,
    /// When it was made.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// When the invitation was sent.
    pub invited: Option<Millis>,
    /// When it was accepted.
    pub joined: Option<Millis>,
    /// Whether it was accepted.
    pub confirm: bool,
    /// JSON list of roles.
    pub roles: String,
}

record! {
    Membership {
        id, user_id, user_name, user_email, team_id, team_name, created_at, updated_at, invited, joined, confirm,
        roles,
    }
}

macro_rules! columns {
    () => {
        "t.id, t.user_id, u.name AS user_name, u.email AS user_email, t.team_id, e.name AS team_name, t.created_at, \
         t.updated_at, t.invited, t.joined, t.confirm, t.roles"
    };
}

macro_rules! tables {
    () => {
        "memberships t JOIN users u ON u.project = t.project AND u.id = t.user_id \
         JOIN teams e ON e.project = t.project AND e.id = t.team_id"
    };
}

/// What lists select.
pub(super) const COLUMNS: &str = columns!();

/// Where [`COLUMNS`] come from.
pub(super) const TABLES: &str = tables!();

/// The memberships of a user, oldest first.
pub async fn of(on: On<'_>, project: ProjectKey, user: &str) -> Result<Vec<Membership>> {
    sql(concat!("SELECT ", columns!(), " FROM ", tables!(), " WHERE t.project = $1 AND t.user_id = $2 ORDER BY t.seq"))
        .bind(project)
        .bind(user)
        .all(on)
        .await
}

/// A membership that is about to be stored.
#[derive(Debug, Clone)]
pub struct NewMembership<'a> {
    /// Its id.
    pub id: &'a str,
    /// Whose it is.
    pub user_id: &'a str,
    /// Which team.
    pub team_id: &'a str,
    /// When the invitation was sent.
    pub invited: Option<Millis>,
    /// When it was accepted; the membership is confirmed when there is one.
    pub joined: Option<Millis>,
    /// What the member may do.
    pub roles: &'a [String],
}

/// Stores a membership; a confirmed one counts in the team's total.
pub async fn insert(tx: &mut Tx, project: ProjectKey, new: &NewMembership<'_>, now: Millis) -> Result<()> {
    let roles = serde_json::to_string(new.roles).map_err(|error| super::Error::Other(Box::new(error)))?;
    let (seq,): (i64,) = sql("INSERT INTO memberships (project, id, user_id, team_id, created_at, updated_at, \
         invited, joined, confirm, roles) VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9) RETURNING seq")
    .bind(project)
    .bind(new.id)
    .bind(new.user_id)
    .bind(new.team_id)
    .bind(now)
    .bind(new.invited)
    .bind(new.joined)
    .bind(new.joined.is_some())
    .bind(roles)
    .one(tx.on())
    .await?;
    for role in new.roles {
        sql("INSERT INTO membership_roles (project, role, membership_seq) VALUES ($1, $2, $3)")
            .bind(project)
            .bind(role)
            .bind(seq)
            .execute(tx.on())
            .await?;
    }
    if new.joined.is_some() {
        super::teams::join(tx, project, new.team_id).await?;
    }
    Ok(())
}
