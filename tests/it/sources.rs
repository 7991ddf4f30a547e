//! The sources against documents in the banks' formats: `tests/fixtures/<id>/`, for a market table
//! `market/<kind>/`, and one folder a document where a source has several. A file added there is tested.

mod damaged_bytes;
mod every_format;
mod flaws;
mod market;
mod quirks;
mod series;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use jiff::civil::{Date, date};
use silkrate::domain::Table;
use silkrate::sources::{ALL, ApiKeyPlacement, Document, ParseError, Source, TableSelector, find};

/// A document to be read, and the reader it is meant for.
struct Fixture {
    source: &'static Source,
    document: &'static Document,
    name: String,
    bytes: Vec<u8>,
}

impl Fixture {
    fn parse(&self) -> Result<Table, ParseError> {
        (self.document.parse)(&self.bytes)
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn folder(source: &Source, document: &Document) -> PathBuf {
    let mut folder = root().join(source.id.as_str()).join(source.kind);
    if source.documents.len() > 1 {
        folder.push(document.name);
    }
    folder
}

/// Every fixture, in the order of the sources and the file names.
fn fixtures() -> Vec<Fixture> {
    let mut found = Vec::new();
    for source in ALL.iter().copied() {
        for document in source.documents {
            let folder = folder(source, document);
            let mut paths: Vec<_> = fs::read_dir(&folder)
                .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
                .map(|entry| entry.unwrap().path())
                .collect();
            paths.sort();
            found.extend(paths.into_iter().map(|path| Fixture {
                source,
                document,
                name: path.strip_prefix(root()).unwrap().display().to_string(),
                bytes: fs::read(&path).unwrap(),
            }));
        }
    }
    found
}

/// One fixture by its path below `tests/fixtures`.
fn parse(name: &str) -> Result<Table, ParseError> {
    fixtures()
        .iter()
        .find(|fixture| fixture.name == name)
        .unwrap_or_else(|| panic!("no fixture {name}"))
        .parse()
}

/// A table as lines that can be compared with the bank's page.
fn lines(result: &Result<Table, ParseError>) -> String {
    let table = match result {
        Ok(table) => table,
        Err(error) => return format!("refused: {error}\n"),
    };
    let mut text = format!("{} {}", table.document, table.effective_date);
    if let Some(instant) = table.as_of {
        write!(text, " as of {instant}").unwrap();
    }
    text.push('\n');
    for row in table.rows.values() {
        let (units, currency, value, home) =
            (row.units, row.currency, row.value, row.home_currency);
        write!(text, "{units} {currency} = {value} {home}").unwrap();
        if let Some(change) = row.published_change {
            write!(text, " ({change})").unwrap();
        }
        text.push('\n');
    }
    for row in &table.dropped {
        writeln!(text, "dropped {}: {}", row.currency, row.reason).unwrap();
    }
    text
}

#[test]
fn every_document_is_read_as_recorded() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for source in ALL {
        let mut text = String::new();
        for fixture in fixtures() {
            if (fixture.source.id, fixture.source.kind) == (source.id, source.kind) {
                write!(text, "== {}\n{}\n", fixture.name, lines(&fixture.parse())).unwrap();
            }
        }
        let name = [source.id.as_str(), source.kind].join("-");
        settings.bind(|| insta::assert_snapshot!(name.trim_end_matches('-'), text));
    }
}

#[test]
fn every_source_has_a_folder_and_every_folder_a_source() {
    let known: BTreeSet<_> = ALL.iter().map(|source| source.id.as_str()).collect();
    // Beside the documents of the sources stand displayed figures, files of earlier versions, and certificates.
    let folders: BTreeSet<_> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !["display", "ledger", "tls", "webhooks"].contains(&name.as_str()))
        .collect();
    assert_eq!(folders, known.iter().map(|id| (*id).to_owned()).collect());
    for source in ALL {
        for document in source.documents {
            let accepted = fixtures().into_iter().filter(|fixture| {
                std::ptr::eq(fixture.source, *source)
                    && fixture.document.name == document.name
                    && fixture.parse().is_ok()
            });
            assert!(
                accepted.count() > 0,
                "{} {} {}",
                source.id,
                source.kind,
                document.name
            );
        }
    }
}

#[test]
fn sources_are_sorted_and_unique() {
    let keys: Vec<_> = ALL
        .iter()
        .map(|source| (source.id.as_str(), source.kind))
        .collect();
    assert!(keys.is_sorted_by(|one, next| one < next), "{keys:?}");
    for (id, kind) in keys {
        let found = find(id, kind).unwrap();
        assert_eq!((found.id.as_str(), found.kind), (id, kind));
    }
    assert!(find("market", "").is_none());
}

#[test]
fn every_source_has_a_usable_description() {
    for source in ALL {
        let name = format!("{} {}", source.id, source.kind);
        assert!(jiff::tz::TimeZone::get(source.zone).is_ok(), "{name}");
        assert!(
            source.base_url.starts_with("https://") && !source.base_url.ends_with('/'),
            "{name}"
        );
        assert!(source.page.starts_with("https://"), "{name}");
        assert!(
            !source.terms.is_empty() && !source.name.is_empty(),
            "{name}"
        );
        for document in source.documents {
            let hours = document.schedule.hours;
            assert!(
                (0..hours.closes).contains(&hours.opens) && hours.closes <= 24,
                "{name}"
            );
            assert!(!hours.days.is_empty(), "{name}");
            for (month, day) in document.schedule.holidays {
                let date = Date::new(2026, *month, *day);
                assert!(date.is_ok(), "{name} {month} {day}");
            }
            assert!(
                document.latest.is_some() || document.dated.is_some(),
                "{name}"
            );
            let selectors = document.polls.iter().chain([&document.at_start]);
            for selector in selectors {
                let answerable = match selector {
                    TableSelector::Latest => document.latest.is_some(),
                    TableSelector::Today | TableSelector::Tomorrow | TableSelector::NextFixing => {
                        document.dated.is_some()
                    }
                };
                assert!(
                    answerable,
                    "{name} {} has a path for {selector:?}",
                    document.name
                );
            }
        }
        assert_eq!(
            source.home.is_none(),
            source.id.as_str() == "market",
            "{name}"
        );
    }
}

#[test]
fn the_paths_have_the_form_each_source_expects() {
    let path = |id: &str, kind: &str| {
        let document = &find(id, kind).unwrap().documents[0];
        (
            document.latest,
            document.dated.map(|dated| dated(date(2026, 4, 2))),
        )
    };
    let dated = |text: &str| Some(text.to_owned());
    assert_eq!(
        path("nbk", ""),
        (None, dated("/rss/get_rates.cfm?fdate=02.04.2026"))
    );
    assert_eq!(path("nbkr", ""), (Some("/XML/daily.xml"), None));
    assert_eq!(
        path("cbu", ""),
        (None, dated("/en/arkhiv-kursov-valyut/json/all/2026-04-02/"))
    );
    assert_eq!(
        path("nbt", ""),
        (
            None,
            dated("/en/kurs/export_xml.php?date=2026-04-02&export=xmlout")
        )
    );
    assert_eq!(path("cbt", ""), (None, dated("/kurs/2026/02042026.xml")));
    assert_eq!(
        path("cbr", ""),
        (
            Some("/scripts/XML_daily.asp"),
            dated("/scripts/XML_daily.asp?date_req=02/04/2026")
        )
    );
    assert_eq!(
        path("market", "apilayer"),
        (Some("/exchangerates_data/latest?base=USD"), None)
    );
    assert_eq!(
        path("market", "fawazahmed0"),
        (
            Some("/npm/@fawazahmed0/currency-api@latest/v1/currencies/usd.json"),
            dated("/npm/@fawazahmed0/currency-api@2026-04-02/v1/currencies/usd.json")
        )
    );
    assert_eq!(
        find("nbkr", "").unwrap().documents[1].latest,
        Some("/XML/weekly.xml")
    );
}

#[test]
fn every_source_is_polled_for_the_tables_in_force_and_then_for_new_ones() {
    for (id, at_start, polls) in [
        (
            "nbk",
            TableSelector::Today,
            &[TableSelector::Today, TableSelector::Tomorrow][..],
        ),
        ("nbkr", TableSelector::Latest, &[TableSelector::Latest]),
        (
            "cbu",
            TableSelector::Today,
            &[TableSelector::Today, TableSelector::Tomorrow],
        ),
        (
            "nbt",
            TableSelector::Today,
            &[TableSelector::Tomorrow, TableSelector::NextFixing],
        ),
        (
            "cbt",
            TableSelector::Today,
            &[
                TableSelector::Today,
                TableSelector::Tomorrow,
                TableSelector::NextFixing,
            ],
        ),
        ("cbr", TableSelector::Latest, &[TableSelector::Latest]),
        ("market", TableSelector::Latest, &[TableSelector::Latest]),
    ] {
        for source in ALL.iter().filter(|source| source.id.as_str() == id) {
            for document in source.documents {
                assert_eq!(
                    (document.at_start, document.polls),
                    (at_start, polls),
                    "{id}"
                );
            }
        }
    }
}

#[test]
fn a_key_is_sent_only_to_the_vendors_that_sell_one() {
    let keyed: Vec<_> = ALL
        .iter()
        .filter(|source| source.api_key_placement != ApiKeyPlacement::Open)
        .map(|source| (source.kind, source.api_key_placement))
        .collect();
    assert_eq!(
        keyed,
        [
            ("apilayer", ApiKeyPlacement::Header("apikey")),
            ("currencylayer", ApiKeyPlacement::Query("access_key")),
            ("fixer", ApiKeyPlacement::Query("access_key")),
            ("openexchangerates", ApiKeyPlacement::Query("app_id")),
        ]
    );
}
