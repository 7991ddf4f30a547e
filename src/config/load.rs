//! Builds a checked [`Config`] from the settings as written.

mod hosts;
mod access;
mod http;
mod calendar;
mod clock;
mod keys;
mod log;
mod server;
pub(super) mod shared;
pub(super) mod etcd;
mod ticker;
mod tls;
mod trace;
mod web;
mod webhooks;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use access::REQUESTS_PER_MINUTE_BOUNDS;
pub use server::{ADMIN_LISTEN_DEFAULT, LISTEN_DEFAULT, STREAMS_DEFAULT};
pub use shared::etcd_address;

use crate::config::entries::Entries;
use crate::config::load::keys::known_keys;
use crate::config::{ApiKey, Config, ConfigErrors, ProxyVariables, SourceSettings, Store, values};
use crate::sources::{self, Source};

/// The word in `ticker.prefer` for the bank whose own currency is one side of the pair.
pub(super) const HOME: &str = "home";
/// In the working directory, where a container mounts its volume.
const STORE_DEFAULT: &str = "silkrate.db";
/// The `store.path` without a file.
pub(super) const STORE_MEMORY: &str = ":memory:";
/// A bank publishes once a day; a delay of a quarter of an hour is acceptable, and the load on the bank is small.
const BANK_INTERVAL_DEFAULT: Duration = Duration::from_secs(15 * 60);
/// The rate that the free plans of the vendors allow.
const MARKET_INTERVAL_DEFAULT: Duration = Duration::from_secs(60 * 60);
/// Shorter intervals are of use to no test; a longer one than a day would miss a fixing.
const INTERVAL_BOUNDS: RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(24 * 60 * 60);
/// Twice what polls need on a day on which everything happens when it is expected, and less than a visitor of the bank's
/// page sends in a minute.
const REQUESTS_PER_DAY_DEFAULT: u32 = 100;
/// With none, nothing would be polled: that is `enabled = false`. More than one in a second is for tests and replays.
const REQUESTS_PER_DAY_BOUNDS: RangeInclusive<u32> = 1..=1_000_000;
/// The vendor's format when none is named.
const KIND_DEFAULT: &str = "apilayer";
const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

impl Config {
    /// Loads the configuration: defaults, overridden by the file, overridden by the `SILKRATE_…` variables in `environment`.
    /// The variables that name proxies are read too, others are ignored. The files of certificates and the key files of
    /// enabled sources are read, so that a wrong path is found before anything starts.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first error.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        load(sources::ALL, file, environment)
    }
}

/// The keys of all settings, such as `server.listen`. That of a setting of a table that may be written several times has `[]`
/// behind the name of the table.
pub fn setting_keys() -> Vec<String> {
    known_keys(sources::ALL)
}

/// Loads a configuration for a catalogue of sources.
pub(super) fn load(
    catalogue: &[&'static Source],
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Config, ConfigErrors> {
    let known = known_keys(catalogue);
    let environment: Vec<_> = environment.collect();
    let loader = Loader {
        entries: Entries::read(&known, file, &environment)?,
        catalogue,
    };
    let read = ProxyVariables::read(&environment);
    let proxies = read.as_ref().ok().cloned().unwrap_or_default();
    let (server, web, ticker) = (loader.server(), loader.web(), loader.ticker());
    let access = loader.access();
    let (store, store_required) = (loader.store(), loader.store_required());
    let (clock, http) = (loader.clock(), loader.http(&proxies));
    let shared = loader.shared(&store, clock);
    let sources = loader.sources(&proxies, http.private_addresses);
    let (webhooks, log, trace) = (loader.webhooks(&ticker), loader.log(), loader.trace());
    if let Err(wrong) = read {
        loader.refuse_variable(wrong, &http, &sources);
    }
    let variables = loader.entries.of_variables();
    let ignored_variables = loader.entries.finish()?;
    Ok(Config {
        server,
        web,
        access,
        ticker,
        store,
        store_required,
        clock,
        shared,
        http,
        sources,
        webhooks,
        log,
        trace,
        demo: false,
        file: None,
        variables,
        ignored_variables,
    })
}

/// The ids of a catalogue, sorted, each once.
pub(super) fn ids(catalogue: &[&'static Source]) -> BTreeSet<&'static str> {
    catalogue.iter().map(|source| source.id.as_str()).collect()
}

/// Whether an id has several kinds, one for each vendor's format: a market table. Those are disabled by default.
fn has_kinds(catalogue: &[&'static Source], id: &str) -> bool {
    let mut of_id = catalogue.iter().filter(|source| source.id.as_str() == id);
    of_id.any(|source| !source.kind.is_empty())
}

struct Loader<'a> {
    entries: Entries,
    catalogue: &'a [&'static Source],
}

impl Loader<'_> {
    fn store(&self) -> Store {
        let accepted = format!("the path of a file, or {STORE_MEMORY}");
        let store = self
            .entries
            .get("store.path", &accepted, |raw| match values::text(raw)? {
                "" => Err("the path is empty".to_owned()),
                STORE_MEMORY => Ok(Store::Memory),
                path => Ok(Store::File(self.entries.path("store.path", path))),
            });
        store.unwrap_or_else(|| Store::File(PathBuf::from(STORE_DEFAULT)))
    }

    fn store_required(&self) -> bool {
        let key = "store.required";
        let required = self.entries.get(key, "true or false", values::flag);
        required.unwrap_or(true)
    }

    fn sources(&self, proxies: &ProxyVariables, private: bool) -> Vec<SourceSettings> {
        let ids = ids(self.catalogue).into_iter();
        ids.filter_map(|id| self.source(id, (proxies, private)))
            .collect()
    }

    /// The settings of one source, or `None` when it is disabled. They are checked in both cases, but for the files of the
    /// API key and of certificates, which are read for an enabled source only.
    fn source(
        &self,
        id: &str,
        (proxies, private): (&ProxyVariables, bool),
    ) -> Option<SourceSettings> {
        let key = |name: &str| format!("sources.{id}.{name}");
        let has_kinds = has_kinds(self.catalogue, id);
        let enabled = self
            .entries
            .get(&key("enabled"), "true or false", values::flag);
        let interval_default = if has_kinds {
            MARKET_INTERVAL_DEFAULT
        } else {
            BANK_INTERVAL_DEFAULT
        };
        let interval = self.duration(&key("interval"), interval_default, &INTERVAL_BOUNDS);
        let (least, most) = (
            REQUESTS_PER_DAY_BOUNDS.start(),
            REQUESTS_PER_DAY_BOUNDS.end(),
        );
        let accepted =
            format!("an integer from {least} to {most}; to send none, set enabled = false");
        let requests_per_day = self
            .entries
            .get(&key("requests_per_day"), &accepted, |raw| {
                values::whole(raw, REQUESTS_PER_DAY_BOUNDS)
            });
        let base_url = self.entries.get(&key("base_url"), values::ORIGIN, |raw| {
            http::address_of_source(raw, private)
        });
        let proxy = self.proxy(&key("proxy"), proxies);
        let source = self.kind(id)?;
        let documents = self.documents(source);
        if !enabled.unwrap_or(!has_kinds) {
            return None;
        }
        let accepted = "the path of a file that contains the key and nothing else";
        let api_key = self.entries.get(&key("api_key_file"), accepted, |raw| {
            let path = self.entries.path(&key("api_key_file"), values::text(raw)?);
            ApiKey::read(&path)
                .map_err(|error| format!("`{}` contains no key: {error}", path.display()))
        });
        Some(SourceSettings {
            source,
            documents,
            base_url: base_url.unwrap_or_else(|| source.base_url.to_owned()),
            interval,
            requests_per_day: requests_per_day.unwrap_or(REQUESTS_PER_DAY_DEFAULT),
            api_key,
            proxy,
            extra_ca: self.extra_ca(&key("extra_ca")),
        })
    }

    /// The source with an id, of the kind chosen if there are several; `None` if that is not a kind of it.
    fn kind(&self, id: &str) -> Option<&'static Source> {
        let of_id = || {
            self.catalogue
                .iter()
                .filter(|source| source.id.as_str() == id)
        };
        let of_kind = |kind: &str| of_id().find(|source| source.kind == kind).copied();
        let key = format!("sources.{id}.kind");
        let kinds: Vec<&str> = of_id().map(|source| source.kind).collect();
        let accepted = format!("one of {}", kinds.join(", "));
        if self.entries.is_set(&key) {
            return self.entries.get(&key, &accepted, |raw| {
                let kind = values::text(raw)?;
                of_kind(kind).ok_or_else(|| format!("`{kind}` is not a kind of this source"))
            });
        }
        let is_market = has_kinds(self.catalogue, id);
        of_kind(if is_market { KIND_DEFAULT } else { "" })
    }

    fn address(&self, key: &str, default: SocketAddr) -> SocketAddr {
        let address = self.entries.get(key, values::ADDRESS, values::address);
        address.unwrap_or(default)
    }

    fn duration(
        &self,
        key: &str,
        default: Duration,
        bounds: &RangeInclusive<Duration>,
    ) -> Duration {
        let accepted = values::duration_accepted(bounds);
        let duration = self
            .entries
            .get(key, &accepted, |raw| values::duration(raw, bounds));
        duration.unwrap_or(default)
    }
}

#[cfg(test)]
mod tests;
