//! The checks of single rows. A row that fails one is held, never clamped, averaged or repaired.
//!
//! A row is compared with the nearest accepted one of its currency: that of its date, else the newest before it, else
//! the oldest after it. One that moved too far is held, and the accepted value
//! is served meanwhile. It is released when the bank still prints it half an hour later and there is further evidence:
//! its whole table moved along (a devaluation), or another source agrees. It is released at once when the bank's own
//! change confirms it and another source is closer to it than to the accepted value.

mod moves;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::judged::row_checks::moves::{Moves, exceeds};
use crate::domain::judged::triangle::{self, Witness};
use crate::domain::judged::{
    Check, DecidedBy, Decision, DocumentRecord, Held, HeldOutcome, History, SourceRecord,
};
use crate::domain::numbers::{Change, Ratio};
use crate::domain::published::{Currency, Fixing, SourceId, Table, days_between};

/// How long after a value was first held the bank must still print it. A wrong page is corrected within minutes.
const CONFIRMED_AFTER: SignedDuration = SignedDuration::from_mins(30);
/// By which factor the price of a dollar may differ from the usual one, if there is no value to compare with.
const BOUND_FACTOR: u32 = 20;

/// The greatest number of days over which a move by a power of ten indicates a change of units: no currency that was not
/// about to be redenominated has lost nine tenths of its price in a year.
const UNIT_CHECK_DAYS_MAX: u32 = 366;

/// What the rows of a table are compared with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    /// All sources, for the triangle check.
    pub(crate) records: &'a BTreeMap<SourceId, Arc<SourceRecord>>,
    /// The source of the table.
    pub(crate) source: SourceId,
    /// The document of the table.
    pub(crate) document: &'a DocumentRecord,
    /// The time of the service's clock.
    pub(crate) now: Timestamp,
    /// Whether it is a table of the past that an operator submitted. It will not be printed again in half an hour; the
    /// tables after it are evidence instead.
    pub(crate) is_backfill: bool,
}

/// The rows of a table after the checks.
#[derive(Debug, Clone, Default)]
pub(crate) struct CheckedRows {
    /// The accepted rows.
    pub(crate) accepted: BTreeMap<Currency, Arc<Fixing>>,
    /// The rows that are newly held.
    pub(crate) held: Vec<Arc<Held>>,
    /// How rows that were held are settled.
    pub(crate) decided: Vec<Decision>,
}

/// Why a row is not accepted.
#[derive(Debug)]
struct Suspicion {
    check: Check,
    detail: String,
    /// The nearest accepted row.
    old: Option<Arc<Fixing>>,
}

/// Checks the rows of a table whose shape and date passed [`check_table`](crate::domain::check_table).
pub(crate) fn check_rows(context: &Context<'_>, table: &Table) -> CheckedRows {
    let history = &context.document.history;
    let moves = Moves::of(table, history);
    let mut checked = CheckedRows::default();
    for (code, row) in &table.rows {
        if history.is_discarded(*code, row) {
            continue;
        }
        let case = Case {
            context,
            table,
            code: *code,
            row,
        };
        match case.suspicion(&moves) {
            None => case.accept(&mut checked, None),
            Some(suspicion) => match case.release(&suspicion) {
                Some(reason) => case.accept(&mut checked, Some(&reason)),
                None => case.hold(&mut checked, suspicion),
            },
        }
    }
    checked
}

/// One row under examination.
struct Case<'a> {
    context: &'a Context<'a>,
    table: &'a Table,
    code: Currency,
    row: &'a Arc<Fixing>,
}

impl Case<'_> {
    fn history(&self) -> &History {
        &self.context.document.history
    }

    /// The check that the row fails; if there are several, the most specific one.
    fn suspicion(&self, moves: &Moves) -> Option<Suspicion> {
        let Some(step) = moves.of_row(self.code) else {
            return self.out_of_bounds();
        };
        let same_change = step.old.published_change == self.row.published_change;
        if step.same_date && step.old.same_value(self.row) && (same_change || !moves.rewritten) {
            return None;
        }
        let was = format!(
            "{} {} cost {} {} on {} and {} {} cost {} now",
            step.old.units,
            step.old.currency,
            step.old.value,
            step.old.home_currency,
            step.old.effective_date,
            self.row.units,
            self.row.currency,
            self.row.value,
        );
        let suspicion = |check, why: &str| {
            Some(Suspicion {
                check,
                detail: format!("{was}: {why}"),
                old: Some(Arc::clone(&step.old)),
            })
        };
        if let Some(power) = step.power_of_ten() {
            return suspicion(Check::UnitJump, &format!("{power} times as much"));
        }
        if step.is_inversion(self.row) {
            return suspicion(Check::Inversion, "one divided by the other");
        }
        // Of a table with an instant, a second one of a date is the market moving on.
        if moves.rewritten && self.table.as_of.is_none() {
            return suspicion(Check::Rewritten, "most rows of the table have changed");
        }
        if moves.whole_table_moved() {
            return suspicion(
                Check::WholeTable,
                "the whole table moved by more than a tenth",
            );
        }
        if step.moved_away(moves) {
            let why = "a move of more than a tenth that the rest of the table does not share";
            return suspicion(Check::SizeOfMove, why);
        }
        None
    }

    /// The bounds check, if there is no value to compare with: the price of the dollar must be plausible.
    fn out_of_bounds(&self) -> Option<Suspicion> {
        let typical = self.context.document.typical_dollar?;
        if self.row.currency != Currency::USD {
            return None;
        }
        let factor = self
            .row
            .price_per_unit()?
            .divided_by(&Ratio::from(typical))?;
        let bound = Ratio::from(BOUND_FACTOR);
        let least = Ratio::from(1).divided_by(&bound)?;
        let inside =
            factor.compare(&bound) != Ordering::Greater && factor.compare(&least) != Ordering::Less;
        (!inside).then(|| Suspicion {
            check: Check::Bounds,
            detail: format!(
                "{} {} for {} USD, where about {typical} are usual for one",
                self.row.value, self.row.home_currency, self.row.units
            ),
            old: None,
        })
    }

    /// The reason to accept the row in spite of a suspicion, for the ledger; `None` if it is held.
    fn release(&self, suspicion: &Suspicion) -> Option<String> {
        let is_backfill = self.context.is_backfill;
        let doubtful_units = matches!(suspicion.check, Check::UnitJump | Check::Inversion)
            && !(is_backfill && self.is_long_after_or_before(suspicion));
        let change_confirms = self.printed_change_matches();
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
        if !self.is_confirmed() {
            return None;
        }
        if matches!(suspicion.check, Check::WholeTable | Check::Rewritten) {
            return Some("the bank repeated it, and its whole table moved along".into());
        }
        if is_backfill && !doubtful_units {
            return Some("the bank's next table has a value within the usual move of it".into());
        }
        agreeing.map(|(witness, _)| format!("the bank repeated it, and {} agrees", witness.source))
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
        let held_long_enough = |held: &Held| {
            self.context.is_backfill
                || self.context.now.duration_since(held.since) >= CONFIRMED_AFTER
        };
        let repeated = self.held_at_date().filter(|held| self.repeats(held));
        let repeated_long_enough = repeated
            .is_some_and(|held| self.context.now.duration_since(held.since) >= CONFIRMED_AFTER);
        repeated_long_enough
            || self
                .earlier_held_near()
                .is_some_and(|held| held_long_enough(held))
    }

    /// Whether the row confirms the value that is held at its date: it has the same value or, in a market table, which
    /// never prints a value twice, the same level.
    fn repeats(&self, held: &Held) -> bool {
        let same_level = || {
            let step = self
                .row
                .price_per_unit()
                .zip(held.fixing.price_per_unit())
                .and_then(|(new, old)| new.divided_by(&old));
            step.is_some_and(|step| !exceeds(&step, 1))
        };
        held.fixing.same_value(self.row) || (self.table.as_of.is_some() && same_level())
    }

    /// The value of the currency that is held at the date of the row.
    fn held_at_date(&self) -> Option<&Arc<Held>> {
        self.history().held_at(self.row.effective_date, self.code)
    }

    /// The newest held value of the currency at an earlier date, if this row is within the usual move of it.
    fn earlier_held_near(&self) -> Option<&Arc<Held>> {
        let mut earlier = self.history().held().filter(|held| {
            held.code == self.code && held.fixing.effective_date < self.row.effective_date
        });
        let held = earlier.next_back()?;
        let days = days_between(held.fixing.effective_date, self.row.effective_date);
        let step = self
            .row
            .price_per_unit()?
            .divided_by(&held.fixing.price_per_unit()?)?;
        (!exceeds(&step, days)).then_some(held)
    }

    /// Whether the printed change equals the difference to the table before, accepted or not.
    fn printed_change_matches(&self) -> bool {
        let before = self.history().date_before(self.row.effective_date);
        let rows = before.map(|date| self.history().printed(date));
        let row = rows.as_ref().and_then(|rows| rows.get(&self.code));
        let ours = row.and_then(|row| self.row.difference_from(row));
        ours.is_some() && ours == self.row.published_change
    }

    /// Another source that agrees with the row, and whether it is closer to the row than to the last accepted one.
    fn agreeing(&self, old: Option<&Arc<Fixing>>) -> Option<(Witness, bool)> {
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

    /// Accepts the row, and settles what was held for the currency up to its date, as far back as tables are kept: a
    /// new value says nothing about older ones. `reason` is given if the row is accepted in spite of a suspicion.
    fn accept(&self, checked: &mut CheckedRows, reason: Option<&str>) {
        checked.accepted.insert(self.code, Arc::clone(self.row));
        let confirmed_id = self.earlier_held_near().map(|held| held.id());
        let date = self.row.effective_date;
        let oldest = self.history().oldest_date().unwrap_or(date).min(date);
        let held = self.history().held().filter(|held| {
            held.code == self.code && (oldest..=date).contains(&held.fixing.effective_date)
        });
        checked.decided.extend(held.map(|held| {
            let same_date = held.fixing.effective_date == date;
            let released = if same_date {
                self.repeats(held)
            } else {
                reason.is_some() && confirmed_id == Some(held.id())
            };
            let (outcome, note) = match (released, same_date) {
                (true, _) => {
                    let note = reason.unwrap_or("the value is plausible now");
                    (HeldOutcome::Released, note.to_owned())
                }
                (false, true) => (HeldOutcome::Replaced, self.replaced_note()),
                (false, false) => {
                    let note = "a later value was accepted".to_owned();
                    (HeldOutcome::Overtaken, note)
                }
            };
            Decision {
                held: Arc::clone(held),
                outcome,
                by: DecidedBy::Rule,
                note,
            }
        }));
    }

    /// Why a value held at the date of the row is replaced, for the ledger.
    fn replaced_note(&self) -> String {
        format!("the bank prints {} now", self.row.value)
    }

    /// Holds the row, unless it is held already.
    fn hold(&self, checked: &mut CheckedRows, suspicion: Suspicion) {
        if let Some(held) = self.held_at_date() {
            if self.repeats(held) {
                return;
            }
            checked.decided.push(Decision {
                held: Arc::clone(held),
                outcome: HeldOutcome::Replaced,
                by: DecidedBy::Rule,
                note: self.replaced_note(),
            });
        }
        let before = self.history().date_before(self.row.effective_date);
        let printed = before.map(|date| self.history().printed(date));
        let row_before = printed.as_ref().and_then(|rows| rows.get(&self.code));
        let change = row_before.and_then(|row| {
            let reference = row.value_for(self.row.units)?;
            Change::since(reference, row.effective_date, self.row.value)
        });
        checked.held.push(Arc::new(Held {
            document: self.table.document,
            code: self.code,
            fixing: Arc::clone(self.row),
            check: suspicion.check,
            detail: suspicion.detail,
            since: self
                .earlier_held_near()
                .map_or(self.context.now, |held| held.since),
            change,
        }));
    }
}
