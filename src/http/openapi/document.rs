//! The description as a document of OpenAPI 3.1.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::model::Model;
use super::operation::{Caller, Operation};
use super::words;
use crate::error::Kind;
use crate::http::reply;
use crate::params::Described;

/// The document. Paths are below `/v1`, as in what other servers of this protocol publish.
pub(super) fn document(operations: &[Operation], version: &str) -> Value {
    let mut paths = Map::new();
    for operation in operations {
        let (base, path) = match operation.path.strip_prefix("/v1") {
            Some(path) => ("/v1", path),
            None => ("/", operation.path),
        };
        let item = paths
            .entry(path)
            .or_insert_with(|| if base == "/" { json!({ "servers": [{ "url": "/" }] }) } else { json!({}) });
        item[operation.method.as_str().to_ascii_lowercase()] = described(operation);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Usher",
            "version": version,
            "summary": "Users and sign-in, self-hosted, for clients of Appwrite's Users service.",
            "description": words::INTRODUCTION,
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "servers": [{ "url": "/v1" }],
        "tags": words::TAGS.iter().map(|(name, text)| json!({ "name": name, "description": text })).collect::<Value>(),
        "paths": paths,
        "components": { "securitySchemes": words::schemes(), "schemas": schemas() },
    })
}

/// The models and the error, each under its name.
fn schemas() -> Value {
    let mut generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .into_generator();
    let mut schemas = Map::new();
    for model in Model::ALL {
        if let Some(name) = model.name() {
            schemas.insert(name.into(), model.schema(&mut generator));
        }
    }
    for (name, schema) in generator.take_definitions(true) {
        schemas.entry(name).or_insert(schema);
    }
    let mut error = generator.into_root_schema_for::<reply::ErrorBody<'_>>().to_value();
    if let Some(error) = error.as_object_mut() {
        error.remove("$schema");
        error.remove("title");
    }
    schemas.insert("error".into(), error);
    schemas.values_mut().for_each(require_all);
    Value::Object(schemas)
}

/// The newest generation of a model always has all of its fields, save for those that API keys alone are shown.
fn require_all(model: &mut Value) {
    let Some(fields) = model["properties"].as_object() else { return };
    let always = fields.iter().filter(|(_, schema)| schema["x-key-only"] != true).map(|(name, _)| name.as_str());
    model["required"] = always.collect();
}

fn described(operation: &Operation) -> Value {
    let words = &operation.words;
    let mut text: Vec<String> = words.text.iter().map(|line| line.trim().to_owned()).collect();
    let summary = text.first().map(|first| first.trim_end_matches('.').to_owned()).unwrap_or_default();
    text.extend(operation.limit());
    let mut described = json!({
        "operationId": words.id,
        "tags": [words::tag(operation.path)],
        "summary": summary,
        "description": text.join(" "),
        "security": security(operation.parts.caller),
        "responses": responses(operation),
    });
    let (inside, outside): (Vec<&Described>, Vec<&Described>) =
        operation.parts.params.iter().partition(|param| operation.has_body() && !operation.in_path(&param.name));
    let outside = outside.into_iter().map(|param| parameter(operation, param));
    let outside: Vec<Value> = outside.chain(words::headers(operation.parts.caller, &operation.method)).collect();
    if !outside.is_empty() {
        described["parameters"] = outside.into();
    }
    if !inside.is_empty() {
        described["requestBody"] = body(&inside);
    }
    described
}

/// A parameter in the path or in the query string.
fn parameter(operation: &Operation, param: &Described) -> Value {
    let (text, schema) = in_words(param);
    let place = if operation.in_path(&param.name) { "path" } else { "query" };
    // Clients that know of no other way repeat the name of a list for each of its entries.
    let name = if schema["type"] == "array" { format!("{}[]", param.name) } else { param.name.clone() };
    json!({ "name": name, "in": place, "required": param.required, "description": text, "schema": schema })
}

/// A body with these parameters.
fn body(params: &[&Described]) -> Value {
    let property = |param: &&Described| {
        let (text, mut schema) = in_words(param);
        schema["description"] = text.into();
        (param.name.clone(), schema)
    };
    let properties: Map<String, Value> = params.iter().map(property).collect();
    let required: Vec<&str> = params.iter().filter(|param| param.required).map(|param| param.name.as_str()).collect();
    let some = !required.is_empty();
    let schema = json!({ "type": "object", "properties": properties, "required": required });
    json!({ "required": some, "content": { "application/json": { "schema": schema } } })
}

/// What a parameter is in words, with what its schema says so, and the rest of the schema.
fn in_words(param: &Described) -> (String, Value) {
    let mut schema = param.schema.clone();
    let limits = schema.as_object_mut().and_then(|schema| schema.remove("description"));
    let words = [Some(words::about(&param.name)), limits.as_ref().and_then(Value::as_str)];
    (words.into_iter().flatten().collect::<Vec<_>>().join(" "), schema)
}

fn responses(operation: &Operation) -> Value {
    let words = &operation.words;
    let mut responses = Map::new();
    let fine = match words.model {
        Model::Nothing => json!({ "description": "Done; there is nothing to say." }),
        Model::Text => {
            json!({ "description": "Text.", "content": { "text/plain": { "schema": { "type": "string" } } } })
        }
        model => {
            let schema = format!("#/components/schemas/{}", model.name().unwrap_or_default());
            json!({ "description": "Done.", "content": { "application/json": { "schema": { "$ref": schema } } } })
        }
    };
    responses.insert(words.status.to_string(), fine);
    let fails = operation.fails();
    let mut statuses: Vec<u16> = fails.iter().map(|kind| kind.status()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    for status in statuses {
        let kinds: Vec<Kind> = fails.iter().copied().filter(|kind| kind.status() == status).collect();
        responses.insert(status.to_string(), failure(&kinds));
    }
    responses.into()
}

/// The answer when one of these went wrong, which have the same status.
fn failure(kinds: &[Kind]) -> Value {
    let mut types: Vec<&str> = kinds.iter().map(|kind| kind.wire_type()).collect();
    types.dedup();
    let text: Vec<String> = kinds.iter().map(|kind| format!("`{}`: {}", kind.wire_type(), kind.message())).collect();
    let later = [429, 503].contains(&kinds.first().map_or(0, |kind| kind.status()));
    let headers = if later { words::retry_after() } else { json!({}) };
    json!({
        "description": text.join("\n\n"),
        "headers": headers,
        "content": { "application/json": { "schema": {
            "allOf": [{ "$ref": "#/components/schemas/error" }, { "properties": { "type": { "enum": types } } }],
        } } },
    })
}

/// Who may ask, each line one way. Roles behind a scheme are scopes of the key.
fn security(caller: Caller) -> Value {
    match caller {
        Caller::Public => json!([{}]),
        Caller::Key(scopes) => scopes.iter().map(|scope| json!({ "Project": [], "Key": [scope.name()] })).collect(),
        Caller::Member => json!([{ "Project": [], "Session": [] }, { "Project": [], "JWT": [] }]),
        Caller::Visitor => json!([{ "Project": [] }, { "Project": [], "Key": ["sessions.write"] }]),
    }
}
