//! A bank within the process: what it publishes and when, and how it fails.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Response, StatusCode, header};
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use silkrate::clock::Clock;
use silkrate::fetch::{BankDouble, FetchError};

use crate::documents::{self, Row};

/// How many days before the run the tables of a bank begin: more than a start asks for.
const DAYS_BEFORE: i64 = 24;
/// How long an answer takes, in milliseconds.
const ANSWER_MS: std::ops::Range<u64> = 20..400;
/// How long that of a slow bank takes, in milliseconds; some of these are longer than the time-out of the service.
const SLOW_MS: std::ops::Range<u64> = 2_000..20_000;

/// What a bank is: its id, its format and its time zone are those of a real one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) id: &'static str,
    pub(crate) zone: &'static str,
    /// Its own currency, if its prices of all currencies are served.
    home: Option<&'static str>,
    /// The hours of the day between which it publishes the table of the next day.
    hours: (i8, i8),
    /// The currencies, their units, and their first price in hundredths.
    rows: &'static [(&'static str, u32, u32)],
}

/// The banks of a simulation: two that publish their own currency, and the fallback.
pub(crate) const KINDS: [Kind; 3] = [
    Kind {
        id: "nbk",
        zone: "Asia/Almaty",
        home: Some("KZT"),
        hours: (14, 18),
        rows: &[("USD", 1, 51_207), ("EUR", 1, 60_311), ("RUB", 1, 651)],
    },
    Kind {
        id: "cbu",
        zone: "Asia/Tashkent",
        home: Some("UZS"),
        hours: (12, 18),
        rows: &[("USD", 1, 1_204_312), ("EUR", 1, 1_407_120)],
    },
    Kind {
        id: "cbr",
        zone: "Europe/Moscow",
        home: None,
        hours: (12, 20),
        rows: &[("USD", 1, 7_913), ("KZT", 100, 1_544), ("KGS", 100, 9_051)],
    },
];

impl Kind {
    /// The pairs that are served as it prints them.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = String> {
        let rows = self.rows.iter();
        rows.filter_map(|(code, ..)| Some(format!("{code}/{}", self.home?)))
    }
}

/// How a bank fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BankFault {
    /// It answers with this status.
    Status(u16),
    /// It demands a pause of some seconds.
    TooMany(u16),
    /// No answer comes.
    Hang,
    /// No program listens.
    Refuses,
    /// Bytes that are no document.
    Garbage,
    /// A page of a firewall, with status 200.
    Page,
    /// Its document ends early.
    CutShort,
    /// The connection ends within the answer.
    Broken,
    /// It is slow.
    Slow,
}

/// Every fault.
pub(crate) const BANK_FAULTS: [BankFault; 12] = [
    BankFault::Status(500),
    BankFault::Status(503),
    BankFault::Status(403),
    BankFault::Status(404),
    BankFault::TooMany(40),
    BankFault::Hang,
    BankFault::Refuses,
    BankFault::Garbage,
    BankFault::Page,
    BankFault::CutShort,
    BankFault::Broken,
    BankFault::Slow,
];

#[derive(Debug, Clone)]
struct Published {
    at: Timestamp,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct State {
    random: Rng,
    tables: BTreeMap<Date, Published>,
    fault: Option<BankFault>,
    requests: u64,
    /// Every row that was ever printed: its date, its currency and its price.
    printed: BTreeSet<(Date, &'static str, String)>,
}

/// A bank. Its time is the true one, whatever the clock of the service shows.
#[derive(Debug)]
pub(crate) struct Bank {
    pub(crate) kind: Kind,
    zone: TimeZone,
    clock: Clock,
    state: Mutex<State>,
}

impl Bank {
    /// A bank with tables up to a number of days from now on.
    pub(crate) fn new(kind: Kind, clock: Clock, days: i64, seed: u64) -> Arc<Self> {
        let zone = TimeZone::get(kind.zone).unwrap();
        let mut random = Rng::with_seed(seed);
        let today = zone.to_datetime(clock.now()).date();
        let tables = tables(kind, (&zone, today, days), &mut random);
        let state = State {
            random,
            tables,
            fault: None,
            requests: 0,
            printed: BTreeSet::new(),
        };
        Arc::new(Self {
            kind,
            zone,
            clock,
            state: Mutex::new(state),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets how it fails from now on.
    pub(crate) fn set_fault(&self, fault: Option<BankFault>) {
        self.state().fault = fault;
    }

    pub(crate) fn requests(&self) -> u64 {
        self.state().requests
    }

    /// Prints another price of one currency in its newest table, by a tenth of one per cent at most. In one table it is always the same
    /// currency: if most prices of a table change, the service holds them. Returns what it changed.
    pub(crate) fn correct(&self) -> String {
        let now = self.clock.now();
        let mut state = self.state();
        let State { random, tables, .. } = &mut *state;
        let newest = tables
            .iter_mut()
            .rfind(|(_, table)| table.at <= now)
            .unwrap();
        let rows = &mut newest.1.rows;
        let at = usize::try_from(newest.0.day()).unwrap() % rows.len();
        let row = &mut rows[at];
        let before = row.value.clone();
        let hundredths: u32 = before.replace('.', "").parse().unwrap();
        row.value = printed(hundredths + 1 + random.u32(..=hundredths / 1000));
        format!(
            "{} corrects {} from {before} to {}",
            self.kind.id, row.code, row.value
        )
    }

    /// Whether it ever printed a row.
    pub(crate) fn has_printed(&self, date: Date, code: &str, value: &str) -> bool {
        let state = self.state();
        let mut rows = state.printed.iter();
        rows.any(|(on, currency, price)| *on == date && *currency == code && price == value)
    }

    /// The date and the price of a currency that are in force now.
    pub(crate) fn in_force(&self, code: &str) -> (Date, String) {
        let now = self.clock.now();
        let today = self.zone.to_datetime(now).date();
        let state = self.state();
        let tables = state.tables.range(..=today).rev();
        let mut visible = tables.filter(|(_, table)| table.at <= now);
        let (date, table) = visible.next().unwrap();
        let row = table.rows.iter().find(|row| row.code == code).unwrap();
        (*date, row.value.clone())
    }

    /// Its newest table, as it would answer now if it were well.
    pub(crate) fn newest(&self) -> Vec<u8> {
        let now = self.clock.now();
        let newest = {
            let state = self.state();
            let mut tables = state.tables.iter().rev();
            let (date, _) = tables.find(|(_, table)| table.at <= now).unwrap();
            *date
        };
        let path = match self.kind.id {
            "nbk" => format!("?fdate={}", newest.strftime("%d.%m.%Y")),
            "cbu" => format!("/{newest}/"),
            _ => String::new(),
        };
        self.document(&path).into_bytes()
    }

    /// The document at a path.
    fn document(&self, path: &str) -> String {
        let now = self.clock.now();
        let mut state = self.state();
        let State {
            tables, printed, ..
        } = &mut *state;
        let newest_to = |date: Date| {
            let known = tables.range(..=date).rev();
            let mut known = known.filter(|(_, table)| table.at <= now);
            known
                .next()
                .map(|(date, table)| (*date, table.rows.clone()))
        };
        let (date, rows) = match self.kind.id {
            "nbk" => {
                let date = Date::strptime("%d.%m.%Y", path.rsplit('=').next().unwrap()).unwrap();
                let (newest, rows) = newest_to(date).unwrap();
                // Sundays and Mondays repeat the table of Saturday.
                let repeats = match date.weekday() {
                    Weekday::Sunday => newest == date.yesterday().unwrap(),
                    Weekday::Monday => newest == date.checked_sub(2.days()).unwrap(),
                    _ => false,
                };
                (
                    date,
                    if newest == date || repeats {
                        rows
                    } else {
                        Vec::new()
                    },
                )
            }
            "cbu" => {
                let date = path.trim_end_matches('/').rsplit('/').next().unwrap();
                newest_to(date.parse().unwrap()).unwrap()
            }
            _ => match path.split_once("date_req=") {
                Some((_, date)) => newest_to(Date::strptime("%d/%m/%Y", date).unwrap()).unwrap(),
                None => newest_to(Date::MAX).unwrap(),
            },
        };
        for row in &rows {
            printed.insert((date, row.code, row.value.clone()));
        }
        match self.kind.id {
            "nbk" => documents::nbk(date, &rows),
            "cbu" => documents::cbu(date, &rows),
            _ => documents::cbr(date, &rows),
        }
    }
}

/// The tables of a bank: one on each working day, for the next date.
fn tables(
    kind: Kind,
    (zone, today, days): (&TimeZone, Date, i64),
    random: &mut Rng,
) -> BTreeMap<Date, Published> {
    let mut prices: Vec<u32> = kind.rows.iter().map(|(_, _, first)| *first).collect();
    let mut tables = BTreeMap::new();
    for offset in -DAYS_BEFORE..days {
        let day = today.checked_add(offset.days()).unwrap();
        if matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            continue;
        }
        for price in &mut prices {
            // Within one per cent, so that no check of plausibility holds it.
            let step = random.u32(..=*price / 100);
            *price = if random.bool() {
                *price + step
            } else {
                *price - step
            };
        }
        let (opens, closes) = kind.hours;
        let minutes = random.i64(i64::from(opens) * 60..i64::from(closes) * 60);
        let midnight = zone.to_timestamp(day.at(0, 0, 0, 0)).unwrap();
        let rows = kind.rows.iter().zip(&prices);
        let rows = rows.map(|((code, units, _), price)| Row {
            code,
            units: *units,
            value: printed(*price),
        });
        let table = Published {
            at: midnight.checked_add(minutes.minutes()).unwrap(),
            rows: rows.collect(),
        };
        tables.insert(day.tomorrow().unwrap(), table);
    }
    tables
}

/// A price in hundredths as it is printed.
fn printed(hundredths: u32) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

impl BankDouble for Bank {
    fn answer(
        &self,
        path: &str,
        headers: &HeaderMap,
    ) -> BoxFuture<'static, Result<Response<Vec<u8>>, FetchError>> {
        let document = self.document(path).into_bytes();
        let mut state = self.state();
        state.requests += 1;
        let fault = state.fault;
        let delay = match fault {
            Some(BankFault::Slow) => Duration::from_millis(state.random.u64(SLOW_MS)),
            Some(BankFault::Hang) => Duration::MAX,
            Some(_) | None => Duration::from_millis(state.random.u64(ANSWER_MS)),
        };
        let cut = state.random.usize(..document.len());
        let known = headers.get(header::IF_NONE_MATCH).cloned();
        drop(state);
        async move {
            tokio::time::sleep(delay).await;
            let status = |code| {
                let mut response = Response::new(Vec::new());
                *response.status_mut() = StatusCode::from_u16(code).unwrap();
                response
            };
            Ok(match fault {
                Some(BankFault::Status(code)) => status(code),
                Some(BankFault::TooMany(seconds)) => {
                    let mut response = status(429);
                    response
                        .headers_mut()
                        .insert(header::RETRY_AFTER, seconds.into());
                    response
                }
                Some(BankFault::Refuses) => {
                    return Err(FetchError::Connect("connection refused".to_owned()));
                }
                Some(BankFault::Broken) => {
                    return Err(FetchError::Incomplete("connection reset".to_owned()));
                }
                Some(BankFault::Garbage) => {
                    Response::new(document.iter().map(|byte| !byte).collect())
                }
                Some(BankFault::Page) => {
                    Response::new(b"<!DOCTYPE html><html><body>Checking</body></html>".to_vec())
                }
                Some(BankFault::CutShort) => Response::new(document[..cut].to_vec()),
                Some(BankFault::Slow | BankFault::Hang) | None => whole(document, known.as_ref()),
            })
        }
        .boxed()
    }
}

/// The document with its validator, or 304.
fn whole(document: Vec<u8>, known: Option<&header::HeaderValue>) -> Response<Vec<u8>> {
    let sum = document.iter().fold(7_u64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u64::from(*byte))
    });
    let tag = header::HeaderValue::from_str(&format!("\"{sum:x}\"")).unwrap();
    let mut response = Response::new(document);
    if known == Some(&tag) {
        response.body_mut().clear();
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    response.headers_mut().insert(header::ETAG, tag);
    response
}
