//! The settings of `[access]`.

use std::num::NonZeroU32;
use std::ops::RangeInclusive;

use super::Loader;
use crate::config::{Access, values};

/// What a client may ask for in a minute, be it the quota of everyone or that of one key. With less than one a second no page that
/// polls is served; more than a million are a large part of what a machine answers.
pub const REQUESTS_PER_MINUTE_BOUNDS: RangeInclusive<u32> = 60..=1_000_000;

impl Loader<'_> {
    /// The keys of clients. What is in the file is checked when it is used: the command that makes it needs these settings.
    pub(super) fn access(&self) -> Access {
        let keys = self.entries.get(
            "access.keys",
            "the path of a file",
            |raw| match values::text(raw)? {
                "" => Err("the path is empty".to_owned()),
                path => Ok(self.entries.path("access.keys", path)),
            },
        );
        let flag = |key: &str| self.entries.get(key, "true or false", values::flag);
        let required = flag("access.required").unwrap_or(false);
        if required && !self.entries.is_set("access.keys") {
            let reason = "it needs access.keys: without keys every request would be refused";
            let accepted = "true with access.keys, or false";
            self.entries
                .refuse("access.required", reason.to_owned(), accepted);
        }
        Access {
            keys,
            required,
            open_admin: flag("access.open_admin").unwrap_or(false),
            requests_per_minute: self.requests_per_minute(),
        }
    }

    fn requests_per_minute(&self) -> Option<NonZeroU32> {
        let key = "access.requests_per_minute";
        let (least, most) = (
            REQUESTS_PER_MINUTE_BOUNDS.start(),
            REQUESTS_PER_MINUTE_BOUNDS.end(),
        );
        let accepted = format!("an integer from {least} to {most}; for no quota, leave it out");
        let requests = self.entries.get(key, &accepted, |raw| {
            values::whole(raw, REQUESTS_PER_MINUTE_BOUNDS)
        });
        requests.and_then(NonZeroU32::new)
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn loaded(variables: &[(&str, &str)]) -> Result<Config, String> {
        let variables = variables.iter();
        let variables = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(None, variables).map_err(|errors| errors.to_string())
    }

    #[test]
    fn keys_that_are_required_need_a_file() {
        let required = ("SILKRATE_ACCESS__REQUIRED", "true");
        let error = loaded(&[required]).unwrap_err();
        assert!(error.contains("it needs access.keys"), "{error}");
        let with_file = [required, ("SILKRATE_ACCESS__KEYS", "keys.toml")];
        let access = loaded(&with_file).unwrap().access;
        assert!(access.required && access.keys.is_some() && !access.open_admin);
        assert!(loaded(&[("SILKRATE_ACCESS__KEYS", "")]).is_err());
    }

    #[test]
    fn the_grpc_port_has_reflection_on_loopback_and_elsewhere_where_it_is_wanted() {
        let listen = |address| ("SILKRATE_SERVER__LISTEN", address);
        let reflection = |variables: &[_]| loaded(variables).unwrap().server.reflection;
        assert!(reflection(&[]));
        assert!(reflection(&[listen("[::1]:50051")]));
        assert!(!reflection(&[listen("0.0.0.0:50051")]));
        let wanted = ("SILKRATE_SERVER__REFLECTION", "true");
        assert!(reflection(&[listen("0.0.0.0:50051"), wanted]));
        assert!(!reflection(&[("SILKRATE_SERVER__REFLECTION", "false")]));
    }
}
