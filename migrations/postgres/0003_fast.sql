-- A user's log in the order of time. What is written down when nobody waits for it may come after what happened later,
-- so the number of the row does not tell.
DROP INDEX logs_user;
CREATE INDEX logs_user ON logs (project, user_id, time, seq);
