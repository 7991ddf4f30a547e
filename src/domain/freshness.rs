//! How current a value is.

use jiff::ToSpan;
use jiff::civil::Date;

/// How current a value is, from best to worst. Whether polling works is another question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freshness {
    /// The newest publication that was due.
    Fresh,
    /// The bank repeated its last fixing: a weekend or a holiday.
    CarriedOver,
    /// A publication is due and not there.
    Late,
    /// Too old to be relied on; it stays visible, with its date.
    Stale,
}

/// A freshness, and the reason for people when it is not [`Freshness::Fresh`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Age {
    /// How current.
    pub freshness: Freshness,
    /// Why not fresh; empty when it is. It names dates alone, so that it does not change without an event.
    pub reason: String,
}

impl Age {
    /// Judges a date in the bank's zone: stale when more than `stale_after_days` have passed since.
    pub fn of(effective_date: Date, fixed_on: Date, today: Date, stale_after_days: i32) -> Self {
        let last_good_day = effective_date
            .checked_add(stale_after_days.days())
            .unwrap_or(Date::MAX);
        if today > last_good_day {
            let since = last_good_day.tomorrow().unwrap_or(Date::MAX);
            let reason = format!("nothing newer than {effective_date}; stale since {since}");
            return Self {
                freshness: Freshness::Stale,
                reason,
            };
        }
        if effective_date > fixed_on {
            let reason = format!("the fixing of {fixed_on} was repeated for {effective_date}");
            return Self {
                freshness: Freshness::CarriedOver,
                reason,
            };
        }
        Self {
            freshness: Freshness::Fresh,
            reason: String::new(),
        }
    }

    /// The worse of the two, both reasons told when both are equally bad for different causes.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        match self.freshness.cmp(&other.freshness) {
            std::cmp::Ordering::Greater => self,
            std::cmp::Ordering::Less => other,
            std::cmp::Ordering::Equal if self.reason == other.reason || other.reason.is_empty() => {
                self
            }
            std::cmp::Ordering::Equal => Self {
                freshness: self.freshness,
                reason: format!("{}; {}", self.reason, other.reason),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_value_is_stale_on_the_day_after_its_limit() {
        let published = date(2026, 4, 2);
        let age = |today| Age::of(published, published, today, 5);
        assert_eq!(age(date(2026, 4, 7)).freshness, Freshness::Fresh);
        assert_eq!(age(date(2026, 4, 8)).freshness, Freshness::Stale);
        assert_eq!(
            age(date(2026, 4, 8)).reason,
            "nothing newer than 2026-04-02; stale since 2026-04-08"
        );
        assert_eq!(
            age(date(2026, 4, 8)),
            age(date(2026, 9, 9)),
            "the reason does not move with the day"
        );
    }

    #[test]
    fn a_repeated_fixing_is_carried_over_until_it_is_stale() {
        let age = Age::of(date(2026, 5, 24), date(2026, 5, 23), date(2026, 5, 24), 5);
        assert_eq!(age.freshness, Freshness::CarriedOver);
        assert_eq!(
            age.reason,
            "the fixing of 2026-05-23 was repeated for 2026-05-24"
        );
    }
}
