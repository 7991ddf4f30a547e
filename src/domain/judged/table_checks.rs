//! The checks of a whole table: its shape and its date. A table that fails one is refused, never repaired.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use thiserror::Error;

use crate::domain::judged::DocumentRecord;
use crate::domain::published::{Currency, DatingRule, Table};

/// How far ahead a table may be dated: banks publish for the next working day, also before long holidays.
const DAYS_AHEAD_MAX: i32 = 10;
/// A table must contain four in five of the currencies of the one before it. With fewer it is a truncated page or
/// another document.
const KEPT_FIFTHS_MIN: usize = 4;

/// How far the clock of a market vendor may be ahead of the service's.
const CLOCK_AHEAD_MAX: SignedDuration = SignedDuration::from_hours(1);

/// Why a table is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Implausible {
    /// A required currency is missing.
    #[error("there is no row for {0}")]
    Missing(Currency),
    /// Too many of the currencies of the table before are missing.
    #[error("it has only {kept} of the {before} currencies of the table before it")]
    Shrunk {
        /// How many of them the table contains.
        kept: usize,
        /// How many the table before it contains.
        before: usize,
    },
    /// The instant of a market table is in the future.
    #[error("its instant {0} is in the future")]
    NotYet(Timestamp),
    /// A table for the day of publication is dated in the future.
    #[error("it is dated {0}, in the future")]
    Ahead(Date),
    /// The date is too far ahead.
    #[error("it is dated {0}, more than {DAYS_AHEAD_MAX} days ahead")]
    FarAhead(Date),
    /// The table is older than the one in force, and the newest was requested.
    #[error("it is dated {date}, older than the table of {in_force} in force")]
    OlderThanInForce {
        /// The date that the table prints.
        date: Date,
        /// The date in force.
        in_force: Date,
    },
}

/// Which table was requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// The newest one.
    Newest,
    /// One of any date: at start, in a replay, or a missed one.
    AnyDate,
    /// A table of the past that an operator submitted.
    Backfill,
}

/// Checks the shape and the date of a table against the known tables of the same document.
pub fn check_table(
    table: &Table,
    document: &DocumentRecord,
    today: Date,
    now: Timestamp,
    intent: Intent,
) -> Result<(), Implausible> {
    let mut required = document.required.iter();
    if let Some(missing) = required.find(|currency| !table.rows.contains_key(currency)) {
        return Err(Implausible::Missing(*missing));
    }
    let (history, date) = (&document.history, table.effective_date);
    // The list of a bank grows over the years, so a table is compared with the one before its own date.
    if let Some(before) = history.date_in_force(date) {
        let rows_before = history.printed(before);
        let kept = rows_before
            .keys()
            .filter(|code| table.rows.contains_key(code));
        let (kept, before) = (kept.count(), rows_before.len());
        if kept.saturating_mul(5) < before.saturating_mul(KEPT_FIFTHS_MIN) {
            return Err(Implausible::Shrunk { kept, before });
        }
    }
    if let Some(as_of) = table.as_of
        && as_of.duration_since(now) > CLOCK_AHEAD_MAX
    {
        return Err(Implausible::NotYet(as_of));
    }
    // If the table has an instant, only that counts: the service's clock may be a moment behind midnight.
    if document.schedule.dating == DatingRule::SameDay && table.as_of.is_none() && date > today {
        return Err(Implausible::Ahead(date));
    }
    if today
        .checked_add(DAYS_AHEAD_MAX.days())
        .is_ok_and(|limit| date > limit)
    {
        return Err(Implausible::FarAhead(date));
    }
    match history.date_in_force(today) {
        Some(in_force) if intent == Intent::Newest && date < in_force => {
            Err(Implausible::OlderThanInForce { date, in_force })
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::civil::date;
    use rust_decimal::Decimal;

    use super::*;
    use crate::domain::judged::{History, RevisionPolicy};
    use crate::domain::published::{Exceptions, Fixing, Hours, MovingFeasts, Schedule, SourceId};

    fn table(effective_date: Date, codes: &[&'static str]) -> Table {
        let row = |code: &&'static str| {
            let currency = Currency::constant(code);
            let fixing = Fixing {
                source: SourceId::new("nbk"),
                currency,
                units: 1,
                value: Decimal::ONE,
                home_currency: Currency::KZT,
                effective_date,
                published_change: None,
                superseded_value: None,
            };
            (currency, Arc::new(fixing))
        };
        let rows = codes.iter().map(row).collect();
        Table {
            document: "daily",
            pivot: Currency::KZT,
            effective_date,
            as_of: None,
            rows,
            dropped: Vec::new(),
        }
    }

    fn checked(table: &Table, intent: Intent) -> Result<(), Implausible> {
        checked_on(DatingRule::NextDay, table, intent)
    }

    /// Checks on 2 April 2026, for a document with this dating rule.
    fn checked_on(dating: DatingRule, table: &Table, intent: Intent) -> Result<(), Implausible> {
        let mut history = History::new(RevisionPolicy::Correction);
        history.insert(self::table(
            date(2026, 4, 1),
            &["USD", "EUR", "RUB", "KGS", "UZS"],
        ));
        let document = DocumentRecord {
            name: "daily",
            schedule: Schedule {
                hours: Hours {
                    days: &[],
                    opens: 0,
                    closes: 24,
                },
                dating,
                holidays: &[],
                feasts: MovingFeasts::NONE,
                exceptions: Exceptions::NONE,
                repeated_on: &[],
                valid_days: 1,
            },
            required: &[Currency::USD],
            typical_dollar: None,
            history,
        };
        let today = date(2026, 4, 2);
        let now = Timestamp::UNIX_EPOCH;
        check_table(table, &document, today, now, intent)
    }

    #[test]
    fn a_table_without_the_dollar_is_refused() {
        let table = table(date(2026, 4, 2), &["EUR", "RUB", "KGS", "UZS"]);
        assert_eq!(
            checked(&table, Intent::Newest),
            Err(Implausible::Missing(Currency::USD))
        );
    }

    #[test]
    fn a_table_must_keep_four_in_five_currencies() {
        let four = table(date(2026, 4, 2), &["USD", "EUR", "RUB", "KGS"]);
        assert_eq!(checked(&four, Intent::Newest), Ok(()));
        let three = table(date(2026, 4, 2), &["USD", "EUR", "RUB", "GBP"]);
        assert_eq!(
            checked(&three, Intent::Newest),
            Err(Implausible::Shrunk { kept: 3, before: 5 })
        );
    }

    #[test]
    fn ten_days_ahead_are_the_most() {
        let codes = &["USD", "EUR", "RUB", "KGS", "UZS"];
        assert_eq!(
            checked(&table(date(2026, 4, 12), codes), Intent::Newest),
            Ok(())
        );
        let far = date(2026, 4, 13);
        assert_eq!(
            checked(&table(far, codes), Intent::Newest),
            Err(Implausible::FarAhead(far))
        );
    }

    #[test]
    fn a_table_of_the_day_itself_is_not_taken_before_the_day() {
        let checked = |day| {
            let table = table(day, &["USD", "EUR", "RUB", "KGS", "UZS"]);
            checked_on(DatingRule::SameDay, &table, Intent::Newest)
        };
        assert_eq!(checked(date(2026, 4, 2)), Ok(()));
        let tomorrow = date(2026, 4, 3);
        assert_eq!(checked(tomorrow), Err(Implausible::Ahead(tomorrow)));
    }

    #[test]
    fn an_older_table_is_welcome_only_when_history_was_asked() {
        let older = date(2026, 3, 31);
        let table = table(older, &["USD", "EUR", "RUB", "KGS", "UZS"]);
        let outdated = Implausible::OlderThanInForce {
            date: older,
            in_force: date(2026, 4, 1),
        };
        assert_eq!(checked(&table, Intent::Newest), Err(outdated));
        assert_eq!(checked(&table, Intent::AnyDate), Ok(()));
    }
}
