//! A row of the activity log.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Moment, View, date};
use crate::clock::Millis;
use crate::device::{self, Device};
use crate::http::list::Shown;
use crate::store::logs;

/// A row of the activity log on the wire. The user fields are the actor's: of an API key, its id and name.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "log")]
pub struct Log<'a> {
    /// What was done: `user.create`, `session.delete`, …
    event: &'a str,
    /// Who did it: the id of a user or an API key.
    user_id: &'a str,
    /// The email address of who did it.
    user_email: &'a str,
    /// The name of who did it.
    user_name: &'a str,
    /// `default`.
    mode: &'a str,
    /// `user`, `keyProject` or `guest`.
    user_type: &'a str,
    /// The address of the client.
    ip: &'a str,
    /// When it was done.
    #[serde(serialize_with = "date")]
    #[schemars(with = "Moment")]
    time: Option<Millis>,
    #[serde(flatten)]
    device: Device,
    /// The country of that address, in two letters, or `--`.
    country_code: String,
    /// Its name in the language of the caller.
    country_name: String,
}

impl<'a> Log<'a> {
    /// Shows a row.
    #[must_use]
    pub fn of(log: &'a logs::Log, view: &View) -> Self {
        let hidden = view.own && log.actor_type == "keyProject";
        let shown = |text: &'a str| if hidden { "" } else { text };
        let country = view.app.geo.country(shown(&log.ip), view.locale);
        Self {
            event: &log.event,
            user_id: shown(&log.actor_id),
            user_email: shown(&log.actor_email),
            user_name: shown(&log.actor_name),
            mode: &log.mode,
            user_type: &log.actor_type,
            ip: shown(&log.ip),
            time: Some(log.time),
            device: device::parse(shown(&log.user_agent)),
            country_code: country.code,
            country_name: country.name,
        }
    }
}

impl Shown for logs::Log {
    type Model = Log<'static>;
    const PLURAL: &'static str = "logs";

    fn show(&self, view: &View, to: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(to, &Log::of(self, view))
    }
}
