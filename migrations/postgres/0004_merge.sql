-- For the index of the search on SQLite. The migrations of both engines have the same numbers.
SELECT 1;
