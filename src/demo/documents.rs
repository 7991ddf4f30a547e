//! The recorded figures as documents, in the format that each bank sends.

use std::fmt::Write;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::demo::figures::{
    Capture, MARKET, NBKR_KZT, NBKR_USD, cbr as cbr_figures, cbu as cbu_figures, nbk as nbk_figures,
};

/// How long before its date begins, in UTC, the Kyrgyz bank's file is there: 10:00 of the day before, 16:00 in Bishkek.
const NBKR_AHEAD: SignedDuration = SignedDuration::from_hours(14);
/// The same for the Bank of Russia: 14:00 UTC of the day before, 17:00 in Moscow.
const CBR_AHEAD: SignedDuration = SignedDuration::from_hours(10);
/// The same for the bank of Kazakhstan: 10:30 UTC of the day before, 15:30 in Almaty.
const NBK_AHEAD: SignedDuration = SignedDuration::from_mins(13 * 60 + 30);
/// When a date begins in Tashkent, before it begins in UTC. The bank's undated address changes to the next table then.
const CBU_AHEAD: SignedDuration = SignedDuration::from_hours(5);
/// How long before its date begins, in UTC, the bank of Uzbekistan has a table at the address of that date: 12:30 UTC of
/// the day before, 17:30 in Tashkent.
const CBU_DATED_AHEAD: SignedDuration = SignedDuration::from_mins(11 * 60 + 30);

/// A file with its validators.
#[derive(Debug)]
pub(super) struct File {
    pub(super) body: String,
    pub(super) etag: String,
    pub(super) last_modified: String,
}

/// The newest answer of the market vendor.
pub(super) fn market(now: Timestamp) -> Option<String> {
    let newest = MARKET.iter().rev().find(|capture| capture.at <= now)?;
    let Capture {
        at,
        kgs,
        kzt,
        tjs,
        uzs,
        tmt,
    } = newest;
    Some(format!(
        r#"{{"success": true, "timestamp": {seconds}, "base": "USD", "date": "{date}", "rates": {{"KGS": {kgs}, "KZT": {kzt}, "TJS": {tjs}, "TMT": {tmt}, "USD": 1, "UZS": {uzs}}}}}"#,
        seconds = at.as_second(),
        date = at.strftime("%Y-%m-%d"),
    ))
}

/// The Kyrgyz bank's daily file: from the afternoon on, tomorrow's.
pub(super) fn nbkr_daily(now: Timestamp) -> Option<File> {
    let newest_date = date_after(now, NBKR_AHEAD)?;
    let newest = NBKR_KZT.iter().rev().find(|(date, _)| *date <= newest_date);
    let (date, kzt) = newest?;
    let mut body = format!(
        "<?xml version=\"1.0\" encoding=\"windows-1251\" ?>\n<CurrencyRates Name=\"Daily Exchange Rates\" Date=\"{}\">\n",
        dotted(*date)
    );
    for (code, value) in [("USD", NBKR_USD), ("KZT", *kzt)] {
        write!(
            body,
            "<Currency ISOCode=\"{code}\">\n<Nominal>1</Nominal>\n<Value>{value}</Value>\n</Currency>\n"
        )
        .ok()?;
    }
    body.push_str("</CurrencyRates>\n");
    let midnight = TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
    let written = midnight.checked_sub(NBKR_AHEAD).ok()?;
    Some(File {
        etag: format!("W/\"{}-{}\"", body.len(), written.as_millisecond()),
        last_modified: written.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        body,
    })
}

/// The Bank of Russia's table, all on one line: the newest, or the one in force on a date (`DD/MM/YYYY`).
pub(super) fn cbr(now: Timestamp, asked: Option<&str>) -> Option<Vec<u8>> {
    let published = date_after(now, CBR_AHEAD)?;
    let newest = match asked {
        Some(text) => Date::strptime("%d/%m/%Y", text).ok()?.min(published),
        None => published,
    };
    let tables = cbr_figures::TABLES.iter().rev();
    let (date, values) = tables.into_iter().find(|(date, _)| *date <= newest)?;
    cbr_table(*date, values)
}

/// A table of the Bank of Russia.
pub(super) fn cbr_table(date: Date, values: &[&str; 7]) -> Option<Vec<u8>> {
    let mut document = format!(
        "<?xml version=\"1.0\" encoding=\"windows-1251\"?><ValCurs Date=\"{}\" name=\"Foreign Currency Market\">",
        dotted(date)
    );
    for (currency, value) in cbr_figures::CURRENCIES.iter().zip(values) {
        let cbr_figures::Currency {
            id,
            code,
            name,
            units,
        } = currency;
        if value.is_empty() {
            continue;
        }
        write!(
            document,
            "<Valute ID=\"{id}\"><CharCode>{code}</CharCode><Nominal>{units}</Nominal><Name>{name}</Name><Value>{value}</Value></Valute>"
        )
        .ok()?;
    }
    document.push_str("</ValCurs>");
    let (bytes, ..) = encoding_rs::WINDOWS_1251.encode(&document);
    Some(bytes.into_owned())
}

/// The Kazakh bank's table of a date (`DD.MM.YYYY`), from the afternoon before it on.
pub(super) fn nbk(now: Timestamp, asked: Option<&str>) -> Option<String> {
    let date = Date::strptime("%d.%m.%Y", asked?).ok()?;
    let is_published = date <= date_after(now, NBK_AHEAD)?;
    let tables = &mut nbk_figures::TABLES.iter();
    let (date, rows) = tables.find(|(known, _)| *known == date && is_published)?;
    nbk_table(*date, rows)
}

/// A table of the Kazakh bank.
pub(super) fn nbk_table(date: Date, rows: &[(&str, &str); 7]) -> Option<String> {
    let mut document = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<rates>\n    <generator>Alternate RSS Builder</generator>\n    <date>{}</date>\n",
        dotted(date)
    );
    for ((name, code, units), (value, change)) in nbk_figures::CURRENCIES.iter().zip(rows) {
        let index = match change.get(..1) {
            Some("+") => "UP",
            Some("-") => "DOWN",
            _ => "",
        };
        write!(
            document,
            "    <item>\n        <fullname>{name}</fullname>\n        <title>{code}</title>\n        \
             <description>{value}</description>\n        <quant>{units}</quant>\n        \
             <index>{index}</index>\n        <change>{change}</change>\n    </item>\n"
        )
        .ok()?;
    }
    document.push_str("</rates>\n");
    Some(document)
}

/// The Uzbek bank's table: the one in force, or the newest at a date (`YYYY-MM-DD`).
pub(super) fn cbu(now: Timestamp, asked: Option<&str>) -> Option<String> {
    let newest = match asked {
        Some(text) => text
            .parse::<Date>()
            .ok()?
            .min(date_after(now, CBU_DATED_AHEAD)?),
        None => date_after(now, CBU_AHEAD)?,
    };
    let mut tables = cbu_figures::TABLES.iter().rev();
    let (date, rows) = tables.find(|(date, _)| *date <= newest)?;
    Some(cbu_table(*date, rows))
}

/// A table of the Uzbek bank.
pub(super) fn cbu_table(date: Date, rows: &[(&str, &str); 8]) -> String {
    let currencies = cbu_figures::CURRENCIES.iter().zip(rows);
    let elements = currencies.map(|((number, code, name), (value, change))| {
        format!(
            r#"{{"Code":"{number}","Ccy":"{code}","CcyNm_EN":"{name}","Nominal":"1","Rate":"{value}","Diff":"{change}","Date":"{date}"}}"#,
            date = dotted(date),
        )
    });
    format!("[{}]", elements.collect::<Vec<_>>().join(","))
}

/// The date in UTC some time after an instant: the newest date whose table is published.
fn date_after(now: Timestamp, ahead: SignedDuration) -> Option<Date> {
    let later = now.checked_add(ahead).ok()?;
    Some(TimeZone::UTC.to_datetime(later).date())
}

fn dotted(date: Date) -> String {
    date.strftime("%d.%m.%Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_market_tables_are_in_order() {
        let instants: Vec<Timestamp> = MARKET.iter().map(|capture| capture.at).collect();
        assert!(instants.is_sorted_by(|earlier, later| earlier < later));
        assert_eq!(instants[0].to_string(), "2025-12-04T16:09:08Z");
        assert_eq!(instants[26].to_string(), "2025-12-13T16:08:04Z");
    }

    #[test]
    fn the_kyrgyz_bank_has_a_file_for_every_day() {
        for pair in NBKR_KZT.windows(2) {
            assert_eq!(pair[0].0.tomorrow().unwrap(), pair[1].0);
        }
    }

    #[test]
    fn every_printed_change_is_the_difference_of_two_tables() {
        let number = |text: &str| text.parse::<rust_decimal::Decimal>().unwrap();
        for pair in nbk_figures::TABLES.windows(2) {
            for (before, after) in pair[0].1.iter().zip(&pair[1].1) {
                assert_eq!(number(after.0) - number(before.0), number(after.1));
            }
        }
        for pair in cbu_figures::TABLES.windows(2) {
            for (before, after) in pair[0].1.iter().zip(&pair[1].1) {
                assert_eq!(number(after.0) - number(before.0), number(after.1));
            }
        }
    }
}
