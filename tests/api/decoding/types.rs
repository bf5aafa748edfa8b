//! Every parameter of every endpoint, with every JSON type that it is not.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{both, made_up};

/// What a parameter wants.
#[derive(Clone, Copy)]
pub enum Wants {
    Text,
    Flag,
    Integer,
    Labels,
    Prefs,
}
use Wants::{Flag, Integer, Labels, Prefs, Text};

impl Wants {
    /// Values that it must refuse.
    pub fn refused(self) -> Vec<Value> {
        let common =
            [json!(1.5), json!([]), json!(["text of a list"]), json!({}), json!({"a": 1}), json!(2), json!(-1)];
        let own = match self {
            Text => vec![json!(true), json!(false), json!(0), json!(12_345_678), json!(null), json!([["a"]])],
            Flag => vec![json!("yes"), json!(""), json!("2"), json!("null"), json!(null), json!([true]), json!(1e300)],
            Integer => vec![
                json!(true),
                json!("8"),
                json!(""),
                json!("eight"),
                json!(null),
                json!([8]),
                json!(9.3e18),
                json!(1e-3),
            ],
            Labels => vec![
                json!(true),
                json!(0),
                json!("vip"),
                json!(""),
                json!(null),
                json!({"0": "vip"}),
                json!([1]),
                json!([null]),
                json!([["vip"]]),
                json!([{}]),
                json!([true]),
                json!(["vip", 1]),
            ],
            Prefs => {
                vec![json!(true), json!(0), json!("{}"), json!(""), json!(null), json!([1]), json!([{}]), json!([null])]
            }
        };
        let fits = |value: &Value| match self {
            Integer => value.is_i64(),
            Labels => value == &json!([]),
            Prefs => value.is_object() || value == &json!([]),
            Text | Flag => false,
        };
        common.into_iter().filter(|value| !fits(value)).chain(own).collect()
    }
}

/// A parameter: its name, what it wants, and whether it must be there.
pub type Field = (&'static str, Wants, bool);

/// Every write with a body: method, path, a body that is right, and its parameters in their order.
pub fn writes() -> Vec<(Method, &'static str, Value, Vec<Field>)> {
    let user = json!({"userId": "new", "email": "new@example.org", "phone": "+4930123456", "password": "long enough", "name": "New"});
    let import = |hash: &str, more: Value| {
        let mut body = json!({"userId": "new", "email": "new@example.org", "password": hash, "name": "New"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let first: [Field; 3] = [("userId", Text, true), ("email", Text, true), ("password", Text, true)];
    let fields = |more: &[Field]| [&first[..], more, &[("name", Text, false)]].concat();
    let bcrypt = "$2y$04$abcdefghijklmnopqrstuuJb8r0pBrc0GmCbzTfnPZQzJg0d3iK5C";
    let argon2 = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlA";
    let hex = |bytes: usize| "0f".repeat(bytes);
    vec![
        (
            Method::POST,
            "/v1/users",
            user,
            vec![
                ("userId", Text, true),
                ("email", Text, false),
                ("phone", Text, false),
                ("password", Text, false),
                ("name", Text, false),
            ],
        ),
        (Method::POST, "/v1/users/argon2", import(argon2, json!({})), fields(&[])),
        (Method::POST, "/v1/users/bcrypt", import(bcrypt, json!({})), fields(&[])),
        (Method::POST, "/v1/users/md5", import(&hex(16), json!({})), fields(&[])),
        (Method::POST, "/v1/users/phpass", import("$P$984478476IagS59wHZvyQMArzfx58u.", json!({})), fields(&[])),
        (
            Method::POST,
            "/v1/users/sha",
            import(&hex(32), json!({"passwordVersion": "sha256"})),
            fields(&[("passwordVersion", Text, false)]),
        ),
        (
            Method::POST,
            "/v1/users/scrypt",
            import(
                &hex(64),
                json!({"passwordSalt": "salt", "passwordCpu": 8, "passwordMemory": 8, "passwordParallel": 1, "passwordLength": 64}),
            ),
            fields(&[
                ("passwordSalt", Text, true),
                ("passwordCpu", Integer, true),
                ("passwordMemory", Integer, true),
                ("passwordParallel", Integer, true),
                ("passwordLength", Integer, true),
            ]),
        ),
        (
            Method::POST,
            "/v1/users/scrypt-modified",
            import(
                "UlM7JiXRcQhzAGlaonpSqNSLIz475WMddOgLjej5De9vxTy48K6WtqlEzrRFeK4t0COfMhWCb8wuMHgxOFCHFQ==",
                json!({
                    "passwordSalt": "UxLMreBr6tYyjQ==", "passwordSaltSeparator": "Bw==",
                    "passwordSignerKey": "XyEKE9RcTDeLEsL/RjwPDBv/RqDl8fb3gpYEOQaPihbxf1ZAtSOHCjuAAa7Q3oHpCYhXSN9tizHgVOwn6krflQ==",
                }),
            ),
            fields(&[
                ("passwordSalt", Text, true),
                ("passwordSaltSeparator", Text, true),
                ("passwordSignerKey", Text, true),
            ]),
        ),
        (Method::PATCH, "/v1/users/anna/email", json!({"email": "b@example.org"}), vec![("email", Text, true)]),
        (Method::PUT, "/v1/users/anna/labels", json!({"labels": ["vip"]}), vec![("labels", Labels, true)]),
        (
            Method::PATCH,
            "/v1/users/anna/impersonator",
            json!({"impersonator": true}),
            vec![("impersonator", Flag, true)],
        ),
        (Method::PATCH, "/v1/users/anna/mfa", json!({"mfa": true}), vec![("mfa", Flag, true)]),
        (Method::PATCH, "/v1/users/anna/name", json!({"name": "B"}), vec![("name", Text, true)]),
        (Method::PATCH, "/v1/users/anna/password", json!({"password": "long enough"}), vec![("password", Text, true)]),
        (Method::PATCH, "/v1/users/anna/phone", json!({"number": "+4930123457"}), vec![("number", Text, true)]),
        (Method::PATCH, "/v1/users/anna/prefs", json!({"prefs": {"a": 1}}), vec![("prefs", Prefs, true)]),
        (Method::PATCH, "/v1/users/anna/status", json!({"status": false}), vec![("status", Flag, true)]),
        (
            Method::PATCH,
            "/v1/users/anna/verification",
            json!({"emailVerification": true}),
            vec![("emailVerification", Flag, true)],
        ),
        (
            Method::PATCH,
            "/v1/users/anna/verification/phone",
            json!({"phoneVerification": true}),
            vec![("phoneVerification", Flag, true)],
        ),
    ]
}

/// As [`writes`], of targets of the user `anna`, of which one is `t`.
pub fn target_writes() -> Vec<(Method, &'static str, Value, Vec<Field>)> {
    let new = json!({"targetId": "new", "providerType": "email", "identifier": "second@example.org", "name": "New"});
    let own: [Field; 2] = [("targetId", Text, true), ("providerType", Text, true)];
    let optional: [Field; 2] = [("providerId", Text, false), ("name", Text, false)];
    vec![
        (Method::POST, "/v1/users/anna/targets", new, [&own[..], &[("identifier", Text, true)], &optional].concat()),
        (
            Method::PATCH,
            "/v1/users/anna/targets/t",
            json!({"identifier": "token-only", "name": "B"}),
            [&[("identifier", Text, false)], &optional[..]].concat(),
        ),
    ]
}

both! {
    async fn a_parameter_of_another_type_is_refused_by_its_name(app) {
        app.user("anna", json!({"name": "Anna"})).await;
        let before = app.admin().get("/v1/users").await.text;
        for (method, path, right, fields) in writes().into_iter().chain(target_writes()) {
            for (field, wants, required) in fields {
                for wrong in wants.refused() {
                    let mut body = right.clone();
                    body[field] = wrong.clone();
                    if !required && wrong.is_null() {
                        continue;
                    }
                    let answer = app.admin().request(method.clone(), path, body.to_string()).await;
                    assert_eq!(answer.status, 400, "{path} {field}={wrong}: {}", answer.text);
                    answer.fails(400, "general_argument_invalid", &format!("Invalid `{field}` param"));
                }
            }
        }
        assert_eq!(app.admin().get("/v1/users").await.text, before);
    }

    async fn a_parameter_that_must_be_there_is_missed_by_its_name_and_the_first_one_first(app) {
        app.user("anna", json!({"name": "Anna"})).await;
        let before = app.admin().get("/v1/users").await.text;
        for (method, path, right, fields) in writes().into_iter().chain(target_writes()) {
            let required: Vec<&str> = fields.iter().filter(|field| field.2).map(|field| field.0).collect();
            for (n, field) in required.iter().enumerate() {
                let mut body = right.clone();
                // All that come later are wrong, and still the first is named.
                for later in &required[n..] {
                    body[later] = json!([[]]);
                }
                body.as_object_mut().unwrap().remove(*field);
                let answer = app.admin().request(method.clone(), path, body.to_string()).await;
                assert_eq!(answer.status, 400, "{path} {field}: {}", answer.text);
                answer.fails(400, "general_argument_invalid", &format!("Param `{field}` is not optional"));
                // Another spelling of the name is another name.
                body[field.to_uppercase()] = right[field].clone();
                let answer = app.admin().request(method.clone(), path, body.to_string()).await;
                answer.fails(400, "general_argument_invalid", &format!("Param `{field}` is not optional"));
            }
        }
        assert_eq!(app.admin().get("/v1/users").await.text, before);
    }

    async fn null_for_an_optional_parameter_is_as_good_as_nothing(app) {
        for (method, path, right, fields) in writes() {
            for (field, ..) in fields.iter().filter(|field| !field.2) {
                let (mut with_null, mut without) = (right.clone(), right.clone());
                with_null[field] = json!(null);
                without.as_object_mut().unwrap().remove(*field);
                let mut made = Vec::new();
                for body in [with_null, without] {
                    let mut user = app.admin().request(method.clone(), path, body.to_string()).await.expect(201);
                    // Each hash of the same password has a salt of its own.
                    if path == "/v1/users" && !user["password"].is_null() {
                        user["password"] = json!("");
                    }
                    // And each target an id of its own.
                    for target in user["targets"].as_array_mut().unwrap() {
                        made_up(target["$id"].as_str().unwrap());
                        target["$id"] = json!("");
                    }
                    made.push(user);
                    app.admin().delete("/v1/users/new").await.expect(204);
                }
                assert_eq!(made[0], made[1], "{path} {field}");
            }
        }
    }

    async fn the_bodies_of_these_tables_are_right_and_what_nobody_knows_is_ignored(app) {
        app.user("anna", json!({})).await;
        for (method, path, mut right, _) in writes() {
            right["unknown"] = json!({"a": [null, 1.5]});
            right["$id"] = json!("other");
            right[""] = json!(null);
            let status = if method == Method::POST { 201 } else { 200 };
            app.admin()
                .request(method.clone(), &format!("{path}?unknown=1&name[]=x"), right.to_string())
                .await
                .expect(status);
            if status == 201 {
                app.admin().delete("/v1/users/new").await.expect(204);
            }
        }
        let anna = app.admin().get("/v1/users/anna").await.expect(200);
        assert_eq!(
            (&anna["name"], &anna["email"], &anna["phone"]),
            (&json!("B"), &json!("b@example.org"), &json!("+4930123457"))
        );
        assert_eq!(
            (&anna["status"], &anna["labels"], &anna["prefs"]),
            (&json!(false), &json!(["vip"]), &json!({"a": 1}))
        );
    }

    async fn truth_is_read_by_its_meaning(app) {
        app.user("anna", json!({})).await;
        for (path, field) in
            [("status", "status"), ("mfa", "mfa"), ("impersonator", "impersonator"), ("verification", "emailVerification"), ("verification/phone", "phoneVerification")]
        {
            for (value, meaning) in [
                (json!(false), false),
                (json!(true), true),
                (json!("false"), false),
                (json!("true"), true),
                (json!(0), false),
                (json!(1), true),
                (json!("0"), false),
                (json!("1"), true),
            ] {
                // Begin at the opposite, so that doing nothing is found out.
                app.admin().patch(&format!("/v1/users/anna/{path}"), &json!({ field: !meaning })).await.expect(200);
                let user =
                    app.admin().patch(&format!("/v1/users/anna/{path}"), &json!({ field: value })).await.expect(200);
                assert_eq!(user[field], meaning, "{field}={value}");
                assert_eq!(app.admin().get("/v1/users/anna").await.expect(200)[field], meaning, "{field}={value}");
            }
        }
        for (text, total) in [("false", 0), ("0", 0), ("False", 0), ("true", 1), ("1", 1), ("True", 1)] {
            assert_eq!(app.admin().get(&format!("/v1/users?total={text}")).await.expect(200)["total"], total, "{text}");
        }
        for list in [
            "/v1/users",
            "/v1/users/identities",
            "/v1/users/anna/logs",
            "/v1/users/anna/sessions",
            "/v1/users/anna/memberships",
            "/v1/users/anna/targets",
            "/v1/users/anna/passkeys",
        ] {
            for wrong in ["total=", "total=maybe", "total[]=true", "total=2"] {
                app.admin().get(&format!("{list}?{wrong}")).await.fails(
                    400,
                    "general_argument_invalid",
                    "Invalid `total`",
                );
            }
        }
    }
}
