//! Traces: what was done for a request, and how long each part took, for a collector of OpenTelemetry. Where no collector is
//! named none of this is there, and asking for a span costs a look at an empty place.
//!
//! A span tells what kind of thing was done, never for whom: routes are patterns, statements have no values in them.

mod collector;
mod queue;

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::http::{HeaderMap, HeaderName};
use opentelemetry::trace::{
    Span as _, SpanContext, SpanId, SpanKind, Status, TraceContextExt as _, TraceFlags, TraceId, TraceState,
    Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, Span as SdkSpan};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use self::collector::Collector;
use self::queue::Queue;
use crate::config::Otlp;
use crate::metrics::Counter;
use crate::request_id::{self, RequestId};

/// Where a client says to which trace its request belongs (W3C Trace Context).
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// How long the last spans may take to be sent when the server stops.
const CLOSING: Duration = Duration::from_secs(3);

/// Bytes of a statement that are shown.
const STATEMENT_MAX: usize = 4096;

/// What became of the spans.
#[derive(Debug, Default)]
pub struct Counts {
    /// Those that the collector took.
    pub sent: Counter,
    /// Those that it did not, or for which there was no room.
    pub dropped: Counter,
}

/// Makes spans and has them sent.
#[derive(Debug)]
pub struct Traces {
    tracer: SdkTracer,
    stopping: CancellationToken,
    sending: Mutex<Option<JoinHandle<()>>>,
}

impl Traces {
    /// Begins to send spans in the background.
    ///
    /// # Errors
    /// When what is needed for that is not there.
    pub fn start(otlp: &Otlp, counts: &Arc<Counts>) -> anyhow::Result<Self> {
        let resource = Resource::builder_empty().with_attributes([
            KeyValue::new("service.name", otlp.service.clone()),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        ]);
        let (collector, stopping) = (Collector::new(otlp, &resource.build())?, CancellationToken::new());
        let (queue, sending) = Queue::start(collector, Arc::clone(counts), stopping.clone());
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(otlp.ratio))))
            .with_span_processor(queue)
            .build();
        Ok(Self { tracer: provider.tracer("usher"), stopping, sending: Mutex::new(Some(sending)) })
    }

    /// Begins the span of a request, unless its trace is one of those that are left out.
    #[must_use]
    pub fn request(
        &self,
        method: &'static str,
        route: Option<&'static str>,
        https: bool,
        id: &RequestId,
        headers: &HeaderMap,
    ) -> Option<Trace> {
        let known = if method == crate::http::UNKNOWN { "_OTHER" } else { method };
        let verb = if method == crate::http::UNKNOWN { "HTTP" } else { method };
        let (name, route) = match route {
            Some(route) => (Cow::from(format!("{verb} {route}")), Some(KeyValue::new("http.route", route))),
            None => (Cow::from(verb), None),
        };
        let attributes = [
            KeyValue::new("http.request.method", known),
            KeyValue::new("url.scheme", if https { "https" } else { "http" }),
            KeyValue::new("usher.request_id", id.to_string()),
        ];
        let span = self
            .tracer
            .span_builder(name)
            .with_kind(SpanKind::Server)
            .with_attributes(attributes.into_iter().chain(route));
        let parent = parent(headers).map(|parent| Context::new().with_remote_span_context(parent)).unwrap_or_default();
        let span = self.tracer.build_with_context(span, &parent);
        span.is_recording().then(|| Trace(Arc::new((self.tracer.clone(), Context::new().with_span(span)))))
    }

    /// Sends what there is. A collector that takes too long gets no more.
    pub async fn close(&self) {
        self.stopping.cancel();
        let sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sending) = sending {
            let abort = sending.abort_handle();
            if timeout(CLOSING, sending).await.is_err() {
                abort.abort();
                tracing::warn!("the last spans were not sent, since the collector did not take them in time");
            }
        }
    }
}

/// The span of a request, which others are parts of.
#[derive(Debug, Clone)]
pub struct Trace(Arc<(SdkTracer, Context)>);

impl Trace {
    /// The id of the trace.
    #[must_use]
    pub fn id(&self) -> TraceId {
        self.0.1.span().span_context().trace_id()
    }

    /// The request was answered.
    pub fn answered(&self, status: u16, error: Option<&'static str>) {
        let span = self.0.1.span();
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
        if let Some(error) = error {
            span.set_attribute(KeyValue::new("error.type", error));
        }
        // What a client has done wrong is no error of the server.
        if status >= 500 {
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

/// A part of what is done for a request. It lasts until this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Span(Option<Box<SdkSpan>>);

impl Span {
    /// Notes that it came to no good end.
    pub fn failed(&mut self, error: &'static str) {
        if let Some(span) = &mut self.0 {
            span.set_attribute(KeyValue::new("error.type", error));
            span.set_status(Status::error(""));
        }
    }
}

/// Begins a part of what is done for the request that is being answered here, when that has a trace.
pub fn span(name: &'static str) -> Span {
    Span(request_id::trace().map(|trace| {
        let (tracer, parent) = &*trace.0;
        Box::new(tracer.build_with_context(tracer.span_builder(name), parent))
    }))
}

/// Begins a statement to a database of this kind. Its text has no values in it.
#[expect(clippy::ptr_arg, reason = "most texts are fixed, and need not be copied")]
pub fn statement(system: &'static str, text: &Cow<'static, str>) -> Span {
    Span(request_id::trace().map(|trace| {
        let (tracer, parent) = &*trace.0;
        let shown = match text {
            Cow::Borrowed(text) if text.len() <= STATEMENT_MAX => Cow::Borrowed(*text),
            text => Cow::Owned(text[..text.floor_char_boundary(STATEMENT_MAX)].to_owned()),
        };
        let verb = shown.split([' ', '\n']).next().unwrap_or_default().to_owned();
        let span = tracer.span_builder(verb.clone()).with_kind(SpanKind::Client).with_attributes([
            KeyValue::new("db.system.name", system),
            KeyValue::new("db.operation.name", verb),
            KeyValue::new("db.query.text", shown),
        ]);
        Box::new(tracer.build_with_context(span, parent))
    }))
}

/// The span of the client, when its request names one and no more than that.
fn parent(headers: &HeaderMap) -> Option<SpanContext> {
    let mut named = headers.get_all(TRACEPARENT).iter();
    let (Some(named), None) = (named.next(), named.next()) else { return None };
    let mut parts = named.to_str().ok()?.trim().split('-');
    let mut hex = |digits: usize| {
        let part = parts.next()?;
        let sane = part.len() == digits && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        sane.then_some(part)
    };
    let (version, trace, span, flags) = (hex(2)?, hex(32)?, hex(16)?, hex(2)?);
    // A later version may have more behind that.
    if version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    // What else a client says of its trace (`tracestate`) stays here: it is a text of its choice, and nobody else is asked.
    let parent = SpanContext::new(trace, span, flags, true, TraceState::NONE);
    parent.is_valid().then_some(parent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::http::HeaderValue;

    #[test]
    fn a_parent_is_taken_when_it_is_well_formed() {
        let of = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(TRACEPARENT, HeaderValue::from_str(line).unwrap());
            }
            parent(&headers)
                .map(|found| (found.trace_id().to_string(), found.span_id().to_string(), found.is_sampled()))
        };
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let found = |sampled| Some((trace.to_owned(), span.to_owned(), sampled));
        assert_eq!(of(&[&format!("00-{trace}-{span}-01")]), found(true));
        assert_eq!(of(&[&format!("00-{trace}-{span}-00")]), found(false));
        assert_eq!(of(&[&format!("00-{trace}-{span}-ff")]), found(true));
        assert_eq!(of(&[&format!("cc-{trace}-{span}-01-what-comes-later")]), found(true));
        let (zeros, upper) = ("0".repeat(32), trace.to_uppercase());
        for wrong in [
            String::new(),
            "nonsense".into(),
            format!("00-{trace}-{span}"),
            format!("00-{trace}-{span}-1"),
            format!("00-{trace}-{span}-01-more"),
            format!("ff-{trace}-{span}-01"),
            format!("00-{upper}-{span}-01"),
            format!("00-{zeros}-{span}-01"),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{}-{span}-01", &trace[1..]),
            format!("00-+{}-{span}-01", &trace[1..]),
            format!("00-{trace}x-{span}-01"),
        ] {
            assert_eq!(of(&[&wrong]), None, "{wrong}");
        }
        let twice = format!("00-{trace}-{span}-01");
        assert_eq!(of(&[&twice, &twice]), None);
        assert_eq!(of(&[]), None);
    }
}
