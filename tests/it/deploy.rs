//! The files for operators, beside what the service has: the families of metrics that alerts and panels name, and the sections
//! of the runbook. `tests/deploy` runs them against a service.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

const ALERTS: &str = "deploy/prometheus/alerts.yml";
const TESTS_OF_ALERTS: &str = "deploy/prometheus/alerts.test.yml";
const RUNBOOK: &str = "deploy/runbook.md";
const DASHBOARDS: &str = "deploy/grafana/dashboards";
/// The labels that Prometheus adds to every series.
const LABELS_OF_PROMETHEUS: &[&str] = &["instance", "job"];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The words between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// The names of series with their labels, by the table of the chapter on metrics.
fn table_of_metrics() -> BTreeMap<String, BTreeSet<String>> {
    let chapter = read("src/telemetry/README.md");
    let mut series = BTreeMap::new();
    for row in chapter.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, name, kind, labels, ..] = cells[..] else {
            panic!("{row}");
        };
        let name = quoted(name).remove(0);
        let mut labels: BTreeSet<String> = quoted(labels).into_iter().collect();
        labels.extend(LABELS_OF_PROMETHEUS.iter().map(|label| (*label).to_owned()));
        if kind == "histogram" {
            series.insert(format!("{name}_sum"), labels.clone());
            series.insert(format!("{name}_count"), labels.clone());
            labels.insert("le".to_owned());
            series.insert(format!("{name}_bucket"), labels);
        } else {
            series.insert(name, labels);
        }
    }
    assert!(series.len() > 40, "{series:?}");
    series
}

/// Every text of a JSON document.
fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => {
            for item in items {
                strings(item, found);
            }
        }
        Value::Object(fields) => {
            for field in fields.values() {
                strings(field, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The files that name metrics, each with its texts.
fn texts() -> Vec<(String, Vec<String>)> {
    let mut texts: Vec<_> = [ALERTS, TESTS_OF_ALERTS, RUNBOOK]
        .map(|path| (path.to_owned(), vec![read(path)]))
        .into();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(DASHBOARDS);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let dashboard = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let mut found = Vec::new();
        strings(&dashboard, &mut found);
        texts.push((path.display().to_string(), found));
    }
    assert_eq!(texts.len(), 5);
    texts
}

/// The series that a text names, each with the labels that it selects.
fn named_series(text: &str) -> Vec<(String, Vec<String>)> {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut named = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_letter) {
        let (_, word) = rest.split_at(start);
        let end = word.find(|letter| !is_letter(letter));
        let (word, after) = word.split_at(end.unwrap_or(word.len()));
        if word.starts_with("silkrate_") || word.starts_with("process_") {
            let selector = after
                .strip_prefix('{')
                .and_then(|inner| inner.split('}').next());
            let parts = selector.unwrap_or_default().split(',');
            let labels = parts.filter_map(|part| part.split(['=', '!']).next());
            let labels = labels.map(|label| label.trim().to_owned());
            let labels = labels.filter(|label| !label.is_empty());
            named.push((word.to_owned(), labels.collect()));
        }
        rest = after;
    }
    named
}

#[test]
fn every_series_that_an_alert_a_panel_or_the_runbook_names_exists_with_its_labels() {
    let table = table_of_metrics();
    let mut wrong = Vec::new();
    let mut count = 0;
    for (path, texts) in texts() {
        for (series, labels) in texts.iter().flat_map(|text| named_series(text)) {
            count += 1;
            let Some(known) = table.get(&series) else {
                wrong.push(format!("{path}: no family has the series {series}"));
                continue;
            };
            for label in labels.iter().filter(|label| !known.contains(*label)) {
                wrong.push(format!("{path}: {series} has no label {label}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 80, "{count} series");
}

#[test]
fn every_family_is_on_a_dashboard_or_in_an_alert() {
    let shown: BTreeSet<String> = texts()
        .iter()
        .flat_map(|(_, texts)| texts.iter().flat_map(|text| named_series(text)))
        .map(|(series, _)| series)
        .collect();
    let base = |series: &str| {
        let suffixes = ["_bucket", "_sum", "_count"];
        let stripped = suffixes.iter().find_map(|end| series.strip_suffix(end));
        stripped.unwrap_or(series).to_owned()
    };
    let shown: BTreeSet<String> = shown.iter().map(|series| base(series)).collect();
    let families: BTreeSet<String> = table_of_metrics().keys().map(|one| base(one)).collect();
    let unseen: Vec<_> = families.difference(&shown).collect();
    assert!(unseen.is_empty(), "no operator sees {unseen:?}");
}

#[test]
fn every_alert_has_a_test_and_a_section_of_the_runbook_and_no_section_is_left_over() {
    let (alerts, tests) = (read(ALERTS), read(TESTS_OF_ALERTS));
    let blocks: Vec<&str> = alerts.split("- alert: ").skip(1).collect();
    let names = blocks.iter().map(|block| block.lines().next().unwrap());
    let names: Vec<String> = names.map(str::to_owned).collect();
    assert!(names.len() > 10, "{names:?}");
    let runbook = read(RUNBOOK);
    let sections: Vec<String> = runbook
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .map(str::to_owned)
        .collect();
    assert_eq!(sections, names, "in the order of the rules");
    for (name, block) in names.iter().zip(blocks) {
        let anchor = format!("runbook: runbook.md#{}\n", name.to_lowercase());
        assert!(
            block.contains(&anchor),
            "{name} has the address of its section"
        );
        let firing = format!("alertname: {name}\n");
        assert!(tests.contains(&firing), "{name} is tested while it fires");
        let quiet = format!("alertname: {name}, exp_alerts: []");
        assert!(tests.contains(&quiet), "{name} is tested while it is quiet");
    }
    for link in runbook.split("](#").skip(1) {
        let anchor = link.split(')').next().unwrap();
        let is_there = names.iter().any(|name| name.to_lowercase() == anchor);
        assert!(is_there, "no section has the address #{anchor}");
    }
    for section in runbook.split("\n## ").skip(1) {
        for part in ["*Means*:", "*Look at*:", "*Do*"] {
            assert!(section.contains(part), "{part} is missing: {section}");
        }
    }
}

#[test]
fn a_series_is_found_with_the_labels_that_it_selects() {
    let text = r#"rate(silkrate_a_total{instance=~"$i", code!="OK"}[5m]) / process_b > up"#;
    let labels = ["instance", "code"].map(str::to_owned);
    let expected = [
        ("silkrate_a_total".to_owned(), labels.to_vec()),
        ("process_b".to_owned(), Vec::new()),
    ];
    assert_eq!(named_series(text), expected);
}
