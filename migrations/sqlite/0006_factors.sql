-- Second factors: recovery codes, authenticators, challenges; and passkeys. API keys read, change and remove them. Users will
-- add them by the Account service.

-- The recovery codes of a user: the JSON list of those that are left, sealed with USHER_SECRET.
CREATE TABLE recovery_codes (
    project    INTEGER NOT NULL,
    user_id    TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    codes      BLOB    NOT NULL,
    PRIMARY KEY (project, user_id),
    FOREIGN KEY (project, user_id) REFERENCES users (project, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Programs that make codes for a user.
CREATE TABLE authenticators (
    project    INTEGER NOT NULL,
    user_id    TEXT    NOT NULL,
    -- totp
    type       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- Whether a code of it was shown once: until then it is no factor.
    verified   INTEGER NOT NULL CHECK (verified IN (0, 1)),
    -- Sealed with USHER_SECRET.
    secret     BLOB    NOT NULL,
    PRIMARY KEY (project, user_id, type),
    FOREIGN KEY (project, user_id) REFERENCES users (project, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Codes that users are asked for.
CREATE TABLE challenges (
    project    INTEGER NOT NULL,
    id         TEXT    NOT NULL,
    user_id    TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expire     INTEGER NOT NULL,
    -- custom, email, phone, totp or recoverycode
    factor     TEXT    NOT NULL,
    -- Sealed with USHER_SECRET.
    code       BLOB    NOT NULL,
    PRIMARY KEY (project, id),
    FOREIGN KEY (project, user_id) REFERENCES users (project, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX challenges_user ON challenges (project, user_id);
CREATE INDEX challenges_expire ON challenges (project, expire);

-- WebAuthn credentials. One without a credential has been asked for and is not verified: nobody sees it.
CREATE TABLE passkeys (
    seq           INTEGER PRIMARY KEY,
    project       INTEGER NOT NULL,
    id            TEXT    NOT NULL,
    user_id       TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    name          TEXT    NOT NULL,
    -- Lower-case, without accents, computed by Usher: what `name` is compared and ordered by.
    name_folded   TEXT    NOT NULL,
    -- When it was last used to sign in.
    accessed_at   INTEGER,
    credential_id BLOB,
    -- In the form of COSE.
    public_key    BLOB,
    -- How often the authenticator says that it has signed.
    counter       INTEGER NOT NULL,
    FOREIGN KEY (project, user_id) REFERENCES users (project, id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX passkeys_id_key ON passkeys (project, id);
CREATE UNIQUE INDEX passkeys_credential_key ON passkeys (project, credential_id);
CREATE INDEX passkeys_user ON passkeys (project, user_id);
