//! The facts of a record: what was filed, held, decided and answered.

use crate::domain::{
    Answer, Cause, DecidedBy, Decision, FiledTable, HeldOutcome, LedgerEntry, Position, RateFilter,
    ServedFingerprint,
};
use crate::pb::log as pb;
use crate::shared::record::texts::{
    broken, currency, fingerprint, named, optional_time, present, source, time,
};
use crate::shared::record::values::{read_fixings, read_held, to_fixing, to_held};
use crate::shared::record::{RecordError, Settings, names};

/// The parts of a record that an entry has.
pub(super) fn to_record(entry: &LedgerEntry) -> pb::Record {
    let LedgerEntry {
        position,
        at,
        cause,
        filed,
        held,
        decided,
        attempted,
        answered,
        served,
    } = entry;
    pb::Record {
        epoch: position.epoch.to_string(),
        revision: position.revision,
        at: at.to_string(),
        cause: cause.as_str().to_owned(),
        source: cause.source().map(|source| source.to_string()),
        filed: filed.iter().map(to_filed).collect(),
        held: held.iter().map(|held| to_held(held)).collect(),
        decided: decided.iter().map(to_decision).collect(),
        attempted: attempted.iter().map(ToString::to_string).collect(),
        answered: answered.iter().map(to_answer).collect(),
        settings_fingerprints: served.iter().filter_map(to_fingerprint).collect(),
        ..pb::Record::default()
    }
}

/// The entry of a record, with the fingerprints of settings.
pub(super) fn read_entry(message: &pb::Record) -> Result<LedgerEntry, RecordError> {
    let held = message.held.iter().map(read_held);
    Ok(LedgerEntry {
        position: Position {
            epoch: message.epoch.as_str().into(),
            revision: message.revision,
        },
        at: time(&message.at, "at")?,
        cause: read_cause(message)?,
        filed: each(&message.filed, read_filed)?,
        held: held.collect::<Result<_, _>>()?,
        decided: each(&message.decided, read_decision)?,
        attempted: each(&message.attempted, |id| source(id))?,
        answered: each(&message.answered, read_answer)?,
        served: read_fingerprints(&message.settings_fingerprints)?,
    })
}

fn each<M, T>(
    messages: &[M],
    read: impl Fn(&M) -> Result<T, RecordError>,
) -> Result<Vec<T>, RecordError> {
    messages.iter().map(read).collect()
}

fn read_cause(message: &pb::Record) -> Result<Cause, RecordError> {
    let of = message.source.as_ref().map(|id| source(id)).transpose()?;
    named(Cause::parse(&message.cause, of), &message.cause, "cause")
}

fn to_filed(table: &FiledTable) -> pb::FiledTable {
    let FiledTable {
        source,
        document,
        pivot,
        effective_date,
        as_of,
        rows,
    } = table;
    pb::FiledTable {
        source: source.to_string(),
        document: (*document).to_owned(),
        pivot: pivot.to_string(),
        effective_date: effective_date.to_string(),
        as_of: as_of.map(|instant| instant.to_string()),
        rows: rows.iter().map(|row| to_fixing(row)).collect(),
    }
}

fn read_filed(message: &pb::FiledTable) -> Result<FiledTable, RecordError> {
    Ok(FiledTable {
        source: source(&message.source)?,
        document: names::kept(&message.document)?,
        pivot: currency(&message.pivot, "pivot")?,
        effective_date: time(&message.effective_date, "date of a table")?,
        as_of: optional_time(message.as_of.as_ref(), "instant of a table")?,
        rows: read_fixings(&message.rows)?,
    })
}

fn to_decision(decision: &Decision) -> pb::Decision {
    let Decision {
        held,
        outcome,
        by,
        note,
    } = decision;
    pb::Decision {
        held: Some(to_held(held)),
        outcome: outcome.as_str().to_owned(),
        by: by.as_str().to_owned(),
        note: note.clone(),
    }
}

fn read_decision(message: &pb::Decision) -> Result<Decision, RecordError> {
    let by = DecidedBy::parse(&message.by);
    let outcome = HeldOutcome::parse(&message.outcome);
    Ok(Decision {
        held: read_held(present(message.held.as_ref(), "value of a decision")?)?,
        outcome: named(outcome, &message.outcome, "outcome")?,
        by: named(by, &message.by, "by")?,
        note: message.note.clone(),
    })
}

fn to_answer(answer: &Answer) -> pb::Answer {
    let Answer {
        source,
        document,
        asked_at,
    } = answer;
    pb::Answer {
        source: source.to_string(),
        document: (*document).to_owned(),
        asked_at: asked_at.to_string(),
    }
}

fn read_answer(message: &pb::Answer) -> Result<Answer, RecordError> {
    Ok(Answer {
        source: source(&message.source)?,
        document: names::kept(&message.document)?,
        asked_at: time(&message.asked_at, "time of an answer")?,
    })
}

/// The fingerprint of a setting; those of what is served follow from their values.
fn to_fingerprint(served: &ServedFingerprint) -> Option<pb::SettingsFingerprint> {
    let fingerprint = served.fingerprint.filter(|_| served.is_of_settings())?;
    Some(pb::SettingsFingerprint {
        subject: served.subject.clone(),
        fingerprint: fingerprint.as_bytes().to_vec(),
    })
}

/// Those of settings. One of what is served has no place there, and one of a setting that this version does not know is of no use
/// to it.
fn read_fingerprints(
    messages: &[pb::SettingsFingerprint],
) -> Result<Vec<ServedFingerprint>, RecordError> {
    let read = each(messages, |message| {
        Ok(ServedFingerprint {
            subject: message.subject.clone(),
            fingerprint: Some(fingerprint(&message.fingerprint, "fingerprint")?),
        })
    });
    let mut read = read?;
    read.retain(ServedFingerprint::is_of_settings);
    Ok(read)
}

pub(super) fn to_settings(settings: &Settings) -> pb::Settings {
    let Settings { pairs, preferences } = settings;
    pb::Settings {
        pairs: pairs.items().collect(),
        preferences: preferences.clone(),
    }
}

pub(super) fn read_settings(message: &pb::Settings) -> Result<Settings, RecordError> {
    let pairs = RateFilter::parse(&message.pairs);
    Ok(Settings {
        pairs: pairs.map_err(|error| broken("pairs", &error))?,
        preferences: message.preferences.clone(),
    })
}
