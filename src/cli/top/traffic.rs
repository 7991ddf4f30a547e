//! The section of the traffic: subscribers, messages, connections and calls, beside their limits.

use rust_decimal::Decimal;

use crate::cli::table::GAP;
use crate::cli::top::grid::Grid;
use crate::cli::top::known::Known;
use crate::cli::top::page::Labels;
use crate::cli::top::reading::Silence;
use crate::cli::top::section::Section;
use crate::cli::top::text::{Row, Span, Style};
use crate::cli::top::units::{UNKNOWN, bytes, count, speed};

/// The labels of the transports, as the page names them.
const TRANSPORTS: &[&str] = &["grpc", "grpc_web", "sse", "ndjson"];
/// The labels of the ports.
const PORTS: &[&str] = &["grpc", "web", "admin"];
/// The gauges of limits, beside those of what is in use.
const STREAMS: (&str, &str) = ("silkrate_streams", "silkrate_max_streams");
const CONNECTIONS: (&str, &str) = ("silkrate_connections", "silkrate_max_connections");
const FILES: (&str, &str) = ("process_open_fds", "process_max_fds");
const CALLS: &str = "silkrate_grpc_requests_total";
const REQUESTS: &str = "silkrate_http_requests_total";
const CUT: &str = "silkrate_connections_cut_total";
/// A limit of which this part is in use, in per cent, is soon reached.
const USE_HIGH: u32 = 80;

/// The traffic, or why it is not known.
pub(super) fn traffic(known: &Known, columns: Option<usize>) -> Section {
    let rows = match (&known.figures, &known.silence) {
        (Some(_), _) => laid(&figures(known), columns),
        (None, Some(silence)) => silent(silence),
        (None, None) => Vec::new(),
    };
    let remark = known.figures.as_ref().and(known.silence.as_ref());
    let remark = remark.map(|silence| match silence {
        Silence::Failed(reason) => Span::new(Style::Bad, format!("no answer: {reason}")),
        Silence::Unnamed => Span::plain(""),
    });
    Section {
        name: "TRAFFIC",
        remark,
        heading: None,
        rows,
    }
}

fn silent(silence: &Silence) -> Vec<Row> {
    let (style, reason) = match silence {
        Silence::Unnamed => (
            Style::Dim,
            "it is read from the operators' port of the server",
        ),
        Silence::Failed(reason) => (Style::Bad, reason.as_str()),
    };
    let hint = "name that port (server.admin_listen) with --admin URL or in SILKRATE_ADMIN_URL";
    [Span::new(style, reason), Span::new(Style::Dim, hint)]
        .map(|span| Row::from([span]))
        .into()
}

/// A row of figures: what they are, and each with its name.
type Line = (&'static str, Vec<Span>);

fn figures(known: &Known) -> Vec<Line> {
    let mut lines = vec![
        subscribers(known),
        messages(known),
        connections(known),
        refused(known),
        sent(known),
        received(known),
        calls(known),
        resumes(known),
    ];
    let webhooks = known.figures.as_ref().map(|figures| {
        let page = &figures.page;
        page.values_of("silkrate_webhook_waiting_events", "webhook")
    });
    for name in webhooks.unwrap_or_default() {
        lines.push(webhook(known, name));
    }
    lines.extend([ledger(known), process(known)]);
    lines
}

/// The lines with their figures below each other or, where that is too wide, each on its own.
fn laid(lines: &[Line], columns: Option<usize>) -> Vec<Row> {
    let most = lines.iter().map(|(_, cells)| cells.len()).max();
    // The names of figures are beside them, so the columns have none.
    let mut grid = Grid::new(std::iter::repeat_n("", most.unwrap_or_default() + 1));
    for (name, cells) in lines {
        let name = Span::new(Style::Dim, name);
        grid.push([name].into_iter().chain(cells.iter().cloned()));
    }
    let (_, rows) = grid.fit(None, &[]);
    let fits = |row: &Row| columns.is_none_or(|columns| row.width() <= columns);
    if rows.iter().all(fits) {
        return rows;
    }
    let names = lines.iter().map(|(name, _)| name.chars().count());
    let widest = names.max().unwrap_or_default();
    let rows = lines.iter().map(|(name, cells)| {
        let mut row = Row::from([Span::new(Style::Dim, name)]);
        row.pad(widest);
        for cell in cells {
            row.push(Span::plain(GAP));
            row.push(cell.clone());
        }
        row
    });
    rows.collect()
}

fn named(name: &str, figure: &str) -> Span {
    Span::plain(format!("{name} {figure}"))
}

/// A count that is best zero.
fn trouble(name: &str, number: Option<Decimal>) -> Span {
    let style = if number.is_some_and(|number| !number.is_zero()) {
        Style::Warning
    } else {
        Style::Plain
    };
    Span::new(style, format!("{name} {}", count(number)))
}

/// What is in use, and its limit where the server tells it: `grpc 12 / 16384`.
fn of_limit(known: &Known, name: &str, (used, limit): (&str, &str), labels: Labels<'_>) -> Span {
    let (used, limit) = (known.figure(used, labels), known.figure(limit, labels));
    let Some(limit) = limit else {
        return named(name, &count(used));
    };
    let per_cent = used
        .and_then(|used| used.checked_mul(Decimal::ONE_HUNDRED))
        .and_then(|used| used.checked_div(limit));
    let style = match per_cent {
        Some(part) if part >= Decimal::ONE_HUNDRED => Style::Bad,
        Some(part) if part >= USE_HIGH.into() => Style::Warning,
        Some(_) | None => Style::Plain,
    };
    let text = format!("{name} {} / {}", count(used), count(Some(limit)));
    Span::new(style, text)
}

fn each(names: &[&str], figure: impl Fn(&str) -> String) -> Vec<Span> {
    let spans = names.iter().map(|name| named(name, &figure(name)));
    spans.collect()
}

fn subscribers(known: &Known) -> Line {
    let each = each(TRANSPORTS, |name| {
        count(known.figure(STREAMS.0, &[("transport", name)]))
    });
    let all = of_limit(known, "all", STREAMS, &[]);
    ("subscribers", [all].into_iter().chain(each).collect())
}

fn messages(known: &Known) -> Line {
    let of = |labels: Labels<'_>| speed(known.speed("silkrate_stream_messages_total", labels));
    let each = each(TRANSPORTS, |name| of(&[("transport", name)]));
    let all = named("all", &of(&[]));
    ("messages/s", [all].into_iter().chain(each).collect())
}

fn connections(known: &Known) -> Line {
    let ports = PORTS.iter();
    let cells = ports.map(|port| of_limit(known, port, CONNECTIONS, &[("port", port)]));
    ("connections", cells.collect())
}

fn refused(known: &Known) -> Line {
    let all = |families: &[(&str, Labels<'_>)]| {
        let mut figures = families
            .iter()
            .filter_map(|(name, labels)| known.figure(name, labels));
        let first = figures.next()?;
        figures.try_fold(first, Decimal::checked_add)
    };
    // A call that never came has no series: none was refused.
    let exhausted = all(&[
        (CALLS, &[("code", "RESOURCE_EXHAUSTED")]),
        (REQUESTS, &[("code", "429")]),
    ]);
    // Whatever looks for open ports breaks the rules of HTTP, which is no trouble.
    let cut = all(&[
        (CUT, &[("reason", "silent")]),
        (CUT, &[("reason", "stalled")]),
        (CUT, &[("reason", "flooding")]),
    ]);
    let cells = [
        trouble(
            "streams",
            known.figure("silkrate_streams_refused_total", &[]),
        ),
        trouble("calls", Some(exhausted.unwrap_or_default())),
        trouble(
            "waits",
            known.figure("silkrate_connection_waits_total", &[]),
        ),
        trouble("cut", cut),
        trouble(
            "misdirected",
            known.figure("silkrate_misdirected_requests_total", &[]),
        ),
    ];
    ("refused", cells.into())
}

fn sent(known: &Known) -> Line {
    let cells = each(PORTS, |port| {
        bytes(known.speed("silkrate_sent_bytes_total", &[("port", port)]))
    });
    ("sent/s", cells)
}

fn received(known: &Known) -> Line {
    let cells = each(PORTS, |port| {
        bytes(known.speed("silkrate_received_bytes_total", &[("port", port)]))
    });
    ("received/s", cells)
}

fn calls(known: &Known) -> Line {
    let of = |name, labels| speed(known.speed(name, labels));
    let cells = [
        named("grpc", &of(CALLS, &[("port", "grpc")])),
        named("web", &of(REQUESTS, &[])),
        named("admin", &of(CALLS, &[("port", "admin")])),
    ];
    ("calls/s", cells.into())
}

fn resumes(known: &Known) -> Line {
    let of = |verdict| known.figure("silkrate_stream_resumes_total", &[("verdict", verdict)]);
    let merged = known.figure("silkrate_stream_merged_commits_total", &[]);
    let cells = [
        named("resumed", &count(of("resumed"))),
        named("other epoch", &count(of("other_epoch"))),
        named("too old", &count(of("too_old"))),
        named("ahead", &count(of("ahead"))),
        named("merged commits", &count(merged)),
    ];
    ("resumes", cells.into())
}

fn webhook(known: &Known, name: &str) -> Line {
    let of = |family| known.figure(family, &[("webhook", name)]);
    let attempts = |outcome| {
        let labels = [("webhook", name), ("outcome", outcome)];
        known.figure("silkrate_webhook_attempts_total", &labels)
    };
    let is_gone = of("silkrate_webhook_receiver_gone") == Some(Decimal::ONE);
    let name = if is_gone {
        Span::new(Style::Bad, format!("{name}: gone"))
    } else {
        Span::plain(name)
    };
    let cells = [
        name,
        named("delivered", &count(attempts("delivered"))),
        trouble("waiting", of("silkrate_webhook_waiting_events")),
        trouble("failed", attempts("failed")),
        trouble("dropped", of("silkrate_webhook_dropped_events_total")),
    ];
    ("webhook", cells.into())
}

fn ledger(known: &Known) -> Line {
    let size = known.figure("silkrate_ledger_size_bytes", &[]);
    let written = match known.figure("silkrate_ledger_writable", &[]) {
        None => Span::plain(UNKNOWN),
        Some(figure) if figure.is_zero() => Span::new(Style::Bad, "not written"),
        // As the settings say: a demo has no file.
        Some(_) if size.is_none() => Span::plain("in memory"),
        Some(_) => Span::plain("written"),
    };
    let cells = [
        written,
        named("size", &bytes(size)),
        trouble(
            "unsaved",
            known.figure("silkrate_ledger_unsaved_entries", &[]),
        ),
        trouble(
            "lost",
            known.figure("silkrate_ledger_lost_entries_total", &[]),
        ),
    ];
    ("ledger", cells.into())
}

fn process(known: &Known) -> Line {
    let processor = known.speed("process_cpu_seconds_total", &[]);
    let per_cent = processor.and_then(|part| part.checked_mul(Decimal::ONE_HUNDRED));
    let memory = known.figure("process_resident_memory_bytes", &[]);
    let processor = match per_cent {
        None => named("cpu", UNKNOWN),
        per_cent => named("cpu", &(speed(per_cent) + " %")),
    };
    let cells = [
        processor,
        named("memory", &bytes(memory)),
        named("threads", &count(known.figure("process_threads", &[]))),
        of_limit(known, "files", FILES, &[]),
    ];
    ("process", cells.into())
}
