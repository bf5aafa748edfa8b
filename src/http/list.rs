//! Lists: from `queries`, `search` and `total` to `{"total": …, "users": […]}`.
//!
//! A page of up to [`BATCH`] rows is read at once. A longer one is read in batches of that size, each from where the
//! last one ended, and sent while it is read, so that a client may ask for all users without the server holding them.

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt as _, stream};
use schemars::JsonSchema;

use super::call::Call;
use super::reply::JSON;
use super::view::View;
use crate::error::{Error, Kind, Result};
use crate::params::{Flag, Queries, Reader, Search};
use crate::query::{self, Listing, RefusedKind, Schema};
use crate::request_id;
use crate::store::list::{self, Ask, Direction, Ordering, Position, Source};
use crate::store::search::Terms;
use crate::store::{ProjectKey, Record};

/// Rows that are read at once.
const BATCH: i64 = 1000;

/// Rows of a page when the client does not say.
const LIMIT: i64 = 25;

/// A row that a list can show.
pub(super) trait Shown: Record + 'static {
    /// How a row is shown.
    type Model: JsonSchema;
    /// The name of the list in the answer.
    const PLURAL: &'static str;

    /// Appends the JSON of the row.
    fn show(&self, view: &View, to: &mut Vec<u8>) -> serde_json::Result<()>;
}

/// The parameters of a list.
#[derive(Debug)]
pub(super) struct ListParams {
    source: &'static Source,
    listing: Listing,
    search: Option<Search>,
    total: bool,
}

impl ListParams {
    /// Pulls `queries`, `search` and `total` of a request for this list.
    pub(super) fn read(reader: &mut Reader<'_>, source: &'static Source) -> Result<Self> {
        Ok(Self {
            source,
            listing: listing(reader, source.schema)?,
            search: reader.optional("search")?,
            total: total(reader)?,
        })
    }

    /// Pulls `queries` and `total` of a request for a list that has no `search`.
    pub(super) fn without_search(reader: &mut Reader<'_>, source: &'static Source) -> Result<Self> {
        Ok(Self { source, listing: listing(reader, source.schema)?, search: None, total: total(reader)? })
    }
}

/// Pulls `total`: whether to count.
pub(super) fn total(reader: &mut Reader<'_>) -> Result<bool> {
    Ok(reader.optional::<Flag>("total")?.is_none_or(|flag| flag.0))
}

/// Pulls `queries` and understands them.
fn listing(reader: &mut Reader<'_>, schema: &'static Schema) -> Result<Listing> {
    let queries: Queries = reader.optional("queries")?.unwrap_or_default();
    reader.remark(|| match schema.paging_only {
        true => "Only `limit` and `offset`.".to_owned(),
        false => {
            let names: Vec<String> = schema.attributes.iter().map(|known| format!("`{}`", known.name)).collect();
            format!("Attributes are {}.", names.join(", "))
        }
    });
    query::read(schema, &queries.0).map_err(|refused| {
        let kind = match refused.kind {
            RefusedKind::Argument => Kind::ArgumentInvalid,
            RefusedKind::Query => Kind::QueryInvalid,
            RefusedKind::TooMany => Kind::QueryLimitExceeded,
        };
        let prefix = if kind == Kind::ArgumentInvalid { "Invalid `queries` param: " } else { "" };
        Error::new(kind, format!("{prefix}{}", refused.message))
    })
}

/// Answers a list.
pub(super) async fn answer<R: Shown>(call: &Call, params: ListParams, owner: Option<String>) -> Result<Response> {
    let ListParams { source, listing, search, total } = params;
    let order = Ordering::of(source, &listing);
    let mut page = Page {
        view: call.view.clone(),
        project: call.project_key(),
        source,
        terms: search.map(|search| search.0),
        owner,
        order,
        from: None,
        left: listing.limit.unwrap_or(LIMIT),
        offset: listing.offset,
        listing,
        few: None,
        total: None,
    };
    let cap = page.view.app.config.total_cap.filter(|_| source.capped).unwrap_or(i64::MAX);
    let head = |total: i64| format!("{{\"total\":{},\"{}\":[", total.min(cap), R::PLURAL);
    if total && let Some((rows, total, direction)) = page.read_at_once::<R>().await? {
        return whole(head(total), rows, direction, &page.view);
    }
    let direction = page.seek().await?;
    let found = page.ask().few(&page.view.app.store, page.project, total).await?;
    (page.few, page.total) = (found.few, found.total);
    if page.left > BATCH {
        if total {
            page.total = Some(page.ask().total(&page.view.app.store, page.project).await?);
        }
        let head = head(page.total.unwrap_or(0));
        return page.stream::<R>(head, direction).await;
    }
    let (rows, total) = match total {
        true => page.read_and_count::<R>(direction).await?,
        false => (page.read::<R>(direction).await?, 0),
    };
    whole(head(total), rows, direction, &page.view)
}

/// A list that was read at once.
fn whole<R: Shown>(head: String, mut rows: Vec<R>, direction: Direction, view: &View) -> Result<Response> {
    if direction == Direction::Before {
        rows.reverse();
    }
    let mut body = head.into_bytes();
    append(&mut body, &rows, view, true)?;
    body.extend_from_slice(b"]}");
    Ok(([(CONTENT_TYPE, JSON)], body).into_response())
}

/// Appends rows to a list; `first` when nothing stands in it yet.
fn append<R: Shown>(body: &mut Vec<u8>, rows: &[R], view: &View, first: bool) -> Result<()> {
    for (n, row) in rows.iter().enumerate() {
        if n > 0 || !first {
            body.push(b',');
        }
        row.show(view, body).map_err(|error| crate::store::Error::Other(Box::new(error)))?;
    }
    Ok(())
}

/// A page that is being read.
struct Page {
    view: View,
    project: ProjectKey,
    source: &'static Source,
    listing: Listing,
    terms: Option<Terms>,
    owner: Option<String>,
    order: Ordering,
    /// Where the rest of the page begins.
    from: Option<Position>,
    /// Rows that the rest of the page has at most.
    left: i64,
    /// Rows to skip from there.
    offset: i64,
    /// The rows that a search found, when they are few.
    few: Option<Vec<i64>>,
    /// How many rows match, when that was asked.
    total: Option<i64>,
}

impl Page {
    fn ask(&self) -> Ask<'_> {
        Ask {
            source: self.source,
            listing: &self.listing,
            terms: self.terms.as_ref(),
            owner: self.owner.as_deref(),
            few: self.few.as_deref(),
            total: self.total,
        }
    }

    /// Finds the row that the cursor names; which way the page goes from it.
    async fn seek(&mut self) -> Result<Direction> {
        let Some((id, direction)) = list::cursor(&self.listing) else { return Ok(Direction::After) };
        let store = &self.view.app.store;
        let Some(position) = self.ask().position(store, self.project, &self.order, id).await? else {
            let message = format!("The item {id} that the cursor names does not exist.");
            return Err(Error::new(Kind::CursorNotFound, message));
        };
        self.from = Some(position);
        Ok(direction)
    }

    /// The rows on one side of the one that the cursor names, how many match, and which way they go, where all of that is one
    /// statement. Whatever that does not find is looked for step by step.
    async fn read_at_once<R: Shown>(&self) -> Result<Option<(Vec<R>, i64, Direction)>> {
        let Some(cursor) = list::cursor(&self.listing).filter(|_| self.left <= BATCH) else { return Ok(None) };
        let (store, page) = (&self.view.app.store, self.next());
        let found = self.ask().rows_and_total_from(store, self.project, &self.order, cursor, page).await?;
        Ok(found.map(|(rows, total)| (rows, total, cursor.1)))
    }

    /// The next rows, at most [`BATCH`] of them.
    async fn read<R: Shown>(&self, direction: Direction) -> Result<Vec<R>> {
        let from = self.from.as_ref().map(|position| (position, direction));
        Ok(self.ask().rows(&self.view.app.store, self.project, &self.order, from, self.next()).await?)
    }

    /// The same, and how many rows match.
    async fn read_and_count<R: Shown>(&self, direction: Direction) -> Result<(Vec<R>, i64)> {
        let from = self.from.as_ref().map(|position| (position, direction));
        let (store, page) = (&self.view.app.store, self.next());
        Ok(self.ask().rows_and_total(store, self.project, &self.order, from, page).await?)
    }

    fn next(&self) -> list::Page {
        list::Page { limit: self.left.min(BATCH), offset: self.offset }
    }

    /// Sends the page while it is read.
    async fn stream<R: Shown>(mut self, head: String, direction: Direction) -> Result<Response> {
        if direction == Direction::Before
            && let Some(position) = self.from.take()
        {
            // The page that ends at the cursor, read forwards: the rows before it, less those on earlier pages.
            let before = self.ask().count_before(&self.view.app.store, self.project, &self.order, &position).await?;
            let end = before.saturating_sub(self.offset).max(0);
            self.offset = end.saturating_sub(self.left).max(0);
            self.left = end - self.offset;
        }
        // What fails before the first byte is still an error of its own.
        let first = self.batch::<R>(head.into_bytes(), true).await?;
        let request_id = request_id::current();
        let rest = stream::unfold(Some(self), move |page| async move {
            let mut page = page?;
            if page.left <= 0 {
                return Some((Ok(Bytes::from_static(b"]}")), None));
            }
            match page.batch::<R>(Vec::new(), false).await {
                Ok(bytes) => Some((Ok(bytes), Some(page))),
                Err(error) => {
                    tracing::error!(cause = error.cause(), request_id = request_id.as_deref(), "a list broke off");
                    // Breaks the connection, so that nobody takes half a list for a whole one.
                    Some((Err(std::io::Error::other("the list broke off")), None))
                }
            }
        });
        // Layers around the body may ask for more after its end.
        let body = stream::once(std::future::ready(Ok(first))).chain(rest).fuse();
        Ok(([(CONTENT_TYPE, JSON)], Body::from_stream(body)).into_response())
    }

    /// Reads a batch behind `body` and moves on to where it ends.
    async fn batch<R: Shown>(&mut self, mut body: Vec<u8>, first: bool) -> Result<Bytes> {
        if self.left > 0 {
            let (store, from) = (&self.view.app.store, self.from.as_ref());
            let ask = self.ask();
            let read = ask.rows_and_place::<R>(store, self.project, &self.order, from, self.next());
            // The place is the one that the last row had when it was read, wherever it has gone since.
            let (rows, place) = read.await?;
            append(&mut body, &rows, &self.view, first)?;
            let count = i64::try_from(rows.len()).unwrap_or(BATCH);
            self.left = if count < BATCH { 0 } else { self.left - count };
            self.from = place;
        }
        self.offset = 0;
        self.view.app.admission.answer(body.into()).await
    }
}
