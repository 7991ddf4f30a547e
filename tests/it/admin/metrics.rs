//! The page of metrics: what stands on it, in which format, and that the chapter lists it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use silkrate::config::Store;
use tempfile::TempDir;

use crate::admin::{PATIENCE, eventually, operators, silkrate_in_trouble};
use crate::support::april::{bank_of_april, nbk, nbk_path, silkrate_of_april, silkrate_waiting};
use crate::support::authority::Authority;
use crate::support::bank::{Bank, Fault};
use crate::support::browser::{Answer, get};
use crate::support::keys::Keys;
use crate::support::silkrate::{Silkrate, settings, source};
use crate::webhooks::webhook;

/// The header of a scrape by Prometheus.
const PROMETHEUS: (&str, &str) = (
    "accept",
    "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
);

/// How long a poll waits for a bank that hangs.
const SHORT: Duration = Duration::from_millis(500);

/// A family of the page: its type, its labels and its help.
type Family = (String, BTreeSet<String>, String);

pub(super) async fn scrape(silkrate: &Silkrate) -> Answer {
    let answer = get(operators(silkrate), "/metrics", &[]).await;
    assert_eq!(answer.status, 200);
    answer
}

/// The samples of a page: the value of each, by its name with its labels.
pub(super) fn samples(page: &Answer) -> BTreeMap<String, String> {
    let samples = page.text().lines().filter(|line| !line.starts_with('#'));
    let samples = samples.map(|line| line.rsplit_once(' ').unwrap());
    let owned = samples.map(|(name, value)| (name.to_owned(), value.to_owned()));
    owned.collect()
}

/// Reads the page until its samples are as they should be.
pub(super) async fn until_so(
    silkrate: &Silkrate,
    is_so: impl Fn(&BTreeMap<String, String>) -> bool,
) -> BTreeMap<String, String> {
    eventually(async || {
        let samples = samples(&scrape(silkrate).await);
        is_so(&samples).then_some(samples)
    })
    .await
}

/// Reads the page until a sample has a value.
pub(super) async fn until(
    silkrate: &Silkrate,
    name: &str,
    value: &str,
) -> BTreeMap<String, String> {
    let has_value = |known: &String| known == value;
    until_so(silkrate, |samples| samples.get(name).is_some_and(has_value)).await
}

/// The families of a page.
fn families(page: &Answer) -> BTreeMap<String, Family> {
    let mut families = BTreeMap::<String, Family>::new();
    for line in page.text().lines() {
        if let Some(comment) = line.strip_prefix("# HELP ") {
            let (name, help) = comment.split_once(' ').unwrap();
            families.entry(name.to_owned()).or_default().2 = help.to_owned();
        } else if let Some(comment) = line.strip_prefix("# TYPE ") {
            let (name, kind) = comment.split_once(' ').unwrap();
            families.entry(name.to_owned()).or_default().0 = kind.to_owned();
        } else {
            let name = line.split(['{', ' ']).next().unwrap();
            let is_histogram =
                |name: &&str| families.get(*name).is_some_and(|it| it.0 == "histogram");
            let endings = ["_bucket", "_sum", "_count"];
            let mut whole = endings
                .iter()
                .filter_map(|ending| name.strip_suffix(ending));
            let name = whole.find(is_histogram).unwrap_or(name);
            let family = families.get_mut(name);
            let family = family.unwrap_or_else(|| panic!("{name} has no type"));
            let labels = line.split_once('{').map_or("", |(_, labels)| labels);
            let names = labels
                .split("=\"")
                .map(|part| part.rsplit(['{', ',', '"']).next().unwrap());
            let names =
                names.filter(|name| !name.contains(['}', ' ']) && !["le", ""].contains(name));
            family.1.extend(names.map(ToOwned::to_owned));
        }
    }
    families
}

/// The families in the table of the chapter.
fn chapter() -> BTreeMap<String, Family> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/telemetry/README.md");
    let text = fs::read_to_string(path).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let row = |line: &str| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, kind, labels, help] = cells[..] else {
            panic!("a row has four cells: {line}");
        };
        let labels = labels.split(", ").filter(|label| !label.is_empty());
        let labels = labels.map(|label| label.trim_matches('`').to_owned());
        let family = (kind.to_owned(), labels.collect(), help.to_owned());
        (name.trim_matches('`').to_owned(), family)
    };
    rows.map(row).collect()
}

#[tokio::test]
async fn the_chapter_lists_the_families_of_the_page_and_no_others() {
    let folder = TempDir::new().unwrap();
    let bank = bank_of_april().await;
    let mut config = settings("2026-04-02T09:00:00Z");
    config.store = Store::File(folder.path().join("silkrate.db"));
    config.sources.push(source("nbk", "", &bank.url()));
    config.webhooks.push(webhook("desk", &bank.url()));
    let (authority, keys) = (Authority::new("metrics"), Keys::new());
    config.access = keys.settings(false);
    config.server.tls = Some(authority.server());
    let mut silkrate = Silkrate::start(config).await;
    silkrate.all_attempted().await;
    get(silkrate.web, "/v1/sources", &[]).await;
    // The bank takes no event, so one waits.
    let third = nbk("03.04.2026", ("476.00", "0.91"), ("3.92", "0.01"));
    bank.publish(&[(nbk_path("03.04.2026"), third)]);
    let failed = "silkrate_webhook_attempts_total{webhook=\"desk\",outcome=\"failed\"}";
    until(&silkrate, failed, "1").await;
    let (page, mut chapter) = (families(&scrape(&silkrate).await), chapter());
    for (name, family) in &mut chapter {
        // A service that runs alone has no sample of a replica, and so no label; `tests/shared` reads those of replicas.
        if name.starts_with("silkrate_replica_") {
            family.1.clear();
        }
    }
    for (name, family) in &page {
        assert_eq!(chapter.get(name), Some(family), "the row of {name}");
    }
    for name in chapter.keys() {
        assert!(page.contains_key(name), "{name} is not on the page");
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn the_page_has_the_rates_that_are_served_and_the_state_of_their_source() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    let served = silkrate.rate("KZT/USD").await;
    let samples = samples(&scrape(&silkrate).await);
    let value = |name: &str| samples.get(name).map(String::as_str);
    let rate = "silkrate_rate{pair=\"USD/KZT\",source=\"nbk\"}";
    assert_eq!(value(rate), Some("475.09"));
    let rate = "silkrate_rate{pair=\"KZT/USD\",source=\"nbk\"}";
    assert_eq!(value(rate), Some(served.value.as_str()));
    // 3.68 of 478.77, and no change but that of the bank's own table before.
    let change = "silkrate_rate_change_ratio{pair=\"USD/KZT\",source=\"nbk\"}";
    assert_eq!(value(change), Some("-0.007686"));
    let silent = samples.keys().filter(|name| name.contains("TJS"));
    assert_eq!(silent.count(), 0, "no source quotes it");
    for (name, expected) in [
        (
            "silkrate_source_freshness{source=\"nbk\",freshness=\"fresh\"}",
            "1",
        ),
        (
            "silkrate_source_freshness{source=\"nbk\",freshness=\"late\"}",
            "0",
        ),
        (
            "silkrate_source_polling{source=\"nbk\",polling=\"ok\"}",
            "1",
        ),
        (
            "silkrate_source_polling{source=\"nbk\",polling=\"failing\"}",
            "0",
        ),
        ("silkrate_source_missed_publications{source=\"nbk\"}", "0"),
        (
            "silkrate_source_requests_per_day{source=\"nbk\"}",
            "1000000",
        ),
        ("silkrate_source_held_values{source=\"nbk\"}", "0"),
        ("silkrate_ledger_writable", "1"),
    ] {
        assert_eq!(value(name), Some(expected), "{name}");
    }
    let revision = silkrate.board.snapshot().position.revision.to_string();
    assert_eq!(value("silkrate_revision"), Some(revision.as_str()));
    silkrate.finish().await;
}

#[tokio::test]
async fn a_table_is_as_old_as_the_midnight_of_its_date_at_the_bank() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let samples = samples(&scrape(&silkrate).await);
    let midnight = &samples["silkrate_source_newest_table_timestamp_seconds{source=\"nbk\"}"];
    // In Almaty, 14 hours before the clock of the test began.
    assert_eq!(midnight, "1775070000.0");
    let clock = &samples["silkrate_clock_timestamp_seconds"];
    assert!(clock.starts_with("17751204"), "{clock}");
    silkrate.finish().await;
}

#[tokio::test]
async fn what_is_unknown_is_absent_and_not_zero() {
    let bank = Bank::start().await;
    bank.break_with(Some(Fault::Status(500)));
    let mut silkrate = silkrate_of_april(&bank).await;
    silkrate
        .until(|detail| detail.consecutive_failures > 0)
        .await;
    let samples = samples(&scrape(&silkrate).await);
    let of_source: Vec<_> = samples.keys().filter(|name| name.contains("nbk")).collect();
    for absent in ["silkrate_rate", "newest_table", "last_success"] {
        let found = of_source.iter().find(|name| name.contains(absent));
        assert_eq!(found, None);
    }
    let failing = "silkrate_source_polling{source=\"nbk\",polling=\"failing\"}";
    assert_eq!(samples[failing], "1");
    assert_ne!(
        samples["silkrate_source_consecutive_poll_failures{source=\"nbk\"}"],
        "0"
    );
    let freshness = samples
        .iter()
        .filter(|(name, _)| name.contains("_freshness{"));
    assert!(freshness.clone().all(|(_, value)| value == "0"));
    assert_eq!(freshness.count(), 4);
    // The ledger is in memory.
    assert!(!samples.contains_key("silkrate_ledger_size_bytes"));
    silkrate.finish().await;
}

#[tokio::test]
async fn a_held_value_and_an_unsaved_entry_are_counted() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silkrate.db");
    let (silkrate, bank) = silkrate_in_trouble(&path, true).await;
    let fourth = nbk("03.04.2026", ("4760.0", "4284.0"), ("3.92", "0.01"));
    bank.publish(&[(nbk_path("03.04.2026"), fourth)]);
    silkrate
        .committed(|snapshot| snapshot.sources().any(|state| !state.held.is_empty()))
        .await;
    let samples = samples(&scrape(&silkrate).await);
    assert_eq!(samples["silkrate_source_held_values{source=\"nbk\"}"], "1");
    assert_eq!(samples["silkrate_ledger_writable"], "0");
    for name in [
        "silkrate_ledger_unsaved_entries",
        "silkrate_ledger_failures_total",
    ] {
        assert!(samples[name].parse::<u64>().unwrap() >= 1, "{name}");
    }
    assert_eq!(samples["silkrate_ledger_lost_entries_total"], "0");
    silkrate.finish().await;
}

#[tokio::test]
async fn prometheus_reads_open_metrics_and_another_reader_the_text_format() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let text = scrape(&silkrate).await;
    let format = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!(text.header("content-type"), Some(format));
    assert_eq!(text.header("cache-control"), Some("no-store"));
    assert_eq!(text.header("x-content-type-options"), Some("nosniff"));
    assert!(
        text.text()
            .contains("\n# TYPE process_cpu_seconds_total counter\n")
    );
    assert!(!text.text().contains("# EOF"));
    let open_metrics = get(operators(&silkrate), "/metrics", &[PROMETHEUS]).await;
    let format = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(open_metrics.header("content-type"), Some(format));
    let page = open_metrics.text();
    assert!(page.contains("\n# TYPE process_cpu_seconds counter\n"));
    assert!(page.ends_with("\n# EOF\n"));
    silkrate.finish().await;
}

#[tokio::test]
async fn polls_are_counted_by_how_they_ended() {
    for (fault, outcome) in [
        (None, "ok"),
        (Some(Fault::Status(500)), "status"),
        (Some(Fault::Redirect), "status"),
        (Some(Fault::Status(403)), "refused"),
        (Some(Fault::Garbage), "unreadable"),
        (Some(Fault::Huge), "unreadable"),
        (Some(Fault::Hang), "unreachable"),
    ] {
        let bank = bank_of_april().await;
        bank.break_with(fault);
        let hangs = matches!(fault, Some(Fault::Hang));
        let read_timeout = if hangs { SHORT } else { PATIENCE };
        let silkrate = silkrate_waiting(&bank, read_timeout).await;
        let samples = samples(&scrape(&silkrate).await);
        let polls = samples.iter();
        let polls = polls.filter(|(name, _)| name.starts_with("silkrate_source_polls_total{"));
        let (counted, zero): (Vec<_>, Vec<_>) = polls.partition(|(_, value)| *value != "0");
        let [(name, _)] = counted[..] else {
            panic!("{fault:?}: {counted:?}");
        };
        let expected =
            format!("silkrate_source_polls_total{{source=\"nbk\",outcome=\"{outcome}\"}}");
        assert_eq!(*name, expected, "{fault:?}");
        assert_eq!(zero.len(), 7, "every other outcome is zero");
        silkrate.finish().await;
    }
}

#[tokio::test]
async fn commits_and_corrections_are_counted() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let before = samples(&scrape(&silkrate).await);
    let corrections = "silkrate_source_corrections_total{source=\"nbk\"}";
    assert_eq!(before[corrections], "0");
    // The dollar alone.
    let corrected = nbk("02.04.2026", ("475.11", "-3.66"), ("3.91", "-0.02"));
    bank.publish(&[
        (nbk_path("02.04.2026"), corrected.clone()),
        (nbk_path("03.04.2026"), corrected),
    ]);
    until(&silkrate, corrections, "1").await;
    for family in [
        "silkrate_commit_duration_seconds",
        "silkrate_ledger_append_duration_seconds",
    ] {
        let count = |samples: &BTreeMap<String, String>, sample: &str| {
            let value = &samples[&format!("{family}_{sample}")];
            value.parse::<u64>().unwrap()
        };
        let earlier = count(&before, "count");
        assert!(earlier > 0, "{family}");
        // A commit is counted once it is published.
        let after = until_so(&silkrate, |samples| count(samples, "count") > earlier).await;
        assert_eq!(count(&after, "bucket{le=\"+Inf\"}"), count(&after, "count"));
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn the_delay_of_a_table_is_observed_unless_a_start_reads_it() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let delays = "silkrate_source_publication_delay_seconds_count{source=\"nbk\"}";
    assert_eq!(samples(&scrape(&silkrate).await)[delays], "0");
    let third = nbk("03.04.2026", ("476.00", "0.91"), ("3.92", "0.01"));
    bank.publish(&[(nbk_path("03.04.2026"), third)]);
    until(&silkrate, delays, "1").await;
    silkrate.finish().await;
}

#[tokio::test]
async fn a_flag_is_counted_by_the_check_that_failed() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let flags = |check| format!("silkrate_source_flags{{source=\"nbk\",check=\"{check}\"}}");
    // The dollar is 0.91 dearer than the day before.
    let third = nbk("03.04.2026", ("476.00", "0.19"), ("3.92", "0.01"));
    bank.publish(&[(nbk_path("03.04.2026"), third)]);
    let samples = until(&silkrate, &flags("published_change"), "1").await;
    assert_eq!(samples[&flags("missing_row")], "0");
    silkrate.finish().await;
}
