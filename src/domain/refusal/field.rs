//! The fields of requests that a refusal may be about.

/// A field of a request. Each face of the service has its own name for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The pair of a rate or of a history.
    Pair,
    /// The pairs of a filter as a whole.
    FilterPairs,
    /// One pair of a filter, by its index.
    FilterPair(usize),
    /// The least time between two updates.
    MinInterval,
    /// The amount of a conversion.
    Amount,
    /// The currency converted from.
    FromCurrency,
    /// The currency converted to.
    ToCurrency,
    /// The date of a conversion.
    Date,
    /// The days that have rows in a history.
    Step,
    /// The length of a period.
    Period,
    /// The first date of a range.
    StartDate,
    /// The last date of a range.
    EndDate,
    /// The source of a query.
    Source,
    /// The document of a source.
    Document,
    /// The currency of published rows.
    Currency,
    /// The number of rows of a page.
    PageSize,
    /// The token of a page.
    PageToken,
    /// The held value that a decision names.
    HeldValue,
    /// A part of a submitted table.
    Table(TablePart),
}

/// A part of a submitted table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TablePart {
    /// The currency on one side of every row.
    Pivot,
    /// The date that the table prints.
    EffectiveDate,
    /// The instant of a market table.
    AsOfTime,
    /// The rows as a whole.
    Rows,
    /// One row, by its index.
    Row(usize),
}
