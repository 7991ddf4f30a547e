//! The banks in a real year: the days on which they work, the times at which their tables appear, and their responses. It
//! shares nothing with the schedules that are tested against it.

use std::iter::successors;
use std::sync::Arc;

use jiff::civil::{Date, DateTime, Time, Weekday, date, time};
use rust_decimal::Decimal;
use silkrate::domain::{Currency, Table};

use crate::support::records::{Quotes, table};

/// Before the year begins: what is in force on its first day was published long before.
pub(crate) const FIRST_DAY: Date = date(2025, 12, 10);
/// After the year has ended: what is published on its last days is for later ones.
const LAST_DAY: Date = date(2027, 1, 12);

/// One document of a publisher, and the rules of its tables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bank {
    pub(crate) source: &'static str,
    pub(crate) document: &'static str,
    /// Days off from Monday to Friday, moved ones and the moving ones of the lunar calendar included.
    pub(crate) days_off: &'static str,
    /// Weekends on which it works.
    pub(crate) worked_weekends: &'static str,
    pub(crate) manner: Manner,
    /// Whether it prints the change against its table before.
    pub(crate) prints_change: bool,
    pub(crate) answers: Answers,
    pub(crate) quotes: Quotes,
    /// The currencies in its tables.
    pub(crate) rows: &'static [&'static str],
    /// The pair that is observed.
    pub(crate) pair: (Currency, Currency),
}

/// When a table appears, and its date.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Manner {
    /// On a working day tomorrow's.
    NextDay(Time),
    /// The same, and on a day off tomorrow's with the figures of today's.
    EveryDay(Time, Time),
    /// On a working day that of the next working day, and from a day on that of the next calendar day.
    NextWorkingDayUntil(Time, Date),
    /// The same, and with it the days between with the figures of the last working day.
    NextWorkingDayFilled(Time),
    /// Every day but Saturday tomorrow's, whatever the calendar says; on Saturday Monday's. None on New Year's Day.
    EveryDayButSunday(Time),
    /// On the last working day up to Friday that of Saturday, if there is such a day in the week.
    Weekly(Time),
    /// Several times a day that of the day.
    SameDay(&'static [Time]),
}

/// How the bank responds to a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answers {
    /// Always with the newest table.
    Newest,
    /// With the table of the requested day, or none.
    Exactly,
    /// The same, and with the newest for a day too far ahead.
    ExactlyOrNewest,
}

/// A table that appeared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Appearance {
    /// The local time of the bank.
    pub(crate) at: DateTime,
    /// Its date.
    pub(crate) date: Date,
    /// Counts the fixings: a table with the number of the one before repeats it.
    pub(crate) fixing: u32,
    /// Whether it is a new fixing.
    is_new: bool,
}

pub(crate) fn days_from(first: Date) -> impl Iterator<Item = Date> {
    successors(Some(first), |day| day.tomorrow().ok())
}

impl Bank {
    fn works_on(&self, day: Date) -> bool {
        let named = |list: &str| list.split(' ').any(|item| item == day.to_string());
        match day.weekday() {
            Weekday::Saturday | Weekday::Sunday => named(self.worked_weekends),
            _ => !named(self.days_off),
        }
    }

    /// All that appears in the year, in order.
    pub(crate) fn appearances(&self) -> Vec<Appearance> {
        let mut appearances = Vec::new();
        let mut fixing = 0;
        for day in days_from(FIRST_DAY).take_while(|day| *day < LAST_DAY) {
            for (time, date, is_new) in self.appear_on(day) {
                fixing += u32::from(is_new);
                let at = day.to_datetime(time);
                // What fills a pause comes with the table that ends it, and repeats the one before.
                appearances.push(Appearance {
                    at,
                    date,
                    fixing,
                    is_new,
                });
            }
        }
        appearances
    }

    /// What appears on a day: at which time, for which date, and whether it is a new fixing.
    fn appear_on(&self, day: Date) -> Vec<(Time, Date, bool)> {
        let works = self.works_on(day);
        let tomorrow = day.tomorrow().unwrap();
        let next_working_day = || {
            days_from(tomorrow)
                .find(|day| self.works_on(*day))
                .expect("the days off end")
        };
        match self.manner {
            Manner::NextDay(at) if works => vec![(at, tomorrow, true)],
            Manner::EveryDay(at, _) if works => vec![(at, tomorrow, true)],
            Manner::EveryDay(_, at) => vec![(at, tomorrow, false)],
            Manner::NextWorkingDayUntil(at, until) if works => {
                let next = if day < until {
                    next_working_day()
                } else {
                    tomorrow
                };
                vec![(at, next, true)]
            }
            Manner::NextWorkingDayFilled(at) if works => {
                let next = next_working_day();
                let between = days_from(tomorrow).take_while(|day| *day < next);
                let mut appear: Vec<_> = between.map(|date| (at, date, false)).collect();
                appear.push((at, next, true));
                appear
            }
            Manner::EveryDayButSunday(at) => {
                let next = days_from(tomorrow).find(|day| {
                    day.weekday() != Weekday::Sunday && (day.month(), day.day()) != (1, 1)
                });
                let works = day.weekday() != Weekday::Sunday && (day.month(), day.day()) != (1, 1);
                next.filter(|_| works)
                    .map(|next| (at, next, true))
                    .into_iter()
                    .collect()
            }
            Manner::Weekly(at) if works => {
                let rest_of_week =
                    days_from(tomorrow).take_while(|day| day.weekday() != Weekday::Saturday);
                let is_last = rest_of_week.into_iter().all(|day| !self.works_on(day));
                let saturday = days_from(tomorrow).find(|day| day.weekday() == Weekday::Saturday);
                saturday
                    .filter(|_| is_last)
                    .map(|saturday| (at, saturday, true))
                    .into_iter()
                    .collect()
            }
            Manner::SameDay(times) => times.iter().map(|at| (*at, day, true)).collect(),
            Manner::NextDay(_)
            | Manner::NextWorkingDayUntil(..)
            | Manner::NextWorkingDayFilled(_)
            | Manner::Weekly(_) => Vec::new(),
        }
    }

    /// The table that it serves for a request for a date or for the newest; none if it has none.
    pub(crate) fn answer(
        &self,
        appearances: &[Appearance],
        requested: Option<Date>,
        now: DateTime,
    ) -> Option<Table> {
        let there = appearances.partition_point(|appearance| appearance.at <= now);
        let there = &appearances[..there];
        let newest = there.last()?;
        // Those of a month ago are not requested.
        let recent = || there.iter().rev().take(60);
        let exactly = requested.and_then(|date| recent().find(|known| known.date == date));
        let found = match self.answers {
            Answers::Newest => Some(newest),
            Answers::ExactlyOrNewest if requested > Some(newest.date) => Some(newest),
            Answers::Exactly | Answers::ExactlyOrNewest => exactly,
        };
        found.map(|found| self.table(*found))
    }

    fn table(&self, appearance: Appearance) -> Table {
        let Appearance {
            at,
            date,
            fixing,
            is_new,
        } = appearance;
        let value = (1000 + fixing).to_string();
        let rows: Vec<_> = self
            .rows
            .iter()
            .map(|code| (*code, 1, value.as_str()))
            .collect();
        let mut table = table(self.source, self.quotes, date, &rows);
        table.document = self.document;
        if self.prints_change {
            // The value of each fixing is greater by one than that of the one before.
            let change = Decimal::from(u8::from(is_new));
            for row in table.rows.values_mut() {
                Arc::make_mut(row).published_change = Some(change);
            }
        }
        if matches!(self.manner, Manner::SameDay(_)) {
            table.as_of = Some(jiff::tz::TimeZone::UTC.to_timestamp(at).unwrap());
        }
        table
    }
}

const KAZAKH: &str = "2025-12-16 2026-01-01 2026-01-02 2026-01-07 2026-03-09 2026-03-23 2026-03-24 2026-03-25 \
    2026-05-01 2026-05-07 2026-05-11 2026-05-27 2026-07-06 2026-10-26 2026-12-16 2027-01-01 2027-01-04 2027-01-07";
const KYRGYZ: &str = "2026-01-01 2026-01-02 2026-01-05 2026-01-06 2026-01-07 2026-03-20 2026-05-01 2026-05-04 \
    2026-05-05 2026-05-06 2026-05-07 2026-05-08 2026-05-27 2026-08-31 2027-01-01 2027-01-04 2027-01-05 2027-01-06 \
    2027-01-07";
const UZBEK: &str = "2025-12-31 2026-01-01 2026-01-02 2026-03-09 2026-03-20 2026-03-23 2026-05-11 2026-05-27 \
    2026-05-28 2026-05-29 2026-08-31 2026-09-01 2026-10-01 2026-12-08 2026-12-31 2027-01-01";
const TAJIK: &str =
    "2026-01-01 2026-03-20 2026-03-23 2026-03-24 2026-05-27 2026-09-09 2026-11-06 2027-01-01";
const RUSSIAN: &str = "2025-12-31 2026-01-01 2026-01-02 2026-01-05 2026-01-06 2026-01-07 2026-01-08 2026-01-09 \
    2026-02-23 2026-03-09 2026-05-01 2026-05-11 2026-06-12 2026-11-04 2026-12-31 2027-01-01 2027-01-04 2027-01-05 \
    2027-01-06 2027-01-07 2027-01-08";

/// Every bank, as it works; 2026 has the real days off of its country.
pub(crate) static BANKS: [Bank; 8] = [
    Bank {
        source: "nbk",
        document: "daily",
        days_off: KAZAKH,
        worked_weekends: "",
        manner: Manner::EveryDay(time(16, 0, 0, 0), time(0, 30, 0, 0)),
        prints_change: true,
        answers: Answers::Exactly,
        quotes: Quotes::InHome(Currency::KZT),
        rows: &["USD"],
        pair: (Currency::KZT, Currency::USD),
    },
    Bank {
        source: "nbkr",
        document: "daily",
        days_off: KYRGYZ,
        worked_weekends: "",
        manner: Manner::EveryDay(time(15, 59, 6, 0), time(16, 20, 45, 0)),
        prints_change: false,
        answers: Answers::Newest,
        quotes: Quotes::InHome(Currency::KGS),
        rows: &["USD"],
        pair: (Currency::KGS, Currency::USD),
    },
    Bank {
        source: "nbkr",
        document: "weekly",
        days_off: KYRGYZ,
        worked_weekends: "",
        manner: Manner::Weekly(time(16, 0, 0, 0)),
        prints_change: false,
        answers: Answers::Newest,
        quotes: Quotes::InHome(Currency::KGS),
        rows: &["JPY"],
        pair: (Currency::KGS, Currency::constant("JPY")),
    },
    Bank {
        source: "cbu",
        document: "daily",
        days_off: UZBEK,
        worked_weekends: "2026-12-12",
        manner: Manner::NextWorkingDayUntil(time(17, 30, 0, 0), date(2026, 9, 11)),
        prints_change: true,
        answers: Answers::Newest,
        quotes: Quotes::InHome(Currency::UZS),
        rows: &["USD"],
        pair: (Currency::UZS, Currency::USD),
    },
    Bank {
        source: "nbt",
        document: "daily",
        days_off: TAJIK,
        worked_weekends: "",
        manner: Manner::NextWorkingDayFilled(time(12, 0, 0, 0)),
        prints_change: false,
        answers: Answers::ExactlyOrNewest,
        quotes: Quotes::InHome(Currency::TJS),
        rows: &["USD"],
        pair: (Currency::TJS, Currency::USD),
    },
    Bank {
        source: "cbt",
        document: "daily",
        days_off: "",
        worked_weekends: "",
        manner: Manner::EveryDayButSunday(time(15, 25, 0, 0)),
        prints_change: false,
        answers: Answers::Exactly,
        quotes: Quotes::InHome(Currency::TMT),
        rows: &["USD"],
        pair: (Currency::TMT, Currency::USD),
    },
    Bank {
        source: "cbr",
        document: "daily",
        days_off: RUSSIAN,
        worked_weekends: "",
        manner: Manner::NextDay(time(15, 0, 0, 0)),
        prints_change: false,
        answers: Answers::Newest,
        quotes: Quotes::InHome(Currency::RUB),
        rows: &["USD", "KZT"],
        pair: (Currency::KZT, Currency::USD),
    },
    Bank {
        source: "market",
        document: "latest",
        days_off: "",
        worked_weekends: "",
        manner: Manner::SameDay(&[time(0, 33, 0, 0), time(8, 10, 0, 0), time(16, 9, 0, 0)]),
        prints_change: false,
        answers: Answers::Newest,
        quotes: Quotes::OfBase(Currency::USD),
        rows: &["KZT"],
        pair: (Currency::KZT, Currency::USD),
    },
];
