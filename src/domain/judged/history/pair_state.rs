//! The state of a pair on a day, from one document: the fixing in force, its reference, announced and held values.

use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;

use crate::domain::judged::history::{Anchor, History, KeptTable, RevisionPolicy};
use crate::domain::judged::{Held, MissingPoint, Window, WindowPoint};
use crate::domain::published::{Currency, Point, Table};

/// The greatest age in days of a value that counts as in force on a day: longer than any holidays. Tables in memory and
/// historical queries include this age. The query `in_force` of the ledger counts the day itself as the first of these
/// days, and excludes it.
pub const IN_FORCE_DAYS_MAX: i32 = 14;

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
    /// What was in force a week, a month and a year before.
    pub windows: Vec<WindowPoint>,
    /// The held rows of the pair.
    pub held: Vec<Arc<Held>>,
}

impl History {
    /// The windows whose first day lies between the beginning of the history and the tables kept, and has not been
    /// looked up.
    pub fn anchors_wanted(&self, today: Date) -> Vec<(Window, Date)> {
        let Some(oldest) = self.oldest_filed else {
            return Vec::new();
        };
        let days = Window::ALL.map(|window| (window, window.before(today)));
        let wanted = days.into_iter().filter(|(window, day)| {
            let known = self.anchors.get(window);
            *day >= oldest && !self.reaches(*day) && known.is_none_or(|anchor| anchor.day != *day)
        });
        wanted.collect()
    }

    /// Whether the table in force on a day is kept.
    fn reaches(&self, day: Date) -> bool {
        let kept = self.kept_until(day).next();
        kept.is_some()
    }

    /// The tables kept that may have been in force on a day, newest first.
    fn kept_until(&self, day: Date) -> impl Iterator<Item = (&Date, &KeptTable)> {
        let oldest = day
            .checked_sub(IN_FORCE_DAYS_MAX.days())
            .unwrap_or(Date::MIN);
        let kept = self.entries.range(oldest..=day).rev();
        kept.filter(|(date, _)| self.forgotten.is_none_or(|forgotten| **date > forgotten))
    }

    /// Sets what was in force on a day before the tables kept.
    pub fn anchor(&mut self, window: Window, day: Date, rows: Table) {
        self.anchors.insert(window, Anchor { day, rows });
    }

    /// Drops what was in force on earlier days: older tables have been filed.
    pub fn forget_anchors(&mut self) {
        self.anchors.clear();
    }

    /// Drops what was in force on the days on which a table of this date may have been in force.
    pub(super) fn forget_anchors_on(&mut self, date: Date) {
        let last = date
            .checked_add(IN_FORCE_DAYS_MAX.days())
            .unwrap_or(Date::MAX);
        self.anchors
            .retain(|_, anchor| !(date..=last).contains(&anchor.day));
    }

    /// The state of a pair on a day.
    pub fn pair_state(&self, today: Date, from: Currency, to: Currency) -> Option<PairState> {
        let has_path =
            |(date, entry): (&Date, &KeptTable)| entry.table.path(from, to).map(|_| *date);
        let in_force = self.entries.range(..=today).rev().find_map(has_path);
        let announced_after = |day: Date| {
            let mut later = self
                .entries
                .range(day..)
                .filter(|(date, entry)| **date > day && !entry.carry);
            later.find_map(has_path)
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
            windows: self.windows(today, from, to),
            held: self.held_of_pair(from, to),
            current,
        })
    }

    /// What was in force for a pair a week, a month and a year before a day.
    fn windows(&self, today: Date, from: Currency, to: Currency) -> Vec<WindowPoint> {
        let point = |window: Window| {
            let day = window.before(today);
            let point = self.in_force_on(window, day, from, to);
            let point = point.ok_or(match self.oldest_filed {
                Some(oldest) if oldest > day => MissingPoint::BeginsLater(oldest),
                Some(_) | None => MissingPoint::Unknown(day),
            });
            WindowPoint { window, point }
        };
        Window::ALL.map(point).into()
    }

    fn in_force_on(
        &self,
        window: Window,
        day: Date,
        from: Currency,
        to: Currency,
    ) -> Option<Point> {
        let mut kept = self.kept_until(day);
        let kept = kept.find_map(|(date, entry)| entry.table.path(from, to).map(|_| *date));
        if let Some(date) = kept {
            return self.point(date, from, to);
        }
        let anchor = self
            .anchors
            .get(&window)
            .filter(|anchor| anchor.day == day)?;
        let fixings = anchor.rows.path(from, to)?;
        let date = fixings.iter().map(|row| row.effective_date).max()?;
        Some(Point { fixings, date })
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
