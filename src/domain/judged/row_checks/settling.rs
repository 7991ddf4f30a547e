//! What newly accepted rows say about the rows of their currencies that wait.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;

use crate::domain::judged::row_checks::moves::Moves;
use crate::domain::judged::row_checks::{Case, Context, decision};
use crate::domain::judged::{Check, Decision, Held, HeldOutcome};
use crate::domain::published::{Currency, Fixing, Table};

/// Releases the waiting rows of these currencies that are plausible beside an accepted row now. Each release may make
/// further rows plausible.
pub(crate) fn plausible_now(context: &Context<'_>, codes: &BTreeSet<Currency>) -> Vec<Decision> {
    let history = &context.document.history;
    let waiting = codes.iter().flat_map(|code| history.waiting(*code));
    let of_moves = waiting.filter(|held| {
        // Without a value to compare with, a new row says nothing.
        !matches!(
            held.check,
            Check::Returned | Check::Rejected | Check::Bounds
        )
    });
    let plausible = of_moves.filter(|held: &Arc<Held>| {
        let table = printed_with(context, held);
        let moves = Moves::of(&table, history);
        let steps = moves.of_row(held.code);
        let mut near = steps
            .iter()
            .map(|(step, _)| step.is_near(table.effective_date));
        near.any(|is_near| is_near) && case(context, &table, held).suspicion(&moves).is_none()
    });
    let note = "the value is plausible now";
    plausible
        .map(|held| decision(&held, HeldOutcome::Released, note.into()))
        .collect()
}

/// Settles what is held for these currencies at dates before a newly accepted table, as far back as tables are kept without gaps: a
/// new value says nothing about older ones. Most are overtaken; those with evidence of their own are released.
pub(crate) fn overtaken(
    context: &Context<'_>,
    date: Date,
    codes: &BTreeSet<Currency>,
) -> Vec<Decision> {
    let history = &context.document.history;
    let oldest = history.oldest_after_forgotten().unwrap_or(date);
    let held = history.held().filter(|held| {
        codes.contains(&held.code) && (oldest..date).contains(&held.fixing.effective_date)
    });
    let settled = held.map(|held| {
        let evidence = evidence(context, date, held);
        let overtaken = || (HeldOutcome::Overtaken, "a later value was accepted".into());
        let (outcome, note) =
            evidence.map_or_else(overtaken, |reason| (HeldOutcome::Released, reason));
        decision(held, outcome, note)
    });
    settled.collect()
}

/// The evidence for a held value that is left when a later one is accepted.
fn evidence(context: &Context<'_>, date: Date, held: &Arc<Held>) -> Option<String> {
    let table = printed_with(context, held);
    let case = case(context, &table, held);
    let old = case.accepted();
    match held.check {
        Check::Rejected => None,
        Check::Returned => {
            let history = &context.document.history;
            let is_next = history.date_before(date) == Some(held.fixing.effective_date);
            let next = history.accepted_on(date, held.code).filter(|_| is_next)?;
            let follows = |row: &Fixing| {
                let ours = next.difference_from(row);
                ours.is_some() && ours == next.published_change
            };
            (follows(&held.fixing) && !follows(&*old?))
                .then(|| "the change in the bank's next table is the difference from it".into())
        }
        _ if !case.corrects() => None,
        _ => {
            let before = || {
                let history = &context.document.history;
                history.accepted_before(held.fixing.effective_date, held.code)
            };
            let (witness, is_better) = case.agreeing(old.or_else(before).as_ref())?;
            is_better.then(|| format!("{} agrees with it", witness.source))
        }
    }
}

/// The table that a waiting row was printed in, as far as it is known.
fn printed_with(context: &Context<'_>, held: &Held) -> Table {
    let date = held.fixing.effective_date;
    let mut rows = context.document.history.printed(date);
    rows.insert(held.code, Arc::clone(&held.fixing));
    Table {
        document: held.document,
        pivot: held.pivot(),
        effective_date: date,
        as_of: None,
        rows,
        dropped: Vec::new(),
    }
}

fn case<'a>(context: &'a Context<'a>, table: &'a Table, held: &'a Arc<Held>) -> Case<'a> {
    Case {
        context,
        table,
        code: held.code,
        row: &held.fixing,
    }
}
