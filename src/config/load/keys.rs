//! The keys of all settings.

use crate::config::load::{has_kinds, ids, tls};
use crate::sources::Source;

/// The settings that do not belong to a source.
const KEYS: &[&str] = &[
    "server.listen",
    "server.admin_listen",
    "server.admin_hosts",
    "server.trusted_proxies",
    "server.heartbeat_interval",
    "server.max_connections",
    "server.max_connections_per_address",
    "server.max_streams",
    "server.reflection",
    "server.max_streams_per_client",
    "server.memory_max",
    "web.listen",
    "web.path",
    "web.public_url",
    "web.hosts",
    "web.allowed_origins",
    "web.frame_ancestors",
    "access.keys",
    "access.required",
    "access.open_admin",
    "access.requests_per_minute",
    "ticker.pairs",
    "ticker.prefer",
    "store.path",
    "store.required",
    "clock.start",
    "clock.speed",
    "shared.servers",
    "shared.name",
    "shared.node",
    "shared.role",
    "shared.lease",
    "shared.advertise_admin",
    "shared.ca",
    "shared.certificate",
    "shared.key",
    "shared.user",
    "shared.password_file",
    "http.connect_timeout",
    "http.read_timeout",
    "http.total_timeout",
    "http.proxy",
    "http.private_addresses",
    "http.ca",
    "http.extra_ca",
    "webhooks[].name",
    "webhooks[].url",
    "webhooks[].secret",
    "webhooks[].secret_file",
    "webhooks[].on",
    "webhooks[].pairs",
    "webhooks[].min_change_percent",
    "webhooks[].timeout",
    "log.format",
    "log.level",
    "log.access",
    "trace.endpoint",
    "trace.sample",
];
/// The settings of every source.
const SOURCE_KEYS: &[&str] = &[
    "enabled",
    "base_url",
    "interval",
    "requests_per_day",
    "proxy",
    "extra_ca",
    "holidays",
    "working_days",
];
/// The settings of a source that has several kinds.
const MARKET_KEYS: &[&str] = &["kind", "api_key_file"];

/// Every key, with those of the sources of a catalogue.
pub(super) fn known_keys(catalogue: &[&'static Source]) -> Vec<String> {
    let mut known = tls::with_keys(KEYS);
    for id in ids(catalogue) {
        let more = if has_kinds(catalogue, id) {
            MARKET_KEYS
        } else {
            &[]
        };
        let names = SOURCE_KEYS.iter().chain(more);
        known.extend(names.map(|name| format!("sources.{id}.{name}")));
    }
    known
}
