//! The parameters of which a request chooses one of a few values.

/// The parameters with a list of values: their names, meanings and values.
pub(super) const CHOICES: &[(&str, &str, &[&str])] = &[
    (
        "round",
        "ConvertAmountRequest.round_to_minor_unit",
        &["0", "1", "true", "false"],
    ),
    (
        "updates_only",
        "WatchRatesRequest.updates_only",
        &["0", "1", "true", "false"],
    ),
    (
        "format",
        "How the messages are written: server-sent events, or a JSON object on each line. Absent: as the header Accept prefers, server-sent events by default.",
        &["sse", "ndjson"],
    ),
    (
        "window",
        "The period of a chart, which ends today; month if left out.",
        &["", "week", "month", "year"],
    ),
    (
        "step",
        "The days to list: each one with a fixing, each day, or the last day of each period; fixing if left out.",
        &["", "fixing", "day", "week", "month", "quarter", "year"],
    ),
    (
        "period",
        "The length of the periods; month if left out.",
        &["", "week", "month", "quarter", "year"],
    ),
    (
        "dialect",
        "The program that reads the CSV: RFC 4180 (`,` and `1.5`), or Excel with a regional setting of a language, whose file has a byte-order mark: `,` and `1.5` for en, `;` and `1,5` for the others. rfc4180 if left out.",
        &[
            "", "rfc4180", "excel-en", "excel-ru", "excel-kk", "excel-ky", "excel-tg", "excel-uz",
            "excel-tk",
        ],
    ),
    (
        "layout",
        "A record for each rate (long), or a record for each day with a column for each pair (wide); long if left out.",
        &["", "long", "wide"],
    ),
    (
        "theme",
        "The colours of the ticker element, or of a picture.",
        &["", "auto", "light", "dark"],
    ),
    (
        "direction",
        "The direction of the element; static wraps the list, for mails and pages without scripts.",
        &["", "left", "right", "vertical", "static"],
    ),
    (
        "density",
        "The height of the element.",
        &["", "regular", "compact"],
    ),
    (
        "change",
        "What is shown of a change.",
        &["", "percent", "absolute", "both", "none"],
    ),
    (
        "digits",
        "Decimal places of a value; auto, the digits of its bank, if left out.",
        &[
            "", "auto", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10",
        ],
    ),
    (
        "form",
        "How an entry is written: as the pair, or as local media print rates.",
        &["", "pair", "local"],
    ),
    (
        "labels",
        "How a currency is named.",
        &["", "code", "name", "symbol"],
    ),
    (
        "announced",
        "Where the element shows a value that is announced; off leaves it out here too.",
        &["", "tag", "row", "off"],
    ),
];
