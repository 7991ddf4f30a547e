//! Made-up rates of one bank, and a board that publishes them again on demand: revisions without a bank.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use silkrate::board::{Board, BoardReader};
use silkrate::domain::{
    Book, Currency, DatingRule, DocumentKey, DocumentRecord, Exceptions, Fixing, History, Hours,
    MovingFeasts, Position, Preference, RevisionPolicy, Schedule, Snapshot, SourceId, SourceRecord,
    Table, View, parse_decimal,
};
use silkrate::sources::WORKING_DAYS;

/// The currencies of the bank.
const CODES: [&str; 40] = [
    "USD", "EUR", "GBP", "CHF", "RUB", "CNY", "JPY", "AUD", "CAD", "SEK", "NOK", "DKK", "PLN",
    "CZK", "HUF", "RON", "BGN", "TRY", "ILS", "INR", "PKR", "THB", "SGD", "HKD", "KRW", "MYR",
    "IDR", "PHP", "VND", "NZD", "ZAR", "BRL", "MXN", "ARS", "CLP", "AED", "SAR", "KWD", "GEL",
    "AMD",
];
const BANK: SourceId = SourceId::new("nbk");
const TODAY: Date = date(2026, 4, 2);
/// The days before today with a table: those that a change and the windows of a week, a month and a year refer to.
const DAYS_BACK: [i32; 5] = [365, 30, 7, 1, 0];

/// The pairs of a request, in its order.
pub(crate) fn pairs(count: usize) -> Vec<String> {
    let codes = CODES.iter().take(count);
    codes.map(|code| format!("KZT/{code}")).collect()
}

/// A board whose every rate changes with each revision.
#[derive(Debug)]
pub(crate) struct Figures {
    board: Board,
    /// The book of the first view, for the records beside the snapshot.
    book: Book,
    /// Two views that differ in every value, published in turn.
    views: [View; 2],
}

impl Figures {
    pub(crate) fn new() -> Self {
        let (first, second) = (book(0), book(1));
        let views = [first.view(noon()), second.view(noon())];
        let position = Position {
            epoch: "0190b5f2d3c84a7e".into(),
            revision: 0,
        };
        let [view, _] = &views;
        let board = Board::new(
            first.records(),
            Snapshot::initial(position, view.states.clone()),
        );
        let figures = Self {
            board,
            book: first,
            views,
        };
        figures.publish();
        figures
    }

    pub(crate) fn reader(&self) -> BoardReader {
        self.board.reader()
    }

    /// Publishes the next revision, and returns it.
    pub(crate) fn publish(&self) -> u64 {
        let shown = self.board.snapshot();
        let [even, odd] = &self.views;
        let view = if shown.position.revision.is_multiple_of(2) {
            even
        } else {
            odd
        };
        if let Some(next) = shown.next(view.clone()) {
            self.board.publish(next, self.book.records());
        }
        self.board.snapshot().position.revision
    }
}

fn noon() -> Timestamp {
    let noon = TODAY.at(12, 0, 0, 0).to_zoned_datetime(TimeZone::UTC);
    noon.expect("there is a noon in UTC").timestamp()
}

fn book(last_digit: u32) -> Book {
    let mut book = Book::new(vec![record()], vec![Preference::Home]);
    let key = DocumentKey {
        source: BANK,
        document: "daily",
    };
    let history = book.history(key).expect("the bank has this document");
    for days in DAYS_BACK {
        let day = TODAY
            .checked_sub(days.days())
            .expect("it is within the calendar");
        history.insert(table(day, last_digit));
    }
    book
}

fn record() -> SourceRecord {
    SourceRecord {
        id: BANK,
        name: "National Bank of Kazakhstan",
        attribution: "National Bank of Kazakhstan, nationalbank.kz",
        page: "",
        terms: "",
        home: Some(Currency::KZT),
        zone: TimeZone::UTC,
        documents: vec![DocumentRecord {
            name: "daily",
            schedule: Schedule {
                hours: Hours {
                    days: WORKING_DAYS,
                    opens: 14,
                    closes: 19,
                },
                dating: DatingRule::NextDay,
                holidays: &[],
                feasts: MovingFeasts::NONE,
                exceptions: Exceptions::NONE,
                repeated_on: &[],
                valid_days: 1,
            },
            required: &[],
            typical_dollar: None,
            history: History::new(RevisionPolicy::Correction),
        }],
        attempted: true,
    }
}

fn table(effective_date: Date, last_digit: u32) -> Table {
    let row = |(index, code): (usize, &&'static str)| {
        let currency = Currency::constant(code);
        let value = format!("4{index:02}.{:02}{last_digit}", effective_date.day());
        let fixing = Fixing {
            source: BANK,
            currency,
            units: 1,
            value: parse_decimal(&value).expect("it is written plainly"),
            home_currency: Currency::KZT,
            effective_date,
            published_change: None,
            superseded_value: None,
        };
        (currency, Arc::new(fixing))
    };
    let rows: BTreeMap<_, _> = CODES.iter().enumerate().map(row).collect();
    Table {
        document: "daily",
        pivot: Currency::KZT,
        effective_date,
        as_of: None,
        rows,
        dropped: Vec::new(),
    }
}
