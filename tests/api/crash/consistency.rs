//! What must hold in every database at any time: what `usher check` looks at, and what only holds of users that the API has made.

use std::time::Duration;

use usher::config::DatabaseUrl;
use usher::store::{Store, check};

use crate::store::schema::Outside;

/// Rows that must not be there, on both engines.
const NEVER: [(&str, &str); 3] = [
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
];

/// Looks for all of it.
pub async fn check(database: &DatabaseUrl) {
    let store = Store::open(database, 2, Duration::ZERO).await.unwrap();
    let mut faults = Vec::new();
    check::run(&store, None, false, &mut |fault| faults.push(fault.to_owned())).await.unwrap();
    store.close().await;
    assert_eq!(faults, [""; 0]);
    let mut outside = Outside::at(database).await;
    for (what, rows) in NEVER {
        assert_eq!(outside.texts(rows).await, Vec::<Vec<String>>::new(), "{what}");
    }
}
