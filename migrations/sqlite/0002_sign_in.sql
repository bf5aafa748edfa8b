-- What signing in needs: tokens, messaging targets, counters of attempts, and who did the background work last.

-- Addresses of a user for messages: the email and the phone number, kept in step with them, and others.
CREATE TABLE targets (
    seq           INTEGER PRIMARY KEY,
    project       INTEGER NOT NULL,
    id            TEXT    NOT NULL,
    user_id       TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    name          TEXT,
    provider_id   TEXT,
    -- email, sms or push
    provider_type TEXT    NOT NULL,
    identifier    TEXT    NOT NULL,
    expired       INTEGER NOT NULL CHECK (expired IN (0, 1)),
    FOREIGN KEY (project, user_id) REFERENCES users (project, id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX targets_id_key ON targets (project, id);
CREATE UNIQUE INDEX targets_identifier_key ON targets (project, identifier);
CREATE INDEX targets_user ON targets (project, user_id);

-- A copy of the user's rows in `targets` as a JSON list, so that reading users takes no second statement.
ALTER TABLE users ADD COLUMN targets TEXT NOT NULL DEFAULT '[]';
INSERT INTO targets (project, id, user_id, created_at, updated_at, provider_type, identifier, expired)
    SELECT project, lower(hex(randomblob(10))), id, created_at, updated_at, 'email', email, 0
    FROM users WHERE email IS NOT NULL ORDER BY seq;
INSERT INTO targets (project, id, user_id, created_at, updated_at, provider_type, identifier, expired)
    SELECT project, lower(hex(randomblob(10))), id, created_at, updated_at, 'sms', phone, 0
    FROM users WHERE phone IS NOT NULL ORDER BY seq;
UPDATE users SET targets = (
    SELECT json_group_array(json_object('id', id, 'userId', user_id, 'createdAt', created_at, 'updatedAt', updated_at,
        'name', name, 'providerId', provider_id, 'providerType', provider_type, 'identifier', identifier,
        'expired', json('false')))
    FROM (SELECT * FROM targets t WHERE t.project = users.project AND t.user_id = users.id ORDER BY t.seq)
) WHERE email IS NOT NULL OR phone IS NOT NULL;

-- Secrets that may be exchanged for a session once.
CREATE TABLE tokens (
    seq        INTEGER PRIMARY KEY,
    project    INTEGER NOT NULL,
    id         TEXT    NOT NULL,
    user_id    TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expire     INTEGER NOT NULL,
    -- Lower-case hex of the SHA-256 of the secret; the secret itself is kept nowhere.
    digest     TEXT    NOT NULL,
    -- Wrong secrets that were tried while this one waited.
    attempts   INTEGER NOT NULL,
    FOREIGN KEY (project, user_id) REFERENCES users (project, id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX tokens_id_key ON tokens (project, id);
CREATE INDEX tokens_user ON tokens (project, user_id);
CREATE INDEX tokens_expire ON tokens (project, expire);

-- How often something was tried, in a window of time that ends at `reset`.
CREATE TABLE attempts (
    project INTEGER NOT NULL,
    -- A digest of what is counted, so that no address is stored here.
    bucket  TEXT    NOT NULL,
    reset   INTEGER NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (project, bucket)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_reset ON attempts (project, reset);

-- When a background job was last begun, by whichever server.
CREATE TABLE jobs (
    name     TEXT    PRIMARY KEY,
    begun_at INTEGER NOT NULL
) STRICT;
