//! Somebody who writes, knows what was answered, and can tell whether it is stored.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use serde_json::{Value, json};

use super::Dice;
use super::client::{ask, get};

/// Users whom a writer has at the same time, about.
const USERS: u64 = 12;

/// Writes users whom nobody else writes.
pub struct Writer {
    number: u64,
    dice: Dice,
    /// Counts what must be unlike everything before.
    next: u64,
    users: BTreeMap<String, Known>,
    /// The write after which nothing more was answered, and whether it was itself.
    open: Option<(String, Write, bool)>,
}

/// What is stored of a user, as far as answers have told.
#[derive(Clone, Debug, PartialEq)]
struct Known {
    user: Value,
    sessions: BTreeSet<String>,
    log: u64,
}

/// A write of one user.
#[derive(Clone, Debug)]
enum Write {
    Create(Value),
    /// The last part of the path, the parameter, the field of the user and its value.
    Set(&'static str, &'static str, &'static str, Value),
    SignIn,
    SignOut(String),
    Delete,
}

impl Writer {
    pub const fn new(number: u64, seed: u64) -> Self {
        Self { number, dice: Dice(seed), next: 0, users: BTreeMap::new(), open: None }
    }

    /// How many users there are.
    pub fn users(&self) -> usize {
        self.users.len()
    }

    /// Whether a write was left without an answer.
    pub const fn waits(&self) -> bool {
        self.open.is_some()
    }

    /// Writes something. `false` when there was no answer.
    pub fn write(&mut self, address: SocketAddr) -> bool {
        let (id, write) = self.choose();
        let path = format!("/v1/users/{id}");
        let answer = match &write {
            Write::Create(body) => ask(address, "POST", "/v1/users", body),
            Write::Set(last, parameter, _, value) => {
                let method = if *last == "labels" { "PUT" } else { "PATCH" };
                ask(address, method, &format!("{path}/{last}"), &json!({*parameter: value}))
            }
            Write::SignIn => ask(address, "POST", &format!("{path}/sessions"), &Value::Null),
            Write::SignOut(session) => ask(address, "DELETE", &format!("{path}/sessions/{session}"), &Value::Null),
            Write::Delete => ask(address, "DELETE", &path, &Value::Null),
        };
        let Some((status, body)) = answer else {
            self.open = Some((id, write, false));
            return false;
        };
        assert!((200..300).contains(&status), "{id} {write:?}: {status} {body}");
        match (write, self.users.get_mut(&id)) {
            (Write::Create(_), _) => {
                self.users.insert(id, Known { user: body, sessions: BTreeSet::new(), log: 1 });
            }
            (Write::Delete, _) => drop(self.users.remove(&id)),
            (write, Some(known)) => {
                known.log += 1;
                match write {
                    Write::SignIn => drop(known.sessions.insert(text(&body["$id"]))),
                    Write::SignOut(session) => drop(known.sessions.remove(&session)),
                    // The answer is the preferences alone.
                    Write::Set("prefs", ..) => match ask(address, "GET", &path, &Value::Null) {
                        Some((200, user)) => known.user = user,
                        Some(other) => panic!("{path}: {other:?}"),
                        None => {
                            known.log -= 1;
                            self.open = Some((id, write, true));
                            return false;
                        }
                    },
                    _ => known.user = body,
                }
            }
            (_, None) => unreachable!("only users who are there are changed"),
        }
        true
    }

    /// A user and what to do.
    fn choose(&mut self) -> (String, Write) {
        self.next += 1;
        let unique = format!("{}x{}z", self.number, self.next);
        let id = self.users.keys().nth(usize::try_from(self.dice.below(USERS)).unwrap_or(0)).cloned();
        let Some(id) = id else {
            let body = json!({
                "userId": format!("user{unique}"),
                "email": format!("a{unique}@example.org"),
                "phone": format!("+49151{:03}{:06}", self.number, self.next),
                "name": format!("new {unique}"),
                "password": if self.next.is_multiple_of(2) { json!("correct horse battery") } else { Value::Null },
            });
            return (format!("user{unique}"), Write::Create(body));
        };
        let sessions = self.users.get(&id).map(|known| &known.sessions);
        let session = sessions.and_then(|sessions| sessions.first()).cloned();
        let write = match (self.dice.below(20), session) {
            (0..4, _) => Write::Set("name", "name", "name", format!("name {unique}").into()),
            (4..6, _) => Write::Set("email", "email", "email", format!("b{unique}@example.org").into()),
            (6, _) => {
                Write::Set("phone", "number", "phone", format!("+49152{:03}{:06}", self.number, self.next).into())
            }
            (7..9, _) => Write::Set("labels", "labels", "labels", json!(["crash", format!("l{}", self.dice.below(5))])),
            (9..12, _) => Write::Set("prefs", "prefs", "prefs", json!({"last": unique})),
            (12, _) => Write::Set("status", "status", "status", (self.dice.below(2) == 0).into()),
            (13, _) => {
                let verified = self.dice.below(2) == 0;
                Write::Set("verification", "emailVerification", "emailVerification", verified.into())
            }
            (14..16, Some(session)) => Write::SignOut(session),
            (14..18, _) => Write::SignIn,
            _ => Write::Delete,
        };
        (id, write)
    }

    /// Compares all that is known with what is stored, and learns what became of the write without an answer.
    pub fn check(&mut self, address: SocketAddr) {
        if let Some((id, write, answered)) = self.open.take() {
            let before = self.users.get(&id).cloned();
            let after = stored(address, &id);
            if answered || before != after {
                assert!(
                    write.has_made(before.as_ref(), after.as_ref()),
                    "{id} {write:?}: {before:#?} became {after:#?}"
                );
            }
            match after {
                Some(after) => drop(self.users.insert(id, after)),
                None => drop(self.users.remove(&id)),
            }
        }
        for (id, known) in &self.users {
            assert_eq!(stored(address, id).as_ref(), Some(known), "{id}");
            // By a name that nobody else has or had.
            let name = text(&known.user["name"]).replace(' ', "%20");
            let found = get(address, &format!("/v1/users?search=%22{name}%22"));
            let ids: Vec<&Value> = found["users"].as_array().into_iter().flatten().map(|user| &user["$id"]).collect();
            assert_eq!((&found["total"], ids), (&json!(1), vec![&json!(id)]), "search for {name}");
        }
    }
}

impl Write {
    /// Whether this, done wholly, makes one of the other.
    fn has_made(&self, before: Option<&Known>, after: Option<&Known>) -> bool {
        match (self, before, after) {
            (Self::Create(body), None, Some(after)) => {
                let fields = ["email", "phone", "name"].iter().all(|field| after.user[field] == body[field]);
                fields && after.log == 1 && after.user["targets"].as_array().is_some_and(|targets| targets.len() == 2)
            }
            (Self::Delete, Some(_), None) => true,
            (Self::SignIn, Some(before), Some(after)) => {
                let user = before.user == after.user && before.log + 1 == after.log;
                user && before.sessions.is_subset(&after.sessions) && before.sessions.len() + 1 == after.sessions.len()
            }
            (Self::SignOut(session), Some(before), Some(after)) => {
                let mut left = before.sessions.clone();
                left.remove(session);
                before.user == after.user && before.log + 1 == after.log && left == after.sessions
            }
            (Self::Set(last, _, field, value), Some(before), Some(after)) => {
                let of_address = matches!(*last, "email" | "phone");
                let others = before.user.as_object().into_iter().flatten().filter(|(name, _)| {
                    let follows = ["targets", "emailVerification", "emailCanonical", "phoneVerification"];
                    let follows = follows.contains(&name.as_str());
                    name != field && *name != "$updatedAt" && !(of_address && follows)
                });
                let has_target = |known: &Known| {
                    let targets = known.user["targets"].as_array().into_iter().flatten();
                    targets.filter(|target| target["identifier"] == known.user[field]).count() == 1
                };
                after.user[field] == *value
                    && others.into_iter().all(|(name, value)| after.user[name] == *value)
                    && (!of_address || has_target(after))
                    && before.sessions == after.sessions
                    && before.log + 1 == after.log
            }
            _ => false,
        }
    }
}

/// What is stored of a user; `None` when there is none.
fn stored(address: SocketAddr, id: &str) -> Option<Known> {
    let path = format!("/v1/users/{id}");
    let user = match ask(address, "GET", &path, &Value::Null) {
        Some((200, user)) => user,
        Some((404, error)) if error["type"] == "user_not_found" => return None,
        other => panic!("{path}: {other:?}"),
    };
    let sessions = get(address, &format!("{path}/sessions"));
    let sessions = sessions["sessions"].as_array().into_iter().flatten().map(|session| text(&session["$id"])).collect();
    let log = get(address, &format!("{path}/logs"))["total"].as_u64().unwrap_or_default();
    Some(Known { user, sessions, log })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
