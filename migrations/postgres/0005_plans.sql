-- PostgreSQL keeps one plan of a prepared statement for all projects, and takes each for as large as they are on average.
-- Where ten thousand small projects stand beside one of a million users, it would read and sort that one to show a page of
-- it. A small project is read quickly on any way, so each is planned for as if it had all users.
ALTER TABLE users ALTER COLUMN project SET (n_distinct = 1);
ANALYZE users (project);
