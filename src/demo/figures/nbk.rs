//! Tables of the National Bank of Kazakhstan, 1 to 3 April 2026. Values and changes are the bank's own.

use jiff::civil::{Date, date};

/// Name, code and units (`quant`) of the columns of [`TABLES`].
pub(in crate::demo) const CURRENCIES: &[(&str, &str, &str); 7] = &[
    ("ДОЛЛАР США", "USD", "1"),
    ("ЕВРО", "EUR", "1"),
    ("КИТАЙСКИЙ ЮАНЬ", "CNY", "1"),
    ("КЫРГЫЗСКИЙ СОМ", "KGS", "1"),
    ("РОССИЙСКИЙ РУБЛЬ", "RUB", "1"),
    ("ТАДЖИКСКИЙ СОМОНИ", "TJS", "1"),
    ("УЗБЕКСКИХ СУМОВ", "UZS", "100"),
];

/// Value and change in tenge by effective date, in the order of [`CURRENCIES`].
#[rustfmt::skip]
pub(in crate::demo) const TABLES: &[(Date, [(&str, &str); 7])] = &[
    (date(2026, 4, 1), [("478.77", "-2.77"), ("548.62", "-4.62"), ("69.31", "-0.38"), ("5.47", "-0.04"), ("5.87", "-0.06"), ("50.19", "-0.50"), ("3.93", "-0.02")]),
    (date(2026, 4, 2), [("475.09", "-3.68"), ("551.06", "+2.44"), ("69.12", "-0.19"), ("5.43", "-0.04"), ("5.87", "0.00"), ("49.75", "-0.44"), ("3.91", "-0.02")]),
    (date(2026, 4, 3), [("472.31", "-2.78"), ("543.72", "-7.34"), ("68.48", "-0.64"), ("5.4", "-0.03"), ("5.86", "-0.01"), ("49.46", "-0.29"), ("3.89", "-0.02")]),
];
