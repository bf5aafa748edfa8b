//! Spans on their way to the collector: they wait in a queue that has an end, and are sent many at a time. opentelemetry's own
//! queue needs a thread, and does not tell how many spans it has lost.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Counts;
use super::collector::Collector;

/// Spans that wait at most. Those past that are lost.
const QUEUE: usize = 4096;

/// Spans that are sent at once at most.
const BATCH: usize = 512;

/// How long spans are gathered.
const MOMENT: Duration = Duration::from_secs(1);

/// How long the collector may take for a batch.
const LIMIT: Duration = Duration::from_secs(10);

/// How long nothing is said of a collector that goes on to fail.
const QUIET: Duration = Duration::from_secs(60);

/// Where spans go when they have ended.
#[derive(Debug)]
pub(super) struct Queue {
    spans: Sender<SpanData>,
    counts: Arc<Counts>,
}

impl Queue {
    /// Begins to send, until `stopping`: then what waits is sent, and that is the end of the task.
    pub(super) fn start(
        collector: Collector,
        counts: Arc<Counts>,
        stopping: CancellationToken,
    ) -> (Self, JoinHandle<()>) {
        let (spans, waiting) = mpsc::channel(QUEUE);
        let sending = tokio::spawn(send(waiting, collector, Arc::clone(&counts), stopping));
        (Self { spans, counts }, sending)
    }
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.spans.try_send(span).is_err() {
            self.counts.dropped.add(1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

async fn send(
    mut waiting: Receiver<SpanData>,
    mut collector: Collector,
    counts: Arc<Counts>,
    stopping: CancellationToken,
) {
    let (mut batch, mut told) = (Vec::with_capacity(BATCH), None::<Instant>);
    while gather(&mut waiting, &mut batch, &stopping).await {
        let all = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let sent = timeout(LIMIT, collector.take(std::mem::take(&mut batch))).await;
        let lost = match sent.unwrap_or_else(|_| Err(anyhow::anyhow!("no answer within {} s", LIMIT.as_secs()))) {
            Ok(refused) => refused.min(all),
            Err(error) => {
                if told.is_none_or(|told| told.elapsed() > QUIET) {
                    told = Some(Instant::now());
                    tracing::warn!(
                        error = format!("{error:#}"),
                        "spans cannot be sent to OTEL_EXPORTER_OTLP_ENDPOINT and are lost; this is said once a minute"
                    );
                }
                all
            }
        };
        counts.dropped.add(lost);
        counts.sent.add(all - lost);
    }
}

/// Waits for spans and gathers those that come within a moment. `false` when no more will come.
async fn gather(waiting: &mut Receiver<SpanData>, batch: &mut Vec<SpanData>, stopping: &CancellationToken) -> bool {
    let stop = stopping.cancelled();
    tokio::pin!(stop);
    let mut moment = None;
    loop {
        let room = BATCH - batch.len();
        if room == 0 {
            return true;
        }
        tokio::select! {
            biased;
            () = &mut stop, if !stopping.is_cancelled() => waiting.close(),
            () = async { match &mut moment { Some(moment) => std::pin::Pin::new(moment).await, None => std::future::pending().await } } => return true,
            came = waiting.recv_many(batch, room) => {
                if came == 0 {
                    return !batch.is_empty();
                }
                moment.get_or_insert_with(|| Box::pin(sleep(MOMENT)));
            }
        }
    }
}
