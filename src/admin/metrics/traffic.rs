//! Subscribers, connections and requests.

use std::fmt;
use std::sync::Arc;

use crate::callers::Quotas;
use crate::listener::Hosts;
use crate::memory::Memory;
use crate::telemetry::{
    CallCounts, Collect, Counter, Label, Number, Page, PortCounts, StreamCounts,
};

/// What the ports and the streams count.
#[derive(Debug, Clone)]
pub struct Traffic {
    /// The streams of all transports.
    pub streams: Arc<StreamCounts>,
    /// How many streams may be open at once.
    pub max_streams: u32,
    /// The memory of the process, near whose limit streams and connections are refused.
    pub memory: Memory,
    /// The quotas of clients.
    pub quotas: Quotas,
    /// The connections of each port.
    pub ports: [(&'static str, Arc<PortCounts>); 3],
    /// The calls of gRPC on each port, by method; on that of browsers over gRPC-Web.
    pub calls: [(&'static str, Arc<CallCounts>); 3],
    /// The requests of the browsers' port, by route.
    pub web_calls: Arc<CallCounts>,
    /// The hosts of the ports that are asked under one, which count the requests for others.
    pub hosts: [(&'static str, Hosts); 2],
}

impl Collect for Traffic {
    fn collect(&self, page: &mut Page<'_>) -> fmt::Result {
        self.streams(page)?;
        self.connections(page)?;
        self.bytes(page)?;
        self.calls(page)?;
        self.web_calls(page)?;
        let names = (
            "silkrate_misdirected_requests",
            "Requests that were refused because their port is not served under their host (status 421)",
        );
        let hosts = self.hosts.iter();
        page.counters(
            names,
            hosts.map(|(port, hosts)| ([("port", *port)], hosts.refused())),
        )
    }
}

impl Traffic {
    fn streams(&self, page: &mut Page<'_>) -> fmt::Result {
        let transports = self.streams.by_transport();
        let open = transports.map(|(name, counts)| ([("transport", name)], &counts.open));
        let names = (
            "silkrate_streams",
            "Open streams of subscribers, and watches of the health",
        );
        page.gauges(names, open)?;
        let names = (
            "silkrate_max_streams",
            "How many streams of subscribers and watches of the health may be open at once",
        );
        page.gauge(names, Some(self.max_streams))?;
        let messages = transports.into_iter().flat_map(|(name, counts)| {
            counts.by_kind().map(|(kind, count)| {
                let labels = [("transport", name), ("message", kind)];
                (labels, count)
            })
        });
        let names = (
            "silkrate_stream_messages",
            "Messages to subscribers, by transport and kind",
        );
        page.counters(names, messages)?;
        let resumes = self.streams.resumes.by_verdict();
        let resumes = resumes.map(|(verdict, count)| ([("verdict", verdict)], count));
        let names = (
            "silkrate_stream_resumes",
            "Streams that began at a position of the subscriber, by the answer to it",
        );
        page.counters(names, resumes)?;
        let names = (
            "silkrate_stream_merged_commits",
            "Commits that reached a subscriber within a later one, for each subscriber",
        );
        page.counter(names, Some(&self.streams.merged_commits))?;
        let names = (
            "silkrate_streams_refused",
            "Streams that were refused, by the reason",
        );
        let refused = self.streams.refused.by_reason();
        page.counters(
            names,
            refused.map(|(reason, count)| ([("reason", reason)], count)),
        )?;
        let names = (
            "silkrate_memory_limit_bytes",
            "How much memory the process may use, by its control group or its settings; absent without a limit",
        );
        page.gauge(names, self.memory.in_use().map(|memory| memory.limit))?;
        let names = (
            "silkrate_quota_refusals",
            "Requests that were refused because their client had used its quota",
        );
        page.counter(names, Some(self.quotas.refused()))
    }

    fn connections(&self, page: &mut Page<'_>) -> fmt::Result {
        let open = self.each_port(|counts| Number::from(&counts.open));
        page.gauges(("silkrate_connections", "Open connections of a port"), open)?;
        let limits = self.each_port(|counts| Number::from(&counts.limit));
        let names = (
            "silkrate_max_connections",
            "How many connections of a port may be open at once",
        );
        page.gauges(names, limits)?;
        let names = (
            "silkrate_connections_accepted",
            "Connections that a port accepted",
        );
        page.counters(names, self.each_port(|counts| (&counts.accepted).into()))?;
        let names = (
            "silkrate_connection_waits",
            "Times that a connection waited because as many as allowed were open on its port",
        );
        page.counters(names, self.each_port(|counts| (&counts.waits).into()))?;
        let refused = self.ports.iter().flat_map(|(port, counts)| {
            let reasons = counts.refused.by_reason();
            reasons.map(|(reason, count)| ([("port", *port), ("reason", reason)], count))
        });
        let names = (
            "silkrate_connections_refused",
            "Connections that were closed before they began, by the reason",
        );
        page.counters(names, refused)?;
        let cut = self.ports.iter().flat_map(|(port, counts)| {
            let reasons: [(_, &Counter); 4] = [
                ("silent", &counts.silent),
                ("stalled", &counts.stalled),
                ("flooding", &counts.flooding),
                ("malformed", &counts.malformed),
            ];
            reasons.map(|(reason, count)| ([("port", *port), ("reason", reason)], count))
        });
        let names = (
            "silkrate_connections_cut",
            "Connections that were cut because the peer sent nothing at first, read nothing or too little, sent too many frames, or broke the rules of HTTP",
        );
        page.counters(names, cut)?;
        let names = (
            "silkrate_unsent_bytes",
            "Bytes of long answers and messages on a port that wait for their readers and are not with the system yet; short ones count beyond 16 MiB of a client, and what many streams share counts once",
        );
        page.gauges(
            names,
            self.each_port(|counts| (&counts.unsent_bytes).into()),
        )?;
        let names = (
            "silkrate_unread_refused",
            "Requests on a port, and streams, that were refused an answer or a message because too much waited to be read",
        );
        page.counters(
            names,
            self.each_port(|counts| (&counts.unread_refused).into()),
        )?;
        let names = (
            "silkrate_unread_streams_cut",
            "Answers and streams on a port that were reset because their reader took too little of what waited",
        );
        page.counters(
            names,
            self.each_port(|counts| (&counts.unread_streams).into()),
        )
    }

    fn bytes(&self, page: &mut Page<'_>) -> fmt::Result {
        let names = ("silkrate_received_bytes", "Bytes that a port read");
        let received = self.each_port(|counts| (&counts.received_bytes).into());
        page.counters(names, received)?;
        let names = ("silkrate_sent_bytes", "Bytes that a port wrote");
        page.counters(names, self.each_port(|counts| (&counts.sent_bytes).into()))
    }

    fn calls(&self, page: &mut Page<'_>) -> fmt::Result {
        let each = || {
            let ports = self.calls.iter();
            ports.flat_map(|(port, counts)| {
                let times = counts.times();
                times.map(|(method, code, times)| {
                    let labels = [("port", *port), ("method", method), ("code", code)];
                    (labels, times)
                })
            })
        };
        let names = (
            "silkrate_grpc_requests",
            "Calls of gRPC that came at least once, by port, method and code",
        );
        page.counters(names, each().map(|(labels, times)| (labels, times.count())))?;
        let names = (
            "silkrate_grpc_request_duration_seconds",
            "From a call of gRPC until its answer began",
        );
        page.histograms(names, each())
    }

    fn web_calls(&self, page: &mut Page<'_>) -> fmt::Result {
        let each = || {
            let times = self.web_calls.times();
            times.map(|(route, code, times)| ([("route", route), ("code", code)], times))
        };
        let names = (
            "silkrate_http_requests",
            "Requests on the browsers' port that came at least once, by route and status",
        );
        page.counters(names, each().map(|(labels, times)| (labels, times.count())))?;
        let names = (
            "silkrate_http_request_duration_seconds",
            "From a request on the browsers' port until its answer began",
        );
        page.histograms(names, each())
    }

    fn each_port(
        &self,
        number: impl Fn(&PortCounts) -> Number,
    ) -> impl Iterator<Item = ([Label<'static>; 1], Number)> {
        let ports = self.ports.iter();
        ports.map(move |(port, counts)| ([("port", *port)], number(counts)))
    }
}
