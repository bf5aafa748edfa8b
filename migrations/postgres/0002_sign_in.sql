-- What signing in needs: tokens, messaging targets, counters of attempts, and who did the background work last.

-- Addresses of a user for messages: the email and the phone number, kept in step with them, and others.
CREATE TABLE targets (
    seq           BIGINT GENERATED ALWAYS AS IDENTITY,
    project       BIGINT NOT NULL,
    id            TEXT COLLATE "C" NOT NULL,
    user_id       TEXT COLLATE "C" NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    name          TEXT COLLATE "C",
    provider_id   TEXT COLLATE "C",
    -- email, sms or push
    provider_type TEXT COLLATE "C" NOT NULL,
    identifier    TEXT COLLATE "C" NOT NULL,
    expired       BOOLEAN NOT NULL,
    PRIMARY KEY (project, seq),
    FOREIGN KEY (project, user_id) REFERENCES users (project, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX targets_id_key ON targets (project, id);
CREATE UNIQUE INDEX targets_identifier_key ON targets (project, identifier);
CREATE INDEX targets_user ON targets (project, user_id, seq);

-- A copy of the user's rows in `targets` as a JSON list, so that reading users takes no second statement.
ALTER TABLE users ADD COLUMN targets TEXT COLLATE "C" NOT NULL DEFAULT '[]';
INSERT INTO targets (project, id, user_id, created_at, updated_at, provider_type, identifier, expired)
    SELECT project, substr(replace(gen_random_uuid()::text, '-', ''), 1, 20), id, created_at, updated_at, 'email', email, FALSE
    FROM users WHERE email IS NOT NULL ORDER BY seq;
INSERT INTO targets (project, id, user_id, created_at, updated_at, provider_type, identifier, expired)
    SELECT project, substr(replace(gen_random_uuid()::text, '-', ''), 1, 20), id, created_at, updated_at, 'sms', phone, FALSE
    FROM users WHERE phone IS NOT NULL ORDER BY seq;
UPDATE users SET targets = (
    SELECT json_agg(json_build_object('id', t.id, 'userId', t.user_id, 'createdAt', t.created_at, 'updatedAt', t.updated_at,
        'name', t.name, 'providerId', t.provider_id, 'providerType', t.provider_type, 'identifier', t.identifier,
        'expired', t.expired) ORDER BY t.seq)::text
    FROM targets t WHERE t.project = users.project AND t.user_id = users.id
) WHERE email IS NOT NULL OR phone IS NOT NULL;

-- Secrets that may be exchanged for a session once.
CREATE TABLE tokens (
    seq        BIGINT GENERATED ALWAYS AS IDENTITY,
    project    BIGINT NOT NULL,
    id         TEXT COLLATE "C" NOT NULL,
    user_id    TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    expire     BIGINT NOT NULL,
    -- Lower-case hex of the SHA-256 of the secret; the secret itself is kept nowhere.
    digest     TEXT COLLATE "C" NOT NULL,
    -- Wrong secrets that were tried while this one waited.
    attempts   BIGINT NOT NULL,
    PRIMARY KEY (project, seq),
    FOREIGN KEY (project, user_id) REFERENCES users (project, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX tokens_id_key ON tokens (project, id);
CREATE INDEX tokens_user ON tokens (project, user_id, seq);
CREATE INDEX tokens_expire ON tokens (project, expire);

-- How often something was tried, in a window of time that ends at `reset`. Not worth a place in the write-ahead log:
-- after a crash the counting begins anew.
CREATE UNLOGGED TABLE attempts (
    project BIGINT NOT NULL,
    -- A digest of what is counted, so that no address is stored here.
    bucket  TEXT COLLATE "C" NOT NULL,
    reset   BIGINT NOT NULL,
    count   BIGINT NOT NULL,
    PRIMARY KEY (project, bucket)
);
CREATE INDEX attempts_reset ON attempts (project, reset);

-- When a background job was last begun, by whichever server.
CREATE TABLE jobs (
    name     TEXT COLLATE "C" PRIMARY KEY,
    begun_at BIGINT NOT NULL
);
