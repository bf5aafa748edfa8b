//! What must hold in every database at any time: no row without the one that it hangs on, and nothing derived that says
//! anything else than what it is derived from.

use crate::store::schema::Outside;

/// Rows that must not be there, on both engines.
const NEVER: [(&str, &str); 11] = [
    (
        "a session, token, target, identity, membership, passkey or factor without a user",
        "SELECT 'session ' || s.id FROM sessions s \
         WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.project = s.project AND u.id = s.user_id) \
         UNION ALL SELECT 'token ' || s.id FROM tokens s \
         WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.project = s.project AND u.id = s.user_id) \
         UNION ALL SELECT 'target ' || s.id FROM targets s \
         WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.project = s.project AND u.id = s.user_id) \
         UNION ALL SELECT 'identity ' || s.id FROM identities s \
         WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.project = s.project AND u.id = s.user_id) \
         UNION ALL SELECT 'membership ' || s.id FROM memberships s \
         WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.project = s.project AND u.id = s.user_id) \
         UNION ALL SELECT 'recovery codes of ' || s.user_id FROM recovery_codes s \
         WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.project = s.project AND u.id = s.user_id) \
         UNION ALL SELECT 'authenticator of ' || s.user_id FROM authenticators s \
         WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.project = s.project AND u.id = s.user_id) \
         UNION ALL SELECT 'passkey ' || s.id FROM passkeys s \
         WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.project = s.project AND u.id = s.user_id) \
         UNION ALL SELECT 'challenge ' || s.id FROM challenges s \
         WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.project = s.project AND u.id = s.user_id)",
    ),
    (
        "a label of nobody",
        "SELECT label FROM user_labels l \
         WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.project = l.project AND u.seq = l.user_seq)",
    ),
    (
        "a user without a row in the log",
        "SELECT id FROM users u WHERE NOT EXISTS (SELECT 1 FROM logs l WHERE l.project = u.project AND l.user_id = u.id)",
    ),
    (
        "a row of the log that names another user, who could not be erased from it",
        "SELECT user_id || ' by ' || actor_id FROM logs WHERE actor_type = 'user' AND actor_id <> user_id",
    ),
    (
        "an email or phone number without a target",
        "SELECT id FROM users u WHERE email IS NOT NULL AND NOT EXISTS \
         (SELECT 1 FROM targets t WHERE t.project = u.project AND t.user_id = u.id AND t.identifier = u.email) \
         UNION ALL SELECT id FROM users u WHERE phone IS NOT NULL AND NOT EXISTS \
         (SELECT 1 FROM targets t WHERE t.project = u.project AND t.user_id = u.id AND t.identifier = u.phone)",
    ),
    (
        "a total of users that is not theirs",
        "SELECT CAST(kept.users AS TEXT) || ' for ' || CAST(there.users AS TEXT) FROM \
         (SELECT project, sum(users) AS users, sum(status) AS enabled, sum(email_verified) AS verified \
          FROM user_totals GROUP BY project) kept \
         FULL OUTER JOIN (SELECT project, count(*) AS users, \
          sum(CASE WHEN status THEN 1 ELSE 0 END) AS enabled, \
          sum(CASE WHEN email_verified THEN 1 ELSE 0 END) AS verified FROM users GROUP BY project) there \
         ON kept.project = there.project \
         WHERE coalesce(kept.users, 0) <> coalesce(there.users, 0) \
         OR coalesce(kept.enabled, 0) <> coalesce(there.enabled, 0) \
         OR coalesce(kept.verified, 0) <> coalesce(there.verified, 0)",
    ),
    (
        "a total of a label that is not its users",
        "SELECT coalesce(kept.label, there.label) FROM \
         (SELECT project, label, sum(users) AS users FROM label_totals GROUP BY project, label) kept \
         FULL OUTER JOIN (SELECT project, label, count(*) AS users FROM user_labels GROUP BY project, label) there \
         ON kept.project = there.project AND kept.label = there.label \
         WHERE coalesce(kept.users, 0) <> coalesce(there.users, 0)",
    ),
    (
        "a total of a team that is not its members",
        "SELECT id FROM teams t WHERE total <> (SELECT count(*) FROM memberships m \
         WHERE m.project = t.project AND m.team_id = t.id AND m.confirm)",
    ),
    (
        "more or fewer labels of a user than rows of them",
        "SELECT id FROM users u WHERE (length(labels) - length(replace(labels, '\",\"', '  ')) + \
         CASE WHEN labels = '[]' THEN 0 ELSE 1 END) <> (SELECT count(*) FROM user_labels l \
         WHERE l.project = u.project AND l.user_seq = u.seq)",
    ),
    (
        "a target that is not in the copy of its user",
        "SELECT t.id FROM targets t JOIN users u ON u.project = t.project AND u.id = t.user_id \
         WHERE replace(u.targets, '\"id\":\"' || t.id || '\"', '') = u.targets",
    ),
    (
        "more or fewer targets in the copy of a user than rows of them",
        "SELECT id FROM users u WHERE (length(targets) - length(replace(targets, '\"userId\":', ''))) / 9 <> \
         (SELECT count(*) FROM targets t WHERE t.project = u.project AND t.user_id = u.id)",
    ),
];

/// Looks for all of it.
pub async fn check(outside: &mut Outside) {
    for (what, rows) in NEVER {
        assert_eq!(outside.texts(rows).await, Vec::<Vec<String>>::new(), "{what}");
    }
    match outside {
        Outside::Sqlite(_) => {
            assert_eq!(outside.text("PRAGMA integrity_check").await, "ok");
            assert_eq!(outside.texts("PRAGMA foreign_key_check").await, Vec::<Vec<String>>::new());
            // FTS5 compares its own parts with each other, and has one entry a user.
            outside.run("INSERT INTO user_search (user_search) VALUES ('integrity-check')").await.unwrap();
            let entries = "SELECT CAST(count(*) AS TEXT) FROM users u LEFT JOIN user_search_docsize d ON d.id = u.seq \
                 WHERE d.id IS NULL UNION ALL SELECT CAST(count(*) AS TEXT) FROM user_search_docsize d \
                 LEFT JOIN users u ON d.id = u.seq WHERE u.seq IS NULL";
            assert_eq!(outside.texts(entries).await, [["0"], ["0"]], "entries of the search");
        }
        Outside::Postgres(_) => {
            let entries = "SELECT coalesce(u.id, '') || ' ' || coalesce(s.text, '') FROM users u \
                 FULL OUTER JOIN user_search s ON s.project = u.project AND s.seq = u.seq \
                 WHERE u.search IS DISTINCT FROM s.text";
            assert_eq!(outside.texts(entries).await, Vec::<Vec<String>>::new(), "entries of the search");
        }
    }
}
