//! Holds every answer that a test sees against the published description: its route is there, its status, the type of its
//! error, and its body has the described shape and nothing more.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::http::Method;
use jsonschema::Validator;
use serde_json::{Value, json};

use super::Answer;

/// The description, ready to be held against answers.
struct Description {
    document: Value,
    operations: Vec<Operation>,
    /// By the names of the models.
    models: BTreeMap<String, Validator>,
}

struct Operation {
    method: String,
    segments: Vec<String>,
    /// Where it stands in the document.
    pointer: String,
}

static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| {
    let document = usher::http::description("2.6.2");
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let base = if item["servers"].is_null() { "/v1" } else { "" };
        let segments: Vec<String> = segments(&format!("{base}{path}")).map(str::to_owned).collect();
        for (method, _) in item.as_object().unwrap().iter().filter(|(key, _)| *key != "servers") {
            let pointer = format!("/paths/{}/{method}", path.replace('/', "~1"));
            operations.push(Operation { method: method.to_ascii_uppercase(), segments: segments.clone(), pointer });
        }
    }
    let mut components = document["components"].clone();
    close(&mut components);
    let validator = |name: &String| {
        let schema = json!({ "$ref": format!("#/components/schemas/{name}"), "components": components });
        (name.clone(), jsonschema::draft202012::new(&schema).unwrap())
    };
    let models = components["schemas"].as_object().unwrap().keys().map(validator).collect();
    Description { document, operations, models }
});

/// Forbids what is not described: clients may meet new fields one day, tests may not.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.contains_key("properties") {
                map.insert("additionalProperties".into(), false.into());
            }
            map.values_mut().for_each(close);
        }
        Value::Array(list) => list.iter_mut().for_each(close),
        _ => {}
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

/// The operation that answers there, as the document describes it.
pub fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    let asked: Vec<&str> = segments(path).collect();
    let parameter = |segment: &str| segment.starts_with('{');
    let fits = |operation: &&Operation| {
        operation.method == method
            && operation.segments.len() == asked.len()
            && operation.segments.iter().zip(&asked).all(|(known, asked)| known == asked || parameter(known))
    };
    let found = DESCRIPTION.operations.iter().filter(fits);
    let exact = found.min_by_key(|operation| operation.segments.iter().filter(|segment| parameter(segment)).count());
    exact.map(|operation| DESCRIPTION.document.pointer(&operation.pointer).unwrap())
}

/// Errors of what is no route, and of what comes before all routes.
const ANYWHERE: [&str; 4] =
    ["general_route_not_found", "project_not_found", "general_unknown_origin", "user_jwt_invalid"];

/// Checks an answer. `newest` when the client did not ask for models of an older generation.
///
/// # Panics
/// When the description does not know it.
pub fn check(method: &Method, path: &str, newest: bool, answer: &Answer) {
    let case = || format!("{method} {path}: {} {}", answer.status, answer.text);
    if method == Method::OPTIONS || path == "/docs" || path.ends_with("/openapi.json") {
        return;
    }
    let Some(operation) = operation(method, path) else {
        let kind = answer.json["type"].as_str().unwrap_or_default();
        assert!(
            answer.status >= 400 && (method == Method::HEAD || ANYWHERE.contains(&kind)),
            "no such route: {}",
            case()
        );
        return;
    };
    let described = &operation["responses"][answer.status.to_string()];
    assert!(described.is_object(), "a status that is not described: {}", case());
    let schema = &described["content"]["application/json"]["schema"];
    if method == Method::HEAD {
        assert!(answer.text.is_empty(), "{}", case());
    } else if answer.status >= 400 {
        shaped("error", &answer.json).unwrap_or_else(|why| panic!("{why}: {}", case()));
        let types = schema["allOf"][1]["properties"]["type"]["enum"].as_array().unwrap();
        assert!(types.contains(&answer.json["type"]), "an error that is not described: {}", case());
    } else if let Some(model) = schema["$ref"].as_str() {
        if newest {
            let name = model.rsplit('/').next().unwrap();
            shaped(name, &answer.json).unwrap_or_else(|why| panic!("{why}: {}", case()));
        }
    } else {
        assert!(described["content"].get("text/plain").is_some() != answer.text.is_empty(), "{}", case());
    }
}

/// Checks that a value is what a model of the description says.
///
/// # Errors
/// What is not.
pub fn shaped(model: &str, value: &Value) -> Result<(), String> {
    DESCRIPTION.models[model].validate(value).map_err(|error| format!("{} {error}", error.instance_path()))
}
