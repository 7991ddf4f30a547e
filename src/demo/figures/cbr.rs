//! Tables of the Bank of Russia: the fallback for all five currencies.

use jiff::civil::{Date, date};

/// One currency of the bank: number, code, name, units.
pub(in crate::demo) struct Currency {
    /// The bank's own number of the currency.
    pub(in crate::demo) id: &'static str,
    pub(in crate::demo) code: &'static str,
    pub(in crate::demo) name: &'static str,
    /// The number of units that a value is the price of.
    pub(in crate::demo) units: &'static str,
}

const fn currency(texts: [&'static str; 4]) -> Currency {
    let [id, code, name, units] = texts;
    Currency {
        id,
        code,
        name,
        units,
    }
}

/// The columns of [`TABLES`].
pub(in crate::demo) const CURRENCIES: &[Currency; 7] = &[
    currency(["R01235", "USD", "Доллар США", "1"]),
    currency(["R01239", "EUR", "Евро", "1"]),
    currency(["R01335", "KZT", "Тенге", "100"]),
    currency(["R01370", "KGS", "Сомов", "100"]),
    currency(["R01670", "TJS", "Сомони", "10"]),
    currency(["R01710A", "TMT", "Новый туркменский манат", "1"]),
    currency(["R01717", "UZS", "Узбекских сумов", "10000"]),
];

/// Values in roubles by effective date, in the order of [`CURRENCIES`]; an empty text where the figure is not recorded.
#[rustfmt::skip]
pub(in crate::demo) const TABLES: &[(Date, [&str; 7])] = &[
    (date(2025, 12, 13), ["79,7296", "", "15,3320", "91,1716", "86,3136", "22,7799", "66,1796"]),
    (date(2026, 3, 3), ["77,1734", "90,7307", "15,5104", "88,2534", "80,9998", "22,0495", "63,3058"]),
    (date(2026, 3, 19), ["83,1259", "94,6663", "17,3533", "95,0553", "86,5174", "23,7503", "68,2543"]),
];
