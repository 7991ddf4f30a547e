//! What the log writes of an event, and which events it has.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tracing::Level;

use super::*;

const PLAIN: Output = Output {
    is_json: false,
    has_colours: false,
};
const JSON: Output = Output {
    is_json: true,
    ..PLAIN
};

fn level(level: LevelFilter) -> Log {
    Log {
        level,
        ..Log::default()
    }
}

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut buffer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        buffer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is written while `log` runs.
fn written(output: Output, settings: Log, log: impl FnOnce()) -> String {
    let buffer = Buffer::default();
    let writer = buffer.clone();
    let (targets, _) = targets("", settings);
    let lines = lines(output, targets, move || writer.clone());
    let subscriber = tracing_subscriber::registry().with(lines);
    tracing::subscriber::with_default(subscriber, log);
    let bytes = buffer.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_directive_sets_the_level_of_its_target_and_all_others_keep_the_setting() {
    let enabled = |directives: &str, setting, target: &str, at| {
        let (targets, is_understood) = targets(directives, level(setting));
        assert!(is_understood, "{directives}");
        targets.would_enable(target, &at)
    };
    for (directives, setting, target, at, is_enabled) in [
        ("", LevelFilter::INFO, "silkrate", Level::INFO, true),
        ("", LevelFilter::INFO, "silkrate", Level::DEBUG, false),
        (
            "",
            LevelFilter::DEBUG,
            "silkrate::poller",
            Level::DEBUG,
            true,
        ),
        ("", LevelFilter::DEBUG, "h2", Level::DEBUG, false),
        ("", LevelFilter::ERROR, "h2", Level::INFO, false),
        (
            "silkrate=debug",
            LevelFilter::INFO,
            "silkrate::poller",
            Level::DEBUG,
            true,
        ),
        ("silkrate=debug", LevelFilter::INFO, "h2", Level::INFO, true),
        (
            "silkrate=debug",
            LevelFilter::INFO,
            "h2",
            Level::DEBUG,
            false,
        ),
        (
            "h2=debug",
            LevelFilter::WARN,
            "silkrate",
            Level::INFO,
            false,
        ),
        ("trace", LevelFilter::INFO, "h2", Level::TRACE, true),
        ("trace", LevelFilter::INFO, "silkrate", Level::TRACE, true),
        ("warn", LevelFilter::INFO, "silkrate", Level::INFO, false),
        (" , ", LevelFilter::INFO, "silkrate", Level::INFO, true),
    ] {
        let found = enabled(directives, setting, target, at);
        assert_eq!(found, is_enabled, "{directives:?} {setting} {target} {at}");
    }
}

#[test]
fn directives_that_cannot_be_parsed_change_nothing() {
    let (targets, is_understood) = targets("silkrate=louder", level(LevelFilter::INFO));
    assert!(!is_understood);
    assert!(targets.would_enable("silkrate", &Level::INFO));
    assert!(!targets.would_enable("silkrate", &Level::DEBUG));
}

#[test]
fn the_access_log_is_on_by_its_setting_alone_whatever_the_level() {
    for (access, at) in [(true, LevelFilter::ERROR), (false, LevelFilter::TRACE)] {
        let log = Log {
            access,
            ..level(at)
        };
        for directives in ["", "trace", "error", "silkrate=trace"] {
            let (targets, _) = targets(directives, log);
            assert_eq!(targets.would_enable(ACCESS, &Level::INFO), access);
        }
    }
    let (named, _) = targets("silkrate::access=info", Log::default());
    assert!(named.would_enable(ACCESS, &Level::INFO));
}

#[test]
fn a_line_of_json_has_the_fields_beside_the_message() {
    let text = written(JSON, Log::default(), || {
        tracing::info!(
            source = "nbk",
            rows = 39,
            error = "a\n\"b\"",
            "filed a table"
        );
    });
    let line: Value = serde_json::from_str(&text).unwrap();
    for (name, value) in [
        ("level", "INFO"),
        ("message", "filed a table"),
        ("source", "nbk"),
        ("error", "a\n\"b\""),
        ("target", "silkrate::logging::tests"),
    ] {
        assert_eq!(line[name], value, "{text}");
    }
    assert_eq!(line["rows"], 39);
    let at = line["timestamp"].as_str().unwrap();
    assert!(at.ends_with('Z') && at.parse::<jiff::Timestamp>().is_ok());
    assert_eq!(text.lines().count(), 1);
}

#[test]
fn a_line_of_text_has_its_fields_after_the_message() {
    let text = written(PLAIN, Log::default(), || {
        tracing::warn!(source = %"nbk", failures = 2, error = "no route", "a poll failed");
    });
    let fields = " WARN a poll failed source=nbk failures=2 error=\"no route\"\n";
    assert!(text.ends_with(fields), "{text}");
}

#[test]
fn a_line_of_text_names_no_place_in_the_code_of_a_library() {
    // As an event of the crate `log` becomes one of `tracing`.
    let log = || {
        tracing::warn!(
            log.target = "rustls::client",
            log.module_path = "rustls::client",
            log.file = "src/client.rs",
            log.line = 20,
            "the name is not valid"
        );
    };
    let text = written(PLAIN, Log::default(), log);
    assert!(text.ends_with(" WARN the name is not valid\n"), "{text:?}");
}

#[test]
fn the_text_of_a_bank_cannot_command_a_terminal() {
    let hostile = "a\u{1b}[2Jb\r\nc\u{9b}d\u{202e}e\u{2066}f\u{200f}g\u{2028}h";
    for output in [
        PLAIN,
        Output {
            has_colours: true,
            ..PLAIN
        },
    ] {
        let text = written(output, Log::default(), || {
            tracing::warn!(error = %hostile, detail = hostile, "{hostile}");
        });
        for command in [
            "\u{1b}[2J",
            "\r",
            "\u{9b}",
            "\u{202e}",
            "\u{2066}",
            "\u{200f}",
            "\u{2028}",
        ] {
            assert!(!text.contains(command), "{text:?}");
        }
        assert_eq!(text.matches('\n').count(), 1);
        assert_eq!(text.matches("\\u{202e}").count(), 3, "{text}");
        assert_eq!(text.contains('\u{1b}'), output.has_colours);
    }
    let kept = "курс 500,5 ₸ ‹Банк›";
    let text = written(
        PLAIN,
        Log::default(),
        || tracing::info!(error = %kept, "{kept}"),
    );
    assert_eq!(text.matches(kept).count(), 2, "{text}");
}

#[test]
fn the_log_makes_no_spans() {
    written(JSON, Log::default(), || {
        assert!(tracing::error_span!("poll").is_disabled());
    });
}
