-- PostgreSQL keeps one plan of a prepared statement for all projects, and takes each for as large as they are on average.
-- Where ten thousand small projects stand beside one of a million users, it would read and sort that one to show a page of
-- it. A page of a small project is read quickly on the way of a large one, so each is taken for as large as the largest.
-- What is counted by filters is planned for its project each time (Sql::once).
ALTER TABLE users ALTER COLUMN project SET (n_distinct = 1);
ANALYZE users (project);
