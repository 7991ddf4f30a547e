//! The environment variables of the settings.

/// The prefix of every variable of silkrate.
pub(super) const PREFIX: &str = "SILKRATE_";
/// What stands for the dot of a key: names of keys contain single underscores.
const SEPARATOR: &str = "__";

/// The variable that sets a key: `SILKRATE_SOURCES__NBK__INTERVAL` for `sources.nbk.interval`.
pub(super) fn variable_of(key: &str) -> String {
    let name = key.replace('.', SEPARATOR).to_uppercase();
    format!("{PREFIX}{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_has_two_underscores_between_levels() {
        assert_eq!(
            variable_of("sources.nbk.base_url"),
            "SILKRATE_SOURCES__NBK__BASE_URL"
        );
    }
}
