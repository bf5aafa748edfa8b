//! From the bytes of a request to named values: JSON, forms and query strings.
//!
//! Forms and query strings follow PHP's rules, because clients were written against them: `a[0]=x`, `a[]=x` and
//! `a[k]=x` are lists and objects, `+` is a blank, a repeated name wins over its earlier value, and an invalid
//! percent sequence stays as it is.

use std::collections::HashMap;

use percent_encoding::percent_decode;
use serde_json::{Map, Value};

/// Names that a form or query string may have; the rest is ignored.
const NAMES_MAX: usize = 1000;

/// The named values of a request, and why the body was not understood when it was not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Input {
    /// The values by their names.
    pub values: Map<String, Value>,
    /// A sentence for the client.
    pub unread: Option<String>,
}

/// Reads a query string.
#[must_use]
pub fn parse_query(query: &str) -> Map<String, Value> {
    form(query.as_bytes())
}

/// Reads a body by its content type: `application/json`, a multipart form, or else a URL-encoded form.
pub async fn parse_body(content_type: &str, body: &[u8]) -> Input {
    let media = content_type.split(';').next().unwrap_or_default();
    if media == "application/json" {
        return json(body);
    }
    match multer::parse_boundary(content_type) {
        Ok(boundary) => match multipart(body, boundary).await {
            Ok(values) => Input { values, unread: None },
            Err(error) => {
                Input { unread: Some(format!("The multipart body could not be read: {error}.")), ..Input::default() }
            }
        },
        Err(_) => {
            let values = form(body);
            let looks_like_json = body.trim_ascii_start().starts_with(b"{");
            let unread = looks_like_json.then(|| {
                "The body looks like JSON; send the header Content-Type: application/json with it.".to_owned()
            });
            Input { values, unread }
        }
    }
}

/// A JSON body. Whatever is not an object gives no parameters.
fn json(body: &[u8]) -> Input {
    let unread =
        |why: String| Input { unread: Some(format!("The body could not be read as JSON: {why}.")), ..Input::default() };
    if body.is_empty() {
        return Input::default();
    }
    match crate::json::parse(body) {
        Ok(Value::Object(values)) => Input { values, unread: None },
        Ok(_) => Input::default(),
        Err(why) => unread(why),
    }
}

async fn multipart(body: &[u8], boundary: String) -> Result<Map<String, Value>, multer::Error> {
    let stream = futures_util::stream::once(std::future::ready(Ok::<_, std::convert::Infallible>(body.to_vec())));
    let mut parts = multer::Multipart::new(stream, boundary);
    let mut form = Form::default();
    while let Some(part) = parts.next_field().await? {
        let name = part.name().unwrap_or_default().to_owned();
        // No endpoint takes files.
        if part.file_name().is_none() {
            let text = part.bytes().await?;
            form.add(&name, String::from_utf8_lossy(&text).into_owned());
        }
    }
    Ok(form.into_values())
}

fn form(body: &[u8]) -> Map<String, Value> {
    let mut form = Form::default();
    for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
            Some(at) => (&pair[..at], &pair[at + 1..]),
            None => (pair, &[][..]),
        };
        form.add(&decode(name), decode(value));
    }
    form.into_values()
}

fn decode(text: &[u8]) -> String {
    let blanks: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    String::from_utf8_lossy(&percent_decode(&blanks).collect::<Vec<u8>>()).into_owned()
}

/// Values as PHP collects them: every array keeps its keys in their order of appearance.
#[derive(Default)]
struct Form {
    fields: Node,
    names: usize,
}

#[derive(Default)]
struct Node {
    order: Vec<(String, Item)>,
    places: HashMap<String, usize>,
    next: usize,
}

enum Item {
    Text(String),
    Array(Node),
}

impl Form {
    fn add(&mut self, name: &str, value: String) {
        self.names += 1;
        let name = name.trim_start_matches(' ');
        if self.names > NAMES_MAX || name.is_empty() {
            return;
        }
        let (base, keys) = split_name(name);
        self.fields.set(&base.replace(['.', ' '], "_"), &keys, value);
    }

    fn into_values(self) -> Map<String, Value> {
        self.fields.order.into_iter().map(|(name, item)| (name, item.into_value())).collect()
    }
}

/// `a[b][]` is `a` with the keys `b` and nothing. A bracket that is not closed belongs to the name.
fn split_name(name: &str) -> (&str, Vec<&str>) {
    let Some(at) = name.find('[').filter(|at| *at > 0) else { return (name, Vec::new()) };
    let (base, mut rest) = name.split_at(at);
    let mut keys = Vec::new();
    // Deeper than this nothing is looked at; the cap bounds the work.
    while keys.len() < 64
        && let Some(inside) = rest.strip_prefix('[')
        && let Some((key, after)) = inside.split_once(']')
    {
        keys.push(key);
        rest = after;
    }
    if keys.is_empty() { (name, keys) } else { (base, keys) }
}

impl Node {
    fn set(&mut self, name: &str, keys: &[&str], value: String) {
        let place = self.place(name);
        let item = &mut self.order[place].1;
        match keys {
            [] => *item = Item::Text(value),
            [key, rest @ ..] => {
                if !matches!(item, Item::Array(_)) {
                    *item = Item::Array(Self::default());
                }
                if let Item::Array(node) = item {
                    let key = if key.is_empty() { node.next.to_string() } else { (*key).to_owned() };
                    node.set(&key, rest, value);
                }
            }
        }
    }

    fn place(&mut self, name: &str) -> usize {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        if let Ok(number) = name.parse::<usize>() {
            self.next = self.next.max(number.saturating_add(1));
        }
        self.order.push((name.to_owned(), Item::Text(String::new())));
        self.places.insert(name.to_owned(), self.order.len() - 1);
        self.order.len() - 1
    }
}

impl Item {
    /// An array whose keys are 0, 1, 2, … is a list, any other an object.
    fn into_value(self) -> Value {
        match self {
            Self::Text(text) => Value::String(text),
            Self::Array(node) if node.order.iter().enumerate().all(|(n, (key, _))| *key == n.to_string()) => {
                Value::Array(node.order.into_iter().map(|(_, item)| item.into_value()).collect())
            }
            Self::Array(node) => {
                Value::Object(node.order.into_iter().map(|(key, item)| (key, item.into_value())).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn query(text: &str) -> Value {
        Value::Object(parse_query(text))
    }

    #[test]
    fn arrays_of_the_query_string_follow_php() {
        for (text, expected) in [
            ("queries[0]=A&queries[1]=B", json!({"queries": ["A", "B"]})),
            ("queries[]=A&queries[]=B", json!({"queries": ["A", "B"]})),
            ("queries%5B%5D=A&queries%5B%5D=B", json!({"queries": ["A", "B"]})),
            ("queries%5B0%5D=A&queries%5b1%5d=B", json!({"queries": ["A", "B"]})),
            ("queries[1]=A&queries[0]=B", json!({"queries": {"1": "A", "0": "B"}})),
            ("queries[0]=A&queries[0]=B", json!({"queries": ["B"]})),
            ("queries=A", json!({"queries": "A"})),
            ("queries=A&queries=B", json!({"queries": "B"})),
            ("queries[]=A&queries=B", json!({"queries": "B"})),
            ("queries=A&queries[]=B", json!({"queries": ["B"]})),
            ("queries[x]=A", json!({"queries": {"x": "A"}})),
            ("queries[0][method]=limit", json!({"queries": [{"method": "limit"}]})),
            ("queries=", json!({"queries": ""})),
            ("queries", json!({"queries": ""})),
            ("", json!({})),
            ("&&=x", json!({})),
            ("a.b c=1", json!({"a_b_c": "1"})),
            ("a[b=1", json!({"a[b": "1"})),
            ("q=a+b%2Bc%zz%4", json!({"q": "a b+c%zz%4"})),
            ("q=%C3%A4%FF", json!({"q": "ä\u{FFFD}"})),
        ] {
            assert_eq!(query(text), expected, "{text}");
        }
    }

    #[test]
    fn only_the_first_thousand_names_are_read() {
        let text: Vec<String> = (0..1200).map(|n| format!("q[]={n}")).collect();
        assert_eq!(query(&text.join("&"))["q"].as_array().unwrap().len(), 1000);
    }

    #[tokio::test]
    async fn bodies_that_are_no_object_give_no_parameters() {
        for body in ["", "null", "false", "0", "[]", "[1]", "true", "\"text\"", "5"] {
            assert_eq!(parse_body("application/json", body.as_bytes()).await, Input::default(), "{body}");
        }
        for body in ["{", "{\"a\":1}}", "\u{FEFF}{}", "{'a':1}", "nul"] {
            let input = parse_body("application/json; charset=utf-8", body.as_bytes()).await;
            assert!(input.values.is_empty() && input.unread.unwrap().contains("could not be read as JSON"), "{body}");
        }
        let invalid = parse_body("application/json", b"{\"a\":\"\xff\"}").await;
        assert!(invalid.values.is_empty() && invalid.unread.is_some());
    }

    #[tokio::test]
    async fn the_last_of_repeated_keys_wins() {
        let input = parse_body("application/json", br#"{"a":1,"a":2}"#).await;
        assert_eq!(Value::Object(input.values), json!({"a": 2}));
    }

    #[tokio::test]
    async fn other_types_are_forms() {
        let form = parse_body("application/x-www-form-urlencoded", b"userId=a&labels[]=x&labels[]=y").await;
        assert_eq!(Value::Object(form.values), json!({"userId": "a", "labels": ["x", "y"]}));
        for kind in ["", "text/plain", "APPLICATION/JSON", "application/json "] {
            let input = parse_body(kind, br#"{"userId":"a"}"#).await;
            assert!(!input.values.contains_key("userId") && input.unread.is_some(), "{kind}");
        }
        let body = "--X\r\nContent-Disposition: form-data; name=\"userId\"\r\n\r\nb\r\n--X\r\nContent-Disposition: \
                    form-data; name=\"f\"; filename=\"f.txt\"\r\n\r\nfile\r\n--X--\r\n";
        let input = parse_body("multipart/form-data; boundary=X", body.as_bytes()).await;
        assert_eq!(Value::Object(input.values), json!({"userId": "b"}));
        let broken = parse_body("multipart/form-data; boundary=X", b"--X\r\nnonsense").await;
        assert!(broken.unread.is_some());
    }
}
