//! When a bank publishes, and which date what it publishes bears.

use jiff::civil::Weekday;

/// When new tables appear, in the source's zone.
#[derive(Debug, Clone, Copy)]
pub struct Hours {
    /// On which days of the week.
    pub days: &'static [Weekday],
    /// The first hour of the window, 0 to 23.
    pub opens: i8,
    /// The hour it closes, 1 to 24.
    pub closes: i8,
}

/// Which date a table bears that was published on a working day of the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dated {
    /// The day itself.
    SameDay,
    /// The next calendar day.
    NextDay,
    /// The next day on which the bank publishes: on a Friday, Monday.
    NextPublicationDay,
}

/// A public holiday that falls on the same date each year, on which the bank publishes nothing: month and day.
pub type Holiday = (i8, i8);

/// When the tables of a document are published, and how long each is good for.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// On which days and at which hours.
    pub hours: Hours,
    /// Which date they bear.
    pub dated: Dated,
    /// Days without a publication.
    pub holidays: &'static [Holiday],
    /// For how many days a table is made: one for a daily table, seven for a weekly one.
    pub lives_days: i32,
    /// How long after the end of the hours a table that is not there makes the last one stale.
    pub stale_after_hours: i32,
}

impl Schedule {
    /// stub
    pub fn takes_force_on(&self, _date: jiff::civil::Date) -> bool {
        true
    }
    /// stub
    pub fn dates_between(
        &self,
        _after: jiff::civil::Date,
        _before: jiff::civil::Date,
    ) -> Vec<jiff::civil::Date> {
        Vec::new()
    }
}
