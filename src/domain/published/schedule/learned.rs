//! What the tables of the last weeks teach: a bank that changes its calendar says so by the dates that it prints.

use jiff::ToSpan;
use jiff::civil::Date;

use super::{DatingRule, Schedule};

/// How far back a table teaches: the last four weeks, in which each weekday occurs several times whatever the holidays.
const TAUGHT_DAYS: i32 = 28;

impl Schedule {
    /// The schedule as the last fixings of the document show it, given their dates, newest first. The newest date that
    /// fits one rule of dating alone decides: a table of a Saturday is that of the day after a Friday, and one of a Monday
    /// is that of the next working day.
    #[must_use]
    pub fn taught_by(self, newest_first: impl IntoIterator<Item = Date>) -> Self {
        // The rules differ for daily tables that are published for a later day.
        if self.valid_days != 1 || self.dating == DatingRule::SameDay {
            return self;
        }
        let mut dates = newest_first.into_iter().peekable();
        let oldest = dates.peek().map(|newest| {
            let oldest = newest.checked_sub(TAUGHT_DAYS.days());
            oldest.unwrap_or(*newest)
        });
        let mut recent = dates.take_while(|date| Some(*date) >= oldest);
        let shown = recent.find_map(|date| self.dating_shown_by(date));
        Self {
            dating: shown.unwrap_or(self.dating),
            ..self
        }
    }

    /// The same schedule with the other rule by which a daily table is dated for a later day; `None` for other tables.
    pub fn with_other_dating(&self) -> Option<Self> {
        let dating = match self.dating {
            DatingRule::NextDay if self.valid_days == 1 => DatingRule::NextPublicationDay,
            DatingRule::NextPublicationDay if self.valid_days == 1 => DatingRule::NextDay,
            DatingRule::SameDay | DatingRule::NextDay | DatingRule::NextPublicationDay => {
                return None;
            }
        };
        Some(Self { dating, ..*self })
    }

    /// The only rule of dating that a date fits; `None` if it fits both or neither.
    fn dating_shown_by(&self, date: Date) -> Option<DatingRule> {
        let of_next_day = date.yesterday().is_ok_and(|day| self.may_publish_on(day));
        match (of_next_day, self.may_publish_on(date)) {
            (true, false) => Some(DatingRule::NextDay),
            (false, true) => Some(DatingRule::NextPublicationDay),
            (true, true) | (false, false) => None,
        }
    }
}
