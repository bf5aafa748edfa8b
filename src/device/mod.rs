//! What a `User-Agent` says about the caller: operating system, client, hardware.
//!
//! Codes and names follow Matomo's device detector, which the Users service exposes on the wire. Its
//! database is some thousand patterns; here are compact tables of what is met often, read in one pass
//! over the agent (`agent`), then asked for the system (`os`), the client (`client`) and the hardware
//! (`hardware`). What the tables do not know stays `""`.

mod agent;
mod client;
mod hardware;
mod models;
mod os;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use agent::Agent;

/// A field of [`Device`]: a word of our tables, or a version copied from the agent.
pub type Text = Cow<'static, str>;

/// Bytes of a user agent that are looked at; the rest is ignored.
const LIMIT: usize = 1_024;

/// The device fields of a session or a log row, each `""` when unknown. Serialises to the wire names.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Matomo's short code of the system, two or three characters: `WIN`, `MAC`, `LIN`, `AND`.
    pub os_code: Text,
    /// `Windows`, `Mac`, `GNU/Linux`, `Android`.
    pub os_name: Text,
    /// At most two parts (`10.15`); a word for old Windows (`XP`).
    pub os_version: Text,
    /// `browser`, `mobile app`, `library`, `pim`, or `desktop` for the Appwrite CLI.
    pub client_type: Text,
    /// Matomo's code of a browser (`CH`, `FF`), `cli` for the Appwrite CLI, else `""`.
    pub client_code: Text,
    /// `Chrome`, `Firefox`, `curl`.
    pub client_name: Text,
    /// Two parts (`120.0`); all of them for the Appwrite CLI.
    pub client_version: Text,
    /// Browsers only: `Blink`, `WebKit`, `Gecko`, `Edge`, `Trident`, `Presto`, `Goanna`.
    pub client_engine: Text,
    /// All parts (`605.1.15`).
    pub client_engine_version: Text,
    /// The kind of hardware: `desktop`, `smartphone`, `phablet`, `tablet`, `tv`, `console`.
    pub device_name: Text,
    /// `Apple`, `Samsung`, `Google`.
    pub device_brand: Text,
    /// The name in the shop: `Galaxy S22`, `iPhone`.
    pub device_model: Text,
}

/// Reads a `User-Agent`. Never fails: an agent nobody knows gives a [`Device`] of empty strings.
///
/// Time is linear in the agent, of which only the first 1,024 bytes (cut at a character) are looked at.
/// Bots are treated as what they claim to be.
#[must_use]
pub fn parse(user_agent: &str) -> Device {
    let agent = Agent::read(&user_agent[..user_agent.floor_char_boundary(LIMIT)]);
    let os = os::find(&agent);
    let client = client::find(&agent, &os);
    let hardware = hardware::find(&agent, &os);
    Device {
        os_code: os.code.into(),
        os_name: os.name.into(),
        os_version: os.version,
        client_type: client.kind.into(),
        client_code: client.code.into(),
        client_name: client.name,
        client_version: client.version,
        client_engine: client.engine.into(),
        client_engine_version: client.engine_version,
        device_name: hardware.kind.into(),
        device_brand: hardware.brand.into(),
        device_model: hardware.model.into(),
    }
}
