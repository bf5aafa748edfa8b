//! Projects and API keys as requests need them: looked up once and remembered for a few seconds, so that a request
//! costs no round trip for them, and so that a revoked key stops to work soon on every node without any messages
//! between nodes.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;

use crate::app::App;
use crate::clock::Millis;
use crate::error::{Error, Kind, Result};
use crate::metrics::{Named, Striped};
use crate::request_id;
use crate::secret::{digest, hex, sha256};
use crate::store::projects::Project;
use crate::store::{self, ProjectKey, keys, projects};

/// How long an answer of the database is believed. A revoked key works this long at most.
const BELIEVED: Duration = Duration::from_secs(3);

/// Projects and keys that are remembered at most; more are looked up again and again.
const REMEMBERED: u64 = 10_000;

/// How often the last use of a key is written down.
const TOUCHED: i64 = 24 * 60 * 60 * 1000;

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Read users and what belongs to them.
    UsersRead,
    /// Make, change and delete users and what belongs to them.
    UsersWrite,
    /// List sessions of users.
    SessionsRead,
    /// Make and delete sessions of users.
    SessionsWrite,
    /// Read messaging targets of users.
    TargetsRead,
    /// Change messaging targets of users.
    TargetsWrite,
    /// Read teams.
    TeamsRead,
    /// Change teams.
    TeamsWrite,
    /// Ask how the server is; every key may.
    HealthRead,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 9] = [
        Self::UsersRead,
        Self::UsersWrite,
        Self::SessionsRead,
        Self::SessionsWrite,
        Self::TargetsRead,
        Self::TargetsWrite,
        Self::TeamsRead,
        Self::TeamsWrite,
        Self::HealthRead,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UsersRead => "users.read",
            Self::UsersWrite => "users.write",
            Self::SessionsRead => "sessions.read",
            Self::SessionsWrite => "sessions.write",
            Self::TargetsRead => "targets.read",
            Self::TargetsWrite => "targets.write",
            Self::TeamsRead => "teams.read",
            Self::TeamsWrite => "teams.write",
            Self::HealthRead => "health.read",
        }
    }

    /// The scope with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// An API key that was shown with a request.
#[derive(Debug)]
pub struct Key {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    scopes: Vec<Scope>,
    expire: Option<Millis>,
}

impl Key {
    /// Whether the key has one of `scopes`.
    #[must_use]
    pub fn allows(&self, scopes: &[Scope]) -> bool {
        scopes.iter().any(|scope| *scope == Scope::HealthRead || self.scopes.contains(scope))
    }
}

/// What the database said of projects and keys in the last seconds.
#[derive(Debug)]
pub struct Registry {
    projects: Cache<String, Arc<Project>>,
    /// By project and SHA-256 of the secret.
    keys: Cache<(ProjectKey, [u8; 32]), Arc<Key>>,
    /// Where projects were found.
    pub project_lookups: Striped<Named<2>>,
    /// Where keys were found.
    pub key_lookups: Striped<Named<2>>,
}

/// Where something is found: what was remembered, or the database.
const MEMORY: &str = "memory";
const DATABASE: &str = "database";

impl Registry {
    /// Remembers nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            projects: Cache::builder().max_capacity(REMEMBERED).time_to_live(BELIEVED).build(),
            keys: Cache::builder().max_capacity(REMEMBERED).time_to_live(BELIEVED).build(),
            project_lookups: Striped::new(|| Named::new([MEMORY, DATABASE])),
            key_lookups: Striped::new(|| Named::new([MEMORY, DATABASE])),
        }
    }

    /// The project with this id.
    ///
    /// # Errors
    /// 404 `project_not_found`. What does not exist is not remembered, so a new project works at once.
    pub async fn project(&self, app: &App, id: &str) -> Result<Arc<Project>> {
        if let Some(project) = self.projects.get(id).await {
            self.project_lookups.mine().add(MEMORY, 1);
            return Ok(project);
        }
        // Requests that come at the same time share one look-up. In a box, since it is rare and larger than a request.
        let look_up = async {
            self.project_lookups.mine().add(DATABASE, 1);
            let project = projects::find(app.store.read(), id).await.map_err(Error::from)?;
            project.map(Arc::new).ok_or_else(|| Kind::ProjectNotFound.into())
        };
        let shared = Box::pin(self.projects.try_get_with(id.to_owned(), look_up));
        shared.await.map_err(|error: Arc<Error>| (*error).clone())
    }

    /// The key with this secret, when it has not expired.
    ///
    /// # Errors
    /// 401 `user_unauthorized` or `project_key_expired`.
    pub async fn key(&self, app: &Arc<App>, project: &Project, secret: &str) -> Result<Arc<Key>> {
        let id = (project.key, sha256(secret));
        let key = match self.keys.get(&id).await {
            Some(key) => {
                self.key_lookups.mine().add(MEMORY, 1);
                key
            }
            None => {
                let digest = hex(&id.1);
                let shared = Box::pin(self.keys.try_get_with(id, find_key(app, project.key, &digest)));
                shared.await.map_err(|error| (*error).clone())?
            }
        };
        match key.expire {
            Some(expire) if expire <= app.clock.now() => Err(Kind::ProjectKeyExpired.into()),
            _ => Ok(key),
        }
    }

    /// Forgets everything, so that the next request sees the database as it is.
    pub fn forget(&self) {
        self.projects.invalidate_all();
        self.keys.invalidate_all();
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

async fn find_key(app: &Arc<App>, project: ProjectKey, digest: &str) -> Result<Arc<Key>> {
    app.registry.key_lookups.mine().add(DATABASE, 1);
    let key = keys::find(app.store.read(), project, digest).await?.ok_or(Kind::Unauthorized)?;
    let now = app.clock.now();
    if key.accessed_at.is_none_or(|at| now.0 - at.0 >= TOUCHED) {
        let (app, id) = (Arc::clone(app), key.id.clone());
        // Nobody waits for this, and a request does not fail when it fails.
        let background = app.background.clone();
        background.spawn(request_id::carried(async move {
            let touched = app.store.write(move |tx| Box::pin(async move { keys::touch(tx, project, &id, now).await }));
            if let Err(error) = touched.await {
                let request_id = request_id::current();
                tracing::warn!(%error, request_id = request_id.as_deref(), "the last use of a key could not be written down");
            }
        }));
    }
    Ok(Arc::new(Key {
        // Names that this version does not know are of no use to it.
        scopes: serde_json::from_str::<Vec<String>>(&key.scopes)
            .unwrap_or_default()
            .iter()
            .filter_map(|name| Scope::parse(name))
            .collect(),
        id: key.id,
        name: key.name,
        expire: key.expire,
    }))
}

/// A key that is about to be made.
#[derive(Debug)]
pub struct NewKey {
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it stops to work.
    pub expire: Option<Millis>,
}

/// Stores a key with this secret; its id.
///
/// # Errors
/// Those of the database; a conflict when the secret is in use in the project.
pub async fn insert_key(
    tx: &mut store::Tx,
    project: ProjectKey,
    secret: &str,
    new: &NewKey,
    now: Millis,
) -> store::Result<String> {
    let id = uuid::Uuid::now_v7().simple().to_string();
    // Of a short secret the last characters would tell too much.
    let hint = secret.get(secret.len().saturating_sub(4)..).filter(|_| secret.len() >= 32).unwrap_or_default();
    let key = keys::NewKey {
        id: &id,
        name: &new.name,
        digest: &digest(secret),
        hint,
        scopes: &scope_names(&new.scopes),
        expire: new.expire,
    };
    keys::insert(tx, project, &key, now).await?;
    Ok(id)
}

/// Scopes as they are stored: a JSON list of names.
#[must_use]
pub fn scope_names(scopes: &[Scope]) -> String {
    let names: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
    serde_json::json!(names).to_string()
}
