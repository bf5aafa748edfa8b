//! Usher: a self-hosted users server that speaks the wire protocol of Appwrite's Users service.
//!
//! | Module | What it is for |
//! | --- | --- |
//! | [`config`] | environment variables, read once into types |
//! | [`app`], [`server`], [`tls`] | the parts of a running server, running it, and its certificate |
//! | [`admission`] | how much is taken on at a time |
//! | [`access`] | projects, API keys and their scopes |
//! | [`http`] | routes, handlers and the shapes of answers |
//! | [`params`], [`query`] | what requests ask for, checked at the edge |
//! | [`store`] | the database; the only place with SQL |
//! | [`housekeeping`] | the background job that removes what has ended |
//! | [`backup`] | the one that copies a database of SQLite |
//! | [`metrics`], [`request_id`], [`trace`] | what tells of the server while it runs: numbers, the ids of requests, and traces |
//! | [`hashing`], [`password`] | the password formats, and the rules about passwords |
//! | [`jwt`] | the tokens by which a user is recognised for minutes |
//! | [`json`] | JSON from outside, read safely |
//! | [`error`] | the one table of errors |
//! | [`device`], [`geo`] | what a user agent and an address say of a client |
//! | [`email`] | what an email address says of itself |
//! | [`cli`] | the commands of the program |

pub mod access;
pub mod admission;
pub mod app;
pub mod backup;
pub mod cli;
pub mod clock;
pub mod config;
pub mod device;
pub mod email;
pub mod error;
pub mod fold;
pub mod geo;
pub mod hashing;
pub mod housekeeping;
pub mod http;
pub mod id;
pub mod json;
pub mod jwt;
pub mod metrics;
pub mod params;
pub mod password;
pub mod query;
pub mod request_id;
pub mod secret;
pub mod server;
pub mod store;
pub mod tls;
pub mod trace;
