//! The banks: the Kazakh and the Uzbek one on loopback, on the clock of the service. A day is five seconds. Values move every day,
//! and the Kazakh bank corrects its table of today every three hours. While they are dark, connections are closed unanswered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// How much faster than the clock of the machine that of the service is.
pub(crate) const SPEED: u32 = 17_280;
/// The beginning of the run on the clock of the service: a Monday.
const BEGINNING: &str = "2026-04-06T06:00:00Z";
/// How long before a date begins, in UTC, the Kazakh bank publishes its table.
const NBK_AHEAD: SignedDuration = SignedDuration::from_mins(13 * 60 + 30);
/// The same for the Uzbek bank.
const CBU_AHEAD: SignedDuration = SignedDuration::from_mins(11 * 60 + 30);
/// The hours between two corrections, and the most corrections of a table.
const CORRECTION_HOURS: i64 = 3;
const CORRECTIONS_MAX: i64 = 7;
/// Currencies whose rates do not move: with them an answer with every pair is as long as it is with the real banks.
const OTHERS: [&str; 32] = [
    "AUD", "GBP", "DKK", "AED", "CAD", "CNY", "KWD", "KRW", "MYR", "NOK", "SAR", "PLN", "TRY",
    "UAH", "CZK", "SEK", "CHF", "ZAR", "JPY", "SGD", "BYN", "MDL", "INR", "THB", "HUF", "HKD",
    "GEL", "BRL", "MXN", "AZN", "AMD", "IRR",
];
/// Longer than the head of any request of the service.
const REQUEST_BYTES_MAX: usize = 8192;

/// The banks. They stop when they are dropped.
#[derive(Debug)]
pub(crate) struct Bank {
    address: SocketAddr,
    clock: BankClock,
    dark: Arc<AtomicBool>,
    _tasks: JoinSet<()>,
}

/// The clock of the service, continued over its restarts.
#[derive(Debug, Clone, Copy)]
struct BankClock {
    began: Instant,
}

impl Bank {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The Kazakh bank quotes as many currencies as the real one.
    pub(crate) async fn start_with_many_currencies() -> Self {
        Self::start_with(&OTHERS).await
    }

    async fn start_with(others: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let clock = BankClock {
            began: Instant::now(),
        };
        let dark = Arc::<AtomicBool>::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, clock, others, Arc::clone(&dark)));
        Self {
            address,
            clock,
            dark,
            _tasks: tasks,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The time of the service's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn set_dark(&self, is_dark: bool) {
        self.dark.store(is_dark, Ordering::Relaxed);
    }

    pub(crate) fn is_dark(&self) -> bool {
        self.dark.load(Ordering::Relaxed)
    }

    /// Whether a bank has published a value of a currency for a date.
    pub(crate) fn has_published((source, currency): (&str, &str), date: Date, value: &str) -> bool {
        match (source, currency) {
            ("nbk", "USD") => (0..=CORRECTIONS_MAX).any(|count| tenge(date, count) == value),
            ("nbk", "EUR") => tenge_for_euro(date) == value,
            ("nbk", other) => of_others(&OTHERS).any(|row| row == (other, value.to_owned())),
            ("cbu", "USD") => som(date) == value,
            ("cbu", "EUR") => som_for_euro(date) == value,
            _ => false,
        }
    }
}

impl BankClock {
    fn now(self) -> Timestamp {
        let real = SignedDuration::try_from(self.began.elapsed()).unwrap();
        let beginning: Timestamp = BEGINNING.parse().unwrap();
        beginning + real * i32::try_from(SPEED).unwrap()
    }
}

async fn serve(
    listener: TcpListener,
    clock: BankClock,
    others: &'static [&'static str],
    dark: Arc<AtomicBool>,
) {
    let mut connections = JoinSet::new();
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        while connections.try_join_next().is_some() {}
        if !dark.load(Ordering::Relaxed) {
            connections.spawn(answer(socket, clock, others));
        }
    }
}

/// Answers one request and closes the connection. A connection that breaks is of a service that was killed.
async fn answer(mut socket: TcpStream, clock: BankClock, others: &[&str]) {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") && request.len() < REQUEST_BYTES_MAX {
        match socket.read_buf(&mut request).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
    let request = String::from_utf8_lossy(&request);
    let path = request.split(' ').nth(1).unwrap_or_default();
    let response = match document(path, clock.now(), others) {
        Some(body) => format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        ),
        None => {
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned()
        }
    };
    drop(socket.write_all(response.as_bytes()).await);
}

/// The document of a path.
fn document(path: &str, now: Timestamp, others: &[&str]) -> Option<String> {
    if let Some((_, asked)) = path.split_once("get_rates.cfm?fdate=") {
        let date = Date::strptime("%d.%m.%Y", asked).ok()?;
        return Some(kazakh(date, now, others));
    }
    let (_, asked) = path.split_once("/json/all/")?;
    let date: Date = asked.trim_end_matches('/').parse().ok()?;
    Some(uzbek(date.min(date_after(now, CBU_AHEAD))))
}

fn kazakh(date: Date, now: Timestamp, others: &[&str]) -> String {
    let head = format!("<rates><date>{}</date>", date.strftime("%d.%m.%Y"));
    if date > date_after(now, NBK_AHEAD) {
        return format!("{head}</rates>");
    }
    let fixed = weekday_until(date);
    let midnight = TimeZone::UTC.to_timestamp(fixed.at(0, 0, 0, 0)).unwrap();
    let hours = now.duration_since(midnight).as_hours();
    let corrections = (hours / CORRECTION_HOURS).clamp(0, CORRECTIONS_MAX);
    let row = |code: &str, value: &str| {
        format!(
            "<item><title>{code}</title><description>{value}</description><quant>1</quant><index></index></item>"
        )
    };
    let others: String = of_others(others)
        .map(|(code, value)| row(code, &value))
        .collect();
    format!(
        "{head}{}{}{others}</rates>",
        row("USD", &tenge(fixed, corrections)),
        row("EUR", &tenge_for_euro(fixed))
    )
}

/// What the Kazakh bank publishes of the currencies that do not move.
fn of_others<'a>(others: &[&'a str]) -> impl Iterator<Item = (&'a str, String)> {
    let others = others.iter().zip(100..);
    others.map(|(code, whole)| (*code, format!("{whole}.25")))
}

fn tenge_for_euro(date: Date) -> String {
    format!("55{}.11", days(weekday_until(date)) % 10)
}

fn som(date: Date) -> String {
    format!("12{:03}.55", days(weekday_until(date)) % 200)
}

fn som_for_euro(date: Date) -> String {
    format!("14{:03}.07", days(weekday_until(date)) % 300)
}

/// The tenge for a dollar in the table of a date, after some corrections.
fn tenge(date: Date, corrections: i64) -> String {
    let hundredths = 47_500 + days(weekday_until(date)) % 40 * 10 + corrections;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn uzbek(date: Date) -> String {
    let date = weekday_until(date);
    let row = |code: &str, value: String| {
        let date = date.strftime("%d.%m.%Y");
        format!(r#"{{"Ccy":"{code}","Nominal":"1","Rate":"{value}","Date":"{date}"}}"#)
    };
    format!(
        "[{},{}]",
        row("USD", som(date)),
        row("EUR", som_for_euro(date))
    )
}

/// The last date up to this one that is no Saturday and no Sunday.
fn weekday_until(date: Date) -> Date {
    match date.weekday() {
        Weekday::Saturday => date.yesterday().unwrap(),
        Weekday::Sunday => date.yesterday().unwrap().yesterday().unwrap(),
        _ => date,
    }
}

fn date_after(now: Timestamp, ahead: SignedDuration) -> Date {
    TimeZone::UTC.to_datetime(now + ahead).date()
}

/// The days since the beginning of 2026.
fn days(date: Date) -> i64 {
    date.duration_since(jiff::civil::date(2026, 1, 1))
        .as_hours()
        / 24
}
