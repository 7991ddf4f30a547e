//! The evidence for a suspicious row.
//!
//! It is accepted when the bank still prints it half an hour later and there is further evidence: its whole table moved
//! along (a devaluation), or another source agrees. It is accepted at once when the bank's own change confirms it and
//! another source is closer to it than to the accepted value. Without another source it is accepted when two later tables
//! of the bank are on its level.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::judged::row_checks::moves::{MOVE_PERCENT, exceeds, price_ratio};
use crate::domain::judged::row_checks::{Case, CheckedRows, Suspicion, decision};
use crate::domain::judged::triangle::{self, Witness};
use crate::domain::judged::{Check, Held, HeldOutcome};
use crate::domain::published::{Fixing, days_between};

/// How long after a value was first held the bank must still print it. A wrong page is corrected within minutes.
const CONFIRMED_AFTER: SignedDuration = SignedDuration::from_mins(30);
/// The greatest number of days over which a move by a power of ten indicates a change of units: no currency that was not
/// about to be redenominated has lost nine tenths of its price in a year.
const UNIT_CHECK_DAYS_MAX: u32 = 366;

impl Case<'_> {
    /// The reason to accept the row in spite of a suspicion, for the ledger; `None` if it is held.
    pub(super) fn release(&self, suspicion: &Suspicion) -> Option<String> {
        match suspicion.check {
            Check::Rejected => return None,
            Check::Returned => return self.release_returned(),
            _ => {}
        }
        let is_backfill = self.context.is_backfill;
        let doubtful_units = matches!(suspicion.check, Check::UnitJump | Check::Inversion)
            && !(is_backfill && self.is_long_after_or_before(suspicion));
        let change_confirms = self.printed_change_matches(self.row);
        if change_confirms && is_backfill && !doubtful_units {
            return Some("the bank's own change is the difference of its tables".into());
        }
        let agreeing = self.agreeing(suspicion.old.as_ref());
        if let Some((witness, true)) = &agreeing
            && change_confirms
        {
            return Some(format!(
                "the bank's own change is the difference of its tables, and {} agrees better",
                witness.source
            ));
        }
        if self.is_confirmed() {
            if matches!(suspicion.check, Check::WholeTable | Check::Rewritten) {
                return Some("the bank repeated it, and its whole table moved along".into());
            }
            if is_backfill && !doubtful_units {
                return Some(
                    "the bank's next table has a value within the usual move of it".into(),
                );
            }
            if let Some((witness, _)) = agreeing {
                return Some(format!(
                    "the bank repeated it, and {} agrees",
                    witness.source
                ));
            }
        }
        let old = suspicion.old.as_ref()?;
        (suspicion.check == Check::SizeOfMove && self.lasts(&self.level(old)))
            .then(|| "the bank's later tables are on the same level".into())
    }

    /// The reason to accept a value that the bank had corrected: its own change is right for this value, and not for the
    /// correction.
    fn release_returned(&self) -> Option<String> {
        let accepted = self.accepted()?;
        (self.printed_change_matches(self.row) && !self.printed_change_matches(&accepted)).then(
            || "the bank's own change is the difference of its tables for this value alone".into(),
        )
    }

    /// Releases the rows that waited beside this one, on its level or on the way to it, when it is accepted in spite of a
    /// suspicion: each is filed under its own date.
    pub(super) fn release_beside(
        &self,
        checked: &mut CheckedRows,
        suspicion: &Suspicion,
        reason: &str,
    ) {
        let Some(old) = suspicion.old.as_ref() else {
            return;
        };
        if matches!(suspicion.check, Check::Returned | Check::Rejected) {
            return;
        }
        let level = self.level(old);
        let on_the_way = self.on_the_way(old, &level);
        let beside = level.iter().chain(&on_the_way);
        let decided = beside.map(|held| decision(held, HeldOutcome::Released, reason.to_owned()));
        checked.decided.extend(decided);
    }

    /// Whether the accepted row is so far away in time that a power of ten does not indicate other units: the lira lost
    /// nine tenths of its price in fifteen years.
    fn is_long_after_or_before(&self, suspicion: &Suspicion) -> bool {
        suspicion.old.as_ref().is_some_and(|old| {
            days_between(old.effective_date, self.row.effective_date) > UNIT_CHECK_DAYS_MAX
        })
    }

    /// Whether the bank confirms a held value: it still prints it half an hour later, or its next table is on the same
    /// level.
    fn is_confirmed(&self) -> bool {
        let long_enough =
            |since: Timestamp| self.context.now.duration_since(since) >= CONFIRMED_AFTER;
        let repeated = self.held_at_date().filter(|held| self.repeats(held));
        let near = self.held_near();
        repeated.is_some_and(|held| long_enough(held.since))
            || near.is_some_and(|held| self.context.is_backfill || long_enough(held.since))
    }

    /// Whether the row confirms the value that is held at its date: it has the same value or, in a market table, which
    /// never prints a value twice, the same level.
    pub(super) fn repeats(&self, held: &Held) -> bool {
        let same_level = || {
            price_ratio(self.row, &held.fixing).is_some_and(|step| !exceeds(&step, 1, MOVE_PERCENT))
        };
        held.fixing.same_value(self.row) || (self.table.as_of.is_some() && same_level())
    }

    /// The newest held value of the currency at an earlier date, if this row is within the usual move of it. In a
    /// backfill, which may go back in time, also the oldest one at a later date.
    pub(super) fn held_near(&self) -> Option<&Arc<Held>> {
        let date = self.row.effective_date;
        let of_code = || self.history().held().filter(|held| held.code == self.code);
        let earlier = of_code()
            .rev()
            .find(|held| held.fixing.effective_date < date);
        let later = of_code().find(|held| held.fixing.effective_date > date);
        let later = later.filter(|_| self.context.is_backfill);
        [earlier, later].into_iter().flatten().find(|held| {
            let days = days_between(held.fixing.effective_date, date);
            let step = price_ratio(self.row, &held.fixing);
            let is_evidence = !matches!(held.check, Check::Returned | Check::Rejected);
            is_evidence && step.is_some_and(|step| !exceeds(&step, days, MOVE_PERCENT))
        })
    }

    /// Whether the change that the bank prints beside a value equals its difference to the table before, accepted or not.
    pub(super) fn printed_change_matches(&self, row: &Fixing) -> bool {
        let before = self.history().date_before(row.effective_date);
        let rows = before.map(|date| self.history().printed(date));
        let row_before = rows.as_ref().and_then(|rows| rows.get(&self.code));
        let ours = row_before.and_then(|before| row.difference_from(before));
        ours.is_some() && ours == row.published_change
    }

    /// Another source that agrees with the row, and whether it is closer to the row than to the accepted one.
    pub(super) fn agreeing(&self, old: Option<&Arc<Fixing>>) -> Option<(Witness, bool)> {
        let currency = triangle::priced_currency(self.code, self.table.pivot);
        let record = self.context.records.get(&self.context.source)?;
        let table = triangle::with_dollar(record, self.table);
        let new = triangle::per_dollar(&table, currency)?;
        let old = old.and_then(|old| {
            let before = triangle::with_row(&table, self.code, old);
            triangle::per_dollar(&before, currency)
        });
        let date = self.row.effective_date;
        let all = triangle::witnesses(self.context.records, self.context.source, currency, date);
        let agreeing = all.into_iter().filter(|witness| witness.agrees(&new));
        let with_preference = agreeing.map(|witness| {
            let better = old.as_ref().is_some_and(|old| witness.prefers(&new, old));
            (witness, better)
        });
        with_preference.max_by_key(|(_, better)| *better)
    }
}
