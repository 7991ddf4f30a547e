//! The documents of the simulated banks, in the formats of the real ones.

use std::fmt::Write;

use jiff::civil::Date;

/// A row: a currency, the units it is priced for, and the price as it is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) code: &'static str,
    pub(crate) units: u32,
    pub(crate) value: String,
}

fn dotted(date: Date) -> String {
    date.strftime("%d.%m.%Y").to_string()
}

/// The Kazakh bank's table of a date; without rows, what it answers for a date without a table.
pub(crate) fn nbk(date: Date, rows: &[Row]) -> String {
    let mut document = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><rates><date>{}</date>",
        dotted(date)
    );
    for Row { code, units, value } in rows {
        write!(
            document,
            "<item><title>{code}</title><description>{value}</description><quant>{units}</quant></item>"
        )
        .unwrap();
    }
    document + "</rates>"
}

/// The Uzbek bank's table.
pub(crate) fn cbu(date: Date, rows: &[Row]) -> String {
    let date = dotted(date);
    let element = |Row { code, units, value }: &Row| {
        format!(r#"{{"Ccy":"{code}","Nominal":"{units}","Rate":"{value}","Date":"{date}"}}"#)
    };
    let elements: Vec<String> = rows.iter().map(element).collect();
    format!("[{}]", elements.join(","))
}

/// The table of the Bank of Russia, which has a comma for the point.
pub(crate) fn cbr(date: Date, rows: &[Row]) -> String {
    let mut document = format!(
        "<?xml version=\"1.0\" encoding=\"windows-1251\"?><ValCurs Date=\"{}\" name=\"Foreign Currency Market\">",
        dotted(date)
    );
    for Row { code, units, value } in rows {
        let value = value.replace('.', ",");
        write!(
            document,
            "<Valute><CharCode>{code}</CharCode><Nominal>{units}</Nominal><Value>{value}</Value></Valute>"
        )
        .unwrap();
    }
    document + "</ValCurs>"
}
