//! In the queries, the search and the paging of lists.

use serde_json::{Value, json};
use usher::query::{Attribute, Kind};
use usher::store::list::{IDENTITIES, MEMBERSHIPS, Source, TARGETS, USERS};

use super::{PAYLOADS, prepare};
use crate::attacks::{INVALID, Tried, encoded, is};
use crate::isolation::MARK;
use crate::support::{Answer, both};

/// Every list, and what it may be asked by; of the log that is nothing but its length.
fn lists() -> [(&'static str, &'static str, Option<&'static Source>); 5] {
    [
        ("/v1/users", "users", Some(&USERS)),
        ("/v1/users/identities", "identities", Some(&IDENTITIES)),
        ("/v1/users/twin/memberships", "memberships", Some(&MEMBERSHIPS)),
        ("/v1/users/twin/targets", "targets", Some(&TARGETS)),
        ("/v1/users/twin/logs", "logs", None),
    ]
}

/// Operators that no row passes when it is given an attack, and those that some rows may pass.
const NONE_PASSES: [&str; 6] = ["equal", "startsWith", "endsWith", "contains", "containsAny", "containsAll"];
const SOME_PASS: [&str; 10] = [
    "notEqual",
    "notContains",
    "notStartsWith",
    "notEndsWith",
    "lessThan",
    "lessThanEqual",
    "greaterThan",
    "greaterThanEqual",
    "between",
    "notBetween",
];

/// What an operator with an attack as its value must come to: a status, and how many rows when that is known.
fn outcome(attribute: &Attribute, operator: &str) -> (u16, Option<u64>) {
    let none = NONE_PASSES.contains(&operator);
    match attribute.kind {
        Kind::Text | Kind::Folded => (200, none.then_some(0)),
        Kind::List if operator.contains("ontains") => (200, none.then_some(0)),
        Kind::List | Kind::Bool | Kind::Date | Kind::Sequence => (400, None),
    }
}

#[track_caller]
fn shows_nothing_of_others(answer: &Answer, case: &str) {
    assert!(!answer.text.contains(MARK), "{case}: {}", answer.text);
}

both! {
    async fn sql_as_the_value_of_any_operator_on_any_attribute_is_a_text(app) {
        let untouched = prepare(app).await;
        let admin = app.admin();
        let mut tried = Tried::default();
        for (path, _, source) in lists() {
            for attribute in source.into_iter().flat_map(|source| source.schema.attributes) {
                for operator in NONE_PASSES.into_iter().chain(SOME_PASS) {
                    for payload in ["'", "' OR '1'='1", "\") OR (1=1) --", "'; DROP TABLE users; --"] {
                        let values = if operator.ends_with("etween") { vec![payload; 2] } else { vec![payload] };
                        let query = json!({"method": operator, "attribute": attribute.name, "values": values});
                        let answer = admin.list(path, std::slice::from_ref(&query)).await;
                        tried.one();
                        let case = format!("{path} {query}");
                        let (status, total) = outcome(attribute, operator);
                        assert_eq!(answer.status, status, "{case}: {}", answer.text);
                        shows_nothing_of_others(&answer, &case);
                        match total {
                            Some(total) => assert_eq!(answer.json["total"], total, "{case}"),
                            None if status == 400 => is(&answer, 400, INVALID, &case),
                            None => {}
                        }
                    }
                }
                // All of them in one filter, inside of others, are texts too.
                if matches!(attribute.kind, Kind::Text | Kind::Folded) {
                    let equal = json!({"method": "equal", "attribute": attribute.name, "values": PAYLOADS});
                    let either = json!({"method": "or", "values": [equal, equal]});
                    let answer = admin.list(path, &[json!({"method": "and", "values": [either, equal]})]).await;
                    tried.one();
                    assert_eq!(answer.expect(200)["total"], 0, "{path} {}", attribute.name);
                }
            }
            untouched.check(app, path).await;
        }
        tried.at_least(40 * 16 * 4);
    }

    async fn sql_as_an_attribute_a_method_a_cursor_or_a_number_is_refused(app) {
        let untouched = prepare(app).await;
        let admin = app.admin();
        let mut tried = Tried::default();
        for (path, _, source) in lists() {
            for payload in PAYLOADS {
                let mut queries: Vec<Value> = vec![
                    json!({"method": payload, "attribute": "$id", "values": ["twin"]}),
                    json!({"method": "limit", "values": [payload]}),
                    json!({"method": "offset", "values": [payload]}),
                    json!(format!("{payload}(\"$id\", [\"twin\"])")),
                    json!(format!("limit({payload})")),
                ];
                for method in ["equal", "isNull", "orderAsc", "orderDesc", "contains", "between"] {
                    queries.push(json!({"method": method, "attribute": payload, "values": ["a", "b"]}));
                }
                for method in ["cursorAfter", "cursorBefore", "select"] {
                    queries.push(json!({"method": method, "values": [payload]}));
                }
                // A column of the tables is no attribute.
                for column in ["t.id", "digest", "password", "$id; --", "$id) OR (1=1", "name COLLATE BINARY", "t.project"] {
                    queries.push(json!({"method": "equal", "attribute": column, "values": [payload]}));
                }
                for query in queries {
                    let answer = admin.list(path, std::slice::from_ref(&query)).await;
                    tried.one();
                    is(&answer, 400, INVALID, &format!("{path} {query}"));
                }
                let raw = admin.get(&format!("{path}?queries[]={}", encoded(payload))).await;
                is(&raw, 400, INVALID, payload);
                let total = admin.get(&format!("{path}?total={}", encoded(payload))).await;
                is(&total, 400, INVALID, payload);
                tried.one();
                tried.one();
            }
            // Orders are of attributes, and of nothing that a statement could be told beside them.
            for order in ["$id DESC", "$id, (SELECT 1)", "$createdAt NULLS FIRST", "1", "(SELECT secret)"] {
                for method in ["orderAsc", "orderDesc"] {
                    let answer = admin.list(path, &[json!({"method": method, "attribute": order})]).await;
                    tried.one();
                    is(&answer, 400, INVALID, &format!("{path} {method} {order} {}", source.is_some()));
                }
            }
            untouched.check(app, path).await;
        }
        tried.at_least(5 * PAYLOADS.len() * 20);
    }

    async fn sql_and_operators_of_the_search_find_nothing(app) {
        let untouched = prepare(app).await;
        let admin = app.admin();
        let mut tried = Tried::default();
        for (path, plural, _) in &lists()[..3] {
            for payload in PAYLOADS {
                for text in [payload.to_owned(), format!("\"{payload}\""), format!("{payload}*"), format!("{payload} twin")] {
                    let answer = admin.get(&format!("{path}?search={}", encoded(&text))).await;
                    tried.one();
                    shows_nothing_of_others(&answer, &text);
                    assert_eq!(answer.status, 200, "{path} {text}: {}", answer.text);
                    // What of it is no operator has to be found beside the word that is there.
                    let bare = text.chars().all(|c| c.is_whitespace() || "\"*twin".contains(c));
                    let expected = bare && text.contains("twin") && *plural != "identities";
                    assert_eq!(answer.ids(plural).len(), usize::from(expected), "{path} {text}: {}", answer.text);
                }
            }
            untouched.check(app, path).await;
        }
        tried.at_least(3 * 4 * PAYLOADS.len());
    }

    async fn sql_in_queries_of_the_old_form_is_a_text(app) {
        let untouched = prepare(app).await;
        let admin = app.admin();
        let mut tried = Tried::default();
        for (path, plural, source) in lists() {
            if source.is_none() {
                continue;
            }
            for payload in PAYLOADS {
                let quoted = format!("equal(\"$id\", [\"{payload}\"])");
                let answer = admin.list(path, &[json!(quoted)]).await;
                tried.one();
                shows_nothing_of_others(&answer, &quoted);
                // A quote in a text of this form ends it, and what follows may be no list of values any more.
                match payload.contains('"') && answer.status == 400 {
                    true => is(&answer, 400, INVALID, &quoted),
                    false => assert!(answer.ids(plural).is_empty(), "{quoted}: {}", answer.text),
                }
                for query in [format!("equal(\"{payload}\", [\"twin\"])"), format!("cursorAfter(\"{payload}\")")] {
                    let answer = admin.list(path, &[json!(query)]).await;
                    tried.one();
                    is(&answer, 400, INVALID, &query);
                }
            }
            untouched.check(app, path).await;
        }
        tried.at_least(4 * 3 * PAYLOADS.len());
    }
}
