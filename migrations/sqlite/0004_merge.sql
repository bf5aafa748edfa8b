-- FTS5 merges the segments of an index within the statements that change it, by up to some megabytes at a time. Usher tells it
-- when and how much (src/store/index.rs): eight segments of a size become one. Should more than sixteen come together, FTS5
-- still merges those at once.
INSERT INTO user_search (user_search, rank) VALUES ('automerge', 0);
INSERT INTO user_search (user_search, rank) VALUES ('usermerge', 8);
