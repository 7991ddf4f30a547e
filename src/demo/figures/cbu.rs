//! Tables of the Central Bank of Uzbekistan, 1 to 3 April 2026. Values and changes are the bank's own, the
//! misprinted TMT among them.

use jiff::civil::{Date, date};

/// Number, code and name of the columns of [`TABLES`]; each value is for one unit.
pub(in crate::demo) const CURRENCIES: &[(&str, &str, &str); 8] = &[
    ("840", "USD", "US Dollar"),
    ("978", "EUR", "Euro"),
    ("643", "RUB", "Russian Ruble"),
    ("156", "CNY", "Yuan Renminbi"),
    ("417", "KGS", "Kyrgyzstan Som"),
    ("398", "KZT", "Kazakhstan Tenge"),
    ("972", "TJS", "Tajikistan Somoni"),
    ("934", "TMT", "Turkmenistan New Manat"),
];

/// Value and change in sum by effective date, in the order of [`CURRENCIES`].
#[rustfmt::skip]
pub(in crate::demo) const TABLES: &[(Date, [(&str, &str); 8])] = &[
    (date(2026, 4, 1), [("12194.21", "-16.5"), ("13984.32", "-51.89"), ("149.97", "-0.39"), ("1765.33", "-1.65"), ("139.40", "-0.19"), ("25.53", "0.14"), ("1272.88", "-1.06"), ("4037.68", "108.25")]),
    (date(2026, 4, 2), [("12142.10", "-52.11"), ("14079.98", "95.66"), ("150.53", "0.56"), ("1766.20", "0.87"), ("138.80", "-0.6"), ("25.55", "0.02"), ("1266.78", "-6.1"), ("3469.17", "-568.51")]),
    (date(2026, 4, 3), [("12149.84", "7.74"), ("14003.91", "-76.07"), ("151.10", "0.57"), ("1762.20", "-4"), ("138.89", "0.09"), ("25.69", "0.14"), ("1270.57", "3.79"), ("3471.38", "2.21")]),
];
