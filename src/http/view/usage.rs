//! How much a project is used, in the shapes of two generations.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Moment, date};
use crate::clock::Millis;

/// What was counted in a piece of time.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "metric")]
pub struct Point {
    /// How many.
    value: i64,
    /// When the piece of time begins.
    #[serde(serialize_with = "date")]
    #[schemars(with = "Moment")]
    date: Option<Millis>,
}

impl Point {
    /// The counts of pieces that begin at these moments.
    pub fn all(values: Vec<i64>, begins: impl Iterator<Item = Millis>) -> Vec<Self> {
        values.into_iter().zip(begins).map(|(value, begin)| Self { value, date: Some(begin) }).collect()
    }
}

/// Since 1.5.0.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// What was asked for.
    pub range: &'static str,
    /// Users that there are.
    pub users_total: i64,
    /// Sessions that there are.
    pub sessions_total: i64,
    /// Users by when they were made.
    pub users: Vec<Point>,
    /// Sessions by when they were begun.
    pub sessions: Vec<Point>,
}

/// Before 1.5.0.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OldUsage {
    /// What was asked for.
    pub range: &'static str,
    /// Of the users that there are, those who were there at the end of each piece.
    pub users_count: Vec<Point>,
    /// Users by when they were made.
    pub users_create: Vec<Point>,
    /// Nobody counts who is read.
    pub users_read: Vec<Point>,
    /// Changes, as the activity log tells.
    pub users_update: Vec<Point>,
    /// Deletions, as the activity log tells.
    pub users_delete: Vec<Point>,
    /// Sessions by when they were begun.
    pub sessions_create: Vec<Point>,
    /// The same, of one provider.
    pub sessions_provider_create: Vec<Point>,
    /// Sessions that were ended, as the activity log tells.
    pub sessions_delete: Vec<Point>,
}
