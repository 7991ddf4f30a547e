//! Which source answers on which days of a period, by the dates of its tables.

use jiff::civil::Date;

use crate::domain::judged::last_in_force;
use crate::domain::published::{DateRange, SourceId};

/// The days of a period, by the source that answers: each day belongs to the first source that had a table in force then.
/// It tells from dates alone which tables have to be read; `answer_on` then answers from the tables.
#[derive(Debug, Clone)]
pub struct Coverage {
    open: Vec<DateRange>,
    answered: Vec<(SourceId, DateRange)>,
}

impl Coverage {
    /// A period on which no source answers yet.
    pub fn of(range: DateRange) -> Self {
        Self {
            open: vec![range],
            answered: Vec::new(),
        }
    }

    /// Gives a source, the next one by preference, the days that are open and on which one of its tables of these dates
    /// was in force. The dates are in order, the oldest first.
    pub fn cover(&mut self, source: SourceId, dates: &[Date]) {
        let mut open = Vec::new();
        for range in std::mem::take(&mut self.open) {
            let mut next = Some(range.first);
            let from = dates.partition_point(|date| last_in_force(*date) < range.first);
            for date in dates.iter().skip(from) {
                let Some(first) = next.filter(|_| *date <= range.last) else {
                    break;
                };
                let begins = first.max(*date);
                let in_force = DateRange {
                    first: begins,
                    last: last_in_force(*date).min(range.last),
                };
                if in_force.last < begins {
                    continue;
                }
                if first < begins {
                    let last = begins.yesterday().unwrap_or(begins);
                    open.push(DateRange { first, last });
                }
                self.answer(source, in_force);
                next = in_force
                    .last
                    .tomorrow()
                    .ok()
                    .filter(|next| *next <= range.last);
            }
            if let Some(first) = next {
                let last = range.last;
                open.push(DateRange { first, last });
            }
        }
        self.open = open;
    }

    /// The days on which no source answers yet, in order.
    pub fn open(&self) -> &[DateRange] {
        &self.open
    }

    /// The days on which a source answers.
    pub fn answered_by(&self, source: SourceId) -> impl Iterator<Item = DateRange> {
        let answered = self.answered.iter();
        let of_source = answered.filter(move |(answering, _)| *answering == source);
        of_source.map(|(_, range)| *range)
    }

    fn answer(&mut self, source: SourceId, range: DateRange) {
        if let Some((answering, last)) = self.answered.last_mut()
            && *answering == source
            && last.last.tomorrow().is_ok_and(|next| next == range.first)
        {
            last.last = range.last;
        } else {
            self.answered.push((source, range));
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const NBK: SourceId = SourceId::new("nbk");
    const CBR: SourceId = SourceId::new("cbr");

    fn april(first: i8, last: i8) -> DateRange {
        DateRange {
            first: date(2026, 4, first),
            last: date(2026, 4, last),
        }
    }

    fn dates(days: &[i8]) -> Vec<Date> {
        days.iter().map(|day| date(2026, 4, *day)).collect()
    }

    #[test]
    fn a_day_belongs_to_the_first_source_with_a_table_at_most_fourteen_days_old() {
        let mut coverage = Coverage::of(april(1, 30));
        coverage.cover(NBK, &dates(&[3, 4, 30]));
        assert_eq!(coverage.open(), [april(1, 2), april(19, 29)]);
        coverage.cover(CBR, &dates(&[2, 10, 25]));
        assert_eq!(coverage.open(), [april(1, 1)]);
        let of = |source| coverage.answered_by(source).collect::<Vec<_>>();
        assert_eq!(of(NBK), [april(3, 18), april(30, 30)]);
        assert_eq!(of(CBR), [april(2, 2), april(19, 29)]);
    }

    #[test]
    fn a_table_before_the_period_covers_its_beginning_and_one_of_every_day_all_of_it() {
        let mut coverage = Coverage::of(april(10, 20));
        coverage.cover(NBK, &dates(&[1]));
        assert_eq!(coverage.open(), [april(16, 20)]);
        let every_day: Vec<i8> = (1..=30).collect();
        let mut coverage = Coverage::of(april(10, 20));
        coverage.cover(NBK, &dates(&every_day));
        assert_eq!(coverage.open(), []);
        assert_eq!(
            coverage.answered_by(NBK).collect::<Vec<_>>(),
            [april(10, 20)]
        );
    }

    #[test]
    fn no_date_at_the_ends_of_the_calendar_is_passed() {
        let all = DateRange {
            first: Date::MIN,
            last: Date::MAX,
        };
        let mut coverage = Coverage::of(all);
        coverage.cover(NBK, &[Date::MIN, Date::MAX]);
        let ends: Vec<DateRange> = coverage.answered_by(NBK).collect();
        assert_eq!(ends.len(), 2);
        assert_eq!(
            ends[1],
            DateRange {
                first: Date::MAX,
                last: Date::MAX
            }
        );
    }
}
