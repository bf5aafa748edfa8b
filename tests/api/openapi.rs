//! The published description of the API: that it is served, that it is complete, and that it names what the descriptions of
//! other servers of this protocol name.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use serde_json::{Value, json};
use usher::http::description;

use crate::access::ENDPOINTS;
use crate::generator::endpoints::{Who, all};
use crate::support::{both, described};

both! {
    async fn it_is_served_to_anybody(app) {
        let answer = app.guest().get("/v1/openapi.json").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json; charset=UTF-8"));
        assert_eq!(answer.json, description("2.6.2"));
        let page = app.guest().get("/docs").await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=UTF-8"));
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline';"), "{policy}");
        assert!(page.text.starts_with("<!doctype html>") && page.text.trim_end().ends_with("</html>"));
        app.guest().request(Method::POST, "/docs", None).await.fails(404, "general_route_not_found", "");
    }

    async fn it_announces_the_version_that_the_server_announces(app, "USHER_COMPAT_VERSION" = "1.9.5") {
        assert_eq!(app.guest().get("/v1/openapi.json").await.json["info"]["version"], "1.9.5");
    }
}

/// Method, path and operation of all that is described.
fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter().filter(|(key, _)| *key != "servers");
            methods.map(move |(method, operation)| (method.to_ascii_uppercase(), path.clone(), operation))
        })
        .collect()
}

/// The parameters of an operation by name, with whether they must be there: those of path and query, or of the body.
fn parameters(operation: &Value) -> BTreeMap<String, bool> {
    let outside = operation["parameters"].as_array().into_iter().flatten();
    let mut found: BTreeMap<String, bool> = outside
        .filter(|parameter| parameter["in"] != "header")
        .map(|parameter| {
            // A list is called as a client writes it.
            let name = parameter["name"].as_str().unwrap().trim_end_matches("[]");
            (name.to_owned(), parameter["required"] == true)
        })
        .collect();
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    let required: Vec<&str> = body["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for name in body["properties"].as_object().into_iter().flatten().map(|(name, _)| name) {
        found.insert(name.clone(), required.contains(&name.as_str()));
    }
    found
}

#[test]
fn the_generator_drives_all_that_is_described() {
    let document = description("2.6.2");
    let table = all();
    for endpoint in &table {
        let operation = described::operation(&endpoint.method, endpoint.path);
        let operation = operation.unwrap_or_else(|| panic!("{} {} is not described", endpoint.method, endpoint.path));
        let mut expected: BTreeMap<String, bool> =
            endpoint.params.iter().map(|(name, _, required)| ((*name).to_owned(), *required)).collect();
        let in_path = |segment: &str| Some(segment.strip_prefix('{')?.strip_suffix('}')?.to_owned());
        expected.extend(endpoint.path.split('/').filter_map(in_path).map(|name| (name, true)));
        let mut found = parameters(operation);
        if endpoint.method == Method::PATCH && endpoint.path.ends_with("/targets/{targetId}") {
            // There is no provider that could be named.
            found.remove("providerId");
        }
        assert_eq!(found, expected, "{} {}", endpoint.method, endpoint.path);
        assert!(operation["responses"][endpoint.status.to_string()].is_object());
    }
    // Others are about health, former paths of the same handlers, or need what only one user knows.
    let driven = |method: &str, path: &str| {
        table.iter().any(|endpoint| endpoint.method == *method && endpoint.path.strip_prefix("/v1") == Some(path))
    };
    let left: Vec<String> = operations(&document)
        .into_iter()
        .filter(|(method, path, operation)| operation["tags"][0] != "health" && !driven(method, path))
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    assert_eq!(
        left,
        [
            "POST /account/sessions/email",
            "POST /account/sessions",
            "POST /account/sessions/token",
            "PUT /account/sessions/magic-url",
            "PUT /account/sessions/phone",
            "POST /account/jwt",
        ]
    );
}

#[test]
fn scopes_are_those_that_let_a_key_in() {
    for (method, path, scopes) in &ENDPOINTS {
        let operation = described::operation(method, path).unwrap();
        let expected: Vec<Value> = scopes.iter().map(|scope| json!({ "Project": [], "Key": [scope.name()] })).collect();
        assert_eq!(operation["security"], json!(expected), "{method} {path}");
    }
    let by_key = all().iter().filter(|endpoint| endpoint.who == Who::Key).count();
    assert_eq!(by_key, ENDPOINTS.len());
}

/// What a reader of the description needs: words for each thing, names that are there once, and references that lead somewhere.
#[test]
fn it_is_complete() {
    let document = description("2.6.2");
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let case = format!("{method} {path}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{case}");
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{case}");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(!parameter["description"].as_str().unwrap().is_empty(), "{case} {}", parameter["name"]);
        }
        let body = &operation["requestBody"]["content"]["application/json"]["schema"]["properties"];
        for (name, schema) in body.as_object().into_iter().flatten() {
            assert!(!schema["description"].as_str().unwrap().trim().is_empty(), "{case} {name}");
        }
        // What stands in the path is described as standing there.
        for name in path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')) {
            let mut parameters = operation["parameters"].as_array().unwrap().iter();
            assert!(parameters.any(|parameter| parameter["name"] == name && parameter["in"] == "path"), "{case}");
        }
        for status in ["404", "401", "403", "503"] {
            assert!(operation["tags"][0] == "health" || operation["responses"][status].is_object(), "{case} {status}");
        }
    }
    let mut references = BTreeSet::new();
    collect_references(&document, &mut references);
    for reference in &references {
        assert!(document.pointer(reference.strip_prefix('#').unwrap()).is_some(), "{reference}");
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let reference = format!("#/components/schemas/{name}");
        assert!(references.contains(&reference), "nothing refers to {name}");
        for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
            assert!(!schema["description"].as_str().unwrap_or_default().is_empty(), "{name}.{field}");
        }
    }
}

fn collect_references(value: &Value, to: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                to.insert(reference.clone());
            }
            map.values().for_each(|value| collect_references(value, to));
        }
        Value::Array(list) => list.iter().for_each(|value| collect_references(value, to)),
        _ => {}
    }
}

/// The model of an answer, when all is well.
fn model<'d>(document: &'d Value, operation: &Value) -> Option<&'d Value> {
    let responses = operation["responses"].as_object().unwrap().iter();
    let mut fine = responses.filter(|(status, _)| status.starts_with('2'));
    let reference = fine.find_map(|(_, answer)| answer["content"]["application/json"]["schema"]["$ref"].as_str())?;
    document.pointer(reference.strip_prefix('#').unwrap())
}

/// What their model promises, ours does too.
fn models_agree(theirs: &Value, operation: &Value, document: &Value, ours: &Value, case: &str) {
    let Some(promised) = model(theirs, operation) else { return };
    let here = model(document, ours).unwrap_or_else(|| panic!("{case}: no model"));
    for name in promised["required"].as_array().into_iter().flatten() {
        let kept = here["required"].as_array().unwrap().contains(name);
        assert!(kept, "{case}: {name}");
    }
}

/// Examples are accepted by the schema beside them, and so by clients that check before they send.
#[test]
fn examples_are_valid() {
    let document = description("2.6.2");
    let mut seen = 0;
    for (method, path, operation) in operations(&document) {
        let body = &operation["requestBody"]["content"]["application/json"]["schema"]["properties"];
        let inside = body.as_object().into_iter().flatten().map(|(name, schema)| (name.as_str(), schema));
        let outside = operation["parameters"].as_array().into_iter().flatten();
        let outside = outside.map(|parameter| (parameter["name"].as_str().unwrap(), &parameter["schema"]));
        for (name, schema) in inside.chain(outside) {
            let validator = jsonschema::draft202012::new(schema).unwrap();
            for example in schema["examples"].as_array().unwrap() {
                assert!(validator.is_valid(example), "{method} {path} {name}: {example}");
                seen += 1;
            }
        }
    }
    assert!(seen > 100, "{seen}");
}

/// The descriptions that were published for servers of two generations: every path, method and parameter of the Users service
/// that they have is here, and nothing is required that was not.
#[test]
fn published_descriptions_agree() {
    let Some(contract) = std::env::var_os("USHER_CONTRACT_DIR") else { return };
    let document = description("2.6.2");
    let mut compared = 0;
    for (file, most) in [("1.4.x-server.json", 28), ("1.7.x-server.json", 42)] {
        let text = std::fs::read_to_string(std::path::Path::new(&contract).join("openapi").join(file)).unwrap();
        let theirs: Value = serde_json::from_str(&text).unwrap();
        let mut count = 0;
        for (method, path, operation) in operations(&theirs) {
            if operation["tags"][0] != "users" {
                continue;
            }
            count += 1;
            let ours = &document["paths"][&path][method.to_ascii_lowercase()];
            assert!(ours.is_object(), "{file}: {method} {path}");
            let ours_of = parameters(ours);
            for (name, required) in parameters(operation) {
                let here = ours_of.get(&name);
                assert_eq!(here, Some(&required), "{file}: {method} {path} {name}");
            }
            models_agree(&theirs, operation, &document, ours, &format!("{file}: {method} {path}"));
            let fine = operation["responses"].as_object().unwrap().keys().find(|status| status.starts_with('2'));
            let documented_otherwise = path.ends_with("/recovery-codes") && method == "PATCH";
            assert!(documented_otherwise || ours["responses"][fine.unwrap()].is_object(), "{file}: {method} {path}");
        }
        assert!(count >= most, "{file}: {count}");
        compared += count;
    }
    assert!(compared > 0);
}
