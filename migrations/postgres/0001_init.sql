-- Projects, API keys, users and what hangs on them. The twin in migrations/sqlite has the same
-- tables, columns and constraint names; a test compares them.
--
-- Times are milliseconds since the epoch. Lists and objects are compact JSON text that only Rust reads.
-- `project` is the number of the row in `projects`: tables and the indexes that
-- requests use start with it.

CREATE TABLE projects (
    seq        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    settings   TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX projects_id_key ON projects (id);

CREATE TABLE api_keys (
    seq         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project     BIGINT NOT NULL REFERENCES projects (seq) ON DELETE CASCADE,
    id          TEXT COLLATE "C" NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    -- Lower-case hex of the SHA-256 of the key; the key itself is kept nowhere.
    digest      TEXT COLLATE "C" NOT NULL,
    -- The last characters of the key, so that people can tell keys apart.
    hint        TEXT COLLATE "C" NOT NULL,
    scopes      TEXT COLLATE "C" NOT NULL,
    expire      BIGINT,
    created_at  BIGINT NOT NULL,
    accessed_at BIGINT
);
CREATE UNIQUE INDEX api_keys_id_key ON api_keys (project, id);
CREATE UNIQUE INDEX api_keys_digest_key ON api_keys (project, digest);

CREATE TABLE users (
    seq              BIGINT GENERATED ALWAYS AS IDENTITY,
    project          BIGINT NOT NULL REFERENCES projects (seq) ON DELETE CASCADE,
    id               TEXT COLLATE "C" NOT NULL,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    registration     BIGINT NOT NULL,
    name             TEXT COLLATE "C" NOT NULL,
    -- Lower-case, without accents, computed by Usher: what `name` is compared, ordered and searched by.
    name_folded      TEXT COLLATE "C" NOT NULL,
    email            TEXT COLLATE "C",
    phone            TEXT COLLATE "C",
    status           BOOLEAN NOT NULL,
    email_verified   BOOLEAN NOT NULL,
    phone_verified   BOOLEAN NOT NULL,
    labels           TEXT COLLATE "C" NOT NULL,
    prefs            TEXT COLLATE "C" NOT NULL,
    password         TEXT COLLATE "C",
    hash             TEXT COLLATE "C" NOT NULL,
    hash_options     TEXT COLLATE "C" NOT NULL,
    password_history TEXT COLLATE "C" NOT NULL,
    password_update  BIGINT,
    password_pwned   BOOLEAN,
    mfa              BOOLEAN NOT NULL,
    impersonator     BOOLEAN NOT NULL,
    accessed_at      BIGINT,
    -- Folded id, email, name, phone and labels, joined by blanks: the text that `search` looks in.
    search           TEXT COLLATE "C" NOT NULL,
    -- Begins with the project, so that no plan reads the rows of other projects in the order of their numbers.
    PRIMARY KEY (project, seq)
);
-- Each index ends with the tie-break; NULLs come first, as in SQLite.
CREATE UNIQUE INDEX users_id_key ON users (project, id);
CREATE UNIQUE INDEX users_email_key ON users (project, email);
CREATE UNIQUE INDEX users_phone_key ON users (project, phone);
CREATE INDEX users_email ON users (project, email NULLS FIRST, seq);
CREATE INDEX users_phone ON users (project, phone NULLS FIRST, seq);
CREATE INDEX users_name ON users (project, name_folded, seq);
CREATE INDEX users_created_at ON users (project, created_at, seq);
CREATE INDEX users_updated_at ON users (project, updated_at, seq);
CREATE INDEX users_registration ON users (project, registration, seq);
CREATE INDEX users_password_update ON users (project, password_update NULLS FIRST, seq);
CREATE INDEX users_accessed_at ON users (project, accessed_at NULLS FIRST, seq);
CREATE INDEX users_status ON users (project, status, seq);
CREATE INDEX users_email_verified ON users (project, email_verified, seq);
CREATE INDEX users_phone_verified ON users (project, phone_verified, seq);
CREATE INDEX users_impersonator ON users (project, impersonator, seq);
CREATE INDEX users_password_pwned ON users (project, password_pwned NULLS FIRST, seq);
CREATE INDEX users_labels ON users (project, substr(labels, 1, 64), seq);

-- One row a label, so that filters by label have an index. `users.labels` keeps their order.
CREATE TABLE user_labels (
    project  BIGINT NOT NULL,
    label    TEXT COLLATE "C" NOT NULL,
    user_seq BIGINT NOT NULL,
    PRIMARY KEY (project, label, user_seq),
    FOREIGN KEY (project, user_seq) REFERENCES users (project, seq) ON DELETE CASCADE
);
CREATE INDEX user_labels_user ON user_labels (user_seq);

-- Substring index over `users.search`: the three-letter pieces of the text, each hashed together with the
-- project to a 32-bit number, so that a search reads the rows of its own project only. No extension and
-- no superuser is needed. A table of its own keeps the index out of updates that leave the text alone.
CREATE TABLE user_search (
    seq     BIGINT    NOT NULL,
    project BIGINT    NOT NULL,
    grams   INTEGER[] NOT NULL,
    PRIMARY KEY (project, seq),
    FOREIGN KEY (project, seq) REFERENCES users (project, seq) ON DELETE CASCADE
);
CREATE INDEX user_search_grams ON user_search USING gin (grams);

CREATE TABLE sessions (
    seq                          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project                      BIGINT NOT NULL,
    id                           TEXT COLLATE "C" NOT NULL,
    user_id                      TEXT COLLATE "C" NOT NULL,
    created_at                   BIGINT NOT NULL,
    updated_at                   BIGINT NOT NULL,
    expire                       BIGINT NOT NULL,
    provider                     TEXT COLLATE "C" NOT NULL,
    provider_uid                 TEXT COLLATE "C" NOT NULL,
    -- Sealed with USHER_SECRET.
    provider_access_token        BYTEA,
    provider_access_token_expiry BIGINT,
    provider_refresh_token       BYTEA,
    digest                       TEXT COLLATE "C" NOT NULL,
    ip                           TEXT COLLATE "C" NOT NULL,
    user_agent                   TEXT COLLATE "C" NOT NULL,
    factors                      TEXT COLLATE "C" NOT NULL,
    mfa_updated_at               BIGINT,
    FOREIGN KEY (project, user_id) REFERENCES users (project, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX sessions_id_key ON sessions (project, id);
CREATE UNIQUE INDEX sessions_digest_key ON sessions (project, digest);
CREATE INDEX sessions_user ON sessions (project, user_id, seq);
CREATE INDEX sessions_expire ON sessions (project, expire);

CREATE TABLE identities (
    seq                          BIGINT GENERATED ALWAYS AS IDENTITY,
    project                      BIGINT NOT NULL,
    id                           TEXT COLLATE "C" NOT NULL,
    user_id                      TEXT COLLATE "C" NOT NULL,
    created_at                   BIGINT NOT NULL,
    updated_at                   BIGINT NOT NULL,
    provider                     TEXT COLLATE "C" NOT NULL,
    provider_uid                 TEXT COLLATE "C" NOT NULL,
    provider_email               TEXT COLLATE "C" NOT NULL,
    provider_email_folded        TEXT COLLATE "C" NOT NULL,
    -- Sealed with USHER_SECRET.
    provider_access_token        BYTEA,
    provider_access_token_expiry BIGINT,
    provider_refresh_token       BYTEA,
    provider_id_token            BYTEA,
    -- Folded provider uid and email, joined by a blank.
    search                       TEXT COLLATE "C" NOT NULL,
    FOREIGN KEY (project, user_id) REFERENCES users (project, id) ON DELETE CASCADE,
    PRIMARY KEY (project, seq)
);
CREATE UNIQUE INDEX identities_id_key ON identities (project, id);
CREATE UNIQUE INDEX identities_provider_uid_key ON identities (project, provider, provider_uid);
CREATE INDEX identities_user ON identities (project, user_id, seq);
CREATE INDEX identities_provider_uid ON identities (project, provider_uid, seq);
CREATE INDEX identities_provider_email ON identities (project, provider_email_folded, seq);
CREATE INDEX identities_token_expiry ON identities (project, provider_access_token_expiry NULLS FIRST, seq);
CREATE INDEX identities_created_at ON identities (project, created_at, seq);
CREATE INDEX identities_updated_at ON identities (project, updated_at, seq);

CREATE TABLE identity_search (
    seq     BIGINT    NOT NULL,
    project BIGINT    NOT NULL,
    grams   INTEGER[] NOT NULL,
    PRIMARY KEY (project, seq),
    FOREIGN KEY (project, seq) REFERENCES identities (project, seq) ON DELETE CASCADE
);
CREATE INDEX identity_search_grams ON identity_search USING gin (grams);

CREATE TABLE teams (
    seq        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project    BIGINT NOT NULL REFERENCES projects (seq) ON DELETE CASCADE,
    id         TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    -- Confirmed memberships.
    total      BIGINT NOT NULL CHECK (total >= 0),
    prefs      TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX teams_id_key ON teams (project, id);

CREATE TABLE memberships (
    seq        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project    BIGINT NOT NULL,
    id         TEXT COLLATE "C" NOT NULL,
    user_id    TEXT COLLATE "C" NOT NULL,
    team_id    TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    invited    BIGINT,
    joined     BIGINT,
    confirm    BOOLEAN NOT NULL,
    roles      TEXT COLLATE "C" NOT NULL,
    FOREIGN KEY (project, user_id) REFERENCES users (project, id) ON DELETE CASCADE,
    FOREIGN KEY (project, team_id) REFERENCES teams (project, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX memberships_id_key ON memberships (project, id);
CREATE UNIQUE INDEX memberships_user_team_key ON memberships (project, user_id, team_id);
CREATE INDEX memberships_user ON memberships (project, user_id, seq);
CREATE INDEX memberships_team ON memberships (project, team_id);

CREATE TABLE membership_roles (
    project        BIGINT NOT NULL,
    role           TEXT COLLATE "C" NOT NULL,
    membership_seq BIGINT NOT NULL REFERENCES memberships (seq) ON DELETE CASCADE,
    PRIMARY KEY (project, role, membership_seq)
);
CREATE INDEX membership_roles_membership ON membership_roles (membership_seq);

-- What was done to a user, and by whom. Not tied to `users`: the row of a deletion outlives the user.
CREATE TABLE logs (
    seq         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project     BIGINT NOT NULL REFERENCES projects (seq) ON DELETE CASCADE,
    user_id     TEXT COLLATE "C" NOT NULL,
    event       TEXT COLLATE "C" NOT NULL,
    mode        TEXT COLLATE "C" NOT NULL,
    actor_type  TEXT COLLATE "C" NOT NULL,
    actor_id    TEXT COLLATE "C" NOT NULL,
    actor_name  TEXT COLLATE "C" NOT NULL,
    actor_email TEXT COLLATE "C" NOT NULL,
    ip          TEXT COLLATE "C" NOT NULL,
    user_agent  TEXT COLLATE "C" NOT NULL,
    time        BIGINT NOT NULL
);
CREATE INDEX logs_user ON logs (project, user_id, seq);
CREATE INDEX logs_time ON logs (project, time);
