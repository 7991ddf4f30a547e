//! What would keep a service with some configuration from starting, or a part of it from working: found without starting it.

mod reload;

use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};

use jiff::Timestamp;
pub use reload::{ReloadFindings, of_reload};

use crate::access::{Access, doubt};
use crate::app::access::is_guarded;
use crate::app::certificates::read;
pub use crate::app::finding::Finding;
use crate::app::store::clock_kind;
use crate::config::{Config, SourceSettings, Store};
use crate::domain::{Currency, Preference};
use crate::fetch::Fetcher;
use crate::ledger;
use crate::sources::ApiKeyPlacement;
use crate::webhooks::{self, check_client, path_beside};

/// Everything that is wrong, in the order of the settings. The ports are bound for a moment, and a file is created in the
/// folder of the ledger and removed again. No bank is asked.
pub fn findings(config: &Config) -> Vec<Finding> {
    let mut findings = ports(config);
    findings.extend(certificates(config));
    findings.extend(keys(config));
    findings.extend(pairs(config));
    findings.extend(store(config));
    findings.extend(sources(config));
    findings.extend(receivers(config));
    findings
}

/// What is probably wrong, and keeps nothing from starting.
pub fn warnings(config: &Config) -> Vec<Finding> {
    public_url(config)
        .into_iter()
        .chain(admin_listen(config))
        .chain(public_keys(config))
        .collect()
}

/// The keys file, if it cannot be used.
fn keys(config: &Config) -> Option<Finding> {
    let error = Access::prepare(&config.access).err()?;
    Some(Finding::new("access.keys", &error, error.remedy()))
}

/// A keys file that others than the service may read.
fn public_keys(config: &Config) -> Option<Finding> {
    let path = config.access.keys.as_ref()?;
    let problem = format!("{}: {}", path.display(), doubt(path)?);
    let remedy = "chmod 600, so that the user of the service alone may read it";
    Some(Finding::new("access.keys", problem, remedy))
}

/// A port of operators that other machines may reach, and that demands nothing of them; or a key, where there is none.
fn admin_listen(config: &Config) -> Option<Finding> {
    let address = config.server.admin_listen;
    if is_guarded(config) {
        let problem = format!(
            "no one may call {address}, nor read its metrics: it demands a key, and access.keys is not set"
        );
        let remedy = "set access.keys, and make a key with `silkrate keys add NAME --scope admin`; or set access.open_admin if only operators reach the address";
        let is_missing = config.access.keys.is_none();
        return is_missing.then(|| Finding::new("server.admin_listen", problem, remedy));
    }
    if !config.access.open_admin || address.ip().is_loopback() {
        return None;
    }
    let problem = format!(
        "everyone who reaches {address} decides on held values and files tables: the port demands no certificate and no key"
    );
    let remedy = "remove access.open_admin, so that it demands a key, admit only clients with a certificate (admin.tls.client_ca), or let a firewall or a network policy admit only operators and probes";
    Some(Finding::new("server.admin_listen", problem, remedy))
}

/// An address of the pages that no usual proxy leads to. A proxy passes the path of the site on as it is, or removes the
/// beginning of it, so that the path of the site ends with `web.path`.
fn public_url(config: &Config) -> Option<Finding> {
    let (url, path) = (config.web.public_url.as_ref()?, &config.web.path);
    let (_scheme, rest) = url.split_once("://")?;
    let (_authority, within) = rest.split_once('/').unwrap_or((rest, ""));
    if format!("/{within}").ends_with(path) {
        return None;
    }
    let problem = format!("{url} does not end with {path}, the path of every request (web.path)");
    let remedy = "set web.public_url to the address of the page with all rates, with the sub-path; it is right as it is only if a proxy adds the path to each request";
    Some(Finding::new("web.public_url", problem, remedy))
}

/// The certificates, keys and authorities that cannot be used.
fn certificates(config: &Config) -> impl Iterator<Item = Finding> {
    let wrong = read(config).filter_map(|(table, tls)| Some((table, tls.err()?)));
    wrong.map(|(table, error)| {
        let key = format!("{table}.{}", error.setting());
        Finding::new(key, &error, error.remedy())
    })
}

/// The certificates that end soon, and those that clients probably refuse. A service that runs logs them by itself.
pub fn doubtful_certificates(config: &Config) -> impl Iterator<Item = Finding> {
    let loaded = read(config).filter_map(|(table, tls)| Some((table, tls.ok()?)));
    loaded.flat_map(|(table, tls)| {
        let (path, validity) = (tls.files().certificate.display(), tls.validity());
        let finding = |problem: &dyn Display, remedy| {
            let problem = format!("{path}: {problem}");
            Finding::new(format!("{table}.certificate"), problem, remedy)
        };
        let doubts = tls.doubts().into_iter();
        let mut findings: Vec<_> = doubts
            .map(|doubt| finding(&doubt.problem(), doubt.remedy()))
            .collect();
        if validity.is_near_its_end(Timestamp::now()) {
            let problem = format!("the certificate expires at {}", validity.ends);
            let remedy = "renew it; a running service uses the new one within seconds";
            findings.push(finding(&problem, remedy));
        }
        findings
    })
}

/// The ports that cannot be bound. All of them are bound at the same time, as the service does.
fn ports(config: &Config) -> Vec<Finding> {
    let ports = [
        ("server.listen", config.server.listen),
        ("server.admin_listen", config.server.admin_listen),
        ("web.listen", config.web.listen),
    ];
    let mut bound = Vec::new();
    let mut findings = Vec::new();
    for (key, address) in ports {
        match TcpListener::bind(address) {
            Ok(listener) => bound.push(listener),
            Err(error) => findings.push(unbound(key, address, &error)),
        }
    }
    findings
}

fn unbound(key: &str, address: SocketAddr, error: &io::Error) -> Finding {
    let remedy = match error.kind() {
        ErrorKind::AddrInUse => {
            "another program listens there, or another setting has the same port: stop silkrate if it runs, or choose another port"
        }
        ErrorKind::AddrNotAvailable => {
            "this machine has no such address: use one that it has, or 0.0.0.0 for all of them"
        }
        ErrorKind::PermissionDenied => "this user may not bind it: choose a port above 1023",
        _ => "choose another address and port",
    };
    Finding::new(key, format!("cannot listen on {address}: {error}"), remedy)
}

/// The pairs of the ticker that no enabled source can quote.
fn pairs(config: &Config) -> Vec<Finding> {
    let items = config.ticker.pairs.items();
    let impossible = items.filter_map(|item| {
        let (base, quote) = item.split_once('/')?;
        let reason = impossible(config, base, quote)?;
        let remedy = "correct or remove it, or enable a source that quotes it and name that in ticker.prefer";
        Some(Finding::new("ticker.pairs", format!("`{item}` cannot exist: {reason}"), remedy))
    });
    impossible.collect()
}

/// Why a pair, one side of which may be a star, cannot exist; `None` if it can.
fn impossible(config: &Config, base: &str, quote: &str) -> Option<String> {
    let sides = [base, quote].map(|side| Currency::parse(side).ok());
    for currency in sides.into_iter().flatten() {
        if !is_known(currency) {
            return Some(format!("there is no currency `{currency}`"));
        }
    }
    let of_the_five = |side: &Option<Currency>| side.is_none_or(Currency::is_of_the_five);
    if !sides.iter().any(of_the_five) {
        return Some("neither side is KZT, KGS, TJS, UZS or TMT".to_owned());
    }
    let quoted = |home: Currency, other: Currency| {
        config
            .sources
            .iter()
            .any(|settings| answers(config, settings, home) && quotes(settings, other))
    };
    let can_exist =
        |base: Currency, quote: Currency| match (base.is_of_the_five(), quote.is_of_the_five()) {
            (true, true) if base == quote => true,
            (true, true) => quoted(base, Currency::USD) && quoted(quote, Currency::USD),
            (true, false) => quoted(base, quote),
            (false, true) => quoted(quote, base),
            (false, false) => false,
        };
    let candidates = |side: Option<Currency>| match side {
        Some(currency) => vec![currency],
        None => [&Currency::FIVE[..], &[Currency::USD]].concat(),
    };
    // A star stands for currencies other than the other side.
    let is_exact = sides.iter().all(Option::is_some);
    let [base, quote] = sides.map(candidates);
    let exists = base.iter().any(|base| {
        let mut others = quote.iter().filter(|quote| is_exact || *quote != base);
        others.any(|quote| can_exist(*base, *quote))
    });
    (!exists).then(|| "no enabled source that ticker.prefer names quotes it".to_owned())
}

/// Whether a code is that of a currency, as ISO 4217 lists them.
fn is_known(currency: Currency) -> bool {
    iso_currency::Currency::from_code(currency.as_str()).is_some()
}

/// Whether a source may answer for one of the five.
fn answers(config: &Config, settings: &SourceSettings, home: Currency) -> bool {
    config
        .ticker
        .prefer
        .iter()
        .any(|preference| match preference {
            Preference::Home => settings.source.home == Some(home),
            Preference::Source(id) => settings.source.id == *id,
        })
}

/// Whether the tables of a source may price one of the five in another currency. A bank prints rows for most of them; a market
/// table is read for the dollar alone.
fn quotes(settings: &SourceSettings, other: Currency) -> bool {
    settings.source.home.is_some() || other == Currency::USD
}

/// Why the ledger, and the file of webhooks beside it, cannot be opened.
fn store(config: &Config) -> Vec<Finding> {
    let path = match &config.store {
        // Otherwise the service starts without them.
        Store::File(path) if config.store_required => path,
        Store::File(_) | Store::Memory => return Vec::new(),
    };
    // The messages say what to do.
    let finding = |error: &dyn Display| {
        let remedy = "correct it, or set store.path to another place";
        Finding::new("store.path", error, remedy)
    };
    let ledger = ledger::check(path, clock_kind(config)).err();
    let has_webhooks = !config.webhooks.is_empty();
    let webhooks = has_webhooks.then(|| webhooks::check(&path_beside(path)).err());
    let ledger = ledger.map(|error| finding(&error));
    let webhooks = webhooks.flatten().map(|error| finding(&error));
    ledger.into_iter().chain(webhooks).collect()
}

/// What keeps sources from being polled.
fn sources(config: &Config) -> impl Iterator<Item = Finding> {
    let sources = config.sources.iter();
    sources.flat_map(|settings| source(config, settings))
}

/// What keeps webhooks from being delivered.
fn receivers(config: &Config) -> impl Iterator<Item = Finding> {
    let webhooks = config.webhooks.iter();
    webhooks.filter_map(|webhook| {
        let error = check_client(webhook, &config.http).err()?;
        let remedy = "correct http.proxy, http.ca or http.extra_ca";
        Some(Finding::new("webhooks", error, remedy))
    })
}

/// What keeps a source from being polled.
fn source(config: &Config, settings: &SourceSettings) -> Vec<Finding> {
    let key = |name: &str| format!("sources.{}.{name}", settings.source.id);
    let mut findings = Vec::new();
    if let Err(error) = Fetcher::new(&config.http, settings) {
        let remedy =
            "correct base_url, proxy, ca, extra_ca or api_key_file of this source or of [http]";
        findings.push(Finding::new(key("base_url"), error, remedy));
    }
    let wants_key = settings.source.api_key_placement != ApiKeyPlacement::Open;
    let is_the_vendor = settings.base_url == settings.source.base_url;
    if wants_key && is_the_vendor && settings.api_key.is_none() {
        let problem = format!(
            "it is not set, and `{}` answers no request without a key",
            settings.source.kind
        );
        let remedy = "write the key into a file and name the file here";
        findings.push(Finding::new(key("api_key_file"), problem, remedy));
    }
    findings
}

#[cfg(test)]
mod tests;
