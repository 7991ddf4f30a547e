//! The state of a pair on a day, from one document: the fixing in force, its reference, announced and held values.

use std::ops::Bound;
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;

use crate::domain::judged::history::{Anchor, History, KeptTable, RevisionPolicy};
use crate::domain::judged::{Held, MissingPoint, Window};
use crate::domain::published::{Currency, DateRange, Point, Table};

/// The greatest age in days at which a table is in force on a day; a table of the day itself is 0 days old. Longer than any
/// holidays. It decides who answers on a past date: for conversions, histories and the changes over a window.
const IN_FORCE_DAYS_MAX: i32 = 14;
/// How many tables before a date are read, to tell which fixing its table repeats: more than the longest run of repeats.
pub const REPEATS_MAX: u32 = 16;

/// The state of a pair on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairState {
    /// The last real fixing in force; if nothing is in force yet, the first announced one.
    pub current: Point,
    /// The date to which that fixing has been carried; its own if it was not repeated.
    pub effective_date: Date,
    /// The newest date that prices the pair, including announced ones.
    pub newest: Date,
    /// The last real fixing of an earlier date.
    pub reference: Option<Point>,
    /// The first real fixing that is announced for a later date.
    pub announced: Option<Point>,
    /// The number of decimal places that the rows of the table of the current fixing mostly have.
    pub decimal_places: u32,
    /// The held rows of the pair.
    pub held: Vec<Arc<Held>>,
}

impl History {
    /// The windows whose first days lie between the beginning of the history and the tables kept, each with the range of
    /// days to look up. A day on either side is included: the dates of other sources differ from `today` by one.
    pub fn anchors_wanted(&self, today: Date) -> Vec<(Window, DateRange)> {
        let Some(oldest) = self.oldest_filed else {
            return Vec::new();
        };
        let days = Window::ALL.map(|window| {
            let first = window.before(today.yesterday().unwrap_or(today));
            let last = window.before(today.tomorrow().unwrap_or(today));
            (window, DateRange { first, last })
        });
        let wanted = days.into_iter().filter(|(window, days)| {
            let known = self.anchors.get(window);
            days.last >= oldest
                && days.dates().any(|day| !self.reaches(day))
                && known.is_none_or(|anchor| anchor.days != *days)
        });
        wanted.collect()
    }

    /// Whether the tables kept decide what was in force on a day: all those that may have been in force are kept, and so
    /// is the real fixing that they repeat.
    fn reaches(&self, day: Date) -> bool {
        let Some(complete_since) = self.complete_since() else {
            return true;
        };
        let fixed_on = self.date_in_force(day).map(|date| self.fixed_on(date));
        oldest_in_force(day) >= complete_since && fixed_on > Some(complete_since)
    }

    /// The oldest date from which on every table is kept; `None` if all tables ever filed are. The table of this date may
    /// repeat one that is not kept.
    fn complete_since(&self) -> Option<Date> {
        let first = self.oldest_after_forgotten().unwrap_or(Date::MAX);
        let began = self.oldest_filed.unwrap_or(Date::MAX);
        (began < first).then_some(first)
    }

    /// Sets the tables that decide what was in force on a range of days before the tables kept: those in force then, and
    /// enough before them to tell which fixings they repeat.
    pub fn anchor(&mut self, window: Window, days: DateRange, tables: Vec<Table>) {
        let mut history = Self::unbounded(self.revision_policy);
        for table in tables {
            history.insert(table);
        }
        history.take_not_accepted(days.last, self);
        let mut before = history.entries.range(..oldest_in_force(days.first)).rev();
        let farthest = usize::try_from(REPEATS_MAX.saturating_sub(1)).ok();
        let complete_since = farthest.and_then(|farthest| before.nth(farthest));
        let complete_since = complete_since.map(|(date, _)| *date);
        let oldest = history.entries.range(oldest_in_force(days.first)..).next();
        if let Some(oldest) = oldest.map(|(date, _)| history.fixed_on(*date)) {
            history.entries = history.entries.split_off(&oldest);
        }
        let anchor = Anchor {
            days,
            complete_since,
            history,
        };
        self.anchors.insert(window, anchor);
    }

    /// Drops what was in force on the days for which a table of this date may matter: it has been filed.
    pub fn forget_anchors_on(&mut self, date: Date) {
        self.anchors.retain(|_, anchor| {
            let is_earlier = anchor.complete_since.is_some_and(|since| date < since);
            is_earlier || anchor.days.last < date
        });
    }

    /// The fixing of a pair in force on a day: that of the newest table of the day or before it that prices the pair,
    /// unless the table is more than two weeks old. What is dated later has no influence.
    pub fn in_force_on(&self, day: Date, from: Currency, to: Currency) -> Option<Point> {
        if self.reaches(day) {
            return self.kept_in_force_on(day, from, to);
        }
        let mut anchors = self.anchors.values();
        let anchor = anchors.find(|anchor| anchor.days.contains(day))?;
        anchor.history.kept_in_force_on(day, from, to)
    }

    fn kept_in_force_on(&self, day: Date, from: Currency, to: Currency) -> Option<Point> {
        let kept = self.entries.range(oldest_in_force(day)..=day).rev();
        let mut dates = kept.filter(|(_, entry)| entry.table.prices(from, to));
        self.point(*dates.next()?.0, from, to)
    }

    /// Why nothing is in force on a day.
    pub fn missing_on(&self, day: Date) -> MissingPoint {
        match self.oldest_filed {
            Some(oldest) if oldest > day => MissingPoint::BeginsLater(oldest),
            Some(_) | None => MissingPoint::Unknown(day),
        }
    }

    /// The state of a pair on a day.
    pub fn pair_state(&self, today: Date, from: Currency, to: Currency) -> Option<PairState> {
        let has_path =
            |(date, entry): (&Date, &KeptTable)| entry.table.prices(from, to).then_some(*date);
        let in_force = self.entries.range(..=today).rev().find_map(has_path);
        let announced_after = |day: Date| {
            let after = (Bound::Excluded(day), Bound::Unbounded);
            let mut later = self.entries.range(after).filter_map(has_path);
            // A repeat may be the first to price the pair: the value of the table that it repeats was rejected or is held.
            later.find(|date| {
                let point = self.point(*date, from, to);
                point.is_some_and(|point| point.date == *date)
            })
        };
        let effective_date = in_force.or_else(|| announced_after(today))?;
        let current = self.point(effective_date, from, to)?;
        // A market announces nothing: a table dated ahead comes from a clock that runs fast.
        let announces = self.revision_policy == RevisionPolicy::Correction;
        let earlier = self.entries.range(..current.date).rev().find_map(has_path);
        Some(PairState {
            effective_date,
            newest: self.entries.iter().rev().find_map(has_path)?,
            reference: earlier.and_then(|date| self.point(date, from, to)),
            announced: in_force
                .filter(|_| announces)
                .and_then(|_| announced_after(today))
                .and_then(|date| self.point(date, from, to)),
            decimal_places: self.table(current.date)?.decimal_places(),
            held: self.held_of_pair(from, to),
            current,
        })
    }

    /// The held rows from which the pair follows.
    fn held_of_pair(&self, from: Currency, to: Currency) -> Vec<Arc<Held>> {
        let concerns = |held: &&Arc<Held>| [from, to].contains(&held.code);
        self.held().filter(concerns).map(Arc::clone).collect()
    }

    /// The real fixing of a pair at a date: of that date, or of the one that its table repeats.
    fn point(&self, date: Date, from: Currency, to: Currency) -> Option<Point> {
        // A row that was released after a weekend is missing from the table that the weekend's repeats.
        let mut repeated = self.entries.range(self.fixed_on(date)..=date);
        let (date, fixings) = repeated.find_map(|(date, entry)| {
            let fixings = entry.table.path(from, to)?;
            Some((*date, fixings))
        })?;
        Some(Point { fixings, date })
    }
}

/// The date of the oldest table that may be in force on a day.
pub fn oldest_in_force(day: Date) -> Date {
    let oldest = day.checked_sub(IN_FORCE_DAYS_MAX.days());
    oldest.unwrap_or(Date::MIN)
}

/// The last day on which a table of a date is in force, unless a newer one replaces it.
pub fn last_in_force(date: Date) -> Date {
    let last = date.checked_add(IN_FORCE_DAYS_MAX.days());
    last.unwrap_or(Date::MAX)
}
