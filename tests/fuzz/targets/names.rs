//! Currencies, pairs, filters, dates, and the words of settings and requests: what is printed is read again as the same.

use silkrate::domain::{
    Check, Currency, DateFormat, HistoryStep, Pair, Period, RateFilter, parse_date,
};

use crate::checks::prose;

fn check_dates(text: &str) {
    for (format, pattern) in [
        (DateFormat::Iso, "%Y-%m-%d"),
        (DateFormat::Dotted, "%d.%m.%Y"),
        (DateFormat::Slashed, "%d/%m/%Y"),
    ] {
        if let Some(date) = parse_date(text, format) {
            assert_eq!(date.strftime(pattern).to_string(), text);
        }
    }
}

fn check_filter(text: &str) {
    let items: Vec<&str> = text.split(',').collect();
    match RateFilter::parse(&items) {
        Ok(filter) => {
            let printed: Vec<String> = filter.items().collect();
            assert_eq!(RateFilter::parse(&printed), Ok(filter.clone()));
            assert_eq!(filter.to_string(), printed.join(","));
            assert!(filter.covers(&filter));
            let pairs = items.iter().filter_map(|item| Pair::parse(item).ok());
            for pair in pairs {
                assert!(filter.wants(pair), "{text} does not have {pair}");
            }
        }
        Err(error) => prose::check(&error.to_string()),
    }
}

pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    if let Ok(currency) = Currency::parse(text) {
        assert_eq!(currency.to_string(), text.to_ascii_uppercase());
    }
    if let Ok(pair) = Pair::parse(text) {
        assert_eq!(pair.to_string(), text.to_ascii_uppercase());
        assert_eq!(pair.inverted().inverted(), pair);
    }
    check_dates(text);
    check_filter(text);
    if let Some(check) = Check::parse(text) {
        assert_eq!(check.as_str(), text);
    }
    let is_period = Period::parse(text).is_some();
    assert!(!is_period || HistoryStep::parse(text).is_some(), "{text}");
}
