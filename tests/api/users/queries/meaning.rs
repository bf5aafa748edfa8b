//! What filters mean: NULL, folded and exact text, characters with a meaning in SQL, lists, dates.

use serde_json::{Value, json};
use usher::clock::Millis;
use usher::store::users::User;

use crate::support::{PROJECT, TestApp, both};
use crate::users::list::population::{plain, store};
use crate::users::list::{IDENTITIES, USERS, population};

async fn found(app: &TestApp, method: &str, attribute: &str, values: &[Value]) -> String {
    let query = json!({"method": method, "attribute": attribute, "values": values});
    app.admin().list(USERS, &[query]).await.ids("users").concat()
}

/// Users called a, b, c, …
async fn users<const N: usize>(app: &TestApp, fill: [fn(&mut User); N]) {
    let project = app.project(PROJECT).await.key;
    let users = ('a'..).zip(fill).map(|(id, fill)| {
        let mut user = plain(&id.to_string());
        fill(&mut user);
        user
    });
    store(app, project, users.collect()).await;
}

both! {
    async fn null_passes_no_test_but_is_null(app) {
        users(app, [
            |u| u.phone = Some("+16175550100".into()),
            |u| u.email = Some("mia@example.org".into()),
            |u| (u.password_update, u.accessed_at, u.password_pwned) = (Some(Millis(0)), Some(Millis(0)), Some(false)),
        ])
        .await;
        for (attribute, value, with, without) in [
            ("phone", json!("x"), "a", "bc"),
            ("email", json!("x"), "b", "ac"),
            ("passwordUpdate", json!("2024-01-01"), "c", "ab"),
            ("accessedAt", json!("2024-01-01"), "c", "ab"),
            ("passwordPwned", json!(true), "c", "ab"),
        ] {
            assert_eq!(found(app, "isNull", attribute, &[]).await, without, "{attribute}");
            assert_eq!(found(app, "isNotNull", attribute, &[]).await, with, "{attribute}");
            assert_eq!(found(app, "notEqual", attribute, std::slice::from_ref(&value)).await, with, "{attribute}");
            assert_eq!(found(app, "notBetween", attribute, &[value.clone(), value.clone()]).await, with);
            assert_eq!(found(app, "equal", attribute, &[value]).await, "", "{attribute}");
        }
        for method in ["notContains", "notStartsWith", "notEndsWith"] {
            assert_eq!(found(app, method, "phone", &[json!("x")]).await, "a", "{method}");
            // The empty text is a part of every text.
            assert_eq!(found(app, method, "phone", &[json!("")]).await, "", "{method}");
        }
        for method in ["contains", "startsWith", "endsWith"] {
            assert_eq!(found(app, method, "phone", &[json!("")]).await, "a", "{method}");
        }
        // A name is never NULL, be it empty.
        assert_eq!(found(app, "isNull", "name", &[]).await, "");
        assert_eq!(found(app, "equal", "name", &[json!("")]).await, "abc");
        assert_eq!(found(app, "startsWith", "name", &[json!("")]).await, "abc");
    }

    async fn names_and_emails_are_compared_without_case_and_accents(app) {
        let project = app.project(PROJECT).await.key;
        let names = ["Åsa", "asa", "Zoë", "ZOE", "Straße", "Strasse", "İstanbul", "istanbul", "ΟΔΟΣ", "οδός"];
        let users = ('a'..).zip(names).map(|(id, name)| User { name: name.into(), ..plain(&id.to_string()) });
        store(app, project, users.collect()).await;
        for (method, values, expected) in [
            ("equal", json!(["ASA"]), "ab"),
            ("equal", json!(["A\u{30a}SA"]), "ab"),
            ("equal", json!(["zoe"]), "cd"),
            // No accent: ß is a letter of its own, and not ss.
            ("equal", json!(["straße"]), "e"),
            ("equal", json!(["STRASSE"]), "f"),
            ("equal", json!(["ISTANBUL"]), "gh"),
            ("equal", json!(["İstanbul"]), "gh"),
            ("equal", json!(["ΟΔΌΣ"]), "ij"),
            ("startsWith", json!(["Å"]), "ab"),
            ("startsWith", json!(["str"]), "ef"),
            ("endsWith", json!(["OË"]), "cd"),
            ("contains", json!(["ŞT"]), "efgh"),
            ("contains", json!(["ÄS", "Ë"]), "abcdef"),
            ("between", json!(["AR", "ÄU"]), "ab"),
            ("lessThan", json!(["B"]), "ab"),
            ("greaterThanEqual", json!(["ZOÉ"]), "cdij"),
            ("notEqual", json!(["ÅSA"]), "cdefghij"),
            ("notContains", json!(["S"]), "cdij"),
        ] {
            assert_eq!(found(app, method, "name", values.as_array().unwrap()).await, expected, "{method} {values}");
        }
        app.user("mail", json!({"email": "Zoe.Lee@Example.org"})).await;
        for (method, value) in [
            ("equal", "ZOË.LEE@EXAMPLE.ORG"), ("startsWith", "ZOE."), ("endsWith", "EXAMPLE.ORG"), ("contains", "Lee@"),
        ] {
            assert_eq!(found(app, method, "email", &[json!(value)]).await, "mail", "{method} {value}");
        }
    }

    async fn emails_at_providers_are_compared_without_case(app) {
        population::identities(app, 12).await;
        let query = |value: &str| json!({"method": "equal", "attribute": "providerEmail", "values": [value]});
        let ids = |answer: crate::support::Answer| answer.ids("identities").join(" ");
        let found = ids(app.admin().list(IDENTITIES, &[query("MIA@EXAMPLE.ORG")]).await);
        assert!(found.contains(' '), "several rows hold it: {found}");
        assert_eq!(ids(app.admin().list(IDENTITIES, &[query("mia@example.org")]).await), found);
        let uid = |value: &str| json!({"method": "startsWith", "attribute": "providerUid", "values": [value]});
        assert_eq!(ids(app.admin().list(IDENTITIES, &[uid("Uid")]).await), "", "exact bytes");
    }

    async fn ids_phones_and_labels_are_compared_byte_by_byte(app) {
        let project = app.project(PROJECT).await.key;
        let mut users = ["User", "user", "USER"].map(plain).to_vec();
        users[0].labels = r#"["VIP"]"#.into();
        users[1].labels = r#"["vip","beta"]"#.into();
        users[2].phone = Some("+16175550100".into());
        store(app, project, users).await;
        for (method, attribute, values, expected) in [
            ("equal", "$id", json!(["user"]), "user"),
            ("notEqual", "$id", json!(["user"]), "UserUSER"),
            ("startsWith", "$id", json!(["Us"]), "User"),
            ("endsWith", "$id", json!(["er"]), "Useruser"),
            ("contains", "$id", json!(["SE", "x"]), "USER"),
            ("between", "$id", json!(["A", "Z"]), "UserUSER"),
            ("greaterThan", "$id", json!(["User"]), "user"),
            ("equal", "phone", json!(["+16175550100", "+1"]), "USER"),
            ("equal", "phone", json!(["+16175550100 "]), ""),
            ("contains", "labels", json!(["vip"]), "user"),
            ("contains", "labels", json!(["vip", "VIP"]), "Useruser"),
            ("contains", "labels", json!(["vi"]), ""),
            ("containsAll", "labels", json!(["beta", "vip"]), "user"),
            ("containsAll", "labels", json!(["beta", "VIP"]), ""),
            ("notContains", "labels", json!(["vip", "x"]), "UserUSER"),
            // A list may be empty, and is never NULL.
            ("isNotNull", "labels", json!([]), "UseruserUSER"),
            ("isNull", "labels", json!([]), ""),
        ] {
            assert_eq!(found(app, method, attribute, values.as_array().unwrap()).await, expected, "{method} {values}");
        }
    }

    async fn characters_of_sql_patterns_are_ordinary(app) {
        let project = app.project(PROJECT).await.key;
        let names = ["100%", "100_", "100\\", "1000", "%", "a'b", "a\"b", "a;--", "*", "[x]", "x?"];
        let users = ('a'..).zip(names).map(|(id, name)| User { name: name.into(), ..plain(&id.to_string()) });
        store(app, project, users.collect()).await;
        for (method, value, expected) in [
            ("contains", "%", "ae"), ("contains", "_", "b"), ("contains", "\\", "c"), ("startsWith", "100%", "a"),
            ("startsWith", "%", "e"), ("startsWith", "1__", ""), ("endsWith", "%", "ae"), ("endsWith", "_", "b"),
            ("endsWith", "\\", "c"), ("endsWith", "00\\", "c"), ("equal", "%", "e"), ("contains", "'", "f"),
            ("contains", "\"", "g"), ("contains", "';--", ""), ("endsWith", ";--", "h"), ("contains", "*", "i"),
            ("contains", "[x]", "j"), ("contains", "?", "k"), ("contains", "$1", ""),
            ("notStartsWith", "100", "efghijk"), ("notEndsWith", "%", "bcdfghijk"),
            // Longer than any of the texts.
            ("endsWith", "xxxxxxxxxxxxxxxxxxxxxx100%", ""), ("startsWith", "100%100%", ""),
        ] {
            assert_eq!(found(app, method, "name", &[json!(value)]).await, expected, "{method} {value}");
        }
    }

    async fn texts_of_several_bytes_are_cut_between_characters(app) {
        let project = app.project(PROJECT).await.key;
        let names = ["日本太郎", "日本", "本", "😀a", "a😀", "\u{10FFFF}", "z\u{10FFFF}z", "\u{D7FF}x", "\u{E000}x"];
        let users = ('a'..).zip(names).map(|(id, name)| User { name: name.into(), ..plain(&id.to_string()) });
        store(app, project, users.collect()).await;
        for (method, value, expected) in [
            ("startsWith", "日本", "ab"), ("endsWith", "本", "bc"), ("endsWith", "太郎", "a"), ("contains", "本太", "a"),
            ("startsWith", "😀", "d"), ("endsWith", "😀", "e"), ("startsWith", "\u{10FFFF}", "f"),
            ("notStartsWith", "\u{10FFFF}", "abcdeghi"), ("startsWith", "z\u{10FFFF}", "g"),
            ("startsWith", "\u{D7FF}", "h"), ("greaterThan", "\u{E000}", "dfi"), ("notEndsWith", "x", "abcdefg"),
        ] {
            assert_eq!(found(app, method, "name", &[json!(value)]).await, expected, "{method} {value}");
        }
    }

    async fn dates_are_moments_however_they_are_written(app) {
        let at = |text| Millis::parse(text).unwrap();
        let project = app.project(PROJECT).await.key;
        let days = ["2024-05-06T00:00:00Z", "2024-05-06T07:08:09.123Z", "2024-05-06T07:08:09.124Z", "2024-05-07T00:00:00Z"];
        let users = ('a'..).zip(days).map(|(id, day)| User { registration: at(day), ..plain(&id.to_string()) });
        store(app, project, users.collect()).await;
        for (method, values, expected) in [
            ("equal", json!(["2024-05-06"]), "a"),
            ("equal", json!(["2024-05-06 07:08:09.123"]), "b"),
            ("equal", json!(["2024-05-06T09:08:09.123+02:00"]), "b"),
            ("equal", json!(["2024-05-06T07:08:09.123Z", "2024-05-07"]), "bd"),
            ("equal", json!(["2024-05-06T07:08:09.123+00:00"]), "b"),
            ("notEqual", json!(["2024-05-06"]), "bcd"),
            ("lessThan", json!(["2024-05-06T07:08:09.123Z"]), "a"),
            ("lessThanEqual", json!(["2024-05-06T07:08:09.123Z"]), "ab"),
            ("greaterThan", json!(["2024-05-06T07:08:09.123Z"]), "cd"),
            ("greaterThanEqual", json!(["2024-05-06T07:08:09.123Z"]), "bcd"),
            ("between", json!(["2024-05-06", "2024-05-07"]), "abcd"),
            ("notBetween", json!(["2024-05-06T00:00:00.001Z", "2024-05-06T23:59:59.999Z"]), "ad"),
            ("lessThan", json!(["0000-01-01"]), ""),
            ("lessThanEqual", json!(["9999-12-31T23:59:59.999Z"]), "abcd"),
            // Bounds the wrong way round hold nothing between them.
            ("between", json!(["2024-05-07", "2024-05-06"]), ""),
        ] {
            assert_eq!(found(app, method, "registration", values.as_array().unwrap()).await, expected, "{method} {values}");
        }
    }

    async fn filters_are_combined_with_and_and_their_values_with_or(app) {
        users(app, [|u| u.name = "Ann".into(), |u| u.name = "Ben".into(), |u| (u.name, u.status) = ("Ann".into(), false)])
            .await;
        let equal = |attribute: &str, values: Value| json!({"method": "equal", "attribute": attribute, "values": values});
        let tree = |method: &str, children: Value| json!({"method": method, "values": children});
        let ann = equal("name", json!(["ann"]));
        let active = equal("status", json!([true]));
        for (queries, expected) in [
            (vec![ann.clone(), active.clone()], "a"),
            (vec![equal("name", json!(["ann", "BEN"]))], "abc"),
            (vec![tree("or", json!([ann, active]))], "abc"),
            (vec![tree("and", json!([ann, active]))], "a"),
            (vec![tree("or", json!({"x": ann, "y": equal("$id", json!(["b"]))})), equal("status", json!([false]))], "c"),
            (vec![tree("or", json!([tree("and", json!([ann, active])), equal("$id", json!(["c"]))]))], "ac"),
        ] {
            assert_eq!(app.admin().list(USERS, &queries).await.ids("users").concat(), expected, "{queries:?}");
        }
    }
}
