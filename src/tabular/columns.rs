//! The columns of rows.
//!
//! A column has the name of its field in the contract. A field of a message inside has the name of that message before
//! it, unless its own name says enough: `change_percent`, but `reference_value`.

/// The name of a column, and the path of its value in the JSON form of a row. With a `*` it is the path of a text in each item
/// of a list.
pub type Column = (&'static str, &'static str);

/// The columns of a rate at a past date.
pub const PAST_RATE: &[Column] = &[
    ("pair", "/pair"),
    ("effective_date", "/effective_date"),
    ("value", "/value"),
    ("change_absolute", "/change/absolute"),
    ("change_percent", "/change/percent"),
    ("reference_value", "/change/reference_value"),
    ("reference_date", "/change/reference_date"),
    ("source", "/source"),
    ("derivation", "/derivation"),
    ("date", "/date"),
];

/// The columns of the rates of a period.
pub const PERIOD: &[Column] = &[
    ("pair", "/pair"),
    ("start_date", "/start_date"),
    ("end_date", "/end_date"),
    ("complete", "/complete"),
    ("first_date", "/first/date"),
    ("first_value", "/first/value"),
    ("last_date", "/last/date"),
    ("last_value", "/last/value"),
    ("highest_date", "/highest/date"),
    ("highest_value", "/highest/value"),
    ("lowest_date", "/lowest/date"),
    ("lowest_value", "/lowest/value"),
    ("average", "/average"),
    ("days", "/days"),
    ("fixings", "/fixings"),
];

/// The columns of a latest rate. The windows are a week, a month and a year, in this order.
pub const RATE: &[Column] = &[
    ("pair", "/pair"),
    ("effective_date", "/effective_date"),
    ("value", "/value"),
    ("change_absolute", "/change/absolute"),
    ("change_percent", "/change/percent"),
    ("reference_value", "/change/reference_value"),
    ("reference_date", "/change/reference_date"),
    ("source", "/source"),
    ("derivation", "/derivation"),
    ("freshness", "/freshness"),
    ("freshness_reason", "/freshness_reason"),
    ("announced_value", "/announced/value"),
    ("announced_effective_date", "/announced/effective_date"),
    ("week_percent", "/windows/0/change/percent"),
    ("month_percent", "/windows/1/change/percent"),
    ("year_percent", "/windows/2/change/percent"),
    ("changed_at_revision", "/changed_at_revision"),
];

/// The columns of a fixing: all its fields.
pub const FIXING: &[Column] = &[
    ("source", "/source"),
    ("currency", "/currency"),
    ("units", "/units"),
    ("value", "/value"),
    ("home_currency", "/home_currency"),
    ("effective_date", "/effective_date"),
    ("published_change", "/published_change"),
    ("superseded_value", "/superseded_value"),
    ("superseded", "/superseded"),
    ("recorded_time", "/recorded_time"),
];

/// The columns of a conversion: its request, its result, and the rate behind it.
pub const CONVERSION: &[Column] = &[
    ("amount", "/amount"),
    ("from_currency", "/from_currency"),
    ("to_currency", "/to_currency"),
    ("date", "/date"),
    ("round_to_minor_unit", "/round_to_minor_unit"),
    ("result", "/result"),
    ("rate_value", "/rate/value"),
    ("derivation", "/rate/derivation"),
    ("source", "/rate/source"),
    ("effective_date", "/rate/effective_date"),
    ("freshness", "/rate/freshness"),
    ("freshness_reason", "/rate/freshness_reason"),
];

/// The columns of a source: all its fields but the lists.
pub const SOURCE: &[Column] = &[
    ("id", "/id"),
    ("name", "/name"),
    ("attribution", "/attribution"),
    ("freshness", "/freshness"),
    ("freshness_reason", "/freshness_reason"),
    ("newest_effective_date", "/newest_effective_date"),
    ("next_publication_time", "/next_publication_time"),
    ("next_publication_due_time", "/next_publication_due_time"),
    ("missed_publications", "/missed_publications"),
    ("polling", "/polling"),
    ("last_verified_time", "/last_verified_time"),
    ("last_attempt_time", "/last_attempt_time"),
    ("next_attempt_time", "/next_attempt_time"),
    ("consecutive_failures", "/consecutive_failures"),
    ("last_error", "/last_error"),
    ("home_currency", "/home_currency"),
    ("page", "/page"),
    ("terms", "/terms"),
    ("requests_today", "/requests_today"),
    ("requests_per_day", "/requests_per_day"),
];

/// The columns of a currency. Of the sources that quote it there are the ids.
pub const CURRENCY: &[Column] = &[
    ("code", "/code"),
    ("name_en", "/names/en"),
    ("name_kk", "/names/kk"),
    ("name_ky", "/names/ky"),
    ("name_ru", "/names/ru"),
    ("name_tg", "/names/tg"),
    ("name_tk", "/names/tk"),
    ("name_uz", "/names/uz"),
    ("name_uz_cyrl", "/names/uz_cyrl"),
    ("symbol", "/symbol"),
    ("minor_unit", "/minor_unit"),
    ("home_bank", "/home_bank"),
    ("start_date", "/start_date"),
    ("source", "/sources/*/source"),
];

/// The columns of a pair: all its fields.
pub const PAIR: &[Column] = &[
    ("pair", "/pair"),
    ("base_currency", "/base_currency"),
    ("quote_currency", "/quote_currency"),
    ("derivation", "/derivation"),
    ("source", "/source"),
    ("start_date", "/start_date"),
];

/// The columns of a held value.
pub const HELD: &[Column] = &[
    ("id", "/id"),
    ("check", "/check"),
    ("detail", "/detail"),
    ("since_time", "/since_time"),
    ("source", "/fixing/source"),
    ("currency", "/fixing/currency"),
    ("units", "/fixing/units"),
    ("value", "/fixing/value"),
    ("home_currency", "/fixing/home_currency"),
    ("effective_date", "/fixing/effective_date"),
    ("change_absolute", "/change/absolute"),
    ("change_percent", "/change/percent"),
    ("reference_value", "/change/reference_value"),
    ("reference_date", "/change/reference_date"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde::Serialize;

    use super::*;
    use crate::json::{self, Rate};
    use crate::pb;

    /// The columns whose path leads nowhere in a message that has every message inside.
    fn lost(columns: &[Column], message: impl Serialize) -> Vec<&'static str> {
        let message = serde_json::to_value(message).unwrap();
        let columns = columns.iter();
        let first = |path: &str| path.replace("/*", "/0");
        let lost = columns.filter(|(_, path)| message.pointer(&first(path)).is_none());
        lost.map(|(name, _)| *name).collect()
    }

    fn rate() -> pb::Rate {
        let window = pb::WindowChange {
            change: Some(pb::Change::default()),
            ..pb::WindowChange::default()
        };
        pb::Rate {
            change: Some(pb::Change::default()),
            announced: Some(pb::Announced::default()),
            windows: vec![window; 3],
            ..pb::Rate::default()
        }
    }

    #[test]
    fn every_column_is_a_field_of_the_contract() {
        let held = pb::HeldFixing {
            fixing: Some(pb::Fixing::default()),
            change: Some(pb::Change::default()),
            ..pb::HeldFixing::default()
        };
        let source = pb::SourceDetail {
            state: Some(pb::SourceState::default()),
            ..pb::SourceDetail::default()
        };
        let none = Vec::<&str>::new();
        let currency = pb::Currency {
            names: Some(pb::CurrencyNames::default()),
            sources: vec![pb::CurrencySource::default()],
            ..pb::Currency::default()
        };
        assert_eq!(lost(CURRENCY, json::Currency::from(&currency)), none);
        assert_eq!(lost(PAIR, json::Pair::from(&pb::Pair::default())), none);
        let request = pb::ConvertAmountRequest::default();
        let response = pb::ConvertAmountResponse {
            rate: Some(rate()),
            ..pb::ConvertAmountResponse::default()
        };
        assert_eq!(lost(RATE, Rate::from(&rate())), none);
        assert_eq!(lost(PAST_RATE, Rate::from(&rate())), none);
        let dated = Some(pb::DatedValue::default());
        let period = pb::PeriodRates {
            first: dated.clone(),
            last: dated.clone(),
            highest: dated.clone(),
            lowest: dated,
            ..pb::PeriodRates::default()
        };
        assert_eq!(lost(PERIOD, json::PeriodRates::from(&period)), none);
        assert_eq!(
            lost(FIXING, json::Fixing::from(&pb::Fixing::default())),
            none
        );
        assert_eq!(lost(SOURCE, json::SourceDetail::of(&source).unwrap()), none);
        assert_eq!(lost(HELD, json::HeldFixing::from(&held)), none);
        let conversion = json::ConvertAmountResponse::of(&request, &response);
        assert_eq!(lost(CONVERSION, conversion), none);
        for (name, path) in [
            RATE, PERIOD, FIXING, SOURCE, CURRENCY, PAIR, HELD, CONVERSION,
        ]
        .concat()
        {
            let field = path.rsplit('/').next().unwrap();
            assert!(name.ends_with(field), "{name} is not named after {field}");
        }
    }

    #[test]
    fn no_two_columns_of_a_table_have_the_same_value() {
        for columns in [
            PAST_RATE, RATE, PERIOD, FIXING, SOURCE, CURRENCY, PAIR, HELD, CONVERSION,
        ] {
            let paths: BTreeSet<_> = columns.iter().map(|(_, path)| path).collect();
            assert_eq!(paths.len(), columns.len(), "{columns:?}");
        }
    }

    #[test]
    fn a_fixing_a_pair_and_a_source_have_a_column_for_every_field_that_is_no_list() {
        let fixing = pb::Fixing::default();
        let source = pb::SourceDetail {
            state: Some(pb::SourceState::default()),
            ..pb::SourceDetail::default()
        };
        let fixing = serde_json::to_value(json::Fixing::from(&fixing)).unwrap();
        let source = serde_json::to_value(json::SourceDetail::of(&source).unwrap()).unwrap();
        let pair = serde_json::to_value(json::Pair::from(&pb::Pair::default())).unwrap();
        for (columns, message) in [(FIXING, fixing), (SOURCE, source), (PAIR, pair)] {
            for (key, value) in message.as_object().unwrap() {
                let is_column = columns.iter().any(|(name, _)| name == key);
                assert!(is_column || value.is_array(), "{key} has no column");
            }
        }
    }
}
