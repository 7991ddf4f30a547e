//! What a history knows of days before the tables that it keeps: a week, a month and a year ago.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use silkrate::domain::{
    Currency, DateRange, History, MissingPoint, RevisionPolicy, TABLES_MAX, Table, Window,
};

use crate::values::{april, dollar};

/// The first day of the year that ends on [`TODAY`].
const YEAR_AGO: Date = date(2025, 4, 10);
const TODAY: Date = date(2026, 4, 10);

/// A table for each day, each with a value of its own.
fn daily(first: Date, last: Date) -> Vec<Table> {
    let days = DateRange { first, last };
    let tables = days.dates().zip(0..);
    let table = |(day, number): (Date, u32)| dollar(day, &format!("475.{number:03}"));
    tables.map(table).collect()
}

fn history(tables: Vec<Table>) -> History {
    let mut history = History::new(RevisionPolicy::Correction);
    for table in tables {
        history.insert(table);
    }
    history
}

/// The tables of the hundred days until today. Those since 6 February are kept.
fn hundred_days() -> History {
    let history = history(daily(date(2026, 1, 1), TODAY));
    assert_eq!(history.oldest_date(), Some(date(2026, 2, 6)));
    history
}

/// The date of the dollar in force on a day.
fn in_force(history: &History, day: Date) -> Option<Date> {
    let point = history.in_force_on(day, Currency::KZT, Currency::USD)?;
    Some(point.date)
}

/// The days around the beginning of the year.
fn around_a_year_ago() -> DateRange {
    DateRange {
        first: date(2025, 4, 9),
        last: date(2025, 4, 11),
    }
}

#[test]
fn a_window_is_wanted_where_tables_were_filed_and_those_kept_do_not_decide_it() {
    let mut history = hundred_days();
    let wanted = |history: &History, today| {
        let wanted = history.anchors_wanted(today).into_iter();
        wanted.map(|(window, _)| window).collect::<Vec<_>>()
    };
    assert_eq!(
        wanted(&history, TODAY),
        [],
        "nothing is filed of a year ago"
    );
    history.record_filed(date(2025, 3, 1));
    assert_eq!(
        history.anchors_wanted(TODAY),
        [(Window::Year, around_a_year_ago())]
    );
    // Two weeks before 20 February is the oldest date kept, whose table may repeat one that is not.
    let week_ends_on = |day| wanted(&history, day).contains(&Window::Week);
    assert!(week_ends_on(date(2026, 2, 26)));
    assert!(week_ends_on(date(2026, 2, 27)));
    assert!(!week_ends_on(date(2026, 2, 28)), "from 20 to 22 February");
    let empty = History::new(RevisionPolicy::Correction);
    assert_eq!(empty.anchors_wanted(TODAY), []);
}

#[test]
fn an_anchor_answers_for_its_days_and_is_wanted_for_no_others() {
    let mut history = hundred_days();
    history.record_filed(date(2025, 3, 1));
    assert_eq!(in_force(&history, YEAR_AGO), None);
    let tables = daily(date(2025, 3, 1), YEAR_AGO);
    history.anchor(Window::Year, around_a_year_ago(), tables);
    assert_eq!(in_force(&history, YEAR_AGO), Some(YEAR_AGO));
    assert_eq!(in_force(&history, date(2025, 4, 9)), Some(date(2025, 4, 9)));
    assert_eq!(in_force(&history, date(2025, 4, 11)), Some(YEAR_AGO));
    assert_eq!(in_force(&history, date(2025, 4, 8)), None);
    assert_eq!(history.anchors_wanted(TODAY), []);
    let tomorrow = history.anchors_wanted(april(11));
    let days = DateRange {
        first: date(2025, 4, 10),
        last: date(2025, 4, 12),
    };
    assert_eq!(tomorrow, [(Window::Year, days)]);
}

#[test]
fn an_anchor_is_dropped_when_a_table_is_filed_that_may_matter_to_it() {
    let is_kept_after = |first, filed| {
        let mut history = hundred_days();
        history.record_filed(date(2025, 1, 1));
        let tables = daily(first, date(2025, 4, 11));
        history.anchor(Window::Year, around_a_year_ago(), tables);
        history.forget_anchors_on(filed);
        in_force(&history, YEAR_AGO).is_some()
    };
    // The tables since 26 March may be in force, and sixteen before them tell what they repeat.
    let long = |filed| is_kept_after(date(2025, 2, 1), filed);
    assert!(long(date(2025, 3, 9)));
    assert!(!long(date(2025, 3, 10)));
    assert!(!long(date(2025, 4, 11)));
    assert!(long(date(2025, 4, 12)));
    let short = |filed| is_kept_after(date(2025, 3, 11), filed);
    assert!(!short(date(2025, 3, 9)), "only fifteen are known");
}

#[test]
fn the_oldest_table_that_is_kept_does_not_decide_where_older_ones_were_filed() {
    let kept = date(2026, 1, 10);
    let days = date(2026, 2, 1).series(1.day());
    let later: Vec<Date> = days.take(TABLES_MAX - 1).collect();
    let of = |first: Option<Date>| {
        let dates = first.into_iter().chain([kept]).chain(later.clone());
        let tables = dates.zip(100..);
        let tables = tables.map(|(day, number)| dollar(day, &format!("475.{number}")));
        history(tables.collect())
    };
    let whole = of(None);
    assert_eq!(in_force(&whole, kept), Some(kept));
    assert_eq!(in_force(&whole, date(2026, 1, 24)), Some(kept));
    assert_eq!(in_force(&whole, date(2026, 1, 25)), None, "after two weeks");
    assert_eq!(in_force(&whole, later[0]), Some(later[0]));
    let cut = of(Some(date(2026, 1, 9)));
    assert_eq!(cut.oldest_date(), Some(kept));
    assert_eq!(in_force(&cut, kept), None);
    assert_eq!(
        in_force(&cut, date(2026, 1, 24)),
        None,
        "it may be a repeat"
    );
    assert_eq!(in_force(&cut, later[0]), Some(later[0]));
}

#[test]
fn a_day_before_the_first_table_says_when_the_history_begins() {
    let history = history(vec![dollar(april(2), "475.09")]);
    let missing = |day| history.missing_on(day);
    assert_eq!(missing(april(1)), MissingPoint::BeginsLater(april(2)));
    assert_eq!(missing(april(2)), MissingPoint::Unknown(april(2)));
    assert_eq!(missing(april(20)), MissingPoint::Unknown(april(20)));
    let empty = History::new(RevisionPolicy::Correction);
    assert_eq!(empty.missing_on(april(1)), MissingPoint::Unknown(april(1)));
}

#[test]
fn some_rows_of_a_table_may_be_known_to_repeat_those_before() {
    let mut history = History::unbounded(RevisionPolicy::Correction);
    history.insert_partial(dollar(april(2), "475.09"), false);
    history.insert_partial(dollar(april(3), "475.09"), true);
    assert_eq!(history.oldest_filed(), Some(april(2)));
    assert!(!history.is_carry(april(2)) && history.is_carry(april(3)));
    assert_eq!(in_force(&history, april(3)), Some(april(2)));
}
