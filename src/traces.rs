//! Traces: the spans of polls, commits and requests, sent to a collector over OTLP.
//!
//! Spans are made with `tracing`. Without the setting `trace.endpoint` nothing here is started, and each span costs one
//! comparison. With it, spans wait in a queue of limited length, and a thread sends them in batches.

use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig, WithTonicConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider, SpanData,
};
use thiserror::Error;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use crate::config::Trace;

/// The name of the service, by which a collector groups spans, and of every span's library.
const SERVICE: &str = env!("CARGO_PKG_NAME");
/// The spans that wait to be sent: those of a second of a thousand requests. What comes beyond them is dropped.
const QUEUE_MAX: usize = 2048;
/// The spans of one message: some hundred kilobytes.
const BATCH_MAX: usize = 512;
/// How long a span waits for others before it is sent. A person who looks for it has not switched windows by then.
const SEND_INTERVAL: Duration = Duration::from_secs(2);
/// How long the collector may take to connect, and to take a message: it is near, and what it does not take is dropped.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a stop waits for the last spans to be sent.
const FLUSH_MAX: Duration = Duration::from_secs(3);

/// Why spans cannot be sent.
#[derive(Debug, Error)]
pub enum TraceError {
    /// The address of the collector, or the certificate authorities of this machine.
    #[error("cannot send traces to {endpoint} (trace.endpoint): {error}")]
    Endpoint {
        /// The address.
        endpoint: String,
        /// The error.
        error: tonic::transport::Error,
    },
    /// A variable of OpenTelemetry, such as `OTEL_EXPORTER_OTLP_HEADERS`.
    #[error("cannot send traces: {0}")]
    Exporter(#[from] ExporterBuildError),
}

/// The spans of this process on their way to a collector.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Starts to send spans. No connection is made before there are any.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(settings: &Trace) -> Result<Self, TraceError> {
        let endpoint = settings.endpoint.clone();
        let channel = channel(&endpoint).map_err(|error| TraceError::Endpoint {
            endpoint: endpoint.clone(),
            error,
        })?;
        let exporter = SpanExporter::builder()
            .with_tonic()
            .with_channel(channel)
            .with_timeout(SEND_TIMEOUT)
            .build()?;
        let reporting = Reporting {
            exporter,
            endpoint,
            lost: Mutex::new(0),
        };
        let limits = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE_MAX)
            .with_max_export_batch_size(BATCH_MAX)
            .with_scheduled_delay(SEND_INTERVAL);
        let processor = BatchSpanProcessor::builder(reporting);
        let processor = processor.with_batch_config(limits.build()).build();
        // The SDK takes the share as a float.
        let share = settings.share().to_string().parse().unwrap_or(1.0);
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(share)));
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder().with_service_name(SERVICE);
        let provider = SdkTracerProvider::builder()
            .with_span_processor(processor)
            .with_sampler(sampler)
            .with_resource(resource.with_attribute(version).build());
        Ok(Self {
            provider: provider.build(),
        })
    }

    /// The layer that takes the spans of this crate.
    pub fn layer<S>(&self) -> Box<dyn Layer<S> + Send + Sync>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let layer = tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(SERVICE))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false);
        layer.with_filter(filter_fn(is_span_of_the_service)).boxed()
    }

    /// Sends the spans that wait, and ends.
    pub async fn stop(self) {
        let provider = self.provider;
        let stopped =
            tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(FLUSH_MAX));
        if let Ok(Err(error)) = stopped.await {
            tracing::debug!(%error, "the last spans were not sent");
        }
    }
}

/// Whether it is a span of this crate. Those of libraries would show how spans are sent, which makes more of them.
fn is_span_of_the_service(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let is_own = target == SERVICE || target.starts_with(concat!(env!("CARGO_CRATE_NAME"), "::"));
    metadata.is_span() && *metadata.level() <= Level::INFO && is_own
}

fn channel(endpoint: &str) -> Result<Channel, tonic::transport::Error> {
    let is_encrypted = endpoint.starts_with("https://");
    let mut endpoint = Endpoint::from_shared(endpoint.to_owned())?
        .connect_timeout(SEND_TIMEOUT)
        .timeout(SEND_TIMEOUT);
    if is_encrypted {
        endpoint = endpoint.tls_config(ClientTlsConfig::new().with_native_roots())?;
    }
    Ok(endpoint.connect_lazy())
}

/// An exporter that logs when a collector cannot be reached, and when it can again.
#[derive(Debug)]
struct Reporting<E> {
    exporter: E,
    endpoint: String,
    /// The spans that were dropped since it was reached last.
    lost: Mutex<usize>,
}

impl<E> Reporting<E> {
    /// Notes how many spans were dropped, or that some were sent.
    fn report(&self, spans: usize, failure: Option<&dyn Error>) {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        let endpoint = &self.endpoint;
        match failure {
            Some(error) => {
                if *lost == 0 {
                    tracing::warn!(endpoint, %error, "spans cannot be sent; they are dropped until the collector takes them");
                }
                *lost = lost.saturating_add(spans);
            }
            None if *lost > 0 => {
                tracing::info!(endpoint, lost = *lost, "spans are sent again");
                *lost = 0;
            }
            None => {}
        }
    }
}

impl<E: opentelemetry_sdk::trace::SpanExporter> opentelemetry_sdk::trace::SpanExporter
    for Reporting<E>
{
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let sent = self.exporter.export(batch).await;
        let failure = sent.as_ref().err().map(|error| -> &dyn Error { error });
        self.report(spans, failure);
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
