//! The settings of `[trace]`.

use rust_decimal::Decimal;

use super::Loader;
use crate::config::entries::Raw;
use crate::config::{Trace, values};
use crate::domain::parse_decimal;

/// The address of a collector of OpenTelemetry.
const ENDPOINT: &str = "trace.endpoint";
/// The share of the traces that are sent.
const SAMPLE: &str = "trace.sample";

impl Loader<'_> {
    pub(super) fn trace(&self) -> Option<Trace> {
        let endpoint = self.entries.get(ENDPOINT, values::ORIGIN, values::origin);
        let accepted = "a share in per cent, such as 100%, 10% or 0.5%, with trace.endpoint";
        let sample = self.entries.get(SAMPLE, accepted, |raw| {
            if !self.entries.is_set(ENDPOINT) {
                return Err("it needs trace.endpoint: without it there are no traces".to_owned());
            }
            percent(raw)
        });
        Some(Trace {
            endpoint: endpoint?,
            sample: sample.unwrap_or(Decimal::ONE_HUNDRED),
        })
    }
}

fn percent(raw: &Raw) -> Result<Decimal, String> {
    let text = values::text(raw)?;
    let number = text
        .strip_suffix('%')
        .ok_or_else(|| format!("`{text}` does not end with %"))?;
    let percent = parse_decimal(number).map_err(|error| format!("`{number}` is {error}"))?;
    if (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(&percent) {
        Ok(percent)
    } else {
        Err(format!("`{text}` is not from 0% to 100%"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn load(variables: &[(&str, &str)]) -> Result<Config, String> {
        let variables = variables.iter().map(|(name, value)| {
            let name = format!("SILKRATE_TRACE__{name}");
            (name, (*value).to_owned())
        });
        Config::load(None, variables).map_err(|errors| errors.to_string())
    }

    #[test]
    fn traces_are_off_until_a_collector_is_named() {
        let defaults = load(&[]).unwrap();
        assert!(defaults.trace.is_none());
        assert!(!defaults.to_toml().contains("[trace]"));
        let all = load(&[("ENDPOINT", "http://127.0.0.1:4317")]).unwrap();
        let printed = "[trace]\nendpoint = \"http://127.0.0.1:4317\"\nsample = \"100%\"\n";
        assert!(all.to_toml().contains(printed), "{}", all.to_toml());
        assert_eq!(all.trace.unwrap().share(), Decimal::ONE);
        let few = [
            ("ENDPOINT", "https://Collector.example:4317"),
            ("SAMPLE", "0.5%"),
        ];
        let few = load(&few).unwrap().trace.unwrap();
        assert_eq!(few.endpoint, "https://collector.example:4317");
        assert_eq!(few.share().to_string(), "0.005");
    }

    #[test]
    fn a_share_that_is_none_is_refused() {
        for (sample, reason) in [
            ("1.0", "does not end with %"),
            ("101%", "not from 0% to 100%"),
            ("-1%", "not from 0% to 100%"),
            ("ten%", "`ten` is"),
        ] {
            let set = [("ENDPOINT", "http://127.0.0.1:4317"), ("SAMPLE", sample)];
            let error = load(&set).unwrap_err();
            assert!(error.contains("trace.sample"), "{error}");
            assert!(error.contains(reason), "{sample}: {error}");
        }
        let alone = load(&[("SAMPLE", "10%")]).unwrap_err();
        assert!(alone.contains("it needs trace.endpoint"), "{alone}");
        let path = load(&[("ENDPOINT", "http://127.0.0.1:4317/v1/traces")]).unwrap_err();
        assert!(path.contains("trace.endpoint"), "{path}");
    }
}
