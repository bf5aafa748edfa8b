//! Every statement that is really sent, recorded while every endpoint, command and background job runs: each names its project by a
//! comparison with a value, for each table that has one. `docs/scaling.md` rests on the record.
//!
//! `USHER_TEST_RECORD=1` writes the record anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::json;
use usher::store::{Engine, keys, projects};
use usher::{housekeeping, metrics};

use super::schema::Outside;
use super::statements::told;
use crate::generator;
use crate::support::{PROJECT, TestApp, both};

/// Statements that no project stands in: how they begin, and why. Every entry must be of use.
const OF_NO_PROJECT: &[(&str, &str)] = &[
    ("SELECT … FROM projects WHERE id = $", "finds the project by its id"),
    ("SELECT … FROM projects ORDER BY seq", "lists the projects for commands and metrics"),
    ("SELECT seq FROM projects ORDER BY seq", "lists the projects for background work"),
    ("SELECT seq FROM projects WHERE seq = $ FOR NO KEY UPDATE", "`projects.seq` is the project"),
    ("UPDATE projects SET settings = $, updated_at = $ WHERE seq = $", "`projects.seq` is the project"),
    ("DELETE FROM projects WHERE seq = $", "`projects.seq` is the project"),
    ("INSERT INTO projects (", "makes the project"),
    ("INSERT INTO jobs (", "background work is claimed for all projects together"),
    ("SELECT 1", "asks whether the database answers"),
    ("SELECT set_config('statement_timeout', ", "sets the time limit of a transaction"),
];

/// A word, a value or a mark of a statement.
fn words(text: &str) -> Vec<&str> {
    let (mut found, mut rest) = (Vec::new(), text);
    let of_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '…');
    while let Some(first) = rest.chars().next() {
        let length = match of_word(first) {
            true => rest.find(|c| !of_word(c)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        if first != ' ' {
            found.push(&rest[..length]);
        }
        rest = &rest[length..];
    }
    found
}

const KEYWORDS: [&str; 14] = [
    "WHERE",
    "SET",
    "ON",
    "ORDER",
    "JOIN",
    "LEFT",
    "NOT",
    "INDEXED",
    "FOR",
    "LIMIT",
    "GROUP",
    "UNION",
    "RETURNING",
    "CROSS",
];

/// The tables of a statement that are among these, each with the name by which the statement goes on.
fn tables<'a>(words: &[&'a str], known: &BTreeSet<String>) -> Vec<(&'a str, &'a str)> {
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let updates = *word == "UPDATE" && (at == 0 || !matches!(words[at - 1], "FOR" | "KEY" | "DO"));
        let table = words.get(at + 1).copied().filter(|table| known.contains(*table));
        let Some(table) = table.filter(|_| updates || matches!(*word, "FROM" | "JOIN" | "INTO")) else { continue };
        let mut next = &words[at + 2..];
        if next.first() == Some(&"AS") {
            next = &next[1..];
        }
        let named = next.first().filter(|name| name.starts_with(char::is_lowercase) && !KEYWORDS.contains(name));
        found.push((table, named.copied().unwrap_or(table)));
    }
    found
}

/// The parts between commas from an opening parenthesis on, or from the first word of a list.
fn parts<'a>(words: &[&'a str]) -> Vec<Vec<&'a str>> {
    let (mut found, mut depth) = (vec![Vec::new()], 0);
    for word in words {
        match *word {
            "(" => depth += 1,
            ")" if depth == 0 => break,
            ")" => depth -= 1,
            "FROM" if depth == 0 => break,
            "," if depth == 0 => {
                found.push(Vec::new());
                continue;
            }
            _ => {}
        }
        found.last_mut().unwrap().push(*word);
    }
    found
}

/// The table of an INSERT, when it stores a value, or the project of another row, as the project.
fn stored<'a>(words: &[&'a str], at: usize, word: &str) -> Option<&'a str> {
    let table = words.get(at + 1).filter(|_| word == "INTO")?;
    let open = at + 2 + usize::from(words.get(at + 2) == Some(&"AS")) * 2;
    let columns = parts(&words[open + 1..]);
    let place = columns.iter().position(|column| *column == ["project"])?;
    let after = open + 1 + columns.iter().map(|column| column.len() + 1).sum::<usize>();
    let from = words[after..].iter().position(|word| matches!(*word, "VALUES" | "SELECT"))? + after;
    let values = if words[from] == "VALUES" { &words[from + 2..] } else { &words[from + 1..] };
    let value = parts(values).into_iter().nth(place)?;
    let is_project = |word: &&str| word.starts_with('$') || *word == "project" || word.ends_with(".project");
    value.iter().any(is_project).then_some(*table)
}

/// The tables for which a statement does not say by a comparison, or a value to store, which project it means.
fn without_project<'a>(words: &[&'a str], tables: &[(&'a str, &'a str)]) -> Vec<&'a str> {
    let (mut alone, mut bound) = (0, BTreeSet::new());
    let mut equal = Vec::new();
    // The tables of a part that has a name are looked at as all others, so its rows are those of one project.
    for window in words.windows(3) {
        if let [name, "AS", "("] = window {
            bound.insert(*name);
        }
    }
    for window in words.windows(3) {
        let [left, "=", right] = window else { continue };
        match (left.strip_suffix(".project"), right.strip_suffix(".project")) {
            (Some(name), None) if right.starts_with('$') => drop(bound.insert(name)),
            (Some(one), Some(other)) => equal.push((one, other)),
            _ if *left == "project" && right.starts_with('$') => alone += 1,
            _ => {}
        }
    }
    let stores: BTreeSet<&str> = words.iter().enumerate().filter_map(|(at, word)| stored(words, at, word)).collect();
    for _ in 0..tables.len() {
        for (one, other) in &equal {
            if bound.contains(one) || bound.contains(other) {
                bound.extend([*one, *other]);
            }
        }
    }
    let mut left = Vec::new();
    for (table, name) in tables {
        if bound.contains(name) || bound.contains(table) || (stores.contains(table) && name == table) {
            continue;
        }
        match alone {
            0 => left.push(*table),
            _ => alone -= 1,
        }
    }
    left
}

/// A statement without what differs from one request to the next, and without long lists of columns.
fn normal(text: &str) -> String {
    let mut short = String::new();
    for word in text.split(' ') {
        let mut digits = false;
        for c in word.chars() {
            digits = (digits && c.is_ascii_digit()) || c == '$';
            if c == '$' || !digits {
                short.push(c);
            }
        }
        short.push(' ');
    }
    while short.contains("$, $, ") {
        short = short.replace("$, $, ", "$, ");
    }
    let mut out = String::new();
    let mut rest = short.trim_end();
    while let Some((before, after)) = rest.split_once("SELECT ") {
        let list = parts(&words(after)).len();
        out.push_str(before);
        out.push_str("SELECT ");
        rest = after;
        if let Some(at) = outer_from(after).filter(|_| list > 4) {
            out.push('…');
            rest = &after[at..];
        }
    }
    out.push_str(rest);
    if let Some((before, after)) = out.split_once("INSERT INTO ")
        && let Some((table, columns)) = after.split_once(" (")
        && let Some((columns, rest)) = columns.split_once(") ")
        && columns.len() > 60
    {
        let first = columns.split(", ").next().unwrap();
        out = format!("{before}INSERT INTO {table} ({first}, …) {rest}");
    }
    match out.split_once(" RETURNING ") {
        Some((before, after)) => {
            let end = after.find(')').filter(|_| before.starts_with("WITH ")).unwrap_or(after.len());
            let list = if end > 40 { "…" } else { &after[..end] };
            format!("{before} RETURNING {list}{}", &after[end..])
        }
        None => out,
    }
}

/// Where the list of a SELECT ends.
fn outer_from(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return None,
            ')' => depth -= 1,
            ' ' if depth == 0 && text[at..].starts_with(" FROM ") => return Some(at),
            _ => {}
        }
    }
    None
}

#[test]
fn a_comparison_is_told_from_a_word() {
    let known: BTreeSet<String> = ["users", "sessions", "logs"].map(str::to_owned).into();
    for (statement, expected) in [
        ("SELECT id FROM users WHERE project = $1", &[][..]),
        ("SELECT project FROM users WHERE id = $1", &["users"]),
        ("SELECT id FROM users WHERE project = project", &["users"]),
        ("SELECT 1 FROM users u JOIN sessions s ON s.project = u.project WHERE u.project = $1", &[]),
        ("SELECT 1 FROM users u JOIN sessions s ON s.user_id = u.id WHERE u.project = $1", &["sessions"]),
        ("UPDATE users SET name = $2 WHERE project = $1", &[]),
        ("UPDATE users SET project = $2, name = (SELECT 1 FROM logs) WHERE id = $1", &["logs"]),
        ("DELETE FROM users WHERE project = $1 AND id IN (SELECT user_id FROM sessions WHERE id = $2)", &["sessions"]),
        ("INSERT INTO users (id, project) VALUES ($1, $2)", &[]),
        ("INSERT INTO users (id, project) VALUES ($1, 7)", &["users"]),
        ("INSERT INTO users (id) VALUES ($1)", &["users"]),
        ("INSERT INTO logs (project, id) SELECT u.project, $2 FROM users u WHERE u.project = $1", &[]),
        ("INSERT INTO logs (project, id) SELECT u.project, $2 FROM users u WHERE u.id = $1", &["users"]),
    ] {
        let words = words(statement);
        assert_eq!(without_project(&words, &tables(&words, &known)), expected, "{statement}");
    }
    let long = "SELECT a, b, c, (SELECT d FROM t), e FROM users WHERE id IN ($1, $2, $13, $4) AND x = $5";
    assert_eq!(normal(long), "SELECT … FROM users WHERE id IN ($, $) AND x = $");
}

/// What is asked of lists, besides what every endpoint is asked.
const LISTS: [&str; 16] = [
    "/v1/users?search=ada",
    "/v1/users?search=ada%20example",
    "/v1/users?search=a",
    "/v1/users?total=false",
    "/v1/users?queries[]=limit(2000)",
    "/v1/users?queries[]=orderDesc(%22name%22)&queries[]=cursorAfter(%22somebody0%22)",
    "/v1/users?queries[]=contains(%22labels%22,[%22vip%22])",
    "/v1/users?queries[]=equal(%22status%22,true)&queries[]=cursorBefore(%22somebody0%22)",
    "/v1/users?queries[]=equal(%22name%22,[%22Somebody%22])&queries[]=offset(1)",
    "/v1/users?queries[]=startsWith(%22email%22,%22some%22)&queries[]=orderAsc(%22email%22)",
    "/v1/users?queries[]=isNull(%22phone%22)&search=example",
    "/v1/users/identities?search=example",
    "/v1/users/identities?queries[]=equal(%22userId%22,%22somebody0%22)",
    "/v1/users/somebody0/memberships?search=red",
    "/v1/users/somebody0/logs?queries[]=limit(1)&queries[]=offset(1)",
    "/v1/users/somebody0/targets?queries[]=cursorAfter(%22target0%22)",
];

/// Asks for everything that there is.
async fn everything(app: &TestApp) {
    generator::each_once(app).await;
    for path in LISTS {
        app.admin().get(path).await.expect(200);
    }
    let anna = json!({"email": "anna@example.org", "password": "long enough"});
    app.user("anna", anna.clone()).await;
    let guest = || app.guest().header("x-appwrite-project", PROJECT);
    guest().post("/v1/account/sessions/email", &anna).await.expect(201);
    let wrong = json!({"email": "anna@example.org", "password": "wrong enough"});
    guest().post("/v1/account/sessions/email", &wrong).await.expect(401);
    let token = app.admin().post("/v1/users/anna/tokens", &json!({})).await.expect(201);
    let token = json!({"userId": "anna", "secret": token["secret"]});
    guest().post("/v1/account/sessions/token", &token).await.expect(201);
    guest().post("/v1/account/sessions/token", &token).await.expect(401);
    for path in ["/v1/health", "/readyz", "/v1/users/nobody"] {
        app.admin().get(path).await;
    }
    app.app.store.ping().await.unwrap();
    housekeeping::run_once(&app.app).await.unwrap();
    metrics::exposition(&app.app).await;
    // As the commands do.
    app.set(|settings| (settings.password_history, settings.users_limit, settings.sessions_limit) = (3, 1000, 2)).await;
    let bert = json!({"userId": "bert", "email": "bert@example.org", "password": "long enough"});
    guest().post("/v1/account", &bert).await.expect(201);
    guest().post("/v1/account/sessions/email", &anna).await.expect(201);
    app.admin().patch("/v1/users/anna/password", &json!({"password": "another long one"})).await.expect(200);
    let secret = app.new_key(PROJECT, &usher::access::Scope::ALL).await;
    let (id, project) = (app.key_id(PROJECT, &secret).await, app.project(PROJECT).await.key);
    keys::all(app.store().read(), project).await.unwrap();
    app.write(move |tx| Box::pin(async move { keys::delete(tx, project, &id).await.map(drop) })).await;
    let other = app.new_project("other").await.key;
    app.write(move |tx| Box::pin(async move { projects::delete(tx, other).await.map(drop) })).await;
}

async fn with_project(app: &TestApp) -> BTreeSet<String> {
    let all = match app.engine() {
        Engine::Postgres => {
            "SELECT CAST(table_name AS TEXT) FROM information_schema.columns WHERE column_name = 'project' AND table_schema = 'public'"
        }
        Engine::Sqlite => {
            "SELECT m.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'project'"
        }
    };
    Outside::of(app).await.texts(all).await.into_iter().flatten().collect()
}

both! {
    on one thread;

    async fn every_statement_that_is_sent_names_its_project(app) {
        let known = with_project(app).await;
        assert!(known.len() > 15, "{known:?}");
        let ((), sent) = told(everything(app)).await;
        let mut record = BTreeMap::new();
        for text in &sent {
            // A word of the index is what the rows of a project have in common.
            let scope = app.engine() == Engine::Sqlite && text.contains("_search") && text.contains("scope");
            let words = words(text);
            let tables = tables(&words, &known);
            let missing = if scope { Vec::new() } else { without_project(&words, &tables) };
            let names: BTreeSet<&str> = tables.iter().map(|(table, _)| *table).collect();
            let names = names.into_iter().collect::<Vec<_>>().join(" ");
            record.insert(normal(text), (names, missing, scope));
        }
        let (mut excused, mut wrong) = (BTreeSet::new(), Vec::new());
        for (text, (names, missing, scope)) in &record {
            if (!names.is_empty() || *scope) && missing.is_empty() {
                continue;
            }
            let excuse = OF_NO_PROJECT.iter().find(|(known, _)| text.starts_with(known));
            match excuse {
                Some((excuse, _)) => drop(excused.insert(*excuse)),
                None => wrong.push((text, missing)),
            }
        }
        assert!(wrong.is_empty(), "these do not say which project they mean: {wrong:#?}");
        for (known, reason) in OF_NO_PROJECT {
            assert!(excused.contains(known) || app.engine() == Engine::Sqlite, "{known:?} ({reason}) is in use no more");
        }
        let line = |(text, (names, ..)): (&String, &(String, _, _))| {
            format!("{}\n    {text}\n", if names.is_empty() { "no project" } else { names })
        };
        let mut lines: Vec<String> = record.iter().map(line).collect();
        lines.sort();
        let found = lines.concat();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/store/recorded").join(app.engine().name());
        let file = file.with_extension("txt");
        if std::env::var_os("USHER_TEST_RECORD").is_some() {
            std::fs::write(&file, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        let (new, old): (BTreeSet<&str>, BTreeSet<&str>) = (found.lines().collect(), expected.lines().collect());
        assert!(
            new == old,
            "{}: USHER_TEST_RECORD=1 records anew\nnew: {:#?}\ngone: {:#?}",
            file.display(),
            new.difference(&old).collect::<Vec<_>>(),
            old.difference(&new).collect::<Vec<_>>()
        );
    }
}
