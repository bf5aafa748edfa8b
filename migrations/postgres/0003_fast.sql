-- A user's log in the order of time. What is written down when nobody waits for it may come after what happened later,
-- so the number of the row does not tell.
DROP INDEX logs_user;
CREATE INDEX logs_user ON logs (project, user_id, time, seq);

-- How many users there are, and how many of each kind that a list can be asked for alone, kept so that no list has to
-- count them. Triggers keep them, so that no way of writing can forget to. A total is the sum over its shards: all of a
-- user is counted in the shard that the last five bits of the user's number name, so that users who are made at the
-- same time do not wait for each other.
CREATE TABLE user_totals (
    project        BIGINT NOT NULL REFERENCES projects (seq) ON DELETE CASCADE,
    shard          BIGINT NOT NULL,
    users          BIGINT NOT NULL,
    -- Those of them for whom it is true.
    status         BIGINT NOT NULL,
    email_verified BIGINT NOT NULL,
    phone_verified BIGINT NOT NULL,
    impersonator   BIGINT NOT NULL,
    password_pwned BIGINT NOT NULL,
    -- Those of whom it is not known.
    password_pwned_unknown BIGINT NOT NULL,
    PRIMARY KEY (project, shard)
) WITH (fillfactor = 50);

-- How many users have a label. A label that nobody has any more has no row.
CREATE TABLE label_totals (
    project BIGINT NOT NULL REFERENCES projects (seq) ON DELETE CASCADE,
    label   TEXT COLLATE "C" NOT NULL,
    shard   BIGINT NOT NULL,
    users   BIGINT NOT NULL,
    PRIMARY KEY (project, label, shard)
) WITH (fillfactor = 50);

-- The row of a shard in `user_totals` is always locked first, and several of them in their order. So whoever changes a
-- total waits for others only while holding none that they may wait for.

CREATE FUNCTION users_counted() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO user_totals AS t
        SELECT project, seq & 31, count(*), count(*) FILTER (WHERE status), count(*) FILTER (WHERE email_verified),
            count(*) FILTER (WHERE phone_verified), count(*) FILTER (WHERE impersonator),
            count(*) FILTER (WHERE password_pwned), count(*) FILTER (WHERE password_pwned IS NULL)
        FROM made GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (project, shard) DO UPDATE SET
        users = t.users + excluded.users,
        status = t.status + excluded.status,
        email_verified = t.email_verified + excluded.email_verified,
        phone_verified = t.phone_verified + excluded.phone_verified,
        impersonator = t.impersonator + excluded.impersonator,
        password_pwned = t.password_pwned + excluded.password_pwned,
        password_pwned_unknown = t.password_pwned_unknown + excluded.password_pwned_unknown;
    RETURN NULL;
END $$;
CREATE TRIGGER users_counted AFTER INSERT ON users
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION users_counted();

CREATE FUNCTION users_uncounted() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM user_totals WHERE (project, shard) IN (SELECT project, seq & 31 FROM gone)
        ORDER BY project, shard FOR UPDATE;
    UPDATE user_totals t SET
        users = t.users - g.users,
        status = t.status - g.status,
        email_verified = t.email_verified - g.email_verified,
        phone_verified = t.phone_verified - g.phone_verified,
        impersonator = t.impersonator - g.impersonator,
        password_pwned = t.password_pwned - g.password_pwned,
        password_pwned_unknown = t.password_pwned_unknown - g.password_pwned_unknown
    FROM (
        SELECT project, seq & 31 AS shard, count(*) AS users, count(*) FILTER (WHERE status) AS status,
            count(*) FILTER (WHERE email_verified) AS email_verified,
            count(*) FILTER (WHERE phone_verified) AS phone_verified,
            count(*) FILTER (WHERE impersonator) AS impersonator,
            count(*) FILTER (WHERE password_pwned) AS password_pwned,
            count(*) FILTER (WHERE password_pwned IS NULL) AS password_pwned_unknown
        FROM gone GROUP BY 1, 2
    ) g
    WHERE t.project = g.project AND t.shard = g.shard;
    RETURN NULL;
END $$;
CREATE TRIGGER users_uncounted AFTER DELETE ON users
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION users_uncounted();

CREATE FUNCTION users_recounted() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    UPDATE user_totals SET
        status = status + CAST(NEW.status AS INTEGER) - CAST(OLD.status AS INTEGER),
        email_verified = email_verified + CAST(NEW.email_verified AS INTEGER) - CAST(OLD.email_verified AS INTEGER),
        phone_verified = phone_verified + CAST(NEW.phone_verified AS INTEGER) - CAST(OLD.phone_verified AS INTEGER),
        impersonator = impersonator + CAST(NEW.impersonator AS INTEGER) - CAST(OLD.impersonator AS INTEGER),
        password_pwned = password_pwned + CAST(NEW.password_pwned IS TRUE AS INTEGER)
            - CAST(OLD.password_pwned IS TRUE AS INTEGER),
        password_pwned_unknown = password_pwned_unknown + CAST(NEW.password_pwned IS NULL AS INTEGER)
            - CAST(OLD.password_pwned IS NULL AS INTEGER)
    WHERE project = OLD.project AND shard = OLD.seq & 31;
    RETURN NULL;
END $$;
-- A row at a time, so that a change of anything else, which is what most are, costs nothing.
CREATE TRIGGER users_recounted AFTER UPDATE ON users FOR EACH ROW
    WHEN ((OLD.status, OLD.email_verified, OLD.phone_verified, OLD.impersonator, OLD.password_pwned)
        IS DISTINCT FROM (NEW.status, NEW.email_verified, NEW.phone_verified, NEW.impersonator, NEW.password_pwned))
    EXECUTE FUNCTION users_recounted();

CREATE FUNCTION user_labels_counted() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM user_totals WHERE (project, shard) IN (SELECT project, user_seq & 31 FROM made)
        ORDER BY project, shard FOR UPDATE;
    INSERT INTO label_totals AS t SELECT project, label, user_seq & 31, count(*) FROM made GROUP BY 1, 2, 3
    ON CONFLICT (project, label, shard) DO UPDATE SET users = t.users + excluded.users;
    RETURN NULL;
END $$;
CREATE TRIGGER user_labels_counted AFTER INSERT ON user_labels
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION user_labels_counted();

CREATE FUNCTION user_labels_uncounted() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    -- The cascade from a user comes here also when the user has no label.
    IF NOT EXISTS (SELECT FROM gone) THEN
        RETURN NULL;
    END IF;
    PERFORM FROM user_totals WHERE (project, shard) IN (SELECT project, user_seq & 31 FROM gone)
        ORDER BY project, shard FOR UPDATE;
    UPDATE label_totals t SET users = t.users - g.users
    FROM (SELECT project, label, user_seq & 31 AS shard, count(*) AS users FROM gone GROUP BY 1, 2, 3) g
    WHERE t.project = g.project AND t.label = g.label AND t.shard = g.shard;
    DELETE FROM label_totals t USING gone g
    WHERE t.project = g.project AND t.label = g.label AND t.shard = g.user_seq & 31 AND t.users = 0;
    RETURN NULL;
END $$;
CREATE TRIGGER user_labels_uncounted AFTER DELETE ON user_labels
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION user_labels_uncounted();

INSERT INTO user_totals
    SELECT project, seq & 31, count(*), count(*) FILTER (WHERE status), count(*) FILTER (WHERE email_verified),
        count(*) FILTER (WHERE phone_verified), count(*) FILTER (WHERE impersonator),
        count(*) FILTER (WHERE password_pwned), count(*) FILTER (WHERE password_pwned IS NULL)
    FROM users GROUP BY 1, 2;
INSERT INTO label_totals SELECT project, label, user_seq & 31, count(*) FROM user_labels GROUP BY 1, 2, 3;

-- What the hashes find is checked against the text, so the text stands beside them. The tables are made anew, since
-- rows that are changed would be indexed one by one.
ALTER TABLE user_search RENAME TO user_search_before;
CREATE TABLE user_search (
    seq     BIGINT    NOT NULL,
    project BIGINT    NOT NULL,
    -- Equal to `users.search`.
    text    TEXT COLLATE "C" NOT NULL,
    grams   INTEGER[] NOT NULL
);
INSERT INTO user_search
    SELECT s.seq, s.project, t.search, s.grams
    FROM user_search_before s JOIN users t ON t.project = s.project AND t.seq = s.seq;
DROP TABLE user_search_before;
ALTER TABLE user_search
    ADD PRIMARY KEY (project, seq),
    ADD FOREIGN KEY (project, seq) REFERENCES users (project, seq) ON DELETE CASCADE;
CREATE INDEX user_search_grams ON user_search USING gin (grams);

ALTER TABLE identity_search RENAME TO identity_search_before;
CREATE TABLE identity_search (
    seq     BIGINT    NOT NULL,
    project BIGINT    NOT NULL,
    -- Equal to `identities.search`.
    text    TEXT COLLATE "C" NOT NULL,
    grams   INTEGER[] NOT NULL
);
INSERT INTO identity_search
    SELECT s.seq, s.project, t.search, s.grams
    FROM identity_search_before s JOIN identities t ON t.project = s.project AND t.seq = s.seq;
DROP TABLE identity_search_before;
ALTER TABLE identity_search
    ADD PRIMARY KEY (project, seq),
    ADD FOREIGN KEY (project, seq) REFERENCES identities (project, seq) ON DELETE CASCADE;
CREATE INDEX identity_search_grams ON identity_search USING gin (grams);
