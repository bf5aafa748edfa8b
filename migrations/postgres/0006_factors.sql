-- Second factors: recovery codes, authenticators, challenges; and passkeys. API keys read, change and remove them. Users will
-- add them by the Account service.

-- The recovery codes of a user: the JSON list of those that are left, sealed with USHER_SECRET.
CREATE TABLE recovery_codes (
    project    BIGINT NOT NULL,
    user_id    TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    codes      BYTEA NOT NULL,
    PRIMARY KEY (project, user_id),
    FOREIGN KEY (project, user_id) REFERENCES users (project, id) ON DELETE CASCADE
);

-- Programs that make codes for a user.
CREATE TABLE authenticators (
    project    BIGINT NOT NULL,
    user_id    TEXT COLLATE "C" NOT NULL,
    -- totp
    type       TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- Whether a code of it was shown once: until then it is no factor.
    verified   BOOLEAN NOT NULL,
    -- Sealed with USHER_SECRET.
    secret     BYTEA NOT NULL,
    PRIMARY KEY (project, user_id, type),
    FOREIGN KEY (project, user_id) REFERENCES users (project, id) ON DELETE CASCADE
);

-- Codes that users are asked for.
CREATE TABLE challenges (
    project    BIGINT NOT NULL,
    id         TEXT COLLATE "C" NOT NULL,
    user_id    TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    expire     BIGINT NOT NULL,
    -- custom, email, phone, totp or recoverycode
    factor     TEXT COLLATE "C" NOT NULL,
    -- Sealed with USHER_SECRET.
    code       BYTEA NOT NULL,
    PRIMARY KEY (project, id),
    FOREIGN KEY (project, user_id) REFERENCES users (project, id) ON DELETE CASCADE
);
CREATE INDEX challenges_user ON challenges (project, user_id);
CREATE INDEX challenges_expire ON challenges (project, expire);

-- WebAuthn credentials. One without a credential has been asked for and is not verified: nobody sees it.
CREATE TABLE passkeys (
    seq           BIGINT GENERATED ALWAYS AS IDENTITY,
    project       BIGINT NOT NULL,
    id            TEXT COLLATE "C" NOT NULL,
    user_id       TEXT COLLATE "C" NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    name          TEXT COLLATE "C" NOT NULL,
    -- Lower-case, without accents, computed by Usher: what `name` is compared and ordered by.
    name_folded   TEXT COLLATE "C" NOT NULL,
    -- When it was last used to sign in.
    accessed_at   BIGINT,
    credential_id BYTEA,
    -- In the form of COSE.
    public_key    BYTEA,
    -- How often the authenticator says that it has signed.
    counter       BIGINT NOT NULL,
    PRIMARY KEY (project, seq),
    FOREIGN KEY (project, user_id) REFERENCES users (project, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX passkeys_id_key ON passkeys (project, id);
CREATE UNIQUE INDEX passkeys_credential_key ON passkeys (project, credential_id);
CREATE INDEX passkeys_user ON passkeys (project, user_id, seq);
