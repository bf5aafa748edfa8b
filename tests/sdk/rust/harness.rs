//! What the checks of the scenario are made of.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::Future;

use appwrite::AppwriteError;
use appwrite::error::Result as Answer;
use serde::Serialize;
use serde_json::{Value, json};

/// Why a check has failed.
pub struct Fault(pub String);

impl From<AppwriteError> for Fault {
    fn from(error: AppwriteError) -> Self {
        let kind = error.error_type.as_deref().unwrap_or("");
        Self(format!("{} [{} {kind}]", error.message.replace('\n', " / "), error.code))
    }
}

pub type Checked = Result<(), Fault>;

#[derive(Default)]
pub struct Harness {
    pub calls: BTreeMap<&'static str, bool>,
    pub results: Vec<Value>,
}

impl Harness {
    /// Waits for a call, notes it, and gives the model as JSON.
    pub async fn noted<T: Serialize>(
        &mut self,
        method: &'static str,
        call: impl Future<Output = Answer<T>>,
    ) -> Result<Value, AppwriteError> {
        let answer = call.await;
        *self.calls.entry(method).or_default() |= answer.is_ok();
        Ok(serde_json::to_value(answer?)?)
    }

    pub fn done(&mut self, id: &str, level: &str, outcome: Checked) {
        let calls = std::mem::take(&mut self.calls);
        let (state, text) = match outcome {
            Ok(()) => ("ok", String::new()),
            Err(Fault(text)) => ("fail", text),
        };
        self.results.push(json!({ "id": id, "level": level, "state": state, "text": text, "calls": calls }));
    }

    #[allow(dead_code, reason = "some releases lack nothing")]
    pub fn lacks(&mut self, id: &str, level: &str) {
        self.results.push(json!({ "id": id, "level": level, "state": "n/a", "text": "" }));
    }
}

pub fn eq(got: impl Serialize + Debug, want: impl Serialize, what: &str) -> Checked {
    let got = serde_json::to_value(got).map_err(|error| Fault(error.to_string()))?;
    let want = serde_json::to_value(want).map_err(|error| Fault(error.to_string()))?;
    if got == want { Ok(()) } else { Err(Fault(format!("{what}: got {got}, want {want}"))) }
}

pub fn refused(answer: Result<Value, AppwriteError>, code: u16, kinds: &[&str]) -> Checked {
    match answer {
        Ok(value) => Err(Fault(format!("no error, want {code}; answer {value}"))),
        Err(error) if error.code == code && kinds.contains(&error.error_type.as_deref().unwrap_or("")) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What a list has under this name of a field.
pub fn each<'a>(list: &'a Value, key: &str, field: &str) -> Vec<&'a Value> {
    list[key].as_array().into_iter().flatten().map(|row| &row[field]).collect()
}

/// How a check asks: call!(t, users, get(id))
macro_rules! call {
    ($t:ident, $users:ident, $method:ident($($argument:expr),* $(,)?)) => {
        $t.noted(stringify!($method), $users.$method($($argument),*)).await
    };
}

/// A check: check!(t, "name", "must", { … }), or with the feature that it needs: check!(t, "name", "must", "get", { … })
macro_rules! check {
    ($t:ident, $id:expr, $level:expr, $feature:tt, $body:block) => {
        #[cfg(feature = $feature)]
        check!($t, $id, $level, $body);
        #[cfg(not(feature = $feature))]
        $t.lacks($id, $level);
    };
    ($t:ident, $id:expr, $level:expr, $body:block) => {{
        let outcome: Checked = async {
            $body;
            Ok(())
        }
        .await;
        $t.done($id, $level, outcome);
    }};
}
