//! How long after the beginning of its publication hours a table is committed.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::{FiledTable, SourceRecord};

/// The time from the beginning of the publication hours of each table until now, for the tables that are newer than all of
/// their document and were expected. `before` is the record without them.
pub(super) fn delays(
    before: &SourceRecord,
    filed: &[FiledTable],
    now: Timestamp,
) -> impl Iterator<Item = Duration> {
    let delay = move |table: &FiledTable| {
        let mut documents = before.documents.iter();
        let document = documents.find(|document| document.name == table.document)?;
        let newest = document.history.newest()?.effective_date;
        let schedule = document.current_schedule();
        // After an outage several tables are missing, and each has hours of its own.
        let expected = schedule.last_publication(&before.zone, table.effective_date)?;
        let is_news = expected.effective_date > newest;
        // Some banks publish before their hours.
        let since = now.duration_since(expected.opens);
        is_news.then(|| Duration::try_from(since).unwrap_or_default())
    };
    filed.iter().filter_map(delay)
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
    const DOCUMENTS: [&str; 2] = ["daily", "second"];

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
            document: DOCUMENTS[0],
            pivot: Currency::KZT,
            effective_date: THURSDAY,
            as_of: None,
            rows: BTreeMap::from([(Currency::USD, Arc::new(dollar))]),
            dropped: Vec::new(),
        });
        let document = |name, history| DocumentRecord {
            name,
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
            documents: DOCUMENTS
                .map(|name| document(name, history.clone()))
                .to_vec(),
            attempted: true,
        }
    }

    fn table(document: &'static str, effective_date: Date) -> FiledTable {
        FiledTable {
            source: SOURCE,
            document,
            pivot: Currency::KZT,
            effective_date,
            as_of: None,
            rows: Vec::new(),
        }
    }

    /// The delays of tables that are filed together, in seconds.
    fn filed(tables: &[FiledTable], at: &str) -> Vec<u64> {
        let before = record();
        let delays = delays(&before, tables, at.parse().unwrap());
        delays.map(|delay| delay.as_secs()).collect()
    }

    #[test]
    fn the_delay_of_a_table_counts_from_the_beginning_of_its_publication_hours() {
        let [daily, _] = DOCUMENTS;
        let on_thursday = |effective_date, time: &str| {
            filed(
                &[table(daily, effective_date)],
                &format!("{THURSDAY}T{time}Z"),
            )
        };
        assert_eq!(on_thursday(FRIDAY, "14:00:00"), [0]);
        assert_eq!(on_thursday(FRIDAY, "14:01:01"), [61]);
        // A table that is missed.
        assert_eq!(on_thursday(FRIDAY, "19:00:00"), [5 * 3600]);
        // Early is not late.
        assert_eq!(on_thursday(FRIDAY, "13:50:00"), [0]);
        // A correction of the table that is there was not expected.
        assert_eq!(on_thursday(THURSDAY, "14:00:00"), [0; 0]);
    }

    #[test]
    fn after_an_outage_each_table_is_as_late_as_its_own_hours_say() {
        let [daily, second] = DOCUMENTS;
        // That of Friday was missed too. That of Thursday was published on Wednesday.
        let next_thursday = date(2026, 4, 9);
        let at = "2026-04-08T14:10:00Z";
        let newest = table(daily, next_thursday);
        assert_eq!(filed(std::slice::from_ref(&newest), at), [600]);
        let both = [table(daily, FRIDAY), newest];
        let six_days = 6 * 24 * 3600;
        assert_eq!(filed(&both, at), [six_days + 600, 600]);
        let documents = [table(daily, next_thursday), table(second, FRIDAY)];
        assert_eq!(filed(&documents, at), [600, six_days + 600]);
    }
}
