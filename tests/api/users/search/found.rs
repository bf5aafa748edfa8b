//! What a search finds.

use serde_json::json;

use super::{found, search};
use crate::support::{PROJECT, TestApp, both};
use crate::users::list::population::{self, plain, store};
use crate::users::list::{MEMBERSHIPS, after, ascending, before, descending, equal, limit, offset};

async fn populate(app: &TestApp) {
    let project = app.project(PROJECT).await.key;
    let mut users = ["anna", "l-00", "l-01", "zoe", "other", "blank"].map(plain).to_vec();
    users[0].name = "Anna Lee".into();
    users[0].email = Some("anna.lee@example.org".into());
    users[0].phone = Some("+16175550123".into());
    users[0].labels = r#"["vip","beta"]"#.into();
    users[1].email = Some("l00@example.com".into());
    users[2].email = Some("l01@example.com".into());
    users[2].labels = r#"["VIP2"]"#.into();
    users[3].name = "Zoë Åström".into();
    users[3].email = Some("joanna@manchester-united.co.uk".into());
    users[4].name = "100% \"q_x\\y' 日本太郎 😀".into();
    store(app, project, users).await;
    // The same in another project, which no search of this one may find.
    app.new_project("other").await;
    let mut twin = plain("anna");
    (twin.name, twin.email) = ("Anna Lee".into(), Some("anna.lee@example.org".into()));
    store(app, app.project("other").await.key, vec![twin]).await;
}

both! {
    async fn every_term_has_to_occur_somewhere_in_the_text(app) {
        populate(app).await;
        for (text, expected) in [
            // Id, name, email, phone, label; whole, at the beginning, in the middle.
            ("anna", "anna zoe"),
            ("ann", "anna zoe"),
            ("nna", "anna zoe"),
            ("Lee", "anna"),
            ("l-00", "l-00"),
            ("+16175550123", "anna"),
            ("5550", "anna"),
            ("+1617-555-0123", "anna"),
            ("label:vip", "anna l-01"),
            ("label:beta", "anna"),
            ("vip2", "l-01"),
            ("example.org", "anna"),
            ("manchester", "zoe"),
            ("united.co.uk", "zoe"),
            ("man", "zoe"),
            // Terms come in any order, from any of the fields.
            ("lee anna", "anna"),
            ("example ann 617", "anna"),
            ("anna zoe", "zoe"),
            ("anna nobody", ""),
            // A whole address: its parts are terms, so others of the domain lack one of them.
            ("l00@example.com", "l-00"),
            ("anna.lee@example.org", "anna"),
            ("nobody@example.com", ""),
            // Case and accents.
            ("ANNA", "anna zoe"),
            ("zoe", "zoe"),
            ("ZOË", "zoe"),
            ("astrom", "zoe"),
            ("Astro\u{308}m", "zoe"),
            ("LABEL:VIP", "anna l-01"),
            // Characters with a meaning in SQL and in full-text queries.
            ("100%", "other"),
            ("%", "other"),
            ("q_x\\y'", "other"),
            ("l_0", ""),
            ("a.n", ""),
            ("AND", ""),
            ("anna OR zoe", ""),
            ("text:anna", ""),
            ("scope", ""),
            ("日本", "other"),
            ("本太郎", "other"),
            ("😀", "other"),
            // White space of any kind parts terms.
            ("  anna\t\nlee ", "anna"),
            ("anna*", "anna zoe"),
            ("(anna) <lee> ~", "anna"),
        ] {
            assert_eq!(found(app, text).await, expected, "{text:?}");
        }
    }

    async fn a_text_in_quotes_is_one_term_as_it_stands(app) {
        populate(app).await;
        for (text, expected) in [
            (r#""anna lee""#, "anna"),
            (r#""ANNA LEE""#, "anna"),
            (r#""lee anna""#, ""),
            (r#""anna.lee@example.org""#, "anna"),
            (r#""anna.lee@example.org Anna Lee +16175550123 label:vip label:beta""#, "anna"),
            (r#""@example.com""#, "l-00 l-01"),
            (r#""+1617""#, "anna"),
            (r#""l-0""#, "l-00 l-01"),
            (r#""100% "q_x""#, "other"),
            (r#" "anna lee" "#, "anna"),
            // Not quoted as a whole, so the quotes only part terms.
            (r#""anna lee" vip"#, "anna"),
            (r#""lee anna"#, "anna"),
            (r#"lee"anna"#, "anna"),
        ] {
            assert_eq!(found(app, text).await, expected, "{text}");
        }
    }

    async fn short_terms_are_found_without_the_index(app) {
        populate(app).await;
        for (text, expected) in [
            ("l", "anna l-00 l-01 blank"),
            ("le", "anna l-00 l-01"),
            ("ee", "anna"),
            ("%", "other"),
            ("太", "other"),
            ("Ö", "anna l-00 l-01 zoe other"),
            ("k", "zoe blank"),
            // Short and long together: the index finds, the short one is checked.
            ("anna z", "zoe"),
            ("z u anna", "zoe"),
            ("example 01", "l-01 anna"),
            (r#"" 太""#, ""),
        ] {
            let mut ids: Vec<String> = found(app, text).await.split(' ').map(str::to_owned).collect();
            let mut expected: Vec<&str> = expected.split(' ').collect();
            ids.sort_unstable();
            expected.sort_unstable();
            assert_eq!(ids, expected, "{text}");
        }
    }

    async fn symbols_alone_find_nothing(app) {
        populate(app).await;
        for text in [">", "@", "+ -", "\"", "\"\"", "@+-*()<>~\"", " ", "\t", "*"] {
            assert_eq!(search(app, text, "").await.expect(200), json!({"total": 0, "users": []}), "{text:?}");
        }
    }

    async fn a_search_goes_with_queries_cursors_and_pages(app) {
        populate(app).await;
        let list = async |text: &str, queries: &[serde_json::Value]| {
            let answer = app.admin().list(&format!("/v1/users?search={text}"), queries).await;
            (answer.json["total"].as_u64().unwrap(), answer.ids("users").join(" "))
        };
        for (text, queries, total, ids) in [
            ("example", vec![], 3, "anna l-00 l-01"),
            ("example", vec![limit(1)], 3, "anna"),
            ("example", vec![offset(1), limit(1)], 3, "l-00"),
            ("example", vec![descending("$id")], 3, "l-01 l-00 anna"),
            ("example", vec![after("anna")], 3, "l-00 l-01"),
            ("example", vec![before("l-01"), limit(1)], 3, "l-00"),
            // The cursor's row need not be among the found.
            ("example", vec![before("blank")], 3, "anna l-00 l-01"),
            ("example", vec![ascending("email"), after("anna")], 3, "l-00 l-01"),
            ("example", vec![equal("$id", "l-00")], 1, "l-00"),
            ("example", vec![equal("email", "joanna@manchester-united.co.uk")], 0, ""),
            ("exam%20lee", vec![after("anna")], 1, ""),
            ("e", vec![equal("$id", "zoe")], 1, "zoe"),
            ("%3E", vec![limit(5)], 0, ""),
            ("example", vec![limit(5000)], 3, "anna l-00 l-01"),
            ("example", vec![limit(5000), before("l-01"), descending("$id")], 3, ""),
            ("l", vec![limit(5000), after("l-00")], 4, "l-01 blank"),
        ] {
            assert_eq!(list(text, &queries).await, (total, ids.to_owned()), "{text} {queries:?}");
        }
        let answer = search(app, "example", "&total=false").await;
        assert_eq!((answer.ids("users").len(), &answer.json["total"]), (3, &json!(0)));
    }

    async fn identities_are_searched_by_uid_and_email(app) {
        population::identities(app, 12).await;
        let found = async |text: &str| {
            let answer = app.admin().get(&format!("/v1/users/identities?search={text}")).await.expect(200);
            let rows = answer["identities"].as_array().unwrap().clone();
            assert_eq!(answer["total"], rows.len());
            rows
        };
        for row in found("MIA").await {
            assert_eq!(row["providerEmail"].as_str().unwrap().to_lowercase(), "mia@example.org");
        }
        assert!(found("mia").await.len() > 1);
        assert_eq!(found("uid-7").await.len(), 1, "whatever its case");
        assert_eq!(found("%22uid-1%22").await.len(), 3, "1, 10 and 11");
        assert_eq!(found("github").await.len(), 0, "the provider is not searched");
        assert_eq!(found("anna").await.len(), 0, "nor is the user");
        assert_eq!(found("%3E").await.len(), 0);
        app.admin().delete("/v1/users/anna").await;
        app.admin().delete("/v1/users/ben").await;
        assert_eq!(found("uid").await.len(), 0);
    }

    async fn memberships_are_searched_by_their_id_and_their_users(app) {
        population::memberships(app, 12).await;
        let found = async |text: &str| {
            let answer = app.admin().get(&format!("{MEMBERSHIPS}?search={text}")).await;
            assert_eq!(answer.json["total"], answer.ids("memberships").len());
            answer.ids("memberships").len()
        };
        let all = app.admin().get(MEMBERSHIPS).await;
        let first = all.ids("memberships")[0];
        assert!(found(first).await >= 1);
        assert_eq!(found("ANNA").await, 12);
        for nothing in ["ben", "team0", "owner", "%3E", "%25"] {
            assert_eq!(found(nothing).await, 0, "{nothing}");
        }
    }
}
