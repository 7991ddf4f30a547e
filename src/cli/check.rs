//! `silkrate check`: fetches the banks' documents once, and prints the raw text beside the parsed rows.

mod fetch;
mod report;

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::cli::config;
use crate::cli::failure::Failure;
use crate::cli::paint::without_controls;
use crate::config::{Config, SourceSettings};
use crate::domain::Table;
use crate::fetch::{FetchError, ParsedResponse, not_found_error};
use crate::sources::{Document, ParseError, Source, TableSelector};

const EXAMPLES: &str = "\
Examples:
  silkrate check                               fetch from every enabled source
  silkrate check nbk                           one of them
  silkrate check nbk --save documents          and save the response, byte for byte
  SILKRATE_SOURCES__NBK__BASE_URL=http://127.0.0.1:8000 silkrate check nbk";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CheckArgs {
    /// Ids of sources; default: every enabled source.
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,
    /// Save the raw bytes in this directory; an existing file is never overwritten.
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// The configuration file (TOML); SILKRATE_… environment variables override it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) async fn run(arguments: &CheckArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let config = config::load(arguments.config.as_deref())?;
    let chosen = chosen(&config, &arguments.sources)?;
    if let Some(folder) = &arguments.save {
        fs::create_dir_all(folder).map_err(|error| with_path(folder, &error))?;
    }
    let now = config
        .clock
        .map_or_else(Timestamp::now, |clock| clock.start);
    let mut all_good = true;
    for settings in chosen {
        for (document, request) in requests(settings.source, now) {
            let check = Check {
                config: &config,
                settings,
                document,
                request,
                save: arguments.save.as_deref(),
            };
            all_good &= check.run(out).await?;
            out.flush()?;
        }
    }
    if all_good {
        Ok(())
    } else {
        let hint = "see the lines marked FAILED; compare with the bank's page in a browser";
        Err(Failure::failed(
            "not every document could be fetched and parsed",
            hint,
        ))
    }
}

/// The error with the path that it is about, which an error of the system does not name.
fn with_path(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// The sources named, in that order; all of them if none is named.
fn chosen<'a>(config: &'a Config, ids: &[String]) -> Result<Vec<&'a SourceSettings>, Failure> {
    if ids.is_empty() {
        return Ok(config.sources.iter().collect());
    }
    let enabled = config.sources.iter();
    let enabled = enabled.map(|settings| settings.source.id.as_str());
    let enabled = enabled.collect::<Vec<_>>().join(", ");
    let found = ids.iter().map(|id| {
        let mut sources = config.sources.iter();
        sources
            .find(|settings| settings.source.id.as_str() == id)
            .ok_or_else(|| Failure::Usage {
                message: format!("`{id}` is not an enabled source"),
                hint: format!("enabled sources: {enabled}; `silkrate config` prints all"),
            })
    });
    found.collect()
}

/// One request for a document.
struct Request {
    path: String,
    selector: TableSelector,
    date: Date,
    /// Whether the date is after today.
    is_ahead: bool,
}

/// The requests that a poll would make now, the newest date last.
fn requests(source: &'static Source, now: Timestamp) -> Vec<(&'static Document, Request)> {
    let zone = TimeZone::get(source.zone).unwrap_or(TimeZone::UTC);
    let today = zone.to_datetime(now).date();
    let mut requests = Vec::new();
    for document in source.documents {
        let mut selector = vec![document.at_start];
        selector.extend(document.polls);
        selector.sort_by_key(|selector| {
            matches!(
                selector,
                TableSelector::Tomorrow | TableSelector::NextFixing
            )
        });
        selector.dedup();
        for selector in selector {
            let date = document.date(selector, today).unwrap_or(today);
            let path = document.path(selector, today);
            if let Some(path) = path {
                requests.push((
                    document,
                    Request {
                        path,
                        selector,
                        date,
                        is_ahead: date > today,
                    },
                ));
            }
        }
    }
    // On most days the next fixing is tomorrow's.
    requests.dedup_by(|(_, one), (_, other)| one.path == other.path);
    requests
}

/// The check of one document.
struct Check<'a> {
    config: &'a Config,
    settings: &'a SourceSettings,
    document: &'static Document,
    request: Request,
    save: Option<&'a Path>,
}

impl Check<'_> {
    /// Fetches, parses, prints and saves it. False if anything failed.
    async fn run(&self, out: &mut dyn Write) -> io::Result<bool> {
        let id = self.settings.source.id;
        let selector = match self.request.selector {
            TableSelector::Latest => "the newest".to_owned(),
            TableSelector::Today | TableSelector::Tomorrow | TableSelector::NextFixing => {
                self.request.date.to_string()
            }
        };
        writeln!(out, "== {id} {}: {selector}", self.document.name)?;
        let fetched = fetch::fetch(self.config, self.settings, &self.request.path).await;
        writeln!(out, "{}", fetched.url)?;
        let error = match fetched.response {
            ParsedResponse::Parsed { content, .. } => return self.show(&content, out),
            ParsedResponse::NotFound => {
                let error = not_found_error(self.document);
                let Some(error) = error.filter(|_| !self.request.is_ahead) else {
                    let note = "no table of that date, or none yet: the source answers 404";
                    writeln!(out, "{note}\n")?;
                    return Ok(true);
                };
                error.to_owned()
            }
            ParsedResponse::Failed(error) => error.to_string(),
            ParsedResponse::Unparsable { error, .. } => error.to_string(),
            ParsedResponse::NoTable => ParseError::Empty.to_string(),
            // No validators were sent, so there is nothing that it could mean.
            ParsedResponse::NotModified => FetchError::UnexpectedNotModified.to_string(),
        };
        let error = without_controls(&error);
        writeln!(out, "FAILED: {error}\n")?;
        Ok(false)
    }

    /// Parses, prints and saves a document. False if anything failed.
    fn show(&self, body: &[u8], out: &mut dyn Write) -> io::Result<bool> {
        writeln!(out, "status 200, {} bytes", body.len())?;
        let parsed = (self.document.parse)(body);
        if parsed == Err(ParseError::Empty) && self.request.selector != TableSelector::Latest {
            out.write_all(report::head(body).as_bytes())?;
            writeln!(
                out,
                "no table of that date, or none yet: the document has no rows\n"
            )?;
            return Ok(true);
        }
        out.write_all(report::text(body, &parsed).as_bytes())?;
        let saved = self.save(body, parsed.as_ref().ok(), out)?;
        writeln!(out)?;
        Ok(saved && parsed.is_ok())
    }

    /// Saves the bytes if `--save` is given. False if a file with other content exists.
    fn save(&self, body: &[u8], table: Option<&Table>, out: &mut dyn Write) -> io::Result<bool> {
        let Some(folder) = self.save else {
            return Ok(true);
        };
        let date = table.map_or(self.request.date, |table| table.effective_date);
        let id = self.settings.source.id;
        let extension = report::extension(body);
        let path = folder.join(format!("{id}-{}-{date}.{extension}", self.document.name));
        match fs::File::create_new(&path) {
            Ok(mut file) => {
                file.write_all(body)
                    .map_err(|error| with_path(&path, &error))?;
                writeln!(out, "saved as {}", path.display())?;
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let same = fs::read(&path)? == body;
                let verdict = if same {
                    "already saved as"
                } else {
                    "FAILED: not saved, another document exists at"
                };
                writeln!(out, "{verdict} {}", path.display())?;
                Ok(same)
            }
            Err(error) => Err(with_path(&path, &error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::nbk;

    fn config() -> Config {
        Config::load(None, std::iter::empty()).unwrap()
    }

    #[test]
    fn only_enabled_sources_can_be_checked() {
        let config = config();
        assert_eq!(chosen(&config, &[]).unwrap().len(), config.sources.len());
        assert_eq!(chosen(&config, &["nbk".to_owned()]).unwrap().len(), 1);
        let unknown = chosen(&config, &["nowhere".to_owned()]).unwrap_err();
        assert_eq!(unknown.code(), 64);
    }

    #[test]
    fn a_check_requests_what_a_poll_would_request_in_the_banks_time_zone() {
        // Half past ten in the evening in London is the next day in Almaty.
        let now: Timestamp = "2026-04-01T22:30:00Z".parse().unwrap();
        let requests = requests(&nbk::SOURCE, now);
        let dates: Vec<String> = requests
            .iter()
            .map(|(_, one)| one.date.to_string())
            .collect();
        assert_eq!(dates, ["2026-04-02", "2026-04-03"]);
    }

    #[test]
    fn a_saved_document_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let config = config();
        let now: Timestamp = "2026-04-01T09:00:00Z".parse().unwrap();
        let (document, request) = requests(&nbk::SOURCE, now).remove(0);
        let check = Check {
            config: &config,
            settings: chosen(&config, &["nbk".to_owned()]).unwrap()[0],
            document,
            request,
            save: Some(folder.path()),
        };
        let mut out = Vec::new();
        assert!(check.save(b"<a/>", None, &mut out).unwrap());
        assert!(check.save(b"<a/>", None, &mut out).unwrap());
        assert!(!check.save(b"<b/>", None, &mut out).unwrap());
        let kept = fs::read(folder.path().join("nbk-daily-2026-04-01.xml")).unwrap();
        assert_eq!(kept, b"<a/>");
    }
}
