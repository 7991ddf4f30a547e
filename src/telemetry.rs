//! What the service says of itself while it runs: log lines on stderr.

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging to stderr: this level and above, or what the variable `RUST_LOG` asks for. Later calls change nothing.
#[expect(
    clippy::disallowed_methods,
    reason = "RUST_LOG is a custom of all programs in Rust, and no setting of this one"
)]
pub fn init(level: LevelFilter) {
    let asked = std::env::var("RUST_LOG").unwrap_or_default();
    let colour = std::io::stderr().is_terminal()
        && anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .with_target(false)
        .with_filter(filter(&asked, level));
    if tracing_subscriber::registry()
        .with(lines)
        .try_init()
        .is_err()
    {
        tracing::debug!("logging has been started before");
    }
}

/// What is let through: by target and level, as `silkrate=debug,h2=warn`. What cannot be read asks for nothing.
fn filter(asked: &str, level: LevelFilter) -> Targets {
    let directives = asked.split(',').map(str::trim);
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
    fn a_target_is_asked_for_by_name_and_all_others_keep_the_level() {
        let asked = filter("silkrate=debug", LevelFilter::INFO);
        assert!(asked.would_enable("silkrate::poller", &Level::DEBUG));
        assert!(asked.would_enable("h2", &Level::INFO));
        assert!(!asked.would_enable("h2", &Level::DEBUG));
        assert!(filter("trace", LevelFilter::INFO).would_enable("h2", &Level::TRACE));
        for nothing in ["", ",", "silkrate=louder"] {
            let asked = filter(nothing, LevelFilter::INFO);
            assert!(asked.would_enable("silkrate", &Level::INFO), "{nothing}");
            assert!(!asked.would_enable("silkrate", &Level::DEBUG), "{nothing}");
        }
    }
}
