//! The check that a row fails.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::domain::judged::Check;
use crate::domain::judged::row_checks::moves::{Moves, RowMove, Side};
use crate::domain::judged::row_checks::{Case, Suspicion};
use crate::domain::numbers::Ratio;
use crate::domain::published::{Currency, Fixing};

/// By which factor the price of a dollar may differ from the usual one, if there is no value to compare with.
const BOUND_FACTOR: u32 = 20;

impl Case<'_> {
    /// The check that the row fails; if there are several, the most specific one. A row that is plausible beside one of
    /// the accepted rows around it fails none: a table may arrive after the ones that follow it.
    pub(super) fn suspicion(&self, moves: &Moves) -> Option<Suspicion> {
        let accepted = self.accepted();
        if accepted.is_none_or(|accepted| !accepted.same_value(self.row))
            && let Some(suspicion) = self.returned().or_else(|| self.rejected_before())
        {
            return Some(suspicion);
        }
        let steps = moves.of_row(self.code);
        if steps.is_empty() {
            return self.out_of_bounds();
        }
        let mut nearest = None;
        for (step, side) in steps {
            let suspicion = self.suspicious_move(step, side, moves)?;
            nearest.get_or_insert(suspicion);
        }
        nearest
    }

    /// The check that the row fails beside one accepted row.
    fn suspicious_move(&self, step: &RowMove, side: &Side, moves: &Moves) -> Option<Suspicion> {
        if step.same_date && step.old.same_value(self.row) {
            return None;
        }
        let found = |check, why: &str| Some(self.suspicious(check, &step.old, why));
        if let Some(power) = step.power_of_ten() {
            return found(Check::UnitJump, &format!("{power} times as much"));
        }
        if step.is_inversion(self.row) {
            return found(Check::Inversion, "one divided by the other");
        }
        // Of a table with an instant, a second one of a date is the market moving on.
        if moves.rewritten && step.same_date && self.table.as_of.is_none() {
            return found(Check::Rewritten, "most rows of the table have changed");
        }
        if side.whole_table_moved() {
            return found(
                Check::WholeTable,
                "the whole table moved by more than a tenth",
            );
        }
        if side.moved_away(step) {
            let why = "a move of more than a tenth that the rest of the table does not share";
            return found(Check::SizeOfMove, why);
        }
        None
    }

    fn suspicious(&self, check: Check, old: &Arc<Fixing>, why: &str) -> Suspicion {
        let was = format!(
            "{} {} cost {} {} on {} and {} {} cost {} now",
            old.units,
            old.currency,
            old.value,
            old.home_currency,
            old.effective_date,
            self.row.units,
            self.row.currency,
            self.row.value,
        );
        Suspicion {
            check,
            detail: format!("{was}: {why}"),
            old: Some(Arc::clone(old)),
        }
    }

    /// The value that the bank corrected, printed again for the same date.
    fn returned(&self) -> Option<Suspicion> {
        let accepted = self.accepted().filter(|_| self.corrects())?;
        let is_old_value = accepted.superseded_value == Some(self.row.value);
        is_old_value.then(|| Suspicion {
            check: Check::Returned,
            detail: format!(
                "the bank corrected {} to {} for this date, and prints {} again",
                self.row.value, accepted.value, self.row.value
            ),
            old: Some(accepted),
        })
    }

    /// The value that an operator rejected for an earlier date, printed in every table since.
    fn rejected_before(&self) -> Option<Suspicion> {
        let date = self.history().rejected_before(self.code, self.row)?;
        Some(Suspicion {
            check: Check::Rejected,
            detail: format!(
                "an operator rejected {} for {date}, and the bank still prints it",
                self.row.value
            ),
            old: self
                .history()
                .accepted_before(self.row.effective_date, self.code),
        })
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
}
