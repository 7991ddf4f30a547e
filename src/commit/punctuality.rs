//! How long after it was expected a table is committed.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::{FiledTable, SourceRecord};

/// The time from the beginning of the publication hours of the table that the source was expected to publish next until now,
/// if that table or a later one is filed; nothing for a table that was not expected. `before` is the record without it.
pub(super) fn delay(
    before: &SourceRecord,
    filed: &[FiledTable],
    now: Timestamp,
) -> Option<Duration> {
    let delays = before.documents.iter().filter_map(|document| {
        let newest = document.history.newest()?.effective_date;
        let schedule = document.current_schedule();
        let outlook = schedule.outlook(&before.zone, now, Some(newest));
        let expected = outlook.first_missed.or(outlook.next)?;
        let mut tables = filed.iter();
        let is_there = tables.any(|table| {
            table.document == document.name && table.effective_date >= expected.effective_date
        });
        // Some banks publish before their hours.
        let since = now.duration_since(expected.opens);
        is_there.then(|| Duration::try_from(since).unwrap_or_default())
    });
    delays.max()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use jiff::civil::{Date, Weekday, date};
    use jiff::tz::TimeZone;
    use rust_decimal::Decimal;

    use super::*;
    use crate::domain::{
        Currency, DatingRule, DocumentRecord, Exceptions, Fixing, History, Hours, MovingFeasts,
        RevisionPolicy, Schedule, SourceId, Table,
    };

    const THURSDAY: Date = date(2026, 4, 2);
    const FRIDAY: Date = date(2026, 4, 3);
    const SOURCE: SourceId = SourceId::new("nbk");
    const DOCUMENT: &str = "daily";

    /// A source that publishes the table of the next day from 14 to 18 o'clock, with that of Thursday.
    fn record() -> SourceRecord {
        let dollar = Fixing {
            source: SOURCE,
            currency: Currency::USD,
            units: 1,
            value: Decimal::new(47_509, 2),
            home_currency: Currency::KZT,
            effective_date: THURSDAY,
            published_change: None,
            superseded_value: None,
        };
        let mut history = History::new(RevisionPolicy::Correction);
        history.insert(Table {
            document: DOCUMENT,
            pivot: Currency::KZT,
            effective_date: THURSDAY,
            as_of: None,
            rows: BTreeMap::from([(Currency::USD, Arc::new(dollar))]),
            dropped: Vec::new(),
        });
        let document = DocumentRecord {
            name: DOCUMENT,
            schedule: Schedule {
                hours: Hours {
                    days: &[Weekday::Wednesday, Weekday::Thursday, Weekday::Friday],
                    opens: 14,
                    closes: 18,
                },
                dating: DatingRule::NextDay,
                holidays: &[],
                feasts: MovingFeasts::NONE,
                exceptions: Exceptions::NONE,
                repeated_on: &[],
                valid_days: 1,
            },
            required: &[],
            typical_dollar: None,
            history,
        };
        SourceRecord {
            id: SOURCE,
            name: "",
            attribution: "",
            page: "",
            terms: "",
            home: Some(Currency::KZT),
            zone: TimeZone::UTC,
            documents: vec![document],
            attempted: true,
        }
    }

    /// The delay of a table that is filed on Thursday.
    fn filed(effective_date: Date, time: &str) -> Option<Duration> {
        let table = FiledTable {
            source: SOURCE,
            document: DOCUMENT,
            pivot: Currency::KZT,
            effective_date,
            as_of: None,
            rows: Vec::new(),
        };
        let now = format!("{THURSDAY}T{time}Z").parse().unwrap();
        delay(&record(), &[table], now)
    }

    #[test]
    fn the_delay_of_a_table_counts_from_the_beginning_of_its_publication_hours() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(filed(FRIDAY, "14:00:00"), seconds(0));
        assert_eq!(filed(FRIDAY, "14:01:01"), seconds(61));
        // A table that is missed.
        assert_eq!(filed(FRIDAY, "19:00:00"), seconds(5 * 3600));
        // Early is not late.
        assert_eq!(filed(FRIDAY, "13:50:00"), seconds(0));
        // A correction of the table that is there was not expected.
        assert_eq!(filed(THURSDAY, "14:00:00"), None);
    }
}
