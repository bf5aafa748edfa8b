-- A user's log in the order of time. What is written down when nobody waits for it may come after what happened later,
-- so the number of the row does not tell.
DROP INDEX logs_user;
CREATE INDEX logs_user ON logs (project, user_id, time);

-- How many users there are, and how many of each kind that a list can be asked for alone, kept so that no list has to
-- count them. Triggers keep them, so that no way of writing can forget to. A total is the sum over its shards, which
-- PostgreSQL has so that users who are made at the same time do not wait for each other; here there is one, 0.
CREATE TABLE user_totals (
    project        INTEGER NOT NULL REFERENCES projects (seq) ON DELETE CASCADE,
    shard          INTEGER NOT NULL,
    users          INTEGER NOT NULL,
    -- Those of them for whom it is true.
    status         INTEGER NOT NULL,
    email_verified INTEGER NOT NULL,
    phone_verified INTEGER NOT NULL,
    impersonator   INTEGER NOT NULL,
    password_pwned INTEGER NOT NULL,
    -- Those of whom it is not known.
    password_pwned_unknown INTEGER NOT NULL,
    PRIMARY KEY (project, shard)
) STRICT, WITHOUT ROWID;

-- How many users have a label. A label that nobody has any more has no row.
CREATE TABLE label_totals (
    project INTEGER NOT NULL REFERENCES projects (seq) ON DELETE CASCADE,
    label   TEXT    NOT NULL,
    shard   INTEGER NOT NULL,
    users   INTEGER NOT NULL,
    PRIMARY KEY (project, label, shard)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER users_counted AFTER INSERT ON users
BEGIN
    INSERT INTO user_totals VALUES (NEW.project, 0, 1, NEW.status, NEW.email_verified, NEW.phone_verified,
        NEW.impersonator, coalesce(NEW.password_pwned, 0), NEW.password_pwned IS NULL)
    ON CONFLICT (project, shard) DO UPDATE SET
        users = users + 1,
        status = status + excluded.status,
        email_verified = email_verified + excluded.email_verified,
        phone_verified = phone_verified + excluded.phone_verified,
        impersonator = impersonator + excluded.impersonator,
        password_pwned = password_pwned + excluded.password_pwned,
        password_pwned_unknown = password_pwned_unknown + excluded.password_pwned_unknown;
END;

CREATE TRIGGER users_uncounted AFTER DELETE ON users
BEGIN
    UPDATE user_totals SET
        users = users - 1,
        status = status - OLD.status,
        email_verified = email_verified - OLD.email_verified,
        phone_verified = phone_verified - OLD.phone_verified,
        impersonator = impersonator - OLD.impersonator,
        password_pwned = password_pwned - coalesce(OLD.password_pwned, 0),
        password_pwned_unknown = password_pwned_unknown - (OLD.password_pwned IS NULL)
    WHERE project = OLD.project AND shard = 0;
END;

CREATE TRIGGER users_recounted
AFTER UPDATE OF status, email_verified, phone_verified, impersonator, password_pwned ON users
BEGIN
    UPDATE user_totals SET
        status = status + NEW.status - OLD.status,
        email_verified = email_verified + NEW.email_verified - OLD.email_verified,
        phone_verified = phone_verified + NEW.phone_verified - OLD.phone_verified,
        impersonator = impersonator + NEW.impersonator - OLD.impersonator,
        password_pwned = password_pwned + coalesce(NEW.password_pwned, 0) - coalesce(OLD.password_pwned, 0),
        password_pwned_unknown = password_pwned_unknown + (NEW.password_pwned IS NULL) - (OLD.password_pwned IS NULL)
    WHERE project = OLD.project AND shard = 0;
END;

CREATE TRIGGER user_labels_counted AFTER INSERT ON user_labels
BEGIN
    INSERT INTO label_totals VALUES (NEW.project, NEW.label, 0, 1)
    ON CONFLICT (project, label, shard) DO UPDATE SET users = users + 1;
END;

CREATE TRIGGER user_labels_uncounted AFTER DELETE ON user_labels
BEGIN
    UPDATE label_totals SET users = users - 1 WHERE project = OLD.project AND label = OLD.label AND shard = 0;
    DELETE FROM label_totals WHERE project = OLD.project AND label = OLD.label AND shard = 0 AND users = 0;
END;

INSERT INTO user_totals
    SELECT project, 0, count(*), sum(status), sum(email_verified), sum(phone_verified), sum(impersonator),
        coalesce(sum(password_pwned), 0), count(*) - count(password_pwned)
    FROM users GROUP BY project;
INSERT INTO label_totals SELECT project, label, 0, count(*) FROM user_labels GROUP BY project, label;
