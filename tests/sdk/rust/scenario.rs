//! One release of the Rust crate against one server: PROGRAM ENDPOINT PROJECT KEY USER
//!
//! USER is one who has what ../common/rows.py makes. `workspace.js` makes a program of this for each release, with a
//! feature for every method that the release has. Prints one JSON line:
//! { sdk, format, methods, results: [{ id, level, state, text, calls }] }. The releases up to 0.19 read answers into
//! models and fail at every field that is missing or null.

use appwrite::query::Query;
use appwrite::services::{Account, Users};
use appwrite::{Client, enums, id::ID};
use serde_json::{Value, json};

use crate::harness::{Checked, Fault, Harness, each, eq, refused};

const VECTORS: &str = include_str!("../common/vectors.json");

#[tokio::main(flavor = "current_thread")]
pub async fn run(release: &str, format: &str, methods: &[&str]) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [endpoint, project, key, rich] = &arguments[..] else { panic!("four arguments are needed") };
    let bare = || Client::new().set_endpoint(endpoint).set_project(project);
    let client = bare().set_key(key);
    let users = &Users::new(&client);
    let mut t = Harness::default();
    let t = &mut t;

    let vectors: Value = serde_json::from_str(VECTORS).expect("the vectors are JSON");
    let vector = |name: &str| vectors.pointer(name).and_then(Value::as_str).expect("a vector").to_owned();
    let number = |name: &str| vectors.pointer(name).and_then(Value::as_i64).expect("a vector");
    let password = &vector("/password");
    let unique = ID::unique();
    let token = format!("r{}{}", release.replace('.', ""), &unique[unique.len() - 8..]);
    let (uid, mail) = (|name: &str| format!("{token}.{name}"), |name: &str| format!("{name}.{token}@example.org"));
    let (tel, tel2) = (phone(&unique, 1), phone(&unique, 2));
    let name = |rest: &str| format!("{token} {rest}");
    let (a, b) = (&uid("a"), &uid("b"));

    // ---- create and get
    check!(t, "create (id, email, phone, password, name)", "must", {
        let email = "A.".to_owned() + &mail("a");
        let u = call!(t, users, create(a, Some(&email), Some(&tel), Some(password), Some(&name("Alpha"))))?;
        eq(
            [&u["$id"], &u["email"], &u["phone"], &u["name"], &u["labels"], &u["prefs"], &u["hash"], &u["mfa"]],
            json!([a, format!("a.{}", mail("a")), tel, name("Alpha"), [], {}, "argon2", false]),
            "user",
        )?;
        eq(each(&u, "targets", "providerType"), ["email", "sms"], "targets")?;
    });
    check!(t, "create: only an id; ID.unique()", "must", {
        let u = call!(t, users, create(ID::unique(), None, None, None, None))?;
        eq([&u["email"], &u["phone"], &u["name"]], ["", "", ""], "email, phone, name")?;
        call!(t, users, delete(u["$id"].as_str().unwrap_or("")))?;
    });
    check!(t, "create: same id again -> 409", "must", {
        refused(call!(t, users, create(a, None, None, None, None)), 409, &["user_already_exists"])?;
    });
    check!(t, "create: bad email -> 400", "must", {
        refused(
            call!(t, users, create(uid("bad"), Some("nobody"), None, None, None)),
            400,
            &["general_argument_invalid"],
        )?;
    });
    let hashed = |u: &Value, kind: &str, hash: &str| -> Checked {
        eq(
            [&u["$id"], &u["email"], &u["hash"], &u["password"], &u["hashOptions"]["type"]],
            [&*uid(kind), &*mail(kind).to_lowercase(), kind, hash, kind],
            "user",
        )
    };
    check!(t, "create_argon2_user", "must", {
        let hash = vector("/argon2");
        hashed(
            &call!(t, users, create_argon2_user(uid("argon2"), mail("argon2"), &hash, Some(&name("argon2"))))?,
            "argon2",
            &hash,
        )?;
    });
    check!(t, "create_bcrypt_user", "must", {
        let hash = vector("/bcrypt");
        hashed(
            &call!(t, users, create_bcrypt_user(uid("bcrypt"), mail("bcrypt"), &hash, Some(&name("bcrypt"))))?,
            "bcrypt",
            &hash,
        )?;
    });
    check!(t, "create_md5_user", "must", {
        let hash = vector("/md5");
        hashed(&call!(t, users, create_md5_user(uid("md5"), mail("md5"), &hash, Some(&name("md5"))))?, "md5", &hash)?;
    });
    check!(t, "create_ph_pass_user", "must", {
        let hash = vector("/phpass");
        hashed(
            &call!(t, users, create_ph_pass_user(uid("phpass"), mail("phpass"), &hash, Some(&name("phpass"))))?,
            "phpass",
            &hash,
        )?;
    });
    check!(t, "create_sha_user", "must", {
        let (hash, version) = (vector("/sha/sha512"), Some(enums::PasswordHash::Sha512));
        let u = call!(t, users, create_sha_user(uid("sha"), mail("sha"), &hash, version, Some(&name("sha"))))?;
        hashed(&u, "sha", &hash)?;
        eq(&u["hashOptions"]["version"], "sha512", "version")?;
    });
    check!(t, "create_scrypt_user", "must", {
        let (hash, salt) = (vector("/scrypt/hash"), vector("/scrypt/salt"));
        let (cpu, memory, parallel, length) =
            (number("/scrypt/cpu"), number("/scrypt/memory"), number("/scrypt/parallel"), number("/scrypt/length"));
        let (id, email, shown) = (uid("scrypt"), mail("scrypt"), name("scrypt"));
        let create = users.create_scrypt_user(id, email, &hash, salt, cpu, memory, parallel, length, Some(&shown));
        hashed(&t.noted("create_scrypt_user", create).await?, "scrypt", &hash)?;
    });
    check!(t, "create_scrypt_modified_user", "must", {
        let of = |name: &str| vector(&format!("/scryptModified/{name}"));
        let (hash, shown) = (of("hash"), name("scryptMod"));
        let (id, email) = (uid("scryptMod"), mail("scryptMod"));
        let create = users.create_scrypt_modified_user(
            id,
            email,
            &hash,
            of("salt"),
            of("separator"),
            of("signer"),
            Some(&shown),
        );
        hashed(&t.noted("create_scrypt_modified_user", create).await?, "scryptMod", &hash)?;
    });
    check!(t, "get", "must", {
        let u = call!(t, users, get(a))?;
        eq([&u["$id"], &u["phone"], &u["status"], &u["emailVerification"]], json!([a, tel, true, false]), "user")?;
    });
    check!(t, "get: unknown -> 404 user_not_found", "must", {
        refused(call!(t, users, get(uid("none"))), 404, &["user_not_found"])?;
    });
    for (id, client, code, kinds) in [
        ("wrong key -> 401", bare().set_key("not-a-key"), 401, ["user_unauthorized"]),
        ("no key -> 401", bare(), 401, ["general_unauthorized_scope"]),
        ("unknown project -> 404", bare().set_project("no-such-project").set_key(key), 404, ["project_not_found"]),
    ] {
        let users = &Users::new(&client);
        check!(t, id, "must", {
            refused(call!(t, users, get(a)), code, &kinds)?;
        });
    }

    // ---- lists
    for name_ in ["b", "b2"] {
        let shown = name(&format!("Bravo {name_}"));
        let _ = users.create(uid(name_), Some(&mail(name_)), None, Some(password), Some(&shown)).await;
    }
    let mine = || Query::starts_with("name", name("Bravo")).to_string();
    let both = json!([b, uid("b2")]);
    check!(t, "list: no arguments", "must", {
        let l = call!(t, users, list(None, None, None))?;
        eq(l["total"].as_i64() >= Some(4) && each(&l, "users", "$id").len() > 3, true, "a list")?;
    });
    check!(t, "list: a page of users with every kind of hash", "must", {
        let page = vec![Query::starts_with("name", &*token).to_string(), Query::limit(100).to_string()];
        let l = call!(t, users, list(Some(page), None, None))?;
        for kind in ["argon2", "bcrypt", "md5", "phpass", "sha", "scrypt", "scryptMod"] {
            eq(each(&l, "users", "hash").contains(&&json!(kind)), true, kind)?;
        }
    });
    check!(t, "list: search by name word", "must", {
        let l = call!(t, users, list(None, Some(&token), None))?;
        eq(each(&l, "users", "$id").contains(&&json!(b)), true, "is found")?;
    });
    let queries: Vec<(&str, Vec<String>, Value)> = vec![
        ("equal(email)", vec![Query::equal("email", mail("b")).to_string()], json!([b])),
        ("equal($id), two values", vec![Query::equal("$id", vec![b.clone(), uid("b2")]).to_string()], both.clone()),
        ("notEqual", vec![mine(), Query::not_equal("email", mail("b")).to_string()], json!([uid("b2")])),
        ("startsWith, orderDesc", vec![mine(), Query::order_desc("email").to_string()], json!([uid("b2"), b])),
        ("isNull(phone)", vec![mine(), Query::is_null("phone").to_string()], both.clone()),
        ("between", vec![mine(), Query::between("email", mail("b2"), mail("b3")).to_string()], json!([uid("b2")])),
        ("equal(status)", vec![mine(), Query::equal("status", true).to_string()], both.clone()),
        (
            "greaterThan(registration)",
            vec![mine(), Query::greater_than("registration", "2100-01-01").to_string()],
            json!([]),
        ),
        ("limit, offset", vec![mine(), Query::limit(1).to_string(), Query::offset(1).to_string()], json!([uid("b2")])),
        ("cursorAfter", vec![mine(), Query::cursor_after(&**b).to_string()], json!([uid("b2")])),
        (
            "or",
            vec![
                Query::or([
                    Query::equal("email", mail("b")).to_string(),
                    Query::equal("email", mail("b2")).to_string(),
                ])
                .to_string(),
            ],
            both.clone(),
        ),
        ("createdAfter", vec![mine(), Query::created_after("2000-01-01T00:00:00Z").to_string()], both.clone()),
    ];
    for (id, queries, want) in queries {
        check!(t, &format!("list: {id}"), "must", {
            eq(each(&call!(t, users, list(Some(queries), None, None))?, "users", "$id"), want, "ids")?;
        });
    }
    check!(t, "list: total=false", "extra", {
        let l = call!(t, users, list(Some(vec![mine()]), None, Some(false)))?;
        eq([l["total"].as_u64(), Some(each(&l, "users", "$id").len() as u64)], [0, 2], "total and length")?;
    });
    check!(t, "list: unknown attribute -> 400", "must", {
        let query = Some(vec![Query::equal("shoeSize", 4).to_string()]);
        refused(call!(t, users, list(query, None, None)), 400, &["general_argument_invalid", "general_query_invalid"])?;
    });

    // ---- changes
    check!(t, "update_name", "must", {
        eq(&call!(t, users, update_name(a, name("New")))?["name"], name("New"), "name")?;
    });
    check!(t, "update_email", "must", {
        eq(&call!(t, users, update_email(a, mail("new")))?["email"], mail("new"), "email")?;
    });
    check!(t, "update_phone", "must", {
        eq(&call!(t, users, update_phone(a, &tel2))?["phone"], &tel2, "phone")?;
    });
    check!(t, "update_password", "must", {
        let before = call!(t, users, get(a))?;
        let u = call!(t, users, update_password(a, format!("{password}-2")))?;
        eq(u["password"] != before["password"], true, "is another one")?;
    });
    check!(t, "update_labels", "must", {
        eq(&call!(t, users, update_labels(a, ["vip", "Pro1"]))?["labels"], ["vip", "Pro1"], "labels")?;
        eq(&call!(t, users, update_labels(a, [""; 0]))?["labels"], json!([]), "labels")?;
    });
    check!(t, "update_status", "must", {
        for status in [false, true] {
            eq(&call!(t, users, update_status(a, status))?["status"], status, "status")?;
        }
    });
    check!(t, "update_email_verification", "must", {
        eq(&call!(t, users, update_email_verification(a, true))?["emailVerification"], true, "emailVerification")?;
    });
    check!(t, "update_phone_verification", "must", {
        eq(&call!(t, users, update_phone_verification(a, true))?["phoneVerification"], true, "phoneVerification")?;
    });
    let prefs = json!({ "theme": "dark", "size": 12, "nested": { "list": [1, "two", null] }, "ключ": "Ünï" });
    check!(t, "update_prefs, get_prefs", "must", {
        eq(call!(t, users, update_prefs(a, prefs.clone()))?, &prefs, "prefs")?;
        eq(call!(t, users, get_prefs(a))?, &prefs, "prefs")?;
        eq(&call!(t, users, get(a))?["prefs"], &prefs, "prefs of the user")?;
        eq(call!(t, users, update_prefs(a, json!({})))?, json!({}), "prefs")?;
    });

    // ---- lists of a user who has a row in each
    check!(t, "list_memberships", "must", {
        let l = call!(t, users, list_memberships(rich, None, None, None))?;
        let m = &l["memberships"][0];
        eq(
            [&l["total"], &m["$id"], &m["teamName"], &m["roles"], &m["confirm"]],
            json!([1, format!("{rich}.member"), format!("Team of {rich}"), ["owner", "reader"], true]),
            "memberships",
        )?;
        let none = vec![Query::equal("confirm", false).to_string()];
        eq(&call!(t, users, list_memberships(rich, Some(none), None, None))?["total"], 0, "total of none")?;
    });
    check!(t, "list_sessions, delete_session: one that is there", "must", {
        let l = call!(t, users, list_sessions(rich, None))?;
        let s = &l["sessions"][0];
        eq([&l["total"], &s["userId"], &s["provider"]], json!([1, rich, "server"]), "sessions")?;
        call!(t, users, delete_session(rich, s["$id"].as_str().unwrap_or("")))?;
        eq(call!(t, users, list_sessions(rich, None))?, json!({ "total": 0, "sessions": [] }), "afterwards")?;
    });
    let of_rich = || Some(vec![Query::equal("userId", rich.as_str()).to_string()]);
    check!(t, "list_identities, delete_identity", "must", {
        let l = call!(t, users, list_identities(of_rich(), None, None))?;
        eq(each(&l, "identities", "provider"), ["github", "google"], "providers")?;
        call!(t, users, delete_identity(format!("{rich}.id1")))?;
        let l = call!(t, users, list_identities(of_rich(), None, None))?;
        eq(each(&l, "identities", "$id"), [format!("{rich}.id2")], "ids")?;
        refused(call!(t, users, delete_identity(format!("{rich}.id1"))), 404, &["user_identity_not_found"])?;
    });
    check!(t, "list_logs", "must", "list_logs", {
        let page = vec![Query::limit(3).to_string()];
        let l = call!(t, users, list_logs(a, Some(page), None))?;
        eq([l["total"].as_u64() > Some(5), each(&l, "logs", "event").len() == 3], [true, true], "total and length")?;
    });

    // ---- sessions and tokens
    check!(t, "create_session: a client acts as the user", "extra", {
        let s = call!(t, users, create_session(b))?;
        let account = Account::new(&bare().set_session(s["secret"].as_str().unwrap_or("")));
        eq(&account.get().await?.id, b, "$id")?;
        let l = call!(t, users, list_sessions(b, None))?;
        eq([&l["total"], &l["sessions"][0]["$id"], &l["sessions"][0]["userId"]], json!([1, s["$id"], b]), "sessions")?;
        call!(t, users, delete_session(b, s["$id"].as_str().unwrap_or("")))?;
        eq(account.get().await.map_err(|error| error.code).err(), 401, "code without the session")?;
    });
    check!(t, "list_sessions, delete_session, delete_sessions", "must", {
        eq(call!(t, users, list_sessions(a, None))?, json!({ "total": 0, "sessions": [] }), "list")?;
        refused(call!(t, users, delete_session(a, "none")), 404, &["user_session_not_found"])?;
        call!(t, users, delete_sessions(a))?;
    });
    check!(t, "create_token", "extra", {
        let made = call!(t, users, create_token(b, Some(12), Some(120)))?;
        eq([&made["userId"], &json!(made["secret"].as_str().map(str::len))], json!([b, 12]), "userId, length")?;
    });
    check!(t, "create_jwt: a client acts as the user", "extra", {
        let made = call!(t, users, create_jwt(b, None, Some(60)))?;
        let account = Account::new(&bare().set_jwt(made["jwt"].as_str().unwrap_or("")));
        eq(&account.get().await?.id, b, "$id")?;
    });
    check!(t, "targets: list, create, get, update, delete", "extra", {
        eq(each(&call!(t, users, list_targets(b, None, None))?, "targets", "identifier"), [mail("b")], "identifiers")?;
        let kind = enums::MessagingProviderType::Email;
        let made = call!(t, users, create_target(b, ID::unique(), kind, mail("t"), None, Some("second")))?;
        let id = made["$id"].as_str().unwrap_or("");
        eq(call!(t, users, get_target(b, id))?, &made, "target")?;
        eq(
            &call!(t, users, update_target(b, id, Some(&mail("u")), None, None))?["identifier"],
            mail("u"),
            "identifier",
        )?;
        call!(t, users, delete_target(b, id))?;
        refused(call!(t, users, get_target(b, id)), 404, &["user_target_not_found"])?;
    });

    // ---- a second factor
    check!(t, "update_mfa", "extra", {
        for mfa in [true, false] {
            eq(&call!(t, users, update_mfa(b, mfa))?["mfa"], mfa, "mfa")?;
        }
    });
    check!(t, "list_mfa_factors", "extra", {
        eq(&call!(t, users, list_mfa_factors(b))?["totp"], false, "totp")?;
    });
    check!(t, "mfa recovery codes: create, get, update", "extra", {
        let codes = call!(t, users, create_mfa_recovery_codes(b))?;
        eq(codes["recoveryCodes"].as_array().map(Vec::len), 6, "number of codes")?;
        eq(call!(t, users, get_mfa_recovery_codes(b))?, &codes, "codes")?;
        eq(call!(t, users, update_mfa_recovery_codes(b))? != codes, true, "are others")?;
    });
    // What is counted as an answer here is a refusal: nothing that a key may do makes what these would work on.
    macro_rules! none_there {
        ($method:ident, $feature:tt, ($($argument:expr),*)) => {
            check!(t, concat!(stringify!($method), ": none there"), "extra", $feature, {
                match call!(t, users, $method($($argument),*)) {
                    Err(error) if [401, 404].contains(&error.code)
                        && error.error_type.as_deref().is_some_and(|kind| kind.starts_with("user_")) => {}
                    Err(error) => return Err(error.into()),
                    Ok(value) => return Err(Fault(format!("no error, but {value}"))),
                }
                t.calls.insert(stringify!($method), true);
            });
        };
    }
    none_there!(delete_mfa_authenticator, "delete_mfa_authenticator", (b, enums::AuthenticatorType::Totp));
    none_there!(get_mfa_challenge, "get_mfa_challenge", (b, "none"));
    check!(t, "update_impersonator", "extra", {
        eq(&call!(t, users, update_impersonator(b, true))?["impersonator"], true, "impersonator")?;
    });
    check!(t, "list_passkeys", "extra", "list_passkeys", {
        eq(&call!(t, users, list_passkeys(b, None, None))?["total"], 0, "total")?;
    });
    none_there!(get_passkey, "get_passkey", (b, "none"));
    none_there!(update_passkey, "update_passkey", (b, "none", "new name"));
    none_there!(delete_passkey, "delete_passkey", (b, "none"));

    // ---- delete
    check!(t, "delete", "must", {
        call!(t, users, delete(a))?;
        refused(call!(t, users, get(a)), 404, &["user_not_found"])?;
        refused(call!(t, users, delete(a)), 404, &["user_not_found"])?;
    });
    for made in ["b", "b2", "argon2", "bcrypt", "md5", "phpass", "sha", "scrypt", "scryptMod"] {
        let _ = users.delete(uid(made)).await;
    }
    println!("{}", json!({ "sdk": release, "format": format, "methods": methods, "results": t.results }));
}

fn phone(unique: &str, n: u8) -> String {
    let digits = unique.bytes().rev().take(6).map(|byte| char::from(b'0' + byte % 10));
    format!("+1559{}{n}", digits.collect::<String>())
}
