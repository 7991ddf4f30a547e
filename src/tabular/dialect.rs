//! The dialects of comma-separated values: what a program that opens a file takes for a separator and for a decimal mark.

/// A dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// RFC 4180: `,` between fields, `.` in decimals. Programs read it.
    #[default]
    Rfc4180,
    /// The same with a byte-order mark, by which Excel knows UTF-8, for an Excel that writes `1.5`.
    ExcelPoint,
    /// `;` between fields, `,` in decimals and a byte-order mark, for an Excel that writes `1,5`: a regional setting of
    /// Windows, which every country of silkrate's currencies has.
    ExcelComma,
}

/// The names of the dialects. Those of Excel are named after the language of the regional setting.
const NAMES: &[(&str, Dialect)] = &[
    ("rfc4180", Dialect::Rfc4180),
    ("excel-en", Dialect::ExcelPoint),
    ("excel-ru", Dialect::ExcelComma),
    ("excel-kk", Dialect::ExcelComma),
    ("excel-ky", Dialect::ExcelComma),
    ("excel-tg", Dialect::ExcelComma),
    ("excel-uz", Dialect::ExcelComma),
    ("excel-tk", Dialect::ExcelComma),
];

impl Dialect {
    /// The dialect of a name.
    pub fn parse(name: &str) -> Option<Self> {
        let found = NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, dialect)| *dialect)
    }

    /// The names of all dialects.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    /// The character between two fields.
    pub(super) fn separator(self) -> u8 {
        match self {
            Self::Rfc4180 | Self::ExcelPoint => b',',
            Self::ExcelComma => b';',
        }
    }

    /// What a file begins with.
    pub(super) fn mark(self) -> &'static str {
        match self {
            Self::Rfc4180 => "",
            Self::ExcelPoint | Self::ExcelComma => "\u{feff}",
        }
    }

    /// Whether decimals have a comma.
    pub(super) fn has_decimal_comma(self) -> bool {
        self == Self::ExcelComma
    }
}
