//! Limits: how often something may be asked in a window of time, counted in the database by all servers together.
//! API keys are never counted.

use std::net::{IpAddr, Ipv6Addr};
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::header::RETRY_AFTER;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use serde_json::{Map, Value};

use super::call::{Actor, Call};
use super::openapi::{self, Part};
use super::params;
use crate::app::App;
use crate::clock::Millis;
use crate::error::{Error, Kind, Result};
use crate::params::FromParams;
use crate::secret::digest;
use crate::store::{self, ProjectKey, Tx, attempts};

/// An hour, the window of most limits.
pub(super) const HOUR: Duration = Duration::from_secs(60 * 60);

/// How often something may be asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    /// What is asked, whichever of its paths is used.
    pub(super) name: &'static str,
    /// Requests in a window.
    pub(super) max: i64,
    /// Windows begin at multiples of this since the epoch.
    pub(super) window: Duration,
    /// What has a count of its own.
    pub(super) by: &'static [By],
}

/// What has a count of its own.
#[derive(Debug, Clone, Copy)]
pub(super) enum By {
    /// The address of the client.
    Address,
    /// The user who is signed in.
    User,
    /// The value of a parameter.
    Param(&'static str),
}

/// Wrong passwords of one account in an hour, over all addresses and all endpoints that ask for it. A stranger reaches
/// the limit of signing in before, and so cannot keep the owner from changing the password.
const PASSWORD: Limit = Limit { name: "password", max: 20, window: HOUR, by: &[By::Param("account")] };

/// Failed sign-ins of one client in an hour, whatever the accounts: many people may share an address, and one of them
/// is not to try the passwords of all accounts in turn.
pub(super) const FAILURES: Limit = Limit { name: "failed sign-in", max: 300, window: HOUR, by: &[By::Address] };

/// Parameters of an endpoint whose requests are counted.
pub(super) trait Limited: FromParams {
    /// How often it may be asked.
    const LIMIT: Limit;
    /// What must not be used up besides; who counts there is the endpoint's to say.
    const GUARD: Option<Limit> = None;
}

/// Extracts the caller, counts the request, and reads its parameters: in this order, so that wrong ones count too.
#[derive(Debug)]
pub(super) struct Counted<A, T> {
    /// Who asks.
    pub(super) who: A,
    /// What is asked.
    pub(super) params: T,
    /// What was counted.
    pub(super) counter: Counter,
}

impl<A: Part, T: Limited> Part for Counted<A, T> {
    fn describe(parts: &mut openapi::Parts) {
        A::describe(parts);
        parts.take::<T>();
        parts.limited(T::LIMIT);
    }
}

impl<A, T> FromRequestParts<Arc<App>> for Counted<A, T>
where
    A: FromRequestParts<Arc<App>, Rejection = Error> + Deref<Target = Call> + Send + Sync,
    T: Limited,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self> {
        let who = A::from_request_parts(parts, app).await?;
        let (input, _room) = params::input(parts, app).await?;
        if let Some(guard) = T::GUARD {
            let (rate, _) = guard.look(&who, guard.bucket(&who, &input.values)).await?;
            who.rate.check(rate)?;
        }
        let bucket = T::LIMIT.bucket(&who, &input.values);
        let (rate, counter) = T::LIMIT.count(&who, bucket).await?;
        who.rate.check(rate)?;
        let params = params::read(parts, app, input)?;
        Ok(Self { who, params, counter })
    }
}

/// Counts a try of an account's password. `account` is the user's id, or what was taken for one.
///
/// # Errors
/// 429 when there were too many since the last right one.
pub(super) async fn password_try(call: &Call, account: &str) -> Result<Counter> {
    let account = Map::from_iter([("account".to_owned(), Value::from(account))]);
    let (rate, counter) = PASSWORD.count(call, PASSWORD.bucket(call, &account)).await?;
    // Nobody is told of this limit before it is reached: an account that is asked elsewhere, too, would stand out.
    if rate.left() < 0 {
        call.rate.check(rate)?;
    }
    Ok(counter)
}

/// What was counted, if anything was.
#[derive(Debug, Clone)]
pub(super) struct Counter(Option<String>);

impl Counter {
    /// Forgets what was counted, since it went well.
    pub(super) async fn forget(&self, tx: &mut Tx, project: ProjectKey) -> store::Result<()> {
        match &self.0 {
            Some(bucket) => attempts::clear(tx, project, bucket).await,
            None => Ok(()),
        }
    }

    /// Takes the count back, since nothing was tried.
    pub(super) async fn undo(&self, call: &Call) -> Result<()> {
        let Some(bucket) = self.0.clone() else { return Ok(()) };
        let project = call.project_key();
        call.store()
            .write(move |tx| Box::pin(async move { attempts::undo(tx, project, &bucket).await }))
            .await
            .map_err(Error::from)
    }
}

impl Limit {
    /// Counts one, inside a transaction that has more to do.
    pub(super) async fn add(&self, tx: &mut Tx, call: &Counting) -> store::Result<()> {
        match &call.bucket {
            Some(bucket) => attempts::add(tx, call.project, bucket, call.now, self.reset(call.now)).await.map(drop),
            None => Ok(()),
        }
    }

    /// What [`Limit::add`] needs of a request.
    pub(super) fn counting(&self, call: &Call) -> Counting {
        let counted = !call.by_key() && call.app().config.rate_limits;
        Counting {
            bucket: counted.then(|| self.bucket(call, &Map::new())),
            project: call.project_key(),
            now: call.now(),
        }
    }

    fn reset(&self, now: Millis) -> Millis {
        let window = i64::try_from(self.window.as_millis()).unwrap_or(i64::MAX);
        Millis((now.0.div_euclid(window) + 1).saturating_mul(window))
    }

    /// Requests with the same digest share a count.
    fn bucket(&self, call: &Call, values: &Map<String, Value>) -> String {
        let mut text = self.name.to_owned();
        for by in self.by {
            text.push('\0');
            match by {
                By::Address => text.push_str(&network(&call.client.ip)),
                By::User => {
                    if let Actor::User { id, .. } = &call.actor {
                        text.push_str(id);
                    }
                }
                // Emails in lower case are one and the same.
                By::Param(name) => match values.get(*name) {
                    Some(Value::String(value)) => text.push_str(&value.to_lowercase()),
                    Some(other) => text.push_str(&other.to_string()),
                    None => {}
                },
            }
        }
        digest(&text)
    }

    /// What the rate would be with one more, which is not counted.
    async fn look(&self, call: &Call, bucket: String) -> Result<(Rate, Counter)> {
        let (project, now) = (call.project_key(), call.now());
        let rate = |used: i64| Rate { max: self.max, used, reset: self.reset(now), now };
        if call.by_key() || !call.app().config.rate_limits {
            return Ok((rate(1), Counter(None)));
        }
        let used = attempts::count(call.store().read(), project, &bucket, now).await?;
        Ok((rate(used + 1), Counter(Some(bucket))))
    }

    async fn count(&self, call: &Call, bucket: String) -> Result<(Rate, Counter)> {
        // Who is past the limit costs a read and no write.
        let (seen, counter) = self.look(call, bucket.clone()).await?;
        if seen.used > self.max || counter.0.is_none() {
            return Ok((seen, counter));
        }
        let (project, now, reset) = (call.project_key(), seen.now, seen.reset);
        let added = call
            .store()
            .write(move |tx| Box::pin(async move { attempts::add(tx, project, &bucket, now, reset).await }));
        Ok((Rate { used: added.await?, ..seen }, counter))
    }
}

/// What counts as one client: an address, of IPv6 the network of 64 bits, of which one client has all addresses.
fn network(ip: &str) -> String {
    match ip.parse() {
        Ok(IpAddr::V6(ip)) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).to_string(),
        _ => ip.to_owned(),
    }
}

/// What is counted when something has failed.
#[derive(Debug)]
pub(super) struct Counting {
    bucket: Option<String>,
    project: ProjectKey,
    now: Millis,
}

/// How much of a limit is used.
#[derive(Debug, Clone, Copy)]
struct Rate {
    max: i64,
    used: i64,
    reset: Millis,
    now: Millis,
}

impl Rate {
    const fn left(&self) -> i64 {
        self.max - self.used
    }
}

/// The place where a counted request leaves its rate for the headers of its answer, whatever that will be.
#[derive(Debug, Clone, Default)]
pub(super) struct ShownRate(Arc<Mutex<Option<Rate>>>);

impl ShownRate {
    /// Goes on while there is something left of a limit. Of several limits the tightest is shown.
    ///
    /// # Errors
    /// 429 when nothing is left.
    fn check(&self, rate: Rate) -> Result<()> {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.is_none_or(|shown| rate.left() < shown.left()) {
            *shown = Some(rate);
        }
        if rate.left() < 0 { Err(Kind::RateLimitExceeded.into()) } else { Ok(()) }
    }

    /// Adds the headers, when the request was counted.
    pub(super) fn show(&self, headers: &mut HeaderMap) {
        let Some(rate) = *self.0.lock().unwrap_or_else(PoisonError::into_inner) else { return };
        headers.insert("x-ratelimit-limit", HeaderValue::from(rate.max));
        headers.insert("x-ratelimit-remaining", HeaderValue::from(rate.left().max(0)));
        headers.insert("x-ratelimit-reset", HeaderValue::from(rate.reset.0 / 1000));
        if rate.left() < 0 {
            headers.insert(RETRY_AFTER, HeaderValue::from((rate.reset.0 - rate.now.0).div_euclid(1000) + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_client_is_an_address_or_a_network_of_version_6() {
        for (ip, expected) in [
            ("203.0.113.9", "203.0.113.9"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2::1", "2001:db8:1:2::"),
            ("2001:db8:1:3::1", "2001:db8:1:3::"),
            ("", ""),
        ] {
            assert_eq!(network(ip), expected, "{ip}");
        }
    }
}
