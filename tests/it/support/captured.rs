//! The log of the tasks of one test: those of a runtime of one thread.

use std::io::{self, Write};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

/// A timeout: nothing that these tests wait for takes as long.
const PATIENCE: Duration = Duration::from_secs(120);

/// The log, until it is dropped.
pub(crate) struct Captured {
    lines: watch::Receiver<Vec<Value>>,
    _guard: DefaultGuard,
}

struct Lines(watch::Sender<Vec<Value>>);

impl Write for &Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let line_read = serde_json::from_slice(line)?;
        self.0.send_modify(|lines| lines.push(line_read));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Captured {
    /// Captures what the current thread logs at `info` and above.
    pub(crate) fn start() -> Self {
        let (sender, lines) = watch::channel(Vec::new());
        let json = tracing_subscriber::fmt::layer().json().flatten_event(true);
        let json = json.with_writer(std::sync::Arc::new(Lines(sender)));
        let subscriber = tracing_subscriber::registry()
            .with(LevelFilter::INFO)
            .with(json);
        Self {
            lines,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    /// The lines so far.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.lines.borrow().clone()
    }

    /// The messages so far.
    pub(crate) fn messages(&self) -> Vec<String> {
        messages(&self.lines.borrow())
    }

    /// Waits for a line, which may be there already.
    pub(crate) async fn line(&self, is_it: impl Fn(&Value) -> bool) -> Value {
        let mut lines = self.lines.clone();
        let reached = lines.wait_for(|lines| lines.iter().any(&is_it));
        let lines = tokio::time::timeout(PATIENCE, reached).await;
        let lines = lines.unwrap_or_else(|_late| panic!("{:#?}", self.messages()));
        lines
            .unwrap()
            .iter()
            .find(|line| is_it(line))
            .cloned()
            .unwrap()
    }

    /// Waits until the messages satisfy a condition.
    pub(crate) async fn until(&self, is_met: impl Fn(&[String]) -> bool) {
        let mut lines = self.lines.clone();
        let reached = lines.wait_for(|lines| is_met(&messages(lines)));
        let reached = tokio::time::timeout(PATIENCE, reached).await;
        let reached = reached.unwrap_or_else(|_late| panic!("{:#?}", self.messages()));
        drop(reached.unwrap());
    }

    /// Waits for a line with a message.
    pub(crate) async fn message(&self, message: &str) -> Value {
        self.line(|line| line["message"] == message).await
    }
}

fn messages(lines: &[Value]) -> Vec<String> {
    let message = |line: &Value| line["message"].as_str().unwrap().to_owned();
    lines.iter().map(message).collect()
}
