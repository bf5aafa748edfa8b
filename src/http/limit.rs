//! Limits: how often something may be asked in a window of time, counted in the database by all servers together.
//! API keys are never counted.

use std::net::{IpAddr, Ipv6Addr};
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue};
use serde_json::{Map, Value};

use super::call::{Actor, Call};
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
/// the limit of signing in long before, and so cannot keep the owner from changing the password.
const PASSWORD: Limit = Limit { name: "password", max: 20, window: HOUR, by: &[] };

/// Parameters of an endpoint whose requests are counted.
pub(super) trait Limited: FromParams {
    /// How often it may be asked.
    const LIMIT: Limit;
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

impl<A, T> FromRequest<Arc<App>> for Counted<A, T>
where
    A: FromRequestParts<Arc<App>, Rejection = Error> + Deref<Target = Call> + Send + Sync,
    T: Limited,
{
    type Rejection = Error;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self> {
        let (mut parts, body) = request.into_parts();
        let who = A::from_request_parts(&mut parts, app).await?;
        let input = params::input(&parts, body).await?;
        let bucket = T::LIMIT.bucket(&who, &input.values);
        let (rate, counter) = T::LIMIT.count(&who, bucket).await?;
        who.rate.set(rate);
        rate.check()?;
        let params = params::read(&parts, app, input)?;
        Ok(Self { who, params, counter })
    }
}

/// Counts a try of an account's password. `account` is the user's id, or what was taken for one.
///
/// # Errors
/// 429 when there were too many since the last right one.
pub(super) async fn password_try(call: &Call, account: &str) -> Result<Counter> {
    let bucket = digest(&format!("{}\0{account}", PASSWORD.name));
    let (rate, counter) = PASSWORD.count(call, bucket).await?;
    // Of two limits the one that is used up is worth telling.
    rate.check().inspect_err(|_| call.rate.set(rate))?;
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
}

impl Limit {
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

    async fn count(&self, call: &Call, bucket: String) -> Result<(Rate, Counter)> {
        let (project, now) = (call.project_key(), call.now());
        let window = i64::try_from(self.window.as_millis()).unwrap_or(i64::MAX);
        let reset = Millis((now.0.div_euclid(window) + 1).saturating_mul(window));
        let rate = |used: i64| Rate { max: self.max, used, reset, now };
        if call.by_key() || !call.app().config.rate_limits {
            return Ok((rate(1), Counter(None)));
        }
        // Who is past the limit costs a read and no write.
        let used = attempts::count(call.store().read(), project, &bucket, now).await? + 1;
        if used > self.max {
            return Ok((rate(used), Counter(Some(bucket))));
        }
        let counter = Counter(Some(bucket.clone()));
        let added = call
            .store()
            .write(move |tx| Box::pin(async move { attempts::add(tx, project, &bucket, now, reset).await }));
        Ok((rate(added.await?), counter))
    }
}

/// What counts as one client: an address, of IPv6 the network of 64 bits, of which one client has all addresses.
fn network(ip: &str) -> String {
    match ip.parse() {
        Ok(IpAddr::V6(ip)) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).to_string(),
        _ => ip.to_owned(),
    }
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
    fn check(self) -> Result<()> {
        if self.used > self.max { Err(Kind::RateLimitExceeded.into()) } else { Ok(()) }
    }
}

/// The place where a counted request leaves its rate for the headers of its answer, whatever that will be.
#[derive(Debug, Clone, Default)]
pub(super) struct ShownRate(Arc<Mutex<Option<Rate>>>);

impl ShownRate {
    fn set(&self, rate: Rate) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(rate);
    }

    /// Adds the headers, when the request was counted.
    pub(super) fn show(&self, headers: &mut HeaderMap) {
        let Some(rate) = *self.0.lock().unwrap_or_else(PoisonError::into_inner) else { return };
        headers.insert("x-ratelimit-limit", HeaderValue::from(rate.max));
        headers.insert("x-ratelimit-remaining", HeaderValue::from((rate.max - rate.used).max(0)));
        headers.insert("x-ratelimit-reset", HeaderValue::from(rate.reset.0 / 1000));
        if rate.used > rate.max {
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
