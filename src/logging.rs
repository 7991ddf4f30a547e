//! The log: text or JSON on standard error.
//!
#![doc = include_str!("logging/README.md")]

mod text;

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::{FilterExt, Targets, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Filter, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, reload};

use crate::config::{Log, LogFormat};
use crate::logging::text::TextFields;
use crate::requests::ACCESS;
use crate::traces::Traces;

/// The variable whose directives have precedence over `log.level`.
const DIRECTIVES: &str = "RUST_LOG";
/// The target of every event of this crate.
const SERVICE: &str = env!("CARGO_CRATE_NAME");

/// Starts logging to stderr, as the settings say, or the environment variable `RUST_LOG`, and makes spans if they are sent.
/// Later calls have no effect. The result sets what is logged while the log runs.
#[expect(
    clippy::disallowed_methods,
    reason = "RUST_LOG is a convention of programs in Rust, and no setting of this one"
)]
pub fn init(log: Log, traces: Option<&Traces>) -> LogFilter {
    let directives = std::env::var(DIRECTIVES).unwrap_or_default();
    let is_terminal = std::io::stderr().is_terminal();
    let choice = anstream::AutoStream::choice(&std::io::stderr());
    let output = Output {
        is_json: match log.format {
            LogFormat::Auto => !is_terminal,
            LogFormat::Text => false,
            LogFormat::Json => true,
        },
        has_colours: is_terminal && choice != anstream::ColorChoice::Never,
    };
    let (targets, is_understood) = targets(&directives, log);
    let (targets, handle) = reload::Layer::<_, Registry>::new(targets);
    let mut layers = vec![lines(output, targets, std::io::stderr)];
    layers.extend(traces.map(Traces::layer));
    if tracing_subscriber::registry()
        .with(layers)
        .try_init()
        .is_err()
    {
        tracing::debug!("logging is initialised already");
    }
    if !is_understood {
        tracing::warn!(
            variable = DIRECTIVES,
            value = directives,
            "ignored directives that are not understood; silkrate=debug,h2=warn is an example"
        );
    }
    LogFilter { directives, handle }
}

/// What is logged, of the log of this process.
#[derive(Debug, Clone)]
pub struct LogFilter {
    directives: String,
    handle: reload::Handle<Targets, Registry>,
}

impl LogFilter {
    /// Logs at the level of the settings from now on, with requests or without. The directives of `RUST_LOG` keep their
    /// precedence, and the form of the lines stays.
    pub fn set(&self, log: Log) {
        let (targets, _) = targets(&self.directives, log);
        if let Err(error) = self.handle.reload(targets) {
            tracing::warn!(%error, "the level of the log stays");
        }
    }
}

/// What the lines look like.
#[derive(Debug, Clone, Copy)]
struct Output {
    is_json: bool,
    has_colours: bool,
}

/// The layer that writes a line for each event.
fn lines<S, F, W>(output: Output, targets: F, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    F: Filter<S> + Send + Sync + 'static,
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // Spans are of no use to the log: none is made for it.
    let filter = targets.and(filter_fn(|metadata: &Metadata<'_>| metadata.is_event()));
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    if output.is_json {
        let lines = lines.json().flatten_event(true);
        let lines = lines.with_current_span(false).with_span_list(false);
        lines.with_filter(filter).boxed()
    } else {
        let lines = lines.with_ansi(output.has_colours).with_target(false);
        lines.fmt_fields(TextFields).with_filter(filter).boxed()
    }
}

/// The level of each target, and whether the directives were understood: a list of targets and levels, such as
/// `silkrate=debug,h2=warn`. Directives that cannot be parsed are ignored.
fn targets(directives: &str, log: Log) -> (Targets, bool) {
    let items = directives.split(',').map(str::trim);
    let items: Vec<&str> = items.filter(|text| !text.is_empty()).collect();
    let named = match items.as_slice() {
        [] => Ok(Targets::new()),
        some => some.join(",").parse::<Targets>(),
    };
    let is_understood = named.is_ok();
    let named = named.unwrap_or_default();
    let access = if log.access {
        LevelFilter::INFO
    } else {
        LevelFilter::OFF
    };
    let targets = match named.default_level() {
        Some(level) => Targets::new().with_default(level),
        // What libraries say at `debug` is of use to their authors.
        None => Targets::new()
            .with_default(log.level.min(LevelFilter::INFO))
            .with_target(SERVICE, log.level),
    };
    let targets = targets.with_target(ACCESS, access);
    let named = named
        .iter()
        .map(|(target, level)| (target.to_owned(), level));
    (targets.with_targets(named), is_understood)
}

#[cfg(test)]
mod tests;
