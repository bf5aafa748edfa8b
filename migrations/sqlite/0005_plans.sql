-- For the plans of PostgreSQL. The migrations of both engines have the same numbers.
SELECT 1;
