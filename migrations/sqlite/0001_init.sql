-- Projects, API keys, users and what hangs on them. The twin in migrations/postgres has the same
-- tables, columns and constraint names; a test compares them.
--
-- Times are milliseconds since the epoch. Lists and objects are compact JSON text that only Rust reads.
-- `project` is the number of the row in `projects`: tables and the indexes that
-- requests use start with it.

CREATE TABLE projects (
    -- The number of a deleted project is not given again: what was remembered or derived from it must fit no other.
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    settings   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX projects_id_key ON projects (id);

CREATE TABLE api_keys (
    seq         INTEGER PRIMARY KEY,
    project     INTEGER NOT NULL REFERENCES projects (seq) ON DELETE CASCADE,
    id          TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    -- Lower-case hex of the SHA-256 of the key; the key itself is kept nowhere.
    digest      TEXT    NOT NULL,
    -- The last characters of the key, so that people can tell keys apart.
    hint        TEXT    NOT NULL,
    scopes      TEXT    NOT NULL,
    expire      INTEGER,
    created_at  INTEGER NOT NULL,
    accessed_at INTEGER
) STRICT;
CREATE UNIQUE INDEX api_keys_id_key ON api_keys (project, id);
CREATE UNIQUE INDEX api_keys_digest_key ON api_keys (project, digest);

CREATE TABLE users (
    seq              INTEGER PRIMARY KEY,
    project          INTEGER NOT NULL REFERENCES projects (seq) ON DELETE CASCADE,
    id               TEXT    NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    registration     INTEGER NOT NULL,
    name             TEXT    NOT NULL,
    -- Lower-case, without accents, computed by Usher: what `name` is compared, ordered and searched by.
    name_folded      TEXT    NOT NULL,
    email            TEXT,
    phone            TEXT,
    status           INTEGER NOT NULL CHECK (status IN (0, 1)),
    email_verified   INTEGER NOT NULL CHECK (email_verified IN (0, 1)),
    phone_verified   INTEGER NOT NULL CHECK (phone_verified IN (0, 1)),
    labels           TEXT    NOT NULL,
    prefs            TEXT    NOT NULL,
    password         TEXT,
    hash             TEXT    NOT NULL,
    hash_options     TEXT    NOT NULL,
    password_history TEXT    NOT NULL,
    password_update  INTEGER,
    password_pwned   INTEGER CHECK (password_pwned IN (0, 1)),
    mfa              INTEGER NOT NULL CHECK (mfa IN (0, 1)),
    impersonator     INTEGER NOT NULL CHECK (impersonator IN (0, 1)),
    accessed_at      INTEGER,
    -- Folded id, email, name, phone and labels, joined by blanks: the text that `search` looks in.
    search           TEXT    NOT NULL
) STRICT;
-- An index in SQLite ends with the row's own number, so each of these also gives the tie-break order.
CREATE UNIQUE INDEX users_id_key ON users (project, id);
CREATE UNIQUE INDEX users_email_key ON users (project, email);
CREATE UNIQUE INDEX users_phone_key ON users (project, phone);
CREATE INDEX users_project ON users (project);
CREATE INDEX users_name ON users (project, name_folded);
CREATE INDEX users_created_at ON users (project, created_at);
CREATE INDEX users_updated_at ON users (project, updated_at);
CREATE INDEX users_registration ON users (project, registration);
CREATE INDEX users_password_update ON users (project, password_update);
CREATE INDEX users_accessed_at ON users (project, accessed_at);
CREATE INDEX users_status ON users (project, status);
CREATE INDEX users_email_verified ON users (project, email_verified);
CREATE INDEX users_phone_verified ON users (project, phone_verified);
CREATE INDEX users_impersonator ON users (project, impersonator);
CREATE INDEX users_password_pwned ON users (project, password_pwned);
CREATE INDEX users_labels ON users (project, substr(labels, 1, 64));

-- One row a label, so that filters by label have an index. `users.labels` keeps their order.
CREATE TABLE user_labels (
    project  INTEGER NOT NULL,
    label    TEXT    NOT NULL,
    user_seq INTEGER NOT NULL REFERENCES users (seq) ON DELETE CASCADE,
    PRIMARY KEY (project, label, user_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_labels_user ON user_labels (user_seq);

-- Substring index over `users.search`. `scope` is the project as one three-letter word, so that a search
-- reads the rows of its own project only. The text itself is not stored twice (contentless).
CREATE VIRTUAL TABLE user_search USING fts5 (
    scope, text, content = '', contentless_delete = 1, tokenize = 'trigram case_sensitive 1'
);

CREATE TABLE sessions (
    seq                          INTEGER PRIMARY KEY,
    project                      INTEGER NOT NULL,
    id                           TEXT    NOT NULL,
    user_id                      TEXT    NOT NULL,
    created_at                   INTEGER NOT NULL,
    updated_at                   INTEGER NOT NULL,
    expire                       INTEGER NOT NULL,
    provider                     TEXT    NOT NULL,
    provider_uid                 TEXT    NOT NULL,
    -- Sealed with USHER_SECRET.
    provider_access_token        BLOB,
    provider_access_token_expiry INTEGER,
    provider_refresh_token       BLOB,
    digest                       TEXT    NOT NULL,
    ip                           TEXT    NOT NULL,
    user_agent                   TEXT    NOT NULL,
    factors                      TEXT    NOT NULL,
    mfa_updated_at               INTEGER,
    FOREIGN KEY (project, user_id) REFERENCES users (project, id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX sessions_id_key ON sessions (project, id);
CREATE UNIQUE INDEX sessions_digest_key ON sessions (project, digest);
CREATE INDEX sessions_user ON sessions (project, user_id);
CREATE INDEX sessions_expire ON sessions (project, expire);

CREATE TABLE identities (
    seq                          INTEGER PRIMARY KEY,
    project                      INTEGER NOT NULL,
    id                           TEXT    NOT NULL,
    user_id                      TEXT    NOT NULL,
    created_at                   INTEGER NOT NULL,
    updated_at                   INTEGER NOT NULL,
    provider                     TEXT    NOT NULL,
    provider_uid                 TEXT    NOT NULL,
    provider_email               TEXT    NOT NULL,
    provider_email_folded        TEXT    NOT NULL,
    -- Sealed with USHER_SECRET.
    provider_access_token        BLOB,
    provider_access_token_expiry INTEGER,
    provider_refresh_token       BLOB,
    provider_id_token            BLOB,
    -- Folded provider uid and email, joined by a blank.
    search                       TEXT    NOT NULL,
    FOREIGN KEY (project, user_id) REFERENCES users (project, id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX identities_id_key ON identities (project, id);
CREATE UNIQUE INDEX identities_provider_uid_key ON identities (project, provider, provider_uid);
CREATE INDEX identities_project ON identities (project);
CREATE INDEX identities_user ON identities (project, user_id);
CREATE INDEX identities_provider_uid ON identities (project, provider_uid);
CREATE INDEX identities_provider_email ON identities (project, provider_email_folded);
CREATE INDEX identities_token_expiry ON identities (project, provider_access_token_expiry);
CREATE INDEX identities_created_at ON identities (project, created_at);
CREATE INDEX identities_updated_at ON identities (project, updated_at);

CREATE VIRTUAL TABLE identity_search USING fts5 (
    scope, text, content = '', contentless_delete = 1, tokenize = 'trigram case_sensitive 1'
);

CREATE TABLE teams (
    seq        INTEGER PRIMARY KEY,
    project    INTEGER NOT NULL REFERENCES projects (seq) ON DELETE CASCADE,
    id         TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    -- Confirmed memberships.
    total      INTEGER NOT NULL CHECK (total >= 0),
    prefs      TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX teams_id_key ON teams (project, id);

CREATE TABLE memberships (
    seq        INTEGER PRIMARY KEY,
    project    INTEGER NOT NULL,
    id         TEXT    NOT NULL,
    user_id    TEXT    NOT NULL,
    team_id    TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    invited    INTEGER,
    joined     INTEGER,
    confirm    INTEGER NOT NULL CHECK (confirm IN (0, 1)),
    roles      TEXT    NOT NULL,
    FOREIGN KEY (project, user_id) REFERENCES users (project, id) ON DELETE CASCADE,
    FOREIGN KEY (project, team_id) REFERENCES teams (project, id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX memberships_id_key ON memberships (project, id);
CREATE UNIQUE INDEX memberships_user_team_key ON memberships (project, user_id, team_id);
CREATE INDEX memberships_user ON memberships (project, user_id);
CREATE INDEX memberships_team ON memberships (project, team_id);

CREATE TABLE membership_roles (
    project        INTEGER NOT NULL,
    role           TEXT    NOT NULL,
    membership_seq INTEGER NOT NULL REFERENCES memberships (seq) ON DELETE CASCADE,
    PRIMARY KEY (project, role, membership_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX membership_roles_membership ON membership_roles (membership_seq);

-- What was done to a user, and by whom. Not tied to `users`: the row of a deletion outlives the user.
CREATE TABLE logs (
    seq         INTEGER PRIMARY KEY,
    project     INTEGER NOT NULL REFERENCES projects (seq) ON DELETE CASCADE,
    user_id     TEXT    NOT NULL,
    event       TEXT    NOT NULL,
    mode        TEXT    NOT NULL,
    actor_type  TEXT    NOT NULL,
    actor_id    TEXT    NOT NULL,
    actor_name  TEXT    NOT NULL,
    actor_email TEXT    NOT NULL,
    ip          TEXT    NOT NULL,
    user_agent  TEXT    NOT NULL,
    time        INTEGER NOT NULL
) STRICT;
CREATE INDEX logs_user ON logs (project, user_id);
CREATE INDEX logs_time ON logs (project, time);
