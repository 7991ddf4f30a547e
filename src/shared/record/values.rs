//! The values of a record that both its facts and what is served have: rows, held values and changes.

use std::cmp::Ordering;
use std::sync::Arc;

use rust_decimal::Decimal;

use crate::domain::{Change, Check, Direction, Fixing, Flag, Held, Point};
use crate::pb::log as pb;
use crate::shared::record::texts::{
    currency, decimal, named, optional_decimal, present, source, time,
};
use crate::shared::record::{RecordError, names};

pub(super) fn to_fixing(fixing: &Fixing) -> pb::Fixing {
    let Fixing {
        source,
        currency,
        units,
        value,
        home_currency,
        effective_date,
        published_change,
        superseded_value,
    } = fixing;
    let text = |number: &Decimal| number.to_string();
    pb::Fixing {
        source: source.to_string(),
        currency: currency.to_string(),
        units: *units,
        value: value.to_string(),
        home_currency: home_currency.to_string(),
        effective_date: effective_date.to_string(),
        published_change: published_change.as_ref().map(text),
        superseded_value: superseded_value.as_ref().map(text),
    }
}

pub(super) fn read_fixing(message: &pb::Fixing) -> Result<Arc<Fixing>, RecordError> {
    let (change, superseded) = (&message.published_change, &message.superseded_value);
    Ok(Arc::new(Fixing {
        source: source(&message.source)?,
        currency: currency(&message.currency, "currency of a row")?,
        units: message.units,
        value: decimal(&message.value, "value of a row")?,
        home_currency: currency(&message.home_currency, "home currency of a row")?,
        effective_date: time(&message.effective_date, "date of a row")?,
        published_change: optional_decimal(change.as_ref(), "printed change")?,
        superseded_value: optional_decimal(superseded.as_ref(), "superseded value")?,
    }))
}

pub(super) fn read_fixings(messages: &[pb::Fixing]) -> Result<Vec<Arc<Fixing>>, RecordError> {
    messages.iter().map(read_fixing).collect()
}

pub(super) fn to_point(point: &Point) -> pb::Point {
    let Point { fixings, date } = point;
    pb::Point {
        fixings: fixings.iter().map(|fixing| to_fixing(fixing)).collect(),
        date: date.to_string(),
    }
}

pub(super) fn read_point(message: &pb::Point) -> Result<Point, RecordError> {
    Ok(Point {
        fixings: read_fixings(&message.fixings)?,
        date: time(&message.date, "date of a fixing")?,
    })
}

pub(super) fn to_held(held: &Held) -> pb::Held {
    let Held {
        document,
        code,
        fixing,
        check,
        detail,
        since,
        change,
    } = held;
    pb::Held {
        document: (*document).to_owned(),
        code: code.to_string(),
        fixing: Some(to_fixing(fixing)),
        check: check.as_str().to_owned(),
        detail: detail.clone(),
        since: since.to_string(),
        change: change.as_ref().map(to_change),
    }
}

pub(super) fn read_held(message: &pb::Held) -> Result<Arc<Held>, RecordError> {
    let fixing = present(message.fixing.as_ref(), "row of a held value")?;
    Ok(Arc::new(Held {
        document: names::kept(&message.document)?,
        code: currency(&message.code, "currency of a held value")?,
        fixing: read_fixing(fixing)?,
        check: read_check(&message.check)?,
        detail: message.detail.clone(),
        since: time(&message.since, "since of a held value")?,
        change: message.change.as_ref().map(read_change).transpose()?,
    }))
}

fn to_change(change: &Change) -> pb::Change {
    let Change {
        absolute,
        percent,
        direction: _,
        reference_value,
        reference_date,
    } = change;
    pb::Change {
        absolute: absolute.to_string(),
        percent: percent.to_string(),
        reference_value: reference_value.to_string(),
        reference_date: reference_date.to_string(),
    }
}

fn read_change(message: &pb::Change) -> Result<Change, RecordError> {
    let absolute = decimal(&message.absolute, "change")?;
    Ok(Change {
        absolute,
        percent: decimal(&message.percent, "change in per cent")?,
        direction: match absolute.cmp(&Decimal::ZERO) {
            Ordering::Greater => Direction::Up,
            Ordering::Less => Direction::Down,
            Ordering::Equal => Direction::Flat,
        },
        reference_value: decimal(&message.reference_value, "reference")?,
        reference_date: time(&message.reference_date, "date of a reference")?,
    })
}

pub(super) fn to_flag(flag: &Flag) -> pb::Flag {
    let Flag {
        check,
        currency,
        detail,
    } = flag;
    pb::Flag {
        check: check.as_str().to_owned(),
        currency: currency.map(|currency| currency.to_string()),
        detail: detail.clone(),
    }
}

pub(super) fn read_flag(message: &pb::Flag) -> Result<Flag, RecordError> {
    let of_row = message.currency.as_ref();
    Ok(Flag {
        check: read_check(&message.check)?,
        currency: of_row
            .map(|code| currency(code, "currency of a flag"))
            .transpose()?,
        detail: message.detail.clone(),
    })
}

fn read_check(name: &str) -> Result<Check, RecordError> {
    named(Check::parse(name), name, "check")
}
