//! The settings of `[log]`.

use tracing::level_filters::LevelFilter;

use super::Loader;
use crate::config::{Log, LogFormat, values};

/// The levels, the least verbose first.
const LEVELS: [LevelFilter; 6] = [
    LevelFilter::OFF,
    LevelFilter::ERROR,
    LevelFilter::WARN,
    LevelFilter::INFO,
    LevelFilter::DEBUG,
    LevelFilter::TRACE,
];

impl Loader<'_> {
    pub(super) fn log(&self) -> Log {
        let formats = LogFormat::ALL.map(LogFormat::as_str).join(", ");
        let accepted = format!("one of {formats}");
        let format = self.entries.get("log.format", &accepted, |raw| {
            let text = values::text(raw)?;
            let format = LogFormat::ALL
                .into_iter()
                .find(|format| format.as_str() == text);
            format.ok_or_else(|| format!("`{text}` is not a format"))
        });
        let levels = LEVELS.map(|level| level.to_string()).join(", ");
        let accepted = format!(
            "one of {levels}; the variable RUST_LOG sets the level of a part, as in silkrate::poller=debug"
        );
        let level = self.entries.get("log.level", &accepted, |raw| {
            let text = values::text(raw)?;
            let level = LEVELS.into_iter().find(|level| level.to_string() == text);
            level.ok_or_else(|| format!("`{text}` is not a level"))
        });
        let access = self
            .entries
            .get("log.access", "true or false", values::flag);
        let defaults = Log::default();
        Log {
            format: format.unwrap_or(defaults.format),
            level: level.unwrap_or(defaults.level),
            access: access.unwrap_or(defaults.access),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn load(variables: &[(&str, &str)]) -> Result<Config, String> {
        let variables = variables.iter().map(|(name, value)| {
            let name = format!("SILKRATE_LOG__{name}");
            (name, (*value).to_owned())
        });
        Config::load(None, variables).map_err(|errors| errors.to_string())
    }

    #[test]
    fn the_log_is_set_by_three_settings_that_are_printed_as_they_are_read() {
        let defaults = load(&[]).unwrap().to_toml();
        let log = "[log]\nformat = \"auto\"\nlevel = \"info\"\naccess = false\n";
        assert!(defaults.contains(log), "{defaults}");
        let set = [("FORMAT", "json"), ("LEVEL", "off"), ("ACCESS", "true")];
        let config = load(&set).unwrap();
        assert_eq!(config.log.format, LogFormat::Json);
        assert_eq!(config.log.level, LevelFilter::OFF);
        assert!(config.log.access);
        let log = "[log]\nformat = \"json\"\nlevel = \"off\"\naccess = true\n";
        assert!(config.to_toml().contains(log), "{}", config.to_toml());
    }

    #[test]
    fn a_wrong_setting_of_the_log_is_refused_with_the_accepted_ones() {
        for (name, value, reasons) in [
            ("FORMAT", "yaml", ["log.format", "one of auto, text, json"]),
            ("LEVEL", "INFO", ["log.level", "off, error, warn, info"]),
            ("LEVEL", "h2=warn", ["`h2=warn` is not a level", "RUST_LOG"]),
            ("ACCESS", "yes", ["log.access", "true or false"]),
        ] {
            let error = load(&[(name, value)]).unwrap_err();
            for reason in reasons {
                assert!(error.contains(reason), "{value}: {error}");
            }
        }
    }
}
