//! The figures of the replay as the documents of the banks, byte for byte in their manner.

use std::fmt::Write;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::demo::figures::{
    CBR, CBR_APPEARS, CBR_DATE, Capture, MARKET, NBKR_KZT, NBKR_USD, RoubleRow,
};

/// How long before its date begins, in UTC, the Kyrgyz bank's file is there: 10:00 of the day before, 16:00 in Bishkek.
const NBKR_AHEAD: SignedDuration = SignedDuration::from_hours(14);

/// A file with what a server knows of it.
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
    let newest_date = TimeZone::UTC
        .to_datetime(now.checked_add(NBKR_AHEAD).ok()?)
        .date();
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

/// The Bank of Russia's table, all on one line: the newest, or the one that was in force on a date (`DD/MM/YYYY`).
pub(super) fn cbr(now: Timestamp, asked: Option<&str>) -> Option<Vec<u8>> {
    let in_force = match asked {
        Some(text) => Date::strptime("%d/%m/%Y", text).ok()? >= CBR_DATE,
        None => true,
    };
    if now < CBR_APPEARS || !in_force {
        return None;
    }
    let mut document = format!(
        "<?xml version=\"1.0\" encoding=\"windows-1251\"?><ValCurs Date=\"{}\" name=\"Foreign Currency Market\">",
        dotted(CBR_DATE)
    );
    for row in CBR {
        let RoubleRow {
            id,
            code,
            name,
            units,
            value,
        } = row;
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

fn dotted(date: Date) -> String {
    date.strftime("%d.%m.%Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::{END, START};

    #[test]
    fn the_replay_begins_after_the_first_table_and_ends_after_the_last() {
        assert_eq!(START.to_string(), "2025-12-04T16:10:00Z");
        assert_eq!(END.to_string(), "2025-12-13T18:00:00Z");
        let instants: Vec<Timestamp> = MARKET.iter().map(|capture| capture.at).collect();
        assert!(instants.is_sorted_by(|earlier, later| earlier < later));
        assert_eq!(instants[0].to_string(), "2025-12-04T16:09:08Z");
        assert_eq!(instants[26].to_string(), "2025-12-13T16:08:04Z");
        assert!(instants[0] < START && instants[26] < END);
    }

    #[test]
    fn the_kyrgyz_bank_has_a_file_for_every_day() {
        for pair in NBKR_KZT.windows(2) {
            assert_eq!(pair[0].0.tomorrow().unwrap(), pair[1].0);
        }
    }
}
