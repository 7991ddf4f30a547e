//! A collector of traces on loopback, which speaks OTLP over gRPC and keeps what it receives.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

/// A timeout: nothing that these tests wait for takes as long.
const PATIENCE: Duration = Duration::from_secs(120);

/// A span as it was received.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) name: String,
    pub(crate) trace_id: String,
    pub(crate) span_id: String,
    pub(crate) parent_id: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) service: String,
}

/// The collector. It stops when it is dropped.
#[derive(Debug)]
pub(crate) struct Collector {
    pub(crate) url: String,
    spans: watch::Receiver<Vec<Seen>>,
    _tasks: JoinSet<()>,
}

struct Receiver(watch::Sender<Vec<Seen>>);

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |attribute: &KeyValue| {
        let value = attribute
            .value
            .as_ref()
            .and_then(|value| value.value.clone());
        let value = match value {
            Some(Value::StringValue(text)) => text,
            Some(Value::IntValue(number)) => number.to_string(),
            other => format!("{other:?}"),
        };
        (attribute.key.clone(), value)
    };
    attributes.iter().map(text).collect()
}

#[tonic::async_trait]
impl TraceService for Receiver {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for resource in request.into_inner().resource_spans {
            let service = texts(&resource.resource.unwrap_or_default().attributes);
            let spans = resource
                .scope_spans
                .into_iter()
                .flat_map(|scope| scope.spans);
            let seen = |span: Span| Seen {
                name: span.name,
                trace_id: hex(&span.trace_id),
                span_id: hex(&span.span_id),
                parent_id: hex(&span.parent_span_id),
                attributes: texts(&span.attributes),
                service: service["service.name"].clone(),
            };
            self.0.send_modify(|all| all.extend(spans.map(seen)));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, spans) = watch::channel(Vec::new());
        let service = TraceServiceServer::new(Receiver(sender));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let served = Server::builder().add_service(service);
            let sockets = TcpListenerStream::new(listener);
            served.serve_with_incoming(sockets).await.unwrap();
        });
        Self {
            url,
            spans,
            _tasks: tasks,
        }
    }

    /// The spans so far.
    pub(crate) fn spans(&self) -> Vec<Seen> {
        self.spans.borrow().clone()
    }

    /// Waits for a span, which may be there already.
    pub(crate) async fn span(&self, is_it: impl Fn(&Seen) -> bool) -> Seen {
        let mut spans = self.spans.clone();
        let reached = spans.wait_for(|spans| spans.iter().any(&is_it));
        let spans = tokio::time::timeout(PATIENCE, reached).await;
        let spans = spans.unwrap_or_else(|_late| panic!("{:#?}", self.spans()));
        spans
            .unwrap()
            .iter()
            .find(|span| is_it(span))
            .cloned()
            .unwrap()
    }
}
