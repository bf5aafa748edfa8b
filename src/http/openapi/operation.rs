//! What is known of a route: what its table says in words, and what the extractors of its handler say of themselves.

use axum::http::Method;

use super::model::Model;
use crate::access::Scope;
use crate::error::Kind;
use crate::http::limit::{By, Limit};
use crate::params::{self, Described, FromParams};

/// What the table of routes says of a route.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct Words {
    /// Its name in the API: service and method, as `usersList`.
    pub(in crate::http) id: &'static str,
    /// What it does: a sentence, and lines with more to say.
    pub(in crate::http) text: &'static [&'static str],
    /// The status when all is well.
    pub(in crate::http) status: u16,
    /// What is answered then.
    pub(in crate::http) model: Model,
    /// What may go wrong besides what its extractors know.
    pub(in crate::http) fails: &'static [Kind],
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::http) enum Caller {
    /// Anybody.
    #[default]
    Public,
    /// API keys with one of these scopes.
    Key(&'static [Scope]),
    /// A user who is signed in.
    Member,
    /// Anybody who names a project, and API keys with `sessions.write`.
    Visitor,
}

/// A route, described.
#[derive(Debug)]
pub(in crate::http) struct Operation {
    pub(in crate::http) method: Method,
    pub(in crate::http) path: &'static str,
    pub(in crate::http) words: Words,
    pub(in crate::http) parts: Parts,
}

/// What the extractors of a handler say.
#[derive(Debug, Default)]
pub(in crate::http) struct Parts {
    pub(super) caller: Caller,
    /// The parameters, in the order in which they are read.
    pub(super) params: Vec<Described>,
    /// What may go wrong before the handler is called.
    pub(super) fails: Vec<Kind>,
    /// How often it may be asked.
    pub(super) limit: Option<Limit>,
}

impl Parts {
    /// Notes down who may ask.
    pub(in crate::http) fn by(&mut self, caller: Caller) {
        self.caller = caller;
        if caller != Caller::Public {
            self.fails.extend([
                Kind::UnauthorizedScope,
                Kind::Unauthorized,
                Kind::ProjectKeyExpired,
                Kind::ProjectIdMissing,
                Kind::UserBlocked,
                Kind::JwtAndCookieSet,
            ]);
        }
        if caller == Caller::Member {
            // Deleted since the request came.
            self.fails.push(Kind::UserNotFound);
        }
    }

    /// Notes down the parameters. One that is read twice is as its last reading says.
    pub(in crate::http) fn take<T: FromParams>(&mut self) {
        for param in params::describe::<T>() {
            match self.params.iter_mut().find(|known| known.name == param.name) {
                Some(known) => *known = param,
                None => self.params.push(param),
            }
        }
    }

    /// Notes down a limit.
    pub(in crate::http) fn limited(&mut self, limit: Limit) {
        self.limit = Some(limit);
        self.fails.push(Kind::RateLimitExceeded);
    }
}

impl Operation {
    /// Whether a parameter stands in the path.
    pub(super) fn in_path(&self, name: &str) -> bool {
        self.path
            .split('/')
            .any(|segment| segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) == Some(name))
    }

    /// Whether the other parameters stand in a body.
    pub(super) fn has_body(&self) -> bool {
        self.method != Method::GET
    }

    /// All that may go wrong, each once.
    pub(super) fn fails(&self) -> Vec<Kind> {
        let mut fails: Vec<Kind> = Vec::new();
        if self.path.starts_with("/v1") {
            fails.extend([
                Kind::ProjectNotFound,
                Kind::UnknownOrigin,
                Kind::JwtInvalid,
                Kind::Timeout,
                Kind::Overloaded,
            ]);
        }
        if !self.parts.params.is_empty() {
            fails.push(Kind::ArgumentInvalid);
        }
        // The project may stand in a body where nothing else does.
        if self.has_body() {
            fails.extend([Kind::ArgumentInvalid, Kind::BodyTooSlow, Kind::BodyTooLarge]);
        }
        if self.parts.params.iter().any(|param| param.name == "queries") {
            fails.extend([Kind::QueryInvalid, Kind::QueryLimitExceeded]);
        }
        fails.extend(&self.parts.fails);
        fails.extend(self.words.fails);
        let mut once: Vec<Kind> = Vec::with_capacity(fails.len());
        for kind in fails {
            if !once.contains(&kind) {
                once.push(kind);
            }
        }
        once
    }

    /// How often it may be asked, as a sentence.
    pub(super) fn limit(&self) -> Option<String> {
        let limit = self.parts.limit?;
        let by: Vec<&str> = limit
            .by
            .iter()
            .map(|by| match by {
                By::Address => "address of the client",
                By::User => "user",
                By::Param(name) => name,
            })
            .collect();
        Some(format!(
            "At most {} requests in {} s for each {}; API keys are not counted.",
            limit.max,
            limit.window.as_secs(),
            by.join(" and ")
        ))
    }
}

/// Something that a handler takes, and what that says of its route.
pub(in crate::http) trait Part {
    /// Says it.
    fn describe(parts: &mut Parts);
}

/// The arguments of a handler, as axum's `Handler` names them.
pub(in crate::http) trait Arguments {
    /// What they say, one after the other.
    fn describe(parts: &mut Parts);
}

impl Arguments for ((),) {
    fn describe(_: &mut Parts) {}
}

macro_rules! arguments {
    ($($part:ident)*) => {
        impl<M, $($part: Part),*> Arguments for (M, $($part,)*) {
            fn describe(parts: &mut Parts) {
                $($part::describe(parts);)*
            }
        }
    };
}

arguments! { A }
arguments! { A B }
