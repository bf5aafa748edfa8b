//! The dashboard, the alerts and the documentation name what the server exports, and all of it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::text::{Exposition, family};
use super::{LABELS, scrape};
use crate::support::both;

/// Labels that Prometheus and Grafana bring along.
const THEIRS: [&str; 3] = ["job", "instance", "alertname"];

fn file(name: &str) -> String {
    std::fs::read_to_string(format!("{}/docs/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The names of metrics in a text.
fn names(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("usher_")).collect()
}

/// The labels by which an expression chooses and groups.
fn labels(expression: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for piece in expression.split('{').skip(1) {
        let (inside, _) = piece.split_once('}').expect("an end of the selector");
        found.extend(inside.split(',').filter_map(|test| Some(test.split(['=', '!', '~']).next()?.trim().to_owned())));
    }
    for word in ["by (", "by(", "without ("] {
        for piece in expression.split(word).skip(1) {
            let (inside, _) = piece.split_once(')').expect("an end of the group");
            found.extend(inside.split(',').map(|label| label.trim().to_owned()));
        }
    }
    found
}

/// All expressions of the dashboard.
fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match (key.as_str(), value) {
                    ("expr" | "query" | "definition", Value::String(text)) => found.push(text.clone()),
                    _ => expressions(value, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| expressions(value, found)),
        _ => {}
    }
}

/// The families that a text names, each of which there is.
fn families<'a>(seen: &Exposition, text: &'a str, place: &str) -> BTreeSet<&'a str> {
    names(text)
        .into_iter()
        .map(|name| family(&seen.families, name).unwrap_or_else(|| panic!("{place} names {name}, which there is not")))
        .collect()
}

both! {
    async fn dashboards_alerts_and_documentation_name_what_there_is(app) {
        let seen = scrape(app).await;
        let all: BTreeSet<&str> = seen.families.keys().map(String::as_str).collect();
        let mut found = Vec::new();
        let dashboard: Value = serde_json::from_str(&file("grafana.json")).unwrap();
        expressions(&dashboard, &mut found);
        assert!(found.len() > 15, "{found:?}");
        let text = found.join("\n");
        assert_eq!(families(&seen, &text, "docs/grafana.json"), all, "the dashboard shows all that there is");
        let alerts = file("alerts.yml");
        assert!(families(&seen, &alerts, "docs/alerts.yml").len() > 8);
        let expressions = alerts.lines().filter_map(|line| line.trim().strip_prefix("expr: "));
        let expressions: Vec<&str> = expressions.collect();
        assert_eq!(expressions.len(), alerts.matches("- alert: ").count(), "each alert has its expression on one line");
        for expression in found.iter().map(String::as_str).chain(expressions) {
            let opened = expression.matches(['(', '[', '{']).count();
            assert_eq!(opened, expression.matches([')', ']', '}']).count(), "{expression}");
            for label in labels(expression) {
                assert!(LABELS.contains(&label.as_str()) || THEIRS.contains(&label.as_str()), "{label} in {expression}");
            }
        }
        let manual = file("operations.md");
        let rows: BTreeSet<&str> = manual.lines().filter_map(|line| line.strip_prefix("| `usher_")?.split('`').next()).collect();
        let told: BTreeSet<&str> = all.iter().map(|name| name.strip_prefix("usher_").unwrap()).collect();
        assert_eq!(rows, told, "docs/operations.md has a row for each");
        for name in names(&manual) {
            assert!(all.contains(name), "docs/operations.md names {name}, which there is not");
        }
    }
}

#[test]
fn labels_are_found_in_expressions() {
    let found = labels("sum by (route, le) (rate(a{status=~\"5..\",method!=\"GET\"}[5m])) / sum(b{})");
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["", "le", "method", "route", "status"]);
}
