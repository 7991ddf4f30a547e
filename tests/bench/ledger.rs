//! A ledger of many years beside one of a year: start, memory, history, conversion and commit; and what subscribers notice of
//! questions about the past.

mod beside;
mod made;
mod scrape;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::ToSpan;
use jiff::civil::Date;
use silkrate::client::Client;
use silkrate::ledger::{ClockKind, Ledger};
use silkrate::pb::{
    ConvertAmountRequest, HistoryStep, ListPeriodRatesRequest, ListRateHistoryRequest, Period,
    RateFilter,
};
use tokio::runtime::Runtime;

use crate::ledger::beside::Round;
use crate::ledger::made::{LAST_DAY, Made, next_entry};
use crate::report::{decimal, median, ratio};
use crate::start::{self, Service};

/// The years of the large ledger.
const YEARS: i16 = 10;
/// How often each figure is measured; the median is printed.
const TIMES: usize = 5;
/// Commits whose median is printed.
const COMMITS: usize = 50;
/// When the memory is read: after the check of the whole file, which begins a second after the start.
const SETTLED: Duration = Duration::from_secs(6);
/// The rates of a page.
const PAGE_SIZE: i32 = 1000;

/// A figure of one ledger, in thousandths of its unit.
struct Figure {
    what: &'static str,
    unit: &'static str,
    thousandths: u64,
}

/// Compares a ledger of one year with one of `YEARS` or another number.
pub(crate) fn compare(words: &[&str], out: &mut dyn Write) -> io::Result<()> {
    let years = words.first().and_then(|years| years.parse().ok());
    let years = years.unwrap_or(YEARS);
    let folder = tempfile::tempdir()?;
    let mut columns = Vec::new();
    for (column, years) in [1, years].into_iter().enumerate() {
        writeln!(out, "making a ledger of {years} years")?;
        let path = folder.path().join(format!("{column}.db"));
        let made = Made::write(&path, years)?;
        columns.push(measure(&path, &made)?);
    }
    writeln!(
        out,
        "\n| figure | 1 year | {years} years | ratio |\n| --- | --- | --- | --- |"
    )?;
    if let [small, large] = columns.as_slice() {
        for (small, large) in small.iter().zip(large) {
            writeln!(
                out,
                "| {} | {}{unit} | {}{unit} | {} |",
                small.what,
                decimal(small.thousandths),
                decimal(large.thousandths),
                decimal(ratio(large.thousandths, small.thousandths)),
                unit = small.unit
            )?;
        }
    }
    Ok(())
}

/// Prints how late commits reach subscribers, alone and beside questions about a year.
pub(crate) fn subscribers(words: &[&str], out: &mut dyn Write) -> io::Result<()> {
    let commits = words.first().and_then(|commits| commits.parse().ok());
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("1.db");
    Made::write(&path, 1)?;
    let rounds = beside::measure(&path, commits)?;
    writeln!(
        out,
        "| p99 from a commit to its arrival at 100 subscribers: alone | while a year of sixty pairs is asked for | answers | ratio |\n\
         | --- | --- | --- | --- |"
    )?;
    for round in &rounds {
        writeln!(
            out,
            "| {} ms | {} ms | {} | {} |",
            decimal(round.alone),
            decimal(round.beside),
            round.answers,
            decimal(ratio(round.beside, round.alone)),
        )?;
    }
    let of_each =
        |figure: fn(&Round) -> u64| median(&rounds.iter().map(figure).collect::<Vec<_>>());
    writeln!(
        out,
        "\nMedians of {} rounds: {} ms alone, {} ms beside, ratio {}",
        rounds.len(),
        decimal(of_each(|round| round.alone)),
        decimal(of_each(|round| round.beside)),
        decimal(of_each(|round| ratio(round.beside, round.alone))),
    )
}

/// Prints how long a scrape of the metrics takes, alone and with subscribers.
pub(crate) fn scrapes(out: &mut dyn Write) -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("1.db");
    Made::write(&path, 1)?;
    writeln!(
        out,
        "| subscribers | best | median | page |\n| --- | --- | --- | --- |"
    )?;
    for outcome in scrape::measure(&path)? {
        writeln!(
            out,
            "| {} | {} ms | {} ms | {} KiB |",
            outcome.subscribers,
            decimal(outcome.scrapes.first().copied().unwrap_or_default()),
            decimal(median(&outcome.scrapes)),
            outcome.bytes / 1024,
        )?;
    }
    Ok(())
}

fn measure(path: &Path, made: &Made) -> io::Result<Vec<Figure>> {
    let mut figures = vec![
        Figure {
            what: "published rows",
            unit: " thousand",
            thousandths: made.rows,
        },
        Figure {
            what: "size of the file",
            unit: " MiB",
            thousandths: ratio(std::fs::metadata(path)?.len(), 1024 * 1024),
        },
    ];
    let mut milliseconds = |what, microseconds| {
        figures.push(Figure {
            what,
            unit: " ms",
            thousandths: microseconds,
        });
    };
    // The first start records what is served; the others restore it.
    drop(serve(path)?);
    let starts: io::Result<Vec<u64>> = (0..TIMES).map(|_| Ok(serve(path)?.first_answer)).collect();
    milliseconds("first answer after a start", median(&starts?));
    let service = serve(path)?;
    std::thread::sleep(SETTLED);
    let bytes = service.resident_bytes()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let client = Client::new(&format!("http://{}", service.address)).map_err(io::Error::other)?;
    for (what, pair, years) in [
        ("history of a year, KZT/USD", "KZT/USD", 1),
        ("history of all years, KZT/USD", "KZT/USD", made.years),
        ("history of all years, TMT/USD", "TMT/USD", made.years),
        ("history of all years, KGS/KZT", "KGS/KZT", made.years),
    ] {
        let from = LAST_DAY - i32::from(years).years();
        let taken = timed(|| runtime.block_on(history(&client, pair, from)))?;
        milliseconds(what, taken);
    }
    for (what, taken) in of_many_pairs(&runtime, &client, (made, service.web))? {
        milliseconds(what, taken);
    }
    let date = LAST_DAY - i32::from(made.years).years() + 30.days();
    let taken = timed(|| runtime.block_on(convert(&client, date)))?;
    milliseconds("conversion at a date of the first month", taken);
    drop(service);
    milliseconds(
        "commit of a table of 40 rows",
        runtime.block_on(commit(path))?,
    );
    let (ledger, reader) = Ledger::open(Some(path), ClockKind::Replay).map_err(io::Error::other)?;
    let begun = Instant::now();
    runtime.block_on(reader.check()).map_err(io::Error::other)?;
    milliseconds(
        "check of the whole file, beside serving",
        microseconds(begun),
    );
    runtime.block_on(ledger.close());
    figures.push(Figure {
        what: "memory after the start",
        unit: " MiB",
        thousandths: ratio(bytes, 1024 * 1024),
    });
    Ok(figures)
}

/// The times that questions about many pairs take, in microseconds.
fn of_many_pairs(
    runtime: &Runtime,
    client: &Client,
    (made, web): (&Made, SocketAddr),
) -> io::Result<Vec<(&'static str, u64)>> {
    let mut figures = Vec::new();
    for (what, step) in [
        ("a year of sixty pairs, each fixing", HistoryStep::Fixing),
        ("a year of sixty pairs, each day", HistoryStep::Day),
    ] {
        let request = ListRateHistoryRequest {
            filter: Some(sixty_pairs()),
            start_date: Some((LAST_DAY - 1.year()).to_string()),
            page_size: Some(PAGE_SIZE),
            step: step.into(),
            ..ListRateHistoryRequest::default()
        };
        let taken = timed(|| runtime.block_on(pages(client, request.clone())))?;
        figures.push((what, taken));
    }
    let taken = timed(|| beside::ask_for_a_year(web))?;
    figures.push(("the same, as one CSV", taken));
    let taken = timed(|| runtime.block_on(periods(client)))?;
    figures.push(("the months of a year of sixty pairs", taken));
    let date = LAST_DAY - i32::from(made.years).years() + 30.days();
    let taken = timed(|| runtime.block_on(all_rates(client, date)))?;
    figures.push(("all rates of a date of the first month", taken));
    Ok(figures)
}

fn serve(path: &Path) -> io::Result<Service> {
    let start = format!("{LAST_DAY}T09:00:00Z");
    let path = path.to_string_lossy();
    start::start(&[
        ("SILKRATE_STORE__PATH", &path),
        ("SILKRATE_CLOCK__START", &start),
    ])
}

/// The median time that something takes, in microseconds.
fn timed(mut work: impl FnMut() -> io::Result<()>) -> io::Result<u64> {
    let mut taken = Vec::new();
    for _ in 0..TIMES {
        let begun = Instant::now();
        work()?;
        taken.push(microseconds(begun));
    }
    Ok(median(&taken))
}

fn microseconds(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// The pairs of the five with four others in both directions, and with each other.
fn sixty_pairs() -> RateFilter {
    let five = ["KZT", "KGS", "TJS", "UZS", "TMT"];
    let others = ["USD", "EUR", "RUB", "CNY"];
    let mut pairs = Vec::new();
    for other in others {
        pairs.extend([format!("*/{other}"), format!("{other}/*")]);
    }
    for base in five {
        let quotes = five.into_iter().filter(|quote| *quote != base);
        pairs.extend(quotes.map(|quote| format!("{base}/{quote}")));
    }
    RateFilter { pairs }
}

/// Reads every page of a history.
async fn history(client: &Client, pair: &str, from: Date) -> io::Result<()> {
    let request = ListRateHistoryRequest {
        pair: pair.to_owned(),
        start_date: Some(from.to_string()),
        page_size: Some(PAGE_SIZE),
        ..ListRateHistoryRequest::default()
    };
    pages(client, request).await
}

async fn pages(client: &Client, mut request: ListRateHistoryRequest) -> io::Result<()> {
    let mut rates = 0;
    loop {
        let page = client.rate_history(request.clone()).await;
        let page = page.map_err(io::Error::other)?;
        rates += page.rates.len();
        match page.next_page_token {
            Some(token) if !token.is_empty() => request.page_token = Some(token),
            _ => break,
        }
    }
    if rates < 100 {
        return Err(io::Error::other(format!("there are {rates} rates")));
    }
    Ok(())
}

/// Reads the months of the last year, page by page.
async fn periods(client: &Client) -> io::Result<()> {
    let mut request = ListPeriodRatesRequest {
        filter: Some(sixty_pairs()),
        period: Period::Month.into(),
        start_date: Some((LAST_DAY - 1.year()).to_string()),
        page_size: Some(PAGE_SIZE),
        ..ListPeriodRatesRequest::default()
    };
    loop {
        let page = client.period_rates(request.clone()).await;
        request.page_token = page.map_err(io::Error::other)?.next_page_token;
        if request.page_token.is_none() {
            return Ok(());
        }
    }
}

/// Reads every rate of a day.
async fn all_rates(client: &Client, date: Date) -> io::Result<()> {
    let snapshot = client.snapshot_on(&["*/*".to_owned()], date).await;
    let rates = snapshot.map_err(io::Error::other)?.rates;
    if rates.len() < 60 {
        return Err(io::Error::other(format!("there are {} rates", rates.len())));
    }
    Ok(())
}

async fn convert(client: &Client, date: Date) -> io::Result<()> {
    let request = ConvertAmountRequest {
        amount: "100".to_owned(),
        from_currency: "USD".to_owned(),
        to_currency: "KZT".to_owned(),
        date: Some(date.to_string()),
        ..ConvertAmountRequest::default()
    };
    client.convert(request).await.map_err(io::Error::other)?;
    Ok(())
}

/// The median time of a commit, in microseconds.
async fn commit(path: &Path) -> io::Result<u64> {
    let (ledger, reader) = Ledger::open(Some(path), ClockKind::Replay).map_err(io::Error::other)?;
    let restored = reader.restore().await.map_err(io::Error::other)?;
    let position = restored.ok_or_else(|| io::Error::other("the ledger is empty"))?;
    let mut position = position.position;
    let mut taken = Vec::new();
    for commit in 0..COMMITS {
        position.revision += 1;
        let entry = next_entry(commit, position.clone());
        let begun = Instant::now();
        ledger.append(entry).await.map_err(io::Error::other)?;
        taken.push(microseconds(begun));
    }
    ledger.close().await;
    Ok(median(&taken))
}
