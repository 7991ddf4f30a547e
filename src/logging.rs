//! Logging to stderr.

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging to stderr: events of `level` and above, or as the environment variable `RUST_LOG` says. Later calls have no
/// effect.
#[expect(
    clippy::disallowed_methods,
    reason = "RUST_LOG is a convention of programs in Rust, and no setting of this one"
)]
pub fn init(level: LevelFilter) {
    let directives = std::env::var("RUST_LOG").unwrap_or_default();
    let colour = std::io::stderr().is_terminal()
        && anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .with_target(false)
        .with_filter(filter(&directives, level));
    if tracing_subscriber::registry()
        .with(lines)
        .try_init()
        .is_err()
    {
        tracing::debug!("logging is initialised already");
    }
}

/// A filter by target and level, such as `silkrate=debug,h2=warn`. Directives that cannot be parsed are ignored.
fn filter(directives: &str, level: LevelFilter) -> Targets {
    let directives = directives.split(',').map(str::trim);
    let directives: Vec<&str> = directives.filter(|text| !text.is_empty()).collect();
    let targets = match directives.as_slice() {
        [] => Targets::new(),
        some => some.join(",").parse().unwrap_or_default(),
    };
    match targets.default_level() {
        Some(_) => targets,
        None => targets.with_default(level),
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn a_directive_sets_the_level_of_its_target_and_all_others_keep_the_default() {
        let filtered = filter("silkrate=debug", LevelFilter::INFO);
        assert!(filtered.would_enable("silkrate::poller", &Level::DEBUG));
        assert!(filtered.would_enable("h2", &Level::INFO));
        assert!(!filtered.would_enable("h2", &Level::DEBUG));
        assert!(filter("trace", LevelFilter::INFO).would_enable("h2", &Level::TRACE));
        for nothing in ["", ",", "silkrate=louder"] {
            let filtered = filter(nothing, LevelFilter::INFO);
            assert!(filtered.would_enable("silkrate", &Level::INFO), "{nothing}");
            assert!(
                !filtered.would_enable("silkrate", &Level::DEBUG),
                "{nothing}"
            );
        }
    }
}
