//! What the streams of subscribers and the connections of clients count.

use std::sync::Arc;

use crate::telemetry::{Counter, Gauge};

/// How a subscriber is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// gRPC.
    Grpc,
    /// gRPC-Web.
    GrpcWeb,
    /// Server-sent events.
    Events,
    /// A JSON object on each line.
    Lines,
}

/// What the streams of all subscribers count.
#[derive(Debug, Default)]
pub struct StreamCounts {
    grpc: TransportCounts,
    grpc_web: TransportCounts,
    events: TransportCounts,
    lines: TransportCounts,
    /// How resumes ended.
    pub resumes: ResumeCounts,
    /// Commits that reached a subscriber within a later one: it read too slowly, or wants updates less often.
    pub merged_commits: Counter,
    /// Streams that were refused.
    pub refused: RefusedStreams,
}

/// What the streams over one transport count.
#[derive(Debug, Default)]
pub struct TransportCounts {
    /// The streams that are open.
    pub open: Gauge,
    /// The messages that begin a stream.
    pub openings: Counter,
    /// Whole states.
    pub snapshots: Counter,
    /// Changes.
    pub updates: Counter,
    /// Messages for want of a change.
    pub heartbeats: Counter,
}

/// The streams that were refused, by the reason.
#[derive(Debug, Default)]
pub struct RefusedStreams {
    /// All were in use.
    pub all: Counter,
    /// The client had as many as one client may.
    pub client: Counter,
    /// Nearly all were in use, and the client had more than a small part.
    pub crowded: Counter,
    /// Memory was short.
    pub memory: Counter,
}

/// The streams that began at a position of the subscriber, by the answer to it.
#[derive(Debug, Default)]
pub struct ResumeCounts {
    /// It continues at the position.
    pub resumed: Counter,
    /// More was removed since the position than is remembered.
    pub too_old: Counter,
    /// The position is of another epoch.
    pub other_epoch: Counter,
    /// The position is ahead of the server.
    pub ahead: Counter,
}

/// A stream that counts as open until it is dropped.
#[derive(Debug)]
pub struct OpenStream {
    counts: Arc<StreamCounts>,
    transport: Transport,
}

impl StreamCounts {
    /// The counts of a transport.
    pub fn of(&self, transport: Transport) -> &TransportCounts {
        match transport {
            Transport::Grpc => &self.grpc,
            Transport::GrpcWeb => &self.grpc_web,
            Transport::Events => &self.events,
            Transport::Lines => &self.lines,
        }
    }

    /// The counts of every transport, with its name.
    pub fn by_transport(&self) -> [(&'static str, &TransportCounts); 4] {
        [
            ("grpc", &self.grpc),
            ("grpc_web", &self.grpc_web),
            ("sse", &self.events),
            ("ndjson", &self.lines),
        ]
    }
}

impl TransportCounts {
    /// The counts of messages, each with its kind.
    pub fn by_kind(&self) -> [(&'static str, &Counter); 4] {
        [
            ("opening", &self.openings),
            ("snapshot", &self.snapshots),
            ("update", &self.updates),
            ("heartbeat", &self.heartbeats),
        ]
    }
}

impl RefusedStreams {
    /// Each count with its reason.
    pub fn by_reason(&self) -> [(&'static str, &Counter); 4] {
        [
            ("all", &self.all),
            ("client", &self.client),
            ("crowded", &self.crowded),
            ("memory", &self.memory),
        ]
    }
}

impl ResumeCounts {
    /// Each count with the name of its verdict.
    pub fn by_verdict(&self) -> [(&'static str, &Counter); 4] {
        [
            ("resumed", &self.resumed),
            ("too_old", &self.too_old),
            ("other_epoch", &self.other_epoch),
            ("ahead", &self.ahead),
        ]
    }
}

impl OpenStream {
    /// Counts a stream as open.
    pub fn new(counts: Arc<StreamCounts>, transport: Transport) -> Self {
        counts.of(transport).open.enter();
        Self { counts, transport }
    }

    /// The counts of all streams.
    pub fn all(&self) -> &StreamCounts {
        &self.counts
    }

    /// The counts of the transport of this one.
    pub fn own(&self) -> &TransportCounts {
        self.counts.of(self.transport)
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.own().open.leave();
    }
}

/// What a listener counts of its connections.
#[derive(Debug, Default)]
pub struct PortCounts {
    /// The connections that are open.
    pub open: Gauge,
    /// How many may be open at once.
    pub limit: Gauge,
    /// The connections that were accepted.
    pub accepted: Counter,
    /// The times that a connection had to wait because as many as allowed were open.
    pub waits: Counter,
    /// The connections that were closed before they began.
    pub refused: RefusedConnections,
    /// The connections that were cut because the peer sent nothing.
    pub silent: Counter,
    /// The connections that were cut because the peer read nothing, or too little.
    pub stalled: Counter,
    /// The connections that were cut because the peer sent too many frames that no request follows from.
    pub flooding: Counter,
    /// The connections that were ended because what the peer sent is not HTTP, or breaks its rules.
    pub malformed: Counter,
    /// The bytes of answers and messages that HTTP holds for their readers: those of long ones, and of short ones beyond the share
    /// of a client. What many streams share counts once.
    pub unsent_bytes: Gauge,
    /// The requests and streams that were refused an answer or a message because too much waited to be read.
    pub unread_refused: Counter,
    /// The answers and streams that were reset because their reader took too little of what waited.
    pub unread_streams: Counter,
    /// The bytes that were read.
    pub received_bytes: Counter,
    /// The bytes that were written.
    pub sent_bytes: Counter,
}

/// The connections of a port that were closed before they began, by the reason.
#[derive(Debug, Default)]
pub struct RefusedConnections {
    /// The client had as many as one client may.
    pub client: Counter,
    /// Nearly all were in use, and the client had more than a small part.
    pub crowded: Counter,
    /// Memory was short.
    pub memory: Counter,
    /// A trusted proxy began it with a PROXY header that cannot be read.
    pub malformed_proxy_header: Counter,
}

impl RefusedConnections {
    /// Each count with its reason.
    pub fn by_reason(&self) -> [(&'static str, &Counter); 4] {
        [
            ("client", &self.client),
            ("crowded", &self.crowded),
            ("memory", &self.memory),
            ("proxy_header", &self.malformed_proxy_header),
        ]
    }
}

/// A connection that counts as open until it is dropped.
#[derive(Debug)]
pub struct OpenConnection(Arc<PortCounts>);

impl OpenConnection {
    /// Counts a connection as accepted and open.
    pub fn new(counts: Arc<PortCounts>) -> Self {
        counts.accepted.increment();
        counts.open.enter();
        Self(counts)
    }

    /// The counts of its port.
    pub fn port(&self) -> &PortCounts {
        &self.0
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.open.leave();
    }
}
