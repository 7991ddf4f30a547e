//! The series that are replayed: figures that the banks published, in the formats of the banks, and when each table
//! appeared.
//!
//! A series is whole: between its first and its last table the bank published no other one. Where more is not recorded, it
//! ends.

use jiff::civil::{Date, DateTime};

/// The tables of a bank in a stretch of days.
#[derive(Debug, Clone, Copy)]
pub(super) struct Series {
    pub(super) title: &'static str,
    pub(super) source: &'static str,
    /// When the service starts, in the bank's own time.
    start: &'static str,
    /// When it ends: before the next table, which is not recorded, is due.
    end: &'static str,
    /// A line for each table: when it appeared, in the bank's own time, its date, and its rows. A row is a code, a nominal
    /// other than one before it, the value, and after a colon the bank's own change.
    tables: &'static str,
}

/// A table of a series.
#[derive(Debug, Clone)]
pub(super) struct Published {
    /// When it appeared, in the bank's own time.
    pub(super) at: DateTime,
    pub(super) date: Date,
    pub(super) rows: Vec<Row>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) units: &'static str,
    pub(super) code: &'static str,
    pub(super) value: &'static str,
    change: &'static str,
}

/// Every series.
pub(super) const ALL: &[Series] = &[
    // The Kyrgyz bank in the spring of 2022: three times a rouble above one som became one below it.
    Series {
        title: "nbkr, 2 and 3 March 2022",
        source: "nbkr",
        start: "2022-03-02T09:00",
        end: "2022-03-03T12:00",
        tables: "\
2022-03-01T16:00 2022-03-02 USD=94,9536 EUR=106,6092 KZT=0,1919 RUB=1,0350
2022-03-02T16:00 2022-03-03 USD=95,6800 EUR=106,0565 KZT=0,1944 RUB=0,9267",
    },
    Series {
        title: "nbkr, 22 and 23 March 2022",
        source: "nbkr",
        start: "2022-03-22T09:00",
        end: "2022-03-23T12:00",
        tables: "\
2022-03-21T16:00 2022-03-22 USD=102,8896 EUR=113,8782 KZT=0,2038 RUB=1,0340
2022-03-22T16:00 2022-03-23 USD=99,8748 EUR=109,9322 KZT=0,1976 RUB=0,9241",
    },
    Series {
        title: "nbkr, 21 to 23 April 2022",
        source: "nbkr",
        start: "2022-04-21T09:00",
        end: "2022-04-23T12:00",
        tables: "\
2022-04-20T16:00 2022-04-21 USD=82,5575 EUR=89,5006 KZT=0,1860 RUB=1,0266
2022-04-21T16:00 2022-04-22 USD=80,3641 EUR=87,7938 KZT=0,1810 RUB=0,9759
2022-04-22T16:00 2022-04-23 USD=80,8651 EUR=87,3222 KZT=0,1821 RUB=1,0088",
    },
    // Ten days of the Kyrgyz bank: Saturday's figures are repeated on Sunday and Monday.
    Series {
        title: "nbkr, 5 to 14 December 2025",
        source: "nbkr",
        start: "2025-12-05T09:00",
        end: "2025-12-14T12:00",
        tables: "\
2025-12-04T16:00 2025-12-05 USD=87,4500 KZT=0,1751
2025-12-05T16:00 2025-12-06 USD=87,4500 KZT=0,1733
2025-12-06T16:00 2025-12-07 USD=87,4500 KZT=0,1733
2025-12-07T16:00 2025-12-08 USD=87,4500 KZT=0,1733
2025-12-08T16:00 2025-12-09 USD=87,4500 KZT=0,1723
2025-12-09T16:00 2025-12-10 USD=87,4500 KZT=0,1700
2025-12-10T16:00 2025-12-11 USD=87,4500 KZT=0,1687
2025-12-11T16:00 2025-12-12 USD=87,4500 KZT=0,1682
2025-12-12T16:00 2025-12-13 USD=87,4500 KZT=0,1674
2025-12-13T16:00 2025-12-14 USD=87,4500 KZT=0,1674",
    },
    // The Bank of Russia from December 2021 to January 2022: the lira rose by a quarter in a day, and stayed there. There
    // was no table over the holidays of the new year.
    Series {
        title: "cbr, the lira of December 2021",
        source: "cbr",
        start: "2021-12-18T12:00",
        end: "2022-01-12T12:00",
        tables: "\
2021-12-17T13:00 2021-12-18 USD=73,7330 EUR=83,5026 10TRY=45,7497
2021-12-20T13:00 2021-12-21 USD=74,2947 EUR=83,6187 10TRY=42,4692
2021-12-21T13:00 2021-12-22 USD=73,8206 EUR=83,3213 10TRY=53,3386
2021-12-22T13:00 2021-12-23 USD=73,7901 EUR=83,1541 10TRY=59,1575
2021-12-23T13:00 2021-12-24 USD=73,3583 EUR=83,1223 10TRY=63,3278
2021-12-24T13:00 2021-12-25 USD=73,1886 EUR=82,9300 10TRY=62,9433
2021-12-27T13:00 2021-12-28 USD=73,2329 EUR=82,9363 10TRY=63,8724
2021-12-28T13:00 2021-12-29 USD=73,4959 EUR=83,2194 10TRY=62,1005
2021-12-29T13:00 2021-12-30 USD=73,6514 EUR=83,2040 10TRY=60,9117
2021-12-30T13:00 2021-12-31 USD=74,2926 EUR=84,0695 10TRY=57,8432
2022-01-10T13:00 2022-01-11 USD=75,1315 EUR=85,1315 10TRY=54,3317
2022-01-11T13:00 2022-01-12 USD=74,8355 EUR=84,8784 10TRY=54,0875",
    },
    // The Uzbek bank in September and October 2026, when its tables came to bear the dates from Tuesday to Saturday. The
    // value of 24 September follows from the change that the next table prints. The first of October is a holiday.
    Series {
        title: "cbu, 7 to 9 September 2026",
        source: "cbu",
        start: "2026-09-07T09:00",
        end: "2026-09-09T12:00",
        tables: "\
2026-09-04T17:30 2026-09-07 USD=11785.30:
2026-09-07T17:30 2026-09-08 USD=11789.33:4.03
2026-09-08T17:30 2026-09-09 USD=11813.21:23.88",
    },
    Series {
        title: "cbu, 24 to 29 September 2026",
        source: "cbu",
        start: "2026-09-24T09:00",
        end: "2026-09-29T12:00",
        tables: "\
2026-09-23T17:30 2026-09-24 USD=11814.05:
2026-09-24T17:30 2026-09-25 USD=11830.87:16.82
2026-09-25T17:30 2026-09-26 USD=11825.40:-5.47
2026-09-28T17:30 2026-09-29 USD=11806.97:-18.43",
    },
    Series {
        title: "cbu, 1 to 5 October 2026",
        source: "cbu",
        start: "2026-10-01T09:00",
        end: "2026-10-05T12:00",
        tables: "\
2026-09-30T17:30 2026-10-01 USD=11808.76:
2026-10-02T17:30 2026-10-03 USD=11772.95:-35.81",
    },
];

impl Series {
    pub(super) fn start(&self) -> DateTime {
        self.start.parse().unwrap()
    }

    pub(super) fn end(&self) -> DateTime {
        self.end.parse().unwrap()
    }

    /// The tables, oldest first.
    pub(super) fn tables(&self) -> Vec<Published> {
        self.tables.lines().map(table).collect()
    }

    /// A table as the bank sends it.
    pub(super) fn document(&self, table: &Published) -> String {
        let rows = table.rows.iter();
        let date = table.date.strftime("%d.%m.%Y");
        match self.source {
            "cbu" => {
                let rows = rows.map(|row| {
                    let Row { units, code, value, change } = row;
                    format!(
                        r#"{{"Ccy":"{code}","Nominal":"{units}","Rate":"{value}","Diff":"{change}","Date":"{date}"}}"#
                    )
                });
                format!("[{}]", rows.collect::<Vec<_>>().join(","))
            }
            "cbr" => {
                let rows = rows.map(|row| {
                    let Row { units, code, value, .. } = row;
                    format!("<Valute><CharCode>{code}</CharCode><Nominal>{units}</Nominal><Value>{value}</Value></Valute>")
                });
                let rows: String = rows.collect();
                format!("<ValCurs Date=\"{date}\">{rows}</ValCurs>")
            }
            "nbkr" => {
                let rows = rows.map(|row| {
                    let Row { units, code, value, .. } = row;
                    format!("<Currency ISOCode=\"{code}\"><Nominal>{units}</Nominal><Value>{value}</Value></Currency>")
                });
                let rows: String = rows.collect();
                format!(
                    "<CurrencyRates Name=\"Daily Exchange Rates\" Date=\"{date}\">{rows}</CurrencyRates>"
                )
            }
            other => panic!("{other} has no series"),
        }
    }
}

fn table(line: &'static str) -> Published {
    let mut words = line.split_whitespace();
    Published {
        at: words.next().unwrap().parse().unwrap(),
        date: words.next().unwrap().parse().unwrap(),
        rows: words.map(row).collect(),
    }
}

fn row(text: &'static str) -> Row {
    let (currency, figures) = text.split_once('=').unwrap();
    let letters = currency.find(|letter: char| letter.is_ascii_alphabetic());
    let (units, code) = currency.split_at(letters.unwrap());
    let (value, change) = figures.split_once(':').unwrap_or((figures, ""));
    Row {
        units: if units.is_empty() { "1" } else { units },
        code,
        value,
        change,
    }
}
