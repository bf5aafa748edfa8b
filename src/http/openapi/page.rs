//! The description as a page that can be read: one file without scripts, fonts or pictures, so that it asks nobody for anything.

use std::fmt::Write as _;

use serde_json::Value;

use super::words;

const STYLE: &str = include_str!("page.css");

/// Methods in the order in which they are shown.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The page.
pub(super) fn page(document: &Value) -> String {
    let mut page = Page(String::with_capacity(256 * 1024));
    page.html(format_args!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Usher API</title><style>{STYLE}</style></head><body>"
    ));
    page.contents(document);
    page.html(format_args!("<main><h1>Usher API <small>protocol {}</small></h1>", Text(&document["info"]["version"])));
    page.introduction(document["info"]["description"].as_str().unwrap_or_default());
    page.html(format_args!("<p>As a file for programs: <a href=\"/v1/openapi.json\">openapi.json</a></p>"));
    for (tag, text) in words::TAGS {
        page.html(format_args!("<h2 id=\"{tag}\">{tag}</h2><p>{text}</p>"));
        each_operation(document, tag, |method, path, operation| page.operation(method, path, operation));
    }
    page.html(format_args!("<h2 id=\"models\">models</h2>"));
    for (name, schema) in entries(&document["components"]["schemas"]) {
        page.model(name, schema);
    }
    page.html(format_args!("</main></body></html>\n"));
    page.0
}

/// Calls `see` for every operation with this tag.
fn each_operation(document: &Value, tag: &str, mut see: impl FnMut(&str, &str, &Value)) {
    for (path, item) in entries(&document["paths"]) {
        for method in METHODS {
            let operation = &item[method];
            if operation["tags"][0] == tag {
                let base = if item["servers"].is_null() { "/v1" } else { "" };
                see(method, &format!("{base}{path}"), operation);
            }
        }
    }
}

fn entries(object: &Value) -> impl Iterator<Item = (&str, &Value)> {
    object.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

struct Page(String);

impl Page {
    /// Appends trusted HTML.
    fn html(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.0.write_fmt(text);
    }

    /// The list of everything, beside the page.
    fn contents(&mut self, document: &Value) {
        self.html(format_args!("<nav>"));
        for (tag, _) in words::TAGS {
            self.html(format_args!("<a href=\"#{tag}\"><b>{tag}</b></a>"));
            each_operation(document, tag, |_, _, operation| {
                let (id, summary) = (Text(&operation["operationId"]), Text(&operation["summary"]));
                self.html(format_args!("<a href=\"#{id}\">{summary}</a>"));
            });
        }
        self.html(format_args!("<a href=\"#models\"><b>models</b></a></nav>"));
    }

    /// Paragraphs, in which `**…**` is bold and what stands between back-ticks is code.
    fn introduction(&mut self, text: &str) {
        for paragraph in text.split("\n\n") {
            self.html(format_args!("<p>"));
            self.marked(paragraph);
            self.html(format_args!("</p>"));
        }
    }

    fn marked(&mut self, text: &str) {
        for (n, part) in text.split("**").enumerate() {
            self.html(format_args!("{}", if n % 2 == 1 { "<b>" } else { "" }));
            for (n, part) in part.split('`').enumerate() {
                let (open, close) = if n % 2 == 1 { ("<code>", "</code>") } else { ("", "") };
                self.html(format_args!("{open}{}{close}", Escaped(part)));
            }
            self.html(format_args!("{}", if n % 2 == 1 { "</b>" } else { "" }));
        }
    }

    /// An operation, folded. What a link leads to stands inside, so that browsers unfold it.
    fn operation(&mut self, method: &str, path: &str, operation: &Value) {
        let id = Text(&operation["operationId"]);
        self.html(format_args!(
            "<details><summary><span class=\"{method}\">{method}</span> <code>{}</code> {}</summary><div id=\"{id}\">",
            Escaped(path),
            Text(&operation["summary"])
        ));
        self.html(format_args!("<p>"));
        self.marked(operation["description"].as_str().unwrap_or_default());
        self.html(format_args!("</p><p>Who may ask: "));
        self.callers(&operation["security"]);
        self.html(format_args!("</p>"));
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        if operation["parameters"].is_array() || body.is_object() {
            self.html(format_args!("<table><tr><th>Parameter</th><th>In</th><th>What it may be</th><th></th></tr>"));
            for parameter in items(&operation["parameters"]) {
                let (name, place) = (parameter["name"].as_str().unwrap_or_default(), &parameter["in"]);
                let required = parameter["required"] == true;
                self.parameter((name, required), place, &parameter["schema"], &parameter["description"]);
            }
            for (name, schema) in entries(&body["properties"]) {
                let required = items(&body["required"]).any(|required| required == name);
                self.parameter((name, required), &Value::from("body"), schema, &schema["description"]);
            }
            self.html(format_args!("</table>"));
        }
        self.html(format_args!("<table><tr><th>Status</th><th>Answer</th></tr>"));
        for (status, response) in entries(&operation["responses"]) {
            self.html(format_args!("<tr><td>{status}</td><td>"));
            if let Some(model) = referred(&response["content"]["application/json"]["schema"]) {
                self.html(format_args!("<a href=\"#model-{model}\">{model}</a>"));
            } else {
                for paragraph in response["description"].as_str().unwrap_or_default().split("\n\n") {
                    self.html(format_args!("<div>"));
                    self.marked(paragraph);
                    self.html(format_args!("</div>"));
                }
            }
            self.html(format_args!("</td></tr>"));
        }
        self.html(format_args!("</table></div></details>"));
    }

    /// The ways in which a caller can say who it is.
    fn callers(&mut self, security: &Value) {
        for (n, way) in items(security).enumerate() {
            let names: Vec<String> = entries(way)
                .map(|(name, roles)| {
                    let roles: Vec<&str> = items(roles).filter_map(Value::as_str).collect();
                    if roles.is_empty() { name.to_owned() } else { format!("{name} with `{}`", roles.join(" ")) }
                })
                .collect();
            self.html(format_args!("{}", if n == 0 { "" } else { ", or " }));
            self.marked(&if names.is_empty() { "anybody".to_owned() } else { names.join(" and ") });
        }
    }

    fn parameter(&mut self, (name, required): (&str, bool), place: &Value, schema: &Value, text: &Value) {
        let star = if required { "<b title=\"required\">*</b>" } else { "" };
        self.html(format_args!(
            "<tr><td><code>{}</code>{star}</td><td class=\"place\">{}</td><td>{}</td><td>",
            Escaped(name),
            Text(place),
            Escaped(&limits(schema))
        ));
        self.marked(text.as_str().unwrap_or_default());
        self.html(format_args!("</td></tr>"));
    }

    fn model(&mut self, name: &str, schema: &Value) {
        self.html(format_args!("<details><summary><code>{name}</code></summary><div id=\"model-{name}\">"));
        if let Some(text) = schema["description"].as_str() {
            self.html(format_args!("<p>"));
            self.marked(text);
            self.html(format_args!("</p>"));
        }
        let shapes: Vec<&Value> = match schema["anyOf"].as_array() {
            Some(shapes) => shapes.iter().collect(),
            None => vec![schema],
        };
        for shape in shapes {
            self.html(format_args!("<table>"));
            for (field, schema) in entries(&shape["properties"]) {
                let always = items(&shape["required"]).any(|required| required == field);
                self.parameter((field, always), &Value::Null, schema, &schema["description"]);
            }
            self.html(format_args!("</table>"));
        }
        self.html(format_args!("</div></details>"));
    }
}

/// The name of the model that a schema refers to.
fn referred(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

/// What a schema allows, in short.
fn limits(schema: &Value) -> String {
    if let Some(model) = referred(schema) {
        return model.to_owned();
    }
    if let Some(ways) = schema["anyOf"].as_array() {
        return ways.iter().map(limits).collect::<Vec<_>>().join(" or ");
    }
    let list = |values: &Value| items(values).map(Value::to_string).collect::<Vec<_>>().join(", ");
    let mut text = match &schema["type"] {
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ if !schema["const"].is_null() => schema["const"].to_string(),
        _ => list(&schema["enum"]),
    };
    if text == "array" {
        let _ = write!(text, " of {}", limits(&schema["items"]));
    }
    if schema["type"].is_string() && schema["enum"].is_array() {
        let _ = write!(text, ": {}", list(&schema["enum"]));
    }
    for (limit, words) in [
        ("minimum", ", at least"),
        ("maximum", ", at most"),
        ("minLength", ", characters at least"),
        ("maxLength", ", characters at most"),
        ("maxItems", ", entries at most"),
        // What a date or a phone number is like is easier to see than to say.
        ("pattern", if schema["minLength"].is_null() && !schema["examples"].is_null() { "" } else { "," }),
    ] {
        match &schema[limit] {
            Value::Null => {}
            Value::String(_) if words.is_empty() => drop(write!(text, " as {}", list(&schema["examples"]))),
            Value::String(value) => drop(write!(text, "{words} {value}")),
            value => drop(write!(text, "{words} {value}")),
        }
    }
    text
}

/// A text of the document, escaped; nothing where there is none.
struct Text<'v>(&'v Value);

impl std::fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Escaped(self.0.as_str().unwrap_or_default()).fmt(f)
    }
}

/// Text as HTML.
struct Escaped<'t>(&'t str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            c => f.write_char(c),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_no_html() {
        assert_eq!(Escaped("<a href=\"x\">&").to_string(), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }

    #[test]
    fn the_page_asks_nobody_for_anything() {
        let page = page(&crate::http::description("2.6.2"));
        for outside in ["<script", "<img", "<link", "src=", "url(", "@import", "http:", "https:"] {
            assert!(!page.contains(outside), "{outside}");
        }
        for inside in
            ["usersUpdateEmailVerification", "user_email_already_exists", "model-membershipList", "passwordSignerKey"]
        {
            assert!(page.contains(inside), "{inside}");
        }
    }
}
