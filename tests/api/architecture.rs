//! House rules that no lint knows, checked by reading the sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines of a file of `src` at most: what is longer has two themes.
const LINES_MAX: usize = 400;

/// SQL that does not name the project: how the text begins (`concat!` without its macros), and why it may. Every
/// entry must be of use.
const WITHOUT_PROJECT: &[(&str, &str)] = &[
    (" IN (SELECT l.", "counts the tests of lists, whose texts name the project"),
    ("SELECT pg_advisory_xact_lock($1)", "tells two databases apart"),
    ("SELECT pg_try_advisory_xact_lock($1)", "tells two databases apart"),
    ("SELECT pg_sequence_last_value(", "row numbers are given to all projects together"),
    ("SELECT setval(CAST(pg_get_serial_sequence(", "row numbers are given to all projects together"),
    ("SELECT max(seq) FROM ", "row numbers are given to all projects together"),
    ("SELECT max(seq) FROM sqlite_sequence WHERE name = $1", "row numbers are given to all projects together"),
    ("DELETE FROM sqlite_sequence WHERE name = $1 AND seq < $2", "row numbers are given to all projects together"),
    ("INSERT INTO sqlite_sequence (name, seq) SELECT ", "row numbers are given to all projects together"),
    ("SELECT count(*)", "Table::push_from goes on with the project"),
    ("INSERT INTO ", "Table::insert goes on with all columns, of which one is the project"),
    ("UPDATE ", "seals::replace goes on with `WHERE project =`"),
    ("UPDATE users SET ", "users::save goes on with `WHERE project =`"),
    ("SELECT set_config('statement_timeout', '0'", "lifts the time limit of one transaction"),
    ("SELECT 1", "asks whether the database answers"),
    ("SELECT CAST(current_setting(", "asks for the version of the server"),
    ("BEGIN; SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(", "the tables are those of all projects"),
    ("SELECT count(*) > 0 FROM sqlite_master WHERE name = '_sqlx_migrations'", "the tables are those of all projects"),
    ("SELECT current_setting('server_version'), to_regclass(", "the tables are those of all projects"),
    ("SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0", "a copy has the tables of all projects"),
    ("SELECT count(*) FROM \"{}\"", "the rows of a copy are counted, of all projects"),
    ("SELECT (SELECT count(*) FROM projects), (SELECT ", "the rows of a copy are counted, of all projects"),
    ("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ", "the tables are those of all projects"),
    ("SELECT count(*) FROM users", "a database is replaced only if no project has users"),
    ("SELECT version, success, checksum FROM _sqlx_migrations", "the tables are those of all projects"),
    ("SELECT set_config('statement_timeout', $1, TRUE)", "sets the time limit of a transaction"),
    ("SELECT seq, id, name, settings, created_at FROM projects WHERE id = $1", "finds the project"),
    ("SELECT seq, id, name, settings, created_at FROM projects ORDER BY seq", "lists the projects"),
    ("SELECT seq FROM projects ORDER BY seq", "lists the projects"),
    ("SELECT seq, id FROM projects ORDER BY seq", "lists the projects"),
    ("(SELECT n.oid FROM pg_namespace n WHERE ", "the tables are those of all projects"),
    ("SELECT '' AS of_table, p.proname ", "the tables are those of all projects"),
    ("SELECT '' AS of_table, CAST(c.relname ", "the tables are those of all projects"),
    ("SELECT CAST(c.relname AS TEXT) AS of_table, ", "the tables are those of all projects"),
    ("SELECT has_database_privilege(", "the tables are those of all projects"),
    ("SELECT set_config('search_path', ", "the tables are those of all projects"),
    ("SELECT type AS kind, tbl_name AS of_table, ", "the tables are those of all projects"),
    ("INSERT INTO user_totals ", "check::totals goes on with `WHERE project =`"),
    ("INSERT INTO label_totals ", "check::totals goes on with `WHERE project =`"),
    ("SELECT (SELECT coalesce(max(seq), 0) FROM ", "the numbers of rows are those of all projects"),
    ("SELECT setval('_seq_seq', greatest(", "the numbers of rows are those of all projects"),
    ("SELECT max(seq), count(*) FROM (SELECT seq FROM users ", "an index of the search has all projects"),
    ("SELECT max(seq), count(*) FROM (SELECT seq FROM identities ", "an index of the search has all projects"),
    ("SELECT id FROM user_search_docsize ", "an index of the search has all projects"),
    ("SELECT id FROM identity_search_docsize ", "an index of the search has all projects"),
    ("SELECT DISTINCT \"table\", parent FROM pragma_foreign_key_check", "a reference of any table, of all projects"),
    ("SELECT doc, term, col = 'text', ", "the word `scope` of the index is the project"),
    ("INSERT INTO user_search (user_search) VALUES ('delete-all')", "an index of the search has all projects"),
    ("INSERT INTO identity_search (identity_search) VALUES ('delete-all')", "an index of the search has all projects"),
    ("INSERT INTO projects (id, name, ", "makes the project"),
    ("INSERT INTO jobs (name, begun_at) ", "background work is claimed for all projects together"),
    ("UPDATE projects SET settings = $2, updated_at = $3 WHERE seq = $1", "`projects.seq` is what others call project"),
    ("DELETE FROM projects WHERE seq = $1", "`projects.seq` is what others call project"),
    ("SELECT seq FROM projects WHERE seq = $1 FOR NO KEY UPDATE", "`projects.seq` is what others call project"),
    ("SELECT CAST(coalesce(sum(", "totals::sum goes on with `FROM user_totals WHERE project =`"),
    ("SELECT (", "Ask::rows_and_total goes on with a total and a page of the project"),
    ("SELECT count(*), CASE WHEN count(*) <= ", "search::count_and_few goes on with `WHERE s.project =`"),
    (") < (SELECT ", "Ask::rows_and_total_from goes on with `WHERE t.project =`"),
    (") > (SELECT ", "Ask::rows_and_total_from goes on with `WHERE t.project =`"),
    ("SELECT ", "Ask goes on with `WHERE t.project =`"),
    (" FROM (SELECT * FROM ", "Ask::push_near goes on with `WHERE t.project =`"),
    ("SELECT count(*) FROM ", "Ask::push_where goes on with `WHERE t.project =`"),
    (" AND t.seq IN (SELECT value FROM json_each(", "Ask::push_where has begun with `WHERE t.project =`"),
    (" AND t.seq IN (SELECT rowid FROM ", "the word `scope` of the index is the project"),
    ("SELECT count(*) FROM user_search WHERE ", "the word `scope` of the index is the project"),
    ("SELECT count(*) FROM identity_search WHERE ", "the word `scope` of the index is the project"),
    ("INSERT INTO user_search (user_search, rank) VALUES ('merge', $1)", "the segments of an index hold all projects"),
    ("INSERT INTO user_search (scope, ", "the word `scope` of the index is the project"),
    ("INSERT INTO identity_search (scope, ", "the word `scope` of the index is the project"),
    ("DELETE FROM user_search WHERE rowid = $1", "the index has no column to ask, a row number is of one project"),
    ("DELETE FROM identity_search WHERE rowid = $1", "the index has no column to ask, a row number is of one project"),
    ("SELECT count(*) FROM sqlite_master", "begins to read a file, whatever is in it"),
];

struct Source {
    /// From the root of the project, with `/`.
    path: String,
    text: String,
}

impl Source {
    /// The lines without comments, up to the unit tests at the end of the file; none of a file of unit tests.
    fn code(&self) -> impl Iterator<Item = &str> {
        let is_code = !(self.path.starts_with("src/") && self.path.ends_with("/tests.rs"));
        let lines = self.text.lines().take_while(move |line| is_code && *line != "#[cfg(test)]");
        lines.filter(|line| !line.trim_start().starts_with("//"))
    }

    /// Whether the code has this as a word of its own.
    fn names(&self, word: &str) -> bool {
        self.code().any(|line| has_word(line, word))
    }
}

fn has_word(text: &str, word: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(part_of_name) && !text[at + word.len()..].starts_with(part_of_name))
}

/// The Rust files below a folder of the project.
fn sources(folder: &str) -> Vec<Source> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    collect(&root.join(folder), &mut paths);
    paths.sort();
    let sources = paths.into_iter().map(|path| Source {
        text: fs::read_to_string(&path).unwrap(),
        path: path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/"),
    });
    let sources: Vec<Source> = sources.collect();
    assert!(!sources.is_empty(), "{folder}");
    sources
}

/// The files of `src` that name `word` outside of the places where it belongs.
fn astray(word: &str, belongs: &[&str]) -> Vec<String> {
    let all = sources("src");
    for place in belongs {
        assert!(all.iter().any(|file| file.path.starts_with(place) && file.names(word)), "{place} has no {word}");
    }
    let elsewhere = all.into_iter().filter(|file| !belongs.iter().any(|place| file.path.starts_with(place)));
    elsewhere.filter(|file| file.names(word)).map(|file| file.path).collect()
}

#[test]
fn only_the_store_knows_the_drivers() {
    assert_eq!(astray("sqlx", &["src/store/"]), [""; 0]);
    assert_eq!(astray("rusqlite", &["src/store/"]), [""; 0]);
}

#[test]
fn only_the_edge_knows_axum() {
    assert_eq!(astray("axum", &["src/http/", "src/server/", "src/admission.rs", "src/error.rs"]), [""; 0]);
}

/// Every write goes through `Store::write`, and text becomes SQL in one place.
#[test]
fn nobody_else_begins_or_ends_transactions_or_vouches_for_sql() {
    let allowed = [
        "src/store/inspect.rs",
        "src/store/mod.rs",
        "src/store/postgres.rs",
        "src/store/sqlite.rs",
        "src/store/writer.rs",
    ];
    for file in sources("src").into_iter().filter(|file| !allowed.contains(&file.path.as_str())) {
        for call in [".begin(", ".begin_with(", ".commit(", ".rollback("] {
            assert!(!file.code().any(|line| line.contains(call)), "{} calls {call})", file.path);
        }
    }
    assert_eq!(astray("AssertSqlSafe", &[]), ["src/store/postgres.rs"]);
    assert_eq!(astray("prepare_cached", &[]), ["src/store/sqlite.rs", "src/store/writer.rs"]);
}

/// Words by which a secret, or what is stored of one, goes in the sources.
const SECRETS: [&str; 14] = [
    "secret",
    "secrets",
    "password",
    "passwords",
    "plain",
    "digest",
    "signature",
    "signed",
    "mac",
    "token",
    "jwt",
    "key",
    "output",
    "encrypted",
];

/// Comparisons of values that go by such a word, and why they tell nobody anything.
const COMPARED: &[(&str, &str)] = &[
    ("before.password != checked.password", "two hashes that are stored, of which a client knows neither"),
    ("secret == previous", "both are the operator's, at the start"),
    ("user.password != seen.password", "two hashes that are stored, of which a client knows neither"),
    ("*key == n.to_string()", "the key of an item in a form"),
];

/// The value on one side of a comparison by its last name: `digest` of `&self.digest`, nothing of a call.
fn compared(side: &str) -> &str {
    let name = |c: char| c.is_alphanumeric() || c == '_';
    let side = side.trim_matches(|c: char| !name(c) && !matches!(c, ')' | '('));
    side.trim_end_matches(".0").rsplit(|c| !name(c)).next().unwrap_or_default()
}

/// An operator stops at the first byte that differs, and a guess that was right so far takes longer. Secrets are compared
/// by `subtle`, by the crate of the MAC, or as digests by the database.
#[test]
fn no_secret_is_compared_by_an_operator() {
    let (mut seen, mut constant) = (BTreeSet::new(), 0);
    for file in sources("src") {
        for line in file.code() {
            constant += line.matches(".ct_eq(").count() + line.matches(".verify_slice(").count();
            for (at, operator) in line.match_indices(" == ").chain(line.match_indices(" != ")) {
                let (left, right) = (&line[..at], &line[at + operator.len()..]);
                let left = compared(left.rsplit(' ').next().unwrap_or_default());
                let right = compared(right.split(' ').next().unwrap_or_default());
                if !SECRETS.contains(&left) && !SECRETS.contains(&right) {
                    continue;
                }
                let excuse = COMPARED.iter().find(|(known, _)| line.contains(known));
                let Some((known, _)) = excuse else { panic!("{}: {line}", file.path) };
                seen.insert(*known);
            }
        }
        // Each format of passwords compares in constant time itself, or hands on to one that does.
        if file.path.starts_with("src/hashing/") && file.code().any(|line| line.contains("fn matches(")) {
            let compares = file.code().any(|line| line.contains(".ct_eq(") || line.contains(".compare("));
            assert!(compares, "{} compares otherwise", file.path);
        }
    }
    assert!(constant >= 8, "{constant}");
    for (known, reason) in COMPARED {
        assert!(seen.contains(known), "{known:?} ({reason}) is in use no more");
    }
}

#[test]
fn what_is_compared_is_found_by_its_name() {
    for (side, name) in [
        ("self.digest", "digest"),
        ("&self.digest,", "digest"),
        ("(secret", "secret"),
        ("!password", "password"),
        ("*token.0.0", "token"),
        ("digest.len()", ""),
        ("Some(digest)", ""),
        ("'k'", "k"),
    ] {
        assert_eq!(compared(side), name, "{side}");
    }
}

#[test]
fn every_file_says_what_it_is_for_and_is_short() {
    for file in sources("src") {
        assert!(file.text.starts_with("//! "), "{} does not begin with //!", file.path);
        let lines = file.text.lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines", file.path);
    }
}

#[test]
fn no_file_is_called_by_what_it_is_not() {
    for file in sources("src").into_iter().chain(sources("tests/api")) {
        for part in file.path.trim_end_matches(".rs").split('/') {
            let vague = ["util", "utils", "helper", "helpers", "misc", "common", "manager", "base"];
            assert!(!vague.contains(&part), "{}", file.path);
        }
    }
}

#[test]
fn the_map_of_modules_is_complete() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/lib.rs")).unwrap();
    let (map, modules) = text.split_once("pub mod").unwrap();
    let modules: Vec<&str> =
        modules.split(';').map(|module| module.trim().trim_start_matches("pub mod").trim()).collect();
    // What several modules need and no request passes through.
    let small = ["clock", "fold", "id", "secret"];
    for module in modules.into_iter().filter(|module| !module.is_empty() && !small.contains(module)) {
        assert!(map.contains(&format!("[`{module}`]")), "{module} is not in the map of src/lib.rs");
    }
}

/// A function of the store that nobody calls would be SQL that no engine has ever seen.
#[test]
fn every_function_of_the_store_is_called() {
    let callers: Vec<Source> = sources("src").into_iter().chain(sources("tests/api")).collect();
    let mut functions = 0;
    for file in sources("src/store") {
        let path = file.path.trim_end_matches(".rs").trim_end_matches("/mod");
        // A folder gives what its files hold as its own.
        let modules: Vec<&str> = path.trim_start_matches("src/store/").rsplit('/').take(2).collect();
        for line in file.code() {
            let Some((before, rest)) = line.split_once("async fn ").filter(|(before, _)| before.contains("pub")) else {
                continue;
            };
            functions += 1;
            let name = rest.split(['(', '<']).next().unwrap();
            // A method is called by its name, any other function by its module's as well.
            let called = match before.starts_with("pub") {
                true => {
                    callers.iter().any(|caller| modules.iter().any(|module| caller.names(&format!("{module}::{name}"))))
                }
                false => callers.iter().any(|caller| {
                    caller.code().any(|line| {
                        ["(", "::<"].iter().any(|next| line.contains(&format!(".{name}{next}")))
                            || line.contains(&format!("::{name}("))
                    })
                }),
            };
            assert!(called, "{}: nobody calls {name}", file.path);
        }
    }
    assert!(functions > 40, "{functions}");
}

/// The texts between quotation marks in code, as the compiler reads them; those of one `concat!` are one text.
fn literals(code: &str) -> Vec<String> {
    let (mut found, mut rest) = (Vec::new(), code);
    // The text of an open `concat!` and how many parentheses are open in it.
    let mut joined: Option<(String, usize)> = None;
    while let Some(c) = rest.chars().next() {
        if let Some(inside) = rest.strip_prefix("concat!(").filter(|_| joined.is_none()) {
            (joined, rest) = (Some((String::new(), 1)), inside);
            continue;
        }
        // A quotation mark as a character is no text.
        if let Some(after) = ["'\"'", "'\\\"'", "b'\"'"].iter().find_map(|mark| rest.strip_prefix(mark)) {
            rest = after;
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match (c, &mut joined) {
            ('"', _) => {
                let mut text = String::new();
                let mut characters = rest.char_indices();
                let end = loop {
                    match characters.next().expect("a text has an end") {
                        (at, '"') => break at,
                        (_, '\\') => {
                            let (at, escaped) = characters.next().unwrap();
                            if escaped == '\n' {
                                let blanks = rest[at + 1..].len() - rest[at + 1..].trim_start().len();
                                characters = rest[at + 1 + blanks..].char_indices();
                                rest = &rest[at + 1 + blanks..];
                            } else {
                                text.push(escaped);
                            }
                        }
                        (_, other) => text.push(other),
                    }
                };
                rest = &rest[end + 1..];
                match &mut joined {
                    Some((whole, _)) => whole.push_str(&text),
                    None => found.push(text),
                }
            }
            ('(', Some((_, open))) => *open += 1,
            (')', Some((_, open))) => *open -= 1,
            _ => {}
        }
        if let Some((whole, _)) = joined.take_if(|(_, open)| *open == 0) {
            found.push(whole);
        }
    }
    found
}

#[test]
fn texts_are_read_as_the_compiler_reads_them() {
    let code =
        "sql(\"SELECT a \\\n    FROM b\").bind('\"'); concat!(\"SELECT \", columns!(), \" FROM t\") + \"x\\\"y\"";
    assert_eq!(literals(code), ["SELECT a FROM b", "SELECT  FROM t", "x\"y"]);
}

#[test]
fn every_statement_names_the_project() {
    let (mut statements, mut excused) = (0, BTreeSet::new());
    for file in sources("src/store") {
        let code: Vec<&str> = file.code().collect();
        for text in literals(&code.join("\n")) {
            let is_sql = ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM "].iter().any(|verb| text.contains(verb));
            if !is_sql || text == " FOR UPDATE" {
                continue;
            }
            statements += 1;
            // The log shows each in a line.
            assert!(!text.contains('\n'), "{}: {text:?} has a line break", file.path);
            if has_word(&text, "project") {
                continue;
            }
            // A short excuse is for the whole text only.
            let fits = |known: &str| text == known || (known.len() > 25 && text.starts_with(known));
            let excuse = WITHOUT_PROJECT.iter().find(|(known, _)| fits(known));
            let Some((known, _)) = excuse else { panic!("{}: {text:?} does not name the project", file.path) };
            excused.insert(*known);
        }
    }
    assert!(statements > 60, "{statements}");
    for (known, reason) in WITHOUT_PROJECT {
        assert!(excused.contains(known), "{known:?} ({reason}) is in use no more");
    }
}

#[test]
fn both_engines_have_the_same_migrations() {
    let names = |engine: &str| -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let sqlite = names("sqlite");
    assert_eq!(sqlite, names("postgres"));
    for (n, name) in sqlite.iter().enumerate() {
        assert!(name.starts_with(&format!("{:04}_", n + 1)) && name.ends_with(".sql"), "{name}");
    }
    assert!(!sqlite.is_empty());
}
